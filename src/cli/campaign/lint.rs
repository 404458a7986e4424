//! `vizavi campaign lint PATH`: what is wrong or unwise in a campaign's templates; needs no workspace and changes nothing.

use std::path::Path;

use super::apply::in_files;
use crate::campaigns::folder;
use crate::cli::{Done, Failure, Place, print};
use crate::messages::CampaignTemplates;

/// Checks the templates with their sample, and prints every hint.
pub fn run(place: &Place, path: &Path) -> Done {
    let folder = folder::read(path)?;
    let checked = CampaignTemplates::check(&folder.templates, &folder.sample);
    let templates = checked.map_err(|error| Failure::before_anything(in_files(error, path)))?;
    if place.json {
        print::json(&serde_json::json!({ "version": templates.version(), "hints": templates.warnings() }))?;
        return Ok(());
    }
    let mut text = String::new();
    for variant in templates.variants() {
        text += &format!("variant {variant}: {}\n", templates.locales(variant).join(", "));
    }
    for hint in templates.warnings() {
        text += &format!("  unwise: {hint}\n");
    }
    if templates.warnings().is_empty() {
        text += "nothing to say against it\n";
    }
    print::text(&text)?;
    Ok(())
}
