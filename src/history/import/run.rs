//! One import, from the file to history and store: all of it or nothing.

use std::borrow::Cow;
use std::path::Path;

use super::bound::Positions;
use super::input::{Meter, digest_of};
use super::journal::Folder;
use super::line::Reading;
use super::log;
use super::mapping::{FileSpec, Mapping};
use super::pass::{Pass, State, demand_columns};
use super::plan::Plan;
use super::record::ROW;
use super::rejects::Rejects;
use super::report::Report;
use super::sink::Sink;
use super::source::{STANDARD_INPUT, Source};
use super::spool::{self, Spool};
use super::stage::Stage;
use super::target::Target;
use crate::clock::Timestamp;
use crate::customers::Aliases;
use crate::error::{Error, Fault, Result};
use crate::history::History;
use crate::history::event_types::EventTypes;
use crate::ids::IdKey;
use crate::money::Currency;
use crate::progress::Progress;

/// What to import, and how.
pub struct Request<'a> {
    /// The file; `-` is standard input.
    pub file: &'a Path,
    /// What it is called: in the report and in faults, by its ending, and as the source of facts that name none.
    pub name: &'a str,
    /// What it holds, as the caller calls it.
    pub target: &'static Target,
    /// Which column fills which field; by the columns' names when absent.
    pub mapping: Option<&'a Mapping>,
    /// The folder that rejected lines go to; nowhere when absent.
    pub rejects: Option<&'a Path>,
    /// Reads and checks everything, and changes nothing.
    pub dry_run: bool,
    /// Also when the same file was imported before.
    pub again: bool,
    /// Whether to add it to the log of imports; whoever entered it there as it came sees to that.
    pub log: bool,
    /// Bytes of facts that are sorted at a time; see [`SORTED`].
    pub sorted: usize,
    /// The currency of the workspace.
    pub currency: Currency,
    /// What events may carry.
    pub event_types: &'a EventTypes,
    /// The key under which customers' ids are made.
    pub id_key: IdKey,
    /// The present.
    pub now: Timestamp,
}

impl Request<'_> {
    pub(super) fn is_standard_input(&self) -> bool {
        self.file.as_os_str() == STANDARD_INPUT
    }

    pub(super) fn mapping_digest(&self) -> &str {
        self.mapping.map_or("", |mapping| &mapping.digest)
    }
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
    let report = Report { file: request.name.to_owned(), dry_run: request.dry_run, ..Report::default() };
    let size = std::fs::metadata(request.file).map(|data| data.len()).ok().filter(|_| !request.is_standard_input());
    if let Some(imported_at) = already(history, request, size)? {
        return Ok(Report { imported_at: Some(imported_at), ..report });
    }
    let meter = Meter::default();
    let Opened { source, layout, mapping } = open(request, &meter)?;
    let mapping = &*mapping;
    let positions: Positions = source.columns().iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
    let plan = Plan::new(mapping, &positions, request.currency);
    let aliases = history.store().read(Aliases::load)?;
    let source_name = mapping.source.clone().unwrap_or_else(|| stem(request.name));
    let (stage, state) = stage(history, request, &source_name)?;
    let spool = Spool::open(stage.folder(), state.as_ref().map_or(spool::Reached::default(), |state| state.spool))?;
    let rejects = Rejects::new(stage.folder(), source.columns(), source.is_json());
    let reading = Reading::new(&request.id_key, &aliases, request.event_types, request.currency, source_name);
    let wanted = self::wanted(mapping);
    let mut pass =
        Pass { request, layout, wanted, plan, reading, source, meter, stage, spool, rejects, report, made: Vec::new() };
    if let Some(state) = state {
        pass.go_on(state)?;
    }
    let total = size.filter(|_| !matches!(pass.source, Source::Parquet(_)));
    progress.stage(&format!("importing {}", request.target.name), total);
    pass.read_all(sink, progress)?;
    let report = pass.keep(history, sink, size)?;
    progress.finish();
    Ok(report)
}

/// A file whose beginning was looked at.
struct Opened<'a> {
    source: Source,
    layout: FileSpec,
    mapping: Cow<'a, Mapping>,
}

/// Opens the file, and has its columns say what becomes of them where no mapping does.
fn open<'a>(request: &Request<'a>, meter: &Meter) -> Result<Opened<'a>> {
    let wanted = request.mapping.map(wanted);
    let layout = request.mapping.map_or_else(FileSpec::default, |mapping| mapping.file.clone());
    let source = Source::open(request.file, request.name, &layout, wanted.as_deref(), meter)?;
    let mapping = match request.mapping {
        Some(mapping) => Cow::Borrowed(mapping),
        None => Cow::Owned(Mapping::by_names(request.target, source.columns(), request.name)?),
    };
    if !mapping.makes(request.target) {
        let message =
            format!("makes no {}; add a [[record]] with this target, or import another kind", request.target.name);
        return Err(Error::faults("the mapping cannot be used", vec![Fault::at("record.target", message)]));
    }
    Ok(Opened { source, layout, mapping })
}

/// Looks at the beginning of a file: whether it can be read, and its columns are those that are asked for. Of JSON lines, which
/// have no header, only the import itself shows the latter.
///
/// # Errors
/// As [`import`].
pub fn check(request: &Request<'_>) -> Result<()> {
    let Opened { source, mapping, .. } = open(request, &Meter::default())?;
    demand_columns(&source, &wanted(&mapping), request.name, false)
}

/// The columns that a mapping reads from the file.
fn wanted(mapping: &Mapping) -> Vec<String> {
    mapping.columns().into_iter().filter(|column| column != ROW).collect()
}

/// A file's name up to the first dot.
pub(super) fn stem(file: &str) -> String {
    let name = file_name(file);
    match name.split('.').next().unwrap_or_default() {
        STANDARD_INPUT => "input".to_owned(),
        stem => stem.to_owned(),
    }
}

/// A file's name without its folders.
pub(super) fn file_name(file: &str) -> String {
    Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// When the same file was imported in the same way; only a file of the same size is read to find that out.
fn already(history: &History, request: &Request<'_>, size: Option<u64>) -> Result<Option<Timestamp>> {
    let Some(size) = size.filter(|_| !request.again) else { return Ok(None) };
    let (kind, mapping) = (request.target.name, request.mapping_digest());
    let known = history.store().read(|conn| log::of_size(conn, kind, mapping, size as i64))?;
    if known.is_empty() {
        return Ok(None);
    }
    Ok(log::when(&known, &digest_of(request.file, None)?))
}

/// A place to collect in, and where an earlier process got to with the same file.
fn stage(history: &History, request: &Request<'_>, source: &str) -> Result<(Stage, Option<State>)> {
    let fresh = |history: &History| Ok((Stage::sorting(history, request.sorted)?, None));
    if request.dry_run || request.is_standard_input() {
        return fresh(history);
    }
    let data = std::fs::metadata(request.file)?;
    let path = request.file.canonicalize()?;
    let changed = data.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let digest = |parts: &[&str]| {
        let mut digest = blake3::Hasher::new();
        for part in parts {
            digest.update(format!("{}:{part}", part.len()).as_bytes());
        }
        digest.finalize().to_hex().to_string()
    };
    let (path, mapping, kind) = (path.to_string_lossy(), request.mapping_digest(), request.target.name);
    let place = digest(&[&path, mapping, kind]);
    let Some(folder) = Folder::take(&history.staging(), &place[..16])? else { return fresh(history) };
    let whose = request.id_key.hash63(b"journal", &[]).to_string();
    let (version, currency) = (env!("CARGO_PKG_VERSION"), request.currency.code());
    let shape = format!("{} {} {} {}", data.len(), changed.as_nanos(), request.again, history.buckets());
    let import = digest(&[&place, &whose, version, currency, source, &shape]);
    let earlier = folder.earlier(&import);
    let state = earlier.as_ref().and_then(|(_, steps)| State::of(steps.last()?)).filter(|state| state.fits(request));
    let earlier = earlier.filter(|_| state.is_some());
    Ok((Stage::journalled(history, folder, &import, earlier, request)?, state))
}
