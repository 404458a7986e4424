//! The scorecard: what the company steers by, each figure with its definition, window, target, owner, trend and status.
//!
//! ```text
//!  history, a range of customers at a time -> pass.rs (sums of each window) ---+
//!  runs of campaigns -> runs.rs (contacted against held out) ------------------+-> values.rs -> readings -> card.rs
//!  scores of the lifetime model -> store.rs (kept, since they have no past) ---+                 targets, market --^
//! ```
//!
//! Windows are `[from, until)`. A figure of the past is read from what is known today as of then, so that the series means the same at each of its
//! points; only the value of the base is what earlier scorings said. Definitions in words: [`crate::operations::steering::Indicator::definition`].

pub mod card;
mod effects;
mod pass;
mod runs;
pub mod store;
mod values;
pub mod windows;

pub use card::{Card, Line, Status, card};
pub use effects::{CampaignEffect, campaign_effects, effects_as_kept};
pub use values::{Reading, Readings};
pub use windows::Windows;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::operations::Workspace;
use crate::operations::service::satisfaction;
use crate::operations::steering::{Target, store as steering};
use crate::progress::Progress;
use crate::reports::profit::kept;

/// The name under which readings are kept.
const KEPT: &str = "scorecard";
/// That of satisfaction by team.
const TEAMS: &str = "satisfaction";
/// Days that an indicator looks back without a word about it.
pub const WINDOW_DAYS: u32 = 365;

/// Reads every indicator as of an instant, and back in time.
///
/// # Errors
/// Invalid for an instant still to come; unavailable, when store or history do not answer.
pub fn readings(ws: &Workspace, as_of: Timestamp, progress: &dyn Progress) -> Result<Readings> {
    if as_of > ws.now() {
        return Err(Error::invalid(format!("`at` ({as_of}) is still to come; leave it out for now")));
    }
    let targets = ws.store().read(steering::all::<Target>)?;
    let lengths = targets.iter().filter_map(|target| target.spec.window_days);
    let windows = Windows::new(as_of, std::iter::once(WINDOW_DAYS).chain(lengths));
    progress.stage("scorecard", None);
    let runs = runs::runs(ws, &windows)?;
    let sums = pass::pass(ws, &windows, &runs)?;
    let value = store::base_value(ws, &windows)?;
    progress.finish();
    Ok(values::readings(&windows, &sums, &runs, &value))
}

/// Makes the readings as of now and keeps them: scoring is followed by it.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn refresh(ws: &Workspace, progress: &dyn Progress) -> Result<()> {
    let now = ws.now();
    store::keep_base_value(ws, now)?;
    let made = readings(ws, now, progress)?;
    kept::put(ws, KEPT, &made, now)?;
    kept::put(ws, effects::KEPT, &campaign_effects(ws, WINDOW_DAYS, progress)?, now)?;
    kept::put(ws, TEAMS, &satisfaction::teams(ws, i64::from(WINDOW_DAYS))?, now)
}

/// Satisfaction by team as kept; nothing before the first scoring.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn kept_teams(ws: &Workspace) -> Result<Vec<satisfaction::Team>> {
    Ok(kept::get(ws, TEAMS)?.unwrap_or_default())
}

/// The scorecard with the readings as kept, if any were made.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn kept_card(ws: &Workspace) -> Result<Option<Card>> {
    kept::get(ws, KEPT)?.map(|readings| card(ws, &readings)).transpose()
}
