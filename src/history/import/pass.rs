//! The pass over one file, line by line, and what is kept of it in the end.

use serde::{Deserialize, Serialize};

use super::input::{Meter, digest_of};
use super::journal::Step;
use super::line::{Memory, Reading};
use super::log::{self, Logged};
use super::mapping::FileSpec;
use super::plan::Plan;
use super::record::Record;
use super::rejects::Rejects;
use super::report::Report;
use super::run::{Request, file_name, stem};
use super::sink::Sink;
use super::source::{self, Source};
use super::spool::{self, Spool};
use super::stage::Stage;
use super::target::{self, PERSONAL, Target};
use crate::error::{Error, Fault, Result};
use crate::history::History;
use crate::ids;
use crate::progress::Progress;

/// Lines between two steps of the progress.
const STEP: u64 = 8_192;
/// Lines after which the state is journalled, should few of them become facts.
const JOURNALLED: u64 = 1 << 19;
const CONTRADICTS: &str = "has the key of another fact, but other content; the other stays";

/// An import on its way.
pub(super) struct Pass<'a> {
    pub request: &'a Request<'a>,
    pub layout: FileSpec,
    /// The columns that the mapping reads.
    pub wanted: Vec<String>,
    pub plan: Plan,
    pub reading: Reading<'a>,
    pub source: Source,
    pub meter: Meter,
    pub stage: Stage,
    pub spool: Spool,
    pub rejects: Rejects,
    pub report: Report,
    /// How many records of each kind were made.
    pub made: Vec<(&'static Target, u64)>,
}

/// Where a pass has got to; see [`super::journal`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct State {
    reached: source::Reached,
    memory: Memory,
    /// The packed bytes read, and their digest: the file must still begin with them.
    bytes: u64,
    digest: String,
    pub spool: spool::Reached,
    rejects: Option<u64>,
    report: Report,
}

impl State {
    /// The state after a step.
    pub fn of(step: &Step) -> Option<State> {
        serde_json::from_value(step.state.clone()).ok()
    }

    /// Whether the file still begins as it did.
    pub fn fits(&self, request: &Request<'_>) -> bool {
        digest_of(request.file, Some(self.bytes)).is_ok_and(|digest| digest == self.digest)
    }
}

impl Pass<'_> {
    /// Goes on where an earlier process got to.
    pub fn go_on(&mut self, state: State) -> Result<()> {
        self.source.skip_to(&state.reached)?;
        self.reading.memory = state.memory;
        if let Some(length) = state.rejects {
            self.rejects.go_on(length)?;
        }
        self.report = Report { resumed_after: state.report.lines, file: self.report.file.clone(), ..state.report };
        let kinds = std::mem::take(&mut self.report.records);
        self.made = kinds.iter().filter_map(|(kind, count)| Some((Target::named(kind)?, *count))).collect();
        Ok(())
    }

    fn state(&mut self) -> Result<serde_json::Value> {
        let state = State {
            reached: self.source.reached(),
            memory: self.reading.memory.clone(),
            bytes: self.meter.bytes(),
            digest: self.meter.digest(),
            spool: self.spool.reached()?,
            rejects: self.rejects.reached()?,
            report: Report { records: self.records(), ..self.report.clone() },
        };
        Ok(serde_json::to_value(state)?)
    }

    fn records(&self) -> std::collections::BTreeMap<String, u64> {
        self.made.iter().map(|(target, count)| (target.name.to_owned(), *count)).collect()
    }

    /// Reads the file to its end.
    ///
    /// # Errors
    /// Invalid, when the mapping does not fit it or it is damaged; unavailable, when the disk fails.
    pub fn read_all(&mut self, sink: &dyn Sink, progress: &dyn Progress) -> Result<()> {
        demand_columns(&self.source, &self.wanted, self.request.name, false)?;
        let mut record = Record::default();
        let (mut shown, mut journalled) = (0, self.report.lines);
        while self.source.next(&mut record)? {
            self.report.lines += 1;
            match self.reading.make(&self.plan, &record).and_then(|()| self.accept(sink)) {
                Ok(()) => self.take()?,
                Err(reason) => {
                    self.report.reject(record.line, &reason);
                    if !self.request.dry_run {
                        self.rejects.write(&record, self.reading.line.nth, &reason)?;
                    }
                }
            }
            if self.report.lines.is_multiple_of(STEP) {
                let now = self.meter.bytes();
                progress.advance(now - shown);
                progress.count("lines", self.report.lines);
                progress.proceed()?;
                shown = now;
            }
            if self.stage.is_full() || self.report.lines - journalled >= JOURNALLED {
                journalled = self.report.lines;
                let state = self.state()?;
                self.stage.flush(Some(state))?;
            }
        }
        if self.report.lines == 0 {
            return Ok(());
        }
        demand_columns(&self.source, &self.wanted, self.request.name, true)
    }

    /// Asks the sink whether it would take the rows of the line.
    fn accept(&self, sink: &dyn Sink) -> Result<(), String> {
        let faults = self.reading.line.rows.iter().filter_map(|(target, row)| sink.fault(target, row));
        faults.map(Err).next().unwrap_or(Ok(()))
    }

    fn take(&mut self) -> Result<()> {
        self.report.accepted += 1;
        let line = &self.reading.line;
        for fact in &line.facts {
            count(&mut self.made, fact.target);
            if !self.request.dry_run {
                self.stage.push_row(fact.fact_type, line.row(fact));
                self.spool.mention(fact.customer, line.external_id(fact))?;
            }
        }
        for (target, row) in &line.rows {
            if !std::ptr::eq(*target, &PERSONAL) {
                count(&mut self.made, target);
            }
            if !self.request.dry_run {
                self.spool.row(target, row)?;
            }
        }
        Ok(())
    }

    /// Makes what was read count.
    ///
    /// # Errors
    /// Unavailable, when the disk or the store fails.
    pub fn keep(mut self, history: &History, sink: &mut dyn Sink, size: Option<u64>) -> Result<Report> {
        self.report.records = self.records();
        self.report.digest = match size {
            // Parquet is not read from front to back.
            Some(size) if self.meter.bytes() != size => digest_of(self.request.file, None)?,
            _ => self.meter.digest(),
        };
        if self.request.dry_run {
            self.report.finish();
            return Ok(self.report);
        }
        let bytes = size.unwrap_or_else(|| self.meter.bytes()) as i64;
        let (kind, mapping) = (self.request.target.name, self.request.mapping_digest().to_owned());
        let known = history.store().read(|conn| log::of_size(conn, kind, &mapping, bytes))?;
        let known = log::when(&known, &self.report.digest).filter(|_| !self.request.again);
        if let Some(imported_at) = known {
            // Of standard input only its end tells that it came before.
            return Ok(Report { file: self.report.file, imported_at: Some(imported_at), ..Report::default() });
        }
        let (mut rows, mut mentioned) = self.spool.read()?;
        self.report.new_customers = sink.take(&mut rows, &mut mentioned)?;
        let mut lines = Vec::new();
        for (fact_type, sealed, contradicting) in self.stage.seal_all(self.request.now)? {
            let target = target::ALL.iter().find(|t| t.fact_type.is_some_and(|of| of.name == fact_type.name));
            let target = target.ok_or_else(|| Error::internal("facts without an import target"))?;
            let repeated = sealed.duplicates - sealed.conflicts;
            self.report.duplicates.insert(target.name.to_owned(), repeated as u64);
            lines.extend(contradicting.into_iter().map(|ordinal| ordinal / self.plan.facts_a_line));
        }
        lines.sort_unstable();
        lines.dedup();
        if !lines.is_empty() {
            self.report.accepted -= lines.len() as u64;
            lines.iter().for_each(|line| self.report.reject(*line, CONTRADICTS));
            if !self.request.is_standard_input() {
                let Request { file, name, .. } = self.request;
                let source = Source::open(file, name, &self.layout, Some(&self.wanted), &Meter::default())?;
                self.reading.memory = Memory::default();
                show(source, &self.plan, &mut self.reading, &mut self.rejects, &lines)?;
            }
        }
        if let Some(folder) = self.request.rejects {
            let rejects = self.rejects.finish(folder, &stem(self.request.name))?;
            self.report.rejects = rejects.map(|path| path.display().to_string());
        }
        self.report.finish();
        if !self.request.log {
            return Ok(self.report);
        }
        let logged = Logged {
            id: ids::fresh(self.request.now),
            kind: kind.to_owned(),
            file: file_name(self.request.name),
            byte_count: bytes,
            digest: self.report.digest.clone(),
            mapping,
            state: log::DONE.to_owned(),
            report: serde_json::to_string(&self.report)?,
            started_at: self.request.now.0,
            finished_at: self.request.now.0,
            actor: String::new(),
            job_id: None,
            error: None,
        };
        history.store().write(|conn| log::add(conn, &logged))?;
        Ok(self.report)
    }
}

/// The mapping may only name columns that the file has.
pub(super) fn demand_columns(source: &Source, wanted: &[String], file: &str, at_end: bool) -> Result<()> {
    let missing = source.missing(wanted, at_end);
    if missing.is_empty() {
        return Ok(());
    }
    let have = source.columns().join(", ");
    let faults = missing.into_iter().map(|column| {
        let message = if at_end {
            "no line of the file has this key".to_owned()
        } else {
            format!("the file has no such column; it has {have}")
        };
        Fault::at(column, message).in_file(file).on_line(1)
    });
    Err(Error::faults("the mapping does not fit the file; nothing was imported", faults.collect()))
}

fn count(made: &mut Vec<(&'static Target, u64)>, target: &'static Target) {
    match made.iter_mut().find(|(of, _)| std::ptr::eq(*of, target)) {
        Some((_, count)) => *count += 1,
        None => made.push((target, 1)),
    }
}

/// Reads the file once more and writes these lines to the rejects: that they contradict others shows only in the end.
fn show(
    mut source: Source,
    plan: &Plan,
    reading: &mut Reading<'_>,
    rejects: &mut Rejects,
    lines: &[u64],
) -> Result<()> {
    let mut record = Record::default();
    let mut left = lines;
    while let Some((&next, rest)) = left.split_first() {
        if !source.next(&mut record)? {
            break;
        }
        // Repetitions are counted again from the beginning; what the line becomes is known.
        reading.make(plan, &record).ok();
        if record.line == next {
            rejects.write(&record, reading.line.nth, CONTRADICTS)?;
            left = rest;
        }
    }
    Ok(())
}
