//! `vizavi kpi apply | show | series | review`: what the company steers by, from the command line.

use std::path::{Path, PathBuf};

use crate::cli::print;
use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};
use crate::operations::Workspace;
use crate::operations::steering::{self, Indicator, Point, Series, SteeringFile};

/// Who the audit says did it.
const ACTOR: &str = "cli";

/// Puts what a file holds.
pub fn apply(ws: &Workspace, file: &Path, json: bool) -> Result<()> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| Error::from(error).context(&name))?;
    let applied = steering::apply(ws, SteeringFile::parse(&text, &name)?, ACTOR)?;
    if json {
        return print::json(&applied);
    }
    let changed: String = applied.changed.iter().map(|what| format!("put {what}\n")).collect();
    print::text(&format!("{changed}{} unchanged\n", applied.unchanged))
}

/// Prints what is kept.
pub fn show(ws: &Workspace, json: bool) -> Result<()> {
    let file = SteeringFile::kept(ws)?;
    if json {
        return print::json(&file);
    }
    let text = toml::to_string(&file).map_err(|error| Error::internal("the file cannot be shown").caused_by(error))?;
    print::text(&text)
}

/// A CSV with a header, and which of its columns are what.
#[derive(Debug, clap::Args)]
pub struct SeriesArgs {
    /// The CSV
    file: PathBuf,
    /// `market`, or the competitor's name
    #[arg(long)]
    subject: String,
    /// The indicator that it tells
    #[arg(long)]
    indicator: String,
    /// Where it is from
    #[arg(long)]
    source: String,
    /// The column of the instant or day
    #[arg(long, default_value = "at")]
    at: String,
    /// The column of the figure
    #[arg(long, default_value = "value")]
    value: String,
    /// What the figure is multiplied with: 0.01 where the file tells percent, 100 where it tells units of money
    #[arg(long, default_value_t = 1.0)]
    times: f64,
}

/// Reads figures of somebody else.
pub fn series(ws: &Workspace, args: &SeriesArgs, json: bool) -> Result<()> {
    let indicator = Indicator::parse(&args.indicator)?;
    let points = points(args)?;
    let series = Series { source: args.source.clone(), points };
    let name = format!("{}/{}", args.subject, indicator.key());
    let kept = steering::put(ws, &name, series, ACTOR, |_| Ok::<(), Error>(()))??;
    if json {
        return print::json(&kept);
    }
    print::text(&format!("put series {name}: {} points\n", kept.spec.points.len()))
}

fn points(args: &SeriesArgs) -> Result<Vec<Point>> {
    let name = args.file.display().to_string();
    let refused = |error: csv::Error| Error::invalid(format!("{name}: {error}"));
    let file = std::fs::File::open(&args.file).map_err(|error| Error::from(error).context(&name))?;
    let mut reader = csv::Reader::from_reader(file);
    let header = reader.headers().map_err(refused)?.clone();
    let column = |wanted: &str| {
        header.iter().position(|column| column == wanted).ok_or_else(|| {
            let known: Vec<&str> = header.iter().collect();
            Error::invalid(format!("{name}: there is no column `{wanted}`; there are {}", known.join(", ")))
        })
    };
    let (at, value) = (column(&args.at)?, column(&args.value)?);
    let (mut points, mut faults) = (Vec::new(), Vec::new());
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(refused)?;
        let line = row as u64 + 2;
        let mut fault = |key: &str, message: String| faults.push(Fault::at(key, message).in_file(&name).on_line(line));
        let instant = Timestamp::parse(&record[at]);
        let number = record[value].trim().parse::<f64>().ok().filter(|number| number.is_finite());
        match (instant, number) {
            (Ok(at), Some(number)) => points.push(Point { at, value: number * args.times }),
            (Err(error), _) => fault(&args.at, error.message().to_owned()),
            (_, None) => fault(&args.value, format!("`{}` is not a number", &record[value])),
        }
    }
    if !faults.is_empty() {
        return Err(Error::faults("the series cannot be read", faults));
    }
    points.sort_by_key(|point| point.at);
    Ok(points)
}

/// What was looked at.
#[derive(Debug, clap::Args)]
pub struct ReviewArgs {
    /// The goal
    goal: String,
    /// One of its actions, by its title
    #[arg(long)]
    action: Option<String>,
    /// When it is to be looked at again
    #[arg(long, value_parser = crate::cli::place::instant)]
    next: Timestamp,
    /// What was found
    #[arg(long, default_value = "")]
    note: String,
}

/// Notes a review.
pub fn review(ws: &Workspace, args: &ReviewArgs, json: bool) -> Result<()> {
    let kept = steering::review(ws, &args.goal, args.action.as_deref(), args.next, &args.note, ACTOR)?;
    if json {
        return print::json(&kept);
    }
    print::text(&format!("reviewed {}; again on {}\n", kept.name, args.next))
}
