//! For the shell: a command for each operation, with a sample of what it must be sent.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::HEAD;
use super::operation::{Description, Operation};

/// How deep samples go.
const DEPTH: usize = 3;

pub(super) fn client(description: &Description<'_>) -> String {
    let mut text = format!(
        "# {HEAD}\n# Set VIZAVI_URL (http://127.0.0.1:8080) and VIZAVI_KEY (vizavi key create NAME --role ROLE), and copy what you need.\n"
    );
    for operation in &description.operations {
        write!(text, "\n# {}\n{}\n", operation.summary, command(description, operation)).expect("a text grows");
    }
    text
}

fn command(description: &Description<'_>, operation: &Operation<'_>) -> String {
    let mut path = operation.path.to_owned();
    for name in &operation.in_path {
        path = path.replace(&format!("{{{name}}}"), &format!("${}", name.to_uppercase()));
    }
    let mut text = format!("curl -sS -X {} \"$VIZAVI_URL{path}\"", operation.method);
    if path.starts_with("/v1") {
        text += " -H \"Authorization: Bearer $VIZAVI_KEY\"";
    }
    if operation.versioned {
        text += " -H \"If-Match: $ETAG\"";
    }
    match (operation.media.first(), operation.body) {
        (Some(_), Some(body)) => {
            let sample = sample(description, body, DEPTH).to_string().replace('\'', "'\\''");
            text += &format!(" \\\n  -H 'Content-Type: application/json' -d '{sample}'");
        }
        (Some(media), None) => text += &format!(" \\\n  -H 'Content-Type: {media}' --data-binary @FILE"),
        (None, _) => {}
    }
    text
}

/// What must be there, and nothing else.
fn sample<'a>(description: &Description<'a>, schema: &'a Value, depth: usize) -> Value {
    let schema = description.resolve(schema);
    if let Some(first) = schema["oneOf"].get(0) {
        return sample(description, first, depth);
    }
    match schema["type"].as_str() {
        Some("object") if depth > 0 => {
            let required: Vec<&str> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let keys = required
                .into_iter()
                .map(|key| (key.to_owned(), sample(description, &schema["properties"][key], depth - 1)));
            Value::Object(keys.collect::<Map<_, _>>())
        }
        Some("object") => json!({}),
        Some("array") => json!([sample(description, &schema["items"], depth.saturating_sub(1))]),
        Some("integer") => json!(1),
        Some("number") => json!(0.5),
        Some("boolean") => json!(true),
        Some("string") if schema["format"] == "date-time" => json!("2026-02-02T09:00:00Z"),
        Some("string") => json!("TEXT"),
        _ => json!({}),
    }
}
