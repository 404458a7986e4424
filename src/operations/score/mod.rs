//! Scores every customer with the models that serve, and rebuilds the serving rows.
//!
//! A model of one kind answers in a file of its own (`churn.rs`, `segments.rs`): for each row of the matrix by that row alone, so
//! that rows can be asked in blocks. What it answers is a [`Column`]; `rows.rs` writes columns and features a block of customers
//! at a time. So the features of all stand in memory once, and nothing else that grows with a customer's row does.

mod churn;
mod column;
mod rows;
mod segments;

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::clock::Timestamp;
use crate::customers::{change, store as customers};
use crate::error::Result;
use crate::features::{FeatureMatrix, matrix};
use crate::ids::CustomerId;
use crate::models::drift_store::{self, SeenDrift};
use crate::operations::Workspace;
use crate::operations::totals::{ByCustomer, totals};
use crate::progress::Progress;
use crate::storage::counter;

use column::Column;
use segments::Segmentation;

/// The feature that says what a customer is worth: margin less that of returns, less cost to serve, in units of the currency.
pub const PROFIT: &str = "profit";
/// Rows of the matrix that a model is asked about at a time: its own columns of these stand in memory.
const ASKED: usize = 65_536;

/// What scoring did.
#[derive(Debug, Clone, Serialize)]
pub struct Scored {
    /// Customers whose serving row was written.
    pub customers: usize,
    /// Customers with a purchase, who were scored.
    pub scored: usize,
    /// The models that served, with their versions.
    pub models: BTreeMap<String, i64>,
    /// How far each model has drifted since it was judged.
    pub drift: Vec<SeenDrift>,
    /// What to do about it, in words.
    pub warnings: Vec<String>,
    /// As of when.
    pub as_of: Timestamp,
}

/// Rebuilds all serving rows as of now.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn score(ws: &Workspace, progress: &dyn Progress) -> Result<Scored> {
    let now = ws.now();
    progress.stage("features", None);
    let full = matrix(ws.history(), now, ws.features(), &ws.features().serving(), ws.settings())?;
    // Facts and serving rows as of one instant: what comes between it and the end is added to what is rebuilt.
    let (snapshot, before) = ws.history().snapshot_before_and(now, customers::all_totals)?;
    let totals = totals(&snapshot, ws.settings())?;
    drop(snapshot);
    let matrix = worth(ws, full, &totals)?;
    progress.stage("scores", None);
    let answers = Answers::of(ws, &matrix)?;
    let ids = ws.store().read(customers::ids)?;
    progress.stage("serving rows", Some(ids.len() as u64));
    let rows = rows::Rows::new(&matrix, &answers, now);
    let customers = ws.store().write(|conn| {
        if let Some(made) = &answers.segmentation {
            made.keep(conn, &matrix, now)?;
        }
        customers::hold_states(conn)?;
        // Who was merged or erased meanwhile must not come back.
        let present: HashSet<CustomerId> = customers::ids(conn)?.into_iter().collect();
        let ids: Vec<CustomerId> = ids.iter().copied().filter(|id| present.contains(id)).collect();
        counter::raise(conn, change::SCORED)?;
        drift_store::keep(conn, &answers.said.drift)?;
        rows.write(conn, &ids, &rows::Books { totals: &totals, before: &before }, progress)?;
        Ok(ids.len())
    })?;
    progress.finish();
    let scored = matrix.customers.len();
    let drift = answers.said.drift;
    let warnings = drift.iter().filter_map(|seen| seen.drift.warning(&seen.model)).collect();
    Ok(Scored { customers, scored, models: answers.models, drift, warnings, as_of: now })
}

/// The features of those who may be profiled, with what each is worth so far.
fn worth(ws: &Workspace, full: FeatureMatrix, totals: &ByCustomer) -> Result<FeatureMatrix> {
    let currency = ws.settings().currency;
    let consenting = crate::operations::train::of_consenting(ws, full)?;
    Ok(consenting.with_column(PROFIT, |customer| totals.get(&customer).map_or(0.0, |t| t.profit.to_units(currency))))
}

/// What the models that serve say of every row of a matrix.
struct Answers {
    /// Scores; a kind of model may give several.
    columns: Vec<Column>,
    /// Scores of those who are in no row, and drift.
    said: churn::Said,
    /// The segment of each row.
    segmentation: Option<Segmentation>,
    /// The models that were asked, with their versions.
    models: BTreeMap<String, i64>,
}

impl Answers {
    fn of(ws: &Workspace, matrix: &FeatureMatrix) -> Result<Answers> {
        let mut columns = Vec::new();
        let mut said = churn::answer(ws, matrix)?;
        columns.append(&mut said.columns);
        let segmentation = Segmentation::of(ws, matrix)?;
        let apart = said.apart.iter().map(|apart| &apart.column);
        let mut models: BTreeMap<String, i64> = columns.iter().chain(apart).map(Column::asked).collect();
        models.extend(segmentation.iter().map(Segmentation::asked));
        Ok(Answers { columns, said, segmentation, models })
    }
}

/// Asks about some rows at a time, in their order.
fn in_blocks<T>(matrix: &FeatureMatrix, ask: impl Fn(&FeatureMatrix) -> Result<Vec<T>>) -> Result<Vec<T>> {
    let rows = matrix.customers.len();
    let mut all = Vec::with_capacity(rows);
    for from in (0..rows).step_by(ASKED) {
        all.extend(ask(&matrix.rows(from..rows.min(from + ASKED)))?);
    }
    Ok(all)
}
