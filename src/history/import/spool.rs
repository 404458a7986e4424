//! What an import has for the store, kept in files until the whole input has been read: so a fault in its last line leaves
//! the store as it was, and memory does not grow with the file.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::sink::StoreRow;
use super::target::{PERSONAL, Target};
use crate::error::{Error, Result};
use crate::ids::CustomerId;

/// Rows for the store and customers whom facts mention.
pub(super) struct Spool {
    rows: Lines,
    mentioned: Lines,
    seen: HashSet<CustomerId, OfHash>,
    /// An order's lines stand together.
    latest: Option<CustomerId>,
    /// The last row written for each customer, hashed: an order file repeats the customer's country in every line.
    last: HashMap<(&'static str, CustomerId), u64>,
}

/// For tables of what is a hash already.
pub(super) type OfHash = BuildHasherDefault<Spread>;

/// Takes a hash as it is.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        // The table looks at the topmost bits too, which an id of 63 bits leaves one short.
        self.0 = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_i64(&mut self, id: i64) {
        self.write_u64(id as u64);
    }
}

/// How far both files count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Reached {
    rows: u64,
    mentioned: u64,
}

struct Lines {
    path: PathBuf,
    out: BufWriter<File>,
    written: u64,
}

impl Lines {
    /// Opens a file of which `length` bytes count.
    fn open(path: PathBuf, length: u64) -> Result<Lines> {
        let mut file = File::options().create(true).truncate(false).write(true).open(&path)?;
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Lines { path, out: BufWriter::new(file), written: length })
    }

    fn write(&mut self, line: &str) -> Result<()> {
        self.written += line.len() as u64 + 1;
        self.out.write_all(line.as_bytes())?;
        Ok(self.out.write_all(b"\n")?)
    }

    fn read(self) -> Result<impl Iterator<Item = Result<String>>> {
        self.out.into_inner().map_err(|error| Error::from(error.into_error()))?;
        Ok(BufReader::new(File::open(self.path)?).lines().map(|line| line.map_err(Error::from)))
    }
}

/// A row for the store, with what it is to become.
pub(super) type Row = (&'static Target, StoreRow);
/// A customer whom facts mention: the id and the company's own key.
pub(super) type Mention = (CustomerId, String);

impl Spool {
    /// The spool in `folder`, of which so much counts.
    pub fn open(folder: &Path, reached: Reached) -> Result<Spool> {
        let mentioned = folder.join("mentioned.ndjson");
        let mut seen = HashSet::default();
        if reached.mentioned > 0 {
            for line in BufReader::new(File::open(&mentioned)?.take(reached.mentioned)).lines() {
                seen.insert(serde_json::from_str::<Mention>(&line?)?.0);
            }
        }
        Ok(Spool {
            rows: Lines::open(folder.join("rows.ndjson"), reached.rows)?,
            mentioned: Lines::open(mentioned, reached.mentioned)?,
            seen,
            latest: None,
            last: HashMap::new(),
        })
    }

    /// How far it has come, all of it handed to the operating system.
    pub fn reached(&mut self) -> Result<Reached> {
        self.rows.out.flush()?;
        self.mentioned.out.flush()?;
        Ok(Reached { rows: self.rows.written, mentioned: self.mentioned.written })
    }

    /// Keeps a row; one that repeats the customer's last is dropped.
    pub fn row(&mut self, target: &'static Target, row: &StoreRow) -> Result<()> {
        if let Some((customer, _)) = row.customer {
            let mut hasher = DefaultHasher::new();
            serde_json::to_string(&(&row.fields, &row.free))?.hash(&mut hasher);
            let hash = hasher.finish();
            if self.last.insert((target.name, customer), hash) == Some(hash) {
                return Ok(());
            }
        }
        self.rows.write(&serde_json::to_string(&(target.name, row))?)
    }

    /// Notes a customer whom a fact mentions.
    pub fn mention(&mut self, customer: CustomerId, external_id: &str) -> Result<()> {
        if self.latest.replace(customer) == Some(customer) {
            return Ok(());
        }
        if self.seen.insert(customer) {
            self.mentioned.write(&serde_json::to_string(&(customer, external_id))?)?;
        }
        Ok(())
    }

    /// What was kept, in order.
    pub fn read(self) -> Result<(impl Iterator<Item = Result<Row>>, impl Iterator<Item = Result<Mention>>)> {
        let rows = self.rows.read()?.map(|line| {
            let (name, row): (String, StoreRow) = serde_json::from_str(&line?)?;
            let target = Target::named(&name).or((name == PERSONAL.name).then_some(&PERSONAL));
            let target = target.ok_or_else(|| Error::internal(format!("no import target `{name}`")))?;
            Ok((target, row))
        });
        let mentioned = self.mentioned.read()?.map(|line| Ok(serde_json::from_str::<Mention>(&line?)?));
        Ok((rows, mentioned))
    }
}
