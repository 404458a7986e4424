//! What the logged decisions teach: the value of a policy that did not make them, and whether it may serve.
//!
//! ```text
//!  decisions with propensity + outcomes -> off_policy (value, gain, support) -> promotion -> the policy that serves
//! ```

pub mod off_policy;
pub mod promotion;
