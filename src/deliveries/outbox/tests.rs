use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::resolve::{Resolution, resolve};
use super::*;
use crate::clock::{HOUR, MINUTE, ManualClock, SECOND, Timestamp};
use crate::deliveries::memory::Memory;
use crate::deliveries::send::{SendOptions, Summary, send};
use crate::deliveries::transport::{Outcome, Parcel, Session, Transport};
use crate::deliveries::{Delivery, NewDelivery, State, Transports};
use crate::error::Result;
use crate::ids::{CampaignRunId, CustomerId, IdKey};
use crate::messages::context::catalogue;
use crate::messages::{CampaignTemplates, LinkKeys};
use crate::money::Money;
use crate::storage::{Connection, Location, Store, migrate};

const RUN: CampaignRunId = CampaignRunId(7);
const START: Timestamp = Timestamp(1_800_000_000_000_000);

/// A store with templates, a clock and a transport, as a worker sees them.
struct Bench {
    _folder: tempfile::TempDir,
    store: Store,
    clock: ManualClock,
    templates: HashMap<String, Arc<CampaignTemplates>>,
    version: String,
    keys: LinkKeys,
    inbox: Memory,
    stop: AtomicBool,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::choose(folder.path(), None).unwrap()).unwrap();
        migrate::migrate(&store, START).unwrap();
        let files = [("a/en/subject.hbs", "Hi {{customer.name}}"), ("a/en/html.hbs", "<p>{{offer.name}}</p>")];
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let made = CampaignTemplates::check(&files, &serde_json::Value::Null).unwrap();
        let version = made.version().to_owned();
        Bench {
            _folder: folder,
            store,
            clock: ManualClock::new(START),
            templates: HashMap::from([(version.clone(), Arc::new(made))]),
            version,
            keys: LinkKeys::new([5; 32]),
            inbox: Memory::new(),
            stop: AtomicBool::new(false),
        }
    }

    fn plan(&self, customers: std::ops::Range<i64>) -> usize {
        let wanted: Vec<NewDelivery> = customers
            .map(|customer| NewDelivery {
                campaign_run_id: RUN,
                customer_id: CustomerId(customer),
                step: 0,
                occasion: "0".into(),
                channel: "email".into(),
                address: format!("c{customer}@example.org"),
                next_at: START,
                template_version: self.version.clone(),
                variables: catalogue().to_string(),
                cost: Money(1),
            })
            .collect();
        let planned =
            |conn: &mut Connection| plan::plan(conn, &IdKey([1; 16]), &self.keys, "m.example", START, &wanted);
        self.store.write(planned).unwrap()
    }

    fn send(&self, transport: Arc<dyn Transport>, checks: &dyn ClaimCheck, workers: usize) -> Result<Summary> {
        let transports = Transports::new().with("email", transport);
        send(SendOptions {
            store: &self.store,
            transports: &transports,
            templates: &self.templates,
            checks,
            clock: &self.clock,
            keys: &self.keys,
            base_url: "https://m.example",
            stop: &self.stop,
            workers,
            batch: 10,
            patient: false,
        })
    }

    fn rows(&self, state: State) -> Vec<Delivery> {
        self.store.read(|conn| find::of_run(conn, RUN, Some(state), None, 10_000)).unwrap()
    }

    fn reconciled(&self) -> Reconciliation {
        let result = self.store.read(|conn| reconcile(conn, RUN)).unwrap();
        assert!(result.balances(), "{result:?}");
        result
    }

    fn later(&self, micros: i64) {
        use crate::clock::Clock;
        self.clock.set(self.clock.now().plus(micros));
    }

    fn arrived_once(&self) {
        let mut ids: Vec<i64> = self.inbox.received().iter().map(|received| received.delivery.0).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "something arrived twice");
    }
}

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// The worker dies while the message is made ready.
    DiesInPrepare,
    /// It dies after the mark, before the last byte.
    DiesBeforeCommit,
    /// It dies after the receiver has accepted, before that is recorded.
    DiesAfterCommit,
    /// The receiver accepts and hangs up without an answer.
    NoAnswer,
    /// The receiver says: later.
    Later,
    /// The receiver says: never.
    Refused,
}

/// A transport that strikes at the n-th message and else keeps messages in memory.
struct Faulty(Memory, Fault, std::sync::Mutex<usize>);

struct FaultySession(Arc<FaultyShared>, Box<dyn Session>);
type FaultyShared = (Fault, std::sync::Mutex<usize>);

impl Transport for Faulty {
    fn session(&self) -> Result<Box<dyn Session>> {
        let countdown = std::mem::take(&mut *self.2.lock().unwrap());
        Ok(Box::new(FaultySession(Arc::new((self.1, std::sync::Mutex::new(countdown))), self.0.session()?)))
    }
}

impl FaultySession {
    fn strikes(&self) -> bool {
        let mut left = self.0.1.lock().unwrap();
        let last = *left == 1;
        *left = left.saturating_sub(1);
        last
    }
}

impl Session for FaultySession {
    fn prepare(&mut self, parcel: &Parcel<'_>) -> Result<(), Outcome> {
        if self.0.0 == Fault::DiesInPrepare && self.strikes() {
            panic!("the worker dies");
        }
        self.1.prepare(parcel)
    }

    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome> {
        if self.0.0 == Fault::DiesInPrepare || !self.strikes() {
            return self.1.commit(keep);
        }
        match self.0.0 {
            Fault::Later => {
                self.1.abandon();
                vec![Outcome::later("451 try again")]
            }
            Fault::Refused => {
                self.1.abandon();
                vec![Outcome::Refused { code: Some(550), text: "no such user".into() }]
            }
            Fault::DiesBeforeCommit => panic!("the worker dies"),
            Fault::NoAnswer | Fault::DiesAfterCommit | Fault::DiesInPrepare => {
                self.1.commit(keep);
                assert!(self.0.0 == Fault::NoAnswer, "the worker dies");
                vec![Outcome::Uncertain { text: "closed".into() }]
            }
        }
    }

    fn abandon(&mut self) {
        self.1.abandon();
    }
}

fn strike(bench: &Bench, fault: Fault) -> Result<Summary> {
    bench.send(Arc::new(Faulty(bench.inbox.clone(), fault, std::sync::Mutex::new(4))), &NoCheck, 1)
}

#[test]
fn planning_twice_plans_once_and_workers_share_without_doubling() {
    let bench = Bench::new();
    assert_eq!((bench.plan(0..300), bench.plan(200..400)), (300, 100));
    let summary = bench.send(Arc::new(bench.inbox.clone()), &NoCheck, 4).unwrap();
    assert_eq!((summary.sent, bench.inbox.count()), (400, 400));
    bench.arrived_once();
    assert_eq!(bench.reconciled().sent, 400);
    assert_eq!(bench.send(Arc::new(bench.inbox.clone()), &NoCheck, 2).unwrap(), Summary::default());
}

#[test]
fn a_crash_at_any_step_doubles_nothing_and_lists_what_is_uncertain() {
    for (fault, arrived, held) in
        [(Fault::DiesInPrepare, 3, 1), (Fault::DiesBeforeCommit, 3, 1), (Fault::DiesAfterCommit, 4, 1)]
    {
        let bench = Bench::new();
        bench.plan(0..20);
        assert!(strike(&bench, fault).is_err());
        assert_eq!(bench.inbox.count(), arrived, "{fault:?}");
        // Before the lease ends nobody touches what the dead worker had.
        bench.send(Arc::new(bench.inbox.clone()), &NoCheck, 1).unwrap();
        assert_eq!(bench.inbox.count(), arrived + 10, "{fault:?}");
        bench.later(HOUR);
        bench.send(Arc::new(bench.inbox.clone()), &NoCheck, 2).unwrap();
        bench.arrived_once();
        let result = bench.reconciled();
        assert_eq!((result.held, result.sent, result.open), (held, 20 - held, 0), "{fault:?}");
        let reached: Vec<i64> = bench.inbox.received().iter().map(|r| r.delivery.0).collect();
        let listed: Vec<i64> = bench.rows(State::Held).iter().map(|row| row.id.0).collect();
        // Whoever was not reached is listed; nobody is lost.
        assert!(bench.rows(State::Sent).iter().all(|row| reached.contains(&row.id.0)), "{fault:?} {listed:?}");
    }
}

#[test]
fn answers_lead_to_their_states() {
    let bench = Bench::new();
    bench.plan(0..5);
    assert_eq!(strike(&bench, Fault::Later).unwrap().deferred, 1);
    assert_eq!(bench.rows(State::Deferred)[0].reply_text.as_deref(), Some("451 try again"));
    bench.later(2 * MINUTE);
    assert_eq!(bench.send(Arc::new(bench.inbox.clone()), &NoCheck, 1).unwrap().sent, 1);

    bench.plan(5..10);
    assert_eq!(strike(&bench, Fault::Refused).unwrap().failed, 1);
    assert_eq!(bench.rows(State::Failed)[0].reply_code, Some(550));

    bench.plan(10..15);
    assert_eq!(strike(&bench, Fault::NoAnswer).unwrap().held, 1);
    let held = bench.rows(State::Held)[0].id;
    let now = START;
    let ask = |resolution, proof: &str| bench.store.write(|conn| resolve(conn, held, resolution, proof, now, &NoCheck));
    assert!(ask(Resolution::Arrived, " ").is_err());
    assert_eq!(ask(Resolution::Arrived, "the relay's log of 12:00").unwrap(), State::Sent);
    assert!(ask(Resolution::NeverArrived, "again").is_err(), "what is sent is not held");
    bench.arrived_once();
    assert_eq!(bench.reconciled().failed, 1);
}

/// Suppresses every third customer, puts every fifth off, and counts what is given back.
#[derive(Default)]
struct Third(std::sync::atomic::AtomicUsize);

impl ClaimCheck for Third {
    fn check(&self, conn: &mut Connection, rows: &[Delivery], now: Timestamp, then: claim::Then<'_>) -> Result<()> {
        let verdict = |row: &Delivery| match row.customer_id.0 {
            n if n % 3 == 0 => Verdict::Suppressed("unsubscribed".into()),
            n if n % 5 == 0 && now < START.plus(HOUR) => Verdict::NotBefore(START.plus(HOUR)),
            _ => Verdict::Allowed,
        };
        rows.iter().try_for_each(|row| then(conn, row, verdict(row)))
    }

    fn released(&self, _: &mut Connection, _: &Delivery, end: State, _: Timestamp) -> Result<()> {
        assert!(matches!(end, State::Suppressed | State::Cancelled));
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn the_last_look_suppresses_puts_off_and_gives_back() {
    let bench = Bench::new();
    bench.plan(0..15);
    let checks = Third::default();
    let summary = bench.send(Arc::new(bench.inbox.clone()), &checks, 2).unwrap();
    assert_eq!((summary.sent, summary.suppressed, summary.put_off), (8, 5, 2));
    assert_eq!(checks.0.load(std::sync::atomic::Ordering::SeqCst), 5);
    bench.later(HOUR);
    assert_eq!(bench.send(Arc::new(bench.inbox.clone()), &checks, 1).unwrap().sent, 2);
    assert_eq!(bench.reconciled().suppressed["unsubscribed"], 5);
}

#[test]
fn brakes_hold_resume_and_cancel() {
    let bench = Bench::new();
    bench.plan(0..30);
    let inbox: Arc<dyn Transport> = Arc::new(bench.inbox.clone());
    bench.store.write(|conn| brake::pause(conn, RUN, "looks wrong", START)).unwrap();
    assert_eq!(bench.send(inbox.clone(), &NoCheck, 1).unwrap().sent, 0);
    bench.store.write(|conn| brake::resume(conn, RUN)).unwrap();
    bench.store.write(|conn| brake::stop(conn, "everything", START)).unwrap();
    assert_eq!(bench.send(inbox.clone(), &NoCheck, 1).unwrap().sent, 0);
    bench.store.write(brake::go_on).unwrap();
    bench.store.write(|conn| pace::set(conn, "email", Some(10), START)).unwrap();
    bench.later(SECOND);
    let paced = bench.send(inbox.clone(), &NoCheck, 1).unwrap();
    assert_eq!((paced.sent, paced.paced_until.is_some()), (10, true));
    let checks = Third::default();
    assert_eq!(bench.store.write(|conn| brake::cancel(conn, RUN, "withdrawn", START, &checks)).unwrap(), 20);
    assert_eq!(checks.0.load(std::sync::atomic::Ordering::SeqCst), 20);
    assert!(bench.store.write(|conn| brake::resume(conn, RUN)).is_err());
    bench.plan(30..40);
    bench.later(MINUTE);
    assert_eq!(bench.send(inbox, &NoCheck, 1).unwrap().sent, 0, "a cancelled run sends nothing more");
    assert_eq!(bench.reconciled().cancelled, 20);
}

#[test]
fn who_slept_past_the_lease_is_fenced_but_a_late_acceptance_counts() {
    let bench = Bench::new();
    bench.plan(0..2);
    let ask = claim::Claim { channel: "email", owner: "sleeper", now: START, lease: MINUTE, limit: 10 };
    let rows = bench.store.write(|conn| claim::claim(conn, ask, &NoCheck)).unwrap().taken;
    let mark = |row: &Delivery, until: Timestamp, now: Timestamp| {
        bench.store.write(|conn| step::step(conn, &[], &[row], until, now, &NoCheck)).unwrap().1
    };
    assert_eq!(mark(&rows[0], START.plus(MINUTE), START), [true]);
    let late = START.plus(2 * MINUTE);
    let found = bench.store.write(|conn| recover::recover(conn, late, &NoCheck)).unwrap();
    assert_eq!((found.planned, found.held), (1, 1));
    // The sleeper wakes: it may not begin the second, and its answer for the first is the proof that was missing.
    assert_eq!(mark(&rows[1], late, late), [false]);
    let accepted = Outcome::Sent { code: Some(250), text: "ok".into() };
    let refused = Outcome::Refused { code: Some(550), text: "no".into() };
    let answer = |row: &Delivery, outcome: &Outcome| {
        bench.store.write(|conn| record::record(conn, row, outcome, late, &NoCheck)).unwrap()
    };
    assert_eq!(answer(&rows[1], &refused), None);
    assert_eq!(answer(&rows[0], &accepted), Some(State::Sent));
    bench.store.write(|conn| find::erase(conn, rows[1].customer_id, late)).unwrap();
    let erased = bench.store.read(|conn| find::by_id(conn, rows[1].id)).unwrap();
    assert_eq!((erased.state, erased.address.as_str()), (State::Cancelled, ""));
}

#[test]
fn a_domain_with_a_pace_of_its_own_holds_nobody_else_back_and_each_message_waits_once() {
    let bench = Bench::new();
    bench.plan(0..40);
    let wanted = std::collections::BTreeMap::from([("email/example.org".to_owned(), SECOND / 4)]);
    let agree = || bench.store.write(|conn| pace::agree(conn, &wanted, START)).unwrap();
    agree();
    bench
        .store
        .write(|conn| {
            use crate::storage::schema::delivery;
            use diesel::prelude::*;
            let others = delivery::table.filter(delivery::customer_id.ge(20));
            Ok(diesel::update(others).set(delivery::address.eq("x@Elsewhere.example")).execute(conn)?)
        })
        .unwrap();
    let summary = bench.send(Arc::new(bench.inbox.clone()), &NoCheck, 1).unwrap();
    assert_eq!((summary.sent, summary.put_off), (20, 20), "others go at once");
    let mut turns: Vec<i64> = bench.rows(State::Planned).iter().map(|row| row.next_at.0 - START.0).collect();
    turns.sort_unstable();
    assert_eq!(turns, (1..=20).map(|n| n * SECOND / 4).collect::<Vec<_>>(), "each has a turn of its own");
    let (mut sent, mut put_off) = (0, 0);
    for second in 1..=5 {
        bench.later(SECOND);
        // Asking again for the same pace changes nothing.
        agree();
        let summary = bench.send(Arc::new(bench.inbox.clone()), &NoCheck, 2).unwrap();
        sent += summary.sent;
        put_off += summary.put_off;
        assert_eq!(sent, second * 4, "four a second");
    }
    assert_eq!((put_off, bench.reconciled().open), (0, 0));
    bench.arrived_once();
}

#[test]
fn what_is_looked_for_is_found_by_the_index_made_for_it() {
    use diesel::connection::Connection as _;
    use diesel::connection::InstrumentationEvent;
    use diesel::{QueryableByName, RunQueryDsl};
    use std::sync::Mutex;

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }
    /// How SQLite would go about the statements that `ask` makes.
    fn steps(bench: &Bench, ask: impl Fn(&mut Connection) -> Result<()>) -> Vec<String> {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = asked.clone();
        bench
            .store
            .write(|conn| {
                conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                    if let InstrumentationEvent::StartQuery { query, .. } = event {
                        seen.lock().unwrap().push(query.to_string());
                    }
                });
                ask(conn)?;
                conn.set_instrumentation(|_: InstrumentationEvent<'_>| {});
                let mut steps = Vec::new();
                for text in asked.lock().unwrap().iter().filter(|text| text.contains("`delivery`")) {
                    let text = text.split("-- binds").next().unwrap_or_default();
                    let plan: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(conn)?;
                    let of_table =
                        |step: &Step| step.detail.contains(" delivery ") || step.detail.ends_with(" delivery");
                    steps.extend(plan.into_iter().filter(of_table).map(|step| step.detail));
                }
                Ok(steps)
            })
            .unwrap()
    }

    let bench = Bench::new();
    bench.plan(0..10);
    let ask = claim::Claim { channel: "email", owner: "w", now: START, lease: MINUTE, limit: 5 };
    let claimed = steps(&bench, |conn| claim::claim(conn, ask, &NoCheck).map(drop));
    let due = claimed.iter().filter(|step| step.contains("delivery_due (channel=? AND state=? AND next_at<?)")).count();
    assert_eq!((due, claimed.len()), (2, 3), "{claimed:#?}");
    assert!(claimed[2].contains("sqlite_autoindex_delivery_1 (id=?)"), "{claimed:#?}");
    let recovered = steps(&bench, |conn| recover::recover(conn, START, &NoCheck).map(drop));
    assert!(!recovered.is_empty());
    for step in &recovered {
        assert!(step.contains("USING INDEX delivery_in_hand"), "{recovered:#?}");
    }
    let wrong = [State::Failed, State::Suppressed, State::Held, State::Cancelled, State::Planned, State::Deferred];
    for state in wrong {
        let listed = steps(&bench, |conn| find::of_run(conn, RUN, Some(state), None, 10).map(drop));
        assert!(listed[0].contains("delivery_apart (campaign_run_id=? AND state=? AND id>?)"), "{state}: {listed:#?}");
    }
    for state in [None, Some(State::Sent)] {
        let listed = steps(&bench, |conn| find::of_run(conn, RUN, state, None, 10).map(drop));
        assert!(listed[0].contains("delivery_run (campaign_run_id=? AND id>?)"), "{listed:#?}");
    }
    let next = steps(&bench, |conn| find::next_open(conn, RUN).map(drop));
    assert!(next.iter().all(|step| step.contains("delivery_apart (campaign_run_id=?")), "{next:#?}");
}
