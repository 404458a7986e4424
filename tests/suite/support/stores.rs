//! A test on both stores.

use std::path::Path;

use vizavi::clock::Timestamp;
use vizavi::storage::{Location, Store, migrate};

/// Opens the store at `location` and brings it to the present schema.
pub fn open(location: &Location) -> Store {
    let store = Store::open(location).expect("the store opens");
    migrate::migrate(&store, Timestamp(0)).expect("the store migrates");
    store
}

/// Runs `test` on a new SQLite store and on a new PostgreSQL database; the name goes into messages of failures.
pub fn on_both_stores(test: impl Fn(&str, &Location)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    test("SQLite", &Location::choose(folder.path(), None).expect("a location"));
    if let Some(url) = super::postgres::database() {
        test("PostgreSQL", &Location::choose(Path::new("."), Some(&url)).expect("a location"));
    }
}
