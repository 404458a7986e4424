//! The journal of an import: after each run on disk one line says how far the file has been read, so that an import that was
//! killed goes on from there.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::history::bulk::RunMark;

/// For how long an interrupted import may be taken up again.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
const NAME: &str = "journal.ndjson";

/// The first line: what the runs were made from, and under which secret their identities were hashed. A journal counts only for
/// an import that says the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    /// A digest of program, workspace, kind, mapping and file, with its size and time of change.
    pub import: String,
    pub secret: [u8; 16],
    /// When the import began, microseconds UTC: whoever was merged or erased since is seen to in the end.
    pub began: i64,
}

/// Every other line: the runs added, and the state of the reading after them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Step {
    pub runs: BTreeMap<String, RunMark>,
    pub state: serde_json::Value,
}

/// A folder of `staging`, held against other processes, with its journal.
pub(super) struct Folder {
    pub path: PathBuf,
    journal: Option<File>,
    _lock: File,
}

impl Folder {
    /// Takes the folder of this name; none while another process has it.
    pub fn take(staging: &Path, name: &str) -> Result<Option<Folder>> {
        let path = staging.join(name);
        std::fs::create_dir_all(&path)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Folder { path, journal: None, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::from(error).context("the staging folder")),
        }
    }

    /// What an earlier process journalled for the same import; none when there is nothing of use.
    pub fn earlier(&self, import: &str) -> Option<(Begun, Vec<Step>)> {
        let text = std::fs::read_to_string(self.path.join(NAME)).ok()?;
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let begun: Begun = serde_json::from_str(lines.next()?).ok()?;
        // The line that was being written when the process died may be cut.
        let steps: Vec<Step> = lines.map_while(|line| serde_json::from_str(line).ok()).collect();
        (begun.import == import && !steps.is_empty()).then_some((begun, steps))
    }

    /// Begins the journal anew with these steps.
    pub fn begin(&mut self, begun: &Begun, steps: &[Step]) -> Result<()> {
        let partial = self.path.join("journal.partial");
        let mut journal = File::create(&partial)?;
        let mut text = serde_json::to_string(begun)? + "\n";
        for step in steps {
            text += &(serde_json::to_string(step)? + "\n");
        }
        journal.write_all(text.as_bytes())?;
        journal.sync_data()?;
        std::fs::rename(&partial, self.path.join(NAME))?;
        self.journal = Some(journal);
        Ok(())
    }

    /// The journal to append to, if one was begun.
    pub fn journal(&self) -> Result<Option<File>> {
        Ok(self.journal.as_ref().map(File::try_clone).transpose()?)
    }

    /// Removes everything but the lock.
    pub fn clear(&self) -> Result<()> {
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name() != "lock" {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: what stays is removed when history is next opened.
        std::fs::remove_dir_all(&self.path).ok();
    }
}

/// Appends a step.
pub(super) fn append(journal: &mut File, step: &Step) -> Result<()> {
    journal.write_all((serde_json::to_string(step)? + "\n").as_bytes())?;
    Ok(journal.sync_data()?)
}

/// Removes what imports left in `staging`, but for those that may be taken up again.
///
/// # Errors
/// Unavailable, when the disk refuses.
pub(in crate::history) fn sweep(staging: &Path) -> Result<()> {
    std::fs::create_dir_all(staging)?;
    for entry in std::fs::read_dir(staging)? {
        let path = entry?.path();
        let changed = std::fs::metadata(path.join(NAME)).and_then(|data| data.modified());
        let is_fresh = changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < KEPT));
        if is_fresh {
            continue;
        }
        if path.is_dir() { std::fs::remove_dir_all(&path)? } else { std::fs::remove_file(&path)? }
    }
    Ok(())
}
