//! Profitability per client: who earns, who costs, why, since when, and what could be.
//!
//! | file | what |
//! |---|---|
//! | `lines.rs`, `query.rs` | the lines of profit and loss, and the SQL that adds them up by client and month |
//! | `credibility.rs` | claims at a credibility-weighted expected cost |
//! | `client.rs`, `cohort.rs` | one client's account; payback of the cost of winning, per client and per quarter |
//! | `tenure.rs`, `whale.rs`, `repair.rs`, `potential.rs` | unprofitable clients by tenure, the whale curve, causes and repairs, share of wallet |
//! | `report.rs`, `statement.rs` | the whole base; one client |
//! | `activity.rs`, `equity.rs`, `survival.rs` | who is active; what came into the base and went out; who stayed |
//! | `kept.rs`, `export.rs` | reports as made last; every client's lines as a file |
//!
//! What each figure includes stands in `docs/PROFIT.md`.

pub mod activity;
pub mod client;
pub mod cohort;
pub mod credibility;
pub mod equity;
pub mod export;
pub mod kept;
pub mod lines;
pub mod potential;
pub mod query;
pub mod repair;
pub mod report;
pub mod statement;
pub mod survival;
pub mod tenure;
pub mod whale;

pub use equity::{EquityReport, equity};
pub use report::{ProfitReport, report};
pub use statement::{ClientStatement, statement};
