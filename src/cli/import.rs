//! `vizavi import KIND FILE...`: files into history and store.

use std::path::PathBuf;

use super::{Done, Failure, Place, print};
use crate::error::{Error, Fault, Result};
use crate::history::import::{Mapping, TARGETS, Target};
use crate::operations::import::{Import, import};
use crate::settings::Settings;

/// What to import.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// customers, orders, returns, interactions, decisions, consents, suppressions or offers
    #[arg(value_name = "KIND")]
    kind: String,
    /// CSV (gz too), NDJSON or Parquet
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Names columns, formats, zone and currency; by the columns' own names when absent
    #[arg(long, value_name = "M.toml")]
    mapping: Option<PathBuf>,
    /// Read and check everything, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Imports one file after another; each is taken whole or not at all.
pub fn run(place: &Place, args: &Args) -> Done {
    check(place, args)?;
    let ws = place.make()?;
    let progress = place.progress();
    let mut reports = Vec::new();
    for (i, file) in args.files.iter().enumerate() {
        let what = Import {
            kind: args.kind.clone(),
            file: file.clone(),
            mapping: args.mapping.clone(),
            dry_run: args.dry_run,
        };
        let imported = import(&ws, ws.history(), &what, &*progress);
        progress.finish();
        // With a file before it taken, something was changed.
        let failed = if i == 0 || args.dry_run { Failure::of_all_or_nothing } else { Failure::after_some };
        let report = imported.map_err(|error| failed(of_file(error, file)))?;
        if !place.json {
            print::text(&report.to_string())?;
        }
        reports.push(report);
    }
    if place.json {
        print::json(&reports)?;
    }
    Ok(())
}

/// Looks at everything that can be seen from outside before the first file is begun, or a folder made.
fn check(place: &Place, args: &Args) -> Result<()> {
    if Target::named(&args.kind).is_none() {
        let kinds: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        let message = format!("`{}` cannot be imported; these can: {}", args.kind, kinds.join(", "));
        return Err(Error::invalid(message));
    }
    let absent = args.files.iter().filter(|file| !file.is_file());
    let faults: Vec<Fault> =
        absent.map(|file| Fault::at("", "there is no such file").in_file(file.display().to_string())).collect();
    if !faults.is_empty() {
        return Err(Error::faults("a file cannot be read; nothing was imported", faults));
    }
    if let Some(mapping) = &args.mapping {
        Mapping::load(mapping, Settings::load(place.folder())?.currency)?;
    }
    Ok(())
}

fn of_file(error: Error, file: &std::path::Path) -> Error {
    let name = file.display().to_string();
    if error.message().contains(&name) || !error.fault_list().is_empty() { error } else { error.context(name) }
}
