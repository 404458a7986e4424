//! One logged choice.

use super::{Column, FactType, Kind};

/// Choices with the chance they were made with and what came of them: what response models and off-policy values learn from.
pub static DECISION: FactType = FactType {
    name: "decision",
    doc: "one choice of an offer (or none) for a customer, with its propensity and its outcome",
    columns: &[
        Column::required("decision_key", Kind::Text, "the decision's own number"),
        Column::optional("campaign", Kind::Text, "the campaign it was made for"),
        Column::required("offer", Kind::Text, "the offer's key, or none"),
        Column::optional("channel", Kind::Text, "the channel"),
        Column::required(
            "propensity",
            Kind::Float,
            "the chance with which this offer was chosen, above 0 and at most 1",
        ),
        Column::required("arm", Kind::Text, "treated, explore or holdout"),
        Column::required("context", Kind::Json, "the features it was decided on: an object of numbers and strings"),
        Column::optional("converted", Kind::Float, "1 when the customer took it, 0 when not; empty when not known yet"),
        Column::optional("value", Kind::Money, "what it brought, in minor units"),
    ],
};
