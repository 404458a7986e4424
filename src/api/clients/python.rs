//! For Python 3.8 and later, on its standard library alone.

use std::fmt::Write as _;

use serde_json::Value;

use super::HEAD;
use super::operation::{Description, Operation, free};

const WORDS: [&str; 6] = ["from", "in", "is", "not", "class", "def"];

const BASE: &str = r#"
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, List, Optional, TypedDict, Union


class Problem(Exception):
    """What the service refused; `body` is its application/problem+json."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(body.get("detail") if isinstance(body, dict) else str(body))
        self.status = status
        self.body = body


class Vizavi:
    """One service and one key. `etag` is that of the last answer, for the `if_match` of an edit."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self.etag: Optional[str] = None

    def _call(self, method: str, path: str, query: Dict[str, Any], body: Any, media: Optional[str],
              if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        said = {name: json.dumps(value) if isinstance(value, bool) else value
                for name, value in query.items() if value is not None}
        target = self.url + path + ("?" + urllib.parse.urlencode(said) if said else "")
        headers = {"Authorization": "Bearer " + self.key}
        if if_match is not None:
            headers["If-Match"] = if_match
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        data = None
        if body is not None:
            headers["Content-Type"] = media or "application/json"
            if isinstance(body, bytes):
                data = body
            elif isinstance(body, str) and media != "application/json":
                data = body.encode()
            else:
                data = json.dumps(body).encode()
        request = urllib.request.Request(target, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                self.etag = answer.headers.get("ETag")
                return _read(answer)
        except urllib.error.HTTPError as error:
            raise Problem(error.code, _read(error)) from None
"#;

const TAIL: &str = r#"

def _part(value: Any) -> str:
    return urllib.parse.quote(str(value), safe="")


def _read(answer: Any) -> Any:
    text = answer.read().decode()
    is_json = "json" in (answer.headers.get("Content-Type") or "")
    return json.loads(text) if is_json and text else text
"#;

pub(super) fn client(description: &Description<'_>) -> String {
    let mut text = format!("\"\"\"{HEAD}\"\"\"\n{BASE}");
    for operation in &description.operations {
        text += &method(operation);
    }
    text += TAIL;
    for (name, schema) in description.inputs() {
        text += &typed(name, schema);
    }
    text
}

fn method(operation: &Operation<'_>) -> String {
    let mut arguments = vec!["self".to_owned()];
    arguments.extend(operation.in_path.iter().map(|name| format!("{}: str", free(name, &WORDS))));
    if !operation.media.is_empty() {
        arguments.push(format!("body: {}", kind_of_body(operation)));
    }
    let named = operation.query.iter().map(|(name, kind, _)| {
        let kind = match *kind {
            "integer" => "int",
            "boolean" => "bool",
            _ => "str",
        };
        format!("{}: Optional[{kind}] = None", free(name, &WORDS))
    });
    let mut named: Vec<String> = named.collect();
    if !operation.media.is_empty() && !operation.is_json() {
        named.push(format!("media: str = \"{}\"", operation.media[0]));
    }
    named.extend(operation.versioned.then(|| "if_match: Optional[str] = None".to_owned()));
    named.extend(operation.repeatable.then(|| "idempotency_key: Optional[str] = None".to_owned()));
    if !named.is_empty() {
        arguments.push("*".to_owned());
        arguments.append(&mut named);
    }
    let mut path = operation.path.to_owned();
    for name in &operation.in_path {
        path = path.replace(&format!("{{{name}}}"), &format!("{{_part({})}}", free(name, &WORDS)));
    }
    let query: Vec<String> =
        operation.query.iter().map(|(name, ..)| format!("\"{name}\": {}", free(name, &WORDS))).collect();
    let (body, media) = match (operation.media.is_empty(), operation.is_json()) {
        (true, _) => ("None", "None"),
        (false, true) => ("body", "\"application/json\""),
        (false, false) => ("body", "media"),
    };
    let mut call = format!("\"{}\", f\"{path}\", {{{}}}, {body}, {media}", operation.method, query.join(", "));
    if operation.versioned {
        call += ", if_match=if_match";
    }
    if operation.repeatable {
        call += ", idempotency_key=idempotency_key";
    }
    let mut text = String::new();
    write!(
        text,
        "\n    def {}({}) -> Any:\n        \"\"\"{}\"\"\"\n        return self._call({call})\n",
        operation.id,
        arguments.join(", "),
        operation.summary.replace('\\', "\\\\")
    )
    .expect("a text grows");
    text
}

fn kind_of_body(operation: &Operation<'_>) -> String {
    let Some(schema) = operation.body else { return "Union[str, bytes]".to_owned() };
    let kind = format!("\"{}\"", kind(schema));
    if operation.is_json() { kind } else { format!("Union[{kind}, str, bytes]") }
}

fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|at| at.rsplit('/').next()) {
        return name.to_owned();
    }
    if let Some(several) = schema["oneOf"].as_array() {
        let kinds: Vec<String> = several.iter().map(kind).collect();
        return format!("Union[{}]", kinds.join(", "));
    }
    match schema["type"].as_str() {
        Some("string") => "str".to_owned(),
        Some("integer") => "int".to_owned(),
        Some("number") => "float".to_owned(),
        Some("boolean") => "bool".to_owned(),
        Some("array") => format!("List[{}]", kind(&schema["items"])),
        Some("object") => "Dict[str, Any]".to_owned(),
        _ => "Any".to_owned(),
    }
}

/// What a body may hold: keys of other named types are any, so that each type stands alone.
fn typed(name: &str, schema: &Value) -> String {
    let keys = schema["properties"].as_object().into_iter().flatten().map(|(key, schema)| {
        let own = kind(schema);
        let known = ["str", "int", "float", "bool", "Dict[str, Any]", "List[str]", "List[Dict[str, Any]]"];
        format!("    \"{key}\": {},\n", if known.contains(&own.as_str()) { own.as_str() } else { "Any" })
    });
    format!("\n\n{name} = TypedDict(\"{name}\", {{\n{}}}, total=False)\n", keys.collect::<String>())
}
