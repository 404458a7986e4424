//! How each line of one file becomes facts and rows of the store: the mapping, bound to the file's columns.

use super::bound::{BoundField, BoundFree, Positions, Test};
use super::field::Field;
use super::mapping::{Mapping, RecordMapping};
use super::target::{self, Target};
use crate::history::facts::{Column, FactType};
use crate::money::Currency;

/// The plan of a file.
pub(super) struct Plan {
    /// Lines to be rejected, with the reason.
    pub rejects: Vec<(String, Vec<Test>)>,
    pub records: Vec<RecordPlan>,
    /// The most facts of one type that a line can become.
    pub facts_a_line: u64,
}

/// What a line becomes.
pub(super) struct RecordPlan {
    pub target: &'static Target,
    pub when: Vec<Test>,
    pub customer: Option<BoundField>,
    pub currency: Option<BoundField>,
    pub free: Vec<BoundFree>,
    pub becomes: Becomes,
}

/// Where it goes.
pub(super) enum Becomes {
    Fact(Box<FactPlan>),
    Row(Vec<BoundField>),
}

/// A fact.
pub(super) struct FactPlan {
    pub fact_type: &'static FactType,
    pub when: When,
    pub source: Option<BoundField>,
    pub key: Option<BoundField>,
    pub columns: Vec<ColumnPlan>,
    /// The columns whose texts make the key where the file gives none; none at all when everything does.
    pub key_parts: Vec<usize>,
    pub instant_in_key: bool,
    /// Its place among the facts that a line becomes.
    pub place: u64,
}

/// When it happened.
pub(super) enum When {
    At(BoundField),
    /// A contract, which becomes a fact at its beginning and another at its end.
    Period {
        started: BoundField,
        ended: Option<Box<BoundField>>,
    },
}

/// A column of a fact.
pub(super) struct ColumnPlan {
    pub column: &'static Column,
    pub from: Option<BoundField>,
    /// What it holds where the file gives nothing.
    pub default: Option<&'static str>,
    pub rule: Rule,
}

/// What a type alone does not say.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    Any,
    OneOf(&'static [&'static str]),
    NotNegative,
    /// Above 0 and at most 1.
    Propensity,
    /// From 0 to 1.
    Share,
}

impl Rule {
    fn of(fact_type: &FactType, column: &str) -> Rule {
        match (fact_type.name, column) {
            ("interaction", "direction") => Rule::OneOf(&["in", "out"]),
            ("decision", "arm") => Rule::OneOf(&["treated", "explore", "holdout"]),
            ("subscription", "status") => Rule::OneOf(&["started", "renewed", "changed", "ended"]),
            ("claim", "status") => Rule::OneOf(&["opened", "paid", "rejected", "closed"]),
            ("decision", "propensity") => Rule::Propensity,
            ("decision", "converted") => Rule::Share,
            ("order_item" | "return_item", "quantity" | "amount") => Rule::NotNegative,
            _ => Rule::Any,
        }
    }
}

/// The columns that make the key of a fact, and whether its instant does too; see [`super::key`].
fn key_of(fact_type: &FactType, has: impl Fn(&str) -> bool) -> (&'static [&'static str], bool) {
    match fact_type.name {
        "order_item" => (&["order_key", "sku"], false),
        "return_item" => (&["order_key", "sku"], true),
        "subscription" => (&["subscription_key", "status"], true),
        "claim" => (&["claim_key", "status"], true),
        "decision" if has("decision_key") => (&["decision_key", "offer"], false),
        _ => (&[], false),
    }
}

impl Plan {
    /// Binds a mapping to the columns of a file.
    pub fn new(mapping: &Mapping, positions: &Positions, currency: Currency) -> Plan {
        let rejects = mapping.rejects.iter().map(|r| (r.reason.clone(), Test::all(&r.when, positions))).collect();
        let mut place = 0;
        let mut records = Vec::new();
        for mapped in &mapping.records {
            let record = RecordPlan::new(mapped, positions, currency, place);
            place += match &record.becomes {
                Becomes::Fact(fact) if matches!(fact.when, When::Period { .. }) => 2,
                Becomes::Fact(_) => 1,
                Becomes::Row(_) => 0,
            };
            records.push(record);
        }
        Plan { rejects, records, facts_a_line: place.max(1) }
    }
}

impl RecordPlan {
    fn new(mapped: &RecordMapping, positions: &Positions, currency: Currency, place: u64) -> RecordPlan {
        let bind = |field: &Field| BoundField::new(field, positions, currency);
        let named = |name: &str| mapped.fields.iter().find(|field| field.name == name).map(bind);
        let becomes = match mapped.target.fact_type {
            Some(fact_type) => Becomes::Fact(Box::new(FactPlan::new(fact_type, &named, place))),
            None => {
                let own = mapped.fields.iter().filter(|field| !["customer", "currency"].contains(&field.name));
                Becomes::Row(own.map(bind).collect())
            }
        };
        RecordPlan {
            target: mapped.target,
            when: Test::all(&mapped.when, positions),
            customer: named("customer"),
            currency: named("currency"),
            free: mapped.free.iter().map(|free| BoundFree::new(free, positions)).collect(),
            becomes,
        }
    }
}

impl FactPlan {
    fn new(fact_type: &'static FactType, named: &impl Fn(&str) -> Option<BoundField>, place: u64) -> FactPlan {
        let columns = fact_type.columns.iter().map(|column| ColumnPlan {
            column,
            from: named(column.name),
            default: target::default_of(column.name),
            rule: Rule::of(fact_type, column.name),
        });
        let (key, instant_in_key) = key_of(fact_type, |name| named(name).is_some());
        let when = match (named("started_at"), named("occurred_at")) {
            (Some(started), _) => When::Period { started, ended: named("ended_at").map(Box::new) },
            (None, Some(at)) => When::At(at),
            (None, None) => unreachable!("a checked mapping of facts says when"),
        };
        FactPlan {
            fact_type,
            when,
            source: named("source"),
            key: named("fact_key"),
            columns: columns.collect(),
            key_parts: key.iter().filter_map(|name| fact_type.position(name)).collect(),
            instant_in_key,
            place,
        }
    }
}
