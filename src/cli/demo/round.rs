//! One round of the loop: train, score, plan, approve, run, send, and, when the month has passed, measure and learn.

use super::month::{self, DAYS};
use super::people::People;
use super::prices::{self, Prices};
use super::{ACTOR, Demo, campaign, company, figures, reconcile, scenes, sender};
use crate::decisions::assignment::AssignmentPolicy;
use crate::error::Result;
use crate::models::{ResponseModel, ResponseParams};
use crate::operations::batch::{self, Batch};
use crate::operations::results::{self, RunResults};
use crate::operations::run::{self, Started};
use crate::operations::setup::{self, Setup};
use crate::operations::train::Trained;
use crate::operations::{mature, plan, score, steer, train};
use crate::progress::Progress;
use crate::simulation::story::{Comparison, Reconciliation, Scene};
use crate::simulation::world::{Played, World};

/// What a round brought.
pub struct Round {
    /// From 1.
    pub number: u32,
    /// The models as they were trained.
    pub trained: Vec<Trained>,
    /// What was decided.
    pub started: Started,
    /// What the contacts that the forecast speaks of bring in truth: those chosen as best, in minor units.
    pub foretold: f64,
    /// Where every delivery ended.
    pub reconciliation: Reconciliation,
    /// What those would bring whom the first policy, the stated rates alone, would choose in its place.
    pub of_first: f64,
    /// What is scarce.
    pub prices: Prices,
    /// Five clients.
    pub scenes: Vec<Scene>,
    /// What the engine measured.
    pub results: RunResults,
    /// The engine among others.
    pub comparisons: Vec<Comparison>,
    /// What really happened.
    pub played: Played,
}

/// Runs a round in `world`; `earlier` are the profits of the months already played.
pub fn run(demo: &Demo<'_>, number: u32, world: &World<'_>, earlier: &[i64]) -> Result<Round> {
    debug_assert!((world.days - DAYS).abs() < f64::EPSILON, "the window of the world is that of the campaign");
    demo.bars.part(&format!("round {number}"));
    let people = People::of(demo.company, demo.ws.id_key());
    let trained = train::train(&demo.ws, &[], &demo.bars)?;
    score::score(&demo.ws, &demo.bars)?;
    crate::reports::profit::kept::refresh(&demo.ws, &demo.bars)?;
    demo.bars.note("planning");
    company::restock(demo, number)?;
    plan::plan(&demo.ws, campaign::NAME, ACTOR)?;
    steer::approve(&demo.ws, campaign::NAME, ACTOR)?;
    let occasion = format!("round {number}");
    let seen = look(demo, world, &occasion)?;
    demo.bars.note("deciding for everybody");
    let started = run::start(&demo.ws, campaign::NAME, Some(&occasion), ACTOR)?;
    let day = sender::send_run(demo, started.run)?;
    let reconciliation = reconcile::reconcile(demo, started.run, day)?;
    let played = month::pass(demo, world, started.run, &people)?;
    month::bring_back(demo, &played, number, world.end(), &people)?;
    demo.bars.note("measuring");
    mature::mature(&demo.ws)?;
    let results = results::of_run(&demo.ws, started.run)?;
    let comparisons = figures::compare(demo, world, &seen.assignment, &played, &results, earlier);
    demo.bars.finish();
    Ok(Round {
        number,
        trained,
        started,
        foretold: seen.foretold,
        of_first: seen.of_first,
        reconciliation,
        prices: seen.prices,
        scenes: scenes::close(demo, seen.scenes, world, &played),
        results,
        comparisons,
        played,
    })
}

/// What is looked at before a run: the same decisions for the same occasion, with all that explains them.
struct Seen {
    assignment: AssignmentPolicy,
    foretold: f64,
    of_first: f64,
    prices: Prices,
    scenes: Vec<scenes::Opened>,
}

fn look(demo: &Demo<'_>, world: &World<'_>, occasion: &str) -> Result<Seen> {
    demo.bars.note("what one more would be worth");
    let now = demo.ws.now();
    let (setup, batch, first): (Setup, Batch, Batch) = demo.ws.store().read(|conn| {
        let setup = setup::load(&demo.ws, conn, campaign::NAME, occasion)?;
        let batch = batch::decide(&demo.ws, conn, &setup, occasion, now, None)?;
        let mut first = setup::load(&demo.ws, conn, campaign::NAME, occasion)?;
        first.response = ResponseModel::train(&[], &train::priors_of(conn)?, &ResponseParams::default())?;
        first.retention = None;
        let first = batch::decide(&demo.ws, conn, &first, occasion, now, None)?;
        Ok((setup, batch, first))
    })?;
    Ok(Seen {
        prices: prices::prices(&setup, &batch)?,
        scenes: scenes::open(demo, world, &setup, &batch)?,
        foretold: figures::truth_of_chosen(world, &batch),
        of_first: figures::truth_of_chosen(world, &first),
        assignment: setup.policy.assignment,
    })
}
