//! Checks that history is what the manifest says: every file, its bytes and its rows, and what stands between files.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::Read;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use super::buckets::{ALL_BUCKETS, bucket_of};
use super::engine::Snapshot;
use super::facts::{self, FactType};
use super::folder::History;
use super::manifest::{self, Segment};
use super::tail;
use super::tombstone::Tombstone;
use super::view::{View, identity};
use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::progress::Progress;

/// Hashes of identities that are compared at a time: 256 MiB.
const AT_A_TIME: i64 = 32 << 20;
/// A file of which the manifest knows nothing may be somebody's unfinished work for so long.
const UNFINISHED: i64 = DAY;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The fact type.
    pub fact_type: String,
    /// The file, when it is one file's fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What is wrong.
    pub problem: String,
}

/// What was checked, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Segments.
    pub segments: usize,
    /// Facts in them.
    pub facts: i64,
    /// Bytes of their files.
    pub bytes: i64,
    /// Facts that wait to be sealed.
    pub waiting: i64,
    /// Tombstones that compaction has not applied yet.
    pub tombstones: usize,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
}

impl Checked {
    fn found(&mut self, fact_type: &FactType, file: Option<&str>, problem: impl Into<String>) {
        let (fact_type, file) = (fact_type.name.to_owned(), file.map(str::to_owned));
        self.findings.push(Finding { fact_type, file, problem: problem.into() });
    }
}

impl History {
    /// Checks everything. `customers` are all whom the store knows, ascending; without them it is not checked whose the facts
    /// are.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer. What is wrong with history is no error but a finding.
    pub fn check(&self, customers: Option<&[CustomerId]>, now: Timestamp, progress: &dyn Progress) -> Result<Checked> {
        let mut checked = Checked::default();
        // Nothing is removed while this is held, and what is written later than the list is in the manifest or young.
        let _reading = self.0.engine.session()?;
        let old = self.0.files.older_than(now.plus(-UNFINISHED))?;
        let (views, files) = self.0.store.read(|conn| {
            let views: Vec<View> = facts::ALL.into_iter().map(|of| View::read(conn, of)).collect::<Result<_>>()?;
            Ok((views, manifest::files(conn)?))
        })?;
        let bytes: i64 = views.iter().flat_map(|view| &view.segments).map(|segment| segment.byte_count).sum();
        progress.stage("checking history", Some(bytes as u64));
        for (fact_type, file) in old.iter().filter(|file| !files.contains(file)) {
            let of = FactType::named(fact_type).unwrap_or(facts::ALL[0]);
            checked.found(of, Some(file), "no segment has this file; compaction removes it");
        }
        let before = checked.findings.len();
        for view in &views {
            self.check_type(view, &mut checked, progress)?;
        }
        if checked.findings.len() == before {
            // What cannot be read cannot be compared either.
            self.compare(customers, &mut checked)?;
        }
        progress.finish();
        Ok(checked)
    }

    /// What concerns each file, tombstone and row of the tail by itself.
    fn check_type(&self, view: &View, checked: &mut Checked, progress: &dyn Progress) -> Result<()> {
        let of = view.fact_type;
        for segment in &view.segments {
            checked.segments += 1;
            checked.facts += segment.row_count;
            checked.bytes += segment.byte_count;
            if let Err(problem) = self.check_segment(of, segment) {
                checked.found(of, Some(&segment.file), problem);
            }
            progress.advance(segment.byte_count as u64);
        }
        checked.tombstones += view.tombstones.len();
        for tombstone in view.tombstones.iter().filter(|one| !sane(one, view)) {
            checked.found(of, None, format!("tombstone {} does not fit the manifest", tombstone.id));
        }
        checked.waiting += self.0.store.read(|conn| tail::waiting(conn, of))?;
        for problem in self.0.store.read(|conn| tail::faults(conn, of))? {
            checked.found(of, None, problem);
        }
        Ok(())
    }

    /// What concerns all facts together.
    fn compare(&self, customers: Option<&[CustomerId]>, checked: &mut Checked) -> Result<()> {
        let snapshot = self.snapshot()?;
        for of in facts::ALL {
            let twice = twice(&snapshot, of, AT_A_TIME)?;
            if !twice.is_empty() {
                checked.found(of, None, format!("{} facts count twice: one source and key", twice.len()));
            }
            let Some(customers) = customers else { continue };
            let strangers = strangers(&snapshot, of, customers)?;
            if strangers > 0 {
                let problem = format!("facts of {strangers} customers whom the store does not know");
                checked.found(of, None, problem);
            }
        }
        Ok(())
    }

    fn check_segment(&self, of: &'static FactType, segment: &Segment) -> Result<(), String> {
        let file = self.0.files.local_copy(of, &segment.file).map_err(|error| match error.kind() {
            crate::error::Kind::NotFound => "the file is missing".to_owned(),
            _ => format!("the file cannot be read: {}", error.message()),
        })?;
        let (bytes, digest) = digest(file.path()).map_err(|error| format!("the file cannot be read: {error}"))?;
        if bytes != segment.byte_count {
            return Err(format!("has {bytes} bytes, not {}", segment.byte_count));
        }
        if digest != segment.digest {
            return Err("its contents have changed since it was sealed: the digest differs".to_owned());
        }
        check_rows(file.path(), of, segment, self.0.buckets)
    }
}

fn digest(path: &Path) -> std::io::Result<(i64, String)> {
    let (mut file, mut hasher, mut bytes) = (File::open(path)?, blake3::Hasher::new(), 0);
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hasher.finalize().to_hex().to_string()));
        }
        hasher.update(&buffer[..read]);
        bytes += read as i64;
    }
}

/// What the rows of a file come to.
struct Seen {
    rows: i64,
    customers: (i64, i64),
    times: (i64, i64),
    last: Option<(i64, i64, String)>,
}

fn check_rows(path: &Path, of: &FactType, segment: &Segment, buckets: i32) -> Result<(), String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("is no readable Parquet file: {error}");
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| unreadable(&error))?;
    // A column that was added to the end of its type is absent from older files.
    let schema = reader.schema().clone();
    if !of.schema().fields().starts_with(schema.fields()) || schema.fields().len() < facts::COMMON.len() {
        return Err("has other columns than its type".to_owned());
    }
    let common = ProjectionMask::leaves(reader.parquet_schema(), 0..facts::COMMON.len());
    let rows = reader.with_projection(common).build().map_err(|error| unreadable(&error))?;
    let mut seen = Seen { rows: 0, customers: (i64::MAX, i64::MIN), times: (i64::MAX, i64::MIN), last: None };
    for batch in rows {
        seen.take(&batch.map_err(|error| unreadable(&error))?)?;
    }
    if seen.rows != segment.row_count {
        return Err(format!("has {} rows, not {}", seen.rows, segment.row_count));
    }
    if seen.customers != (segment.min_customer, segment.max_customer)
        || seen.times != (segment.min_time, segment.max_time)
    {
        return Err("the range of its customers or times is not the manifest's".to_owned());
    }
    let (first, last) = (bucket_of(seen.customers.0, buckets), bucket_of(seen.customers.1, buckets));
    if segment.bucket != ALL_BUCKETS && (first != segment.bucket || last != segment.bucket) {
        return Err(format!("holds customers outside bucket {}", segment.bucket));
    }
    Ok(())
}

impl Seen {
    fn take(&mut self, batch: &RecordBatch) -> Result<(), String> {
        let customers = batch.column(0).as_primitive::<Int64Type>().values();
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>().values();
        let keys = batch.column(3).as_string::<i32>();
        for row in 0..batch.num_rows() {
            let (customer, time, key) = (customers[row], times[row], keys.value(row));
            let in_order = self.last.as_ref().is_none_or(|(c, t, k)| (*c, *t, k.as_str()) <= (customer, time, key));
            if !in_order {
                return Err(format!("row {} is out of order", self.rows + row as i64));
            }
            self.customers = (self.customers.0.min(customer), self.customers.1.max(customer));
            self.times = (self.times.0.min(time), self.times.1.max(time));
            let last = self.last.get_or_insert_with(|| (0, 0, String::new()));
            (last.0, last.1) = (customer, time);
            last.2.clear();
            last.2.push_str(key);
        }
        self.rows += batch.num_rows() as i64;
        Ok(())
    }
}

fn sane(tombstone: &Tombstone, view: &View) -> bool {
    tombstone.generation <= view.generation && tombstone.source.is_some() == tombstone.fact_key.is_some()
}

/// Identities that more than one fact has. Their hashes are sorted, as many at a time as memory is given for; where two are
/// equal the texts are compared.
fn twice(snapshot: &Snapshot, of: &FactType, at_a_time: i64) -> Result<Vec<String>> {
    let rows = snapshot.count(&format!("SELECT count(*) FROM {}", of.name))?;
    let passes = (rows / at_a_time.max(1) + 1) as u64;
    let mut suspects: HashSet<u64> = HashSet::new();
    for pass in 0..passes {
        let mut hashes: Vec<u64> = Vec::new();
        each_identity(snapshot, of, |_, hash| {
            if hash % passes == pass {
                hashes.push(hash);
            }
        })?;
        hashes.sort_unstable();
        suspects.extend(hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]));
    }
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let mut counts: HashMap<String, u32> = HashMap::new();
    each_identity(snapshot, of, |row, hash| {
        if suspects.contains(&hash) {
            *counts.entry(identity(row.0, row.1)).or_default() += 1;
        }
    })?;
    Ok(counts.into_iter().filter(|(_, count)| *count > 1).map(|(identity, _)| identity).collect())
}

fn each_identity(snapshot: &Snapshot, of: &FactType, mut take: impl FnMut((&str, &str), u64)) -> Result<()> {
    snapshot.stream(&format!("SELECT source, fact_key FROM {}", of.name), |batch| {
        let (sources, keys) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
        for row in 0..batch.num_rows() {
            let (source, key) = (sources.value(row), keys.value(row));
            let mut hasher = DefaultHasher::new();
            hasher.write(source.as_bytes());
            hasher.write_u8(0xff);
            hasher.write(key.as_bytes());
            take((source, key), hasher.finish());
        }
        Ok(())
    })
}

/// How many customers have facts and are not among the known.
fn strangers(snapshot: &Snapshot, of: &FactType, known: &[CustomerId]) -> Result<usize> {
    let mut strangers = 0;
    snapshot.stream(&format!("SELECT customer_id FROM {} GROUP BY customer_id", of.name), |batch| {
        let customers = batch.column(0).as_primitive::<Int64Type>().values();
        strangers += customers.iter().filter(|&&id| known.binary_search(&CustomerId(id)).is_err()).count();
        Ok(())
    })?;
    Ok(strangers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::facts::ORDER_ITEM;
    use crate::history::tests::{NOW, empty, line};
    use crate::progress::Silent;
    use crate::storage::schema::{history_segment, history_tail};
    use diesel::prelude::*;

    fn problems(history: &History, known: &[i64]) -> Vec<String> {
        let known: Vec<CustomerId> = known.iter().map(|&id| CustomerId(id)).collect();
        let checked = history.check(Some(&known), NOW, &Silent).unwrap();
        checked.findings.into_iter().map(|finding| finding.problem).collect()
    }

    #[test]
    fn each_fault_is_named() {
        let (_data, store, history) = empty();
        let facts = [line(5, 0, "A", "A/1", 100), line(9, 1, "B", "B/1", 30)];
        history.append(&ORDER_ITEM, &facts, NOW).unwrap();
        history.seal_tail(NOW).unwrap();
        assert_eq!(problems(&history, &[5, 9]), [""; 0]);
        assert_eq!(problems(&history, &[5]), ["facts of 1 customers whom the store does not know"]);

        let segment = history.segments(&ORDER_ITEM).unwrap().remove(0);
        let folder = history.0.files.of_type(&ORDER_ITEM);
        std::fs::copy(folder.join(&segment.file), folder.join("copy.parquet")).unwrap();
        let doubled = Segment { id: 1, file: "copy.parquet".into(), ..segment.clone() };
        store.write(|conn| manifest::add(conn, &doubled)).unwrap();
        assert_eq!(problems(&history, &[5, 9]), ["2 facts count twice: one source and key"]);
        store.write(|conn| Ok(diesel::delete(history_segment::table.find(1)).execute(conn)?)).unwrap();

        let row = || history_segment::table.find(segment.id);
        store.write(|conn| Ok(diesel::update(row()).set(history_segment::row_count.eq(3)).execute(conn)?)).unwrap();
        assert_eq!(problems(&history, &[5, 9]), ["has 2 rows, not 3"]);
        store.write(|conn| Ok(diesel::update(row()).set(history_segment::bucket.eq(7)).execute(conn)?)).unwrap();
        store.write(|conn| Ok(diesel::update(row()).set(history_segment::row_count.eq(2)).execute(conn)?)).unwrap();
        assert_eq!(problems(&history, &[5, 9]), ["holds customers outside bucket 7"]);

        let path = folder.join(&segment.file);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(problems(&history, &[5, 9])[0].contains("digest"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(problems(&history, &[5, 9]), ["the file is missing"]);
    }

    #[test]
    fn a_row_of_the_tail_that_cannot_be_read_is_named() {
        let (_data, store, history) = empty();
        history.append(&ORDER_ITEM, &[line(5, 0, "A", "A/1", 100)], NOW).unwrap();
        let spoil = diesel::update(history_tail::table).set(history_tail::payload.eq("[1, 2"));
        store.write(|conn| Ok(spoil.execute(conn)?)).unwrap();
        assert!(problems(&history, &[5])[0].contains("tail"));
    }

    #[test]
    fn identities_are_compared_in_as_many_passes_as_memory_asks_for() {
        let (_data, _store, history) = empty();
        let facts: Vec<_> = (0..50).map(|i| line(5, i, "A", &format!("A/{i}"), 1)).collect();
        history.append(&ORDER_ITEM, &facts, NOW).unwrap();
        assert_eq!(twice(&history.snapshot().unwrap(), &ORDER_ITEM, 7).unwrap(), [""; 0]);
    }
}
