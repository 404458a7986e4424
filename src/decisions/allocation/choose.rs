//! One customer's best choice at given prices: the one function that batch, real time and the search for prices share.

use super::problem::ArmKind;
use crate::random;

/// No arm.
pub const NONE: u32 = u32::MAX;

/// The most contacts that one decision can make for a customer.
pub const MOST: usize = 8;

/// Prices folded into kinds: an arm's net value is `score - cost x rate - fee`.
#[derive(Debug, Clone, Default)]
pub struct Tariff {
    rate: Vec<f64>,
    fee: Vec<f64>,
    group: Vec<u32>,
    key: Vec<u64>,
    jitter: f64,
}

impl Tariff {
    /// The tariff of these kinds at these prices (ticks for a unit), with values jittered by up to this part of themselves.
    pub fn new(kinds: &[ArmKind], prices: &[f64], jitter: f64) -> Tariff {
        let price = |resource: &u16| prices.get(usize::from(*resource)).copied().unwrap_or(0.0);
        Tariff {
            rate: kinds.iter().map(|kind| kind.budgets.iter().map(price).sum()).collect(),
            fee: (kinds.iter())
                .map(|kind| kind.units.iter().map(|(unit, amount)| price(unit) * f64::from(*amount)).sum())
                .collect(),
            group: kinds.iter().map(|kind| kind.group).collect(),
            key: kinds.iter().map(|kind| kind.key).collect(),
            jitter,
        }
    }

    /// What an arm of this kind and cost pays, in ticks.
    pub fn pays(&self, cost: i32, kind: u16) -> f64 {
        f64::from(cost) * self.rate[usize::from(kind)] + self.fee[usize::from(kind)]
    }

    /// Value less what it pays, the value jittered by a hash of customer and kind: equal scores of many customers, such as
    /// segment averages give, would otherwise flip together when a price moves.
    pub fn net(&self, customer: u64, value: i32, cost: i32, kind: u16) -> f64 {
        let mut score = f64::from(value);
        if self.jitter > 0.0 {
            score += self.jitter * score * random::unit(random::mix(customer ^ self.key[usize::from(kind)]));
        }
        score - self.pays(cost, kind)
    }

    /// The group of a kind.
    pub fn group(&self, kind: u16) -> u32 {
        self.group[usize::from(kind)]
    }
}

/// The arms of one customer: parallel columns, sorted by group.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// What the jitter is drawn from.
    pub key: u64,
    /// Values, in ticks.
    pub values: &'a [i32],
    /// Costs, in ticks.
    pub costs: &'a [i32],
    /// Kinds.
    pub kinds: &'a [u16],
}

/// The positions in the row of what is chosen, best first, with the net value of each.
pub type Picks = [(u32, f64); MOST];

/// Nothing chosen.
pub const NOTHING: Picks = [(NONE, 0.0); MOST];

/// The best arm with a net value above `least`; of equals the first.
#[inline]
pub fn best(row: Row, tariff: &Tariff, least: f64) -> (u32, f64) {
    let mut found = (NONE, least);
    for (at, ((&value, &cost), &kind)) in row.values.iter().zip(row.costs).zip(row.kinds).enumerate() {
        let net = tariff.net(row.key, value, cost, kind);
        if net > found.1 {
            found = (at as u32, net);
        }
    }
    found
}

/// The best `limit` arms with net values above `least`, at most one of a group.
pub fn best_several(row: Row, tariff: &Tariff, limit: usize, least: f64) -> Picks {
    let limit = limit.min(MOST);
    let mut picks = NOTHING;
    if limit <= 1 {
        if limit == 1 {
            let (at, net) = best(row, tariff, least);
            picks[0] = if at == NONE { (NONE, 0.0) } else { (at, net) };
        }
        return picks;
    }
    let mut at = 0;
    while at < row.values.len() {
        let group = tariff.group(row.kinds[at]);
        let mut top = (NONE, least);
        while at < row.values.len() && tariff.group(row.kinds[at]) == group {
            let net = tariff.net(row.key, row.values[at], row.costs[at], row.kinds[at]);
            if net > top.1 {
                top = (at as u32, net);
            }
            at += 1;
        }
        if top.0 != NONE {
            insert(&mut picks[..limit], top);
        }
    }
    picks
}

/// Keeps the best in falling order; of equals the one that was first stays first.
fn insert(picks: &mut [(u32, f64)], candidate: (u32, f64)) {
    let Some(place) = picks.iter().position(|pick| pick.0 == NONE || candidate.1 > pick.1) else { return };
    picks[place..].rotate_right(1);
    picks[place] = candidate;
}
