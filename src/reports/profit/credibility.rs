//! What a client's claims are expected to cost: between what the client showed and what all clients show.
//!
//! Bühlmann and Straub, "Glaubwürdigkeit für Schadensätze", Mitteilungen SVSA 70 (1970), with counts taken as Poisson (Klugman,
//! Panjer and Willmot, *Loss Models*, chapter "Empirical Bayes", the semiparametric case). A client seen for `w` years with `n`
//! claims has the yearly frequency
//!
//! ```text
//! f = Z n/w + (1 - Z) m,   Z = w / (w + k),   k = m / a,
//! m = sum n / sum w,       a = (sum n^2/w - (sum n)^2/sum w - (c - 1) m) / (sum w - sum w^2 / sum w)
//! ```
//!
//! over `c` clients; `a` is the variance between clients, and where none shows (`a <= 0`) everybody has the frequency of all. The
//! cost of a claim is the mean of all claims: the amount of a single one says little of the next, and were the own amount taken,
//! one small claim would make a client look better than none. So a bad claim counts as one claim, and at the same length of time
//! a client without a claim is never charged more than one with.

use serde::{Deserialize, Serialize};

use crate::clock::{DAY, Timestamp};
use crate::money::Money;

/// Years that count at least, however short a client is known: the square of a claim over a day would drown all others.
const SHORTEST: f64 = 30.0 / 365.25;

/// Sums over clients, from which everything follows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClaimSums {
    clients: f64,
    years: f64,
    years_squared: f64,
    claims: f64,
    claims_squared_per_year: f64,
    paid: f64,
}

impl ClaimSums {
    /// Adds a client.
    pub fn add(&mut self, years: f64, claims: i64, paid: Money) {
        let claims = claims as f64;
        self.clients += 1.0;
        self.years += years;
        self.years_squared += years * years;
        self.claims += claims;
        self.claims_squared_per_year += claims * claims / years;
        self.paid += paid.0 as f64;
    }

    /// Adds the sums of other clients.
    pub fn merge(&mut self, other: &ClaimSums) {
        self.clients += other.clients;
        self.years += other.years;
        self.years_squared += other.years_squared;
        self.claims += other.claims;
        self.claims_squared_per_year += other.claims_squared_per_year;
        self.paid += other.paid;
    }

    /// What they say of claims.
    pub fn basis(&self) -> ClaimBasis {
        if self.claims <= 0.0 {
            return ClaimBasis::default();
        }
        let frequency = self.claims / self.years;
        let spread = self.claims_squared_per_year - self.claims * self.claims / self.years;
        let between = (spread - (self.clients - 1.0) * frequency) / (self.years - self.years_squared / self.years);
        let credible_years = (between.is_finite() && between > 0.0).then(|| frequency / between);
        ClaimBasis { frequency, severity: self.paid / self.claims, credible_years }
    }
}

/// What all clients show of claims.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimBasis {
    /// Claims of a client in a year.
    pub frequency: f64,
    /// What a claim costs, in minor units.
    pub severity: f64,
    /// The `k` of Z = w/(w + k), in years: after so many a client's own claims count for half. None where clients do not differ.
    pub credible_years: Option<f64>,
}

impl ClaimBasis {
    /// Weight of a client's own claims after `years`, from 0 to 1.
    pub fn credibility(&self, years: f64) -> f64 {
        self.credible_years.map_or(0.0, |k| years / (years + k))
    }

    /// Expected cost of a client's claims over `years` in which `claims` were made, in whole minor units.
    pub fn expected(&self, years: f64, claims: i64) -> Money {
        let z = self.credibility(years);
        let claims_expected = z * claims as f64 + (1.0 - z) * self.frequency * years;
        Money((claims_expected * self.severity).round() as i64)
    }
}

/// Years from `from` to `until`, at least a month.
pub fn years(from: Timestamp, until: Timestamp) -> f64 {
    ((until.0 - from.0) as f64 / DAY as f64 / 365.25).max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use proptest::prelude::*;

    /// The worked example of a Poisson semiparametric estimate with one year each: 157 drivers with 0, 66 with 1, 19 with 2, 4 with
    /// 3, 2 with 4 and 1 with 5 claims... the variance between is that of the counts less their mean.
    #[test]
    fn with_a_year_each_the_variance_between_clients_is_that_of_counts_less_their_mean() {
        let counts = [(0, 157), (1, 66), (2, 19), (3, 4), (4, 2), (5, 1)];
        let mut sums = ClaimSums::default();
        for (claims, drivers) in counts {
            (0..drivers).for_each(|_| sums.add(1.0, claims, Money(100 * claims)));
        }
        let n: f64 = counts.iter().map(|(_, d)| f64::from(*d)).sum();
        let mean = counts.iter().map(|(c, d)| *c as f64 * f64::from(*d)).sum::<f64>() / n;
        let variance = counts.iter().map(|(c, d)| (*c as f64 - mean).powi(2) * f64::from(*d)).sum::<f64>() / (n - 1.0);
        let basis = sums.basis();
        assert!((basis.frequency - mean).abs() < 1e-12);
        assert!((basis.credible_years.unwrap() - mean / (variance - mean)).abs() < 1e-9);
        assert!((basis.severity - 100.0).abs() < 1e-12);
    }

    #[test]
    fn what_clients_were_simulated_with_is_found_again() {
        // Frequencies of a gamma with mean 0.4 and variance 0.08: k = 5 years.
        let mut draw = Stream::new(4, "claims");
        let mut sums = ClaimSums::default();
        for client in 0..60_000 {
            let years = 1.0 + f64::from(client % 5);
            let rate = draw.gamma(2.0, 0.2);
            let (mut at, mut claims) = (0.0, 0);
            loop {
                at += draw.exponential(1.0 / rate);
                if at > years {
                    break;
                }
                claims += 1;
            }
            sums.add(years, claims, Money(1_000 * claims));
        }
        let basis = sums.basis();
        assert!((basis.frequency - 0.4).abs() < 0.01, "{basis:?}");
        assert!((basis.credible_years.unwrap() - 5.0).abs() < 0.4, "{basis:?}");
    }

    proptest! {
        #[test]
        fn who_has_no_claim_is_never_charged_more_than_who_has(
            others in proptest::collection::vec((0.1f64..12.0, 0i64..6, 0i64..5_000_000), 1..40),
            years in 0.1f64..20.0,
            claims in 1i64..10,
        ) {
            let mut sums = ClaimSums::default();
            others.iter().for_each(|&(years, claims, paid)| sums.add(years, claims, Money(paid * claims)));
            let basis = sums.basis();
            prop_assert!(basis.expected(years, 0) <= basis.expected(years, claims));
            prop_assert!(basis.expected(years, 0) >= Money::ZERO);
            // A claim more never costs more than a claim.
            let more = basis.expected(years, claims) - basis.expected(years, claims - 1);
            prop_assert!(more.0 as f64 <= basis.severity + 1.0);
        }
    }
}
