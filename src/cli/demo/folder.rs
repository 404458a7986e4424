//! The demo's folder: one of its own, made anew at each start; never somebody's workspace.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// The file by which the demo knows its own folder.
const MARK: &str = "demo.txt";
const TEXT: &str = "The workspace of `vizavi demo`. Each start of the demo empties this folder.\n";

/// Makes the folder empty and marks it.
///
/// # Errors
/// Invalid, when it holds anything that is not the demo's.
pub fn prepare(data: &Path) -> Result<()> {
    if data.exists() {
        let own = data.join(MARK).is_file();
        if !own && fs::read_dir(data)?.next().is_some() {
            return Err(Error::invalid(format!(
                "`{}` holds something that is not the demo's; name another folder with --data",
                data.display()
            )));
        }
        for entry in fs::read_dir(data)? {
            let path = entry?.path();
            // The mark goes last, so that a start that was cut off can be repeated.
            if path.file_name().is_some_and(|name| name == MARK) {
                continue;
            }
            if path.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
        }
    }
    fs::create_dir_all(data)?;
    Ok(fs::write(data.join(MARK), TEXT)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_folder_is_emptied_and_no_other_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        prepare(&own).unwrap();
        fs::create_dir(own.join("history")).unwrap();
        fs::write(own.join("vizavi.sqlite"), "x").unwrap();
        prepare(&own).unwrap();
        assert_eq!(fs::read_dir(&own).unwrap().count(), 1);
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("vizavi.sqlite"), "precious").unwrap();
        assert!(prepare(&other).unwrap_err().message().contains("--data"));
        assert!(other.join("vizavi.sqlite").exists());
    }
}
