//! `vizavi erase EXTERNAL_ID`: forgets a person.

use super::{Done, Place, print};
use crate::operations::erase::{Erased, erase};

/// Whom.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The company's own key of the customer
    #[arg(value_name = "EXTERNAL_ID")]
    external_id: String,
}

/// Erases, and says what is left to be done by hand.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.open()?;
    let erased = erase(&ws, &args.external_id, "cli")?;
    if place.json {
        print::json(&erased)?;
    } else {
        print::text(&words(&erased))?;
    }
    Ok(())
}

fn words(erased: &Erased) -> String {
    let mut text = format!(
        "erased; {} messages keep their numbers only\nthe next compaction removes the sealed facts (at once: vizavi history compact)\n",
        erased.messages
    );
    if !erased.mentioned_in.is_empty() {
        text += "these files still mention the person; they are not ours to change:\n";
        for file in &erased.mentioned_in {
            text += &format!("  {file}\n");
        }
    }
    text
}
