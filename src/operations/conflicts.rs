//! Several campaigns, one client: who is wanted by more than one of them, and what it costs that only one may write.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::campaigns::store as campaigns;
use crate::clock::Timestamp;
use crate::decisions::candidate::TICKS;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::money::Money;
use crate::operations::{Workspace, batch, setup};

/// What a campaign would do if it were alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wish {
    /// The campaign.
    pub campaign: String,
    /// Clients whom it would contact.
    pub clients: usize,
    /// What that is expected to add, in minor units.
    pub value: Money,
    /// Of these clients, those whom another campaign wants more.
    pub lost: usize,
    /// What the campaign misses by that.
    pub cost: Money,
}

/// Two campaigns that want the same clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rivals {
    /// One of them.
    pub one: String,
    /// The other.
    pub other: String,
    /// Clients whom both want.
    pub clients: usize,
    /// What the one that gives way would have added, over these clients.
    pub cost: Money,
}

/// Who competes for whom, as of an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflicts {
    /// The instant.
    pub at: Timestamp,
    /// The campaigns, by name.
    pub campaigns: Vec<Wish>,
    /// Clients whom more than one of them wants.
    pub contested: usize,
    /// What all campaigns together miss when each of these clients is left to the one to which they are worth most.
    pub cost: Money,
    /// The pairs that compete, those first that lose most.
    pub rivals: Vec<Rivals>,
}

/// Compares what campaigns would do now, each as if it were alone: those named, or all that may run. Nothing is kept.
///
/// # Errors
/// Not found, for a campaign; invalid, when there are fewer than two.
pub fn conflicts(ws: &Workspace, names: &[String]) -> Result<Conflicts> {
    let now = ws.now();
    let mut names = match names.is_empty() {
        true => {
            ws.store().read(campaigns::all)?.into_iter().filter(|one| one.may_decide()).map(|one| one.name).collect()
        }
        false => names.to_vec(),
    };
    names.sort();
    names.dedup();
    if names.len() < 2 {
        return Err(Error::invalid("campaigns: name two or more, or approve them; one alone competes with nobody"));
    }
    let mut wanted: BTreeMap<CustomerId, Vec<(usize, i64)>> = BTreeMap::new();
    for (campaign, name) in names.iter().enumerate() {
        let batch = ws.store().read(|conn| {
            let occasion = format!("conflicts {now}");
            let setup = setup::load(ws, conn, name, &occasion)?;
            batch::decide(ws, conn, &setup, &occasion, now, None)
        })?;
        for decision in &batch.result.decisions {
            let value: i64 = decision.to_make().iter().map(|choice| choice.value).sum();
            if !decision.to_make().is_empty() {
                wanted.entry(decision.customer_id).or_default().push((campaign, value));
            }
        }
    }
    Ok(compare(&names, &wanted, now))
}

fn compare(names: &[String], wanted: &BTreeMap<CustomerId, Vec<(usize, i64)>>, at: Timestamp) -> Conflicts {
    let money = |ticks: i64| Money((ticks as f64 / TICKS).round() as i64);
    let mut sums = vec![(0usize, 0i64, 0usize, 0i64); names.len()];
    let mut pairs: BTreeMap<(usize, usize), (usize, i64)> = BTreeMap::new();
    let (mut contested, mut cost) = (0, 0);
    for wishes in wanted.values() {
        // Of equals the first by name.
        let best = wishes.iter().enumerate().max_by_key(|(at, (_, value))| (*value, usize::MAX - at)).map(|(at, _)| at);
        for (place, (campaign, value)) in wishes.iter().enumerate() {
            let sum = &mut sums[*campaign];
            (sum.0, sum.1) = (sum.0 + 1, sum.1 + value);
            if Some(place) != best {
                (sum.2, sum.3) = (sum.2 + 1, sum.3 + value);
                cost += value;
            }
            for (other, of_other) in &wishes[place + 1..] {
                let pair = pairs.entry((*campaign, *other)).or_default();
                *pair = (pair.0 + 1, pair.1 + value.min(of_other));
            }
        }
        contested += usize::from(wishes.len() > 1);
    }
    let campaigns = names.iter().zip(sums).map(|(name, (clients, value, lost, missed))| Wish {
        campaign: name.clone(),
        clients,
        value: money(value),
        lost,
        cost: money(missed),
    });
    let mut rivals: Vec<(i64, Rivals)> = pairs
        .into_iter()
        .map(|((one, other), (clients, ticks))| {
            let (one, other) = (names[one].clone(), names[other].clone());
            (ticks, Rivals { one, other, clients, cost: money(ticks) })
        })
        .collect();
    rivals.sort_by_key(|(ticks, _)| std::cmp::Reverse(*ticks));
    let rivals = rivals.into_iter().map(|(_, pair)| pair).collect();
    Conflicts { at, campaigns: campaigns.collect(), contested, cost: money(cost), rivals }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_contested_client_is_left_to_whom_they_are_worth_most() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let tick = TICKS as i64;
        let wanted = BTreeMap::from([
            (CustomerId(1), vec![(0, 5 * tick), (1, 3 * tick)]),
            (CustomerId(2), vec![(0, tick), (1, 2 * tick), (2, 4 * tick)]),
            (CustomerId(3), vec![(2, 7 * tick)]),
            (CustomerId(4), vec![(1, 6 * tick), (2, 6 * tick)]),
        ]);
        let found = compare(&names, &wanted, Timestamp(0));
        assert_eq!((found.contested, found.cost), (3, Money(3 + 1 + 2 + 6)));
        let lost: Vec<_> = found.campaigns.iter().map(|one| (one.clients, one.value.0, one.lost, one.cost.0)).collect();
        assert_eq!(lost, [(2, 6, 1, 1), (3, 11, 2, 5), (3, 17, 1, 6)]);
        let pairs: Vec<_> =
            found.rivals.iter().map(|p| (p.one.as_str(), p.other.as_str(), p.clients, p.cost.0)).collect();
        assert_eq!(pairs, [("b", "c", 2, 8), ("a", "b", 2, 4), ("a", "c", 1, 1)]);
    }
}
