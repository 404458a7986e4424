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
    format!("{table}{scored}")
}
