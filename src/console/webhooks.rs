//! Who is told what happens: how each webhook does, its latest events, its dead letters.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::figures::{Show, path_part};
use super::guard::Fields;
use super::page::{Frame, render};
use super::sending::actor;
use super::{Ws, either, on_pool};
use crate::error::Result;
use crate::operations::access::Permission;
use crate::operations::webhooks::{self, CallShown, WebhookShown};
use crate::operations::{Workspace, send};
use crate::webhooks::CallState;
use crate::webhooks::queue::Again;

/// Dead letters and latest events of each webhook on the page.
const MOST: i64 = 20;

/// `GET /webhooks`
pub async fn show(ws: Ws, req: HttpRequest) -> HttpResponse {
    page(&ws, &req, String::new()).await
}

/// `POST /webhooks/{name}`: posts a test, or sends the dead letters again.
pub async fn act(ws: Ws, req: HttpRequest, name: web::Path<String>, fields: Fields) -> HttpResponse {
    let (name, by) = (name.into_inner(), actor(&req));
    if fields.get("action") == "ping" {
        let tried = on_pool(&ws, move |ws| Ok(format!("{name}: {}", webhooks::ping(ws, &name)?.text))).await;
        return match tried {
            Ok(notice) => page(&ws, &req, notice).await,
            Err(failure) => failure,
        };
    }
    let asked = Again { dead: true, ..Again::default() };
    let again = on_pool(&ws, move |ws| webhooks::again(ws, &name, &asked, &by)).await;
    either(again.map(|_| HttpResponse::SeeOther().insert_header((LOCATION, "/webhooks")).finish()))
}

async fn page(ws: &Ws, req: &HttpRequest, notice: String) -> HttpResponse {
    let read = on_pool(ws, |ws| Ok((send::is_stopped(ws)?, all(ws)?))).await;
    either(read.map(|(stopped, hooks)| {
        let frame = Frame { notice, ..Frame::of(req, "/webhooks", stopped) };
        let may_act = frame.session.as_ref().is_some_and(|session| session.role.may(Permission::WebhooksManage));
        render(
            StatusCode::OK,
            &frame,
            "Webhooks",
            "webhooks",
            json!({ "hooks": hooks, "may_act": may_act, "most": MOST }),
        )
    }))
}

fn all(ws: &Workspace) -> Result<Vec<Value>> {
    let show = Show(ws);
    webhooks::list(ws)?
        .into_iter()
        .map(|hook| {
            let name = hook.webhook.name.clone();
            let dead = webhooks::calls(ws, &name, Some(CallState::Dead), None, MOST)?;
            let latest = webhooks::calls(ws, &name, None, None, MOST)?;
            Ok(card(&show, &hook, &dead, &latest))
        })
        .collect()
}

fn card(show: &Show<'_>, shown: &WebhookShown, dead: &[CallShown], latest: &[CallShown]) -> Value {
    let hook = &shown.webhook;
    let lines = |calls: &[CallShown]| calls.iter().map(|call| line(show, call)).collect::<Vec<_>>();
    json!({
        "name": hook.name,
        "url": hook.url,
        "events": hook.wants().join(", "),
        "enabled": hook.enabled,
        "failures": hook.failures,
        "waiting": shown.waiting,
        "sent": shown.sent,
        "dead_count": shown.dead,
        "dead": lines(dead),
        "latest": lines(latest),
    })
}

fn line(show: &Show<'_>, call: &CallShown) -> Value {
    json!({
        "type": call.kind,
        "customer": call.customer,
        "path": call.customer.as_deref().map(path_part),
        "at": show.time(call.at),
        "state": call.state,
        "attempts": call.attempts.len(),
        "answer": call.attempts.last().map(|last| last.text.clone()),
    })
}
