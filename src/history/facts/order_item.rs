//! One line of an order.

use super::{Column, FactType, Kind};

/// What is known of a line, bought or brought back; a return has the same shape.
pub(super) const LINE: &[Column] = &[
    Column::required("order_key", Kind::Text, "the company's number of the order"),
    Column::required("sku", Kind::Text, "the article"),
    Column::optional("category", Kind::Text, "the article's group"),
    Column::optional("description", Kind::Text, "the article's name"),
    Column::required("quantity", Kind::Int, "pieces"),
    Column::required("amount", Kind::Money, "what the line was sold for, after discount, in minor units"),
    Column::optional("cost", Kind::Money, "cost of goods of the line, in minor units"),
    Column::optional("discount", Kind::Money, "discount already taken off the amount, in minor units"),
    Column::optional("channel", Kind::Text, "where it was bought: shop, web, call, ..."),
];

/// Lines of orders; amounts are positive.
pub static ORDER_ITEM: FactType =
    FactType { name: "order_item", doc: "one line of an order that a customer placed", columns: LINE };
