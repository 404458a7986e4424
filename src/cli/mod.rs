//! The command line: one file per verb. Results go to stdout, everything else (errors, progress, logs) to stderr.
//!
//! Exit codes: 0 done; 1 failed; 2 the input is wrong or the place cannot be used, and nothing was changed ([`failure`]).

mod bars;
mod campaign;
mod client;
pub mod demo;

mod customer;
mod deliveries;
mod erase;
mod experiment;
mod export;
mod failure;
mod history;
mod import;
mod key;
mod kpi;
mod kpi_people;
mod logging;
mod mail;
mod migrate;
mod models;
mod place;
mod policy;

mod print;
mod review;
mod score;
mod segments;
mod sender;
mod serve;
mod signal;
mod train;
mod user;
mod webhook;
mod work;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::Failure;
pub use place::Place;

/// What a verb ends with.
pub type Done = std::result::Result<(), Failure>;

/// Picks, for each client, the right offer, through the right channel, at the right time, and says how much it was worth.
#[derive(Debug, Parser)]
#[command(name = "vizavi", version, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
Environment: DATABASE_URL (postgres://...; the embedded store when absent), VIZAVI_SMTP_PASSWORD, VIZAVI_LOG (warn, info, debug).
Exit codes: 0 done, 1 failed, 2 bad input or a place that cannot be used: nothing was changed.";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read a file of customers, orders, interactions, offers, ... into history and store
    Import(import::Args),
    /// Fit models on history; those that pass their gate serve from then on
    Train(train::Args),
    /// Score every customer with the models that serve
    Score,
    /// What was trained, how good it is, and what serves
    Models(models::Args),
    /// Who is alike, and what each segment is worth
    Segments(segments::Args),
    /// One customer's whole story
    Customer(customer::Args),
    /// Forget a person, for good
    Erase(erase::Args),
    /// Check, compact and export the facts
    History(history::Args),
    /// Write facts and tables as files for a warehouse
    Export(export::Args),
    /// Apply, plan, approve, run, steer and measure campaigns
    Campaign(campaign::Args),
    /// Decisions that wait for a person's word: list, release, refuse
    Review(review::Args),
    /// What became of each message of a run; settle what is held, send to the missing
    Deliveries(deliveries::Args),
    /// Take bounces, complaints and replies; what customers ask
    Mail(mail::Args),
    /// Check the records that receivers ask for
    Sender(sender::Args),
    /// Experiments: list, results, decide; statistics from sufficient statistics, offline
    Experiment(experiment::Args),
    /// What the current policy is worth on logged decisions
    Policy(policy::Args),
    /// Run what is due: schedules, jobs, messages
    Work(work::Args),
    /// REST, public links and console on one port, with the worker beside them
    Serve(serve::Args),
    /// The base at a glance: what it is worth, and who pays for whom
    Kpi(kpi::Args),
    /// Who may log in to the console
    User(user::Args),
    /// What machines call the API with
    Key(key::Args),
    /// Who is told what happens: signed posts of events to other systems
    Webhook(webhook::Args),
    /// Print a small client of the REST API: for curl, Python, JavaScript or Rust
    Client(client::Args),
    /// Show everything on simulated clients with known truth
    Demo(demo::DemoArgs),
    /// Bring the store to the present schema
    Migrate,
}

/// Runs the program with its own arguments.
pub fn main() -> ExitCode {
    logging::start();
    run(std::env::args_os())
}

/// Runs it with these, the first of which is the program's name.
fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version are results; everything else is a fault of the input.
            told.print().ok();
            return if told.use_stderr() { ExitCode::from(failure::BAD_INPUT) } else { ExitCode::SUCCESS };
        }
    };
    match dispatch(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn dispatch(cli: &Cli) -> Done {
    let place = &cli.place;
    match &cli.verb {
        Verb::Import(args) => import::run(place, args),
        Verb::Train(args) => train::run(place, args),
        Verb::Score => score::run(place),
        Verb::Models(args) => models::run(place, args),
        Verb::Segments(args) => segments::run(place, args),
        Verb::Customer(args) => customer::run(place, args),
        Verb::Erase(args) => erase::run(place, args),
        Verb::History(args) => history::run(place, args),
        Verb::Export(args) => export::run(place, args),
        Verb::Campaign(args) => campaign::run(place, args),
        Verb::Review(args) => review::run(place, args),
        Verb::Deliveries(args) => deliveries::run(place, args),
        Verb::Mail(args) => mail::run(place, args),
        Verb::Sender(args) => sender::run(place, args),
        Verb::Experiment(args) => experiment::run(place, args),
        Verb::Policy(args) => policy::run(place, args),
        Verb::Work(args) => work::run(place, args),
        Verb::Serve(args) => serve::run(place, args),
        Verb::Kpi(args) => kpi::run(place, args),
        Verb::User(args) => user::run(place, args),
        Verb::Key(args) => key::run(place, args),
        Verb::Webhook(args) => webhook::run(place, args),
        Verb::Client(args) => client::run(place, args),
        Verb::Demo(args) => Ok(demo::run(args)?),
        Verb::Migrate => migrate::run(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }
}
