//! The closed rule language: who may be shown an offer, who belongs to a segment, who is in an audience.
//!
//! A rule is data, not code: it can only compare named facts with constants and combine such comparisons, so that it always
//! ends, reads nothing but the row it is given, and can be shown in words. It is written in TOML or JSON:
//!
//! ```toml
//! all = [
//!   { field = "churn", op = "ge", value = 0.4 },
//!   { any = [ { field = "zone", op = "eq", value = "Europe/Sofia" }, { field = "orders", op = "gt", value = 3 } ] },
//!   { not = { field = "segments", op = "contains", value = "staff" } },
//! ]
//! ```
//!
//! [`RuleSpec`] (as written) -> [`RuleSpec::check`] against a [`Catalogue`] of the facts there are -> [`Rule`], which
//! [`Rule::evaluate`] applies to a [`Row`]. The logic is three-valued (Kleene): a fact that is missing makes a comparison
//! unknown, and whoever asks [`Rule::holds`] gets `true` only for what is known to be true.

mod check;
mod evaluate;
mod show;
mod spec;
mod value;

pub use check::{Catalogue, Rule};
pub use evaluate::{Failure, Row, Truth};
pub use spec::{Literal, OneOrMany, Op, RuleSpec};
pub use value::{Kind, Value};

/// How deep rules may be nested.
pub const MAX_DEPTH: usize = 32;
