//! The scorecard against an independent recomputation: each indicator again, by SQL over sealed history and rows of the store; what the
//! company steers by; prospects; the service side; export.

mod company;
mod export;
mod prospects;
mod recomputed;
mod service;
mod steering;
