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

/// Updates the rows of a table that are `which`, as a step that many rows go through one after another: one prepared statement on
/// SQLite. The text of `which` and of the changes must not depend on what is bound. Yields `QueryResult<usize>`.
///
/// ```ignore
/// update_rows!(conn, delivery::table, delivery::id.eq(id), delivery::state.eq(State::Sent))?;
/// ```
#[macro_export]
macro_rules! update_rows {
    ($conn:expr, $table:expr, $which:expr, $changes:expr) => {
        match $conn {
            $crate::storage::Connection::Sqlite(c) => {
                struct Here;
                $crate::storage::update_row::<Here, _, _, _>(c, $table, $which, $changes)
            }
            $crate::storage::Connection::Postgres(c) => {
                diesel::RunQueryDsl::execute(diesel::update($table).filter($which).set($changes), c)
            }
        }
    };
}
pub use crate::update_rows;

impl StoreConnection {
    /// Which store this is.
    pub fn is_postgres(&self) -> bool {
        matches!(self, StoreConnection::Postgres(_))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use diesel::connection::{InstrumentationEvent, SimpleConnection};
    use diesel::prelude::*;

    use super::*;

    diesel::table! {
        thing (id) {
            id -> BigInt,
            name -> Nullable<Text>,
        }
    }

    #[derive(Insertable)]
    #[diesel(table_name = thing, treat_none_as_default_value = false)]
    struct Thing {
        id: i64,
        name: Option<&'static str>,
    }

    #[test]
    fn a_statement_for_many_rows_is_prepared_once() {
        let mut sqlite = SqliteConnection::establish(":memory:").unwrap();
        sqlite.batch_execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)").unwrap();
        let kept: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = kept.clone();
        sqlite.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::CacheQuery { sql, .. } = event {
                seen.lock().unwrap().push(sql.split(' ').next().unwrap().to_owned());
            }
        });
        let mut conn = StoreConnection::Sqlite(sqlite);
        let things = [(1, Some("a")), (2, None), (1, Some("b"))].map(|(id, name)| Thing { id, name });
        let inserted = insert_rows!(&mut conn, things, values =>
            diesel::insert_into(thing::table).values(values).on_conflict_do_nothing());
        assert_eq!(inserted, Ok(2));
        for (id, name) in [(1, Some("c")), (2, Some("d")), (2, None), (3, Some("e"))] {
            let updated = update_rows!(&mut conn, thing::table, thing::id.eq(id), thing::name.eq(name));
            assert_eq!(updated, Ok(usize::from(id < 3)));
        }
        assert_eq!(*kept.lock().unwrap(), ["INSERT", "UPDATE"]);
        let names = thing::table.order(thing::id).select(thing::name).load::<Option<String>>(&mut conn);
        assert_eq!(names, Ok(vec![Some("c".to_owned()), None]));
    }
}
