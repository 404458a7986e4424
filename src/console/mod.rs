//! The console at `/`: pages made on the server, without script. Every page but the log-in needs a session; every form carries
//! the session's token and must come from this very site.

mod bar;
mod campaign;
mod campaign_action;
mod campaigns;
mod customer;
mod customers;
mod figures;
mod guard;
mod jobs;
mod login;
mod overview;
mod page;
mod plan;
mod profit;
mod prospects;
mod public;
mod results;
mod results_slices;
mod results_variants;
mod reviews;
mod scorecard;
mod segments;
mod sending;
mod service;
mod service_card;
mod timeline;
mod webhooks;
mod words;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, HttpResponse, Responder, web};

use crate::error::{Error, Result};
use crate::operations::Workspace;
use crate::operations::access::Permission;
use crate::operations::access::Permission::{
    AnalysisRead, CampaignsApprove, CampaignsRead, CampaignsRun, CampaignsWrite, CustomersRead, CustomersWrite,
    DecisionsMake, DeliveriesRead, JobsRead, WebhooksManage,
};

pub use guard::{Fields, cookie_name};

/// The workspace as handlers take it.
type Ws = web::Data<Workspace>;

/// One row of the console's table: method, path, permission, handler.
pub struct Page {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: &'static str,
    /// What the session's role must hold; none for pages without a session.
    pub needs: Option<Permission>,
    handler: actix_web::Route,
}

fn page<F, Args>(method: Method, path: &'static str, needs: impl Into<Option<Permission>>, handler: F) -> Page
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let handler = web::method(method.clone()).to(handler);
    Page { method, path, needs: needs.into(), handler }
}

/// Every page and form of the console, with its permission.
#[rustfmt::skip] // one row a page
pub fn table() -> Vec<Page> {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    vec![
        page(GET,  "/", CampaignsRead, overview::show),
        page(GET,  "/campaigns", CampaignsRead, campaigns::show),
        page(GET,  "/campaigns/{name}", CampaignsRead, campaign::show),
        page(GET,  "/campaigns/{name}/samples/{index}", CampaignsRead, campaign::message),
        page(POST, "/campaigns/{name}/plan", CampaignsWrite, campaign_action::plan),
        page(POST, "/campaigns/{name}/approve", CampaignsApprove, campaign_action::approve),
        page(POST, "/campaigns/{name}/run", CampaignsRun, campaign_action::run),
        page(POST, "/campaigns/{name}/choose", CampaignsApprove, campaign_action::choose),
        page(POST, "/campaigns/{name}/pause", CampaignsRun, campaign_action::pause),
        page(POST, "/campaigns/{name}/resume", CampaignsRun, campaign_action::resume),
        page(POST, "/campaigns/{name}/cancel", CampaignsRun, campaign_action::cancel),
        page(POST, "/campaigns/{name}/close", CampaignsRun, campaign_action::close),
        page(POST, "/campaigns/{name}/test-send", CampaignsRun, campaign_action::test_send),
        page(GET,  "/customers", CustomersRead, customers::show),
        page(GET,  "/customers/{id}", CustomersRead, customer::show),
        page(POST, "/customers/{id}/service", CustomersWrite, service_card::write),
        page(POST, "/customers/{id}/decide", DecisionsMake, customer::decide),
        page(GET,  "/profit", AnalysisRead, profit::show),
        page(POST, "/profit", CampaignsWrite, profit::make),
        page(GET,  "/prospects", AnalysisRead, prospects::show),
        page(GET,  "/service", CustomersRead, service::show),
        page(GET,  "/scorecard", AnalysisRead, scorecard::show),
        page(POST, "/scorecard", CampaignsWrite, scorecard::put),
        page(GET,  "/reviews", DeliveriesRead, reviews::show),
        page(POST, "/reviews/{delivery}", CampaignsApprove, reviews::decide),
        page(GET,  "/segments", AnalysisRead, segments::show),
        page(POST, "/segments", CampaignsWrite, segments::define),
        page(GET,  "/jobs", JobsRead, jobs::show),
        page(GET,  "/jobs/{id}", JobsRead, jobs::one),
        page(POST, "/jobs/{id}", CampaignsRun, jobs::act),
        page(GET,  "/webhooks", JobsRead, webhooks::show),
        page(POST, "/webhooks/{name}", WebhooksManage, webhooks::act),
        page(POST, "/sending/stop", CampaignsRun, sending::stop),
        page(POST, "/sending/start", CampaignsRun, sending::start),
        page(GET,  "/login", None, login::show),
        page(POST, "/login", None, login::enter),
        page(POST, "/logout", CampaignsRead, login::leave),
        // for customers: the token of the message is the permission
        page(GET,  "/u/{token}", None, public::look_at_unsubscribe),
        page(POST, "/u/{token}", None, public::unsubscribe),
        page(GET,  "/preferences/{token}", None, public::preferences),
        page(POST, "/preferences/{token}", None, public::set_preferences),
        page(GET,  "/assets/style.css", None, page::style),
        page(GET,  "/assets/icon.svg", None, page::icon),
    ]
}

/// Registers the console.
pub fn mount(config: &mut web::ServiceConfig, ws: &Ws) {
    let https = ws.settings().base_url.starts_with("https://");
    let mut paths: Vec<(&'static str, Vec<Page>)> = Vec::new();
    for row in table() {
        match paths.iter_mut().find(|(path, _)| *path == row.path) {
            Some((_, rows)) => rows.push(row),
            None => paths.push((row.path, vec![row])),
        }
    }
    for (path, rows) in paths {
        let needs: std::rc::Rc<Vec<_>> =
            std::rc::Rc::new(rows.iter().map(|row| (row.method.clone(), row.needs)).collect());
        let mut resource = web::resource(path);
        for row in rows {
            resource = resource.route(row.handler);
        }
        config.service(resource.wrap(from_fn(move |req, next| guard::guard(needs.clone(), https, req, next))));
    }
    config.default_service(web::to(page::not_found));
}

/// Crosses to the blocking pool, once, and turns a failure into a page.
async fn on_pool<T, F>(ws: &Ws, work: F) -> Result<T, HttpResponse>
where
    T: Send + 'static,
    F: FnOnce(&Workspace) -> Result<T> + Send + 'static,
{
    let ws = ws.clone();
    match web::block(move || work(&ws)).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(page::failure(&error)),
        Err(error) => Err(page::failure(&Error::internal("the request was given up").caused_by(error))),
    }
}

/// A handler's answer: a page either way.
fn either(answer: Result<HttpResponse, HttpResponse>) -> HttpResponse {
    answer.unwrap_or_else(|failure| failure)
}
