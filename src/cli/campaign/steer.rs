//! `vizavi campaign approve | pause | resume | cancel | close NAME`.

use super::ACTOR;
use crate::cli::{Done, Place, print};
use crate::operations::steer;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub enum Verb {
    /// Answer for the planned version.
    Approve,
    /// Stop sending.
    Pause,
    /// Go on.
    Resume,
    /// End it.
    Cancel,
    /// End it when it has done what it was for.
    Close,
}

/// Steers, and prints the state it led to.
pub fn run(place: &Place, name: &str, verb: Verb) -> Done {
    let ws = place.open()?;
    let campaign = match verb {
        Verb::Approve => steer::approve(&ws, name, ACTOR)?,
        Verb::Pause => steer::pause(&ws, name, ACTOR)?,
        Verb::Resume => steer::resume(&ws, name, ACTOR)?,
        Verb::Cancel => steer::cancel(&ws, name, ACTOR)?,
        Verb::Close => steer::close(&ws, name, ACTOR)?,
    };
    if place.json {
        print::json(&campaign)?;
        return Ok(());
    }
    let next = match (verb, campaign.next_run_at) {
        (Verb::Approve, Some(at)) => format!("its schedule runs it at {at}, when `vizavi work` or `serve` is up\n"),
        (Verb::Approve, None) => format!("next: vizavi campaign run {name}\n"),
        (Verb::Resume, _) => "`vizavi work` sends what is due\n".to_owned(),
        (Verb::Pause | Verb::Cancel | Verb::Close, _) => String::new(),
    };
    print::text(&format!("campaign {name}: {} (version {})\n{next}", campaign.state, campaign.version))?;
    Ok(())
}
