//! Steps of claims.

use serde::{Deserialize, Serialize};

use super::event::content_key;
use super::faults::Faults;
use super::state::Change;
use super::{Desk, Entry, Report, SOURCE};
use crate::clock::Timestamp;
use crate::history::facts::CLAIM;
use crate::history::{Fact, Value};
use crate::ids::CustomerId;
use crate::money::Money;

/// One step of a claim: opened, paid, rejected or closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewClaim {
    /// The company's own key of the customer.
    pub customer: String,
    /// The company's number of the claim.
    pub claim: String,
    /// `opened`, `paid`, `rejected` or `closed`.
    pub status: String,
    /// What identifies this step at its source; its content when absent.
    #[serde(default)]
    pub key: Option<String>,
    /// When; now when absent.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// warranty, damage, liability, goodwill, ...
    #[serde(default)]
    pub kind: Option<String>,
    /// What this step paid, in minor units.
    #[serde(default)]
    pub amount: Option<Money>,
    /// The order it is about.
    #[serde(default)]
    pub order: Option<String>,
    /// What it was about.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Report for NewClaim {
    const NOUN: &'static str = "claims";

    fn customer(&self) -> &str {
        &self.customer
    }

    fn read(self, desk: &Desk, customer: CustomerId, faults: &mut Faults, entries: &mut Vec<Entry>) {
        faults.key("claim", &self.claim);
        faults.one_of("status", &self.status, &["opened", "paid", "rejected", "closed"]);
        faults.optional_key("key", self.key.as_deref());
        faults.optional_name("kind", self.kind.as_deref());
        faults.optional_key("order", self.order.as_deref());
        faults.optional_name("reason", self.reason.as_deref());
        faults.amount("amount", self.amount);
        let at = faults.instant(self.occurred_at);
        let key = self.key.clone().unwrap_or_else(|| content_key(&self, self.occurred_at, desk.now));
        let values = CLAIM.columns.iter().map(|column| match column.name {
            "claim_key" => Value::Text(self.claim.clone()),
            "status" => Value::Text(self.status.clone()),
            "kind" => Value::text(&self.kind),
            "amount" => Value::money(self.amount),
            "order_key" => Value::text(&self.order),
            "reason" => Value::text(&self.reason),
            _ => Value::Null,
        });
        let fact = Fact { customer, occurred_at: at, source: SOURCE.into(), key, values: values.collect() };
        entries.push(Entry { fact_type: &CLAIM, fact, change: Change::default(), personal: None });
    }
}
