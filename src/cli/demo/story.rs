//! The story in the order in which it is printed.

use super::round::Round;
use super::{Demo, figures};
use crate::error::Result;
use crate::experiments::Level;
use crate::experiments::proportions::pooled_test;
use crate::experiments::statistic::ProportionSums;
use crate::operations::results::VariantResults;
use crate::simulation::company::Company;
use crate::simulation::economics::economics;
use crate::simulation::story::{self, SplitTest};
use crate::simulation::table::{cents, thousands, units};

/// Yearly rate for present values.
const DISCOUNT_RATE: f64 = 0.1;

/// Who the company is.
pub fn opening(company: &Company) -> String {
    let orders: usize = company.clients.iter().map(|client| client.life.orders.len()).sum();
    let contacts: usize = company.clients.iter().map(|client| client.life.interactions.len()).sum();
    let drawn: usize = company.clients.iter().map(|client| client.life.decisions.len()).sum();
    format!(
        "A company that does not exist, with known truth (seed {})\n  {} clients and prospects, {} months on record: {} orders, {} \
         contacts and calls, {} choices of past\n  campaigns that drew at random. It is written as files and imported like any \
         company's. What each client\n  would do under every offer and channel is known to the simulation alone.\n\n",
        company.shape.seed,
        thousands(company.clients.len() as i64),
        company.shape.months,
        thousands(orders as i64),
        thousands(contacts as i64),
        thousands(drawn as i64),
    )
}

/// The first round: (c) the waterfall and the reconciliation, (b) five clients, (d) prices, (a) the table.
pub fn first(demo: &Demo<'_>, round: &Round) -> String {
    let mut text = format!("Round {}\n\n", round.number);
    text.push_str(&decided(demo, round));
    text.push_str(&story::reconciliation(&round.reconciliation));
    text.push('\n');
    text.push_str(&story::scenes(&round.scenes));
    text.push('\n');
    text.push_str(&story::prices(&round.prices.prices, round.prices.value, round.prices.bound));
    text.push('\n');
    text.push_str(&outcome(demo, round));
    text
}

/// A later round, after learning.
pub fn later(demo: &Demo<'_>, round: &Round) -> String {
    let mut text = format!("Round {}, a month later, having learned from the one before\n\n", round.number);
    text.push_str(&decided(demo, round));
    text.push_str(&story::reconciliation(&round.reconciliation));
    text.push('\n');
    text.push_str(&story::prices(&round.prices.prices, round.prices.value, round.prices.bound));
    text.push('\n');
    text.push_str(&outcome(demo, round));
    text
}

/// Models, waterfall, digest.
fn decided(demo: &Demo<'_>, round: &Round) -> String {
    let mut text = String::from("What was learned\n");
    for model in &round.trained {
        let state = if model.serves { "serves" } else { "does not serve" };
        text.push_str(&format!("  {:<9} {state}{}\n", model.name, quality(&model.metrics)));
        for reason in &model.reasons {
            text.push_str(&format!("            {reason}\n"));
        }
    }
    text.push_str("\nFrom the audience to the chosen\n");
    for line in round.started.waterfall.words() {
        text.push_str(&format!("  {line}\n"));
    }
    let forecast = &round.started.forecast;
    let currency = demo.ws.settings().currency;
    let list = |counts: &std::collections::BTreeMap<String, usize>| {
        counts.iter().map(|(name, count)| format!("{} {name}", thousands(*count as i64))).collect::<Vec<_>>().join(", ")
    };
    text.push_str(&format!(
        "  {} contacts ({}), offers {}; {} tried at random\n  expected: {} {} of profit for {} of spending\n  decisions: SHA-256 \
         {}\n\n",
        thousands(forecast.contacts as i64),
        list(&forecast.by_channel),
        list(&forecast.by_offer),
        thousands(forecast.explorers as i64),
        cents(forecast.profit.0 as f64),
        currency.code(),
        cents(forecast.spend.0 as f64),
        round.started.digest,
    ));
    text
}

/// A figure or two of a model on data it has not seen.
fn quality(metrics: &serde_json::Value) -> String {
    let figure = |name: &str| metrics.get(name).and_then(serde_json::Value::as_f64);
    let known = [
        ("auc", "AUC"),
        ("log_loss", "log-loss"),
        ("log_loss_of_rates", "of plain rates"),
        ("silhouette", "silhouette"),
    ];
    let parts: Vec<String> =
        known.iter().filter_map(|(key, name)| Some(format!("{name} {:.4}", figure(key)?))).collect();
    if parts.is_empty() { String::new() } else { format!(" ({} on later data)", parts.join(", ")) }
}

/// The table, and what the engine's own results say.
fn outcome(demo: &Demo<'_>, round: &Round) -> String {
    let mut text = story::comparison(round.number, demo.ws.settings().currency.code(), &round.comparisons);
    text.push_str(&format!(
        "  {} contacted: {}\n  in the engine's words: {}\n\n",
        figures::ENGINE,
        figures::by_kind(&round.played),
        round.results.words
    ));
    text
}

/// (e) the test without effect, what the clients are worth, and the rounds together.
pub fn closing(demo: &Demo<'_>, rounds: &[Round]) -> Result<String> {
    let mut text = String::new();
    if let Some(test) = rounds.iter().filter_map(split_test).next_back() {
        text.push_str(&story::split_test(&test));
        text.push('\n');
    }
    text.push_str(&story::worth(&economics(demo.company, DISCOUNT_RATE), demo.ws.settings().currency.code()));
    text.push('\n');
    text.push_str(&together(rounds));
    Ok(text)
}

/// The test over templates that the world does not read.
fn split_test(round: &Round) -> Option<SplitTest> {
    let experiment = round.results.experiment.as_ref()?;
    let [a, b] = experiment.variants.as_slice() else { return None };
    let sums = |arm: &VariantResults| ProportionSums { n: arm.customers as f64, sum: arm.converted as f64 };
    // Before the planned size is reached the engine gives no p-value; here it is shown all the same, as others would.
    let p_value = pooled_test(sums(a), sums(b), Level::FIVE_PERCENT).map_or(1.0, |test| test.p_value);
    Some(SplitTest {
        arms: [(a.customers as u64, a.converted as u64), (b.customers as u64, b.converted as u64)],
        p_value,
        verdict: experiment.verdict.reasons.join(" "),
    })
}

/// True profit of the rounds, side by side.
fn together(rounds: &[Round]) -> String {
    let mut text = String::from("All rounds together, true incremental profit within and after the window\n");
    let Some(first) = rounds.first() else { return text };
    for (at, row) in first.comparisons.iter().enumerate() {
        let of_round = |round: &Round| round.comparisons[at].truth.total();
        let each: Vec<String> = rounds.iter().map(|round| format!("{:>8}", units(of_round(round)))).collect();
        let total: f64 = rounds.iter().map(of_round).sum();
        text.push_str(&format!("  {:<18} {} = {:>8}\n", row.name, each.join(" + "), units(total)));
    }
    text
}
