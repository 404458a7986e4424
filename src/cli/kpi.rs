//! `vizavi kpi`: the base at a glance.

use super::{Done, Place, print};
use crate::money::Currency;
use crate::reports::overview::{Overview, overview};

/// Prints what the base is worth, and who pays for whom.
pub fn run(place: &Place) -> Done {
    let ws = place.open()?;
    let found = overview(&ws)?;
    if place.json {
        print::json(&found)?;
    } else {
        print::text(&words(&found, ws.settings().currency))?;
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

fn words(found: &Overview, currency: Currency) -> String {
    let mut table = print::Table::new(&["figure", "value"]);
    let figures = [
        ("customers", found.customers.to_string()),
        ("with a purchase", found.buyers.to_string()),
        ("unprofitable among these", print::percent(found.unprofitable_share)),
        ("profit so far", currency.show(found.profit)),
        ("profit of the profitable alone", currency.show(found.profit_of_profitable)),
        ("share of the best tenth", print::percent(found.best_tenth_share)),
        ("open complaints", found.open_complaints.to_string()),
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
