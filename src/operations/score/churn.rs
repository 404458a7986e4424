//! Who is about to leave.

use super::{Column, in_blocks};
use crate::error::Result;
use crate::features::FeatureMatrix;
use crate::ids::CustomerId;
use crate::models::{registry, scoring};
use crate::operations::Workspace;

/// The model that serves under this name, and the score's name.
const CHURN: &str = "churn";

/// What it says of one customer.
pub(super) fn of(columns: &[Column], matrix: &FeatureMatrix, customer: CustomerId) -> Option<f64> {
    let column = columns.iter().find(|column| column.name == CHURN)?;
    column.value(matrix.customers.binary_search(&customer).ok()?)
}

/// What the champion says, where there is one.
pub(super) fn answer(ws: &Workspace, matrix: &FeatureMatrix) -> Result<Option<Column>> {
    let Some(version) = ws.store().read(|conn| registry::champion(conn, CHURN))? else { return Ok(None) };
    let values = in_blocks(matrix, |block| {
        Ok(scoring::score(&version, block, ws.now())?.into_iter().map(|score| score.value).collect())
    })?;
    Ok(Some(Column::new(&version, &version.fit.name, values)))
}
