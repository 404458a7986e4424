//! A file that comes over REST, until a job has imported it: a folder `<data>/uploads/<import>` with the file and its mapping.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::ids;
use crate::operations::Workspace;

const FILE: &str = "file";
const MAPPING: &str = "mapping.toml";

/// A file that is arriving. Dropped before it is kept, it leaves nothing behind.
pub struct Upload {
    /// The import that it will be.
    pub import: i64,
    folder: PathBuf,
    file: File,
    bytes: u64,
    digest: blake3::Hasher,
    mapping: Option<String>,
    is_kept: bool,
}

impl Upload {
    /// Begins one.
    ///
    /// # Errors
    /// Unavailable, when the disk is full or refuses.
    pub fn begin(ws: &Workspace) -> Result<Upload> {
        let import = ids::fresh(ws.now());
        let folder = folder(ws, import);
        std::fs::create_dir_all(&folder).map_err(of_disk)?;
        let file = File::create_new(folder.join(FILE)).map_err(of_disk);
        let file = file.inspect_err(|_| drop(std::fs::remove_dir_all(&folder)))?;
        let digest = blake3::Hasher::new();
        Ok(Upload { import, folder, file, bytes: 0, digest, mapping: None, is_kept: false })
    }

    /// Adds to the file.
    ///
    /// # Errors
    /// Unavailable, when the disk is full or refuses.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(of_disk)?;
        self.bytes += bytes.len() as u64;
        self.digest.update(bytes);
        Ok(())
    }

    /// How many bytes have come.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The BLAKE3 hash of what has come, in hexadecimal.
    pub fn digest(&self) -> String {
        self.digest.finalize().to_hex().to_string()
    }

    /// Where the file is.
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// The mapping that came with it.
    pub fn mapping(&self) -> Option<&str> {
        self.mapping.as_deref()
    }

    /// Adds its mapping.
    pub fn set_mapping(&mut self, text: String) {
        self.mapping = Some(text);
    }

    /// Puts all of it on the disk for good.
    ///
    /// # Errors
    /// Unavailable, when the disk is full or refuses.
    pub fn keep(&mut self) -> Result<()> {
        self.file.sync_all().map_err(of_disk)?;
        if let Some(text) = &self.mapping {
            let mut mapping = File::create(self.folder.join(MAPPING)).map_err(of_disk)?;
            mapping.write_all(text.as_bytes()).and_then(|()| mapping.sync_all()).map_err(of_disk)?;
        }
        for folder in [self.folder.as_path()].into_iter().chain(self.folder.parent()) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(of_disk)?;
        }
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.is_kept {
            // Best effort: what stays is swept by age.
            std::fs::remove_dir_all(&self.folder).ok();
        }
    }
}

fn of_disk(error: std::io::Error) -> Error {
    Error::from(error).context("the file could not be kept")
}

fn folder(ws: &Workspace, import: i64) -> PathBuf {
    uploads(ws).join(import.to_string())
}

fn uploads(ws: &Workspace) -> PathBuf {
    ws.data().join("uploads")
}

/// The file of an import and the text of its mapping.
///
/// # Errors
/// Not found, when they are not in this data folder.
pub(super) fn find(ws: &Workspace, import: i64) -> Result<(PathBuf, Option<String>)> {
    let folder = folder(ws, import);
    let file = folder.join(FILE);
    if !file.exists() {
        return Err(Error::not_found("the file is gone from this data folder; send it again"));
    }
    let mapping = folder.join(MAPPING);
    let text = mapping.exists().then(|| std::fs::read_to_string(&mapping)).transpose()?;
    Ok((file, text))
}

/// Removes what came for an import.
///
/// # Errors
/// Unavailable, when the disk refuses.
pub fn remove(ws: &Workspace, import: i64) -> Result<()> {
    match std::fs::remove_dir_all(folder(ws, import)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// The imports whose files lie in this data folder, the oldest first.
///
/// # Errors
/// Unavailable, when the disk refuses.
pub fn here(ws: &Workspace) -> Result<Vec<i64>> {
    let entries = match std::fs::read_dir(uploads(ws)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        found.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i64>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// How long ago something of this import last arrived; none when that cannot be told.
pub fn age(ws: &Workspace, import: i64) -> Option<std::time::Duration> {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    let folder = folder(ws, import);
    changed(&folder.join(FILE)).or_else(|| changed(&folder))?.elapsed().ok()
}
