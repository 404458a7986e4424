//! Interactions that the program itself knows of: a message that was sent, seen or answered.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::history::facts::INTERACTION;
use crate::history::{Fact, History, Value};
use crate::ids::{CustomerId, DeliveryId};
use crate::storage::Connection;

/// One of them.
#[derive(Debug)]
pub struct OwnInteraction<'a> {
    /// Whose.
    pub customer: CustomerId,
    /// What names it: said twice, it counts once.
    pub key: String,
    /// `in` or `out`.
    pub direction: &'static str,
    /// By which channel.
    pub channel: &'a str,
    /// What for.
    pub reason: &'a str,
    /// What came of it.
    pub outcome: &'a str,
    /// Its cost in minor units, where that is known.
    pub cost: Option<i64>,
    /// The campaign that caused it.
    pub campaign: Option<&'a str>,
    /// The message.
    pub delivery: Option<DeliveryId>,
}

/// Appends them to history, in a transaction of the caller's; whether each was new.
pub fn append_own(conn: &mut Connection, own: &[OwnInteraction<'_>], now: Timestamp) -> Result<Vec<bool>> {
    let facts: Vec<Fact> = own.iter().map(|own| fact(own, now)).collect();
    Ok(History::append_in(conn, &INTERACTION, &facts, now)?.0)
}

fn fact(own: &OwnInteraction<'_>, now: Timestamp) -> Fact {
    let text = |text: &str| Value::Text(text.to_owned());
    let values = INTERACTION.columns.iter().map(|column| match column.name {
        "direction" => text(own.direction),
        "channel" => text(own.channel),
        "reason" => text(own.reason),
        "outcome" => text(own.outcome),
        "cost" => own.cost.map_or(Value::Null, Value::Int),
        "campaign" => own.campaign.map_or(Value::Null, text),
        "delivery_id" => own.delivery.map_or(Value::Null, |id| Value::Int(id.0)),
        _ => Value::Null,
    });
    Fact {
        customer: own.customer,
        occurred_at: now,
        source: "vizavi".into(),
        key: own.key.clone(),
        values: values.collect(),
    }
}
