//! Offers as whole definitions, a JSON object a line: tiers, eligibility and texts do not fit columns.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Fault, Result};
use crate::history::import::Report;
use crate::offers::{OfferSpec, store as offers};
use crate::operations::Workspace;

/// Largest file of definitions.
const LARGEST: u64 = 16 << 20;

/// Whether a file that is called `name` holds definitions: NDJSON whose first line has a `benefit`.
///
/// # Errors
/// Not found; unavailable, when the file cannot be read.
pub fn are_in(file: &Path, name: &str) -> Result<bool> {
    if ![".ndjson", ".jsonl"].iter().any(|end| name.ends_with(end)) || std::fs::metadata(file)?.len() > LARGEST {
        return Ok(false);
    }
    let text = std::fs::read_to_string(file).map_err(|e| Error::from(e).context(name))?;
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let first: serde_json::Value = serde_json::from_str(first).unwrap_or_default();
    Ok(first.get("benefit").is_some())
}

/// Puts every offer of the file, or none.
///
/// # Errors
/// Invalid, with file, line and key of every fault.
pub fn import(ws: &Workspace, file: &Path, name: &str, dry_run: bool) -> Result<Report> {
    let specs = read(file, name)?;
    let now = ws.now();
    if !dry_run {
        ws.store().write(|conn| specs.iter().try_for_each(|spec| offers::put(conn, spec, now).map(drop)))?;
    }
    let lines = specs.len() as u64;
    Ok(Report {
        file: name.to_owned(),
        lines,
        accepted: lines,
        records: BTreeMap::from([("offers".to_owned(), lines)]),
        dry_run,
        ..Report::default()
    })
}

/// Reads and checks every offer of the file.
///
/// # Errors
/// Invalid, with file, line and key of every fault.
pub fn read(file: &Path, name: &str) -> Result<Vec<OfferSpec>> {
    let text = std::fs::read_to_string(file).map_err(|e| Error::from(e).context(name))?;
    let (mut specs, mut faults) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = at as u64 + 1;
        match serde_json::from_str::<OfferSpec>(line).map_err(Error::from).and_then(OfferSpec::check) {
            Ok(spec) => specs.push(spec),
            Err(error) if error.fault_list().is_empty() => {
                faults.push(Fault::at("", error.message()).in_file(name).on_line(number));
            }
            Err(error) => {
                faults.extend(error.fault_list().iter().map(|fault| fault.clone().in_file(name).on_line(number)));
            }
        }
    }
    if !faults.is_empty() {
        return Err(Error::faults("the offers cannot be used", faults));
    }
    Ok(specs)
}
