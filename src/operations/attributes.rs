//! Attributes of customers as columns of numbers.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::customers::store as customers;
use crate::error::Result;
use crate::features::FeatureMatrix;
use crate::ids::CustomerId;
use crate::models::churn::Levels;
use crate::models::spec::{FeatureSpec, Transform, attribute_column};
use crate::operations::Workspace;

/// Most texts of one attribute of categories: what has more is a name, not a category.
const MOST_LEVELS: usize = 100;

/// The attributes of customers who do not object to profiling, by customer, rising.
pub(super) struct Attributes {
    rows: Vec<(CustomerId, Map<String, Value>)>,
    places: HashMap<CustomerId, usize>,
}

impl Attributes {
    /// Reads them.
    pub fn of_consenting(ws: &Workspace) -> Result<Attributes> {
        let stored = ws.store().read(customers::attributes_of_consenting)?;
        let rows: Vec<(CustomerId, Map<String, Value>)> =
            stored.into_iter().map(|(id, text)| (id, serde_json::from_str(&text).unwrap_or_default())).collect();
        let places = rows.iter().enumerate().map(|(place, (id, _))| (*id, place)).collect();
        Ok(Attributes { rows, places })
    }

    /// The customers with this attribute and its value, rising.
    pub fn with<'a>(&'a self, attribute: &'a str) -> impl Iterator<Item = (CustomerId, &'a Value)> {
        self.rows.iter().filter_map(move |(id, map)| Some((*id, map.get(attribute)?)))
    }

    /// The customers with any of these attributes, rising.
    pub fn with_any(&self, attributes: &[&str]) -> Vec<CustomerId> {
        let any = |map: &Map<String, Value>| attributes.iter().any(|attribute| map.contains_key(*attribute));
        self.rows.iter().filter(|(_, map)| any(map)).map(|(id, _)| *id).collect()
    }

    /// The value of one attribute of one customer.
    pub fn value(&self, customer: CustomerId, attribute: &str) -> Option<&Value> {
        self.rows[*self.places.get(&customer)?].1.get(attribute)
    }

    /// The texts that attributes of categories take, by column, sorted.
    pub fn levels(&self, specs: &[FeatureSpec]) -> Levels {
        let of = |spec: &FeatureSpec| {
            let texts: BTreeSet<String> = self.with(&spec.name).filter_map(|(_, value)| text(value)).collect();
            (attribute_column(&spec.name), texts.into_iter().take(MOST_LEVELS).collect())
        };
        specs.iter().filter(|spec| spec.transform == Transform::Categories).map(of).collect()
    }

    /// The matrix with a column for each of these attributes more.
    pub fn beside<'a>(
        &self,
        matrix: FeatureMatrix,
        attributes: impl Iterator<Item = &'a str>,
        levels: &Levels,
    ) -> FeatureMatrix {
        attributes.fold(matrix, |matrix, attribute| {
            let column = attribute_column(attribute);
            let texts = levels.get(&column);
            matrix.with_column(&column, |customer| {
                self.value(customer, attribute).map_or(f64::NAN, |value| as_number(value, texts))
            })
        })
    }
}

/// A value as it stands in a matrix: its number, or the place of its text; not a number where it is neither.
pub(super) fn as_number(value: &Value, texts: Option<&Vec<String>>) -> f64 {
    match texts {
        Some(texts) => {
            let place = text(value).and_then(|text| texts.binary_search(&text).ok());
            place.map_or(f64::NAN, |place| place as f64)
        }
        None => match value {
            Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            Value::Bool(flag) => f64::from(u8::from(*flag)),
            Value::String(text) => text.trim().parse().unwrap_or(f64::NAN),
            _ => f64::NAN,
        },
    }
}

/// A value as text; None for what is no plain value.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
