//! `vizavi segments`: who is alike, and what each segment is worth.

use super::{Done, Place, print};
use crate::segments::{self, KeptSegment};

/// What is asked about segments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// All segments with their size and worth
    List,
    /// One segment: what its customers are like on average
    Show {
        /// Its code or its name in words
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
    let segments = ws.store().read(segments::list)?;
    if place.json {
        print::json(&segments)?;
        return Ok(());
    }
    let code = ws.settings().currency.code().to_owned();
    let mut table = print::Table::new(&[
        "segment",
        "code",
        "customers",
        "share",
        &format!("value {code}"),
        "of all",
        "unprofitable",
    ]);
    for KeptSegment { name, code, size, economics, .. } in segments {
        table.row(vec![
            name,
            code,
            size.to_string(),
            print::percent(economics.share),
            format!("{:.0}", economics.value),
            economics.value_share.map_or("-".to_owned(), print::percent),
            print::percent(economics.unprofitable),
        ]);
    }
    if table.is_empty() {
        print::text("no segments yet; run `vizavi train segments`, then `vizavi score`\n")?;
    } else {
        print::text(&table.to_string())?;
    }
    Ok(())
}

fn show(place: &Place, name: &str) -> Done {
    let ws = place.open()?;
    let segment = ws.store().read(|conn| segments::show(conn, name))?;
    if place.json {
        print::json(&segment)?;
        return Ok(());
    }
    let economics = &segment.economics;
    let mut text = format!(
        "{} ({} of {}): {} customers, {} of all; {} of them cost more than they bring\nas of {}, model version {}\n\n",
        segment.name,
        segment.code,
        segment.segmentation,
        segment.size,
        print::percent(economics.share),
        print::percent(economics.unprofitable),
        segment.computed_at,
        segment.model_version_id
    );
    let mut table = print::Table::new(&["feature", "mean"]);
    for (feature, mean) in &economics.means {
        table.row(vec![feature.clone(), print::number(*mean)]);
    }
    text += &table.to_string();
    print::text(&text)?;
    Ok(())
}
