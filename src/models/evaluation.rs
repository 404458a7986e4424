//! How good probabilities are: the figures by which models are compared and admitted.
//!
//! The definitions are those of scikit-learn, so that figures can be compared with other tools line by line.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Probabilities are kept this far from 0 and 1 before a logarithm is taken.
const LOG_LOSS_FLOOR: f64 = 1e-15;

/// What a model's probabilities are worth on data that it has not seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Rows looked at.
    pub rows: usize,
    /// Rows where the event happened.
    pub events: usize,
    /// Chance that an event is ranked above a non-event; ties count half. 0.5 is a coin.
    pub auc: f64,
    /// Area under precision over recall, by steps.
    pub average_precision: f64,
    /// Mean negative log-likelihood, in nats.
    pub log_loss: f64,
    /// Mean squared error of the probability.
    pub brier: f64,
    /// Expected calibration error in ten bins of equal width.
    pub ece10: f64,
}

impl Metrics {
    /// Compares `probabilities` with what happened.
    ///
    /// # Errors
    /// Invalid when the lengths differ, a probability is not a number in 0..1, or only one class is present.
    pub fn of(happened: &[bool], probabilities: &[f64]) -> Result<Metrics> {
        if happened.len() != probabilities.len() {
            return Err(Error::invalid(format!(
                "{} outcomes stand beside {} probabilities",
                happened.len(),
                probabilities.len()
            )));
        }
        if let Some(bad) = probabilities.iter().find(|p| !(0.0..=1.0).contains(*p)) {
            return Err(Error::invalid(format!("{bad} is not a probability")));
        }
        let events = happened.iter().filter(|&&y| y).count();
        if events == 0 || events == happened.len() {
            return Err(Error::invalid(format!(
                "{events} of {} rows are events; both classes are needed to judge a model",
                happened.len()
            )));
        }
        let groups = TiedGroups::of(happened, probabilities);
        Ok(Metrics {
            rows: happened.len(),
            events,
            auc: groups.auc(),
            average_precision: groups.average_precision(),
            log_loss: log_loss(happened, probabilities),
            brier: brier(happened, probabilities),
            ece10: ece10(happened, probabilities),
        })
    }
}

/// Area under the ROC curve of any score, or None when only one class is present. A score that is not a number counts as lowest.
pub fn auc(happened: &[bool], scores: &[f64]) -> Option<f64> {
    let groups = TiedGroups::of(happened, scores);
    (groups.events > 0.0 && groups.others > 0.0).then(|| groups.auc())
}

/// Mean negative log-likelihood, in nats; probabilities are kept 1e-15 away from 0 and 1.
pub fn log_loss(happened: &[bool], probabilities: &[f64]) -> f64 {
    mean(happened, probabilities, |y, p| {
        let p = p.clamp(LOG_LOSS_FLOOR, 1.0 - LOG_LOSS_FLOOR);
        if y { -p.ln() } else { -(1.0 - p).ln() }
    })
}

/// Mean squared difference between the probability and the outcome (Brier 1950).
pub fn brier(happened: &[bool], probabilities: &[f64]) -> f64 {
    mean(happened, probabilities, |y, p| (p - f64::from(u8::from(y))).powi(2))
}

/// Expected calibration error: rows are put into ten bins of equal width by probability; the distance of mean probability and
/// event rate, weighted by rows.
pub fn ece10(happened: &[bool], probabilities: &[f64]) -> f64 {
    let mut bins = [(0.0, 0.0, 0.0); 10];
    for (&y, &p) in happened.iter().zip(probabilities) {
        let (count, events, sum) = &mut bins[((p * 10.0) as usize).min(9)];
        *count += 1.0;
        *events += f64::from(u8::from(y));
        *sum += p;
    }
    let rows = happened.len().max(1) as f64;
    bins.iter().filter(|(count, ..)| *count > 0.0).map(|(_, events, sum)| (events - sum).abs() / rows).sum()
}

fn mean(happened: &[bool], probabilities: &[f64], of: impl Fn(bool, f64) -> f64) -> f64 {
    let sum: f64 = happened.iter().zip(probabilities).map(|(&y, &p)| of(y, p)).sum();
    sum / happened.len().max(1) as f64
}

/// Rows sorted by falling score, those with equal scores together: (events, others) in each group.
struct TiedGroups {
    groups: Vec<(f64, f64)>,
    events: f64,
    others: f64,
}

impl TiedGroups {
    fn of(happened: &[bool], scores: &[f64]) -> TiedGroups {
        let rank = |score: f64| if score.is_nan() { f64::NEG_INFINITY } else { score };
        let mut rows: Vec<(f64, bool)> = scores.iter().map(|&s| rank(s)).zip(happened.iter().copied()).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut made = TiedGroups { groups: Vec::new(), events: 0.0, others: 0.0 };
        let mut last = None;
        for (score, event) in rows {
            if last != Some(score) {
                made.groups.push((0.0, 0.0));
                last = Some(score);
            }
            let group = made.groups.last_mut().expect("a group was opened for the first row");
            let (inside, total) =
                if event { (&mut group.0, &mut made.events) } else { (&mut group.1, &mut made.others) };
            *inside += 1.0;
            *total += 1.0;
        }
        made
    }

    /// Mann and Whitney: for each event, the others ranked below it, and half of those tied with it.
    fn auc(&self) -> f64 {
        let mut below = self.others;
        let mut won = 0.0;
        for &(events, others) in &self.groups {
            below -= others;
            won += events * (below + 0.5 * others);
        }
        won / (self.events * self.others)
    }

    /// Sum over thresholds of (recall gained) x (precision there).
    fn average_precision(&self) -> f64 {
        let (mut found, mut seen, mut area) = (0.0, 0.0, 0.0);
        for &(events, others) in &self.groups {
            found += events;
            seen += events + others;
            area += events / self.events * (found / seen);
        }
        area
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of scikit-learn's documentation of `roc_auc_score` and `average_precision_score`.
    #[test]
    fn equals_the_example_of_scikit_learn() {
        let metrics = Metrics::of(&[false, false, true, true], &[0.1, 0.4, 0.35, 0.8]).unwrap();
        assert!((metrics.auc - 0.75).abs() < 1e-12);
        assert!((metrics.average_precision - 0.8333333333333333).abs() < 1e-12);
        let by_hand = -((0.9f64).ln() + (0.6f64).ln() + (0.35f64).ln() + (0.8f64).ln()) / 4.0;
        assert!((metrics.log_loss - by_hand).abs() < 1e-12);
        assert!((metrics.brier - (0.01 + 0.16 + 0.4225 + 0.04) / 4.0).abs() < 1e-12);
        // Bins 1, 3, 4 and 8 hold one row each: |0-.1| + |1-.35| + |0-.4| + |1-.8|, a quarter each.
        assert!((metrics.ece10 - (0.1 + 0.65 + 0.4 + 0.2) / 4.0).abs() < 1e-12);
    }

    #[test]
    fn ties_count_half() {
        assert_eq!(auc(&[true, false, true, false], &[0.5; 4]), Some(0.5));
        assert_eq!(auc(&[true, true], &[0.1, 0.2]), None);
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        assert!(Metrics::of(&[true, true], &[0.5, 0.6]).unwrap_err().message().contains("both classes"));
        assert!(Metrics::of(&[true, false], &[0.5, f64::NAN]).is_err());
        assert!(Metrics::of(&[true], &[0.5, 0.1]).is_err());
    }
}
