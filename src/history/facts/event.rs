//! Something a customer did that is neither an order nor an exchange.

use super::{Column, FactType, Kind};

/// Typed by name: a page viewed, a basket left, a lesson finished. What else is known of it stands in its properties, which the
/// workspace declares.
pub static EVENT: FactType = FactType {
    name: "event",
    doc: "something a customer did, with a name and free properties",
    columns: &[
        Column::required("name", Kind::Text, "what happened: page_view, basket_left, ..."),
        Column::optional("channel", Kind::Text, "where: web, app, shop, ..."),
        Column::optional("campaign", Kind::Text, "the campaign it belongs to"),
        Column::optional("value", Kind::Money, "what it was worth, in minor units"),
        Column::required("properties", Kind::Json, "what else is known: an object of declared properties"),
    ],
};
