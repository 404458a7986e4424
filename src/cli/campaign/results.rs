//! `vizavi campaign results NAME`.

use super::run::reconciled;
use crate::cli::{Done, Place, print};
use crate::experiments::verdict::Choice;
use crate::money::{Currency, Money};
use crate::operations::Workspace;
use crate::operations::results::arms::Part;
use crate::operations::results::{ExperimentResults, RunResults, days_of_window, results};

/// Prints each run's arms, its lift against the holdout, its experiment, and what became of every message.
pub fn run(place: &Place, name: &str) -> Done {
    let ws = place.open()?;
    let results = results(&ws, name)?;
    if place.json {
        print::json(&results)?;
        return Ok(());
    }
    if results.runs.is_empty() {
        print::text(&format!("campaign {name} has had no run yet\n"))?;
    }
    for run in &results.runs {
        print::text(&words(&ws, run))?;
    }
    if let Some(warning) = results.trend.as_ref().and_then(|trend| trend.warning.as_ref()) {
        print::text(&format!("{}\n", warning.text))?;
    }
    Ok(())
}

fn words(ws: &Workspace, run: &RunResults) -> String {
    let currency = ws.settings().currency;
    let (day, of) = days_of_window(run, ws.now());
    let standing = if run.is_final { "final".to_owned() } else { format!("preliminary: day {day} of {of}") };
    let mut text = format!("Run {} for `{}`, decided at {} ({standing})\n\n", run.run, run.occasion, run.decided_at);
    text += &arms(run, currency);
    text += &format!("\n{}\n", run.words);
    if let Ok(lift) = &run.lift.assigned {
        let p = lift.per_customer.p_value;
        text += &format!("p-value {p:.4}; {:.0} treated against {:.0} held out\n", lift.treated, lift.holdout);
    }
    text += &match &run.sample_ratio {
        Ok(ratio) if ratio.mismatch() => {
            format!(
                "Sample ratio MISMATCH (p = {:.2e}): the arms are not as planned; believe nothing else.\n",
                ratio.p_value
            )
        }
        Ok(ratio) => format!("Sample ratio as planned (p = {:.3})\n", ratio.p_value),
        Err(why) => format!("Sample ratio: {why}\n"),
    };
    text += &run.experiment.as_ref().map_or_else(String::new, |experiment| experiment_words(experiment, currency));
    let signals: Vec<String> =
        run.signals.iter().map(|signal| format!("{} {}", signal.kind.name(), signal.customers)).collect();
    if !signals.is_empty() {
        text += &format!("Signals, by customers: {}\n", signals.join(", "));
    }
    text += &standard(run, currency);
    for credit in &run.attribution {
        text += &format!(
            "Credited by {:?} within {} days: {:.1} orders, {}\n",
            credit.model,
            credit.window_days,
            credit.orders,
            currency.show(credit.revenue)
        );
    }
    for warning in &run.warnings {
        text += &format!("Mind: {}\n", warning.text);
    }
    text += &reconciled(&run.reconciliation);
    text + "\n"
}

/// Shares beside what they are shares of.
fn standard(run: &RunResults, currency: Currency) -> String {
    let row = &run.standard;
    let part = |name: &str, part: &Part| {
        format!("{name} {} ({} of {} {})", print::percent(part.share), part.count, part.denominator, part.of)
    };
    let parts = [
        part("delivered", &row.delivered),
        part("clicked", &row.clicked),
        part("converted", &row.converted),
        part("unsubscribed", &row.unsubscribed),
    ];
    let amount = |value: f64| currency.show(Money(value.round() as i64));
    let mut text = format!("{}; revenue per delivered {}\n", parts.join(", "), amount(row.revenue_per_delivered));
    if let Some(net) = row.net_return {
        text += &format!(
            "Net return {} ({} .. {}) after contacts of {} and fixed costs of {}\n",
            amount(net.amount),
            amount(net.lower),
            amount(net.upper),
            currency.show(row.contact_cost),
            currency.show(row.fixed_cost)
        );
    }
    text
}

fn arms(run: &RunResults, currency: Currency) -> String {
    let mut table = print::Table::new(&["arm", "customers", "contacted", "converted", "rate", "revenue", "profit"]);
    for arm in &run.arms {
        table.row(vec![
            arm.arm.replace('_', " "),
            arm.customers.to_string(),
            arm.contacted.to_string(),
            arm.converted.to_string(),
            print::percent(arm.converted as f64 / arm.customers.max(1) as f64),
            currency.show(arm.revenue),
            currency.show(arm.profit),
        ]);
    }
    table.to_string()
}

fn experiment_words(experiment: &ExperimentResults, currency: Currency) -> String {
    let mut table = print::Table::new(&["variant", "customers", "converted", "rate", "profit"]);
    for variant in &experiment.variants {
        table.row(vec![
            variant.name.clone(),
            variant.customers.to_string(),
            variant.converted.to_string(),
            print::percent(variant.rate),
            currency.show(variant.profit),
        ]);
    }
    let verdict = &experiment.verdict;
    let choice = match verdict.choice {
        Choice::Ship => format!("use {}", verdict.winner.as_deref().unwrap_or("the better one")),
        Choice::Keep => "stay with the first".to_owned(),
        Choice::NoDifference => "no difference that matters".to_owned(),
        Choice::Inconclusive => "no winner: the data do not tell".to_owned(),
        Choice::Broken => "nothing can be read from it".to_owned(),
    };
    let mut text = format!("\nExperiment {}: {choice}\n{table}", experiment.name);
    for line in verdict.reasons.iter().chain(&verdict.warnings) {
        text += &format!("  {line}\n");
    }
    text
}
