//! Rule segments at work: defined, looked at before they are saved, built from history, and kept true.

mod build;
mod define;
mod freshness;
mod population;
mod preview;
mod refresh;
mod upload;

#[cfg(test)]
mod tests;

pub use build::build;
pub use define::{catalogue, check, missing, put, remove};
pub use freshness::{Freshness, freshness, of_segment};
pub use population::Memberships;
pub use preview::{Preview, preview};
pub use refresh::{Refreshed, refresh};
pub use upload::{Asked, Uploaded, upload};

use crate::clock::Timestamp;
use crate::customers::change;
use crate::error::Result;
use crate::ids::{CustomerId, SegmentId};
use crate::operations::Workspace;
use crate::segments::rule::store;
use crate::storage::Connection;

/// From so many customers on, segments that name a changed one are built anew.
const MANY: usize = 10_000;

/// Under which name a segment follows new facts.
fn follower(id: SegmentId) -> String {
    format!("segment:{id}")
}

fn minor_units(ws: &Workspace) -> i64 {
    ws.settings().currency.minor_units()
}

/// Has segments that name this one look again at whoever entered or left it. In the transaction that changed it, so that no
/// crash can come between.
fn tell_dependents(conn: &mut Connection, name: &str, changes: &[(CustomerId, bool)], now: Timestamp) -> Result<()> {
    let mut dependents = store::all(conn)?;
    dependents.retain(|segment| segment.spec.named_segments().iter().any(|named| named == name));
    if dependents.is_empty() || changes.is_empty() {
        return Ok(());
    }
    if changes.len() > MANY {
        return dependents.iter().try_for_each(|segment| store::mark_stale(conn, segment.id));
    }
    let customers: Vec<CustomerId> = changes.iter().map(|(customer, _)| *customer).collect();
    change::note_each(conn, &customers, now)
}
