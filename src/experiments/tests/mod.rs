//! Golden numbers, and simulations with known truth.

mod reference;
mod simulated;
