//! Events: what customers do, by name and with declared properties.

use serde::{Deserialize, Serialize};
use serde_json::Map;
use sha2::{Digest, Sha256};

use super::faults::Faults;
use super::state::Change;
use super::{Desk, Entry, Report, SOURCE};
use crate::clock::Timestamp;
use crate::history::facts::EVENT;
use crate::history::{Fact, Value};
use crate::ids::{self, CustomerId};
use crate::money::Money;

/// Something a customer did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    /// The company's own key of the customer.
    pub customer: String,
    /// What happened: page_view, basket_left, ...
    pub name: String,
    /// What identifies it at its source; its content when absent.
    #[serde(default)]
    pub key: Option<String>,
    /// When; now when absent.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// Where: web, app, shop, ...
    #[serde(default)]
    pub channel: Option<String>,
    /// The campaign it belongs to.
    #[serde(default)]
    pub campaign: Option<String>,
    /// What it was worth, in minor units.
    #[serde(default)]
    pub value: Option<Money>,
    /// What else is known: properties that are declared for its name.
    #[serde(default)]
    pub properties: Map<String, serde_json::Value>,
}

impl Report for NewEvent {
    const NOUN: &'static str = "events";

    fn customer(&self) -> &str {
        &self.customer
    }

    fn read(self, desk: &Desk, customer: CustomerId, faults: &mut Faults, entries: &mut Vec<Entry>) {
        faults.name("name", &self.name);
        faults.optional_key("key", self.key.as_deref());
        faults.optional_name("channel", self.channel.as_deref());
        faults.optional_name("campaign", self.campaign.as_deref());
        faults.amount("value", self.value);
        let at = faults.instant(self.occurred_at);
        let properties = desk.declared.check(&self.name, &self.properties).unwrap_or_else(|found| {
            found.into_iter().for_each(|fault| faults.add(fault));
            Default::default()
        });
        let key = self.key.clone().unwrap_or_else(|| content_key(&self, self.occurred_at, desk.now));
        let values = vec![
            Value::Text(self.name),
            Value::text(&self.channel),
            Value::text(&self.campaign),
            Value::money(self.value),
            Value::Text(properties.shared),
        ];
        debug_assert_eq!(values.len(), EVENT.columns.len());
        let fact = Fact { customer, occurred_at: at, source: SOURCE.into(), key, values };
        entries.push(Entry { fact_type: &EVENT, fact, change: Change::default(), personal: properties.personal });
    }
}

/// The key of a report that names none. With its instant, the same content is the same fact, however often it is sent; without
/// one nothing tells a repetition from a second occurrence, and each report counts.
pub(super) fn content_key<T: Serialize>(report: &T, occurred_at: Option<Timestamp>, now: Timestamp) -> String {
    if occurred_at.is_none() {
        return format!("#{}", ids::fresh(now));
    }
    let content = serde_json::to_vec(report).unwrap_or_default();
    format!("#{}", ids::hex(&Sha256::digest(content)[..16]))
}
