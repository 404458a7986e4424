//! Pages for customers, reached by the signed links of a message: unsubscribe, and preferences.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::json;

use super::guard::Fields;
use super::page::{Frame, message, render};
use super::words::Words;
use super::{Ws, either, on_pool};
use crate::error::{Kind, Result};
use crate::operations::links;

/// A forged or damaged link: one sentence for every reason.
fn refused() -> HttpResponse {
    message(
        StatusCode::BAD_REQUEST,
        "This link is not valid",
        &["Please use the link from the message, complete as it stands there."],
    )
}

/// The answer, or the page for a link that is not ours; what is out of order here stays a failure.
async fn ask<T: Send + 'static>(
    ws: &Ws,
    work: impl FnOnce(&crate::operations::Workspace) -> Result<T> + Send + 'static,
) -> Result<T, HttpResponse> {
    let done = on_pool(ws, move |ws| match work(ws) {
        Err(error) if matches!(error.kind(), Kind::Invalid | Kind::NotFound) => Ok(None),
        other => other.map(Some),
    })
    .await?;
    done.ok_or_else(refused)
}

/// `GET /u/{token}`: a page with a button; changes nothing, because scanners follow links.
pub async fn look_at_unsubscribe(ws: Ws, token: web::Path<String>) -> HttpResponse {
    let asked = ask(&ws, move |ws| links::look_at_unsubscribe(ws, &token)).await;
    either(asked.map(|reader| unsubscribe_page(&reader, false)))
}

/// `POST /u/{token}`: ends the subscription at once (RFC 8058); asked again, it says the same.
pub async fn unsubscribe(ws: Ws, token: web::Path<String>) -> HttpResponse {
    let asked = ask(&ws, move |ws| {
        links::unsubscribe(ws, &token)?;
        links::look_at_unsubscribe(ws, &token)
    })
    .await;
    either(asked.map(|reader| unsubscribe_page(&reader, true)))
}

fn unsubscribe_page(reader: &links::Reader, done: bool) -> HttpResponse {
    let words = Words::of(&reader.locale);
    let page = json!({
        "channel": words.channel(&reader.channel),
        "done": done,
        "words": { "unsubscribe": words.unsubscribe, "unsubscribed": words.unsubscribed, "ask": words.ask, "done": words.done,
            "still": words.still },
    });
    render(StatusCode::OK, &frame(words), words.unsubscribe, "unsubscribe", page)
}

fn frame(words: &Words) -> Frame {
    Frame { lang: Some(words.language), ..Frame::default() }
}

/// `GET /preferences/{token}`
pub async fn preferences(ws: Ws, token: web::Path<String>) -> HttpResponse {
    let asked = ask(&ws, move |ws| links::preferences(ws, &token)).await;
    either(asked.map(|(reader, known)| preferences_page(&reader, &known, false)))
}

/// `POST /preferences/{token}`
pub async fn set_preferences(ws: Ws, token: web::Path<String>, fields: Fields) -> HttpResponse {
    let granted = fields.all("channel");
    let asked = ask(&ws, move |ws| links::set_preferences(ws, &token, &granted)).await;
    either(asked.map(|(reader, known)| preferences_page(&reader, &known, true)))
}

fn preferences_page(reader: &links::Reader, known: &[links::Preference], saved: bool) -> HttpResponse {
    let words = Words::of(&reader.locale);
    let shown: Vec<serde_json::Value> = known
        .iter()
        .map(|one| {
            json!({ "value": one.value(), "granted": one.granted, "channel": words.channel(&one.channel),
                "purpose": words.purpose(&one.purpose) })
        })
        .collect();
    let page = json!({
        "preferences": shown,
        "saved": saved,
        "words": { "preferences": words.preferences, "which": words.which, "save": words.save, "saved": words.saved,
            "still": words.still },
    });
    render(StatusCode::OK, &frame(words), words.preferences, "preferences", page)
}
