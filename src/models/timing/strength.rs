//! How strongly what is known of a contact's moment bears on its effect: one exponent, learned under a prior.

use serde::{Deserialize, Serialize};

/// A moment multiplies an effect by no less and no more than this.
const LIMITS: (f64, f64) = (0.25, 4.0);

/// A contact whose outcome is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contact {
    /// What is known of its moment: the hour's share of the customer's activity ([`super::Tempo`]), or the pressure of earlier contacts
    /// ([`super::Fatigue`]).
    pub moment: f64,
    /// P(convert | this contact), whatever the moment.
    pub with: f64,
    /// P(convert | no contact).
    pub without: f64,
    /// 1 when the customer converted, 0 when not.
    pub converted: f64,
    /// How many times it counts.
    pub weight: f64,
}

/// What is believed before anything was tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Belief {
    pub mean: f64,
    pub deviation: f64,
    pub range: (f64, f64),
}

/// `P = without + (with - without) x exp(strength x)`, `x` being what is known of the moment against a usual one: the mode of the
/// posterior of `strength` under a normal prior.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Strength {
    pub mode: f64,
    pub deviation: f64,
    pub contacts: usize,
}

impl Strength {
    pub fn believed(belief: Belief) -> Strength {
        Strength { mode: belief.mean, deviation: belief.deviation, contacts: 0 }
    }

    /// From contacts at moments left to chance; `x` tells what is known of a moment against a usual one.
    pub fn learn(contacts: &[Contact], belief: Belief, x: impl Fn(&Contact) -> f64) -> Strength {
        let seen: Vec<(Contact, f64)> = contacts.iter().map(|contact| (*contact, x(contact))).collect();
        let posterior = |strength: f64| log_posterior(&seen, belief, strength);
        let mode = highest(posterior, belief.range);
        // Laplace: the curvature at the mode, by a second difference.
        let step = 0.05;
        let curvature = (2.0 * posterior(mode) - posterior(mode + step) - posterior(mode - step)) / (step * step);
        let deviation = if curvature > 0.0 { curvature.sqrt().recip().min(belief.deviation) } else { belief.deviation };
        Strength { mode, deviation, contacts: seen.len() }
    }

    pub fn factor(&self, x: f64) -> f64 {
        factor(self.mode, x)
    }

    /// For the card.
    pub fn words(&self) -> String {
        let from = match self.contacts {
            0 => "believed, nothing was tried yet".to_owned(),
            contacts => format!("from {contacts} contacts"),
        };
        format!("{:.2} +- {:.2}, {from}", self.mode, self.deviation)
    }
}

fn factor(strength: f64, x: f64) -> f64 {
    (strength * x).exp().clamp(LIMITS.0, LIMITS.1)
}

fn log_posterior(seen: &[(Contact, f64)], belief: Belief, strength: f64) -> f64 {
    let likelihood: f64 = seen
        .iter()
        .map(|(contact, x)| {
            let p = contact.without + (contact.with - contact.without) * factor(strength, *x);
            let p = p.clamp(1e-6, 1.0 - 1e-6);
            contact.weight * (contact.converted * p.ln() + (1.0 - contact.converted) * (1.0 - p).ln())
        })
        .sum();
    likelihood - ((strength - belief.mean) / belief.deviation).powi(2) / 2.0
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
