//! The facts of profile, scores and other segments that a segment's rule names, for many customers at once: only the columns
//! that are asked for leave the store. What each fact means is said in [`facts`](crate::operations::facts); a test compares.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::rules::Value;
use crate::segments::rule::{RuleSegment, SEGMENTS, store as rules};
use crate::segments::uploaded::store as uploaded;
use crate::segments::{self as found};
use crate::storage::Connection;
use crate::storage::schema::{customer, customer_state};

/// Customers who may be profiled, ascending, each with the facts in the order of [`RuleSegment::fields`].
pub type Population = Vec<Person>;

/// One of them.
pub type Person = (CustomerId, Vec<Option<Value>>);

/// Customers asked for in one statement.
const CHUNK: usize = 500;

type ProfileRow = (
    CustomerId,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<bool>,
    Option<i64>,
    Option<String>,
);
type StateRow = (
    CustomerId,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// Facts of the serving row.
const OF_STATE: [&str; 8] =
    ["segment", "stage", "service_level", "orders", "revenue", "profit", "open_complaints", "last_order_at"];
/// Facts of the profile.
const OF_PROFILE: [&str; 6] = ["kind", "country", "locale", "zone", "tracking", "acquired_at"];
/// Before the name of an attribute.
const ATTRIBUTE: &str = "attribute.";

/// Reads everybody, or those among `only`.
///
/// # Errors
/// Those of the store.
pub fn read(
    conn: &mut Connection,
    segment: &RuleSegment,
    only: Option<&[CustomerId]>,
    minor_units: f64,
) -> Result<Population> {
    let wanted = Wanted { fields: &segment.fields, minor_units };
    let mut words = Words::default();
    let mut people: Population = Vec::new();
    for row in profiles(conn, &wanted, only)? {
        people.push((row.0, wanted.of_profile(row, &mut words)));
    }
    people.sort_unstable_by_key(|(customer, _)| *customer);
    if wanted.needs_state() {
        for row in states(conn, &wanted, only)? {
            if let Ok(at) = people.binary_search_by_key(&row.0, |(customer, _)| *customer) {
                wanted.add_state(row, &mut people[at].1, &mut words);
            }
        }
    }
    if let Some(at) = segment.fields.iter().position(|field| **field == *SEGMENTS) {
        let lists = Memberships::read(conn, &segment.spec.named_segments(), only)?;
        for (customer, facts) in &mut people {
            facts[at] = Some(Value::List(lists.of(*customer)));
        }
    }
    Ok(people)
}

struct Wanted<'a> {
    fields: &'a [Arc<str>],
    minor_units: f64,
}

impl Wanted<'_> {
    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| **field == *name)
    }

    fn has_attributes(&self) -> bool {
        self.fields.iter().any(|field| field.starts_with(ATTRIBUTE))
    }

    /// Scores and features of the last scoring: every fact that is not one of the others.
    fn has_scores(&self) -> bool {
        self.fields.iter().any(|field| is_score(field))
    }

    fn needs_state(&self) -> bool {
        OF_STATE.iter().any(|name| self.has(name)) || self.has_scores()
    }

    fn of_profile(&self, row: ProfileRow, words: &mut Words) -> Vec<Option<Value>> {
        let (_, kind, country, locale, zone, tracking, acquired_at, attributes) = row;
        let attributes: serde_json::Map<String, serde_json::Value> =
            attributes.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let mut value = |field: &str| match field {
            "kind" => kind.as_deref().map(|text| words.value(text)),
            "country" => country.as_deref().map(|text| words.value(text)),
            "locale" => locale.as_deref().map(|text| words.value(text)),
            "zone" => zone.as_deref().map(|text| words.value(text)),
            "tracking" => tracking.map(Value::Flag),
            "acquired_at" => acquired_at.map(|at| Value::Time(Timestamp(at))),
            _ => match attributes.get(field.strip_prefix(ATTRIBUTE)?)? {
                serde_json::Value::Bool(flag) => Some(Value::Flag(*flag)),
                serde_json::Value::Number(number) => Some(Value::Number(number.as_f64().unwrap_or(f64::NAN))),
                serde_json::Value::String(text) => Some(words.value(text)),
                _ => None,
            },
        };
        self.fields.iter().map(|field| value(field)).collect()
    }

    fn add_state(&self, row: StateRow, facts: &mut [Option<Value>], words: &mut Words) {
        let (_, segment, orders, revenue, profit, open_complaints, last_order_at, features, scores, stage, level) = row;
        let numbers = |text: Option<String>| -> BTreeMap<String, f64> {
            text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
        };
        let (features, scores) = (numbers(features), numbers(scores));
        let units = |minor: i64| Value::Number(minor as f64 / self.minor_units);
        for (field, fact) in self.fields.iter().zip(facts) {
            let value = match &**field {
                "segment" => segment.as_deref().map(|text| words.value(text)),
                "stage" => stage.as_deref().map(|text| words.value(text)),
                "service_level" => level.as_deref().map(|text| words.value(text)),
                "orders" => orders.map(|count| Value::Number(count as f64)),
                "revenue" => revenue.map(units),
                "profit" => profit.map(units),
                "open_complaints" => open_complaints.map(|count| Value::Number(count as f64)),
                "last_order_at" => last_order_at.map(|at| Value::Time(Timestamp(at))),
                name if is_score(name) => scores.get(name).or(features.get(name)).copied().map(Value::Number),
                _ => continue,
            };
            *fact = value;
        }
    }
}

fn is_score(field: &str) -> bool {
    field != SEGMENTS && !field.starts_with(ATTRIBUTE) && !OF_PROFILE.contains(&field) && !OF_STATE.contains(&field)
}

/// A column, or nothing in its place where it is not needed.
macro_rules! column {
    ($kind:ty, $name:literal, $wanted:expr) => {
        sql::<Nullable<$kind>>(if $wanted { $name } else { "NULL" })
    };
}

fn profiles(conn: &mut Connection, wanted: &Wanted<'_>, only: Option<&[CustomerId]>) -> Result<Vec<ProfileRow>> {
    let rows = || {
        customer::table.filter(customer::profiling_objection.eq(false)).select((
            customer::id,
            column!(Text, "kind", wanted.has("kind")),
            column!(Text, "country", wanted.has("country")),
            column!(Text, "locale", wanted.has("locale")),
            column!(Text, "zone", wanted.has("zone")),
            column!(Bool, "tracking", wanted.has("tracking")),
            column!(BigInt, "acquired_at", wanted.has("acquired_at")),
            column!(Text, "attributes", wanted.has_attributes()),
        ))
    };
    let Some(only) = only else { return Ok(rows().load(conn)?) };
    let mut found = Vec::with_capacity(only.len());
    for chunk in only.chunks(CHUNK) {
        found.extend(rows().filter(customer::id.eq_any(chunk)).load::<ProfileRow>(conn)?);
    }
    Ok(found)
}

fn states(conn: &mut Connection, wanted: &Wanted<'_>, only: Option<&[CustomerId]>) -> Result<Vec<StateRow>> {
    let rows = || {
        customer_state::table.select((
            customer_state::customer_id,
            column!(Text, "segment", wanted.has("segment")),
            column!(BigInt, "orders", wanted.has("orders")),
            column!(BigInt, "revenue", wanted.has("revenue")),
            column!(BigInt, "profit", wanted.has("profit")),
            column!(BigInt, "open_complaints", wanted.has("open_complaints")),
            column!(BigInt, "last_order_at", wanted.has("last_order_at")),
            column!(Text, "features", wanted.has_scores()),
            column!(Text, "scores", wanted.has_scores()),
            column!(Text, "stage", wanted.has("stage")),
            column!(Text, "service_level", wanted.has("service_level")),
        ))
    };
    let Some(only) = only else { return Ok(rows().load(conn)?) };
    let mut found = Vec::with_capacity(only.len());
    for chunk in only.chunks(CHUNK) {
        found.extend(rows().filter(customer_state::customer_id.eq_any(chunk)).load::<StateRow>(conn)?);
    }
    Ok(found)
}

/// Texts that come again and again are kept once.
#[derive(Default)]
struct Words(HashSet<Arc<str>>);

impl Words {
    /// Beyond so many different ones, the rest is not worth remembering.
    const MOST: usize = 10_000;

    fn value(&mut self, text: &str) -> Value {
        if let Some(known) = self.0.get(text) {
            return Value::Text(known.clone());
        }
        let word: Arc<str> = text.into();
        if self.0.len() < Self::MOST {
            self.0.insert(word.clone());
        }
        Value::Text(word)
    }
}

/// Who is in which rule segment and in which static one, and in which of those that models found, by `SEGMENTATION/CODE`.
#[derive(Debug, Default)]
pub struct Memberships(HashMap<CustomerId, Vec<Arc<str>>>);

impl Memberships {
    /// Reads the members of every rule segment and static one, and of those segments of models that an offer or a campaign names.
    ///
    /// # Errors
    /// Those of the store.
    pub fn of_all(conn: &mut Connection) -> Result<Memberships> {
        let mut names: Vec<String> = rules::all(conn)?.into_iter().map(|segment| segment.spec.name).collect();
        names.extend(uploaded::all(conn)?.into_iter().map(|segment| segment.name));
        names.extend(super::define::named_of_models(conn)?);
        Memberships::read(conn, &names, None)
    }

    /// Reads the members of some segments; a name that no segment has any more has none.
    ///
    /// # Errors
    /// Those of the store.
    pub fn read(conn: &mut Connection, names: &[String], only: Option<&[CustomerId]>) -> Result<Memberships> {
        let mut lists: HashMap<CustomerId, Vec<Arc<str>>> = HashMap::new();
        for name in names {
            let rule = rules::find(conn, name)?;
            let members = match (&rule, name.split_once('/'), only) {
                (Some(rule), _, None) => rules::every_member(conn, rule.id)?,
                (Some(rule), _, Some(only)) => rules::members_among(conn, rule, only)?,
                (None, Some((of, code)), None) => found::who(conn, of, code)?,
                (None, Some((of, code)), Some(only)) => found::who_among(conn, of, code, only)?,
                (None, None, only) => match (uploaded::find(conn, name)?, only) {
                    (Some(list), None) => uploaded::every_member(conn, list.id)?,
                    (Some(list), Some(only)) => uploaded::members_among(conn, list.id, only)?,
                    (None, _) => continue,
                },
            };
            let name: Arc<str> = name.as_str().into();
            members.into_iter().for_each(|customer| lists.entry(customer).or_default().push(name.clone()));
        }
        Ok(Memberships(lists))
    }

    /// The segments of a customer.
    pub fn of(&self, customer: CustomerId) -> Vec<Arc<str>> {
        self.0.get(&customer).cloned().unwrap_or_default()
    }
}
