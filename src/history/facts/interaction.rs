//! One exchange with a customer.

use super::{Column, FactType, Kind};

/// Calls, messages, visits, complaints: in either direction.
pub static INTERACTION: FactType = FactType {
    name: "interaction",
    doc: "one exchange with a customer, inbound or outbound",
    columns: &[
        Column::required("direction", Kind::Text, "in (the customer began it) or out (the company did)"),
        Column::required("channel", Kind::Text, "email, sms, call, letter, visit, app, ..."),
        Column::required("reason", Kind::Text, "what it was about: order, complaint, campaign, ..."),
        Column::optional("outcome", Kind::Text, "what came of it: opened, clicked, solved, bounced, ..."),
        Column::optional("duration_s", Kind::Float, "how long it took, in seconds"),
        Column::optional("cost", Kind::Money, "what it cost, in minor units, where it was measured"),
        Column::optional("campaign", Kind::Text, "the campaign it belongs to"),
        Column::optional("delivery_id", Kind::Int, "the delivery it answers"),
    ],
};
