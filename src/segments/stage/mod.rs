//! Where a customer stands: prospect, new, active, loyal, at risk, lapsed, won back; since when, and how that came.

mod rules;
pub mod store;

pub use rules::{Course, Doubt, Pace, Stage, Step, course};
