//! Where the files of segments are.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use datafusion::datasource::listing::ListingTableUrl;

use super::engine::{Engine, failed};
use super::facts::{self, FactType};
use super::manifest::Segment;
use super::remote::Remote;
use super::segment::sync_folder;
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The folder of a history, and where its segments are: in it, in a folder that several machines share, or in an object store.
pub(super) struct Files {
    /// Of this machine: locks, what is on its way in, what queries spill.
    folder: PathBuf,
    /// Where segments are written: for an object store on their way there.
    segments: PathBuf,
    place: Place,
}

enum Place {
    Folder,
    SharedFolder,
    Remote(Remote),
}

impl Files {
    /// Makes the folder and what belongs in it; segments are at `url` when there is one.
    ///
    /// # Errors
    /// Invalid, when the URL cannot be used; unavailable, when the disk refuses.
    pub fn open(folder: &Path, url: Option<&str>, engine: &Engine) -> Result<Files> {
        let shared = url.and_then(|url| url.strip_prefix("file://")).map(PathBuf::from);
        let place = match (url, &shared) {
            (None, _) => Place::Folder,
            (Some(_), Some(_)) => Place::SharedFolder,
            (Some(url), None) => Place::Remote(Remote::open(url, engine)?),
        };
        let segments = shared.unwrap_or_else(|| folder.to_owned());
        let types = facts::ALL.iter().map(|fact_type| segments.join(fact_type.name));
        for sub in types.chain(["staging", "spill"].map(|name| folder.join(name))) {
            std::fs::create_dir_all(sub).map_err(|e| Error::from(e).context("the history folder"))?;
        }
        Ok(Files { folder: folder.to_owned(), segments, place })
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where segments of a type are written.
    pub fn of_type(&self, fact_type: &FactType) -> PathBuf {
        self.segments.join(fact_type.name)
    }

    /// How queries name a segment's file.
    pub fn url(&self, fact_type: &FactType, file: &str) -> Result<ListingTableUrl> {
        match &self.place {
            Place::Remote(remote) => remote.url(fact_type.name, file),
            _ => local_url(&self.of_type(fact_type).join(file)),
        }
    }

    /// Makes written segments durable, and readable where queries look for them.
    pub fn publish(&self, fact_type: &FactType, segments: &[Segment]) -> Result<()> {
        let Place::Remote(remote) = &self.place else { return sync_folder(&self.of_type(fact_type)) };
        for segment in segments {
            let written = self.of_type(fact_type).join(&segment.file);
            remote.upload(&written, fact_type.name, &segment.file)?;
            std::fs::remove_file(written)?;
        }
        Ok(())
    }

    /// A file of a type, to be read here.
    ///
    /// # Errors
    /// Not found, when it is missing.
    pub fn local_copy(&self, fact_type: &FactType, file: &str) -> Result<LocalCopy> {
        if let Place::Remote(remote) = &self.place {
            let copy = LocalCopy { path: self.folder.join("spill").join(format!("copy-{file}")), temporary: true };
            remote.download(fact_type.name, file, &copy.path)?;
            return Ok(copy);
        }
        let path = self.of_type(fact_type).join(file);
        if path.exists() {
            Ok(LocalCopy { path, temporary: false })
        } else {
            Err(Error::not_found("the file is missing"))
        }
    }

    /// Whether other machines may read the same files.
    pub fn is_shared(&self) -> bool {
        !matches!(self.place, Place::Folder)
    }

    /// The files last written before an instant: type and name.
    pub fn older_than(&self, instant: Timestamp) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        for fact_type in facts::ALL {
            if let Place::Remote(remote) = &self.place {
                let names = remote.older_than(fact_type.name, instant)?;
                found.extend(names.into_iter().map(|name| (fact_type.name.to_owned(), name)));
            }
            for entry in std::fs::read_dir(self.of_type(fact_type))? {
                let entry = entry?;
                let written = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
                if i64::try_from(written.as_micros()).is_ok_and(|written| written < instant.0) {
                    found.push((fact_type.name.to_owned(), entry.file_name().to_string_lossy().into_owned()));
                }
            }
        }
        Ok(found)
    }

    /// Removes a file of a type; one that is gone already is fine.
    pub fn remove(&self, fact_type: &str, file: &str) -> Result<()> {
        if let Place::Remote(remote) = &self.place {
            remote.remove(fact_type, file)?;
        }
        match std::fs::remove_file(self.segments.join(fact_type).join(file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// A file that can be read here for as long as this lasts.
pub(super) struct LocalCopy {
    path: PathBuf,
    temporary: bool,
}

impl Drop for LocalCopy {
    fn drop(&mut self) {
        if self.temporary {
            std::fs::remove_file(&self.path).ok();
        }
    }
}

impl LocalCopy {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Who reads segments holds this; see [`Readers::gone`].
#[derive(Clone)]
pub(super) struct Readers(PathBuf);

impl Readers {
    /// The lock of the readers of a folder.
    pub fn of(folder: &Path) -> Readers {
        Readers(folder.join("readers.lock"))
    }

    /// Says that somebody reads, until the answer is dropped. Take it before the manifest is read.
    pub fn enter(&self) -> Result<File> {
        let file = File::options().create(true).truncate(false).write(true).open(&self.0)?;
        file.lock_shared()?;
        Ok(file)
    }

    /// Held alone: nobody of this machine reads, and whoever begins waits until the answer is dropped. None, when somebody does.
    pub fn gone(&self) -> Result<Option<File>> {
        let file = File::options().create(true).truncate(false).write(true).open(&self.0)?;
        Ok(file.try_lock().is_ok().then_some(file))
    }
}

/// Names a local file so that no character of its path is taken for a pattern.
pub(super) fn local_url(file: &Path) -> Result<ListingTableUrl> {
    let absolute = std::path::absolute(file)?;
    let path = absolute.to_str().ok_or_else(|| Error::invalid("the data folder's path must be UTF-8"))?;
    let mut escaped = String::from("file://");
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => escaped.push(byte as char),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    ListingTableUrl::parse(escaped).map_err(failed)
}
