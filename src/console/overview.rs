//! The overview: what the base is worth, who pays for whom, what runs.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde_json::{Value, json};

use super::figures::{Figure, Show, count, figure, percent, tone_of};
use super::page::{Frame, render};
use super::{Ws, bar, campaigns, either, jobs, on_pool};
use crate::error::Result;
use crate::jobs::queue;
use crate::money::Money;
use crate::operations::Workspace;
use crate::reports::overview::{Overview, overview};
use crate::storage::schema::customer_state;

/// Jobs on the page.
const JOBS: i64 = 8;

/// `GET /`
pub async fn show(ws: Ws, req: HttpRequest) -> HttpResponse {
    let read = on_pool(&ws, |ws| {
        let overview = overview(ws)?;
        let page = view(ws, &overview)?;
        Ok((overview.stopped, page))
    })
    .await;
    either(
        read.map(|(stopped, page)| {
            render(StatusCode::OK, &Frame::of(&req, "/", stopped), "Overview", "overview", page)
        }),
    )
}

fn view(ws: &Workspace, overview: &Overview) -> Result<Value> {
    let show = Show(ws);
    let segments: Vec<Value> = overview.segments.iter().map(|kept| campaigns::segment(&show, kept)).collect();
    let campaigns = ws.store().read(|conn| {
        overview.campaigns.iter().map(|campaign| campaigns::line(conn, &show, campaign)).collect::<Result<Vec<_>>>()
    })?;
    let latest = ws.store().read(|conn| queue::page(conn, None, None, JOBS))?;
    Ok(json!({
        "jobs": latest.iter().map(|job| jobs::line(&show, job)).collect::<Vec<_>>(),
        "figures": figures(&show, overview),
        "deciles": deciles(ws, &show)?,
        "campaigns": campaigns,
        "segments": segments,
    }))
}

fn figures(show: &Show<'_>, overview: &Overview) -> Vec<Figure> {
    let scored = overview.scored_at.map_or("nobody is scored yet".to_owned(), |at| format!("scored {}", show.time(at)));
    let average = overview.profit.0 as f64 / overview.buyers.max(1) as f64;
    vec![
        figure("Profit so far", show.money(overview.profit), "margin less cost to serve")
            .toned(tone_of(overview.profit.0 as f64)),
        figure("Customers", count(overview.customers), format!("{} have bought; {scored}", count(overview.buyers))),
        figure("Profit per buyer", show.amount(average), "so far, on average").toned(tone_of(average)),
        figure("Best tenth brings", percent(overview.best_tenth_share), "of all profit; above 100 % others lose money"),
        figure(
            "Unprofitable buyers",
            percent(overview.unprofitable_share),
            format!("{} buyers", count(overview.unprofitable)),
        ),
        figure("Open complaints", count(overview.open_complaints), "customers who get no marketing until solved"),
    ]
}

/// Buyers in ten equal groups by profit.
fn deciles(ws: &Workspace, show: &Show<'_>) -> Result<Vec<Value>> {
    let profits: Vec<i64> = ws.store().read(|conn| {
        Ok(customer_state::table
            .filter(customer_state::orders.gt(0))
            .select(customer_state::profit)
            .order(customer_state::profit.desc())
            .load(conn)?)
    })?;
    if profits.len() < 10 {
        return Ok(Vec::new());
    }
    let groups: Vec<(i64, usize)> = (0..10)
        .map(|i| &profits[i * profits.len() / 10..(i + 1) * profits.len() / 10])
        .map(|group| (group.iter().sum(), group.len()))
        .collect();
    let most = groups.iter().map(|(sum, _)| *sum as f64).fold(0.0, f64::max);
    let least = groups.iter().map(|(sum, _)| *sum as f64).fold(0.0, f64::min);
    let shown = groups.iter().enumerate().map(|(i, (sum, people))| {
        let name = match i {
            0 => "Best tenth".to_owned(),
            9 => "Last tenth".to_owned(),
            _ => format!("{}.", i + 1),
        };
        json!({
            "name": name,
            "profit": show.money(Money(*sum)),
            "per": show.amount(*sum as f64 / *people as f64),
            "bar": bar::signed(*sum as f64, least, most),
        })
    });
    Ok(shown.collect())
}
