//! Did it work? Statistics of experiments as pure functions of sufficient statistics.
//!
//! ```text
//!  sums per arm -> statistic -> effect -> frequentist | sequential | bayesian -> verdict
//!  (SQL)              |          |  ^                                              ^
//!                     |          |  cuped                       sample_ratio ------+
//!                     +----------+----------------------------> lift (profit against holdout)
//! ```
//!
//! Arm `a` is the control, arm `b` the treatment. Degenerate input is a [`Degenerate`] value with words for a person, never
//! NaN: every function here either gives finite numbers or says why there are none.

pub mod adaptive;
pub mod analyse;
pub mod bayesian;
pub mod cuped;
mod degenerate;
pub mod distribution;
pub mod effect;
pub mod frequentist;
pub mod lift;
pub mod multiplicity;
pub mod power;
pub mod proportions;
pub mod sample_ratio;
pub mod sequential;
pub mod statistic;
pub mod store;
pub mod verdict;

#[cfg(test)]
mod tests;

pub use analyse::analyse;
pub use degenerate::Degenerate;
pub use effect::{Difference, Effect, Level, Sides};
pub use statistic::Statistic;
