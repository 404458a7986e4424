//! Kinds of signal, and the machines that open and click like people.

use serde::{Deserialize, Serialize};

use crate::clock::{SECOND, Timestamp};
use crate::error::{Error, Result};

/// What was observed. Machine opens and clicks are kept, and kept apart: no rate counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// The message's image was loaded by a person's program. Many never load it: no goal may rest on opens.
    Open,
    /// The image was loaded by a mail proxy or a scanner.
    MachineOpen,
    /// A link was followed.
    Click,
    /// A link was followed by a scanner.
    MachineClick,
    /// The customer asked for no more.
    Unsubscribe,
    /// The message could not be delivered.
    Bounce,
    /// The customer called it spam, or complained about it.
    Complaint,
    /// The customer did what the campaign was for.
    Conversion,
}

impl SignalKind {
    /// All kinds, in the order of a customer's path.
    pub const ALL: [SignalKind; 8] = [
        SignalKind::MachineOpen,
        SignalKind::Open,
        SignalKind::MachineClick,
        SignalKind::Click,
        SignalKind::Unsubscribe,
        SignalKind::Bounce,
        SignalKind::Complaint,
        SignalKind::Conversion,
    ];

    /// The name in the store, in JSON and in files.
    pub fn name(self) -> &'static str {
        match self {
            SignalKind::Open => "open",
            SignalKind::MachineOpen => "machine_open",
            SignalKind::Click => "click",
            SignalKind::MachineClick => "machine_click",
            SignalKind::Unsubscribe => "unsubscribe",
            SignalKind::Bounce => "bounce",
            SignalKind::Complaint => "complaint",
            SignalKind::Conversion => "conversion",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// Invalid, with the names that exist.
    pub fn parse(name: &str) -> Result<SignalKind> {
        SignalKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let known: Vec<_> = SignalKind::ALL.iter().map(|kind| kind.name()).collect();
            Error::invalid(format!("`{name}` is not a kind of outcome; use one of {}", known.join(", ")))
        })
    }

    /// True when it takes permission away or shows harm; guardrails watch these.
    pub fn is_harm(self) -> bool {
        matches!(self, SignalKind::Unsubscribe | SignalKind::Bounce | SignalKind::Complaint)
    }
}

/// A request for a message's image or link, as it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit<'a> {
    /// GET or HEAD.
    pub method: &'a str,
    /// The program, as it calls itself; empty when it does not say.
    pub user_agent: &'a str,
    /// When the message was sent.
    pub sent_at: Timestamp,
    /// When the request came.
    pub at: Timestamp,
    /// Different links of the same message requested within the same ten seconds, this one included.
    pub links_at_once: u32,
}

/// Faster than this after sending, nobody has read anything.
pub const FASTEST_READER: i64 = 2 * SECOND;

/// So many links of one message within ten seconds are followed by scanners only.
pub const LINKS_AT_ONCE: u32 = 4;

/// Parts of the names of mail proxies, link scanners, previewers and command-line programs, in lower case.
const MACHINES: [&str; 18] = [
    "googleimageproxy",
    "yahoomailproxy",
    "barracuda",
    "mimecast",
    "proofpoint",
    "messagelabs",
    "safelinks",
    "microsoft office existence",
    "bingpreview",
    "slackbot",
    "facebookexternalhit",
    "curl/",
    "wget/",
    "python-requests",
    "go-http-client",
    "headlesschrome",
    "bot/",
    "crawler",
];

impl Hit<'_> {
    /// True when a machine made this request: HEAD, no or a known name, too soon after sending, or all links at once.
    /// A bare `Mozilla/5.0` is how a well-known mail program's privacy proxy shows itself.
    pub fn is_machine(&self) -> bool {
        let agent = self.user_agent.trim().to_lowercase();
        !self.method.eq_ignore_ascii_case("GET")
            || agent.is_empty()
            || agent == "mozilla/5.0"
            || MACHINES.iter().any(|sign| agent.contains(sign))
            || self.at.0.saturating_sub(self.sent_at.0) < FASTEST_READER
            || self.links_at_once >= LINKS_AT_ONCE
    }

    /// What a request for the message's image counts as.
    pub fn open(&self) -> SignalKind {
        if self.is_machine() { SignalKind::MachineOpen } else { SignalKind::Open }
    }

    /// What a request for a link counts as.
    pub fn click(&self) -> SignalKind {
        if self.is_machine() { SignalKind::MachineClick } else { SignalKind::Click }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_click_and_machines_are_kept_apart() {
        let person = Hit {
            method: "GET",
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            sent_at: Timestamp(0),
            at: Timestamp(90 * SECOND),
            links_at_once: 1,
        };
        assert_eq!((person.open(), person.click()), (SignalKind::Open, SignalKind::Click));
        let machines = [
            Hit { method: "HEAD", ..person },
            Hit { user_agent: "", ..person },
            Hit { user_agent: "Mozilla/5.0", ..person },
            Hit { user_agent: "Mozilla/5.0 (via ggpht.com GoogleImageProxy)", ..person },
            Hit { at: Timestamp(SECOND), ..person },
            Hit { links_at_once: 5, ..person },
        ];
        for hit in machines {
            assert_eq!(hit.click(), SignalKind::MachineClick, "{hit:?}");
        }
    }

    #[test]
    fn names_go_both_ways() {
        for kind in SignalKind::ALL {
            assert_eq!(SignalKind::parse(kind.name()).unwrap(), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert!(SignalKind::parse("opened").unwrap_err().to_string().contains("machine_open"));
    }
}
