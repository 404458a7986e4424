//! E-mails as files: one `.eml` a message in sharded folders. The rename is the commit, so whether a message went out can
//! always be proven, and doing it twice changes nothing.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::delivery::Delivery;
use super::email::{self, Sender};
use super::transport::{Outcome, Parcel, Session, Transport};
use crate::error::Result;

/// Parcels that share a mark: a repeated rename does no harm.
const BATCH: usize = 200;

/// Writes e-mails below a folder.
#[derive(Debug, Clone)]
pub struct EmlFiles(Arc<Config>);

#[derive(Debug)]
struct Config {
    folder: PathBuf,
    sender: Sender,
}

impl EmlFiles {
    /// E-mails from `sender`, below `folder`, which is made when it is needed.
    pub fn new(folder: &Path, sender: Sender) -> EmlFiles {
        EmlFiles(Arc::new(Config { folder: folder.to_owned(), sender }))
    }

    /// Where a delivery's file is: `<folder>/<run>/<two digits>/<delivery>.eml`.
    pub fn path(&self, delivery: &Delivery) -> PathBuf {
        let shard = format!("{:02x}", delivery.id.0 & 0xff);
        self.0.folder.join(delivery.campaign_run_id.to_string()).join(shard).join(format!("{}.eml", delivery.id))
    }
}

impl Transport for EmlFiles {
    fn batch(&self) -> usize {
        BATCH
    }

    fn session(&self) -> Result<Box<dyn Session>> {
        fs::create_dir_all(&self.0.folder)?;
        Ok(Box::new(EmlSession { files: self.clone(), prepared: Vec::new() }))
    }

    fn proof(&self, delivery: &Delivery) -> Option<bool> {
        self.path(delivery).try_exists().ok()
    }
}

struct EmlSession {
    files: EmlFiles,
    prepared: Vec<(PathBuf, PathBuf)>,
}

impl Session for EmlSession {
    fn prepare(&mut self, parcel: &Parcel<'_>) -> Result<(), Outcome> {
        let wire = email::build(&self.files.0.sender, parcel).map_err(|error| Outcome::refused(error.to_string()))?;
        let path = self.files.path(parcel.delivery);
        // The attempt stands in the name, so that a worker past its lease does not write into another's file.
        let temporary = path.with_extension(format!("{}.tmp", parcel.delivery.attempt));
        write_synced(&temporary, &wire.bytes).map_err(|error| Outcome::later(format!("file: {}", error.kind())))?;
        self.prepared.push((temporary, path));
        Ok(())
    }

    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for ((temporary, path), keep) in self.prepared.drain(..).zip(keep) {
            if !keep {
                fs::remove_file(&temporary).ok();
                continue;
            }
            outcomes.push(match publish(&temporary, &path) {
                Ok(()) => Outcome::Sent { code: None, text: "written".into() },
                Err(error) => Outcome::Uncertain { text: format!("file: {}", error.kind()) },
            });
        }
        outcomes
    }

    fn abandon(&mut self) {
        for (temporary, _) in self.prepared.drain(..) {
            fs::remove_file(temporary).ok();
        }
    }
}

/// Writes a file whose contents are durable.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

/// Gives a written file its name, durably.
pub(super) fn publish(temporary: &Path, path: &Path) -> std::io::Result<()> {
    fs::rename(temporary, path)?;
    // The name is durable only when its folder is.
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
