//! Aggregates that SQL lacks, or is slow at: what needs a group's values in order.
//!
//! | function | of | gives |
//! |---|---|---|
//! | `gap_sd(instants)` | the gaps between neighbours, in days | their sample standard deviation; NULL below two gaps |
//! | `gap_trend(instants)` | the same | the least-squares slope of a gap over its number; NULL below two gaps |
//! | `gap_last(instants)` | the same | the latest gap; NULL without one |
//! | `mix_entropy(amounts)` | each amount's share of their sum | Shannon's entropy in nats, over amounts above 0; NULL without one |
//!
//! A window with `lag` would say the first three as well; it takes each customer as a partition of its own, at many times the
//! cost. Values of a group may come in any order: they are sorted when the group ends, which costs nothing where they are.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use super::facts::time_type;
use crate::clock::DAY;

/// All of them.
pub(super) fn all() -> Vec<AggregateUDF> {
    [Measure::GapSd, Measure::GapTrend, Measure::GapLast, Measure::MixEntropy]
        .into_iter()
        .map(|measure| {
            let input = if measure == Measure::MixEntropy { DataType::Int64 } else { time_type() };
            AggregateUDF::from(Collected { measure, signature: Signature::exact(vec![input], Volatility::Immutable) })
        })
        .collect()
}

/// What is made of a group's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Measure {
    GapSd,
    GapTrend,
    GapLast,
    MixEntropy,
}

impl Measure {
    fn name(self) -> &'static str {
        match self {
            Measure::GapSd => "gap_sd",
            Measure::GapTrend => "gap_trend",
            Measure::GapLast => "gap_last",
            Measure::MixEntropy => "mix_entropy",
        }
    }

    /// The measure of a group's ascending values.
    fn of(self, values: &[i64]) -> Option<f64> {
        let mut gaps = values.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / DAY as f64);
        match self {
            Measure::GapSd => deviation(gaps),
            Measure::GapTrend => slope(gaps),
            Measure::GapLast => gaps.next_back(),
            Measure::MixEntropy => entropy(values),
        }
    }
}

/// The sample standard deviation, in two passes.
fn deviation(values: impl ExactSizeIterator<Item = f64> + Clone) -> Option<f64> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mean = values.clone().sum::<f64>() / n as f64;
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    Some((squares / (n - 1) as f64).sqrt())
}

/// The least-squares slope of values over 0, 1, 2, ...
fn slope(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len() as f64;
    if n < 2.0 {
        return None;
    }
    let middle = (n - 1.0) / 2.0;
    let products: f64 = values.enumerate().map(|(at, value)| (at as f64 - middle) * value).sum();
    // The sum of (i - middle)^2 over i = 0 .. n-1.
    Some(products / (n * (n * n - 1.0) / 12.0))
}

/// - sum p ln p, with p = x / sum x: ln sum x - (sum x ln x) / sum x.
fn entropy(values: &[i64]) -> Option<f64> {
    let positive = values.iter().filter(|&&value| value > 0).map(|&value| value as f64);
    let (sum, products) = positive.fold((0.0, 0.0), |(sum, products), x| (sum + x, products + x * x.ln()));
    // Rounding may leave a hair below zero where all is in one place.
    (sum > 0.0).then(|| (sum.ln() - products / sum).max(0.0))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Collected {
    measure: Measure,
    signature: Signature,
}

impl AggregateUDFImpl for Collected {
    fn name(&self) -> &str {
        self.measure.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(args.name, list_type(), true))])
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Whole(Groups { measure: self.measure, values: Vec::new(), groups: 0 })))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups { measure: self.measure, values: Vec::new(), groups: 0 }))
    }
}

fn list_type() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Int64, false)))
}

/// Values as they came, each with the group it belongs to.
#[derive(Debug)]
struct Groups {
    measure: Measure,
    values: Vec<(usize, i64)>,
    groups: usize,
}

impl Groups {
    /// Takes out what is to be emitted, sorted by group and value; the groups that stay are numbered from 0 again.
    fn take(&mut self, emit: EmitTo) -> (usize, Vec<(usize, i64)>) {
        let (n, mut taken) = match emit {
            EmitTo::All => (std::mem::take(&mut self.groups), std::mem::take(&mut self.values)),
            EmitTo::First(n) => {
                let (taken, stay) = self.values.iter().partition(|(group, _)| *group < n);
                self.values = stay;
                self.values.iter_mut().for_each(|(group, _)| *group -= n);
                self.groups -= n;
                (n, taken)
            }
        };
        if !taken.is_sorted() {
            taken.sort_unstable();
        }
        (n, taken)
    }

    /// A list of values for each group that is emitted.
    fn lists(&mut self, emit: EmitTo) -> (OffsetBuffer<i32>, Vec<i64>) {
        let (n, taken) = self.take(emit);
        let mut lengths = vec![0; n];
        taken.iter().for_each(|(group, _)| lengths[*group] += 1);
        (OffsetBuffer::from_lengths(lengths), taken.into_iter().map(|(_, value)| value).collect())
    }
}

fn list(offsets: OffsetBuffer<i32>, values: Vec<i64>) -> ArrayRef {
    let field = Arc::new(Field::new_list_field(DataType::Int64, false));
    Arc::new(ListArray::new(field, offsets, Arc::new(Int64Array::from(values)), None))
}

/// The values of an argument as whole numbers, whether they are numbers or instants.
fn numbers(argument: &ArrayRef) -> Result<Int64Array> {
    Ok(arrow::compute::cast(argument, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

/// Whether a row counts: it is not NULL, and the query's FILTER lets it pass.
fn counts(values: &Int64Array, filter: Option<&BooleanArray>, row: usize) -> bool {
    values.is_valid(row) && filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        arguments: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        let values = numbers(&arguments[0])?;
        let counted = (0..values.len()).filter(|&row| counts(&values, filter, row));
        self.values.extend(counted.map(|row| (groups[row], values.value(row))));
        self.groups = total;
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let (offsets, values) = self.lists(emit);
        let of_group = |bounds: &[i32]| self.measure.of(&values[bounds[0] as usize..bounds[1] as usize]);
        Ok(Arc::new(offsets.windows(2).map(of_group).collect::<Float64Array>()))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (offsets, values) = self.lists(emit);
        Ok(vec![list(offsets, values)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        let lists = states[0].as_list::<i32>();
        for (row, &group) in groups.iter().enumerate().filter(|(row, _)| lists.is_valid(*row)) {
            let values = lists.value(row);
            self.values.extend(values.as_primitive::<Int64Type>().values().iter().map(|&value| (group, value)));
        }
        self.groups = total;
        Ok(())
    }

    fn convert_to_state(&self, arguments: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = numbers(&arguments[0])?;
        let kept: Vec<bool> = (0..values.len()).map(|row| counts(&values, filter, row)).collect();
        let offsets = OffsetBuffer::from_lengths(kept.iter().map(|&kept| usize::from(kept)));
        let values = (0..values.len()).filter(|&row| kept[row]).map(|row| values.value(row)).collect();
        Ok(vec![list(offsets, values)])
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<(usize, i64)>()
    }
}

/// The one group of a query without GROUP BY.
#[derive(Debug)]
struct Whole(Groups);

impl Accumulator for Whole {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(arguments, &vec![0; arguments[0].len()], None, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.groups = 1;
        let value = self.0.evaluate(EmitTo::All)?;
        ScalarValue::try_from_array(&value, 0)
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let (_, values) = self.0.take(EmitTo::All);
        let values: ScalarBuffer<i64> = values.into_iter().map(|(_, value)| value).collect();
        let list = list(OffsetBuffer::from_lengths([values.len()]), values.to_vec());
        Ok(vec![ScalarValue::try_from_array(&list, 0)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states, &vec![0; states[0].len()], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(days: &[i64]) -> Vec<i64> {
        days.iter().map(|day| day * DAY).collect()
    }

    #[test]
    fn measures_of_known_gaps_and_shares() {
        // Gaps 2, 4, 6: mean 4, sample variance 4, slope 2.
        let instants = days(&[0, 2, 6, 12]);
        assert_eq!(Measure::GapSd.of(&instants), Some(2.0));
        assert_eq!(Measure::GapTrend.of(&instants), Some(2.0));
        assert_eq!(Measure::GapLast.of(&instants), Some(6.0));
        assert_eq!(Measure::GapLast.of(&days(&[3])), None);
        assert_eq!(Measure::GapSd.of(&days(&[0, 3])), None);
        assert_eq!(Measure::GapTrend.of(&[]), None);
        let even = Measure::MixEntropy.of(&[5, 5, 5, 5]).unwrap();
        assert!((even - 4_f64.ln()).abs() < 1e-12, "{even}");
        assert_eq!(Measure::MixEntropy.of(&[7]), Some(0.0));
        assert_eq!(Measure::MixEntropy.of(&[0, -3]), None);
    }

    #[test]
    fn groups_are_emitted_in_parts_merged_and_filtered() {
        let mut groups = Groups { measure: Measure::GapLast, values: Vec::new(), groups: 0 };
        let column: ArrayRef =
            Arc::new(Int64Array::from(vec![Some(6 * DAY), Some(0), None, Some(2 * DAY), Some(9 * DAY)]));
        let filter = BooleanArray::from(vec![true, true, true, true, false]);
        groups.update_batch(std::slice::from_ref(&column), &[0, 1, 0, 0, 1], Some(&filter), 2).unwrap();
        let converted = groups.convert_to_state(&[column], Some(&filter)).unwrap();
        groups.merge_batch(&converted, &[1, 1, 1, 1, 1], 3).unwrap();
        let first = groups.evaluate(EmitTo::First(1)).unwrap();
        assert_eq!(first.as_primitive::<arrow::datatypes::Float64Type>().value(0), 4.0);
        let state = groups.state(EmitTo::All).unwrap();
        let lists = state[0].as_list::<i32>();
        // The second group has 0 of its own and 0, 2, 6 days merged into it; the third has nothing.
        assert_eq!((lists.len(), lists.value_length(0), lists.value_length(1)), (2, 4, 0));
    }
}
