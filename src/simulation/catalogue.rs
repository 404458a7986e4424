//! What the simulated company sells, proposes and pays: products, offers, channels and rates.

use crate::money::Money;

/// A line of goods. All products of a category have the same cost share, so that the margin of an order follows from its
/// category alone and expectations stay exact.
#[derive(Debug, Clone, Copy)]
pub struct Category {
    /// Its name in the files.
    pub name: &'static str,
    /// Cost of goods as a share of the price.
    pub cost_share: f64,
    /// Demand by month, January first; the mean is 1.
    pub season: [f64; 12],
    /// Its products: stock-keeping unit, name, list price in minor units.
    pub products: [(&'static str, &'static str, i64); 3],
}

/// The four categories with a dozen products.
pub const CATEGORIES: [Category; 4] = [
    Category {
        name: "kitchen",
        cost_share: 0.52,
        season: [0.90, 0.85, 0.90, 0.95, 0.95, 0.90, 0.85, 0.85, 0.95, 1.05, 1.30, 1.55],
        products: [("K-101", "Coffee set", 3900), ("K-102", "Cast-iron pan", 5900), ("K-103", "Knife block", 8900)],
    },
    Category {
        name: "garden",
        cost_share: 0.58,
        season: [0.40, 0.60, 1.20, 1.70, 1.80, 1.50, 1.20, 1.00, 0.90, 0.70, 0.50, 0.50],
        products: [("G-201", "Seed box", 1900), ("G-202", "Pruning shears", 3400), ("G-203", "Raised bed", 9900)],
    },
    Category {
        name: "books",
        cost_share: 0.62,
        season: [0.90, 0.85, 0.90, 0.90, 0.90, 0.95, 1.05, 1.00, 0.95, 1.00, 1.15, 1.45],
        products: [("B-301", "Novel", 1500), ("B-302", "Cook book", 2900), ("B-303", "Atlas", 5500)],
    },
    Category {
        name: "home",
        cost_share: 0.46,
        season: [0.95, 0.90, 0.95, 1.00, 0.95, 0.90, 0.90, 0.90, 1.00, 1.10, 1.20, 1.25],
        products: [("H-401", "Candle", 1200), ("H-402", "Wool blanket", 7900), ("H-403", "Reading lamp", 6400)],
    },
];

/// How a client can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// An e-mail.
    Email,
    /// A text message.
    Sms,
    /// A call by a person.
    Call,
    /// A printed letter.
    Letter,
}

impl Channel {
    /// All channels; the position is the index used in arrays.
    pub const ALL: [Channel; 4] = [Channel::Email, Channel::Sms, Channel::Call, Channel::Letter];

    /// The position in [`Channel::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The name in files and over REST.
    pub fn name(self) -> &'static str {
        ["email", "sms", "call", "letter"][self.index()]
    }

    /// The channel of this name.
    pub fn parse(name: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// Cost of one contact; the default activity rates of the settings.
    pub fn cost(self) -> Money {
        Money([1, 8, 450, 90][self.index()])
    }

    /// How much a contact disturbs, against an e-mail.
    pub fn intrusion(self) -> f64 {
        [1.0, 1.6, 2.2, 0.5][self.index()]
    }

    /// Contacts that a run may make, as a share of all customers.
    pub fn capacity_share(self) -> f64 {
        [0.15, 0.05, 0.015, 0.03][self.index()]
    }
}

/// What an offer takes off, or costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Terms {
    /// Money off by basket: (from this basket on, this much off), ascending, in minor units.
    Tiers(&'static [(i64, i64)]),
    /// A share of the basket.
    Percent(f64),
    /// A fixed cost per order that uses it: a delivery, a gift.
    Fixed(i64),
    /// Costs nothing: information, early access.
    Free,
}

/// An offer of the simulated company.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OfferTerms {
    /// Its key in files and over REST.
    pub key: &'static str,
    /// Its name in the story.
    pub name: &'static str,
    /// One sentence about it.
    pub description: &'static str,
    /// What it takes off.
    pub terms: Terms,
    /// Pieces that a run may promise, as a share of all customers; `None` when nothing runs out.
    pub stock_share: Option<f64>,
    /// How far it stretches the basket of a fully price-sensitive client.
    pub stretch: f64,
}

impl OfferTerms {
    /// What a redemption costs the company on a basket. A discount never exceeds the basket; a gift costs what it costs.
    pub fn cost(&self, basket: i64) -> i64 {
        match self.terms {
            Terms::Tiers(tiers) => {
                tiers.iter().rev().find(|(from, _)| basket >= *from).map_or(0, |(_, off)| (*off).min(basket))
            }
            Terms::Percent(share) => (basket as f64 * share).round_ties_even() as i64,
            Terms::Fixed(cost) => cost,
            Terms::Free => 0,
        }
    }
}

/// The offers. The first is in tiers: 10 off up to 99.99, 20 off up to 199.99, 50 off from 200.
pub const OFFERS: [OfferTerms; 5] = [
    OfferTerms {
        key: "tiers",
        name: "10, 20 or 50 off",
        description: "10 off your next order, 20 off from 100, 50 off from 200.",
        terms: Terms::Tiers(&[(0, 1000), (10_000, 2000), (20_000, 5000)]),
        stock_share: None,
        stretch: 0.25,
    },
    OfferTerms {
        key: "percent",
        name: "15 % off",
        description: "15 % off everything in one order.",
        terms: Terms::Percent(0.15),
        stock_share: None,
        stretch: 0.12,
    },
    OfferTerms {
        key: "delivery",
        name: "free delivery",
        description: "We deliver your next order at our expense.",
        terms: Terms::Fixed(490),
        stock_share: None,
        stretch: 0.04,
    },
    OfferTerms {
        key: "gift",
        name: "loyalty gift",
        description: "A small present comes with your next order.",
        terms: Terms::Fixed(600),
        stock_share: Some(0.04),
        stretch: 0.0,
    },
    OfferTerms {
        key: "preview",
        name: "early access",
        description: "See the new collection two days before everybody else.",
        terms: Terms::Free,
        stock_share: None,
        stretch: 0.0,
    },
];

/// The position of the offer with this key.
pub fn offer_index(key: &str) -> Option<usize> {
    OFFERS.iter().position(|offer| offer.key == key)
}

/// Cost of handling a return, in minor units; the default activity rate.
pub const RETURN_COST: i64 = 700;
/// Cost of a service call.
pub const CALL_COST: i64 = 450;
/// Cost of a complaint.
pub const COMPLAINT_COST: i64 = 1500;
/// Cost of winning a client.
pub const ACQUISITION_COST: i64 = 6500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_change_at_their_limits() {
        let cost = |basket| OFFERS[0].cost(basket);
        assert_eq!([cost(9_999), cost(10_000), cost(19_999), cost(20_000)], [1000, 2000, 2000, 5000]);
        assert_eq!(cost(300), 300, "never more than the basket");
        assert_eq!(OFFERS[1].cost(10_000), 1500);
    }

    #[test]
    fn seasons_are_near_one_on_average() {
        for category in CATEGORIES {
            let mean = category.season.iter().sum::<f64>() / 12.0;
            assert!((mean - 1.0).abs() < 0.01, "{} {mean}", category.name);
        }
    }

    #[test]
    fn channels_are_found_by_name() {
        assert!(Channel::ALL.into_iter().all(|c| Channel::parse(c.name()) == Some(c)));
        assert_eq!(Channel::parse("pigeon"), None);
    }
}
