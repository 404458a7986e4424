//! Several senders on one store, each with connections of its own, as several processes have: nobody gets two messages.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use vizavi::clock::{Clock, DAY, HOUR, ManualClock, Timestamp};
use vizavi::deliveries::memory::Memory;
use vizavi::deliveries::outbox::{NoCheck, brake, find, pace, plan, reconcile};
use vizavi::deliveries::transport::{Outcome, Parcel, Session};
use vizavi::deliveries::{NewDelivery, SendOptions, State, Summary, Transport, Transports, send};
use vizavi::error::Result;
use vizavi::ids::{CampaignRunId, CustomerId, IdKey};
use vizavi::messages::context::catalogue;
use vizavi::messages::{CampaignTemplates, LinkKeys};
use vizavi::money::Money;
use vizavi::storage::{Location, Store};

use super::support::stores::{on_both_stores, open};

const RUN: CampaignRunId = CampaignRunId(3);
const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const MESSAGES: i64 = 600;

fn templates() -> (String, HashMap<String, Arc<CampaignTemplates>>) {
    let files = BTreeMap::from([
        ("a/en/subject.hbs".to_owned(), "For {{customer.name}}".to_owned()),
        ("a/en/html.hbs".to_owned(), "<p>{{offer.name}}</p>".to_owned()),
    ]);
    let made = CampaignTemplates::check(&files, &serde_json::Value::Null).expect("the templates are good");
    (made.version().to_owned(), HashMap::from([(made.version().to_owned(), Arc::new(made))]))
}

fn plan_all(store: &Store, keys: &LinkKeys, version: &str) -> usize {
    let wanted: Vec<NewDelivery> = (0..MESSAGES)
        .map(|customer| NewDelivery {
            campaign_run_id: RUN,
            customer_id: CustomerId(customer),
            step: 0,
            occasion: "0".into(),
            channel: "email".into(),
            address: format!("c{customer}@example.org"),
            next_at: NOW,
            template_version: version.to_owned(),
            variables: catalogue().to_string(),
            cost: Money(1),
        })
        .collect();
    store.write(|conn| plan::plan(conn, &IdKey([1; 16]), keys, "m.example", NOW, &wanted)).expect("planned")
}

fn sender(location: &Location, inbox: &Memory, keys: &LinkKeys) -> Summary {
    attempt(&open(location), Arc::new(inbox.clone()), keys, &ManualClock::new(NOW)).expect("the sender ends well")
}

fn attempt(store: &Store, transport: Arc<dyn Transport>, keys: &LinkKeys, clock: &dyn Clock) -> Result<Summary> {
    let (_, templates) = templates();
    send(SendOptions {
        store,
        transports: &Transports::new().with("email", transport),
        templates: &templates,
        checks: &NoCheck,
        clock,
        keys,
        base_url: "https://m.example",
        stop: &AtomicBool::new(false),
        workers: 2,
        batch: 25,
        patient: false,
    })
}

/// A transport that lets something happen before its n-th message is committed.
struct Troubled<F>(Memory, Arc<(AtomicU64, F)>);

struct TroubledSession<F>(Box<dyn Session>, Arc<(AtomicU64, F)>);

impl<F: Fn(u64) + Send + Sync + 'static> Transport for Troubled<F> {
    fn session(&self) -> Result<Box<dyn Session>> {
        Ok(Box::new(TroubledSession(self.0.session()?, self.1.clone())))
    }
}

impl<F: Fn(u64) + Send + Sync> Session for TroubledSession<F> {
    fn prepare(&mut self, parcel: &Parcel<'_>) -> std::result::Result<(), Outcome> {
        self.0.prepare(parcel)
    }

    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome> {
        self.1.1(self.1.0.fetch_add(1, Ordering::SeqCst));
        self.0.commit(keep)
    }

    fn abandon(&mut self) {
        self.0.abandon();
    }
}

/// Nobody got two messages, everyone who got none is held, and the run adds up. How many are held.
fn reached_once_or_held(name: &str, store: &Store, inbox: &Memory) -> i64 {
    let sum = store.read(|conn| reconcile(conn, RUN)).expect("reconciled");
    assert!(sum.balances() && sum.open == 0 && sum.sent + sum.held == MESSAGES, "{name}: {sum:?}");
    let mut reached: Vec<i64> = inbox.received().iter().map(|received| received.customer.0).collect();
    let count = reached.len();
    reached.sort_unstable();
    reached.dedup();
    assert_eq!(reached.len(), count, "{name}: somebody got two");
    let held = store.read(|conn| find::of_run(conn, RUN, Some(State::Held), None, MESSAGES)).expect("found");
    for customer in (0..MESSAGES).filter(|customer| reached.binary_search(customer).is_err()) {
        assert!(held.iter().any(|row| row.customer_id.0 == customer), "{name}: {customer} is lost");
    }
    sum.held
}

#[test]
fn several_senders_on_one_store_reach_everyone_once() {
    on_both_stores(|name, location| {
        let (store, keys, inbox) = (open(location), LinkKeys::new([4; 32]), Memory::new());
        let (version, _) = templates();
        assert_eq!((plan_all(&store, &keys, &version), plan_all(&store, &keys, &version)), (600, 0), "{name}");
        store.write(|conn| brake::pause(conn, RUN, "not yet", NOW)).expect("paused");
        assert_eq!(sender(location, &inbox, &keys).sent, 0, "{name}");
        store.write(|conn| brake::resume(conn, RUN)).expect("resumed");

        let sent: u64 = std::thread::scope(|scope| {
            let senders: Vec<_> = (0..2).map(|_| scope.spawn(|| sender(location, &inbox, &keys).sent)).collect();
            senders.into_iter().map(|sender| sender.join().expect("no panic")).sum()
        });
        let mut reached: Vec<i64> = inbox.received().iter().map(|received| received.customer.0).collect();
        reached.sort_unstable();
        assert_eq!(reached, (0..MESSAGES).collect::<Vec<_>>(), "{name}");
        assert_eq!(sent, MESSAGES as u64, "{name}");

        let result = store.read(|conn| reconcile(conn, RUN)).expect("reconciled");
        assert!(result.balances() && result.sent == MESSAGES, "{name}: {result:?}");
        store.write(|conn| pace::set(conn, "email", Some(5), NOW)).expect("paced");
        store.write(|conn| pace::set(conn, "email", Some(9), NOW)).expect("paced anew");
        let page = store.read(|conn| find::of_run(conn, RUN, Some(State::Sent), None, 10)).expect("found");
        assert_eq!(page.len(), 10, "{name}");
    });
}

#[test]
fn a_database_that_ends_all_conversations_doubles_and_loses_nothing() {
    let Some(url) = super::support::postgres::database() else { return };
    let location = Location::choose(std::path::Path::new("."), Some(&url)).expect("a location");
    let (store, keys, inbox, clock) = (open(&location), LinkKeys::new([4; 32]), Memory::new(), ManualClock::new(NOW));
    plan_all(&store, &keys, &templates().0);
    // What clients see of a restart: every connection is closed, whatever it was doing.
    let other = open(&location);
    let trouble = Arc::new((AtomicU64::new(0), move |n: u64| {
        if n % 40 == 17 && n < 400 {
            use diesel::connection::SimpleConnection;
            let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
            other.write(|conn| Ok(conn.batch_execute(others)?)).ok();
        }
    }));
    let (mut failures, mut rounds) = (0, 0);
    loop {
        let ended = attempt(&store, Arc::new(Troubled(inbox.clone(), trouble.clone())), &keys, &clock);
        failures += i64::from(ended.is_err());
        clock.set(clock.now().plus(HOUR));
        let open = store.read(|conn| reconcile(conn, RUN)).map_or(1, |sum| sum.open);
        rounds += 1;
        assert!(rounds < 60, "{open} are open still");
        if open == 0 {
            break;
        }
    }
    assert!(failures > 0, "the database was never missed");
    let held = reached_once_or_held("PostgreSQL", &store, &inbox);
    assert!(held <= 10 * 2, "{held} are held after ten restarts with two workers");
}

/// A changed row is a new one in every index of its table, unless no index speaks of what changed.
#[test]
fn what_sending_changes_most_often_stands_in_no_index() {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Changed {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        all: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        in_place: i64,
    }
    let Some(url) = super::support::postgres::database() else { return };
    let location = Location::choose(std::path::Path::new("."), Some(&url)).expect("a location");
    let (store, keys) = (open(&location), LinkKeys::new([4; 32]));
    plan_all(&store, &keys, &templates().0);
    let changed = |table: &str, first: &str, second: &str| {
        let of = format!(
            "SELECT n_tup_upd AS all, n_tup_hot_upd AS in_place FROM pg_stat_xact_user_tables WHERE relname = '{table}'"
        );
        let changed = store.write(|conn| {
            diesel::sql_query(format!("UPDATE {table} SET {first}")).execute(conn)?;
            let before: Changed = diesel::sql_query(&of).get_result(conn)?;
            diesel::sql_query(format!("UPDATE {table} SET {second}")).execute(conn)?;
            let after: Changed = diesel::sql_query(&of).get_result(conn)?;
            Ok((after.all - before.all, after.in_place - before.in_place))
        });
        changed.expect("changed")
    };
    let few = "WHERE id IN (SELECT id FROM delivery ORDER BY next_at, id LIMIT 3)";
    let claimed = format!("state = 'claimed', lease_owner = 'w', attempt = 1 {few}");
    let marked = format!("state = 'committing', lease_until = 9, updated_at = 9 {few}");
    assert_eq!(changed("delivery", &claimed, &marked), (3, 3));
    let answered = format!("state = 'sent', reply_code = 250 {few}");
    assert_eq!(changed("delivery", &marked, &answered), (3, 0), "a place that is left is found no longer");
    let contact = "INSERT INTO contact_ledger (id, customer_id, channel, message_class, at, state) VALUES (1, 1, 'email', 'm', 1, 'reserved')";
    store.write(|conn| Ok(diesel::sql_query(contact).execute(conn)?)).expect("written");
    assert_eq!(changed("contact_ledger", "household = 'H'", "state = 'made', at = 2"), (1, 1));
}

#[test]
fn a_full_disk_doubles_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let location = Location::choose(folder.path(), None).expect("a location");
    let (store, keys, inbox, clock) = (open(&location), LinkKeys::new([4; 32]), Memory::new(), ManualClock::new(NOW));
    plan_all(&store, &keys, &templates().0);
    let room = |pages: i64| {
        use diesel::connection::SimpleConnection;
        use diesel::prelude::*;
        #[derive(QueryableByName)]
        struct Pages {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            page_count: i64,
        }
        store
            .write(|conn| {
                let now = diesel::sql_query("PRAGMA page_count").get_result::<Pages>(conn)?.page_count;
                Ok(conn.batch_execute(&format!("PRAGMA max_page_count = {}", now + pages))?)
            })
            .expect("the limit is set");
    };
    let mut failures = 0;
    for round in 0..200 {
        room(round % 3);
        failures += i64::from(attempt(&store, Arc::new(inbox.clone()), &keys, &clock).is_err());
        clock.set(clock.now().plus(HOUR));
        if store.read(|conn| reconcile(conn, RUN)).expect("reconciled").open == 0 {
            break;
        }
    }
    room(1_000_000);
    attempt(&store, Arc::new(inbox.clone()), &keys, &clock).expect("there is room again");
    clock.set(clock.now().plus(HOUR));
    attempt(&store, Arc::new(inbox.clone()), &keys, &clock).expect("there is room again");
    assert!(failures > 0, "the disk was never full");
    let held = reached_once_or_held("SQLite", &store, &inbox);
    assert!(held <= failures * 2, "{held} are held after {failures} failures of two workers");
}

#[test]
fn a_clock_that_is_set_back_doubles_and_loses_nothing() {
    on_both_stores(|name, location| {
        let (store, keys, inbox) = (open(location), LinkKeys::new([4; 32]), Memory::new());
        plan_all(&store, &keys, &templates().0);
        let clock = Arc::new(ManualClock::new(NOW));
        let back = clock.clone();
        // Back by a day in the middle, with claims and marks of both workers open, and on again later.
        let trouble = Arc::new((AtomicU64::new(0), move |n: u64| match n {
            200 => back.set(NOW.plus(-DAY)),
            400 => back.set(NOW.plus(-HOUR)),
            _ => {}
        }));
        let mut sent = 0;
        for _ in 0..3 {
            sent +=
                attempt(&store, Arc::new(Troubled(inbox.clone(), trouble.clone())), &keys, &*clock).expect("sent").sent;
            clock.set(NOW.plus(HOUR));
        }
        assert_eq!((sent, reached_once_or_held(name, &store, &inbox)), (MESSAGES as u64, 0), "{name}");
    });
}
