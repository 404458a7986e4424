//! Bodies: JSON that must have exactly the keys there are, and NDJSON line by line.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::error::{Error, Fault};

/// Largest JSON body.
pub const JSON_LIMIT: usize = 1024 * 1024;
/// Largest NDJSON body.
pub const NDJSON_LIMIT: usize = 16 * 1024 * 1024;

/// Longest line of NDJSON.
const LINE_LIMIT: usize = 64 * 1024;
/// Most lines of NDJSON.
const MOST_LINES: usize = 10_000;

/// Reads a JSON body.
///
/// # Errors
/// 415 for another media type, 400 for what is not JSON, 422 for JSON of another shape.
pub fn json<T: DeserializeOwned>(req: &HttpRequest, body: &[u8]) -> Result<T, Problem> {
    if media_type(req) != "application/json" {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send `Content-Type: application/json`"));
    }
    parse(body)
}

/// Whether the body is NDJSON.
pub fn is_ndjson(req: &HttpRequest) -> bool {
    media_type(req) == "application/x-ndjson"
}

/// Reads one JSON value.
///
/// # Errors
/// 400 for what is not JSON, 422 for JSON of another shape.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            Problem::fault(&key_in(&error.to_string()), error.to_string())
        } else {
            Problem::malformed(format!("the body is not JSON: {error}"))
        }
    })
}

/// The key that serde's message names, between backquotes: "unknown field `x`, ...", "missing field `y`".
fn key_in(message: &str) -> String {
    let named = ["unknown field `", "missing field `", "duplicate field `"];
    let found = named.iter().find_map(|prefix| message.split_once(prefix));
    found.and_then(|(_, rest)| rest.split_once('`')).map_or_else(String::new, |(key, _)| key.to_owned())
}

fn media_type(req: &HttpRequest) -> String {
    let value = req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads one value, or an array of at most 1,000.
///
/// # Errors
/// As [`json`]; 422 for an empty or too long array.
pub fn one_or_many<T: DeserializeOwned>(req: &HttpRequest, body: &[u8]) -> Result<Vec<T>, Problem> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'[') {
        return Ok(vec![json(req, body)?]);
    }
    let many: Vec<T> = json(req, body)?;
    match many.len() {
        1..=1_000 => Ok(many),
        count => Err(Problem::fault("", format!("the array has {count} values; send 1 to 1000"))),
    }
}

/// The faults of several values; where there are several, each key says of which.
pub fn faults_of<T>(values: &[T], faults: impl Fn(&T) -> Vec<Fault>) -> Vec<Fault> {
    let alone = values.len() == 1;
    let mut all = Vec::new();
    for (i, value) in values.iter().enumerate() {
        for mut fault in faults(value) {
            if !alone {
                fault.key = format!("[{i}].{}", fault.key);
            }
            all.push(fault);
        }
    }
    all
}

/// What a request brought: one value, or the lines of NDJSON.
#[derive(Debug)]
pub struct Lines<T> {
    /// The values.
    pub values: Vec<T>,
    /// Where each stands in the body, from 1; none for a single JSON value.
    numbers: Option<Vec<u64>>,
}

impl<T> Lines<T> {
    /// The values, and what turns the number of a value in a fault into the number of its line.
    pub fn split(self) -> (Vec<T>, impl FnOnce(Error) -> Problem) {
        let numbers = self.numbers;
        let in_body = move |error: Error| {
            let mut problem = Problem::from(error);
            problem.renumber(|value| Some(numbers.as_ref()?[value as usize - 1]));
            problem
        };
        (self.values, in_body)
    }
}

/// Reads one JSON value, or NDJSON with at most 10,000 lines of 64 KB.
///
/// # Errors
/// As [`json`]; in NDJSON every line that cannot be used is named; 413 for too many lines.
pub fn lines<T: DeserializeOwned>(req: &HttpRequest, body: &[u8]) -> Result<Lines<T>, Problem> {
    if !is_ndjson(req) {
        if body.len() > JSON_LIMIT {
            return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        return Ok(Lines { values: vec![json(req, body)?], numbers: None });
    }
    let (mut values, mut numbers, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for (i, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if values.len() + faults.len() == MOST_LINES {
            let detail = format!("the body has more than {MOST_LINES} lines; send them in several requests");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        let number = i as u64 + 1;
        if line.len() > LINE_LIMIT {
            faults.push(Fault::at("", "is longer than 64 KB").on_line(number));
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(value) => {
                values.push(value);
                numbers.push(number);
            }
            Err(error) => {
                // It repeats what stands there; a hundred times 64 KB would be too much of it.
                let message: String = error.to_string().chars().take(300).collect();
                faults.push(Fault::at(key_in(&message), message).on_line(number));
            }
        }
    }
    if !faults.is_empty() {
        faults.truncate(100);
        return Err(Error::faults("lines cannot be used; nothing was recorded", faults).into());
    }
    if values.is_empty() {
        return Err(Problem::malformed("the body holds no line"));
    }
    Ok(Lines { values, numbers: Some(numbers) })
}
