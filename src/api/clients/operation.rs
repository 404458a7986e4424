//! The OpenAPI document as a client needs it.

use serde_json::Value;

/// What can be asked.
pub(super) struct Description<'a> {
    pub operations: Vec<Operation<'a>>,
    schemas: &'a Value,
}

/// One operation.
pub(super) struct Operation<'a> {
    /// In words joined by `_`.
    pub id: String,
    pub method: String,
    pub path: &'a str,
    pub summary: &'a str,
    pub in_path: Vec<&'a str>,
    /// Name, JSON type and meaning.
    pub query: Vec<(&'a str, &'a str, &'a str)>,
    /// Media types of the body.
    pub media: Vec<&'a str>,
    /// The schema of a JSON body.
    pub body: Option<&'a Value>,
    pub versioned: bool,
    /// Whether it takes an Idempotency-Key.
    pub repeatable: bool,
}

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

impl<'a> Description<'a> {
    pub fn of(document: &'a Value) -> Description<'a> {
        let paths = document["paths"].as_object().into_iter().flatten();
        let operations = paths.flat_map(|(path, methods)| {
            METHODS
                .iter()
                .filter_map(|method| Some((*method, methods.get(*method)?)))
                .map(|(method, operation)| operation_of(path, method, operation))
        });
        Description { operations: operations.collect(), schemas: &document["components"]["schemas"] }
    }

    /// A schema itself, where it is named.
    pub fn resolve(&self, schema: &'a Value) -> &'a Value {
        let named = schema["$ref"].as_str().and_then(|at| at.rsplit('/').next());
        named.map_or(schema, |name| &self.schemas[name])
    }

    /// Schemas of bodies that are named and have keys, each once, by name.
    pub fn inputs(&self) -> Vec<(&'a str, &'a Value)> {
        let named = |schema: &'a Value| schema["$ref"].as_str().and_then(|at| at.rsplit('/').next());
        let bodies = self.operations.iter().filter_map(|operation| operation.body);
        let each = bodies.flat_map(|body| {
            std::iter::once(body).chain(body["oneOf"].as_array().into_iter().flatten()).filter_map(named)
        });
        let mut names: Vec<&str> = each.collect();
        names.sort_unstable();
        names.dedup();
        let with_keys = names.into_iter().map(|name| (name, &self.schemas[name]));
        with_keys.filter(|(_, schema)| schema["properties"].is_object()).collect()
    }
}

fn operation_of<'a>(path: &'a str, method: &str, operation: &'a Value) -> Operation<'a> {
    let text = |value: &'a Value| value.as_str().unwrap_or_default();
    let parameters = || operation["parameters"].as_array().into_iter().flatten();
    let within = |place: &'static str| parameters().filter(move |parameter| parameter["in"] == place);
    let header = |name: &str| within("header").any(|parameter| parameter["name"] == name);
    let content = operation["requestBody"]["content"].as_object();
    Operation {
        id: text(&operation["operationId"]).replace('-', "_"),
        method: method.to_uppercase(),
        path,
        summary: text(&operation["summary"]),
        in_path: within("path").map(|parameter| text(&parameter["name"])).collect(),
        query: within("query")
            .map(|p| (text(&p["name"]), text(&p["schema"]["type"]), text(&p["description"])))
            .collect(),
        media: content.into_iter().flatten().map(|(media, _)| media.as_str()).collect(),
        body: content.and_then(|content| content.get("application/json")).map(|json| &json["schema"]),
        versioned: header("If-Match"),
        repeatable: header("Idempotency-Key"),
    }
}

impl Operation<'_> {
    /// Whether its body is JSON and nothing else.
    pub fn is_json(&self) -> bool {
        self.media == ["application/json"]
    }

    /// The id in another spelling: `getCustomersId`, or `GetCustomersId`.
    pub fn camel(&self, first_too: bool) -> String {
        let words = self.id.split('_').filter(|word| !word.is_empty()).enumerate();
        let spelled = words.map(|(i, word)| {
            let mut letters = word.chars();
            let first = letters.next().into_iter();
            let first: String =
                if i == 0 && !first_too { first.collect() } else { first.flat_map(char::to_uppercase).collect() };
            first + letters.as_str()
        });
        spelled.collect()
    }
}

/// A name that is no word of the language.
pub(super) fn free(name: &str, words: &[&str]) -> String {
    let name = name.replace('-', "_");
    if words.contains(&name.as_str()) { format!("{name}_") } else { name }
}
