//! One round measured and true: the engine beside the ways in which others choose, under the same limits.

use serde_json::{Value, json};

use super::Demo;
use super::round::Round;
use crate::clock::DAY;
use crate::decisions::Arm;
use crate::decisions::assignment::AssignmentPolicy;
use crate::operations::batch::Batch;
use crate::operations::results::RunResults;
use crate::simulation::catalogue::offer_index;
use crate::simulation::measure::{self, Measured};
use crate::simulation::oracle;
use crate::simulation::policies::Policy;
use crate::simulation::story::Comparison;
use crate::simulation::world::{Played, World};
use crate::simulation::{Channel, Kind, Market, Treatment};

/// The engine's line in the table.
pub const ENGINE: &str = "Vizavi";

/// Days before the window whose profit steadies the measurement.
const BEFORE: i64 = 90;

/// Everybody's way to choose in this window. The baselines choose with the true chances of an order; the engine with what it has
/// learned, and one client in twenty at random.
pub fn compare(
    demo: &Demo<'_>,
    world: &World<'_>,
    assignment: &AssignmentPolicy,
    played: &Played,
    results: &RunResults,
    earlier: &[i64],
) -> Vec<Comparison> {
    let holdout = |id: &str| assignment.arm(id).is_holdout();
    let market = Market::open(world, holdout);
    let capacities = demo.company.capacities();
    let before = before(world, earlier);
    let line = |policy: Policy| {
        let choice = match policy {
            Policy::Oracle => oracle::solve(&market, &capacities).assignment,
            other => other.assign(&market, &capacities, demo.company.shape.seed),
        };
        let played = world.play_assignment(&choice);
        let measured = measure::lift(demo.company, &played.profit, &before, holdout);
        Comparison::of(policy, measured, played.truth)
    };
    let baselines = [Policy::Random, Policy::SingleOffer, Policy::Propensity, Policy::FirstCome];
    let mut rows: Vec<Comparison> = baselines.map(line).into();
    rows.push(Comparison {
        name: ENGINE.into(),
        contacts: played.truth.contacts,
        measured: results.lift.assigned.as_ref().ok().map(Measured::of),
        truth: played.truth,
    });
    rows.push(line(Policy::Oracle));
    rows
}

/// Profit of each client in the 90 days before the window: on record, and in the months already played.
fn before(world: &World<'_>, earlier: &[i64]) -> Vec<i64> {
    let company = world.company();
    let from = world.from.plus(-BEFORE * DAY);
    let on_record = |client: &crate::simulation::company::Client| -> i64 {
        client.life.orders.iter().filter(|order| order.at >= from).map(|order| order.profit()).sum()
    };
    company.clients.iter().enumerate().map(|(at, c)| on_record(c) + earlier.get(at).copied().unwrap_or(0)).collect()
}

/// What the contacts that are chosen as best bring in truth, within and after the window.
pub fn truth_of_chosen(world: &World<'_>, batch: &Batch) -> f64 {
    let chosen =
        batch.candidates.iter().zip(&batch.result.decisions).filter(|(_, decision)| decision.arm == Arm::Treated);
    let effects = chosen.flat_map(|(seen, decision)| {
        let client = world.company().index_of(&seen.view.external_id);
        decision.to_make().iter().filter_map(move |choice| {
            let (offer, channel) =
                (offer_index(&choice.treatment.offer_key), Channel::parse(&choice.treatment.channel));
            let treatment = Treatment { offer: offer?, channel: channel? };
            Some(world.outlook(client?).effect(treatment).total())
        })
    });
    effects.sum()
}

/// A round in numbers, one JSON object; money in minor units.
pub fn line(round: &Round) -> Value {
    let forecast = &round.started.forecast;
    let oracle = round.comparisons.iter().find(|row| row.name == Policy::Oracle.name());
    let oracle = oracle.map_or(0.0, |row| row.truth.total());
    let rows = round.comparisons.iter().map(|row| {
        let of = json!({
            "contacts": row.contacts,
            "within": row.truth.window,
            "after": row.truth.after,
            "of_oracle": row.truth.total() / oracle,
            "measured": row.measured.map(|m| json!({ "total": m.total, "lower": m.interval.0, "upper": m.interval.1 })),
        });
        (row.name.clone(), of)
    });
    let [lower, upper] = forecast.interval;
    json!({
        "round": round.number,
        "forecast": { "profit": forecast.profit, "lower": lower, "upper": upper, "promised": forecast.promised,
            "truth": round.foretold, "explorers": forecast.explorers },
        // What those who are chosen as best bring in truth, by the policy that serves and by the stated rates alone.
        "policies": { "learned": round.foretold, "first": round.of_first },
        "ways": rows.collect::<serde_json::Map<_, _>>(),
        "decisions": round.started.digest,
    })
}

/// Contacts by kind of client, in words.
pub fn by_kind(played: &Played) -> String {
    let parts: Vec<String> =
        Kind::ALL.iter().map(|kind| format!("{} {}", played.truth.by_kind[*kind as usize], kind.name())).collect();
    parts.join(", ")
}
