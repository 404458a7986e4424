//! Every client's lines, by month or in whole, as CSV: written a range of customers at a time, so that a million clients with
//! years of months never stand in memory.

use std::io::Write;

use super::client::Account;
use super::lines::{Kind, Lines};
use super::query::{Queries, Stretches, month_name};
use super::report::{basis, by_customer, find, origins};
use crate::customers::store as customers;
use crate::error::{Error, Result};
use crate::history::Snapshot;
use crate::ids::CustomerId;
use crate::money::Money;
use crate::operations::Workspace;

/// The columns; all amounts are in minor units.
const COLUMNS: &str = "external_id,month,orders,revenue,discount,cost_of_goods,returned,goods_back,contact_cost,service_cost,\
    complaint_cost,return_cost,delivery_cost,process_cost,claims,claims_paid,claims_expected,profit,acquisition_cost";

/// Writes a row for each client, or for each client and month of UTC, in the order of customers' ids; the cost of winning stands
/// in the row of the whole, or in a client's first month. Returns the number of rows.
///
/// # Errors
/// Unavailable, when store or history do not answer or the file cannot be written.
pub fn clients(ws: &Workspace, by_month: bool, out: &mut dyn Write) -> Result<u64> {
    let as_of = ws.now();
    let basis = basis(ws, as_of)?;
    let queries = Queries::new(ws.settings(), Stretches::Months, None);
    let mut rows = 0;
    writeln!(out, "{COLUMNS}")?;
    let of_slice = |slice: &Snapshot| -> Result<(u64, Vec<u8>)> {
        let lines = queries.run(slice)?;
        let known = origins(ws, &lines)?;
        let ids: Vec<CustomerId> = known.iter().map(|origin| origin.id).collect();
        let keys = ws.store().read(|conn| customers::external_ids(conn, &ids))?;
        let (mut text, mut rows) = (csv::Writer::from_writer(Vec::new()), 0);
        for (id, months) in by_customer(lines) {
            let account = Account::new(months, find(&known, id), &basis.claims, as_of);
            let key = keys.get(&id).map_or("", String::as_str);
            let whole = [("".to_owned(), account.whole)];
            let months = account.months.iter().map(|(month, lines)| (month_name(*month), *lines));
            let parts: Vec<(String, Lines)> = if by_month { months.collect() } else { whole.into() };
            for (at, (month, lines)) in parts.iter().enumerate() {
                let won = if at == 0 { account.acquisition_cost } else { Money::ZERO };
                text.write_record(record(key, month, lines, won)).map_err(unwritten)?;
                rows += 1;
            }
        }
        Ok((rows, text.into_inner().map_err(|error| Error::from(error.into_error()))?))
    };
    ws.history().slices_before(as_of)?.each(of_slice, |(some, text)| {
        rows += some;
        out.write_all(&text).map_err(Error::from)
    })?;
    out.flush()?;
    Ok(rows)
}

fn unwritten(error: csv::Error) -> Error {
    Error::internal("a row of the export cannot be written").caused_by(error)
}

fn record(key: &str, month: &str, lines: &Lines, acquisition_cost: Money) -> Vec<String> {
    let mut cells = vec![key.to_owned(), month.to_owned(), lines.orders.to_string()];
    let before = [lines.revenue, lines.discount, lines.cost_of_goods, lines.returned, lines.goods_back];
    cells.extend(before.iter().map(|money| money.0.to_string()));
    cells.extend(Kind::ALL.iter().map(|&kind| lines.activities.of(kind).cost.0.to_string()));
    cells.extend([lines.process_cost().0, lines.claims].map(|number| number.to_string()));
    let last = [lines.claims_paid, lines.claims_expected, lines.profit(), acquisition_cost];
    cells.extend(last.iter().map(|money| money.0.to_string()));
    cells
}
