//! Response: P(convert | customer, offer, channel), and without any contact, learned from logged decisions.
//!
//! A logistic regression on quantile bins of what is known of the customer, on the offer and the channel, and on their crosses: so
//! that each offer may suit other customers. "No contact" is one arm among the offers: its rate is the baseline against which an
//! offer's effect counts. Where little has been logged, the marketer's stated rate speaks, with the weight that they gave it.
//!
//! Boosted trees, and blends with them, challenge the regression where the spec says so; what a contact *changes* is learned from
//! decisions that were left to chance (`models/uplift`).

mod describing;
mod encoding;
mod logged;
mod model;
mod training;
mod treatments;

/// The one arm of models of who buys later: a contact, with whatever offer. All offers together tell more of it than each alone.
pub const ANY_OFFER: &str = "any";

pub use describing::Describing;
pub use encoding::ContextEncoder;
pub use logged::{Context, Features, LoggedDecision, NamedRow};
pub use model::{EncodedCustomer, Estimate, ResponseArm, ResponseModel};
pub(crate) use training::stabilised_weights;
pub use training::{OfferPrior, ResponseParams};

#[cfg(test)]
mod tests;
