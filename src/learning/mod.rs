//! What the logged decisions teach: the value of a policy that did not make them, and whether it may serve.
//!
//! ```text
//!  decisions with propensity + outcomes -> off_policy (value, gain, support) -> promotion -> the policy that serves
//!                                           `-> comparison (which of several is best, or that the data do not tell)
//! ```

pub mod comparison;
pub mod off_policy;
pub mod promotion;

#[cfg(test)]
mod real_logs;
