//! The buttons of a campaign. What was done is said on the page that follows; what failed, with the reason, at once.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};

use super::figures::path_part;
use super::guard::Fields;
use super::sending::actor;
use super::{Ws, campaign};
use crate::error::{Error, Result};
use crate::operations::choose::{self as choosing, Asked};
use crate::operations::test_send::{TestSend, test_send as sending_test};
use crate::operations::{Workspace, plan as planning, run as running, steer};

type Name = web::Path<String>;

/// Does it, and leads back to the campaign's page, so that loading that page again does nothing again.
async fn act<F>(ws: Ws, req: HttpRequest, name: Name, done: &str, verb: F) -> HttpResponse
where
    F: FnOnce(&Workspace, &str, &str) -> Result<()> + Send + 'static,
{
    let (name, actor) = (name.into_inner(), actor(&req));
    let (of, inside) = (name.clone(), ws.clone());
    let outcome = web::block(move || verb(&inside, &of, &actor)).await;
    let outcome = outcome.unwrap_or_else(|error| Err(Error::internal("the request was given up").caused_by(error)));
    match outcome {
        Ok(()) => {
            let location = format!("/campaigns/{}?done={done}", path_part(&name));
            HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
        }
        Err(error) => campaign::page(&ws, &req, name, "", Some(error)).await,
    }
}

/// What the page says after an action.
pub fn notice(done: &str) -> &'static str {
    match done {
        "plan" => "Planned as of now. Nothing was sent.",
        "approve" => "Approved. It may run now.",
        "run" => "The run has begun. Messages go out as their hours come.",
        "pause" => "Paused. Nothing is sent until it is resumed.",
        "resume" => "Resumed where it stopped.",
        "choose" => "Chosen. A rest that waits gets it by itself, once; without one, all later runs do.",
        "cancel" => "Cancelled. What was not sent is taken back.",
        "close" => "Closed. Nothing new begins; its results stand.",
        "test-send" => "The test message was handed over.",
        _ => "",
    }
}

/// `POST /campaigns/{name}/plan`
pub async fn plan(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "plan", |ws, name, actor| planning::plan(ws, name, actor).map(drop)).await
}

/// `POST /campaigns/{name}/approve`
pub async fn approve(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "approve", |ws, name, actor| steer::approve(ws, name, actor).map(drop)).await
}

/// `POST /campaigns/{name}/run`
pub async fn run(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "run", |ws, name, actor| running::start(ws, name, None, actor).map(drop)).await
}

/// `POST /campaigns/{name}/pause`
pub async fn pause(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "pause", |ws, name, actor| steer::pause(ws, name, actor).map(drop)).await
}

/// `POST /campaigns/{name}/resume`
pub async fn resume(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "resume", |ws, name, actor| steer::resume(ws, name, actor).map(drop)).await
}

/// `POST /campaigns/{name}/cancel`
pub async fn cancel(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "cancel", |ws, name, actor| steer::cancel(ws, name, actor).map(drop)).await
}

/// `POST /campaigns/{name}/close`
pub async fn close(ws: Ws, req: HttpRequest, name: Name) -> HttpResponse {
    act(ws, req, name, "close", |ws, name, actor| steer::close(ws, name, actor).map(drop)).await
}

/// `POST /campaigns/{name}/choose`: a variant by hand, or, where none is named, what the data carry.
pub async fn choose(ws: Ws, req: HttpRequest, name: Name, fields: Fields) -> HttpResponse {
    let variant = Some(fields.get("variant").to_owned()).filter(|variant| !variant.is_empty());
    let asked = Asked { variant, run: None };
    act(ws, req, name, "choose", move |ws, name, actor| choosing::decide(ws, name, &asked, actor).map(drop)).await
}

/// `POST /campaigns/{name}/test-send`
pub async fn test_send(ws: Ws, req: HttpRequest, name: Name, fields: Fields) -> HttpResponse {
    let what = TestSend {
        customer: fields.get("customer").trim().to_owned(),
        channel: fields.get("channel").to_owned(),
        to: fields.get("to").trim().to_owned(),
        offer: None,
        variant: None,
    };
    act(ws, req, name, "test-send", move |ws, name, actor| sending_test(ws, name, &what, actor).map(drop)).await
}
