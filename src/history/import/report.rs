//! What an import did, line by line in sum.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Line numbers kept for each reason.
const FIRST: usize = 5;
/// Reasons told apart; a file with more kinds of faults is broken in some other way.
const REASONS: usize = 200;
const OTHER: &str = "other reasons";

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The file.
    pub file: String,
    /// Lines (records) read.
    pub lines: u64,
    /// Lines of which something was taken.
    pub accepted: u64,
    /// Lines of which nothing was taken.
    pub rejected: u64,
    /// Records made of the accepted lines, by kind: `orders`, `customers`, ...
    pub records: BTreeMap<String, u64>,
    /// Facts that were known already, or came twice, and were left out, by kind.
    pub duplicates: BTreeMap<String, u64>,
    /// Why lines were rejected, the most frequent reason first.
    pub reasons: Vec<Reason>,
    /// Customers whom facts mention and the store did not know.
    pub new_customers: u64,
    /// When the same file was imported before; nothing was then done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_at: Option<Timestamp>,
    /// Lines that an earlier process had read before it was interrupted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resumed_after: u64,
    /// BLAKE3 hash of the file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Where the rejected lines are, to be mended and imported again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejects: Option<String>,
    /// Whether nothing was changed because it was only tried.
    pub dry_run: bool,
}

/// Why lines were rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The reason.
    pub reason: String,
    /// How many lines.
    pub count: u64,
    /// The first of them.
    pub first_lines: Vec<u64>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Report {
    /// Counts a rejected line.
    pub(super) fn reject(&mut self, line: u64, reason: &str) {
        self.rejected += 1;
        let is_known = self.reasons.iter().any(|known| known.reason == reason);
        let reason = if is_known || self.reasons.len() < REASONS { reason } else { OTHER };
        let index = self.reasons.iter().position(|known| known.reason == reason).unwrap_or_else(|| {
            self.reasons.push(Reason { reason: reason.to_owned(), count: 0, first_lines: Vec::new() });
            self.reasons.len() - 1
        });
        let known = &mut self.reasons[index];
        known.count += 1;
        if known.first_lines.len() < FIRST {
            known.first_lines.push(line);
        }
    }

    /// Puts the most frequent reason first.
    pub(super) fn finish(&mut self) {
        self.reasons.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(at) = self.imported_at {
            return writeln!(
                f,
                "{}: imported already on {at}; nothing to do (--again imports it once more)",
                self.file
            );
        }
        let tried = if self.dry_run { " (tried only; nothing was changed)" } else { "" };
        writeln!(
            f,
            "{}: {} lines, {} accepted, {} rejected{tried}",
            self.file, self.lines, self.accepted, self.rejected
        )?;
        if self.resumed_after > 0 {
            writeln!(f, "  taken up again after line {}, where it had been interrupted", self.resumed_after)?;
        }
        for (kind, count) in &self.records {
            write!(f, "  {count} {kind}")?;
            match self.duplicates.get(kind) {
                Some(known) if *known > 0 => writeln!(f, ", {known} of them known already and left out")?,
                _ => writeln!(f)?,
            }
        }
        if self.new_customers > 0 {
            writeln!(f, "  {} customers became known by their facts", self.new_customers)?;
        }
        for reason in &self.reasons {
            let lines: Vec<String> = reason.first_lines.iter().map(u64::to_string).collect();
            let more = if reason.count as usize > reason.first_lines.len() { ", ..." } else { "" };
            writeln!(f, "  rejected {}: {} (lines {}{more})", reason.count, reason.reason, lines.join(", "))?;
        }
        if let Some(rejects) = &self.rejects {
            writeln!(f, "  rejected lines: {rejects}; mend them and import that file with the same mapping")?;
        }
        Ok(())
    }
}
