//! Scores every customer with the models that serve, and rebuilds the serving rows.
//!
//! A model of one kind answers in a file of its own (`churn.rs`; segments in `operations/segmentation`): for each row of the matrix by that row alone, so
//! that rows can be asked in blocks. What it answers is a [`Column`]; `rows.rs` writes columns and features a block of customers
//! at a time. So the features of all stand in memory once, and nothing else that grows with a customer's row does.

mod churn;
mod column;
mod hours;
mod rows;

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::clock::Timestamp;
use crate::customers::{change, store as customers, totals};
use crate::error::Result;
use crate::features::{FeatureMatrix, matrix};
use crate::ids::CustomerId;
use crate::models::drift_store::{self, SeenDrift};
use crate::operations::lifetime::{self, Known, Lifetimes, Stages};
use crate::operations::segmentation::Segmentations;
use crate::operations::totals::{ByCustomer, totals};
use crate::operations::{Workspace, objection};
use crate::progress::Progress;
use crate::storage::counter;

use column::Column;

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
    let (snapshot, before) = ws.history().snapshot_before_and(now, totals::all)?;
    let totals = totals(&snapshot, ws.settings())?;
    drop(snapshot);
    let matrix = worth(ws, full, &totals)?;
    progress.stage("scores", None);
    progress.proceed()?;
    let answers = Answers::of(ws, &matrix, &totals, now)?;
    let ids = ws.store().read(customers::ids)?;
    progress.stage("serving rows", Some(ids.len() as u64));
    progress.proceed()?;
    let rows = rows::Rows::new(&matrix, &answers, ws.settings().currency, now);
    let customers = ws.store().write(|conn| {
        answers.segmentations.keep(conn, now)?;
        customers::hold_states(conn)?;
        // Who was merged or erased meanwhile must not come back.
        let present: HashSet<CustomerId> = customers::ids(conn)?.into_iter().collect();
        let ids: Vec<CustomerId> = ids.iter().copied().filter(|id| present.contains(id)).collect();
        counter::raise(conn, change::SCORED)?;
        answers.stages.keep(conn, &ids, now)?;
        drift_store::keep(conn, &answers.said.drift)?;
        rows.write(conn, &ids, &rows::Books { totals: &totals, before: &before }, progress)?;
        // Who objected meanwhile was in what was computed.
        let objecting = customers::objecting(conn)?.into_iter().filter(|id| !answers.objecting.contains(id));
        objection::honour(conn, &objecting.collect::<Vec<_>>())?;
        Ok(ids.len())
    })?;
    progress.finish();
    let scored = matrix.customers.len();
    let drift = answers.said.drift;
    let moved = drift.iter().filter_map(|seen| seen.drift.warning(&seen.model));
    let warnings = moved.chain(answers.said.outdated).chain(answers.segmentations.outdated).collect();
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
    /// Who is in which segment.
    segmentations: Segmentations,
    /// What customers are worth: those with a contract and no purchase too, who have no row.
    lifetimes: Option<Lifetimes>,
    /// Where customers stand.
    stages: Stages,
    /// When they are active.
    hours: hours::Hours,
    /// Who objects to profiling and has no stage.
    objecting: HashSet<CustomerId>,
    /// The models that were asked, with their versions.
    models: BTreeMap<String, i64>,
}

impl Answers {
    fn of(ws: &Workspace, matrix: &FeatureMatrix, totals: &ByCustomer, now: Timestamp) -> Result<Answers> {
        let mut columns = Vec::new();
        let known = Known::read(ws, now)?;
        let mut said = churn::answer(ws, matrix, &known.contracts, now)?;
        columns.append(&mut said.columns);
        let segmentations = Segmentations::of(ws, matrix, now)?;
        let apart = said.apart.iter().map(|apart| &apart.column);
        let mut models: BTreeMap<String, i64> = columns.iter().chain(apart).map(Column::asked).collect();
        models.extend(segmentations.versions().map(|(name, version)| (name.to_owned(), version.0)));
        let lifetimes = lifetime::score(ws, &known, totals, now)?;
        let alive = |customer| lifetimes.as_ref().and_then(|made| made.of(customer)).and_then(|score| score.p_alive);
        let leaving = |customer| churn::of(&columns, &said.apart, matrix, customer);
        let doubt = |customer| leaving(customer).or_else(|| alive(customer).map(|alive| 1.0 - alive));
        let stages = Stages::follow(&known, doubt, now);
        models.extend(lifetimes.iter().map(Lifetimes::asked));
        let objecting = ws.store().read(customers::objecting)?.into_iter().collect();
        let hours = hours::Hours::read(ws, now)?;
        Ok(Answers { columns, said, segmentations, lifetimes, stages, hours, objecting, models })
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
