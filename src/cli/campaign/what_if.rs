//! `vizavi campaign plan NAME --limit LIMIT=UNITS`.

use crate::cli::{Done, Place, print};
use crate::error::{Error, Fault, Result};
use crate::money::{Currency, Money};
use crate::operations::what_if::{Limits, Outcome, WhatIf, what_if};

/// Prints what the campaign would do under other limits, beside what it would do under its own.
pub fn run(place: &Place, name: &str, limits: &[String]) -> Done {
    let limits = read(limits)?;
    let ws = place.open()?;
    let answer = what_if(&ws, name, limits)?;
    if place.json {
        print::json(&answer)?;
    } else {
        print::text(&words(&answer, ws.settings().currency))?;
    }
    Ok(())
}

fn read(limits: &[String]) -> Result<Limits> {
    let mut read = Limits::new();
    let mut faults = Vec::new();
    for limit in limits {
        let units = limit.split_once('=').and_then(|(name, units)| Some((name, units.trim().parse().ok()?)));
        match units {
            Some((name, units)) => drop(read.insert(name.trim().to_owned(), units)),
            None => faults
                .push(Fault::at("--limit", format!("`{limit}` is not a limit and a whole number, as budget=50000"))),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(Error::faults("the question cannot be answered", faults)) }
}

fn words(answer: &WhatIf, currency: Currency) -> String {
    let limits: Vec<String> = answer.limits.iter().map(|(name, units)| format!("{name} {units}")).collect();
    let mut text = format!("Campaign {}, version {}, as of {}; ", answer.campaign, answer.version, answer.decided_at);
    text += &format!("what if: {}\n\n", limits.join(", "));
    let mut table = print::Table::new(&["", "now", "then"]);
    let mut row = |name: &str, of: &dyn Fn(&Outcome) -> String| {
        table.row(vec![name.to_owned(), of(&answer.now), of(&answer.then)]);
    };
    row("contacts", &|outcome| outcome.forecast.contacts.to_string());
    row("spend", &|outcome| currency.show(outcome.forecast.spend));
    row("expected incremental profit", &|outcome| currency.show(outcome.forecast.profit));
    row("95 % interval", &|outcome| {
        let [least, most] = outcome.forecast.interval.map(|end| currency.show(end));
        format!("{least} to {most}")
    });
    row("no choice is worth more than", &|outcome| currency.show(Money(outcome.proof.bound.round() as i64)));
    text += &table.to_string();
    for price in &answer.then.prices {
        text += &format!("  then {price}\n");
    }
    text + &format!("\ngain {}; nothing was kept\n", currency.show(answer.gain))
}
