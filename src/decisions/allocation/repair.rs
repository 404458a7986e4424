//! From the choice at the prices to one within the capacities, with as little loss as can be found quickly.
//!
//! For any allocation within the capacities, bound - value is exactly
//! `sum_r price_r slack_r + sum_i (best net value of i - net value of what i gets)`.
//! So there are two things to do: move few customers, those who lose least; and leave no slack where the price is high.
//! Only marginal customers are looked at: first some are moved out of what is overfull, then what is promised is kept, then moves
//! that gain value are made, at last pairs of moves of which one makes room for the other.

use rayon::prelude::*;

use super::choose::{NONE, Tariff};
use super::marginal::{choices, marginal};
use super::problem::Problem;

/// The repaired choice.
pub struct Repaired {
    /// Positions of arms, `width` for each customer.
    pub picks: Vec<u32>,
    /// Places for each customer.
    pub width: usize,
    /// Customers whose choice is not the one at the prices.
    pub forced: Vec<bool>,
    /// Units of each resource that are used.
    pub used: Vec<i64>,
    /// Its value, in ticks.
    pub value: i64,
}

/// One change of one customer's choice.
#[derive(Debug, Clone, Copy)]
struct Move {
    customer: u32,
    /// The place that changes.
    place: u32,
    /// What stands there now, and what would.
    out: u32,
    into: u32,
    /// What it loses at the prices, and what it gains in value, in ticks.
    loss: f64,
    gain: i64,
}

/// Rounds of single moves and of pairs at most; each round gains, and gains shrink fast.
const ROUNDS: usize = 12;
/// Moves looked at for each resource that is short.
const PARTNERS: usize = 240;
/// Moves in a row for which nobody makes room, after which a promise is given up: it cannot be kept.
const PATIENCE: usize = 100;

struct Repair<'a> {
    problem: &'a Problem,
    tariff: &'a Tariff,
    picks: Vec<u32>,
    width: usize,
    left: Vec<i64>,
    /// Promises are kept by whoever keeps them now; given up where the capacities could not be kept otherwise.
    promises_stand: bool,
}

/// Repairs the choice at these prices.
pub fn repair(problem: &Problem, prices: &[f64], jitter: f64) -> Repaired {
    let tariff = Tariff::new(problem.kinds(), prices, jitter);
    let choices = choices(problem, &tariff);
    let mut left = problem.capacities().to_vec();
    for &arm in choices.picks.iter().filter(|&&arm| arm != NONE) {
        problem.uses(arm).for_each(|(resource, amount)| left[resource] -= amount);
    }
    let first = choices.picks.clone();
    let (picks, width) = (choices.picks, choices.width);
    let mut state = Repair { problem, tariff: &tariff, picks, width, left, promises_stand: true };
    let mut near = marginal(&choices.margins, (problem.customers() / 100).clamp(2_000, 10_000));
    if !state.fit(&near) {
        let all = marginal(&choices.margins, problem.customers());
        if !state.fit(&all) && problem.has_promises() {
            state.promises_stand = false;
            state.fit(&all);
            state.promises_stand = true;
        }
        near = marginal(&choices.margins, (problem.customers() / 20).clamp(2_000, 50_000));
    }
    if problem.has_promises() && !state.keep_promises(&near) {
        state.keep_promises(&marginal(&choices.margins, problem.customers()));
    }
    state.improve(&near);
    let forced = (first.chunks(state.width).zip(state.picks.chunks(state.width))).map(|(a, b)| differs(a, b)).collect();
    let value = state.picks.iter().filter(|&&arm| arm != NONE).map(|&arm| i64::from(problem.arm(arm).value)).sum();
    let used = problem.capacities().iter().zip(&state.left).map(|(capacity, left)| capacity - left).collect();
    Repaired { picks: state.picks, width: state.width, forced, used, value }
}

/// Whether two sets of picks differ, whatever their order.
fn differs(a: &[u32], b: &[u32]) -> bool {
    a.iter().any(|arm| !b.contains(arm)) || b.iter().any(|arm| !a.contains(arm))
}

impl Repair<'_> {
    fn net(&self, customer: usize, arm: u32) -> f64 {
        if arm == NONE {
            return 0.0;
        }
        let at = self.problem.arm(arm);
        self.tariff.net(self.problem.key(customer), at.value, at.cost, at.kind)
    }

    fn value(&self, arm: u32) -> i64 {
        if arm == NONE { 0 } else { i64::from(self.problem.arm(arm).value) }
    }

    /// Calls `each` with every change that the customer's choice allows.
    fn moves(&self, customer: u32, mut each: impl FnMut(Move)) {
        let at = customer as usize;
        let picks = &self.picks[at * self.width..][..self.problem.limit(at).min(self.width)];
        let group = |arm: u32| self.problem.kind(arm).group;
        for (place, &out) in picks.iter().enumerate() {
            // Of several empty places one is enough.
            if out == NONE && picks[..place].contains(&NONE) {
                continue;
            }
            let (out_net, out_value) = (self.net(at, out), self.value(out));
            let made = |into: u32, net: f64, value: i64| Move {
                customer,
                place: place as u32,
                out,
                into,
                loss: out_net - net,
                gain: value - out_value,
            };
            if out != NONE {
                each(made(NONE, 0.0, 0));
            }
            for into in self.problem.row(at).start as u32..self.problem.row(at).end as u32 {
                let taken =
                    picks.iter().enumerate().any(|(i, &arm)| i != place && arm != NONE && group(arm) == group(into));
                if into != out && !taken {
                    each(made(into, self.net(at, into), self.value(into)));
                }
            }
        }
    }

    /// What a move uses more of (positive) and less of (negative); amounts of one resource may come in parts.
    fn deltas(&self, step: &Move, delta: &mut Vec<(usize, i64)>) {
        if step.into != NONE {
            delta.extend(self.problem.uses(step.into));
        }
        if step.out != NONE {
            delta.extend(self.problem.uses(step.out).map(|(resource, amount)| (resource, -amount)));
        }
    }

    /// Adds up the parts.
    fn joined(&self, steps: &[&Move], delta: &mut Vec<(usize, i64)>) {
        delta.clear();
        steps.iter().for_each(|step| self.deltas(step, delta));
        delta.sort_unstable_by_key(|(resource, _)| *resource);
        let mut kept = 0;
        for i in 0..delta.len() {
            if kept > 0 && delta[kept - 1].0 == delta[i].0 {
                delta[kept - 1].1 += delta[i].1;
            } else {
                delta[kept] = delta[i];
                kept += 1;
            }
        }
        delta.truncate(kept);
    }

    /// Whether nothing that the steps use more of would be overfull afterwards.
    fn fits(&self, steps: &[&Move], delta: &mut Vec<(usize, i64)>) -> bool {
        self.joined(steps, delta);
        let free = |resource: usize| !self.promises_stand && self.problem.is_promise(resource);
        delta.iter().all(|&(resource, amount)| amount <= 0 || self.left[resource] >= amount || free(resource))
    }

    /// Whether the move still starts from what the customer has, and is still one the customer's choice allows.
    fn stands(&self, step: &Move) -> bool {
        let at = step.customer as usize;
        let picks = &self.picks[at * self.width..][..self.width];
        let group = |arm: u32| self.problem.kind(arm).group;
        let place = step.place as usize;
        picks[place] == step.out
            && (step.into == NONE
                || !picks
                    .iter()
                    .enumerate()
                    .any(|(i, &arm)| i != place && arm != NONE && group(arm) == group(step.into)))
    }

    fn apply(&mut self, step: &Move) {
        self.picks[step.customer as usize * self.width + step.place as usize] = step.into;
        if step.into != NONE {
            self.problem.uses(step.into).for_each(|(resource, amount)| self.left[resource] -= amount);
        }
        if step.out != NONE {
            self.problem.uses(step.out).for_each(|(resource, amount)| self.left[resource] += amount);
        }
    }

    /// All moves of these customers that `keep` keeps, the least loss first.
    fn gather(&self, customers: &[u32], keep: impl Fn(&Move, &mut Vec<(usize, i64)>) -> bool + Sync) -> Vec<Move> {
        let parts: Vec<Vec<Move>> = (customers.par_chunks(512))
            .map(|chunk| {
                let (mut kept, mut delta) = (Vec::new(), Vec::new());
                for &customer in chunk {
                    self.moves(customer, |step| {
                        if keep(&step, &mut delta) {
                            kept.push(step);
                        }
                    });
                }
                kept
            })
            .collect();
        let mut moves = parts.concat();
        moves.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        moves
    }

    /// Moves customers out of what is overfull; `false` when these customers are not enough.
    fn fit(&mut self, customers: &[u32]) -> bool {
        let mut delta = Vec::new();
        for _ in 0..2 * self.left.len() {
            // The one that is overfull by the largest part of its capacity first: it forces the most moves anyway.
            let part = |r: &usize| -self.left[*r] as f64 / self.problem.capacities()[*r].max(1) as f64;
            let over = self.overfull().max_by(|a, b| part(a).total_cmp(&part(b)));
            let Some(over) = over else { return true };
            let frees = |step: &Move, delta: &mut Vec<(usize, i64)>| {
                self.fits(&[step], delta) && delta.iter().any(|&(resource, amount)| resource == over && amount < 0)
            };
            let mut moves = self.gather(customers, frees);
            let freed = |step: &Move| {
                let uses = |arm: u32| {
                    let of = |arm| self.problem.uses(arm).filter(|u| u.0 == over).map(|u| u.1).sum::<i64>();
                    if arm == NONE { 0 } else { of(arm) }
                };
                (uses(step.out) - uses(step.into)).max(1) as f64
            };
            // The least loss for what it frees.
            moves.sort_by_cached_key(|step| ordered(step.loss.max(0.0) / freed(step)));
            for step in moves {
                if self.left[over] >= 0 {
                    break;
                }
                if self.stands(&step) && self.fits(&[&step], &mut delta) {
                    self.apply(&step);
                }
            }
            if self.left[over] < 0 {
                return false;
            }
        }
        self.overfull().next().is_none()
    }

    /// Capacities that are exceeded.
    fn overfull(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.left.len()).filter(|&resource| self.left[resource] < 0 && !self.problem.is_promise(resource))
    }

    /// Keeps promises that are not kept yet by moves of these customers, and where there is no room for a move by one of somebody
    /// else that makes it; `false` when that was not enough.
    fn keep_promises(&mut self, customers: &[u32]) -> bool {
        let mut delta = Vec::new();
        let short: Vec<usize> =
            (0..self.left.len()).filter(|&r| self.problem.is_promise(r) && self.left[r] < 0).collect();
        for &promise in &short {
            let keeps = |step: &Move, delta: &mut Vec<(usize, i64)>| {
                self.joined(&[step], delta);
                delta.iter().any(|&(resource, amount)| resource == promise && amount < 0)
            };
            let moves = self.gather(customers, keeps);
            let cheap = self.gather(customers, |_, _| true);
            let freeing = self.freeing(&cheap);
            let mut in_vain = 0;
            for step in moves {
                if self.left[promise] >= 0 || in_vain == PATIENCE {
                    break;
                }
                if !self.stands(&step) {
                    continue;
                }
                if self.fits(&[&step], &mut delta) {
                    self.apply(&step);
                    continue;
                }
                in_vain += 1;
                let lacks = |&&(r, amount): &&(usize, i64)| amount > 0 && self.left[r] < amount;
                let Some(lacking) = delta.iter().find(lacks).map(|lack| lack.0) else { continue };
                let room = freeing[lacking].iter().map(|&at| cheap[at as usize]).find(|other| {
                    other.customer != step.customer && self.stands(other) && self.fits(&[&step, other], &mut delta)
                });
                if let Some(other) = room {
                    self.apply(&other);
                    self.apply(&step);
                    in_vain = 0;
                }
            }
        }
        short.iter().all(|&promise| self.left[promise] >= 0)
    }

    fn improve(&mut self, customers: &[u32]) {
        for _ in 0..ROUNDS {
            let single = self.singles(customers);
            let pair = self.pairs(customers);
            if single + pair == 0 {
                break;
            }
        }
    }

    /// Makes moves that gain value and fit; returns how many.
    fn singles(&mut self, customers: &[u32]) -> usize {
        let mut made = 0;
        let mut delta = Vec::new();
        let moves = self.gather(customers, |step, delta| step.gain > 0 && self.fits(&[step], delta));
        for step in moves {
            if self.stands(&step) && self.fits(&[&step], &mut delta) {
                self.apply(&step);
                made += 1;
            }
        }
        made
    }

    /// Makes pairs of moves that gain value together, where one lacks what the other frees; returns how many.
    fn pairs(&mut self, customers: &[u32]) -> usize {
        let mut cheap = self.gather(customers, |_, _| true);
        cheap.truncate(40_000);
        let freeing = self.freeing(&cheap);
        let (mut made, mut delta) = (0, Vec::new());
        for step in cheap.iter().filter(|step| step.gain > 0).take(8_000) {
            if !self.stands(step) {
                continue;
            }
            if self.fits(&[step], &mut delta) {
                self.apply(step);
                made += 1;
                continue;
            }
            let Some(short) = delta.iter().find(|&&(r, amount)| amount > 0 && self.left[r] < amount).map(|d| d.0)
            else {
                continue;
            };
            let mut best: Option<(i64, Move)> = None;
            for &at in &freeing[short] {
                let other = &cheap[at as usize];
                let gain = step.gain + other.gain;
                if gain > best.as_ref().map_or(0, |best| best.0)
                    && other.customer != step.customer
                    && self.stands(other)
                    && self.fits(&[step, other], &mut delta)
                {
                    best = Some((gain, *other));
                }
            }
            if let Some((_, other)) = best {
                self.apply(&other);
                self.apply(step);
                made += 1;
            }
        }
        made
    }

    /// For each resource the first moves (the least loss) that free some of it.
    fn freeing(&self, cheap: &[Move]) -> Vec<Vec<u32>> {
        let mut freeing: Vec<Vec<u32>> = vec![Vec::new(); self.left.len()];
        let mut delta = Vec::new();
        for (at, step) in cheap.iter().enumerate() {
            self.joined(&[step], &mut delta);
            for &(resource, amount) in &delta {
                if amount < 0 && freeing[resource].len() < PARTNERS {
                    freeing[resource].push(at as u32);
                }
            }
        }
        freeing
    }
}

/// A key that sorts as the number does; numbers here are not below 0.
fn ordered(number: f64) -> u64 {
    number.to_bits()
}
