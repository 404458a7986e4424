//! The page of the scorecard: each figure with definition, target, owner, trend and status; goals, what is overdue; market and competitors.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::figures::{Show, count, path_part, percent};
use super::guard::Fields;
use super::page::{Frame, render};
use super::sending::actor;
use super::{Ws, either, on_pool};
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::operations::access::{Permission, Session};
use crate::operations::service::satisfaction::Team;
use crate::operations::steering::{self, Goal, Indicator, Kept, Point, Target, store};
use crate::operations::{Workspace, send};
use crate::reports::scorecard::{Card, Line, Status, kept_card, kept_teams};
use crate::reports::what_if::{self, Outcome, Question, WhatIf};

/// What if: points and percent, as written in the form of the page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    retention: Option<f64>,
    margin: Option<f64>,
    cost: Option<f64>,
}

impl Asked {
    fn question(&self) -> Question {
        Question {
            retention_points: self.retention.unwrap_or(5.0),
            margin_points: self.margin.unwrap_or(0.0),
            cost_to_serve_percent: self.cost.unwrap_or(0.0),
            ..Question::default()
        }
    }
}

/// `GET /scorecard`: the figures as of the last scoring, targets and goals as they are now.
pub async fn show(ws: Ws, req: HttpRequest, asked: web::Query<Asked>) -> HttpResponse {
    page(&ws, &req, asked.into_inner(), None).await
}

async fn page(ws: &Ws, req: &HttpRequest, asked: Asked, fault: Option<Error>) -> HttpResponse {
    let read = on_pool(ws, move |ws| {
        let mut page = view(ws)?;
        // What cannot be asked is left at five points.
        let question = asked.question();
        let found = match what_if::kept_answer(ws, &question) {
            Err(error) if error.kind() == Kind::Invalid => what_if::kept_answer(ws, &Asked::default().question()),
            other => other,
        };
        page["what_if"] = found?.map_or(Value::Null, |found| what_if_view(&Show(ws), &found));
        Ok((send::is_stopped(ws)?, page))
    })
    .await;
    either(read.map(|(stopped, mut page)| {
        let session = req.extensions().get::<Session>().cloned();
        page["may_write"] = session.is_some_and(|session| session.role.may(Permission::CampaignsWrite)).into();
        let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let frame = Frame { fault, ..Frame::of(req, "/scorecard", stopped) };
        render(status, &frame, "Scorecard", "scorecard", page)
    }))
}

/// `POST /scorecard`: sets a target, or notes a review.
pub async fn put(ws: Ws, req: HttpRequest, fields: Fields) -> HttpResponse {
    let by = actor(&req);
    let inside = ws.clone();
    let form = fields.clone();
    let done = web::block(move || match form.get("action") {
        "review" => review(&inside, &form, &by),
        _ => set_target(&inside, &form, &by),
    })
    .await;
    match done.unwrap_or_else(|error| Err(Error::internal("the request was given up").caused_by(error))) {
        Ok(at) => {
            let location = format!("/scorecard#{}", path_part(&at));
            HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
        }
        Err(error) => page(&ws, &req, Asked::default(), Some(error)).await,
    }
}

/// A target as people write it: shares in percent, money in units of the currency.
fn set_target(ws: &Workspace, form: &Fields, actor: &str) -> Result<String> {
    let indicator = Indicator::parse(form.get("indicator"))?;
    let written: f64 = form
        .get("value")
        .trim()
        .replace(',', ".")
        .parse()
        .map_err(|_| Error::invalid(format!("`{}` is not a number", form.get("value"))))?;
    let value = match indicator.unit() {
        steering::Unit::Share => written / 100.0,
        steering::Unit::Money => written * ws.settings().currency.minor_units() as f64,
        _ => written,
    };
    let known = ws.store().read(|conn| store::find::<Target>(conn, indicator.key()))?;
    let target = Target {
        value,
        owner: form.get("owner").trim().to_owned(),
        by: known.as_ref().and_then(|kept| kept.spec.by),
        tolerance: known.as_ref().and_then(|kept| kept.spec.tolerance),
        window_days: known.as_ref().and_then(|kept| kept.spec.window_days),
    };
    let seen: i64 = form.get("version").parse().unwrap_or(0);
    steering::put(ws, indicator.key(), target, actor, |version| {
        let stale = "somebody has changed this target in the meantime; look at it again";
        if version.unwrap_or(0) == seen { Ok(()) } else { Err(Error::conflict(stale)) }
    })??;
    Ok(indicator.key().to_owned())
}

fn review(ws: &Workspace, form: &Fields, actor: &str) -> Result<String> {
    let action = Some(form.get("of")).filter(|of| !of.is_empty());
    let next = Timestamp::parse(form.get("next"))?;
    let kept = steering::review(ws, form.get("goal"), action, next, form.get("note"), actor)?;
    Ok(kept.name)
}

fn view(ws: &Workspace) -> Result<Value> {
    let show = Show(ws);
    let goals = ws.store().read(store::all::<Goal>)?;
    let goals: Vec<Value> = goals.iter().map(|goal| goal_view(&show, goal, ws.now())).collect();
    let Some(card) = kept_card(ws)? else { return Ok(json!({ "none_yet": true, "goals": goals })) };
    let lines: Vec<Value> = card.indicators.iter().map(|line| line_view(ws, line)).collect();
    Ok(json!({
        "as_of": show.time(card.as_of),
        "objective": card.objective.words(),
        "lines": lines,
        "goals": goals,
        "teams": kept_teams(ws)?.iter().map(team_view).collect::<Vec<_>>(),
        "overdue": overdue(&card),
        "any_others": card.indicators.iter().any(|line| !line.others.is_empty()),
    }))
}

fn team_view(team: &Team) -> Value {
    json!({
        "team": team.team,
        "customers": count(team.customers),
        "answers": count(team.answers),
        "mean": team.mean.map_or_else(|| "–".to_owned(), |mean| format!("{mean:.1}")),
        "promoters": team.promoters_less_detractors.map_or_else(|| "–".to_owned(), |share| format!("{:+.0}", share * 100.0)),
        "complaints": count(team.complaints),
        "rate": team.complaints_per_order.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.3}")),
    })
}

fn what_if_view(show: &Show<'_>, found: &WhatIf) -> Value {
    let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), percent);
    let row = |of: &Outcome| {
        json!({
            "segment": of.segment,
            "clients": count(of.clients.round() as i64),
            "retention": share(of.retention),
            "retention_then": share(of.retention_then),
            "profit": show.amount(of.profit),
            "profit_then": show.amount(of.profit_then),
            "value": show.amount(of.value),
            "value_then": show.amount(of.value_then),
            "gain": show.amount(of.gain),
            "gain_share": share(of.gain_share),
        })
    };
    json!({
        // As text, so that whole numbers stand without a decimal.
        "retention": found.question.retention_points.to_string(),
        "margin": found.question.margin_points.to_string(),
        "cost": found.question.cost_to_serve_percent.to_string(),
        "rows": found.segments.iter().chain([&found.all]).map(row).collect::<Vec<_>>(),
    })
}

fn overdue(card: &Card) -> Vec<String> {
    let words = |one: &crate::reports::scorecard::card::Overdue| {
        let action = one.action.as_ref().map_or_else(String::new, |action| format!(", {action}"));
        format!("{}{action}: {} was to look at it {} days ago", one.goal, one.owner, one.days)
    };
    card.overdue.iter().map(words).collect()
}

fn line_view(ws: &Workspace, line: &Line) -> Value {
    let tone = match line.status {
        Status::Met => "good",
        Status::Missed => "bad",
        Status::Near => "warn",
        Status::NoTarget | Status::Unknown => "",
    };
    let target = line.target.as_ref();
    let form_value = target.map(|target| match line.unit {
        steering::Unit::Share => format!("{:.1}", target.spec.value * 100.0),
        steering::Unit::Money => format!("{:.2}", target.spec.value / ws.settings().currency.minor_units() as f64),
        _ => format!("{}", target.spec.value),
    });
    json!({
        "key": line.indicator.key(),
        "title": line.title,
        "definition": line.definition,
        "value": line.shown,
        "change": line.trend.shown,
        "change_tone": line.trend.improves.map_or("", |improves| if improves { "good" } else { "bad" }),
        "target": line.target_shown,
        "status": line.status.words(),
        "tone": tone,
        "owner": target.map(|target| &target.spec.owner),
        "version": target.map_or(0, |target| target.version),
        "form_value": form_value,
        "days": line.window_days,
        "spark": spark(&line.trend.points),
        "segments": line.segments.iter().map(|one| json!({ "name": one.segment, "value": one.shown })).collect::<Vec<_>>(),
        "others": line.others.iter().map(|other| json!({
            "subject": other.subject,
            "value": other.shown,
            "source": other.source,
        })).collect::<Vec<_>>(),
    })
}

/// A series as the points of a line in a box of 120 x 28; none where there are fewer than two.
fn spark(points: &[Point]) -> Option<String> {
    if points.len() < 2 {
        return None;
    }
    let (least, most) =
        points.iter().fold((f64::MAX, f64::MIN), |(least, most), p| (least.min(p.value), most.max(p.value)));
    let span = if most > least { most - least } else { 1.0 };
    let (first, last) = (points[0].at.0, points[points.len() - 1].at.0.max(points[0].at.0 + 1));
    let place = |point: &Point| {
        let x = 2.0 + 116.0 * (point.at.0 - first) as f64 / (last - first) as f64;
        format!("{x:.1},{:.1}", 25.0 - 22.0 * (point.value - least) / span)
    };
    Some(points.iter().map(place).collect::<Vec<_>>().join(" "))
}

fn goal_view(show: &Show<'_>, goal: &Kept<Goal>, now: Timestamp) -> Value {
    let actions = goal.spec.actions.iter().map(|action| {
        json!({
            "title": action.title,
            "campaign": action.campaign,
            "budget": show.money(action.budget),
            "owner": action.owner,
            "review": day(show, action.review_at),
            "done": action.done,
            "late": !action.done && action.review_at < now,
        })
    });
    json!({
        "name": goal.name,
        "title": goal.spec.title,
        "indicator": goal.spec.indicator.title(),
        "owner": goal.spec.owner,
        "review": day(show, goal.spec.review_at),
        "late": goal.spec.review_at < now,
        "actions": actions.collect::<Vec<_>>(),
    })
}

fn day(show: &Show<'_>, at: Timestamp) -> String {
    show.time(at).chars().take(10).collect()
}
