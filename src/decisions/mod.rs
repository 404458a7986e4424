//! The decision: which offer, through which channel, at which moment, or nothing.
//!
//! ```text
//!  CustomerView + Candidates -> rules -> contact policy -> value -> arm (holdout, exploration) -> prices -> Decision + trace
//!                                                                                                 ^
//!                              batch: allocation finds one price per scarce resource -------------+  (real time reads them)
//! ```
//!
//! [`decide`](decide::decide) is pure and for one customer; a batch ([`batch::decide_batch`]) finds the prices by the very same
//! per-customer choice and then calls it for everyone, so that batch and real time cannot disagree.

pub mod allocation;
pub mod assignment;
pub mod batch;
pub mod candidate;
pub mod capacity;
pub mod contact_policy;
pub mod decide;
pub mod decision;
pub mod earned;
pub mod exploration;
pub mod joint;
pub mod pacing;
pub mod policy;
pub mod reservation;
pub mod review;
pub mod sensitivity;
pub mod store;
pub mod trace;
pub mod value;
pub mod view;
pub mod waterfall;

pub use batch::{BatchResult, Person, decide_batch};
pub use candidate::{Candidate, Resource, Resources, Slot, Treatment, Unit, Uses};
pub use contact_policy::{ContactFacts, ContactPolicy, ContactRequest, MessageClass, Refusal, Verdict, check_contact};
pub use decide::{Within, decide, decide_within};
pub use decision::{Arm, Choice, Decision};
pub use policy::DecisionPolicy;
pub use trace::{CandidateTrace, Outcome, Trace};
pub use value::{Value, ValueTerms};
pub use view::{Consent, Contact, CustomerView, Facts};

#[cfg(test)]
mod tests;
