//! `vizavi models`: what was trained, how good it is, and what serves.

use super::{Done, Place, print};
use crate::models::registry::{self, Status};

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
}

/// Lists or shows.
pub fn run(place: &Place, args: &Args) -> Done {
    match &args.verb {
        Verb::List => list(place),
        Verb::Show { name } => show(place, name),
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
        let gate = if version.verdict.passed { "passed".to_owned() } else { version.verdict.missed.join("; ") };
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
    let version = ws.store().read(|conn| registry::show(conn, name))?;
    if place.json {
        print::json(&version)?;
        return Ok(());
    }
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
    Ok(())
}
