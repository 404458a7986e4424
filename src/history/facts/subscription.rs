//! One change of a contract.

use super::{Column, FactType, Kind};

/// A contract begins, is renewed, changes or ends. Its end is a fact of its own, at its own time: were it a column of the
/// beginning, whoever looks back to a day in between would see the future.
pub static SUBSCRIPTION: FactType = FactType {
    name: "subscription",
    doc: "one change of a contract: it began, was renewed, changed or ended",
    columns: &[
        Column::required("subscription_key", Kind::Text, "the company's number of the contract"),
        Column::required("status", Kind::Text, "started, renewed, changed or ended"),
        Column::optional("plan", Kind::Text, "the package"),
        Column::optional("price", Kind::Money, "price of a period, in minor units"),
        Column::optional("period_days", Kind::Int, "length of a period, in days"),
        Column::optional(
            "paid_until",
            Kind::Time,
            "the instant up to which it is paid, as known at the time of this fact",
        ),
        Column::optional("reason", Kind::Text, "why it changed or ended"),
    ],
};
