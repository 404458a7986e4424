//! The hot tail: all SQL about facts that arrived one by one and are not sealed yet.

use std::borrow::Borrow;
use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::sqlite::SqliteConnection;

use super::facts::{self, FactType};
use super::feed;
use super::value::{Fact, FactBatch, Value, check};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{self, CustomerId};
use crate::storage::schema::history_tail;
use crate::storage::{Connection, PostgresConnection, Prepared};

/// What became of appended facts: for each, in order, whether it is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended(pub Vec<bool>);

impl Appended {
    /// How many were new.
    pub fn accepted(&self) -> usize {
        self.0.iter().filter(|&&new| new).count()
    }
}

#[derive(Insertable)]
#[diesel(table_name = history_tail, treat_none_as_default_value = false)]
pub(super) struct Row<'a> {
    id: i64,
    fact_type: &'a str,
    source: &'a str,
    fact_key: &'a str,
    customer_id: i64,
    occurred_at: i64,
    accepted_at: i64,
    payload: String,
    batch: i64,
    sealed_at: i64,
}

/// Appends facts in the caller's transaction; they are durable when that has committed. One that is known already, by its
/// source and key, is left as it was.
///
/// # Errors
/// Invalid, when a fact does not fit its type; nothing is then appended.
pub fn append<F: Borrow<Fact>>(
    conn: &mut Connection,
    fact_type: &FactType,
    facts: &[F],
    now: Timestamp,
) -> Result<Appended> {
    let mut rows = Vec::with_capacity(facts.len());
    for fact in facts {
        check(fact_type, &fact.borrow().values)?;
        rows.push(row(fact_type, fact.borrow(), now)?);
    }
    let new = match conn {
        Connection::Sqlite(c) => insert_each(c, &rows)?,
        Connection::Postgres(c) => insert_at_once(c, fact_type, &rows)?,
    };
    Ok(Appended(new))
}

/// One prepared statement, run for each row: within this process that costs less than a statement of many rows.
fn insert_each(c: &mut SqliteConnection, rows: &[Row]) -> Result<Vec<bool>> {
    let insert = |row| diesel::insert_into(history_tail::table).values(row).on_conflict_do_nothing().execute(c);
    Ok(rows.iter().map(insert).map(|inserted| Ok(inserted? == 1)).collect::<QueryResult<_>>()?)
}

const INSERT: &str = "\
    INSERT INTO history_tail \
    (id, fact_type, source, fact_key, customer_id, occurred_at, accepted_at, payload, batch, sealed_at) \
    SELECT id, ?, source, fact_key, customer_id, occurred_at, ?, payload, 0, 0 \
    FROM unnest(?, ?, ?, ?, ?, ?) AS new (id, source, fact_key, customer_id, occurred_at, payload) \
    ON CONFLICT DO NOTHING RETURNING id";

/// One statement for all rows.
fn insert_at_once(c: &mut PostgresConnection, fact_type: &FactType, rows: &[Row]) -> Result<Vec<bool>> {
    struct Here;
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let numbers = |of: fn(&Row) -> i64| rows.iter().map(of).collect::<Vec<i64>>();
    let texts = |of: for<'r> fn(&'r Row) -> &'r str| rows.iter().map(of).collect::<Vec<&str>>();
    let inserted: Vec<i64> = Prepared::<Here, BigInt>::new(INSERT)
        .bind::<Text, _>(fact_type.name)
        .bind::<BigInt, _>(first.accepted_at)
        .bind::<Array<BigInt>, _>(numbers(|row| row.id))
        .bind::<Array<Text>, _>(texts(|row| row.source))
        .bind::<Array<Text>, _>(texts(|row| row.fact_key))
        .bind::<Array<BigInt>, _>(numbers(|row| row.customer_id))
        .bind::<Array<BigInt>, _>(numbers(|row| row.occurred_at))
        .bind::<Array<Text>, _>(texts(|row| &row.payload))
        .load(c)?;
    let inserted: HashSet<i64> = inserted.into_iter().collect();
    Ok(rows.iter().map(|row| inserted.contains(&row.id)).collect())
}

pub(super) fn row<'a>(fact_type: &'a FactType, fact: &'a Fact, now: Timestamp) -> Result<Row<'a>> {
    Ok(Row {
        id: ids::fresh(now),
        fact_type: fact_type.name,
        source: &fact.source,
        fact_key: &fact.key,
        customer_id: fact.customer.0,
        occurred_at: fact.occurred_at.0,
        accepted_at: now.0,
        payload: serde_json::to_string(&fact.values)?,
        batch: 0,
        sealed_at: 0,
    })
}

/// Whether any fact of this type waits to be sealed.
pub(super) fn waiting(conn: &mut Connection, fact_type: &FactType) -> Result<i64> {
    Ok(history_tail::table
        .filter(history_tail::fact_type.eq(fact_type.name))
        .filter(history_tail::sealed_at.eq(0))
        .count()
        .get_result(conn)?)
}

/// Which facts of the tail.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    /// All that are not sealed.
    Open,
    /// Those that were handed over to followers.
    HandedOver,
    /// Those of a claimed batch.
    Batch(i64),
}

/// Facts of this type that are not sealed.
pub(super) fn open_facts(conn: &mut Connection, fact_type: &'static FactType, which: Which) -> Result<FactBatch> {
    let rows = open_rows(fact_type);
    let rows: Vec<Stored> = match which {
        Which::Open => rows.load(conn)?,
        Which::HandedOver => rows.filter(history_tail::feed.gt(0)).load(conn)?,
        Which::Batch(batch) => rows.filter(history_tail::batch.eq(batch)).load(conn)?,
    };
    let mut facts = FactBatch::new(fact_type);
    for row in rows {
        facts.push(&fact(fact_type, row)?)?;
    }
    Ok(facts)
}

/// The facts of this type that were handed over after `after` and up to `until`.
pub(super) fn handed_over(
    conn: &mut Connection,
    fact_type: &'static FactType,
    after: i64,
    until: i64,
) -> Result<Vec<Fact>> {
    let rows = open_rows(fact_type).filter(history_tail::feed.gt(after)).filter(history_tail::feed.le(until));
    rows.load(conn)?.into_iter().map(|row| fact(fact_type, row)).collect()
}

type Stored = (String, String, i64, i64, String);

#[diesel::dsl::auto_type]
fn open_rows(fact_type: &'static FactType) -> _ {
    let name: &'static str = fact_type.name;
    history_tail::table
        .filter(history_tail::fact_type.eq(name))
        .filter(history_tail::sealed_at.eq(0_i64))
        .order((history_tail::customer_id, history_tail::occurred_at, history_tail::fact_key))
        .select((
            history_tail::source,
            history_tail::fact_key,
            history_tail::customer_id,
            history_tail::occurred_at,
            history_tail::payload,
        ))
}

fn fact(fact_type: &FactType, (source, key, customer, occurred_at, payload): Stored) -> Result<Fact> {
    let mut values: Vec<Value> = serde_json::from_str(&payload)?;
    // A row written before a column was added to the end of its type lacks it.
    values.resize(fact_type.columns.len(), Value::Null);
    Ok(Fact { customer: CustomerId(customer), occurred_at: Timestamp(occurred_at), source, key, values })
}

/// The hand-overs whose facts may be sealed: all, or those that every follower has taken in.
fn sealable(conn: &mut Connection) -> Result<(i64, i64)> {
    Ok(feed::taken_in(conn)?.map_or((0, i64::MAX), |taken_in| (1, taken_in)))
}

/// How many facts of this type can be sealed.
pub(super) fn ready(conn: &mut Connection, fact_type: &FactType) -> Result<i64> {
    let (from, until) = sealable(conn)?;
    let rows =
        history_tail::table.filter(history_tail::fact_type.eq(fact_type.name)).filter(history_tail::sealed_at.eq(0));
    Ok(rows.filter(history_tail::feed.between(from, until)).count().get_result(conn)?)
}

/// What is wrong with waiting facts of this type: rows that another program, or a fault, has left unreadable.
pub(super) fn faults(conn: &mut Connection, fact_type: &FactType) -> Result<Vec<String>> {
    const PAGE: i64 = 10_000;
    let mut faults = Vec::new();
    let mut after = i64::MIN;
    loop {
        let rows: Vec<(i64, String)> = history_tail::table
            .filter(history_tail::fact_type.eq(fact_type.name))
            .filter(history_tail::sealed_at.eq(0))
            .filter(history_tail::id.gt(after))
            .order(history_tail::id)
            .limit(PAGE)
            .select((history_tail::id, history_tail::payload))
            .load(conn)?;
        let Some((last, _)) = rows.last() else { return Ok(faults) };
        after = *last;
        for (id, payload) in rows {
            let read = serde_json::from_str(&payload).map_err(Error::from).and_then(|mut values: Vec<Value>| {
                values.resize(fact_type.columns.len().max(values.len()), Value::Null);
                check(fact_type, &values)
            });
            if let Err(error) = read {
                faults.push(format!("row {id} of the tail cannot be read: {}", error.message()));
            }
        }
    }
}

/// Marks the oldest `limit` waiting facts of this type as belonging to `batch`, except those that a follower has not taken in.
pub(super) fn claim(conn: &mut Connection, fact_type: &FactType, batch: i64, limit: i64) -> Result<usize> {
    // Held, so that nobody begins to follow between this look and the claim.
    feed::hold(conn)?;
    let (from, until) = sealable(conn)?;
    let waiting = || {
        history_tail::table
            .filter(history_tail::fact_type.eq(fact_type.name))
            .filter(history_tail::sealed_at.eq(0))
            .filter(history_tail::feed.between(from, until))
    };
    let first_left: Option<i64> =
        waiting().order(history_tail::id).offset(limit).select(history_tail::id).first(conn).optional()?;
    let claimed = diesel::update(waiting().filter(history_tail::id.lt(first_left.unwrap_or(i64::MAX))));
    Ok(claimed.set(history_tail::batch.eq(batch)).execute(conn)?)
}

/// Marks a claimed batch as sealed; only the keys stay.
///
/// # Errors
/// Conflict, when somebody else has claimed or sealed some of its rows since.
pub(super) fn seal(
    conn: &mut Connection,
    fact_type: &FactType,
    batch: i64,
    expected: usize,
    now: Timestamp,
) -> Result<()> {
    // All three, so that the index leads to the rows: the keys of a month stand beside them.
    let rows = history_tail::table
        .filter(history_tail::fact_type.eq(fact_type.name))
        .filter(history_tail::sealed_at.eq(0))
        .filter(history_tail::batch.eq(batch));
    let sealed =
        diesel::update(rows).set((history_tail::sealed_at.eq(now.0), history_tail::payload.eq("[]"))).execute(conn)?;
    if sealed == expected {
        return Ok(());
    }
    Err(Error::conflict("the tail is being sealed by somebody else; try again"))
}

/// Forgets the keys of facts sealed before `before`; later repetitions are found by the merge of their own seal.
pub(super) fn prune(conn: &mut Connection, before: Timestamp) -> Result<usize> {
    facts::ALL.iter().try_fold(0, |sum, fact_type| {
        let old = history_tail::table
            .filter(history_tail::fact_type.eq(fact_type.name))
            .filter(history_tail::sealed_at.gt(0))
            .filter(history_tail::sealed_at.lt(before.0));
        Ok(sum + diesel::delete(old).execute(conn)?)
    })
}

/// How many facts wait, over all types.
pub(super) fn waiting_of_all(conn: &mut Connection) -> Result<i64> {
    facts::ALL.iter().try_fold(0, |sum, fact_type| Ok(sum + waiting(conn, fact_type)?))
}
