//! `vizavi segments`: who is alike, and who belongs by rule.

mod portrait;

use std::path::PathBuf;

use super::{Done, Place, print};
use crate::error::{Error, Fault};
use crate::operations::segmentation::{self, Asked};
use crate::operations::segments as rules;
use crate::reports::segments::{self, RuleShown, SegmentShown};
use crate::segments::rule::SegmentSpec;
use crate::segments::uploaded::{Format, keys};
use crate::segments::{Board, KeptSegment, boards};

/// What is asked about segments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// All segments: those that a model found with their worth, those that a rule defines with how fresh they are
    List,
    /// One segment: what its customers are like, whether it is a good one and what it is worth, or its rule
    Show {
        /// Its name, or the code of one that a model found, also as SEGMENTATION/CODE
        name: String,
    },
    /// What a segment by rule would be: its count, some members, how many can be written to; changes nothing
    Preview {
        /// The definition: TOML or JSON
        file: PathBuf,
    },
    /// Add a segment by rule or replace its definition, and build it
    Apply {
        /// The definition: TOML or JSON
        file: PathBuf,
    },
    /// Make a segment of a list of customers' keys (CSV, NDJSON or JSON), or replace its members
    Upload {
        /// What to call it
        name: String,
        /// The keys: the first column, or the one that the header calls `customer` or `external_id`
        file: PathBuf,
        /// What people call it
        #[arg(long)]
        title: Option<String>,
        /// Keep the members so far
        #[arg(long)]
        add: bool,
        /// Pass over keys that no customer has, and list them
        #[arg(long)]
        skip_unknown: bool,
    },
    /// Remove a segment, by rule or uploaded, that nothing names
    Remove {
        /// Its name
        name: String,
    },
    /// Bring every segment by rule up to now; the worker does so by itself
    Refresh,
    /// Find customers who resemble the members of a segment, keep them as a segment, and keep it fresh at every scoring
    Lookalike(Lookalike),
}

#[derive(Debug, clap::Args)]
struct Lookalike {
    /// What to call it
    name: String,
    /// The segment that they should resemble: by rule, or one that a model found (SEGMENTATION/CODE)
    #[arg(long, required_unless_present = "ids", conflicts_with = "ids")]
    of: Option<String>,
    /// Or customers, by the company's own keys: a file with one on each line
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
    /// How many to take
    #[arg(long, required_unless_present = "share", conflicts_with = "share")]
    size: Option<usize>,
    /// Or which share of those who are not members, 0 to 1
    #[arg(long)]
    share: Option<f64>,
    /// Features to compare by, separated by commas; recency, freq and monetary by default
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
}

/// Does what is asked.
pub fn run(place: &Place, args: &Args) -> Done {
    match &args.verb {
        Verb::List => list(place),
        Verb::Show { name } => show(place, name),
        Verb::Preview { file } => preview(place, file),
        Verb::Apply { file } => apply(place, file),
        Verb::Upload { name, file, title, add, skip_unknown } => {
            let asked = rules::Asked { name, title: title.as_deref(), add: *add, skip_unknown: *skip_unknown };
            upload(place, &asked, file)
        }
        Verb::Remove { name } => {
            let ws = place.open()?;
            Ok(ws.store().write(|conn| rules::remove(conn, name, ACTOR, ws.now()))?)
        }
        Verb::Refresh => refresh(place),
        Verb::Lookalike(asked) => lookalike(place, asked),
    }
}

/// Who the audit says did it.
const ACTOR: &str = "command line";

fn list(place: &Place) -> Done {
    let ws = place.open()?;
    let segments = segments::list(&ws)?;
    if place.json {
        print::json(&segments)?;
        return Ok(());
    }
    if segments.is_empty() {
        let hint =
            "no segments yet; run `vizavi train segments`, then `vizavi score`, or `vizavi segments apply FILE`\n";
        print::text(hint)?;
        return Ok(());
    }
    let code = ws.settings().currency.code().to_owned();
    let value = format!("value {code}");
    let present = format!("present value {code}");
    let header = ["segment", "code", "customers", "share", &value, "of all", "unprofitable", "criteria", &present];
    let mut clusters = print::Table::new(&header);
    let mut by_rule = print::Table::new(&["segment", "customers", "built", "state", "rule"]);
    let mut lists = print::Table::new(&["uploaded segment", "customers", "uploaded", "by"]);
    let mut found = Vec::new();
    for segment in segments {
        match segment {
            SegmentShown::Cluster(one) => found.push(*one),
            SegmentShown::Static(list) => lists.row(vec![
                list.name.clone(),
                list.size.to_string(),
                list.updated_at.to_string(),
                list.uploaded_by.clone(),
            ]),
            SegmentShown::Rule(rule) => by_rule.row(vec![
                rule.name.clone(),
                rule.size.to_string(),
                rule.built_at.map_or("-".to_owned(), |at| at.to_string()),
                state(&rule).to_owned(),
                rule.rule.clone(),
            ]),
        }
    }
    let (others, grids) = boards(found);
    others.into_iter().for_each(|one| clusters.row(cells(one)));
    let mut tables: Vec<String> =
        [clusters].iter().filter(|table| !table.is_empty()).map(ToString::to_string).collect();
    tables.extend(grids.iter().map(|(board, _)| of_board(board)));
    tables.extend([by_rule, lists].iter().filter(|table| !table.is_empty()).map(ToString::to_string));
    print::text(&tables.join("\n"))?;
    Ok(())
}

/// A grid: customers by recency and frequency. Its cells have names of their own; all of them are in `--json`.
fn of_board(board: &Board) -> String {
    let across: Vec<String> = (1..=board.bins()).map(|score| format!("frequency {score}")).collect();
    let header: Vec<&str> =
        std::iter::once(board.segmentation.as_str()).chain(across.iter().map(String::as_str)).collect();
    let mut table = print::Table::new(&header);
    for (line, squares) in board.lines.iter().enumerate() {
        let customers = squares.iter().map(|square| square.customers.to_string());
        table.row(std::iter::once(format!("recency {}", board.bins() - line)).chain(customers).collect());
    }
    let (name, best) = (&board.segmentation, board.bins());
    format!("{table}a cell by its scores of recency, frequency and amount: vizavi segments show {name}/{best}-2-1\n")
}

/// A segment that a model found, as a line of the list.
fn cells(found: KeptSegment) -> Vec<String> {
    let KeptSegment { segmentation, name, code, size, economics, portrait, .. } = found;
    let passed = portrait.criteria.iter().filter(|criterion| criterion.passed).count();
    let present = portrait.worth.and_then(|worth| worth.net_present_value);
    vec![
        name,
        format!("{segmentation}/{code}"),
        size.to_string(),
        print::percent(economics.share),
        format!("{:.0}", economics.value),
        economics.value_share.map_or("-".to_owned(), print::percent),
        print::percent(economics.unprofitable),
        format!("{passed} of {}", portrait.criteria.len()),
        present.map_or("-".to_owned(), |value| format!("{value:.0}")),
    ]
}

/// How fresh a segment is, in a word.
fn state(rule: &RuleShown) -> &'static str {
    match (&rule.failure, rule.stale, rule.due_lag_seconds > 60.0) {
        (Some(_), ..) => "failed",
        (None, true, _) => "to be built",
        (None, false, true) => "late",
        (None, false, false) => "fresh",
    }
}

fn show(place: &Place, name: &str) -> Done {
    let ws = place.open()?;
    let segment = segments::show(&ws, name)?;
    if place.json {
        print::json(&segment)?;
        return Ok(());
    }
    print::text(&match &segment {
        SegmentShown::Cluster(cluster) => portrait::of(cluster, ws.settings().currency.code()),
        SegmentShown::Rule(rule) => of_rule(rule),
        SegmentShown::Static(list) => format!(
            "{}: {} customers, uploaded\nlast upload {} by {}, version {}\n",
            list.title.as_ref().unwrap_or(&list.name),
            list.size,
            list.updated_at,
            list.uploaded_by,
            list.version
        ),
    })?;
    Ok(())
}

fn of_rule(rule: &RuleShown) -> String {
    let at = |instant: Option<crate::clock::Timestamp>| instant.map_or("never".to_owned(), |at| at.to_string());
    let mut text = format!(
        "{}: {} customers, {}\n{}\nbuilt {}, last change {}, version {}\n",
        rule.title.as_ref().unwrap_or(&rule.name),
        rule.size,
        state(rule),
        rule.rule,
        at(rule.built_at),
        at(rule.refreshed_at),
        rule.version
    );
    if let Some(failure) = &rule.failure {
        text += &format!("{failure}\n");
    }
    text
}

/// Reads a definition; faults name the file.
fn read(file: &std::path::Path) -> Result<SegmentSpec, Error> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Error::invalid(format!("`{shown}` cannot be read; is it a file?")).caused_by(error))?;
    SegmentSpec::parse(&text).map_err(|error| {
        let faults: Vec<Fault> = error.fault_list().iter().map(|fault| fault.clone().in_file(&shown)).collect();
        Error::faults(error.message(), faults)
    })
}

fn preview(place: &Place, file: &std::path::Path) -> Done {
    let spec = read(file)?;
    let ws = place.open()?;
    let seen = rules::preview(&ws, spec)?;
    if place.json {
        print::json(&seen)?;
        return Ok(());
    }
    let reachable = seen.reachable.map_or("nobody to write to".to_owned(), |share| {
        format!("{} of them can be written to", print::percent(share))
    });
    print::text(&format!(
        "{} customers, {} of all; {reachable}\n{}\nfor example: {}\n",
        seen.customers,
        print::percent(seen.share),
        seen.rule,
        if seen.sample.is_empty() { "-".to_owned() } else { seen.sample.join(", ") }
    ))?;
    Ok(())
}

fn apply(place: &Place, file: &std::path::Path) -> Done {
    let spec = read(file)?;
    let ws = place.open()?;
    let kept = ws.store().write(|conn| rules::put(&ws, conn, spec, ACTOR, ws.now()))?;
    rules::build(&ws, &kept.spec.name)?;
    show(place, &kept.spec.name)
}

fn upload(place: &Place, asked: &rules::Asked<'_>, file: &std::path::Path) -> Done {
    let shown = file.display().to_string();
    let bytes = std::fs::read(file)
        .map_err(|error| Error::invalid(format!("`{shown}` cannot be read; is it a file?")).caused_by(error))?;
    let in_file = |error: Error| {
        let faults: Vec<Fault> = error.fault_list().iter().map(|fault| fault.clone().in_file(&shown)).collect();
        if faults.is_empty() { error } else { Error::faults(error.message(), faults) }
    };
    let keys = keys(Format::of_name(&shown), &bytes).map_err(in_file)?;
    let ws = place.make()?;
    let done = ws.store().write(|conn| rules::upload(&ws, conn, asked, &keys, ACTOR)).map_err(in_file)?;
    if place.json {
        return Ok(print::json(&done)?);
    }
    let mut text = format!(
        "{}: {} customers; {} entered, {} left, {} keys repeated, {} unknown\n",
        done.segment.name, done.segment.size, done.entered, done.left, done.repeated, done.unknown_count
    );
    for unknown in &done.unknown {
        text += &format!("line {}: no customer has the key {}\n", unknown.line, unknown.key);
    }
    Ok(print::text(&text)?)
}

fn lookalike(place: &Place, asked: &Lookalike) -> Done {
    let ids = match &asked.ids {
        Some(file) => lines(file)?,
        None => Vec::new(),
    };
    let request = Asked {
        name: asked.name.clone(),
        of: asked.of.clone(),
        ids,
        size: asked.size,
        share: asked.share,
        min_members: None,
        features: asked.features.clone(),
    };
    let ws = place.open()?;
    let kept = segmentation::lookalike(&ws, &request, ACTOR)?;
    show(place, &format!("{}/{}", kept.segmentation, kept.code))
}

/// The lines of a file that are not empty.
fn lines(file: &std::path::Path) -> Result<Vec<String>, Error> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Error::invalid(format!("`{shown}` cannot be read; is it a file?")).caused_by(error))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn refresh(place: &Place) -> Done {
    let ws = place.open()?;
    let done = rules::refresh(&ws)?;
    if place.json {
        print::json(&done)?;
    } else {
        let (built, looked_at, changed) = (done.built, done.looked_at, done.changed);
        print::text(&format!("{built} built, {looked_at} customers looked at, {changed} entered or left\n"))?;
    }
    match done.failed {
        0 => Ok(()),
        failed => Err(Error::unavailable(format!("{failed} segments could not be refreshed; the log says why")).into()),
    }
}
