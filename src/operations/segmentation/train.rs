//! Fits a segmentation from what is there now.

use super::population::{self, Fresh};
use crate::error::Result;
use crate::models::spec::SegmentsSpec;
use crate::models::{Fit, registry};
use crate::operations::Workspace;
use crate::segments::{SegmentModel, train_segments};

/// Fits a spec on those whom it groups; who objects to profiling is not among them.
///
/// # Errors
/// Invalid, when the data cannot carry it; those of store and history.
pub fn fit(ws: &Workspace, spec: &SegmentsSpec) -> Result<Fit> {
    let now = ws.now();
    let population = population::read(ws, spec, None, &Fresh::new(), now)?;
    let previous = ws.store().read(|conn| registry::champion(conn, &spec.name))?;
    // One that this program cannot read any more has no codes to lend.
    let previous: Option<SegmentModel> = previous.and_then(|version| version.fit.parameters().ok());
    train_segments(spec, &population.given(), now, previous.as_ref())
}
