//! Customer equity: what the base is worth, what came in and went out between two instants, and how long clients stay.
//!
//! A client's value at an instant is its profit until then less the cost of winning it; the base holds the values of those who are
//! active (`activity.rs`). So, in whole minor units and for every segment,
//!
//! ```text
//! opening + new + reactivated - lost + change = closing
//! ```
//!
//! where *new* and *reactivated* bring their value at the end, *lost* take away theirs at the begin, and *change* is what those
//! gained who were active at both. Claims are charged at both instants by what all clients show at the end. Segments are those of
//! the last scoring. What clients are still to bring (`lifetime_value` of the last scoring) stands beside the closing value: it is
//! not known as of earlier instants. After Gupta, Lehmann and Stuart, "Valuing customers", Journal of Marketing Research 41 (2004).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::activity::{Life, lives};
use super::credibility::{ClaimBasis, years};
use super::lines::Lines;
use super::query::{Queries, Stretches};
use super::report::{basis, find, origins};
use super::statement::LIFETIME_VALUE;
use super::survival::{CohortSurvival, Survival};
use crate::clock::Timestamp;
use crate::customers::Origin;
use crate::error::{Error, Result};
use crate::history::Snapshot;
use crate::models::scoring;
use crate::money::Money;
use crate::operations::Workspace;
use crate::progress::Progress;

/// Clients and what they are worth together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Clients.
    pub clients: i64,
    /// Their value.
    pub value: Money,
}

impl Part {
    fn add(&mut self, value: Money) {
        self.clients += 1;
        self.value = self.value + value;
    }

    fn merge(&mut self, other: Part) {
        self.clients += other.clients;
        self.value = self.value + other.value;
    }
}

/// What came in and went out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// The segment; `all` for all.
    pub segment: String,
    /// Active at the begin.
    pub opening: Part,
    /// Active at the end, and a client only since the begin.
    pub new: Part,
    /// Active at the end, a client before, but not active at the begin.
    pub reactivated: Part,
    /// Active at the begin, not at the end.
    pub lost: Part,
    /// What those gained, or lost, who were active at both.
    pub change: Money,
    /// Active at the end.
    pub closing: Part,
    /// Of these, those whom the lifetime model has scored.
    pub predicted_clients: i64,
    /// What they are still to bring; none where nobody is scored.
    pub predicted: Option<Money>,
}

impl Flow {
    /// Adds a client by its value at both instants.
    pub fn add(&mut self, life: &Life, [from, until]: [Timestamp; 2], [before, after]: [Money; 2]) -> bool {
        let (was, is) = (life.is_active(from), life.is_active(until));
        if was {
            self.opening.add(before);
        }
        if is {
            self.closing.add(after);
        }
        match (was, is) {
            (true, true) => self.change = self.change + after - before,
            (true, false) => self.lost.add(before),
            (false, true) if life.begin().is_some_and(|begin| begin < from) => self.reactivated.add(after),
            (false, true) => self.new.add(after),
            (false, false) => {}
        }
        is
    }

    fn merge(&mut self, other: &Flow) {
        self.opening.merge(other.opening);
        self.new.merge(other.new);
        self.reactivated.merge(other.reactivated);
        self.lost.merge(other.lost);
        self.closing.merge(other.closing);
        self.change = self.change + other.change;
        self.predicted_clients += other.predicted_clients;
        self.predicted = match (self.predicted, other.predicted) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or_default() + b.unwrap_or_default()),
        };
    }

    /// Opening, and all that came in and went out.
    pub fn reconciled(&self) -> Part {
        Part {
            clients: self.opening.clients + self.new.clients + self.reactivated.clients - self.lost.clients,
            value: self.opening.value + self.new.value + self.reactivated.value - self.lost.value + self.change,
        }
    }
}

/// Customer equity between two instants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EquityReport {
    /// The begin.
    pub from: Timestamp,
    /// The end.
    pub until: Timestamp,
    /// The whole base.
    pub all: Flow,
    /// By segment, in the order of names; `none` for those without one.
    pub segments: Vec<Flow>,
    /// What the value is made of.
    pub note: String,
    /// Share of clients still active after one to five years, by the year in which they came.
    pub survival: Vec<CohortSurvival>,
}

/// The statement of customer equity between two instants.
///
/// # Errors
/// Invalid, when `from` is not before `until`, or `until` is still to come; unavailable, when store or history do not answer.
pub fn equity(ws: &Workspace, from: Timestamp, until: Timestamp, progress: &dyn Progress) -> Result<EquityReport> {
    if from >= until {
        return Err(Error::invalid(format!("`from` ({from}) must be before `to` ({until})")));
    }
    if until > ws.now() {
        return Err(Error::invalid(format!("`to` ({until}) is still to come; leave it out for now")));
    }
    progress.stage("customer equity", None);
    progress.proceed()?;
    let claims = basis(ws, until)?.claims;
    let queries = Queries::new(ws.settings(), Stretches::Cut(from), None);
    let (mut flows, mut survival) = (BTreeMap::<String, Flow>::new(), Survival::default());
    ws.history().slices_before(until)?.each(
        |slice| sums_of(ws, slice, &queries, &claims, [from, until]),
        |(some, more)| {
            for (segment, flow) in some {
                flows.entry(segment).or_default().merge(&flow);
            }
            survival.merge(more);
            Ok(())
        },
    )?;
    progress.finish();
    let mut all = Flow { segment: "all".into(), ..Flow::default() };
    flows.values().for_each(|flow| all.merge(flow));
    let segments = flows.into_iter().map(|(segment, flow)| Flow { segment, ..flow }).collect();
    let note = match all.predicted {
        Some(_) => "values are historic; what is predicted stands beside the closing value, as of the last scoring",
        None => "values are historic only: nobody has a lifetime value yet",
    };
    Ok(EquityReport { from, until, all, segments, note: note.to_owned(), survival: survival.cohorts() })
}

type Sums = (BTreeMap<String, Flow>, Survival);

fn sums_of(
    ws: &Workspace,
    slice: &Snapshot,
    queries: &Queries,
    claims: &ClaimBasis,
    instants: [Timestamp; 2],
) -> Result<Sums> {
    let lines = queries.run(slice)?;
    let lives = lives(slice)?;
    let known = origins(ws, &lines)?;
    let predicted = match (lines.first_key_value(), lines.last_key_value()) {
        (Some(((first, _), _)), Some(((last, _), _))) => {
            ws.store().read(|conn| scoring::between(conn, LIFETIME_VALUE, *first, *last))?
        }
        _ => BTreeMap::new(),
    };
    let (mut flows, mut survival) = (BTreeMap::<String, Flow>::new(), Survival::default());
    for (id, life) in &lives {
        let origin = find(&known, *id);
        let stretches = [0, 1].map(|stretch| lines.get(&(*id, stretch)).copied().unwrap_or_default());
        let values = values(stretches, origin, life, claims, instants);
        let segment = origin.and_then(|origin| origin.segment.as_deref()).unwrap_or("none");
        if !flows.contains_key(segment) {
            flows.insert(segment.to_owned(), Flow::default());
        }
        let flow = flows.get_mut(segment).expect("just made");
        if flow.add(life, instants, values)
            && let Some(units) = predicted.get(id)
        {
            flow.predicted_clients += 1;
            let value = Money::from_units(*units, ws.settings().currency);
            flow.predicted = Some(flow.predicted.unwrap_or_default() + value);
        }
        survival.add(life, instants[1]);
    }
    Ok((flows, survival))
}

/// A client's profit until each instant, less the cost of winning it where it was won before.
fn values(
    [before, since]: [Lines; 2],
    origin: Option<&Origin>,
    life: &Life,
    claims: &ClaimBasis,
    instants: [Timestamp; 2],
) -> [Money; 2] {
    let mut whole = before;
    whole.add(&since);
    let mut at = 0;
    [before, whole].map(|mut lines| {
        let instant = instants[at];
        at += 1;
        let won = origin.and_then(|origin| origin.acquired_at).filter(|won| *won < instant);
        if let Some(from) = won.into_iter().chain(life.begin().filter(|begin| *begin < instant)).min() {
            lines.claims_expected = claims.expected(years(from, instant), lines.claims);
        }
        let paid = origin.filter(|o| o.acquired_at.or(life.begin()).is_some_and(|won| won < instant));
        lines.profit() - paid.and_then(|origin| origin.acquisition_cost).unwrap_or_default()
    })
}
