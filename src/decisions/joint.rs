//! Several campaigns that decide together: each customer is left to those to whom they are worth most, under the limits of all.
//!
//! Each campaign screens everybody by its own rules, holdouts and policy and draws its own explorers, as if it were alone. Then all their
//! candidates stand in one problem ([`Joint`]): a customer's contacts are shared by all campaigns, an offer's stock by those that make
//! it, every other resource is a campaign's own. Campaigns of a higher class decide first, whatever the others are worth. Who is held out
//! of a campaign is decided for in shadow at the same prices, against the same others.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::allocation::choose::{MOST, NONE, Row, Tariff, best_several};
use super::allocation::joint::{Joint, Part, Rest, moved};
use super::allocation::{Allocation, ArmKind, Options, Price, Prices, bound, solve};
use super::batch::{BatchResult, Person, Prepared, prepare, usage};
use super::candidate::{Resources, Unit};
use super::decide::{Screened, customer_key, kind_of};
use super::decision::{Arm, Decision};
use super::policy::DecisionPolicy;
use super::view::Contact;
use super::waterfall::Waterfall;
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// One of the campaigns.
#[derive(Debug, Clone, Copy)]
pub struct Party<'a> {
    /// Its name.
    pub name: &'a Arc<str>,
    /// Everybody, in the order of their ids.
    pub people: &'a [Person],
    /// What is scarce; stock of the same offer is shared.
    pub resources: &'a Resources,
    /// What governs it.
    pub policy: &'a DecisionPolicy,
    /// The seed of its draws.
    pub seed: u64,
    /// The higher goes first.
    pub class: u8,
}

/// What was decided together.
#[derive(Debug)]
pub struct JointResult {
    /// Of each campaign. Its bound is what it could reach alone within the same limits.
    pub parties: Vec<BatchResult>,
    /// Value of all, explorers left out, in ticks.
    pub value: i64,
    /// No choice that puts the higher classes first is worth more, in ticks; proven class by class.
    pub bound: f64,
}

/// Decides for all campaigns at once.
///
/// # Errors
/// Invalid, when a candidate uses a resource that does not exist, or the problem is too large.
pub fn decide_jointly(parties: &[Party<'_>], now: Timestamp) -> Result<JointResult> {
    let prepared = (parties.iter())
        .map(|party| prepare(party.people, party.resources, party.policy, party.seed, now))
        .collect::<Result<Vec<_>>>()?;
    let pool = Pool::of(parties, &prepared)?;
    let mut table = Table::new(parties, &prepared, &pool);
    let who: Vec<Vec<i64>> = parties
        .iter()
        .zip(&prepared)
        .map(|(party, own)| ids(own.members.iter().map(|&at| &party.people[at])))
        .collect();
    let mut proven = 0.0;
    for class in table.classes() {
        let among = table.of_class(class);
        let part = |at: usize| Part { problem: &prepared[at].problem, who: &who[at], resources: &pool.places[at] };
        let rest = OfClass { table: &table, among: &among };
        let joint = Joint::of(among.iter().map(|&at| part(at)).collect(), table.left.clone(), &rest)?;
        let allocation = solve(&joint.problem, Options::default());
        proven += allocation.bound;
        let picks = picks_of(&joint, &allocation, &rest, &among, &prepared);
        let forced = joint.who.iter().zip(&allocation.forced).filter(|(_, forced)| **forced).map(|(who, _)| *who);
        let forced: Vec<i64> = forced.collect();
        drop(joint);
        table.take(picks, forced, &allocation, &among);
    }
    table.keep_to_policy();
    let parties: Vec<BatchResult> = (0..parties.len()).map(|at| table.result(at)).collect();
    Ok(JointResult { value: parties.iter().map(|result| result.value).sum(), parties, bound: proven })
}

fn ids<'p>(people: impl Iterator<Item = &'p Person>) -> Vec<i64> {
    people.map(|person| person.view.customer_id.0).collect()
}

/// The resources of all: each campaign's own, and stock once for all that make the offer.
struct Pool {
    /// Where each resource of each campaign stands.
    places: Vec<Vec<u16>>,
    /// Units left when explorers have had theirs.
    capacities: Vec<i64>,
}

impl Pool {
    fn of(parties: &[Party<'_>], prepared: &[Prepared<'_>]) -> Result<Pool> {
        let mut shared: HashMap<&Arc<str>, usize> = HashMap::new();
        let mut pool = Pool { places: Vec::new(), capacities: Vec::new() };
        for (party, prepared) in parties.iter().zip(prepared) {
            let mut places = Vec::with_capacity(party.resources.len());
            for (resource, &left) in party.resources.iter().zip(prepared.problem.capacities()) {
                let known = match &resource.unit {
                    Unit::Stock(offer) => Some(*shared.entry(offer).or_insert(pool.capacities.len())),
                    _ => None,
                };
                let place = known.unwrap_or(pool.capacities.len());
                if place == pool.capacities.len() {
                    pool.capacities.push(left);
                } else {
                    // What its explorers hold is gone for the others too.
                    pool.capacities[place] -= resource.capacity - left;
                }
                places.push(u16::try_from(place).map_err(|_| {
                    Error::invalid("campaigns that are planned together can have at most 65,535 limits")
                })?);
            }
            pool.places.push(places);
        }
        Ok(pool)
    }
}

/// One contact: whose, and the position of the candidate there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pick {
    party: usize,
    candidate: usize,
}

/// Everything about the campaigns while their classes decide one after the other.
struct Table<'a> {
    parties: &'a [Party<'a>],
    prepared: &'a [Prepared<'a>],
    pool: &'a Pool,
    /// Units left of each resource of the pool.
    left: Vec<i64>,
    /// Contacts of each customer who has any.
    picks: HashMap<i64, Vec<Pick>>,
    /// Whose contacts keeping within the capacities changed.
    forced: HashSet<i64>,
    /// Who is whose explorer, and nobody else's.
    explorers: HashMap<i64, usize>,
    /// The most contacts of a customer over all campaigns that could make one.
    limits: HashMap<i64, u8>,
    /// Prices of the pool, and the jitter, when the class of each campaign decided.
    prices: Vec<(Vec<f64>, f64)>,
}

impl<'a> Table<'a> {
    fn new(parties: &'a [Party<'a>], prepared: &'a [Prepared<'a>], pool: &'a Pool) -> Table<'a> {
        let mut table = Table {
            parties,
            prepared,
            pool,
            left: pool.capacities.clone(),
            picks: HashMap::new(),
            forced: HashSet::new(),
            explorers: HashMap::new(),
            limits: HashMap::new(),
            prices: vec![(Vec::new(), 0.0); parties.len()],
        };
        let mut order: Vec<usize> = (0..parties.len()).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(parties[at].class));
        for party in order {
            let own = &prepared[party];
            for (person, arm) in parties[party].people.iter().zip(&own.arms) {
                if *arm == Arm::Exploration {
                    table.explorers.entry(person.view.customer_id.0).or_insert(party);
                }
            }
            for &member in &own.members {
                let limit = own.screened[member].limit().min(MOST) as u8;
                let who = parties[party].people[member].view.customer_id.0;
                table.limits.entry(who).and_modify(|least| *least = limit.min(*least)).or_insert(limit);
            }
        }
        table
    }

    /// The classes, the highest first.
    fn classes(&self) -> Vec<u8> {
        let mut classes: Vec<u8> = self.parties.iter().map(|party| party.class).collect();
        classes.sort_unstable_by(|a, b| b.cmp(a));
        classes.dedup();
        classes
    }

    fn of_class(&self, class: u8) -> Vec<usize> {
        (0..self.parties.len()).filter(|&at| self.parties[at].class == class).collect()
    }

    fn left_for(&self, who: i64) -> usize {
        let most = self.limits.get(&who).map_or(MOST, |most| usize::from(*most));
        most.saturating_sub(self.picks.get(&who).map_or(0, Vec::len))
    }

    fn person(&self, party: usize, who: i64) -> Option<usize> {
        self.parties[party].people.binary_search_by_key(&who, |person| person.view.customer_id.0).ok()
    }

    fn groups_of(&self, who: i64) -> impl Iterator<Item = u32> + '_ {
        let picks = self.picks.get(&who).into_iter().flatten();
        picks.filter_map(move |&pick| {
            let at = self.person(pick.party, who)?;
            Some(kind_of(&self.parties[pick.party].people[at].candidates[pick.candidate]).group)
        })
    }

    /// Keeps what a class decided.
    fn take(&mut self, picks: Vec<(i64, Pick)>, forced: Vec<i64>, allocation: &Allocation, among: &[usize]) {
        self.forced.extend(forced);
        for (who, pick) in picks {
            self.picks.entry(who).or_default().push(pick);
        }
        self.left.iter_mut().zip(&allocation.used).for_each(|(left, used)| *left -= used);
        for &party in among {
            self.prices[party] = (allocation.prices.clone(), allocation.jitter);
        }
    }

    /// Of several contacts of a customer from several campaigns, leaves those that together keep to the policy of each, the higher class
    /// first.
    fn keep_to_policy(&mut self) {
        let mut picks = std::mem::take(&mut self.picks);
        for (&who, of_customer) in picks.iter_mut().filter(|(_, picks)| picks.len() > 1) {
            let mut kept: Vec<Pick> = Vec::new();
            for &pick in of_customer.iter() {
                let agree = |one: Pick, others: &[Pick]| {
                    let Some(at) = self.person(one.party, who) else { return false };
                    let contacts: Vec<Contact> = others.iter().filter_map(|other| self.contact(who, *other)).collect();
                    self.prepared[one.party].screened[at].refused_beside(one.candidate, &contacts).is_none()
                };
                let with_it: Vec<Pick> = kept.iter().copied().chain([pick]).collect();
                let without =
                    |one: &Pick| -> Vec<Pick> { with_it.iter().copied().filter(|other| other != one).collect() };
                if with_it.iter().all(|one| agree(*one, &without(one))) {
                    kept = with_it;
                }
            }
            *of_customer = kept;
        }
        self.picks = picks;
    }

    fn contact(&self, who: i64, pick: Pick) -> Option<Contact> {
        let at = self.person(pick.party, who)?;
        Some(self.prepared[pick.party].screened[at].contact(pick.candidate))
    }

    /// What one campaign decided.
    fn result(&self, party: usize) -> BatchResult {
        let own = &self.parties[party];
        let prices = self.prices_of(party);
        let decisions: Vec<Decision> =
            (0..own.people.len()).map(|person| self.decision(party, person, &prices)).collect();
        let used = usage(own.people, &decisions, own.resources.len());
        let mut prices = prices;
        prices.entries.iter_mut().zip(&used).for_each(|(entry, &used)| entry.used = used);
        let treated = decisions.iter().filter(|decision| decision.arm == Arm::Treated);
        let value: i64 = treated.flat_map(Decision::to_make).map(|choice| choice.value).sum();
        let numbers: Vec<f64> = prices.entries.iter().map(|entry| entry.price).collect();
        let alone = bound(&self.prepared[party].problem, &numbers);
        let gap = if alone > 0.0 { ((alone - value as f64) / alone).max(0.0) } else { 0.0 };
        let waterfall = Waterfall::of(&decisions);
        BatchResult { decisions, prices, value, bound: alone, gap, used, waterfall }
    }

    fn prices_of(&self, party: usize) -> Prices {
        let (of_pool, jitter) = &self.prices[party];
        let places = self.parties[party].resources.iter().zip(&self.pool.places[party]);
        let entries = places.map(|(resource, &place)| {
            let price = of_pool.get(usize::from(place)).copied().unwrap_or(0.0);
            Price { resource: resource.clone(), price, used: 0 }
        });
        Prices { entries: entries.collect(), jitter: *jitter }
    }

    fn decision(&self, party: usize, person: usize, prices: &Prices) -> Decision {
        let own = &self.prepared[party];
        let (screened, arm) = (&own.screened[person], own.arms[person]);
        let who = self.parties[party].people[person].view.customer_id.0;
        match self.explorers.get(&who) {
            Some(&other) if other == party => screened.decide(arm, prices, self.parties[party].seed),
            // Nobody writes to somebody else's explorer: what is learned from the draw would be spoilt.
            Some(&other) => {
                let arm = if arm == Arm::Exploration { Arm::Treated } else { arm };
                screened.left_to(arm, &[], prices, false, Some(self.parties[other].name))
            }
            None if arm.is_holdout() => self.decided(party, screened, (arm, false), &self.shadow(party, who), prices),
            None => {
                let picks = self.picks.get(&who).map_or(&[][..], Vec::as_slice);
                self.decided(party, screened, (arm, self.forced.contains(&who)), picks, prices)
            }
        }
    }

    fn decided(
        &self,
        party: usize,
        screened: &Screened<'_>,
        (arm, forced): (Arm, bool),
        picks: &[Pick],
        prices: &Prices,
    ) -> Decision {
        let (mine, others): (Vec<&Pick>, Vec<&Pick>) = picks.iter().partition(|pick| pick.party == party);
        let positions: Vec<usize> = mine.iter().map(|pick| pick.candidate).collect();
        let other = others.first().map(|pick| self.parties[pick.party].name);
        screened.left_to(arm, &positions, prices, forced, other)
    }

    /// What somebody who is held out of a campaign would have got from all of them at the prices.
    fn shadow(&self, party: usize, who: i64) -> Vec<Pick> {
        let mut picks: Vec<Pick> = Vec::new();
        let mut had: Vec<u32> = Vec::new();
        let mut most = MOST;
        for class in self.classes() {
            let mut usable: Vec<Usable> = Vec::new();
            for at in self.of_class(class) {
                let Some(person) = self.person(at, who) else { continue };
                // Who is held out of all would be contacted by any; who is held out of one, by the others as they are.
                if at != party && self.prepared[at].arms[person] == Arm::CampaignHoldout {
                    continue;
                }
                let own = self.usable(at, person);
                if !own.is_empty() {
                    most = most.min(self.prepared[at].screened[person].limit());
                }
                usable.extend(own);
            }
            usable.retain(|one| !had.contains(&one.kind.group));
            usable.sort_by_key(|one| one.kind.group);
            for pick in self.best_of(who, &usable, most.saturating_sub(picks.len())) {
                had.push(pick.kind.group);
                picks.push(pick.pick);
            }
        }
        picks
    }

    /// What a campaign could do with a person, its resources where they stand in the pool.
    fn usable(&self, party: usize, person: usize) -> Vec<Usable> {
        let screened = &self.prepared[party].screened[person];
        let candidates = &self.parties[party].people[person].candidates;
        let usable = screened.usable().filter_map(|candidate| {
            let (value, cost) = screened.ticks(candidate)?;
            let kind = moved(&kind_of(&candidates[candidate]), &self.pool.places[party]);
            Some(Usable { pick: Pick { party, candidate }, value, cost, kind })
        });
        usable.collect()
    }

    /// The best of what campaigns of one class could do, at the prices of their class.
    fn best_of<'u>(&self, who: i64, usable: &'u [Usable], limit: usize) -> Vec<&'u Usable> {
        let Some(first) = usable.first().map(|one| one.pick.party) else { return Vec::new() };
        let Some(person) = self.person(first, who) else { return Vec::new() };
        let (prices, jitter) = &self.prices[first];
        let kinds: Vec<ArmKind> = usable.iter().map(|one| one.kind.clone()).collect();
        let tariff = Tariff::new(&kinds, prices, *jitter);
        let (values, costs): (Vec<i32>, Vec<i32>) = usable.iter().map(|one| (one.value, one.cost)).unzip();
        let numbers: Vec<u16> = (0..usable.len()).map(|at| at as u16).collect();
        let key = customer_key(&self.parties[first].people[person].view.external_id);
        let row = Row { key, values: &values, costs: &costs, kinds: &numbers };
        let picks = best_several(row, &tariff, limit, 0.0);
        picks.iter().take_while(|pick| pick.0 != NONE).map(|pick| &usable[pick.0 as usize]).collect()
    }
}

/// Something that a campaign could do with a customer.
struct Usable {
    pick: Pick,
    value: i32,
    cost: i32,
    kind: ArmKind,
}

/// What customers may still get from the campaigns of a class.
struct OfClass<'t> {
    table: &'t Table<'t>,
    among: &'t [usize],
}

impl Rest for OfClass<'_> {
    fn limit(&self, who: i64, limit: usize) -> usize {
        limit.min(self.table.left_for(who))
    }

    fn may(&self, who: i64, part: usize) -> bool {
        self.table.explorers.get(&who).is_none_or(|&explorer| explorer == self.among[part])
    }

    fn has_had(&self, who: i64, group: u32) -> bool {
        self.table.picks.contains_key(&who) && self.table.groups_of(who).any(|had| had == group)
    }
}

/// What a class chose for whom.
fn picks_of(
    joint: &Joint<'_>,
    allocation: &Allocation,
    rest: &dyn Rest,
    among: &[usize],
    prepared: &[Prepared<'_>],
) -> Vec<(i64, Pick)> {
    let mut picks = Vec::new();
    for (customer, chosen) in allocation.chosen.iter().enumerate() {
        for &arm in chosen {
            let (part, own) = joint.origin(customer, arm, rest);
            let candidate = prepared[among[part]].positions[own as usize] as usize;
            picks.push((joint.who[customer], Pick { party: among[part], candidate }));
        }
    }
    picks
}
