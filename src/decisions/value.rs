//! What a contact is worth, term by term.

use serde::{Deserialize, Serialize};

use super::candidate::Candidate;

/// The terms of a candidate's value besides the two probabilities. Minor units; posterior means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueTerms {
    /// m1: margin of a conversion with the contact, before the discount.
    pub margin_with: f64,
    /// redeem1: P(the discount is redeemed | a conversion with the contact).
    pub redeem: f64,
    /// The discount that is paid when redeemed.
    pub discount: f64,
    /// m0: margin of a conversion without the contact.
    pub margin_without: f64,
    /// E[V_after(1) - V_after(0)]: change of the value from the end of the window on. Purchases pulled forward make it negative.
    pub after: f64,
    /// Cost of the contact itself.
    pub contact_cost: f64,
    /// Chance that this contact ends the permission to contact.
    pub hazard: f64,
    /// W >= 0: future incremental value of reaching this customer by this channel.
    pub reach_value: f64,
    /// What the contact is worth in itself, as the marketer states it: care, a duty, a word that was promised.
    pub worth: f64,
}

/// The value of a candidate, with each of its terms, in minor units.
///
/// `total = p1 (m1 - redeem1 discount) - p0 m0 + E[V_after(1) - V_after(0)] - contact_cost - hazard W + worth`
///
/// Nothing in it charges the customer's own claims, calls or years: they enter, if at all, through the value of keeping the
/// customer (`after`, `reach_value`), which falls with cost and never rises with it. So all else equal fewer claims or calls
/// never make a candidate worth less; see `earned` for benefits that are not weighed at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// p1 m1: margin with the contact.
    pub with_contact: f64,
    /// -p1 redeem1 discount.
    pub discount: f64,
    /// -p0 m0: what would have come anyway.
    pub anyway: f64,
    /// The change of later value.
    pub after: f64,
    /// Minus the cost of the contact.
    pub contact_cost: f64,
    /// -hazard W: the risk of losing the permission.
    pub fatigue: f64,
    /// What the contact is worth in itself.
    #[serde(default)]
    pub worth: f64,
    /// The sum.
    pub total: f64,
}

impl Value {
    /// The value of `candidate`; `None` when a term is not a finite number, a probability is outside 0..1, or W is below 0.
    pub fn of(candidate: &Candidate) -> Option<Value> {
        let Candidate { p1, p0, terms, spend, .. } = candidate;
        let chances = [*p1, *p0, terms.redeem, terms.hazard];
        if !chances.iter().all(|p| (0.0..=1.0).contains(p)) || terms.reach_value < 0.0 || *spend < 0.0 {
            return None;
        }
        let mut value = Value {
            with_contact: p1 * terms.margin_with,
            discount: -(p1 * terms.redeem * terms.discount),
            anyway: -(p0 * terms.margin_without),
            after: terms.after,
            contact_cost: -terms.contact_cost,
            fatigue: -(terms.hazard * terms.reach_value),
            worth: terms.worth,
            total: 0.0,
        };
        value.total = value.with_contact
            + value.discount
            + value.anyway
            + value.after
            + value.contact_cost
            + value.fatigue
            + value.worth;
        (value.total.is_finite() && spend.is_finite()).then_some(value)
    }

    /// The terms with their names, in the order of the formula; terms that are zero are left out.
    pub fn named(&self) -> Vec<(&'static str, f64)> {
        [
            ("margin if contacted", self.with_contact),
            ("discount redeemed", self.discount),
            ("margin that comes anyway", self.anyway),
            ("later value", self.after),
            ("cost of the contact", self.contact_cost),
            ("risk of losing the permission", self.fatigue),
            ("the contact in itself", self.worth),
        ]
        .into_iter()
        .filter(|(_, amount)| *amount != 0.0)
        .collect()
    }
}
