//! Which learner foretells an offer's lift: the one with the best Qini, if chance would not give it.

use serde::{Deserialize, Serialize};

use super::Learner;
use super::qini::{Qini, Ranked};

/// A Qini so many deviations above its null is more than chance gives the best of three rankings in one of twenty cases.
const BEYOND_CHANCE: f64 = 2.13;

/// A learner on customers of whom it knew nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearnerFigures {
    /// Which.
    pub learner: Learner,
    /// Its Qini coefficient, per decision.
    pub qini: f64,
    /// Standard deviation of a ranking without meaning.
    pub null_deviation: f64,
    /// The one by the other.
    pub z: f64,
}

/// What was seen of an offer, and which learner foretells its lift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferFigures {
    /// The offer; None for all that were tried too seldom to be judged alone, together.
    pub offer: Option<String>,
    /// Decisions left to chance with this offer.
    pub treated: usize,
    /// And without a contact.
    pub alone: usize,
    /// What the contact changed on average.
    pub effect: f64,
    /// The standard error of that.
    pub stderr: f64,
    /// Those that were compared.
    pub learners: Vec<LearnerFigures>,
    /// The one that was taken.
    pub chosen: Learner,
    /// Why.
    pub because: String,
    /// How far differences that it foretells are believed, 0 to 1.
    pub slope: f64,
}

/// A decision that was left to chance, with the lifts foretold for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub treated: bool,
    pub outcome: f64,
    pub weight: f64,
    /// By [`Learner::TELLING`].
    pub foretold: [f64; 3],
}

impl OfferFigures {
    /// Judges an offer alone, or (`offer` None) the joint answer for many together.
    pub(super) fn of(offer: Option<&str>, rows: &[Judged]) -> OfferFigures {
        let compared = if offer.is_some() { &Learner::TELLING[..] } else { &Learner::TELLING[..1] };
        let figures = |(place, &learner): (usize, &Learner)| {
            let ranked = |row: &Judged| Ranked {
                score: row.foretold[place],
                treated: row.treated,
                outcome: row.outcome,
                weight: row.weight,
            };
            let qini = Qini::of(&rows.iter().map(ranked).collect::<Vec<_>>())?;
            let (qini, null_deviation, z) = (qini.coefficient, qini.null_deviation, qini.z());
            Some(LearnerFigures { learner, qini, null_deviation, z })
        };
        let learners: Vec<LearnerFigures> = compared.iter().enumerate().filter_map(figures).collect();
        let (chosen, because) = match offer {
            Some(_) => choose(&learners),
            None => (Learner::Joint, "each was tried too seldom to be judged alone".to_owned()),
        };
        let ((with, spread_with), (without, spread_without)) = (mean(rows, true), mean(rows, false));
        OfferFigures {
            offer: offer.map(str::to_owned),
            treated: rows.iter().filter(|row| row.treated).count(),
            alone: rows.iter().filter(|row| !row.treated).count(),
            effect: with - without,
            stderr: (spread_with + spread_without).sqrt(),
            learners,
            chosen,
            because,
            slope: 1.0,
        }
    }

    /// The offer's name, for the card.
    pub fn named(&self) -> &str {
        self.offer.as_deref().unwrap_or("other offers")
    }

    /// In a sentence, for the card.
    pub fn words(&self) -> String {
        format!(
            "lift of {}: {}, because {}; on average {:+.4} (standard error {:.4}); differences believed by {:.2}",
            self.named(),
            self.chosen.words(),
            self.because,
            self.effect,
            self.stderr,
            self.slope
        )
    }
}

fn choose(learners: &[LearnerFigures]) -> (Learner, String) {
    let best = learners.iter().max_by(|a, b| a.qini.total_cmp(&b.qini));
    let Some(best) = best else { return (Learner::Average, "there is nothing to rank".to_owned()) };
    let said = format!("Qini x 1e4 {:.2}, {:.1} deviations of its null", 1e4 * best.qini, best.z);
    if best.z > BEYOND_CHANCE {
        (best.learner, format!("it has the best {said}"))
    } else {
        (Learner::Average, format!("no ranking is beyond chance: the best has {said}"))
    }
}

/// Weighted mean of outcomes in an arm, and its variance.
fn mean(rows: &[Judged], treated: bool) -> (f64, f64) {
    let arm = || rows.iter().filter(|row| row.treated == treated);
    let total: f64 = arm().map(|row| row.weight).sum();
    let mean = arm().map(|row| row.weight * row.outcome).sum::<f64>() / total.max(f64::MIN_POSITIVE);
    let squares: f64 = arm().map(|row| (row.weight * (row.outcome - mean)).powi(2)).sum();
    (mean, squares / (total * total).max(f64::MIN_POSITIVE))
}
