//! One customer's decision: pure, and the same for batch and real time.

use std::sync::Arc;

use super::allocation::ArmKind;
use super::allocation::Prices;
use super::allocation::choose::{NONE, Picks, Row, Tariff, best_several};
use super::candidate::{Candidate, TICKS, ticks};
use super::contact_policy::{ContactRequest, MessageClass, Refusal, Verdict, check_contact};
use super::decision::{Arm, Choice, Decision};
use super::exploration::{Feasible, amounts, draw};
use super::policy::DecisionPolicy;
use super::trace::{CandidateTrace, Outcome, Trace};
use super::value::Value;
use super::view::{Contact, CustomerView};
use crate::clock::Timestamp;
use crate::ids::OfferId;
use crate::random;

/// Decides for one customer.
///
/// The steps are: what rules and contact policy leave, what it is worth, the arm (holdouts by salted hash, exploration by
/// salted hash outside them), then the best at the prices (or, for an explorer, a uniform draw). The holdout is decided like
/// everyone else, in shadow: [`Decision::to_make`] is empty. Nothing here reads a clock, a store or a global.
pub fn decide(
    view: &CustomerView,
    candidates: &[Candidate],
    policy: &DecisionPolicy,
    prices: &Prices,
    seed: u64,
    now: Timestamp,
) -> Decision {
    decide_within(view, candidates, policy, Within { prices, left: &[], stand_in: None }, seed, now)
}

/// What a decision in real time keeps within.
#[derive(Debug, Clone, Copy)]
pub struct Within<'a> {
    /// Prices of what is scarce.
    pub prices: &'a Prices,
    /// How many units of each resource there are, by position. What it says nothing of is not limited.
    pub left: &'a [i64],
    /// The offer that is proposed, if it may be, where nothing is worth its price: who asks is there anyway. Explorers and holdouts
    /// get what they drew.
    pub stand_in: Option<OfferId>,
}

/// The same among what is left. In a batch it is the prices, and the repair after them, that keep within the capacities.
pub fn decide_within(
    view: &CustomerView,
    candidates: &[Candidate],
    policy: &DecisionPolicy,
    within: Within<'_>,
    seed: u64,
    now: Timestamp,
) -> Decision {
    let Within { prices, left, stand_in } = within;
    let mut screened = Screened::new(view, candidates, policy, now);
    screened.keep_within(left, prices);
    let mut arm = policy.assignment.arm(&view.external_id);
    if arm == Arm::Treated && explores(view, policy) {
        arm = Arm::Exploration;
    }
    let decision = screened.decide(arm, prices, seed);
    match stand_in {
        Some(offer) if decision.chosen.is_empty() && arm == Arm::Treated => {
            screened.standing_in(offer, prices).unwrap_or(decision)
        }
        _ => decision,
    }
}

/// Whether the customer is drawn to explore; holdouts are told apart before this is asked.
pub fn explores(view: &CustomerView, policy: &DecisionPolicy) -> bool {
    !view.profiling_objection && policy.exploration.share.holds(&view.external_id)
}

/// A customer with candidates after rules, policy and value: what batch and real time go on from.
pub struct Screened<'a> {
    view: &'a CustomerView,
    candidates: &'a [Candidate],
    policy: &'a DecisionPolicy,
    now: Timestamp,
    /// Value of each candidate that is permitted.
    values: Vec<Option<Value>>,
    /// What became of each so far; `None` for those that are usable.
    outcomes: Vec<Option<Outcome>>,
}

/// What a customer's jitter is drawn from.
pub fn customer_key(external_id: &str) -> u64 {
    random::salted_hash("jitter", external_id)
}

/// The kind of arm that a candidate is; its key depends on offer, channel and hour only, so that it is the same in every run.
pub fn kind_of(candidate: &Candidate) -> ArmKind {
    kind_with(candidate, group_of(candidate), mark_of(candidate))
}

fn kind_with(candidate: &Candidate, group: u32, mark: u64) -> ArmKind {
    let key = random::mix(mark ^ random::mix(candidate.slot.from.0 as u64));
    ArmKind { group, key, budgets: candidate.uses.budgets.clone(), units: candidate.uses.units.clone() }
}

/// The hash of offer and channel.
fn mark_of(candidate: &Candidate) -> u64 {
    random::salted_hash(&candidate.treatment.channel, &candidate.treatment.offer_key)
}

/// One contact for an offer: the group is the hash of the offer's own key, folded to 32 bits. Not of its id, which is another one
/// in every store: equal data must give equal decisions, in whatever store they lie.
fn group_of(candidate: &Candidate) -> u32 {
    (random::salted_hash("offer", &candidate.treatment.offer_key) >> 32) as u32
}

impl<'a> Screened<'a> {
    /// Applies rules and contact policy to every candidate, and computes the value of those that are left.
    pub fn new(
        view: &'a CustomerView,
        candidates: &'a [Candidate],
        policy: &'a DecisionPolicy,
        now: Timestamp,
    ) -> Screened<'a> {
        let audience = policy
            .audience
            .as_ref()
            .and_then(|rule| rule.failure(&view.facts))
            .map(|failure| Outcome::NotEligible { rule: failure.to_string(), unknown: failure.unknown });
        let mut values = Vec::with_capacity(candidates.len());
        let mut outcomes = Vec::with_capacity(candidates.len());
        let mut rules = Rules { view, policy, now, offers: Vec::new(), contacts: Vec::new() };
        for candidate in candidates {
            let forbidden = audience.clone().or_else(|| rules.forbidden(candidate));
            let value = if forbidden.is_none() { Value::of(candidate) } else { None };
            let fits = value.filter(|value| ticks(value.total).is_some() && ticks(candidate.spend).is_some());
            outcomes.push(forbidden.or_else(|| match fits {
                None => Some(Outcome::NotComputable),
                Some(value) if value.total <= policy.least_value.max(0.0) => Some(Outcome::NoGain),
                Some(_) => None,
            }));
            values.push(fits);
        }
        Screened { view, candidates, policy, now, values, outcomes }
    }

    /// Takes out what needs more of a resource than is left.
    fn keep_within(&mut self, left: &[i64], prices: &Prices) {
        if left.is_empty() {
            return;
        }
        for (candidate, outcome) in self.candidates.iter().zip(&mut self.outcomes) {
            if outcome.as_ref().is_some_and(|outcome| *outcome != Outcome::NoGain) {
                continue;
            }
            let short = |(resource, amount): &(usize, i64)| {
                *amount > 0 && left.get(*resource).is_some_and(|left| left < amount)
            };
            if let Some((resource, _)) = amounts(candidate).find(short) {
                let name = prices.entries.get(resource).map_or_else(Arc::default, |entry| entry.resource.name.clone());
                *outcome = Some(Outcome::UsedUp { resource: name });
            }
        }
    }

    /// Positions of the candidates that are permitted and add value.
    pub fn usable(&self) -> impl Iterator<Item = usize> + '_ {
        self.outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_none()).map(|(position, _)| position)
    }

    /// Value and spending of a candidate, in ticks.
    pub fn ticks(&self, position: usize) -> Option<(i32, i32)> {
        Some((ticks(self.values[position]?.total)?, ticks(self.candidates[position].spend)?))
    }

    /// What an explorer may draw: everything permitted that may be tried and loses no more than the policy's worst.
    pub fn feasible(&self) -> Feasible {
        let values: Vec<(usize, f64)> = (self.candidates.iter().enumerate())
            .filter(|(position, candidate)| {
                candidate.treatment.explorable
                    && self.outcomes[*position].as_ref().is_none_or(|o| *o == Outcome::NoGain)
            })
            .filter_map(|(position, _)| Some((position, self.values[position]?.total)))
            .filter(|(_, value)| *value >= -self.policy.exploration.worst)
            .collect();
        Feasible::new(&values)
    }

    /// The most contacts of this decision.
    pub fn limit(&self) -> usize {
        self.policy.per_customer.min(super::allocation::choose::MOST)
    }

    /// Decides in this arm.
    pub fn decide(&self, arm: Arm, prices: &Prices, seed: u64) -> Decision {
        match arm {
            Arm::Exploration => self.explore(prices, seed),
            _ => self.best(arm, prices),
        }
    }

    /// A uniform draw over the feasible and none. One contact at most, so that the probability is exact.
    fn explore(&self, prices: &Prices, seed: u64) -> Decision {
        let feasible = self.feasible().positions;
        let among = feasible.len() + 1;
        let drawn = feasible.get(draw(seed, &self.view.external_id, feasible.len())).copied();
        let mut trace = self.trace(prices);
        for position in self.usable() {
            trace.candidates[position].outcome = Outcome::NotTried;
        }
        for &position in &feasible {
            let drawn_here = drawn == Some(position);
            let outcome = if drawn_here { Outcome::Drawn { among } } else { Outcome::NotDrawn { among } };
            trace.candidates[position].outcome = outcome;
        }
        let chosen = drawn.and_then(|position| self.choice(position, &trace)).into_iter().collect();
        self.decision(Arm::Exploration, chosen, 1.0 / among as f64, trace)
    }

    /// The best at the prices.
    fn best(&self, arm: Arm, prices: &Prices) -> Decision {
        let picks = self.picks(prices);
        self.with(arm, &picks, prices, Outcome::Chosen)
    }

    /// The decision that keeping within the capacities forced: these positions instead of the best ones.
    pub fn forced(&self, arm: Arm, positions: &[usize], prices: &Prices) -> Decision {
        let best = self.picks(prices);
        let mut decision = self.with(arm, positions, prices, Outcome::Substituted);
        for candidate in best {
            let trace = &mut decision.trace.candidates[candidate].outcome;
            *trace = if positions.contains(&candidate) { Outcome::Chosen } else { Outcome::NoCapacity };
        }
        decision.forced = true;
        decision
    }

    /// The decision of a campaign among several: these positions, or none because `other` contacts the customer.
    pub(super) fn left_to(
        &self,
        arm: Arm,
        positions: &[usize],
        prices: &Prices,
        forced: bool,
        other: Option<&Arc<str>>,
    ) -> Decision {
        let mut decision = if forced {
            self.forced(arm, positions, prices)
        } else {
            self.with(arm, positions, prices, Outcome::Chosen)
        };
        if let Some(campaign) = other.filter(|_| positions.is_empty()) {
            let lost = decision.trace.candidates.iter_mut().filter(|one| one.outcome == Outcome::NoCapacity);
            lost.for_each(|one| one.outcome = Outcome::OtherCampaign { campaign: campaign.clone() });
        }
        decision
    }

    /// The decision for the stand-in, where it is permitted and there is enough of what it uses.
    fn standing_in(&self, offer: OfferId, prices: &Prices) -> Option<Decision> {
        let may = |position: &usize| {
            self.candidates[*position].treatment.offer == offer
                && self.outcomes[*position].as_ref().is_none_or(|outcome| *outcome == Outcome::NoGain)
        };
        let worth = |position: &usize| self.values[*position].map_or(f64::MIN, |value| value.total);
        let best = (0..self.candidates.len()).filter(may).max_by(|a, b| worth(a).total_cmp(&worth(b)))?;
        Some(self.with(Arm::Treated, &[best], prices, Outcome::StandsIn))
    }

    /// Positions of the best candidates at the prices, best first.
    pub(super) fn picks(&self, prices: &Prices) -> Vec<usize> {
        // The same order as in a problem: by offer, so that ties fall the same way.
        let mut usable: Vec<(u32, u64, usize)> = Vec::with_capacity(self.candidates.len());
        for position in self.usable() {
            let candidate = &self.candidates[position];
            // Slots of one treatment stand together, and its hashes are most of the work.
            let (group, mark) = match usable.last() {
                Some(&(group, mark, last)) if Arc::ptr_eq(&self.candidates[last].treatment, &candidate.treatment) => {
                    (group, mark)
                }
                _ => (group_of(candidate), mark_of(candidate)),
            };
            usable.push((group, mark, position));
        }
        usable.sort_by_key(|(group, _, _)| *group);
        let kinds: Vec<ArmKind> =
            usable.iter().map(|&(group, mark, position)| kind_with(&self.candidates[position], group, mark)).collect();
        let usable: Vec<usize> = usable.into_iter().map(|(_, _, position)| position).collect();
        let tariff = Tariff::new(&kinds, &prices.numbers(), prices.jitter);
        let (values, costs): (Vec<i32>, Vec<i32>) = usable.iter().filter_map(|&position| self.ticks(position)).unzip();
        let kinds: Vec<u16> = (0..kinds.len()).map(|at| at as u16).collect();
        let row = Row { key: customer_key(&self.view.external_id), values: &values, costs: &costs, kinds: &kinds };
        let picks: Picks = best_several(row, &tariff, self.limit(), 0.0);
        picks.iter().take_while(|pick| pick.0 != NONE).map(|pick| usable[pick.0 as usize]).collect()
    }

    /// The decision for these positions; of several, those that together keep to the contact policy.
    fn with(&self, arm: Arm, positions: &[usize], prices: &Prices, outcome: Outcome) -> Decision {
        let mut trace = self.trace(prices);
        let best = positions.first().copied();
        for (position, candidate) in trace.candidates.iter_mut().enumerate() {
            if self.outcomes[position].is_none() {
                candidate.outcome = self.lost(position, candidate, best, prices);
            }
        }
        let mut chosen: Vec<Choice> = Vec::new();
        for &position in positions {
            let others: Vec<Contact> = chosen.iter().map(|choice| self.contact(choice.candidate)).collect();
            let refusal = if others.is_empty() { None } else { self.refused_beside(position, &others) };
            match refusal {
                Some(refusal) => trace.candidates[position].outcome = Outcome::WithOther { refusal },
                None => {
                    trace.candidates[position].outcome = outcome.clone();
                    chosen.extend(self.choice(position, &trace));
                }
            }
        }
        self.decision(arm, chosen, 1.0, trace)
    }

    /// Why a usable candidate was not chosen.
    fn lost(&self, position: usize, traced: &CandidateTrace, best: Option<usize>, prices: &Prices) -> Outcome {
        let worth = traced.value.map_or(0.0, |value| value.total) - traced.price;
        if worth > 0.0 {
            return best.map_or(Outcome::NoCapacity, |by| Outcome::Beaten { by });
        }
        let dearest = amounts(&self.candidates[position])
            .filter_map(|(resource, amount)| Some((prices.entries.get(resource)?, amount)))
            .map(|(entry, amount)| (entry.price * amount as f64, &entry.resource.name))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        dearest.map_or(Outcome::NoGain, |(_, name)| Outcome::Priced { resource: name.clone() })
    }

    /// The contact that a candidate would be.
    pub(super) fn contact(&self, position: usize) -> Contact {
        let Candidate { treatment, slot, .. } = &self.candidates[position];
        Contact { channel: treatment.channel.clone(), class: treatment.class, at: slot.from }
    }

    /// Why contact policy forbids this contact beside others already chosen, if it does.
    pub(super) fn refused_beside(&self, position: usize, others: &[Contact]) -> Option<Refusal> {
        let candidate = &self.candidates[position];
        let mut view = self.view.clone();
        view.contacts.get_or_insert_default().extend(others.iter().cloned());
        check_contact(&self.policy.contact, &view.contact_facts(), &request(candidate), self.now).refusal().cloned()
    }

    /// The trace before the choice: everything that is usable counts as beaten until told otherwise.
    fn trace(&self, prices: &Prices) -> Trace {
        let candidates = (self.candidates.iter().enumerate()).map(|(position, candidate)| CandidateTrace {
            treatment: candidate.treatment.clone(),
            slot: candidate.slot,
            value: self.values[position],
            price: amounts(candidate)
                .map(|(resource, amount)| prices.entries.get(resource).map_or(0.0, |entry| entry.price) * amount as f64)
                .sum::<f64>()
                / TICKS,
            outcome: self.outcomes[position].clone().unwrap_or(Outcome::NoGain),
        });
        Trace { candidates: candidates.collect() }
    }

    fn choice(&self, position: usize, trace: &Trace) -> Option<Choice> {
        let candidate = &self.candidates[position];
        let (value, spend) = self.ticks(position)?;
        Some(Choice {
            candidate: position,
            treatment: candidate.treatment.clone(),
            slot: candidate.slot,
            value: i64::from(value),
            net: f64::from(value) - trace.candidates[position].price * TICKS,
            p1: candidate.p1,
            p0: candidate.p0,
            hour_share: candidate.hour_share,
            spend: i64::from(spend),
        })
    }

    fn decision(&self, arm: Arm, chosen: Vec<Choice>, propensity: f64, trace: Trace) -> Decision {
        Decision {
            customer_id: self.view.customer_id,
            decided_at: self.now,
            arm,
            variants: self.policy.assignment.variants(&self.view.external_id),
            variant_propensity: self.policy.assignment.variant_propensity(&self.view.external_id),
            chosen,
            propensity,
            forced: false,
            trace,
        }
    }
}

fn request(candidate: &Candidate) -> ContactRequest<'_> {
    let treatment: &Arc<_> = &candidate.treatment;
    ContactRequest {
        channel: &treatment.channel,
        class: treatment.class,
        purpose: &treatment.purpose,
        at: candidate.slot.from,
    }
}

/// What forbids candidates, whatever they are worth. Many share an offer, or a channel and an hour: each is asked once.
struct Rules<'a> {
    view: &'a CustomerView,
    policy: &'a DecisionPolicy,
    now: Timestamp,
    offers: Vec<(OfferId, Option<Outcome>)>,
    contacts: Vec<(ContactRequest<'a>, Option<Outcome>)>,
}

impl<'a> Rules<'a> {
    fn forbidden(&mut self, candidate: &'a Candidate) -> Option<Outcome> {
        if self.view.profiling_objection && candidate.treatment.class == MessageClass::Marketing {
            return Some(Outcome::ProfilingObjection);
        }
        self.by_offer(candidate.treatment.offer).or_else(|| self.by_contact(request(candidate)))
    }

    fn by_offer(&mut self, offer: OfferId) -> Option<Outcome> {
        if let Some((_, known)) = self.offers.iter().find(|(known, _)| *known == offer) {
            return known.clone();
        }
        let failure = self.policy.eligibility.get(&offer).and_then(|rule| rule.failure(&self.view.facts));
        let outcome =
            failure.map(|failure| Outcome::NotEligible { rule: failure.to_string(), unknown: failure.unknown });
        self.offers.push((offer, outcome.clone()));
        outcome
    }

    fn by_contact(&mut self, request: ContactRequest<'a>) -> Option<Outcome> {
        if let Some((_, known)) = self.contacts.iter().find(|(known, _)| *known == request) {
            return known.clone();
        }
        let outcome = match check_contact(&self.policy.contact, &self.view.contact_facts(), &request, self.now) {
            Verdict::Allowed => None,
            Verdict::Refused(refusal) => Some(Outcome::Refused { refusal, not_before: None }),
            Verdict::NotBefore(at, refusal) => Some(Outcome::Refused { refusal, not_before: Some(at) }),
        };
        self.contacts.push((request, outcome.clone()));
        outcome
    }
}
