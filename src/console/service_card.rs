//! The part of a customer's page for whoever serves them: what to do and say, what is open, notes, and who looks after them.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::figures::{Show, path_part};
use super::guard::Fields;
use super::sending::actor;
use super::{Ws, either, on_pool};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::operations::Workspace;
use crate::operations::incoming::inquiries;
use crate::operations::service::advice::{Action, summary};
use crate::operations::service::{self, NewOwner, NewTask};

/// What stands in the card.
pub fn view(ws: &Workspace, external_id: &str) -> Result<Value> {
    let show = Show(ws);
    let known = summary(ws, external_id)?;
    let day = |at: Timestamp| show.time(at).chars().take(10).collect::<String>();
    let now = ws.now();
    let action = match known.advice.action {
        Action::Recover => "Solve the complaint, and make good",
        Action::Answer => "Answer",
        Action::Propose => "Answer, and propose",
        Action::Keep => "Answer, and ask what is missing",
        Action::Welcome => "Answer, and help with the first steps",
    };
    Ok(json!({
        "action": action,
        "say": known.advice.say,
        "why": known.advice.why,
        "words": known.words,
        "owner": known.owner.as_ref().map(|owner| json!({ "owner": owner.owner, "team": owner.team })),
        "tasks": known.tasks.iter().map(|task| json!({
            "id": task.id,
            "text": task.text,
            "owner": task.owner,
            "due": day(task.due_at),
            "late": task.due_at < now,
        })).collect::<Vec<_>>(),
        "notes": known.notes.iter().map(|note| json!({ "text": note.text, "author": note.author, "at": show.time(note.at) })).collect::<Vec<_>>(),
        "inquiries": known.inquiries.iter().map(|one| json!({ "id": one.id, "text": one.text, "at": show.time(one.asked_at), "channel": one.channel })).collect::<Vec<_>>(),
        "brought": known.brought,
    }))
}

/// `POST /customers/{id}/service`: a note, a task or its end, an owner, or the end of an inquiry.
pub async fn write(ws: Ws, req: HttpRequest, id: web::Path<String>, fields: Fields) -> HttpResponse {
    let location = format!("/customers/{}#service", path_part(&id));
    let by = actor(&req);
    let done = on_pool(&ws, move |ws| keep(ws, &id, &fields, &by)).await;
    either(done.map(|()| HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()))
}

fn keep(ws: &Workspace, id: &str, fields: &Fields, actor: &str) -> Result<()> {
    // Lines of a form end as those of mail do.
    let text = fields.get("text").replace("\r\n", "\n");
    let number = || fields.get("of").parse::<i64>().map_err(|_| Error::not_found("there is no such row"));
    match fields.get("action") {
        "note" => service::note(ws, id, &text, actor).map(drop),
        "task" => {
            let task =
                NewTask { text, owner: fields.get("owner").to_owned(), due_at: Timestamp::parse(fields.get("due"))? };
            service::task(ws, id, &task, actor).map(drop)
        }
        "close" => service::close_task(ws, number()?, actor).map(drop),
        "answered" => inquiries::close(ws, number()?, actor).map(drop),
        "owner" => {
            let owner = NewOwner { owner: fields.get("owner").to_owned(), team: fields.get("team").to_owned() };
            service::set_owner(ws, id, &owner, actor).map(drop)
        }
        other => Err(Error::invalid(format!("`{other}` is nothing that can be done here"))),
    }
}
