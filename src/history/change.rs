//! Changes of facts that may be sealed: merge of identities, correction, withdrawal and erasure, all by tombstones.
//!
//! A change is prepared outside of any transaction (it reads segments) and applied in the caller's own: there it raises the
//! generation of each type that it touches, which refuses seals and other changes that were prepared before it. So within one
//! transaction the tombstone counts, and the moved or corrected facts are in the tail.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::facts::{self, FactType};
use super::feed;
use super::folder::History;
use super::tombstone::{self, Tombstone};
use super::value::{Fact, check};
use super::view::{self, View};
use super::{manifest, tail_change};
use crate::clock::Timestamp;
use crate::customers::identity;
use crate::error::{Kind, Result};
use crate::ids::CustomerId;
use crate::storage::Connection;

const ATTEMPTS: usize = 20;

/// What is to change in facts of one type.
struct Part {
    fact_type: &'static FactType,
    /// The generation at which it was prepared.
    generation: i64,
    tombstones: Vec<Tombstone>,
    /// Facts that enter the tail, whatever is there under their identity.
    facts: Vec<Fact>,
    /// Identities that leave the tail.
    withdrawn: Vec<(String, String)>,
}

/// A prepared change. It fits only the state in which it was prepared; see [`History::change`].
pub struct Change(Vec<Part>);

impl Change {
    /// Makes it count when the caller's transaction commits. Aliases must be written before.
    ///
    /// # Errors
    /// Conflict, when something was sealed or changed since it was prepared.
    pub fn apply(&self, conn: &mut Connection, now: Timestamp) -> Result<()> {
        for part in &self.0 {
            manifest::advance(conn, part.fact_type, part.generation)?;
            tombstone::add(conn, part.fact_type, part.generation + 1, &part.tombstones, now)?;
            tail_change::remove(conn, part.fact_type, &part.withdrawn)?;
            tail_change::put(conn, part.fact_type, &part.facts, now)?;
            tail_change::follow_aliases(conn, part.fact_type)?;
            feed::disturb(conn, part.fact_type)?;
        }
        Ok(())
    }

    /// How many facts it moves, corrects or withdraws; those of the tail, which are changed in place, are not counted.
    pub fn facts(&self) -> usize {
        self.0.iter().map(|part| part.facts.len() + part.withdrawn.len()).sum()
    }
}

impl History {
    /// Prepares a change, with whatever else the caller prepares beside it, and writes it, as often as something else comes between.
    ///
    /// # Errors
    /// Those of `prepare` and `write`; conflict, when something else kept coming between.
    pub fn change<P, T>(
        &self,
        prepare: impl Fn() -> Result<P>,
        mut write: impl FnMut(&mut Connection, &P) -> Result<T>,
    ) -> Result<T> {
        again_on_conflict(ATTEMPTS, || {
            let prepared = prepare()?;
            self.0.store.write(|conn| write(conn, &prepared))
        })
    }

    /// Prepares that the facts of each first customer become facts of the second.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer or a file is missing.
    pub fn prepare_move(&self, pairs: &[(CustomerId, CustomerId)]) -> Result<Change> {
        let survivor: BTreeMap<CustomerId, CustomerId> = pairs.iter().copied().collect();
        let moved: BTreeSet<CustomerId> = survivor.keys().copied().collect();
        let part = |view: View| {
            let mut facts = self.sealed_facts(&view, &moved)?;
            let owners: BTreeSet<CustomerId> = facts.iter().map(|fact| fact.customer).collect();
            for fact in &mut facts {
                fact.customer = survivor[&fact.customer];
            }
            let tombstones = owners.into_iter().map(Tombstone::of_customer).collect();
            Ok(Part { tombstones, facts, ..Part::of(&view) })
        };
        self.views()?.into_iter().map(part).collect::<Result<_>>().map(Change)
    }

    /// Prepares that these facts replace whatever is known under their identities. One that is sealed with the same content
    /// stays as it is.
    ///
    /// # Errors
    /// Invalid, when a fact does not fit its type; unavailable, when the store does not answer or a file is missing.
    pub fn prepare_correction(&self, fact_type: &'static FactType, facts: &[Fact]) -> Result<Change> {
        facts.iter().try_for_each(|fact| check(fact_type, &fact.values))?;
        let view = self.view(fact_type)?;
        let mut wanted: HashMap<String, &Fact> =
            facts.iter().map(|fact| (view::identity(&fact.source, &fact.key), fact)).collect();
        let owners = facts.iter().map(|fact| fact.customer).collect();
        let known = self.known_of(&view, wanted.keys().cloned().collect(), &owners)?;
        let mut tombstones = Vec::new();
        for sealed in known {
            let key = view::identity(&sealed.source, &sealed.key);
            if wanted.get(&key).is_some_and(|fact| **fact == sealed) {
                wanted.remove(&key);
            } else {
                tombstones.push(Tombstone::of_fact(sealed.customer, &sealed.source, &sealed.key));
            }
        }
        let mut facts: Vec<Fact> = wanted.into_values().cloned().collect();
        facts.sort_by(|a, b| (&a.source, &a.key).cmp(&(&b.source, &b.key)));
        Ok(Change(vec![Part { tombstones, facts, ..Part::of(&view) }]))
    }

    /// Prepares that the facts with these identities (source and key) never happened. One that is reported again counts again.
    /// `owners` are the customers whose facts they most likely are; others are found too, by a longer search.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer or a file is missing.
    pub fn prepare_withdrawal(
        &self,
        fact_type: &'static FactType,
        identities: &[(String, String)],
        owners: &BTreeSet<CustomerId>,
    ) -> Result<Change> {
        let view = self.view(fact_type)?;
        let wanted = identities.iter().map(|(source, key)| view::identity(source, key)).collect();
        let known = self.known_of(&view, wanted, owners)?;
        let tombstones = known.iter().map(|fact| Tombstone::of_fact(fact.customer, &fact.source, &fact.key)).collect();
        Ok(Change(vec![Part { tombstones, withdrawn: identities.to_vec(), ..Part::of(&view) }]))
    }

    /// What a seal has to change in its own new segments: facts of customers who were merged or erased after `since`, when it
    /// began. Read within the transaction that makes the segments count.
    pub(super) fn prepare_settling(
        &self,
        conn: &mut Connection,
        view: &View,
        since: Timestamp,
    ) -> Result<Option<Change>> {
        let merged: BTreeMap<CustomerId, CustomerId> = identity::merged_since(conn, since)?.into_iter().collect();
        let mut hidden = tombstone::customers_hidden_after(conn, view.fact_type, since)?;
        hidden.extend(merged.keys());
        if hidden.is_empty() {
            return Ok(None);
        }
        let mut facts = self.sealed_facts(view, &hidden.iter().copied().collect())?;
        let owners: BTreeSet<CustomerId> = facts.iter().map(|fact| fact.customer).collect();
        facts.retain(|fact| merged.contains_key(&fact.customer));
        for fact in &mut facts {
            fact.customer = merged[&fact.customer];
        }
        let tombstones: Vec<Tombstone> = owners.into_iter().map(Tombstone::of_customer).collect();
        let part = Part { tombstones, facts, ..Part::of(view) };
        Ok((!part.tombstones.is_empty()).then(|| Change(vec![part])))
    }

    /// Corrects facts in a transaction of its own; answers how many were new or differed.
    ///
    /// # Errors
    /// As [`History::prepare_correction`].
    pub fn correct(&self, fact_type: &'static FactType, facts: &[Fact], now: Timestamp) -> Result<usize> {
        let prepare = || self.prepare_correction(fact_type, facts);
        self.change(prepare, |conn, change| change.apply(conn, now).map(|()| change.facts()))
    }

    /// Withdraws facts in a transaction of its own.
    ///
    /// # Errors
    /// As [`History::prepare_withdrawal`].
    pub fn withdraw(
        &self,
        fact_type: &'static FactType,
        identities: &[(String, String)],
        owners: &BTreeSet<CustomerId>,
        now: Timestamp,
    ) -> Result<()> {
        let prepare = || self.prepare_withdrawal(fact_type, identities, owners);
        self.change(prepare, |conn, change| change.apply(conn, now))
    }

    /// Hides all facts of customers, sealed or not, from when the caller's transaction commits; compaction removes their bytes.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer.
    pub fn erase_in(conn: &mut Connection, customers: &[CustomerId], now: Timestamp) -> Result<()> {
        let tombstones: Vec<Tombstone> = customers.iter().map(|&id| Tombstone::of_customer(id)).collect();
        for fact_type in facts::by_name() {
            let generation = manifest::raise(conn, fact_type)?;
            tombstone::add(conn, fact_type, generation, &tombstones, now)?;
        }
        tail_change::forget_customers(conn, customers)
    }

    /// The sealed facts of these identities: first among the likely owners', then everywhere.
    fn known_of(&self, view: &View, wanted: HashSet<String>, owners: &BTreeSet<CustomerId>) -> Result<Vec<Fact>> {
        let mut known = self.sealed_facts(view, owners)?;
        known.retain(|fact| wanted.contains(&view::identity(&fact.source, &fact.key)));
        let found: HashSet<String> = known.iter().map(|fact| view::identity(&fact.source, &fact.key)).collect();
        let missing: HashSet<String> = wanted.difference(&found).cloned().collect();
        if !missing.is_empty() {
            known.extend(self.sealed_identities(view, &missing)?);
        }
        Ok(known)
    }

    fn view(&self, fact_type: &'static FactType) -> Result<View> {
        self.0.store.read(|conn| View::read(conn, fact_type))
    }

    /// The views of all types, in the order in which their states are locked.
    fn views(&self) -> Result<Vec<View>> {
        self.0.store.read(|conn| facts::by_name().map(|fact_type| View::read(conn, fact_type)).collect())
    }
}

impl Part {
    fn of(view: &View) -> Part {
        Part {
            fact_type: view.fact_type,
            generation: view.generation,
            tombstones: Vec::new(),
            facts: Vec::new(),
            withdrawn: Vec::new(),
        }
    }
}

/// Tries again when somebody else sealed or compacted meanwhile.
pub(super) fn again_on_conflict<T>(attempts: usize, mut work: impl FnMut() -> Result<T>) -> Result<T> {
    let mut attempt = 1;
    loop {
        match work() {
            Err(error) if error.kind() == Kind::Conflict && attempt < attempts => attempt += 1,
            result => return result,
        }
    }
}
