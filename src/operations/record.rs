//! Facts that arrive one by one: orders, interactions, and the signals of a message. Each is durable when this returns, counts
//! once however often it is reported, and brings the serving row up to date in the same transaction.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::customers::{Aliases, Consent, Customer, CustomerState, consent, store as customers};
use crate::deliveries::outbox::find;
use crate::error::{Error, Fault, Result};
use crate::history::facts::{INTERACTION, ORDER_ITEM, RETURN_ITEM};
use crate::history::{Fact, FactType, History, Value};
use crate::ids::{self, CustomerId};
use crate::messages::Token;
use crate::money::Money;
use crate::operations::Workspace;
use crate::outcomes::{SignalKind, store as outcomes};
use crate::storage::Connection;

/// An order, or a return of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// The company's own key of the customer.
    pub customer: String,
    /// The company's number of the order.
    pub order: String,
    /// When; now when absent.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// The currency of the amounts; must be the workspace's.
    #[serde(default)]
    pub currency: Option<String>,
    /// Where it was bought: shop, web, call, ...
    #[serde(default)]
    pub channel: Option<String>,
    /// Whether the lines were brought back.
    #[serde(default)]
    pub returned: bool,
    /// The lines.
    pub items: Vec<NewItem>,
}

/// A line of an order. Amounts in minor units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// The article.
    pub sku: String,
    /// Pieces.
    pub quantity: i64,
    /// What the line was sold for, after discount.
    pub amount: Money,
    /// Cost of goods of the line.
    #[serde(default)]
    pub cost: Option<Money>,
    /// Discount already taken off.
    #[serde(default)]
    pub discount: Option<Money>,
    /// The article's group.
    #[serde(default)]
    pub category: Option<String>,
}

/// A call, message, visit or complaint, in either direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewInteraction {
    /// The company's own key of the customer.
    pub customer: String,
    /// What identifies it at its source.
    pub key: String,
    /// When; now when absent.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// `in` or `out`.
    pub direction: String,
    /// email, sms, call, letter, visit, ...
    pub channel: String,
    /// What it was about: complaint, order, ...
    pub reason: String,
    /// What came of it: open, solved, answered, ...
    #[serde(default)]
    pub outcome: Option<String>,
    /// How long it took, in seconds.
    #[serde(default)]
    pub duration_s: Option<f64>,
    /// What it cost, in minor units.
    #[serde(default)]
    pub cost: Option<Money>,
}

/// What recording did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Facts that were new.
    pub accepted: usize,
    /// Facts that had been reported before.
    pub known: usize,
}

/// Records orders, all or none.
///
/// # Errors
/// Invalid, naming the order and the field.
pub fn orders(ws: &Workspace, orders: &[NewOrder]) -> Result<Recorded> {
    let now = ws.now();
    let faults: Vec<Fault> = orders.iter().enumerate().flat_map(|(i, order)| order_faults(ws, order, i)).collect();
    if !faults.is_empty() {
        return Err(Error::faults("the orders cannot be recorded", faults));
    }
    ws.store().write(|conn| {
        let mut recorded = Recorded { accepted: 0, known: 0 };
        for order in orders {
            let customer = known_customer(ws, conn, &order.customer, now)?;
            let at = order.occurred_at.unwrap_or(now);
            let fact_type = if order.returned { &RETURN_ITEM } else { &ORDER_ITEM };
            let facts: Vec<Fact> =
                order.items.iter().enumerate().map(|(line, item)| item_fact(order, item, line, customer, at)).collect();
            let appended = History::append_in(conn, fact_type, &facts, now)?;
            let accepted = appended.accepted();
            recorded.accepted += accepted;
            recorded.known += facts.len() - accepted;
            if accepted == facts.len() && !order.returned {
                let revenue: Money = order.items.iter().map(|item| item.amount).sum();
                update_state(conn, customer, now, |state| {
                    state.orders += 1;
                    state.revenue = state.revenue + revenue;
                    state.last_order_at = state.last_order_at.max(Some(at));
                })?;
            }
        }
        Ok(recorded)
    })
}

fn order_faults(ws: &Workspace, order: &NewOrder, i: usize) -> Vec<Fault> {
    let key = |field: &str| format!("[{i}].{field}");
    let currency = ws.settings().currency.code();
    let mut faults = Vec::new();
    if order.items.is_empty() {
        faults.push(Fault::at(key("items"), "an order needs at least one line"));
    }
    if order.order.trim().is_empty() {
        faults.push(Fault::at(key("order"), "must not be empty"));
    }
    if order.currency.as_deref().is_some_and(|given| given != currency) {
        faults.push(Fault::at(
            key("currency"),
            format!("this workspace keeps its amounts in {currency}; convert them first"),
        ));
    }
    for (line, item) in order.items.iter().enumerate() {
        if item.quantity <= 0 || item.amount < Money::ZERO {
            let message = "quantity must be above 0 and amount not below 0; a return is an order with `returned`";
            faults.push(Fault::at(key(&format!("items[{line}]")), message));
        }
    }
    faults.extend(customer_fault(&order.customer, &key("customer")));
    faults
}

fn customer_fault(external_id: &str, key: &str) -> Option<Fault> {
    let bad = external_id.trim().is_empty() || external_id.len() > 200 || external_id.chars().any(char::is_control);
    bad.then(|| Fault::at(key, "must be 1 to 200 characters without control characters"))
}

fn item_fact(order: &NewOrder, item: &NewItem, line: usize, customer: CustomerId, at: Timestamp) -> Fact {
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    let money = |amount: Option<Money>| amount.map_or(Value::Null, |amount| Value::Int(amount.0));
    let values = ORDER_ITEM.columns.iter().map(|column| match column.name {
        "order_key" => Value::Text(order.order.clone()),
        "sku" => Value::Text(item.sku.clone()),
        "category" => text(&item.category),
        "quantity" => Value::Int(item.quantity),
        "amount" => Value::Int(item.amount.0),
        "cost" => money(item.cost),
        "discount" => money(item.discount),
        "channel" => text(&order.channel),
        _ => Value::Null,
    });
    Fact {
        customer,
        occurred_at: at,
        source: "api".into(),
        key: format!("{}/{line}", order.order),
        values: values.collect(),
    }
}

/// Records interactions, all or none. A complaint without an outcome, or with `open`, opens one; `solved` or `closed` closes one.
///
/// # Errors
/// Invalid, naming the interaction and the field.
pub fn interactions(ws: &Workspace, interactions: &[NewInteraction]) -> Result<Recorded> {
    let now = ws.now();
    let mut faults = Vec::new();
    for (i, interaction) in interactions.iter().enumerate() {
        if !["in", "out"].contains(&interaction.direction.as_str()) {
            faults.push(Fault::at(format!("[{i}].direction"), "must be `in` or `out`"));
        }
        for (key, text) in
            [("key", &interaction.key), ("channel", &interaction.channel), ("reason", &interaction.reason)]
        {
            if text.trim().is_empty() {
                faults.push(Fault::at(format!("[{i}].{key}"), "must not be empty"));
            }
        }
        faults.extend(customer_fault(&interaction.customer, &format!("[{i}].customer")));
    }
    if !faults.is_empty() {
        return Err(Error::faults("the interactions cannot be recorded", faults));
    }
    ws.store().write(|conn| {
        let mut recorded = Recorded { accepted: 0, known: 0 };
        for interaction in interactions {
            let customer = known_customer(ws, conn, &interaction.customer, now)?;
            let fact = interaction_fact(interaction, customer, interaction.occurred_at.unwrap_or(now));
            let accepted = History::append_in(conn, &INTERACTION, &[fact], now)?.accepted();
            recorded.accepted += accepted;
            recorded.known += 1 - accepted;
            let change = complaints(interaction);
            if accepted == 1 && change != 0 {
                update_state(conn, customer, now, |state| {
                    state.open_complaints = (state.open_complaints + change).max(0);
                })?;
            }
        }
        Ok(recorded)
    })
}

/// How many complaints an interaction opens (1) or closes (-1).
fn complaints(interaction: &NewInteraction) -> i64 {
    match (interaction.reason.as_str(), interaction.outcome.as_deref()) {
        ("complaint", None | Some("open")) => 1,
        ("complaint", Some("solved" | "closed")) => -1,
        _ => 0,
    }
}

fn interaction_fact(interaction: &NewInteraction, customer: CustomerId, at: Timestamp) -> Fact {
    let values = INTERACTION.columns.iter().map(|column| match column.name {
        "direction" => Value::Text(interaction.direction.clone()),
        "channel" => Value::Text(interaction.channel.clone()),
        "reason" => Value::Text(interaction.reason.clone()),
        "outcome" => interaction.outcome.clone().map_or(Value::Null, Value::Text),
        "duration_s" => interaction.duration_s.map_or(Value::Null, Value::Float),
        "cost" => interaction.cost.map_or(Value::Null, |cost| Value::Int(cost.0)),
        _ => Value::Null,
    });
    Fact { customer, occurred_at: at, source: "api".into(), key: interaction.key.clone(), values: values.collect() }
}

fn known_customer(ws: &Workspace, conn: &mut Connection, external_id: &str, now: Timestamp) -> Result<CustomerId> {
    let id = ws.id_key().customer(external_id);
    let canonical = Aliases::of(conn, &[id])?.canonical(id);
    if canonical != id {
        return Ok(canonical);
    }
    customers::insert_unknown(conn, &[Customer::unknown(id, external_id, now)])?;
    Ok(id)
}

fn update_state(
    conn: &mut Connection,
    customer: CustomerId,
    now: Timestamp,
    change: impl FnOnce(&mut CustomerState),
) -> Result<()> {
    let mut state = customers::state_of(conn, customer)?.unwrap_or_else(|| CustomerState::empty(customer, now));
    change(&mut state);
    state.updated_at = now;
    customers::put_states(conn, &[state])
}

/// Records a signal of a message: an open, a click, an unsubscribe, ... The same kind of signal of one message counts once an
/// hour, so that a scanner that loads a link a thousand times leaves few rows.
///
/// # Errors
/// Not found, when the message does not exist.
pub fn signal(ws: &Workspace, token: &Token, kind: SignalKind) -> Result<()> {
    let now = ws.now();
    ws.store().write(|conn| {
        let delivery = find::by_id(conn, token.delivery)?;
        let hour = now.0.div_euclid(crate::clock::HOUR);
        let row = outcomes::Outcome {
            id: ids::fresh(now),
            kind: kind.name().into(),
            customer_id: delivery.customer_id,
            delivery_id: Some(delivery.id),
            decision_id: None,
            campaign_run_id: Some(delivery.campaign_run_id),
            occurred_at: now,
            value: None,
            source_key: format!("{}/{}/{}/{hour}", delivery.id, kind.name(), token.link),
        };
        let new = outcomes::record(conn, &[row])?;
        if new == 1 && matches!(kind, SignalKind::Open | SignalKind::Click | SignalKind::Unsubscribe) {
            answered(conn, &delivery, kind, now)?;
        }
        Ok(())
    })
}

/// The signal as a fact, for features and models.
fn answered(
    conn: &mut Connection,
    delivery: &crate::deliveries::Delivery,
    kind: SignalKind,
    now: Timestamp,
) -> Result<()> {
    let outcome = match kind {
        SignalKind::Open => "opened",
        SignalKind::Click => "clicked",
        _ => "unsubscribed",
    };
    let fact_type: &FactType = &INTERACTION;
    let values = fact_type.columns.iter().map(|column| match column.name {
        "direction" => Value::Text("in".into()),
        "channel" => Value::Text(delivery.channel.clone()),
        "reason" => Value::Text("campaign".into()),
        "outcome" => Value::Text(outcome.into()),
        "cost" => Value::Int(0),
        "delivery_id" => Value::Int(delivery.id.0),
        _ => Value::Null,
    });
    let fact = Fact {
        customer: delivery.customer_id,
        occurred_at: now,
        source: "vizavi".into(),
        key: format!("{outcome}-{}", delivery.id),
        values: values.collect(),
    };
    History::append_in(conn, fact_type, &[fact], now).map(drop)
}

/// Ends the permission for marketing by the channel of a message. Effective at once: what is planned is looked at again before
/// it is sent. Asking twice changes nothing.
///
/// # Errors
/// Not found, when the message does not exist.
pub fn unsubscribe(ws: &Workspace, token: &Token) -> Result<()> {
    let now = ws.now();
    let channel = ws.store().write(|conn| {
        let delivery = find::by_id(conn, token.delivery)?;
        let withdrawn = Consent {
            customer_id: delivery.customer_id,
            channel: delivery.channel.clone(),
            purpose: consent::MARKETING.into(),
            granted: false,
            legal_basis: "consent".into(),
            source: format!("unsubscribe link of delivery {}", delivery.id),
            recorded_at: now,
        };
        customers::record_consents(conn, &[withdrawn])?;
        Ok(delivery.channel)
    })?;
    tracing::info!(channel, "unsubscribed");
    signal(ws, token, SignalKind::Unsubscribe)
}
