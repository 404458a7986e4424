//! Vizavi picks, for each client, the right offer, through the right channel, at the right time, and says how much it was worth.
//!
//! The modules stand in the order in which data flows; none imports one that stands below it (`tests/suite/architecture.rs`).
//!
//! ```text
//!  history -> features -> models -> decisions -> messages -> deliveries -> outcomes -> experiments -> learning
//!     ^                                                                       |                          |
//!     +-----------------------------------------------------------------------+--------------------------+
//! ```

// The vocabulary: what every stage speaks.
pub mod clock;
pub mod error;
pub mod ids;
pub mod money;
pub mod progress;
pub mod random;
pub mod settings;

// What everything stands on.
pub mod rules;
pub mod storage;

// The nouns.
pub mod campaigns;
pub mod customers;
pub mod offers;

// The flow.
pub mod history;

pub mod features;

pub mod models;

pub mod segments;

pub mod decisions;

pub mod messages;

pub mod deliveries;

pub mod outcomes;

pub mod experiments;

pub mod learning;

// Who else is told.
pub mod webhooks;

// What a person or a job asks for, and what they read.
pub mod operations;
pub mod reports;

pub mod simulation;

pub mod jobs;

// The edges.
pub mod api;
pub mod cli;
pub mod console;
pub mod service;

pub use error::{Error, Result};
