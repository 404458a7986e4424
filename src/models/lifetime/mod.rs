//! Lifetime value: how often customers will buy, what a purchase is worth, how long contracts last.
//!
//! ```text
//!  no contract: purchases (BG/NBD; challengers MBG/NBD, Pareto/NBD) x value of a purchase (gamma-gamma)
//!  contract:    survival (shifted beta-geometric)
//! ```

pub mod bg_nbd;
pub mod contract;
pub mod gamma_gamma;
mod history;
pub mod pareto_nbd;
mod special;
#[cfg(test)]
mod tests;

pub use bg_nbd::{BgNbd, Leaving};
pub use contract::{BetaGeometric, Contract};
pub use gamma_gamma::{GammaGamma, Spending};
pub use history::Purchases;
pub use pareto_nbd::ParetoNbd;
