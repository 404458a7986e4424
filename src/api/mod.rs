//! The REST edge: every route stands in [`routes`], with its permission on the same line; the OpenAPI document is made from the
//! same table.
//!
//! ```text
//!  request -> request_id -> auth (key, permission) -> idempotency -> handler -> one crossing to the blocking pool -> operations
//!  answer  <- problem+json for whatever went wrong <-----------------------------------------+
//! ```

pub mod auth;
pub mod body;
pub mod clients;
pub mod etag;
pub mod headers;
pub mod idempotency;
pub mod metrics;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod request_id;
pub mod route;
pub mod routes;
pub mod schema;

mod analysis;
mod audit;
mod campaigns;
mod consents;
mod customers;
mod decisions;
mod deliveries;
mod docs;
mod event_types;
mod experiments;
mod exports;
mod facts;
mod health;
mod imports;
mod incoming;
mod inquiries;
mod jobs;
mod keys;
mod kpis;
mod leads;
mod links;
mod models;
mod offers;
mod reviews;
mod segments;
mod sending;
mod service;
mod suppressions;
mod webhooks;

use actix_web::web;

use crate::error::{Error, Result};
use crate::operations::Workspace;
use problem::Problem;

/// The workspace as handlers take it.
pub type Ws = web::Data<Workspace>;

/// Crosses to the blocking pool, once per request, and does the work there.
pub async fn on_pool<T, F>(ws: &Ws, work: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&Workspace) -> Result<T> + Send + 'static,
{
    let ws = ws.clone();
    web::block(move || work(&ws))
        .await
        .map_err(|error| Error::internal("the request was given up").caused_by(error))?
        .map_err(Problem::from)
}
