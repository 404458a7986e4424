//! Inserting one row of many on SQLite, where what is made of a statement for each row costs more than the row itself.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, InsertStatement, QueryFragment, QueryId};
use diesel::query_source::QuerySource;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{Insertable, QueryResult, RunQueryDsl};

/// A statement that is found among the prepared ones by `Place`, where it stands in the program, and not by its text, which
/// diesel would have to write out anew for every row: it does not know that ON CONFLICT leaves a text as constant as it was.
struct OfPlace<Q, Place> {
    query: Q,
    place: PhantomData<Place>,
}

impl<Q, Place: 'static> QueryId for OfPlace<Q, Place> {
    type QueryId = Place;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB: Backend, Q: QueryFragment<DB>, Place> QueryFragment<DB> for OfPlace<Q, Place> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.query.walk_ast(pass)
    }
}

impl<Q, Place> RunQueryDsl<SqliteConnection> for OfPlace<Q, Place> {}

/// The table that a statement inserts into.
pub trait Inserts {
    /// It.
    type Table;
}

impl<T: QuerySource, U, Op, Ret> Inserts for InsertStatement<T, U, Op, Ret> {
    type Table = T;
}

/// Inserts one row by the statement that `query` makes of it. `Place` is a type of the call's own, for which `query` makes but
/// one kind of statement. A row whose missing values become defaults of the table has a text of its own, and is run as such.
pub fn insert_row<Place, Row, Q>(
    conn: &mut SqliteConnection,
    row: Row,
    query: impl FnOnce(Row) -> Q,
) -> QueryResult<usize>
where
    Place: 'static,
    Row: Insertable<Q::Table>,
    Row::Values: QueryId,
    Q: Inserts + QueryFragment<Sqlite> + QueryId + RunQueryDsl<SqliteConnection>,
{
    let query = query(row);
    if Row::Values::HAS_STATIC_QUERY_ID {
        OfPlace { query, place: PhantomData::<Place> }.execute(conn)
    } else {
        query.execute(conn)
    }
}
