//! What came over REST: checked when it has arrived, imported by a job.

use super::upload::{self, Upload};
use super::{Task, target};
use crate::error::{Error, Fault, Kind, Result};
use crate::history::import::log::{self, DONE, FAILED, Failure, KNOWN, Logged, OPEN, TRIED};
use crate::history::import::{self, Mapping, Report, Target};
use crate::ids::JobId;
use crate::operations::Workspace;
use crate::operations::access::Permission;
use crate::progress::Progress;

/// How a mapping is called in faults.
const MAPPING: &str = "mapping";
/// Endings of names by which a file's format is known.
const ENDINGS: [&str; 7] = [".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl", ".parquet"];

/// What is asked for a file.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `customers`, `orders`, ...
    pub kind: String,
    /// What the file is called, where its sender says.
    pub name: Option<String>,
    /// Reads and checks everything, and changes nothing.
    pub dry_run: bool,
    /// Also when the same file was imported before.
    pub again: bool,
}

/// A file that can be imported, as far as its beginning tells.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What it holds.
    pub target: &'static Target,
    /// What it is called.
    pub name: String,
    /// Everything that its lines may become.
    pub makes: Vec<&'static Target>,
    mapping_digest: String,
}

/// How a job is to import a file that was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// The import.
    pub import: i64,
    /// Reads and checks everything, and changes nothing.
    pub dry_run: bool,
    /// Also when the same file was imported before.
    pub again: bool,
    /// Whether lines may merge customers.
    pub may_merge: bool,
}

/// What somebody must hold to bring what becomes this.
pub fn needed(target: &Target) -> Permission {
    match target.name {
        "customers" => Permission::CustomersWrite,
        "consents" | "suppressions" => Permission::ConsentsWrite,
        "offers" | "codes" => Permission::OffersWrite,
        _ => Permission::FactsWrite,
    }
}

/// Checks kind, name and mapping, and the beginning of the file.
///
/// # Errors
/// Invalid, with every fault; unavailable, when the disk refuses.
pub fn check(ws: &Workspace, asked: &Asked, upload: &Upload) -> Result<Checked> {
    let target = target(&asked.kind)?;
    let currency = ws.settings().currency;
    let mapping = upload.mapping().map(|text| Mapping::parse(text, MAPPING, currency)).transpose()?;
    let name = name(asked, upload)?;
    let file = upload.file();
    if upload.bytes() == 0 {
        return Err(Error::faults("there is nothing to import", vec![Fault::at("", "the file is empty")]));
    }
    let task = task(ws, target, &file, &name, mapping.as_ref());
    task.check(ws)?;
    let makes = mapping.as_ref().map_or_else(|| vec![target], |mapping| mapping.targets().collect());
    let mapping_digest = mapping.map(|mapping| mapping.digest().to_owned()).unwrap_or_default();
    Ok(Checked { target, name, makes, mapping_digest })
}

/// What the file is called. Without a name it is one of the kind, so that the facts of all of them have one source.
fn name(asked: &Asked, upload: &Upload) -> Result<String> {
    let given = asked.name.as_deref().unwrap_or(&asked.kind);
    let is_plain = !given.starts_with('.') && !given.chars().any(|c| c.is_control() || ['/', '\\'].contains(&c));
    if !is_plain || !(1..=200).contains(&given.len()) {
        let message = "must be 1 to 200 characters without slashes, and not begin with a dot";
        return Err(Error::faults("the file's name cannot be used", vec![Fault::at("file", message)]));
    }
    if ENDINGS.iter().any(|ending| import::plain(given).ends_with(ending)) {
        return Ok(given.to_owned());
    }
    Ok(format!("{given}.{}", import::ending(&upload.file(), given)?))
}

fn task<'a>(
    ws: &Workspace,
    target: &'static Target,
    file: &'a std::path::Path,
    name: &'a str,
    mapping: Option<&'a Mapping>,
) -> Task<'a> {
    let sorted = usize::from(ws.settings().imports.sort_memory_mib) << 20;
    let (dry_run, again, log, may_merge, actor) = (false, false, false, false, super::ACTOR);
    Task { target, file, name, mapping, dry_run, again, sorted, log, may_merge, actor }
}

/// The row of the log that says that a file has come.
///
/// # Errors
/// Internal, when there is no JSON of an empty report.
pub fn row(
    ws: &Workspace,
    upload: &Upload,
    checked: &Checked,
    dry_run: bool,
    actor: &str,
    job: JobId,
) -> Result<Logged> {
    let report = Report { file: checked.name.clone(), dry_run, ..Report::default() };
    Ok(Logged {
        id: upload.import,
        kind: checked.target.name.to_owned(),
        file: checked.name.clone(),
        byte_count: upload.bytes() as i64,
        digest: upload.digest(),
        mapping: checked.mapping_digest.clone(),
        state: OPEN.to_owned(),
        report: serde_json::to_string(&report)?,
        started_at: ws.now().0,
        finished_at: 0,
        actor: actor.to_owned(),
        job_id: Some(job),
        error: None,
    })
}

/// Imports what came, once: whoever is told to do so again is told how it ended. Says what it came to.
///
/// # Errors
/// Invalid, when file or mapping turn out to be broken; not found, when the file is gone; nothing is then imported, and that is
/// written down. Unavailable, when disk or store fail: it can be tried again.
pub fn bring(ws: &Workspace, sent: &Sent, progress: &dyn Progress) -> Result<String> {
    let row = ws.store().read(|conn| log::by_id(conn, sent.import))?;
    let row = row.ok_or_else(|| Error::not_found(format!("there is no import {}", sent.import)))?;
    let brought = if row.is_finished() { ended(&row) } else { bring_open(ws, &row, sent, progress) };
    let may_be_tried_again = brought.as_ref().is_err_and(|error| !is_hopeless(error));
    // It may have been called off while it ran.
    if !may_be_tried_again || ws.store().read(|conn| log::by_id(conn, sent.import))?.is_none_or(|row| row.is_finished())
    {
        upload::remove(ws, sent.import)?;
    }
    brought
}

fn ended(row: &Logged) -> Result<String> {
    match row.read_failure()? {
        Some(failure) => Err(Error::faults(failure.message, failure.errors)),
        None => Ok("it had ended before".to_owned()),
    }
}

fn bring_open(ws: &Workspace, row: &Logged, sent: &Sent, progress: &dyn Progress) -> Result<String> {
    let brought = import_open(ws, row, sent, progress);
    let (state, report, failure) = match &brought {
        Ok(report) if report.imported_at.is_some() => (KNOWN, report.clone(), None),
        Ok(report) if report.dry_run => (TRIED, report.clone(), None),
        Ok(report) => (DONE, report.clone(), None),
        Err(error) if is_hopeless(error) => (FAILED, row.read_report()?, Some(failure_of(error))),
        Err(_) => return brought.map(|_| String::new()),
    };
    ws.store().write(|conn| log::finish(conn, row.id, state, &report, failure.as_ref(), ws.now()))?;
    let report = brought?;
    Ok(match report.imported_at {
        Some(at) => format!("the same file was imported on {at}"),
        None => format!("{} lines, {} accepted, {} rejected", report.lines, report.accepted, report.rejected),
    })
}

fn import_open(ws: &Workspace, row: &Logged, sent: &Sent, progress: &dyn Progress) -> Result<Report> {
    let target = target(&row.kind)?;
    let (file, mapping) = upload::find(ws, row.id)?;
    let currency = ws.settings().currency;
    let mapping = mapping.map(|text| Mapping::parse(&text, MAPPING, currency)).transpose()?;
    let &Sent { dry_run, again, may_merge, .. } = sent;
    let task = task(ws, target, &file, &row.file, mapping.as_ref());
    Task { dry_run, again, may_merge, actor: &row.actor, ..task }.run(ws, ws.history(), progress)
}

/// Whether trying again cannot help.
fn is_hopeless(error: &Error) -> bool {
    matches!(error.kind(), Kind::Invalid | Kind::NotFound)
}

/// How the log says why something failed.
pub fn failure_of(error: &Error) -> Failure {
    Failure { message: error.message().to_owned(), errors: error.fault_list().to_vec() }
}
