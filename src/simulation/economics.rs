//! What the clients are worth: who earns nothing, when a client has repaid its acquisition, what five points more retention bring.

use super::catalogue::ACQUISITION_COST;
use super::company::{Client, Company};
use super::life::MONTH;
use super::order::Order;
use crate::clock::{DAY, Timestamp};

/// Figures about the client base; money in minor units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Economics {
    /// Clients, prospects left out.
    pub clients: usize,
    /// Share of them whose last twelve months brought nothing or less.
    pub unprofitable: f64,
    /// Mean profit of a client in the last twelve months.
    pub yearly_profit: f64,
    /// Share of all profit that the best fifth of the clients brings.
    pub best_fifth: f64,
    /// Months after which the cohort that joined on record had repaid its acquisition on average; `None` when not yet.
    pub payback_months: Option<usize>,
    /// Share of the clients who bought in the year before the last that bought again in the last.
    pub retention: f64,
    /// Present value of a buying client at that retention.
    pub value_now: f64,
    /// The same with five points more.
    pub value_then: f64,
}

impl Economics {
    /// Gain in value by five points more retention, as a share.
    pub fn gain(&self) -> f64 {
        if self.value_now > 0.0 { self.value_then / self.value_now - 1.0 } else { 0.0 }
    }
}

/// Profit of a client between two instants, contacts and service included.
pub fn profit_between(client: &Client, from: Timestamp, until: Timestamp) -> i64 {
    let inside = |at: Timestamp| from <= at && at < until;
    let orders = client.life.orders.iter().filter(|order| inside(order.at)).map(Order::profit).sum::<i64>();
    let contacts = client.life.interactions.iter().filter(|i| inside(i.at)).map(|i| i.cost).sum::<i64>();
    orders - contacts
}

/// Computes the figures from the record.
///
/// Value at yearly retention `r`, yearly profit `m` and rate `d` is `m (1 + d) / (1 + d - r)`: profit now, and as long as the client
/// stays (Gupta and Lehmann 2003).
pub fn economics(company: &Company, discount_rate: f64) -> Economics {
    let now = company.shape.now;
    let (year, before) = (now.plus(-365 * DAY), now.plus(-730 * DAY));
    let clients: Vec<&Client> = company.clients.iter().filter(|client| !client.is_prospect()).collect();
    let mut profits: Vec<i64> = clients.iter().map(|client| profit_between(client, year, now)).collect();
    let count = clients.len().max(1) as f64;
    let unprofitable = profits.iter().filter(|profit| **profit <= 0).count() as f64 / count;
    let total = profits.iter().sum::<i64>() as f64;
    profits.sort_unstable_by(|a, b| b.cmp(a));
    let fifth = profits.iter().take(profits.len() / 5).sum::<i64>() as f64;
    let bought = |client: &Client, from, until| client.life.orders.iter().any(|o| from <= o.at && o.at < until);
    let earlier: Vec<&&Client> = clients.iter().filter(|client| bought(client, before, year)).collect();
    let kept = earlier.iter().filter(|client| bought(client, year, now)).count();
    let retention = kept as f64 / earlier.len().max(1) as f64;
    let buyers: Vec<i64> =
        clients.iter().filter(|c| bought(c, year, now)).map(|c| profit_between(c, year, now)).collect();
    let yearly = buyers.iter().sum::<i64>() as f64 / buyers.len().max(1) as f64;
    let value = |retention: f64| yearly * (1.0 + discount_rate) / (1.0 + discount_rate - retention);
    Economics {
        clients: clients.len(),
        unprofitable,
        yearly_profit: total / count,
        best_fifth: if total > 0.0 { fifth / total } else { 0.0 },
        payback_months: payback(company, &clients),
        retention,
        value_now: value(retention),
        value_then: value((retention + 0.05).min(1.0)),
    }
}

/// Months over which repayment is looked for.
const PATIENCE: i32 = 18;

/// The month in which those who joined on record, and at least [`PATIENCE`] months ago, had brought what winning them cost; on average.
fn payback(company: &Company, clients: &[&Client]) -> Option<usize> {
    let months = company.shape.months as i32;
    let cohort: Vec<&&Client> =
        clients.iter().filter(|c| (0..=months - PATIENCE).contains(&c.person.joined) && !c.person.prospect).collect();
    let mut sum = 0;
    (0..PATIENCE).find_map(|month| {
        for client in &cohort {
            let from = company.shape.from().plus(i64::from(client.person.joined + month) * MONTH);
            sum += profit_between(client, from, from.plus(MONTH));
        }
        (!cohort.is_empty() && sum >= ACQUISITION_COST * cohort.len() as i64).then_some(month as usize + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::company::Shape;

    #[test]
    fn figures_of_a_typical_company() {
        let company = Company::generate(Shape { customers: 4000, ..Shape::default() }).unwrap();
        let figures = economics(&company, 0.1);
        assert!((0.42..0.58).contains(&figures.unprofitable), "{figures:?}");
        assert!(figures.best_fifth > 0.6, "{figures:?}");
        assert!((0.5..0.95).contains(&figures.retention), "{figures:?}");
        // m (1 + d) / (1 + d - r): five points more are worth 0.05 / (1 + d - r - 0.05) more.
        let expected = 0.05 / (1.1 - figures.retention - 0.05);
        assert!((figures.gain() - expected).abs() < 1e-9);
        assert!(figures.payback_months.is_none_or(|months| months >= 2), "{figures:?}");
    }
}
