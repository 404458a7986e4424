//! Deciding for many customers at once, under shared capacities.

use std::collections::HashMap;

use rayon::prelude::*;

use super::allocation::choose::MOST;
use super::allocation::{Allocation, Arm as AllocationArm, ArmKind, Options, Price, Prices, Problem, solve};
use super::candidate::{Candidate, Resources};
use super::decide::{Screened, customer_key, explores, kind_of};
use super::decision::{Arm, Decision};
use super::exploration::{Reserve, amounts};
use super::policy::DecisionPolicy;
use super::view::CustomerView;
use super::waterfall::Waterfall;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::random;

/// A customer with everything that could be done for them.
#[derive(Debug, Clone)]
pub struct Person {
    /// What is known.
    pub view: CustomerView,
    /// What could be done.
    pub candidates: Vec<Candidate>,
}

/// The decisions of a run, with the numbers that prove them.
#[derive(Debug)]
pub struct BatchResult {
    /// One for each person, in their order.
    pub decisions: Vec<Decision>,
    /// Prices of what is scarce: real-time decisions until the next run are made at them.
    pub prices: Prices,
    /// Value of what is to be done and was chosen at the prices (explorers left out), in ticks.
    pub value: i64,
    /// No choice for these customers within what explorers left is worth more, in ticks; proven.
    pub bound: f64,
    /// How far the value may be from the best, as a part of the bound.
    pub gap: f64,
    /// Units of each resource that are used, explorers included.
    pub used: Vec<i64>,
    /// Where the audience went.
    pub waterfall: Waterfall,
}

/// The parts of a problem that belong together.
pub(super) struct Prepared<'a> {
    pub(super) screened: Vec<Screened<'a>>,
    pub(super) arms: Vec<Arm>,
    /// Customers in the problem, by position among the persons.
    pub(super) members: Vec<usize>,
    /// Position among the candidates of each arm of the problem.
    pub(super) positions: Vec<u32>,
    pub(super) problem: Problem,
}

/// Decides for everyone: explorers first, then prices, then everyone at these prices by the function that real time uses.
///
/// # Errors
/// Invalid, when a candidate uses a resource that does not exist, or the problem is too large.
pub fn decide_batch(
    people: &[Person],
    resources: &Resources,
    policy: &DecisionPolicy,
    seed: u64,
    now: Timestamp,
) -> Result<BatchResult> {
    let prepared = prepare(people, resources, policy, seed, now)?;
    let allocation = solve(&prepared.problem, Options::default());
    let prices = price(resources, &allocation);
    let decisions = at_prices(&prepared, &allocation, &prices, seed);
    let used = usage(people, &decisions, resources.len());
    let mut prices = prices;
    prices.entries.iter_mut().zip(&used).for_each(|(entry, &used)| entry.used = used);
    let value = decisions.iter().filter(|decision| decision.arm == Arm::Treated).flat_map(Decision::to_make);
    let value = value.map(|choice| choice.value).sum();
    let gap = if allocation.bound > 0.0 { (allocation.bound - value as f64) / allocation.bound } else { 0.0 };
    let waterfall = Waterfall::of(&decisions);
    Ok(BatchResult { decisions, prices, value, bound: allocation.bound, gap: gap.max(0.0), used, waterfall })
}

/// Screens everyone, draws the explorers, and lays out the problem of the others.
pub(super) fn prepare<'a>(
    people: &'a [Person],
    resources: &Resources,
    policy: &'a DecisionPolicy,
    seed: u64,
    now: Timestamp,
) -> Result<Prepared<'a>> {
    let screened: Vec<Screened> =
        people.par_iter().map(|person| Screened::new(&person.view, &person.candidates, policy, now)).collect();
    let mut arms: Vec<Arm> = people.iter().map(|person| policy.assignment.arm(&person.view.external_id)).collect();
    let explored = explorers(people, &screened, &mut arms, resources, policy, seed);
    let mut capacities: Vec<i64> = resources.iter().map(|resource| resource.capacity).collect();
    for (person, decision) in &explored {
        for choice in &decision.chosen {
            amounts(&people[*person].candidates[choice.candidate]).for_each(|(resource, amount)| {
                if let Some(capacity) = capacities.get_mut(resource) {
                    *capacity -= amount;
                }
            });
        }
    }
    let (kinds, kind_at) = intern(people, &screened);
    let mut prepared = Prepared {
        screened,
        arms,
        members: Vec::new(),
        positions: Vec::new(),
        problem: Problem::new(capacities, kinds)?,
    };
    prepared.fill(people, &kind_at)?;
    prepared.problem.lower_promises();
    Ok(prepared)
}

/// Numbers the kinds of arms in order of first use; `None` for what is not usable.
fn intern(people: &[Person], screened: &[Screened]) -> (Vec<ArmKind>, Vec<Vec<(u32, u16)>>) {
    type Key = (u32, u64, Vec<u16>, Vec<(u16, i32)>);
    let mut numbers: HashMap<Key, u16> = HashMap::new();
    let mut kinds: Vec<ArmKind> = Vec::new();
    let rows = (people.iter().zip(screened)).map(|(person, screened)| {
        let of = |position: usize| {
            let kind = kind_of(&person.candidates[position]);
            let key = (kind.group, kind.key, kind.budgets.clone(), kind.units.clone());
            let number = *numbers.entry(key).or_insert_with(|| {
                kinds.push(kind);
                // More kinds than that are refused when the problem is made.
                (kinds.len() - 1).min(usize::from(u16::MAX)) as u16
            });
            (position as u32, number)
        };
        screened.usable().map(of).collect()
    });
    let rows = rows.collect();
    (kinds, rows)
}

impl Prepared<'_> {
    /// Lays out the arms of everyone who is treated and does not explore.
    fn fill(&mut self, people: &[Person], kind_at: &[Vec<(u32, u16)>]) -> Result<()> {
        for (person, usable) in kind_at.iter().enumerate() {
            if self.arms[person] != Arm::Treated || usable.is_empty() {
                continue;
            }
            let screened = &self.screened[person];
            // Sorted here by offer, as the problem and `decide` do, so that positions stay aligned.
            let mut row: Vec<(u32, AllocationArm)> = (usable.iter())
                .filter_map(|&(position, kind)| {
                    let (value, cost) = screened.ticks(position as usize)?;
                    Some((position, AllocationArm { value, cost, kind }))
                })
                .collect();
            row.sort_by_key(|(_, arm)| self.problem.kinds()[usize::from(arm.kind)].group);
            let (positions, mut arms): (Vec<u32>, Vec<AllocationArm>) = row.into_iter().unzip();
            self.positions.extend(positions);
            self.members.push(person);
            let key = customer_key(&people[person].view.external_id);
            self.problem.push(key, screened.limit().min(MOST) as u8, &mut arms)?;
        }
        Ok(())
    }
}

/// Admits explorers in the order of a hash, as long as what is set aside for them lasts, and draws for each.
fn explorers(
    people: &[Person],
    screened: &[Screened],
    arms: &mut [Arm],
    resources: &Resources,
    policy: &DecisionPolicy,
    seed: u64,
) -> Vec<(usize, Decision)> {
    let mut drawn: Vec<(u64, usize)> = (people.iter().enumerate())
        .filter(|(at, person)| arms[*at] == Arm::Treated && explores(&person.view, policy))
        .map(|(at, person)| (random::salted_hash("explorer-order", &person.view.external_id) ^ random::mix(seed), at))
        .collect();
    drawn.sort_unstable();
    let mut reserve = Reserve::new(&policy.exploration, resources);
    let free = Prices::free(resources.clone());
    let mut decisions = Vec::new();
    for (_, at) in drawn {
        if reserve.admit(&screened[at].feasible(), &people[at].candidates) {
            arms[at] = Arm::Exploration;
            decisions.push((at, screened[at].decide(Arm::Exploration, &free, seed)));
        }
    }
    decisions
}

fn price(resources: &Resources, allocation: &Allocation) -> Prices {
    let entries = (resources.iter().zip(&allocation.prices).zip(&allocation.used))
        .map(|((resource, &price), &used)| Price { resource: resource.clone(), price, used })
        .collect();
    Prices { entries, jitter: allocation.jitter }
}

/// Everyone at the prices; where the repair changed a choice, the changed one, flagged.
fn at_prices(prepared: &Prepared, allocation: &Allocation, prices: &Prices, seed: u64) -> Vec<Decision> {
    let mut member_of: Vec<Option<usize>> = vec![None; prepared.screened.len()];
    prepared.members.iter().enumerate().for_each(|(member, &person)| member_of[person] = Some(member));
    (prepared.screened.par_iter().zip(&member_of).enumerate())
        .map(|(person, (screened, member))| {
            let arm = prepared.arms[person];
            match member {
                Some(member) => {
                    let arms = &allocation.chosen[*member];
                    let positions: Vec<usize> =
                        arms.iter().map(|&arm| prepared.positions[arm as usize] as usize).collect();
                    let best = screened.picks(prices);
                    let same = best.len() == positions.len() && best.iter().all(|pick| positions.contains(pick));
                    if same { screened.decide(arm, prices, seed) } else { screened.forced(arm, &positions, prices) }
                }
                // Explorers draw again as they did before: the draw does not depend on prices, only the explanation does.
                None => screened.decide(arm, prices, seed),
            }
        })
        .collect()
}

/// What the contacts to be made use.
pub(super) fn usage(people: &[Person], decisions: &[Decision], resources: usize) -> Vec<i64> {
    let mut used = vec![0; resources];
    for (person, decision) in people.iter().zip(decisions) {
        for choice in decision.to_make() {
            amounts(&person.candidates[choice.candidate]).for_each(|(resource, amount)| used[resource] += amount);
        }
    }
    used
}
