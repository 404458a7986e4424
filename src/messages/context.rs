//! What a template may say: the variables of a message, frozen when the delivery is planned.
//!
//! They are kept as JSON beside the delivery, so that a message rendered an hour or a restart later says what was decided.
//! Links are not among them: they are signed when the message is made.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::money::{Currency, Money};

/// The frozen variables of one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variables {
    /// Which variant of the campaign's templates.
    pub variant: String,
    /// The customer's language; the templates fall back to English.
    pub locale: String,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The IANA zone in which dates are shown.
    pub zone: String,
    /// Whether the customer agreed that opens and clicks are counted by name.
    #[serde(default)]
    pub tracking: bool,
    /// The campaign's name and what it is for.
    pub campaign: CampaignView,
    /// Who is written to.
    pub customer: CustomerView,
    /// What is proposed; none in a message without an offer.
    pub offer: Option<OfferView>,
    /// Recommended products.
    #[serde(default)]
    pub products: Vec<ProductView>,
    /// Who writes.
    pub sender: SenderView,
    /// The campaign's own variables, declared in its `sample.json`.
    #[serde(default)]
    pub properties: Map<String, Value>,
}

/// The campaign as a message may name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignView {
    /// Its name.
    pub name: String,
}

/// The customer as a message may name them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerView {
    /// The full name, also of a firm.
    pub name: String,
    /// What a letter begins with.
    pub first_name: Option<String>,
    /// The number to call, for the phone team.
    pub phone: Option<String>,
    /// How many orders they have made.
    pub orders: i64,
    /// When the last one was.
    pub last_order_at: Option<Timestamp>,
    /// When they became a customer.
    pub customer_since: Option<Timestamp>,
}

/// The offer as a message may name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferView {
    /// What it is called.
    pub name: String,
    /// One or two sentences about it.
    pub description: Option<String>,
    /// The discount in percent, when it is one.
    pub discount_percent: Option<f64>,
    /// The discount as an amount, when it is one.
    pub discount: Option<Money>,
    /// The basket from which it holds.
    pub minimum_basket: Option<Money>,
    /// Steps: the more is bought, the more is saved.
    #[serde(default)]
    pub tiers: Vec<TierView>,
    /// The code to give at the till.
    pub code: Option<String>,
    /// Until when it holds.
    pub valid_until: Option<Timestamp>,
    /// A picture.
    pub image: Option<String>,
    /// The firm that gives it, when it is not the sender.
    pub partner: Option<String>,
    /// The terms in short.
    pub terms: Option<String>,
    /// Where a click leads.
    pub url: Option<String>,
}

/// One step of a tiered offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TierView {
    /// The basket from which the step holds.
    pub from: Money,
    /// The discount in percent, when it is one.
    pub discount_percent: Option<f64>,
    /// The discount as an amount, when it is one.
    pub discount: Option<Money>,
}

/// A recommended product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductView {
    /// What it is called.
    pub name: String,
    /// What it costs.
    pub price: Option<Money>,
    /// A picture.
    pub image: Option<String>,
    /// Where a click leads.
    pub url: String,
}

/// The sender as a message must name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SenderView {
    /// The brand.
    pub name: String,
    /// The postal address, which commercial messages must show.
    pub postal_address: String,
    /// Where to call.
    pub phone: Option<String>,
    /// The site.
    pub website: String,
}

/// Every variable with a value: what templates are checked against and previewed with. A campaign's `sample.json` may
/// replace values and declare its own under `properties`.
pub fn catalogue() -> Value {
    json!({
        "variant": "a", "locale": "en", "currency": "EUR", "zone": "Europe/Sofia", "tracking": true,
        "campaign": {"name": "win-back"},
        "customer": {
            "name": "Anna Petrova", "first_name": "Anna", "phone": "+359 2 555 0100", "orders": 12,
            "last_order_at": "2026-01-12T10:00:00Z", "customer_since": "2023-04-02T09:00:00Z",
        },
        "offer": {
            "name": "10 % on your next order", "description": "Our thanks for staying with us.", "discount_percent": 10.0,
            "discount": 500, "minimum_basket": 3000,
            "tiers": [
                {"from": 3000, "discount_percent": 10.0, "discount": 300},
                {"from": 6000, "discount_percent": 15.0, "discount": 900},
            ],
            "code": "THANKS10", "valid_until": "2026-03-31T21:00:00Z", "image": "https://shop.example/offer.png",
            "partner": "Partner Ltd", "terms": "One use per customer.", "url": "https://shop.example/offer",
        },
        "products": [
            {"name": "Ceramic mug", "price": 1290, "image": "https://shop.example/mug.png", "url": "https://shop.example/mug"},
        ],
        "sender": {
            "name": "Vizavi Shop", "postal_address": "1 Vitosha Blvd, 1000 Sofia, Bulgaria", "phone": "+359 2 555 0199",
            "website": "https://shop.example/",
        },
        "properties": {},
        "links": {
            "offer": "https://mail.example/t/token", "unsubscribe": "https://mail.example/u/token",
            "preferences": "https://mail.example/preferences/token", "open": "https://mail.example/o/token",
        },
    })
}

/// Lays `sample` over the catalogue: objects are merged, other values replaced.
pub fn with_sample(sample: &Value) -> Value {
    let mut whole = catalogue();
    if sample.is_object() {
        merge(&mut whole, sample);
    }
    whole
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_holds_exactly_the_variables_and_the_links() {
        let mut catalogue = catalogue();
        let links = catalogue.as_object_mut().unwrap().remove("links").unwrap();
        assert_eq!(links.as_object().unwrap().len(), 4);
        let read: Variables = serde_json::from_value(catalogue.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), catalogue);
    }

    #[test]
    fn a_sample_adds_properties() {
        let whole = with_sample(&json!({"properties": {"points": 40}, "customer": {"orders": 1}}));
        assert_eq!((whole["properties"]["points"].as_i64(), whole["customer"]["orders"].as_i64()), (Some(40), Some(1)));
        assert_eq!(whole["customer"]["first_name"], "Anna");
    }
}
