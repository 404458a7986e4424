//! One score of every row.

use crate::clock::Timestamp;
use crate::ids::CustomerId;
use crate::models::registry::ModelVersion;
use crate::models::scoring::Score;

/// What a model says of every row of the matrix under one name.
pub(super) struct Column {
    /// The score's name: that of the model, or of one of the figures that it gives.
    pub name: String,
    /// The model, and which fit of it.
    pub model: (String, crate::ids::ModelVersionId),
    /// How far it looks ahead, in days.
    pub horizon_days: Option<i32>,
    /// A value for each row; not a number where the model says nothing of it.
    pub values: Vec<f64>,
}

impl Column {
    /// What `version` says, under `name`.
    pub fn new(version: &ModelVersion, name: &str, values: Vec<f64>) -> Column {
        Column {
            name: name.to_owned(),
            model: (version.fit.name.clone(), version.id),
            horizon_days: version.fit.horizon_days.and_then(|days| i32::try_from(days).ok()),
            values,
        }
    }

    /// Which model was asked: its name and version.
    pub fn asked(&self) -> (String, i64) {
        (self.model.0.clone(), self.model.1.0)
    }

    /// The value of a row, where there is one.
    pub fn value(&self, row: usize) -> Option<f64> {
        self.values.get(row).copied().filter(|value| value.is_finite())
    }

    /// The row of the table of scores.
    pub fn score(&self, row: usize, customer_id: CustomerId, now: Timestamp) -> Option<Score> {
        Some(Score {
            customer_id,
            model: self.name.clone(),
            value: self.value(row)?,
            model_version_id: self.model.1,
            horizon_days: self.horizon_days,
            computed_at: now,
        })
    }
}
