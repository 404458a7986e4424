//! Several senders on one store, each with connections of its own, as several processes have: nobody gets two messages.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use vizavi::clock::{ManualClock, Timestamp};
use vizavi::deliveries::memory::Memory;
use vizavi::deliveries::outbox::{NoCheck, brake, find, pace, plan, reconcile};
use vizavi::deliveries::{NewDelivery, SendOptions, State, Summary, Transports, send};
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
    let store = open(location);
    let (_, templates) = templates();
    send(SendOptions {
        store: &store,
        transports: &Transports::new().with("email", Arc::new(inbox.clone())),
        templates: &templates,
        checks: &NoCheck,
        clock: &ManualClock::new(NOW),
        keys,
        base_url: "https://m.example",
        stop: &AtomicBool::new(false),
        workers: 2,
        batch: 25,
        patient: false,
    })
    .expect("the sender ends well")
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
