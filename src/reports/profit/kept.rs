//! Reports as made last: making one reads all of history, which a page or a request about one client cannot wait for.

use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::equity::{EquityReport, equity};
use super::report::{ProfitReport, report};
use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::operations::{Workspace, leads};
use crate::progress::Progress;
use crate::reports::{scorecard, what_if};
use crate::storage::schema::kept_report;

const PROFIT: &str = "profit";
const EQUITY: &str = "equity";

/// Makes all reports and keeps them: `score` is followed by it.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn refresh(ws: &Workspace, progress: &dyn Progress) -> Result<()> {
    leads::settle(ws)?;
    let made = report(ws, progress)?;
    put(ws, PROFIT, &made, made.as_of)?;
    let now = ws.now();
    let made = equity(ws, now.plus(-365 * DAY), now, progress)?;
    put(ws, EQUITY, &made, now)?;
    scorecard::refresh(ws, progress)?;
    what_if::refresh(ws, progress)
}

/// What to say where nothing is kept.
pub const NONE_YET: &str = "no report of profitability has been made yet: run `vizavi score`, or ask for one on the page Profit of the console";

/// Profit and loss as kept, if it is.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn profit(ws: &Workspace) -> Result<Option<ProfitReport>> {
    get(ws, PROFIT)
}

/// Customer equity of the last 365 days as kept, if it is.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn equity_of_the_year(ws: &Workspace) -> Result<Option<EquityReport>> {
    get(ws, EQUITY)
}

/// Both as kept; what is not kept is made afresh, which reads all of history. For those who can wait.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn or_made(ws: &Workspace, progress: &dyn Progress) -> Result<(ProfitReport, EquityReport)> {
    let profit = get(ws, PROFIT)?.map_or_else(|| report(ws, progress), Ok)?;
    let afresh = || equity(ws, ws.now().plus(-365 * DAY), ws.now(), progress);
    Ok((profit, get(ws, EQUITY)?.map_or_else(afresh, Ok)?))
}

pub(in crate::reports) fn put(ws: &Workspace, name: &str, made: &impl Serialize, as_of: Timestamp) -> Result<()> {
    let body = serde_json::to_string(made)?;
    ws.store().write(|conn| {
        diesel::delete(kept_report::table.find(name)).execute(conn)?;
        diesel::insert_into(kept_report::table)
            .values((kept_report::name.eq(name), kept_report::body.eq(body), kept_report::as_of.eq(as_of.0)))
            .execute(conn)?;
        Ok(())
    })
}

/// One that an older program kept in another form counts as none.
pub(in crate::reports) fn get<T: DeserializeOwned>(ws: &Workspace, name: &str) -> Result<Option<T>> {
    let found: Option<String> = ws
        .store()
        .read(|conn| Ok(kept_report::table.find(name).select(kept_report::body).first(conn).optional()?))?;
    Ok(found.and_then(|body| serde_json::from_str(&body).ok()))
}
