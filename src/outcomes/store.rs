//! The SQL of outcomes.

use diesel::dsl::{count, count_star};
use diesel::prelude::*;
use serde::Serialize;

use super::SignalKind;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CampaignRunId, CustomerId, DecisionId, DeliveryId};
use crate::insert_rows;
use crate::money::Money;
use crate::storage::Connection;
use crate::storage::schema::outcome;

/// One observed outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = outcome, treat_none_as_default_value = false)]
pub struct Outcome {
    /// Its id.
    pub id: i64,
    /// The name of its [`SignalKind`].
    pub kind: String,
    /// Whose.
    pub customer_id: CustomerId,
    /// The message it answers.
    pub delivery_id: Option<DeliveryId>,
    /// The decision it follows; also one without a message.
    pub decision_id: Option<DecisionId>,
    /// The run of that decision.
    pub campaign_run_id: Option<CampaignRunId>,
    /// When it happened (not when it was heard of).
    pub occurred_at: Timestamp,
    /// What a conversion was worth.
    pub value: Option<Money>,
    /// The source's own key: the same outcome reported again is the same row.
    pub source_key: String,
}

/// Writes outcomes down; returns how many were new. One that was reported before changes nothing.
///
/// # Errors
/// Invalid for an unknown kind; Unavailable when the store is out of reach.
pub fn record(conn: &mut Connection, outcomes: &[Outcome]) -> Result<usize> {
    for outcome in outcomes {
        SignalKind::parse(&outcome.kind)?;
    }
    let written = insert_rows!(conn, outcomes, values => diesel::insert_into(outcome::table)
            .values(values)
            .on_conflict_do_nothing())?;
    Ok(written)
}

/// A customer's outcomes from an instant on, oldest first.
pub fn of_customer(conn: &mut Connection, customer: CustomerId, since: Timestamp) -> Result<Vec<Outcome>> {
    let rows = outcome::table
        .filter(outcome::customer_id.eq(customer))
        .filter(outcome::occurred_at.ge(since))
        .order((outcome::occurred_at, outcome::id))
        .select(Outcome::as_select())
        .load(conn)?;
    Ok(rows)
}

/// The outcomes of one delivery, oldest first.
pub fn of_delivery(conn: &mut Connection, delivery: DeliveryId) -> Result<Vec<Outcome>> {
    let rows = outcome::table
        .filter(outcome::delivery_id.eq(delivery))
        .order((outcome::occurred_at, outcome::id))
        .select(Outcome::as_select())
        .load(conn)?;
    Ok(rows)
}

/// The outcomes of one kind in one run, by customer and time: what results are summed from.
pub fn of_run(conn: &mut Connection, run: CampaignRunId, kind: SignalKind) -> Result<Vec<Outcome>> {
    let rows = outcome::table
        .filter(outcome::campaign_run_id.eq(run))
        .filter(outcome::kind.eq(kind.name()))
        .order((outcome::customer_id, outcome::occurred_at, outcome::id))
        .select(Outcome::as_select())
        .load(conn)?;
    Ok(rows)
}

/// How many customers of a run showed a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SignalCount {
    /// The signal.
    pub kind: SignalKind,
    /// Outcomes, repeated ones counted.
    pub outcomes: i64,
    /// Customers, each counted once.
    pub customers: i64,
}

/// Counts of a run, by kind in the order of a customer's path; kinds that did not occur are left out.
pub fn counts_of_run(conn: &mut Connection, run: CampaignRunId) -> Result<Vec<SignalCount>> {
    let mut counts = Vec::new();
    for kind in SignalKind::ALL {
        let of_kind = || outcome::table.filter(outcome::campaign_run_id.eq(run)).filter(outcome::kind.eq(kind.name()));
        let outcomes: i64 = of_kind().select(count_star()).get_result(conn)?;
        if outcomes > 0 {
            let customers =
                of_kind().select(count(outcome::customer_id).aggregate_distinct()).get_result::<i64>(conn)?;
            counts.push(SignalCount { kind, outcomes, customers });
        }
    }
    Ok(counts)
}

/// Who of a run showed which signal; each once.
pub fn signals_of_run(conn: &mut Connection, run: CampaignRunId) -> Result<Vec<(CustomerId, SignalKind)>> {
    let rows: Vec<(CustomerId, String)> = outcome::table
        .filter(outcome::campaign_run_id.eq(run))
        .select((outcome::customer_id, outcome::kind))
        .distinct()
        .load(conn)?;
    rows.into_iter().map(|(customer, kind)| Ok((customer, SignalKind::parse(&kind)?))).collect()
}

/// Makes outcomes of `from` outcomes of `to`.
pub fn reassign(conn: &mut Connection, from: CustomerId, to: CustomerId) -> Result<usize> {
    let rows = outcome::table.filter(outcome::customer_id.eq(from));
    Ok(diesel::update(rows).set(outcome::customer_id.eq(to)).execute(conn)?)
}

/// Leaves of a customer's outcomes the counts, as those of `nobody`; what the source called them may name the person.
pub fn anonymise(conn: &mut Connection, customer: CustomerId, nobody: CustomerId) -> Result<usize> {
    let theirs = outcome::table.filter(outcome::customer_id.eq(customer)).select(outcome::id);
    let ids: Vec<i64> = theirs.load(conn)?;
    for id in &ids {
        let values = (outcome::customer_id.eq(nobody), outcome::source_key.eq(format!("erased/{id}")));
        diesel::update(outcome::table.find(id)).set(values).execute(conn)?;
    }
    Ok(ids.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::storage::{Location, Store, migrate};

    fn outcome(id: i64, kind: SignalKind, customer: i64, key: &str) -> Outcome {
        Outcome {
            id,
            kind: kind.name().into(),
            customer_id: CustomerId(customer),
            delivery_id: Some(DeliveryId(customer * 10)),
            decision_id: None,
            campaign_run_id: Some(CampaignRunId(1)),
            occurred_at: Timestamp(id),
            value: (kind == SignalKind::Conversion).then_some(Money(500)),
            source_key: key.into(),
        }
    }

    #[test]
    fn an_outcome_counts_once_however_often_it_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::choose(folder.path(), None).unwrap()).unwrap();
        migrate::migrate(&store, Timestamp(0)).unwrap();
        let rows = [
            outcome(1, SignalKind::Click, 7, "click-1"),
            outcome(2, SignalKind::Click, 7, "click-2"),
            outcome(3, SignalKind::Conversion, 8, "order-1"),
        ];
        let run = CampaignRunId(1);
        assert_eq!(store.write(|conn| record(conn, &rows)).unwrap(), 3);
        let again = [outcome(9, SignalKind::Conversion, 8, "order-1"), outcome(4, SignalKind::Bounce, 9, "bounce-1")];
        assert_eq!(store.write(|conn| record(conn, &again)).unwrap(), 1);
        let counts = store.read(|conn| counts_of_run(conn, run)).unwrap();
        let shown: Vec<_> = counts.iter().map(|c| (c.kind, c.outcomes, c.customers)).collect();
        assert_eq!(shown, [(SignalKind::Click, 2, 1), (SignalKind::Bounce, 1, 1), (SignalKind::Conversion, 1, 1)]);
        let conversions = store.read(|conn| of_run(conn, run, SignalKind::Conversion)).unwrap();
        assert_eq!(conversions, rows[2..]);
        assert_eq!(store.read(|conn| of_customer(conn, CustomerId(7), Timestamp(2))).unwrap().len(), 1);
        assert_eq!(store.read(|conn| of_delivery(conn, DeliveryId(70))).unwrap().len(), 2);
        assert_eq!(store.write(|conn| anonymise(conn, CustomerId(7), CustomerId(1))).unwrap(), 2);
        let left = store.read(|conn| of_customer(conn, CustomerId(1), Timestamp(0))).unwrap();
        assert!(left.len() == 2 && left.iter().all(|row| row.source_key.starts_with("erased/")));
    }

    #[test]
    fn an_unknown_kind_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::choose(folder.path(), None).unwrap()).unwrap();
        migrate::migrate(&store, Timestamp(0)).unwrap();
        let bad = Outcome { kind: "opened".into(), ..outcome(2, SignalKind::Open, 1, "b") };
        let error = store.write(|conn| record(conn, &[outcome(1, SignalKind::Open, 1, "a"), bad])).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(store.read(|conn| of_customer(conn, CustomerId(1), Timestamp(0))).unwrap().is_empty());
    }
}
