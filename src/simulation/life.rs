//! The past of one client: 24 months of orders, contacts and service, as the company has them on record.
//!
//! Past campaigns chose at random (none with a fixed share, else uniform over the treatments the client could get), so that their
//! log, with its propensities, is an honest source to learn from.

use super::catalogue::{CALL_COST, COMPLAINT_COST, Channel};
use super::order::{self, Order, Redemption};
use super::person::Person;
use super::truth::Treatment;
use crate::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::random::Stream;

/// Length of a simulated month.
pub const MONTH: i64 = 30 * DAY;
/// Months (from 0) that began with a randomised campaign.
pub const CAMPAIGN_MONTHS: [usize; 8] = [3, 6, 9, 12, 15, 18, 20, 22];
/// Months with a newsletter to all who agreed to e-mail; it sells nothing, but shows who reads.
pub const NEWSLETTER_MONTHS: [usize; 4] = [5, 11, 17, 21];
/// Share of clients that a past campaign drew.
const CAMPAIGN_SHARE: f64 = 0.4;
/// Share of those whom it left alone.
const NONE_SHARE: f64 = 0.3;
/// Past campaigns went out at three in the afternoon UTC: waking hours in all zones of the company.
const SEND_HOUR: i64 = 15 * HOUR;

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The client.
    Inbound,
    /// The company.
    Outbound,
}

/// A contact or a call on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interaction {
    /// When.
    pub at: Timestamp,
    /// Who spoke.
    pub direction: Direction,
    /// Through which channel.
    pub channel: Channel,
    /// Why: campaign, newsletter, question, complaint, stop.
    pub reason: &'static str,
    /// What came of it: sent, opened, clicked, answered, missed; solved when the client began.
    pub outcome: &'static str,
    /// Its cost in minor units.
    pub cost: i64,
    /// The month whose campaign sent it.
    pub campaign: Option<usize>,
}

/// What the company knew of the client when a past campaign drew; named and defined as in the feature catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Known {
    /// Days since the last order; 0 without one.
    pub recency: f64,
    /// Days since the first order; 0 without one.
    pub tenure: f64,
    /// Orders.
    pub freq: f64,
    /// Orders of the last 90 days.
    pub freq90: f64,
    /// Revenue after discounts, in minor units.
    pub monetary: f64,
    /// Revenue per order, in minor units.
    pub aov: f64,
    /// Share of outbound e-mails opened or clicked.
    pub open_rate: f64,
    /// Share of outbound contacts clicked or answered.
    pub click_rate: f64,
    /// Outbound contacts of the last 90 days.
    pub contacts90: f64,
    /// Complaints.
    pub complaints: f64,
    /// Discount taken, of what the goods would have cost without it.
    pub discount_share: f64,
}

impl Known {
    /// What the record tells at an instant: only what lies before it.
    pub fn of(life: &Life, at: Timestamp) -> Known {
        let orders = || life.orders.iter().filter(|order| order.at < at);
        let sent = || life.interactions.iter().filter(|i| i.direction == Direction::Outbound && i.at < at);
        let recent = at.plus(-90 * DAY);
        let count = |n: usize| n as f64;
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let freq = count(orders().count());
        let paid = orders().map(Order::paid).sum::<i64>() as f64;
        let off = orders().map(Order::off).sum::<i64>() as f64;
        let emails = count(sent().filter(|i| i.channel == Channel::Email).count());
        let seen = |i: &&Interaction| i.channel == Channel::Email && matches!(i.outcome, "opened" | "clicked");
        let caused = orders().filter(|order| order.complained && order.service_at() < at).count();
        let inbound = life.interactions.iter().filter(|i| i.reason == "complaint" && i.at < at).count();
        Known {
            recency: orders().next_back().map_or(0.0, |order| at.days_since(order.at)),
            tenure: orders().next().map_or(0.0, |order| at.days_since(order.at)),
            freq,
            freq90: count(orders().filter(|order| order.at >= recent).count()),
            monetary: paid,
            aov: share(paid, freq),
            open_rate: share(count(sent().filter(seen).count()), emails),
            click_rate: share(count(sent().filter(|i| is_response(i.outcome)).count()), count(sent().count())),
            contacts90: count(sent().filter(|i| i.at >= recent).count()),
            complaints: count(caused + inbound),
            discount_share: share(off, paid + off),
        }
    }
}

/// A choice that a past campaign made, with what came of it within its month.
#[derive(Debug, Clone, PartialEq)]
pub struct PastDecision {
    /// When.
    pub at: Timestamp,
    /// The month, which names the campaign.
    pub month: usize,
    /// The treatment; `None` where the draw left the client alone.
    pub treatment: Option<Treatment>,
    /// The chance of this choice.
    pub propensity: f64,
    /// What was known.
    pub known: Known,
    /// An order followed within the month.
    pub converted: bool,
    /// Profit of the month's orders, less the contact.
    pub value: i64,
}

/// The record of one client.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Life {
    /// Orders in time order.
    pub orders: Vec<Order>,
    /// Contacts and calls.
    pub interactions: Vec<Interaction>,
    /// What past campaigns chose.
    pub decisions: Vec<PastDecision>,
    /// Still a client at the end of the record.
    pub active: bool,
    /// Permissions at the end.
    pub consent: [bool; 4],
    /// Contacts in the last 30 days of the record.
    pub recent_contacts: u32,
}

impl Life {
    /// Profit on record: orders, less contacts and the calls that no order caused.
    pub fn profit(&self) -> i64 {
        self.orders.iter().map(Order::profit).sum::<i64>() - self.contact_cost()
    }

    /// Cost of outbound contacts and of calls and complaints that no order caused.
    pub fn contact_cost(&self) -> i64 {
        self.interactions.iter().map(|interaction| interaction.cost).sum()
    }

    /// Calls and complaints, whether an order caused them or not.
    pub fn noise(&self) -> u32 {
        let by_orders: u32 = self.orders.iter().map(|order| order.calls + u32::from(order.complained)).sum();
        by_orders + self.interactions.iter().filter(|i| i.direction == Direction::Inbound).count() as u32
    }
}

/// Lives through the months. `calendar` holds the calendar month (0 = January) of each simulated month.
pub fn live(person: &Person, seed: u64, from: Timestamp, calendar: &[usize]) -> Life {
    let s = Stream::new(seed, &format!("life {}", person.external_id));
    let life = Life { active: true, consent: person.consent, ..Life::default() };
    let mut story = Story { person, s, life };
    for (month, season) in calendar.iter().enumerate() {
        if month as i32 >= person.joined {
            story.month(month, from.plus(month as i64 * MONTH), person.season(*season));
        }
    }
    let last = from.plus((calendar.len() as i64 - 1) * MONTH);
    let recent = |i: &&Interaction| i.direction == Direction::Outbound && i.at >= last;
    story.life.recent_contacts = story.life.interactions.iter().filter(recent).count() as u32;
    story.life
}

struct Story<'a> {
    person: &'a Person,
    s: Stream,
    life: Life,
}

impl Story<'_> {
    fn month(&mut self, month: usize, start: Timestamp, season: f64) {
        let known_orders = self.life.orders.len();
        let decision = CAMPAIGN_MONTHS.contains(&month).then(|| self.draw_treatment(month, start)).flatten();
        let joins = month as i32 == self.person.joined && !self.person.prospect;
        let contact = decision.as_ref().and_then(|d| d.treatment.map(|treatment| (treatment, d.at)));
        let stays = contact.is_none_or(|(treatment, _)| !self.leaves(treatment.channel));
        if stays && self.life.active {
            self.order_in_month(start, season, joins, contact);
        }
        let lost = self.contact_in_month(month, contact, known_orders);
        if NEWSLETTER_MONTHS.contains(&month) && self.life.consent[0] {
            self.newsletter(month, start);
        }
        self.ask(start);
        if let Some(mut decision) = decision {
            let orders = &self.life.orders[known_orders..];
            decision.converted = !orders.is_empty();
            decision.value = orders.iter().map(Order::profit).sum::<i64>() - lost;
            self.life.decisions.push(decision);
        }
        let silent = self.s.uniform() < self.person.dropout;
        self.life.active &= stays && (self.person.prospect || !silent);
    }

    fn leaves(&mut self, channel: Channel) -> bool {
        self.life.active && self.s.uniform() < self.person.leave * channel.intrusion()
    }

    fn draw_treatment(&mut self, month: usize, start: Timestamp) -> Option<PastDecision> {
        let usable: Vec<Treatment> = Treatment::all().filter(|t| self.life.consent[t.channel.index()]).collect();
        if self.s.uniform() >= CAMPAIGN_SHARE || usable.is_empty() || month as i32 == self.person.joined {
            return None;
        }
        let none = self.s.uniform() < NONE_SHARE;
        let drawn = usable[self.s.below(usable.len())];
        let at = start.plus(SEND_HOUR);
        Some(PastDecision {
            at,
            month,
            treatment: (!none).then_some(drawn),
            propensity: if none { NONE_SHARE } else { (1.0 - NONE_SHARE) / usable.len() as f64 },
            known: Known::of(&self.life, at),
            converted: false,
            value: 0,
        })
    }

    fn order_in_month(&mut self, start: Timestamp, season: f64, joins: bool, contact: Option<(Treatment, Timestamp)>) {
        let spontaneous = self.s.poisson(self.person.rate * season).min(8);
        let persuaded = contact.is_some_and(|(t, _)| self.s.uniform() < self.person.persuasion(t.offer, t.channel));
        let begin = contact.map_or(start, |(_, at)| at);
        let count = spontaneous.max(u32::from(joins)).max(u32::from(persuaded));
        let mut times: Vec<Timestamp> = (0..count).map(|_| self.hour_of(begin, start)).collect();
        if let (true, 0, Some((_, at))) = (persuaded, spontaneous, contact) {
            times[0] = at.plus((self.s.exponential(2.0).min(20.0) * DAY as f64) as i64 + 5 * MINUTE);
        }
        times.sort();
        for (n, at) in times.into_iter().enumerate() {
            let redemption = match contact {
                Some((t, _)) if n == 0 && spontaneous == 0 => Redemption::Surely(t.offer),
                Some((t, _)) if n == 0 => Redemption::Maybe(t.offer),
                _ => Redemption::None,
            };
            let order = order::draw(self.person, at, redemption, &mut self.s);
            self.life.orders.push(order);
        }
    }

    /// Some hour within the month, near the client's own hour of the day.
    fn hour_of(&mut self, begin: Timestamp, start: Timestamp) -> Timestamp {
        let days = (self.s.uniform() * 29.0) as i64;
        let hour = (self.person.hour + 2.0 * self.s.normal()).clamp(0.0, 23.9);
        let at = start.plus(days * DAY + (hour * HOUR as f64) as i64);
        at.max(begin.plus(5 * MINUTE))
    }

    /// Records the month's contact and what it led to; answers its cost.
    fn contact_in_month(&mut self, month: usize, contact: Option<(Treatment, Timestamp)>, known_orders: usize) -> i64 {
        let Some((treatment, at)) = contact else { return 0 };
        let bought = self.life.orders.len() > known_orders;
        let outcome = reaction(self.person, treatment.channel, self.life.active, bought, &mut self.s);
        let cost = treatment.channel.cost().0;
        let sent = Interaction {
            at,
            direction: Direction::Outbound,
            channel: treatment.channel,
            reason: "campaign",
            outcome,
            cost,
            campaign: Some(month),
        };
        self.life.interactions.push(sent);
        cost + self.object(treatment.channel, at)
    }

    /// Permission withdrawn, or a complaint about the contact; answers its cost.
    fn object(&mut self, channel: Channel, at: Timestamp) -> i64 {
        let (stop, complain) = (self.s.uniform(), self.s.uniform());
        if stop < self.person.unsubscribe * channel.intrusion() {
            self.life.interactions.push(inbound(at.plus(3 * HOUR), channel, "stop", 0));
            self.life.consent[channel.index()] = false;
        }
        if complain >= self.person.complain * channel.intrusion() {
            return 0;
        }
        self.life.interactions.push(inbound(at.plus(4 * HOUR), channel, "complaint", COMPLAINT_COST));
        COMPLAINT_COST
    }

    fn newsletter(&mut self, month: usize, start: Timestamp) {
        let outcome = reaction(self.person, Channel::Email, self.life.active, false, &mut self.s);
        self.life.interactions.push(Interaction {
            at: start.plus(10 * DAY + SEND_HOUR),
            direction: Direction::Outbound,
            channel: Channel::Email,
            reason: "newsletter",
            outcome,
            cost: Channel::Email.cost().0,
            campaign: Some(month),
        });
    }

    /// Questions that no order caused.
    fn ask(&mut self, start: Timestamp) {
        let calls = if self.life.active { self.s.poisson(self.person.calls_per_month) } else { 0 };
        for _ in 0..calls {
            let at = start.plus((self.s.uniform() * MONTH as f64) as i64);
            self.life.interactions.push(inbound(at, Channel::Call, "question", CALL_COST));
        }
    }
}

/// Something the client said.
pub fn inbound(at: Timestamp, channel: Channel, reason: &'static str, cost: i64) -> Interaction {
    Interaction { at, direction: Direction::Inbound, channel, reason, outcome: "solved", cost, campaign: None }
}

/// What a contact was met with: attention by channel, and by whether an order came of it.
pub fn reaction(person: &Person, channel: Channel, active: bool, bought: bool, s: &mut Stream) -> &'static str {
    let (attention, click) = (s.uniform(), s.uniform());
    let interest = if active { 1.0 } else { 0.4 };
    let aware = attention < 0.15 * interest + 0.7 * interest * person.affinity[channel.index()];
    match channel {
        Channel::Email if bought && click < 0.7 => "clicked",
        Channel::Email if aware && click < 0.25 * person.susceptibility.max(0.1) => "clicked",
        Channel::Email if aware => "opened",
        Channel::Call if aware || (bought && click < 0.7) => "answered",
        Channel::Call => "missed",
        _ => "sent",
    }
}

/// Is this outcome of an outbound contact a click or an answer?
pub fn is_response(outcome: &str) -> bool {
    matches!(outcome, "clicked" | "answered")
}
