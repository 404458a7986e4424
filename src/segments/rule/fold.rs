//! The full build's first half: every fact that a segment reads, folded into tallies, customer by customer.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, StringViewArray};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};

use super::RuleSegment;
use super::measure::{ENDED, Measure, Only, Take, key_column, key_of};
use super::tally::{Point, Tally};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::history::{FactType, Snapshot};
use crate::ids::CustomerId;

/// Customers with any fact that counts, ascending, each with a tally a measure, settled.
pub type Folded = Vec<(CustomerId, Vec<Tally>)>;

/// Folds the facts of a slice of customers.
///
/// # Errors
/// Those of a query on history.
pub fn fold(segment: &RuleSegment, slice: &Snapshot, now: Timestamp) -> Result<Folded> {
    let mut folded: Folded = Vec::new();
    let mut types: Vec<&'static FactType> = Vec::new();
    for measure in &segment.measures {
        if !types.iter().any(|known| known.name == measure.fact_type.name) {
            types.push(measure.fact_type);
        }
    }
    for fact_type in &types {
        let reading = Reading::new(segment, fact_type);
        slice.stream(&reading.sql(now), |batch| reading.take(&batch, now, &mut folded))?;
    }
    Ok(joined(segment, folded, now))
}

/// One tally a customer and measure, from pieces: a customer's facts may come from several files.
fn joined(segment: &RuleSegment, mut pieces: Folded, now: Timestamp) -> Folded {
    pieces.sort_by_key(|(customer, _)| *customer);
    pieces.dedup_by(|(next, more), (kept, tallies)| {
        let same = next == kept;
        if same {
            for ((measure, tally), more) in segment.measures.iter().zip(tallies).zip(more) {
                measure.merge(tally, std::mem::take(more));
            }
        }
        same
    });
    for (_, tallies) in &mut pieces {
        for (measure, tally) in segment.measures.iter().zip(tallies) {
            measure.settle(tally, now);
        }
    }
    pieces.retain(|(_, tallies)| tallies.iter().any(|tally| !tally.is_empty()));
    pieces
}

/// The measures of one fact type, read together.
struct Reading<'a> {
    fact_type: &'static FactType,
    count: usize,
    /// Each with its place among the segment's measures.
    measures: Vec<(usize, &'a Measure)>,
}

impl<'a> Reading<'a> {
    fn new(segment: &'a RuleSegment, fact_type: &'static FactType) -> Reading<'a> {
        let measures = segment.measures.iter().enumerate();
        let measures = measures.filter(|(_, measure)| measure.fact_type.name == fact_type.name).collect();
        Reading { fact_type, count: segment.measures.len(), measures }
    }

    /// Customer and time; for each measure whether the fact counts, and what it adds; the key. Everything in it is ours: names
    /// come from closed lists, and texts of the user stand in quotes, with quotes doubled.
    fn sql(&self, now: Timestamp) -> String {
        let mut columns = vec!["customer_id".to_owned(), "occurred_at".to_owned()];
        let mut wanted = Vec::new();
        for (at, measure) in &self.measures {
            let condition = condition(measure, now);
            columns.push(
                if condition.is_empty() { "TRUE".to_owned() } else { format!("({condition})") }
                    + &format!(" AS hit_{at}"),
            );
            let value = match (measure.take, measure.column) {
                (Take::Total, Some(column)) => format!("\"{column}\""),
                (Take::Active, _) => {
                    format!("CASE WHEN status = '{ENDED}' THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END")
                }
                _ => "CAST(1 AS BIGINT)".to_owned(),
            };
            columns.push(format!("{value} AS value_{at}"));
            wanted.push(condition);
        }
        let keyed = self.measures.iter().any(|(_, measure)| measure.has_keys());
        if let Some(key) = key_column(self.fact_type).filter(|_| keyed) {
            columns.push(format!("\"{key}\" AS key"));
        }
        let filter = if wanted.iter().any(String::is_empty) { "TRUE".to_owned() } else { wanted.join(") OR (") };
        format!("SELECT {} FROM {} WHERE ({filter})", columns.join(", "), self.fact_type.name)
    }

    /// Adds a batch: facts of one customer stand together in it, as they do in a file.
    fn take(&self, batch: &RecordBatch, now: Timestamp, folded: &mut Folded) -> Result<()> {
        let customers = batch.column(0).as_primitive::<Int64Type>().values();
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>().values();
        let columns: Vec<Columns<'_>> = (self.measures.iter().enumerate())
            .map(|(i, &(at, measure))| Columns {
                at,
                measure,
                hits: batch.column(2 + 2 * i).as_boolean(),
                values: batch.column(3 + 2 * i).as_primitive::<Int64Type>(),
            })
            .collect();
        let keys = batch.column_by_name("key").map(Keys::of).transpose()?;
        let mut start = 0;
        while start < customers.len() {
            let customer = customers[start];
            let length = customers[start..].iter().take_while(|&&next| next == customer).count();
            let mut tallies = vec![Tally::default(); self.count];
            for row in start..start + length {
                let mut key = None;
                for column in &columns {
                    let Some(point) = column.point(row, times[row], keys.as_ref(), &mut key) else { continue };
                    column.measure.add(&mut tallies[column.at], point, now);
                }
            }
            folded.push((CustomerId(customer), tallies));
            start += length;
        }
        Ok(())
    }
}

/// Keys of facts, as history hands them over.
enum Keys<'a> {
    Plain(&'a StringArray),
    View(&'a StringViewArray),
}

impl Keys<'_> {
    fn of(column: &ArrayRef) -> Result<Keys<'_>> {
        match column.data_type() {
            DataType::Utf8 => Ok(Keys::Plain(column.as_string::<i32>())),
            DataType::Utf8View => Ok(Keys::View(column.as_string_view())),
            other => Err(Error::internal(format!("keys of history are {other}, not text"))),
        }
    }

    fn get(&self, row: usize) -> Option<&str> {
        match self {
            Keys::Plain(keys) => keys.is_valid(row).then(|| keys.value(row)),
            Keys::View(keys) => keys.is_valid(row).then(|| keys.value(row)),
        }
    }
}

/// What one measure reads of a batch.
struct Columns<'a> {
    at: usize,
    measure: &'a Measure,
    hits: &'a BooleanArray,
    values: &'a Int64Array,
}

impl Columns<'_> {
    /// What a row adds. `key`: of the row, once it was computed.
    fn point(&self, row: usize, at: i64, keys: Option<&Keys<'_>>, key: &mut Option<u64>) -> Option<Point> {
        if self.hits.is_null(row) || !self.hits.value(row) || self.values.is_null(row) {
            return None;
        }
        let key = if self.measure.has_keys() {
            let of_row = || keys.and_then(|keys| keys.get(row)).map_or(0, key_of);
            *key.get_or_insert_with(of_row)
        } else {
            0
        };
        let value = if self.measure.has_values() { self.values.value(row) } else { 0 };
        Some(Point { at, key, value })
    }
}

/// Which facts count for a measure: in its window or to come, and with the values it wants.
fn condition(measure: &Measure, now: Timestamp) -> String {
    let mut parts = Vec::new();
    if let Some(window) = measure.window {
        let from = now.0.saturating_sub(window);
        parts.push(format!("occurred_at > arrow_cast({from}, 'Timestamp(Microsecond, Some(\"UTC\"))')"));
    }
    parts.extend(conditions(&measure.only));
    parts.join(" AND ")
}

/// The conditions on columns, in SQL.
pub(super) fn conditions(only: &[Only]) -> Vec<String> {
    let quoted = |value: &String| format!("'{}'", value.replace('\'', "''"));
    let one = |only: &Only| {
        let values: Vec<String> = only.values.iter().map(quoted).collect();
        format!("\"{}\" IN ({})", only.column, values.join(", "))
    };
    only.iter().map(one).collect()
}
