//! Where the audience went: from everyone to those who are contacted, with the reasons at each step.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::decision::{Arm, Decision};
use super::trace::{Outcome, Trace};

/// The steps, in order. A customer falls at the first one that nothing of theirs passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// An offer may be shown.
    Eligible,
    /// There is permission for its channel.
    Consented,
    /// Caps, rests, quiet hours, complaints and known state allow it.
    WithinCaps,
    /// Not held out.
    NotHeldOut,
    /// It adds value.
    WorthContacting,
    /// It was chosen.
    Chosen,
}

impl Step {
    /// All of them.
    pub const ALL: [Step; 6] =
        [Step::Eligible, Step::Consented, Step::WithinCaps, Step::NotHeldOut, Step::WorthContacting, Step::Chosen];

    /// The words in the printed waterfall.
    pub fn words(self) -> &'static str {
        match self {
            Step::Eligible => "eligible",
            Step::Consented => "consented",
            Step::WithinCaps => "within caps",
            Step::NotHeldOut => "not in the holdout",
            Step::WorthContacting => "worth contacting",
            Step::Chosen => "chosen",
        }
    }
}

/// Counts of customers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waterfall {
    /// Everyone asked for.
    pub audience: u64,
    /// Who was left after each step.
    pub left: BTreeMap<Step, u64>,
    /// Who fell at each step, by reason; each customer once.
    pub fell: BTreeMap<Step, BTreeMap<String, u64>>,
}

impl Waterfall {
    /// Counts the decisions of a run.
    pub fn of(decisions: &[Decision]) -> Waterfall {
        let mut waterfall = Waterfall { audience: decisions.len() as u64, ..Waterfall::default() };
        for decision in decisions {
            if let Some((step, reason)) = fall(decision) {
                *waterfall.fell.entry(step).or_default().entry(reason).or_default() += 1;
            }
        }
        let mut left = waterfall.audience;
        for step in Step::ALL {
            left -= waterfall.fell.get(&step).map_or(0, |reasons| reasons.values().sum());
            waterfall.left.insert(step, left);
        }
        waterfall
    }

    /// Who was chosen in the end.
    pub fn chosen(&self) -> u64 {
        self.left.get(&Step::Chosen).copied().unwrap_or(0)
    }

    /// The waterfall as lines; where a step leaves no one, what to do about it.
    pub fn words(&self) -> Vec<String> {
        let mut lines = vec![format!("{:>9}  audience", self.audience)];
        let mut before = self.audience;
        for step in Step::ALL {
            let left = self.left.get(&step).copied().unwrap_or(0);
            let reasons = self.fell.get(&step);
            let mut sorted: Vec<(&String, &u64)> = reasons.into_iter().flatten().collect();
            sorted.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
            let why: Vec<String> = sorted.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
            let why = if why.is_empty() { String::new() } else { format!("   - {}", why.join(", ")) };
            lines.push(format!("{left:>9}  {}{why}", step.words()));
            if left == 0 && before > 0 {
                let advice = sorted.first().map_or("", |(reason, _)| advice(reason));
                lines.push(format!("           No one is left: {advice}"));
            }
            before = left;
        }
        lines
    }
}

/// What to do when a reason has taken everyone.
fn advice(reason: &str) -> &'static str {
    match reason {
        "no_consent" => "there is no consent for the campaign's channels; import consents, or ask for them.",
        "suppressed" => {
            "every channel is suppressed or has no address; import addresses and consents, look at bounces and complaints."
        }
        "state_unknown" => "the customers' state is missing or too old; run `vizavi score`.",
        "contacts_unknown" => "the contact ledger could not be read; check the store.",
        "complaints_unknown" => {
            "it is not known who has an open complaint; import interactions, then run `vizavi score`."
        }
        "not_eligible" => "no one meets the rules of the audience or of any offer; widen them.",
        "fact_unknown" => "a rule names facts that are not known; run `vizavi train` and `vizavi score`.",
        "no_candidates" => "the campaign has no offer and channel for these customers; check validity and channels.",
        "quiet_hours" => "every slot lies in quiet hours; choose other hours.",
        "cap" | "cool_down" => "everyone was contacted lately; wait, or loosen the caps.",
        "no_gain" => "no contact adds value; check margins, costs and the response model.",
        "priced" | "no_capacity" | "used_up" => {
            "there is no capacity; raise the budget, the stock or the channel's volume."
        }
        "other_campaign" => "everyone is left to other campaigns; see their priorities.",
        _ => "see the reasons above.",
    }
}

/// Where a customer fell, and why; `None` for those who are contacted.
fn fall(decision: &Decision) -> Option<(Step, String)> {
    let trace = &decision.trace;
    if !decision.to_make().is_empty() {
        return None;
    }
    if trace.candidates.is_empty() {
        return Some((Step::Eligible, "no_candidates".into()));
    }
    let passed = trace.candidates.iter().map(|candidate| passes(&candidate.outcome)).max().flatten();
    let reason = |step: Option<Step>| commonest(trace, step);
    match passed {
        None => Some((Step::Eligible, reason(None))),
        Some(Step::Eligible) => Some((Step::Consented, reason(passed))),
        Some(Step::Consented) => Some((Step::WithinCaps, reason(passed))),
        _ if decision.arm.is_holdout() => Some((Step::NotHeldOut, decision.arm.name().into())),
        Some(Step::WithinCaps | Step::NotHeldOut) if decision.arm != Arm::Exploration => {
            Some((Step::WorthContacting, reason(Some(Step::WithinCaps))))
        }
        _ if decision.arm == Arm::Exploration => Some((Step::Chosen, "none_drawn".into())),
        _ => Some((Step::Chosen, reason(passed))),
    }
}

/// The last step that a candidate passed; `None` for not even the first.
fn passes(outcome: &Outcome) -> Option<Step> {
    match outcome {
        Outcome::NotEligible { .. } | Outcome::ProfilingObjection => None,
        Outcome::Refused { refusal, .. } if refusal.is_permission() => Some(Step::Eligible),
        Outcome::Refused { .. } => Some(Step::Consented),
        Outcome::NotComputable | Outcome::NoGain => Some(Step::WithinCaps),
        _ => Some(Step::WorthContacting),
    }
}

/// The commonest reason among the candidates that came this far; of equals the first by name.
fn commonest(trace: &Trace, step: Option<Step>) -> String {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for candidate in trace.candidates.iter().filter(|candidate| passes(&candidate.outcome) == step) {
        *counts.entry(candidate.outcome.name()).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(0);
    counts.into_iter().find(|(_, count)| *count == most).map_or("unknown", |(name, _)| name).to_owned()
}
