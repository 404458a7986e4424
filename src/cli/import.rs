//! `vizavi import KIND FILE...`: files into history and store.

use std::path::{Path, PathBuf};

use super::{Done, Failure, Place, print};
use crate::error::{Error, Fault, Result};
use crate::history::import::{Mapping, STANDARD_INPUT, TARGETS, Target};
use crate::operations::import::{Import, import};
use crate::settings::Settings;

/// What to import.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// customers, orders, returns, interactions, events, subscriptions, claims, decisions, consents, suppressions, offers or codes
    #[arg(value_name = "KIND")]
    kind: String,
    /// CSV or NDJSON (both also .gz or .zst) or Parquet; a quoted pattern such as 'orders-*.csv'; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Names columns, formats, zone and currency; by the columns' own names when absent
    #[arg(long, value_name = "M.toml")]
    mapping: Option<PathBuf>,
    /// Read and check everything, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Import also what was imported before; facts that are known are left out all the same
    #[arg(long)]
    again: bool,
    /// Facts that are sorted at a time, in MiB; an import that was killed goes on after the last of these
    #[arg(long, value_name = "MIB", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    sort_memory: u16,
}

/// Imports one file after another; each is taken whole or not at all.
pub fn run(place: &Place, args: &Args) -> Done {
    let files = check(place, args)?;
    let ws = place.make()?;
    let progress = place.progress();
    let mut reports = Vec::new();
    for (i, file) in files.iter().enumerate() {
        let what = Import {
            kind: args.kind.clone(),
            file: file.clone(),
            mapping: args.mapping.clone(),
            dry_run: args.dry_run,
            again: args.again,
            sorted: Some(usize::from(args.sort_memory) << 20),
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

/// Looks at everything that can be seen from outside before the first file is begun, or a folder made; the files to import.
fn check(place: &Place, args: &Args) -> Result<Vec<PathBuf>> {
    if Target::named(&args.kind).is_none() {
        let kinds: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        let message = format!("`{}` cannot be imported; these can: {}", args.kind, kinds.join(", "));
        return Err(Error::invalid(message));
    }
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for file in &args.files {
        match matching(file) {
            Ok(found) => files.extend(found),
            Err(why) => faults.push(Fault::at("", why).in_file(file.display().to_string())),
        }
    }
    if !faults.is_empty() {
        return Err(Error::faults("a file cannot be read; nothing was imported", faults));
    }
    if let Some(mapping) = &args.mapping {
        Mapping::load(mapping, Settings::load(place.folder())?.currency)?;
    }
    Ok(files)
}

/// The files of a name: itself, or those that it is a pattern of, in the order of their names.
fn matching(file: &Path) -> Result<Vec<PathBuf>, &'static str> {
    // A file may be called `a[1].csv`.
    if file.is_file() || file.as_os_str() == STANDARD_INPUT {
        return Ok(vec![file.to_owned()]);
    }
    let pattern = file.to_str().filter(|name| name.contains(['*', '?', '['])).ok_or("there is no such file")?;
    let paths = glob::glob(pattern).map_err(|_| "is no pattern; write `[[]` for a bracket")?;
    let found: Vec<PathBuf> = paths.filter_map(Result::ok).filter(|path| path.is_file()).collect();
    if found.is_empty() { Err("no file has a name of this pattern") } else { Ok(found) }
}

fn of_file(error: Error, file: &Path) -> Error {
    let name = file.display().to_string();
    if error.message().contains(&name) || !error.fault_list().is_empty() { error } else { error.context(name) }
}
