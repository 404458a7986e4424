//! What follows from an experiment, in plain words; and the refusal of a winner that the data cannot carry.

use serde::Serialize;

use super::degenerate::Degenerate;
use super::effect::{Effect, Level};
use super::multiplicity;
use super::sample_ratio::{BLOCKS_BELOW, SampleRatio};
use crate::error::{Error, Result};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// A variant is better: use it.
    Ship,
    /// No variant is better and at least one is worse, or harms a guardrail: stay with the control.
    Keep,
    /// Any difference is too small to matter.
    NoDifference,
    /// The data do not tell yet.
    Inconclusive,
    /// The assignment is broken; nothing can be read from it.
    Broken,
}

/// How often the data may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Looking {
    /// Once, when this many units per arm have been observed to the end of their window.
    Once {
        /// Units per arm that were planned.
        planned: f64,
    },
    /// As often as one likes; the effects come from the sequential tests.
    Always,
}

/// A variant against the control.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The variant's name.
    pub variant: String,
    /// Units of the smaller arm, observed to the end of their window.
    pub units: f64,
    /// The goal, above zero meaning better.
    pub goal: std::result::Result<Effect, Degenerate>,
    /// Harms, each a name and the effect above zero meaning worse, with the margin that is tolerated.
    pub guardrails: Vec<Guardrail>,
}

/// Something that must not get worse (unsubscribes, complaints, bounces, margin).
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrail {
    /// What is guarded.
    pub name: String,
    /// The change, above zero meaning worse; always from a sequential test.
    pub harm: Effect,
    /// The change that is tolerated (default for unsubscribes: 0.001).
    pub margin: f64,
}

impl Guardrail {
    /// True when even the lower bound of the harm is above the margin.
    pub fn is_crossed(&self) -> bool {
        self.harm.ci_lower > self.margin
    }
}

/// All that a verdict looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Whether the arms are as large as planned.
    pub sample_ratio: std::result::Result<SampleRatio, Degenerate>,
    /// Each variant against the control.
    pub comparisons: Vec<Comparison>,
    /// The level, over all variants together (Holm).
    pub level: Level,
    /// The smallest difference that matters, in the goal's unit.
    pub matters: f64,
    /// How often the data may be looked at.
    pub looking: Looking,
    /// Whole days that the experiment has run.
    pub days: f64,
}

/// What follows, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// What to do.
    pub choice: Choice,
    /// The better variant; only with [`Choice::Ship`].
    pub winner: Option<String>,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
    /// What a reader should know all the same.
    pub warnings: Vec<String>,
    /// Holm's p-value per variant, where there is one.
    pub adjusted_p_values: Vec<(String, f64)>,
}

impl Verdict {
    /// The winner, if the data carry one.
    ///
    /// # Errors
    /// Conflict, with the reasons, otherwise.
    pub fn require_winner(&self) -> Result<&str> {
        self.winner.as_deref().ok_or_else(|| {
            Error::conflict(format!(
                "the data do not carry a winner: {} A person may still choose a variant by hand",
                self.reasons.join(" ")
            ))
        })
    }

    fn new(choice: Choice, reasons: Vec<String>) -> Verdict {
        Verdict { choice, winner: None, reasons, warnings: Vec::new(), adjusted_p_values: Vec::new() }
    }
}

/// Judges the evidence. In this order: a broken assignment; guardrails; too early a look; then the intervals.
pub fn judge(evidence: &Evidence) -> Verdict {
    let mut verdict = broken(evidence).or_else(|| too_early(evidence)).unwrap_or_else(|| compare(evidence));
    if evidence.days < 7.0 {
        verdict.warnings.push(format!(
            "It has run {:.0} days; under a full week the days of the week and the charm of the new still show.",
            evidence.days
        ));
    }
    if let Ok(ratio) = &evidence.sample_ratio
        && ratio.least_expected < super::sample_ratio::LEAST_EXPECTED
    {
        verdict.warnings.push("Too few customers per arm to check their sizes against the plan.".into());
    }
    verdict
}

fn broken(evidence: &Evidence) -> Option<Verdict> {
    match &evidence.sample_ratio {
        Ok(ratio) if ratio.mismatch() => Some(Verdict::new(
            Choice::Broken,
            vec![format!(
                "The arms do not have the planned sizes (p = {:.1e}, below {BLOCKS_BELOW}): some customers were lost or \
                 added on one side, so the arms are not alike. Find the cause before reading any result.",
                ratio.p_value
            )],
        )),
        Err(reason @ (Degenerate::UnplannedArm | Degenerate::ImpossibleSums)) => {
            Some(Verdict::new(Choice::Broken, vec![format!("The sizes of the arms cannot be: {reason}.")]))
        }
        _ => None,
    }
}

/// A fixed-size test before its size is reached, unless a guardrail stops it anyway.
fn too_early(evidence: &Evidence) -> Option<Verdict> {
    let Looking::Once { planned } = evidence.looking else { return None };
    let units = evidence.comparisons.iter().map(|c| c.units).fold(f64::INFINITY, f64::min);
    if units >= planned || evidence.comparisons.iter().any(|c| c.guardrails.iter().any(Guardrail::is_crossed)) {
        return None;
    }
    Some(Verdict::new(
        Choice::Inconclusive,
        vec![format!(
            "{units:.0} of the planned {planned:.0} customers per arm are in; this test holds for one look at the full \
             size. Wait, or plan the sequential test, which may be looked at any time."
        )],
    ))
}

/// How one variant stands.
enum Standing {
    Better(f64),
    Worse(String),
    Equal(String),
    Unknown(String),
}

fn compare(evidence: &Evidence) -> Verdict {
    let known: Vec<(usize, f64)> = evidence
        .comparisons
        .iter()
        .enumerate()
        .filter_map(|(i, c)| c.goal.as_ref().ok().map(|effect| (i, effect.p_value)))
        .collect();
    // p-values of effects are within 0 and 1 by construction; an empty list adjusts to an empty list.
    let adjusted = multiplicity::holm(&known.iter().map(|(_, p)| *p).collect::<Vec<_>>()).unwrap_or_default();
    let adjusted: Vec<(usize, f64)> = known.iter().map(|(i, _)| *i).zip(adjusted).collect();
    let p_of = |index: usize| adjusted.iter().find(|(i, _)| *i == index).map(|(_, p)| *p);
    let standings: Vec<Standing> =
        evidence.comparisons.iter().enumerate().map(|(i, c)| standing(c, p_of(i), evidence)).collect();
    let names = |i: usize| evidence.comparisons[i].variant.clone();
    let mut verdict = settle(evidence, &standings);
    verdict.adjusted_p_values = adjusted.into_iter().map(|(i, p)| (names(i), p)).collect();
    verdict
}

fn standing(comparison: &Comparison, adjusted: Option<f64>, evidence: &Evidence) -> Standing {
    let name = &comparison.variant;
    if let Some(guard) = comparison.guardrails.iter().find(|g| g.is_crossed()) {
        return Standing::Worse(format!(
            "{name} harms {}: at least {:.2e} worse, {:.2e} is tolerated.",
            guard.name, guard.harm.ci_lower, guard.margin
        ));
    }
    let effect = match (&comparison.goal, adjusted) {
        (Ok(effect), Some(_)) => effect,
        (Err(reason), _) => return Standing::Unknown(format!("{name} cannot be compared: {reason}.")),
        (Ok(_), None) => return Standing::Unknown(format!("{name} has no valid p-value.")),
    };
    let p = adjusted.unwrap_or(1.0);
    let significant = p < evidence.level.alpha();
    let (low, high) = (effect.ci_lower, effect.ci_upper);
    if low > -evidence.matters && high < evidence.matters {
        return Standing::Equal(format!(
            "{name} differs by {low:.3e} to {high:.3e}, all within the {:.3e} that matters.",
            evidence.matters
        ));
    }
    if significant && low > 0.0 {
        Standing::Better(effect.point_estimate)
    } else if significant && high < 0.0 {
        Standing::Worse(format!("{name} is worse: {low:.3e} to {high:.3e} (p = {p:.2e})."))
    } else {
        Standing::Unknown(format!(
            "{name} lies between {low:.3e} and {high:.3e} (p = {p:.2e} over all comparisons): it may be better or worse."
        ))
    }
}

fn settle(evidence: &Evidence, standings: &[Standing]) -> Verdict {
    let best = standings
        .iter()
        .enumerate()
        .filter_map(|(i, s)| if let Standing::Better(gain) = s { Some((i, *gain)) } else { None })
        .max_by(|x, y| x.1.total_cmp(&y.1));
    if let Some((index, gain)) = best {
        return ship(evidence, standings, index, gain);
    }
    let mut reasons = Vec::new();
    let (mut worse, mut equal, mut unknown) = (0_usize, 0_usize, 0_usize);
    for standing in standings {
        match standing {
            Standing::Worse(why) => (worse, reasons) = (worse + 1, [reasons, vec![why.clone()]].concat()),
            Standing::Equal(why) => (equal, reasons) = (equal + 1, [reasons, vec![why.clone()]].concat()),
            Standing::Unknown(why) => (unknown, reasons) = (unknown + 1, [reasons, vec![why.clone()]].concat()),
            Standing::Better(_) => {}
        }
    }
    let choice = match (worse, equal, unknown) {
        (_, _, 1..) => Choice::Inconclusive,
        (1.., _, 0) => Choice::Keep,
        (0, 1.., 0) => Choice::NoDifference,
        (0, 0, 0) => {
            reasons.push("There is no variant to compare with the control.".into());
            Choice::Inconclusive
        }
    };
    Verdict::new(choice, reasons)
}

fn ship(evidence: &Evidence, standings: &[Standing], index: usize, gain: f64) -> Verdict {
    let name = &evidence.comparisons[index].variant;
    let (low, high) = evidence.comparisons[index].goal.as_ref().map_or((gain, gain), |e| (e.ci_lower, e.ci_upper));
    let mut reasons = vec![format!("{name} is better: {gain:.3e}, between {low:.3e} and {high:.3e}.")];
    let rivals = standings.iter().filter(|s| matches!(s, Standing::Better(_))).count() - 1;
    if rivals > 0 {
        reasons.push(format!(
            "{rivals} more are better than the control; {name} has the highest estimate, but was not tested against them."
        ));
    }
    Verdict { winner: Some(name.clone()), ..Verdict::new(Choice::Ship, reasons) }
}

#[cfg(test)]
mod tests {
    use super::super::{
        Difference, Sides, Statistic, frequentist, sample_ratio, sequential, statistic::ProportionSums,
    };
    use super::*;

    fn share(n: f64, sum: f64) -> Statistic {
        Statistic::Proportion(ProportionSums { n, sum })
    }

    fn fixed(n: f64, a: f64, b: f64) -> Comparison {
        let goal =
            frequentist::welch(&share(n, a), &share(n, b), Difference::Absolute, Level::FIVE_PERCENT, Sides::Two);
        Comparison { variant: format!("B{b}"), units: n, goal, guardrails: Vec::new() }
    }

    fn evidence(comparisons: Vec<Comparison>) -> Evidence {
        Evidence {
            sample_ratio: sample_ratio::check(&[1e4, 1.001e4], &[1.0, 1.0]),
            comparisons,
            level: Level::FIVE_PERCENT,
            matters: 0.002,
            looking: Looking::Once { planned: 10_000.0 },
            days: 14.0,
        }
    }

    #[test]
    fn each_choice_has_its_evidence() {
        let choice = |comparisons| judge(&evidence(comparisons)).choice;
        assert_eq!(choice(vec![fixed(1e4, 1_000.0, 1_200.0)]), Choice::Ship);
        assert_eq!(choice(vec![fixed(1e4, 1_200.0, 1_000.0)]), Choice::Keep);
        assert_eq!(choice(vec![fixed(1e6, 1e5, 1.001e5)]), Choice::NoDifference);
        assert_eq!(choice(vec![fixed(1e4, 1_000.0, 1_050.0)]), Choice::Inconclusive);
        assert_eq!(choice(vec![fixed(1e4, 0.0, 50.0)]), Choice::Inconclusive);
        assert_eq!(choice(vec![]), Choice::Inconclusive);
    }

    #[test]
    fn a_broken_assignment_beats_any_effect() {
        let mut evidence = evidence(vec![fixed(1e4, 1_000.0, 1_300.0)]);
        evidence.sample_ratio = sample_ratio::check(&[1e4, 1.1e4], &[1.0, 1.0]);
        let verdict = judge(&evidence);
        assert_eq!(verdict.choice, Choice::Broken);
        assert!(verdict.require_winner().unwrap_err().to_string().contains("planned sizes"));
    }

    #[test]
    fn a_fixed_test_refuses_an_early_look_and_the_sequential_one_does_not() {
        let mut early = evidence(vec![fixed(5e3, 500.0, 700.0)]);
        assert_eq!(judge(&early).choice, Choice::Inconclusive);
        let (a, b) = (share(5e3, 500.0), share(5e3, 700.0));
        early.comparisons[0].goal =
            sequential::confidence_sequence(&a, &b, Difference::Absolute, Level::FIVE_PERCENT, Sides::Two, 5e3);
        early.looking = Looking::Always;
        early.days = 3.0;
        let verdict = judge(&early);
        assert_eq!((verdict.choice, verdict.warnings.len()), (Choice::Ship, 1));
        assert_eq!(verdict.require_winner().unwrap(), "B700");
    }

    #[test]
    fn many_variants_are_held_to_one_level() {
        // p = 0.021 alone; three comparisons at once do not carry it.
        let alone = judge(&evidence(vec![fixed(1e4, 1_000.0, 1_100.0)]));
        let among = judge(&evidence(vec![
            fixed(1e4, 1_000.0, 1_100.0),
            fixed(1e4, 1_000.0, 1_010.0),
            fixed(1e4, 1_000.0, 990.0),
        ]));
        assert_eq!((alone.choice, among.choice), (Choice::Ship, Choice::Inconclusive));
        assert_eq!(among.adjusted_p_values.len(), 3);
    }

    #[test]
    fn a_crossed_guardrail_stops_a_winner() {
        let mut evidence = evidence(vec![fixed(1e4, 1_000.0, 1_300.0)]);
        let harm = Effect { point_estimate: 0.01, ci_lower: 0.006, ci_upper: 0.014, p_value: 1e-6, stderr: 0.001 };
        evidence.comparisons[0].guardrails = vec![Guardrail { name: "unsubscribes".into(), harm, margin: 0.001 }];
        let verdict = judge(&evidence);
        assert_eq!(verdict.choice, Choice::Keep);
        assert!(verdict.reasons[0].contains("unsubscribes"));
    }
}
