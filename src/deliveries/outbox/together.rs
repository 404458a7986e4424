//! Many rows in one statement, for PostgreSQL: a statement is a round trip to the server. In this process, with SQLite, a statement
//! for each row costs no more.
//!
//! A row is named by id, owner and attempt, so that who has slept past the lease changes nothing. The statements are prepared once a
//! connection: diesel prepares those given to it as text anew each time.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};

use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
use crate::storage::PostgresConnection;

/// Rows as their workers have claimed them.
#[derive(Debug, Default)]
pub(super) struct Claims<'a> {
    ids: Vec<i64>,
    owners: Vec<Option<&'a str>>,
    attempts: Vec<i32>,
}

impl<'a> Claims<'a> {
    pub(super) fn of(rows: impl Iterator<Item = &'a Delivery>) -> Claims<'a> {
        let mut claims = Claims::default();
        for row in rows {
            claims.ids.push(row.id.0);
            claims.owners.push(row.lease_owner.as_deref());
            claims.attempts.push(row.attempt);
        }
        claims
    }

    fn walk<'b>(&'b self, pass: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Nullable<Text>>, _>(&self.owners)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Integer>, _>(&self.attempts)
    }
}

const MINE: &str = " WHERE d.id = v.id AND d.lease_owner = v.owner AND d.attempt = v.attempt";

/// Marks rows as committing unless their run, or everything, is stopped. Gives the ids of those that are.
#[derive(Debug)]
pub(super) struct Mark<'a> {
    pub(super) rows: Claims<'a>,
    pub(super) until: Timestamp,
    pub(super) now: Timestamp,
}

impl QueryFragment<Pg> for Mark<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("UPDATE delivery AS d SET state = 'committing', lease_until = ");
        pass.push_bind_param::<BigInt, _>(&self.until)?;
        pass.push_sql(", updated_at = ");
        pass.push_bind_param::<BigInt, _>(&self.now)?;
        pass.push_sql(" FROM unnest(");
        self.rows.walk(&mut pass)?;
        pass.push_sql(") AS v(id, owner, attempt)");
        pass.push_sql(MINE);
        pass.push_sql(
            " AND d.state = 'claimed' AND NOT EXISTS (SELECT 1 FROM delivery_brake AS b \
             WHERE b.campaign_run_id = d.campaign_run_id OR b.campaign_run_id = 0) RETURNING d.id",
        );
        Ok(())
    }
}

/// Records that receivers accepted rows, also of one that was held meanwhile. Gives the ids of those that were still the workers'.
#[derive(Debug)]
pub(super) struct Accepted<'a> {
    pub(super) rows: Claims<'a>,
    pub(super) codes: Vec<Option<i32>>,
    pub(super) texts: Vec<String>,
    pub(super) now: Timestamp,
}

impl QueryFragment<Pg> for Accepted<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("UPDATE delivery AS d SET state = 'sent', reason = NULL, reply_code = v.code, reply_text = v.text, updated_at = ");
        pass.push_bind_param::<BigInt, _>(&self.now)?;
        pass.push_sql(" FROM unnest(");
        self.rows.walk(&mut pass)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Nullable<Integer>>, _>(&self.codes)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Text>, _>(&self.texts)?;
        pass.push_sql(") AS v(id, owner, attempt, code, text)");
        pass.push_sql(MINE);
        pass.push_sql(" AND d.state IN ('committing', 'held') RETURNING d.id");
        Ok(())
    }
}

macro_rules! prepared_once {
    ($statement:ident) => {
        impl QueryId for $statement<'_> {
            type QueryId = $statement<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
        impl Query for $statement<'_> {
            type SqlType = BigInt;
        }
        impl RunQueryDsl<PostgresConnection> for $statement<'_> {}
    };
}
prepared_once!(Mark);
prepared_once!(Accepted);
