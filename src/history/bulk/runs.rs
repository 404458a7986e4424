//! Sorted runs on disk: what has been staged of one fact type.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::cursor::Chunks;
use super::identity::{self, Identifier, Parts};
use super::row::{self, Row};
use super::{damaged, identity::Identity};
use crate::error::{Error, Result};
use crate::history::buckets::bucket_of;
use crate::history::facts::FactType;

const BUFFER: usize = 1 << 18;

/// Where a run stands in the files, and how large it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunMark {
    rows: u64,
    /// Where the rows of each bucket begin, and where the last ends.
    buckets: Vec<u64>,
    /// One more than the highest ordinal.
    ordinals: u64,
}

/// The runs of one fact type: a file of rows, and one of identities.
pub struct Runs {
    pub fact_type: &'static FactType,
    rows_path: PathBuf,
    rows_file: File,
    keys_file: File,
    identifier: Identifier,
    buckets: i32,
    runs: Vec<RunMark>,
}

impl std::fmt::Debug for Runs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runs({}, {} runs)", self.fact_type.name, self.runs.len())
    }
}

/// What a row is sorted by, and where it stands.
struct Entry {
    customer: i64,
    time: i64,
    at: u32,
}

impl Runs {
    /// Opens the files of a type in `folder`, keeping the runs that `marks` tell of and nothing after them.
    pub fn open(
        folder: &Path,
        fact_type: &'static FactType,
        buckets: i32,
        secret: [u8; 16],
        marks: Vec<RunMark>,
    ) -> Result<Runs> {
        let open = |ending: &str| -> Result<(PathBuf, File)> {
            let path = folder.join(format!("{}.{ending}", fact_type.name));
            let file = File::options().create(true).truncate(false).read(true).write(true).open(&path)?;
            Ok((path, file))
        };
        let ((rows_path, rows_file), (_, keys_file)) = (open("rows")?, open("keys")?);
        let runs = Runs {
            fact_type,
            rows_path,
            rows_file,
            keys_file,
            identifier: Identifier::new(secret),
            buckets,
            runs: marks,
        };
        let (rows_end, keys_end) = (runs.rows_end(), identity::size(runs.rows()));
        if runs.rows_file.metadata()?.len() < rows_end || runs.keys_file.metadata()?.len() < keys_end {
            return Err(damaged());
        }
        runs.rows_file.set_len(rows_end)?;
        runs.keys_file.set_len(keys_end)?;
        Ok(runs)
    }

    /// Whose facts they are told apart by.
    pub fn identifier(&self) -> &Identifier {
        &self.identifier
    }

    /// How many facts there are.
    pub fn rows(&self) -> u64 {
        self.runs.iter().map(|run| run.rows).sum()
    }

    /// One more than the highest ordinal.
    pub fn ordinals(&self) -> u64 {
        self.runs.iter().map(|run| run.ordinals).max().unwrap_or(0)
    }

    /// A path beside the rows, for what is found out about them.
    pub fn beside(&self, ending: &str) -> PathBuf {
        self.rows_path.with_extension(ending)
    }

    /// The ordinals of facts that were left out as contradicting the one that stays, in order.
    pub fn contradicting(&self) -> Result<Vec<u64>> {
        let bytes = match std::fs::read(self.beside("conflicts")) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let mut ordinals: Vec<u64> =
            bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes"))).collect();
        ordinals.sort_unstable();
        Ok(ordinals)
    }

    fn rows_end(&self) -> u64 {
        self.runs.last().and_then(|run| run.buckets.last().copied()).unwrap_or(0)
    }

    /// Sorts the rows of `buffer` and writes them as one more run.
    ///
    /// # Errors
    /// Unavailable, when the disk refuses.
    pub fn write(&mut self, buffer: &[u8]) -> Result<RunMark> {
        let (mut entries, identities) = self.index(buffer)?;
        let tie = |at: u32| Row::read(&buffer[at as usize..]).map(|row| row.tie());
        entries.sort_unstable_by(|a, b| {
            (a.customer, a.time).cmp(&(b.customer, b.time)).then_with(|| tie(a.at).cmp(&tie(b.at)))
        });
        let full = |error: std::io::Error| Error::from(error).context("staging");
        let keys_end = identity::size(self.rows());
        self.keys_file.seek(SeekFrom::Start(keys_end)).map_err(full)?;
        let mut keys = BufWriter::with_capacity(BUFFER, &self.keys_file);
        identity::write_by_part(&identities, &mut keys).and_then(|()| keys.flush()).map_err(full)?;
        drop(keys);
        let mut offset = self.rows_end();
        self.rows_file.seek(SeekFrom::Start(offset)).map_err(full)?;
        let mut out = BufWriter::with_capacity(BUFFER, &self.rows_file);
        let mut starts = vec![offset];
        for entry in &entries {
            let bytes = &buffer[entry.at as usize..];
            let bytes = &bytes[..row::length(bytes).ok_or_else(damaged)?];
            starts.resize(bucket_of(entry.customer, self.buckets) as usize + 1, offset);
            out.write_all(bytes).map_err(full)?;
            offset += bytes.len() as u64;
        }
        out.flush().map_err(full)?;
        drop(out);
        starts.resize(self.buckets as usize + 1, offset);
        let ordinals = identities.iter().map(|identity| identity.ordinal + 1).max().unwrap_or(0);
        let mark = RunMark { rows: entries.len() as u64, buckets: starts, ordinals };
        self.runs.push(mark.clone());
        Ok(mark)
    }

    fn index(&self, buffer: &[u8]) -> Result<(Vec<Entry>, Vec<Identity>)> {
        let (mut entries, mut identities) = (Vec::new(), Vec::new());
        let mut at = 0;
        while at < buffer.len() {
            let length = row::length(&buffer[at..]).ok_or_else(damaged)?;
            let row = buffer.get(at..at + length).and_then(Row::read).ok_or_else(damaged)?;
            entries.push(Entry { customer: row.customer, time: row.time, at: at as u32 });
            identities.push(self.identifier.identity(&row, true));
            at += length;
        }
        Ok((entries, identities))
    }

    /// Makes what was written durable.
    pub fn sync(&self) -> Result<()> {
        self.rows_file.sync_data()?;
        Ok(self.keys_file.sync_data()?)
    }

    /// The rows of one bucket, or of all, from every run; at most `memory` bytes are read ahead.
    pub fn read(&self, bucket: Option<i32>, memory: usize) -> Vec<Chunks<'_>> {
        let buffer = (memory / self.runs.len().max(1)).clamp(1 << 13, BUFFER);
        let range = |run: &RunMark| match bucket {
            Some(bucket) => (run.buckets[bucket as usize], run.buckets[bucket as usize + 1]),
            None => (run.buckets[0], run.buckets[self.buckets as usize]),
        };
        let stretches = self.runs.iter().map(range).filter(|(start, end)| start < end);
        stretches.map(|(start, end)| Chunks::new(&self.rows_file, start, end, buffer)).collect()
    }

    /// The identities of every run.
    pub fn identities(&self) -> Vec<Parts<'_>> {
        let mut before = 0;
        let mut parts = Vec::with_capacity(self.runs.len());
        for run in &self.runs {
            parts.push(Parts::new(&self.keys_file, identity::size(before), run.rows, 1 << 14));
            before += run.rows;
        }
        parts
    }
}
