//! Sealed facts of a few customers: what a merge moves, what a correction replaces, and what the tail only repeats.

use std::collections::{BTreeSet, HashSet};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;

use super::folder::History;
use super::value::{Fact, read_facts};
use super::view::{View, identity};
use crate::error::{Error, Result};
use crate::ids::CustomerId;

/// More customers than these are not looked for one by one: the columns are read through.
const MANY: usize = 2_000;

impl History {
    /// The sealed facts of these customers that count.
    pub(super) fn sealed_facts(&self, view: &View, customers: &BTreeSet<CustomerId>) -> Result<Vec<Fact>> {
        let mut facts = Vec::new();
        self.sealed_rows(view, Some(customers), "*", |batch| {
            let found = read_facts(view.fact_type, &batch)?;
            facts.extend(found.into_iter().filter(|fact| customers.contains(&fact.customer)));
            Ok(())
        })?;
        Ok(facts)
    }

    /// The sealed facts with these identities, whosever they are: reads the keys of all segments.
    pub(super) fn sealed_identities(&self, view: &View, wanted: &HashSet<String>) -> Result<Vec<Fact>> {
        let mut owners = BTreeSet::new();
        self.sealed_rows(view, None, "customer_id, source, fact_key", |batch| {
            let (sources, keys) = (batch.column(1).as_string::<i32>(), batch.column(2).as_string::<i32>());
            let customers = batch.column(0).as_primitive::<Int64Type>();
            let mut text = String::new();
            for row in 0..batch.num_rows() {
                identity_into(&mut text, sources.value(row), keys.value(row));
                if wanted.contains(&text) {
                    owners.insert(CustomerId(customers.value(row)));
                }
            }
            Ok(())
        })?;
        let facts = if owners.is_empty() { Vec::new() } else { self.sealed_facts(view, &owners)? };
        Ok(facts.into_iter().filter(|fact| wanted.contains(&identity(&fact.source, &fact.key))).collect())
    }

    /// The rows of the tail that are not sealed already. A fact comes a second time when its key was forgotten, or when a file
    /// had it too; the seal will drop it, and until then a query shall not see it twice.
    pub(super) fn unsealed(&self, view: &View, tail: RecordBatch) -> Result<RecordBatch> {
        let owners = tail.column(0).as_primitive::<Int64Type>().values();
        let customers: BTreeSet<CustomerId> = owners.iter().map(|&id| CustomerId(id)).collect();
        let (sources, keys) = (tail.column(2).as_string::<i32>(), tail.column(3).as_string::<i32>());
        let waiting: HashSet<String> =
            (0..tail.num_rows()).map(|row| identity(sources.value(row), keys.value(row))).collect();
        let mut twice: HashSet<String> = HashSet::new();
        self.sealed_rows(view, Some(&customers), "customer_id, source, fact_key", |batch| {
            let (sources, keys) = (batch.column(1).as_string::<i32>(), batch.column(2).as_string::<i32>());
            let mut text = String::new();
            for row in 0..batch.num_rows() {
                identity_into(&mut text, sources.value(row), keys.value(row));
                if waiting.contains(&text) {
                    twice.insert(text.clone());
                }
            }
            Ok(())
        })?;
        if twice.is_empty() {
            return Ok(tail);
        }
        let new = |row| Some(!twice.contains(&identity(sources.value(row), keys.value(row))));
        let keep: BooleanArray = (0..tail.num_rows()).map(new).collect();
        filter_record_batch(&tail, &keep).map_err(|error| Error::internal("rows of the tail").caused_by(error))
    }

    /// Hands over rows of the segments in which these customers may be; all segments, when none are named. Rows of others may
    /// be among them.
    fn sealed_rows(
        &self,
        view: &View,
        customers: Option<&BTreeSet<CustomerId>>,
        columns: &str,
        take: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let view = match customers {
            Some(customers) => view.of_customers(customers),
            None => view.clone(),
        };
        if view.segments.is_empty() {
            return Ok(());
        }
        let few = customers.filter(|customers| customers.len() <= MANY);
        let condition = few.map_or_else(String::new, |few| {
            let ids: Vec<String> = few.iter().map(ToString::to_string).collect();
            format!(" WHERE customer_id IN ({})", ids.join(", "))
        });
        let session = self.0.engine.lookup_session()?;
        session.add_table("sealed", view.fact_type.schema(), view.parts(&self.0.files)?, false, Vec::new())?;
        session.stream(&format!("SELECT {columns} FROM sealed{condition}"), take)
    }
}

fn identity_into(text: &mut String, source: &str, key: &str) {
    text.clear();
    text.push_str(source);
    text.push(super::view::SEPARATOR);
    text.push_str(key);
}
