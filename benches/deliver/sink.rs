//! A relay on loopback that counts every message it accepts, by Message-ID, and behaves as badly as relays do: it delays, hangs up
//! before and after it has accepted, answers 421, 4xx, 5xx and nonsense, and drips.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was accepted, and how often the relay itself left the sender without a certain answer.
#[derive(Default)]
pub struct Counted {
    /// Message-ID -> how often it was accepted.
    pub accepted: Mutex<HashMap<String, u32>>,
    /// Messages after whose final dot the sender got no answer, or nonsense.
    pub unanswered: AtomicU64,
    draws: AtomicU64,
}

impl Counted {
    /// A draw in 0..1000, the same sequence for the same order of requests.
    fn draw(&self) -> u64 {
        let n = self.draws.fetch_add(1, Ordering::Relaxed);
        let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (x ^ (x >> 27)) % 1_000
    }
}

/// Starts; the port and what will be counted.
pub fn start() -> (u16, Arc<Counted>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let counted = Arc::new(Counted::default());
    let shared = counted.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let counted = shared.clone();
            std::thread::spawn(move || drop(converse(socket, &counted)));
        }
    });
    (port, counted)
}

fn converse(mut socket: TcpStream, counted: &Counted) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut lines = BufReader::new(socket.try_clone()?);
    socket.write_all(b"220 relay\r\n")?;
    let mut line = String::new();
    let mut recipient = false;
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let word = line.split([' ', ':', '\r']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" => socket.write_all(b"250-relay\r\n250-PIPELINING\r\n250 8BITMIME\r\n")?,
            "MAIL" => {
                recipient = false;
                if counted.draw() < 5 {
                    socket.write_all(b"421 too many messages on this connection\r\n")?;
                    return Ok(());
                }
                socket.write_all(b"250 ok\r\n")?;
            }
            "RCPT" => {
                let answer: &[u8] = match counted.draw() {
                    0..20 => b"451 4.3.0 later\r\n",
                    20..30 => b"550 5.7.1 refused\r\n",
                    _ => {
                        recipient = true;
                        b"250 ok\r\n"
                    }
                };
                socket.write_all(answer)?;
            }
            "DATA" if !recipient => socket.write_all(b"503 no recipient\r\n")?,
            "DATA" => {
                socket.write_all(b"354 go\r\n")?;
                let Some(id) = body(&mut lines)? else { return Ok(()) };
                if !answer(&mut socket, counted, id)? {
                    return Ok(());
                }
            }
            "QUIT" => return Ok(()),
            _ => socket.write_all(b"250 ok\r\n")?,
        }
    }
}

/// Reads to the final dot; the Message-ID. `None` when the sender hung up before it: then nothing was accepted.
fn body(lines: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut id = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line == b".\r\n" {
            return Ok(Some(id));
        }
        if let Some(rest) = line.strip_prefix(b"Message-ID: ") {
            id = String::from_utf8_lossy(rest).trim().to_owned();
        }
    }
}

/// Accepts or not, answers or not. `false` when the connection is closed.
fn answer(socket: &mut TcpStream, counted: &Counted, id: String) -> std::io::Result<bool> {
    let accept = || *counted.accepted.lock().expect("no panic holds it").entry(id.clone()).or_default() += 1;
    // Time in which a kill may fall between the dot and the answer.
    std::thread::sleep(Duration::from_millis(counted.draw() % 8));
    match counted.draw() {
        0..5 => {
            counted.unanswered.fetch_add(1, Ordering::Relaxed);
            Ok(false)
        }
        5..10 => {
            accept();
            counted.unanswered.fetch_add(1, Ordering::Relaxed);
            Ok(false)
        }
        10..13 => {
            accept();
            counted.unanswered.fetch_add(1, Ordering::Relaxed);
            socket.write_all(b"!? nonsense\r\n")?;
            Ok(false)
        }
        13..25 => {
            socket.write_all(b"451 4.3.0 later\r\n")?;
            Ok(true)
        }
        25..30 => {
            accept();
            for byte in b"250 2.0.0 accepted\r\n" {
                socket.write_all(&[*byte])?;
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(true)
        }
        _ => {
            accept();
            socket.write_all(b"250 2.0.0 accepted\r\n")?;
            Ok(true)
        }
    }
}
