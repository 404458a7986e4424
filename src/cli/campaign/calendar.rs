//! `vizavi campaign calendar`.

use std::collections::BTreeMap;

use crate::cli::{Done, Place, print};
use crate::reports::calendar::calendar;

/// Prints how many contacts clients have had and are to expect.
pub fn run(place: &Place, days: i32) -> Done {
    let ws = place.open()?;
    let found = calendar(&ws, days)?;
    if place.json {
        return Ok(print::json(&found)?);
    }
    let words = |counts: &BTreeMap<String, i64>| {
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    };
    let mut table = print::Table::new(&["day", "contacts", "made or reserved", "of runs to come"]);
    for day in found.days.iter().filter(|day| day.total > 0) {
        table.row(vec![day.date.clone(), day.total.to_string(), words(&day.contacts), words(&day.expected)]);
    }
    let clients: Vec<String> =
        found.clients.iter().map(|(contacts, clients)| format!("{contacts}: {clients}")).collect();
    let none = if table.is_empty() { "No contacts, and no runs to come.\n".to_owned() } else { table.to_string() };
    Ok(print::text(&format!("{none}\nClients by contacts of the last 30 days: {}\n", clients.join(", ")))?)
}
