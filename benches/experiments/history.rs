//! A million assigned customers, four variants, twenty numbers each: from the facts in history to results.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;
use vizavi::campaigns::folder::Folder;
use vizavi::campaigns::store::{self as campaigns, CampaignRun};
use vizavi::clock::{DAY, ManualClock, Timestamp};
use vizavi::decisions::store::{self as decisions, DecisionRow};
use vizavi::ids::{self, CampaignRunId, DecisionId, OfferId};
use vizavi::operations::measure::measure;
use vizavi::operations::results::{self, recompute::Cases};
use vizavi::operations::{Options as Opened, Workspace};
use vizavi::random::bucket;

use crate::{company, figure};

/// What is asked.
pub struct Options {
    /// Assigned customers.
    pub customers: u64,
    /// Order lines of the company; it has a tenth as many customers.
    pub lines: u64,
    /// Where the company is kept; a temporary folder without one.
    pub folder: Option<PathBuf>,
}

const VARIANTS: [&str; 4] = ["a", "b", "c", "d"];

/// Measures reading and analysing.
pub fn analyse(options: &Options) {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = options.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    company::imported(&folder, options.lines);
    // The run was decided 15 days before the last fact, so that its window of 14 has ended.
    let decided_at = Timestamp((company::AS_OF - 15 * 86_400) * 1_000_000);
    let clock = std::sync::Arc::new(ManualClock::new(decided_at.plus(15 * DAY)));
    let ws = Workspace::open(&folder.join("data"), None, clock, Opened::default()).expect("a workspace");
    let run = assigned(&ws, options.customers, decided_at);
    let case = format!("{} assigned, 4 arms, {} order lines", options.customers, options.lines);
    let mut best = [f64::INFINITY; 3];
    for _ in 0..3 {
        let begun = Instant::now();
        let measured = measure(&ws, run).expect("the run is there");
        let read = begun.elapsed().as_secs_f64();
        let mut cases = Cases::default();
        let middle = Instant::now();
        let metrics = results::metrics(&ws, &measured, &mut cases).expect("history answers");
        let of_metrics = middle.elapsed().as_secs_f64();
        assert_eq!((metrics.len(), metrics[0].variants.len()), (20, 3));
        let made = results::of_measured(&ws, &measured, cases).expect("results");
        assert!(made.experiment.is_some_and(|experiment| experiment.variants.len() == 4));
        let whole = begun.elapsed().as_secs_f64();
        for (best, seconds) in best.iter_mut().zip([read, of_metrics, whole]) {
            *best = best.min(seconds);
        }
    }
    let more = || json!({ "limit": 5.0, "peak_mib": figure::peak_mib() });
    figure::print(&case, "twenty_metrics", best[1], "s", more());
    figure::print(&case, "decisions_contacts_and_purchases", best[0], "s", json!({}));
    figure::print(&case, "all_results", best[2], "s", more());
}

/// A campaign with four variants, and a run with everybody in it; made once a folder.
fn assigned(ws: &Workspace, customers: u64, decided_at: Timestamp) -> CampaignRunId {
    let known = ws.store().read(campaigns::all).expect("the store answers");
    if let Some(known) = known.first() {
        let runs = ws.store().read(|conn| campaigns::runs(conn, known.id)).expect("the store answers");
        return runs.first().expect("it has its run").id;
    }
    let variants: Vec<_> = VARIANTS.iter().map(|name| json!({ "name": name, "weight": 1, "template": "a" })).collect();
    let spec = json!({
        "name": "bench", "offers": ["ten"], "channels": [{ "channel": "email" }],
        "experiments": [{ "name": "subject", "variants": variants }],
    });
    let folder: Folder = serde_json::from_value(json!({ "spec": spec })).expect("a definition");
    let campaign =
        ws.store().write(|conn| campaigns::apply(conn, &folder, "bench", decided_at)).expect("it is applied");
    let run = CampaignRunId(ids::fresh(decided_at));
    let row = CampaignRun {
        id: run,
        campaign_id: campaign.id,
        version: campaign.version,
        occasion: "bench".into(),
        seed: 1,
        state: "finished".into(),
        decided_at,
        summary: "{}".into(),
        started_at: decided_at,
        finished_at: Some(decided_at),
        measured_at: None,
        step: None,
    };
    ws.store().write(|conn| campaigns::insert_run(conn, &row)).expect("the run is kept");
    let mut rows = Vec::new();
    for i in 0..customers {
        rows.push(decision(ws, run, &format!("C{i:07}"), decided_at));
        if rows.len() == 20_000 || i + 1 == customers {
            ws.store().write(|conn| decisions::insert(conn, &rows)).expect("decisions are kept");
            rows.clear();
        }
    }
    run
}

fn decision(ws: &Workspace, run: CampaignRunId, external_id: &str, at: Timestamp) -> DecisionRow {
    let holdout = bucket("global-holdout", external_id) < 500;
    let variant = VARIANTS[(bucket("bench//subject", external_id) / 2_500) as usize];
    DecisionRow {
        id: DecisionId(ids::fresh(at)),
        campaign_run_id: Some(run),
        customer_id: ws.id_key().customer(external_id),
        ordinal: 0,
        decided_at: at,
        arm: if holdout { "global_holdout" } else { "treated" }.into(),
        offer_id: Some(OfferId(1)),
        offer: Some("ten".into()),
        channel: Some("email".into()),
        slot_from: Some(at),
        slot_until: Some(at),
        variant: Some(variant.into()),
        value: 100,
        p1: Some(0.1),
        p0: Some(0.08),
        propensity: 1.0,
        forced: false,
        variants: json!({ "subject": variant }).to_string(),
        context: r#"{"aov":42.5,"orders":3,"segment":"S1"}"#.into(),
        trace: "{}".into(),
        model_versions: "{}".into(),
        segment: Some(format!("S{}", bucket("segment", external_id) % 5)),
        variant_propensity: Some(0.25),
    }
}
