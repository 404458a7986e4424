//! What came of a contact: signals (open, click, bounce, ...), conversions, and to whom they are credited.

pub mod attribution;
pub mod signal;
pub mod store;

pub use signal::SignalKind;
pub use store::Outcome;
