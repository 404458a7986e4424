//! The rejects file: each rejected line as it came, with its number and the reason, ready to be mended and imported again.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::record::{NTH, REASON, ROW, Record};
use crate::error::{Error, Result};

/// Under which key the text of a line stands that is no JSON object.
const LINE: &str = "_line";

/// Collects rejected lines in the folder of the import, so that one that does not happen leaves none.
pub(super) struct Rejects {
    path: PathBuf,
    /// The columns, and whether each is kept: what a rejects file itself added is written anew.
    columns: Vec<(String, bool)>,
    json: bool,
    out: Option<BufWriter<File>>,
}

impl Rejects {
    /// Will collect in `folder`, as objects (`json`) or as comma-separated values with a header.
    pub fn new(folder: &Path, columns: &[String], json: bool) -> Rejects {
        let own = [NTH, ROW, REASON];
        let columns = columns.iter().map(|column| (column.clone(), !own.contains(&column.as_str()))).collect();
        Rejects { path: folder.join("rejects"), columns, json, out: None }
    }

    /// Goes on where an earlier process had written so many bytes.
    pub fn go_on(&mut self, length: u64) -> Result<()> {
        let mut file = File::options().write(true).open(&self.path)?;
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        self.out = Some(BufWriter::new(file));
        Ok(())
    }

    /// How many bytes have been written, all of them handed to the operating system; none when there are no rejects.
    pub fn reached(&mut self) -> Result<Option<u64>> {
        let Some(out) = &mut self.out else { return Ok(None) };
        out.flush().map_err(full)?;
        Ok(Some(out.get_ref().metadata()?.len()))
    }

    /// Adds a line, which is the `nth` of its order and article.
    pub fn write(&mut self, record: &Record, nth: Option<u32>, reason: &str) -> Result<()> {
        if self.out.is_none() {
            let mut out = BufWriter::new(File::create(&self.path).map_err(full)?);
            if !self.json {
                let kept = self.columns.iter().filter(|(_, kept)| *kept).map(|(column, _)| column.as_str());
                write_line(&mut out, kept.chain([NTH, ROW, REASON])).map_err(full)?;
            }
            self.out = Some(out);
        }
        let out = self.out.as_mut().expect("opened above");
        let kept = self.columns.iter().enumerate().filter(|(_, (_, kept))| *kept);
        if self.json {
            let mut object: serde_json::Map<String, serde_json::Value> = match record.len() == self.columns.len() {
                true => kept.map(|(at, (column, _))| (column.clone(), record.value(at).into())).collect(),
                false => [(LINE.to_owned(), record.value(0).into())].into_iter().collect(),
            };
            object.extend(nth.map(|nth| (NTH.to_owned(), nth.into())));
            object.insert(ROW.into(), record.row.into());
            object.insert(REASON.into(), reason.into());
            return writeln!(out, "{}", serde_json::Value::Object(object)).map_err(full);
        }
        let (row, nth) = (record.row.to_string(), nth.map(|nth| nth.to_string()).unwrap_or_default());
        // Fields too many stay where they are: the line is rejected again until somebody mends it.
        let surplus = record.values().skip(self.columns.len());
        let values = kept.map(|(at, _)| record.value(at)).chain(surplus);
        write_line(out, values.chain([nth.as_str(), row.as_str(), reason])).map_err(full)
    }

    /// Ends the file and moves it to `folder`, under a new name that begins with `stem`; its path if there is one.
    pub fn finish(self, folder: &Path, stem: &str) -> Result<Option<PathBuf>> {
        let Some(mut out) = self.out else { return Ok(None) };
        out.flush().map_err(full)?;
        out.get_ref().sync_all()?;
        let path = new_file(folder, stem, if self.json { "ndjson" } else { "csv" }).map_err(full)?;
        std::fs::rename(&self.path, &path).map_err(full)?;
        Ok(Some(path))
    }
}

/// Makes an empty file. One that is there already may be the very file that is being imported.
fn new_file(folder: &Path, stem: &str, ending: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    for number in 1.. {
        let path = folder.join(format!("{stem}.{number}.{ending}"));
        match File::create_new(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            file => return file.map(|_| path),
        }
    }
    unreachable!("a folder does not hold every number")
}

fn full(error: std::io::Error) -> Error {
    Error::from(error).context("the rejects file")
}

fn write_line<'a>(out: &mut impl Write, values: impl Iterator<Item = &'a str>) -> std::io::Result<()> {
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        if value.contains(['"', ',', '\n', '\r']) {
            write!(out, "\"{}\"", value.replace('"', "\"\""))?;
        } else {
            out.write_all(value.as_bytes())?;
        }
    }
    out.write_all(b"\n")
}
