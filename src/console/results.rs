//! Did it work: incremental profit with its interval, the sample-ratio check, the experiment's verdict.

use serde_json::{Value, json};

use super::figures::{Figure, Show, count, figure, percent, tone_of};
use crate::experiments::lift::Lift;
use crate::experiments::verdict::Choice;
use crate::operations::results::{ExperimentResults, RunResults};

/// A result of the sample-ratio check below this is a broken assignment.
const BROKEN: f64 = 0.001;

/// What the page shows of the newest run.
pub fn view(show: &Show<'_>, run: &RunResults) -> Value {
    let broken = run.sample_ratio.as_ref().is_ok_and(|ratio| ratio.p_value < BROKEN);
    let tone = match &run.lift.assigned {
        _ if broken => "bad",
        Ok(lift) if lift.per_customer.ci_lower > 0.0 => "good",
        Ok(lift) if lift.per_customer.ci_upper < 0.0 => "bad",
        _ => "warn",
    };
    let verdict = if broken {
        "The arms do not have the sizes that were planned: something is wrong with the assignment, and nothing can be read from it.".to_owned()
    } else {
        run.words.clone()
    };
    let mut figures = run.lift.assigned.as_ref().map(|lift| lift_figures(show, lift)).unwrap_or_default();
    figures.push(ratio_figure(run, broken));
    json!({
        "verdict": verdict,
        "tone": tone,
        "figures": figures,
        "arms": arms(show, run),
        "notes": notes(show, run),
    })
}

fn lift_figures(show: &Show<'_>, lift: &Lift) -> Vec<Figure> {
    let effect = &lift.per_customer;
    let total = figure(
        "Incremental profit",
        show.amount(lift.total),
        format!("95 %: {} to {}", show.amount(lift.total_lower), show.amount(lift.total_upper)),
    );
    let per = figure(
        "Per customer",
        show.amount(effect.point_estimate),
        format!("95 %: {} to {}", show.amount(effect.ci_lower), show.amount(effect.ci_upper)),
    );
    let p = if effect.p_value < 0.001 { "< 0.001".to_owned() } else { format!("{:.3}", effect.p_value) };
    vec![
        total.toned(tone_of(lift.total)),
        per,
        figure("p-value", p, "chance of so much by luck alone"),
        figure("Could be found", show.amount(lift.detectable_per_customer), "per customer, four times in five"),
    ]
}

fn ratio_figure(run: &RunResults, broken: bool) -> Figure {
    match &run.sample_ratio {
        Ok(ratio) => {
            let shown = figure(
                "Sample ratio",
                if broken { "broken" } else { "as planned" },
                format!("p = {:.3}", ratio.p_value),
            );
            shown.toned(if broken { "bad" } else { "good" })
        }
        Err(why) => figure("Sample ratio", "–", why.to_string()),
    }
}

fn arms(show: &Show<'_>, run: &RunResults) -> Vec<Value> {
    let lines = run.arms.iter().map(|arm| {
        json!({
            "name": arm.arm.replace('_', " "),
            "customers": count(arm.customers as i64),
            "contacted": count(arm.contacted as i64),
            "converted": count(arm.converted as i64),
            "rate": percent(arm.converted as f64 / arm.customers.max(1) as f64),
            "profit": show.amount(arm.profit.0 as f64 / arm.customers.max(1) as f64),
        })
    });
    lines.collect()
}

fn notes(show: &Show<'_>, run: &RunResults) -> Vec<String> {
    let until = show.time(run.window_until);
    let mut notes = vec![if run.is_final {
        format!("Final: orders until {until} are counted.")
    } else {
        format!("Preliminary: orders until {until} still count.")
    }];
    let signals: Vec<String> = run
        .signals
        .iter()
        .map(|signal| format!("{} {}", count(signal.customers), signal.kind.name().replace('_', " ")))
        .collect();
    if !signals.is_empty() {
        notes.push(format!("Customers by signal: {}.", signals.join(", ")));
    }
    if let Some(experiment) = &run.experiment {
        notes.extend(experiment_notes(experiment));
    }
    notes
}

fn experiment_notes(experiment: &ExperimentResults) -> Vec<String> {
    let arms: Vec<String> = experiment
        .variants
        .iter()
        .map(|v| format!("{} {} of {}", v.name, percent(v.rate), count(v.customers as i64)))
        .collect();
    let words = match (experiment.verdict.choice, &experiment.verdict.winner) {
        (Choice::Ship, Some(winner)) => format!("variant {winner} is better"),
        (Choice::Ship | Choice::Keep, _) => "stay with the first variant".into(),
        (Choice::NoDifference, _) => "no difference that matters".into(),
        (Choice::Inconclusive, _) => "no winner: the data do not tell yet".into(),
        (Choice::Broken, _) => "the assignment is broken; nothing can be read from it".into(),
    };
    let mut notes = vec![format!("Experiment {}: {words} ({}).", experiment.name, arms.join(", "))];
    notes.extend(experiment.verdict.reasons.iter().chain(&experiment.verdict.warnings).cloned());
    notes
}
