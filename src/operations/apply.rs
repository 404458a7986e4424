//! Applies a campaign: checks the definition against everything it names, and keeps it as a new version.

use serde::Serialize;

use crate::campaigns::folder::Folder;
use crate::campaigns::store::{self, Campaign};
use crate::error::{Error, Fault, Result};
use crate::offers::store as offers;
use crate::operations::{Workspace, audit, facts, segments, send, setup};
use crate::segments::uploaded::{Format, keys};

/// What applying did.
#[derive(Debug, Clone, Serialize)]
pub struct Applied {
    /// The campaign as it is now.
    pub campaign: Campaign,
    /// Whether anything changed.
    pub changed: bool,
    /// What is allowed but unwise.
    pub warnings: Vec<Fault>,
}

/// Applies a folder.
///
/// # Errors
/// Invalid, with every fault at once, and nothing is kept; conflict, when a run is going on.
pub fn apply(ws: &Workspace, folder: &Folder, actor: &str) -> Result<Applied> {
    let now = ws.now();
    let (catalogue, known, missing) = ws.store().read(|conn| {
        let missing = folder.spec.audience.iter().map(|rule| segments::missing(conn, rule, "audience"));
        let missing: Vec<Fault> = missing.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        Ok((facts::catalogue(ws, conn)?, offers::all(conn)?, missing))
    })?;
    if !missing.is_empty() {
        return Err(Error::faults(format!("the campaign `{}` cannot be used", folder.spec.name), missing));
    }
    let checked = setup::check(folder, &catalogue, &known, ws.settings(), "")?;
    // A sender that no message could have is said now, and not when the first is to go.
    send::sender(ws)?;
    let warnings = checked.templates.warnings().to_vec();
    let list = folder.audience.as_deref().map(|text| keys(Format::Csv, text.as_bytes())).transpose();
    let list = list.map_err(in_list)?;
    ws.store().write(|conn| {
        let before = store::all(conn)?.into_iter().find(|campaign| campaign.name == folder.spec.name);
        let campaign = store::apply(conn, folder, actor, now)?;
        let changed = before.as_ref() != Some(&campaign);
        if let Some(keys) = list.as_ref().filter(|_| changed) {
            let asked = segments::Asked {
                name: &folder.audience_segment(),
                title: Some(&format!("Audience of {}", folder.spec.name)),
                add: false,
                skip_unknown: false,
            };
            segments::upload(ws, conn, &asked, keys, actor).map_err(in_list)?;
        }
        if changed {
            audit::write(conn, actor, "campaign.apply", &campaign.name, &format!("version {}", campaign.version), now)?;
        }
        Ok(Applied { campaign, changed, warnings: warnings.clone() })
    })
}

/// Says of faults that they are the list's.
fn in_list(error: Error) -> Error {
    let faults: Vec<Fault> = error.fault_list().iter().map(|fault| fault.clone().in_file("audience.csv")).collect();
    if faults.is_empty() { error } else { Error::faults(error.message(), faults) }
}
