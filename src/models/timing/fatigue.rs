//! What earlier contacts do to the effect of the next one.

use serde::{Deserialize, Serialize};

use super::strength::{Belief, Contact, Strength};
use crate::clock::{DAY, Timestamp};

/// An earlier contact weighs half as much after so many days.
const HALF_LIFE_DAYS: f64 = 30.0;
/// Before anything was tried: right after a contact, the next one does half as much.
const BELIEVED: Belief = Belief { mean: std::f64::consts::LN_2, deviation: 0.35, range: (0.0, 2.0) };

/// The pressure of contacts on a customer at an instant: their number, each halved with every thirty days between (the decay of
/// Broadbent's adstock, 1979). Contacts that are planned for later count as those that were.
pub fn pressure(contacts: impl Iterator<Item = Timestamp>, at: Timestamp) -> f64 {
    let half_lives = |contact: Timestamp| (at.0 - contact.0).abs() as f64 / (HALF_LIFE_DAYS * DAY as f64);
    contacts.map(|contact| (-half_lives(contact)).exp2()).sum()
}

/// How an effect depends on earlier contacts: `P = without + (with - without) x exp(-strength (pressure - usual))`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fatigue {
    strength: Strength,
    /// Mean pressure over the contacts from which effects were learned; one of which none is known is taken for a first one.
    usual: f64,
}

impl Default for Fatigue {
    fn default() -> Fatigue {
        Fatigue { strength: Strength::believed(BELIEVED), usual: 0.0 }
    }
}

impl Fatigue {
    /// Learns from contacts that were left to chance, [`Contact::moment`] being the pressure; `all` contacts are behind `with`, those of
    /// unknown pressure among them.
    pub fn learn(contacts: &[Contact], all: usize) -> Fatigue {
        if contacts.is_empty() {
            return Fatigue::default();
        }
        let usual = contacts.iter().map(|contact| contact.moment).sum::<f64>() / all.max(contacts.len()) as f64;
        Fatigue { strength: Strength::learn(contacts, BELIEVED, |contact| usual - contact.moment), usual }
    }

    /// By how much a pressure multiplies what a contact adds, against a usual one.
    pub fn factor(&self, pressure: f64) -> f64 {
        self.strength.factor(self.usual - pressure)
    }

    /// For the card.
    pub fn words(&self) -> String {
        let left = (-self.strength.mode).exp();
        let strength = self.strength.words();
        format!("right after a contact the next one adds {left:.2} of what it would (strength {strength})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn pressure_halves_in_thirty_days_either_way() {
        let at = Timestamp(1_000 * DAY);
        let of = |days: &[i64]| pressure(days.iter().map(|days| at.plus(-days * DAY)), at);
        assert_eq!((of(&[]), of(&[0]), of(&[30]), of(&[-30])), (0.0, 1.0, 0.5, 0.5));
        assert!((of(&[60, 60, 0]) - 1.5).abs() < 1e-12);
    }

    #[test]
    fn who_was_just_written_to_answers_less_until_the_contrary_is_seen() {
        let believed = Fatigue::default();
        assert!((believed.factor(0.0) - 1.0).abs() < 1e-12 && (believed.factor(1.0) - 0.5).abs() < 1e-12);
        for truth in [0.0, 1.0] {
            let mut stream = Stream::new(7, "fatigue");
            let contacts: Vec<Contact> = (0..20_000)
                .map(|_| {
                    let moment = f64::from(u8::from(stream.uniform() < 0.5));
                    let p = 0.05 + 0.15 * (-truth * moment).exp();
                    let converted = f64::from(u8::from(stream.uniform() < p));
                    // What a model that does not know of pressure makes of both kinds together.
                    let with = 0.05 + 0.15 * (1.0 + (-truth).exp()) / 2.0;
                    Contact { moment, with, without: 0.05, converted, weight: 1.0 }
                })
                .collect();
            let learned = Fatigue::learn(&contacts, contacts.len());
            let ratio = learned.factor(1.0) / learned.factor(0.0);
            assert!((ratio - (-truth).exp()).abs() < 0.06, "{truth}: {ratio} {learned:?}");
        }
    }
}
