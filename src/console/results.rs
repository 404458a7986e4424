//! Did it work: incremental profit with its interval, the sample-ratio check, the experiment's verdict.

use serde_json::{Value, json};

use super::figures::{Figure, Show, count, figure, percent, tone_of};
use super::{results_slices, results_variants};
use crate::experiments::lift::Lift;
use crate::operations::results::RunResults;
use crate::operations::results::arms::Part;

/// A result of the sample-ratio check below this is a broken assignment.
const BROKEN: f64 = 0.001;

/// What the page shows of the newest run; `may_choose`: whether the reader may choose a variant.
pub fn view(show: &Show<'_>, run: &RunResults, may_choose: bool) -> Value {
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
        "standard": standard(show, run),
        "experiment": run.experiment.as_ref().map(|experiment| results_variants::view(show, experiment, may_choose)),
        "segments": results_slices::segments(show, run),
        "days": results_slices::days(show, run),
        "warnings": run.warnings.iter().map(|warning| warning.text.clone()).collect::<Vec<_>>(),
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

/// Shares beside what they are shares of, as figures.
fn standard(show: &Show<'_>, run: &RunResults) -> Vec<Figure> {
    let row = &run.standard;
    let part = |name: &'static str, part: &Part| {
        figure(
            name,
            percent(part.share),
            format!("{} of {} {}", count(part.count as i64), count(part.denominator as i64), part.of),
        )
    };
    let mut figures = vec![
        part("Delivered", &row.delivered),
        part("Clicked", &row.clicked),
        part("Converted", &row.converted),
        part("Unsubscribed", &row.unsubscribed),
        figure("Revenue", show.amount(row.revenue_per_delivered), "per delivered"),
    ];
    if let Some(net) = row.net_return {
        let note = format!(
            "95 %: {} to {}; fixed costs of {} are in it",
            show.amount(net.lower),
            show.amount(net.upper),
            show.money(row.fixed_cost)
        );
        figures.push(figure("Net return", show.amount(net.amount), note).toned(tone_of(net.amount)));
    }
    figures
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
    notes
}
