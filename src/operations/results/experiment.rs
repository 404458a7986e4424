//! The experiment of a run: its variants beside each other, harm, and what follows.

use serde::Serialize;

use super::recompute::Cases;
use crate::campaigns::experiment::{ExperimentSpec, Goal, Guardrails, Looks};
use crate::clock::Timestamp;
use crate::decisions::Arm;
use crate::experiments::power::{self, Shares};
use crate::experiments::sample_ratio::{self, SampleRatio};
use crate::experiments::sequential::{self, DEFAULT_DECISION_SIZE};
use crate::experiments::statistic::{ProportionSums, Statistic};
use crate::experiments::store::Period;
use crate::experiments::verdict::{Comparison, Evidence, Guardrail, Looking, Verdict, judge};
use crate::experiments::{Degenerate, Difference, Effect, Level, Sides, frequentist};
use crate::money::Money;
use crate::operations::measure::purchases::TICKS;
use crate::operations::measure::tally::Tally;
use crate::operations::measure::{Measured, RunMeasure};
use crate::operations::results::arms::rounded;
use crate::operations::results::lift::profit_of;
use crate::outcomes::SignalKind;

/// The smallest difference of shares that matters, where the definition names none.
const MATTERS: f64 = 0.005;
/// Of an amount: this part of the control's own.
const MATTERS_OF_AMOUNT: f64 = 0.01;

/// An experiment in one run.
#[derive(Debug, Serialize)]
pub struct ExperimentResults {
    /// Its name.
    pub name: String,
    /// What it is judged by.
    pub goal: &'static str,
    /// Whom the verdict compares: `would_be_contacted` where variants differ in their messages alone, since whom to contact does
    /// not depend on them then; else `assigned`.
    pub population: &'static str,
    /// Customers and what came of them, per variant, the control first.
    pub variants: Vec<VariantResults>,
    /// Each other variant against the control.
    pub comparisons: Vec<VariantComparison>,
    /// Whether as many were assigned to each as planned.
    pub sample_ratio: Result<SampleRatio, Degenerate>,
    /// Whether as many messages of each were accepted as planned; not where variants decide whom to contact.
    pub sample_ratio_sent: Option<Result<SampleRatio, Degenerate>>,
    /// What follows.
    pub verdict: Verdict,
}

/// One variant. Customers are those of the population that the verdict compares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantResults {
    /// Its name.
    pub name: String,
    /// The chance with which it was drawn.
    pub propensity: f64,
    /// Customers assigned to it, whether they were contacted or not.
    pub assigned: usize,
    /// Customers that are compared.
    pub customers: usize,
    /// Of these, with a message that was sent.
    pub sent: usize,
    /// Of these, whose message did not come back.
    pub delivered: usize,
    /// With a link followed.
    pub clicked: usize,
    /// With an order in the window.
    pub converted: usize,
    /// The share.
    pub rate: f64,
    /// Who asked for no more.
    pub unsubscribed: usize,
    /// Who complained.
    pub complained: usize,
    /// Whose message came back.
    pub bounced: usize,
    /// Who ordered within `retention_days`.
    pub kept: usize,
    /// Their revenue.
    pub revenue: Money,
    /// Their margin.
    pub margin: Money,
    /// Margin less contacts.
    pub profit: Money,
}

/// A variant against the control. Amounts in minor units per customer, shares as they are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantComparison {
    /// The variant.
    pub variant: String,
    /// The goal among all who were assigned.
    pub assigned: Result<Effect, Degenerate>,
    /// The goal among those who would be contacted.
    pub would_be_contacted: Result<Effect, Degenerate>,
    /// What must not get worse.
    pub guardrails: Vec<GuardrailResults>,
}

/// One thing that must not get worse.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GuardrailResults {
    /// `unsubscribe`, `complaint`, `bounce` or `margin`.
    pub name: &'static str,
    /// The change, above zero meaning worse, with a lower bound that holds at every look.
    pub harm: Effect,
    /// The change that is tolerated.
    pub tolerated: f64,
    /// Whether even the lower bound is beyond it.
    pub crossed: bool,
}

/// The goal of one customer: 0 or 1, or an amount in hundredths of a minor unit, and the same before.
pub fn goal_of(person: &Measured, goal: Goal) -> (i64, i64) {
    let yes = |is: bool| (i64::from(is), 0);
    match goal {
        Goal::Conversion => yes(person.orders() > 0),
        Goal::Retention => yes(person.kept),
        Goal::Click => yes(person.signals.has(SignalKind::Click)),
        Goal::Open => yes(person.signals.has(SignalKind::Open) || person.signals.has(SignalKind::Click)),
        Goal::Revenue => (person.revenue() * TICKS as i64, person.before_ticks),
        Goal::Margin => (person.bought.whole.margin, person.before_ticks),
        Goal::Profit => profit_of(person),
    }
}

/// The sums of a goal as its statistic.
pub fn statistic_of(tally: &Tally, goal: Goal) -> Statistic {
    if goal.is_share() { tally.share() } else { tally.cuped(TICKS) }
}

/// The variant that a customer was assigned to; none for explorers, the holdout, and those whom the experiment left out.
pub fn variant_of<'a>(person: &Measured, experiment: &str, variants: &[&'a str]) -> Option<&'a str> {
    if person.arm != Arm::Treated {
        return None;
    }
    let drawn: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&person.decision.variants).ok()?;
    let drawn = drawn.get(experiment)?.as_str()?;
    variants.iter().find(|name| **name == drawn).copied()
}

/// The customers of each variant.
struct Groups<'a> {
    spec: &'a ExperimentSpec,
    /// By variant, in the order of the definition.
    assigned: Vec<Vec<&'a Measured>>,
}

impl<'a> Groups<'a> {
    fn of(measured: &'a RunMeasure, spec: &'a ExperimentSpec) -> Groups<'a> {
        let names: Vec<&str> = spec.variants.iter().map(|variant| variant.name.as_str()).collect();
        let mut assigned = vec![Vec::new(); names.len()];
        for person in &measured.people {
            let variant = variant_of(person, &spec.name, &names);
            if let Some(at) = variant.and_then(|variant| names.iter().position(|name| *name == variant)) {
                assigned[at].push(person);
            }
        }
        Groups { spec, assigned }
    }

    fn contacted(&self, variant: usize) -> impl Iterator<Item = &'a Measured> {
        self.assigned[variant].iter().copied().filter(|person| person.would_be_contacted())
    }

    fn compared(&self, variant: usize) -> Vec<&'a Measured> {
        if self.spec.varies_messages_only() {
            self.contacted(variant).collect()
        } else {
            self.assigned[variant].clone()
        }
    }
}

/// The results of a run's experiment; none where it had none, or where the run was the rest after a test.
pub fn experiment(
    measured: &RunMeasure,
    weights: &[Period],
    now: Timestamp,
    cases: &mut Cases,
) -> Option<ExperimentResults> {
    let spec = measured.spec.experiments.first()?;
    let groups = Groups::of(measured, spec);
    if groups.assigned.iter().all(Vec::is_empty) {
        return None;
    }
    let propensities = propensities(spec, weights);
    let variants: Vec<VariantResults> =
        (0..spec.variants.len()).map(|at| variant_results(&groups, at, propensities[at])).collect();
    let comparisons: Vec<VariantComparison> = (1..variants.len()).map(|at| compare(&groups, at, cases)).collect();
    let sample_ratio = sizes("assigned", &variants, &propensities, |variant| variant.assigned, cases);
    let sent =
        spec.varies_messages_only().then(|| sizes("sent", &variants, &propensities, |variant| variant.sent, cases));
    let evidence = Evidence {
        sample_ratio,
        comparisons: comparisons.iter().zip(&variants[1..]).map(|pair| evidence_of(pair, spec, &variants[0])).collect(),
        level: Level::FIVE_PERCENT,
        matters: matters(spec, &groups),
        looking: match spec.looks {
            Looks::Once => Looking::Once { planned: planned(spec, variants[0].rate) },
            Looks::Always => Looking::Always,
        },
        days: (now.days_since(measured.run.decided_at)).floor(),
    };
    Some(ExperimentResults {
        name: spec.name.clone(),
        goal: spec.goal.name(),
        population: if spec.varies_messages_only() { "would_be_contacted" } else { "assigned" },
        verdict: judge(&evidence),
        variants,
        comparisons,
        sample_ratio,
        sample_ratio_sent: sent,
    })
}

/// The chances by which the run drew, in the order of the definition.
fn propensities(spec: &ExperimentSpec, weights: &[Period]) -> Vec<f64> {
    let written = spec.buckets().into_iter().map(|(name, buckets)| {
        let kept = weights.iter().find(|period| period.variant == name).map(|period| period.buckets);
        let buckets = if weights.is_empty() { buckets as i32 } else { kept.unwrap_or(0) };
        f64::from(buckets) / f64::from(crate::campaigns::experiment::BUCKETS)
    });
    written.collect()
}

fn variant_results(groups: &Groups<'_>, at: usize, propensity: f64) -> VariantResults {
    let people = groups.compared(at);
    let count = |of: &dyn Fn(&Measured) -> bool| people.iter().filter(|person| of(person)).count();
    let showed = |kind: SignalKind| count(&|person: &Measured| person.signals.has(kind));
    let margin: i64 = people.iter().map(|person| person.bought.whole.margin).sum();
    let cost: i64 = people.iter().map(|person| person.contact_cost).sum();
    let converted = count(&|person| person.orders() > 0);
    VariantResults {
        name: groups.spec.variants[at].name.clone(),
        propensity,
        assigned: groups.assigned[at].len(),
        customers: people.len(),
        sent: count(&|person| person.contacts > 0),
        delivered: count(&Measured::delivered),
        clicked: showed(SignalKind::Click),
        converted,
        rate: super::arms::share(converted, people.len()),
        unsubscribed: showed(SignalKind::Unsubscribe),
        complained: showed(SignalKind::Complaint),
        bounced: showed(SignalKind::Bounce),
        kept: count(&|person| person.kept),
        revenue: Money(people.iter().map(|person| person.revenue()).sum()),
        margin: Money(rounded(margin)),
        profit: Money(rounded(margin) - cost),
    }
}

fn compare(groups: &Groups<'_>, at: usize, cases: &mut Cases) -> VariantComparison {
    let spec = groups.spec;
    let goal = spec.goal;
    let sums = |people: &mut dyn Iterator<Item = &Measured>| -> Statistic {
        let tally: Tally = people.map(|person| goal_of(person, goal)).collect();
        statistic_of(&tally, goal)
    };
    let name = &spec.variants[at].name;
    let mut effect = |population: &str, a: Statistic, b: Statistic| {
        let id = format!("experiment.{}.{name}.{}.{population}", spec.name, goal.name());
        let (absolute, level) = (Difference::Absolute, Level::FIVE_PERCENT);
        match spec.looks {
            Looks::Once => {
                cases.compare(&id, &a, &b, absolute);
                frequentist::welch(&a, &b, absolute, level, Sides::Two)
            }
            Looks::Always => {
                cases.sequential(&id, (&a, &b), Sides::Two, decision_size(spec));
                sequential::confidence_sequence(&a, &b, absolute, level, Sides::Two, decision_size(spec))
            }
        }
    };
    let assigned = |at: usize| sums(&mut groups.assigned[at].iter().copied());
    let contacted = |at: usize| sums(&mut groups.contacted(at));
    VariantComparison {
        variant: name.clone(),
        assigned: effect("assigned", assigned(0), assigned(at)),
        would_be_contacted: effect("would_be_contacted", contacted(0), contacted(at)),
        guardrails: guardrails(groups, at, cases),
    }
}

/// Units of both arms at which a sequential test is to decide.
fn decision_size(spec: &ExperimentSpec) -> f64 {
    spec.planned.map_or(DEFAULT_DECISION_SIZE, |planned| 2.0 * f64::from(planned))
}

/// Harm among those who would be contacted; of margin among those who are compared. Shares are counted with a success and a
/// failure more in each arm (Agresti, Caffo 2000): harm that no control shows can be seen, and one case proves nothing.
fn guardrails(groups: &Groups<'_>, at: usize, cases: &mut Cases) -> Vec<GuardrailResults> {
    let Guardrails { unsubscribe, complaint, bounce, margin } = groups.spec.guardrails;
    let share = |variant: usize, kind: SignalKind| {
        let (mut n, mut sum) = (2.0, 1.0);
        for person in groups.contacted(variant) {
            n += 1.0;
            sum += f64::from(u8::from(person.signals.has(kind)));
        }
        Statistic::Proportion(ProportionSums { n, sum })
    };
    let margins = |variant: usize| {
        let values = groups.compared(variant).into_iter().map(|person| goal_of(person, Goal::Margin));
        values.collect::<Tally>().cuped(TICKS)
    };
    let mut all = Vec::new();
    let mut guard = |name: &'static str, a: Statistic, b: Statistic, tolerated: f64| {
        let id = format!("experiment.{}.{}.guardrail.{name}", groups.spec.name, groups.spec.variants[at].name);
        cases.sequential(&id, (&a, &b), Sides::Greater, DEFAULT_DECISION_SIZE);
        let harm = sequential::confidence_sequence(
            &a,
            &b,
            Difference::Absolute,
            Level::FIVE_PERCENT,
            Sides::Greater,
            DEFAULT_DECISION_SIZE,
        );
        if let Ok(harm) = harm {
            all.push(GuardrailResults { name, harm, tolerated, crossed: harm.ci_lower > tolerated });
        }
    };
    let harms = [
        ("unsubscribe", SignalKind::Unsubscribe, unsubscribe),
        ("complaint", SignalKind::Complaint, complaint),
        ("bounce", SignalKind::Bounce, bounce),
    ];
    for (name, kind, tolerated) in harms {
        guard(name, share(0, kind), share(at, kind), tolerated);
    }
    // Less margin is harm: the control is what the variant falls short of.
    guard("margin", margins(at), margins(0), margin);
    all
}

fn evidence_of(
    (comparison, variant): (&VariantComparison, &VariantResults),
    spec: &ExperimentSpec,
    control: &VariantResults,
) -> Comparison {
    let goal = if spec.varies_messages_only() { &comparison.would_be_contacted } else { &comparison.assigned };
    let guard =
        |guard: &GuardrailResults| Guardrail { name: guard.name.to_owned(), harm: guard.harm, margin: guard.tolerated };
    Comparison {
        variant: comparison.variant.clone(),
        units: control.customers.min(variant.customers) as f64,
        goal: *goal,
        guardrails: comparison.guardrails.iter().map(guard).collect(),
    }
}

fn sizes(
    of: &str,
    variants: &[VariantResults],
    propensities: &[f64],
    count: impl Fn(&VariantResults) -> usize,
    cases: &mut Cases,
) -> Result<SampleRatio, Degenerate> {
    let users: Vec<f64> = variants.iter().map(|variant| count(variant) as f64).collect();
    cases.sizes(&format!("sample_ratio.variants.{of}"), &users, propensities);
    sample_ratio::check(&users, propensities)
}

fn matters(spec: &ExperimentSpec, groups: &Groups<'_>) -> f64 {
    if let Some(matters) = spec.matters {
        return matters;
    }
    if spec.goal.is_share() {
        return MATTERS;
    }
    let control: Tally = groups.compared(0).into_iter().map(|person| goal_of(person, spec.goal)).collect();
    control.average(TICKS).abs() * MATTERS_OF_AMOUNT
}

/// Units per variant that a fair test of four times the smallest difference that matters needs, at the control's own rate.
fn planned(spec: &ExperimentSpec, rate: f64) -> f64 {
    if let Some(planned) = spec.planned {
        return f64::from(planned);
    }
    let rate = rate.clamp(0.001, 0.99);
    let matters = spec.matters.filter(|matters| spec.goal.is_share() && *matters > 0.0).unwrap_or(MATTERS);
    let shares = Shares { p0: rate, p1: (rate + matters * 4.0).min(0.999), ratio: 1.0 };
    power::sample_size(shares, Level::FIVE_PERCENT, 0.8).map_or(f64::INFINITY, |size| size.n1_ceil)
}
