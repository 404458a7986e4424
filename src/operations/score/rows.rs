//! The serving rows, written a block of customers at a time.

use std::collections::BTreeMap;
use std::sync::mpsc;

use ndarray::ArrayView1;
use serde::{Serialize, Serializer};

use super::Answers;
use crate::clock::Timestamp;
use crate::customers::{CustomerState, store as customers, totals};
use crate::error::Result;
use crate::features::FeatureMatrix;
use crate::ids::CustomerId;
use crate::models::lifetime_score::{self, LifetimeScore};
use crate::models::scoring;
use crate::money::Currency;
use crate::operations::totals::ByCustomer;
use crate::progress::Progress;
use crate::storage::Connection;

/// Customers written at a time.
const BLOCK: usize = 4_096;
/// Blocks that may wait for the store: made while it writes.
const AHEAD: usize = 2;

/// What is known of customers beside their facts' totals.
pub(super) struct Rows<'a> {
    matrix: &'a FeatureMatrix,
    answers: &'a Answers,
    /// The features by name, each with its column: keys of a JSON object rise.
    features: Vec<(&'a str, usize)>,
    currency: Currency,
    now: Timestamp,
}

/// The book-keeping part of serving rows.
pub(super) struct Books<'a> {
    /// What facts say.
    pub totals: &'a ByCustomer,
    /// What serving rows said at the same instant.
    pub before: &'a ByCustomer,
}

/// Some customers' rows, without totals.
struct Block {
    states: Vec<CustomerState>,
    scores: Vec<scoring::Score>,
    lifetimes: Vec<LifetimeScore>,
}

impl<'a> Rows<'a> {
    pub fn new(matrix: &'a FeatureMatrix, answers: &'a Answers, currency: Currency, now: Timestamp) -> Rows<'a> {
        let mut features: Vec<(&str, usize)> =
            matrix.names.iter().enumerate().map(|(column, name)| (name.as_str(), column)).collect();
        features.sort_unstable();
        Rows { matrix, answers, features, currency, now }
    }

    /// Writes rows and scores of these customers, who rise. One thread makes what this one writes.
    pub fn write(
        &self,
        conn: &mut Connection,
        ids: &[CustomerId],
        books: &Books<'_>,
        progress: &dyn Progress,
    ) -> Result<()> {
        std::thread::scope(|scope| {
            let (send, receive) = mpsc::sync_channel(AHEAD);
            scope.spawn(move || {
                for some in ids.chunks(BLOCK) {
                    // Nobody listens any more after an error.
                    if send.send(self.block(some)).is_err() {
                        break;
                    }
                }
            });
            for block in receive {
                let Block { mut states, scores, lifetimes } = block?;
                if let (Some(first), Some(last)) = (states.first(), states.last()) {
                    let after = totals::between(conn, first.customer_id, last.customer_id)?;
                    for state in &mut states {
                        let of = |totals: &ByCustomer| totals.get(&state.customer_id).copied().unwrap_or_default();
                        state.set_totals(of(books.totals).with_change(of(books.before), of(&after)));
                    }
                }
                scoring::keep(conn, &scores)?;
                lifetime_score::keep(conn, &lifetimes)?;
                customers::put_states(conn, &states)?;
                progress.advance(states.len() as u64);
            }
            scoring::forget_other_than(conn, self.now)?;
            Ok(())
        })
    }

    fn block(&self, ids: &[CustomerId]) -> Result<Block> {
        let mut block = Block { states: Vec::with_capacity(ids.len()), scores: Vec::new(), lifetimes: Vec::new() };
        let currency = self.currency;
        for &id in ids {
            let mut state = CustomerState::empty(id, self.now);
            let lifetime = self.answers.lifetimes.as_ref().and_then(|made| made.of(id));
            let row = self.matrix.customers.binary_search(&id).ok();
            let apart = &self.answers.said.apart;
            if row.is_some() || lifetime.is_some() || apart.iter().any(|apart| apart.place(id).is_some()) {
                let scores = Scores { answers: self.answers, row, lifetime, id, currency };
                state.scores = serde_json::to_string(&scores)?;
                state.scored_at = Some(self.now);
                let apart = apart.iter().filter_map(|one| one.column.score(one.place(id)?, id, self.now));
                block.scores.extend(apart);
            }
            // Who objects to profiling has totals, which are book-keeping, but neither features nor scores.
            if !self.answers.objecting.contains(&id) {
                self.answers.hours.of(id).clone_into(&mut state.active_hours);
                state.stage = Some(self.answers.stages.of(id).as_str().to_owned());
            }
            let more: Vec<_> = self.answers.said.more.iter().filter_map(|of| Some((of, of.row(id)?))).collect();
            if row.is_some() || !more.is_empty() {
                state.features = serde_json::to_string(&Features { rows: self, row, more })?;
            }
            if let Some(row) = row {
                state.segment = self.answers.segmentations.segment_of(id).map(str::to_owned);
                let scores = self.answers.columns.iter().filter_map(|column| column.score(row, id, self.now));
                block.scores.extend(scores);
            }
            if let Some(lifetime) = lifetime {
                block.scores.push(lifetime.score(currency));
                block.lifetimes.push(lifetime.clone());
            }
            // Needs are known of people who have not bought, too.
            state.service_level = self.answers.segmentations.service_level_of(id).map(str::to_owned);
            block.states.push(state);
        }
        Ok(block)
    }
}

/// A customer's features as a JSON object: those of the row, and what models needed beside them.
struct Features<'a> {
    rows: &'a Rows<'a>,
    row: Option<usize>,
    more: Vec<(&'a FeatureMatrix, ArrayView1<'a, f64>)>,
}

impl Serialize for Features<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let row = self.row.map(|row| self.rows.matrix.values.row(row));
        let own = row.iter().flat_map(|row| self.rows.features.iter().map(|&(name, column)| (name, row[column])));
        if self.more.is_empty() {
            return serializer.collect_map(own);
        }
        let more = self.more.iter().flat_map(|(of, row)| of.names.iter().map(String::as_str).zip(row.iter().copied()));
        serializer.collect_map(more.chain(own).collect::<BTreeMap<&str, f64>>())
    }
}

/// A customer's scores as a JSON object.
struct Scores<'a> {
    answers: &'a Answers,
    row: Option<usize>,
    lifetime: Option<&'a LifetimeScore>,
    id: CustomerId,
    currency: Currency,
}

impl Serialize for Scores<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let columns = self.answers.columns.iter();
        let of_row = columns.filter_map(|column| Some((column.name.as_str(), column.value(self.row?)?)));
        let apart = self.answers.said.apart.iter();
        let apart = apart.filter_map(|one| Some((one.column.name.as_str(), one.column.value(one.place(self.id)?)?)));
        let lifetime = self.lifetime.into_iter().flat_map(|score| score.serving(self.currency));
        let lifetime = lifetime.filter_map(|(name, value)| Some((name, value?)));
        serializer.collect_map(of_row.chain(apart).chain(lifetime))
    }
}
