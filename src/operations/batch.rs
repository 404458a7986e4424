//! Decides for everybody in a campaign, at one instant: what a plan shows and a run carries out.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::clock::{self, DAY, HOUR, Timestamp};
use crate::decisions::batch::Person as Candidate;
use crate::decisions::exploration::amounts;
use crate::decisions::joint::{JointResult, Party, decide_jointly};
use crate::decisions::waterfall::Waterfall;
use crate::decisions::{Arm, BatchResult, Outcome, capacity, decide_batch};
use crate::error::Result;
use crate::ids::{CampaignRunId, CustomerId, OfferId};
use crate::offers::store as offers;
use crate::operations::Workspace;
use crate::operations::base::Base;
use crate::operations::candidates::{Menu, Treatments};
use crate::operations::people::{self, Person};
use crate::operations::scarce::{Period, Scarce};
use crate::operations::setup::Setup;
use crate::operations::variants::Limits;
use crate::random;
use crate::storage::Connection;

/// How old averages over the base may be when only a few are decided for.
const BASE_AGE: i64 = 6 * HOUR;

/// Everybody with their candidates, and what was decided.
pub struct Batch {
    /// The people, in the order of their ids.
    pub people: Vec<Person>,
    /// The same people as the decision saw them.
    pub candidates: Vec<Candidate>,
    /// What is scarce, as it was when this was decided.
    pub scarce: Arc<Scarce>,
    /// The decisions, in the same order.
    pub result: BatchResult,
    /// The seed of the draws.
    pub seed: u64,
    /// The instant.
    pub now: Timestamp,
    /// Whether these are the few of a wave.
    few: bool,
}

/// The seed of a run: the same campaign and occasion draw the same, whoever asks and however often.
pub fn seed_of(campaign: &str, occasion: &str) -> u64 {
    // 63 bits, since the store's numbers are signed.
    random::salted_hash(campaign, occasion) >> 1
}

/// Decides, within what runs and real time have left. Contacts that `run` has reserved before do not count against it.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn decide(
    ws: &Workspace,
    conn: &mut Connection,
    setup: &Setup,
    occasion: &str,
    now: Timestamp,
    run: Option<CampaignRunId>,
) -> Result<Batch> {
    let people = people::everyone(ws, conn, now, run)?;
    lay_out_whole(ws, conn, setup, occasion, now, people)?.decide(setup, now)
}

/// Several campaigns that were decided together.
pub struct Together {
    /// Of each campaign what was decided, its bound being what it could reach alone.
    pub batches: Vec<Batch>,
    /// Value of all, in ticks.
    pub value: i64,
    /// No choice within the limits of all is worth more, in ticks; proven.
    pub bound: f64,
}

/// Decides for several campaigns at once: one allocation over all of them.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn decide_together(
    ws: &Workspace,
    conn: &mut Connection,
    setups: &[Setup],
    occasion: &str,
    now: Timestamp,
) -> Result<Together> {
    let people = people::everyone(ws, conn, now, None)?;
    let mut laid = Vec::with_capacity(setups.len());
    for setup in setups {
        laid.push(lay_out_whole(ws, conn, setup, occasion, now, people.clone())?);
    }
    let names: Vec<Arc<str>> = setups.iter().map(|setup| setup.campaign.name.as_str().into()).collect();
    let parties: Vec<Party<'_>> = (setups.iter().zip(&laid).zip(&names))
        .map(|((setup, laid), name)| Party {
            name,
            people: &laid.candidates,
            resources: &laid.scarce.resources,
            policy: &setup.policy,
            seed: laid.seed,
            class: setup.spec().priority.class(),
        })
        .collect();
    let JointResult { parties, value, bound } = decide_jointly(&parties, now)?;
    let batches = laid.into_iter().zip(parties).map(|(laid, result)| laid.decided(result, now)).collect();
    Ok(Together { batches, value, bound })
}

/// Lays out what a campaign could do with everybody.
fn lay_out_whole(
    ws: &Workspace,
    conn: &mut Connection,
    setup: &Setup,
    occasion: &str,
    now: Timestamp,
    mut people: Vec<Person>,
) -> Result<LaidOut> {
    setup.varied.retain(&mut people);
    let base = Base::of(&people, ws.settings(), setup.spec().conversion_days);
    lay_out(ws, conn, setup, occasion, now, (people, base, false))
}

/// The same for a few: those whose step of a journey is due.
pub fn decide_few(
    ws: &Workspace,
    conn: &mut Connection,
    setup: &Setup,
    occasion: &str,
    now: Timestamp,
    few: &[CustomerId],
) -> Result<Batch> {
    let base = ws.bases().recent(ws, conn, setup.spec().conversion_days, BASE_AGE)?;
    let people = people::these(ws, conn, few, now)?;
    lay_out(ws, conn, setup, occasion, now, (people, base, true))?.decide(setup, now)
}

/// Everybody with all that could be done, before anything is decided.
struct LaidOut {
    people: Vec<Person>,
    candidates: Vec<Candidate>,
    scarce: Arc<Scarce>,
    seed: u64,
    few: bool,
}

impl LaidOut {
    fn decide(self, setup: &Setup, now: Timestamp) -> Result<Batch> {
        let result = decide_batch(&self.candidates, &self.scarce.resources, &setup.policy, self.seed, now)?;
        Ok(self.decided(result, now))
    }

    fn decided(self, result: BatchResult, now: Timestamp) -> Batch {
        let LaidOut { people, candidates, scarce, seed, few } = self;
        Batch { people, candidates, scarce, result, seed, now, few }
    }
}

fn lay_out(
    ws: &Workspace,
    conn: &mut Connection,
    setup: &Setup,
    occasion: &str,
    now: Timestamp,
    (people, base, few): (Vec<Person>, Base, bool),
) -> Result<LaidOut> {
    let key = counted_under(conn, setup, few)?;
    let scarce = Arc::new(left_for_run(ws, conn, setup, &people, key, now)?);
    let menu = |models, treatments| {
        let (base, scarce) = (base.clone(), (scarce.clone(), &setup.shares));
        Menu::new(setup.spec(), &setup.offers, ws.settings(), models, base, scarce, treatments)
    };
    let treatments = Arc::new(Treatments::default());
    let learned = menu((&setup.response, setup.retention.as_ref()), treatments.clone());
    let stated = setup.rates.as_ref().map(|rates| menu((rates, None), treatments.clone()));
    let standard: Arc<str> = setup.standard_variant().into();
    let candidates: Vec<Candidate> = people
        .par_iter()
        .map(|person| {
            let variants = setup.policy.assignment.variants(&person.view.external_id);
            let variant = variants.first().map_or(&standard, |(_, variant)| variant);
            let limits = Limits::of(setup.spec(), variant);
            let menu = stated.as_ref().filter(|_| limits.by_rates()).unwrap_or(&learned);
            Candidate { view: person.view.clone(), candidates: menu.candidates(person, Some(variant), now) }
        })
        .collect();
    Ok(LaidOut { people, candidates, scarce, seed: seed_of(&setup.campaign.name, occasion), few })
}

/// What budget and channel volumes are counted under: a wave shares the period that goes on; a run begins one, for which there
/// may be no key yet.
fn counted_under(conn: &mut Connection, setup: &Setup, few: bool) -> Result<Option<i64>> {
    if few {
        return Ok(Some(Period::current(conn, &setup.campaign, setup.spec())?.key));
    }
    Period::of_run(conn, setup)
}

/// What is scarce, with the capacities lowered by what real time, and other runs on the same days, have used.
fn left_for_run(
    ws: &Workspace,
    conn: &mut Connection,
    setup: &Setup,
    people: &[Person],
    key: Option<i64>,
    now: Timestamp,
) -> Result<Scarce> {
    let shares = setup.shares.limits(people, &setup.policy);
    let scarce = Scarce::of(setup.spec(), &setup.offers, &shares, &clock::zone(&ws.settings().zone)?, now);
    // A run that begins a period of its own finds nothing used in it.
    let key = key.unwrap_or(0);
    let used = capacity::used(conn, setup.campaign.id, key, now.plus(-2 * DAY).0)?;
    let mut left = scarce.left(key, &used, &BTreeMap::new());
    if let Some(share) = setup.varied.of_capacity() {
        scarce.leave_share(&mut left, share);
    }
    Ok(scarce.lowered(&left))
}

/// What is left of everything now, by position.
pub fn left_now(conn: &mut Connection, setup: &Setup, batch: &Batch) -> Result<Vec<i64>> {
    let key = batch.counted_under(conn, setup)?.unwrap_or(0);
    let used = capacity::used(conn, setup.campaign.id, key, batch.now.plus(-2 * DAY).0)?;
    let stock = offers::left(conn)?.into_iter().map(|(id, (left, _))| (id, left)).collect();
    Ok(batch.scarce.left(key, &used, &stock))
}

impl Batch {
    /// What its use is counted under; none for a period of its own, under the id of the run.
    pub fn counted_under(&self, conn: &mut Connection, setup: &Setup) -> Result<Option<i64>> {
        counted_under(conn, setup, self.few)
    }

    /// Takes contacts back until everything is within what is left: of each resource those that add least at the prices, those
    /// drawn at random last.
    pub fn fit(&mut self, left: &[i64]) {
        for (position, &left) in left.iter().enumerate() {
            let mut users: Vec<(bool, f64, usize, i64)> = Vec::new();
            let mut used = 0;
            for (person, (seen, decision)) in self.candidates.iter().zip(&self.result.decisions).enumerate() {
                for choice in decision.to_make() {
                    let of = amounts(&seen.candidates[choice.candidate]).filter(|(resource, _)| *resource == position);
                    let amount: i64 = of.map(|(_, amount)| amount).sum();
                    if amount > 0 {
                        used += amount;
                        users.push((decision.arm == Arm::Exploration, choice.net, person, amount));
                    }
                }
            }
            if used <= left {
                continue;
            }
            users.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
            for (_, net, person, amount) in users {
                if used <= left {
                    break;
                }
                used -= amount;
                self.take_back(person, net);
            }
        }
        self.count_again();
    }

    /// Takes from what is left the pieces of stock that others have been given.
    pub fn leave_stock(&self, left: &mut [i64], pieces: &BTreeMap<OfferId, i64>) {
        for (offer, taken) in pieces {
            if let Some(position) = self.scarce.stock_of(*offer) {
                left[position] -= taken;
            }
        }
    }

    /// Adds the pieces of stock that contacts to be made use.
    pub fn stock_used(&self, pieces: &mut BTreeMap<OfferId, i64>) {
        for decision in &self.result.decisions {
            for choice in decision.to_make() {
                *pieces.entry(choice.treatment.offer).or_default() += 1;
            }
        }
    }

    fn take_back(&mut self, person: usize, net: f64) {
        let decision = &mut self.result.decisions[person];
        let Some(at) = decision.chosen.iter().position(|choice| choice.net.total_cmp(&net).is_eq()) else { return };
        let choice = decision.chosen.remove(at);
        decision.forced = true;
        decision.trace.candidates[choice.candidate].outcome = Outcome::NoCapacity;
    }

    fn count_again(&mut self) {
        let mut used = vec![0; self.scarce.resources.len()];
        let mut value = 0;
        for (seen, decision) in self.candidates.iter().zip(&self.result.decisions) {
            for choice in decision.to_make() {
                amounts(&seen.candidates[choice.candidate]).for_each(|(position, amount)| used[position] += amount);
                value += if decision.arm == Arm::Treated { choice.value } else { 0 };
            }
        }
        let result = &mut self.result;
        result.prices.entries.iter_mut().zip(&used).for_each(|(entry, used)| entry.used = *used);
        result.gap = if result.bound > 0.0 { ((result.bound - value as f64) / result.bound).max(0.0) } else { 0.0 };
        result.waterfall = Waterfall::of(&result.decisions);
        (result.used, result.value) = (used, value);
    }
}
