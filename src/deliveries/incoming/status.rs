//! Enhanced status codes (RFC 3463), and what each means for the address.

use serde::{Deserialize, Serialize};

/// Three numbers: class, subject, detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    class: u16,
    subject: u16,
    detail: u16,
}

impl Status {
    /// Finds `4.2.2` at the beginning of a field, or the first such thing in the words of a reply.
    pub fn find(text: &str) -> Option<Status> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|word| {
            let mut numbers =
                word.trim_matches('.').split('.').map(|part| (part.len() <= 3).then(|| part.parse().ok())?);
            let status = Status { class: numbers.next()??, subject: numbers.next()??, detail: numbers.next()?? };
            // An address of a host has four numbers.
            (matches!(status.class, 2 | 4 | 5) && numbers.next().is_none()).then_some(status)
        })
    }

    /// What a failure with this status means.
    pub fn class(self) -> Class {
        match (self.class, self.subject, self.detail) {
            (_, 7, _) => Class::Policy,
            // No such mailbox, no such host, moved without a new address, a host that takes no mail at all.
            (5, 1, 1 | 2 | 6 | 10) => Class::Hard,
            _ => Class::Soft,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// What a failure means for the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// There is no such address: it is not written to again.
    Hard,
    /// Full, slow, out of order: it is given up when that goes on.
    Soft,
    /// The receiver refuses us, not the reader: our reputation, content or records. The address keeps its good name.
    Policy,
}

impl Class {
    /// The word in the store.
    pub fn name(self) -> &'static str {
        match self {
            Class::Hard => "hard",
            Class::Soft => "soft",
            Class::Policy => "policy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_found_and_classed() {
        let class = |text: &str| Status::find(text).map(Status::class);
        assert_eq!(class("5.1.1"), Some(Class::Hard));
        assert_eq!(class("5.1.10 (null MX)"), Some(Class::Hard));
        assert_eq!(class("smtp; 550-5.1.2 unknown host"), Some(Class::Hard));
        assert_eq!(class("5.2.2 mailbox full"), Some(Class::Soft));
        assert_eq!(class("4.4.1"), Some(Class::Soft));
        assert_eq!(class("smtp; 550 5.7.26 unauthenticated"), Some(Class::Policy));
        assert_eq!(class("refused by 192.0.2.5 with 550"), None);
        assert_eq!(class("5.1"), None);
        assert_eq!(Status::find("smtp; 550 5.7.26 x").unwrap().to_string(), "5.7.26");
    }
}
