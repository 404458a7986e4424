//! What events may carry: declared in `events.toml` of the data folder, or over REST in the store.
//!
//! ```toml
//! [page_view]
//! title = "a page of the shop was looked at"
//!
//! [page_view.properties]
//! sku = "text"
//! seconds = "number"
//! search = { kind = "text", personal = true }
//! ```
//!
//! The file is read when the workspace is opened and goes before the store: what it declares is changed there alone. Nodes that
//! share a store declare in the store, so that all of them know the same.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Fault, Result};
use crate::history::event_types::{EventType, EventTypes, store};
use crate::operations::{Workspace, audit};

/// The file in the data folder.
const FILE: &str = "events.toml";

/// Reads `events.toml` in `folder`; nothing where there is none.
///
/// # Errors
/// Invalid, with every fault.
pub fn load(folder: &Path) -> Result<EventTypes> {
    let text = match std::fs::read_to_string(folder.join(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(EventTypes::default()),
        Err(error) => return Err(Error::from(error).context(FILE)),
    };
    let declared: BTreeMap<String, EventType> = toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count() as u64);
        let fault = Fault { line, message: error.message().to_owned(), ..Fault::default() };
        Error::faults("the events do not parse", vec![fault.in_file(FILE)])
    })?;
    let of = |(name, event): (&String, &EventType)| {
        event
            .faults(name)
            .into_iter()
            .map(|fault| Fault { key: format!("{name}.{}", fault.key), ..fault }.in_file(FILE))
            .collect::<Vec<_>>()
    };
    let faults: Vec<Fault> = declared.iter().flat_map(of).collect();
    if faults.is_empty() { Ok(EventTypes(declared)) } else { Err(Error::faults("the events cannot be used", faults)) }
}

/// All that is declared, in the store and in the file.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn declared(ws: &Workspace) -> Result<EventTypes> {
    let mut all = ws.store().read(store::all)?;
    all.0.extend(ws.event_types().0.clone());
    Ok(all)
}

/// One declaration with its version; that of the file has the version 0.
///
/// # Errors
/// Not found.
pub fn one(ws: &Workspace, name: &str) -> Result<(EventType, i64)> {
    if let Some(known) = ws.event_types().0.get(name) {
        return Ok((known.clone(), 0));
    }
    let found = ws.store().read(|conn| store::by_name(conn, name))?;
    found.ok_or_else(|| Error::not_found(format!("nothing is declared for events `{name}`")))
}

/// Adds a declaration, or replaces it, if `expected` agrees with the version there is; answers the new version. The outer error
/// is ours, the inner one what `expected` answers.
///
/// # Errors
/// Invalid, with every fault; conflict, when the file declares this name, or a property would become personal afterwards.
pub fn put<E>(
    ws: &Workspace,
    name: &str,
    event: &EventType,
    actor: &str,
    expected: impl FnOnce(Option<i64>) -> Result<(), E>,
) -> Result<Result<i64, E>> {
    let faults = event.faults(name);
    if !faults.is_empty() {
        return Err(Error::faults("the event type cannot be used", faults));
    }
    if ws.event_types().0.contains_key(name) {
        return Err(Error::conflict(format!("`{name}` is declared in {FILE} of the data folder; change it there")));
    }
    let now = ws.now();
    ws.store().write(|conn| {
        let former = store::by_name(conn, name)?;
        if let Err(refusal) = expected(former.as_ref().map(|(_, version)| *version)) {
            return Ok(Err(refusal));
        }
        if let Some((former, _)) = &former {
            event.can_follow(former)?;
        }
        let version = store::put(conn, name, event, now)?;
        audit::write(conn, actor, "event_type.put", name, &format!("version {version}"), now)?;
        Ok(Ok(version))
    })
}
