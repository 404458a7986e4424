//! The truth: what a client would do in a window with and without a contact, and what that is worth.
//!
//! Over a window of `d` days, spontaneous orders are `N0 = min(Poisson(rate x season x d / 30), 8)`. A contact with treatment `t`
//! makes the client leave with probability `h`; otherwise, where there would have been no order, it brings one with probability
//! `u` (persuasion). Therefore `p1 = (1 - h) (p0 + (1 - p0) u)`. The first order of the window may use the offer: a persuaded one
//! always does, a spontaneous one with the client's own probability.

use super::catalogue::{COMPLAINT_COST, Channel, OFFERS};
use super::order::{basket, factors};
use super::person::{BASKETS, Person};

/// The most spontaneous orders in a window.
pub const MOST_ORDERS: usize = 8;
/// Yearly rate for present values.
const DISCOUNT_RATE: f64 = 0.1;
/// Months over which the future is counted.
const HORIZON: i32 = 12;
/// Contacts in a year through which a permission pays.
const CONTACTS_A_YEAR: f64 = 4.0;
/// Orders per month of a client who has fallen silent.
const SILENT_RATE: f64 = 0.003;

/// Offer and channel; positions in [`OFFERS`] and [`Channel::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Treatment {
    /// Position of the offer.
    pub offer: usize,
    /// The channel.
    pub channel: Channel,
}

impl Treatment {
    /// All treatments, offers first.
    pub fn all() -> impl Iterator<Item = Treatment> {
        (0..OFFERS.len()).flat_map(|offer| Channel::ALL.into_iter().map(move |channel| Treatment { offer, channel }))
    }
}

/// Where a client stands at the start of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// Still a client; false once it fell silent or left.
    pub active: bool,
    /// Permission by channel.
    pub consent: [bool; 4],
    /// Contacts in the last 30 days; they tire.
    pub recent_contacts: u32,
    /// Orders that were pulled forward and will be missing.
    pub debt: f64,
}

/// When a window is and how long it lasts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Calendar month of its start, 0 = January.
    pub month: usize,
    /// Its length in days.
    pub days: f64,
}

/// What one contact does, in expectation. Money in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Effect {
    /// Chance of an order in the window without the contact.
    pub p0: f64,
    /// The same with it.
    pub p1: f64,
    /// Profit of a first order without the offer: margin less returns and service.
    pub order0: f64,
    /// Expected discount and gift cost.
    pub redeemed: f64,
    /// Chance that the contact makes the client leave.
    pub leave: f64,
    /// Chance that it ends the permission for the channel.
    pub unsubscribe: f64,
    /// Chance of a complaint about it.
    pub complain: f64,
    /// Incremental profit within the window, the cost of the contact taken off.
    pub window: f64,
    /// Incremental profit after it: orders pulled forward, clients and permissions lost.
    pub after: f64,
}

impl Effect {
    /// Incremental profit within and after the window.
    pub fn total(&self) -> f64 {
        self.window + self.after
    }
}

/// Chances of 0, 1, ... [`MOST_ORDERS`] spontaneous orders.
pub fn order_chances(mean: f64) -> [f64; MOST_ORDERS + 1] {
    let mut chances = [0.0; MOST_ORDERS + 1];
    let (mut chance, mut rest) = ((-mean).exp(), 1.0);
    for (n, slot) in chances.iter_mut().enumerate().take(MOST_ORDERS) {
        *slot = chance;
        rest -= chance;
        chance *= mean / (n as f64 + 1.0);
    }
    chances[MOST_ORDERS] = rest.max(0.0);
    chances
}

/// The truth about one client in one window; made once, asked for each treatment.
#[derive(Debug, Clone)]
pub struct Outlook<'a> {
    person: &'a Person,
    state: State,
    /// Chances of 0, 1, ... spontaneous orders.
    pub chances: [f64; MOST_ORDERS + 1],
    /// Expected number of them.
    pub orders: f64,
    order0: f64,
    future: f64,
    debt: f64,
}

impl<'a> Outlook<'a> {
    /// The truth about `person`, who stands in `state`, in `window`.
    pub fn new(person: &'a Person, state: State, window: Window) -> Outlook<'a> {
        let rate = if state.active { person.rate } else { SILENT_RATE };
        let mean = rate * person.season(window.month) * window.days / 30.0;
        let chances = order_chances((mean - state.debt).max(0.0));
        let orders = chances.iter().enumerate().map(|(n, chance)| n as f64 * chance).sum();
        let order0 = order_profit(person, None);
        let future = if state.active { future_value(person, order0) } else { 0.0 };
        Outlook { person, state, chances, orders, order0, future, debt: (state.debt - mean).max(0.0) }
    }

    /// Chance of an order without a contact.
    pub fn p0(&self) -> f64 {
        1.0 - self.chances[0]
    }

    /// Expected profit in the window without a contact.
    pub fn profit0(&self) -> f64 {
        self.orders * self.order0
    }

    /// Present value of the client's next twelve months.
    pub fn future(&self) -> f64 {
        self.future
    }

    /// Orders still missing after this window.
    pub fn debt_after(&self) -> f64 {
        self.debt
    }

    /// May the client be reached by this channel?
    pub fn reachable(&self, channel: Channel) -> bool {
        self.state.consent[channel.index()]
    }

    /// Chance that the contact turns no order into one; recent contacts and a lost interest lower it.
    pub fn persuasion(&self, treatment: Treatment) -> f64 {
        let interest = if self.state.active { 1.0 } else { 0.03 };
        let fatigue = 0.6_f64.powi(self.state.recent_contacts.min(8) as i32);
        self.person.persuasion(treatment.offer, treatment.channel) * interest * fatigue
    }

    /// Chance that the contact makes the client leave.
    pub fn leave(&self, channel: Channel) -> f64 {
        if self.state.active { (self.person.leave * channel.intrusion()).min(0.9) } else { 0.0 }
    }

    /// Chance that the contact ends the permission for its channel.
    pub fn unsubscribe(&self, channel: Channel) -> f64 {
        let fatigue = 1.0 + 0.5 * f64::from(self.state.recent_contacts);
        (self.person.unsubscribe * channel.intrusion() * fatigue).min(0.9)
    }

    /// What a contact with this treatment does.
    pub fn effect(&self, treatment: Treatment) -> Effect {
        let person = self.person;
        let (p0, u) = (self.p0(), self.persuasion(treatment));
        let (leave, unsubscribe) = (self.leave(treatment.channel), self.unsubscribe(treatment.channel));
        let stay = 1.0 - leave;
        let used = order_profit(person, Some(treatment.offer));
        let first = person.redeem() * used + (1.0 - person.redeem()) * self.order0;
        let others = self.orders - p0;
        let profit1 = stay * (p0 * first + (1.0 - p0) * u * used + others * self.order0);
        let complaints = person.complain * treatment.channel.intrusion();
        let contact = treatment.channel.cost().0 as f64 + complaints * COMPLAINT_COST as f64;
        let persuaded = stay * (1.0 - p0) * u;
        let permission = CONTACTS_A_YEAR * ((1.0 - p0) * u * self.order0).max(0.0);
        Effect {
            p0,
            p1: stay * (p0 + (1.0 - p0) * u),
            order0: self.order0,
            redeemed: stay * (p0 * person.redeem() + (1.0 - p0) * u) * offer_cost(person, treatment.offer),
            leave,
            unsubscribe,
            complain: complaints,
            window: profit1 - self.profit0() - contact,
            after: -persuaded * person.pull_forward * self.order0 - leave * self.future - unsubscribe * permission,
        }
    }
}

/// Expected profit of one order, by the equally likely baskets; with an offer when it uses one.
fn order_profit(person: &Person, offer: Option<usize>) -> f64 {
    let stretch = offer.map_or(1.0, |offer| person.stretch(offer));
    let amount = factors().iter().map(|&factor| basket(person, factor, stretch) as f64).sum::<f64>() / BASKETS as f64;
    (1.0 - person.returns) * person.margin() * amount
        - offer.map_or(0.0, |offer| offer_cost(person, offer))
        - person.service_cost()
}

/// Expected cost of a redeemed offer; nothing when the order is sent back.
fn offer_cost(person: &Person, offer: usize) -> f64 {
    let stretch = person.stretch(offer);
    let total: i64 = factors().iter().map(|&factor| OFFERS[offer].cost(basket(person, factor, stretch))).sum();
    (1.0 - person.returns) * total as f64 / BASKETS as f64
}

/// Present value of the next twelve months' orders. Never below nothing: losing a costly client is no gain that may be sought.
fn future_value(person: &Person, order: f64) -> f64 {
    let months = (1..=HORIZON)
        .map(|month| (1.0 - person.dropout).powi(month) / (1.0 + DISCOUNT_RATE).powf(f64::from(month) / 12.0));
    (person.rate * order * months.sum::<f64>()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::person::{self, Kind};

    fn outlook(person: &Person) -> Outlook<'_> {
        let state = State { active: true, consent: person.consent, recent_contacts: 0, debt: 0.0 };
        Outlook::new(person, state, Window { month: 2, days: 30.0 })
    }

    fn mean_effect(kind: Kind) -> f64 {
        let people: Vec<Person> = (0..2000).map(|i| person::draw(5, i)).filter(|p| p.kind == kind).collect();
        let total: f64 = people.iter().flat_map(|p| Treatment::all().map(move |t| outlook(p).effect(t).total())).sum();
        total / (people.len() * OFFERS.len() * 4) as f64
    }

    #[test]
    fn kinds_react_as_they_are_called() {
        assert!(mean_effect(Kind::Persuadable) > 100.0, "{}", mean_effect(Kind::Persuadable));
        assert!(mean_effect(Kind::SleepingDog) < -500.0, "{}", mean_effect(Kind::SleepingDog));
        assert!(mean_effect(Kind::BuysAnyway) < 0.0, "discounts for those who buy anyway are lost");
        assert!(mean_effect(Kind::LostCause) < 0.0);
        assert!(mean_effect(Kind::Costly) < 0.0);
    }

    #[test]
    fn chances_add_up() {
        for mean in [0.0, 0.003, 0.4, 4.0, 9.0] {
            let total: f64 = order_chances(mean).iter().sum();
            assert!((total - 1.0).abs() < 1e-12, "{mean}: {total}");
        }
    }

    #[test]
    fn recent_contacts_tire() {
        let person = (0..).map(|i| person::draw(5, i)).find(|p| p.kind == Kind::Persuadable).expect("one of four");
        let fresh = outlook(&person);
        let state = State { recent_contacts: 2, ..fresh.state };
        let tired = Outlook::new(&person, state, Window { month: 2, days: 30.0 });
        let email = Treatment { offer: 1, channel: Channel::Email };
        assert!(tired.effect(email).p1 < fresh.effect(email).p1);
        assert!(tired.effect(email).unsubscribe > fresh.effect(email).unsubscribe);
    }
}
