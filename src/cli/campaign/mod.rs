//! `vizavi campaign`: one file per thing that is asked of a campaign.

mod apply;
mod calendar;
mod conflicts;
mod joint;
mod journeys;
mod lint;
mod list;
mod new;
mod plan;
mod results;
mod run;
mod steer;
mod test;
mod what_if;

use std::path::PathBuf;

use super::{Done, Place};
use crate::error::Error;

pub(super) use run::{reconciled, sent};

/// Who the audit says did it.
const ACTOR: &str = "cli";

/// What is asked of a campaign.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Check a campaign's folder against everything it names, and keep it as a new version
    Apply {
        /// The folder with campaign.toml, templates/ and sample.json
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
    /// Write an example's folder, to be edited and applied; without a name, say which examples there are
    New {
        /// The example
        from: Option<String>,
        /// Where to; a folder of that name when absent
        #[arg(long, value_name = "PATH")]
        to: Option<PathBuf>,
    },
    /// Check a campaign's templates and say what is unwise in them: size, links, images, unsubscribe link, phrases. Changes nothing
    Lint {
        /// The folder with campaign.toml, templates/ and sample.json
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
    /// Show what the campaign would do now, to whom, why, and what its holdout could prove; of several, which would write to whom
    Plan {
        /// The campaign; several are planned together, and nothing is kept
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// What if a limit were another: budget=50000 (minor units), channel:email=100, stock:OFFER=20, share:NAME=50. Nothing is kept then
        #[arg(long = "limit", value_name = "LIMIT=UNITS")]
        limits: Vec<String>,
    },
    /// Send one message, as this customer would get it, to addresses of yours; its links lead nowhere, and it counts as no contact
    Test {
        /// The campaign
        name: String,
        /// Whose message: the company's own key
        customer: String,
        /// By which channel
        #[arg(long, default_value = "email")]
        channel: String,
        /// Where to; those of [mail] seeds when absent. May be given several times
        #[arg(long, value_name = "ADDRESS")]
        to: Vec<String>,
    },
    /// Answer for the planned version: from now on it may run, and its schedule counts
    Approve {
        /// The campaign
        name: String,
    },
    /// Decide for everybody, then send what is due
    Run {
        /// The campaign; several decide together, so that each client is left to the one to which they are worth most
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// What it is the run of; an occasion runs only once (this instant when absent)
        #[arg(long)]
        occasion: Option<String>,
        /// Only decide; `vizavi work` sends
        #[arg(long)]
        no_send: bool,
    },
    /// Stop sending; nothing is lost
    Pause {
        /// The campaign
        name: String,
    },
    /// Go on where it stopped; nobody is contacted again
    Resume {
        /// The campaign
        name: String,
    },
    /// End the campaign: what was not sent is taken back
    Cancel {
        /// The campaign
        name: String,
    },
    /// End the campaign when it has done what it was for: nothing new begins, its results stand
    Close {
        /// The campaign
        name: String,
    },
    /// Which campaigns want the same clients now, and what it costs that only one may write; changes nothing
    Conflicts {
        /// The campaigns; all that may run when none is named
        names: Vec<String>,
    },
    /// How many contacts clients have had and are to expect, day by day and by campaign
    Calendar {
        /// So many days before today, and as many from today on
        #[arg(long, default_value_t = 14)]
        days: i32,
    },
    /// Where clients are on their way through the campaign's steps
    Journeys {
        /// The campaign
        name: String,
    },
    /// What the campaign earned against its holdout, run by run
    Results {
        /// The campaign
        name: String,
    },
    /// All campaigns with their state
    List,
}

/// Does what is asked.
pub fn run(place: &Place, args: &Args) -> Done {
    match &args.verb {
        Verb::Apply { path } => apply::run(place, path),
        Verb::New { from, to } => new::run(place, from.as_deref(), to.as_deref()),
        Verb::Lint { path } => lint::run(place, path),
        Verb::Plan { names, limits } => match names.as_slice() {
            [name] if limits.is_empty() => plan::run(place, name),
            [name] => what_if::run(place, name, limits),
            _ if limits.is_empty() => joint::plan(place, names),
            _ => Err(Error::invalid("--limit asks about one campaign; name only one").into()),
        },
        Verb::Test { name, customer, channel, to } => test::run(place, name, customer, channel, to),
        Verb::Approve { name } => steer::run(place, name, steer::Verb::Approve),
        Verb::Run { names, occasion, no_send } => match names.as_slice() {
            [name] => run::run(place, name, occasion.as_deref(), !no_send),
            _ => joint::run(place, names, occasion.as_deref(), !no_send),
        },
        Verb::Pause { name } => steer::run(place, name, steer::Verb::Pause),
        Verb::Resume { name } => steer::run(place, name, steer::Verb::Resume),
        Verb::Cancel { name } => steer::run(place, name, steer::Verb::Cancel),
        Verb::Close { name } => steer::run(place, name, steer::Verb::Close),
        Verb::Conflicts { names } => conflicts::run(place, names),
        Verb::Calendar { days } => calendar::run(place, *days),
        Verb::Journeys { name } => journeys::run(place, name),
        Verb::Results { name } => results::run(place, name),
        Verb::List => list::run(place),
    }
}
