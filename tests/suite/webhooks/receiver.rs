//! A system that is told: a listener on loopback that remembers every post and answers as the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A post as it arrived.
#[derive(Debug, Clone)]
pub struct Post {
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub body: Value,
    /// What was answered.
    pub status: u16,
}

impl Post {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    pub fn customer(&self) -> &str {
        self.body["customer"].as_str().unwrap_or_default()
    }
}

type Answer = Box<dyn FnMut(&Value) -> u16 + Send>;

/// The listener.
#[derive(Clone)]
pub struct Receiver {
    pub address: String,
    posts: Arc<Mutex<Vec<Post>>>,
    answer: Arc<Mutex<Answer>>,
}

impl Receiver {
    /// Accepts everything, until told otherwise; ends with the process.
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().unwrap().to_string();
        let accepts: Answer = Box::new(|_| 200);
        let receiver = Receiver { address, posts: Arc::default(), answer: Arc::new(Mutex::new(accepts)) };
        let taking = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let receiver = taking.clone();
                std::thread::spawn(move || receiver.take(stream));
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers by this from now on.
    pub fn answers(&self, answer: impl FnMut(&Value) -> u16 + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    /// All posts so far.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// (customer, type) of the posts that were accepted.
    pub fn accepted(&self) -> Vec<(String, String)> {
        let posts = self.posts();
        let accepted = posts.iter().filter(|post| post.status < 300);
        accepted.map(|post| (post.customer().to_owned(), post.kind().to_owned())).collect()
    }

    /// The types of the accepted posts about one customer, in their order.
    pub fn of(&self, customer: &str) -> Vec<String> {
        self.accepted().into_iter().filter(|(of, _)| of == customer).map(|(_, kind)| kind).collect()
    }

    fn take(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let (mut headers, mut line) = (Vec::new(), String::new());
            while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line != "\r\n" {
                if let Some((name, value)) = line.trim_end().split_once(": ") {
                    headers.push((name.to_ascii_lowercase(), value.to_owned()));
                }
                line.clear();
            }
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let Some(length) = length.and_then(|(_, value)| value.parse::<usize>().ok()) else { return };
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                return;
            }
            let text = String::from_utf8(body).expect("a text");
            let body: Value = serde_json::from_str(&text).expect("JSON");
            let status = (self.answer.lock().unwrap())(&body);
            self.posts.lock().unwrap().push(Post { headers, text, body, status });
            let answer = format!("HTTP/1.1 {status} Answer\r\nContent-Length: 0\r\n\r\n");
            if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}
