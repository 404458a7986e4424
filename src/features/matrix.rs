//! The feature matrix: customers down, features across.

use std::ops::RangeInclusive;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use ndarray::Array2;

use super::catalogue::{Catalogue, Family, View};
use super::sample::Sample;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::history::{History, Slices, Snapshot};
use crate::ids::CustomerId;
use crate::settings::Settings;

/// Features of customers as of an instant. Rows are in the order of `customers`, which rises; columns in that of `names`.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMatrix {
    /// The customers, ascending.
    pub customers: Vec<CustomerId>,
    /// The features' names.
    pub names: Vec<String>,
    /// A row per customer, a column per feature; finite throughout.
    pub values: Array2<f64>,
}

impl FeatureMatrix {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<ndarray::ArrayView1<'_, f64>> {
        self.names.iter().position(|n| n == name).map(|index| self.values.column(index))
    }

    /// The row of this customer.
    pub fn row(&self, customer: CustomerId) -> Option<ndarray::ArrayView1<'_, f64>> {
        self.customers.binary_search(&customer).ok().map(|index| self.values.row(index))
    }

    /// The same matrix with one more column, for what history does not hold: an attribute of the customer. Rows are moved where
    /// they lie: two matrices of a million customers would not both fit.
    #[must_use]
    pub fn with_column(mut self, name: &str, value: impl Fn(CustomerId) -> f64) -> FeatureMatrix {
        let (rows, columns) = self.values.dim();
        let mut values = self.take_rows();
        values.resize(rows * (columns + 1), 0.0);
        for (row, &customer) in self.customers.iter().enumerate().rev() {
            values.copy_within(row * columns..(row + 1) * columns, row * (columns + 1));
            values[row * (columns + 1) + columns] = value(customer);
        }
        self.values = shaped(rows, columns + 1, values);
        self.names.push(name.to_owned());
        self
    }

    /// The rows of these customers only.
    #[must_use]
    pub fn retain(mut self, keep: impl Fn(CustomerId) -> bool) -> FeatureMatrix {
        let columns = self.names.len();
        let mut values = self.take_rows();
        let mut kept = 0;
        for row in 0..self.customers.len() {
            if keep(self.customers[row]) {
                self.customers[kept] = self.customers[row];
                values.copy_within(row * columns..(row + 1) * columns, kept * columns);
                kept += 1;
            }
        }
        self.customers.truncate(kept);
        values.truncate(kept * columns);
        self.values = shaped(kept, columns, values);
        self
    }

    /// A copy of some rows.
    #[must_use]
    pub fn rows(&self, range: std::ops::Range<usize>) -> FeatureMatrix {
        FeatureMatrix {
            customers: self.customers[range.clone()].to_vec(),
            names: self.names.clone(),
            values: self.values.slice(ndarray::s![range, ..]).to_owned(),
        }
    }

    /// The values row after row, taken out.
    fn take_rows(&mut self) -> Vec<f64> {
        let values = std::mem::take(&mut self.values);
        let values = if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() };
        let (mut values, start) = values.into_raw_vec_and_offset();
        values.drain(..start.unwrap_or(0));
        values.truncate(self.customers.len() * self.names.len());
        values
    }

    /// The same rows with these columns only, in this order.
    ///
    /// # Errors
    /// Not found, naming the first feature that the matrix lacks.
    pub fn select(&self, names: &[String]) -> Result<FeatureMatrix> {
        let indices = names
            .iter()
            .map(|name| {
                let found = self.names.iter().position(|n| n == name);
                found.ok_or_else(|| Error::not_found(format!("there is no feature `{name}`")))
            })
            .collect::<Result<Vec<usize>>>()?;
        let values = self.values.select(ndarray::Axis(1), &indices);
        Ok(FeatureMatrix { customers: self.customers.clone(), names: names.to_vec(), values })
    }
}

/// Rows one after another as a matrix.
fn shaped(rows: usize, columns: usize, values: Vec<f64>) -> Array2<f64> {
    Array2::from_shape_vec((rows, columns), values).expect("as many values as rows by columns")
}

/// Computes features as of an instant for every customer with at least one purchase before it.
///
/// `wanted` names families or single features; empty means all of the catalogue. A customer about whom a family knows
/// nothing gets that feature's default from its header.
///
/// # Errors
/// Not found, when a name is neither a family nor a feature; invalid, when a family's SQL does not fit its header.
pub fn matrix(
    history: &History,
    as_of: Timestamp,
    catalogue: &Catalogue,
    wanted: &[&str],
    settings: &Settings,
) -> Result<FeatureMatrix> {
    matrix_of(Sample::ALL, history, as_of, catalogue, wanted, settings)
}

/// The same of the customers of a sample.
///
/// # Errors
/// As [`matrix()`].
pub fn matrix_of(
    sample: Sample,
    history: &History,
    as_of: Timestamp,
    catalogue: &Catalogue,
    wanted: &[&str],
    settings: &Settings,
) -> Result<FeatureMatrix> {
    let plan = Plan::new(catalogue, wanted, as_of, settings)?;
    let slices = history.slices_before(as_of)?.up_to(sample.last());
    plan.run(&slices, |slice, _| purchasers(slice))
}

/// The same of these customers, who rise, whether they have bought or not: of whom nothing is known, all is as the headers say.
///
/// # Errors
/// As [`matrix()`].
pub fn matrix_of_customers(
    customers: &[CustomerId],
    history: &History,
    as_of: Timestamp,
    catalogue: &Catalogue,
    wanted: &[&str],
    settings: &Settings,
) -> Result<FeatureMatrix> {
    let plan = Plan::new(catalogue, wanted, as_of, settings)?;
    let slices = history.slices_before(as_of)?;
    plan.run(&slices, |_, range| {
        let first = customers.partition_point(|customer| customer.0 < *range.start());
        let until = customers.partition_point(|customer| customer.0 <= *range.end());
        Ok(customers[first..until].to_vec())
    })
}

/// A view and its query.
pub(super) type BoundView<'a> = (&'a View, String);

/// The views that these queries read, each after those that it reads itself.
pub(super) fn bound_views<'a>(
    catalogue: &'a Catalogue,
    queries: impl IntoIterator<Item = &'a str>,
    as_of: Timestamp,
    settings: &Settings,
) -> Vec<BoundView<'a>> {
    catalogue.views_for(queries).into_iter().map(|view| (view, view.query(as_of, settings))).collect()
}

/// Makes views of a slice's facts, for the queries that follow.
pub(super) fn hold(slice: &Snapshot, views: &[BoundView<'_>]) -> Result<()> {
    for (view, sql) in views {
        slice.hold(&view.name, sql).map_err(|error| error.context(format!("view `{}` ({})", view.name, view.file)))?;
    }
    Ok(())
}

/// The queries of a matrix, ready to run on any slice of customers.
struct Plan<'a> {
    views: Vec<BoundView<'a>>,
    families: Vec<Chosen<'a>>,
    names: Vec<String>,
    defaults: Vec<f64>,
}

struct Chosen<'a> {
    family: &'a Family,
    sql: String,
    /// The features' names, and the column of the matrix that the first of them fills.
    features: Vec<&'a str>,
    first: usize,
}

/// The rows of some customers.
struct Block {
    customers: Vec<CustomerId>,
    /// Row after row.
    values: Vec<f64>,
}

impl<'a> Plan<'a> {
    fn new(catalogue: &'a Catalogue, wanted: &[&str], as_of: Timestamp, settings: &Settings) -> Result<Plan<'a>> {
        let choice = catalogue.choose(wanted)?;
        let views = bound_views(catalogue, choice.iter().map(|(family, _)| family.sql.as_str()), as_of, settings);
        let mut plan = Plan { views, families: Vec::new(), names: Vec::new(), defaults: Vec::new() };
        for (family, features) in choice {
            let sql = family.query(as_of, settings);
            let first = plan.names.len();
            plan.names.extend(features.iter().map(|feature| feature.name.clone()));
            plan.defaults.extend(features.iter().map(|feature| feature.default));
            let features = features.into_iter().map(|feature| feature.name.as_str()).collect();
            plan.families.push(Chosen { family, sql, features, first });
        }
        Ok(plan)
    }

    /// The rows of the customers that `whom` names of each slice, ascending.
    fn run(
        self,
        slices: &Slices,
        whom: impl Fn(&Snapshot, &RangeInclusive<i64>) -> Result<Vec<CustomerId>> + Sync,
    ) -> Result<FeatureMatrix> {
        let (mut customers, mut values) = (Vec::new(), Vec::new());
        slices.each_range(
            |slice, range| self.block(slice, whom(slice, range)?),
            |mut block| {
                customers.append(&mut block.customers);
                values.append(&mut block.values);
                Ok(())
            },
        )?;
        let shape = (customers.len(), self.names.len());
        let values = Array2::from_shape_vec(shape, values)
            .map_err(|e| Error::internal("a matrix of another shape").caused_by(e))?;
        Ok(FeatureMatrix { customers, names: self.names, values })
    }

    /// The rows of these customers of a slice.
    fn block(&self, slice: &Snapshot, customers: Vec<CustomerId>) -> Result<Block> {
        if customers.is_empty() {
            return Ok(Block { customers, values: Vec::new() });
        }
        hold(slice, &self.views)?;
        let mut block = Block { values: self.defaults.repeat(customers.len()), customers };
        for chosen in &self.families {
            let family = chosen.family;
            slice
                .stream(&chosen.sql, |batch| block.fill(&batch, chosen, self.names.len()))
                .map_err(|error| error.context(format!("features `{}` ({})", family.name, family.file)))?;
        }
        Ok(block)
    }
}

impl Block {
    /// Takes over what a family's query says; the matrix is `width` features wide.
    fn fill(&mut self, batch: &RecordBatch, chosen: &Chosen<'_>, width: usize) -> Result<()> {
        let family = chosen.family;
        let ids = column(batch, "customer_id", family)?;
        let ids = ids.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong(family, "customer_id"))?;
        let rows = places(&self.customers, ids.values());
        for (offset, name) in chosen.features.iter().enumerate() {
            let floats = as_floats(column(batch, name, family)?).ok_or_else(|| wrong(family, name))?;
            let floats = floats.as_primitive::<Float64Type>();
            for (index, &row) in rows.iter().enumerate().filter(|(_, row)| **row != ABSENT) {
                let value = floats.value(index);
                // What SQL leaves empty, or divides by nothing, keeps the default.
                if floats.is_valid(index) && value.is_finite() {
                    self.values[row * width + chosen.first + offset] = value;
                }
            }
        }
        Ok(())
    }
}

/// The place of somebody who is not among the customers.
const ABSENT: usize = usize::MAX;

/// Where each id stands among the customers, who rise. Most queries answer in the same order, so the place is looked for near
/// the last one first.
fn places(customers: &[CustomerId], ids: &[i64]) -> Vec<usize> {
    const NEAR: usize = 8;
    let mut from = 0;
    let mut place = |id: CustomerId| {
        let near = &customers[from..customers.len().min(from + NEAR)];
        let found = match near.iter().position(|&customer| customer == id) {
            Some(offset) => Ok(from + offset),
            None => customers.binary_search(&id),
        };
        from = found.unwrap_or_else(|next| next);
        found.unwrap_or(ABSENT)
    };
    ids.iter().map(|&id| place(CustomerId(id))).collect()
}

/// Everyone with a purchase in the slice, ascending.
fn purchasers(slice: &Snapshot) -> Result<Vec<CustomerId>> {
    let mut customers = Vec::new();
    slice.stream("SELECT DISTINCT customer_id FROM order_item", |batch| {
        customers.extend(batch.column(0).as_primitive::<Int64Type>().values().iter().map(|&id| CustomerId(id)));
        Ok(())
    })?;
    // As the engine reads them they are; this costs one look.
    customers.sort_unstable();
    Ok(customers)
}

fn column<'a>(batch: &'a RecordBatch, name: &str, family: &Family) -> Result<&'a ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| {
        Error::invalid(format!("{}: the header promises `{name}`, but the query does not give it", family.file))
    })
}

fn wrong(family: &Family, name: &str) -> Error {
    Error::invalid(format!("{}: `{name}` is not a number", family.file))
}

/// Numbers of any width as floats; none for anything else.
fn as_floats(array: &ArrayRef) -> Option<ArrayRef> {
    array.data_type().is_numeric().then(|| arrow::compute::cast(array, &DataType::Float64).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn small() -> FeatureMatrix {
        FeatureMatrix {
            customers: [1, 2, 5].map(CustomerId).to_vec(),
            names: vec!["a".into(), "b".into()],
            values: array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
        }
    }

    #[test]
    fn a_column_more_and_some_rows_less_move_what_is_there() {
        let wider = small().with_column("c", |customer| customer.0 as f64 * 10.0);
        assert_eq!(wider.values, array![[1.0, 2.0, 10.0], [3.0, 4.0, 20.0], [5.0, 6.0, 50.0]]);
        assert_eq!(wider.names, ["a", "b", "c"]);
        let some = wider.retain(|customer| customer != CustomerId(2));
        assert_eq!(
            (some.customers.clone(), some.values.clone()),
            (vec![CustomerId(1), CustomerId(5)], array![[1.0, 2.0, 10.0], [5.0, 6.0, 50.0]])
        );
        assert_eq!(some.rows(1..2).values, array![[5.0, 6.0, 50.0]]);
        assert_eq!(some.retain(|_| false).values.dim(), (0, 3));
        // Columns that lie one after another, as a selection of them does, are rows all the same.
        let across = FeatureMatrix { values: small().values.t().to_owned().reversed_axes(), ..small() };
        assert_eq!(across.with_column("c", |_| 0.0).values, small().with_column("c", |_| 0.0).values);
    }
}
