//! What a transport is: first everything that can be taken back, then, after the mark, the one step that cannot.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::delivery::Delivery;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::messages::Message;

/// A delivery with its message, on the way out.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    /// The row.
    pub delivery: &'a Delivery,
    /// What the customer reads.
    pub message: &'a Message,
    /// When it is made; stands in the Date header.
    pub now: Timestamp,
}

/// What the receiver said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted.
    Sent {
        /// The receiver's code.
        code: Option<i32>,
        /// The receiver's words.
        text: String,
    },
    /// Not now.
    Later {
        /// The receiver's code.
        code: Option<i32>,
        /// The receiver's words, or what was out of reach.
        text: String,
    },
    /// Never.
    Refused {
        /// The receiver's code.
        code: Option<i32>,
        /// The receiver's words, or what is wrong with the message.
        text: String,
    },
    /// No answer after the step that cannot be taken back.
    Uncertain {
        /// What happened instead.
        text: String,
    },
}

impl Outcome {
    /// Refused by us, before any receiver saw it.
    pub fn refused(text: impl Into<String>) -> Outcome {
        Outcome::Refused { code: None, text: text.into() }
    }

    /// Out of reach for now.
    pub fn later(text: impl Into<String>) -> Outcome {
        Outcome::Later { code: None, text: text.into() }
    }

    /// Code and words.
    pub fn reply(&self) -> (Option<i32>, Option<&str>) {
        match self {
            Outcome::Sent { code, text } | Outcome::Later { code, text } | Outcome::Refused { code, text } => {
                (*code, Some(text))
            }
            Outcome::Uncertain { text } => (None, Some(text)),
        }
    }
}

/// A worker's own connection through a transport.
pub trait Session: Send {
    /// Does all that can be taken back: connects, sends the body without the final dot, writes a temporary file.
    ///
    /// # Errors
    /// The outcome that ends this attempt: later or refused.
    fn prepare(&mut self, parcel: &Parcel<'_>) -> Result<(), Outcome>;

    /// Tells which parcel is prepared after the next commit, so that some of its way can be gone with it. A hint: another parcel may be
    /// prepared instead, or none.
    fn look_ahead(&mut self, _parcel: &Parcel<'_>) {}

    /// Commits the prepared parcels, in their order, where `keep` says so, and takes the others back. One outcome for each kept.
    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome>;

    /// Takes everything prepared back.
    fn abandon(&mut self);
}

/// A way out. Adding a channel is one implementation and one entry in [`Transports`].
pub trait Transport: Send + Sync {
    /// How many parcels share a mark; above 1 only where a repeated commit does no harm.
    fn batch(&self) -> usize {
        1
    }

    /// A connection for one worker.
    ///
    /// # Errors
    /// Unavailable, when the receiver cannot be reached or refuses us altogether; nothing is tried then.
    fn session(&self) -> Result<Box<dyn Session>>;

    /// Whether this delivery did go out, where the transport can prove it.
    fn proof(&self, _delivery: &Delivery) -> Option<bool> {
        None
    }
}

/// The transport of each channel.
#[derive(Clone, Default)]
pub struct Transports(BTreeMap<String, Arc<dyn Transport>>);

impl Transports {
    /// No channel yet.
    pub fn new() -> Transports {
        Transports::default()
    }

    /// The same, with a transport for `channel`.
    #[must_use]
    pub fn with(mut self, channel: &str, transport: Arc<dyn Transport>) -> Transports {
        self.0.insert(channel.to_owned(), transport);
        self
    }

    /// Channels and their transports, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<dyn Transport>)> {
        self.0.iter().map(|(channel, transport)| (channel.as_str(), transport))
    }
}
