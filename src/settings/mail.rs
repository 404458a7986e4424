//! What `vizavi.toml` says of mail beside the relay: identities, what comes back, and when a campaign has to stop.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Fault;

/// Mail beside the relay.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `reply_to` | the sender | where replies go | mailbox |
/// | `return_path` | the sender | where mail systems report; each message gets `local+token@domain` | address |
/// | `maildir` | none | a Maildir that the worker polls for reports and replies | folder |
/// | `seeds` | none | addresses of ours at several providers, for `vizavi campaign test` | at most 50 |
/// | `dkim_selector` | none | the selector that the relay signs with, for `vizavi sender check` | DNS label |
/// | `complaint_alert` | 0.001 | share of complaints from which a campaign's alert is raised | 0..0.1 |
/// | `complaint_limit` | 0.003 | the share that no campaign may reach: it pauses when one more complaint would | 0..0.1 |
/// | `complaint_minimum` | 1000 | messages sent before shares of complaints mean anything | 1..1000000 |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// Where replies go.
    pub reply_to: Option<String>,
    /// Where mail systems report.
    pub return_path: Option<String>,
    /// A Maildir that the worker polls.
    pub maildir: Option<PathBuf>,
    /// Addresses of ours at several providers: what they show is what customers see.
    pub seeds: Vec<String>,
    /// The selector that the relay signs with.
    pub dkim_selector: Option<String>,
    /// Share of complaints from which the alert is raised.
    pub complaint_alert: f64,
    /// Share of complaints that no campaign may reach.
    pub complaint_limit: f64,
    /// Messages sent before shares mean anything.
    pub complaint_minimum: u32,
}

impl Default for Mail {
    fn default() -> Mail {
        Mail {
            reply_to: None,
            return_path: None,
            maildir: None,
            seeds: Vec::new(),
            dkim_selector: None,
            complaint_alert: 0.001,
            complaint_limit: 0.003,
            complaint_minimum: 1_000,
        }
    }
}

impl Mail {
    /// What is out of range.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (key, share) in [("complaint_alert", self.complaint_alert), ("complaint_limit", self.complaint_limit)] {
            if !(share > 0.0 && share <= 0.1) {
                faults.push(Fault::at(format!("mail.{key}"), format!("{share} is outside 0..0.1")));
            }
        }
        if self.complaint_alert > self.complaint_limit {
            faults.push(Fault::at("mail.complaint_alert", "the alert must come before the limit"));
        }
        if !(1..=1_000_000).contains(&self.complaint_minimum) {
            let message = format!("{} is outside 1..1000000", self.complaint_minimum);
            faults.push(Fault::at("mail.complaint_minimum", message));
        }
        if self.seeds.len() > 50 || self.seeds.iter().any(|seed| !seed.contains('@')) {
            faults.push(Fault::at("mail.seeds", "at most 50 e-mail addresses"));
        }
        let label = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        if self.dkim_selector.as_deref().is_some_and(|name| name.is_empty() || name.len() > 63 || !label(name)) {
            faults.push(Fault::at("mail.dkim_selector", "must be a DNS label such as s1"));
        }
        faults
    }
}
