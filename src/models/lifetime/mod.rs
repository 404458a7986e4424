//! Lifetime value: how often customers will buy, what a purchase is worth, how long contracts last.
//!
//! ```text
//!  no contract: purchases (BG/NBD, MBG/NBD or Pareto/NBD) x value of a purchase (gamma-gamma) x margin - cost to serve
//!  contract:    survival (shifted beta-geometric) x price x margin
//!                                                                        -> present value, with an interval
//! ```

pub mod bg_nbd;
pub mod contract;
pub mod contracts;
pub mod credibility;
mod draws;
pub mod gamma_gamma;
mod history;
pub mod pareto_nbd;
pub mod purchase_model;
pub mod rhythm;
mod special;
#[cfg(test)]
mod tests;
pub mod worth;

pub use bg_nbd::{BgNbd, Leaving};
pub use contract::{BetaGeometric, Contract};
pub use contracts::{ContractModel, ContractSeen};
pub use credibility::{Exposed, Ratio};
pub use gamma_gamma::{GammaGamma, Spending};
pub use history::Purchases;
pub use pareto_nbd::ParetoNbd;
pub use purchase_model::{PurchaseKind, PurchaseModel};
pub use rhythm::{Gaps, NextKind, NextPurchase, Rhythm};
pub use worth::{Buying, Client, LifetimeModel, NextOrder, Range, Valuer, WEEK_DAYS, Worth};
