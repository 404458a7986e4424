//! `vizavi campaign conflicts [NAME...]`.

use crate::cli::{Done, Place, print};
use crate::operations::conflicts::conflicts;

/// Prints who competes for whom.
pub fn run(place: &Place, names: &[String]) -> Done {
    let ws = place.open()?;
    let found = conflicts(&ws, names)?;
    if place.json {
        return Ok(print::json(&found)?);
    }
    let money = |amount| ws.settings().currency.show(amount);
    let mut alone = print::Table::new(&["campaign", "clients", "would add", "wanted more by others", "misses"]);
    for one in &found.campaigns {
        let numbers = [one.clients.to_string(), money(one.value), one.lost.to_string(), money(one.cost)];
        alone.row([one.campaign.clone()].into_iter().chain(numbers).collect());
    }
    let mut pairs = print::Table::new(&["one", "other", "clients of both", "who gives way misses"]);
    for pair in &found.rivals {
        pairs.row(vec![pair.one.clone(), pair.other.clone(), pair.clients.to_string(), money(pair.cost)]);
    }
    let sum = format!(
        "{} clients are wanted by more than one campaign; that each hears of one costs {}\n",
        found.contested,
        money(found.cost)
    );
    Ok(print::text(&format!("{alone}\n{sum}{}", if pairs.is_empty() { String::new() } else { format!("\n{pairs}") }))?)
}
