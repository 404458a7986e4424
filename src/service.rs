//! The service: REST, public links and console on one port, over one workspace.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{NormalizePath, TrailingSlash, from_fn};
use actix_web::{App, HttpServer, web};

use crate::api::metrics::Metrics;
use crate::api::problem::Problem;
use crate::api::{headers, request_id, route, routes};
use crate::error::{Error, Result};
use crate::operations::Workspace;
use crate::operations::decide_now::RealTime;

/// How long requests may go on after the service was told to end.
const GRACE_SECONDS: u64 = 30;
/// The longest a client may take to send its head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// What all workers of the service share.
#[derive(Clone)]
pub struct Shared {
    metrics: web::Data<Metrics>,
    real_time: web::Data<RealTime>,
}

impl Shared {
    /// Fresh counters, and nothing at hand yet for decisions in real time.
    pub fn new(ws: &Workspace) -> Shared {
        Shared { metrics: web::Data::new(Metrics::default()), real_time: web::Data::new(RealTime::new(ws)) }
    }
}

/// Registers every route of the service and what its extractors say when they fail; tests mount the same.
pub fn configure(ws: &Workspace, shared: &Shared) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let (ws, shared) = (web::Data::new(ws.clone()), shared.clone());
    move |config: &mut web::ServiceConfig| {
        config
            .app_data(ws.clone())
            .app_data(shared.metrics)
            .app_data(shared.real_time)
            .app_data(
                web::QueryConfig::default()
                    .error_handler(|error, _| Problem::fault("", format!("the query cannot be used: {error}")).into()),
            )
            .app_data(
                web::PathConfig::default().error_handler(|error, _| {
                    Problem::fault("", format!("the address cannot be used: {error}")).into()
                }),
            );
        route::mount(config, routes::table());
        crate::console::mount(config, &ws);
    }
}

/// Starts the service on `settings.listen`; it runs as a future until [`ServerHandle::stop`] or a signal ends it.
///
/// # Errors
/// Unavailable, when the address is taken or not ours.
pub fn start(ws: &Workspace) -> Result<(Server, SocketAddr)> {
    let listen = &ws.settings().listen;
    let listener = TcpListener::bind(listen).map_err(|error| {
        Error::unavailable(format!("`{listen}` cannot be listened on; is it in use?")).caused_by(error)
    })?;
    start_on(ws, listener)
}

/// The same on a port that is open already.
///
/// # Errors
/// Unavailable, when the system refuses.
pub fn start_on(ws: &Workspace, listener: TcpListener) -> Result<(Server, SocketAddr)> {
    let address = listener.local_addr()?;
    let https = ws.settings().base_url.starts_with("https://");
    let shared = Shared::new(ws);
    shared.real_time.warm();
    let ws = ws.clone();
    let server = HttpServer::new(move || {
        App::new()
            .configure(configure(&ws, &shared))
            .wrap(NormalizePath::new(TrailingSlash::MergeOnly))
            .wrap(from_fn(request_id::give))
            .wrap(headers::defaults(https))
    })
    .client_request_timeout(HEAD_TIMEOUT)
    .client_disconnect_timeout(Duration::from_secs(2))
    .keep_alive(Duration::from_secs(30))
    .max_connections(10_000)
    .shutdown_timeout(GRACE_SECONDS)
    .workers(std::thread::available_parallelism().map_or(2, |n| n.get().min(8)))
    .listen(listener)?
    .run();
    Ok((server, address))
}

/// Runs the service until a signal ends it.
///
/// # Errors
/// As [`start`]; unavailable, when it breaks off.
pub fn serve(ws: &Workspace, ready: impl FnOnce(SocketAddr, ServerHandle)) -> Result<()> {
    actix_web::rt::System::new().block_on(async {
        let (server, address) = start(ws)?;
        ready(address, server.handle());
        server.await.map_err(|error| Error::unavailable("the service broke off").caused_by(error))
    })
}
