//! `vizavi review`: decisions that wait for a person's word.

use super::{Done, Place, print};
use crate::decisions::review::State;
use crate::ids::DeliveryId;
use crate::operations::reviews::{self, ReviewShown, Word};

/// Who acts, in the audit.
const ACTOR: &str = "cli";
/// The most that are listed.
const MOST: i64 = 500;

/// What is asked about reviews.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Those that wait, the first 500
    List,
    /// Let the contact be made
    Release(Decided),
    /// Do not make the contact; what it holds is given back
    Refuse(Decided),
}

#[derive(Debug, clap::Args)]
struct Decided {
    /// Its delivery, as `review list` names it
    delivery: i64,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Lists or decides.
pub fn run(place: &Place, args: &Args) -> Done {
    match &args.verb {
        Verb::List => list(place),
        Verb::Release(decided) => decide(place, Word::Release, decided),
        Verb::Refuse(decided) => decide(place, Word::Refuse, decided),
    }
}

fn list(place: &Place) -> Done {
    let waiting = reviews::list(&place.open()?, State::Waiting, None, MOST)?;
    if place.json {
        return Ok(print::json(&waiting)?);
    }
    let mut table =
        print::Table::new(&["delivery", "customer", "campaign", "offer", "channel", "planned for", "until"]);
    for row in waiting {
        table.row(vec![
            row.delivery.to_string(),
            row.customer.unwrap_or_default(),
            row.campaign,
            row.offer,
            row.channel,
            row.planned_for.to_string(),
            row.expires_at.to_string(),
        ]);
    }
    let text = if table.is_empty() { "nothing waits for a word\n".to_owned() } else { table.to_string() };
    Ok(print::text(&text)?)
}

fn decide(place: &Place, word: Word, decided: &Decided) -> Done {
    let done: ReviewShown =
        reviews::decide(&place.open()?, DeliveryId(decided.delivery), word, &decided.reason, ACTOR)?;
    if place.json {
        return Ok(print::json(&done)?);
    }
    Ok(print::text(&format!("{}: {} by {}\n", done.state, done.offer, done.channel))?)
}
