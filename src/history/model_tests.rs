//! Whatever is done in whatever order, a query sees what a plain map would hold.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::facts::ORDER_ITEM;
use super::import::stage::Stage;
use super::tests::{NOW, empty, line};
use super::value::read_facts;
use super::{Depth, Fact, History, Options};
use crate::clock::{DAY, MINUTE, Timestamp};
use crate::customers::{Aliases, Customer, identity};
use crate::ids::CustomerId;
use crate::storage::Store;

/// One thing that happens. Customers and keys are few, so that they meet.
#[derive(Debug, Clone)]
enum Step {
    Append(Vec<(u8, u8)>),
    Import(Vec<(u8, u8)>),
    Merge(u8, u8),
    Correct(u8, u8, i64),
    Withdraw(u8),
    Erase(u8),
    Seal,
    /// Long enough for the keys of sealed facts to be forgotten.
    Wait,
    Compact(bool),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let facts = || proptest::collection::vec((0..6u8, 0..40u8), 1..12);
    let step = prop_oneof![
        4 => facts().prop_map(Step::Append),
        3 => facts().prop_map(Step::Import),
        3 => (0..6u8, 0..6u8).prop_map(|(a, b)| Step::Merge(a, b)),
        3 => (0..6u8, 0..40u8, 1..99i64).prop_map(|(who, key, amount)| Step::Correct(who, key, amount)),
        1 => (0..40u8).prop_map(Step::Withdraw),
        1 => (0..6u8).prop_map(Step::Erase),
        4 => Just(Step::Seal),
        1 => Just(Step::Wait),
        3 => any::<bool>().prop_map(Step::Compact),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..24)
}

/// Ids all over the range.
fn customer(number: u8) -> CustomerId {
    CustomerId((crate::random::mix(u64::from(number)) >> 1) as i64)
}

fn fact(owner: CustomerId, key: u8, amount: i64) -> Fact {
    let order = format!("o{}", key / 4);
    line(owner.0, i64::from(key % 7), &order, &format!("k{key}"), amount)
}

struct World {
    data: tempfile::TempDir,
    store: Store,
    history: Option<History>,
    now: Timestamp,
    facts: BTreeMap<String, Fact>,
    aliases: BTreeMap<CustomerId, CustomerId>,
}

impl World {
    fn new() -> World {
        let (data, store, history) = empty();
        World { data, store, history: Some(history), now: NOW, facts: BTreeMap::new(), aliases: BTreeMap::new() }
    }

    fn history(&self) -> &History {
        self.history.as_ref().unwrap()
    }

    fn canonical(&self, number: u8) -> CustomerId {
        let id = customer(number);
        let stored = self.store.read(|conn| Aliases::of(conn, &[id])).unwrap().canonical(id);
        assert_eq!(stored, self.aliases.get(&id).copied().unwrap_or(id));
        stored
    }

    /// Facts as a source reports them: one that is known comes again for the customer whose it is.
    fn reported(&self, facts: &[(u8, u8)]) -> Vec<Fact> {
        let known = |key: &u8| self.facts.get(&format!("k{key}")).cloned();
        facts.iter().map(|(who, key)| known(key).unwrap_or_else(|| fact(self.canonical(*who), *key, 1))).collect()
    }

    fn take(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.facts.entry(fact.key.clone()).or_insert(fact);
        }
    }

    fn step(&mut self, step: &Step) {
        self.now = self.now.plus(MINUTE);
        let now = self.now;
        match step {
            Step::Append(facts) => {
                let facts = self.reported(facts);
                self.history().append(&ORDER_ITEM, &facts, now).unwrap();
                self.take(facts);
            }
            Step::Import(facts) => {
                let mut facts = self.reported(facts);
                facts.sort_by(|a, b| a.key.cmp(&b.key));
                facts.dedup_by(|a, b| a.key == b.key);
                let mut stage = Stage::new(self.history()).unwrap();
                facts.iter().for_each(|fact| stage.push(&ORDER_ITEM, fact).unwrap());
                stage.seal(now).unwrap();
                self.take(facts);
            }
            Step::Merge(alias, survivor) => self.merge(*alias, *survivor),
            Step::Correct(who, key, amount) => {
                let fact = fact(self.canonical(*who), *key, *amount);
                self.history().correct(&ORDER_ITEM, std::slice::from_ref(&fact), now).unwrap();
                self.facts.insert(fact.key.clone(), fact);
            }
            Step::Withdraw(key) => {
                let key = format!("k{key}");
                let owners = self.facts.remove(&key).map(|fact| fact.customer).into_iter().collect();
                self.history().withdraw(&ORDER_ITEM, &[("shop".to_owned(), key)], &owners, now).unwrap();
            }
            Step::Erase(who) => {
                let gone = self.canonical(*who);
                self.store.write(|conn| History::erase_in(conn, &[gone], now)).unwrap();
                self.facts.retain(|_, fact| fact.customer != gone);
            }
            Step::Seal => drop(self.history().seal_tail(now).unwrap()),
            Step::Wait => {
                self.now = now.plus(40 * DAY);
                self.history().seal_tail(self.now).unwrap();
            }
            Step::Compact(full) => {
                let depth = if *full { Depth::Full } else { Depth::Due };
                self.history().compact(depth, now).unwrap();
            }
            Step::Reopen => {
                self.history = None;
                let options = Options { threads: 2, ..Options::default() };
                self.history = Some(History::open(&self.store, self.data.path(), &options).unwrap());
            }
        }
    }

    fn merge(&mut self, alias: u8, survivor: u8) {
        let (alias, survivor) = (self.canonical(alias), self.canonical(survivor));
        if alias == survivor {
            return;
        }
        let now = self.now;
        let pairs = [(alias, survivor)];
        let row = Customer::unknown(alias, &alias.to_string(), now);
        let write = |conn: &mut _, change: &super::Change| {
            identity::add(conn, &row, survivor, now)?;
            change.apply(conn, now)
        };
        self.history().change(|| self.history().prepare_move(&pairs), write).unwrap();
        self.aliases.values_mut().filter(|of| **of == alias).for_each(|of| *of = survivor);
        self.aliases.insert(alias, survivor);
        self.facts.values_mut().filter(|fact| fact.customer == alias).for_each(|fact| fact.customer = survivor);
    }

    fn seen(&self) -> Vec<Fact> {
        let rows = self.history().query("SELECT * FROM order_item ORDER BY fact_key").unwrap();
        rows.iter().flat_map(|batch| read_facts(&ORDER_ITEM, batch).unwrap()).collect()
    }

    fn check(&self, after: &Step) {
        let expected: Vec<&Fact> = self.facts.values().collect();
        let seen = self.seen();
        assert_eq!(seen.iter().collect::<Vec<_>>(), expected, "after {after:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_query_sees_what_a_plain_map_would_hold(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            world.check(step);
        }
        world.step(&Step::Seal);
        world.step(&Step::Compact(true));
        world.check(&Step::Compact(true));
        // Those of the last days stay for imports that are still running; they hide nothing.
        world.now = world.now.plus(9 * DAY);
        world.step(&Step::Compact(true));
        let left = world.store.read(super::tombstone::count).unwrap();
        prop_assert_eq!(left, 0, "tombstones are left");
    }
}
