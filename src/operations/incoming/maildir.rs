//! Polls a Maildir: every mail in `new` is taken and then moved to `cur`. A crash in between takes it again, which changes nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::take_mail;
use crate::error::{Error, Kind, Result};
use crate::operations::Workspace;

/// What a poll brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Polled {
    /// Mails that belong to messages of ours.
    pub matched: u64,
    /// Mails that belong to none, or that machines wrote.
    pub others: u64,
    /// Mails that cannot be read; they are flagged in `cur`.
    pub unreadable: u64,
}

/// Takes every mail that is new in `folder`.
///
/// # Errors
/// Invalid when it is no Maildir; unavailable when the store or the disk does not answer: what was not taken is still new.
pub fn poll(ws: &Workspace, folder: &Path) -> Result<Polled> {
    let cur = folder.join("cur");
    if !cur.is_dir() {
        return Err(Error::invalid(format!("{} is no Maildir: it has no folder cur", folder.display())));
    }
    let mut polled = Polled::default();
    for path in new_mails(&folder.join("new"))? {
        let raw = std::fs::read(&path)?;
        let flag = match take_mail(ws, &raw) {
            Ok(taken) => {
                let counted = if taken.delivery.is_some() { &mut polled.matched } else { &mut polled.others };
                *counted += 1;
                "S"
            }
            Err(error) if error.kind() == Kind::Invalid => {
                polled.unreadable += 1;
                "F"
            }
            Err(error) => return Err(error),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        std::fs::rename(&path, cur.join(format!("{name}:2,{flag}")))?;
    }
    Ok(polled)
}

/// In the order of their names, which begin with the time of delivery.
fn new_mails(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
