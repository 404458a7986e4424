//! Updating one row of many on SQLite, where preparing a statement costs several times what running it does: diesel prepares its own
//! updates anew each time.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::query_builder::{AsChangeset, AstPass, QueryFragment, QueryId};
use diesel::query_source::QuerySource;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{QueryResult, RunQueryDsl};

/// An update, of diesel's own parts, that is found among the prepared ones by `Place`, where it stands in the program.
struct OfPlace<From, Which, Changes, Place> {
    from: From,
    which: Which,
    changes: Changes,
    place: PhantomData<Place>,
}

impl<From, Which, Changes, Place: 'static> QueryId for OfPlace<From, Which, Changes, Place> {
    type QueryId = Place;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB, From, Which, Changes, Place> QueryFragment<DB> for OfPlace<From, Which, Changes, Place>
where
    DB: Backend,
    From: QueryFragment<DB>,
    Which: QueryFragment<DB>,
    Changes: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql("UPDATE ");
        self.from.walk_ast(pass.reborrow())?;
        pass.push_sql(" SET ");
        self.changes.walk_ast(pass.reborrow())?;
        pass.push_sql(" WHERE ");
        self.which.walk_ast(pass)
    }
}

impl<From, Which, Changes, Place> RunQueryDsl<SqliteConnection> for OfPlace<From, Which, Changes, Place> {}

/// Updates the rows of `table` that are `which`; answers how many. `Place` is a type of the call's own. Whatever is bound, the text must
/// be the same: no `eq_any`, no changes that leave columns out.
pub fn update_row<Place, Table, Which, Changes>(
    conn: &mut SqliteConnection,
    table: Table,
    which: Which,
    changes: Changes,
) -> QueryResult<usize>
where
    Place: 'static,
    Table: QuerySource,
    Table::FromClause: QueryFragment<Sqlite>,
    Which: QueryFragment<Sqlite>,
    Changes: AsChangeset<Target = Table>,
    Changes::Changeset: QueryFragment<Sqlite>,
{
    let (from, changes) = (table.from_clause(), changes.as_changeset());
    OfPlace { from, which, changes, place: PhantomData::<Place> }.execute(conn)
}
