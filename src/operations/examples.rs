//! The campaigns that come with the program: copied to begin with, or written where a marketer edits them.

use std::path::Path;

use include_dir::{Dir, include_dir};
use serde::Serialize;

use crate::campaigns::folder::{self, Folder, Templates};
use crate::campaigns::store as campaigns;
use crate::error::{Error, Fault, Result};
use crate::offers::{OfferSpec, store as offers};
use crate::operations::apply::{Applied, apply};
use crate::operations::{Workspace, audit, segments};
use crate::segments::rule::{SegmentSpec, store as rules};

static CAMPAIGNS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/campaigns");

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// What to call it with `from`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub goal: String,
    /// What begins it: `run` (by hand or on a schedule), `fact` or `segment`.
    pub begins: &'static str,
    /// How many steps follow the first.
    pub steps: usize,
}

/// All of them, by name.
///
/// # Errors
/// Internal, when one is damaged, which a test looks for.
pub fn all() -> Result<Vec<Example>> {
    let mut all = Vec::new();
    for dir in CAMPAIGNS.dirs() {
        let spec = read(dir)?.spec;
        let begins = match &spec.trigger {
            None => "run",
            Some(trigger) if trigger.on.is_some() => "fact",
            Some(_) => "segment",
        };
        all.push(Example { name: spec.name, title: spec.title, goal: spec.goal, begins, steps: spec.steps.len() });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Begins a campaign of this name from an example: offers and segments that it needs and that are not there are added, those that
/// are stay as they are; the campaign is a draft.
///
/// # Errors
/// Not found, naming the examples; conflict, when there is a campaign of this name; invalid, when it cannot be applied.
pub fn begin(ws: &Workspace, from: &str, name: &str, actor: &str) -> Result<Applied> {
    let dir = dir(from)?;
    let mut folder = read(dir)?;
    name.clone_into(&mut folder.spec.name);
    let folder = Folder { spec: folder.spec.check()?, ..folder };
    let now = ws.now();
    let wanted = offers_of(dir, &folder)?;
    let named = segments_of(dir)?;
    let mut built = Vec::new();
    ws.store().write(|conn| {
        if campaigns::all(conn)?.iter().any(|campaign| campaign.name == name) {
            return Err(Error::conflict(format!("there is a campaign `{name}` already; choose another name")));
        }
        for spec in &wanted {
            if offers::all(conn)?.iter().all(|known| known.spec.name != spec.name) {
                offers::put(conn, spec, now)?;
                audit::write(conn, actor, "offer.put", &spec.name, &format!("for {name}"), now)?;
            }
        }
        for spec in &named {
            if rules::find(conn, &spec.name)?.is_none() {
                segments::put(ws, conn, spec.clone(), actor, now)?;
                built.push(spec.name.clone());
            }
        }
        Ok(())
    })?;
    for segment in &built {
        segments::build(ws, segment)?;
    }
    apply(ws, &folder, actor)
}

/// Writes an example's folder to edit.
///
/// # Errors
/// Not found, naming the examples; unavailable, when the folder cannot be written.
pub fn write(from: &str, to: &Path) -> Result<()> {
    let dir = dir(from)?;
    for entry in files(dir) {
        let path = to.join(entry.path().strip_prefix(dir.path()).unwrap_or(entry.path()));
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, entry.contents())?;
    }
    Ok(())
}

fn dir(name: &str) -> Result<&'static Dir<'static>> {
    CAMPAIGNS.dirs().find(|dir| dir.path().to_str() == Some(name)).ok_or_else(|| {
        let mut names: Vec<&str> = CAMPAIGNS.dirs().filter_map(|dir| dir.path().to_str()).collect();
        names.sort_unstable();
        Error::not_found(format!("there is no example `{name}`; there are {}", names.join(", ")))
    })
}

/// Every file of a folder and of those in it.
fn files(dir: &'static Dir<'static>) -> Vec<&'static include_dir::File<'static>> {
    dir.files().chain(dir.dirs().flat_map(files)).collect()
}

fn text(dir: &Dir<'static>, path: &str) -> Option<&'static str> {
    dir.get_file(dir.path().join(path)).and_then(include_dir::File::contents_utf8)
}

fn read(dir: &'static Dir<'static>) -> Result<Folder> {
    let name = dir.path().display();
    let toml = text(dir, "campaign.toml").ok_or_else(|| Error::internal(format!("`{name}` has no campaign.toml")))?;
    let below = dir.path().join("templates");
    let templates: Templates = files(dir)
        .into_iter()
        .filter_map(|file| {
            let path = file.path().strip_prefix(&below).ok()?.to_str()?;
            Some((path.to_owned(), file.contents_utf8()?.to_owned()))
        })
        .collect();
    folder::of_texts((toml, "campaign.toml"), templates, text(dir, "sample.json"))
}

/// The offers that the campaign names: its own, or those that several examples share.
fn offers_of(dir: &Dir<'static>, folder: &Folder) -> Result<Vec<OfferSpec>> {
    let own = text(dir, "offers.ndjson");
    let lines = own.or_else(|| CAMPAIGNS.get_file("offers.ndjson").and_then(include_dir::File::contents_utf8));
    let mut wanted = Vec::new();
    for (number, line) in lines.unwrap_or_default().lines().enumerate() {
        let spec: OfferSpec = serde_json::from_str(line).map_err(|error| {
            let fault = Fault::at("", error.to_string()).in_file("offers.ndjson").on_line(number as u64 + 1);
            Error::faults("an offer does not parse", vec![fault])
        })?;
        if folder.spec.offers.contains(&spec.name) {
            wanted.push(spec.check()?);
        }
    }
    Ok(wanted)
}

fn segments_of(dir: &'static Dir<'static>) -> Result<Vec<SegmentSpec>> {
    let below = dir.path().join("segments");
    let texts = files(dir).into_iter().filter(|file| file.path().starts_with(&below));
    texts.filter_map(include_dir::File::contents_utf8).map(SegmentSpec::parse).collect()
}
