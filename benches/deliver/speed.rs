//! How fast messages are rendered and sent, beside the peer and the C generator, alternately in one run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vizavi::clock::{Clock, SystemClock};
use vizavi::deliveries::email::Sender;
use vizavi::deliveries::file::EmlFiles;
use vizavi::deliveries::mbox::Mboxes;
use vizavi::deliveries::outbox::{NoCheck, reconcile};
use vizavi::deliveries::smtp::SmtpRelay;
use vizavi::deliveries::{SendOptions, Transport, Transports, send};
use vizavi::ids::{CustomerId, DeliveryId};
use vizavi::messages::LinkKeys;
use vizavi::messages::compose::{Form, Signer, compose};
use vizavi::settings::Smtp;
use vizavi::storage::{Location, Store, migrate};

use crate::figure;
use crate::message::{RUN, plan_all, templates, variables};

/// What stands beside ours.
pub struct Beside {
    /// The folder of the peer, with its packages installed.
    pub peer: Option<PathBuf>,
    /// The folder of `smtp-sink` and `smtp-source`.
    pub postfix: PathBuf,
}

impl Beside {
    /// What the peer measures, per second; `None` without it.
    pub fn peer(&self, mode: &str, count: i64, connections: usize, port: u16) -> Option<f64> {
        let peer = self.peer.as_ref()?;
        let output = Command::new("node")
            .arg(peer.join("peer.js"))
            .args([mode, &count.to_string(), &connections.to_string(), "127.0.0.1", &port.to_string()])
            .output()
            .ok()?;
        let line: Value = serde_json::from_slice(&output.stdout).ok()?;
        line["value"].as_f64()
    }

    /// A sink on a free port of loopback.
    pub fn sink(&self) -> Option<(Child, u16)> {
        let port = free_port();
        let child = Command::new(self.postfix.join("smtp-sink"))
            .args(["-u", "nobody", &format!("127.0.0.1:{port}"), "1000"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some((child, port))
    }

    /// What the generator in C sends, per second.
    fn source(&self, count: i64, connections: usize, port: u16) -> Option<f64> {
        let begun = Instant::now();
        let status = Command::new(self.postfix.join("smtp-source"))
            // `-d`: it keeps its connections, as we and the peer do.
            .args(["-d", "-s", &connections.to_string(), "-m", &count.to_string(), "-l", "4750"])
            .args(["-f", "shop@example.com", "-t", "u@example.com", &format!("127.0.0.1:{port}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .ok()?;
        status.success().then(|| count as f64 / begun.elapsed().as_secs_f64())
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("its address").port()
}

/// The middle of some figures.
pub fn median(mut of: Vec<f64>) -> Option<f64> {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied()
}

/// Renders on one thread, from the stored text of the variables to subject, HTML and text with signed links.
pub fn render(count: i64, rounds: usize, beside: &Beside) {
    let (version, library) = templates();
    let (templates, keys) = (library[&version].clone(), LinkKeys::new([4; 32]));
    let texts: Vec<String> = (0..count).map(|i| variables(i).to_string()).collect();
    let (mut ours, mut theirs, mut bytes) = (Vec::new(), Vec::new(), 0usize);
    for _ in 0..rounds {
        let begun = Instant::now();
        for (i, text) in texts.iter().enumerate() {
            let signer = Signer {
                base_url: "https://m.shop.example",
                keys: &keys,
                delivery: DeliveryId(i as i64),
                customer: CustomerId(i as i64),
            };
            let message = compose(&templates, Form::Email, text, signer).expect("a message");
            bytes += message.text.len() + message.html.as_ref().map_or(0, String::len);
        }
        ours.push(count as f64 / begun.elapsed().as_secs_f64());
        theirs.extend(beside.peer("render", count, 1, 0));
    }
    let more = json!({ "limit": 15_000, "peer": "handlebars.js", "peer_value": median(theirs),
        "bytes": bytes as f64 / (count as f64 * rounds as f64) });
    figure::print("render", "messages_per_second_and_core", median(ours).unwrap_or_default(), "1/s", more);
}

/// A new store with `count` planned messages.
pub fn planned(location: &Location, count: i64) -> (Store, LinkKeys) {
    let store = Store::open(location).expect("a store");
    let now = SystemClock.now();
    migrate::migrate(&store, now).expect("migrated");
    let keys = LinkKeys::new([4; 32]);
    plan_all(&store, &keys, &templates().0, count, now);
    (store, keys)
}

/// Sends everything that is planned; messages per second.
fn send_all(store: &Store, keys: &LinkKeys, transport: Arc<dyn Transport>, connections: usize, count: i64) -> f64 {
    let (_, library) = templates();
    let begun = Instant::now();
    let summary = send(SendOptions {
        store,
        transports: &Transports::new().with("email", transport),
        templates: &library,
        checks: &NoCheck,
        clock: &SystemClock,
        keys,
        base_url: "https://m.shop.example",
        stop: &AtomicBool::new(false),
        workers: connections,
        batch: 200,
        patient: false,
    })
    .expect("sent");
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(summary.sent, count as u64, "{summary:?}");
    let sum = store.read(|conn| reconcile(conn, RUN)).expect("reconciled");
    assert!(sum.balances() && sum.sent == count, "{sum:?}");
    count as f64 / seconds
}

fn relay(port: u16) -> Arc<dyn Transport> {
    let settings = Smtp::plain("127.0.0.1", port);
    let sender = Sender::parse("Shop <news@shop.example>", None).expect("a sender");
    Arc::new(Arc::new(SmtpRelay::new(settings, None, sender).expect("a relay")))
}

/// Sends by SMTP from a durable outbox, the peer and the generator alternately.
pub fn smtp(name: &str, at: &dyn Fn() -> Location, count: i64, connections: usize, rounds: usize, beside: &Beside) {
    let Some((mut sink, port)) = beside.sink() else {
        eprintln!("skipped: smtp-sink was not found (apt-get install postfix, or --postfix DIR)");
        return;
    };
    let (mut ours, mut theirs, mut source) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (store, keys) = planned(&at(), count);
        ours.push(send_all(&store, &keys, relay(port), connections, count));
        theirs.extend(beside.peer("send", count, connections, port));
        source.extend(beside.source(count, connections, port));
    }
    let (ours, theirs) = (median(ours).unwrap_or_default(), median(theirs));
    let more = json!({ "peer": "nodemailer+handlebars", "peer_value": theirs, "times_peer": theirs.map(|peer| ours / peer),
        "limit": 4.0, "smtp_source": median(source), "connections": connections, "peak_mib": figure::peak_mib() });
    figure::print(&format!("smtp {name} {count} x {connections}"), "messages_per_second", ours, "1/s", more);
    sink.kill().ok();
    sink.wait().ok();
}

/// Plans, renders and writes messages to files, durably: each to one of its own, or many to one. What was held at most, in MiB.
pub fn files(folder: &Path, count: i64, each: bool) -> f64 {
    let begun = Instant::now();
    let memory = Memory::watch();
    let (store, keys) = planned(&Location::choose(folder, None).expect("a place"), count);
    let planning = begun.elapsed().as_secs_f64();
    let sender = Sender::parse("Shop <news@shop.example>", None).expect("a sender");
    let out = folder.join("out");
    let transport: Arc<dyn Transport> =
        if each { Arc::new(EmlFiles::new(&out, sender)) } else { Arc::new(Mboxes::new(&out, sender)) };
    let rate = send_all(&store, &keys, transport, 2, count);
    let held = memory.most();
    let more = json!({ "planning_seconds": planning, "seconds": planning + count as f64 / rate, "held_mib": held,
        "limit_seconds": 180, "limit_mib": 1_024 });
    let name = if each { "file, one each" } else { "file, mbox" };
    figure::print(&format!("{name} {count}"), "messages_per_second", rate, "1/s", more);
    held
}

/// What the process holds of its own, looked at every few milliseconds; pages of mapped files are the kernel's to take back.
struct Memory {
    ended: Arc<AtomicBool>,
    watcher: std::thread::JoinHandle<f64>,
}

impl Memory {
    fn watch() -> Memory {
        let ended = Arc::new(AtomicBool::new(false));
        let end = ended.clone();
        let watcher = std::thread::spawn(move || {
            let mut most = 0.0f64;
            while !end.load(std::sync::atomic::Ordering::Relaxed) {
                most = most.max(figure::own_mib());
                std::thread::sleep(Duration::from_millis(5));
            }
            most
        });
        Memory { ended, watcher }
    }

    fn most(self) -> f64 {
        self.ended.store(true, std::sync::atomic::Ordering::Relaxed);
        self.watcher.join().expect("it watches")
    }
}
