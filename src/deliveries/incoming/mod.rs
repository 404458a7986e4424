//! What comes back to us as mail: reports of mail systems (RFC 3464), complaints (RFC 5965), and what customers reply.
//!
//! Nothing here is believed because it says so: a report counts only for a delivery whose signed token it carries, in the address
//! it came to or in the Message-ID it names. Whoever knows the token of a message is its reader or a mail system on the way.

pub mod log;
mod mail;
pub mod reply;
mod report;
pub mod status;

pub use mail::read;
pub use reply::Wish;
pub use status::{Class, Status};

/// A mail that came back, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// What may be a return token, most telling first; who holds the keys finds out which one is.
    pub tokens: Vec<String>,
    /// What it says.
    pub says: Says,
}

/// What a mail that came back says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// A message could not be delivered, for good or after many attempts.
    Bounced {
        /// The enhanced status, where the report has one.
        status: Option<Status>,
        /// What that means for the address.
        class: Class,
    },
    /// A message is late; another report will follow.
    Delayed,
    /// A message arrived.
    Delivered,
    /// The reader called it spam, or a system says that somebody did.
    Complained,
    /// The reader asked for no more by a button of their mail program (feedback type `opt-out`).
    OptedOut,
    /// A person wrote back.
    Replied {
        /// What they want.
        wish: Wish,
        /// What they wrote, without what they quote.
        text: String,
    },
    /// Machines speak: absences, confirmations, other feedback. Nothing follows from it.
    Automatic,
}

impl Says {
    /// The word by which it is counted.
    pub fn name(&self) -> &'static str {
        match self {
            Says::Bounced { .. } => "bounce",
            Says::Delayed => "delay",
            Says::Delivered => "delivered",
            Says::Complained => "complaint",
            Says::OptedOut => "opt_out",
            Says::Replied { .. } => "reply",
            Says::Automatic => "automatic",
        }
    }
}
