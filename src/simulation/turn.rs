//! One client's window: how many orders, whether it leaves, how it answers the contact.

use super::catalogue::COMPLAINT_COST;
use super::life::{self, Direction, Interaction};
use super::order::{self, Order, Redemption};
use super::person::Person;
use super::truth::{Effect, MOST_ORDERS, State, Treatment};
use super::world::{Planned, World};
use crate::clock::{DAY, MINUTE, Timestamp};
use crate::random::Stream;

impl World<'_> {
    /// One client's window.
    pub(super) fn turn(&self, index: usize, planned: Option<Planned>) -> Turn {
        let person = &self.company().clients[index].person;
        let mut s = Stream::new(self.company().shape.seed, &format!("window {} {}", self.round, person.external_id));
        let luck: Luck = Luck::draw(&mut s);
        let outlook = self.outlook(index);
        let spontaneous = by_chance(&outlook.chances, luck.orders);
        let effect = planned.map(|planned| outlook.effect(planned.treatment)).unwrap_or_default();
        let leaves = luck.leave < effect.leave;
        let persuaded = !leaves
            && spontaneous == 0
            && planned.is_some_and(|planned| luck.persuade < outlook.persuasion(planned.treatment));
        let count = if leaves { 0 } else { spontaneous.max(usize::from(persuaded)) };
        let orders = self.orders(person, planned, &luck, (count, persuaded), &mut s);
        let interactions =
            planned.map_or_else(Vec::new, |planned| self.answers(index, planned, &effect, &luck, count > 0, &mut s));
        let mut next = self.states[index];
        next.active &= !leaves && luck.silent >= 1.0 - (1.0_f64 - person.dropout).powf(self.days / 30.0);
        next.recent_contacts = u32::from(planned.is_some());
        next.debt = outlook.debt_after() + if persuaded { person.pull_forward } else { 0.0 };
        for stop in interactions.iter().filter(|interaction| interaction.reason == "stop") {
            next.consent[stop.channel.index()] = false;
        }
        Turn { contact_cost: interactions.iter().map(|i| i.cost).sum(), orders, interactions, effect, next }
    }

    /// The window's orders. The first may use the offer; a persuaded one follows the contact by two days on average.
    fn orders(
        &self,
        person: &Person,
        planned: Option<Planned>,
        luck: &Luck,
        (count, persuaded): (usize, bool),
        s: &mut Stream,
    ) -> Vec<Order> {
        let end = self.end().0 - MINUTE;
        let begin = planned.map_or(self.from, |planned| planned.at).0 + MINUTE;
        let mut times: Vec<i64> =
            luck.times[..count].iter().map(|u| begin + (u * (end - begin).max(0) as f64) as i64).collect();
        if persuaded {
            times[0] = (begin + (luck.delay * DAY as f64) as i64).min(end.max(begin));
        }
        times.sort_unstable();
        let redemption = |n| match planned {
            Some(planned) if n == 0 && persuaded => Redemption::Surely(planned.treatment.offer),
            Some(planned) if n == 0 => Redemption::Maybe(planned.treatment.offer),
            _ => Redemption::None,
        };
        (0..).zip(times).map(|(n, at)| order::draw(person, Timestamp(at), redemption(n), s)).collect()
    }

    /// How a contact was met, a permission withdrawn, a complaint.
    fn answers(
        &self,
        index: usize,
        planned: Planned,
        effect: &Effect,
        luck: &Luck,
        bought: bool,
        s: &mut Stream,
    ) -> Vec<Interaction> {
        let (Treatment { channel, .. }, at) = (planned.treatment, planned.at);
        let person = &self.company().clients[index].person;
        let mut answers = vec![Interaction {
            at,
            direction: Direction::Outbound,
            channel,
            reason: "campaign",
            outcome: life::reaction(person, channel, self.states[index].active, bought, s),
            cost: channel.cost().0,
            campaign: None,
        }];
        let later =
            |minutes: f64| Timestamp((at.0 + (minutes * MINUTE as f64) as i64).min(self.end().0 - MINUTE).max(at.0));
        if luck.unsubscribe < effect.unsubscribe {
            answers.push(life::inbound(later(30.0 + 90.0 * luck.silent), channel, "stop", 0));
        }
        if luck.complain < effect.complain {
            answers.push(life::inbound(later(60.0 + 600.0 * luck.silent), channel, "complaint", COMPLAINT_COST));
        }
        answers
    }
}

/// The numbers that decide a client's window; drawn whether they are needed or not.
struct Luck {
    orders: f64,
    leave: f64,
    persuade: f64,
    unsubscribe: f64,
    complain: f64,
    silent: f64,
    delay: f64,
    times: [f64; MOST_ORDERS],
}

impl Luck {
    fn draw(s: &mut Stream) -> Luck {
        Luck {
            orders: s.uniform(),
            leave: s.uniform(),
            persuade: s.uniform(),
            unsubscribe: s.uniform(),
            complain: s.uniform(),
            silent: s.uniform(),
            delay: s.exponential(2.0),
            times: std::array::from_fn(|_| s.uniform()),
        }
    }
}

/// What one client did.
pub(super) struct Turn {
    pub orders: Vec<Order>,
    pub interactions: Vec<Interaction>,
    pub contact_cost: i64,
    pub effect: Effect,
    pub next: State,
}

/// The number whose cumulated chance `u` falls into.
fn by_chance(chances: &[f64], u: f64) -> usize {
    let mut rest = u;
    chances
        .iter()
        .position(|chance| {
            rest -= chance;
            rest < 0.0
        })
        .unwrap_or(chances.len() - 1)
}
