//! One order: what is in it, what it brings and what it causes. History and the future world draw orders the same way.

use std::sync::OnceLock;

use statrs::distribution::{ContinuousCDF, Normal};

use super::catalogue::{CALL_COST, CATEGORIES, COMPLAINT_COST, OFFERS, RETURN_COST, Terms};
use super::person::{BASKETS, Person};
use crate::clock::{DAY, Timestamp};
use crate::random::Stream;

/// Spread of the logarithm of a client's basket.
const SPREAD: f64 = 0.5;

/// A line of an order, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Category and position of the product in it.
    pub product: (usize, usize),
    /// Pieces.
    pub quantity: i64,
    /// Price of the line before any discount.
    pub amount: i64,
    /// Cost of the goods.
    pub cost: i64,
}

/// An order with its lines and consequences.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// When it was placed.
    pub at: Timestamp,
    /// One to three lines.
    pub lines: Vec<Line>,
    /// The offer it used.
    pub offer: Option<usize>,
    /// What the offer took off or cost.
    pub discount: i64,
    /// Sent back as a whole; price and discount are undone.
    pub returned: bool,
    /// Service calls it caused.
    pub calls: u32,
    /// It caused a complaint.
    pub complained: bool,
}

impl Order {
    /// Price before the discount.
    pub fn amount(&self) -> i64 {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// Cost of goods.
    pub fn cost(&self) -> i64 {
        self.lines.iter().map(|line| line.cost).sum()
    }

    /// What was taken off the price; a gift or a delivery for free costs something, but takes nothing off.
    pub fn off(&self) -> i64 {
        let takes = |offer: usize| matches!(OFFERS[offer].terms, Terms::Tiers(_) | Terms::Percent(_));
        if self.offer.is_some_and(takes) { self.discount } else { 0 }
    }

    /// What the client paid.
    pub fn paid(&self) -> i64 {
        self.amount() - self.off()
    }

    /// When the service it caused took place.
    pub fn service_at(&self) -> Timestamp {
        self.at.plus(2 * DAY)
    }

    /// When it came back, if it did.
    pub fn returned_at(&self) -> Timestamp {
        self.at.plus(7 * DAY)
    }

    /// Margin less discount, returns, calls and complaints it caused.
    pub fn profit(&self) -> i64 {
        let margin = if self.returned { -RETURN_COST } else { self.amount() - self.cost() - self.discount };
        margin - i64::from(self.calls) * CALL_COST - i64::from(self.complained) * COMPLAINT_COST
    }
}

/// Which offer an order may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redemption {
    /// None.
    None,
    /// This one, if the client, who would have bought anyway, remembers it.
    Maybe(usize),
    /// This one: it is why the client buys.
    Surely(usize),
}

/// Factors of the median basket, equally likely.
pub fn factors() -> &'static [f64; BASKETS] {
    static FACTORS: OnceLock<[f64; BASKETS]> = OnceLock::new();
    FACTORS.get_or_init(|| {
        let normal = Normal::standard();
        std::array::from_fn(|i| (SPREAD * normal.inverse_cdf((i as f64 + 0.5) / BASKETS as f64)).exp())
    })
}

/// A basket in minor units, at one of the equally likely factors, stretched by an offer.
pub fn basket(person: &Person, factor: f64, stretch: f64) -> i64 {
    (person.basket * factor * stretch).round() as i64
}

/// Draws an order. It always uses ten numbers of the stream, so that worlds which differ in one treatment stay comparable.
pub fn draw(person: &Person, at: Timestamp, redemption: Redemption, s: &mut Stream) -> Order {
    let u: [f64; 10] = std::array::from_fn(|_| s.uniform());
    let used = match redemption {
        Redemption::None => None,
        Redemption::Maybe(offer) => (u[0] < person.redeem()).then_some(offer),
        Redemption::Surely(offer) => Some(offer),
    };
    let stretch = used.map_or(1.0, |offer| person.stretch(offer));
    let amount = basket(person, factors()[(u[1] * BASKETS as f64) as usize], stretch);
    let (favourite, share) = person.favourite;
    let category = if u[2] < share { favourite } else { (u[3] * CATEGORIES.len() as f64) as usize };
    Order {
        at,
        lines: lines(category, amount, u[4], u[5]),
        offer: used,
        discount: used.map_or(0, |offer| OFFERS[offer].cost(amount)),
        returned: u[6] < person.returns,
        calls: whole(person.calls_per_order, u[7]),
        complained: u[8] < person.complaints_per_order,
    }
}

/// A whole number with this mean: the part before the point, and one more by the chance of the part after it.
pub fn whole(mean: f64, u: f64) -> u32 {
    mean as u32 + u32::from(u < mean.fract())
}

/// Splits an amount over one to three products of a category; quantities follow from list prices.
fn lines(category: usize, amount: i64, count: f64, cut: f64) -> Vec<Line> {
    let goods = &CATEGORIES[category];
    let wanted = 1 + (count * 3.0) as usize;
    let mut rest = amount;
    let mut lines = Vec::with_capacity(wanted);
    for i in 0..wanted {
        let left = wanted - i;
        let share = if left == 1 { rest } else { (rest as f64 * (0.3 + 0.4 * cut) / (left as f64 - 0.5)) as i64 };
        let product = (i + (cut * 3.0) as usize) % 3;
        let quantity = (share / goods.products[product].2).max(1);
        let cost = (share as f64 * goods.cost_share).round_ties_even() as i64;
        lines.push(Line { product: (category, product), quantity, amount: share, cost });
        rest -= share;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::person;

    #[test]
    fn lines_add_up_to_the_basket() {
        let person = person::draw(1, 3);
        let mut s = Stream::new(1, "orders");
        for _ in 0..1000 {
            let order = draw(&person, Timestamp(0), Redemption::Maybe(0), &mut s);
            let stretch = order.offer.map_or(1.0, |offer| person.stretch(offer));
            let possible = factors().map(|factor| basket(&person, factor, stretch));
            assert!(possible.contains(&order.amount()));
            assert!(order.lines.iter().all(|line| line.amount > 0 && line.quantity > 0 && line.cost < line.amount));
        }
    }
}
