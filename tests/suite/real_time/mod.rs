//! Decisions in real time: what they answer, and that nothing is used beyond what there is.

mod answers;
mod policy;
mod reviews;
mod shares;
pub mod shop;
mod together;
