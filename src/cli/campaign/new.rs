//! `vizavi campaign new [EXAMPLE]`.

use std::path::Path;

use crate::cli::{Done, Place, print};
use crate::error::Error;
use crate::operations::examples;

/// Writes an example's folder, or lists the examples.
pub fn run(place: &Place, from: Option<&str>, to: Option<&Path>) -> Done {
    let Some(from) = from else { return list(place) };
    let to = to.unwrap_or(Path::new(from));
    if to.exists() {
        return Err(
            Error::invalid(format!("`{}` is there already; name another folder with --to", to.display())).into()
        );
    }
    examples::write(from, to)?;
    let shown = to.display();
    if place.json {
        return Ok(print::json(&serde_json::json!({ "folder": shown.to_string() }))?);
    }
    Ok(print::text(&format!("wrote {shown}; its README.md says what to do next\n"))?)
}

fn list(place: &Place) -> Done {
    let all = examples::all()?;
    if place.json {
        return Ok(print::json(&all)?);
    }
    let mut table = print::Table::new(&["example", "begins with", "steps", "for"]);
    for one in all {
        table.row(vec![one.name, one.begins.to_owned(), (one.steps + 1).to_string(), one.goal]);
    }
    Ok(print::text(&table.to_string())?)
}
