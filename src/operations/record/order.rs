//! Orders and returns.

use serde::{Deserialize, Serialize};

use super::faults::Faults;
use super::state::Change;
use super::{Desk, Entry, Report, SOURCE, cost};
use crate::clock::Timestamp;
use crate::history::facts::{FactType, ORDER_ITEM, RETURN_ITEM};
use crate::history::{Fact, Value};
use crate::ids::CustomerId;
use crate::money::Money;

/// Most lines of one order.
const MOST_ITEMS: usize = 1_000;

/// An order, or a return of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// The company's own key of the customer.
    pub customer: String,
    /// The company's number of the order.
    pub order: String,
    /// When; now when absent.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// The currency of the amounts; must be the workspace's.
    #[serde(default)]
    pub currency: Option<String>,
    /// Where it was bought: shop, web, call, ...
    #[serde(default)]
    pub channel: Option<String>,
    /// Whether the lines were brought back.
    #[serde(default)]
    pub returned: bool,
    /// The lines.
    pub items: Vec<NewItem>,
}

/// A line of an order. Amounts in minor units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// The article.
    pub sku: String,
    /// Pieces.
    pub quantity: i64,
    /// What the line was sold for, after discount.
    pub amount: Money,
    /// Cost of goods of the line.
    #[serde(default)]
    pub cost: Option<Money>,
    /// Discount already taken off.
    #[serde(default)]
    pub discount: Option<Money>,
    /// The article's group.
    #[serde(default)]
    pub category: Option<String>,
}

impl Report for NewOrder {
    const NOUN: &'static str = "orders";

    fn customer(&self) -> &str {
        &self.customer
    }

    fn read(self, desk: &Desk, customer: CustomerId, faults: &mut Faults, entries: &mut Vec<Entry>) {
        self.check(desk, faults);
        let at = faults.instant(self.occurred_at);
        let fact_type = if self.returned { &RETURN_ITEM } else { &ORDER_ITEM };
        for (line, item) in self.items.iter().enumerate() {
            let change = self.change(desk, item, line == 0, at);
            let fact = self.fact(fact_type, item, line, customer, at);
            entries.push(Entry { fact_type, fact, change, personal: None });
        }
    }
}

impl NewOrder {
    fn check(&self, desk: &Desk, faults: &mut Faults) {
        faults.key("order", &self.order);
        faults.optional_name("channel", self.channel.as_deref());
        let currency = desk.settings.currency.code();
        if self.currency.as_deref().is_some_and(|given| given != currency) {
            let message = format!("this workspace keeps its amounts in {currency}; convert them first");
            faults.demand(false, "currency", &message);
        }
        faults.demand(!self.items.is_empty(), "items", "an order needs at least one line");
        faults.demand(self.items.len() <= MOST_ITEMS, "items", "an order has at most 1000 lines");
        for (line, item) in self.items.iter().enumerate().take(MOST_ITEMS) {
            item.check(&format!("items[{line}]"), faults);
        }
    }

    /// An order counts with its first line, and a return costs once: every report of one begins with its first line, which is
    /// new only once.
    fn change(&self, desk: &Desk, item: &NewItem, first: bool, at: Timestamp) -> Change {
        let margin = cost::margin(desk.settings, item.amount, item.cost);
        if self.returned {
            let cost = if first { cost::of_return(desk.settings) } else { Money::ZERO };
            return Change { margin: -margin, cost, ..Change::default() };
        }
        Change { orders: i64::from(first), revenue: item.amount, margin, ordered_at: Some(at), ..Change::default() }
    }

    fn fact(&self, fact_type: &FactType, item: &NewItem, line: usize, customer: CustomerId, at: Timestamp) -> Fact {
        let values = fact_type.columns.iter().map(|column| match column.name {
            "order_key" => Value::Text(self.order.clone()),
            "sku" => Value::Text(item.sku.clone()),
            "category" => Value::text(&item.category),
            "quantity" => Value::Int(item.quantity),
            "amount" => Value::Int(item.amount.0),
            "cost" => Value::money(item.cost),
            "discount" => Value::money(item.discount),
            "channel" => Value::text(&self.channel),
            _ => Value::Null,
        });
        let key = format!("{}/{line}", self.order);
        Fact { customer, occurred_at: at, source: SOURCE.into(), key, values: values.collect() }
    }
}

impl NewItem {
    fn check(&self, key: &str, faults: &mut Faults) {
        let of = |field: &str| format!("{key}.{field}");
        faults.name(&of("sku"), &self.sku);
        faults.optional_name(&of("category"), self.category.as_deref());
        faults.demand(
            (1..=1_000_000_000).contains(&self.quantity),
            &of("quantity"),
            "must be above 0; what was brought back is an order with `returned`",
        );
        for (field, amount) in [("amount", Some(self.amount)), ("cost", self.cost), ("discount", self.discount)] {
            faults.amount(&of(field), amount);
        }
    }
}
