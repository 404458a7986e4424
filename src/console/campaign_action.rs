//! The buttons of a campaign. What was done is said on the page that follows; what failed, with the reason, on the same page.

use actix_web::{HttpRequest, HttpResponse, web};

use super::guard::Fields;
use super::sending::actor;
use super::{Ws, campaign};
use crate::error::{Error, Result};
use crate::operations::{Workspace, plan as planning, run as running, steer};

type Name = web::Path<String>;

async fn act<F>(ws: Ws, req: HttpRequest, name: Name, done: &str, verb: F) -> HttpResponse
where
    F: FnOnce(&Workspace, &str, &str) -> Result<()> + Send + 'static,
{
    let (name, actor) = (name.into_inner(), actor(&req));
    let (of, inside) = (name.clone(), ws.clone());
    let outcome = web::block(move || verb(&inside, &of, &actor)).await;
    let outcome = outcome.unwrap_or_else(|error| Err(Error::internal("the request was given up").caused_by(error)));
    match outcome {
        Ok(()) => campaign::page(&ws, &req, name, done.to_owned(), None).await,
        Err(error) => campaign::page(&ws, &req, name, String::new(), Some(error)).await,
    }
}

/// `POST /campaigns/{name}/plan`
pub async fn plan(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "Planned as of now. Nothing was sent.", |ws, name, actor| {
        planning::plan(ws, name, actor).map(drop)
    })
    .await
}

/// `POST /campaigns/{name}/approve`
pub async fn approve(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "Approved. It may run now.", |ws, name, actor| steer::approve(ws, name, actor).map(drop)).await
}

/// `POST /campaigns/{name}/run`
pub async fn run(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "The run has begun. Messages go out as their hours come.", |ws, name, actor| {
        running::start(ws, name, None, actor).map(drop)
    })
    .await
}

/// `POST /campaigns/{name}/pause`
pub async fn pause(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "Paused. Nothing is sent until it is resumed.", |ws, name, actor| {
        steer::pause(ws, name, actor).map(drop)
    })
    .await
}

/// `POST /campaigns/{name}/resume`
pub async fn resume(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "Resumed where it stopped.", |ws, name, actor| steer::resume(ws, name, actor).map(drop)).await
}

/// `POST /campaigns/{name}/cancel`
pub async fn cancel(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "Cancelled. What was not sent is taken back.", |ws, name, actor| {
        steer::cancel(ws, name, actor).map(drop)
    })
    .await
}

/// `POST /campaigns/{name}/test-send`
pub async fn test_send(ws: Ws, req: HttpRequest, name: Name, fields: Fields) -> HttpResponse {
    use crate::operations::test_send::{TestSend, test_send};
    let what = TestSend {
        customer: fields.get("customer").trim().to_owned(),
        channel: fields.get("channel").to_owned(),
        to: fields.get("to").trim().to_owned(),
        offer: None,
        variant: None,
    };
    act(ws, req, name, "The test message was handed over.", move |ws, name, actor| {
        test_send(ws, name, &what, actor).map(drop)
    })
    .await
}
