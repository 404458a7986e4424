//! All segments as people and programs see them: those that a model found, those that a rule defines, and those that were uploaded.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::{Kind, Result};
use crate::operations::{Workspace, segments as rules};
use crate::segments::rule::SegmentSpec;
use crate::segments::rule::store::{self, KeptRule};
use crate::segments::uploaded::{StaticSegment, store as uploaded};
use crate::segments::{self, KeptSegment};
use crate::storage::Connection;

/// A segment of either kind.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SegmentShown {
    /// A model found it.
    Cluster(Box<KeptSegment>),
    /// A rule defines it.
    Rule(Box<RuleShown>),
    /// Its members were uploaded.
    Static(Box<StaticSegment>),
}

/// A segment by rule, and how fresh it is.
#[derive(Debug, Clone, Serialize)]
pub struct RuleShown {
    /// Its name.
    pub name: String,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Customers in it.
    pub size: i64,
    /// The rule in words.
    pub rule: String,
    /// The definition, which can be put back as it is.
    pub definition: SegmentSpec,
    /// Rises with every definition; the ETag.
    pub version: i64,
    /// When it was last built from history.
    pub built_at: Option<Timestamp>,
    /// When something last changed in it.
    pub refreshed_at: Option<Timestamp>,
    /// Whether it waits to be built from history.
    pub stale: bool,
    /// For how many seconds the customer whose time came first has been waiting; 0 when nobody is due.
    pub due_lag_seconds: f64,
    /// What kept the last refresh from its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Clusters by segmentation and code, then rule segments by name, then static ones by name.
///
/// # Errors
/// Those of the store.
pub fn list(ws: &Workspace) -> Result<Vec<SegmentShown>> {
    ws.store().read(|conn| {
        let mut all: Vec<SegmentShown> =
            segments::list(conn)?.into_iter().map(Box::new).map(SegmentShown::Cluster).collect();
        for kept in store::all(conn)? {
            all.push(shown(ws, conn, kept)?);
        }
        all.extend(uploaded::all(conn)?.into_iter().map(Box::new).map(SegmentShown::Static));
        Ok(all)
    })
}

/// The rule segment or static segment of this name, or the cluster of this code or name.
///
/// # Errors
/// Not found, with the names there are; conflict, when two segmentations have it.
pub fn show(ws: &Workspace, name: &str) -> Result<SegmentShown> {
    ws.store().read(|conn| {
        if let Some(kept) = store::find(conn, name)? {
            return shown(ws, conn, kept);
        }
        if let Some(list) = uploaded::find(conn, name)? {
            return Ok(SegmentShown::Static(Box::new(list)));
        }
        segments::show(conn, name).map(Box::new).map(SegmentShown::Cluster).map_err(|error| {
            let by_rule: Vec<String> = match store::all(conn) {
                Ok(all) if error.kind() == Kind::NotFound => all.into_iter().map(|kept| kept.spec.name).collect(),
                _ => Vec::new(),
            };
            if by_rule.is_empty() { error } else { error.context(format!("by rule there are {}", by_rule.join(", "))) }
        })
    })
}

fn shown(ws: &Workspace, conn: &mut Connection, kept: KeptRule) -> Result<SegmentShown> {
    let due_lag_seconds = rules::of_segment(conn, &kept, ws.now())?;
    // One that this program cannot run any more is shown with its reason rather than not at all.
    let (rule, unusable) = match kept.checked(ws.settings().currency.minor_units()) {
        Ok(checked) => (checked.rule.to_string(), None),
        Err(error) => (String::new(), Some(error.to_string())),
    };
    Ok(SegmentShown::Rule(Box::new(RuleShown {
        name: kept.spec.name.clone(),
        title: kept.spec.title.clone(),
        size: kept.size,
        rule,
        definition: kept.spec,
        version: kept.version,
        built_at: kept.built_at,
        refreshed_at: kept.refreshed_at,
        stale: kept.stale,
        due_lag_seconds,
        failure: unusable.or(kept.failure),
    })))
}
