//! Inserting one row of many on SQLite, where preparing a statement costs several times what running it does.

use std::marker::PhantomData;
use std::sync::OnceLock;

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryBuilder, QueryFragment, QueryId};
use diesel::query_source::QuerySource;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{Insertable, QueryResult, RunQueryDsl};

/// What stands around the values of an insert, the same for every row; none when it holds values of its own.
pub type Around = OnceLock<Option<(String, String)>>;

/// An insert that is found among the prepared ones by `Place`, where it stands in the program: diesel prepares one with
/// ON CONFLICT anew for each row, and writes out any other's text to look it up.
struct OfPlace<'a, Values, Place> {
    before: &'a str,
    values: Values,
    after: &'a str,
    place: PhantomData<Place>,
}

impl<Values, Place: 'static> QueryId for OfPlace<'_, Values, Place> {
    type QueryId = Place;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB: Backend, Values: QueryFragment<DB>, Place> QueryFragment<DB> for OfPlace<'_, Values, Place> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql(self.before);
        self.values.walk_ast(pass.reborrow())?;
        pass.push_sql(self.after);
        Ok(())
    }
}

impl<Values, Place> RunQueryDsl<SqliteConnection> for OfPlace<'_, Values, Place> {}

/// The table that a statement inserts into.
pub trait Inserts {
    /// It.
    type Table;
}

impl<T: QuerySource, U, Op, Ret> Inserts for diesel::query_builder::InsertStatement<T, U, Op, Ret> {
    type Table = T;
}

/// Inserts one row by the statement that `query` makes of it. `Place` is a type of the call's own, and `around` its own memory. A
/// row whose missing values become defaults of the table has a text of its own, and is run as it comes.
pub fn insert_row<Place, Row, Q>(
    conn: &mut SqliteConnection,
    row: Row,
    around: &Around,
    query: impl Fn(Row) -> Q,
) -> QueryResult<usize>
where
    Place: 'static,
    Row: Insertable<Q::Table> + Copy,
    Row::Values: QueryFragment<Sqlite> + QueryId,
    Q: Inserts + QueryFragment<Sqlite> + QueryId + RunQueryDsl<SqliteConnection>,
{
    if Row::Values::HAS_STATIC_QUERY_ID
        && let Some((before, after)) = around.get_or_init(|| parted(&query(row), &row.values()))
    {
        return OfPlace { before, values: row.values(), after, place: PhantomData::<Place> }.execute(conn);
    }
    query(row).execute(conn)
}

fn parted(query: &impl QueryFragment<Sqlite>, values: &impl QueryFragment<Sqlite>) -> Option<(String, String)> {
    let (whole, values) = (text(query)?, text(values)?);
    let (before, after) = whole.split_once(&values)?;
    (!before.contains('?') && !after.contains('?')).then(|| (before.to_owned(), after.to_owned()))
}

fn text(fragment: &impl QueryFragment<Sqlite>) -> Option<String> {
    let mut builder = <Sqlite as Backend>::QueryBuilder::default();
    fragment.to_sql(&mut builder, &Sqlite).ok()?;
    Some(builder.finish())
}
