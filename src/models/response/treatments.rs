//! Boosted trees over what is known of the customer and of the treatment: they answer for all treatments at once.

use linfa::DatasetBase;
use linfa::traits::Fit as _;
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

use super::describing::Describing;
use super::logged::LoggedDecision;
use super::model::{Layout, ResponseArm};
use crate::error::{Error, Result};
use crate::models::algorithms::boosting::{Boosting, BoostingParams};
use crate::models::calibration::fold_of;

/// Trees grow on about so many decisions at most: more teach them little, and cost in proportion.
const MOST_ROWS: usize = 100_000;

/// Every treatment as trees see it: the offer's own rate, by which offers are sorted as by a number (Fisher 1958), the numbers that
/// describe it, and which channel it comes by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Treatments {
    /// Channels, without and with one.
    channels: usize,
    width: usize,
    /// Row after row, by offer, then by channel.
    columns: Vec<f64>,
}

impl Treatments {
    pub(super) fn new(layout: &Layout, arms: &[ResponseArm], describing: &Describing) -> Treatments {
        let mut made = Treatments { channels: 1 + layout.channels().len(), ..Treatments::default() };
        for offer in layout.arms() {
            let rate = arms.iter().find(|arm| arm.offer == *offer).map_or(0.0, ResponseArm::posterior);
            for channel in 0..made.channels {
                let start = made.columns.len();
                made.columns.push(rate);
                made.columns.extend(describing.numbers_of(offer.as_deref()));
                made.columns.extend((1..made.channels).map(|other| f64::from(u8::from(other == channel))));
                made.width = made.columns.len() - start;
            }
        }
        made
    }

    /// Where a treatment stands.
    pub(super) fn place(&self, arm: usize, channel: Option<usize>) -> usize {
        arm * self.channels + channel.map_or(0, |channel| 1 + channel)
    }

    fn of(&self, place: usize) -> &[f64] {
        &self.columns[place * self.width..(place + 1) * self.width]
    }

    /// The log-odds of a customer under every treatment, by place.
    pub(super) fn log_odds(&self, trees: &Boosting, customer: &[f64]) -> Vec<f64> {
        trees.log_odds_sharing(customer, &self.columns, self.width)
    }
}

/// Decisions as trees take them.
pub(super) struct TreeRows<'a> {
    pub logs: &'a [LoggedDecision],
    /// What is known of each customer, then of the treatment.
    pub x: Array2<f64>,
    pub weights: &'a [f64],
}

impl<'a> TreeRows<'a> {
    /// `customers`: the columns of each decision's customer, `places` those of its treatment.
    pub fn new(
        logs: &'a [LoggedDecision],
        weights: &'a [f64],
        customers: impl Iterator<Item = Vec<f64>>,
        places: &[usize],
        treatments: &Treatments,
    ) -> Result<TreeRows<'a>> {
        let mut values = Vec::new();
        for (customer, &place) in customers.zip(places) {
            values.extend(customer);
            values.extend(treatments.of(place));
        }
        let width = values.len().checked_div(logs.len()).unwrap_or(0);
        let x = Array2::from_shape_vec((logs.len(), width), values)
            .map_err(|error| Error::internal("decisions do not make a matrix").caused_by(error))?;
        Ok(TreeRows { logs, x, weights })
    }

    /// The log-odds of a row.
    pub fn log_odds(&self, trees: &Boosting, row: usize) -> f64 {
        trees.log_odds(self.x.row(row).as_slice().unwrap_or_default())
    }

    /// Trees of the rows for which `kept` says so, or of a sample of their customers; None where they hold one class only.
    pub fn grow(&self, params: BoostingParams, seed: u64, kept: impl Fn(usize) -> bool) -> Result<Option<Boosting>> {
        let parts = self.logs.len().div_ceil(MOST_ROWS).max(1);
        let sampled = |row: &usize| parts == 1 || fold_of(self.logs[*row].customer, parts, seed ^ 0x7265) == 0;
        let rows: Vec<usize> = (0..self.logs.len()).filter(|&row| kept(row)).filter(sampled).collect();
        let happened: Array1<bool> = rows.iter().map(|&row| self.logs[row].converted >= 0.5).collect();
        if happened.iter().all(|&y| y) || !happened.iter().any(|&y| y) {
            return Ok(None);
        }
        let weights: Array1<f32> = rows.iter().map(|&row| self.weights[row] as f32).collect();
        let data = DatasetBase::new(self.x.select(Axis(0), &rows), happened).with_weights(weights);
        let grown = params.seed(seed).fit(&data);
        grown.map(Some).map_err(|error| Error::invalid(format!("the trees could not be grown: {error}")))
    }
}
