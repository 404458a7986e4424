//! For Rust, on `ureq` 3 and `serde_json`.

use std::fmt::Write as _;

use super::HEAD;
use super::operation::{Description, Operation, free};

const WORDS: [&str; 5] = ["in", "type", "match", "move", "where"];

const BASE: &str = r#"
use serde_json::Value;

/// What the service refused, or why it could not be asked (status 0).
#[derive(Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// Its application/problem+json.
    pub body: Value,
}

/// What an answer brought.
#[derive(Debug)]
pub struct Answer {
    /// The body: JSON, or a text.
    pub body: Value,
    /// The version, for the `if_match` of an edit.
    pub etag: Option<String>,
}

/// What some requests carry beside their arguments.
#[derive(Debug, Default, Clone, Copy)]
pub struct With<'a> {
    /// The ETag of the version that is edited.
    pub if_match: Option<&'a str>,
    /// The same key and body give the same answer, and nothing is done twice.
    pub idempotency_key: Option<&'a str>,
}

/// A body: JSON, or a file of some media type.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// None.
    Empty,
    /// A JSON value.
    Json(&'a Value),
    /// A file, with its media type.
    File(&'a str, &'a [u8]),
}

/// One service and one key.
pub struct Vizavi {
    url: String,
    key: String,
    agent: ureq::Agent,
}

impl Vizavi {
    /// The service at `url`, asked with `key`.
    pub fn new(url: &str, key: &str) -> Vizavi {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Vizavi { url: url.trim_end_matches('/').to_owned(), key: key.to_owned(), agent }
    }

    fn call(&self, method: &str, path: &str, query: &[(&str, Option<String>)], body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        let failed = |error: String| Problem { status: 0, body: Value::String(error) };
        let said: Vec<String> = query
            .iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", part(value.as_ref()?))))
            .collect();
        let said = if said.is_empty() { String::new() } else { format!("?{}", said.join("&")) };
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}{said}", self.url));
        request = request.header("Authorization", format!("Bearer {}", self.key));
        for (name, value) in [("If-Match", with.if_match), ("Idempotency-Key", with.idempotency_key)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let bytes = match body {
            Body::Empty => Vec::new(),
            Body::Json(value) => {
                request = request.header("Content-Type", "application/json");
                value.to_string().into_bytes()
            }
            Body::File(media, bytes) => {
                request = request.header("Content-Type", media);
                bytes.to_vec()
            }
        };
        let request = request.body(bytes).map_err(|error| failed(error.to_string()))?;
        let mut answer = self.agent.run(request).map_err(|error| failed(error.to_string()))?;
        let status = answer.status().as_u16();
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (etag, media) = (header("ETag"), header("Content-Type").unwrap_or_default());
        let text = answer.body_mut().read_to_string().map_err(|error| failed(error.to_string()))?;
        let body = if media.contains("json") { serde_json::from_str(&text).unwrap_or(Value::String(text)) } else { Value::String(text) };
        if status < 400 { Ok(Answer { body, etag }) } else { Err(Problem { status, body }) }
    }
"#;

const TAIL: &str = r#"}

fn part(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
"#;

pub(super) fn client(description: &Description<'_>) -> String {
    let mut text = format!("//! {HEAD}\n{BASE}");
    for operation in &description.operations {
        text += &method(operation);
    }
    text += TAIL;
    for operation in description.operations.iter().filter(|operation| !operation.query.is_empty()) {
        text += &query(operation);
    }
    text
}

fn method(operation: &Operation<'_>) -> String {
    let mut arguments = vec!["&self".to_owned()];
    arguments.extend(operation.in_path.iter().map(|name| format!("{}: &str", free(name, &WORDS))));
    if !operation.query.is_empty() {
        arguments.push(format!("query: &{}<'_>", operation.camel(true)));
    }
    let body = match (operation.media.is_empty(), operation.is_json()) {
        (true, _) => "Body::Empty",
        (false, true) => {
            arguments.push("body: &Value".to_owned());
            "Body::Json(body)"
        }
        (false, false) => {
            arguments.push("body: Body<'_>".to_owned());
            "body"
        }
    };
    let with = if operation.versioned || operation.repeatable {
        arguments.push("with: With<'_>".to_owned());
        "with"
    } else {
        "With::default()"
    };
    let mut path = operation.path.to_owned();
    let mut parts = String::new();
    for name in &operation.in_path {
        path = path.replacen(&format!("{{{name}}}"), "{}", 1);
        write!(parts, ", part({})", free(name, &WORDS)).expect("a text grows");
    }
    let path = if parts.is_empty() { format!("\"{path}\"") } else { format!("&format!(\"{path}\"{parts})") };
    let query = operation.query.iter().map(|(name, kind, _)| {
        let field = free(name, &WORDS);
        let text = if ["integer", "boolean"].contains(kind) { "|value| value.to_string()" } else { "str::to_owned" };
        format!("(\"{name}\", query.{field}.map({text}))")
    });
    let query: Vec<String> = query.collect();
    format!(
        "\n    /// {}\n    pub fn {}({}) -> Result<Answer, Problem> {{\n        self.call(\"{}\", {path}, &[{}], {body}, {with})\n    }}\n",
        operation.summary,
        operation.id,
        arguments.join(", "),
        operation.method,
        query.join(", ")
    )
}

/// What a query may hold.
fn query(operation: &Operation<'_>) -> String {
    let fields = operation.query.iter().map(|(name, kind, meaning)| {
        let kind = match *kind {
            "integer" => "i64",
            "boolean" => "bool",
            _ => "&'a str",
        };
        format!("    /// {meaning}\n    pub {}: Option<{kind}>,\n", free(name, &WORDS))
    });
    let texts = operation.query.iter().any(|(_, kind, _)| !["integer", "boolean"].contains(kind));
    let lifetime = if texts {
        String::new()
    } else {
        "    /// Nothing.\n    pub of: std::marker::PhantomData<&'a ()>,\n".to_owned()
    };
    format!(
        "\n/// The query of [`Vizavi::{}`].\n#[derive(Debug, Default, Clone, Copy)]\npub struct {}<'a> {{\n{}{lifetime}}}\n",
        operation.id,
        operation.camel(true),
        fields.collect::<String>()
    )
}
