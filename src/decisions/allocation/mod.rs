//! The joint choice: maximise the sum of values under all capacities, at most K contacts for a customer and one for an offer.
//!
//! Each scarce resource gets a price (a Lagrange multiplier). At given prices the customers separate: each takes what is worth
//! most after paying for what it uses ([`choose`]). The prices minimise the dual function
//!
//! `D(price) = sum_r price_r capacity_r + sum_i max over choices of (value - cost at the prices)`,
//!
//! which is an upper bound on the value of *every* allocation, whatever the prices (weak duality): that is the proven bound.
//! With many customers D is nearly smooth, so a projected quasi-Newton method ([`minimise`]) needs a few dozen passes; it
//! starts from a sample. [`repair`] turns the choice at the best prices into one that exceeds no capacity, and the gap between
//! its value and the bound is printed with every run.
//!
//! Values and spending are whole ticks (hundredths of a minor unit), so that sums are exact and do not depend on their order;
//! float sums run over blocks of 8,192 customers, combined by index.

pub mod choose;
mod dual;
pub mod instance;
pub mod joint;
mod marginal;
mod minimise;
pub mod prices;
mod problem;
mod repair;
mod solve;

#[cfg(test)]
mod tests;

pub use dual::bound;
pub use prices::{Price, Prices};
pub use problem::{Arm, ArmKind, Problem};
pub use solve::{Allocation, Options, solve};
