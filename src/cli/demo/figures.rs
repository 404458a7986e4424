//! One round measured and true: the engine beside the ways in which others choose, under the same limits.

use super::Demo;
use crate::clock::DAY;
use crate::decisions::assignment::AssignmentPolicy;
use crate::operations::results::RunResults;
use crate::simulation::measure::{self, Measured};
use crate::simulation::oracle;
use crate::simulation::policies::Policy;
use crate::simulation::story::Comparison;
use crate::simulation::world::{Played, World};
use crate::simulation::{Kind, Market};

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
    let mut rows: Vec<Comparison> = [Policy::Random, Policy::SingleOffer, Policy::Propensity].map(line).into();
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

/// Contacts by kind of client, in words.
pub fn by_kind(played: &Played) -> String {
    let parts: Vec<String> =
        Kind::ALL.iter().map(|kind| format!("{} {}", played.truth.by_kind[*kind as usize], kind.name())).collect();
    parts.join(", ")
}
