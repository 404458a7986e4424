//! Random facts in any order, late and future ones, repetitions, imports, seals and steps of time: what is kept up piece by
//! piece is at every step what the whole history says.

use std::collections::{BTreeMap, HashMap};

use super::*;
use crate::clock::{HOUR, SECOND};
use crate::history::FactType;
use crate::history::facts::{INTERACTION, RETURN_ITEM, SUBSCRIPTION};
use crate::random::Stream;
use crate::rules::{Literal, OneOrMany, Op, RuleSpec, Value as RuleValue};
use crate::segments::rule::MeasureSpec;

const PEOPLE: usize = 12;
const STEPS: usize = 14;
const TYPES: [&FactType; 4] = [&ORDER_ITEM, &RETURN_ITEM, &INTERACTION, &SUBSCRIPTION];

struct World {
    draw: Stream,
    ws: Workspace,
    clock: Arc<ManualClock>,
    /// Every fact there is, by customer.
    facts: HashMap<CustomerId, Vec<(&'static FactType, Fact)>>,
    countries: BTreeMap<usize, &'static str>,
    made: usize,
    _folder: tempfile::TempDir,
}

impl World {
    fn new(seed: u64) -> World {
        let (folder, clock, ws) = workspace();
        add_customers(&ws, PEOPLE as u64);
        let countries = (0..PEOPLE).map(|i| (i, ["BG", "DE"][i % 2])).collect();
        let draw = Stream::new(seed, "rule segments");
        World { draw, ws, clock, facts: HashMap::new(), countries, made: 0, _folder: folder }
    }

    /// An instant near now, often a round one, sometimes to come.
    fn instant(&mut self) -> Timestamp {
        let hours = self.draw.below(240) as i64 - 216;
        let odd = if self.draw.below(3) == 0 { self.draw.below(3_600_000_000) as i64 } else { 0 };
        self.ws.now().plus(hours * HOUR + odd)
    }

    fn fact(&mut self, fact_type: &'static FactType) -> Fact {
        self.made += 1;
        let order = format!("k{}", self.draw.below(6));
        let (amount, word) = (self.draw.below(20_000) as i64 - 2_000, self.draw.below(3));
        let values = fact_type.columns.iter().map(|column| match column.name {
            "order_key" | "subscription_key" => Value::Text(order.clone()),
            "sku" => Value::Text("s".into()),
            "quantity" => Value::Int(1),
            "amount" => Value::Int(amount),
            "category" | "channel" => {
                [Value::Text("web".into()), Value::Text("it's".into()), Value::Null][word].clone()
            }
            "direction" | "reason" => Value::Text("in".into()),
            "status" => Value::Text(["started", "renewed", "ended"][word].into()),
            _ => Value::Null,
        });
        // `channel` of an interaction must be there.
        let required = |(column, value): (&crate::history::Column, Value)| match value {
            Value::Null if column.required => Value::Text("web".into()),
            value => value,
        };
        let values: Vec<Value> = fact_type.columns.iter().zip(values).map(required).collect();
        let (who, at) = (self.draw.below(PEOPLE), self.instant());
        let (customer, key) = (customer(who as u64), self.made.to_string());
        Fact { customer, occurred_at: at, source: "x".into(), key, values }
    }

    fn facts(&mut self, most: usize) -> Vec<(&'static FactType, Fact)> {
        (0..=self.draw.below(most))
            .map(|_| {
                let fact_type = TYPES[self.draw.below(TYPES.len())];
                (fact_type, self.fact(fact_type))
            })
            .collect()
    }

    fn remember(&mut self, facts: Vec<(&'static FactType, Fact)>) {
        for (fact_type, fact) in facts {
            self.facts.entry(fact.customer).or_default().push((fact_type, fact));
        }
    }

    fn step(&mut self) {
        match self.draw.below(10) {
            0..=3 => {
                let facts = self.facts(8);
                for (fact_type, fact) in &facts {
                    // Some are reported twice.
                    for _ in 0..=self.draw.below(2) {
                        self.ws.history().append(fact_type, std::slice::from_ref(fact), self.ws.now()).unwrap();
                    }
                }
                self.remember(facts);
            }
            4 => {
                let facts = self.facts(8);
                let mut stage = Stage::new(self.ws.history()).unwrap();
                facts.iter().for_each(|(fact_type, fact)| stage.push(fact_type, fact).unwrap());
                stage.seal(self.ws.now()).unwrap();
                self.remember(facts);
            }
            5 => drop(self.ws.history().seal_tail(self.ws.now()).unwrap()),
            6 => {
                let who = self.draw.below(PEOPLE);
                let country = ["BG", "DE"][self.draw.below(2)];
                self.countries.insert(who, country);
                let row = Customer {
                    country: Some(country.into()),
                    ..Customer::unknown(customer(who as u64), &format!("C{who}"), self.ws.now())
                };
                self.ws.store().write(|conn| customers::upsert(conn, &[row])).unwrap();
            }
            _ => {
                let ahead = [SECOND, HOUR, DAY, 3 * DAY][self.draw.below(4)] * (1 + self.draw.below(3) as i64);
                self.clock.set(self.ws.now().plus(ahead));
            }
        }
    }

    fn measure(&mut self) -> MeasureSpec {
        let of = ["orders", "order_lines", "returns", "interactions", "subscriptions"][self.draw.below(5)];
        let takes: &[&str] = match of {
            "subscriptions" => &["count", "active", "last"],
            "interactions" => &["count", "last", "first"],
            _ => &["count", "sum", "last", "first"],
        };
        let take = takes[self.draw.below(takes.len())];
        let windowed = ["count", "sum"].contains(&take) && self.draw.below(3) > 0;
        let mut spec = MeasureSpec { of: Some(of.into()), take: Some(take.into()), ..MeasureSpec::default() };
        spec.within_days = windowed.then(|| 1 + self.draw.below(6) as i64);
        if of != "subscriptions" && self.draw.below(3) == 0 {
            spec.only.insert("channel".into(), OneOrMany::Many(vec!["it's".into(), "x".into()]));
        }
        spec
    }

    fn rule(&mut self, measures: &[String], depth: usize) -> RuleSpec {
        match self.draw.below(if depth > 2 { 2 } else { 5 }) {
            0 if self.draw.below(3) == 0 => RuleSpec::compare("country", Op::Eq, Literal::Text("BG".into())),
            0 | 1 => {
                let op = [Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Eq, Op::Ne][self.draw.below(6)];
                let number = [0.0, 1.0, 2.0, 3.0, 5.5, 40.0][self.draw.below(6)];
                let name = measures[self.draw.below(measures.len())].clone();
                RuleSpec::compare(&name, op, Literal::Number(number))
            }
            2 => RuleSpec::negate(self.rule(measures, depth + 1)),
            form => {
                let parts = (0..2).map(|_| self.rule(measures, depth + 1)).collect();
                if form == 3 { RuleSpec::all(parts) } else { RuleSpec::any(parts) }
            }
        }
    }

    fn segment(&mut self, name: &str) -> SegmentSpec {
        let measures: BTreeMap<String, MeasureSpec> = (0..3).map(|i| (format!("m{i}"), self.measure())).collect();
        let names: Vec<String> = measures.keys().cloned().collect();
        SegmentSpec { name: name.into(), title: None, measures, rule: self.rule(&names, 0) }
    }

    /// Who should be in, by the plainest reading of all facts.
    fn expected(&self, segment: &crate::segments::rule::RuleSegment) -> Vec<u64> {
        let belongs = |who: &usize| {
            let profile = BTreeMap::from([("country".to_owned(), RuleValue::from(self.countries[who]))]);
            let facts = self.facts.get(&customer(*who as u64)).map(Vec::as_slice).unwrap_or_default();
            oracle::belongs(segment, facts, &profile, self.ws.now())
        };
        (0..PEOPLE).filter(belongs).map(|who| who as u64).collect()
    }
}

#[test]
fn kept_up_piece_by_piece_is_what_the_whole_history_says() {
    let config = proptest::test_runner::Config { cases: 6, failure_persistence: None, ..Default::default() };
    proptest::proptest!(config, |(seed in proptest::prelude::any::<u64>())| {
        let mut world = World::new(seed);
        let before = world.facts(40);
        let mut stage = Stage::new(world.ws.history()).unwrap();
        before.iter().for_each(|(fact_type, fact)| stage.push(fact_type, fact).unwrap());
        stage.seal(world.ws.now()).unwrap();
        world.remember(before);
        let names = ["a", "b", "c", "d"];
        let mut segments = Vec::new();
        for name in names {
            let spec = world.segment(name);
            let ws = &world.ws;
            segments.push(ws.store().read(|conn| check(ws, conn, spec.clone())).unwrap());
            ws.store().write(|conn| put(ws, conn, spec, "test", ws.now())).unwrap();
            build(ws, name).unwrap();
        }
        for step in 0..STEPS {
            world.step();
            refresh(&world.ws).unwrap();
            for (name, segment) in names.iter().zip(&segments) {
                proptest::prop_assert_eq!(
                    members(&world.ws, name), world.expected(segment), "step {}: {} {:?}", step, segment.rule, segment.spec.measures
                );
            }
        }
        // Built anew, everything remembered is the same too: tallies and due times.
        let entries = |name: &str| world.ws.store().read(|conn| {
            let kept = rules::by_name(conn, name)?;
            let segment = kept.checked(100)?;
            let blocks = rules::all_blocks(conn, kept.id)?;
            blocks.iter().map(|block| block.entries(&segment)).collect::<crate::error::Result<Vec<_>>>()
        });
        for name in names {
            let kept_up = entries(name).unwrap();
            build(&world.ws, name).unwrap();
            let built: Vec<_> = entries(name).unwrap().concat();
            let mut kept_up = kept_up.concat();
            kept_up.retain(|entry| !entry.is_empty());
            proptest::prop_assert_eq!(kept_up.len(), built.len(), "{}", name);
            for (old, new) in kept_up.iter().zip(&built) {
                proptest::prop_assert_eq!(old, new);
            }
        }
    });
}
