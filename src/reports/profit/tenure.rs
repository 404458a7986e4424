//! Unprofitable clients by how long they have been clients: those of the first year look bad by construction, for they have only
//! begun to pay back what winning them cost.

use serde::{Deserialize, Serialize};

use crate::clock::{DAY, Timestamp};
use crate::money::Money;

/// Names of the bands, and the years (of 365.25 days) at which each begins.
const BANDS: [(&str, f64); 5] =
    [("under 1 year", 0.0), ("1-2 years", 1.0), ("2-3 years", 2.0), ("3-5 years", 3.0), ("5 years and more", 5.0)];

/// The number of the band of a client since `since`.
pub fn band_of(since: Timestamp, as_of: Timestamp) -> usize {
    let years = (as_of.0 - since.0) as f64 / DAY as f64 / 365.25;
    BANDS.iter().rposition(|(_, from)| years >= *from).unwrap_or(0)
}

/// The name of a band.
pub fn band_name(band: usize) -> &'static str {
    BANDS[band.min(BANDS.len() - 1)].0
}

/// Clients who have been clients for about as long.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Its name.
    pub tenure: String,
    /// Clients.
    pub clients: i64,
    /// Of these, those whose profit less the cost of winning them is not above 0.
    pub unprofitable: i64,
    /// Their share.
    pub unprofitable_share: f64,
    /// Those whose profit is not above 0 before the cost of winning them.
    pub unprofitable_before_acquisition: i64,
    /// Profit less the cost of winning them.
    pub profit: Money,
    /// What the unprofitable ones lose together, above 0.
    pub loss: Money,
}

/// All bands, empty.
pub fn bands() -> Vec<Band> {
    BANDS.iter().map(|(name, _)| Band { tenure: (*name).to_owned(), ..Band::default() }).collect()
}

impl Band {
    /// Adds a client with this profit, before and after the cost of winning it.
    pub fn add(&mut self, before: Money, net: Money) {
        self.clients += 1;
        self.profit = self.profit + net;
        self.unprofitable_before_acquisition += i64::from(before <= Money::ZERO);
        if net <= Money::ZERO {
            self.unprofitable += 1;
            self.loss = self.loss - net;
        }
        self.unprofitable_share = self.unprofitable as f64 / self.clients as f64;
    }

    /// All bands as one.
    pub fn whole(bands: &[Band]) -> Band {
        let mut whole = Band { tenure: "all".into(), ..Band::default() };
        for band in bands {
            whole.clients += band.clients;
            whole.unprofitable += band.unprofitable;
            whole.unprofitable_before_acquisition += band.unprofitable_before_acquisition;
            whole.profit = whole.profit + band.profit;
            whole.loss = whole.loss + band.loss;
        }
        whole.unprofitable_share = whole.unprofitable as f64 / whole.clients.max(1) as f64;
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_begin_where_their_names_say() {
        let now = Timestamp(20 * 366 * DAY);
        let after = |days: i64| band_of(now.plus(-days * DAY), now);
        assert_eq!([0, 365, 366, 731, 1_096, 1_826, 1_827, 5_000].map(after), [0, 0, 1, 2, 3, 3, 4, 4]);
        assert_eq!(band_of(now.plus(DAY), now), 0);
        let mut all = bands();
        all[0].add(Money(5), Money(-10));
        all[4].add(Money(50), Money(40));
        let whole = Band::whole(&all);
        assert_eq!((whole.clients, whole.unprofitable, whole.unprofitable_before_acquisition), (2, 1, 0));
        assert_eq!((whole.profit, whole.loss, whole.unprofitable_share), (Money(30), Money(10), 0.5));
    }
}
