//! Logs of real experiments, for tests; those that need them skip, saying so, where `../shared/data` is absent.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::off_policy::Logged;

/// A row without a model.
pub fn row(reward: f64, propensity: f64, target: f64) -> Logged {
    Logged { cluster: 0, reward, propensity, target, unsupported: 0.0, expected: None }
}

/// Each row a customer of its own.
pub fn each(rows: impl IntoIterator<Item = Logged>) -> Vec<Logged> {
    rows.into_iter().enumerate().map(|(i, row)| Logged { cluster: i as i64, ..row }).collect()
}

pub fn data(file: &str) -> Option<PathBuf> {
    let root = std::env::current_dir().ok()?;
    let found = root.ancestors().map(|dir| dir.join("shared/data").join(file)).find(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: ../shared/data/{file} is absent");
    }
    found
}

/// The rows of a CSV file, by column name.
pub fn table(path: &Path) -> Vec<HashMap<String, String>> {
    let file = std::fs::File::open(path).unwrap();
    let reader: Box<dyn Read> = if path.extension().is_some_and(|e| e == "gz") {
        Box::new(flate2::read::GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    csv::Reader::from_reader(reader).deserialize().map(|row| row.unwrap()).collect()
}
