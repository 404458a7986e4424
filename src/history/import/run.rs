//! One import, from the file to history and store: all of it or nothing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::line::{Made, Reading};
use super::mapping::{FileSpec, Mapping};
use super::record::{ROW, Record};
use super::rejects::Rejects;
use super::report::Report;
use super::sink::Sink;
use super::source::Source;
use super::spool::Spool;
use super::stage::Stage;
use super::target::Target;
use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};
use crate::history::History;
use crate::ids::IdKey;
use crate::money::Currency;
use crate::progress::Progress;

/// Lines between two steps of the progress.
const STEP: u64 = 8_192;

/// What to import, and how.
pub struct Request<'a> {
    /// The file.
    pub file: &'a Path,
    /// What it holds, as the caller calls it.
    pub target: &'static Target,
    /// Which column fills which field; by the columns' names when absent.
    pub mapping: Option<&'a Mapping>,
    /// Where rejected lines go; nowhere when absent.
    pub rejects: Option<&'a Path>,
    /// Reads and checks everything, and changes nothing.
    pub dry_run: bool,
    /// The currency of the workspace.
    pub currency: Currency,
    /// The key under which customers' ids are made.
    pub id_key: IdKey,
    /// The present.
    pub now: Timestamp,
}

/// Imports a file.
///
/// # Errors
/// Invalid, with file, line and key, when the file or its mapping is broken; unavailable, when the disk is full or the store
/// fails. Nothing was then imported.
pub fn import(
    history: &History,
    sink: &mut dyn Sink,
    request: &Request<'_>,
    progress: &dyn Progress,
) -> Result<Report> {
    let result = read_and_keep(history, sink, request, progress);
    if let (Err(_), Some(rejects)) = (&result, request.rejects) {
        // What was written of it belongs to an import that did not happen.
        std::fs::remove_file(rejects).ok();
    }
    result
}

fn read_and_keep(
    history: &History,
    sink: &mut dyn Sink,
    request: &Request<'_>,
    progress: &dyn Progress,
) -> Result<Report> {
    let name = request.file.display().to_string();
    let read = Arc::new(AtomicU64::new(0));
    let wanted = request.mapping.map(wanted);
    let layout = request.mapping.map_or_else(FileSpec::default, |mapping| mapping.file.clone());
    let source = Source::open(request.file, &layout, wanted.as_deref(), &read)?;
    let by_names;
    let mapping = match request.mapping {
        Some(mapping) => mapping,
        None => {
            by_names = Mapping::by_names(request.target, source.columns(), &name)?;
            &by_names
        }
    };
    if !mapping.makes(request.target) {
        let message =
            format!("makes no {}; add a [[record]] with this target, or import another kind", request.target.name);
        return Err(Error::faults("the mapping cannot be used", vec![Fault::at("record.target", message)]));
    }
    let stage = Stage::new(history)?;
    let spool = Spool::new(stage.folder())?;
    let reading = Reading {
        mapping,
        positions: source.columns().iter().enumerate().map(|(at, column)| (column.clone(), at)).collect(),
        currency: request.currency,
        id_key: request.id_key,
        source: mapping.source.clone().unwrap_or_else(|| stem(request.file)),
    };
    let rejects = Rejects::new(request.rejects.filter(|_| !request.dry_run), source.columns(), source.is_json());
    let report = Report { file: name, dry_run: request.dry_run, ..Report::default() };
    let mut run = Run { request, reading, source, stage, spool, rejects, report };
    let size = std::fs::metadata(request.file).map(|data| data.len()).ok();
    progress.stage(
        &format!("importing {}", request.target.name),
        size.filter(|_| !matches!(run.source, Source::Parquet(_))),
    );
    run.read_all(sink, &read, progress)?;
    let report = run.keep(sink)?;
    progress.finish();
    Ok(report)
}

/// The columns that a mapping reads from the file.
fn wanted(mapping: &Mapping) -> Vec<String> {
    mapping.columns().into_iter().filter(|column| column != ROW).collect()
}

fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.split('.').next().unwrap_or_default().to_owned()
}

struct Run<'a, 'b> {
    request: &'a Request<'a>,
    reading: Reading<'b>,
    source: Source,
    stage: Stage,
    spool: Spool,
    rejects: Rejects,
    report: Report,
}

impl Run<'_, '_> {
    fn read_all(&mut self, sink: &dyn Sink, read: &AtomicU64, progress: &dyn Progress) -> Result<()> {
        self.demand_columns(false)?;
        let columns = self.source.columns().to_vec();
        let mut record = Record::default();
        let mut shown = 0;
        while self.source.next(&mut record)? {
            self.report.lines += 1;
            let made = self.reading.make(&record).and_then(|made| accept(sink, made));
            match made {
                Ok(made) => self.take(made)?,
                Err(reason) => {
                    self.report.reject(record.line, &reason);
                    self.rejects.write(&record, &columns, &reason)?;
                }
            }
            if self.report.lines.is_multiple_of(STEP) {
                let now = read.load(Ordering::Relaxed);
                progress.advance(now - shown);
                shown = now;
            }
        }
        self.demand_columns(true)
    }

    /// The mapping may only name columns that the file has.
    fn demand_columns(&self, at_end: bool) -> Result<()> {
        let missing = self.source.missing(&wanted(self.reading.mapping), at_end);
        if missing.is_empty() || (at_end && self.report.lines == 0) {
            return Ok(());
        }
        let have = self.source.columns().join(", ");
        let faults = missing.into_iter().map(|column| {
            let message = if at_end {
                "no line of the file has this key".to_owned()
            } else {
                format!("the file has no such column; it has {have}")
            };
            Fault::at(column, message).in_file(&self.report.file).on_line(1)
        });
        Err(Error::faults("the mapping does not fit the file; nothing was imported", faults.collect()))
    }

    fn take(&mut self, made: Vec<Made>) -> Result<()> {
        self.report.accepted += 1;
        for one in made {
            let target = match &one {
                Made::Fact(target, fact_type, fact, external_id) => {
                    self.stage.push(fact_type, fact)?;
                    self.spool.mention(fact.customer, external_id)?;
                    target
                }
                Made::Row(target, row) => {
                    self.spool.row(target, row)?;
                    target
                }
            };
            *self.report.records.entry(target.name).or_default() += 1;
        }
        Ok(())
    }

    /// Makes what was read count.
    fn keep(self, sink: &mut dyn Sink) -> Result<Report> {
        let Run { request, stage, spool, rejects, mut report, .. } = self;
        report.finish();
        if request.dry_run {
            return Ok(report);
        }
        let (mut rows, mut mentioned) = spool.read()?;
        report.new_customers = sink.take(&mut rows, &mut mentioned)?;
        for (fact_type, sealed) in stage.seal(request.now)? {
            let target = super::target::ALL.iter().find(|t| t.fact_type.is_some_and(|of| of.name == fact_type.name));
            let target = target.ok_or_else(|| Error::internal("facts without an import target"))?;
            report.duplicates.insert(target.name, sealed.duplicates as u64);
        }
        report.rejects = rejects.finish()?.map(|path| path.display().to_string());
        Ok(report)
    }
}

/// Asks the sink whether it would take the rows of a line.
fn accept(sink: &dyn Sink, made: Vec<Made>) -> Result<Vec<Made>, String> {
    for one in &made {
        if let Made::Row(target, row) = one
            && let Some(fault) = sink.fault(target, row)
        {
            return Err(fault);
        }
    }
    Ok(made)
}
