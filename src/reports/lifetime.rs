//! What a customer has brought and is expected to bring, as people and programs see it.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::ids::ModelVersionId;
use crate::models::lifetime_score::LifetimeScore;
use crate::money::{Currency, Money};

/// Historic, predicted and total value apart, in minor units; the orders and the next order to come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LifetimeShown {
    /// As of when.
    pub as_of: Timestamp,
    /// Which fit says so.
    pub model_version: ModelVersionId,
    /// Share that the intervals are to hold.
    pub interval: f64,
    /// Profit so far: margin less cost to serve.
    pub historic: Money,
    /// Present value of margins less cost to serve within the value's horizon.
    pub predicted: Span<Money>,
    /// Days of that horizon.
    pub value_days: i32,
    /// Part of the predicted that contracts bring.
    pub of_contracts: Money,
    /// Historic and predicted together.
    pub total: Money,
    /// Orders within their horizon.
    pub orders: Span<f64>,
    /// Days of that horizon.
    pub horizon_days: i32,
    /// Chance that the customer is still there. Do not rank by it.
    pub p_alive: Option<f64>,
    /// The next order.
    pub next_order: Option<NextOrderShown>,
}

/// An expectation and its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Span<T> {
    /// What is expected.
    pub expected: T,
    /// Lower end.
    pub low: T,
    /// Upper end.
    pub high: T,
}

/// The next order, given that it comes within the horizon of the orders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NextOrderShown {
    /// Chance that it comes within that horizon.
    pub chance: f64,
    /// When, in the middle of all cases.
    pub at: Timestamp,
    /// Lower end of the interval.
    pub from: Timestamp,
    /// Upper end.
    pub until: Timestamp,
    /// Expected amount.
    pub amount: Money,
}

impl LifetimeShown {
    /// Shows a score.
    pub fn of(score: &LifetimeScore) -> LifetimeShown {
        let next = score.next_order_at().zip(score.order_value).zip(score.order_chance);
        LifetimeShown {
            as_of: score.computed_at,
            model_version: score.model_version_id,
            interval: score.interval_share,
            historic: score.historic,
            predicted: Span { expected: score.predicted, low: score.predicted_low, high: score.predicted_high },
            value_days: score.value_days,
            of_contracts: score.of_contracts,
            total: score.total(),
            orders: Span {
                expected: score.expected_orders,
                low: f64::from(score.orders_low),
                high: f64::from(score.orders_high),
            },
            horizon_days: score.horizon_days,
            p_alive: score.p_alive,
            next_order: next.map(|(([from, at, until], amount), chance)| NextOrderShown {
                chance,
                at,
                from,
                until,
                amount,
            }),
        }
    }

    /// In a few lines: (label, text).
    pub fn words(&self, currency: Currency) -> Vec<(&'static str, String)> {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let (money, day) = (|amount| currency.show(amount), |at: Timestamp| at.to_string()[..10].to_owned());
        let mut lines = vec![
            (
                "lifetime",
                format!(
                    "{} so far, {} to come within {} days ({}: {} to {}), {} in all",
                    money(self.historic),
                    money(self.predicted.expected),
                    self.value_days,
                    percent(self.interval),
                    money(self.predicted.low),
                    money(self.predicted.high),
                    money(self.total)
                ),
            ),
            (
                "orders",
                format!(
                    "{:.1} expected within {} days ({}: {} to {})",
                    self.orders.expected,
                    self.horizon_days,
                    percent(self.interval),
                    self.orders.low,
                    self.orders.high
                ),
            ),
        ];
        if let Some(alive) = self.p_alive {
            lines.push(("still here", percent(alive)));
        }
        if let Some(next) = &self.next_order {
            lines.push((
                "next order",
                format!(
                    "{} to come within {} days; then on {} ({}: {} to {}), about {}",
                    percent(next.chance),
                    self.horizon_days,
                    day(next.at),
                    percent(self.interval),
                    day(next.from),
                    day(next.until),
                    money(next.amount)
                ),
            ));
        }
        lines
    }
}
