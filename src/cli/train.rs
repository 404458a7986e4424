//! `vizavi train`: fits models on history.

use super::{Done, Place, print};
use crate::error::Error;
use crate::operations::train::{Trained, train};

/// Which models.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Names of models; all when none is given
    #[arg(value_name = "MODEL")]
    models: Vec<String>,
}

/// Trains, and prints for each model whether it serves, its figures, and why not.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.open()?;
    let trained = train(&ws, &args.models, &*place.progress())?;
    if place.json {
        print::json(&trained)?;
    } else {
        trained.iter().try_for_each(|one| print::text(&words(one)))?;
    }
    let missing: Vec<&str> = trained.iter().filter(|one| one.version.is_none()).map(|one| one.name.as_str()).collect();
    // Asked for by name, it was to be had; among all models, one that the data cannot carry yet is ordinary.
    if !args.models.is_empty() && !missing.is_empty() {
        return Err(Error::conflict(format!("not trained: {}; the reasons stand above", missing.join(", "))).into());
    }
    Ok(())
}

fn words(trained: &Trained) -> String {
    let mut text = match (trained.version, trained.serves) {
        (Some(version), true) => format!("{}: serves from now on (version {version})\n", trained.name),
        (Some(version), false) => format!("{}: trained, but does not serve (version {version})\n", trained.name),
        (None, _) => format!("{}: not trained\n", trained.name),
    };
    for reason in &trained.reasons {
        text += &format!("  because {reason}\n");
    }
    if let Some(metrics) = trained.metrics.as_object() {
        let figures = metrics.iter().filter_map(|(name, value)| Some((name, value.as_f64()?)));
        for (name, value) in figures {
            text += &format!("  {name}: {}\n", print::number(value));
        }
    }
    text
}
