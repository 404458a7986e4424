//! How far predicted lifts can be believed, from decisions that were drawn at random.

use crate::error::Result;
use crate::models::response::{LiftCalibration, LoggedDecision, OfferPrior, ResponseModel, ResponseParams};

/// Fewer random decisions than this say nothing about differences between customers.
const LEAST: usize = 4_000;
/// A choice with a higher chance was not drawn at random.
const RANDOM_BELOW: f64 = 0.999;
/// The most that every lift is moved.
const MOST_OFFSET: f64 = 0.1;

/// Fits `y - p0 = a + treated (offset + slope x predicted lift)` by least squares on decisions that the predicting model has not
/// seen: on `test` with `judged`, which was trained on `train`; where too few of them were drawn at random, on each half of all
/// decisions with a model that was trained on the other half. With too few random decisions, or none without a contact,
/// predictions are believed as they are.
///
/// # Errors
/// As training.
pub fn calibrate(
    (train, test): (&[LoggedDecision], &[LoggedDecision]),
    judged: &ResponseModel,
    priors: &[OfferPrior],
    params: &ResponseParams,
) -> Result<LiftCalibration> {
    let mut sums = Sums::default();
    if suffice(test) && judged.has_learned() {
        test.iter().for_each(|log| sums.look(judged, log));
        return Ok(sums.solve());
    }
    let logs = [train, test].concat();
    if !suffice(&logs) {
        return Ok(LiftCalibration::default());
    }
    for half in 0..2 {
        let (own, other): (Vec<_>, Vec<_>) = logs.iter().enumerate().partition(|(at, _)| at % 2 == half);
        let other: Vec<LoggedDecision> = other.into_iter().map(|(_, log)| log.clone()).collect();
        let model = ResponseModel::train(&other, priors, params)?;
        if !model.has_learned() {
            return Ok(LiftCalibration::default());
        }
        own.into_iter().for_each(|(_, log)| sums.look(&model, log));
    }
    Ok(sums.solve())
}

fn is_random(log: &LoggedDecision) -> bool {
    log.propensity < RANDOM_BELOW
}

/// Whether enough were drawn at random, with and without a contact.
fn suffice(logs: &[LoggedDecision]) -> bool {
    let treated = logs.iter().filter(|log| is_random(log) && log.offer.is_some()).count();
    let alone = logs.iter().filter(|log| is_random(log) && log.offer.is_none()).count();
    treated + alone >= LEAST && alone.min(treated) >= LEAST / 20
}

/// Sums of the regression: among those left alone only the mean matters, since it fixes `a`.
#[derive(Default)]
struct Sums {
    alone: (f64, f64),
    n: f64,
    y: f64,
    u: f64,
    uu: f64,
    uy: f64,
}

impl Sums {
    /// Adds a decision, when it was drawn at random.
    fn look(&mut self, model: &ResponseModel, log: &LoggedDecision) {
        if !is_random(log) {
            return;
        }
        let seen = model.encode(&log.context);
        let without = model.predict_encoded(&seen, None, None).mean;
        let with = |offer| model.predict_encoded(&seen, Some(offer), log.channel.as_deref()).mean;
        self.add(log.converted - without, log.offer.as_deref().map(|offer| with(offer) - without));
    }

    fn add(&mut self, residual: f64, lift: Option<f64>) {
        match lift {
            None => {
                self.alone.0 += 1.0;
                self.alone.1 += residual;
            }
            Some(lift) => {
                self.n += 1.0;
                self.y += residual;
                self.u += lift;
                self.uu += lift * lift;
                self.uy += lift * residual;
            }
        }
    }

    fn solve(&self) -> LiftCalibration {
        let level = self.alone.1 / self.alone.0;
        let (y, u) = (self.y / self.n - level, self.u / self.n);
        let variance = self.uu / self.n - u * u;
        if variance <= 1e-12 {
            return LiftCalibration { offset: (y - u).clamp(-MOST_OFFSET, MOST_OFFSET), slope: 1.0 };
        }
        let covariance = self.uy / self.n - u * (self.y / self.n);
        let slope = (covariance / variance).clamp(0.0, 1.0);
        LiftCalibration { offset: (y - slope * u).clamp(-MOST_OFFSET, MOST_OFFSET), slope }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn a_prediction_twice_too_wide_is_halved() {
        let mut draws = Stream::new(3, "lift");
        let mut sums = Sums::default();
        for _ in 0..200_000 {
            let predicted = 0.1 * draws.normal();
            let noise = 0.4 * draws.normal();
            if draws.uniform() < 0.3 {
                sums.add(0.02 + noise, None);
            } else {
                sums.add(0.02 + 0.03 + 0.5 * predicted + noise, Some(predicted));
            }
        }
        let found = sums.solve();
        assert!((found.slope - 0.5).abs() < 0.04 && (found.offset - 0.03).abs() < 0.006, "{found:?}");
    }
}
