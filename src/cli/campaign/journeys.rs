//! `vizavi campaign journeys NAME`.

use crate::cli::{Done, Place, print};
use crate::operations::journeys;

/// Prints the steps, each with how many clients are where.
pub fn run(place: &Place, name: &str) -> Done {
    let steps = journeys::steps(&place.open()?, name)?;
    if place.json {
        return Ok(print::json(&steps)?);
    }
    let mut table = print::Table::new(&["step", "name", "waiting", "goal reached", "too late", "done"]);
    for step in steps {
        table.row(vec![
            step.step.to_string(),
            step.name,
            step.waiting.to_string(),
            step.reached.to_string(),
            step.held.to_string(),
            step.done.to_string(),
        ]);
    }
    Ok(print::text(&table.to_string())?)
}
