//! Profit and loss of the whole base, in one pass over history, a range of customers at a time.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde::{Deserialize, Serialize};

use super::client::Account;
use super::cohort::{Cohort, CohortSums};
use super::credibility::{ClaimBasis, ClaimSums, years};
use super::lines::Lines;
use super::potential::{Spending, Wallets, groups_of};
use super::query::{ByStretch, Month, Queries, Stretches, instant, month_name};
use super::repair::{Cause, Norms, Ways, diagnose};
use super::tenure::{Band, band_of, bands};
use super::whale::{Whale, whale};
use crate::clock::{DAY, Timestamp};
use crate::customers::{Origin, origin};
use crate::error::Result;
use crate::history::Snapshot;
use crate::ids::CustomerId;
use crate::money::Money;
use crate::operations::Workspace;
use crate::progress::Progress;

/// Days that "the last year" of spending looks back.
const YEAR_DAYS: i64 = 365;

/// Profit and loss of the base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfitReport {
    /// As of when.
    pub as_of: Timestamp,
    /// Clients: customers with an order.
    pub clients: i64,
    /// Their profit and loss so far.
    pub lines: Lines,
    /// Profit before the cost of winning clients.
    pub profit: Money,
    /// Cost of winning the clients, where it is known.
    pub acquisition_cost: Money,
    /// Profit less that.
    pub net_profit: Money,
    /// What the company's own doing cost: contacts that it began, faults. Charged to nobody.
    pub process_cost: Money,
    /// What customers without an order cost.
    pub cost_of_others: Money,
    /// Profit and loss by month of UTC, oldest first; months add up to the whole.
    pub months: Vec<MonthLines>,
    /// Clients whose profit less the cost of winning them is not above 0.
    pub unprofitable: Band,
    /// The same by how long they have been clients.
    pub by_tenure: Vec<Band>,
    /// Who pays for whom.
    pub whale: Whale,
    /// When the cost of winning clients is paid back.
    pub payback: PaybackReport,
    /// Main causes of losses.
    pub causes: Vec<CauseReport>,
    /// What the base could spend here beyond what it does.
    pub potential: PotentialReport,
    /// What all clients show of claims, which each is charged by.
    pub claims: ClaimBasis,
    /// What is usual among clients.
    pub norms: Norms,
    /// What look-alikes can spend.
    pub wallets: Wallets,
}

/// A month of profit and loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MonthLines {
    /// 2026-01
    pub month: String,
    /// Its profit, before the cost of winning clients.
    pub profit: Money,
    /// The lines.
    #[serde(flatten)]
    pub lines: Lines,
}

/// When the cost of winning clients is paid back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PaybackReport {
    /// Clients whose cost of winning is known.
    pub clients: i64,
    /// Of these, those who have paid it back.
    pub repaid: i64,
    /// Months after which half of them have; none while fewer have.
    pub median_months: Option<f64>,
    /// By the quarter in which they were won.
    pub cohorts: Vec<Cohort>,
}

/// Unprofitable clients with one main cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CauseReport {
    /// The cause.
    pub cause: Cause,
    /// Clients.
    pub clients: i64,
    /// What they lose together.
    pub loss: Money,
    /// What the proposed repair of each would bring.
    pub repairs_bring: Money,
    /// Clients whose proposed repair suffices.
    pub mended: i64,
}

/// What the base could spend here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PotentialReport {
    /// Clients who are compared.
    pub clients: i64,
    /// What they spent in the last 365 days.
    pub spent: Money,
    /// What they could spend beyond that, in a year.
    pub potential: Money,
    /// Spent as a share of both.
    pub share_of_wallet: f64,
}

/// What is known before anybody is looked at.
#[derive(Debug, Clone)]
pub(in crate::reports) struct Basis {
    pub as_of: Timestamp,
    pub claims: ClaimBasis,
    pub norms: Norms,
}

/// Sums over some clients.
#[derive(Default)]
struct Sums {
    lines: Lines,
    acquisition_cost: Money,
    others: Money,
    months: BTreeMap<Month, Lines>,
    bands: Vec<Band>,
    profits: Vec<Money>,
    cohorts: CohortSums,
    /// Months after which each client has paid back; without end for those who have not.
    paybacks: Vec<f64>,
    causes: BTreeMap<Cause, CauseReport>,
    spending: Spending,
    /// What each comparable client spent, with the place of its groups among the names.
    spent: Vec<(u32, Money)>,
    groups: Vec<[String; 3]>,
    known_groups: BTreeMap<String, u32>,
}

/// Profit and loss of the base as of now.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn report(ws: &Workspace, progress: &dyn Progress) -> Result<ProfitReport> {
    let as_of = ws.now();
    progress.stage("profit and loss", None);
    progress.proceed()?;
    let basis = basis(ws, as_of)?;
    let queries = Queries::new(ws.settings(), Stretches::Months, None);
    let mut all = Sums { bands: bands(), ..Sums::default() };
    ws.history().slices_before(as_of)?.each(
        |slice| sums_of(ws, slice, &queries, &basis),
        |sums| {
            all.merge(sums);
            Ok(())
        },
    )?;
    progress.finish();
    Ok(all.report(ws, basis))
}

/// What all clients show of claims and of what is usual.
pub(in crate::reports) fn basis(ws: &Workspace, as_of: Timestamp) -> Result<Basis> {
    let mut norms = Lines::default();
    let snapshot = ws.history().snapshot_before(as_of)?;
    let margin = ws.settings().margin;
    for table in ["order_item", "return_item"] {
        let sql = format!(
            "SELECT coalesce(sum(amount), 0), coalesce(sum(discount), 0), \
             coalesce(sum(CASE WHEN cost IS NULL THEN amount - CAST(round(amount * {margin:?}) AS BIGINT) ELSE cost END), 0) \
             FROM {table}"
        );
        for batch in snapshot.query(&sql)? {
            let [amount, discount, goods] =
                [0, 1, 2].map(|c| Money(batch.column(c).as_primitive::<Int64Type>().value(0)));
            if table == "order_item" {
                (norms.revenue, norms.discount, norms.cost_of_goods) = (amount, discount, goods);
            } else {
                norms.returned = amount;
            }
        }
    }
    let claims =
        if count(&snapshot, "SELECT count(*) FROM claim")? > 0 { claims(ws, as_of)? } else { ClaimBasis::default() };
    Ok(Basis { as_of, claims, norms: Norms::of(&norms) })
}

fn count(snapshot: &Snapshot, sql: &str) -> Result<i64> {
    let batches = snapshot.query(sql)?;
    Ok(batches.first().map_or(0, |batch| batch.column(0).as_primitive::<Int64Type>().value(0)))
}

/// Claims of everybody with an order, over the time that each has been a client.
fn claims(ws: &Workspace, as_of: Timestamp) -> Result<ClaimBasis> {
    let queries = Queries::new(ws.settings(), Stretches::Cut(as_of), None);
    let mut all = ClaimSums::default();
    let of_slice = |slice: &Snapshot| {
        let lines = queries.run(slice)?;
        let known = origins(ws, &lines)?;
        let mut sums = ClaimSums::default();
        for ((id, _), lines) in &lines {
            let won = find(&known, *id).and_then(|origin| origin.acquired_at);
            if let Some(from) = won.filter(|won| *won < as_of).into_iter().chain(lines.first_order_at).min()
                && lines.orders > 0
            {
                sums.add(years(from, as_of), lines.claims, lines.claims_paid);
            }
        }
        Ok(sums)
    };
    ws.history().slices_before(as_of)?.each(of_slice, |sums| {
        all.merge(&sums);
        Ok(())
    })?;
    Ok(all.basis())
}

/// The profiles of these lines' customers.
pub(super) fn origins(ws: &Workspace, lines: &ByStretch) -> Result<Vec<Origin>> {
    let (Some(first), Some(last)) = (lines.first_key_value(), lines.last_key_value()) else { return Ok(Vec::new()) };
    ws.store().read(|conn| origin::between(conn, first.0.0, last.0.0))
}

pub(in crate::reports) fn find(origins: &[Origin], id: CustomerId) -> Option<&Origin> {
    origins.binary_search_by_key(&id, |origin| origin.id).ok().map(|at| &origins[at])
}

/// What every customer of a snapshot spent in the last 365 days before `as_of`.
pub(super) fn spent_lately(
    snapshot: &Snapshot,
    as_of: Timestamp,
    who: Option<CustomerId>,
) -> Result<BTreeMap<CustomerId, Money>> {
    let only = who.map(|id| format!(" AND customer_id = {id}")).unwrap_or_default();
    let sql = format!(
        "SELECT customer_id, sum(amount) FROM order_item WHERE occurred_at >= {}{only} GROUP BY customer_id",
        instant(as_of.plus(-YEAR_DAYS * DAY))
    );
    let mut spent = BTreeMap::new();
    snapshot.stream(&sql, |batch| {
        let [customers, amounts] = [0, 1].map(|c| batch.column(c).as_primitive::<Int64Type>());
        spent.extend((0..batch.num_rows()).map(|row| (CustomerId(customers.value(row)), Money(amounts.value(row)))));
        Ok(())
    })?;
    Ok(spent)
}

/// What repairs cost, beside consents.
pub(super) fn rates(ws: &Workspace) -> BTreeMap<&str, Money> {
    ws.settings().activity_rates.iter().map(|(name, rate)| (name.as_str(), Money(*rate))).collect()
}

fn sums_of(ws: &Workspace, slice: &Snapshot, queries: &Queries, basis: &Basis) -> Result<Sums> {
    let lines = queries.run(slice)?;
    let known = origins(ws, &lines)?;
    let spent = spent_lately(slice, basis.as_of, None)?;
    // Whom each consents to be reached by is left out here: it would be a row a client and channel; self-service needs none.
    let ways = Ways { rates: rates(ws), consented: Vec::new() };
    let mut sums = Sums { bands: bands(), ..Sums::default() };
    for (id, months) in by_customer(lines) {
        let origin = find(&known, id);
        let account = Account::new(months, origin, &basis.claims, basis.as_of);
        if account.whole.orders == 0 {
            sums.others = sums.others - account.whole.profit();
            continue;
        }
        sums.add(&account, basis, &ways);
        if let (Some(origin), Some(since)) = (origin.filter(|o| !o.profiling_objection), account.since) {
            let groups = groups_of(&ws.settings().potential, origin, since, basis.as_of);
            sums.compare(groups, spent.get(&id).copied().unwrap_or(Money::ZERO));
        }
    }
    Ok(sums)
}

/// The lines of each customer by month.
pub(in crate::reports) fn by_customer(lines: ByStretch) -> impl Iterator<Item = (CustomerId, BTreeMap<Month, Lines>)> {
    let mut rows = lines.into_iter().peekable();
    std::iter::from_fn(move || {
        let ((id, month), first) = rows.next()?;
        let mut months = BTreeMap::from([(month, first)]);
        while let Some(((_, month), lines)) = rows.next_if(|((next, _), _)| *next == id) {
            months.insert(month, lines);
        }
        Some((id, months))
    })
}

impl Sums {
    fn add(&mut self, account: &Account, basis: &Basis, ways: &Ways<'_>) {
        let (whole, net) = (&account.whole, account.net());
        self.lines.add(whole);
        self.acquisition_cost = self.acquisition_cost + account.acquisition_cost;
        for (month, lines) in &account.months {
            self.months.entry(*month).or_default().add(lines);
        }
        let band = account.since.map_or(0, |since| band_of(since, basis.as_of));
        self.bands[band].add(whole.profit(), net);
        self.profits.push(net);
        if let Some(own) = account.payback() {
            self.paybacks.push(own.months.unwrap_or(f64::INFINITY));
            self.cohorts.add(account);
        }
        if let Some(found) = diagnose(whole, account.acquisition_cost, &basis.norms, ways) {
            let of = self.causes.entry(found.cause).or_insert_with(|| CauseReport::of(found.cause));
            of.clients += 1;
            of.loss = of.loss + found.loss;
            if let Some(repair) = &found.cheapest {
                of.repairs_bring = of.repairs_bring + repair.brings;
                of.mended += i64::from(repair.suffices);
            }
        }
    }

    fn compare(&mut self, groups: [String; 3], spent: Money) {
        self.spending.add(&groups, spent);
        let at = self.place(groups);
        self.spent.push((at, spent));
    }

    fn merge(&mut self, other: Sums) {
        self.lines.add(&other.lines);
        self.acquisition_cost = self.acquisition_cost + other.acquisition_cost;
        self.others = self.others + other.others;
        for (month, lines) in other.months {
            self.months.entry(month).or_default().add(&lines);
        }
        for (band, more) in self.bands.iter_mut().zip(other.bands) {
            let name = std::mem::take(&mut band.tenure);
            *band = Band { tenure: name, ..Band::whole(&[band.clone(), more]) };
        }
        self.profits.extend(other.profits);
        self.paybacks.extend(other.paybacks);
        self.cohorts.merge(other.cohorts);
        for (cause, more) in other.causes {
            let of = self.causes.entry(cause).or_insert_with(|| CauseReport::of(cause));
            of.clients += more.clients;
            of.loss = of.loss + more.loss;
            of.repairs_bring = of.repairs_bring + more.repairs_bring;
            of.mended += more.mended;
        }
        self.spending.merge(other.spending);
        let places: Vec<u32> = other.groups.into_iter().map(|groups| self.place(groups)).collect();
        self.spent.extend(other.spent.into_iter().map(|(at, spent)| (places[at as usize], spent)));
    }

    fn place(&mut self, groups: [String; 3]) -> u32 {
        if let Some(&at) = self.known_groups.get(&groups[0]) {
            return at;
        }
        let at = self.groups.len() as u32;
        self.known_groups.insert(groups[0].clone(), at);
        self.groups.push(groups);
        at
    }

    fn report(self, ws: &Workspace, basis: Basis) -> ProfitReport {
        let wallets = self.spending.wallets(ws.settings().potential.quantile);
        let mut potential = PotentialReport::default();
        for (at, spent) in &self.spent {
            if let Some(found) = wallets.potential(&self.groups[*at as usize], *spent) {
                potential.clients += 1;
                potential.spent = potential.spent + found.spent;
                potential.potential = potential.potential + found.potential;
            }
        }
        let could = potential.spent + potential.potential;
        potential.share_of_wallet = potential.spent.0 as f64 / could.0.max(1) as f64;
        let profit = self.lines.profit();
        let month =
            |(month, lines): (Month, Lines)| MonthLines { month: month_name(month), profit: lines.profit(), lines };
        ProfitReport {
            as_of: basis.as_of,
            clients: self.profits.len() as i64,
            profit,
            acquisition_cost: self.acquisition_cost,
            net_profit: profit - self.acquisition_cost,
            process_cost: self.lines.process_cost(),
            cost_of_others: self.others,
            months: self.months.into_iter().map(month).collect(),
            unprofitable: Band::whole(&self.bands),
            by_tenure: self.bands,
            payback: payback_report(self.paybacks, self.cohorts.cohorts(basis.as_of)),
            causes: self.causes.into_values().collect(),
            whale: whale(self.profits),
            potential,
            claims: basis.claims,
            norms: basis.norms,
            wallets,
            lines: self.lines,
        }
    }
}

impl CauseReport {
    fn of(cause: Cause) -> CauseReport {
        CauseReport { cause, clients: 0, loss: Money::ZERO, repairs_bring: Money::ZERO, mended: 0 }
    }
}

fn payback_report(mut months: Vec<f64>, cohorts: Vec<Cohort>) -> PaybackReport {
    months.sort_unstable_by(f64::total_cmp);
    let median = months.len().checked_sub(1).map(|last| months[last / 2]);
    PaybackReport {
        clients: months.len() as i64,
        repaid: months.iter().filter(|months| months.is_finite()).count() as i64,
        median_months: median.filter(|median| median.is_finite()),
        cohorts,
    }
}
