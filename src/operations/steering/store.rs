//! The SQL of what the company steers by.

use diesel::prelude::*;
use serde::Serialize;

use super::spec::Definition;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::storage::schema::steering as table;
use crate::storage::{Connection, on_each};

/// A definition as kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Kept<T> {
    /// Its name.
    pub name: String,
    /// The definition.
    #[serde(flatten)]
    pub spec: T,
    /// Rises with every edit; the ETag.
    pub version: i64,
    /// When it was last edited.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

type Row = (String, String, i64, Timestamp, String);

const COLUMNS: (table::name, table::spec, table::version, table::updated_at, table::updated_by) =
    (table::name, table::spec, table::version, table::updated_at, table::updated_by);

fn read<T: Definition>((name, spec, version, updated_at, updated_by): Row) -> Result<Kept<T>> {
    let spec = serde_json::from_str(&spec)
        .map_err(|error| Error::internal(format!("the stored {} `{name}` is damaged", T::KIND)).caused_by(error))?;
    Ok(Kept { name, spec, version, updated_at, updated_by })
}

/// All of a kind, by name.
pub fn all<T: Definition>(conn: &mut Connection) -> Result<Vec<Kept<T>>> {
    let rows: Vec<Row> = table::table.filter(table::kind.eq(T::KIND)).order(table::name).select(COLUMNS).load(conn)?;
    rows.into_iter().map(read).collect()
}

/// One by name, if there is one.
pub fn find<T: Definition>(conn: &mut Connection, name: &str) -> Result<Option<Kept<T>>> {
    let row: Option<Row> = table::table
        .filter(table::kind.eq(T::KIND))
        .filter(table::name.eq(name))
        .select(COLUMNS)
        .first(conn)
        .optional()?;
    row.map(read).transpose()
}

/// One by name.
///
/// # Errors
/// Not found.
pub fn by_name<T: Definition>(conn: &mut Connection, name: &str) -> Result<Kept<T>> {
    find(conn, name)?.ok_or_else(|| Error::not_found(format!("there is no {} `{name}`", T::KIND)))
}

/// Adds or replaces one.
pub fn put<T: Definition>(conn: &mut Connection, name: &str, spec: &T, actor: &str, now: Timestamp) -> Result<Kept<T>> {
    let text = serde_json::to_string(spec)?;
    let changed = diesel::update(table::table.filter(table::kind.eq(T::KIND)).filter(table::name.eq(name)))
        .set((
            table::spec.eq(&text),
            table::version.eq(table::version + 1),
            table::updated_at.eq(now),
            table::updated_by.eq(actor),
        ))
        .execute(conn)?;
    if changed == 0 {
        let row = (
            table::kind.eq(T::KIND),
            table::name.eq(name),
            table::spec.eq(&text),
            table::version.eq(1_i64),
            table::updated_at.eq(now),
            table::updated_by.eq(actor),
        );
        on_each!(conn, c => diesel::insert_into(table::table).values(row).execute(c))?;
    }
    by_name(conn, name)
}

/// Removes one.
pub fn remove<T: Definition>(conn: &mut Connection, name: &str) -> Result<()> {
    diesel::delete(table::table.filter(table::kind.eq(T::KIND)).filter(table::name.eq(name))).execute(conn)?;
    Ok(())
}
