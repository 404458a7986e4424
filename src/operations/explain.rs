//! Why a model says what it says of one customer: from the serving row, in the words of the features.

use serde::Serialize;

use crate::customers::{Customer, CustomerState};
use crate::error::Result;
use crate::features::FeatureMatrix;
use crate::models::Protected;
use crate::models::churn::ChurnModel;
use crate::models::registry::{self, Status};
use crate::operations::Workspace;
use crate::operations::attributes::as_number;

/// Reasons that are told.
const TOLD: usize = 3;

/// A reason for a score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The model.
    pub model: String,
    /// The feature, or `attribute.NAME`.
    pub feature: String,
    /// What the feature means.
    pub meaning: String,
    /// Its value for this customer; None where it is missing.
    pub value: Option<f64>,
    /// What it adds to the log-odds beside an average customer: above 0 it speaks for the event.
    pub part: f64,
}

/// The strongest reasons for each score that a customer's serving row bears; none for who objects to profiling.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn reasons(ws: &Workspace, customer: &Customer, state: &CustomerState) -> Result<Vec<Reason>> {
    if customer.profiling_objection {
        return Ok(Vec::new());
    }
    let mut told = Vec::new();
    for name in state.score_map().keys() {
        let Some(version) = ws.store().read(|conn| registry::champion(conn, name))? else { continue };
        if version.fit.kind == "churn" && version.status == Status::Champion {
            let model: ChurnModel = version.fit.parameters()?;
            if Protected::of(ws.settings()).outdates(name, model.columns()).is_none() {
                told.extend(of_model(ws, customer, state, name, &model)?);
            }
        }
    }
    Ok(told)
}

fn of_model(
    ws: &Workspace,
    customer: &Customer,
    state: &CustomerState,
    name: &str,
    model: &ChurnModel,
) -> Result<Vec<Reason>> {
    let (features, attributes) = (state.feature_map(), customer.attribute_map());
    let columns: Vec<&str> = model.columns().collect();
    let value = |column: &&str| match column.strip_prefix("attribute.") {
        Some(attribute) => {
            attributes.get(attribute).map_or(f64::NAN, |value| as_number(value, model.levels.get(*column)))
        }
        None => features.get(*column).copied().unwrap_or(f64::NAN),
    };
    let row: Vec<f64> = columns.iter().map(value).collect();
    let values = ndarray::Array2::from_shape_vec((1, row.len()), row.clone())
        .map_err(|error| crate::error::Error::internal("a row of another length").caused_by(error))?;
    let names = columns.iter().map(|column| (*column).to_owned()).collect();
    let matrix = FeatureMatrix { customers: vec![customer.id], names, values };
    let strongest = model.reasons(&matrix)?.swap_remove(0).into_iter().take(TOLD);
    Ok(strongest
        .map(|(feature, part)| {
            let at = columns.iter().position(|column| *column == feature);
            let value = at.map(|at| row[at]).filter(|value| value.is_finite());
            Reason { model: name.to_owned(), meaning: meaning(ws, &feature), feature, value, part }
        })
        .collect())
}

/// What a feature means, as its catalogue says; the name of an attribute.
fn meaning(ws: &Workspace, feature: &str) -> String {
    if let Some(attribute) = feature.strip_prefix("attribute.") {
        return attribute.to_owned();
    }
    let found = ws.features().choose(&[feature]).ok();
    found.and_then(|chosen| Some(chosen.first()?.1.first()?.meaning.clone())).unwrap_or_else(|| feature.to_owned())
}
