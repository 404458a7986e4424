//! Every client's lines, by month or in whole, as CSV or Parquet: written a range of customers at a time, so that a million clients
//! with years of months never stand in memory.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::client::Account;
use super::lines::{Kind, Lines};
use super::query::{Queries, Stretches, month_name};
use super::report::{basis, by_customer, find, origins};
use crate::customers::store as customers;
use crate::error::{Error, Result};
use crate::history::{Format, Snapshot, TableFile};
use crate::ids::CustomerId;
use crate::money::Money;
use crate::operations::Workspace;

/// The columns of numbers, after the client's key and the month; amounts are in minor units.
const NUMBERS: [&str; 17] = [
    "orders",
    "revenue",
    "discount",
    "cost_of_goods",
    "returned",
    "goods_back",
    "contact_cost",
    "service_cost",
    "complaint_cost",
    "return_cost",
    "delivery_cost",
    "process_cost",
    "claims",
    "claims_paid",
    "claims_expected",
    "profit",
    "acquisition_cost",
];

/// Writes a row for each client, or for each client and month of UTC, in the order of customers' ids; the cost of winning stands
/// in the row of the whole, or in a client's first month. A file that ends as `.parquet` is Parquet, any other CSV. Returns the number
/// of rows.
///
/// # Errors
/// Unavailable, when store or history do not answer or the file cannot be written; what was there before then stays.
pub fn clients(ws: &Workspace, by_month: bool, file: &Path) -> Result<u64> {
    let as_of = ws.now();
    let basis = basis(ws, as_of)?;
    let queries = Queries::new(ws.settings(), Stretches::Months, None);
    let schema = schema();
    let mut out = TableFile::create(file, schema.clone(), Format::of(file))?;
    let of_slice = |slice: &Snapshot| -> Result<RecordBatch> {
        let lines = queries.run(slice)?;
        let known = origins(ws, &lines)?;
        let ids: Vec<CustomerId> = known.iter().map(|origin| origin.id).collect();
        let keys = ws.store().read(|conn| customers::external_ids(conn, &ids))?;
        let mut rows = Rows::default();
        for (id, months) in by_customer(lines) {
            let account = Account::new(months, find(&known, id), &basis.claims, as_of);
            let key = keys.get(&id).map(String::as_str);
            if by_month {
                for (at, (month, lines)) in account.months.iter().enumerate() {
                    let won = if at == 0 { account.acquisition_cost } else { Money::ZERO };
                    rows.push(key, Some(month_name(*month)), lines, won);
                }
            } else {
                rows.push(key, None, &account.whole, account.acquisition_cost);
            }
        }
        rows.batch(&schema)
    };
    ws.history().slices_before(as_of)?.each(of_slice, |batch| out.write(&batch))?;
    Ok(out.finish()?.publish()?.1)
}

fn schema() -> SchemaRef {
    let texts = ["external_id", "month"].map(|name| Field::new(name, DataType::Utf8, true));
    let numbers = NUMBERS.map(|name| Field::new(name, DataType::Int64, false));
    Arc::new(Schema::new(texts.into_iter().chain(numbers).collect::<Vec<_>>()))
}

/// Rows of one range of customers, column by column.
#[derive(Default)]
struct Rows {
    keys: Vec<Option<String>>,
    months: Vec<Option<String>>,
    numbers: [Vec<i64>; NUMBERS.len()],
}

impl Rows {
    fn push(&mut self, key: Option<&str>, month: Option<String>, lines: &Lines, acquisition_cost: Money) {
        self.keys.push(key.map(str::to_owned));
        self.months.push(month);
        let before = [lines.revenue, lines.discount, lines.cost_of_goods, lines.returned, lines.goods_back];
        let activities = Kind::ALL.iter().map(|&kind| lines.activities.of(kind).cost.0);
        let last = [lines.claims_paid, lines.claims_expected, lines.profit(), acquisition_cost];
        let numbers = std::iter::once(lines.orders)
            .chain(before.map(|money| money.0))
            .chain(activities)
            .chain([lines.process_cost().0, lines.claims])
            .chain(last.map(|money| money.0));
        self.numbers.iter_mut().zip(numbers).for_each(|(column, number)| column.push(number));
    }

    fn batch(self, schema: &SchemaRef) -> Result<RecordBatch> {
        let texts = [self.keys, self.months].map(|column| Arc::new(StringArray::from(column)) as ArrayRef);
        let numbers = self.numbers.map(|column| Arc::new(Int64Array::from(column)) as ArrayRef);
        RecordBatch::try_new(schema.clone(), texts.into_iter().chain(numbers).collect())
            .map_err(|error| Error::internal("the columns of an export").caused_by(error))
    }
}
