//! `vizavi campaign apply PATH`.

use std::path::Path;

use super::ACTOR;
use crate::campaigns::folder;
use crate::cli::{Done, Place, print};
use crate::operations::apply::apply;

/// Reads the folder before the workspace is touched, applies it, and prints what is unwise.
pub fn run(place: &Place, path: &Path) -> Done {
    let folder = folder::read(path)?;
    let ws = place.open()?;
    let applied = apply(&ws, &folder, ACTOR)?;
    if place.json {
        print::json(&applied)?;
        return Ok(());
    }
    let campaign = &applied.campaign;
    let mut text = if applied.changed {
        format!("campaign {}: version {} is kept ({})\n", campaign.name, campaign.version, campaign.state)
    } else {
        format!("campaign {}: nothing changed, version {} ({})\n", campaign.name, campaign.version, campaign.state)
    };
    for warning in &applied.warnings {
        text += &format!("  unwise: {warning}\n");
    }
    if applied.changed {
        text += &format!("next: vizavi campaign plan {}\n", campaign.name);
    }
    print::text(&text)?;
    Ok(())
}
