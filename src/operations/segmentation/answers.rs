//! What customers answered: the latest number that an event's property held.

use std::collections::HashMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::operations::train::texts;

/// Before the name of an event and its property: `event.survey.importance_price`.
pub const EVENT: &str = "event.";

/// The event and the property that a column names.
pub fn parts(column: &str) -> Option<(&str, &str)> {
    column.strip_prefix(EVENT)?.rsplit_once('.')
}

/// The latest answers of each customer before `as_of`, in the order of `columns`; not a number where there is none.
///
/// # Errors
/// Those of history.
pub fn latest(ws: &Workspace, columns: &[&str], as_of: Timestamp) -> Result<HashMap<CustomerId, Vec<f64>>> {
    let mut found: HashMap<CustomerId, Vec<f64>> = HashMap::new();
    let mut events: Vec<&str> = columns.iter().filter_map(|column| Some(parts(column)?.0)).collect();
    events.sort_unstable();
    events.dedup();
    let snapshot = ws.history().snapshot_before(as_of)?;
    for event in events {
        let asked: Vec<(usize, &str)> = columns
            .iter()
            .enumerate()
            .filter_map(|(index, column)| parts(column).filter(|(name, _)| *name == event).map(|(_, key)| (index, key)))
            .collect();
        let sql = format!(
            "SELECT customer_id, properties FROM event WHERE name = '{}' ORDER BY customer_id, occurred_at, fact_key",
            event.replace('\'', "''")
        );
        snapshot.stream(&sql, |batch| {
            let customers = batch.column(0).as_primitive::<Int64Type>();
            for (row, properties) in texts(batch.column(1)).into_iter().enumerate() {
                let Some(properties) = properties else { continue };
                let properties: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&properties)?;
                for &(index, key) in &asked {
                    if let Some(number) = properties.get(key).and_then(serde_json::Value::as_f64) {
                        let customer = CustomerId(customers.value(row));
                        // Later answers take the place of earlier ones.
                        found.entry(customer).or_insert_with(|| vec![f64::NAN; columns.len()])[index] = number;
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(found)
}
