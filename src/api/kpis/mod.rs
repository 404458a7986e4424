//! `/v1/kpis`: the scorecard, and what the company steers by.

pub mod questions;
pub mod routes;
pub mod scorecard;
pub mod steering;
