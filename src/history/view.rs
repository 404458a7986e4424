//! What counts of one fact type at one instant of the manifest: its segments, less what tombstones hide.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::logical_expr::Expr;
use datafusion::prelude::{col, concat, lit};

use super::engine::Part;
use super::facts::FactType;
use super::files::Files;
use super::manifest::{self, Segment};
use super::tombstone::{self, Tombstone};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::storage::Connection;

/// Segments and tombstones of one fact type, read together.
#[derive(Clone)]
pub(super) struct View {
    pub fact_type: &'static FactType,
    /// The generation that a seal or a change must still find.
    pub generation: i64,
    pub segments: Vec<Segment>,
    pub tombstones: Vec<Tombstone>,
}

impl View {
    /// The view of the caller's transaction, which must be one snapshot.
    pub fn read(conn: &mut Connection, fact_type: &'static FactType) -> Result<View> {
        Ok(View {
            fact_type,
            generation: manifest::generation(conn, fact_type)?,
            segments: manifest::segments(conn, fact_type)?,
            tombstones: tombstone::of_type(conn, fact_type)?,
        })
    }

    /// The same without the segments in which none of these customers can be.
    pub fn of_customers(&self, customers: &BTreeSet<CustomerId>) -> View {
        let within = |s: &&Segment| {
            s.min_customer <= s.max_customer
                && customers.range(CustomerId(s.min_customer)..=CustomerId(s.max_customer)).next().is_some()
        };
        View { segments: self.segments.iter().filter(within).cloned().collect(), ..self.clone() }
    }

    /// The files to read, those together that hide the same rows. Where there are no tombstones that is one part, and a
    /// segment out of whose range all tombstones are is read as if there were none.
    pub fn parts(&self, files: &Files) -> Result<Vec<Part>> {
        let mut groups: BTreeMap<usize, Vec<&Segment>> = BTreeMap::new();
        for segment in &self.segments {
            let concerned = self.tombstones.iter().any(|one| one.concerns(segment));
            // Tombstones stand by generation: a segment is concerned by those from here on.
            let from = self.tombstones.partition_point(|one| one.generation <= segment.generation);
            groups.entry(if concerned { from } else { usize::MAX }).or_default().push(segment);
        }
        let part = |(from, segments): (usize, Vec<&Segment>)| {
            let urls = segments.iter().map(|s| files.url(self.fact_type, &s.file)).collect::<Result<Vec<_>>>()?;
            Ok(Part { urls, shown: self.tombstones.get(from..).map(shown) })
        };
        groups.into_iter().map(part).collect()
    }

    /// The same with a part for each segment, so that they can be merged as they are read.
    pub fn parts_apart(&self, files: &Files) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        for segment in &self.segments {
            let alone = View { segments: vec![segment.clone()], ..self.clone() };
            parts.extend(alone.parts(files)?);
        }
        Ok(parts)
    }
}

/// The condition that a row is not hidden by any of these.
fn shown(tombstones: &[Tombstone]) -> Expr {
    let (facts, customers): (Vec<_>, Vec<_>) = tombstones.iter().partition(|one| one.source.is_some());
    let ids = |of: &[&Tombstone]| {
        let mut ids: Vec<i64> = of.iter().map(|one| one.customer_id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(lit).collect::<Vec<Expr>>()
    };
    let mut condition = lit(true);
    if !customers.is_empty() {
        condition = condition.and(col("customer_id").in_list(ids(&customers), true));
    }
    if !facts.is_empty() {
        let keys = facts.iter().map(|one| {
            lit(identity(one.source.as_deref().unwrap_or_default(), one.fact_key.as_deref().unwrap_or_default()))
        });
        // The customer stands first: few rows come as far as the comparison of texts.
        let key = concat(vec![col("source"), lit(SEPARATOR.to_string()), col("fact_key")]);
        let hidden = col("customer_id").in_list(ids(&facts), false).and(key.in_list(keys.collect(), false));
        condition = condition.and(!hidden);
    }
    condition
}

/// Between source and key, so that no two facts look alike; neither holds control characters.
pub(super) const SEPARATOR: char = '\u{1f}';

/// Source and key as one text.
pub(super) fn identity(source: &str, key: &str) -> String {
    format!("{source}{SEPARATOR}{key}")
}
