//! One connection type over both stores, and the macro for what the two must do each in its own dialect.

use diesel::sqlite::SqliteConnection;

use super::postgres::PostgresConnection;

/// A connection to the store. Ordinary queries are written once; see [`on_each!`](crate::storage::on_each) for the rest.
#[derive(diesel::MultiConnection)]
#[allow(clippy::large_enum_variant, reason = "there are a handful of connections, and the derive knows no boxes")]
pub enum StoreConnection {
    /// The embedded store.
    Sqlite(SqliteConnection),
    /// The store that several nodes share.
    Postgres(PostgresConnection),
}

/// Runs one expression on whichever store the connection leads to, typed for that backend: for upserts and RETURNING,
/// which diesel's `MultiConnection` cannot express.
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

/// Inserts or upserts many rows: one statement for each 500 on PostgreSQL, one prepared statement a row on SQLite (in this
/// process that costs microseconds, and SQLite takes no batch with ON CONFLICT from diesel). Rows whose type says
/// `treat_none_as_default_value = false` are quickest there. Yields `QueryResult<usize>`.
///
/// ```ignore
/// insert_rows!(conn, rows, values => diesel::insert_into(offer::table).values(values).on_conflict_do_nothing())?;
/// ```
#[macro_export]
macro_rules! insert_rows {
    ($conn:expr, $rows:expr, $values:ident => $query:expr) => {{
        let mut written = 0usize;
        let result: diesel::QueryResult<()> = (|| {
            match $conn {
                $crate::storage::Connection::Sqlite(c) => {
                    struct Here;
                    static AROUND: $crate::storage::Around = $crate::storage::Around::new();
                    for row in $rows.iter() {
                        written += $crate::storage::insert_row::<Here, _, _>(c, row, &AROUND, |$values| $query)?;
                    }
                }
                $crate::storage::Connection::Postgres(c) => {
                    for $values in $rows.chunks(500) {
                        written += diesel::RunQueryDsl::execute($query, c)?;
                    }
                }
            }
            Ok(())
        })();
        result.map(|()| written)
    }};
}
pub use crate::insert_rows;

impl StoreConnection {
    /// Which store this is.
    pub fn is_postgres(&self) -> bool {
        matches!(self, StoreConnection::Postgres(_))
    }
}
