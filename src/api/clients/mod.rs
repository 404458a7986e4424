//! Small clients of this very API, written from its OpenAPI document: what the service can do, the client can ask.

mod curl;
mod javascript;
mod operation;
mod python;
mod rust;

use operation::Description;

use super::{openapi, routes};
use crate::error::{Error, Result};

/// Said at the head of each client.
const HEAD: &str = "Vizavi's REST API. Made by `vizavi client`, from the description that the service gives at /openapi.json: do not edit.";

/// A language, or the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A command for each operation.
    Curl,
    /// A class on the standard library alone.
    Python,
    /// A module on `fetch`.
    JavaScript,
    /// A module on `ureq` and `serde_json`.
    Rust,
}

impl Language {
    /// All, with their names and the files that hold their clients.
    pub const ALL: [(Language, &str, &str); 4] = [
        (Language::Curl, "curl", "vizavi.sh"),
        (Language::Python, "python", "vizavi.py"),
        (Language::JavaScript, "javascript", "vizavi.mjs"),
        (Language::Rust, "rust", "vizavi.rs"),
    ];

    /// Reads a name.
    ///
    /// # Errors
    /// Invalid, with the names there are.
    pub fn parse(name: &str) -> Result<Language> {
        let found = Language::ALL.into_iter().find(|(_, known, _)| *known == name);
        found.map(|(language, ..)| language).ok_or_else(|| {
            let names: Vec<&str> = Language::ALL.iter().map(|(_, name, _)| *name).collect();
            Error::invalid(format!("`{name}` is no language here; there are {}", names.join(", ")))
        })
    }
}

/// The client of this program's API in a language.
///
/// # Errors
/// Internal, when the document cannot be written as JSON.
pub fn client(language: Language) -> Result<String> {
    let document = serde_json::to_value(openapi::document(&routes::table()))?;
    let description = Description::of(&document);
    Ok(match language {
        Language::Curl => curl::client(&description),
        Language::Python => python::client(&description),
        Language::JavaScript => javascript::client(&description),
        Language::Rust => rust::client(&description),
    })
}
