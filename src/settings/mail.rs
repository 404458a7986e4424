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
/// | `utm` | false | links to offers and products get `utm_source`, `utm_medium`, `utm_campaign` and `utm_content` | true, false |
/// | `connections` | 5 | messages that are on their way at once, of any channel; each goes through a connection of its own | 1..64 |
/// | `lateness_hours` | no limit | how long after its time a message, of any channel, may still go; later it is suppressed | 1..8760 |
/// | `dkim_selector` | none | the selector that the relay signs with, for `vizavi sender check` | DNS label |
/// | `dkim_key` | none | a file with an RSA key in PEM: each message is signed with it; for who has no relay that signs | file |
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
    /// Whether links say to web analytics where a visit came from.
    pub utm: bool,
    /// Messages that are on their way at once, of any channel.
    pub connections: u32,
    /// How long after its time a message may still go.
    pub lateness_hours: Option<u32>,
    /// The selector that the relay signs with.
    pub dkim_selector: Option<String>,
    /// The key that we sign with ourselves.
    pub dkim_key: Option<PathBuf>,
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
            utm: false,
            connections: 5,
            lateness_hours: None,
            dkim_selector: None,
            dkim_key: None,
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
        if self.dkim_key.is_some() && self.dkim_selector.is_none() {
            faults.push(Fault::at("mail.dkim_selector", "say under which selector the key's public half stands"));
        }
        if !(1..=1_000_000).contains(&self.complaint_minimum) {
            let message = format!("{} is outside 1..1000000", self.complaint_minimum);
            faults.push(Fault::at("mail.complaint_minimum", message));
        }
        if !(1..=64).contains(&self.connections) {
            faults.push(Fault::at("mail.connections", format!("{} is outside 1..64", self.connections)));
        }
        if self.lateness_hours.is_some_and(|hours| !(1..=8_760).contains(&hours)) {
            faults.push(Fault::at("mail.lateness_hours", "outside 1..8760"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_named() {
        let faults = |mail: Mail| mail.faults().iter().map(|fault| fault.key.clone()).collect::<Vec<_>>();
        assert_eq!(faults(Mail::default()), [""; 0]);
        for connections in [0, 65] {
            assert_eq!(faults(Mail { connections, ..Mail::default() }), ["mail.connections"]);
        }
        assert_eq!(faults(Mail { lateness_hours: Some(0), ..Mail::default() }), ["mail.lateness_hours"]);
        assert_eq!(faults(Mail { complaint_alert: 0.01, ..Mail::default() }), ["mail.complaint_alert"]);
    }
}
