//! Segments: the list, and the form in which one is defined by rule: looked at first, then saved.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::figures::{Show, count, path_part, percent};
use super::guard::Fields;
use super::page::{Frame, render, status_of};
use super::sending::actor;
use super::{Ws, either, on_pool};
use crate::error::{Error, Result};
use crate::operations::segments::{self as rules, Preview};
use crate::operations::{Workspace, send};
use crate::reports::segments::{self, RuleShown, SegmentShown};
use crate::segments::rule::{SegmentSpec, store};
use crate::segments::{Board, KeptSegment, Square, boards};

/// What a new definition may look like.
const EXAMPLE: &str = r#"name = "quiet-regulars"
title = "Regulars who have grown quiet"

[measures.orders_365]
of = "orders"
within_days = 365

[measures.quiet]
of = "orders"
take = "last"

[rule]
all = [
  { field = "orders_365", op = "ge", value = 3 },
  { field = "quiet", op = "gt", value = 60 },
]
"#;

/// Which segment's definition stands in the form, and what has just been done.
#[derive(Debug, Deserialize)]
pub struct Asked {
    edit: Option<String>,
    saved: Option<String>,
}

/// What stands in the form.
#[derive(Debug, Clone, Default)]
struct Form {
    definition: String,
    /// The version that is edited; 0 for a new segment.
    version: i64,
}

/// `GET /segments`
pub async fn show(ws: Ws, req: HttpRequest, asked: web::Query<Asked>) -> HttpResponse {
    let asked = asked.into_inner();
    let edit = asked.edit.clone();
    let form = on_pool(&ws, move |ws| form_of(ws, edit.as_deref())).await;
    let notice = asked.saved.map_or_else(String::new, |name| format!("Saved. {name} follows new facts from now on."));
    match form {
        Ok(form) => page(&ws, &req, form, None, notice, None).await,
        Err(failure) => failure,
    }
}

fn form_of(ws: &Workspace, edit: Option<&str>) -> Result<Form> {
    let Some(name) = edit else { return Ok(Form { definition: EXAMPLE.into(), version: 0 }) };
    let kept = ws.store().read(|conn| store::by_name(conn, name))?;
    let definition = toml::to_string_pretty(&kept.spec)
        .map_err(|error| Error::internal("the definition cannot be shown").caused_by(error))?;
    Ok(Form { definition, version: kept.version })
}

/// `POST /segments`: looks at a definition, or saves it.
pub async fn define(ws: Ws, req: HttpRequest, fields: Fields) -> HttpResponse {
    let version = fields.get("version").parse().unwrap_or(0);
    let form = Form { definition: fields.get("definition").replace("\r\n", "\n"), version };
    let (saving, text, by) = (fields.get("action") == "save", form.definition.clone(), actor(&req));
    let inside = ws.clone();
    let outcome =
        web::block(move || if saving { save(&inside, &text, version, &by) } else { look(&inside, &text) }).await;
    let outcome = outcome.unwrap_or_else(|error| Err(Error::internal("the request was given up").caused_by(error)));
    match outcome {
        Ok(Done::Saved(name)) => {
            let location = format!("/segments?saved={}", path_part(&name));
            HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
        }
        Ok(Done::Seen(preview)) => page(&ws, &req, form, Some(preview), String::new(), None).await,
        Err(error) => page(&ws, &req, form, None, String::new(), Some(error)).await,
    }
}

enum Done {
    Seen(Preview),
    Saved(String),
}

fn look(ws: &Workspace, text: &str) -> Result<Done> {
    rules::preview(ws, SegmentSpec::parse(text)?).map(Done::Seen)
}

fn save(ws: &Workspace, text: &str, version: i64, actor: &str) -> Result<Done> {
    let spec = SegmentSpec::parse(text)?;
    let kept = ws.store().write(|conn| {
        let known = store::find(conn, &spec.name)?.map_or(0, |kept| kept.version);
        if known != version {
            let name = &spec.name;
            return Err(Error::conflict(match version {
                0 => format!("there is a segment `{name}` already; edit that one, or choose another name"),
                _ => format!("the segment `{name}` is not the version that you edited; load it again"),
            }));
        }
        rules::put(ws, conn, spec, actor, ws.now())
    })?;
    rules::build(ws, &kept.spec.name)?;
    Ok(Done::Saved(kept.spec.name))
}

async fn page(
    ws: &Ws,
    req: &HttpRequest,
    form: Form,
    preview: Option<Preview>,
    notice: String,
    fault: Option<Error>,
) -> HttpResponse {
    let read = on_pool(ws, |ws| Ok((send::is_stopped(ws)?, lines(ws)?))).await;
    either(read.map(|(stopped, Lines { clusters, grids, by_rule, uploaded })| {
        let status = fault.as_ref().map_or(StatusCode::OK, |error| status_of(error).0);
        let frame = Frame { notice, fault, ..Frame::of(req, "/segments", stopped) };
        let may_write = frame
            .session
            .as_ref()
            .is_some_and(|session| session.role.may(crate::operations::access::Permission::CampaignsWrite));
        let view = json!({
            "clusters": clusters,
            "grids": grids,
            "by_rule": by_rule,
            "uploaded": uploaded,
            "definition": form.definition,
            "version": form.version,
            "may_write": may_write,
            "preview": preview.map(|seen| preview_of(&seen)),
        });
        render(status, &frame, "Segments", "segments", view)
    }))
}

/// The tables.
struct Lines {
    clusters: Vec<Value>,
    grids: Vec<Value>,
    by_rule: Vec<Value>,
    uploaded: Vec<Value>,
}

fn lines(ws: &Workspace) -> Result<Lines> {
    let show = Show(ws);
    let (mut found, mut by_rule, mut uploaded) = (Vec::new(), Vec::new(), Vec::new());
    for segment in segments::list(ws)? {
        match segment {
            SegmentShown::Cluster(kept) => found.push(*kept),
            SegmentShown::Rule(rule) => by_rule.push(line(&rule)),
            SegmentShown::Static(list) => uploaded.push(json!({
                "name": list.name,
                "title": list.title,
                "customers": count(list.size),
                "at": show.time(list.updated_at),
                "by": list.uploaded_by,
            })),
        }
    }
    let (others, grids) = boards(found);
    let clusters = others.iter().map(|kept| super::campaigns::segment(&show, kept)).collect();
    let grids = grids.iter().map(|(board, cells)| grid(&show, board, cells)).collect();
    Ok(Lines { clusters, grids, by_rule, uploaded })
}

/// Shades of a grid's squares.
const SHADES: f64 = 5.0;

/// A grid: how many customers stand where, and its cells that are not empty.
fn grid(show: &Show<'_>, board: &Board, cells: &[KeptSegment]) -> Value {
    let minor = show.0.settings().currency.minor_units() as f64;
    let fullest = board.fullest().max(1) as f64;
    let square = |square: &Square| {
        json!({
            "customers": count(square.customers),
            "profit": show.amount(square.profit * minor),
            "shade": (square.customers as f64 / fullest * SHADES).ceil() as i64,
        })
    };
    let lines = board.lines.iter().enumerate().map(|(line, squares)| {
        json!({ "score": board.bins() - line, "squares": squares.iter().map(square).collect::<Vec<_>>() })
    });
    let filled = cells.iter().rev().filter(|cell| cell.size > 0).map(|cell| super::campaigns::segment(show, cell));
    json!({
        "name": board.segmentation,
        "scores": (1..=board.bins()).collect::<Vec<_>>(),
        "lines": lines.collect::<Vec<_>>(),
        "cells": filled.collect::<Vec<_>>(),
    })
}

fn line(rule: &RuleShown) -> Value {
    let (state, tone) = match (&rule.failure, rule.stale) {
        (Some(failure), _) => (failure.clone(), "bad"),
        (None, true) => ("to be built".to_owned(), "warn"),
        (None, false) => ("fresh".to_owned(), "good"),
    };
    json!({
        "name": rule.name,
        "path": path_part(&rule.name),
        "title": rule.title,
        "customers": count(rule.size),
        "rule": rule.rule,
        "state": state,
        "tone": tone,
    })
}

fn preview_of(seen: &Preview) -> Value {
    json!({
        "customers": count(i64::try_from(seen.customers).unwrap_or(i64::MAX)),
        "share": percent(seen.share),
        "reachable": seen.reachable.map(percent),
        "rule": seen.rule,
        "sample": seen.sample.iter().map(|key| json!({"key": key, "path": path_part(key)})).collect::<Vec<_>>(),
    })
}
