//! The SQL of the catalogue of events and of their personal properties.

use diesel::prelude::*;

use super::{EventType, EventTypes};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::{event_personal, event_type};

fn read(definition: &str) -> Result<EventType> {
    serde_json::from_str(definition).map_err(|error| Error::internal("a stored event type is damaged").caused_by(error))
}

/// All that is declared in the store.
pub fn all(conn: &mut Connection) -> Result<EventTypes> {
    let rows: Vec<(String, String)> =
        event_type::table.select((event_type::name, event_type::definition)).load(conn)?;
    let types = rows.into_iter().map(|(name, definition)| Ok((name, read(&definition)?))).collect::<Result<_>>()?;
    Ok(EventTypes(types))
}

/// One declaration with its version.
pub fn by_name(conn: &mut Connection, name: &str) -> Result<Option<(EventType, i64)>> {
    let row = event_type::table.find(name).select((event_type::definition, event_type::version));
    let row: Option<(String, i64)> = row.first(conn).optional()?;
    row.map(|(definition, version)| Ok((read(&definition)?, version))).transpose()
}

/// Adds a declaration, or replaces it; answers its version.
pub fn put(conn: &mut Connection, name: &str, declared: &EventType, now: Timestamp) -> Result<i64> {
    let definition = serde_json::to_string(declared)?;
    let set = (
        event_type::definition.eq(&definition),
        event_type::updated_at.eq(now.0),
        event_type::version.eq(event_type::version + 1),
    );
    if diesel::update(event_type::table.find(name)).set(set).execute(conn)? == 0 {
        let row = (
            event_type::name.eq(name),
            event_type::definition.eq(&definition),
            event_type::created_at.eq(now.0),
            event_type::updated_at.eq(now.0),
            event_type::version.eq(1),
        );
        diesel::insert_into(event_type::table).values(row).execute(conn)?;
    }
    Ok(event_type::table.find(name).select(event_type::version).first(conn)?)
}

/// Personal properties of one event.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable)]
#[diesel(table_name = event_personal, treat_none_as_default_value = false)]
pub struct Personal {
    /// The event's source.
    pub source: String,
    /// The event's key.
    pub fact_key: String,
    /// Whose.
    pub customer_id: CustomerId,
    /// A JSON object.
    pub properties: String,
}

/// Keeps personal properties.
pub fn keep_personal(conn: &mut Connection, rows: &[Personal]) -> Result<()> {
    insert_rows!(conn, rows, values =>
        diesel::insert_into(event_personal::table).values(values).on_conflict_do_nothing())?;
    Ok(())
}

/// The personal properties of a customer's events.
pub fn personal_of(conn: &mut Connection, customer: CustomerId) -> Result<Vec<Personal>> {
    let rows = event_personal::table.filter(event_personal::customer_id.eq(customer));
    Ok(rows.order((event_personal::source, event_personal::fact_key)).load(conn)?)
}

/// Forgets them: the person is erased.
pub fn forget_personal(conn: &mut Connection, customer: CustomerId) -> Result<usize> {
    Ok(diesel::delete(event_personal::table.filter(event_personal::customer_id.eq(customer))).execute(conn)?)
}

/// Gives them to the customer into whom this one is merged.
pub fn move_personal(conn: &mut Connection, from: CustomerId, into: CustomerId) -> Result<usize> {
    let rows = event_personal::table.filter(event_personal::customer_id.eq(from));
    Ok(diesel::update(rows).set(event_personal::customer_id.eq(into)).execute(conn)?)
}
