//! `vizavi export`: everything as files for a warehouse.

use std::path::PathBuf;

use super::place::instant;
use super::{Done, Place, print};
use crate::clock::Timestamp;
use crate::operations::export::{self, Question};

/// What to export.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder; it gets a file for each fact type and each table
    folder: PathBuf,
    /// parquet or csv
    #[arg(long, default_value = "parquet")]
    format: String,
    /// Only this fact type or table; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only facts from this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    from: Option<Timestamp>,
    /// Only facts before this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    until: Option<Timestamp>,
}

/// Writes the files. They hold personal data.
pub fn run(place: &Place, args: &Args) -> Done {
    let question = Question {
        format: Some(args.format.clone()),
        only: (!args.only.is_empty()).then(|| args.only.clone()),
        from: args.from,
        until: args.until,
    };
    let checked = question.check()?;
    let ws = place.open()?;
    let files = export::export(&ws, &args.folder, &checked, "cli", &*place.progress())?;
    if place.json {
        print::json(&files)?;
    } else {
        let lines: String = files.iter().map(|file| format!("{}: {} rows\n", file.name, file.rows)).collect();
        print::text(&lines)?;
    }
    Ok(())
}
