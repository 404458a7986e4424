//! `vizavi work`: schedules, jobs and messages, until a signal comes.

use super::campaign::sent;
use super::{Done, Place, print, signal};
use crate::jobs::{self, Only};

/// How to work.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End when nothing is due any more
    #[arg(long)]
    once: bool,
    /// Do only a part of the work
    #[arg(long, value_name = "PART", value_enum)]
    only: Option<Part>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Part {
    /// Messages
    Sending,
    /// Schedules and jobs
    Jobs,
}

/// Works, and says at the end what was done.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.open()?;
    let only = args.only.map(|part| match part {
        Part::Sending => Only::Sending,
        Part::Jobs => Only::Jobs,
    });
    let worked = jobs::work(&ws, signal::stop(), args.once, only)?;
    if place.json {
        print::json(&worked)?;
        return Ok(());
    }
    let mut text =
        format!("Jobs: {} done, {} to be tried again, {} laid aside", worked.done, worked.failed, worked.dead);
    text += &sent(&worked.sending);
    if let Some(at) = worked.sending.paced_until {
        text += &format!("  the pace of a channel allows more at {at}\n");
    }
    print::text(&text)?;
    Ok(())
}
