//! One row a statement, for SQLite: prepared once a connection, where diesel prepares its own updates anew for each row.
//!
//! A row is named by id, owner and attempt, so that who has slept past the lease changes nothing.

use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{QueryResult, RunQueryDsl};

use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;

fn mine<'b>(row: &'b Delivery, pass: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
    pass.push_sql(" WHERE id = ");
    pass.push_bind_param::<BigInt, _>(&row.id.0)?;
    pass.push_sql(" AND lease_owner = ");
    pass.push_bind_param::<Nullable<Text>, _>(&row.lease_owner)?;
    pass.push_sql(" AND attempt = ");
    pass.push_bind_param::<Integer, _>(&row.attempt)
}

/// Marks a row as committing.
#[derive(Debug)]
pub(super) struct Mark<'a> {
    pub(super) row: &'a Delivery,
    pub(super) until: Timestamp,
    pub(super) now: Timestamp,
}

impl QueryFragment<Sqlite> for Mark<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        pass.push_sql("UPDATE delivery SET state = 'committing', lease_until = ");
        pass.push_bind_param::<BigInt, _>(&self.until)?;
        pass.push_sql(", updated_at = ");
        pass.push_bind_param::<BigInt, _>(&self.now)?;
        mine(self.row, &mut pass)?;
        pass.push_sql(" AND state = 'claimed'");
        Ok(())
    }
}

/// Records that the receiver accepted a row, also one that was held meanwhile.
#[derive(Debug)]
pub(super) struct Accepted<'a> {
    pub(super) row: &'a Delivery,
    pub(super) code: Option<i32>,
    pub(super) text: String,
    pub(super) now: Timestamp,
}

impl QueryFragment<Sqlite> for Accepted<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        pass.push_sql("UPDATE delivery SET state = 'sent', reason = NULL, reply_code = ");
        pass.push_bind_param::<Nullable<Integer>, _>(&self.code)?;
        pass.push_sql(", reply_text = ");
        pass.push_bind_param::<Text, _>(&self.text)?;
        pass.push_sql(", updated_at = ");
        pass.push_bind_param::<BigInt, _>(&self.now)?;
        mine(self.row, &mut pass)?;
        pass.push_sql(" AND state IN ('committing', 'held')");
        Ok(())
    }
}

macro_rules! prepared_once {
    ($statement:ident) => {
        impl QueryId for $statement<'_> {
            type QueryId = $statement<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
        impl RunQueryDsl<SqliteConnection> for $statement<'_> {}
    };
}
prepared_once!(Mark);
prepared_once!(Accepted);
