//! What the hour of a contact does to its effect.

use serde::{Deserialize, Serialize};

use super::HOURS;

/// What is believed of the exponent before anything was tried: a contact in an hour with twice the activity does about 1.4 times
/// as much. Being active is not the same as being open to an offer.
const BELIEVED: f64 = 0.5;
/// How firmly, as a standard deviation.
const FIRMNESS: f64 = 0.25;
/// The exponents that are considered.
const RANGE: (f64, f64) = (-1.0, 2.0);
/// An hour multiplies an effect by no less and no more than this.
const LIMITS: (f64, f64) = (0.25, 4.0);

/// A contact whose outcome is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contact {
    /// The share of the customer's activity in the hour of the contact, as it was believed then, 0 to 1.
    pub share: f64,
    /// P(convert | this contact), whatever the hour.
    pub with: f64,
    /// P(convert | no contact).
    pub without: f64,
    /// 1 when the customer converted, 0 when not.
    pub converted: f64,
    /// How many times it counts.
    pub weight: f64,
}

/// How an effect depends on the hour: `P = without + (with - without) x (share / usual share) ^ exponent`, `exponent` being the mode
/// of its posterior under a normal prior; `usual` is the geometric mean over the contacts it was learned from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tempo {
    /// The exponent.
    pub exponent: f64,
    /// Its standard deviation.
    pub deviation: f64,
    /// Contacts it was learned from.
    pub contacts: usize,
    /// Mean of the logarithm of the share against that of an even week.
    usual: f64,
}

impl Default for Tempo {
    fn default() -> Tempo {
        Tempo { exponent: BELIEVED, deviation: FIRMNESS, contacts: 0, usual: 0.0 }
    }
}

impl Tempo {
    /// Learns from contacts that were made in hours left to chance.
    pub fn learn(contacts: &[Contact]) -> Tempo {
        let known = |contact: &&Contact| contact.share > 0.0 && contact.weight > 0.0;
        let weight: f64 = contacts.iter().filter(known).map(|contact| contact.weight).sum();
        if weight <= 0.0 {
            return Tempo::default();
        }
        let usual = contacts.iter().filter(known).map(|contact| contact.weight * logarithm(contact.share)).sum::<f64>()
            / weight;
        let known: Vec<Contact> = contacts.iter().filter(known).copied().collect();
        let posterior = |exponent: f64| log_posterior(&known, usual, exponent);
        let exponent = highest(posterior, RANGE);
        // Laplace: the curvature at the mode, by a second difference.
        let step = 0.05;
        let curvature =
            (2.0 * posterior(exponent) - posterior(exponent + step) - posterior(exponent - step)) / (step * step);
        let deviation = if curvature > 0.0 { curvature.sqrt().recip().min(FIRMNESS) } else { FIRMNESS };
        Tempo { exponent, deviation, contacts: known.len(), usual }
    }

    /// By how much an hour with this share multiplies what a contact does, against a usual hour; before anything was learned,
    /// against an hour with the share `best`: what a marketer states of an offer is meant of a good hour.
    pub fn factor(&self, share: f64, best: f64) -> f64 {
        let usual = if self.contacts > 0 { self.usual } else { logarithm(best) };
        (self.exponent * (logarithm(share) - usual)).exp().clamp(LIMITS.0, LIMITS.1)
    }

    /// For the card.
    pub fn words(&self) -> String {
        let doubled = 2f64.powf(self.exponent);
        let from = match self.contacts {
            0 => "believed, nothing was tried yet".to_owned(),
            contacts => format!("from {contacts} contacts"),
        };
        format!(
            "an hour in which a customer is twice as active multiplies the effect by {doubled:.2} (exponent {:.2} +- {:.2}, {from})",
            self.exponent, self.deviation
        )
    }
}

/// Of a share against that of an even week; an hour without any activity is as good as a thousandth of it.
fn logarithm(share: f64) -> f64 {
    (share * HOURS as f64).max(1e-3).ln()
}

fn log_posterior(contacts: &[Contact], usual: f64, exponent: f64) -> f64 {
    let likelihood: f64 = contacts
        .iter()
        .map(|contact| {
            let factor = (exponent * (logarithm(contact.share) - usual)).exp().clamp(LIMITS.0, LIMITS.1);
            let p = contact.without + (contact.with - contact.without) * factor;
            let p = p.clamp(1e-6, 1.0 - 1e-6);
            contact.weight * (contact.converted * p.ln() + (1.0 - contact.converted) * (1.0 - p).ln())
        })
        .sum();
    likelihood - ((exponent - BELIEVED) / FIRMNESS).powi(2) / 2.0
}

/// Where a function with one hill is highest (golden section).
fn highest(of: impl Fn(f64) -> f64, (mut low, mut high): (f64, f64)) -> f64 {
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_left, mut at_right) = (of(left), of(right));
    while high - low > 1e-6 {
        if at_left >= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - ratio * (high - low);
            at_left = of(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + ratio * (high - low);
            at_right = of(right);
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn contacts(count: usize, truth: f64, seed: u64) -> Vec<Contact> {
        let mut stream = Stream::new(seed, "tempo");
        (0..count)
            .map(|_| {
                let x = 0.8 * stream.normal();
                let (with, without) = (0.10 + 0.1 * stream.uniform(), 0.02 + 0.05 * stream.uniform());
                let p = without + (with - without) * (truth * x).exp().clamp(LIMITS.0, LIMITS.1);
                let converted = f64::from(u8::from(stream.uniform() < p));
                Contact { share: x.exp() / HOURS as f64, with, without, converted, weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn what_is_true_is_found_within_what_is_claimed() {
        for truth in [0.0, 0.5, 1.0] {
            let within = (0..20).filter(|&seed| {
                let learned = Tempo::learn(&contacts(20_000, truth, seed));
                (learned.exponent - truth).abs() <= 2.5 * learned.deviation
            });
            let within = within.count();
            assert!(within >= 18, "{truth}: {within}");
        }
        let learned = Tempo::learn(&contacts(100_000, 0.0, 1));
        assert!(learned.exponent.abs() < 0.06 && learned.deviation < 0.05, "{learned:?}");
    }

    #[test]
    fn few_contacts_change_little_and_none_nothing() {
        assert_eq!(Tempo::learn(&[]), Tempo::default());
        let few = Tempo::learn(&contacts(20, 1.5, 1));
        assert!((few.exponent - BELIEVED).abs() < 0.3, "{few:?}");
        let none = Tempo::default();
        assert!((none.factor(0.01, 0.01) - 1.0).abs() < 1e-12 && none.factor(0.005, 0.01) < 1.0);
    }

    #[test]
    fn an_hour_does_neither_wonders_nor_nothing() {
        let tempo = Tempo { exponent: 2.0, deviation: 0.1, contacts: 9, usual: 0.0 };
        assert_eq!((tempo.factor(1.0, 1.0), tempo.factor(0.0, 1.0)), (4.0, 0.25));
        assert!(tempo.words().contains("by 4.00"), "{}", tempo.words());
    }
}
