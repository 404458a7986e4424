//! `vizavi experiment analyse`: statistics from sufficient statistics, offline, JSON in and out.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Done, print};
use crate::error::{Error, Fault, Result};
use crate::experiments::analyse;

/// What is asked about experiments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Answer cases of sufficient statistics; prints JSON
    Analyse {
        /// A case {id, kind, inputs, params}, an array of them, or {"cases": [...]}; - reads stdin
        #[arg(value_name = "STATS.json")]
        file: PathBuf,
    },
}

/// Answers the cases of a file.
pub fn run(args: &Args) -> Done {
    let Verb::Analyse { file } = &args.verb;
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
