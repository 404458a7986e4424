//! Facts as rows for import: one struct per file, the field names are the columns. Amounts are in units with two decimals.

use serde::Serialize;

use super::catalogue::{CALL_COST, CATEGORIES, COMPLAINT_COST, OFFERS};
use super::company::Client;
use super::life::{Direction, Interaction, PastDecision};
use super::order::Order;
use super::world::Facts;
use crate::clock::Timestamp;

/// A line of an order, or of a return.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineRow {
    /// The company's key of the client.
    pub external_id: String,
    /// The order.
    pub order_key: String,
    /// The line in it, from 1.
    pub line: usize,
    /// When it was ordered, or came back.
    pub occurred_at: Timestamp,
    /// Stock-keeping unit.
    pub sku: &'static str,
    /// Category of the goods.
    pub category: &'static str,
    /// Name of the goods.
    pub description: &'static str,
    /// Pieces.
    pub quantity: i64,
    /// What was paid for the line, after discount.
    pub amount: Units,
    /// Cost of goods; a gift or a free delivery stands with the first line.
    pub cost: Units,
    /// Discount already taken off.
    pub discount: Units,
    /// The offer whose code was used.
    pub offer: Option<&'static str>,
}

/// A contact or a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InteractionRow {
    /// The company's key of the client.
    pub external_id: String,
    /// Its own key.
    pub key: String,
    /// When.
    pub occurred_at: Timestamp,
    /// `in` or `out`.
    pub direction: &'static str,
    /// Through which channel.
    pub channel: &'static str,
    /// Why.
    pub reason: &'static str,
    /// What came of it.
    pub outcome: &'static str,
    /// What it cost.
    pub cost: Units,
    /// The campaign that sent it.
    pub campaign: Option<String>,
    /// The delivery it answers.
    pub delivery_id: Option<i64>,
}

/// A choice of a past campaign with what came of it, and what was known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionRow {
    /// The company's key of the client.
    pub external_id: String,
    /// Its own key.
    pub decision_key: String,
    /// When.
    pub occurred_at: Timestamp,
    /// The campaign.
    pub campaign: String,
    /// The offer's key, or `none`.
    pub offer: &'static str,
    /// The channel; empty for none.
    pub channel: &'static str,
    /// The chance of this choice.
    pub propensity: f64,
    /// Always `explore`: the campaigns drew at random.
    pub arm: &'static str,
    /// 1 when an order followed within 30 days.
    pub converted: u8,
    /// Profit of these orders, less the contact.
    pub value: Units,
    /// Days since the last order.
    pub recency: f64,
    /// Days since the first.
    pub tenure: f64,
    /// Orders.
    pub freq: f64,
    /// Orders of the last 90 days.
    pub freq90: f64,
    /// Revenue.
    pub monetary: f64,
    /// Revenue per order.
    pub aov: f64,
    /// Share of e-mails opened or clicked.
    pub open_rate: f64,
    /// Share of contacts clicked or answered.
    pub click_rate: f64,
    /// Contacts of the last 90 days.
    pub contacts90: f64,
    /// Complaints.
    pub complaints: f64,
    /// Discount taken, of the full price.
    pub discount_share: f64,
    /// How the client came.
    pub source: &'static str,
    /// Its language.
    pub locale: &'static str,
}

/// Minor units, written with two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units(pub i64);

impl std::fmt::Display for Units {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100)
    }
}

impl Serialize for Units {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The lines of an order. The discount is spread by amount, the last line takes the rest.
pub fn lines(external_id: &str, order_key: &str, order: &Order) -> Vec<LineRow> {
    let (off, amount) = (order.off(), order.amount().max(1));
    let extra = order.discount - off;
    let mut rest = off;
    let last = order.lines.len() - 1;
    let rows = order.lines.iter().enumerate().map(|(n, line)| {
        let share = if n == last { rest } else { off * line.amount / amount };
        rest -= share;
        let category = &CATEGORIES[line.product.0];
        let (sku, description, _) = category.products[line.product.1];
        LineRow {
            external_id: external_id.to_owned(),
            order_key: order_key.to_owned(),
            line: n + 1,
            occurred_at: order.at,
            sku,
            category: category.name,
            description,
            quantity: line.quantity,
            amount: Units(line.amount - share),
            cost: Units(line.cost + if n == 0 { extra } else { 0 }),
            discount: Units(share),
            offer: order.offer.map(|offer| OFFERS[offer].key),
        }
    });
    rows.collect()
}

/// The lines of an order that came back, as returns; none when it did not, or only after `until`.
pub fn returns(external_id: &str, order_key: &str, order: &Order, until: Timestamp) -> Vec<LineRow> {
    if !order.returned || order.returned_at() >= until {
        return Vec::new();
    }
    let mut rows = lines(external_id, order_key, order);
    for row in &mut rows {
        row.occurred_at = order.returned_at();
    }
    rows
}

/// The calls and the complaint that an order caused, as far as they lie before `until`.
pub fn service(external_id: &str, order_key: &str, order: &Order, until: Timestamp) -> Vec<InteractionRow> {
    if order.service_at() >= until {
        return Vec::new();
    }
    let calls = (0..order.calls).map(|_| ("order", CALL_COST));
    let complaint = order.complained.then_some(("complaint", COMPLAINT_COST));
    let rows = calls.chain(complaint).enumerate().map(|(n, (reason, cost))| InteractionRow {
        external_id: external_id.to_owned(),
        key: format!("{order_key}-S{n}"),
        occurred_at: order.service_at(),
        direction: "in",
        channel: "call",
        reason,
        outcome: "solved",
        cost: Units(cost),
        campaign: None,
        delivery_id: None,
    });
    rows.collect()
}

/// One contact or call as a row.
pub fn interaction(external_id: &str, key: String, fact: &Interaction, delivery: Option<i64>) -> InteractionRow {
    InteractionRow {
        external_id: external_id.to_owned(),
        key,
        occurred_at: fact.at,
        direction: if fact.direction == Direction::Inbound { "in" } else { "out" },
        channel: fact.channel.name(),
        reason: fact.reason,
        outcome: fact.outcome,
        cost: Units(fact.cost),
        campaign: fact.campaign.map(campaign_name),
        delivery_id: delivery,
    }
}

/// One past choice as a row.
pub fn decision(client: &Client, past: &PastDecision) -> DecisionRow {
    let (person, known) = (&client.person, &past.known);
    DecisionRow {
        external_id: person.external_id.clone(),
        decision_key: format!("D-{}-{}", person.external_id, past.month),
        occurred_at: past.at,
        campaign: campaign_name(past.month),
        offer: past.treatment.map_or("none", |treatment| OFFERS[treatment.offer].key),
        channel: past.treatment.map_or("", |treatment| treatment.channel.name()),
        propensity: past.propensity,
        arm: "explore",
        converted: u8::from(past.converted),
        value: Units(past.value),
        recency: rounded(known.recency),
        tenure: rounded(known.tenure),
        freq: known.freq,
        freq90: known.freq90,
        monetary: known.monetary / 100.0,
        aov: rounded(known.aov / 100.0),
        open_rate: rounded(known.open_rate),
        click_rate: rounded(known.click_rate),
        contacts90: known.contacts90,
        complaints: known.complaints,
        discount_share: rounded(known.discount_share),
        source: person.source,
        locale: person.locale,
    }
}

/// The rows of a played window: order lines, returns, interactions. Outbound contacts are left out, since whoever sent them has
/// them on record; permissions withdrawn too, since they come through the link in the message. `round` keeps the keys of different windows apart; what a window causes after its end is moved to its last minute.
pub fn of_window(facts: &Facts, round: u32, end: Timestamp) -> (Vec<LineRow>, Vec<LineRow>, Vec<InteractionRow>) {
    let (mut sold, mut back, mut talks) = (Vec::new(), Vec::new(), Vec::new());
    let last = end.plus(-crate::clock::MINUTE);
    for (n, fact) in facts.orders.iter().enumerate() {
        let key = format!("W{round}-{n}");
        sold.extend(lines(&fact.external_id, &key, &fact.fact));
        let forever = Timestamp(i64::MAX);
        let mut late = returns(&fact.external_id, &key, &fact.fact, forever);
        late.iter_mut().for_each(|row| row.occurred_at = row.occurred_at.min(last));
        back.extend(late);
        let mut calls = service(&fact.external_id, &key, &fact.fact, forever);
        calls.iter_mut().for_each(|row| row.occurred_at = row.occurred_at.min(last));
        talks.extend(calls);
    }
    let inbound = facts.interactions.iter().filter(|fact| fact.fact.direction == Direction::Inbound);
    let inbound = inbound.filter(|fact| fact.fact.reason != "stop");
    for (n, fact) in inbound.enumerate() {
        talks.push(interaction(&fact.external_id, format!("W{round}-I{n}"), &fact.fact, fact.delivery));
    }
    (sold, back, talks)
}

/// A permission, given or withdrawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConsentRow {
    /// The company's key of the client.
    pub external_id: String,
    /// For which channel.
    pub channel: &'static str,
    /// For what.
    pub purpose: &'static str,
    /// Given, or withdrawn.
    pub granted: bool,
    /// On what ground.
    pub legal_basis: &'static str,
    /// Where it was said.
    pub source: &'static str,
    /// When.
    pub recorded_at: Timestamp,
}

/// The name of the campaign, or newsletter, of a month.
fn campaign_name(month: usize) -> String {
    format!("past-{month:02}")
}

/// Four decimals: enough for a model, and short in a file.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
