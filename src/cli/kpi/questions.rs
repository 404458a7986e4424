//! `vizavi kpi what-if` and `kpi budget`.

use std::collections::BTreeMap;

use crate::cli::print;
use crate::error::Result;
use crate::money::{Currency, Money};
use crate::operations::Workspace;
use crate::progress::Progress;
use crate::reports::budget::{self, Budget, Choice, Effect};
use crate::reports::what_if::{self, Outcome, Question, WhatIf};

/// What would be different.
#[derive(Debug, clap::Args)]
pub struct WhatIfArgs {
    /// Points that yearly retention rises by: 5 makes 60 % one of 65 %
    #[arg(long, value_name = "POINTS", default_value_t = 0.0, allow_hyphen_values = true)]
    retention: f64,
    /// Points that the margin rises by
    #[arg(long, value_name = "POINTS", default_value_t = 0.0, allow_hyphen_values = true)]
    margin: f64,
    /// Percent that the cost to serve rises by
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, allow_hyphen_values = true)]
    cost_to_serve: f64,
    /// An activity and what one would cost, in minor units: call=300
    #[arg(long = "rate", value_name = "ACTIVITY=COST", value_parser = rate)]
    rates: Vec<(String, i64)>,
    /// The yearly rate of present values
    #[arg(long, value_name = "RATE")]
    discount_rate: Option<f64>,
    /// Percent that the cost of winning a client rises by
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, allow_hyphen_values = true)]
    acquisition_cost: f64,
    /// Only this segment
    #[arg(long)]
    segment: Option<String>,
}

fn rate(text: &str) -> Result<(String, i64), String> {
    let (name, cost) = text.split_once('=').ok_or("write it as call=300")?;
    let cost = cost.parse().map_err(|_| format!("`{cost}` is not a whole number of minor units"))?;
    Ok((name.to_owned(), cost))
}

/// Answers what would be.
pub fn what_if(ws: &Workspace, args: &WhatIfArgs, json: bool, progress: &dyn Progress) -> Result<()> {
    let question = Question {
        retention_points: args.retention,
        margin_points: args.margin,
        cost_to_serve_percent: args.cost_to_serve,
        rates: args.rates.iter().cloned().collect::<BTreeMap<_, _>>(),
        discount_rate: args.discount_rate,
        acquisition_cost_percent: args.acquisition_cost,
        segment: args.segment.clone(),
    };
    let found = what_if::what_if(ws, &question, progress)?;
    if json { print::json(&found) } else { print::text(&years(&found, ws.settings().currency)) }
}

fn money(currency: Currency, minor: f64) -> String {
    currency.show(Money(minor.round() as i64))
}

fn years(found: &WhatIf, currency: Currency) -> String {
    let header = [
        "segment",
        "clients",
        "retention",
        "then",
        "profit of a year",
        "then",
        "value of 3 years",
        "then",
        "gain",
        "in %",
    ];
    let mut table = print::Table::new(&header);
    let percent = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), print::percent);
    let row = |of: &Outcome| {
        vec![
            of.segment.clone(),
            format!("{:.0}", of.clients),
            percent(of.retention),
            percent(of.retention_then),
            money(currency, of.profit),
            money(currency, of.profit_then),
            money(currency, of.value),
            money(currency, of.value_then),
            money(currency, of.gain),
            percent(of.gain_share),
        ]
    };
    found.segments.iter().chain([&found.all]).for_each(|of| table.row(row(of)));
    format!("as of {}\n{table}", found.as_of)
}

/// What may be spent.
#[derive(Debug, clap::Args)]
pub struct BudgetArgs {
    /// In minor units
    budget: i64,
    /// What a new client is worth in present money, in minor units; by the lifetime model when left out
    #[arg(long)]
    client_value: Option<i64>,
}

/// Holds winning clients against keeping them for the same money.
pub fn budget(ws: &Workspace, args: &BudgetArgs, json: bool, progress: &dyn Progress) -> Result<()> {
    let question = budget::Question { budget: Money(args.budget), client_value: args.client_value.map(Money) };
    let found = budget::budget(ws, &question, progress)?;
    if json { print::json(&found) } else { print::text(&choices(&found, ws.settings().currency)) }
}

fn choices(found: &Budget, currency: Currency) -> String {
    let mut table = print::Table::new(&["for", "spent", "profit", "clients kept", "new clients", "value", "goes to"]);
    let effect = |of: &Effect| {
        [
            money(currency, of.profit),
            format!("{:.1}", of.clients_kept),
            format!("{:.1}", of.new_clients),
            money(currency, of.base_value),
        ]
    };
    let row = |name: &str, choice: &Choice| {
        let shares: Vec<String> =
            choice.shares.iter().map(|(option, spent)| format!("{option} {}", money(currency, *spent))).collect();
        let mut cells = vec![name.to_owned(), money(currency, choice.spent)];
        cells.extend(effect(&choice.effect));
        cells.push(shares.join(", "));
        cells
    };
    for choice in &found.choices {
        let chosen = if choice.objective == found.objective { " (chosen)" } else { "" };
        table.row(row(&format!("{}{chosen}", choice.objective.words()), choice));
    }
    table.row(row("winning only", &found.acquisition_only));
    table.row(row("keeping only", &found.retention_only));
    let mut lost = print::Table::new(&["loses, for", "profit", "clients kept", "new clients", "value"]);
    for choice in &found.choices {
        lost.row([vec![choice.objective.words().to_owned()], effect(&choice.forgone).to_vec()].concat());
    }
    let notes: String = found.notes.iter().map(|note| format!("{note}\n")).collect();
    format!("{table}\n{lost}\n{notes}")
}
