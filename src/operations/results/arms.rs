//! Counts of each arm, and the standard row by which campaigns are compared: every share beside what it is a share of.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::decisions::Arm;
use crate::experiments::lift::Lift;
use crate::money::Money;
use crate::operations::measure::{Measured, RunMeasure};
use crate::outcomes::SignalKind;

/// Counts of one arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmResults {
    /// `treated`, `exploration`, `global_holdout`, `campaign_holdout`.
    pub arm: &'static str,
    /// Customers.
    pub customers: usize,
    /// Of these, contacted.
    pub contacted: usize,
    /// Customers with an order in the window.
    pub converted: usize,
    /// Of all customers.
    pub rate: f64,
    /// Their orders.
    pub orders: i64,
    /// Their revenue.
    pub revenue: Money,
    /// Their margin.
    pub margin: Money,
    /// Margin less contacts.
    pub profit: Money,
    /// Customers who ordered within `retention_days`.
    pub kept: usize,
}

/// The arms of a run, by name.
pub fn arms(measured: &RunMeasure) -> Vec<ArmResults> {
    let mut arms: BTreeMap<Arm, (ArmResults, i64)> = BTreeMap::new();
    for person in &measured.people {
        let (arm, ticks) = arms.entry(person.arm).or_insert_with(|| (empty(person.arm), 0));
        arm.customers += 1;
        arm.contacted += usize::from(person.contacts > 0);
        arm.converted += usize::from(person.orders() > 0);
        arm.orders += person.orders();
        arm.revenue = arm.revenue + Money(person.revenue());
        arm.profit = arm.profit + Money(-person.contact_cost);
        arm.kept += usize::from(person.kept);
        *ticks += person.bought.whole.margin;
    }
    let finish = |(mut arm, ticks): (ArmResults, i64)| {
        arm.margin = Money(rounded(ticks));
        arm.profit = arm.profit + arm.margin;
        arm.rate = share(arm.converted, arm.customers);
        arm
    };
    arms.into_values().map(finish).collect()
}

fn empty(arm: Arm) -> ArmResults {
    ArmResults {
        arm: arm.name(),
        customers: 0,
        contacted: 0,
        converted: 0,
        rate: 0.0,
        orders: 0,
        revenue: Money::ZERO,
        margin: Money::ZERO,
        profit: Money::ZERO,
        kept: 0,
    }
}

/// Hundredths of a minor unit as minor units.
pub fn rounded(ticks: i64) -> i64 {
    (ticks + 50 * ticks.signum()) / 100
}

pub(super) fn share(count: usize, of: usize) -> f64 {
    count as f64 / of.max(1) as f64
}

/// A count beside what it is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Part {
    /// How many.
    pub count: usize,
    /// Of what.
    pub of: &'static str,
    /// How many those are.
    pub denominator: usize,
    /// Count over denominator; 0 without any.
    pub share: f64,
}

fn part(count: usize, of: &'static str, denominator: usize) -> Part {
    Part { count, of, denominator, share: share(count, denominator) }
}

/// The row by which campaigns are compared. Customers, not messages; amounts in minor units.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StandardRow {
    /// Customers whom the decision wanted to contact.
    pub chosen: usize,
    /// Those with a message that was sent.
    pub sent: Part,
    /// Those whose message did not come back.
    pub delivered: Part,
    /// Those who followed a link; what scanners follow is left out.
    pub clicked: Part,
    /// Those with an order in the window.
    pub converted: Part,
    /// Those who asked for no more.
    pub unsubscribed: Part,
    /// Those who complained.
    pub complained: Part,
    /// Those whose message came back.
    pub bounced: Part,
    /// Revenue of the delivered over their number.
    pub revenue_per_delivered: f64,
    /// What the contacts cost.
    pub contact_cost: Money,
    /// What the run cost besides.
    pub fixed_cost: Money,
    /// Incremental profit less fixed costs; none where there is no lift. Contacts and discounts are in the profit.
    pub net_return: Option<NetReturn>,
}

/// What was earned beyond what would have come anyway, less all costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NetReturn {
    /// The estimate.
    pub amount: f64,
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Over contacts and fixed costs; none where nothing was spent.
    pub per_cost: Option<f64>,
}

/// The row of everybody who was contacted, or should have been.
pub fn standard_row(measured: &RunMeasure, lift: Option<&Lift>) -> StandardRow {
    let in_play: Vec<&Measured> =
        measured.people.iter().filter(|person| !person.arm.is_holdout() && person.would_be_contacted()).collect();
    let count = |of: &dyn Fn(&Measured) -> bool| in_play.iter().filter(|person| of(person)).count();
    let sent = count(&|person| person.contacts > 0);
    let delivered = count(&Measured::delivered);
    let of_delivered = |of: &dyn Fn(&Measured) -> bool| count(&|person| person.delivered() && of(person));
    let showed = |kind: SignalKind| of_delivered(&|person: &Measured| person.signals.has(kind));
    let revenue: i64 = in_play.iter().filter(|person| person.delivered()).map(|person| person.revenue()).sum();
    let contact_cost: i64 = measured.people.iter().map(|person| person.contact_cost).sum();
    let fixed_cost = measured.spec.fixed_cost.unwrap_or_default();
    let costs = (contact_cost + fixed_cost.0) as f64;
    let fixed = fixed_cost.0 as f64;
    StandardRow {
        chosen: in_play.len(),
        sent: part(sent, "chosen", in_play.len()),
        delivered: part(delivered, "sent", sent),
        clicked: part(showed(SignalKind::Click), "delivered", delivered),
        converted: part(of_delivered(&|person| person.orders() > 0), "delivered", delivered),
        unsubscribed: part(showed(SignalKind::Unsubscribe), "delivered", delivered),
        complained: part(showed(SignalKind::Complaint), "delivered", delivered),
        bounced: part(count(&|p| p.contacts > 0 && p.signals.has(SignalKind::Bounce)), "sent", sent),
        revenue_per_delivered: revenue as f64 / delivered.max(1) as f64,
        contact_cost: Money(contact_cost),
        fixed_cost,
        net_return: lift.map(|lift| NetReturn {
            amount: lift.total - fixed,
            lower: lift.total_lower - fixed,
            upper: lift.total_upper - fixed,
            per_cost: (costs > 0.0).then(|| (lift.total - fixed) / costs),
        }),
    }
}
