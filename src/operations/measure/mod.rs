//! What became of everybody in a run: arm, contact, signals, and what they bought within the window; the raw material of results
//! and of learning. The window is the same for all arms, so that nothing but the treatment tells them apart; everybody who was
//! assigned counts, whether the message arrived or not.

pub mod metrics;
pub mod purchases;
pub mod tally;

use std::collections::HashMap;

use crate::campaigns::CampaignSpec;
use crate::campaigns::store::{self, CampaignRun};
use crate::clock::{DAY, Timestamp};
use crate::decisions::Arm;
use crate::decisions::store::{self as decisions, Outline};
use crate::deliveries::outbox::find;
use crate::deliveries::{Delivery, State};
use crate::error::Result;
use crate::ids::{CampaignRunId, CustomerId};
use crate::operations::Workspace;
use crate::outcomes::SignalKind;
use crate::outcomes::store as outcomes;
use crate::storage::Connection;
use purchases::{Bought, TICKS};

/// Days before the decision whose margin is the covariate of CUPED.
pub const PRE_DAYS: i64 = 90;
/// Rows read at once.
const PAGE: i64 = 20_000;

/// Which signals a customer showed: a bit for each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signals(u16);

impl Signals {
    /// Adds one.
    pub fn add(&mut self, kind: SignalKind) {
        self.0 |= 1 << kind as u16;
    }

    /// Whether it was shown.
    pub fn has(self, kind: SignalKind) -> bool {
        self.0 >> kind as u16 & 1 == 1
    }
}

/// What became of one customer in a run.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The decision; its first contact where there are several.
    pub decision: Outline,
    /// The arm.
    pub arm: Arm,
    /// Contacts that were made.
    pub contacts: usize,
    /// Contacts that were decided but not made (suppressed, failed, held, open, cancelled).
    pub missed: usize,
    /// Of these, those that rules on contacts prevented.
    pub suppressed: usize,
    /// What the contacts made cost, in minor units.
    pub contact_cost: i64,
    /// What came back of them.
    pub signals: Signals,
    /// What was bought within the window.
    pub bought: Bought,
    /// Whether anything was ordered within the days that tell whether a client was kept.
    pub kept: bool,
    /// Margin of the 90 days before the decision, in hundredths of a minor unit.
    pub before_ticks: i64,
}

impl Measured {
    /// Orders within the window.
    pub fn orders(&self) -> i64 {
        self.bought.whole.orders
    }

    /// Revenue within the window, in minor units.
    pub fn revenue(&self) -> i64 {
        self.bought.whole.revenue
    }

    /// Margin within the window, in minor units.
    pub fn margin(&self) -> f64 {
        self.bought.whole.margin as f64 / TICKS
    }

    /// Margin of the 90 days before the decision, in minor units.
    pub fn before(&self) -> f64 {
        self.before_ticks as f64 / TICKS
    }

    /// Margin less contacts, in minor units. Discounts are in the margin: an order's amount is what was paid.
    pub fn profit(&self) -> f64 {
        self.margin() - self.contact_cost as f64
    }

    /// Whether the decision wanted a contact, in the holdout in shadow.
    pub fn would_be_contacted(&self) -> bool {
        self.decision.offer.is_some()
    }

    /// Whether a message was sent and did not come back.
    pub fn delivered(&self) -> bool {
        self.contacts > 0 && !self.signals.has(SignalKind::Bounce)
    }
}

/// A run with everybody in it.
pub struct RunMeasure {
    /// The run.
    pub run: CampaignRun,
    /// The definition it was decided with.
    pub spec: CampaignSpec,
    /// Everybody, in the order of their ids.
    pub people: Vec<Measured>,
    /// `[from, until)`: orders in it count.
    pub window: (Timestamp, Timestamp),
    /// The end of the days that tell who was kept.
    pub kept_until: Timestamp,
}

impl RunMeasure {
    /// Whether the window has ended.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.window.1 <= now
    }

    /// Whole days of the window that have passed.
    pub fn days(&self, now: Timestamp) -> i64 {
        (now.0.min(self.window.1.0) - self.window.0.0).max(0) / DAY
    }
}

/// The window of a run: from the decision to the end of the conversion window of the latest contact it could make.
pub fn window_of(run: &CampaignRun, spec: &CampaignSpec) -> (Timestamp, Timestamp) {
    (run.decided_at, spec.window_end(run.decided_at.plus(DAY)))
}

/// Reads a run.
///
/// # Errors
/// Not found; unavailable, when store or history do not answer.
pub fn measure(ws: &Workspace, run: CampaignRunId) -> Result<RunMeasure> {
    let (run, spec, rows, deliveries, mut signals) = ws.store().read(|conn| {
        let run = store::run(conn, run)?;
        let spec = store::version(conn, run.campaign_id, run.version)?.spec;
        let (rows, deliveries) = (first_rows(conn, run.id)?, contacts(conn, run.id)?);
        let signals = signals(conn, run.id)?;
        Ok((run, spec, rows, deliveries, signals))
    })?;
    let window = window_of(&run, &spec);
    let kept_until = run.decided_at.plus(i64::from(spec.retention_days) * DAY);
    let mut bought = purchases::bought(ws, window.0, window.1)?;
    let before = purchases::margins(ws, window.0.plus(-PRE_DAYS * DAY), window.0)?;
    let buyers = purchases::buyers(ws, run.decided_at, kept_until)?;
    let people = rows
        .into_iter()
        .map(|decision| {
            let customer = decision.customer_id;
            let made = deliveries.get(&customer).copied().unwrap_or_default();
            Measured {
                arm: decision.arm().unwrap_or(Arm::Treated),
                contacts: made.made,
                missed: made.missed,
                suppressed: made.suppressed,
                contact_cost: made.cost,
                signals: signals.remove(&customer).unwrap_or_default(),
                bought: bought.remove(&customer).unwrap_or_default(),
                kept: buyers.contains(&customer),
                before_ticks: before.get(&customer).copied().unwrap_or_default(),
                decision,
            }
        })
        .collect();
    Ok(RunMeasure { run, spec, people, window, kept_until })
}

/// The contexts of a run's decisions, by customer.
pub fn contexts(ws: &Workspace, run: CampaignRunId) -> Result<HashMap<CustomerId, String>> {
    ws.store().read(|conn| {
        let mut all = HashMap::new();
        let mut after = None;
        loop {
            let page = decisions::contexts_of_run(conn, run, after, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            after = Some(*last);
            all.extend(page);
        }
    })
}

/// The first row of each customer's decision.
fn first_rows(conn: &mut Connection, run: CampaignRunId) -> Result<Vec<Outline>> {
    let mut rows: Vec<Outline> = Vec::new();
    loop {
        let page = decisions::outlines_of_run(conn, run, rows.last().map(|row| row.customer_id), PAGE)?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

#[derive(Default, Clone, Copy)]
struct Contacts {
    made: usize,
    missed: usize,
    suppressed: usize,
    cost: i64,
}

fn contacts(conn: &mut Connection, run: CampaignRunId) -> Result<HashMap<CustomerId, Contacts>> {
    let mut contacts: HashMap<CustomerId, Contacts> = HashMap::new();
    let mut after = None;
    loop {
        let page: Vec<Delivery> = find::of_run(conn, run, None, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(contacts) };
        after = Some(last.id);
        for delivery in page {
            let entry = contacts.entry(delivery.customer_id).or_default();
            if delivery.state == State::Sent {
                entry.made += 1;
                entry.cost += delivery.cost.0;
            } else {
                entry.missed += 1;
                entry.suppressed += usize::from(delivery.state == State::Suppressed);
            }
        }
    }
}

fn signals(conn: &mut Connection, run: CampaignRunId) -> Result<HashMap<CustomerId, Signals>> {
    let mut all: HashMap<CustomerId, Signals> = HashMap::new();
    for (customer, kind) in outcomes::signals_of_run(conn, run)? {
        all.entry(customer).or_default().add(kind);
    }
    Ok(all)
}
