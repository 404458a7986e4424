//! Deliveries: the outbox, the transports, and the worker that takes messages from one to the other, never twice.
//!
//! ```text
//!  planned -> claimed -> committing -> sent            an expired claim goes back to planned;
//!     ^          |            |-> deferred, failed     what a crash leaves in committing is held, because nobody
//!     +-- deferred            +-> held                 knows whether the receiver has it
//! ```
//!
//! The promise: nothing is sent twice by us, and every customer of whom we are not certain is listed.

mod backlog;
pub mod backoff;
pub mod call_list;
pub mod delivery;
pub mod dkim;
pub mod email;
mod encoding;
pub mod file;
pub mod identity;
pub mod incoming;
mod joint;
pub mod mbox;
pub mod memory;
pub mod outbox;
pub mod send;
pub mod smtp;
pub mod state;
pub mod transport;
pub mod webhook;

pub use delivery::{Delivery, NewDelivery};
pub use send::{SendOptions, Summary, TemplateLibrary, send};
pub use state::State;
pub use transport::{Transport, Transports};
