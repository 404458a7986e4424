//! One customer's page: value, what next and why, profile, consent, the whole story.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::customers::name;
use super::figures::{Figure, Show, count, figure, path_part, percent, tone_of};
use super::page::{Frame, render};
use super::{Ws, either, on_pool, timeline};
use crate::customers::{Consent, Customer, CustomerState};
use crate::decisions::store as decisions;
use crate::error::Result;
use crate::operations::access::{Permission, Session};
use crate::operations::decide_now::{RealTime, Request};
use crate::operations::explain::Reason;
use crate::operations::{Workspace, send};
use crate::reports::timeline::timeline as story;

/// `GET /customers/{id}`
pub async fn show(ws: Ws, req: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let read = on_pool(&ws, move |ws| Ok((send::is_stopped(ws)?, view(ws, &id)?))).await;
    either(read.map(|(stopped, mut page)| {
        let session = req.extensions().get::<Session>().cloned();
        page["may_decide"] = session.is_some_and(|session| session.role.may(Permission::DecisionsMake)).into();
        let title = page["name"].as_str().unwrap_or("Customer").to_owned();
        render(StatusCode::OK, &Frame::of(&req, "/customers", stopped), &title, "customer", page)
    }))
}

/// `POST /customers/{id}/decide`: what now for this customer? Logged like every decision; the page then shows it.
pub async fn decide(ws: Ws, real_time: web::Data<RealTime>, id: web::Path<String>) -> HttpResponse {
    let location = format!("/customers/{}", path_part(&id));
    let request = Request { customer: id.into_inner(), campaign: None, channel: None };
    let decided = on_pool(&ws, move |_| real_time.decide(&request)).await;
    either(decided.map(|_| HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()))
}

fn view(ws: &Workspace, external_id: &str) -> Result<Value> {
    let show = Show(ws);
    let known = story(ws, external_id)?;
    let rows = ws.store().read(|conn| decisions::of_customer(conn, known.customer.id, None, 200))?;
    let state = known.state.as_ref();
    Ok(json!({
        "external_id": known.customer.external_id,
        "path": path_part(&known.customer.external_id),
        "name": name(&known.customer),
        "summary": summary(&known.customer, state),
        "figures": figures(&show, state),
        "next": rows.first().map(|row| timeline::next(&show, row)),
        "profile": profile(&show, &known.customer),
        "consents": known.consents.iter().map(|consent| consent_line(&show, consent)).collect::<Vec<_>>(),
        "timeline": timeline::lines(&show, &known.entries, &rows),
        "scored_at": state.and_then(|state| state.scored_at).map(|at| show.time(at)),
        "scores": state.map(scores),
        "reasons": known.reasons.iter().map(reason_line).collect::<Vec<_>>(),
    }))
}

fn summary(customer: &Customer, state: Option<&CustomerState>) -> String {
    let segment = state.and_then(|state| state.segment.as_deref());
    let mut parts = vec![customer.kind.clone()];
    parts.extend(segment.map(|segment| format!("segment {segment}")));
    parts.extend(customer.country.clone());
    if customer.profiling_objection {
        parts.push("objects to profiling".into());
    }
    parts.join(" · ")
}

fn figures(show: &Show<'_>, state: Option<&CustomerState>) -> Vec<Figure> {
    let Some(state) = state else { return vec![figure("Value", "–", "not scored yet")] };
    let last = state.last_order_at.map_or("has not bought".into(), |at| format!("last on {}", show.time(at)));
    let mut all = vec![
        figure("Profit so far", show.money(state.profit), "margin less cost to serve")
            .toned(tone_of(state.profit.0 as f64)),
        figure("Revenue", show.money(state.revenue), format!("{} orders, {last}", count(state.orders))),
        figure("Cost to serve", show.money(state.cost_to_serve), "contacts, returns, complaints, deliveries"),
    ];
    if state.open_complaints > 0 {
        all.push(figure("Open complaints", count(state.open_complaints), "no marketing until solved").toned("bad"));
    }
    if let Some(churn) = state.score_map().get("churn") {
        let tone = if *churn >= 0.5 { "bad" } else { "" };
        all.push(figure("Chance of leaving", percent(*churn), "by the churn model").toned(tone));
    }
    all
}

fn profile(show: &Show<'_>, customer: &Customer) -> Vec<Value> {
    let text = |value: &Option<String>| value.clone();
    let attributes = customer.attribute_map().into_iter().map(|(name, value)| {
        (name.replace('_', " "), Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    });
    [
        ("E-mail".to_owned(), text(&customer.email)),
        ("Telephone".to_owned(), text(&customer.phone)),
        ("Address".to_owned(), text(&customer.address)),
        ("Language".to_owned(), text(&customer.locale)),
        ("Zone".to_owned(), text(&customer.zone)),
        ("Household".to_owned(), text(&customer.household)),
        ("Customer since".to_owned(), customer.acquired_at.map(|at| show.time(at))),
        ("Cost of winning".to_owned(), customer.acquisition_cost.map(|cost| show.money(cost))),
    ]
    .into_iter()
    .chain(attributes)
    .filter_map(|(name, value)| Some(json!({ "name": name, "value": value? })))
    .collect()
}

fn consent_line(show: &Show<'_>, consent: &Consent) -> Value {
    json!({
        "channel": consent.channel,
        "purpose": consent.purpose,
        "answer": if consent.granted { "given" } else { "withdrawn" },
        "tone": if consent.granted { "good" } else { "bad" },
        "since": show.time(consent.recorded_at),
        "source": consent.source,
    })
}

/// A reason for a score, in words.
fn reason_line(reason: &Reason) -> Value {
    let value = reason.value.map_or_else(|| "missing".to_owned(), |value| format!("{value:.2}"));
    json!({
        "model": reason.model,
        "meaning": reason.meaning,
        "value": value,
        "part": format!("{:+.2}", reason.part),
        "way": if reason.part > 0.0 { "for it" } else { "against it" },
    })
}

fn scores(state: &CustomerState) -> Vec<Value> {
    let number = |value: f64| if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.3}") };
    let all = state.score_map().into_iter().chain(state.feature_map());
    all.map(|(name, value)| json!({ "name": name.replace('_', " "), "value": number(value) })).collect()
}
