//! `vizavi experiment`: the experiments there are, their results, and who wins; `analyse` answers sufficient statistics, offline.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Done, Place, print};
use crate::error::{Error, Fault, Result};
use crate::experiments::analyse;
use crate::operations::choose::{self, Asked, Decided};
use crate::operations::experiments::{self, ExperimentShown};

/// Who the audit says did it.
const ACTOR: &str = "cli";

/// What is asked about experiments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Each campaign against its holdout, and the variants of each campaign that has some
    List,
    /// One experiment with its results: CAMPAIGN, or CAMPAIGN:EXPERIMENT; prints JSON
    Results {
        /// The experiment's id
        id: String,
    },
    /// Choose a variant: by the data, which are refused where they carry no winner, or the one that is named
    Decide {
        /// The experiment's id: CAMPAIGN:EXPERIMENT
        id: String,
        /// The variant; any may be chosen by hand
        #[arg(long)]
        variant: Option<String>,
        /// The run whose test is decided; the latest that is open when left out
        #[arg(long)]
        run: Option<i64>,
    },
    /// Answer cases of sufficient statistics; prints JSON
    Analyse {
        /// A case {id, kind, inputs, params}, an array of them, or {"cases": [...]}; - reads stdin
        #[arg(value_name = "STATS.json")]
        file: PathBuf,
    },
}

/// Lists, shows, decides, or answers the cases of a file.
pub fn run(place: &Place, args: &Args) -> Done {
    match &args.verb {
        Verb::Analyse { file } => answer(file),
        Verb::List => {
            let all = experiments::list(&place.open()?)?;
            if place.json {
                print::json(&all)?
            } else {
                print::text(&listed(&all))?
            }
            Ok(())
        }
        Verb::Results { id } => {
            print::json(&experiments::results(&place.open()?, id)?)?;
            Ok(())
        }
        Verb::Decide { id, variant, run } => {
            let ws = place.open()?;
            let asked = Asked { variant: variant.clone(), run: *run };
            let decided = choose::decide(&ws, &experiments::campaign_of(&ws, id)?, &asked, ACTOR)?;
            if place.json {
                print::json(&decided)?
            } else {
                print::text(&words(&decided))?
            }
            Ok(())
        }
    }
}

fn listed(all: &[ExperimentShown]) -> String {
    let mut table = print::Table::new(&["id", "goal", "state", "arms", "runs", "winner"]);
    for one in all {
        let arms: Vec<String> =
            one.arms.iter().map(|arm| format!("{} {}", arm.name, print::percent(arm.share))).collect();
        table.row(vec![
            one.id.clone(),
            one.goal.to_owned(),
            one.state.to_owned(),
            arms.join(", "),
            one.runs.to_string(),
            one.winner.clone().unwrap_or_else(|| "–".into()),
        ]);
    }
    table.to_string()
}

fn words(decided: &Decided) -> String {
    let holds = match decided.holds_for {
        "rest" => "the rest of the tested audience gets it; a worker starts its run",
        _ => "all later runs get it",
    };
    format!("{}: {} is chosen; {holds}\n", decided.campaign, decided.variant)
}

fn answer(file: &Path) -> Done {
    let name = file.display().to_string();
    let text = read(file)?;
    let input: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
        let fault = Fault::at("", error.to_string()).in_file(&name).on_line(error.line() as u64);
        Error::faults("the statistics do not parse", vec![fault])
    })?;
    print::json(&analyse(&input).map_err(|error| in_file(error, &name))?)?;
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|error| Error::from(error).context("stdin"))?;
        return Ok(text);
    }
    std::fs::read_to_string(file)
        .map_err(|error| Error::from(error).context(format!("`{}` cannot be read", file.display())))
}

fn in_file(error: Error, name: &str) -> Error {
    if error.fault_list().is_empty() {
        return error.context(name);
    }
    let faults = error.fault_list().iter().map(|fault| fault.clone().in_file(name)).collect();
    Error::faults(error.message(), faults)
}
