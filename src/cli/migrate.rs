//! `vizavi migrate`: brings the store to the present schema.

use super::{Done, Failure, Place, place, print};
use crate::storage::{Location, Store, migrate};

/// Migrates, and prints what was applied.
pub fn run(place: &Place) -> Done {
    let url = place::database_url();
    if url.is_none() {
        std::fs::create_dir_all(place.folder()).map_err(|error| Failure::before_anything(error.into()))?;
    }
    let location = Location::choose(place.folder(), url.as_deref())?;
    let store = Store::open(&location).map_err(Failure::before_anything)?;
    let applied = migrate::migrate(&store, place.clock().now())?;
    if place.json {
        print::json(&applied)?;
    } else if applied.is_empty() {
        print::text("the schema is up to date\n")?;
    } else {
        print::text(&format!("applied: {}\n", applied.join(", ")))?;
    }
    Ok(())
}
