//! `vizavi customer EXTERNAL_ID`: one customer's whole story.

use super::{Done, Place, print};
use crate::money::Currency;
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
        print::json(&story)?;
    } else {
        print::text(&words(&story, ws.settings().currency))?;
    }
    Ok(())
}

fn words(story: &Timeline, currency: Currency) -> String {
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
    for (model, score) in state.score_map() {
        text += &format!("  {model:<10} {}\n", print::percent(score));
        for reason in story.reasons.iter().filter(|reason| reason.model == model) {
            let way = if reason.part > 0.0 { "speaks for it" } else { "speaks against it" };
            let value = reason.value.map_or_else(|| "missing".to_owned(), print::number);
            text += &format!("    {} ({value}) {way}: {:+.2}\n", reason.meaning, reason.part);
        }
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
