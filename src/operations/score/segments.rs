//! Who is alike: the segment of every row, and what each segment is worth.

use super::{PROFIT, in_blocks};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::features::FeatureMatrix;
use crate::models::registry::{self, ModelVersion};
use crate::operations::Workspace;
use crate::segments::{self, ClusterModel};
use crate::storage::Connection;

/// The model that serves under this name.
const SEGMENTS: &str = "segments";

/// The segments of the champion, with the one of every row.
pub(super) struct Segmentation {
    version: ModelVersion,
    model: ClusterModel,
    membership: Vec<usize>,
}

impl Segmentation {
    /// What the champion says, where there is one.
    pub fn of(ws: &Workspace, matrix: &FeatureMatrix) -> Result<Option<Segmentation>> {
        let Some(version) = ws.store().read(|conn| registry::champion(conn, SEGMENTS))? else { return Ok(None) };
        let model: ClusterModel = version.fit.parameters()?;
        let membership = in_blocks(matrix, |block| model.assign(block))?;
        Ok(Some(Segmentation { version, model, membership }))
    }

    /// Which model was asked: its name and version.
    pub fn asked(&self) -> (String, i64) {
        (self.version.fit.name.clone(), self.version.id.0)
    }

    /// The name of a row's segment.
    pub fn name(&self, row: usize) -> &str {
        &self.model.segments()[self.membership[row]].name
    }

    /// Keeps segments, members and economics in the store.
    pub fn keep(&self, conn: &mut Connection, matrix: &FeatureMatrix, now: Timestamp) -> Result<()> {
        let segments = self.model.segments();
        let economics = segments::economics(matrix, &self.membership, segments.len(), PROFIT)?;
        let made = segments::Segmented {
            segmentation: &self.version.fit.name,
            model_version_id: self.version.id,
            segments,
            economics: &economics,
            customers: &matrix.customers,
            membership: &self.membership,
        };
        segments::keep(conn, &made, now)
    }
}
