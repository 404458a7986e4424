//! Sends a run through its day, and kills the sender in mid-run: another process of this very program, by SIGKILL, when it has
//! handed messages over and not yet noted that it did. What it leaves behind must come out right: nobody twice, nobody never.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use super::{Demo, month};
use crate::clock::{Clock, MINUTE, ManualClock, Timestamp};
use crate::deliveries::outbox::find;
use crate::deliveries::transport::{Outcome, Parcel, Session};
use crate::deliveries::{Delivery, State, Transport, Transports};
use crate::error::{Error, Result};
use crate::ids::CampaignRunId;
use crate::operations::{Options, Workspace, send};
use crate::progress::Progress;

/// The file by which the hanging sender tells that it hangs.
const HANGS: &str = "sender-hangs";
/// After this time a sender that neither hangs nor ends is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// When the leases of the killed sender have run out.
const RECOVERY: i64 = 13 * MINUTE;
/// Times of the day at which the sender looks again for what was put off.
const LOOKS: usize = 48;

/// What the day brought.
#[derive(Debug, Clone, Copy, Default)]
pub struct Day {
    /// How often the sender was killed.
    pub kills: u32,
    /// Messages that it had handed over and not noted.
    pub unnoted: u64,
}

/// Sends everything of the run at its hours; the sender of the busiest hour is killed.
pub fn send_run(demo: &Demo<'_>, run: CampaignRunId) -> Result<Day> {
    let mut day = Day::default();
    let hours = hours(&demo.ws, run)?;
    let busiest = hours.iter().max_by_key(|(at, count)| (**count, std::cmp::Reverse(**at))).map(|(at, _)| *at);
    demo.bars.stage("sending", Some(hours.values().sum::<usize>() as u64));
    for (at, count) in &hours {
        demo.clock.set(*at);
        if Some(*at) == busiest {
            day = kill_in_mid_run(demo, run, *at, *count)?;
            demo.clock.set(at.plus(RECOVERY));
        }
        send::send_due(&demo.ws, &AtomicBool::new(false))?;
        demo.bars.advance(*count as u64);
    }
    // What a rest or the night has put off has an hour of its own by now.
    for _ in 0..LOOKS {
        let Some(next) = self::hours(&demo.ws, run)?.keys().next().copied() else { break };
        demo.clock.set(next.max(demo.ws.now()));
        send::send_due(&demo.ws, &AtomicBool::new(false))?;
    }
    Ok(day)
}

/// Open deliveries by their hour.
fn hours(ws: &Workspace, run: CampaignRunId) -> Result<BTreeMap<Timestamp, usize>> {
    let mut hours = BTreeMap::new();
    for delivery in month::deliveries(ws, run)? {
        if matches!(delivery.state, State::Planned | State::Deferred) {
            *hours.entry(delivery.next_at).or_default() += 1;
        }
    }
    Ok(hours)
}

/// Starts a sender in a process of its own, waits until it has handed messages over, and kills it.
fn kill_in_mid_run(demo: &Demo<'_>, run: CampaignRunId, at: Timestamp, due: usize) -> Result<Day> {
    let data = demo.ws.data();
    let sign = data.join(HANGS);
    let messages = (due / 3).max(1);
    let program = std::env::current_exe()?;
    let mut child = Command::new(program)
        .arg("demo")
        .arg("--data")
        .arg(data)
        .args(["--send", &at.0.to_string(), &messages.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()?;
    let hung = wait_for(&sign, &mut child);
    // SIGKILL on Unix: the process gets no chance to tidy up.
    let killed = child.kill().and_then(|()| child.wait());
    std::fs::remove_file(&sign).ok();
    if !hung? {
        return Err(Error::internal("the demo's sender ended before it could be killed"));
    }
    killed?;
    let unnoted = month::deliveries(&demo.ws, run)?.iter().filter(|row| row.state == State::Committing).count();
    Ok(Day { kills: 1, unnoted: unnoted as u64 })
}

/// Whether the sign appears before the process ends.
fn wait_for(sign: &Path, child: &mut Child) -> Result<bool> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if sign.exists() {
            return Ok(true);
        }
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(false)
}

/// The other side: sends what is due at `at`, and hangs for good once `messages` have been handed over.
///
/// # Errors
/// What opening or sending says.
pub fn send_and_hang(data: &Path, at: Timestamp, messages: i64) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(at));
    let ws = Workspace::open(data, None, clock, Options::default())?;
    let left = Arc::new(AtomicI64::new(messages));
    let mut hanging = Transports::new();
    for (channel, way) in send::transports(&ws)?.iter() {
        let way = Hanging { way: way.clone(), left: left.clone(), sign: data.join(HANGS).into() };
        hanging = hanging.with(channel, Arc::new(way));
    }
    send::send_through(&ws, &hanging, &AtomicBool::new(false)).map(drop)
}

/// A transport that hands messages over and, after so many, never comes back to tell.
struct Hanging {
    way: Arc<dyn Transport>,
    left: Arc<AtomicI64>,
    sign: Arc<Path>,
}

impl Transport for Hanging {
    fn batch(&self) -> usize {
        self.way.batch()
    }

    fn session(&self) -> Result<Box<dyn Session>> {
        let session = self.way.session()?;
        Ok(Box::new(HangingSession { session, left: self.left.clone(), sign: self.sign.clone() }))
    }

    fn proof(&self, delivery: &Delivery) -> Option<bool> {
        self.way.proof(delivery)
    }
}

struct HangingSession {
    session: Box<dyn Session>,
    left: Arc<AtomicI64>,
    sign: Arc<Path>,
}

impl Session for HangingSession {
    fn prepare(&mut self, parcel: &Parcel<'_>) -> Result<(), Outcome> {
        self.session.prepare(parcel)
    }

    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome> {
        let outcomes = self.session.commit(keep);
        if self.left.fetch_sub(outcomes.len() as i64, Ordering::SeqCst) <= outcomes.len() as i64 {
            // Without the sign the demo waits in vain and says so.
            std::fs::write(&self.sign, "").ok();
            loop {
                std::thread::park();
            }
        }
        outcomes
    }

    fn abandon(&mut self) {
        self.session.abandon();
    }
}

/// Deliveries of a run page by page.
pub fn page(ws: &Workspace, run: CampaignRunId, mut each: impl FnMut(Delivery)) -> Result<()> {
    const PAGE: i64 = 2_000;
    let mut after = None;
    loop {
        let rows = ws.store().read(|conn| find::of_run(conn, run, None, after, PAGE))?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.id);
        rows.into_iter().for_each(&mut each);
    }
}
