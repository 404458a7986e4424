//! Contracts by the length of their period: how long they last, and what they will still bring.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::draws::{DRAWS, Draws};
use super::{BetaGeometric, Contract};

/// Contracts of a period with fewer ends than this are judged by all contracts.
const LEAST_ENDED: usize = 20;
/// Payments that are looked at, at most.
const MOST: u32 = 1_200;

/// A contract as it stands at some instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContractSeen {
    /// Length of its period, in days.
    pub period_days: u32,
    /// Price of a period, in units of the currency.
    pub price: f64,
    /// Days since it began; until it ended, for one that did.
    pub age_days: f64,
    /// Whether it has ended.
    pub ended: bool,
}

impl ContractSeen {
    /// Full periods that it has lasted, and whether it was given up at the end of the last.
    fn contract(&self) -> Contract {
        let periods = self.age_days / f64::from(self.period_days.max(1));
        // What ends on the last day of its second period has lasted two.
        let periods = if self.ended { (periods - 0.02).ceil().max(1.0) } else { periods.floor() };
        Contract { periods: periods as u32, ended: self.ended }
    }
}

/// How contracts last, by the length of their period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContractModel {
    /// By the length of the period in days, where enough have ended.
    pub by_period_days: BTreeMap<u32, BetaGeometric>,
    /// Of all.
    pub whole: BetaGeometric,
}

impl ContractModel {
    /// Fits shifted beta-geometric models; None when hardly any contract has ended.
    pub fn fit(contracts: &[ContractSeen]) -> Option<ContractModel> {
        let mut by_period: BTreeMap<u32, Vec<Contract>> = BTreeMap::new();
        for contract in contracts {
            by_period.entry(contract.period_days).or_default().push(contract.contract());
        }
        let all: Vec<Contract> = by_period.values().flatten().copied().collect();
        if all.iter().filter(|contract| contract.ended).count() < LEAST_ENDED {
            return None;
        }
        let whole = BetaGeometric::fit(&all)?;
        let enough = by_period.into_iter().filter(|(_, of)| of.iter().filter(|c| c.ended).count() >= LEAST_ENDED);
        let by_period_days = enough.filter_map(|(days, of)| Some((days, BetaGeometric::fit(&of)?))).collect();
        Some(ContractModel { by_period_days, whole })
    }

    fn of(&self, period_days: u32) -> &BetaGeometric {
        self.by_period_days.get(&period_days).unwrap_or(&self.whole)
    }

    /// Chance that a contract which runs still runs `days` later.
    pub fn survival(&self, seen: &ContractSeen, days: f64) -> f64 {
        let (model, age) = (self.of(seen.period_days), seen.contract().periods);
        (0..renewals(seen, days)).map(|step| model.retention(age + step)).product()
    }

    /// Adds the present value of the payments within `days` of a contract that runs to `draws`, and returns its expectation. The payments
    /// come at its renewals; `yearly` is the rate of discount, `margin` what is left of the price.
    pub fn add_value(
        &self,
        seen: &ContractSeen,
        days: f64,
        yearly: f64,
        margin: f64,
        points: &Draws,
        draws: &mut [f64; DRAWS],
    ) -> f64 {
        let (model, age) = (self.of(seen.period_days), seen.contract().periods);
        let first = f64::from(seen.period_days) * f64::from(age + 1) - seen.age_days;
        let (mut alive, mut expected, mut paid) = (1.0, 0.0, 0.0);
        let (mut survivals, mut values) = (Vec::new(), vec![0.0]);
        for step in 0..renewals(seen, days) {
            let at = first + f64::from(step) * f64::from(seen.period_days);
            let worth = seen.price * margin * (1.0 + yearly).powf(-at / 365.0);
            alive *= model.retention(age + step);
            expected += alive * worth;
            paid += worth;
            survivals.push(alive);
            values.push(paid);
        }
        for (draw, point) in draws.iter_mut().zip(points.third) {
            // So many renewals as have a survival above the point.
            *draw += values[survivals.partition_point(|&survival| survival > point)];
        }
        expected
    }
}

/// Renewals of a contract within so many days.
fn renewals(seen: &ContractSeen, days: f64) -> u32 {
    let period = f64::from(seen.period_days.max(1));
    let first = period * f64::from(seen.contract().periods + 1) - seen.age_days;
    if days < first { 0 } else { (((days - first) / period).floor() as u32 + 1).min(MOST) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::lifetime::GammaGamma;

    fn seen(age_days: f64, ended: bool) -> ContractSeen {
        ContractSeen { period_days: 30, price: 10.0, age_days, ended }
    }

    /// Fader and Hardie 2007, "regular": of 1,000 contracts 631, 468, 382, ... are left after each period.
    fn regular() -> Vec<ContractSeen> {
        let left = [1000, 631, 468, 382, 326, 289, 262, 241];
        let mut made = Vec::new();
        for (i, pair) in left.windows(2).enumerate() {
            made.extend(std::iter::repeat_n(seen(30.0 * (i as f64 + 1.0), true), pair[0] - pair[1]));
        }
        made.extend(std::iter::repeat_n(seen(210.0, false), 241));
        made
    }

    #[test]
    fn value_of_a_contract_by_hand() {
        let model = ContractModel::fit(&regular()).unwrap();
        assert!((model.whole.alpha - 0.704).abs() < 1e-3 && (model.whole.beta - 1.182).abs() < 1e-3, "{model:?}");
        let points = Draws::new(GammaGamma { p: 1.0, q: 2.0, v: 1.0, log_likelihood: 0.0 });
        let mut draws = [0.0; DRAWS];
        // Two renewals in 60 days, the first in 30, without discount and with half the price as margin.
        let one = seen(0.0, false);
        let expected = model.add_value(&one, 60.0, 0.0, 0.5, &points, &mut draws);
        let (s1, s2) = (model.whole.survival(1), model.whole.survival(2));
        assert!((expected - 5.0 * (s1 + s2)).abs() < 1e-9, "{expected}");
        assert!((model.survival(&one, 60.0) - s2).abs() < 1e-12 && model.survival(&one, 29.0) == 1.0);
        let mean = draws.iter().sum::<f64>() / DRAWS as f64;
        assert!((mean - expected).abs() < 0.1, "{mean} {expected}");
        // Whoever has stayed long is worth more, and money later is worth less.
        let old = model.add_value(&seen(180.0, false), 60.0, 0.0, 0.5, &points, &mut draws);
        assert!(old > expected && model.add_value(&one, 60.0, 0.1, 0.5, &points, &mut draws) < expected);
    }

    #[test]
    fn hardly_any_end_teaches_nothing() {
        assert!(ContractModel::fit(&[seen(300.0, false); 100]).is_none());
        assert!(ContractModel::fit(&[seen(30.0, true); 5]).is_none());
    }
}
