//! Senders that are killed at random moments, and stopped past their lease: nobody gets a message twice, and everyone of whom we are
//! not certain is listed.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use vizavi::clock::{Clock, MINUTE, SystemClock, Timestamp};
use vizavi::deliveries::email::Sender;
use vizavi::deliveries::outbox::{NoCheck, find, reconcile};
use vizavi::deliveries::smtp::SmtpRelay;
use vizavi::deliveries::{SendOptions, State, Transports, send};
use vizavi::messages::LinkKeys;
use vizavi::settings::Smtp;
use vizavi::storage::{Location, Store};

use crate::message::{RUN, templates};
use crate::{figure, sink, speed};

const CONNECTIONS: usize = 5;
/// By so much the clock goes on with each kill, so that leases end and what was put off is due: longer than any lease.
const STEP: i64 = 13 * MINUTE;
/// Rounds in which the last messages are sent, after the last kill.
const ROUNDS: i64 = 60;

/// What a sender process is told.
pub struct Orders {
    pub folder: std::path::PathBuf,
    pub url: Option<String>,
    pub port: u16,
    /// Microseconds by which its clock is ahead.
    pub ahead: i64,
}

struct Ahead(i64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(self.0)
    }
}

/// A sender process: sends what is due, and ends.
pub fn work(orders: &Orders) {
    let location = Location::choose(&orders.folder, orders.url.as_deref()).expect("a place");
    let store = Store::open(&location).expect("the store");
    let settings = Smtp::plain("127.0.0.1", orders.port);
    let sender = Sender::parse("Shop <news@shop.example>", None).expect("a sender");
    let relay = SmtpRelay::new(settings, None, sender).expect("a relay");
    let (_, library) = templates();
    send(SendOptions {
        store: &store,
        transports: &Transports::new().with("email", Arc::new(Arc::new(relay))),
        templates: &library,
        checks: &NoCheck,
        clock: &Ahead(orders.ahead),
        keys: &LinkKeys::new([4; 32]),
        base_url: "https://m.shop.example",
        stop: &AtomicBool::new(false),
        workers: CONNECTIONS,
        batch: 50,
        patient: false,
    })
    .expect("sent");
}

/// What is tried.
pub struct Trial<'a> {
    pub name: &'a str,
    pub location: Location,
    pub folder: std::path::PathBuf,
    pub url: Option<String>,
    pub messages: i64,
    pub kills: u64,
    pub processes: usize,
}

impl Trial<'_> {
    fn spawn(&self, port: u16, ahead: i64) -> Child {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg("--worker").arg(&self.folder).args([port.to_string(), ahead.to_string()]);
        command.args(self.url.iter()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a sender")
    }
}

fn signal(child: &Child, name: &str) {
    Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill runs");
}

/// Kills, lets the rest go out, and counts.
pub fn run(trial: &Trial<'_>) {
    let (store, _) = speed::planned(&trial.location, trial.messages);
    let (port, counted) = sink::start();
    let mut draw = vizavi::random::Stream::new(17, trial.name);
    let (mut ahead, mut stops) = (0, 0u64);
    let begun = Instant::now();
    let mut senders: Vec<Child> = (0..trial.processes).map(|_| trial.spawn(port, ahead)).collect();
    for kill in 0..trial.kills {
        std::thread::sleep(Duration::from_millis(40 + (draw.uniform() * 160.0) as u64));
        ahead += STEP;
        let victim = kill as usize % senders.len();
        let next = trial.spawn(port, ahead);
        let mut old = std::mem::replace(&mut senders[victim], next);
        if kill % 10 == 9 {
            // Asleep past its lease, while another takes over; then it wakes and goes on.
            stops += 1;
            signal(&old, "-STOP");
            std::thread::sleep(Duration::from_millis(300));
            signal(&old, "-CONT");
            std::thread::sleep(Duration::from_millis(100));
        }
        old.kill().ok();
        old.wait().ok();
    }
    for mut sender in senders {
        sender.wait().ok();
    }
    let killing = begun.elapsed().as_secs_f64();
    for _ in 0..ROUNDS {
        ahead += 60 * MINUTE;
        trial.spawn(port, ahead).wait().ok();
        if store.read(|conn| reconcile(conn, RUN)).expect("reconciled").open == 0 {
            break;
        }
    }
    report(trial, &store, &counted, (killing, begun.elapsed().as_secs_f64(), stops));
}

fn report(trial: &Trial<'_>, store: &Store, counted: &sink::Counted, (killing, seconds, stops): (f64, f64, u64)) {
    let sum = store.read(|conn| reconcile(conn, RUN)).expect("reconciled");
    let accepted = counted.accepted.lock().expect("no panic holds it").clone();
    let twice = accepted.values().filter(|count| **count > 1).count();
    let mut states: HashMap<State, u64> = HashMap::new();
    let (mut lost, mut unlisted, mut held_accepted) = (0u64, 0u64, 0u64);
    let mut after = None;
    loop {
        let rows = store.read(|conn| find::of_run(conn, RUN, None, after, 5_000)).expect("rows");
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        for row in &rows {
            let has_it = accepted.contains_key(&row.message_id);
            *states.entry(row.state).or_default() += 1;
            match row.state {
                State::Sent => lost += u64::from(!has_it),
                State::Held => held_accepted += u64::from(has_it),
                _ => unlisted += u64::from(has_it),
            }
        }
    }
    let unanswered = counted.unanswered.load(Ordering::Relaxed);
    let most = trial.kills * CONNECTIONS as u64 + unanswered;
    let more = json!({
        "processes": trial.processes, "messages": trial.messages, "stops": stops, "sent": sum.sent, "failed": sum.failed,
        "held": sum.held, "held_accepted": held_accepted, "left_unanswered_by_relay": unanswered, "most_held": most,
        "lost_unlisted": lost + unlisted, "open": sum.open, "seconds_of_kills": killing, "seconds": seconds, "limit": 0,
    });
    figure::print(
        &format!("kill {} {} x {}", trial.name, trial.kills, trial.processes),
        "sent_twice",
        twice as f64,
        "messages",
        more,
    );
    assert_eq!((twice, lost, unlisted, sum.open), (0, 0, 0, 0), "the promise is broken");
    assert!(sum.balances() && (sum.held as u64) <= most, "{sum:?}");
    assert_eq!(states.values().sum::<u64>(), trial.messages as u64);
}
