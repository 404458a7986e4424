//! Requests from a few threads with raw bytes on kept connections, so that sending takes little of the processor that the service
//! needs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::figure;

/// Where requests go.
pub struct Target {
    pub address: String,
    pub key: String,
}

/// A kept connection.
pub struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Target {
    /// A new connection.
    pub fn connect(&self) -> Connection {
        let stream = TcpStream::connect(&self.address).expect("the service listens");
        stream.set_nodelay(true).expect("a socket");
        Connection { stream, answer: vec![0; 16 << 10] }
    }

    /// The bytes of a request.
    pub fn request(&self, method: &str, path: &str, media: &str, body: &str) -> Vec<u8> {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: {media}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        )
        .into_bytes()
    }
}

impl Connection {
    /// Sends a request and reads its answer; the status.
    pub fn send(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).expect("the service reads");
        let mut length = 0;
        let mut whole = None;
        loop {
            if length == self.answer.len() {
                self.answer.resize(2 * length, 0);
            }
            let read = self.stream.read(&mut self.answer[length..]).expect("the service answers");
            assert!(read > 0, "the service closed the connection");
            length += read;
            if whole.is_none() {
                let Some(end) = self.answer[..length].windows(4).position(|part| part == b"\r\n\r\n") else { continue };
                let head = std::str::from_utf8(&self.answer[..end]).expect("a head in ASCII");
                let wanted = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
                whole = Some(end + 4 + wanted.parse::<usize>().expect("a number"));
            }
            if whole.is_some_and(|whole| length >= whole) {
                let status = std::str::from_utf8(&self.answer[9..12]).expect("a status");
                return status.parse().expect("a status");
            }
        }
    }
}

/// A steady load, bounded in rate and time.
pub struct Load {
    /// Requests a second.
    pub rate: u64,
    /// For so long.
    pub seconds: u64,
    /// Over so many connections.
    pub connections: u64,
}

/// How long answers took, in milliseconds, ascending.
pub struct Waits {
    load: Load,
    waits: Vec<f64>,
}

impl Load {
    /// Each request has an instant at which it is due, whatever became of those before: an answer that comes late makes the next
    /// ones late too, and all of that is counted. Every answer must say 200.
    pub fn run(self, target: &Target, request: impl Fn(u64) -> Vec<u8> + Sync) -> Waits {
        let started = Instant::now() + Duration::from_millis(100);
        let sender = |of: u64| {
            let mut connection = target.connect();
            let mut waits = Vec::new();
            for number in (of..self.rate * self.seconds).step_by(self.connections as usize) {
                let due = started + Duration::from_micros(number * 1_000_000 / self.rate);
                let request = request(number);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                assert_eq!(connection.send(&request), 200);
                waits.push(due.elapsed().as_secs_f64() * 1000.0);
            }
            waits
        };
        let mut waits: Vec<f64> = std::thread::scope(|scope| {
            let senders: Vec<_> = (0..self.connections).map(|of| scope.spawn(move || sender(of))).collect();
            senders.into_iter().flat_map(|sender| sender.join().expect("a sender")).collect()
        });
        waits.sort_by(f64::total_cmp);
        Waits { load: self, waits }
    }
}

impl Waits {
    fn at(&self, share: f64) -> f64 {
        self.waits[((self.waits.len() as f64 * share) as usize).min(self.waits.len() - 1)]
    }

    /// Prints the 99th percentile, with others beside it.
    pub fn print(&self, case: &str, metric: &str, limit: f64) {
        let more = json!({
            "limit": limit, "rate": self.load.rate, "seconds": self.load.seconds, "connections": self.load.connections,
            "median": self.at(0.5), "p999": self.at(0.999), "worst": self.at(1.0),
        });
        figure::print(case, metric, self.at(0.99), "ms", more);
    }
}
