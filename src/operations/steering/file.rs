//! All that the company steers by as one file, `kpis.toml`: applied as a whole or not at all.
//!
//! ```toml
//! objective = "base_value"
//!
//! [[targets]]
//! indicator = "retention_rate"
//! value = 0.8
//! owner = "Anna"
//!
//! [[goals]]
//! name = "keep-regulars"
//! title = "Regulars stay"
//! indicator = "retention_rate"
//! owner = "Anna"
//! review_at = "2026-06-30"
//! actions = [{ title = "win-back", campaign = "win-back", budget = 500000, owner = "Boris", review_at = "2026-03-31" }]
//!
//! [[series]]
//! subject = "market"
//! indicator = "retention_rate"
//! source = "a panel of the trade"
//! points = [{ at = "2025-12-31", value = 0.71 }]
//!
//! [[sources]]
//! name = "fair"
//! cost = 1200
//! rate = 0.06
//! leads = 400
//! ```

use serde::{Deserialize, Serialize};

use super::indicator::Indicator;
use super::spec::{Definition, Goal, Objective, ObjectiveSpec, Series, SourceSpec, Target};
use super::store;
use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};
use crate::operations::{Workspace, audit};
use crate::storage::Connection;

/// The file as written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SteeringFile {
    /// What the company goes for first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// Targets.
    pub targets: Vec<NamedTarget>,
    /// Goals.
    pub goals: Vec<NamedGoal>,
    /// Series of others.
    pub series: Vec<NamedSeries>,
    /// Sources of leads.
    pub sources: Vec<NamedSource>,
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $spec:ty, $(#[$key_doc:meta])* $key:ident: $kind:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            $(#[$key_doc])*
            pub $key: $kind,
            /// The rest.
            #[serde(flatten)]
            pub spec: $spec,
        }
    };
}

named!(
    /// A target with its indicator.
    NamedTarget, Target,
    /// The indicator.
    indicator: String
);
named!(
    /// A goal with its name.
    NamedGoal, Goal,
    /// Its name.
    name: String
);
named!(
    /// A source with its name.
    NamedSource, SourceSpec,
    /// Its name.
    name: String
);

/// A series with its subject and indicator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedSeries {
    /// Whose: `market`, or a competitor's name.
    pub subject: String,
    /// Of which indicator.
    pub indicator: Indicator,
    /// The rest.
    #[serde(flatten)]
    pub spec: Series,
}

impl NamedSeries {
    /// The name that it is kept under.
    pub fn name(&self) -> String {
        format!("{}/{}", self.subject, self.indicator.key())
    }
}

/// What applying a file did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// What was added or changed: kind and name.
    pub changed: Vec<String>,
    /// What was so already.
    pub unchanged: usize,
}

impl SteeringFile {
    /// Reads it from TOML.
    ///
    /// # Errors
    /// Invalid, with the line where it does not parse.
    pub fn parse(text: &str, file: &str) -> Result<SteeringFile> {
        let failed = |error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() as u64 + 1;
            let fault = Fault::at("", error.message()).on_line(line).in_file(file);
            Error::faults("the file does not parse", vec![fault])
        };
        let parsed = toml::from_str(text).map_err(failed)?;
        let unknown = unknown_keys(&toml::from_str(text).map_err(failed)?);
        if unknown.is_empty() {
            return Ok(parsed);
        }
        Err(Error::faults("the file does not parse", unknown.into_iter().map(|fault| fault.in_file(file)).collect()))
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut add = |part: &str, at: usize, found: Vec<Fault>| {
            faults.extend(found.into_iter().map(|fault| Fault { key: format!("{part}[{at}].{}", fault.key), ..fault }));
        };
        for (at, one) in self.targets.iter().enumerate() {
            add("targets", at, one.spec.faults(&one.indicator));
        }
        for (at, one) in self.goals.iter().enumerate() {
            add("goals", at, one.spec.faults(&one.name));
        }
        for (at, one) in self.series.iter().enumerate() {
            add("series", at, one.spec.faults(&one.name()));
        }
        for (at, one) in self.sources.iter().enumerate() {
            add("sources", at, one.spec.faults(&one.name));
        }
        faults
    }

    /// All that is kept, as a file.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer.
    pub fn kept(ws: &Workspace) -> Result<SteeringFile> {
        ws.store().read(|conn| {
            let series = store::all::<Series>(conn)?.into_iter().filter_map(|kept| {
                let (subject, indicator) = kept.name.rsplit_once('/')?;
                let indicator = Indicator::parse(indicator).ok()?;
                Some(NamedSeries { subject: subject.to_owned(), indicator, spec: kept.spec })
            });
            let series = series.collect();
            let target = |kept: store::Kept<Target>| NamedTarget { indicator: kept.name, spec: kept.spec };
            Ok(SteeringFile {
                objective: store::find::<ObjectiveSpec>(conn, ObjectiveSpec::NAME)?.map(|kept| kept.spec.objective),
                targets: store::all(conn)?.into_iter().map(target).collect(),
                goals: (store::all(conn)?.into_iter())
                    .map(|kept| NamedGoal { name: kept.name, spec: kept.spec })
                    .collect(),
                series,
                sources: (store::all(conn)?.into_iter())
                    .map(|kept| NamedSource { name: kept.name, spec: kept.spec })
                    .collect(),
            })
        })
    }
}

/// Keys of the parts; what is flattened cannot refuse others by itself.
const KEYS: [(&str, &[&str]); 4] = [
    ("targets", &["indicator", "value", "by", "owner", "tolerance", "window_days"]),
    ("goals", &["name", "title", "indicator", "owner", "review_at", "actions"]),
    ("series", &["subject", "indicator", "source", "points"]),
    ("sources", &["name", "cost", "rate", "weight", "leads"]),
];

fn unknown_keys(table: &toml::Table) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (part, known) in KEYS {
        let rows = table.get(part).and_then(toml::Value::as_array).into_iter().flatten();
        for (at, row) in rows.enumerate() {
            let keys = row.as_table().into_iter().flat_map(toml::Table::keys);
            for key in keys.filter(|key| !known.contains(&key.as_str())) {
                faults.push(Fault::at(format!("{part}[{at}].{key}"), format!("is none of {}", known.join(", "))));
            }
        }
    }
    faults
}

/// Puts all that a file holds; what it does not name stays.
///
/// # Errors
/// Invalid, with every fault of the file; nothing is then changed.
pub fn apply(ws: &Workspace, file: SteeringFile, actor: &str) -> Result<Applied> {
    let faults = file.faults();
    if !faults.is_empty() {
        return Err(Error::faults("the file cannot be applied", faults));
    }
    let now = ws.now();
    ws.store().write(|conn| {
        let mut desk = Desk { conn, actor, now, applied: Applied::default() };
        if let Some(objective) = file.objective {
            desk.put(ObjectiveSpec::NAME, &ObjectiveSpec { objective })?;
        }
        file.targets.iter().try_for_each(|one| desk.put(&one.indicator, &one.spec))?;
        file.goals.iter().try_for_each(|one| desk.put(&one.name, &one.spec))?;
        file.series.iter().try_for_each(|one| desk.put(&one.name(), &one.spec))?;
        file.sources.iter().try_for_each(|one| desk.put(&one.name, &one.spec))?;
        Ok(desk.applied)
    })
}

struct Desk<'a> {
    conn: &'a mut Connection,
    actor: &'a str,
    now: Timestamp,
    applied: Applied,
}

impl Desk<'_> {
    fn put<T: Definition>(&mut self, name: &str, spec: &T) -> Result<()> {
        if store::find::<T>(self.conn, name)?.is_some_and(|kept| kept.spec == *spec) {
            self.applied.unchanged += 1;
            return Ok(());
        }
        let kept = store::put(self.conn, name, spec, self.actor, self.now)?;
        let detail = format!("version {}", kept.version);
        audit::write(self.conn, self.actor, &format!("{}.put", T::KIND), name, &detail, self.now)?;
        self.applied.changed.push(format!("{} {name}", T::KIND));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_back_as_it_was_written_and_all_faults_are_told_at_once() {
        let text = r#"
objective = "base_value"

[[targets]]
indicator = "retention_rate"
value = 0.8
owner = "Anna"

[[goals]]
name = "keep-regulars"
title = "Regulars stay"
indicator = "retention_rate"
owner = "Anna"
review_at = "2026-06-30"
actions = [{ title = "win-back", campaign = "win-back", budget = 500000, owner = "Boris", review_at = "2026-03-31" }]

[[series]]
subject = "market"
indicator = "retention_rate"
source = "a panel of the trade"
points = [{ at = "2025-12-31", value = 0.71 }]

[[sources]]
name = "fair"
cost = 1200
rate = 0.06
leads = 400
"#;
        let file = SteeringFile::parse(text, "kpis.toml").unwrap();
        assert!(file.faults().is_empty(), "{:?}", file.faults());
        let again = SteeringFile::parse(&toml::to_string(&file).unwrap(), "again").unwrap();
        assert_eq!(file, again);
        let mut bad = file;
        bad.targets[0].spec.value = 80.0;
        bad.sources[0].spec.rate = 6.0;
        let keys: Vec<String> = bad.faults().into_iter().map(|fault| fault.key).collect();
        assert_eq!(keys, ["targets[0].value", "sources[0].rate"]);
        let torn = SteeringFile::parse("objective = \"fame\"", "kpis.toml").unwrap_err();
        assert_eq!(torn.fault_list()[0].line, Some(1));
        let typo = text.replace("rate = 0.06", "rates = 0.06\nrate = 0.06");
        assert_eq!(SteeringFile::parse(&typo, "kpis.toml").unwrap_err().fault_list()[0].key, "sources[0].rates");
    }
}
