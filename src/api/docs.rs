//! The document as JSON, and as a page that needs no script.

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::auth::Access;
use super::openapi;
use super::problem::Problem;
use super::routes;

/// `GET /openapi.json`
pub async fn json() -> Result<HttpResponse, Problem> {
    let document = openapi::document(&routes::table());
    let text = serde_json::to_string(&document).map_err(crate::Error::from)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(text))
}

/// `GET /docs`
pub async fn page() -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(html())
}

/// `GET /docs/style.css`
pub async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(STYLE)
}

const STYLE: &str = include_str!("docs.css");

/// The page; its texts are our own, so that nothing in it needs escaping but `{` and `}`, which are plain in HTML.
fn html() -> String {
    let table = routes::table();
    let mut nouns: Vec<&str> = Vec::new();
    for route in &table {
        let noun = openapi::noun(route.path);
        if !nouns.contains(&noun) {
            nouns.push(noun);
        }
    }
    let mut page = String::from(HEAD);
    for noun in &nouns {
        let _ = write!(page, "<a href=\"#{noun}\">{noun}</a>");
    }
    page.push_str("</nav><main><h1>Vizavi REST API</h1>");
    page.push_str(INTRODUCTION);
    for noun in nouns {
        let _ = write!(page, "<section id=\"{noun}\"><h2>{noun}</h2>");
        for route in table.iter().filter(|route| openapi::noun(route.path) == noun) {
            let method = route.method.as_str();
            let needs = match route.access {
                Access::Public => "public",
                Access::Needs(permission) => permission.as_str(),
            };
            let _ = write!(
                page,
                "<article><p><b class=\"{}\">{method}</b> <code>{}</code> <i>{needs}</i></p><p>{}</p>{}</article>",
                method.to_lowercase(),
                route.path,
                route.summary,
                details(route),
            );
        }
        page.push_str("</section>");
    }
    page.push_str(PROBLEMS);
    page.push_str("</main></body></html>");
    page
}

fn details(route: &super::route::Route) -> String {
    let mut lines = String::new();
    for (name, kind, meaning) in &route.doc.query {
        let meaning = meaning.replace('`', "");
        let _ = write!(lines, "<li><code>?{name}</code> {kind}: {meaning}</li>");
    }
    if !route.doc.body.is_empty() {
        let media: Vec<&str> = route.doc.body.iter().map(|(media, _)| *media).collect();
        let _ = write!(lines, "<li>takes {}</li>", media.join(" or "));
    }
    if route.doc.versioned {
        lines.push_str("<li>gives <code>ETag</code>, asks for <code>If-Match</code></li>");
    }
    for (status, media, _) in &route.doc.answers {
        let _ = write!(lines, "<li>answers {status} {media}</li>");
    }
    if lines.is_empty() { lines } else { format!("<ul>{lines}</ul>") }
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Vizavi REST API</title>\
    <link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><nav><strong>Vizavi</strong>";

const INTRODUCTION: &str = "<p>Send a key with every request: <code>Authorization: Bearer vzk_...</code>; an administrator \
    makes one with <code>vizavi key</code>. Amounts are whole minor units (cents). Times are RFC 3339 in UTC. Lists come in \
    pages: send the <code>next</code> of one page as <code>cursor</code> of the following. A write with an \
    <code>Idempotency-Key</code> can be sent again without being done twice. The whole as \
    <a href=\"/openapi.json\">OpenAPI 3.1</a>.</p>";

const PROBLEMS: &str = "<section id=\"problems\"><h2>Problems</h2><p>Whatever goes wrong is answered as \
    <code>application/problem+json</code> (RFC 9457) with <code>detail</code> (what, and what to do), \
    <code>errors</code> (each wrong key) and <code>request_id</code> (for whoever reads our log).</p><ul>\
    <li id=\"problem-400\">400: the body is not JSON</li><li id=\"problem-401\">401: no valid key</li>\
    <li id=\"problem-403\">403: the key's role does not hold the permission</li>\
    <li id=\"problem-404\">404: there is no such thing</li><li id=\"problem-405\">405: another method; see Allow</li>\
    <li id=\"problem-408\">408: the body stopped coming</li>\
    <li id=\"problem-409\">409: it clashes with the present state</li>\
    <li id=\"problem-412\">412: somebody else changed it first</li>\
    <li id=\"problem-413\">413: the body is too large</li><li id=\"problem-415\">415: another media type</li>\
    <li id=\"problem-422\">422: a value is wrong; see errors</li>\
    <li id=\"problem-428\">428: send If-Match</li><li id=\"problem-500\">500: a fault of ours</li>\
    <li id=\"problem-503\">503: try again after the seconds in Retry-After</li></ul></section>";
