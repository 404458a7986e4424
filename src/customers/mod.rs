//! Customers: who they are, what they agreed to, where they may not be reached, what we know at once, and what contacts they had.

pub mod bulk;
pub mod change;
pub mod consent;
pub mod contact_ledger;
pub mod identity;
pub mod merge;
pub mod merge_request;
pub mod origin;
pub mod profile;
pub mod prospects;
pub mod service;
pub mod state;
pub mod store;
pub mod suppression;
pub mod totals;

pub use consent::Consent;
pub use contact_ledger::Contact;
pub use identity::Aliases;
pub use origin::Origin;
pub use profile::{Customer, Kind};
pub use state::{CustomerState, Totals};
