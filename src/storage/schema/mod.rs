//! The tables as diesel knows them, in the order of the columns in `migrations/`; a test compares them with both stores.

#![allow(missing_docs)] // diesel writes the columns, which carry no docs of their own

mod campaigns;
mod customers;
mod deliveries;
pub mod history;
mod offers;
mod workspaces;

pub use campaigns::{campaign, campaign_run, campaign_version};
pub use customers::{consent, contact_ledger, customer, customer_state, suppression};
pub use deliveries::{delivery, delivery_brake, delivery_pace};
pub use offers::offer;
pub use workspaces::{audit, workspace};
