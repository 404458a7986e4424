//! The catalogue of events: which properties an event of a name may carry, and which of them are personal.
//!
//! A property that nobody declared is refused, so that a typing error does not become a column. Personal properties (a search
//! text, a delivery address) never enter history's files: they stand in the store beside the event's key, where erasure
//! removes them at once. An event without properties needs no declaration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};

pub mod store;
#[cfg(test)]
mod tests;

/// Longest name of an event, in characters.
pub const LONGEST_NAME: usize = 100;
/// Longest text of a property, in characters.
const LONGEST_TEXT: usize = 2_000;
/// Most properties of one name.
const MOST_PROPERTIES: usize = 100;

/// What a property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PropertyKind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// An instant: `2026-01-31T12:00:00Z`, or a date.
    Time,
}

/// A declared property: its kind alone (`sku = "text"`), or with what else is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Property {
    /// What it holds.
    pub kind: PropertyKind,
    /// Whether it says something about a person; then it stays in the store.
    #[serde(default)]
    pub personal: bool,
}

/// A property as people write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Kind(PropertyKind),
    Table(Table),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kind: PropertyKind,
    #[serde(default)]
    personal: bool,
}

impl From<Written> for Property {
    fn from(written: Written) -> Property {
        match written {
            Written::Kind(kind) => Property { kind, personal: false },
            Written::Table(Table { kind, personal }) => Property { kind, personal },
        }
    }
}

/// What is declared of events of one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventType {
    /// What it means, in people's words.
    #[serde(default)]
    pub title: String,
    /// The properties, by name.
    #[serde(default)]
    pub properties: BTreeMap<String, Property>,
}

impl EventType {
    /// Every fault of a declaration under `name`.
    pub fn faults(&self, name: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !is_name(name, LONGEST_NAME) {
            faults.push(Fault::at("name", "must have 1 to 100 characters and no control characters"));
        }
        if self.title.chars().count() > 200 || self.title.chars().any(char::is_control) {
            faults.push(Fault::at("title", "must have at most 200 characters and no control characters"));
        }
        if self.properties.len() > MOST_PROPERTIES {
            faults.push(Fault::at("properties", format!("declare at most {MOST_PROPERTIES}")));
        }
        for property in self.properties.keys().filter(|property| !is_name(property, 64)) {
            let key = format!("properties.{}", property.escape_default());
            faults.push(Fault::at(key, "a name must have 1 to 64 characters and no control characters"));
        }
        faults
    }

    /// Whether this declaration can follow `former`.
    ///
    /// # Errors
    /// Conflict, when a property becomes personal: history may hold it already, and would keep it when the person is erased.
    pub fn can_follow(&self, former: &EventType) -> Result<()> {
        for (name, _) in self.properties.iter().filter(|(_, property)| property.personal) {
            if former.properties.get(name).is_some_and(|known| !known.personal) {
                return Err(Error::conflict(format!(
                    "`{name}` was declared without `personal`, and history may hold it; declare it under another name"
                )));
            }
        }
        Ok(())
    }
}

/// Whether a text can be a name.
fn is_name(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control)
}

/// The properties of one event, parted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// A JSON object of what may enter history.
    pub shared: String,
    /// A JSON object of what must stay in the store; none when there is nothing.
    pub personal: Option<String>,
}

/// All that is declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventTypes(pub BTreeMap<String, EventType>);

impl EventTypes {
    /// Checks the properties of an event called `name` and parts them.
    ///
    /// # Errors
    /// Every fault at once, each with its key and the fix.
    pub fn check(&self, name: &str, properties: &Map<String, Value>) -> Result<Properties, Vec<Fault>> {
        if properties.is_empty() {
            return Ok(Properties { shared: "{}".into(), personal: None });
        }
        let Some(declared) = self.0.get(name) else {
            let fix = "no property is declared for this name; declare it at PUT /v1/event-types/NAME or in events.toml";
            return Err(vec![Fault::at("properties", fix)]);
        };
        let (mut shared, mut personal, mut faults) = (Map::new(), Map::new(), Vec::new());
        for (key, value) in properties {
            // Whatever was sent as a name comes back in the answer: not more of it than a name can have.
            let at = || format!("properties.{}", key.chars().take(64).collect::<String>().escape_default());
            match declared.properties.get(key) {
                None => faults.push(Fault::at(at(), undeclared(name, declared))),
                Some(_) if value.is_null() => {}
                Some(property) => match property.kind.read(value) {
                    Err(wanted) => faults.push(Fault::at(at(), wanted)),
                    Ok(value) => {
                        let part = if property.personal { &mut personal } else { &mut shared };
                        part.insert(key.clone(), value);
                    }
                },
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let personal = (!personal.is_empty()).then(|| Value::Object(personal).to_string());
        Ok(Properties { shared: Value::Object(shared).to_string(), personal })
    }

    /// The same for properties that come as texts, as the columns of a CSV file do; an empty text says nothing.
    ///
    /// # Errors
    /// As [`EventTypes::check`].
    pub fn check_texts<'a>(
        &self,
        name: &str,
        texts: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Properties, Vec<Fault>> {
        let declared = self.0.get(name);
        let mut properties = Map::new();
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            let kind = declared.and_then(|declared| declared.properties.get(key)).map(|property| property.kind);
            properties.insert(key.to_owned(), kind.map_or_else(|| text.into(), |kind| kind.of_text(text)));
        }
        self.check(name, &properties)
    }
}

fn undeclared(name: &str, declared: &EventType) -> String {
    let known: Vec<&str> = declared.properties.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "no property".to_owned() } else { known.join(", ") };
    format!("is not declared for `{name}` ({known}); mend its name, or declare it at PUT /v1/event-types/{name}")
}

impl PropertyKind {
    /// The value as it is kept, or what is wanted instead.
    fn read(self, value: &Value) -> Result<Value, String> {
        match (self, value) {
            (PropertyKind::Text, Value::String(text)) if text.chars().count() > LONGEST_TEXT => {
                Err(format!("must have at most {LONGEST_TEXT} characters"))
            }
            (PropertyKind::Text, Value::String(text)) if text.contains('\0') => Err("holds a NUL character".into()),
            (PropertyKind::Text, Value::String(_)) => Ok(value.clone()),
            (PropertyKind::Number, Value::Number(number)) if number.as_f64().is_some_and(f64::is_finite) => {
                Ok(value.clone())
            }
            (PropertyKind::Flag, Value::Bool(_)) => Ok(value.clone()),
            (PropertyKind::Time, Value::String(text)) => {
                Timestamp::parse(text).map(|at| at.to_string().into()).map_err(|error| error.message().to_owned())
            }
            (PropertyKind::Text, _) => Err("must be a text".into()),
            (PropertyKind::Number, _) => Err("must be a number".into()),
            (PropertyKind::Flag, _) => Err("must be true or false".into()),
            (PropertyKind::Time, _) => Err("must be a time, such as 2026-01-31T12:00:00Z".into()),
        }
    }

    /// A text as a value of this kind where it can be one; else the text, which [`PropertyKind::read`] refuses.
    fn of_text(self, text: &str) -> Value {
        match self {
            PropertyKind::Number => {
                text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<f64>().map(Value::from))
            }
            PropertyKind::Flag => Ok(match text {
                "true" | "1" | "yes" => Value::Bool(true),
                "false" | "0" | "no" => Value::Bool(false),
                _ => text.into(),
            }),
            PropertyKind::Text | PropertyKind::Time => Ok(text.into()),
        }
        .unwrap_or_else(|_| text.into())
    }
}
