//! The SQL of customers, consents and serving rows.

use std::collections::{HashMap, HashSet};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::{Consent, Customer, CustomerState, change, identity};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::insert_rows;
use crate::storage::schema::{consent, customer, customer_state};
use crate::storage::{Connection, on_each};

/// Ids in one `IN (...)`.
const CHUNK: usize = 500;
/// So few are not looked up before they are inserted.
const FEW: usize = 20;

macro_rules! upsert_rows {
    ($rows:expr) => {{
        use diesel::dsl::sql;
        use diesel::sql_types::{BigInt, Nullable, Text};
        macro_rules! keep {
            ($column:ident, $type:ty) => {
                customer::$column.eq(sql::<Nullable<$type>>(concat!(
                    "COALESCE(excluded.",
                    stringify!($column),
                    ", customer.",
                    stringify!($column),
                    ")"
                )))
            };
        }
        diesel::insert_into(customer::table).values($rows).on_conflict(customer::external_id).do_update().set((
            customer::kind.eq(excluded(customer::kind)),
            keep!(first_name, Text),
            keep!(last_name, Text),
            keep!(email, Text),
            keep!(phone, Text),
            keep!(address, Text),
            keep!(country, Text),
            keep!(locale, Text),
            keep!(zone, Text),
            keep!(household, Text),
            keep!(acquired_at, BigInt),
            keep!(acquisition_cost, BigInt),
            customer::profiling_objection.eq(excluded(customer::profiling_objection)),
            customer::tracking.eq(excluded(customer::tracking)),
            customer::attributes.eq(sql::<Text>(
                "CASE WHEN excluded.attributes = '{}' THEN customer.attributes ELSE excluded.attributes END",
            )),
            customer::updated_at.eq(excluded(customer::updated_at)),
            customer::version.eq(customer::version + 1),
        ))
    }};
}

/// Adds customers, or brings known ones up to date; what a row leaves empty stays as it was.
pub fn upsert(conn: &mut Connection, rows: &[Customer]) -> Result<()> {
    // One statement may touch a row once: a key that comes again waits for the next round.
    let (mut seen, mut first, mut again) = (HashSet::new(), Vec::new(), Vec::new());
    for row in rows {
        let round = if seen.insert(row.id) { &mut first } else { &mut again };
        round.push(row.clone());
    }
    insert_rows!(conn, first, values => upsert_rows!(values))?;
    let (ids, latest): (Vec<CustomerId>, Vec<Timestamp>) = first.iter().map(|row| (row.id, row.updated_at)).unzip();
    change::note(conn, &ids, latest.into_iter().max().unwrap_or_default())?;
    if again.is_empty() { Ok(()) } else { upsert(conn, &again) }
}

/// What there is to write of a customer of whom only the key is known.
#[derive(Insertable)]
#[diesel(table_name = customer, treat_none_as_default_value = false)]
struct Unknown<'a> {
    id: CustomerId,
    external_id: &'a str,
    kind: &'a str,
    profiling_objection: bool,
    tracking: bool,
    attributes: &'a str,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: i64,
}

impl Unknown<'_> {
    fn of(customer: &Customer) -> Unknown<'_> {
        Unknown {
            id: customer.id,
            external_id: &customer.external_id,
            kind: &customer.kind,
            profiling_objection: customer.profiling_objection,
            tracking: customer.tracking,
            attributes: &customer.attributes,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
            version: customer.version,
        }
    }
}

/// Adds customers of whom only the key is known; known ones stay as they are.
pub fn insert_unknown(conn: &mut Connection, rows: &[Customer]) -> Result<usize> {
    let rows: Vec<Unknown<'_>> = rows.iter().map(Unknown::of).collect();
    let added = insert_rows!(conn, rows, values => diesel::insert_into(customer::table)
            .values(values)
            .on_conflict_do_nothing())?;
    Ok(added)
}

/// Adds those customers of whom only the key is known and who are not there yet; `unknown` makes such a row. Whoever is known,
/// the usual case, costs a look and no write.
pub fn add_unknown(
    conn: &mut Connection,
    people: &[&(CustomerId, String)],
    unknown: impl Fn(CustomerId, &str) -> Customer,
) -> Result<()> {
    let mut known = HashSet::new();
    // For a few, a refused insert is as cheap as a look; and no plan of a look made while the table was small can slow it down.
    let many = if people.len() > FEW { people } else { &[] };
    for chunk in many.chunks(CHUNK) {
        let ids = chunk.iter().map(|(id, _)| *id);
        known.extend(customer::table.filter(customer::id.eq_any(ids)).select(customer::id).load::<CustomerId>(conn)?);
    }
    let rows: Vec<Customer> =
        people.iter().filter(|(id, _)| !known.contains(id)).map(|(id, key)| unknown(*id, key)).collect();
    insert_unknown(conn, &rows)?;
    Ok(())
}

/// One customer by the company's key, or by one that became an alias.
///
/// # Errors
/// Not found, naming the key.
pub fn by_external_id(conn: &mut Connection, external_id: &str) -> Result<Customer> {
    let found = customer::table.filter(customer::external_id.eq(external_id)).select(Customer::as_select()).first(conn);
    let found = match found.optional()? {
        None => identity::survivor_of(conn, external_id)?.map(|id| by_id(conn, id)).transpose()?.flatten(),
        found => found,
    };
    found.ok_or_else(|| Error::not_found(format!("there is no customer `{external_id}`")))
}

/// One customer by id.
pub fn by_id(conn: &mut Connection, id: CustomerId) -> Result<Option<Customer>> {
    Ok(customer::table.find(id).select(Customer::as_select()).first(conn).optional()?)
}

/// Some customers, those that are known, by id.
pub fn by_ids(conn: &mut Connection, ids: &[CustomerId]) -> Result<Vec<Customer>> {
    let of_these = customer::table.filter(customer::id.eq_any(ids)).order(customer::id);
    Ok(on_each!(conn, c => of_these.select(Customer::as_select()).load(c))?)
}

/// Who has this number, blanks and dashes aside; several may share one.
pub fn by_phone(conn: &mut Connection, number: &str) -> Result<Vec<CustomerId>> {
    // The index is on this very expression.
    const PLAIN: &str = "replace(replace(phone, ' ', ''), '-', '')";
    let plain: String = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if plain.is_empty() {
        return Ok(Vec::new());
    }
    let phone = diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Text>>(PLAIN);
    Ok(customer::table.filter(phone.eq(plain)).order(customer::id).limit(20).select(customer::id).load(conn)?)
}

/// The company's own keys of some customers.
pub fn external_ids(conn: &mut Connection, ids: &[CustomerId]) -> Result<HashMap<CustomerId, String>> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        let rows = customer::table.filter(customer::id.eq_any(chunk)).select((customer::id, customer::external_id));
        found.extend(rows.load::<(CustomerId, String)>(conn)?);
    }
    Ok(found)
}

/// A page of customers in the order of their ids, after `after`.
pub fn page(conn: &mut Connection, after: Option<CustomerId>, limit: i64) -> Result<Vec<Customer>> {
    let rows = customer::table
        .filter(customer::id.gt(after.unwrap_or(CustomerId(-1))))
        .order(customer::id)
        .limit(limit)
        .select(Customer::as_select())
        .load(conn)?;
    Ok(rows)
}

/// All ids, ascending.
pub fn ids(conn: &mut Connection) -> Result<Vec<CustomerId>> {
    Ok(customer::table.select(customer::id).order(customer::id).load(conn)?)
}

/// The zone of every customer who has one of their own.
pub fn zones(conn: &mut Connection) -> Result<HashMap<CustomerId, String>> {
    let rows = customer::table.filter(customer::zone.is_not_null());
    let rows: Vec<(CustomerId, Option<String>)> = rows.select((customer::id, customer::zone)).load(conn)?;
    Ok(rows.into_iter().filter_map(|(id, zone)| Some((id, zone?))).collect())
}

/// Customers who object to profiling.
pub fn objecting(conn: &mut Connection) -> Result<Vec<CustomerId>> {
    let objecting = customer::table.filter(customer::profiling_objection.eq(true));
    Ok(objecting.select(customer::id).order(customer::id).load(conn)?)
}

/// The attributes, as JSON, of customers who do not object to profiling; of those who have any. By customer, rising.
pub fn attributes_of_consenting(conn: &mut Connection) -> Result<Vec<(CustomerId, String)>> {
    let consenting = customer::table.filter(customer::profiling_objection.eq(false));
    let having = consenting.filter(customer::attributes.ne("{}"));
    Ok(having.select((customer::id, customer::attributes)).order(customer::id).load(conn)?)
}

/// Id, the company's own key, and attributes as JSON of every customer, by id.
pub fn keys_and_attributes(conn: &mut Connection) -> Result<Vec<(CustomerId, String, String)>> {
    let columns = (customer::id, customer::external_id, customer::attributes);
    Ok(customer::table.select(columns).order(customer::id).load(conn)?)
}

/// How many customers there are.
pub fn count(conn: &mut Connection) -> Result<i64> {
    Ok(customer::table.count().get_result(conn)?)
}

/// Writes consents; a newer record replaces an older one, an older one is left aside.
pub fn record_consents(conn: &mut Connection, rows: &[Consent]) -> Result<usize> {
    use diesel::query_dsl::methods::FilterDsl;

    let latest = latest_per_key(rows);
    let written = insert_rows!(conn, latest, values => diesel::insert_into(consent::table)
            .values(values)
            .on_conflict((consent::customer_id, consent::channel, consent::purpose))
            .do_update()
            .set((
                consent::granted.eq(excluded(consent::granted)),
                consent::legal_basis.eq(excluded(consent::legal_basis)),
                consent::source.eq(excluded(consent::source)),
                consent::recorded_at.eq(excluded(consent::recorded_at)),
            ))
            .filter(excluded(consent::recorded_at).ge(consent::recorded_at)))?;
    Ok(written)
}

/// One statement may touch a row once: of several records of one key the newest stays.
fn latest_per_key(rows: &[Consent]) -> Vec<Consent> {
    let mut latest: std::collections::BTreeMap<(CustomerId, String, String), Consent> =
        std::collections::BTreeMap::new();
    for row in rows {
        let key = (row.customer_id, row.channel.clone(), row.purpose.clone());
        match latest.get(&key) {
            Some(known) if known.recorded_at > row.recorded_at => {}
            _ => {
                latest.insert(key, row.clone());
            }
        }
    }
    latest.into_values().collect()
}

/// The consents of one customer.
pub fn consents_of(conn: &mut Connection, id: CustomerId) -> Result<Vec<Consent>> {
    let rows = consent::table
        .filter(consent::customer_id.eq(id))
        .order((consent::channel, consent::purpose))
        .select(Consent::as_select())
        .load(conn)?;
    Ok(rows)
}

/// The consents of some customers, by customer.
pub fn consents_of_each(conn: &mut Connection, ids: &[CustomerId]) -> Result<Vec<Consent>> {
    let of_these = consent::table.filter(consent::customer_id.eq_any(ids));
    let of_these = of_these.order((consent::customer_id, consent::channel, consent::purpose));
    Ok(on_each!(conn, c => of_these.select(Consent::as_select()).load(c))?)
}

/// The consents of customers with ids in `[from, until]`, by customer.
pub fn consents_between(conn: &mut Connection, from: CustomerId, until: CustomerId) -> Result<Vec<Consent>> {
    let rows = consent::table
        .filter(consent::customer_id.between(from, until))
        .order((consent::customer_id, consent::channel, consent::purpose))
        .select(Consent::as_select())
        .load(conn)?;
    Ok(rows)
}

/// Writes serving rows, replacing what was there.
pub fn put_states(conn: &mut Connection, rows: &[CustomerState]) -> Result<()> {
    insert_rows!(conn, rows, values => diesel::insert_into(customer_state::table)
    .values(values)
    .on_conflict(customer_state::customer_id)
    .do_update()
    .set((
        customer_state::segment.eq(excluded(customer_state::segment)),
        customer_state::features.eq(excluded(customer_state::features)),
        customer_state::scores.eq(excluded(customer_state::scores)),
        customer_state::last_order_at.eq(excluded(customer_state::last_order_at)),
        customer_state::open_complaints.eq(excluded(customer_state::open_complaints)),
        customer_state::orders.eq(excluded(customer_state::orders)),
        customer_state::revenue.eq(excluded(customer_state::revenue)),
        customer_state::cost_to_serve.eq(excluded(customer_state::cost_to_serve)),
        customer_state::profit.eq(excluded(customer_state::profit)),
        customer_state::scored_at.eq(excluded(customer_state::scored_at)),
        customer_state::updated_at.eq(excluded(customer_state::updated_at)),
        customer_state::stage.eq(excluded(customer_state::stage)),
        customer_state::service_level.eq(excluded(customer_state::service_level)),
        customer_state::active_hours.eq(excluded(customer_state::active_hours)),
    )))?;
    Ok(())
}

/// Empties what models and features said in the serving rows of some customers; totals stay. Pass a few hundred at a time.
pub fn forget_profiles(conn: &mut Connection, ids: &[CustomerId]) -> Result<()> {
    let nothing = (
        customer_state::features.eq("{}"),
        customer_state::scores.eq("{}"),
        customer_state::segment.eq(None::<String>),
        customer_state::stage.eq(None::<String>),
        customer_state::service_level.eq(None::<String>),
        customer_state::active_hours.eq(""),
        customer_state::scored_at.eq(None::<Timestamp>),
    );
    let rows = customer_state::table.filter(customer_state::customer_id.eq_any(ids));
    diesel::update(rows).set(nothing).execute(conn)?;
    Ok(())
}

/// The stage in every serving row.
pub fn stages(conn: &mut Connection) -> Result<Vec<(CustomerId, Option<String>)>> {
    Ok(customer_state::table.select((customer_state::customer_id, customer_state::stage)).load(conn)?)
}

/// Writes a stage into the serving rows of some customers.
pub fn set_stage(conn: &mut Connection, ids: &[CustomerId], stage: &str) -> Result<()> {
    ids.chunks(CHUNK).try_for_each(|some| {
        let rows = customer_state::table.filter(customer_state::customer_id.eq_any(some));
        diesel::update(rows).set(customer_state::stage.eq(stage)).execute(conn)?;
        Ok(())
    })
}

/// Keeps others from writing serving rows until the transaction ends. SQLite has one writer, which does the same.
pub fn hold_states(conn: &mut Connection) -> Result<()> {
    if conn.is_postgres() {
        conn.batch_execute("LOCK TABLE customer_state IN SHARE ROW EXCLUSIVE MODE")?;
    }
    Ok(())
}

/// Customers with an open complaint and how many, by id after `after`.
pub fn complaining(conn: &mut Connection, after: Option<CustomerId>, limit: i64) -> Result<Vec<(CustomerId, i64)>> {
    let rows = customer_state::table
        .filter(customer_state::open_complaints.gt(0))
        .filter(customer_state::customer_id.gt(after.unwrap_or(CustomerId(i64::MIN))));
    let columns = (customer_state::customer_id, customer_state::open_complaints);
    Ok(rows.order(customer_state::customer_id).limit(limit).select(columns).load(conn)?)
}

/// The serving row of one customer.
pub fn state_of(conn: &mut Connection, id: CustomerId) -> Result<Option<CustomerState>> {
    Ok(customer_state::table.find(id).select(CustomerState::as_select()).first(conn).optional()?)
}

/// The serving rows of some customers.
pub fn states_of_each(conn: &mut Connection, ids: &[CustomerId]) -> Result<Vec<CustomerState>> {
    let of_these = customer_state::table.filter(customer_state::customer_id.eq_any(ids));
    Ok(on_each!(conn, c => of_these.select(CustomerState::as_select()).load(c))?)
}

/// The serving rows of customers with ids in `[from, until]`.
pub fn states_between(conn: &mut Connection, from: CustomerId, until: CustomerId) -> Result<Vec<CustomerState>> {
    let rows = customer_state::table
        .filter(customer_state::customer_id.between(from, until))
        .order(customer_state::customer_id)
        .select(CustomerState::as_select())
        .load(conn)?;
    Ok(rows)
}
