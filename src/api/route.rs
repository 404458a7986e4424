//! One row of the route table: method, path, what it asks of its caller, its handler, and what it says in the document.

use std::rc::Rc;

use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::{FromRequest, Handler, Responder, dev, web};
use utoipa::openapi::{RefOr, Schema};

use super::auth::{self, Access, Guarded};
use super::body;

/// A row of the table.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for its variable parts.
    pub path: &'static str,
    /// What it asks of its caller.
    pub access: Access,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// What else the document says of it.
    pub doc: Doc,
    handler: actix_web::Route,
}

/// What the OpenAPI document says of a route beside method, path and permission.
#[derive(Default)]
pub struct Doc {
    /// Name, type and meaning of each query parameter.
    pub query: Vec<(&'static str, &'static str, &'static str)>,
    /// The bodies it takes: media type and schema of each.
    pub body: Vec<(&'static str, RefOr<Schema>)>,
    /// The answers when all goes well: status, media type, schema; no body without a media type.
    pub answers: Vec<(u16, &'static str, RefOr<Schema>)>,
    /// Further statuses with a problem, beside those that every such route has.
    pub problems: Vec<u16>,
    /// Whether the body is a file, which is streamed to the disk.
    pub streams: bool,
    /// Whether If-Match is asked for, and ETag given.
    pub versioned: bool,
}

/// `path` answered by `handler`; see [`Route::says`] for the rest.
pub fn route<F, Args>(method: Method, path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let handler = web::method(method.clone()).to(handler);
    Route { method, path, access, summary: "", doc: Doc::default(), handler }
}

impl Route {
    /// What it does, in a sentence.
    #[must_use]
    pub fn says(mut self, summary: &'static str) -> Route {
        self.summary = summary;
        self
    }

    /// It is a list in pages.
    #[must_use]
    pub fn paged(self, item: RefOr<Schema>) -> Route {
        self.query("cursor", "string", "the `next` of the page before")
            .query("limit", "integer", "how many items, 1 to 1000; 100 when absent")
            .answers(200, super::schema::page_of(item))
    }

    /// It takes this query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, kind: &'static str, meaning: &'static str) -> Route {
        self.doc.query.push((name, kind, meaning));
        self
    }

    /// It takes a JSON body.
    #[must_use]
    pub fn takes(mut self, schema: RefOr<Schema>) -> Route {
        self.doc.body = vec![("application/json", schema)];
        self
    }

    /// It takes one JSON value, or NDJSON with one in each line.
    #[must_use]
    pub fn takes_lines(mut self, schema: RefOr<Schema>) -> Route {
        self.doc.body = vec![("application/json", schema.clone()), ("application/x-ndjson", schema)];
        self
    }

    /// It takes a file, alone or as the part `file` of a form with this schema.
    #[must_use]
    pub fn takes_file(mut self, form: RefOr<Schema>) -> Route {
        let file = |media| (media, super::schema::binary());
        let alone = ["text/csv", "application/x-ndjson", "application/vnd.apache.parquet", "application/octet-stream"];
        self.doc.body = alone.into_iter().map(file).chain([("multipart/form-data", form)]).collect();
        self.doc.streams = true;
        self
    }

    /// It takes a list of keys, in one of several forms.
    #[must_use]
    pub fn takes_list(mut self) -> Route {
        let list = super::schema::list_of(super::schema::text());
        let lines = |media| (media, super::schema::text());
        self.doc.body = vec![("application/json", list), lines("text/csv"), lines("application/x-ndjson")];
        self
    }

    /// It answers JSON.
    #[must_use]
    pub fn answers(mut self, status: u16, schema: RefOr<Schema>) -> Route {
        self.doc.answers.push((status, "application/json", schema));
        self
    }

    /// It can also answer this.
    #[must_use]
    pub fn also(self, status: u16, schema: RefOr<Schema>) -> Route {
        self.answers(status, schema)
    }

    /// It answers something else than JSON.
    #[must_use]
    pub fn answers_as(mut self, status: u16, media_type: &'static str) -> Route {
        self.doc.answers.push((status, media_type, super::schema::text()));
        self
    }

    /// It can also answer these problems.
    #[must_use]
    pub fn or(mut self, problems: &[u16]) -> Route {
        self.doc.problems.extend(problems);
        self
    }

    /// It is an edit that names the version it saw.
    #[must_use]
    pub fn versioned(mut self) -> Route {
        self.doc.versioned = true;
        self.or(&[412, 428])
    }
}

/// Registers a table: one resource a path, its guard before it; other methods answer 405 with Allow.
pub fn mount(config: &mut web::ServiceConfig, table: Vec<Route>) {
    let mut paths: Vec<(&'static str, Vec<Route>)> = Vec::new();
    for route in table {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((route.path, vec![route])),
        }
    }
    for (path, routes) in paths {
        let needs = routes.iter().map(|route| {
            let (method, access, streams) = (route.method.clone(), route.access, route.doc.streams);
            Guarded { method, access, streams }
        });
        let needs: Rc<Vec<_>> = Rc::new(needs.collect());
        let lines = routes.iter().any(|route| route.doc.body.len() > 1);
        let limit = if lines { body::NDJSON_LIMIT } else { body::JSON_LIMIT };
        let mut resource = web::resource(path).app_data(web::PayloadConfig::new(limit));
        for route in routes {
            resource = resource.route(route.handler);
        }
        let guarded =
            move |req: dev::ServiceRequest, next: Next<actix_web::body::BoxBody>| auth::guard(needs.clone(), req, next);
        config.service(resource.wrap(from_fn(guarded)));
    }
}
