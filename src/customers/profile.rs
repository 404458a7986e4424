//! The profile: who a customer is. Personal data lives here and nowhere else.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::{self, Timestamp};
use crate::error::{Error, Fault, Result};
use crate::ids::CustomerId;
use crate::money::Money;
use crate::storage::schema::customer;

/// What a customer is to the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Has not bought.
    Prospect,
    /// Buys.
    #[default]
    Client,
    /// Works here; reached by internal marketing only.
    Employee,
}

impl Kind {
    /// As it stands in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Prospect => "prospect",
            Kind::Client => "client",
            Kind::Employee => "employee",
        }
    }

    /// Reads a kind.
    ///
    /// # Errors
    /// Invalid, naming the kinds there are.
    pub fn parse(text: &str) -> Result<Kind> {
        match text {
            "prospect" => Ok(Kind::Prospect),
            "client" => Ok(Kind::Client),
            "employee" => Ok(Kind::Employee),
            _ => Err(Error::invalid(format!("`{text}` is none of prospect, client, employee"))),
        }
    }
}

/// A person or firm.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customer, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Customer {
    /// Keyed hash of `external_id`.
    pub id: CustomerId,
    /// The company's own key.
    pub external_id: String,
    /// `prospect`, `client` or `employee`.
    pub kind: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name, or the firm's.
    pub last_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Postal address, lines separated by line feeds.
    pub address: Option<String>,
    /// Country, as the company writes it.
    pub country: Option<String>,
    /// BCP 47 language tag; the workspace's when absent.
    pub locale: Option<String>,
    /// IANA zone; the workspace's when absent.
    pub zone: Option<String>,
    /// Key of the household or account whose members share caps.
    pub household: Option<String>,
    /// Objects to profiling: neither trained on nor scored.
    pub profiling_objection: bool,
    /// Agreed that opens and clicks are tied to the person.
    pub tracking: bool,
    /// When the company won the customer.
    pub acquired_at: Option<Timestamp>,
    /// What that cost.
    pub acquisition_cost: Option<Money>,
    /// Further attributes: a JSON object of texts, numbers and booleans.
    pub attributes: String,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Rises with every change; the ETag.
    pub version: i64,
}

impl Customer {
    /// A customer of whom only the key is known: one whose orders came before the profile.
    pub fn unknown(id: CustomerId, external_id: &str, now: Timestamp) -> Customer {
        Customer {
            id,
            external_id: external_id.to_owned(),
            kind: Kind::Client.as_str().into(),
            first_name: None,
            last_name: None,
            email: None,
            phone: None,
            address: None,
            country: None,
            locale: None,
            zone: None,
            household: None,
            profiling_objection: false,
            tracking: false,
            acquired_at: None,
            acquisition_cost: None,
            attributes: "{}".into(),
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// The address by which `channel` reaches this customer.
    pub fn address_for(&self, channel: &str) -> Option<&str> {
        let address = match channel {
            "email" => &self.email,
            "sms" | "call" => &self.phone,
            "letter" => &self.address,
            _ => return Some(&self.external_id),
        };
        address.as_deref().filter(|text| !text.trim().is_empty())
    }

    /// The attributes as JSON.
    pub fn attribute_map(&self) -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(&self.attributes).unwrap_or_default()
    }

    /// Checks what would break later: empty or overlong keys, control characters, impossible zones and addresses.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.external_id.trim().is_empty() || self.external_id.len() > 200 {
            faults.push(Fault::at("external_id", "must have 1 to 200 characters"));
        }
        let texts = [
            ("external_id", Some(&self.external_id)),
            ("first_name", self.first_name.as_ref()),
            ("last_name", self.last_name.as_ref()),
            ("email", self.email.as_ref()),
            ("phone", self.phone.as_ref()),
            ("household", self.household.as_ref()),
        ];
        for (key, text) in texts {
            if text.is_some_and(|text| text.chars().any(char::is_control)) {
                faults.push(Fault::at(key, "holds a control character; remove line breaks and tabs"));
            }
        }
        if let Some(email) = &self.email
            && !is_email(email)
        {
            faults.push(Fault::at("email", "is not an e-mail address (name@domain, at most 254 characters)"));
        }
        if let Some(zone) = &self.zone
            && let Err(error) = clock::zone(zone)
        {
            faults.push(Fault::at("zone", error.message()));
        }
        if let Err(error) = Kind::parse(&self.kind) {
            faults.push(Fault::at("kind", error.message()));
        }
        faults
    }
}

/// Whether a text can be an e-mail address: one `@`, a domain with a dot or `localhost`, no blanks
/// outside quotes, no control character anywhere, at most 254 characters.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    !local.is_empty()
        && local.len() <= 64
        && text.len() <= 254
        && !text.chars().any(char::is_control)
        && (quoted || !local.contains('@'))
        && (quoted || !text.chars().any(char::is_whitespace))
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && (domain.contains('.') || domain == "localhost")
        && domain.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_later_is_refused_now() {
        let mut customer = Customer::unknown(CustomerId(1), "C-1", Timestamp(0));
        assert!(customer.faults().is_empty());
        customer.first_name = Some("Ann\r\nBcc: x@y.z".into());
        customer.email = Some("a@@b".into());
        customer.zone = Some("Mars/Base".into());
        let keys: Vec<String> = customer.faults().into_iter().map(|f| f.key).collect();
        assert_eq!(keys, ["first_name", "email", "zone"]);
    }

    #[test]
    fn email_addresses() {
        for good in ["a@b.c", "\"a b\"@example.com", "o'neil+x@пример.бг", "u@localhost"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["a", "@b.c", "a@", "a b@c.d", "a@b..", "a@b@c.d", "a@.b"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
