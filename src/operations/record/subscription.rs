//! Steps of contracts.

use serde::{Deserialize, Serialize};

use super::event::content_key;
use super::faults::Faults;
use super::state::Change;
use super::{Desk, Entry, Report, SOURCE};
use crate::clock::Timestamp;
use crate::history::facts::SUBSCRIPTION;
use crate::history::{Fact, Value};
use crate::ids::CustomerId;
use crate::money::Money;

/// One change of a contract: it began, was renewed, changed or ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSubscription {
    /// The company's own key of the customer.
    pub customer: String,
    /// The company's number of the contract.
    pub subscription: String,
    /// `started`, `renewed`, `changed` or `ended`.
    pub status: String,
    /// What identifies this change at its source; its content when absent.
    #[serde(default)]
    pub key: Option<String>,
    /// When; now when absent.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// The package.
    #[serde(default)]
    pub plan: Option<String>,
    /// Price of a period, in minor units.
    #[serde(default)]
    pub price: Option<Money>,
    /// Length of a period, in days.
    #[serde(default)]
    pub period_days: Option<i64>,
    /// Up to when it is paid, as known at the time of the change; may lie in the future.
    #[serde(default)]
    pub paid_until: Option<Timestamp>,
    /// Why it changed or ended.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Report for NewSubscription {
    const NOUN: &'static str = "subscriptions";

    fn customer(&self) -> &str {
        &self.customer
    }

    fn read(self, desk: &Desk, customer: CustomerId, faults: &mut Faults, entries: &mut Vec<Entry>) {
        faults.key("subscription", &self.subscription);
        faults.one_of("status", &self.status, &["started", "renewed", "changed", "ended"]);
        faults.optional_key("key", self.key.as_deref());
        faults.optional_name("plan", self.plan.as_deref());
        faults.optional_name("reason", self.reason.as_deref());
        faults.amount("price", self.price);
        let length = self.period_days.is_none_or(|days| (1..=36_600).contains(&days));
        faults.demand(length, "period_days", "must lie within 1..36600 days");
        let at = faults.instant(self.occurred_at);
        let key = self.key.clone().unwrap_or_else(|| content_key(&self, self.occurred_at, desk.now));
        let values = SUBSCRIPTION.columns.iter().map(|column| match column.name {
            "subscription_key" => Value::Text(self.subscription.clone()),
            "status" => Value::Text(self.status.clone()),
            "plan" => Value::text(&self.plan),
            "price" => Value::money(self.price),
            "period_days" => self.period_days.map_or(Value::Null, Value::Int),
            "paid_until" => self.paid_until.map_or(Value::Null, |until| Value::Int(until.0)),
            "reason" => Value::text(&self.reason),
            _ => Value::Null,
        });
        let fact = Fact { customer, occurred_at: at, source: SOURCE.into(), key, values: values.collect() };
        entries.push(Entry { fact_type: &SUBSCRIPTION, fact, change: Change::default(), personal: None });
    }
}
