//! One customer's whole story: profile, value, facts, decisions with their why, messages and what came of them.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use serde::Serialize;

use crate::clock::Timestamp;
use crate::customers::{Consent, Customer, CustomerState, store as customers};
use crate::decisions::store::{self as decisions, DecisionRow};
use crate::deliveries::outbox::find;
use crate::error::Result;
use crate::history::Snapshot;
use crate::ids::CustomerId;
use crate::models::lifetime_score;
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::explain::{self, Reason};
use crate::outcomes::store as outcomes;
use crate::reports::lifetime::LifetimeShown;
use crate::segments::stage::Stage;
use crate::segments::stage::store::{self as stages, KeptStep};

/// Most entries of each kind.
const MOST: usize = 200;

/// A customer with their story, newest entry first.
#[derive(Debug, Serialize)]
pub struct Timeline {
    /// Who they are.
    pub customer: Customer,
    /// What is known at once.
    pub state: Option<CustomerState>,
    /// Where they stand, and since when; none for a prospect.
    pub stage: Option<StageShown>,
    /// What they have brought and are expected to bring; none before the lifetime model serves.
    pub lifetime: Option<LifetimeShown>,
    /// Why models say what they say of them: the strongest reasons of each score.
    pub reasons: Vec<Reason>,
    /// What they agreed to.
    pub consents: Vec<Consent>,
    /// What happened.
    pub entries: Vec<Entry>,
}

/// Where a customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StageShown {
    /// Where.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// `order`, `return`, `interaction`, `event`, `subscription`, `claim`, `decision`, `delivery`, `outcome`, `stage`.
    pub kind: &'static str,
    /// In a few words.
    pub title: String,
    /// Further words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What it brought or cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The row behind it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
}

/// Reads the story of the customer whom the company calls `external_id`.
///
/// # Errors
/// Not found, naming the key.
pub fn timeline(ws: &Workspace, external_id: &str) -> Result<Timeline> {
    let (customer, state, stage, lifetime, consents, mut entries) = ws.store().read(|conn| {
        let customer = customers::by_external_id(conn, external_id)?;
        let mut entries: Vec<Entry> = Vec::new();
        let rows = decisions::of_customer(conn, customer.id, None, MOST as i64)?;
        entries.extend(rows.iter().map(decision_entry));
        entries.extend(find::of_customer(conn, customer.id, MOST as i64)?.iter().map(delivery_entry));
        entries
            .extend(outcomes::of_customer(conn, customer.id, Timestamp(0))?.iter().rev().take(MOST).map(outcome_entry));
        entries.extend(stages::steps_of(conn, customer.id, MOST as i64)?.iter().map(step_entry));
        let state = customers::state_of(conn, customer.id)?;
        let stage =
            stages::of_customer(conn, customer.id)?.map(|kept| StageShown { stage: kept.stage, since: kept.since });
        let lifetime = lifetime_score::of_customer(conn, customer.id)?.map(|score| LifetimeShown::of(&score));
        let consents = customers::consents_of(conn, customer.id)?;
        Ok((customer, state, stage, lifetime, consents, entries))
    })?;
    entries.extend(facts(ws, customer.id)?);
    entries.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.kind.cmp(b.kind)));
    let reasons = match &state {
        Some(state) => explain::reasons(ws, &customer, state)?,
        None => Vec::new(),
    };
    Ok(Timeline { customer, state, stage, lifetime, reasons, consents, entries })
}

fn decision_entry(row: &DecisionRow) -> Entry {
    let what = match (&row.offer, &row.channel) {
        (Some(offer), Some(channel)) => format!("{offer} by {channel}"),
        _ => "nothing".into(),
    };
    let held = row.arm().is_some_and(crate::decisions::Arm::is_holdout);
    Entry {
        at: row.decided_at,
        kind: "decision",
        title: if held { format!("held out (would have been: {what})") } else { format!("decided: {what}") },
        detail: Some(row.arm.replace('_', " ")),
        amount: None,
        id: Some(row.id.0),
    }
}

fn delivery_entry(row: &crate::deliveries::Delivery) -> Entry {
    Entry {
        at: row.updated_at,
        kind: "delivery",
        title: format!("{} {}", row.channel, row.state),
        detail: row.reason.clone(),
        amount: (row.state == crate::deliveries::State::Sent).then(|| -row.cost),
        id: Some(row.id.0),
    }
}

fn outcome_entry(row: &outcomes::Outcome) -> Entry {
    Entry {
        at: row.occurred_at,
        kind: "outcome",
        title: row.kind.replace('_', " "),
        detail: None,
        amount: row.value,
        id: row.delivery_id.map(|id| id.0),
    }
}

fn step_entry(step: &KeptStep) -> Entry {
    let by = if step.by_model { ", as a model said" } else { "" };
    Entry {
        at: step.at,
        kind: "stage",
        title: step.to_stage.words().to_owned(),
        detail: Some(format!("was {}{by}", step.from_stage.words())),
        amount: None,
        id: None,
    }
}

fn facts(ws: &Workspace, id: CustomerId) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let snapshot = ws.history().snapshot()?;
    for (table, kind) in [("order_item", "order"), ("return_item", "return")] {
        let sql = format!(
            "SELECT min(occurred_at), order_key, sum(amount), count(*) FROM {table} WHERE customer_id = {} \
             GROUP BY order_key ORDER BY 1 DESC LIMIT {MOST}",
            id.0
        );
        snapshot.stream(&sql, |batch| {
            let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            let keys = crate::operations::train::texts(batch.column(1));
            let [amounts, lines] = [2, 3].map(|column| batch.column(column).as_primitive::<Int64Type>());
            for (row, key) in keys.iter().enumerate() {
                let amount = Money(amounts.value(row));
                entries.push(Entry {
                    at: Timestamp(times.value(row)),
                    kind,
                    title: format!("{kind} {}", key.as_deref().unwrap_or_default()),
                    detail: Some(format!("{} lines", lines.value(row))),
                    amount: Some(if kind == "order" { amount } else { -amount }),
                    id: None,
                });
            }
            Ok(())
        })?;
    }
    let sql = format!(
        "SELECT occurred_at, direction, channel, reason, outcome, cost FROM interaction WHERE customer_id = {} \
         AND reason <> 'campaign' ORDER BY occurred_at DESC LIMIT {MOST}",
        id.0
    );
    snapshot.stream(&sql, |batch| {
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let [directions, channels, reasons, outcomes] =
            [1, 2, 3, 4].map(|column| crate::operations::train::texts(batch.column(column)));
        let costs = batch.column(5).as_primitive::<Int64Type>();
        let text = |texts: &[Option<String>], row: usize| texts[row].clone().unwrap_or_default();
        for row in 0..batch.num_rows() {
            let way = if directions[row].as_deref() == Some("in") { "from the customer" } else { "to the customer" };
            entries.push(Entry {
                at: Timestamp(times.value(row)),
                kind: "interaction",
                title: format!("{} ({})", text(&reasons, row), text(&channels, row)),
                detail: Some(match &outcomes[row] {
                    Some(outcome) => format!("{way}, {outcome}"),
                    None => way.to_owned(),
                }),
                amount: costs.is_valid(row).then(|| Money(-costs.value(row))),
                id: None,
            });
        }
        Ok(())
    })?;
    for (kind, columns) in PLAIN {
        plain(&snapshot, kind, columns, id, &mut entries)?;
    }
    Ok(entries)
}

/// Facts that need no more than a line: kind, which is the table's name, then title, detail and amount.
const PLAIN: [(&str, &str); 3] = [
    ("event", "name, channel, value"),
    ("subscription", "'contract ' || subscription_key || ' ' || status, plan, CAST(NULL AS BIGINT)"),
    ("claim", "'claim ' || claim_key || ' ' || status, kind, -amount"),
];

fn plain(
    snapshot: &Snapshot,
    kind: &'static str,
    columns: &str,
    id: CustomerId,
    entries: &mut Vec<Entry>,
) -> Result<()> {
    let sql = format!(
        "SELECT occurred_at, {columns} FROM {kind} WHERE customer_id = {id} ORDER BY occurred_at DESC LIMIT {MOST}"
    );
    snapshot.stream(&sql, |batch| {
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let [titles, details] = [1, 2].map(|column| crate::operations::train::texts(batch.column(column)));
        let amounts = batch.column(3).as_primitive::<Int64Type>();
        for (row, (title, detail)) in titles.into_iter().zip(details).enumerate() {
            entries.push(Entry {
                at: Timestamp(times.value(row)),
                kind,
                title: title.unwrap_or_default(),
                detail,
                amount: amounts.is_valid(row).then(|| Money(amounts.value(row))),
                id: None,
            });
        }
        Ok(())
    })
}
