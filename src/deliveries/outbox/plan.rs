//! Planning: rows for a run, in the transaction that writes the decisions.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::deliveries::delivery::{Delivery, NewDelivery};
use crate::deliveries::state::State;
use crate::error::Result;
use crate::ids::{DeliveryId, IdKey};
use crate::messages::LinkKeys;
use crate::storage::schema::{delivery, delivery_variables};
use crate::storage::{Connection, insert_rows};

/// Rows of one statement; both stores take this many.
const CHUNK: usize = 500;

/// Plans `wanted`; returns how many were new. The same (run, customer, step, occasion) is planned once, however often this
/// is called, so that an interrupted run is simply planned again. `domain` stands in the Message-ID.
pub fn plan(
    conn: &mut Connection,
    ids: &IdKey,
    links: &LinkKeys,
    domain: &str,
    now: Timestamp,
    wanted: &[NewDelivery],
) -> Result<usize> {
    let mut new = 0;
    // In the order in which workers take them: a large run fills the pages of table and indexes one after another, and those that are
    // taken together lie together.
    let mut order: Vec<(DeliveryId, &NewDelivery)> = wanted.iter().map(|wanted| (wanted.id(ids), wanted)).collect();
    order.sort_unstable_by_key(|(id, wanted)| (wanted.next_at, *id));
    for chunk in order.chunks(CHUNK) {
        let rows: Vec<Delivery> = chunk.iter().map(|(id, wanted)| row(*id, wanted, links, domain, now)).collect();
        let insert = insert_rows!(conn, rows, values => diesel::insert_into(delivery::table).values(values).on_conflict_do_nothing());
        new += insert?;
        let texts: Vec<_> = chunk.iter().map(|(id, wanted)| texts(*id, wanted)).collect();
        let insert = insert_rows!(conn, texts, values => diesel::insert_into(delivery_variables::table).values(values).on_conflict_do_nothing());
        insert?;
    }
    Ok(new)
}

#[derive(Insertable)]
#[diesel(table_name = delivery_variables, treat_none_as_default_value = false)]
struct Texts<'a> {
    delivery_id: DeliveryId,
    variables: &'a str,
}

fn texts(delivery_id: DeliveryId, wanted: &NewDelivery) -> Texts<'_> {
    Texts { delivery_id, variables: &wanted.variables }
}

fn row(id: DeliveryId, wanted: &NewDelivery, links: &LinkKeys, domain: &str, now: Timestamp) -> Delivery {
    Delivery {
        id,
        campaign_run_id: wanted.campaign_run_id,
        customer_id: wanted.customer_id,
        step: wanted.step,
        occasion: wanted.occasion.clone(),
        channel: wanted.channel.clone(),
        address: wanted.address.clone(),
        state: State::Planned,
        attempt: 0,
        lease_owner: None,
        lease_until: Timestamp(0),
        next_at: wanted.next_at,
        message_id: links.message_id(id, domain),
        template_version: wanted.template_version.clone(),
        reason: None,
        reply_code: None,
        reply_text: None,
        cost: wanted.cost,
        created_at: now,
        updated_at: now,
    }
}
