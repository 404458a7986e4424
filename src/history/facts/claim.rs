//! One step of a claim.

use super::{Column, FactType, Kind};

/// What a customer claims under a policy, a guarantee or goodwill, and what it cost.
pub static CLAIM: FactType = FactType {
    name: "claim",
    doc: "one step of a claim: opened, paid, rejected or closed",
    columns: &[
        Column::required("claim_key", Kind::Text, "the company's number of the claim"),
        Column::required("status", Kind::Text, "opened, paid, rejected or closed"),
        Column::optional("kind", Kind::Text, "warranty, damage, liability, goodwill, ..."),
        Column::optional("amount", Kind::Money, "what this step paid, in minor units"),
        Column::optional("order_key", Kind::Text, "the order it is about"),
        Column::optional("reason", Kind::Text, "what it was about"),
    ],
};
