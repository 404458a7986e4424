//! `vizavi score`: scores every customer with the models that serve.

use super::{Done, Place, print};
use crate::operations::score::score;
use crate::reports::profit;

/// Scores, and prints how many and by which models.
pub fn run(place: &Place) -> Done {
    let ws = place.open()?;
    let scored = score(&ws, &*place.progress())?;
    profit::kept::refresh(&ws, &*place.progress())?;
    if place.json {
        print::json(&scored)?;
        return Ok(());
    }
    let models: Vec<String> = scored.models.iter().map(|(name, version)| format!("{name} ({version})")).collect();
    let models = if models.is_empty() { "no model yet: run `vizavi train`".to_owned() } else { models.join(", ") };
    print::text(&format!(
        "{} customers, {} of them with a purchase scored, as of {}\nmodels: {models}\n",
        scored.customers, scored.scored, scored.as_of
    ))?;
    scored.warnings.iter().try_for_each(|warning| print::text(&format!("warning: {warning}\n")))?;
    Ok(())
}
