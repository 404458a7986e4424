//! Export for a warehouse: one file a fact type, as of one snapshot, with the exact values.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use serde::Serialize;

use super::facts::FactType;
use super::folder::History;
use super::table_file::{Format, TableFile, Whole};
use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::progress::Progress;
use crate::storage::Store;

/// Customers read at a time.
const PAGE: i64 = 10_000;

/// What to export.
#[derive(Debug, Clone)]
pub struct Export {
    /// The fact types.
    pub types: Vec<&'static FactType>,
    /// How.
    pub format: Format,
    /// Facts from this instant.
    pub from: Option<Timestamp>,
    /// Facts before this instant.
    pub until: Option<Timestamp>,
    /// Puts the company's own key of each customer into a first column.
    pub external_ids: bool,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The fact type.
    pub fact_type: String,
    /// The file.
    pub file: PathBuf,
    /// Its rows, beside a header.
    pub rows: u64,
}

impl History {
    /// Exports facts as of now. `target` is a folder, or the file itself when one type is asked for and the name ends as the
    /// format's do. Files get their names when all are whole; until then what was there before stays.
    ///
    /// # Errors
    /// Unavailable, when the disk is full or the store does not answer; nothing is then replaced.
    pub fn export(&self, target: &Path, what: &Export, progress: &dyn Progress) -> Result<Vec<Exported>> {
        let single = what.types.len() == 1
            && !target.is_dir()
            && target.extension().is_some_and(|extension| extension == what.format.extension());
        let folder = if single { target.parent().filter(|p| !p.as_os_str().is_empty()) } else { Some(target) };
        let folder = folder.unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let snapshot = self.snapshot()?;
        let mut written: Vec<(&'static str, Whole)> = Vec::new();
        for of in &what.types {
            let file =
                if single { target.to_owned() } else { folder.join(of.name).with_extension(what.format.extension()) };
            let condition = condition(what);
            let rows = snapshot.count(&format!("SELECT count(*) FROM {}{condition}", of.name))?;
            progress.stage(&format!("exporting {}", of.name), Some(rows as u64));
            let mut out = Out::create(&file, what, of, &self.0.store)?;
            let sql = format!("SELECT * FROM {}{condition} ORDER BY customer_id, occurred_at, fact_key", of.name);
            snapshot.stream(&sql, |batch| {
                progress.advance(batch.num_rows() as u64);
                progress.proceed()?;
                out.write(&batch)
            })?;
            written.push((of.name, out.file.finish()?));
        }
        let named = |(fact_type, whole): (&str, Whole)| {
            let (file, rows) = whole.publish()?;
            Ok(Exported { fact_type: fact_type.to_owned(), file, rows })
        };
        let exported = written.into_iter().map(named).collect::<Result<Vec<Exported>>>()?;
        progress.finish();
        Ok(exported)
    }
}

fn condition(what: &Export) -> String {
    let instant = |at: Timestamp| format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", at.0);
    let from = what.from.map(|from| format!("occurred_at >= {}", instant(from)));
    let until = what.until.map(|until| format!("occurred_at < {}", instant(until)));
    let both: Vec<String> = from.into_iter().chain(until).collect();
    if both.is_empty() { String::new() } else { format!(" WHERE {}", both.join(" AND ")) }
}

struct Out {
    file: TableFile,
    schema: SchemaRef,
    keys: Option<Keys>,
}

impl Out {
    fn create(path: &Path, what: &Export, of: &FactType, store: &Store) -> Result<Out> {
        let mut fields: Vec<Arc<Field>> = of.schema().fields().iter().cloned().collect();
        if what.external_ids {
            fields.insert(0, Arc::new(Field::new("external_id", DataType::Utf8, true)));
        }
        let schema = Arc::new(Schema::new(fields));
        let keys = what.external_ids.then(|| Keys { store: store.clone(), page: Vec::new(), at: 0, after: None });
        Ok(Out { file: TableFile::create(path, schema.clone(), what.format)?, schema, keys })
    }

    /// Adds rows, which come by customer.
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut columns = batch.columns().to_vec();
        if let Some(keys) = &mut self.keys {
            columns.insert(0, keys.of(batch.column(0).as_primitive::<Int64Type>().values())?);
        }
        let batch = RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(|error| Error::internal("the columns of an export").caused_by(error))?;
        self.file.write(&batch)
    }
}

/// The company's keys of customers, who are asked for in the order of their ids: read along in pages.
struct Keys {
    store: Store,
    page: Vec<(CustomerId, String)>,
    at: usize,
    after: Option<CustomerId>,
}

impl Keys {
    /// The keys of these customers; null for one whom the store does not know.
    fn of(&mut self, wanted: &[i64]) -> Result<ArrayRef> {
        let mut keys = StringBuilder::new();
        for &id in wanted {
            while self.page.get(self.at).is_none_or(|(known, _)| known.0 < id) {
                if self.at < self.page.len() {
                    self.at += 1;
                } else if !self.next_page()? {
                    break;
                }
            }
            match self.page.get(self.at) {
                Some((known, key)) if known.0 == id => keys.append_value(key),
                _ => keys.append_null(),
            }
        }
        Ok(Arc::new(keys.finish()))
    }

    fn next_page(&mut self) -> Result<bool> {
        let rows = self.store.read(|conn| customers::page(conn, self.after, PAGE))?;
        let Some(last) = rows.last() else { return Ok(false) };
        self.after = Some(last.id);
        self.page = rows.into_iter().map(|row| (row.id, row.external_id)).collect();
        self.at = 0;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DAY;
    use crate::customers::Customer;
    use crate::history::Value;
    use crate::history::facts::ORDER_ITEM;
    use crate::history::tests::{NOW, empty, line};
    use crate::history::value::read_facts;
    use crate::progress::Silent;
    use std::fs::File;

    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    fn what(format: Format) -> Export {
        Export { types: vec![&ORDER_ITEM], format, from: None, until: None, external_ids: false }
    }

    #[test]
    fn parquet_holds_every_fact_and_csv_the_exact_values() {
        let (data, store, history) = empty();
        let mut facts = vec![line(5, 0, "A", "A/1", 100), line(5, 1, "A", "A/2", -7), line(9, 2, "B", "B/1", 30)];
        facts[1].values[1] = Value::Text("=1+1,\"x\"\n".into());
        history.append(&ORDER_ITEM, &facts[..2], NOW).unwrap();
        history.seal_tail(NOW).unwrap();
        history.append(&ORDER_ITEM, &facts[2..], NOW).unwrap();
        let file = data.path().join("lines.parquet");
        let done = history.export(&file, &what(Format::Parquet), &Silent).unwrap();
        assert_eq!((done[0].rows, &done[0].file), (3, &file));
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap()).unwrap().build().unwrap();
        let read: Vec<_> = reader.flat_map(|batch| read_facts(&ORDER_ITEM, &batch.unwrap()).unwrap()).collect();
        assert_eq!(read, facts);

        let known = Customer::unknown(CustomerId(5), "C-5", NOW);
        store.write(|conn| customers::insert_unknown(conn, &[known])).unwrap();
        let window = Export {
            from: Some(NOW.plus(DAY)),
            until: Some(NOW.plus(2 * DAY)),
            external_ids: true,
            ..what(Format::Csv)
        };
        let folder = data.path().join("out");
        history.export(&folder, &window, &Silent).unwrap();
        let text = std::fs::read_to_string(folder.join("order_item.csv")).unwrap();
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        assert_eq!((rows.len(), &rows[0][0], &rows[0][1], &rows[0][6]), (1, "C-5", "5", "=1+1,\"x\"\n"));
        assert_eq!(Timestamp::parse(&rows[0][2]).unwrap(), facts[1].occurred_at);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "no temporary file is left");
    }
}
