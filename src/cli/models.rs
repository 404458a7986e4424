//! `vizavi models`: what was trained, how good it is, and what serves.

use super::{Done, Place, print};
use crate::ids::ModelVersionId;
use crate::models::registry::{self, ModelVersion, Status};
use crate::operations::models;

/// Who acts, in the audit.
const ACTOR: &str = "cli";

/// What is asked about models.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Every fit, the latest of each name first
    List,
    /// The card of the fit that serves, or of the latest one
    Show {
        /// The model
        name: String,
    },
    /// Have a fit serve; the one before is retired
    Promote {
        /// The model
        name: String,
        /// Which fit, as `models list` names it
        version: i64,
    },
    /// Have the fit serve that served before
    Rollback {
        /// The model
        name: String,
    },
}

/// Lists or shows.
pub fn run(place: &Place, args: &Args) -> Done {
    match &args.verb {
        Verb::List => list(place),
        Verb::Show { name } => show(place, name),
        Verb::Promote { name, version } => {
            let ws = place.open()?;
            serves(place, &models::promote(&ws, name, ModelVersionId(*version), ACTOR)?)
        }
        Verb::Rollback { name } => {
            let ws = place.open()?;
            serves(place, &models::rollback(&ws, name, ACTOR)?)
        }
    }
}

fn list(place: &Place) -> Done {
    let ws = place.open()?;
    let versions = ws.store().read(|conn| registry::list(conn, None))?;
    if place.json {
        print::json(&versions)?;
        return Ok(());
    }
    let mut table = print::Table::new(&["model", "kind", "version", "status", "trained at", "gate"]);
    for version in versions {
        let reasons = version.verdict.reasons();
        let gate = if reasons.is_empty() { "passed".to_owned() } else { reasons.join("; ") };
        table.row(vec![
            version.name,
            version.kind,
            version.id.to_string(),
            version.status.as_str().to_owned(),
            version.trained_at.to_string(),
            gate,
        ]);
    }
    if table.is_empty() {
        print::text("no model was trained yet; run `vizavi train`\n")?;
    } else {
        print::text(&table.to_string())?;
    }
    Ok(())
}

fn show(place: &Place, name: &str) -> Done {
    let ws = place.open()?;
    let shown = models::show(&ws, name)?;
    if place.json {
        print::json(&shown)?;
        return Ok(());
    }
    let version = &shown.version;
    let serves = if version.status == Status::Champion { "serves" } else { "does not serve" };
    let text = format!(
        "{}\nVersion {} ({}, {serves}), trained at {} on data from {} until {}.\n",
        version.fit.card.to_markdown(),
        version.id,
        version.status.as_str(),
        version.trained_at,
        version.fit.window.from,
        version.fit.window.until
    );
    print::text(&text)?;
    if let Some(seen) = &shown.drift {
        let told = seen.drift.warning(name).unwrap_or_else(|| "no drift to speak of".to_owned());
        print::text(&format!("As of {}: {told}.\n", seen.computed_at))?;
    }
    Ok(())
}

fn serves(place: &Place, version: &ModelVersion) -> Done {
    if place.json {
        print::json(version)?;
    } else {
        print::text(&format!("{}: version {} serves from now on\n", version.fit.name, version.id))?;
    }
    Ok(())
}
