//! Many rows in one statement, for PostgreSQL: a statement is a round trip to the server. In this process, with SQLite, a statement
//! for each row costs no more.
//!
//! A row is named by id, owner and attempt, so that who has slept past the lease changes nothing.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::record::readable;
use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::transport::Outcome;
use crate::ids::DeliveryId;
use crate::storage::{PostgresConnection, Prepared};

const TOGETHER: &str = "\
    WITH accepted AS (\
        UPDATE delivery AS d \
        SET state = 'sent', reason = NULL, reply_code = v.code, reply_text = v.text, updated_at = ? \
        FROM unnest(?, ?, ?, ?, ?) AS v(id, owner, attempt, code, text) \
        WHERE d.id = v.id AND d.lease_owner = v.owner AND d.attempt = v.attempt AND d.state IN ('committing', 'held') \
        RETURNING d.id\
    ), marked AS (\
        UPDATE delivery AS d SET state = 'committing', lease_until = ?, updated_at = ? \
        FROM unnest(?, ?, ?) AS v(id, owner, attempt) \
        WHERE d.id = v.id AND d.lease_owner = v.owner AND d.attempt = v.attempt AND d.state = 'claimed' \
        AND NOT EXISTS (\
            SELECT 1 FROM delivery_brake AS b WHERE b.campaign_run_id = d.campaign_run_id OR b.campaign_run_id = 0\
        ) \
        RETURNING d.id\
    ) \
    SELECT id, TRUE FROM accepted UNION ALL SELECT id, FALSE FROM marked";

/// Which rows were found to be the workers' still.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) accepted: HashSet<DeliveryId>,
    pub(super) marked: HashSet<DeliveryId>,
}

/// Records of which rows the answers say that they were accepted, also of one that was held meanwhile, and marks others as committing
/// until `until`, unless their run, or everything, is stopped.
pub(super) fn together(
    conn: &mut PostgresConnection,
    answers: &[(Arc<Delivery>, Outcome)],
    rows: &[&Delivery],
    until: Timestamp,
    now: Timestamp,
) -> QueryResult<Done> {
    struct Here;
    type Found = (BigInt, Bool);
    let (mut accepted, mut codes, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (row, outcome) in answers {
        if let Outcome::Sent { code, text } = outcome {
            accepted.push(row.as_ref());
            codes.push(*code);
            texts.push(readable(text));
        }
    }
    let statement = Prepared::<Here, Found>::new(TOGETHER).bind::<BigInt, _>(now);
    let statement = claims(statement, accepted.into_iter());
    let statement = statement.bind::<Array<Nullable<Integer>>, _>(codes).bind::<Array<Text>, _>(texts);
    let statement = statement.bind::<BigInt, _>(until).bind::<BigInt, _>(now);
    let statement = claims(statement, rows.iter().copied());
    let mut done = Done::default();
    for (id, accepted) in statement.load::<(DeliveryId, bool)>(conn)? {
        if accepted { &mut done.accepted } else { &mut done.marked }.insert(id);
    }
    Ok(done)
}

/// Binds rows as their workers have claimed them: ids, owners and attempts.
fn claims<'a, Place, Row>(
    statement: Prepared<'a, Place, Row>,
    rows: impl Iterator<Item = &'a Delivery>,
) -> Prepared<'a, Place, Row> {
    let (mut ids, mut owners, mut attempts) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        ids.push(row.id.0);
        owners.push(row.lease_owner.as_deref());
        attempts.push(row.attempt);
    }
    let statement = statement.bind::<Array<BigInt>, _>(ids).bind::<Array<Nullable<Text>>, _>(owners);
    statement.bind::<Array<Integer>, _>(attempts)
}
