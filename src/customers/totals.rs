//! The book-keeping part of serving rows, read and written.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable};
use diesel::upsert::excluded;

use super::{CustomerState, Totals};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::insert_rows;
use crate::storage::schema::customer_state;
use crate::storage::{Connection, Prepared, update_row};

/// Ids in one `IN (...)`.
const CHUNK: usize = 500;

/// The totals of every serving row, by customer.
pub fn all(conn: &mut Connection) -> Result<HashMap<CustomerId, Totals>> {
    between(conn, CustomerId(i64::MIN), CustomerId(i64::MAX))
}

/// The totals of the serving rows of customers with ids in `[from, until]`.
pub fn between(conn: &mut Connection, from: CustomerId, until: CustomerId) -> Result<HashMap<CustomerId, Totals>> {
    let within = customer_state::table.filter(customer_state::customer_id.between(from, until));
    let rows: Vec<(CustomerId, Totals)> =
        within.select((customer_state::customer_id, Totals::as_select())).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The totals in the serving rows of these customers, which are made where there are none, by customer. They are kept from others until
/// the transaction ends: what is read here may be changed and written back.
pub fn for_update(conn: &mut Connection, ids: &[CustomerId], now: Timestamp) -> Result<BTreeMap<CustomerId, Totals>> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        found.extend(locked(conn, chunk)?);
        let missing: Vec<CustomerId> = chunk.iter().copied().filter(|id| !found.contains_key(id)).collect();
        if !missing.is_empty() {
            let empty: Vec<CustomerState> = missing.iter().map(|id| CustomerState::empty(*id, now)).collect();
            insert_rows!(conn, empty, values =>
                diesel::insert_into(customer_state::table).values(values).on_conflict_do_nothing())?;
            found.extend(locked(conn, &missing)?);
        }
    }
    Ok(found)
}

fn locked(conn: &mut Connection, ids: &[CustomerId]) -> Result<Vec<(CustomerId, Totals)>> {
    let rows = customer_state::table.filter(customer_state::customer_id.eq_any(ids)).order(customer_state::customer_id);
    let id = customer_state::customer_id;
    Ok(match conn {
        Connection::Sqlite(c) => rows.select((id, Totals::as_select())).load(c)?,
        // Of two that write at once the second waits here, and then sees what the first has written.
        Connection::Postgres(c) => rows.select((id, Totals::as_select())).for_update().load(c)?,
    })
}

const PUT: &str = "\
    UPDATE customer_state AS s SET orders = v.orders, revenue = v.revenue, cost_to_serve = v.cost, profit = v.profit, \
    open_complaints = v.complaints, last_order_at = v.last, updated_at = ? \
    FROM unnest(?, ?, ?, ?, ?, ?, ?) AS v(id, orders, revenue, cost, profit, complaints, last) WHERE s.customer_id = v.id";

/// Writes totals into the serving rows of customers.
pub fn put(conn: &mut Connection, of: &BTreeMap<CustomerId, Totals>, now: Timestamp) -> Result<()> {
    struct Here;
    match conn {
        Connection::Sqlite(c) => {
            for (id, totals) in of {
                let changes = (
                    customer_state::orders.eq(totals.orders),
                    customer_state::revenue.eq(totals.revenue),
                    customer_state::cost_to_serve.eq(totals.cost_to_serve),
                    customer_state::profit.eq(totals.profit),
                    customer_state::open_complaints.eq(totals.open_complaints),
                    customer_state::last_order_at.eq(totals.last_order_at),
                    customer_state::updated_at.eq(now),
                );
                update_row::<Here, _, _, _>(c, customer_state::table, customer_state::customer_id.eq(id), changes)?;
            }
        }
        Connection::Postgres(c) => {
            let numbers = |column: fn(&Totals) -> i64| of.values().map(column).collect::<Vec<i64>>();
            Prepared::<Here>::new(PUT)
                .bind::<BigInt, _>(now)
                .bind::<Array<BigInt>, _>(of.keys().collect::<Vec<_>>())
                .bind::<Array<BigInt>, _>(numbers(|totals| totals.orders))
                .bind::<Array<BigInt>, _>(numbers(|totals| totals.revenue.0))
                .bind::<Array<BigInt>, _>(numbers(|totals| totals.cost_to_serve.0))
                .bind::<Array<BigInt>, _>(numbers(|totals| totals.profit.0))
                .bind::<Array<BigInt>, _>(numbers(|totals| totals.open_complaints))
                .bind::<Array<Nullable<BigInt>>, _>(of.values().map(|totals| totals.last_order_at).collect::<Vec<_>>())
                .execute(c)?;
        }
    }
    Ok(())
}

const ADD: &str = "\
    INSERT INTO customer_state AS s (customer_id, features, scores, active_hours, open_complaints, \
    orders, revenue, cost_to_serve, profit, updated_at) \
    SELECT id, '{}', '{}', '', 0, orders, revenue, cost, profit, ? \
    FROM unnest(?, ?, ?, ?, ?) AS v(id, orders, revenue, cost, profit) ORDER BY id \
    ON CONFLICT (customer_id) DO UPDATE SET orders = s.orders + excluded.orders, revenue = s.revenue + excluded.revenue, \
    cost_to_serve = s.cost_to_serve + excluded.cost_to_serve, profit = s.profit + excluded.profit, \
    updated_at = excluded.updated_at";

/// Adds orders, revenue, cost and profit to the totals in the serving rows of customers, which are made where there are none. Needs no look
/// at what is there, as complaints and the last purchase do.
pub fn add(conn: &mut Connection, of: &BTreeMap<CustomerId, Totals>, now: Timestamp) -> Result<()> {
    struct Here;
    if let Connection::Postgres(c) = conn {
        let numbers = |column: fn(&Totals) -> i64| of.values().map(column).collect::<Vec<i64>>();
        Prepared::<Here>::new(ADD)
            .bind::<BigInt, _>(now)
            .bind::<Array<BigInt>, _>(of.keys().collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(numbers(|totals| totals.orders))
            .bind::<Array<BigInt>, _>(numbers(|totals| totals.revenue.0))
            .bind::<Array<BigInt>, _>(numbers(|totals| totals.cost_to_serve.0))
            .bind::<Array<BigInt>, _>(numbers(|totals| totals.profit.0))
            .execute(c)?;
        return Ok(());
    }
    let row = |(id, totals): (&CustomerId, &Totals)| {
        let mut row = CustomerState::empty(*id, now);
        row.set_totals(*totals);
        row
    };
    let rows: Vec<CustomerState> = of.iter().map(row).collect();
    insert_rows!(conn, rows, values => diesel::insert_into(customer_state::table)
    .values(values)
    .on_conflict(customer_state::customer_id)
    .do_update()
    .set((
        customer_state::orders.eq(customer_state::orders + excluded(customer_state::orders)),
        customer_state::revenue.eq(customer_state::revenue + excluded(customer_state::revenue)),
        customer_state::cost_to_serve.eq(customer_state::cost_to_serve + excluded(customer_state::cost_to_serve)),
        customer_state::profit.eq(customer_state::profit + excluded(customer_state::profit)),
        customer_state::updated_at.eq(excluded(customer_state::updated_at)),
    )))?;
    Ok(())
}
