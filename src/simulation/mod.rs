//! A company with known truth: its clients, their past, and what each of them would do under every treatment.
//!
//! Everything is pure and follows from a seed, so that a demo, a test and a bench see the same world. What the engine may know
//! (orders, contacts, opens, calls) is exported as files and imported like any company's; what it may not know (kinds, response
//! probabilities) stays here and judges its choices.
//!
//! ```text
//!  catalogue + person -> life (24 months) -> company -> export ----> import, train, decide (elsewhere)
//!                                              |                              | contacts
//!                                            truth -> policies, oracle        v
//!                                              +----------------------------> world -> facts, true profit -> story
//! ```

pub mod cast;
pub mod catalogue;
pub mod company;
pub mod economics;
pub mod export;
pub mod life;
pub mod market;
pub mod measure;
pub mod oracle;
pub mod order;
pub mod person;
pub mod policies;
pub mod records;
pub mod story;
pub mod table;
pub mod truth;
mod turn;
pub mod world;

pub use catalogue::{Channel, OFFERS, OfferTerms};
pub use company::{Company, Shape};
pub use market::{Assignment, Capacities, Market};
pub use person::{Kind, Person};
pub use truth::{Effect, State, Treatment};
pub use world::{Contact, Facts, World};
