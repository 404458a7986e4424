//! `vizavi campaign plan NAME NAME...` and `vizavi campaign run NAME NAME...`.

use serde::Serialize;

use super::{ACTOR, run as alone};
use crate::cli::{Done, Place, print, signal};
use crate::deliveries::Summary;
use crate::operations::joint;
use crate::operations::run::{Started, start_together};
use crate::operations::send::send_due;

/// Prints which campaign would write to whom, and what it is worth.
pub fn plan(place: &Place, names: &[String]) -> Done {
    let ws = place.open()?;
    let plan = joint::plan(&ws, names)?;
    if place.json {
        return Ok(print::json(&plan)?);
    }
    let money = |amount| ws.settings().currency.show(amount);
    let mut table = print::Table::new(&["campaign", "priority", "contacts", "left to others", "adds", "alone at most"]);
    for part in &plan.campaigns {
        table.row(vec![
            part.campaign.clone(),
            format!("{:?}", part.priority).to_lowercase(),
            part.forecast.contacts.to_string(),
            part.left_to_others.to_string(),
            money(part.value),
            money(crate::money::Money(part.alone_at_most.round() as i64)),
        ]);
    }
    let sum = format!(
        "{} contacts add {}; no choice within these limits adds more than {} (gap {:.1e})\n",
        plan.contacts,
        money(plan.value),
        money(crate::money::Money(plan.bound.round() as i64)),
        plan.gap
    );
    Ok(print::text(&format!(
        "{table}\n{sum}Nothing is kept; `vizavi campaign run` with the same names starts them together.\n"
    ))?)
}

#[derive(Serialize)]
struct Ran {
    runs: Vec<Started>,
    sending: Option<Summary>,
}

/// Decides for all at once, sends what is due, and prints what each came to.
pub fn run(place: &Place, names: &[String], occasion: Option<&str>, send: bool) -> Done {
    let ws = place.open()?;
    let runs = start_together(&ws, names, occasion, ACTOR)?;
    let sending = if send { Some(send_due(&ws, signal::stop().flag())?) } else { None };
    if place.json {
        return Ok(print::json(&Ran { runs, sending })?);
    }
    let mut text: String = runs.iter().map(|started| alone::decided(started, &ws) + "\n").collect();
    text += &sending.iter().map(alone::sent).collect::<String>();
    Ok(print::text(&text)?)
}
