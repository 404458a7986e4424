//! Offers: what is proposed, what it takes off the price of a basket, what it costs, and how much of it there is.

pub mod codes;
pub mod offer;
pub mod store;

pub use offer::{Benefit, OfferSpec, Tier};
