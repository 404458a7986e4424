//! The page of profitability: who earns, who costs, since when, and what came into the base and went out.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::figures::{Figure, Show, count, figure, percent, tone_of};
use super::page::{Frame, render};
use super::{Ws, either, on_pool};
use crate::error::Result;
use crate::jobs::{Work, queue};
use crate::money::Money;
use crate::operations::access::{Permission, Session};
use crate::operations::{Workspace, send};
use crate::reports::profit::equity::Flow;
use crate::reports::profit::survival::CohortSurvival;
use crate::reports::profit::whale::Whale;
use crate::reports::profit::{EquityReport, ProfitReport, kept};

/// `GET /profit`: the reports as kept. Making them reads all of history, which no page waits for.
pub async fn show(ws: Ws, req: HttpRequest) -> HttpResponse {
    let read = on_pool(&ws, |ws| Ok((send::is_stopped(ws)?, view(ws)?))).await;
    either(read.map(|(stopped, mut page)| {
        let session = req.extensions().get::<Session>().cloned();
        page["may_make"] = session.is_some_and(|session| session.role.may(Permission::CampaignsWrite)).into();
        render(StatusCode::OK, &Frame::of(&req, "/profit", stopped), "Profitability", "profit", page)
    }))
}

/// `POST /profit`: has the worker make the reports, unless it is at it.
pub async fn make(ws: Ws) -> HttpResponse {
    let asked = on_pool(&ws, |ws| {
        let now = ws.now();
        ws.store().write(|conn| {
            if queue::is_open(conn, &Work::Report)? {
                return Ok(false);
            }
            queue::enqueue(conn, ws.id_key(), &Work::Report, &now.to_string(), now, now)
        })
    });
    either(asked.await.map(|_| HttpResponse::SeeOther().insert_header((LOCATION, "/profit")).finish()))
}

fn view(ws: &Workspace) -> Result<Value> {
    let show = Show(ws);
    let being_made =
        ws.store().read(|conn| Ok(queue::is_open(conn, &Work::Report)? || queue::is_open(conn, &Work::Score)?))?;
    let (Some(base), Some(equity)) = (kept::profit(ws)?, kept::equity_of_the_year(ws)?) else {
        return Ok(json!({ "none_yet": true, "being_made": being_made }));
    };
    let bands = base.by_tenure.iter().filter(|band| band.clients > 0).map(|band| {
        json!({
            "tenure": band.tenure,
            "clients": count(band.clients),
            "share": percent(band.unprofitable_share),
            "profit": show.money(band.profit),
            "tone": tone_of(band.profit.0 as f64),
        })
    });
    let causes = base.causes.iter().map(|cause| {
        json!({
            "cause": format!("{:?}", cause.cause),
            "clients": count(cause.clients),
            "loss": show.money(cause.loss),
            "brings": show.money(cause.repairs_bring),
            "mended": count(cause.mended),
        })
    });
    let cohorts = base.payback.cohorts.iter().rev().map(|cohort| {
        json!({
            "quarter": cohort.quarter,
            "clients": count(cohort.clients),
            "cost": show.money(cohort.acquisition_cost),
            "repaid": percent(cohort.repaid as f64 / cohort.clients.max(1) as f64),
            "months": cohort.payback_months.map_or("not yet".into(), |months| format!("{months:.1}")),
        })
    });
    Ok(json!({
        "as_of": show.time(base.as_of),
        "being_made": being_made,
        "figures": figures(&show, &base, &equity),
        "lines": lines(&show, &base),
        "whale": (base.clients > 0).then(|| curve(&base.whale)),
        "bands": bands.collect::<Vec<_>>(),
        "causes": causes.collect::<Vec<_>>(),
        "cohorts": cohorts.collect::<Vec<_>>(),
        "from": show.time(equity.from),
        "until": show.time(equity.until),
        "note": equity.note,
        "flows": equity.segments.iter().chain([&equity.all]).map(|flow| flow_line(&show, flow)).collect::<Vec<_>>(),
        "survival": equity.survival.iter().map(survival).collect::<Vec<_>>(),
    }))
}

fn figures(show: &Show<'_>, base: &ProfitReport, equity: &EquityReport) -> Vec<Figure> {
    let peak = base.whale.peak_share.map_or("–".into(), percent);
    let unprofitable = &base.unprofitable;
    let median = base.payback.median_months.map_or("–".into(), |months| format!("{months:.1} months"));
    vec![
        figure("Net profit", show.money(base.net_profit), "of all clients, after the cost of winning them")
            .toned(tone_of(base.net_profit.0 as f64)),
        figure(
            "Unprofitable clients",
            percent(unprofitable.unprofitable_share),
            format!("{} clients lose {}", count(unprofitable.unprofitable), show.money(unprofitable.loss)),
        ),
        figure("Whale curve peaks at", peak, format!("brought by the best {}", percent(base.whale.peak_at))),
        figure("Payback", median, "until half of the clients have repaid the cost of winning them"),
        figure(
            "Potential of a year",
            show.money(base.potential.potential),
            format!("share of wallet {}, by look-alikes", percent(base.potential.share_of_wallet)),
        ),
        figure(
            "Value of active clients",
            show.money(equity.all.closing.value),
            format!("{} clients", count(equity.all.closing.clients)),
        ),
    ]
}

fn lines(show: &Show<'_>, base: &ProfitReport) -> Vec<Value> {
    let lines = &base.lines;
    let rows: [(&str, Money); 9] = [
        ("Revenue", lines.revenue),
        ("Cost of goods", -lines.cost_of_goods),
        ("Margin of returned goods", -lines.margin_returned()),
        ("Activities that clients caused", -lines.activity_cost()),
        ("Claims, at their expected cost", -lines.claims_expected),
        ("Profit", base.profit),
        ("Cost of winning clients", -base.acquisition_cost),
        ("Net profit", base.net_profit),
        ("Beside it: charged to the process", -base.process_cost),
    ];
    let row = |(name, amount): (&str, Money)| {
        let tone = if name.contains("rofit") { tone_of(amount.0 as f64) } else { "" };
        json!({ "name": name, "amount": show.money(amount), "tone": tone })
    };
    rows.into_iter().map(row).collect()
}

/// The curve as the points of a line in a box of 400 x 200, with the height of 0 % and 100 %.
fn curve(whale: &Whale) -> Value {
    let least = whale.cumulative.iter().map(|part| part.0).min().unwrap_or(0).min(0) as f64;
    let span = (whale.peak.0.max(1) as f64 - least).max(1.0);
    let height = |amount: f64| 10.0 + 180.0 * (1.0 - (amount - least) / span);
    let point = |(percent, part): (usize, &Money)| format!("{:.1},{:.1}", percent as f64 * 4.0, height(part.0 as f64));
    let points: Vec<String> = whale.cumulative.iter().enumerate().map(point).collect();
    json!({
        "points": points.join(" "),
        "area": format!("0,{zero:.1} {} 400,{zero:.1}", points.join(" "), zero = height(0.0)),
        "zero": format!("{:.1}", height(0.0)),
        "whole": format!("{:.1}", height(whale.profit.0 as f64)),
        "peak_x": format!("{:.1}", whale.peak_at * 400.0),
        "peak": whale.peak_share.map(percent),
        "peak_at": percent(whale.peak_at),
    })
}

fn flow_line(show: &Show<'_>, flow: &Flow) -> Value {
    json!({
        "segment": flow.segment,
        "opening": show.money(flow.opening.value),
        "new": show.money(flow.new.value),
        "reactivated": show.money(flow.reactivated.value),
        "lost": show.money(-flow.lost.value),
        "change": show.money(flow.change),
        "closing": show.money(flow.closing.value),
        "clients": count(flow.closing.clients),
        "predicted": flow.predicted.map_or("–".into(), |value| show.money(value)),
    })
}

fn survival(cohort: &CohortSurvival) -> Value {
    let shares = cohort.after.iter().map(|after| after.share.map_or("–".into(), percent));
    json!({ "year": cohort.year, "clients": count(cohort.clients), "shares": shares.collect::<Vec<_>>() })
}
