//! One pass over history, a range of customers at a time: the sums that indicators of every window are made of.

use std::collections::BTreeMap;
use std::collections::HashMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::runs::Runs;
use super::windows::{Window, Windows};
use crate::clock::Timestamp;
use crate::customers::{Origin, prospects, service};
use crate::error::Result;
use crate::history::Snapshot;
use crate::ids::CustomerId;
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::service::satisfaction;
use crate::reports::profit::activity::{Life, lives};
use crate::reports::profit::client::Account;
use crate::reports::profit::credibility::{ClaimBasis, years};
use crate::reports::profit::lines::Lines;
use crate::reports::profit::query::{ByStretch, Queries, Stretches, begin_of, month_of, whole};
use crate::reports::profit::report::{basis, by_customer, find};

/// Contacts made, with what came of them: one definition for features and scorecard.
const CONTACTS_MADE: &str = include_str!("../../../models/features/views/contacts_made.sql");

/// Sums of one window over some customers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sums {
    /// Clients active at the opening.
    pub opening: i64,
    /// Of these, active at the end.
    pub kept: i64,
    /// Active at the end.
    pub closing: i64,
    /// Active at the opening or at the end.
    pub served: i64,
    /// Came within the window.
    pub new: i64,
    /// Spent on winning.
    pub winning: i64,
    /// Clients with an order until the end.
    pub buyers: i64,
    /// Of these, those who have brought nothing.
    pub unprofitable: i64,
    /// Profit of the window.
    pub profit: i64,
    /// Orders.
    pub orders: i64,
    /// Contacts with clients.
    pub contacts: i64,
    /// Contacts with others.
    pub prospect_contacts: i64,
    /// Others who got one.
    pub prospects: i64,
    /// Contacts that were answered.
    pub answered: i64,
    /// Complaints.
    pub complaints: i64,
    /// Answers to surveys, and their sum.
    pub marks: [i64; 2],
    /// People whom a client brought and who are clients at the end.
    pub referred: i64,
    /// By run and arm: those active when it was decided, and of these at the end.
    pub stayed: BTreeMap<u32, [[i64; 2]; 2]>,
}

impl Sums {
    fn merge(&mut self, other: &Sums) {
        let Sums { opening, kept, closing, served, new, winning, buyers, unprofitable, profit, orders, .. } = other;
        let Sums { contacts, prospect_contacts, prospects, answered, complaints, marks, referred, stayed, .. } = other;
        for (sum, more) in [
            (&mut self.opening, opening),
            (&mut self.kept, kept),
            (&mut self.closing, closing),
            (&mut self.served, served),
            (&mut self.new, new),
            (&mut self.winning, winning),
            (&mut self.buyers, buyers),
            (&mut self.unprofitable, unprofitable),
            (&mut self.profit, profit),
            (&mut self.orders, orders),
            (&mut self.contacts, contacts),
            (&mut self.prospect_contacts, prospect_contacts),
            (&mut self.prospects, prospects),
            (&mut self.answered, answered),
            (&mut self.complaints, complaints),
            (&mut self.referred, referred),
        ] {
            *sum += more;
        }
        self.marks.iter_mut().zip(marks).for_each(|(sum, more)| *sum += more);
        for (run, arms) in stayed {
            let sum = self.stayed.entry(*run).or_default();
            for (sum, more) in sum.iter_mut().flatten().zip(arms.iter().flatten()) {
                *sum += more;
            }
        }
    }
}

/// When a client was won, and after how many months the cost of it was earned; without end where it was not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repaid {
    /// When.
    pub won: Timestamp,
    /// Months from the begin of that month.
    pub months: f64,
}

impl Repaid {
    /// The months as seen at an instant: without end where it was later.
    pub fn seen_at(&self, at: Timestamp) -> f64 {
        let month = month_of(self.won) + self.months.floor() as i64;
        if self.months.is_finite() && begin_of(month) < at { self.months } else { f64::INFINITY }
    }
}

/// All sums.
#[derive(Debug, Clone, Default)]
pub struct Passed {
    /// One for each window, in their order.
    pub all: Vec<Sums>,
    /// Of the latest windows: by segment.
    pub segments: BTreeMap<String, Vec<Sums>>,
    /// Clients whose cost of winning is known.
    pub repaid: Vec<Repaid>,
}

impl Passed {
    fn merge(&mut self, other: Passed) {
        if self.all.is_empty() {
            *self = other;
            return;
        }
        self.all.iter_mut().zip(&other.all).for_each(|(sums, more)| sums.merge(more));
        for (segment, more) in other.segments {
            match self.segments.get_mut(&segment) {
                Some(sums) => sums.iter_mut().zip(&more).for_each(|(sums, more)| sums.merge(more)),
                None => drop(self.segments.insert(segment, more)),
            }
        }
        self.repaid.extend(other.repaid);
    }
}

/// What the store knows that concerns everybody.
struct Known<'a> {
    ws: &'a Workspace,
    windows: &'a Windows,
    runs: &'a Runs,
    claims: ClaimBasis,
    /// Leads by customer: when, and what each cost.
    leads: HashMap<CustomerId, Vec<(Timestamp, Money)>>,
    /// Who was brought by whom, and when.
    referrals: HashMap<CustomerId, Timestamp>,
}

/// Sums up history in every window.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn pass(ws: &Workspace, windows: &Windows, runs: &Runs) -> Result<Passed> {
    let claims = basis(ws, windows.as_of)?.claims;
    let (leads, referrals) = ws.store().read(|conn| Ok((prospects::costs(conn)?, service::referred(conn)?)))?;
    let known = Known { ws, windows, runs, claims, leads, referrals };
    let lines = Queries::new(ws.settings(), Stretches::Cuts(&windows.cuts), None);
    let months = Queries::new(ws.settings(), Stretches::Months, None);
    let exchanges = exchanges(windows);
    let mut passed = Passed { all: vec![Sums::default(); windows.all.len()], ..Passed::default() };
    ws.history().slices_before(windows.as_of)?.each_range(
        |slice, range| known.slice(slice, [&lines, &months], &exchanges, *range.start(), *range.end()),
        |some| {
            passed.merge(some);
            Ok(())
        },
    )?;
    Ok(passed)
}

/// Contacts, answers, complaints, and marks of surveys, by customer and stretch.
fn exchanges(windows: &Windows) -> String {
    let stretch = Stretches::Cuts(&windows.cuts).sql("at");
    let mark = satisfaction::mark();
    format!(
        "SELECT customer_id, CAST({stretch} AS BIGINT) AS stretch, sum(made), sum(answered), sum(complaint), sum(marks), sum(mark) FROM (\
         SELECT customer_id, made_at AS at, 1 AS made, answered, 0 AS complaint, 0 AS marks, 0 AS mark FROM (\n{CONTACTS_MADE}\n) \
         UNION ALL SELECT customer_id, occurred_at, 0, 0, 1, 0, 0 FROM interaction WHERE reason = 'complaint' AND direction = 'in' \
         UNION ALL SELECT customer_id, occurred_at, 0, 0, 0, 1, mark FROM (SELECT customer_id, occurred_at, {mark} AS mark FROM interaction \
         WHERE reason = 'survey' AND direction = 'in') WHERE mark IS NOT NULL) GROUP BY customer_id, stretch"
    )
}

/// What was exchanged with one customer before each cut, and after the last: contacts, answered, complaints, marks, their sum.
type Exchanged = Vec<[i64; 5]>;

impl Known<'_> {
    fn slice(
        &self,
        slice: &Snapshot,
        [lines, months]: [&Queries; 2],
        exchanges: &str,
        first: i64,
        last: i64,
    ) -> Result<Passed> {
        let lines = lines.run(slice)?;
        let lives = lives(slice)?;
        let exchanged = self.exchanged(slice, exchanges)?;
        let known = self.origins(&lines, &lives)?;
        let mut passed = Passed { all: vec![Sums::default(); self.windows.all.len()], ..Passed::default() };
        let mut of_lines: HashMap<CustomerId, Vec<Lines>> =
            by_customer(lines).map(|(id, stretches)| (id, self.before_cuts(&stretches))).collect();
        for (id, life) in &lives {
            let origin = find(&known, *id);
            let lines = of_lines.remove(id).unwrap_or_else(|| vec![Lines::default(); self.windows.cuts.len()]);
            self.client(&mut passed, *id, life, origin, &lines, exchanged.get(id));
        }
        self.others(&mut passed, &lives, &exchanged, first, last);
        if known.iter().any(|origin| origin.acquisition_cost.is_some_and(|cost| cost > Money::ZERO)) {
            for (id, months) in by_customer(months.run(slice)?) {
                let account = Account::new(months, find(&known, id), &self.claims, self.windows.as_of);
                if let (Some(payback), Some(won)) = (account.payback(), account.since)
                    && account.whole.orders > 0
                {
                    passed.repaid.push(Repaid { won, months: payback.months.unwrap_or(f64::INFINITY) });
                }
            }
        }
        Ok(passed)
    }

    fn origins(&self, lines: &ByStretch, lives: &BTreeMap<CustomerId, Life>) -> Result<Vec<Origin>> {
        let ids = lines.keys().map(|(id, _)| *id).chain(lives.keys().copied());
        let (Some(first), Some(last)) = (ids.clone().min(), ids.max()) else { return Ok(Vec::new()) };
        self.ws.store().read(|conn| crate::customers::origin::between(conn, first, last))
    }

    fn exchanged(&self, slice: &Snapshot, sql: &str) -> Result<HashMap<CustomerId, Exchanged>> {
        let cuts = self.windows.cuts.len();
        let mut all: HashMap<CustomerId, Exchanged> = HashMap::new();
        slice.stream(sql, |batch| {
            let customers = batch.column(0).as_primitive::<Int64Type>();
            let stretches = whole(&batch, 1);
            let figures: [Vec<i64>; 5] = [2, 3, 4, 5, 6].map(|column| whole(&batch, column));
            for row in 0..batch.num_rows() {
                let of = all.entry(CustomerId(customers.value(row))).or_insert_with(|| vec![[0; 5]; cuts + 1]);
                let stretch = usize::try_from(stretches[row]).unwrap_or(0).min(cuts);
                figures.iter().zip(of[stretch].iter_mut()).for_each(|(figure, sum)| *sum += figure[row]);
            }
            Ok(())
        })?;
        for of in all.values_mut() {
            for at in 1..of.len() {
                let before = of[at - 1];
                of[at].iter_mut().zip(before).for_each(|(sum, before)| *sum += before);
            }
        }
        Ok(all)
    }

    /// A client's lines before each cut.
    fn before_cuts(&self, stretches: &BTreeMap<i64, Lines>) -> Vec<Lines> {
        let mut sum = Lines::default();
        (0..self.windows.cuts.len() as i64)
            .map(|stretch| {
                stretches.get(&stretch).into_iter().for_each(|lines| sum.add(lines));
                sum
            })
            .collect()
    }

    /// Profit before a cut, with claims as they are to be expected until then.
    fn profit(&self, life: &Life, origin: Option<&Origin>, mut lines: Lines, at: Timestamp) -> Money {
        let won = origin.and_then(|origin| origin.acquired_at).filter(|won| *won < at);
        if let Some(from) = won.into_iter().chain(life.begin().filter(|begin| *begin < at)).min() {
            lines.claims_expected = self.claims.expected(years(from, at), lines.claims);
        }
        lines.profit()
    }

    fn client(
        &self,
        passed: &mut Passed,
        id: CustomerId,
        life: &Life,
        origin: Option<&Origin>,
        lines: &[Lines],
        exchanged: Option<&Exchanged>,
    ) {
        let segment = origin.and_then(|origin| origin.segment.as_deref()).unwrap_or("none");
        let own = origin.and_then(|origin| origin.acquisition_cost);
        let leads = self.leads.get(&id).map(Vec::as_slice).unwrap_or_default();
        let cost = own.unwrap_or_else(|| leads.iter().map(|(_, cost)| *cost).sum());
        let won = origin.and_then(|origin| origin.acquired_at).or(life.begin());
        for (at, window) in self.windows.all.iter().enumerate() {
            let Window { from, until, .. } = *window;
            let [begin, end] = [from, until].map(|instant| self.windows.cut(instant));
            let (was, is) = (life.is_active(from), life.is_active(until));
            let is_client = life.begin().is_some_and(|begin| begin < until);
            let spent_on =
                if is_client { won.filter(|won| (from..until).contains(won)).map_or(0, |_| cost.0) } else { 0 };
            let profits = [begin, end].map(|cut| self.profit(life, origin, lines[cut], self.windows.cuts[cut]));
            let paid = if won.is_some_and(|won| won < until) { cost } else { Money::ZERO };
            let buys = is_client && lines[end].orders > 0;
            let between = |figure: usize| exchanged.map_or(0, |of| of[end][figure] - of[begin][figure]);
            let brought = self.referrals.get(&id).is_some_and(|at| (from..until).contains(at));
            let mut sums = Sums {
                opening: i64::from(was),
                kept: i64::from(was && is),
                closing: i64::from(is),
                served: i64::from(was || is),
                new: i64::from(life.begin().is_some_and(|begin| (from..until).contains(&begin))),
                winning: spent_on,
                buyers: i64::from(buys),
                unprofitable: i64::from(buys && profits[1] - paid <= Money::ZERO),
                profit: (profits[1] - profits[0]).0,
                orders: lines[end].orders - lines[begin].orders,
                contacts: if is_client { between(0) } else { 0 },
                prospect_contacts: if is_client { 0 } else { between(0) },
                prospects: i64::from(!is_client && between(0) > 0),
                answered: between(1),
                complaints: between(2),
                marks: [between(3), between(4)],
                referred: i64::from(brought && is_client),
                stayed: BTreeMap::new(),
            };
            self.stayed(&mut sums, id, life, window);
            passed.all[at].merge(&sums);
            if self.windows.is_latest(window) {
                if !passed.segments.contains_key(segment) {
                    passed.segments.insert(segment.to_owned(), vec![Sums::default(); self.windows.all.len()]);
                }
                passed.segments.get_mut(segment).expect("just made")[at].merge(&sums);
            }
        }
    }

    /// In which runs of the window the client was active when they were decided, and whether it still is.
    fn stayed(&self, sums: &mut Sums, id: CustomerId, life: &Life, window: &Window) {
        for (run, arm) in self.runs.of.get(&id).into_iter().flatten() {
            let of = &self.runs.all[*run as usize];
            if of.decided_at >= window.from && of.over_at <= window.until && life.is_active(of.decided_at) {
                let count = &mut sums.stayed.entry(*run).or_default()[usize::from(*arm)];
                count[0] += 1;
                count[1] += i64::from(life.is_active(window.until));
            }
        }
    }

    /// Those without an order or a contract: contacts with them, and what their leads cost.
    fn others(
        &self,
        passed: &mut Passed,
        lives: &BTreeMap<CustomerId, Life>,
        exchanged: &HashMap<CustomerId, Exchanged>,
        first: i64,
        last: i64,
    ) {
        for (at, window) in self.windows.all.iter().enumerate() {
            let [begin, end] = [window.from, window.until].map(|instant| self.windows.cut(instant));
            let sums = &mut passed.all[at];
            for (_, of) in exchanged.iter().filter(|(id, _)| !lives.contains_key(id)) {
                let between = |figure: usize| of[end][figure] - of[begin][figure];
                sums.prospect_contacts += between(0);
                sums.prospects += i64::from(between(0) > 0);
                sums.answered += between(1);
                sums.complaints += between(2);
                sums.marks[0] += between(3);
                sums.marks[1] += between(4);
            }
            let here = self.leads.iter().filter(|(id, _)| (first..=last).contains(&id.0));
            for (id, leads) in here {
                let is_client = lives.get(id).and_then(Life::begin).is_some_and(|begin| begin < window.until);
                let inside = leads.iter().filter(|(at, _)| (window.from..window.until).contains(at));
                if !is_client {
                    sums.winning += inside.map(|(_, cost)| cost.0).sum::<i64>();
                }
            }
        }
    }
}
