//! Counters of this process and gauges of the store, as Prometheus reads them.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web;

use super::problem::Problem;
use super::{Ws, on_pool};
use crate::campaigns::store as campaigns;
use crate::clock::{SECOND, Timestamp};
use crate::customers::store as customers;
use crate::error::Result;
use crate::models::drift_store;
use crate::operations::Workspace;
use crate::operations::segments::{self, Freshness};
use crate::operations::steering::{Goal, store as steering};
use crate::reports::scorecard::card;

/// Upper bounds of the latency histogram, in microseconds.
const BOUNDS: [u64; 8] = [1_000, 5_000, 20_000, 50_000, 100_000, 500_000, 2_000_000, 10_000_000];

/// What this process counted since it started.
#[derive(Debug, Default)]
pub struct Metrics {
    by_class: [AtomicU64; 5],
    by_latency: [AtomicU64; BOUNDS.len()],
    answers: AtomicU64,
    micros: AtomicU64,
}

impl Metrics {
    /// Counts one answer.
    pub fn count(&self, status: u16, elapsed: Duration) {
        if let Some(class) = self.by_class.get(usize::from(status / 100).saturating_sub(1)) {
            class.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        for (bound, count) in BOUNDS.iter().zip(&self.by_latency) {
            if micros <= *bound {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# HELP vizavi_http_answers_total Answers by class of status.")?;
        writeln!(out, "# TYPE vizavi_http_answers_total counter")?;
        for (class, count) in self.by_class.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            writeln!(out, "vizavi_http_answers_total{{class=\"{}xx\"}} {count}", class + 1)?;
        }
        writeln!(out, "# HELP vizavi_http_seconds Time to answer.\n# TYPE vizavi_http_seconds histogram")?;
        for (bound, count) in BOUNDS.iter().zip(&self.by_latency) {
            let (bound, count) = (*bound as f64 / 1e6, count.load(Ordering::Relaxed));
            writeln!(out, "vizavi_http_seconds_bucket{{le=\"{bound}\"}} {count}")?;
        }
        let answers = self.answers.load(Ordering::Relaxed);
        writeln!(out, "vizavi_http_seconds_bucket{{le=\"+Inf\"}} {answers}")?;
        writeln!(out, "vizavi_http_seconds_sum {}", self.micros.load(Ordering::Relaxed) as f64 / 1e6)?;
        writeln!(out, "vizavi_http_seconds_count {answers}")
    }
}

/// `GET /metrics`
pub async fn show(ws: Ws, metrics: web::Data<Metrics>) -> Result<HttpResponse, Problem> {
    let mut text = String::new();
    metrics.write(&mut text).expect("a String takes any text");
    text.push_str(&on_pool(&ws, gauges).await?);
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

fn gauges(ws: &Workspace) -> Result<String> {
    let (people, campaigns, running, fresh) = ws.store().read(|conn| {
        let all = campaigns::all(conn)?;
        let running = all.iter().filter(|campaign| campaign.state == "running").count();
        Ok((customers::count(conn)?, all.len(), running, segments::freshness(ws, conn)?))
    })?;
    let (drift, goals) = ws.store().read(|conn| Ok((drift_store::largest(conn)?, steering::all::<Goal>(conn)?)))?;
    let overdue = card::overdue(&goals, ws.now()).len();
    let mut text = format!(
        "# HELP vizavi_customers Customers in the store.\n# TYPE vizavi_customers gauge\nvizavi_customers {people}\n\
         # HELP vizavi_campaigns Campaigns by whether a run is going on.\n# TYPE vizavi_campaigns gauge\n\
         vizavi_campaigns{{running=\"yes\"}} {running}\nvizavi_campaigns{{running=\"no\"}} {}\n",
        campaigns - running
    );
    freshness(&mut text, &fresh, ws.now()).expect("a String takes any text");
    drifted(&mut text, &drift).expect("a String takes any text");
    writeln!(text, "# HELP vizavi_reviews_overdue Goals and actions whose review is overdue.")
        .expect("a String takes any text");
    writeln!(text, "# TYPE vizavi_reviews_overdue gauge\nvizavi_reviews_overdue {overdue}")
        .expect("a String takes any text");
    Ok(text)
}

/// How far models have drifted: the largest population stability index of scores and inputs.
fn drifted(out: &mut String, drift: &[(String, f64)]) -> std::fmt::Result {
    writeln!(out, "# HELP vizavi_model_drift Largest population stability index; .1 has moved, .25 is far.")?;
    writeln!(out, "# TYPE vizavi_model_drift gauge")?;
    drift.iter().try_for_each(|(model, index)| writeln!(out, "vizavi_model_drift{{model=\"{model}\"}} {index}"))
}

/// How far rule segments are behind.
fn freshness(out: &mut String, fresh: &Freshness, now: Timestamp) -> std::fmt::Result {
    let since_built = fresh.last_built_at.map_or(0.0, |at| (now.0 - at.0) as f64 / SECOND as f64);
    let gauges = [
        ("segments", "Segments that a rule defines.", fresh.segments as f64),
        ("segments_stale", "Of them, those that wait to be built from history.", fresh.stale as f64),
        (
            "segments_oldest_fact_seconds",
            "How long the oldest new fact has waited to be taken in.",
            fresh.oldest_fact_seconds,
        ),
        ("segments_due_lag_seconds", "How long the customer whose time came first has waited.", fresh.due_lag_seconds),
        ("segments_since_built_seconds", "Since a segment was last built from history.", since_built),
    ];
    for (name, help, value) in gauges {
        writeln!(out, "# HELP vizavi_{name} {help}\n# TYPE vizavi_{name} gauge\nvizavi_{name} {value}")?;
    }
    Ok(())
}
