//! `vizavi customer EXTERNAL_ID`: one customer's whole story.

use serde::Serialize;

use super::{Done, Place, print};
use crate::money::Currency;
use crate::reports::profit::{ClientStatement, statement};
use crate::reports::timeline::{Entry, Timeline, timeline};

/// Whose story.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The company's own key of the customer
    #[arg(value_name = "EXTERNAL_ID")]
    external_id: String,
}

/// Prints profile, value, consents and everything that happened, newest first.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.open()?;
    let story = timeline(&ws, &args.external_id)?;
    if place.json {
        print::json(&Shown { profit: statement(&ws, &args.external_id)?, story })?;
    } else {
        let earned = earned(&statement(&ws, &args.external_id)?, ws.settings().currency);
        print::text(&words(&story, &earned, ws.settings().currency))?;
    }
    Ok(())
}

/// The story, and profit and loss beside it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    story: Timeline,
    profit: ClientStatement,
}

/// Profit and loss in a few lines: what it is, why it is a loss, what would mend it, and what could be.
fn earned(found: &ClientStatement, currency: Currency) -> String {
    let mut text = format!(
        "  profit     {} net: margin {}, activities {}, expected claims {}, cost of winning {}\n",
        currency.show(found.net_profit),
        currency.show(found.gross_margin - found.lines.margin_returned()),
        currency.show(found.activity_cost),
        currency.show(found.lines.claims_expected),
        currency.show(found.acquisition_cost)
    );
    if let Some(payback) = found.payback {
        text += &match payback.months {
            Some(months) => format!("  payback    after {months:.1} months\n"),
            None => format!("  payback    {} still missing\n", currency.show(payback.missing)),
        };
    }
    if let Some(why) = &found.diagnosis {
        let cause = format!("{:?}", why.cause).to_lowercase();
        text += &format!(
            "  loss       {}, mainly {cause} ({})\n",
            currency.show(why.loss),
            currency.show(why.cause_amount)
        );
        if let Some(repair) = &why.cheapest {
            let enough = if repair.suffices { "suffices" } else { "does not suffice" };
            text += &format!("  repair     {}: {}, {enough}\n", repair.words, currency.show(repair.brings));
        }
    }
    if let Some(note) = found.note {
        text += &format!("  note       {note}\n");
    }
    if let Some(potential) = &found.potential {
        text += &format!(
            "  potential  {} a year beyond the {} spent (share of wallet {}; compared with {})\n",
            currency.show(potential.potential),
            currency.show(potential.spent),
            print::percent(potential.share_of_wallet),
            potential.group
        );
    }
    text
}

fn words(story: &Timeline, earned: &str, currency: Currency) -> String {
    let customer = &story.customer;
    let name: Vec<&str> =
        [&customer.first_name, &customer.last_name].into_iter().flatten().map(String::as_str).collect();
    let mut text = format!("{}  {}  ({})\n", customer.external_id, name.join(" "), customer.kind);
    let contacts = [
        ("e-mail", &customer.email),
        ("phone", &customer.phone),
        ("country", &customer.country),
        ("language", &customer.locale),
        ("zone", &customer.zone),
        ("household", &customer.household),
    ];
    for (label, value) in contacts {
        if let Some(value) = value {
            text += &format!("  {label:<10} {value}\n");
        }
    }
    if customer.profiling_objection {
        text += "  objects to profiling: neither trained on nor scored\n";
    }
    text += &value(story, currency);
    text += earned;
    for consent in &story.consents {
        let given = if consent.granted { "granted" } else { "withdrawn" };
        text += &format!(
            "  consent    {} for {} {given} at {} ({})\n",
            consent.channel, consent.purpose, consent.recorded_at, consent.legal_basis
        );
    }
    text + "\n" + &entries(&story.entries, currency)
}

fn value(story: &Timeline, currency: Currency) -> String {
    let Some(state) = &story.state else {
        return "  not scored yet: run `vizavi score`\n".to_owned();
    };
    let mut text = format!(
        "  value      {} orders, revenue {}, cost to serve {}, profit {}; open complaints {}\n",
        state.orders,
        currency.show(state.revenue),
        currency.show(state.cost_to_serve),
        currency.show(state.profit),
        state.open_complaints
    );
    if let Some(segment) = &state.segment {
        text += &format!("  segment    {segment}\n");
    }
    if let Some(kept) = story.stage {
        text += &format!("  stage      {} since {}\n", kept.stage.words(), &kept.since.to_string()[..10]);
    } else if let Some(stage) = &state.stage {
        text += &format!("  stage      {stage}\n");
    }
    if let Some(level) = &state.service_level {
        text += &format!("  service    {level}\n");
    }
    let explained = |model: &str| model == "churn" || story.reasons.iter().any(|reason| reason.model == model);
    for (model, score) in state.score_map().into_iter().filter(|(model, _)| explained(model)) {
        text += &format!("  {model:<10} {}\n", print::percent(score));
        for reason in story.reasons.iter().filter(|reason| reason.model == model) {
            let way = if reason.part > 0.0 { "speaks for it" } else { "speaks against it" };
            let value = reason.value.map_or_else(|| "missing".to_owned(), print::number);
            text += &format!("    {} ({value}) {way}: {:+.2}\n", reason.meaning, reason.part);
        }
    }
    for (label, words) in story.lifetime.iter().flat_map(|lifetime| lifetime.words(currency)) {
        text += &format!("  {label:<10} {words}\n");
    }
    text
}

fn entries(entries: &[Entry], currency: Currency) -> String {
    let mut table = print::Table::new(&["at", "what", "", "amount", "more"]);
    for entry in entries {
        table.row(vec![
            entry.at.to_string(),
            entry.kind.to_owned(),
            entry.title.clone(),
            entry.amount.map(|amount| currency.show(amount)).unwrap_or_default(),
            entry.detail.clone().unwrap_or_default(),
        ]);
    }
    if table.is_empty() { "nothing has happened yet\n".to_owned() } else { table.to_string() }
}
