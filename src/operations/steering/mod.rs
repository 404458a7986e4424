//! What the company steers by, as data: targets of indicators with their owners, goals with their actions, the objective, and the
//! series of market and competitors. Written over REST, or as a file (`kpis.toml`); checked as a whole, versioned, and every edit in the
//! audit.
//!
//! | file | what |
//! |---|---|
//! | `indicator.rs` | the indicators: definition in words, unit, which way is better |
//! | `spec.rs` | targets, goals, series, options as written, and their checks |
//! | `file.rs` | all of them as one file |
//! | `store.rs` | their SQL |

pub mod file;
pub mod indicator;
pub mod spec;
pub mod store;

pub use file::{Applied, SteeringFile, apply};
pub use indicator::{Better, Indicator, Unit};
pub use spec::{Action, Definition, Goal, Objective, ObjectiveSpec, Point, Series, SourceSpec, Target};
pub use store::Kept;

use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};
use crate::operations::{Workspace, audit};

/// Adds a definition, or replaces the one of this name, when `expected` lets the present version go.
///
/// # Errors
/// Invalid, with every fault; whatever `expected` answers stands in the inner result, and nothing is then changed.
pub fn put<T: Definition, E>(
    ws: &Workspace,
    name: &str,
    spec: T,
    actor: &str,
    expected: impl Fn(Option<i64>) -> Result<(), E>,
) -> Result<Result<Kept<T>, E>> {
    let spec = spec.check(name)?;
    let now = ws.now();
    ws.store().write(|conn| {
        let known = store::find::<T>(conn, name)?.map(|kept| kept.version);
        if let Err(refused) = expected(known) {
            return Ok(Err(refused));
        }
        let kept = store::put(conn, name, &spec, actor, now)?;
        let detail = format!("version {}", kept.version);
        audit::write(conn, actor, &format!("{}.put", T::KIND), name, &detail, now)?;
        Ok(Ok(kept))
    })
}

/// Removes a definition.
///
/// # Errors
/// Not found.
pub fn remove<T: Definition>(ws: &Workspace, name: &str, actor: &str) -> Result<()> {
    let now = ws.now();
    ws.store().write(|conn| {
        store::by_name::<T>(conn, name)?;
        store::remove::<T>(conn, name)?;
        audit::write(conn, actor, &format!("{}.remove", T::KIND), name, "", now)
    })
}

/// Notes that a goal, or one of its actions, was looked at, and when it is to be again.
///
/// # Errors
/// Not found; invalid for an action that the goal has not, for a next review that is not to come, or for a note longer than 500 characters.
pub fn review(
    ws: &Workspace,
    goal: &str,
    action: Option<&str>,
    next: Timestamp,
    note: &str,
    actor: &str,
) -> Result<Kept<Goal>> {
    let now = ws.now();
    let mut faults = Vec::new();
    if next <= now {
        faults.push(Fault::at("next", "must lie in the future"));
    }
    if note.chars().count() > 500 || note.chars().any(char::is_control) {
        faults.push(Fault::at("note", "must have at most 500 characters and no control characters"));
    }
    ws.store().write(|conn| {
        let mut spec = store::by_name::<Goal>(conn, goal)?.spec;
        match action {
            None => spec.review_at = next,
            Some(title) => match spec.actions.iter_mut().find(|action| action.title == title) {
                Some(action) => action.review_at = next,
                None => faults.push(Fault::at("action", format!("the goal has no action `{title}`"))),
            },
        }
        if !faults.is_empty() {
            return Err(Error::faults("the review cannot be kept", std::mem::take(&mut faults)));
        }
        let kept = store::put(conn, goal, &spec, actor, now)?;
        let what = action.map_or_else(String::new, |title| format!("{title}: "));
        audit::write(conn, actor, "goal.review", goal, &format!("{what}{note}"), now)?;
        Ok(kept)
    })
}
