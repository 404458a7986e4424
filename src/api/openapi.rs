//! The OpenAPI 3.1 document, made from the route table itself: a route that is mounted is documented.

use actix_web::http::{Method, StatusCode};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ComponentsBuilder, ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Required, ResponseBuilder};

use super::auth::Access;
use super::campaigns::begin::BeginInput;
use super::campaigns::conflicts::ConflictsInput;
use super::campaigns::joint::{JointInput, JointRunInput};
use super::campaigns::runs::RunInput;
use super::consents::{ConsentInput, ConsentsRecorded};
use super::customers::alias::{AliasAdded, AliasInput};
use super::customers::put::CustomerInput;
use super::customers::shown::{CustomerShown, StateShown};
use super::deliveries::{ResendInput, SettleInput};
use super::facts::{OutcomeInput, OutcomesRecorded};
use super::imports::shown::ImportShown;
use super::incoming::ProviderEventInput;
use super::keys::post::KeyInput;
use super::offers::codes::{CodesAdded, CodesInput};
use super::problem::{MEDIA_TYPE, ProblemBody, ProblemFault};
use super::reviews::ReviewInput;
use super::route::Route;
use super::schema;
use super::sending::Sending;
use super::suppressions::{SuppressionInput, SuppressionsAdded};
use crate::operations::choose::Asked;
use crate::operations::webhooks::WebhookInput;
use crate::webhooks::queue::Again;

/// The document of a route table.
pub fn document(table: &[Route]) -> OpenApi {
    let mut paths = PathsBuilder::new();
    for route in table {
        paths = paths.path(route.path, PathItem::new(method(&route.method), operation(route)));
    }
    let info = InfoBuilder::new().title("Vizavi").version(env!("CARGO_PKG_VERSION")).description(Some(
        "The right offer, through the right channel, at the right time. Amounts are in minor units; times are RFC 3339 \
             in UTC. Writes may carry an Idempotency-Key; edits must carry If-Match.",
    ));
    OpenApiBuilder::new().info(info.build()).paths(paths).components(Some(components())).build()
}

fn components() -> utoipa::openapi::Components {
    let mut components = ComponentsBuilder::new()
        .schema_from::<ProblemBody>()
        .schema_from::<ProblemFault>()
        .schema_from::<CustomerShown>()
        .schema_from::<StateShown>()
        .schema_from::<CustomerInput>()
        .schema_from::<AliasInput>()
        .schema_from::<AliasAdded>()
        .schema_from::<ConsentInput>()
        .schema_from::<ConsentsRecorded>()
        .schema_from::<SuppressionInput>()
        .schema_from::<SuppressionsAdded>()
        .schema_from::<CodesInput>()
        .schema_from::<CodesAdded>()
        .schema_from::<OutcomeInput>()
        .schema_from::<OutcomesRecorded>()
        .schema_from::<ImportShown>()
        .schema_from::<RunInput>()
        .schema_from::<JointInput>()
        .schema_from::<JointRunInput>()
        .schema_from::<BeginInput>()
        .schema_from::<ConflictsInput>()
        .schema_from::<Asked>()
        .schema_from::<ReviewInput>()
        .schema_from::<crate::operations::reviews::Word>()
        .schema_from::<Sending>()
        .schema_from::<SettleInput>()
        .schema_from::<ResendInput>()
        .schema_from::<ProviderEventInput>()
        .schema_from::<KeyInput>()
        .schema_from::<WebhookInput>()
        .schema_from::<Again>()
        .security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    for (name, schema) in schema::written() {
        components = components.schema(name, schema);
    }
    components.build()
}

fn method(method: &Method) -> HttpMethod {
    match method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "DELETE" => HttpMethod::Delete,
        "PATCH" => HttpMethod::Patch,
        _ => HttpMethod::Get,
    }
}

/// The noun that a path is about: the first part after `/v1`.
pub fn noun(path: &str) -> &str {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match parts.next() {
        Some("v1") => parts.next().unwrap_or("v1"),
        Some(part) if path.contains('{') => match part {
            "t" | "o" => "links",
            other => other,
        },
        _ => "service",
    }
}

fn operation(route: &Route) -> utoipa::openapi::path::Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(operation_id(route)))
        .tag(noun(route.path))
        .summary(Some(route.summary));
    if let Access::Needs(permission) = route.access {
        operation = operation
            .description(Some(format!("Needs the permission `{}`.", permission.as_str())))
            .security(SecurityRequirement::new::<_, [&str; 0], &str>("key", []));
    }
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let of = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
        operation = operation.parameter(of.schema(Some(schema::text())));
    }
    for (name, kind, meaning) in &route.doc.query {
        let kind = match *kind {
            "integer" => Type::Integer,
            "boolean" => Type::Boolean,
            _ => Type::String,
        };
        let of = ParameterBuilder::new().name(*name).parameter_in(ParameterIn::Query).required(Required::False);
        let schema = ObjectBuilder::new().schema_type(kind).build();
        operation = operation.parameter(of.description(Some(*meaning)).schema(Some(schema)));
    }
    for (name, meaning) in headers(route) {
        let of = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(Required::False);
        operation = operation.parameter(of.description(Some(meaning)).schema(Some(schema::text())));
    }
    if !route.doc.body.is_empty() {
        let mut body = RequestBodyBuilder::new().required(Some(Required::True));
        for (media, schema) in &route.doc.body {
            body = body.content(*media, ContentBuilder::new().schema(Some(schema.clone())).build());
        }
        operation = operation.request_body(Some(body.build()));
    }
    answers(operation, route).build()
}

fn headers(route: &Route) -> Vec<(&'static str, &'static str)> {
    let mut headers = Vec::new();
    if route.method != Method::GET && route.access != Access::Public {
        headers.push(("Idempotency-Key", "the same key and body give the same answer, and nothing is done twice"));
    }
    if route.doc.versioned {
        headers.push(("If-Match", "the ETag of the version that is edited; not needed for something new"));
    }
    headers
}

fn answers(mut operation: OperationBuilder, route: &Route) -> OperationBuilder {
    for (status, media, schema) in &route.doc.answers {
        let mut answer = ResponseBuilder::new().description(
            StatusCode::from_u16(*status).map_or("", |status| status.canonical_reason().unwrap_or_default()),
        );
        if !media.is_empty() {
            answer = answer.content(*media, ContentBuilder::new().schema(Some(schema.clone())).build());
        }
        operation = operation.response(status.to_string(), answer.build());
    }
    for status in problems(route) {
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
        let content = ContentBuilder::new().schema(Some(schema::named("ProblemBody"))).build();
        let answer = ResponseBuilder::new().description(reason).content(MEDIA_TYPE, content).build();
        operation = operation.response(status.to_string(), answer);
    }
    operation
}

/// Statuses that a route can answer with a problem.
fn problems(route: &Route) -> Vec<u16> {
    let mut statuses = vec![500, 503];
    if route.access != Access::Public {
        statuses.extend([401, 403]);
    }
    if route.path.contains('{') {
        statuses.extend([404, 422]);
    }
    if !route.doc.query.is_empty() {
        statuses.push(422);
    }
    if !route.doc.body.is_empty() {
        statuses.extend([400, 413, 415, 422]);
    }
    if route.method != Method::GET && route.access != Access::Public {
        statuses.extend([409, 422]);
    }
    statuses.extend(&route.doc.problems);
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn operation_id(route: &Route) -> String {
    let words: Vec<String> = route
        .path
        .split(['/', '{', '}', '.'])
        .filter(|part| !part.is_empty() && *part != "v1")
        .map(str::to_owned)
        .collect();
    format!("{}_{}", route.method.as_str().to_lowercase(), words.join("_"))
}
