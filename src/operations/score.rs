//! Scores every customer with the models that serve, and rebuilds the serving rows.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::customers::{CustomerState, change, store as customers};
use crate::error::Result;
use crate::features::{FeatureMatrix, matrix};
use crate::models::registry;
use crate::models::scoring;
use crate::operations::totals::{ByCustomer, totals};
use crate::operations::{Workspace, segmentation::Segmentations, train};
use crate::progress::Progress;
use crate::storage::counter;

/// The feature that says what a customer is worth: margin less that of returns, less cost to serve, in units of the currency.
pub const PROFIT: &str = "profit";

/// What scoring did.
#[derive(Debug, Clone, Serialize)]
pub struct Scored {
    /// Customers whose serving row was written.
    pub customers: usize,
    /// Customers with a purchase, who were scored.
    pub scored: usize,
    /// The models that served, with their versions.
    pub models: BTreeMap<String, i64>,
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
    let currency = ws.settings().currency;
    let full = full.with_column(PROFIT, |customer| totals.get(&customer).map_or(0.0, |t| t.profit.to_units(currency)));
    let matrix = train::of_consenting(ws, full.clone())?;
    progress.stage("scores", None);
    let mut models = BTreeMap::new();
    let churn = ws.store().read(|conn| registry::champion(conn, "churn"))?;
    let churn_scores = churn.as_ref().map(|version| scoring::score(version, &matrix, now)).transpose()?;
    let segmentations = Segmentations::of(ws, &matrix, now)?;
    models.extend(churn.iter().map(|version| (version.fit.name.clone(), version.id.0)));
    models.extend(segmentations.versions().map(|(name, version)| (name.to_owned(), version.0)));
    progress.stage("serving rows", None);
    let mut states = states(ws, &matrix, churn_scores.as_deref(), &segmentations, now)?;
    let customers = ws.store().write(|conn| {
        if let Some(scores) = &churn_scores {
            scoring::keep(conn, scores)?;
        }
        segmentations.keep(conn, now)?;
        customers::hold_states(conn)?;
        let after = customers::all_totals(conn)?;
        // Who was merged or erased meanwhile must not come back.
        let present = customers::ids(conn)?;
        states.retain(|state| present.binary_search(&state.customer_id).is_ok());
        for state in &mut states {
            let of = |totals: &ByCustomer| totals.get(&state.customer_id).copied().unwrap_or_default();
            state.set_totals(of(&totals).with_change(of(&before), of(&after)));
        }
        counter::raise(conn, change::SCORED)?;
        customers::put_states(conn, &states)?;
        Ok(states.len())
    })?;
    progress.finish();
    Ok(Scored { customers, scored: matrix.customers.len(), models, as_of: now })
}

/// The serving rows without their totals.
fn states(
    ws: &Workspace,
    scored: &FeatureMatrix,
    churn: Option<&[scoring::Score]>,
    segmentations: &Segmentations,
    now: Timestamp,
) -> Result<Vec<CustomerState>> {
    let ids = ws.store().read(customers::ids)?;
    let mut states = Vec::with_capacity(ids.len());
    for id in ids {
        let mut state = CustomerState::empty(id, now);
        // Who objects to profiling has totals, which are book-keeping, but neither features nor scores.
        if let Ok(row) = scored.customers.binary_search(&id) {
            let features: BTreeMap<&str, f64> =
                scored.names.iter().map(String::as_str).zip(scored.values.row(row).iter().copied()).collect();
            state.features = serde_json::to_string(&features)?;
            if let Some(scores) = churn {
                state.scores = serde_json::to_string(&BTreeMap::from([("churn", scores[row].value)]))?;
            }
            state.segment = segmentations.segment_of(id).map(str::to_owned);
            state.scored_at = Some(now);
        }
        // Needs are known of people who have not bought, too.
        state.service_level = segmentations.service_level_of(id).map(str::to_owned);
        states.push(state);
    }
    Ok(states)
}
