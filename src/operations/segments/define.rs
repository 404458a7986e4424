//! Defining a segment: checked against what there is, kept, and built.

use super::{follower, minor_units};
use crate::campaigns::store as campaigns;
use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};
use crate::history::feed;
use crate::offers::store as offers;
use crate::operations::{Workspace, audit, facts};
use crate::rules::{Catalogue, RuleSpec};
use crate::segments;
use crate::segments::rule::store::{self, KeptRule};
use crate::segments::rule::{RuleSegment, SegmentSpec, named_in};
use crate::segments::uploaded::store as uploaded;
use crate::storage::Connection;

/// The facts of profile, scores and segments that a segment's rule may name; measures are its own.
///
/// # Errors
/// Those of the store.
pub fn catalogue(ws: &Workspace, conn: &mut Connection) -> Result<Catalogue> {
    facts::catalogue(ws, conn)
}

/// Checks a definition against everything it names.
///
/// # Errors
/// Invalid, with every fault at once.
pub fn check(ws: &Workspace, conn: &mut Connection, spec: SegmentSpec) -> Result<RuleSegment> {
    let known = store::all(conn)?;
    let named: Vec<String> = spec.named_segments();
    let mut faults = unknown(conn, &named, &known)?;
    faults.extend(cycle(&spec.name, &named, &known));
    let message = format!("the segment `{}` cannot be used", spec.name);
    match spec.check(&catalogue(ws, conn)?, minor_units(ws)) {
        Ok(segment) if faults.is_empty() => Ok(segment),
        Ok(_) => Err(Error::faults(message, faults)),
        Err(error) => {
            let all = error.fault_list().iter().cloned().chain(faults).collect();
            Err(Error::faults(message, all))
        }
    }
}

fn unknown(conn: &mut Connection, named: &[String], known: &[KeptRule]) -> Result<Vec<Fault>> {
    let by_rule = |name: &String| known.iter().any(|segment| segment.spec.name == *name);
    let mut missing: Vec<&String> = named.iter().filter(|name| !by_rule(name)).collect();
    if !missing.is_empty() {
        let lists = uploaded::all(conn)?;
        missing.retain(|name| !lists.iter().any(|list| list.name == **name));
    }
    let found = if missing.iter().any(|name| name.contains('/')) { segments::list(conn)? } else { Vec::new() };
    let by_model = |name: &str| {
        name.split_once('/')
            .is_some_and(|(of, code)| found.iter().any(|segment| segment.segmentation == of && segment.code == code))
    };
    let missing = missing.into_iter().filter(|name| !by_model(name));
    let fault = |name: &String| match name.split_once('/') {
        Some((of, _)) => format!("there is no segment `{name}`: train and score `{of}` first"),
        None => format!("there is no segment `{name}` by rule, nor one that was uploaded"),
    };
    Ok(missing.map(|name| Fault::at("rule", fault(name))).collect())
}

/// The segments of models, as `SEGMENTATION/CODE`, that offers and campaigns name.
///
/// # Errors
/// Those of the store.
pub(super) fn named_of_models(conn: &mut Connection) -> Result<Vec<String>> {
    let mut named: Vec<String> = Vec::new();
    for offer in offers::all(conn)? {
        named.extend(offer.spec.eligibility.iter().flat_map(named_in));
    }
    for campaign in campaigns::all(conn)? {
        named.extend(campaigns::version(conn, campaign.id, campaign.version)?.spec.audience.iter().flat_map(named_in));
    }
    named.retain(|name| name.contains('/'));
    named.sort();
    named.dedup();
    Ok(named)
}

/// Segments that a rule of an offer or a campaign names, and that do not exist.
///
/// # Errors
/// Those of the store.
pub fn missing(conn: &mut Connection, rule: &RuleSpec, key: &str) -> Result<Vec<Fault>> {
    let known = store::all(conn)?;
    let faults = unknown(conn, &named_in(rule), &known)?;
    Ok(faults.into_iter().map(|fault| Fault { key: key.to_owned(), ..fault }).collect())
}

/// A segment that would be defined by itself, by way of others.
fn cycle(name: &str, named: &[String], known: &[KeptRule]) -> Option<Fault> {
    let mut waiting: Vec<Vec<String>> = named.iter().map(|first| vec![first.clone()]).collect();
    let mut seen: Vec<String> = Vec::new();
    while let Some(path) = waiting.pop() {
        let last = path.last()?;
        if last == name {
            let way = path.join("` -> `");
            return Some(Fault::at("rule", format!("the segment would be defined by itself: `{name}` -> `{way}`")));
        }
        if seen.contains(last) {
            continue;
        }
        seen.push(last.clone());
        let next = known.iter().find(|segment| segment.spec.name == *last);
        for further in next.map(|segment| segment.spec.named_segments()).unwrap_or_default() {
            waiting.push(path.iter().cloned().chain([further]).collect());
        }
    }
    None
}

/// Adds a segment or replaces its definition, in the caller's transaction; [`build`](super::build()) then fills it.
///
/// # Errors
/// Invalid, with every fault at once.
pub fn put(ws: &Workspace, conn: &mut Connection, spec: SegmentSpec, actor: &str, now: Timestamp) -> Result<KeptRule> {
    let segment = check(ws, conn, spec)?;
    if uploaded::find(conn, &segment.spec.name)?.is_some() {
        let message = format!("`{}` is a segment that was uploaded; choose another name", segment.spec.name);
        return Err(Error::faults("the segment cannot be used", vec![Fault::at("name", message)]));
    }
    let kept = store::put(conn, &segment, now)?;
    audit::write(conn, actor, "segment.put", &kept.spec.name, &format!("version {}", kept.version), now)?;
    Ok(kept)
}

/// Removes a segment, by rule or uploaded, that nothing names.
///
/// # Errors
/// Not found; conflict, naming what still uses it.
pub fn remove(conn: &mut Connection, name: &str, actor: &str, now: Timestamp) -> Result<()> {
    let list = uploaded::find(conn, name)?;
    let kept = if list.is_some() { None } else { Some(store::by_name(conn, name)?) };
    let users = users_of(conn, name)?;
    if !users.is_empty() {
        return Err(Error::conflict(format!("the segment `{name}` is still named by {}", users.join(", "))));
    }
    if let Some(list) = list {
        uploaded::remove(conn, list.id)?;
    }
    if let Some(kept) = kept {
        store::remove(conn, kept.id)?;
        feed::leave(conn, &follower(kept.id))?;
    }
    audit::write(conn, actor, "segment.remove", name, "", now)
}

fn users_of(conn: &mut Connection, name: &str) -> Result<Vec<String>> {
    let names = |rule: &Option<RuleSpec>| rule.iter().flat_map(named_in).any(|named| named == name);
    let mut users = Vec::new();
    for segment in store::all(conn)? {
        if segment.spec.named_segments().iter().any(|named| named == name) {
            users.push(format!("the segment `{}`", segment.spec.name));
        }
    }
    for offer in offers::all(conn)? {
        if names(&offer.spec.eligibility) {
            users.push(format!("the offer `{}`", offer.spec.name));
        }
    }
    for campaign in campaigns::all(conn)? {
        if names(&campaigns::version(conn, campaign.id, campaign.version)?.audience_rule()) {
            users.push(format!("the campaign `{}`", campaign.name));
        }
    }
    Ok(users)
}
