//! The gate between a candidate and the customers: a policy serves only when its gain is shown.

use serde::Serialize;

use super::off_policy::{Evaluation, Refusal, Value};
use crate::experiments::verdict::{Choice, Verdict};

/// What speaks for a candidate.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// Its estimated value on the log of the policy that serves now.
    OffPolicy(Result<Evaluation, Refusal>),
    /// Its experiment against the policy that serves now, in which it is the variant of this name.
    Experiment {
        /// The candidate's name among the variants.
        variant: String,
        /// What the experiment says.
        verdict: Verdict,
    },
}

/// Whether the candidate may serve, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Promotion {
    /// True when it may.
    pub serves: bool,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
    /// The estimated gain per decision, where there is one.
    pub gain: Option<Value>,
}

/// Judges a candidate. An experiment outweighs any estimate: if one says ship or keep, that is the answer; otherwise the
/// estimated gain's lower bound must be above zero. Without evidence the policy that serves now stays.
pub fn gate(evidence: &[Evidence]) -> Promotion {
    let mut reasons = Vec::new();
    for piece in evidence {
        if let Evidence::Experiment { variant, verdict } = piece
            && let Some(serves) = decides(variant, verdict)
        {
            reasons.push(format!(
                "The experiment says {}: {}",
                if serves { "ship" } else { "keep" },
                verdict.reasons.join(" ")
            ));
            return Promotion { serves, reasons, gain: None };
        }
    }
    let mut serves = false;
    let mut gain = None;
    for piece in evidence {
        match piece {
            Evidence::Experiment { verdict, .. } => {
                reasons.push(format!("The experiment does not decide: {}", verdict.reasons.join(" ")));
            }
            Evidence::OffPolicy(Err(refusal)) => reasons.push(format!("No estimate: {refusal}.")),
            Evidence::OffPolicy(Ok(evaluation)) => {
                let Value { estimate, ci_lower, ci_upper, .. } = evaluation.gain;
                serves = ci_lower > 0.0;
                gain = Some(evaluation.gain);
                let so = if serves { "so it gains" } else { "so no gain is shown" };
                reasons.push(format!(
                    "On {} logged decisions it gains {estimate:.4} each, between {ci_lower:.4} and {ci_upper:.4}, {so}.",
                    evaluation.rows
                ));
            }
        }
    }
    if reasons.is_empty() {
        reasons.push("There is neither an estimate nor an experiment.".into());
    }
    Promotion { serves, reasons, gain }
}

/// Judges the first learned policy, in place of what a marketer stated: for that nothing has been shown either. So it serves unless it is
/// shown to lose, by an experiment or by an estimate whose upper bound is below zero; without an estimate, what was stated stays.
pub fn gate_first(evidence: &[Evidence]) -> Promotion {
    let mut decided = gate(evidence);
    if !decided.serves && decided.gain.is_some_and(|gain| gain.ci_upper > 0.0) {
        decided.serves = true;
        decided.reasons.push("What was stated has no evidence of its own, so the first learned policy serves.".into());
    }
    decided
}

/// `None` when the experiment does not decide about this variant.
fn decides(variant: &str, verdict: &Verdict) -> Option<bool> {
    match verdict.choice {
        Choice::Ship => Some(verdict.winner.as_deref() == Some(variant)),
        Choice::Keep => Some(false),
        Choice::NoDifference | Choice::Inconclusive | Choice::Broken => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::off_policy::{Logged, Options, evaluate};
    use super::*;

    /// Two actions, logged evenly; the candidate always takes the one that pays `better` in 100.
    fn log(better: usize, worse: usize) -> Result<Evaluation, Refusal> {
        let rows: Vec<Logged> = (0..2_000)
            .map(|i| {
                let good = i % 2 == 0;
                let pays = (i / 2) % 100 < if good { better } else { worse };
                Logged {
                    cluster: i as i64,
                    reward: f64::from(u8::from(pays)),
                    propensity: 0.5,
                    target: f64::from(u8::from(good)),
                    unsupported: 0.0,
                    expected: None,
                }
            })
            .collect();
        evaluate(&rows, &Options::default())
    }

    fn verdict(choice: Choice) -> Verdict {
        Verdict {
            choice,
            winner: (choice == Choice::Ship).then(|| "new".to_owned()),
            reasons: vec!["Because.".into()],
            warnings: Vec::new(),
            adjusted_p_values: Vec::new(),
        }
    }

    #[test]
    fn an_estimate_serves_only_with_its_lower_bound_above_zero() {
        assert!(gate(&[Evidence::OffPolicy(log(30, 10))]).serves);
        assert!(!gate(&[Evidence::OffPolicy(log(12, 11))]).serves);
        assert!(!gate(&[Evidence::OffPolicy(Err(Refusal::NoSupport { share: 0.3 }))]).serves);
        assert!(!gate(&[]).serves);
    }

    #[test]
    fn the_first_learned_policy_serves_unless_it_is_shown_to_lose() {
        assert!(gate_first(&[Evidence::OffPolicy(log(12, 11))]).serves);
        assert!(gate_first(&[Evidence::OffPolicy(log(11, 12))]).serves);
        assert!(!gate_first(&[Evidence::OffPolicy(log(10, 30))]).serves);
        assert!(!gate_first(&[Evidence::OffPolicy(Err(Refusal::NoSupport { share: 0.3 }))]).serves);
        let keep = Evidence::Experiment { variant: "new".into(), verdict: verdict(Choice::Keep) };
        assert!(!gate_first(&[Evidence::OffPolicy(log(12, 11)), keep]).serves);
    }

    #[test]
    fn an_experiment_outweighs_the_estimate_when_it_decides() {
        let with = |choice, variant: &str| {
            let experiment = Evidence::Experiment { variant: variant.into(), verdict: verdict(choice) };
            gate(&[Evidence::OffPolicy(log(30, 10)), experiment]).serves
        };
        assert!(with(Choice::Ship, "new") && with(Choice::Inconclusive, "new"));
        assert!(!with(Choice::Keep, "new") && !with(Choice::Ship, "other"));
    }
}
