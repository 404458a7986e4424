//! What is asked, and whether it can be answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Fault, Result};
use crate::offers::offer::is_name;
use crate::operations::facts::{CONTEXT, PLACEMENT};
use crate::operations::people::Person;
use crate::rules::Value;
use crate::settings::{ContextKind, Settings};

/// Most customers of one request.
const MOST: usize = 20;
/// Longest text in a context.
const LONGEST: usize = 200;

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The company's own key of the customer.
    #[serde(default)]
    pub customer: Option<String>,
    /// Instead: the keys of a few, at most 20, who are decided for one after another.
    #[serde(default)]
    pub customers: Vec<String>,
    /// The campaign to choose from; all approved ones when absent.
    #[serde(default)]
    pub campaign: Option<String>,
    /// The channel that asks, and would make the contact now; all channels at their own hours when absent.
    #[serde(default)]
    pub channel: Option<String>,
    /// The placement that would show it: offers that name placements are proposed there only.
    #[serde(default)]
    pub placement: Option<String>,
    /// What is known of the moment: facts that `[context]` of the settings declares, for eligibility rules and for the log.
    #[serde(default)]
    pub context: BTreeMap<String, serde_json::Value>,
    /// Whether the answer says why, and why not each other; the log does in any case. Yes when absent.
    #[serde(default = "yes")]
    pub explain: bool,
}

fn yes() -> bool {
    true
}

/// A checked request.
pub(super) struct Asked<'a> {
    pub customers: Vec<&'a str>,
    pub campaign: Option<&'a str>,
    pub channel: Option<&'a str>,
    pub placement: Option<&'a str>,
    pub explain: bool,
    facts: Vec<(Arc<str>, Value)>,
}

impl Request {
    /// The question for one customer, with all campaigns and channels.
    pub fn about(customer: String) -> Request {
        Request { customer: Some(customer), explain: true, ..Request::default() }
    }

    /// Checks it against what the settings declare.
    pub(super) fn check(&self, settings: &Settings) -> Result<Asked<'_>> {
        let mut faults = Vec::new();
        let customers: Vec<&str> = self.customer.iter().chain(&self.customers).map(String::as_str).collect();
        if self.customer.is_some() != self.customers.is_empty() {
            faults.push(Fault::at("customer", "name one `customer`, or a few `customers`"));
        } else if customers.len() > MOST {
            faults.push(Fault::at("customers", format!("{} are too many; ask for at most {MOST}", customers.len())));
        }
        for (i, customer) in self.customers.iter().enumerate() {
            if self.customers[..i].contains(customer) {
                faults.push(Fault::at(format!("customers[{i}]"), "stands twice"));
            }
        }
        if self.placement.as_ref().is_some_and(|placement| !is_name(placement)) {
            faults.push(Fault::at("placement", "must be a name such as home.hero"));
        }
        let mut facts = Vec::with_capacity(self.context.len() + 1);
        facts.extend(self.placement.as_deref().map(|placement| (PLACEMENT.into(), Value::Text(placement.into()))));
        for (name, value) in &self.context {
            match fact(settings.context.get(name), value) {
                Ok(value) => facts.push((format!("{CONTEXT}{name}").into(), value)),
                Err(why) => faults.push(Fault::at(format!("context.{name}"), why)),
            }
        }
        if !faults.is_empty() {
            return Err(Error::faults("the request cannot be answered", faults));
        }
        let [campaign, channel, placement] =
            [&self.campaign, &self.channel, &self.placement].map(|text| text.as_deref());
        Ok(Asked { customers, campaign, channel, placement, explain: self.explain, facts })
    }
}

/// The fact that a value of the context is.
fn fact(kind: Option<&ContextKind>, value: &serde_json::Value) -> Result<Value, String> {
    match (kind, value) {
        (None, _) => Err("is not declared; add it to [context] in vizavi.toml".into()),
        (Some(ContextKind::Flag), serde_json::Value::Bool(flag)) => Ok(Value::Flag(*flag)),
        (Some(ContextKind::Number), serde_json::Value::Number(number)) => {
            number.as_f64().map(Value::Number).ok_or_else(|| "must be a number".into())
        }
        (Some(ContextKind::Text), serde_json::Value::String(text)) => {
            let good = text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
            good.then(|| Value::Text(text.as_str().into()))
                .ok_or_else(|| format!("must have at most {LONGEST} characters and no control characters"))
        }
        (Some(kind), _) => Err(format!("must be {}", kind.words())),
    }
}

impl Asked<'_> {
    /// The person, with what is known of the moment among the facts.
    pub(super) fn seen(&self, mut person: Person) -> Person {
        if !self.facts.is_empty() {
            person.view.facts.extend(self.facts.iter().cloned());
        }
        person
    }
}
