//! The page of the service side: questions and complaints that are open, each with what to do and say, and what is still to be done.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::figures::{Show, count, path_part};
use super::page::{Frame, render};
use super::service_card::action_words;
use super::{Ws, either, on_pool};
use crate::clock::Timestamp;
use crate::deliveries::incoming::log;
use crate::error::Result;
use crate::operations::incoming::inquiries;
use crate::operations::service::{self, advice};
use crate::operations::{Workspace, send};

/// Most of each.
const MOST: i64 = 50;

/// `GET /service`
pub async fn show(ws: Ws, req: HttpRequest) -> HttpResponse {
    let read = on_pool(&ws, |ws| Ok((send::is_stopped(ws)?, view(ws)?))).await;
    either(read.map(|(stopped, page)| {
        render(StatusCode::OK, &Frame::of(&req, "/service", stopped), "Service", "service", page)
    }))
}

fn view(ws: &Workspace) -> Result<Value> {
    let show = Show(ws);
    let day = |at: Timestamp| show.time(at).chars().take(10).collect::<String>();
    let mut questions = Vec::new();
    for asked in inquiries::list(ws, log::OPEN, None, MOST)? {
        let known = advice::inquiry(ws, asked.id)?;
        let Some((customer, next)) = known.customer.zip(known.advice) else { continue };
        questions.push(json!({
            "customer": customer,
            "path": path_part(&customer),
            "at": show.time(asked.asked_at),
            "channel": asked.channel,
            "text": asked.text,
            "action": action_words(next.action),
            "say": next.say,
        }));
    }
    let complaints = service::open_complaints(ws, None, MOST)?;
    let complaints = complaints.iter().filter_map(|one| {
        let customer = one.customer.as_ref()?;
        let worth = one.recovery.map_or_else(|| "–".to_owned(), |found| show.money(found.worth));
        Some(json!({ "customer": customer, "path": path_part(customer), "open": count(one.open), "worth": worth }))
    });
    let complaints: Vec<Value> = complaints.collect();
    let tasks = service::open_tasks(ws, None, None, MOST)?;
    let tasks = tasks.iter().filter_map(|one| {
        let customer = one.customer.as_ref()?;
        Some(json!({
            "customer": customer,
            "path": path_part(customer),
            "text": one.task.text,
            "owner": one.task.owner,
            "due": day(one.task.due_at),
            "late": one.overdue,
        }))
    });
    Ok(json!({ "questions": questions, "complaints": complaints, "tasks": tasks.collect::<Vec<_>>() }))
}
