//! What the hour of a contact does to its effect.

use serde::{Deserialize, Serialize};

use super::HOURS;
use super::strength::{Belief, Contact, Strength};

/// Before anything was tried: a contact in an hour with twice the activity does about 1.4 times as much. Being active is not the same
/// as being open to an offer.
const BELIEVED: Belief = Belief { mean: 0.5, deviation: 0.25, range: (-1.0, 2.0) };

/// How an effect depends on the hour: `P = without + (with - without) x (share / usual share) ^ exponent`; `usual` is the geometric mean
/// over the contacts from which effects were learned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)] // models that were trained before the strength was learned say less
pub struct Tempo {
    strength: Strength,
    /// The part of the contacts behind the effects whose hour is known, 0 to 1.
    known: f64,
    /// Mean of the logarithm of the share against that of an even week, over these.
    usual: f64,
}

impl Default for Tempo {
    fn default() -> Tempo {
        Tempo { strength: Strength::believed(BELIEVED), known: 0.0, usual: 0.0 }
    }
}

impl Tempo {
    /// Learns from contacts that were made in hours left to chance, [`Contact::moment`] being the share of the customer's activity in
    /// the hour as it was believed then; `all` contacts are behind `with`, those of unknown hour among them.
    pub fn learn(contacts: &[Contact], all: usize) -> Tempo {
        let known = contacts.iter().filter(|contact| contact.moment > 0.0 && contact.weight > 0.0);
        let known: Vec<Contact> = known.copied().collect();
        let weight: f64 = known.iter().map(|contact| contact.weight).sum();
        if weight <= 0.0 {
            return Tempo::default();
        }
        let usual = known.iter().map(|contact| contact.weight * logarithm(contact.moment)).sum::<f64>() / weight;
        let strength = Strength::learn(&known, BELIEVED, |contact| logarithm(contact.moment) - usual);
        Tempo { strength, known: known.len() as f64 / all.max(known.len()) as f64, usual }
    }

    /// By how much an hour with this share multiplies what a contact does, against a usual hour. Where hours are unknown, or nothing
    /// was learned, the usual one is the customer's `best`: what a marketer states of an offer is meant of a good hour, and who
    /// sends without saying when has chosen one.
    pub fn factor(&self, share: f64, best: f64) -> f64 {
        let usual = self.known * self.usual + (1.0 - self.known) * logarithm(best);
        self.strength.factor(logarithm(share) - usual)
    }

    /// For the card.
    pub fn words(&self) -> String {
        let doubled = 2f64.powf(self.strength.mode);
        let exponent = self.strength.words();
        format!(
            "an hour in which a customer is twice as active multiplies the effect by {doubled:.2} (exponent {exponent})"
        )
    }
}

/// Of a share against that of an even week; an hour without any activity is as good as a thousandth of it.
fn logarithm(share: f64) -> f64 {
    (share * HOURS as f64).max(1e-3).ln()
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
                let p = without + (with - without) * (truth * x).exp().clamp(0.25, 4.0);
                let converted = f64::from(u8::from(stream.uniform() < p));
                Contact { moment: x.exp() / HOURS as f64, with, without, converted, weight: 1.0 }
            })
            .collect()
    }

    fn learned(count: usize, truth: f64, seed: u64) -> Strength {
        Tempo::learn(&contacts(count, truth, seed), count).strength
    }

    #[test]
    fn what_is_true_is_found_within_what_is_claimed() {
        for truth in [0.0, 0.5, 1.0] {
            let within = (0..20).filter(|&seed| {
                let learned = learned(20_000, truth, seed);
                (learned.mode - truth).abs() <= 2.5 * learned.deviation
            });
            let within = within.count();
            assert!(within >= 18, "{truth}: {within}");
        }
        let learned = learned(100_000, 0.0, 1);
        assert!(learned.mode.abs() < 0.06 && learned.deviation < 0.05, "{learned:?}");
    }

    #[test]
    fn few_contacts_change_little_and_none_nothing() {
        assert_eq!(Tempo::learn(&[], 0), Tempo::default());
        let few = learned(20, 1.5, 1);
        assert!((few.mode - 0.5).abs() < 0.3, "{few:?}");
        let none = Tempo::default();
        assert!((none.factor(0.01, 0.01) - 1.0).abs() < 1e-12 && none.factor(0.005, 0.01) < 1.0);
    }

    #[test]
    fn the_hours_of_a_few_say_little_of_what_is_usual() {
        let mut few = contacts(10, 0.5, 3);
        few.iter_mut().for_each(|contact| contact.moment /= 4.0);
        let told = |all| Tempo::learn(&few, all).factor(0.01, 0.01);
        assert!(told(10) > 1.3, "ten bad hours are all there is: {}", told(10));
        assert!((told(8_000) - 1.0).abs() < 0.01, "effects are those of thousands: {}", told(8_000));
    }

    #[test]
    fn a_tempo_of_before_strengths_were_learned_is_as_good_as_none() {
        let old = r#"{ "exponent": 1.9, "deviation": 0.1, "contacts": 9, "usual": -3.0 }"#;
        let tempo: Tempo = serde_json::from_str(old).unwrap();
        assert!((tempo.factor(0.01, 0.01) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn an_hour_does_neither_wonders_nor_nothing() {
        let tempo = Tempo { strength: Strength { mode: 2.0, deviation: 0.1, contacts: 9 }, known: 1.0, usual: 0.0 };
        assert_eq!((tempo.factor(1.0, 1.0), tempo.factor(0.0, 1.0)), (4.0, 0.25));
        assert!(tempo.words().contains("by 4.00"), "{}", tempo.words());
    }
}
