//! One line that came back.

use super::FactType;
use super::order_item::LINE;

/// Lines of returns and cancellations; amounts and quantities are positive, as on the order.
pub static RETURN_ITEM: FactType =
    FactType { name: "return_item", doc: "one line that a customer brought back or cancelled", columns: LINE };
