//! Drift as it was last seen, by fit.

use diesel::prelude::*;
use serde::Serialize;

use super::drift::Drift;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::ModelVersionId;
use crate::storage::Connection;
use crate::storage::schema::model_drift as table;

/// What was seen of one fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeenDrift {
    /// The fit.
    pub model_version_id: ModelVersionId,
    /// The model's name.
    pub model: String,
    /// When customers were scored.
    pub computed_at: Timestamp,
    /// How far inputs and scores had moved.
    #[serde(flatten)]
    pub drift: Drift,
}

/// Keeps what was seen; it takes the place of what was seen before of the same fit.
pub fn keep(conn: &mut Connection, seen: &[SeenDrift]) -> Result<()> {
    for one in seen {
        let largest = one.drift.inputs.iter().map(|(_, index)| *index).fold(one.drift.scores, f64::max);
        diesel::delete(table::table.filter(table::model_version_id.eq(one.model_version_id))).execute(conn)?;
        diesel::insert_into(table::table)
            .values((
                table::model_version_id.eq(one.model_version_id),
                table::model.eq(&one.model),
                table::computed_at.eq(one.computed_at),
                table::largest.eq(largest),
                table::drift.eq(serde_json::to_string(&one.drift)?),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// What was last seen of a fit; None before it first scored.
pub fn of(conn: &mut Connection, id: ModelVersionId) -> Result<Option<SeenDrift>> {
    let row: Option<(ModelVersionId, String, Timestamp, String)> = table::table
        .filter(table::model_version_id.eq(id))
        .select((table::model_version_id, table::model, table::computed_at, table::drift))
        .first(conn)
        .optional()?;
    row.map(|(model_version_id, model, computed_at, drift)| {
        let drift = serde_json::from_str(&drift)
            .map_err(|error| Error::internal("stored drift cannot be read; score again").caused_by(error))?;
        Ok(SeenDrift { model_version_id, model, computed_at, drift })
    })
    .transpose()
}

/// The largest index of each fit that was scored with, by model; the latest fit of each.
pub fn largest(conn: &mut Connection) -> Result<Vec<(String, f64)>> {
    let rows: Vec<(String, f64)> =
        table::table.order((table::model, table::computed_at)).select((table::model, table::largest)).load(conn)?;
    let mut latest: Vec<(String, f64)> = Vec::new();
    for row in rows {
        match latest.last_mut() {
            Some(last) if last.0 == row.0 => *last = row,
            _ => latest.push(row),
        }
    }
    Ok(latest)
}
