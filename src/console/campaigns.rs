//! The list of campaigns, and the lines that other pages share with it.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::bar;
use super::figures::{Show, count, tone_of};
use super::page::{Frame, render};
use super::{Ws, either, on_pool};
use crate::campaigns::CampaignSpec;
use crate::campaigns::store::{self, Campaign};
use crate::deliveries::outbox::reconcile;
use crate::error::Result;
use crate::operations::send;
use crate::reports::calendar::{Calendar, calendar};
use crate::segments::{Criterion, KeptSegment};
use crate::storage::Connection;

/// How far the calendar of contacts reaches, to either side.
const CALENDAR_DAYS: i32 = 14;

/// `GET /campaigns`
pub async fn show(ws: Ws, req: HttpRequest) -> HttpResponse {
    let read = on_pool(&ws, |ws| {
        let show = Show(ws);
        let lines = ws.store().read(|conn| {
            let all = store::all(conn)?;
            all.iter().map(|campaign| line(conn, &show, campaign)).collect::<Result<Vec<_>>>()
        })?;
        Ok((send::is_stopped(ws)?, lines, pressure(&calendar(ws, CALENDAR_DAYS)?)))
    })
    .await;
    either(read.map(|(stopped, lines, pressure)| {
        let page = json!({ "campaigns": lines, "pressure": pressure });
        render(StatusCode::OK, &Frame::of(&req, "/campaigns", stopped), "Campaigns", "campaigns", page)
    }))
}

/// Contacts day by day, those days on which there are any; none without any.
fn pressure(calendar: &Calendar) -> Value {
    let busiest = calendar.days.iter().map(|day| day.total).max().unwrap_or(0);
    if busiest == 0 {
        return Value::Null;
    }
    let words = |counts: &BTreeMap<String, i64>| {
        counts.iter().map(|(name, contacts)| format!("{name} {}", count(*contacts))).collect::<Vec<_>>().join(", ")
    };
    let days = calendar.days.iter().filter(|day| day.total > 0).map(|day| {
        json!({
            "date": day.date,
            "total": count(day.total),
            "bar": bar::share(day.total as f64, busiest as f64, ""),
            "contacts": words(&day.contacts),
            "expected": words(&day.expected),
        })
    });
    let all: i64 = calendar.clients.values().sum();
    let clients = calendar.clients.iter().map(|(contacts, clients)| {
        json!({ "contacts": contacts, "clients": count(*clients), "bar": bar::share(*clients as f64, all as f64, "") })
    });
    json!({ "days": days.collect::<Vec<_>>(), "clients": clients.collect::<Vec<_>>() })
}

/// A campaign in a list.
pub fn line(conn: &mut Connection, show: &Show<'_>, campaign: &Campaign) -> Result<Value> {
    let spec = store::version(conn, campaign.id, campaign.version)?.spec;
    let mut open = 0;
    for run in store::runs(conn, campaign.id)?.iter().filter(|run| run.finished_at.is_none()) {
        open += reconcile(conn, run.id)?.open;
    }
    Ok(json!({
        "name": campaign.name,
        "title": title(&spec),
        "goal": spec.goal,
        "owner": spec.owner,
        "state": state(&campaign.state),
        "version": campaign.version,
        "next_run": campaign.next_run_at.map(|at| show.time(at)),
        "changed": show.time(campaign.updated_at),
        "open": count(open),
    }))
}

/// A segment in a list.
pub fn segment(show: &Show<'_>, kept: &KeptSegment) -> Value {
    // Features count in whole units of the currency.
    let minor = show.0.settings().currency.minor_units() as f64;
    let value = kept.economics.value * minor;
    json!({
        "name": kept.name,
        "customers": count(kept.size),
        "profit": show.amount(value),
        "per": show.amount(value / kept.size.max(1) as f64),
        "tone": tone_of(value),
        "full": format!("{}/{}", kept.segmentation, kept.code),
        "service_level": kept.portrait.service_level,
        "description": kept.portrait.description.iter().map(|found| found.words.as_str()).collect::<Vec<_>>(),
        "criteria": kept.portrait.criteria.iter().map(criterion).collect::<Vec<_>>(),
        "npv": kept.portrait.worth.as_ref().and_then(|worth| worth.net_present_value).map(|npv| show.amount(npv * minor)),
    })
}

/// One of the four questions to a segment.
fn criterion(criterion: &Criterion) -> Value {
    let value = criterion.value.map_or("not known".to_owned(), |value| format!("{value:.2}"));
    json!({
        "name": criterion.name,
        "said": format!("{value}; threshold {:.2}", criterion.threshold),
        "tone": if criterion.passed { "good" } else { "warn" },
    })
}

/// What people call a campaign.
pub fn title(spec: &CampaignSpec) -> &str {
    if spec.title.is_empty() { &spec.name } else { &spec.title }
}

/// A state with the colour of its badge.
pub fn state(name: &str) -> Value {
    let tone = match name {
        "running" | "sending" | "deciding" => "brand",
        "approved" | "finished" => "good",
        "paused" => "warn",
        "cancelled" => "bad",
        _ => "",
    };
    json!({ "name": name, "tone": tone })
}
