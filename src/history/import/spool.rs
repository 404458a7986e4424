//! What an import has for the store, kept in files until the whole input has been read: so a fault in its last line leaves
//! the store as it was, and memory does not grow with the file.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::sink::StoreRow;
use super::target::Target;
use crate::error::{Error, Result};
use crate::ids::CustomerId;

/// Rows for the store and customers whom facts mention.
pub(super) struct Spool {
    rows: Lines,
    mentioned: Lines,
    seen: HashSet<CustomerId>,
    /// The last row written for each customer, hashed: an order file repeats the customer's country in every line.
    last: HashMap<(&'static str, CustomerId), u64>,
}

struct Lines {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Lines {
    fn create(path: PathBuf) -> Result<Lines> {
        let out = BufWriter::new(File::create_new(&path)?);
        Ok(Lines { path, out })
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
    /// An empty spool in `folder`.
    pub fn new(folder: &Path) -> Result<Spool> {
        Ok(Spool {
            rows: Lines::create(folder.join("rows.ndjson"))?,
            mentioned: Lines::create(folder.join("mentioned.ndjson"))?,
            seen: HashSet::new(),
            last: HashMap::new(),
        })
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
        Ok(writeln!(self.rows.out, "{}", serde_json::to_string(&(target.name, row))?)?)
    }

    /// Notes a customer whom a fact mentions.
    pub fn mention(&mut self, customer: CustomerId, external_id: &str) -> Result<()> {
        if self.seen.insert(customer) {
            writeln!(self.mentioned.out, "{}", serde_json::to_string(&(customer, external_id))?)?;
        }
        Ok(())
    }

    /// What was kept, in order.
    pub fn read(self) -> Result<(impl Iterator<Item = Result<Row>>, impl Iterator<Item = Result<Mention>>)> {
        let rows = self.rows.read()?.map(|line| {
            let (name, row): (String, StoreRow) = serde_json::from_str(&line?)?;
            let target = Target::named(&name).ok_or_else(|| Error::internal(format!("no import target `{name}`")))?;
            Ok((target, row))
        });
        let mentioned = self.mentioned.read()?.map(|line| Ok(serde_json::from_str::<Mention>(&line?)?));
        Ok((rows, mentioned))
    }
}
