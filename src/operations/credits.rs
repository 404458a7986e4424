//! Contacts and orders of a time, and the credit that each contact gets for them by a stated window and model.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::DeliveryId;
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::measure::purchases::{margin_of_line, within};
use crate::operations::results::arms::rounded;
use crate::operations::train::texts;
use crate::outcomes::attribution::{Conversion, Model, Touch, attribute};

/// Which orders are credited, and how long after a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first instant whose orders count.
    pub from: Timestamp,
    /// The instant after the last.
    pub until: Timestamp,
    /// An order counts within so many microseconds after a contact.
    pub window: i64,
}

/// A contact's share of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Of the order, in millionths.
    pub millionths: u32,
    /// Of its revenue.
    pub revenue: Money,
    /// Of its margin.
    pub margin: Money,
}

/// Contacts and orders by customer.
#[derive(Debug, Default)]
pub struct Told {
    customers: BTreeMap<i64, (Vec<Touch>, Vec<Order>)>,
    /// The campaign of each contact.
    pub campaigns: BTreeMap<DeliveryId, String>,
    /// All orders of the time, credited or not.
    pub orders: usize,
    /// Their revenue.
    pub revenue: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    key: String,
    at: Timestamp,
    revenue: Money,
    margin: Money,
}

/// Reads the orders of the time, and the contacts that may be credited with them.
///
/// # Errors
/// Unavailable, when history does not answer.
pub fn read(ws: &Workspace, period: &Period) -> Result<Told> {
    let mut told = Told::default();
    let snapshot = ws.history().snapshot()?;
    let orders = format!(
        "SELECT customer_id, order_key, min(occurred_at), sum(amount), sum({}) FROM order_item WHERE {} \
         GROUP BY customer_id, order_key",
        margin_of_line(ws.settings().margin),
        within(period.from, period.until)
    );
    snapshot.stream(&orders, |batch| {
        let [customers, amounts, margins] = [0, 3, 4].map(|column| batch.column(column).as_primitive::<Int64Type>());
        let (keys, times) = (texts(batch.column(1)), batch.column(2).as_primitive::<TimestampMicrosecondType>());
        for (row, key) in keys.into_iter().enumerate() {
            let order = Order {
                key: key.unwrap_or_default(),
                at: Timestamp(times.value(row)),
                revenue: Money(amounts.value(row)),
                margin: Money(rounded(margins.value(row))),
            };
            told.orders += 1;
            told.revenue = told.revenue + order.revenue;
            told.customers.entry(customers.value(row)).or_default().1.push(order);
        }
        Ok(())
    })?;
    let touches = format!(
        "SELECT customer_id, delivery_id, occurred_at, campaign FROM interaction \
         WHERE direction = 'out' AND outcome = 'sent' AND delivery_id IS NOT NULL AND {}",
        within(period.from.plus(-period.window), period.until)
    );
    snapshot.stream(&touches, |batch| {
        let [customers, deliveries] = [0, 1].map(|column| batch.column(column).as_primitive::<Int64Type>());
        let (times, campaigns) = (batch.column(2).as_primitive::<TimestampMicrosecondType>(), texts(batch.column(3)));
        for (row, campaign) in campaigns.into_iter().enumerate().filter(|(row, _)| deliveries.is_valid(*row)) {
            let touch = Touch { delivery_id: DeliveryId(deliveries.value(row)), at: Timestamp(times.value(row)) };
            told.campaigns.insert(touch.delivery_id, campaign.unwrap_or_default());
            told.customers.entry(customers.value(row)).or_default().0.push(touch);
        }
        Ok(())
    })?;
    // Query results come in no order; what is shared must not depend on it.
    for (touches, orders) in told.customers.values_mut() {
        touches.sort_by_key(|touch| (touch.at, touch.delivery_id));
        orders.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
    }
    Ok(told)
}

impl Told {
    /// The share of every credited contact in every order.
    pub fn shared(&self, model: Model, period: &Period) -> Vec<(DeliveryId, Share)> {
        let mut all = Vec::new();
        for (touches, orders) in self.customers.values().filter(|(touches, _)| !touches.is_empty()) {
            let as_conversions = |value: &dyn Fn(&Order) -> Money| -> Vec<Conversion> {
                let each =
                    orders.iter().map(|order| Conversion { key: order.key.clone(), at: order.at, value: value(order) });
                each.collect()
            };
            let revenue = attribute(touches, &as_conversions(&|order| order.revenue), period.window, model);
            let margin = attribute(touches, &as_conversions(&|order| order.margin), period.window, model);
            // The same contacts share the same orders in the same order, whatever the value.
            all.extend(revenue.into_iter().zip(margin).map(|(revenue, margin)| {
                let share = Share { millionths: revenue.millionths, revenue: revenue.value, margin: margin.value };
                (revenue.delivery_id, share)
            }));
        }
        all
    }
}
