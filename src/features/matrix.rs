//! The feature matrix: customers down, features across.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use ndarray::Array2;

use super::catalogue::{Catalogue, Family};
use super::sql;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::history::{History, Snapshot};
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

    /// The same matrix with one more column, for what history does not hold: an attribute of the customer.
    #[must_use]
    pub fn with_column(mut self, name: &str, value: impl Fn(CustomerId) -> f64) -> FeatureMatrix {
        let (rows, columns) = self.values.dim();
        let mut wider = Array2::zeros((rows, columns + 1));
        wider.slice_mut(ndarray::s![.., ..columns]).assign(&self.values);
        for (row, &customer) in self.customers.iter().enumerate() {
            wider[[row, columns]] = value(customer);
        }
        self.values = wider;
        self.names.push(name.to_owned());
        self
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
    let choice = catalogue.choose(wanted)?;
    let snapshot = history.snapshot_before(as_of)?;
    let customers = purchasers(&snapshot)?;
    let rows: HashMap<i64, usize> = customers.iter().enumerate().map(|(row, customer)| (customer.0, row)).collect();
    let names: Vec<String> = choice.iter().flat_map(|(_, features)| features.iter().map(|f| f.name.clone())).collect();
    let mut values = Array2::zeros((customers.len(), names.len()));
    let mut first = 0;
    for (family, features) in &choice {
        for (offset, feature) in features.iter().enumerate() {
            values.column_mut(first + offset).fill(feature.default);
        }
        let columns: Vec<&str> = features.iter().map(|feature| feature.name.as_str()).collect();
        fill(&snapshot, family, &columns, as_of, settings, &rows, first, &mut values)?;
        first += columns.len();
    }
    Ok(FeatureMatrix { customers, names, values })
}

/// Everyone with a purchase in the snapshot, ascending.
fn purchasers(snapshot: &Snapshot) -> Result<Vec<CustomerId>> {
    let mut customers = Vec::new();
    snapshot.stream("SELECT DISTINCT customer_id FROM order_item", |batch| {
        customers.extend(batch.column(0).as_primitive::<Int64Type>().values().iter().map(|&id| CustomerId(id)));
        Ok(())
    })?;
    customers.sort_unstable();
    Ok(customers)
}

#[allow(clippy::too_many_arguments, reason = "one step of matrix(), split off to stay readable")]
fn fill(
    snapshot: &Snapshot,
    family: &Family,
    columns: &[&str],
    as_of: Timestamp,
    settings: &Settings,
    rows: &HashMap<i64, usize>,
    first: usize,
    values: &mut Array2<f64>,
) -> Result<()> {
    let sql = sql::bind(&family.sql, as_of, settings);
    snapshot
        .stream(&sql, |batch| {
            let customers = column(&batch, "customer_id", family)?;
            let customers = customers.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong(family, "customer_id"))?;
            for (offset, name) in columns.iter().enumerate() {
                let floats = as_floats(column(&batch, name, family)?).ok_or_else(|| wrong(family, name))?;
                let floats = floats.as_primitive::<Float64Type>();
                for (index, customer) in customers.values().iter().enumerate() {
                    let Some(&row) = rows.get(customer) else { continue };
                    let value = floats.value(index);
                    // What SQL leaves empty, or divides by nothing, keeps the default.
                    if floats.is_valid(index) && value.is_finite() {
                        values[[row, first + offset]] = value;
                    }
                }
            }
            Ok(())
        })
        .map_err(|error| error.context(format!("features `{}` ({})", family.name, family.file)))
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
