//! What facts change in the serving rows, in the transaction that accepts them.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::customers::{Totals, totals};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::money::Money;
use crate::storage::Connection;

/// What one new fact changes in its customer's serving row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// Orders.
    pub orders: i64,
    /// Revenue.
    pub revenue: Money,
    /// Margin of what was bought; below zero for what came back.
    pub margin: Money,
    /// Cost of the activity.
    pub cost: Money,
    /// When something was bought.
    pub ordered_at: Option<Timestamp>,
    /// A complaint opened (1) or closed (-1), and when.
    pub complaint: Option<(Timestamp, i64)>,
}

impl Change {
    /// Whether what it changes does not depend on what was there.
    fn only_adds(&self) -> bool {
        self.ordered_at.is_none() && self.complaint.is_none()
    }

    fn apply(&self, totals: &mut Totals) {
        totals.orders += self.orders;
        totals.revenue = totals.revenue + self.revenue;
        totals.cost_to_serve = totals.cost_to_serve + self.cost;
        totals.profit = totals.profit + self.margin - self.cost;
        // A fact that comes late does not move the last purchase back.
        totals.last_order_at = totals.last_order_at.max(self.ordered_at);
        // Closing what was never opened does not pay for a later complaint.
        let complaint = self.complaint.map_or(0, |(_, change)| change);
        totals.open_complaints = (totals.open_complaints + complaint).max(0);
    }
}

/// Applies changes: totals of all their customers are added to at once, or read at once and written at once.
pub fn apply(conn: &mut Connection, changes: &[(CustomerId, Change)], now: Timestamp) -> Result<()> {
    let mut by_customer: BTreeMap<CustomerId, Vec<Change>> = BTreeMap::new();
    for (customer, change) in changes.iter().filter(|(_, change)| *change != Change::default()) {
        by_customer.entry(*customer).or_default().push(*change);
    }
    if by_customer.is_empty() {
        return Ok(());
    }
    if by_customer.values().flatten().all(Change::only_adds) {
        let sum = |changes: Vec<Change>| {
            let mut totals = Totals::default();
            changes.iter().for_each(|change| change.apply(&mut totals));
            totals
        };
        let added = by_customer.into_iter().map(|(customer, changes)| (customer, sum(changes))).collect();
        return totals::add(conn, &added, now);
    }
    let ids: Vec<CustomerId> = by_customer.keys().copied().collect();
    let mut found = totals::for_update(conn, &ids, now)?;
    for (customer, mut changes) in by_customer {
        let Some(totals) = found.get_mut(&customer) else { continue };
        changes.sort_by_key(|change| change.complaint);
        changes.iter().for_each(|change| change.apply(totals));
    }
    totals::put(conn, &found, now)
}
