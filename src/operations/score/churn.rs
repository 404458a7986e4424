//! Who is about to leave, and what else yes-or-no models say.

use std::borrow::Cow;

use ndarray::Array2;

use super::{Column, in_blocks};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::features::{FeatureMatrix, matrix_of_customers};
use crate::ids::CustomerId;
use crate::models::Protected;
use crate::models::churn::ChurnModel;
use crate::models::drift_store::SeenDrift;
use crate::models::registry::{self, ModelVersion};
use crate::models::spec::Target;
use crate::operations::Workspace;
use crate::operations::attributes::Attributes;
use crate::operations::lifetime::{CHURN, Contracts};

/// What stands before an attribute's name in the name of its column.
const ATTRIBUTE: &str = "attribute.";

/// What the model of churn says of one customer.
pub(super) fn of(columns: &[Column], apart: &[Apart], matrix: &FeatureMatrix, customer: CustomerId) -> Option<f64> {
    match columns.iter().find(|column| column.name == CHURN) {
        Some(column) => column.value(matrix.customers.binary_search(&customer).ok()?),
        None => {
            let apart = apart.iter().find(|apart| apart.column.name == CHURN)?;
            apart.column.value(apart.place(customer)?)
        }
    }
}

/// Scores of customers who need not have bought: by attributes alone, or of those with a running contract.
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
    /// Of customers who need not have bought.
    pub apart: Vec<Apart>,
    /// Features that models needed beside those of serving rows.
    pub more: Vec<FeatureMatrix>,
    /// How far each has drifted.
    pub drift: Vec<SeenDrift>,
    /// Why some say nothing.
    pub outdated: Vec<String>,
}

/// What every champion of this kind says.
pub(super) fn answer(ws: &Workspace, matrix: &FeatureMatrix, contracts: &Contracts, now: Timestamp) -> Result<Said> {
    let champions = ws.store().read(|conn| registry::champions(conn, "churn"))?;
    let protected = Protected::of(ws.settings());
    let mut said = Said::default();
    let mut attributes: Option<Attributes> = None;
    for version in champions {
        let model: ChurnModel = version.fit.parameters()?;
        if let Some(why) = protected.outdates(&version.fit.name, model.columns()) {
            said.outdated.push(why);
            continue;
        }
        let (told, features): (Vec<&str>, Vec<&str>) =
            model.columns().partition(|column| column.starts_with(ATTRIBUTE));
        let told: Vec<&str> = told.into_iter().filter_map(|column| column.strip_prefix(ATTRIBUTE)).collect();
        if attributes.is_none() && !told.is_empty() {
            attributes = Some(Attributes::of_consenting(ws)?);
        }
        let beside = |rows: FeatureMatrix| match &attributes {
            Some(attributes) => attributes.beside(rows, told.iter().copied(), &model.levels),
            None => rows,
        };
        let apart = match (&model.target, &attributes) {
            (Target::ContractEnds, _) => Some(contracts.running(now)),
            (_, Some(attributes)) if features.is_empty() => Some(attributes.with_any(&told)),
            _ => None,
        };
        match apart {
            Some(customers) => {
                let known = said.features(ws, customers, &features, now)?;
                let rows = beside(known);
                let log_odds = in_blocks(&rows, |block| model.log_odds(block))?;
                said.take(ws, &version, &model, &rows, &log_odds);
                let values = model.calibrated(&log_odds);
                let column = Column::new(&version, &version.fit.name, values);
                said.apart.push(Apart { customers: rows.customers, column });
            }
            None => {
                let lacking: Vec<&str> =
                    features.iter().copied().filter(|name| matrix.column(name).is_none()).collect();
                let rows = if told.is_empty() && lacking.is_empty() {
                    Cow::Borrowed(matrix)
                } else {
                    let there = features.iter().filter(|name| !lacking.contains(name)).map(|name| (*name).to_owned());
                    let known = matrix.select(&there.collect::<Vec<_>>())?;
                    let more = said.features(ws, matrix.customers.clone(), &lacking, now)?;
                    let both = more.names.iter().enumerate().fold(known, |known, (column, name)| {
                        known.with_column(name, |customer| more.row(customer).map_or(f64::NAN, |row| row[column]))
                    });
                    Cow::Owned(beside(both))
                };
                let log_odds = in_blocks(&rows, |block| model.log_odds(block))?;
                said.take(ws, &version, &model, &rows, &log_odds);
                let values = model.calibrated(&log_odds);
                said.columns.push(Column::new(&version, &version.fit.name, values));
            }
        }
    }
    Ok(said)
}

impl Said {
    /// Features of some customers as of now, which are kept for their serving rows: reasons are told by them.
    fn features(
        &mut self,
        ws: &Workspace,
        customers: Vec<CustomerId>,
        wanted: &[&str],
        now: Timestamp,
    ) -> Result<FeatureMatrix> {
        if wanted.is_empty() {
            let values = Array2::zeros((customers.len(), 0));
            return Ok(FeatureMatrix { customers, names: Vec::new(), values });
        }
        let found = matrix_of_customers(&customers, ws.history(), now, ws.features(), wanted, ws.settings())?;
        self.more.push(found.clone());
        Ok(found)
    }
}

impl Said {
    /// Compares what was seen with what it was when the model was judged.
    fn take(
        &mut self,
        ws: &Workspace,
        version: &ModelVersion,
        model: &ChurnModel,
        matrix: &FeatureMatrix,
        log_odds: &[f64],
    ) {
        // A sample of customers tells a distribution as well as all of them.
        let sample = crate::operations::train::sample(ws, 1).ok();
        let Some(reference) = model.reference.as_ref().filter(|_| !log_odds.is_empty()) else { return };
        let rows = matrix.customers.partition_point(|&customer| sample.is_none_or(|sample| sample.has(customer)));
        let drift = reference.drift(&matrix.rows(0..rows), &log_odds[..rows]);
        self.drift.push(SeenDrift {
            model_version_id: version.id,
            model: version.fit.name.clone(),
            computed_at: ws.now(),
            drift,
        });
    }
}
