//! `vizavi client`: a small client of the REST API in a language.

use super::{Done, Place, print};
use crate::api::clients::{Language, client};

/// What is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// curl, python, javascript or rust
    language: String,
}

/// Prints the client.
pub fn run(place: &Place, args: &Args) -> Done {
    let text = client(Language::parse(&args.language)?)?;
    if place.json {
        return Ok(print::json(&serde_json::json!({ "language": args.language, "client": text }))?);
    }
    Ok(print::text(&text)?)
}
