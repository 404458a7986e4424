//! Who is about to leave, and what else yes-or-no models say.

use ndarray::Array2;

use super::{Column, in_blocks};
use crate::error::Result;
use crate::features::FeatureMatrix;
use crate::ids::CustomerId;
use crate::models::churn::ChurnModel;
use crate::models::drift_store::SeenDrift;
use crate::models::registry::{self, ModelVersion};
use crate::operations::Workspace;
use crate::operations::attributes::Attributes;

/// What stands before an attribute's name in the name of its column.
const ATTRIBUTE: &str = "attribute.";

/// The model by which stages are told.
const CHURN: &str = "churn";

/// What the model of churn says of one customer.
pub(super) fn of(columns: &[Column], matrix: &FeatureMatrix, customer: CustomerId) -> Option<f64> {
    let column = columns.iter().find(|column| column.name == CHURN)?;
    column.value(matrix.customers.binary_search(&customer).ok()?)
}

/// Scores of customers by attributes alone, whether they have bought or not.
pub(super) struct Apart {
    /// Whose they are, rising.
    customers: Vec<CustomerId>,
    /// A value for each.
    pub column: Column,
}

impl Apart {
    /// The place of a customer, where they have a score.
    pub fn place(&self, customer: CustomerId) -> Option<usize> {
        self.customers.binary_search(&customer).ok()
    }
}

/// What the champions say.
#[derive(Default)]
pub(super) struct Said {
    /// Of every row of the matrix.
    pub columns: Vec<Column>,
    /// Of customers by attributes alone.
    pub apart: Vec<Apart>,
    /// How far each has drifted.
    pub drift: Vec<SeenDrift>,
}

/// What every champion of this kind says.
pub(super) fn answer(ws: &Workspace, matrix: &FeatureMatrix) -> Result<Said> {
    let champions = ws.store().read(|conn| registry::champions(conn, "churn"))?;
    let mut said = Said::default();
    let mut attributes: Option<Attributes> = None;
    for version in champions {
        let model: ChurnModel = version.fit.parameters()?;
        let named: Vec<&str> = model.columns().filter_map(|column| column.strip_prefix(ATTRIBUTE)).collect();
        if named.is_empty() {
            let values = in_blocks(matrix, |block| model.predict(block))?;
            said.take(ws, &version, &model, matrix, &values);
            said.columns.push(Column::new(&version, &version.fit.name, values));
            continue;
        }
        if attributes.is_none() {
            attributes = Some(Attributes::of_consenting(ws)?);
        }
        let Some(attributes) = &attributes else { continue };
        let beside = |rows: FeatureMatrix| attributes.beside(rows, named.iter().copied(), &model.levels);
        if named.len() < model.columns().count() {
            let wider = beside(matrix.clone());
            let values = in_blocks(&wider, |block| model.predict(block))?;
            said.take(ws, &version, &model, &wider, &values);
            said.columns.push(Column::new(&version, &version.fit.name, values));
        } else {
            let customers = attributes.with_any(&named);
            let values = Array2::zeros((customers.len(), 0));
            let rows = beside(FeatureMatrix { customers, names: Vec::new(), values });
            let values = in_blocks(&rows, |block| model.predict(block))?;
            said.take(ws, &version, &model, &rows, &values);
            let column = Column::new(&version, &version.fit.name, values);
            said.apart.push(Apart { customers: rows.customers, column });
        }
    }
    Ok(said)
}

impl Said {
    /// Compares what was seen with what it was when the model was judged.
    fn take(
        &mut self,
        ws: &Workspace,
        version: &ModelVersion,
        model: &ChurnModel,
        matrix: &FeatureMatrix,
        values: &[f64],
    ) {
        // A sample of customers tells a distribution as well as all of them.
        let sample = crate::operations::train::sample(ws, 1).ok();
        let Some(reference) = model.reference.as_ref().filter(|_| !values.is_empty()) else { return };
        let rows = matrix.customers.partition_point(|&customer| sample.is_none_or(|sample| sample.has(customer)));
        let drift = reference.drift(&matrix.rows(0..rows), &values[..rows]);
        self.drift.push(SeenDrift {
            model_version_id: version.id,
            model: version.fit.name.clone(),
            computed_at: ws.now(),
            drift,
        });
    }
}
