//! `vizavi kpi`: the scorecard and the base at a glance; `kpi profit`: who earns and who costs; `kpi equity`: what came in and went out;
//! `kpi apply`: targets, goals and series from a file.

mod card;
mod questions;
mod steering;

use std::path::PathBuf;

use serde::Serialize;

use super::{Done, Place, print};
use crate::clock::{DAY, Timestamp};
use crate::error::Error;
use crate::money::Currency;
use crate::reports::overview::{Overview, overview};
use crate::reports::profit::equity::Flow;
use crate::reports::profit::{EquityReport, ProfitReport, equity, export, kept, report};
use crate::reports::scorecard::{self, Card};

/// Which figures.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The scorecard as of another instant, made afresh from all of history
    #[arg(long, value_name = "INSTANT", value_parser = time)]
    as_of: Option<Timestamp>,
    #[command(subcommand)]
    which: Option<Which>,
}

#[derive(Debug, clap::Subcommand)]
enum Which {
    /// Profit and loss, unprofitable clients, whale curve, payback and potential, from all of history
    Profit {
        /// Also writes every client's lines to this file, amounts in minor units: Parquet where it ends as .parquet, else CSV
        #[arg(long, value_name = "FILE")]
        export: Option<PathBuf>,
        /// A row for each client and month in that file
        #[arg(long, requires = "export")]
        by_month: bool,
    },
    /// Value of the base by segment, what came in and went out, and who stayed
    Equity {
        /// The begin; 365 days before the end when left out
        #[arg(long, value_parser = time)]
        from: Option<Timestamp>,
        /// The end; now when left out
        #[arg(long, value_parser = time)]
        to: Option<Timestamp>,
    },
    /// What each indicator is, in words
    Definitions,
    /// Put targets, goals, the objective, series of the market and sources of leads from a file
    Apply {
        /// Such as kpis.toml
        file: PathBuf,
    },
    /// Print all of these as such a file
    Show,
    /// Read figures of the market or of a competitor from a CSV
    Series(steering::SeriesArgs),
    /// What profit and value of the base would be if retention, margin, a cost or a rate were others
    WhatIf(questions::WhatIfArgs),
    /// Hold winning clients against keeping them for the same money, under each objective
    Budget(questions::BudgetArgs),
    /// Note that a goal was looked at, and when it is to be again
    Review(steering::ReviewArgs),
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

/// Everything at once.
#[derive(Serialize)]
struct Kpis {
    #[serde(flatten)]
    overview: Overview,
    profitability: ProfitReport,
    equity: EquityReport,
    scorecard: Card,
}

/// Prints what the base is worth, and who pays for whom.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.open()?;
    let currency = ws.settings().currency;
    match &args.which {
        None => {
            let (profitability, equity) = kept::or_made(&ws, &*place.progress())?;
            let scorecard = match (args.as_of, scorecard::kept_card(&ws)?) {
                (None, Some(card)) => card,
                (at, _) => {
                    let readings = scorecard::readings(&ws, at.unwrap_or(ws.now()), &*place.progress())?;
                    scorecard::card(&ws, &readings)?
                }
            };
            let kpis = Kpis { overview: overview(&ws)?, profitability, equity, scorecard };
            if place.json {
                print::json(&kpis)?;
            } else {
                print::text(&format!("{}\n{}", card::words(&kpis.scorecard), words(&kpis, currency)))?;
            }
        }
        Some(Which::Profit { export: file, by_month }) => {
            let found = report(&ws, &*place.progress())?;
            if let Some(file) = file {
                let failed = |error: Error| error.context(file.display().to_string());
                export::clients(&ws, *by_month, file).map_err(failed)?;
            }
            if place.json {
                print::json(&found)?;
            } else {
                print::text(&of_profit(&found, currency))?;
            }
        }
        Some(Which::Equity { from, to }) => {
            let until = to.unwrap_or(ws.now());
            let found = equity(&ws, from.unwrap_or(until.plus(-365 * DAY)), until, &*place.progress())?;
            if place.json {
                print::json(&found)?;
            } else {
                print::text(&of_equity(&found, currency))?;
            }
        }
        Some(Which::Definitions) => card::definitions(place.json)?,
        Some(Which::Apply { file }) => steering::apply(&ws, file, place.json)?,
        Some(Which::Show) => steering::show(&ws, place.json)?,
        Some(Which::Series(args)) => steering::series(&ws, args, place.json)?,
        Some(Which::WhatIf(args)) => questions::what_if(&ws, args, place.json, &*place.progress())?,
        Some(Which::Budget(args)) => questions::budget(&ws, args, place.json, &*place.progress())?,
        Some(Which::Review(args)) => steering::review(&ws, args, place.json)?,
    }
    Ok(())
}

fn stages(found: &Overview) -> String {
    let entered = format!("came in {} days", found.stages.flow_days);
    let mut table = print::Table::new(&["stage", "customers", &entered, "went"]);
    for of in &found.stages.stages {
        table.row(vec![
            of.stage.words().to_owned(),
            of.customers.to_string(),
            of.entered.to_string(),
            of.left.to_string(),
        ]);
    }
    table.to_string()
}

fn words(kpis: &Kpis, currency: Currency) -> String {
    let (found, base) = (&kpis.overview, &kpis.profitability);
    let mut table = print::Table::new(&["figure", "value"]);
    let figures = [
        ("customers", found.customers.to_string()),
        ("with a purchase", found.buyers.to_string()),
        ("unprofitable among these", print::percent(found.unprofitable_share)),
        ("profit so far", currency.show(found.profit)),
        ("profit of the profitable alone", currency.show(found.profit_of_profitable)),
        ("share of the best tenth", print::percent(found.best_tenth_share)),
        ("open complaints", found.open_complaints.to_string()),
        ("net profit of clients", currency.show(base.net_profit)),
        ("unprofitable after acquisition", print::percent(base.unprofitable.unprofitable_share)),
        ("peak of the whale curve", base.whale.peak_share.map_or("-".into(), print::percent)),
        ("charged to the process", currency.show(base.process_cost)),
        ("median payback in months", base.payback.median_months.map_or("-".into(), |months| format!("{months:.1}"))),
        ("potential of a year", currency.show(base.potential.potential)),
        ("value of active clients", currency.show(kpis.equity.all.closing.value)),
    ];
    for (name, value) in figures {
        table.row(vec![name.to_owned(), value]);
    }
    let scored = match found.scored_at {
        Some(at) => format!("scored at {at}\n"),
        None => "not scored yet: run `vizavi score`\n".to_owned(),
    };
    format!("{table}{scored}\n{}", stages(found))
}

fn of_profit(found: &ProfitReport, currency: Currency) -> String {
    let lines = &found.lines;
    let mut table = print::Table::new(&["line", "amount"]);
    for (name, amount) in [
        ("revenue", lines.revenue),
        ("cost of goods", -lines.cost_of_goods),
        ("margin of returns", -lines.margin_returned()),
        ("activities that clients caused", -lines.activity_cost()),
        ("claims, expected", -lines.claims_expected),
        ("profit", found.profit),
        ("cost of winning clients", -found.acquisition_cost),
        ("net profit", found.net_profit),
        ("(charged to the process)", -found.process_cost),
    ] {
        table.row(vec![name.to_owned(), currency.show(amount)]);
    }
    let mut bands = print::Table::new(&["client for", "clients", "unprofitable", "net profit"]);
    for band in found.by_tenure.iter().chain([&found.unprofitable]) {
        let share = print::percent(band.unprofitable_share);
        bands.row(vec![band.tenure.clone(), band.clients.to_string(), share, currency.show(band.profit)]);
    }
    let mut cohorts = print::Table::new(&["won in", "clients", "repaid", "payback months"]);
    for cohort in &found.payback.cohorts {
        let months = cohort.payback_months.map_or("-".into(), |months| format!("{months:.1}"));
        let counts = [cohort.clients, cohort.repaid].map(|count| count.to_string());
        cohorts.row([cohort.quarter.clone()].into_iter().chain(counts).chain([months]).collect());
    }
    format!("{table}\n{bands}\n{cohorts}")
}

fn of_equity(found: &EquityReport, currency: Currency) -> String {
    let header = ["segment", "opening", "new", "reactivated", "lost", "change", "closing", "clients"];
    let mut table = print::Table::new(&header);
    let row = |flow: &Flow| {
        let amounts = [flow.opening.value, flow.new.value, flow.reactivated.value, -flow.lost.value, flow.change];
        let mut cells = vec![flow.segment.clone()];
        cells.extend(amounts.iter().chain([&flow.closing.value]).map(|amount| currency.show(*amount)));
        cells.push(flow.closing.clients.to_string());
        cells
    };
    found.segments.iter().chain([&found.all]).for_each(|flow| table.row(row(flow)));
    let mut survival = print::Table::new(&["came in", "clients", "1 year", "2", "3", "4", "5"]);
    for cohort in &found.survival {
        let shares = cohort.after.iter().map(|after| after.share.map_or("-".into(), print::percent));
        survival.row([cohort.year.to_string(), cohort.clients.to_string()].into_iter().chain(shares).collect());
    }
    format!("{} to {}; {}\n{table}\n{survival}", found.from, found.until, found.note)
}
