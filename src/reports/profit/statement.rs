//! One client's profit and loss, with what to do where it is a loss, what could be earned, and what is to come.

use std::collections::BTreeMap;

use serde::Serialize;

use super::client::{Account, Payback};
use super::credibility::ClaimBasis;
use super::kept;
use super::lines::Lines;
use super::potential::{Potential, groups_of};
use super::query::{Month, Queries, Stretches, month_name};
use super::repair::{Diagnosis, Ways, diagnose};
use super::report::{MonthLines, ProfitReport, by_customer, rates, spent_lately};
use crate::clock::Timestamp;
use crate::customers::{origin, store as customers};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::models::scoring;
use crate::money::Money;
use crate::operations::Workspace;

/// The name of the score that tells what a client is still to bring, in units of the currency.
pub(super) const LIFETIME_VALUE: &str = "lifetime_value";

/// One client's profit and loss.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClientStatement {
    /// As of when.
    pub as_of: Timestamp,
    /// The lines so far.
    pub lines: Lines,
    /// Margin of what was sold, before returns.
    pub gross_margin: Money,
    /// Cost of activities that the client caused.
    pub activity_cost: Money,
    /// Cost of activities that the company caused: charged to the process.
    pub process_cost: Money,
    /// Profit before the cost of winning the client.
    pub profit: Money,
    /// What winning the client cost, where it is known.
    pub acquisition_cost: Money,
    /// Profit less that.
    pub net_profit: Money,
    /// When the cost of winning was paid back; none where it is not known.
    pub payback: Option<Payback>,
    /// Why the client is unprofitable, and what would mend it.
    pub diagnosis: Option<Diagnosis>,
    /// What the client is worth at present.
    pub value: Value,
    /// What the client could spend here; apart from the value. None where nobody is like it, or it objects to profiling.
    pub potential: Option<Potential>,
    /// How claims are charged; by what was paid where there is no report yet.
    pub claims: Option<ClaimBasis>,
    /// What is missing, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
    /// The lines by month of UTC, oldest first; they add up to the whole.
    pub months: Vec<MonthLines>,
}

/// What a client is worth at present.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Value {
    /// Profit so far, less the cost of winning the client.
    pub historic: Money,
    /// What it is still to bring, by the lifetime model; none where it is not scored.
    pub predicted: Option<Money>,
    /// Both.
    pub total: Money,
}

/// The statement of the customer whom the company calls `external_id`, as of now. What other clients show (claims, what is usual,
/// look-alikes) is that of the report kept at the last scoring. Before the first one claims count with what was paid for them, and
/// cause, repair and potential are not known.
///
/// # Errors
/// Not found, naming the key.
pub fn statement(ws: &Workspace, external_id: &str) -> Result<ClientStatement> {
    let customer = ws.store().read(|conn| customers::by_external_id(conn, external_id))?;
    of_customer(ws, customer.id)
}

/// The same by id.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn of_customer(ws: &Workspace, id: CustomerId) -> Result<ClientStatement> {
    let base = kept::profit(ws)?;
    let as_of = ws.now();
    let snapshot = ws.history().snapshot_before(as_of)?;
    let lines = Queries::new(ws.settings(), Stretches::Months, Some(id)).run(&snapshot)?;
    let spent = spent_lately(&snapshot, as_of, Some(id))?.remove(&id).unwrap_or(Money::ZERO);
    let (origin, consents, scores) = ws.store().read(|conn| {
        let origin = origin::between(conn, id, id)?.pop();
        Ok((origin, customers::consents_of(conn, id)?, scoring::of_customer(conn, id)?))
    })?;
    let months = by_customer(lines).next().map(|(_, months)| months).unwrap_or_default();
    let claims = base.as_ref().map_or_else(|| paid(&months), |base| base.claims);
    let account = Account::new(months, origin.as_ref(), &claims, as_of);
    let consented = consents.iter().filter(|consent| consent.granted).map(|consent| consent.channel.as_str()).collect();
    let ways = Ways { rates: rates(ws), consented };
    let predicted = scores.iter().find(|score| score.model == LIFETIME_VALUE);
    let predicted = predicted.map(|score| Money::from_units(score.value, ws.settings().currency));
    let comparable = origin.as_ref().filter(|origin| !origin.profiling_objection && account.whole.orders > 0);
    let potential = comparable.zip(account.since).zip(base.as_ref()).and_then(|((origin, since), base)| {
        base.wallets.potential(&groups_of(&ws.settings().potential, origin, since, as_of), spent)
    });
    Ok(made(&account, base.as_ref(), &ways, predicted, potential, as_of))
}

/// What is said before the first report.
const NOTE: &str = "claims count with what was paid for them; cause of a loss, repair and potential are known after the first `vizavi score`";

/// The basis by which a client's claims cost what was paid for them.
fn paid(months: &BTreeMap<Month, Lines>) -> ClaimBasis {
    let claims: i64 = months.values().map(|lines| lines.claims).sum();
    let paid: Money = months.values().map(|lines| lines.claims_paid).sum();
    ClaimBasis { frequency: 0.0, severity: paid.0 as f64 / claims.max(1) as f64, credible_years: Some(0.0) }
}

fn made(
    account: &Account,
    base: Option<&ProfitReport>,
    ways: &Ways<'_>,
    predicted: Option<Money>,
    potential: Option<Potential>,
    as_of: Timestamp,
) -> ClientStatement {
    let whole = account.whole;
    let months = account.months.iter();
    // Who never bought is no client yet: there is nothing to mend.
    let client = whole.orders > 0;
    ClientStatement {
        as_of,
        lines: whole,
        gross_margin: whole.gross(),
        activity_cost: whole.activity_cost(),
        process_cost: whole.process_cost(),
        profit: whole.profit(),
        acquisition_cost: account.acquisition_cost,
        net_profit: account.net(),
        payback: account.payback(),
        diagnosis: base
            .filter(|_| client)
            .and_then(|base| diagnose(&whole, account.acquisition_cost, &base.norms, ways)),
        value: Value { historic: account.net(), predicted, total: account.net() + predicted.unwrap_or(Money::ZERO) },
        potential,
        claims: base.map(|base| base.claims),
        note: base.is_none().then_some(NOTE),
        months: months
            .map(|(month, lines)| MonthLines { month: month_name(*month), profit: lines.profit(), lines: *lines })
            .collect(),
    }
}
