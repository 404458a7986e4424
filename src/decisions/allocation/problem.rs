//! The usable arms of every customer, row after row, and the capacities.

use crate::error::{Error, Result};

/// What all arms of one treatment in one slot have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmKind {
    /// At most one arm of a group for a customer: the offer.
    pub group: u32,
    /// What its jitter is drawn from; the same in every run for the same treatment and slot.
    pub key: u64,
    /// Resources that pay the arm's cost.
    pub budgets: Vec<u16>,
    /// Other resources: (position, units). Units below 0 make the resource a promise: its capacity is minus what is to be reached.
    pub units: Vec<(u16, i32)>,
}

/// One usable arm of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arm {
    /// Its value, in ticks.
    pub value: i32,
    /// What it is expected to spend, in ticks; not below 0.
    pub cost: i32,
    /// Position of its kind.
    pub kind: u16,
}

/// An allocation problem. Arms lie in three parallel columns (10 bytes an arm), sorted by group within a customer.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    capacities: Vec<i64>,
    /// Which of them are promises.
    promises: Vec<bool>,
    kinds: Vec<ArmKind>,
    starts: Vec<u32>,
    pub(super) values: Vec<i32>,
    pub(super) costs: Vec<i32>,
    pub(super) kind_of: Vec<u16>,
    keys: Vec<u64>,
    limits: Vec<u8>,
}

impl Problem {
    /// A problem without customers yet. Capacities below 0 count as 0, except those of promises.
    ///
    /// # Errors
    /// Invalid, when a kind names a resource that does not exist, or there are more than 65,535 kinds or resources.
    pub fn new(capacities: Vec<i64>, kinds: Vec<ArmKind>) -> Result<Problem> {
        if kinds.len() > usize::from(u16::MAX) || capacities.len() > usize::from(u16::MAX) {
            return Err(Error::invalid("a run can have at most 65,535 kinds of arms and as many resources"));
        }
        let named = kinds.iter().flat_map(|kind| kind.budgets.iter().chain(kind.units.iter().map(|(unit, _)| unit)));
        if let Some(bad) = named.into_iter().find(|&&resource| usize::from(resource) >= capacities.len()) {
            return Err(Error::invalid(format!("a candidate uses resource {bad}; there are {}", capacities.len())));
        }
        let mut promises = vec![false; capacities.len()];
        let units = kinds.iter().flat_map(|kind| &kind.units);
        units.filter(|(_, units)| *units < 0).for_each(|(unit, _)| promises[usize::from(*unit)] = true);
        let least = |(capacity, promise): (i64, &bool)| if *promise { capacity } else { capacity.max(0) };
        let capacities = capacities.into_iter().zip(&promises).map(least).collect();
        Ok(Problem { capacities, promises, kinds, starts: vec![0], ..Problem::default() })
    }

    /// Lowers each promise to the number of customers for whom there is an arm that keeps it: nobody can be contacted at a loss
    /// for its sake.
    pub fn lower_promises(&mut self) {
        for resource in (0..self.capacities.len()).filter(|&resource| self.promises[resource]) {
            let keeps = |arm: usize| {
                self.kind(arm as u32).units.iter().any(|&(unit, units)| usize::from(unit) == resource && units < 0)
            };
            let able = (0..self.customers()).filter(|&at| self.limit(at) > 0 && self.row(at).any(keeps)).count();
            self.capacities[resource] = self.capacities[resource].max(-(able as i64));
        }
    }

    /// Whether a resource is a promise.
    pub fn is_promise(&self, resource: usize) -> bool {
        self.promises[resource]
    }

    /// Whether there are promises.
    pub fn has_promises(&self) -> bool {
        self.promises.contains(&true)
    }

    /// Adds a customer; `arms` are sorted by group on the way. `key` is what the jitter is drawn from.
    ///
    /// # Errors
    /// Invalid, when an arm names a kind that does not exist or there are more than 4 billion arms.
    pub fn push(&mut self, key: u64, limit: u8, arms: &mut [Arm]) -> Result<()> {
        if arms.iter().any(|arm| usize::from(arm.kind) >= self.kinds.len() || arm.cost < 0) {
            return Err(Error::invalid("an arm names a kind that does not exist, or costs less than nothing"));
        }
        // Stable, so that whoever sorts the same way can tell which arm came from where.
        arms.sort_by_key(|arm| self.kinds[usize::from(arm.kind)].group);
        self.values.extend(arms.iter().map(|arm| arm.value));
        self.costs.extend(arms.iter().map(|arm| arm.cost));
        self.kind_of.extend(arms.iter().map(|arm| arm.kind));
        let end = u32::try_from(self.values.len()).ok().filter(|&end| end < u32::MAX);
        self.starts.push(end.ok_or_else(|| Error::invalid("more than 4,294,967,294 arms; split the run"))?);
        self.keys.push(key);
        self.limits.push(limit);
        Ok(())
    }

    /// How many customers there are.
    pub fn customers(&self) -> usize {
        self.keys.len()
    }

    /// How many arms there are.
    pub fn arms(&self) -> usize {
        self.values.len()
    }

    /// The capacities.
    pub fn capacities(&self) -> &[i64] {
        &self.capacities
    }

    /// The kinds of arms.
    pub fn kinds(&self) -> &[ArmKind] {
        &self.kinds
    }

    /// The kind of an arm.
    pub fn kind(&self, arm: u32) -> &ArmKind {
        &self.kinds[usize::from(self.kind_of[arm as usize])]
    }

    /// The arm at a position.
    pub fn arm(&self, arm: u32) -> Arm {
        let at = arm as usize;
        Arm { value: self.values[at], cost: self.costs[at], kind: self.kind_of[at] }
    }

    /// The positions of a customer's arms.
    pub fn row(&self, customer: usize) -> std::ops::Range<usize> {
        self.starts[customer] as usize..self.starts[customer + 1] as usize
    }

    /// What a customer's jitter is drawn from.
    pub fn key(&self, customer: usize) -> u64 {
        self.keys[customer]
    }

    /// The most contacts for a customer.
    pub fn limit(&self, customer: usize) -> usize {
        usize::from(self.limits[customer])
    }

    /// The largest of these limits.
    pub fn largest_limit(&self) -> usize {
        self.limits.iter().copied().max().map_or(0, usize::from)
    }

    /// What an arm uses: (position of the resource, units).
    pub fn uses(&self, arm: u32) -> impl Iterator<Item = (usize, i64)> + '_ {
        let kind = self.kind(arm);
        let cost = i64::from(self.costs[arm as usize]);
        let budgets = kind.budgets.iter().map(move |&budget| (usize::from(budget), cost));
        budgets.chain(kind.units.iter().map(|&(unit, amount)| (usize::from(unit), i64::from(amount))))
    }

    /// The same problem with other capacities.
    #[must_use]
    pub fn with_capacities(&self, capacities: Vec<i64>) -> Problem {
        Problem { capacities, ..self.clone() }
    }

    /// Every `step`-th customer, with capacities in proportion.
    pub(super) fn sample(&self, step: usize) -> Problem {
        let mut sample = Problem {
            kinds: self.kinds.clone(),
            promises: self.promises.clone(),
            starts: vec![0],
            ..Problem::default()
        };
        for customer in (0..self.customers()).step_by(step) {
            let row = self.row(customer);
            sample.values.extend_from_slice(&self.values[row.clone()]);
            sample.costs.extend_from_slice(&self.costs[row.clone()]);
            sample.kind_of.extend_from_slice(&self.kind_of[row]);
            sample.starts.push(sample.values.len() as u32);
            sample.keys.push(self.keys[customer]);
            sample.limits.push(self.limits[customer]);
        }
        let part = sample.customers() as f64 / self.customers().max(1) as f64;
        sample.capacities = self.capacities.iter().map(|&capacity| (capacity as f64 * part).round() as i64).collect();
        sample
    }
}
