//! `vizavi sender check`: which records receivers ask for, and whether they are there.

use super::{Done, Place, print};
use crate::deliveries::identity::{Grade, SystemDns};
use crate::error::Error;
use crate::operations::sender;

/// What is asked of the sender.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Say which SPF, DKIM and DMARC records are expected, and check them where DNS answers; 1 when one is bad
    Check,
}

/// Checks, and prints each record.
pub fn run(place: &Place, args: &Args) -> Done {
    let Verb::Check = args.verb;
    let ws = place.open()?;
    let checked = sender::check(&ws, &SystemDns::new()?)?;
    if place.json {
        print::json(&checked)?;
    } else {
        let mut text = format!("Sender {}\n", checked.from);
        for finding in &checked.findings {
            let grade = match finding.grade {
                Grade::Good => "good",
                Grade::Weak => "weak",
                Grade::Unknown => "unknown",
                Grade::Bad => "BAD",
            };
            text += &format!("\n{} at {}: {grade}\n  expected: {}\n", finding.record, finding.name, finding.expected);
            for found in &finding.found {
                text += &format!("  found:    {found}\n");
            }
            if !finding.advice.is_empty() {
                text += &format!("  -> {}\n", finding.advice);
            }
        }
        print::text(&text)?;
    }
    if checked.good { Ok(()) } else { Err(Error::unavailable("receivers will hold these records against you").into()) }
}
