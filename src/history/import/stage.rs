//! Staging: facts of an import are written to plain Parquet files as they are read, and sealed together at the end.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::history::facts::FactType;
use crate::history::segment::refused;
use crate::history::{Fact, FactBatch, History, Sealed, Staged};
use crate::ids;

/// Facts that are collected before they are written; bounds the memory of an import.
const ROWS: usize = 8_192;
/// Rows of a row group of a staged file.
const ROW_GROUP: usize = 65_536;

struct Open {
    batch: FactBatch,
    writer: ArrowWriter<File>,
    path: PathBuf,
    rows: i64,
}

/// Facts on their way from files to segments; dropped unsealed, it leaves nothing.
pub struct Stage {
    history: History,
    folder: PathBuf,
    open: BTreeMap<&'static str, Open>,
}

impl Stage {
    /// A folder of its own to collect in.
    ///
    /// # Errors
    /// Unavailable, when the disk refuses.
    pub fn new(history: &History) -> Result<Stage> {
        let now = jiff::Timestamp::now().as_microsecond();
        let folder = history.staging().join(ids::fresh(Timestamp(now)).to_string());
        std::fs::create_dir(&folder)?;
        Ok(Stage { history: history.clone(), folder, open: BTreeMap::new() })
    }

    /// Where other files of the same import may be kept; removed with it.
    pub(super) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Adds a fact.
    ///
    /// # Errors
    /// Invalid, when it does not fit its type; unavailable, when the disk refuses.
    pub fn push(&mut self, fact_type: &'static FactType, fact: &Fact) -> Result<()> {
        if !self.open.contains_key(fact_type.name) {
            let path = self.folder.join(format!("{}.parquet", fact_type.name));
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .set_max_row_group_row_count(Some(ROW_GROUP))
                .build();
            let file = File::create_new(&path)?;
            let writer = ArrowWriter::try_new(file, fact_type.schema(), Some(properties)).map_err(refused)?;
            self.open.insert(fact_type.name, Open { batch: FactBatch::new(fact_type), writer, path, rows: 0 });
        }
        let open = self.open.get_mut(fact_type.name).expect("opened above");
        open.batch.push(fact)?;
        open.rows += 1;
        if open.batch.len() >= ROWS {
            open.writer.write(&open.batch.take()).map_err(refused)?;
        }
        Ok(())
    }

    /// Seals all that was added: it counts from one instant, each fact once.
    ///
    /// # Errors
    /// Unavailable, when the disk or the store fails; nothing is then added.
    pub fn seal(mut self, now: Timestamp) -> Result<Vec<(&'static FactType, Sealed)>> {
        let mut staged = Vec::new();
        for mut open in std::mem::take(&mut self.open).into_values() {
            open.writer.write(&open.batch.take()).map_err(refused)?;
            open.writer.close().map_err(refused)?;
            staged.push(Staged { fact_type: open.batch.fact_type(), files: vec![open.path], rows: open.rows });
        }
        let types: Vec<&'static FactType> = staged.iter().map(|staged| staged.fact_type).collect();
        let sealed = self.history.seal_staged(staged, now)?;
        Ok(types.into_iter().zip(sealed).collect())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Best effort: what stays is removed when the folder is next opened.
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
