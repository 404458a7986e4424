//! For JavaScript, on `fetch` alone: browsers, Node 18 and later.

use std::fmt::Write as _;

use super::HEAD;
use super::operation::{Description, Operation, free};

const WORDS: [&str; 5] = ["in", "new", "class", "delete", "default"];

const BASE: &str = r#"
/** What the service refused; `body` is its application/problem+json. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? String(body));
    this.status = status;
    this.body = body;
  }
}

/** One service and one key. `etag` is that of the last answer, for the `ifMatch` of an edit. */
export class Vizavi {
  constructor(url, key) {
    this.url = url.replace(/\/$/, "");
    this.key = key;
    this.etag = null;
  }

  async call(method, path, query, body, media, ifMatch, idempotencyKey) {
    const said = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null) said.set(name, value);
    const headers = { Authorization: `Bearer ${this.key}` };
    if (ifMatch !== undefined) headers["If-Match"] = ifMatch;
    if (idempotencyKey !== undefined) headers["Idempotency-Key"] = idempotencyKey;
    let sent;
    if (body !== undefined) {
      headers["Content-Type"] = media ?? "application/json";
      const raw = body instanceof Uint8Array || (typeof body === "string" && media !== "application/json");
      sent = raw ? body : JSON.stringify(body);
    }
    const target = this.url + path + (said.size ? `?${said}` : "");
    const answer = await fetch(target, { method, headers, body: sent });
    const text = await answer.text();
    const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
    const read = isJson && text ? JSON.parse(text) : text;
    if (!answer.ok) throw new Problem(answer.status, read);
    this.etag = answer.headers.get("ETag");
    return read;
  }
"#;

pub(super) fn client(description: &Description<'_>) -> String {
    let mut text = format!("// {HEAD}\n{BASE}");
    for operation in &description.operations {
        text += &method(operation);
    }
    text += "}\n\nconst part = (value) => encodeURIComponent(String(value));\n";
    text
}

fn method(operation: &Operation<'_>) -> String {
    let path_names = operation.in_path.iter().map(|name| free(name, &WORDS));
    let mut arguments: Vec<String> = path_names.collect();
    let mut said = String::new();
    for name in &operation.in_path {
        writeln!(said, "   * @param {{string}} {}", free(name, &WORDS)).expect("a text grows");
    }
    if !operation.media.is_empty() {
        arguments.push("body".to_owned());
        said += if operation.body.is_some() {
            "   * @param {Object|Array|string|Uint8Array} body\n"
        } else {
            "   * @param {string|Uint8Array} body\n"
        };
    }
    let mut options: Vec<String> = Vec::new();
    for (name, kind, meaning) in &operation.query {
        let kind = match *kind {
            "integer" => "number",
            "boolean" => "boolean",
            _ => "string",
        };
        writeln!(said, "   * @param {{{kind}}} [options.{name}] {meaning}").expect("a text grows");
        options.push((*name).to_owned());
    }
    let media = if !operation.media.is_empty() && !operation.is_json() {
        options.push(format!("media = \"{}\"", operation.media[0]));
        "media"
    } else {
        "\"application/json\""
    };
    options.extend(operation.versioned.then(|| "ifMatch".to_owned()));
    options.extend(operation.repeatable.then(|| "idempotencyKey".to_owned()));
    if !options.is_empty() {
        arguments.push(format!("{{ {} }} = {{}}", options.join(", ")));
    }
    let mut path = operation.path.to_owned();
    for name in &operation.in_path {
        path = path.replace(&format!("{{{name}}}"), &format!("${{part({})}}", free(name, &WORDS)));
    }
    let query: Vec<&str> = operation.query.iter().map(|(name, ..)| *name).collect();
    let query = if query.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", query.join(", ")) };
    let body = if operation.media.is_empty() { "undefined" } else { "body" };
    let if_match = if operation.versioned { "ifMatch" } else { "undefined" };
    let repeated = if operation.repeatable { "idempotencyKey" } else { "undefined" };
    format!(
        "\n  /**\n   * {}\n{said}   */\n  {}({}) {{\n    return this.call(\"{}\", `{path}`, {query}, {body}, {media}, {if_match}, {repeated});\n  }}\n",
        operation.summary,
        operation.camel(false),
        arguments.join(", "),
        operation.method
    )
}
