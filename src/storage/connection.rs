//! One connection type over both stores, and the macro for what the two must do each in its own dialect.

use diesel::sqlite::SqliteConnection;

use super::postgres::PostgresConnection;

/// A connection to the store. Ordinary queries are written once; see [`on_each!`](crate::storage::on_each) for the rest.
#[derive(diesel::MultiConnection)]
pub enum StoreConnection {
    /// The embedded store.
    Sqlite(SqliteConnection),
    /// The store that several nodes share.
    Postgres(PostgresConnection),
}

/// Runs one expression on whichever store the connection leads to, typed for that backend: for batch inserts, upserts and
/// RETURNING, which diesel's `MultiConnection` cannot express.
///
/// ```ignore
/// on_each!(conn, c => diesel::insert_into(offer::table).values(&rows).on_conflict(offer::id).do_nothing().execute(c))?;
/// ```
#[macro_export]
macro_rules! on_each {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::storage::Connection::Sqlite($c) => $body,
            $crate::storage::Connection::Postgres($c) => $body,
        }
    };
}
pub use crate::on_each;

impl StoreConnection {
    /// Which store this is.
    pub fn is_postgres(&self) -> bool {
        matches!(self, StoreConnection::Postgres(_))
    }
}
