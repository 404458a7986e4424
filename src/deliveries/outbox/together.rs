//! Many rows in one statement, for PostgreSQL: a statement is a round trip to the server. In this process, with SQLite, a statement
//! for each row costs no more.
//!
//! A row is named by id, owner and attempt, so that who has slept past the lease changes nothing. The statement is prepared once a
//! connection: diesel prepares one given to it as text anew each time.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::record::readable;
use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::transport::Outcome;
use crate::ids::DeliveryId;
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
        rows.for_each(|row| claims.push(row));
        claims
    }

    fn push(&mut self, row: &'a Delivery) {
        self.ids.push(row.id.0);
        self.owners.push(row.lease_owner.as_deref());
        self.attempts.push(row.attempt);
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

/// Rows that receivers accepted, with their words.
#[derive(Debug, Default)]
pub(super) struct Accepted<'a> {
    rows: Claims<'a>,
    codes: Vec<Option<i32>>,
    texts: Vec<String>,
}

impl<'a> Accepted<'a> {
    /// Those of `answers` that say so.
    pub(super) fn of(answers: &'a [(Arc<Delivery>, Outcome)]) -> Accepted<'a> {
        let mut accepted = Accepted::default();
        for (row, outcome) in answers {
            if let Outcome::Sent { code, text } = outcome {
                accepted.rows.push(row);
                accepted.codes.push(*code);
                accepted.texts.push(readable(text));
            }
        }
        accepted
    }
}

/// Records that rows were accepted, also of one that was held meanwhile, and marks others as committing, unless their run, or everything,
/// is stopped.
#[derive(Debug)]
pub(super) struct Together<'a> {
    pub(super) accepted: Accepted<'a>,
    pub(super) rows: Claims<'a>,
    pub(super) until: Timestamp,
    pub(super) now: Timestamp,
}

/// Which rows it found to be the workers' still.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) accepted: HashSet<DeliveryId>,
    pub(super) marked: HashSet<DeliveryId>,
}

impl Together<'_> {
    pub(super) fn run(self, conn: &mut PostgresConnection) -> QueryResult<Done> {
        let mut done = Done::default();
        for (id, accepted) in self.load::<(DeliveryId, bool)>(conn)? {
            if accepted { &mut done.accepted } else { &mut done.marked }.insert(id);
        }
        Ok(done)
    }
}

impl QueryFragment<Pg> for Together<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql(
            "WITH accepted AS (\
             UPDATE delivery AS d SET state = 'sent', reason = NULL, reply_code = v.code, reply_text = v.text, updated_at = ",
        );
        pass.push_bind_param::<BigInt, _>(&self.now)?;
        pass.push_sql(" FROM unnest(");
        self.accepted.rows.walk(&mut pass)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Nullable<Integer>>, _>(&self.accepted.codes)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Text>, _>(&self.accepted.texts)?;
        pass.push_sql(") AS v(id, owner, attempt, code, text)");
        pass.push_sql(MINE);
        pass.push_sql(
            " AND d.state IN ('committing', 'held') RETURNING d.id), marked AS (\
             UPDATE delivery AS d SET state = 'committing', lease_until = ",
        );
        pass.push_bind_param::<BigInt, _>(&self.until)?;
        pass.push_sql(", updated_at = ");
        pass.push_bind_param::<BigInt, _>(&self.now)?;
        pass.push_sql(" FROM unnest(");
        self.rows.walk(&mut pass)?;
        pass.push_sql(") AS v(id, owner, attempt)");
        pass.push_sql(MINE);
        pass.push_sql(
            " AND d.state = 'claimed' AND NOT EXISTS (SELECT 1 FROM delivery_brake AS b \
             WHERE b.campaign_run_id = d.campaign_run_id OR b.campaign_run_id = 0) RETURNING d.id) \
             SELECT id, TRUE FROM accepted UNION ALL SELECT id, FALSE FROM marked",
        );
        Ok(())
    }
}

impl QueryId for Together<'_> {
    type QueryId = Together<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Together<'_> {
    type SqlType = (BigInt, Bool);
}

impl RunQueryDsl<PostgresConnection> for Together<'_> {}
