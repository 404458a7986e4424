//! Everything as files for a warehouse: the facts of history, and the tables of the store.
//!
//! A folder gets one file for each fact type and each table, CSV or Parquet, with exact values. Tables are read as they are, a page of rows by
//! key at a time; secrets (keys, sessions, link and webhook secrets) and what only the program itself needs are not among them. A file gets
//! its name when it is whole; the folder of an export that failed is removed.

mod tables;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Fault, Result};
use crate::history::facts::{self, FactType};
use crate::history::{Export, Format};
use crate::operations::{Workspace, audit};
use crate::progress::Progress;

pub use tables::TABLES;

/// The folder of exports that jobs make, below the data folder.
pub const FOLDER: &str = "exports";
/// How long an export that a job made is kept.
const KEPT_DAYS: i64 = 14;

/// What to export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    /// `parquet` (when absent) or `csv`.
    pub format: Option<String>,
    /// Fact types and tables by name; everything when absent.
    pub only: Option<Vec<String>>,
    /// Facts from this instant.
    pub from: Option<Timestamp>,
    /// Facts before this instant.
    pub until: Option<Timestamp>,
}

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name in the folder.
    pub name: String,
    /// Its rows.
    pub rows: u64,
}

/// A checked question.
pub struct Checked {
    format: Format,
    facts: Vec<&'static FactType>,
    tables: Vec<&'static str>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Question {
    /// Checks it.
    ///
    /// # Errors
    /// Invalid, with every fault.
    pub fn check(&self) -> Result<Checked> {
        let mut faults = Vec::new();
        let format = match self.format.as_deref() {
            None | Some("parquet") => Format::Parquet,
            Some("csv") => Format::Csv,
            Some(other) => {
                faults.push(Fault::at("format", format!("`{other}` is neither parquet nor csv")));
                Format::Parquet
            }
        };
        let (mut of_facts, mut of_tables) = (Vec::new(), Vec::new());
        match &self.only {
            None => (of_facts, of_tables) = (facts::ALL.to_vec(), TABLES.to_vec()),
            Some(names) if names.is_empty() => {
                faults.push(Fault::at("only", "names nothing; leave it out for everything"))
            }
            Some(names) => {
                for name in names {
                    match (FactType::named(name), TABLES.iter().find(|table| *table == name)) {
                        (Some(of), _) => of_facts.push(of),
                        (None, Some(table)) => of_tables.push(*table),
                        (None, None) => {
                            let all: Vec<&str> = facts::ALL.iter().map(|of| of.name).chain(TABLES).collect();
                            faults.push(Fault::at("only", format!("`{name}` is none of {}", all.join(", "))));
                        }
                    }
                }
            }
        }
        if self.from.zip(self.until).is_some_and(|(from, until)| from >= until) {
            faults.push(Fault::at("from", "must lie before `until`"));
        }
        if !faults.is_empty() {
            return Err(Error::faults("this cannot be exported", faults));
        }
        Ok(Checked { format, facts: of_facts, tables: of_tables, from: self.from, until: self.until })
    }
}

/// Writes an export into a folder, which is made. Facts carry the customers' internal ids; the table `customer` says whose they are.
///
/// # Errors
/// Unavailable, when the disk is full or the store does not answer.
pub fn export(
    ws: &Workspace,
    folder: &Path,
    what: &Checked,
    actor: &str,
    progress: &dyn Progress,
) -> Result<Vec<File>> {
    std::fs::create_dir_all(folder)?;
    let mut files = Vec::new();
    if !what.facts.is_empty() {
        let of_facts = Export {
            types: what.facts.clone(),
            format: what.format,
            from: what.from,
            until: what.until,
            external_ids: false,
        };
        // A folder that stands is asked for, so that one fact type alone gets its own name in it too.
        for one in ws.history().export(folder, &of_facts, progress)? {
            let name = one.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push(File { name, rows: one.rows });
        }
    }
    for table in &what.tables {
        progress.stage(&format!("exporting {table}"), None);
        progress.proceed()?;
        let file = folder.join(table).with_extension(what.format.extension());
        let rows = tables::export(ws.store(), table, &file, what.format)?;
        files.push(File { name: file.file_name().unwrap_or_default().to_string_lossy().into_owned(), rows });
    }
    progress.finish();
    let now = ws.now();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    ws.store().write(|conn| audit::write(conn, actor, "export", "", &names.join(", "), now))?;
    Ok(files)
}

/// The folder of an export that a job makes.
pub fn folder_of(ws: &Workspace, export: i64) -> PathBuf {
    ws.data().join(FOLDER).join(export.to_string())
}

/// Makes the export of a job; when it fails, its folder is removed.
///
/// # Errors
/// As [`export`].
pub fn of_job(ws: &Workspace, id: i64, question: &Question, actor: &str, progress: &dyn Progress) -> Result<Vec<File>> {
    let checked = question.check()?;
    let folder = folder_of(ws, id);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let made = export(ws, &folder, &checked, actor, progress);
    match &made {
        Ok(files) => {
            let made = Made { id, made_at: ws.now(), files: files.clone() };
            std::fs::write(folder.join(INDEX), serde_json::to_vec(&made)?)?;
        }
        Err(_) => drop(std::fs::remove_dir_all(&folder)),
    }
    made
}

/// What an export's folder says of its files; the last that is written.
const INDEX: &str = "index.json";

/// An export that a job made on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its number.
    pub id: i64,
    /// When it was whole.
    pub made_at: Timestamp,
    /// Its files.
    pub files: Vec<File>,
}

/// The exports that are whole, newest first.
///
/// # Errors
/// Unavailable, when the disk refuses.
pub fn list(ws: &Workspace) -> Result<Vec<Made>> {
    let Ok(entries) = std::fs::read_dir(ws.data().join(FOLDER)) else { return Ok(Vec::new()) };
    let mut made = Vec::new();
    for entry in entries {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        made.extend(one(ws, id).ok());
    }
    made.sort_by_key(|made: &Made| std::cmp::Reverse((made.made_at, made.id)));
    Ok(made)
}

/// One export.
///
/// # Errors
/// Not found, while it is not whole, or was made on another machine.
pub fn one(ws: &Workspace, id: i64) -> Result<Made> {
    let missing = || Error::not_found(format!("there is no export {id} here; it may still be at work (GET /v1/jobs)"));
    let text = std::fs::read(folder_of(ws, id).join(INDEX)).map_err(|_| missing())?;
    serde_json::from_slice(&text).map_err(|_| missing())
}

/// The path of a file of an export.
///
/// # Errors
/// Not found, also for a name that the export did not write.
pub fn file(ws: &Workspace, id: i64, name: &str) -> Result<PathBuf> {
    let made = one(ws, id)?;
    let known = made.files.iter().any(|file| file.name == name);
    let missing = || Error::not_found(format!("the export {id} has no file `{name}`"));
    if known { Ok(folder_of(ws, id).join(name)) } else { Err(missing()) }
}

/// Removes all exports that jobs made on this machine: somebody who is in them was erased.
///
/// # Errors
/// Unavailable, when the disk refuses.
pub fn forget(ws: &Workspace) -> Result<()> {
    match std::fs::remove_dir_all(ws.data().join(FOLDER)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Removes exports that jobs made more than two weeks ago.
///
/// # Errors
/// Unavailable, when the disk refuses.
pub fn sweep(ws: &Workspace) -> Result<()> {
    let oldest = ws.now().plus(-KEPT_DAYS * DAY);
    for made in list(ws)? {
        if made.made_at < oldest {
            std::fs::remove_dir_all(folder_of(ws, made.id))?;
        }
    }
    Ok(())
}
