//! One problem from those of several campaigns: their customers joined, their resources side by side.

use super::problem::{Arm, ArmKind, Problem};
use crate::error::{Error, Result};

/// The problem of one campaign.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The problem.
    pub problem: &'a Problem,
    /// Whose row each is, rising.
    pub who: &'a [i64],
    /// Where each of its resources stands among those of all.
    pub resources: &'a [u16],
}

/// A customer's row in one of the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The part.
    pub part: u16,
    /// The row.
    pub row: u32,
}

/// Several problems as one. A customer's arms are those of all parts, sorted by group; of equals those of the earlier part first.
#[derive(Debug)]
pub struct Joint<'a> {
    parts: Vec<Part<'a>>,
    /// The problem.
    pub problem: Problem,
    /// Whose row each is, rising.
    pub who: Vec<i64>,
    /// Where the rows of each customer come from; those of the customer at `i` end at `ends[i]`.
    sources: Vec<Source>,
    ends: Vec<u32>,
}

/// What a customer may get here.
pub trait Rest {
    /// The most contacts, given the most that any of the parts allows.
    fn limit(&self, who: i64, limit: usize) -> usize;
    /// Whether a part may contact the customer.
    fn may(&self, who: i64, part: usize) -> bool;
    /// Whether the customer has had an offer already, by its group.
    fn has_had(&self, who: i64, group: u32) -> bool;
}

/// Nothing was given away before: the least of the limits holds.
#[derive(Debug)]
pub struct Fresh;

impl Rest for Fresh {
    fn limit(&self, _: i64, limit: usize) -> usize {
        limit
    }

    fn may(&self, _: i64, _: usize) -> bool {
        true
    }

    fn has_had(&self, _: i64, _: u32) -> bool {
        false
    }
}

impl<'a> Joint<'a> {
    /// Joins the parts under the capacities of all.
    ///
    /// # Errors
    /// Invalid, when there are too many kinds, resources or arms for one problem.
    pub fn of(parts: Vec<Part<'a>>, capacities: Vec<i64>, rest: &dyn Rest) -> Result<Joint<'a>> {
        let mut kinds: Vec<ArmKind> = Vec::new();
        let mut offsets: Vec<usize> = Vec::with_capacity(parts.len());
        for part in &parts {
            offsets.push(kinds.len());
            kinds.extend(part.problem.kinds().iter().map(|kind| moved(kind, part.resources)));
        }
        if kinds.len() > usize::from(u16::MAX) {
            return Err(Error::invalid(
                "campaigns that are planned together can have at most 65,535 kinds of contacts",
            ));
        }
        let mut joint = Joint {
            parts,
            problem: Problem::new(capacities, kinds)?,
            who: Vec::new(),
            sources: Vec::new(),
            ends: Vec::new(),
        };
        joint.fill(&offsets, rest)?;
        joint.problem.lower_promises();
        Ok(joint)
    }

    fn fill(&mut self, offsets: &[usize], rest: &dyn Rest) -> Result<()> {
        let mut next = vec![0usize; self.parts.len()];
        let mut row: Vec<Arm> = Vec::new();
        loop {
            let heads = self.parts.iter().zip(&next).filter_map(|(part, &at)| part.who.get(at));
            let Some(&who) = heads.min() else { return Ok(()) };
            row.clear();
            let (begin, mut key, mut limit) = (self.sources.len(), 0, usize::MAX);
            for (at, part) in self.parts.iter().enumerate() {
                if part.who.get(next[at]) != Some(&who) {
                    continue;
                }
                let own = next[at];
                next[at] += 1;
                if rest.may(who, at) {
                    self.sources.push(Source { part: at as u16, row: own as u32 });
                    key = part.problem.key(own);
                    limit = limit.min(part.problem.limit(own));
                    let offset = offsets[at];
                    let arms = part.problem.row(own).map(|arm| part.problem.arm(arm as u32));
                    row.extend(arms.map(|arm| Arm { kind: (offset + usize::from(arm.kind)) as u16, ..arm }));
                }
            }
            let limit = if limit == usize::MAX { 0 } else { rest.limit(who, limit) };
            row.retain(|arm| !rest.has_had(who, self.problem.kinds()[usize::from(arm.kind)].group));
            if limit == 0 || row.is_empty() {
                self.sources.truncate(begin);
                continue;
            }
            self.problem.push(key, limit as u8, &mut row)?;
            self.who.push(who);
            self.ends.push(self.sources.len() as u32);
        }
    }

    /// Where an arm of the customer at this place comes from: the part, and the arm there. `rest` is what the problem was made with.
    pub fn origin(&self, customer: usize, arm: u32, rest: &dyn Rest) -> (usize, u32) {
        let begin = customer.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let who = self.who[customer];
        let mut arms: Vec<(u32, usize, u32)> = Vec::new();
        for source in &self.sources[begin..self.ends[customer] as usize] {
            let part = usize::from(source.part);
            let problem = self.parts[part].problem;
            for arm in problem.row(source.row as usize) {
                arms.push((problem.kind(arm as u32).group, part, arm as u32));
            }
        }
        arms.retain(|(group, _, _)| !rest.has_had(who, *group));
        // The same order as `Problem::push`, which is stable.
        arms.sort_by_key(|(group, _, _)| *group);
        let (_, part, found) = arms[arm as usize - self.problem.row(customer).start];
        (part, found)
    }
}

/// A kind with its resources where they stand among those of all.
pub fn moved(kind: &ArmKind, resources: &[u16]) -> ArmKind {
    let at = |resource: u16| resources.get(usize::from(resource)).copied().unwrap_or(u16::MAX);
    ArmKind {
        budgets: kind.budgets.iter().map(|&budget| at(budget)).collect(),
        units: kind.units.iter().map(|&(unit, amount)| (at(unit), amount)).collect(),
        ..kind.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::allocation::{Options, solve};
    use crate::random::Stream;

    /// A campaign for some of the customers: one offer of its own, one that all share, each by a channel of its own volume.
    fn campaign(seed: u64, customers: i64, volume: i64, stock: i64) -> (Problem, Vec<i64>) {
        let mut draws = Stream::new(seed, "joint");
        let kind = |group: u32, stocks: &[u16]| ArmKind {
            group,
            key: u64::from(group) ^ seed,
            budgets: Vec::new(),
            units: stocks.iter().map(|&stock| (stock, 1)).chain([(0, 1)]).collect(),
        };
        let mut problem = Problem::new(vec![volume, stock], vec![kind(10 + seed as u32, &[]), kind(7, &[1])]).unwrap();
        let mut who = Vec::new();
        for id in 0..customers {
            let drawn: Vec<(bool, i32)> =
                (0..2).map(|_| (draws.uniform() < 0.7, 1 + draws.below(1_000) as i32)).collect();
            let usable = drawn.iter().enumerate().filter(|(_, (usable, _))| *usable);
            let mut arms: Vec<Arm> =
                usable.map(|(kind, (_, value))| Arm { value: *value, cost: 0, kind: kind as u16 }).collect();
            if !arms.is_empty() {
                problem.push(id as u64, 1, &mut arms).unwrap();
                who.push(id);
            }
        }
        (problem, who)
    }

    #[test]
    fn a_customer_gets_one_contact_and_shared_stock_is_counted_once() {
        for seed in 0..6 {
            let made: Vec<_> = (0..3).map(|n| campaign(3 * seed + n, 400, 60, 50)).collect();
            // Volume of each, then the stock of all.
            let resources = [[0u16, 3], [1, 3], [2, 3]];
            let parts = made.iter().zip(&resources).map(|((problem, who), resources)| Part { problem, who, resources });
            let parts: Vec<Part<'_>> = parts.collect();
            let joint = Joint::of(parts, vec![60, 60, 60, 50], &Fresh).unwrap();
            let found = solve(&joint.problem, Options::default());
            assert!(found.value as f64 <= found.bound && found.gap() < 0.01, "{seed}: {}", found.gap());
            let (mut volumes, mut stock) = ([0; 3], 0);
            for (customer, chosen) in found.chosen.iter().enumerate() {
                assert!(chosen.len() <= 1);
                for &arm in chosen {
                    let (part, own) = joint.origin(customer, arm, &Fresh);
                    let (problem, who) = &made[part];
                    let at = who.binary_search(&joint.who[customer]).expect("the arm is the customer's own");
                    assert!(problem.row(at).contains(&(own as usize)));
                    assert_eq!(problem.arm(own).value, joint.problem.arm(arm).value);
                    volumes[part] += 1;
                    stock += usize::from(problem.kind(own).group == 7);
                }
            }
            assert!(volumes.iter().all(|&used| used <= 60) && stock <= 50, "{volumes:?} {stock}");
            // Whoever goes first takes what is worth most to them alone: together is worth no less.
            assert!(one_after_the_other(&made) <= found.bound, "{seed}");
        }
    }

    /// What campaigns reach that decide each for themselves, one after the other, among the customers whom the others left.
    fn one_after_the_other(made: &[(Problem, Vec<i64>)]) -> f64 {
        let mut taken: Vec<i64> = Vec::new();
        let (mut value, mut stock) = (0, 50);
        for (problem, who) in made {
            let mut left = Problem::new(vec![60, stock], problem.kinds().to_vec()).unwrap();
            let mut those = Vec::new();
            for (at, id) in who.iter().enumerate().filter(|(_, id)| !taken.contains(id)) {
                let mut arms: Vec<Arm> = problem.row(at).map(|arm| problem.arm(arm as u32)).collect();
                left.push(*id as u64, 1, &mut arms).unwrap();
                those.push(*id);
            }
            let found = solve(&left, Options::default());
            value += found.value;
            stock -= found.used[1];
            taken.extend(found.chosen.iter().zip(&those).filter(|(chosen, _)| !chosen.is_empty()).map(|(_, id)| *id));
        }
        value as f64
    }
}
