//! `vizavi history`: check, compact and export the facts.

use std::path::PathBuf;

use super::place::instant;
use super::{Done, Failure, Place, print};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::history::facts::{self, FactType};
use crate::history::{Checked, Depth, Export, Format};
use crate::operations::history;

/// What is asked of history.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Verify every file, its bytes and its rows; exit code 1 when something is wrong
    Check,
    /// Seal what waits, and merge all segments into one a bucket, without what was erased or moved
    Compact,
    /// Write facts for a warehouse
    Export(ExportArgs),
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// A folder for one file a fact type; or the file, with one --type
    #[arg(value_name = "DIR|FILE")]
    target: PathBuf,
    /// parquet or csv
    #[arg(long, value_enum, default_value = "parquet")]
    format: FormatArg,
    /// Only facts of this type (order_item, return_item, interaction, ...); may be given several times
    #[arg(long = "type", value_name = "TYPE", value_parser = fact_type)]
    types: Vec<&'static FactType>,
    /// Only facts from this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    from: Option<Timestamp>,
    /// Only facts before this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    until: Option<Timestamp>,
    /// Add the company's own key of each customer: the files are then personal data
    #[arg(long)]
    with_external_ids: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FormatArg {
    Parquet,
    Csv,
}

fn fact_type(name: &str) -> Result<&'static FactType, String> {
    let names = || facts::ALL.map(|of| of.name).join(", ");
    FactType::named(name).ok_or_else(|| format!("there is no fact type `{name}`; there are {}", names()))
}

/// Checks, compacts or exports.
pub fn run(place: &Place, args: &Args) -> Done {
    match &args.verb {
        Verb::Check => check(place),
        Verb::Compact => compact(place),
        Verb::Export(args) => export(place, args),
    }
}

fn check(place: &Place) -> Done {
    let ws = place.open()?;
    let progress = place.progress();
    let checked = history::check(&ws, &*progress)?;
    if place.json {
        print::json(&checked)?;
    } else {
        print::text(&words(&checked))?;
    }
    match checked.findings.len() {
        0 => Ok(()),
        1 => Err(Failure::after_some(Error::conflict("one thing is wrong with history"))),
        many => Err(Failure::after_some(Error::conflict(format!("{many} things are wrong with history")))),
    }
}

fn words(checked: &Checked) -> String {
    let mut text = format!(
        "{} segments, {} facts, {} bytes; {} facts wait to be sealed; {} tombstones\n",
        checked.segments, checked.facts, checked.bytes, checked.waiting, checked.tombstones
    );
    for finding in &checked.findings {
        let file = finding.file.as_deref().map(|file| format!("/{file}")).unwrap_or_default();
        text += &format!("  {}{file}: {}\n", finding.fact_type, finding.problem);
    }
    if checked.findings.is_empty() { text + "everything is as it should be\n" } else { text }
}

fn compact(place: &Place) -> Done {
    let ws = place.open()?;
    let done = history::compact(&ws, Depth::Full)?;
    if place.json {
        print::json(&done)?;
    } else {
        print::text(&format!(
            "{} segments became {}, with {} facts; {} hidden facts left out; {} files removed\n",
            done.inputs, done.outputs, done.rows, done.hidden, done.files_removed
        ))?;
    }
    Ok(())
}

fn export(place: &Place, args: &ExportArgs) -> Done {
    let ws = place.open()?;
    let what = Export {
        types: if args.types.is_empty() { facts::ALL.to_vec() } else { args.types.clone() },
        format: match args.format {
            FormatArg::Parquet => Format::Parquet,
            FormatArg::Csv => Format::Csv,
        },
        from: args.from,
        until: args.until,
        external_ids: args.with_external_ids,
    };
    let progress = place.progress();
    let exported = history::export(&ws, &args.target, &what, &*progress)?;
    if place.json {
        print::json(&exported)?;
    } else {
        for one in &exported {
            print::text(&format!("{}: {} facts\n", one.file.display(), one.rows))?;
        }
    }
    Ok(())
}
