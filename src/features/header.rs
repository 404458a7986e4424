//! Reading one file of the catalogue: the header's promises, and the query below them.

use std::collections::BTreeMap;

use super::catalogue::{Family, Feature, View};
use crate::error::Fault;

/// What a file holds.
pub(super) enum Read {
    Family(Family),
    View(View),
}

/// Reads one file; what is wrong with it is added to `faults`.
pub(super) fn read(file: &str, text: &str, faults: &mut Vec<Fault>) -> Option<Read> {
    let before = faults.len();
    let mut header: BTreeMap<&str, &str> = BTreeMap::new();
    let mut features = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((key, value)) = line.strip_prefix("--").and_then(|rest| rest.split_once(':')) else { continue };
        match key.trim() {
            "feature" => match feature(value) {
                Some(read) => features.push(read),
                None => faults.push(
                    Fault::at("feature", "write: -- feature: name | unit | default | meaning")
                        .in_file(file)
                        .on_line(index as u64 + 1),
                ),
            },
            key @ ("family" | "view" | "grain" | "window" | "meaning" | "as of" | "serving") => {
                header.entry(key).or_insert(value.trim());
            }
            _ => {}
        }
    }
    let is_view = header.contains_key("view");
    for fault in missing(&header, is_view) {
        faults.push(fault.in_file(file));
    }
    if !is_view && features.is_empty() {
        faults.push(Fault::at("feature", "the header names no feature").in_file(file));
    }
    if faults.len() > before {
        return None;
    }
    let take = |key: &str| header.get(key).copied().unwrap_or_default().to_owned();
    let (grain, as_of, file, sql) = (take("grain"), take("as of"), file.to_owned(), text.to_owned());
    Some(if is_view {
        Read::View(View { name: take("view"), file, grain, meaning: take("meaning"), sql })
    } else {
        let serving = header.get("serving").is_none_or(|word| *word == "yes");
        Read::Family(Family {
            name: take("family"),
            file,
            grain,
            window: take("window"),
            as_of,
            serving,
            features,
            sql,
        })
    })
}

/// What the header lacks, or says wrong.
fn missing(header: &BTreeMap<&str, &str>, is_view: bool) -> Vec<Fault> {
    let wanted: &[&str] =
        if is_view { &["view", "grain", "meaning", "as of"] } else { &["family", "grain", "window", "as of"] };
    let lacking = wanted.iter().filter(|key| header.get(*key).is_none_or(|value| value.is_empty()));
    let mut faults: Vec<Fault> =
        lacking.map(|key| Fault::at(*key, format!("the header lacks `-- {key}: ...`"))).collect();
    if !is_view && header.get("grain").is_some_and(|grain| *grain != "customer") {
        faults.push(Fault::at("grain", "must be `customer`: one row per customer"));
    }
    if header.get("view").is_some_and(|name| !is_plain(name)) {
        faults.push(Fault::at("view", "must be a name of a-z, 0-9 and _"));
    }
    if header.get("serving").is_some_and(|word| !["yes", "no"].contains(word)) {
        faults.push(Fault::at("serving", "must be yes or no"));
    }
    faults
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn feature(line: &str) -> Option<Feature> {
    let mut parts = line.splitn(4, '|').map(str::trim);
    let (name, unit, default, meaning) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let default: f64 = default.parse().ok().filter(|value: &f64| value.is_finite())?;
    is_plain(name).then(|| Feature { name: name.into(), unit: unit.into(), default, meaning: meaning.into() })
}
