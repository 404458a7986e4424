//! One customer's page: value, what next and why, profile, consent, the whole story.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::customers::name;
use super::figures::{Figure, Show, count, figure, path_part, percent, tone_of};
use super::page::{Frame, render};
use super::{Ws, either, on_pool, service_card, timeline};
use crate::customers::{Consent, Customer, CustomerState};
use crate::decisions::store as decisions;
use crate::error::Result;
use crate::operations::access::{Permission, Session};
use crate::operations::decide_now::{RealTime, Request};
use crate::operations::explain::Reason;
use crate::operations::{Workspace, send};
use crate::reports::lifetime::LifetimeShown;
use crate::reports::profit::{ClientStatement, statement};
use crate::reports::timeline::timeline as story;

/// `GET /customers/{id}`
pub async fn show(ws: Ws, req: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let read = on_pool(&ws, move |ws| Ok((send::is_stopped(ws)?, view(ws, &id)?))).await;
    either(read.map(|(stopped, mut page)| {
        let session = req.extensions().get::<Session>().cloned();
        page["may_write"] = session.as_ref().is_some_and(|session| session.role.may(Permission::CustomersWrite)).into();
        page["may_decide"] = session.is_some_and(|session| session.role.may(Permission::DecisionsMake)).into();
        let title = page["name"].as_str().unwrap_or("Customer").to_owned();
        render(StatusCode::OK, &Frame::of(&req, "/customers", stopped), &title, "customer", page)
    }))
}

/// `POST /customers/{id}/decide`: what now for this customer? Logged like every decision; the page then shows it.
pub async fn decide(ws: Ws, real_time: web::Data<RealTime>, id: web::Path<String>) -> HttpResponse {
    let location = format!("/customers/{}", path_part(&id));
    let request = Request::about(id.into_inner());
    let decided = on_pool(&ws, move |_| real_time.decide(&request)).await;
    either(decided.map(|_| HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()))
}

fn view(ws: &Workspace, external_id: &str) -> Result<Value> {
    let show = Show(ws);
    let known = story(ws, external_id)?;
    let rows = ws.store().read(|conn| decisions::of_customer(conn, known.customer.id, None, 200))?;
    let state = known.state.as_ref();
    let earned = statement(ws, external_id)?;
    Ok(json!({
        "service": service_card::view(ws, external_id)?,
        "external_id": known.customer.external_id,
        "path": path_part(&known.customer.external_id),
        "name": name(&known.customer),
        "summary": summary(&known.customer, state),
        "figures": figures(&show, state, known.lifetime.as_ref()),
        "next": rows.first().map(|row| timeline::next(&show, row)),
        "profit": profit_lines(&show, &earned),
        "profit_note": earned.note,
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
    parts.extend(state.and_then(|state| state.stage.as_deref()).map(|stage| stage.replace('_', " ")));
    parts.extend(segment.map(|segment| format!("segment {segment}")));
    let level = state.and_then(|state| state.service_level.as_deref());
    parts.extend(level.map(|level| format!("service {level}")));
    parts.extend(customer.country.clone());
    if customer.profiling_objection {
        parts.push("objects to profiling".into());
    }
    parts.join(" · ")
}

fn figures(show: &Show<'_>, state: Option<&CustomerState>, lifetime: Option<&LifetimeShown>) -> Vec<Figure> {
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
    all.extend(lifetime.into_iter().flat_map(|lifetime| of_lifetime(show, lifetime)));
    all
}

/// What is to come: value with its interval, orders, the next one.
fn of_lifetime(show: &Show<'_>, lifetime: &LifetimeShown) -> Vec<Figure> {
    let (share, predicted) = (percent(lifetime.interval), lifetime.predicted);
    let range = format!("{} to {} in {share} of cases", show.money(predicted.low), show.money(predicted.high));
    let mut all = vec![
        figure(
            "Value to come",
            show.money(predicted.expected),
            format!("within {} days; {range}", lifetime.value_days),
        )
        .toned(tone_of(predicted.expected.0 as f64)),
        figure("Value in all", show.money(lifetime.total), "profit so far and value to come"),
        figure(
            "Orders to come",
            format!("{:.1}", lifetime.orders.expected),
            format!("within {} days; {} to {}", lifetime.horizon_days, lifetime.orders.low, lifetime.orders.high),
        ),
    ];
    if let Some(next) = &lifetime.next_order {
        let day = |at| show.time(at).chars().take(10).collect::<String>();
        let (from, until) = (day(next.from), day(next.until));
        let note =
            format!("{from} to {until}, about {}; {} that it comes", show.money(next.amount), percent(next.chance));
        all.push(figure("Next order", day(next.at), note));
    }
    all
}

/// Profit and loss in a few lines: what it is, why it is a loss, what would mend it, and what could be.
fn profit_lines(show: &Show<'_>, found: &ClientStatement) -> Vec<Value> {
    let mut lines = vec![
        ("Net profit", show.money(found.net_profit)),
        ("Margin after returns", show.money(found.gross_margin - found.lines.margin_returned())),
        ("Activities the client caused", show.money(found.activity_cost)),
        ("Charged to the process", show.money(found.process_cost)),
        ("Claims, expected", show.money(found.lines.claims_expected)),
        ("Cost of winning", show.money(found.acquisition_cost)),
    ];
    if let Some(payback) = found.payback {
        let missing = || format!("{} still missing", show.money(payback.missing));
        lines.push(("Paid back after", payback.months.map_or_else(missing, |months| format!("{months:.1} months"))));
    }
    if let Some(why) = &found.diagnosis {
        lines.push(("Main cause of the loss", format!("{:?}, {}", why.cause, show.money(why.cause_amount))));
        if let Some(repair) = &why.cheapest {
            let enough = if repair.suffices { "which suffices" } else { "which does not suffice" };
            lines.push(("Cheapest repair", format!("{}: {}, {enough}", repair.words, show.money(repair.brings))));
        }
    }
    if let Some(potential) = &found.potential {
        let share = percent(potential.share_of_wallet);
        lines.push(("Potential of a year", format!("{} (share of wallet {share})", show.money(potential.potential))));
    }
    lines.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
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
