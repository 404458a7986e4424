//! The SQL of what came back: each thing once, bounces by address, inquiries until they are answered.

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::deliveries::state::State;
use crate::error::{Error, Result};
use crate::ids::{CampaignRunId, CustomerId, DeliveryId};
use crate::storage::schema::{bounce, delivery, incoming, inquiry};
use crate::storage::{Connection, on_each};

/// Somebody should answer.
pub const OPEN: &str = "open";
/// Somebody may read it.
pub const NOTED: &str = "noted";
/// It was answered.
pub const CLOSED: &str = "closed";

/// Notes that something came in; `false` when it had come in before.
pub fn is_new(
    conn: &mut Connection,
    digest: &str,
    kind: &str,
    delivery: Option<DeliveryId>,
    now: Timestamp,
) -> Result<bool> {
    let values = (
        incoming::digest.eq(digest),
        incoming::kind.eq(kind),
        incoming::delivery_id.eq(delivery.map(|id| id.0)),
        incoming::received_at.eq(now),
    );
    let added =
        on_each!(conn, c => diesel::insert_into(incoming::table).values(values).on_conflict_do_nothing().execute(c))?;
    Ok(added == 1)
}

/// One bounce.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = bounce, treat_none_as_default_value = false)]
pub struct Bounce {
    /// Its id.
    pub id: i64,
    /// The message.
    pub delivery_id: DeliveryId,
    /// Its run.
    pub campaign_run_id: CampaignRunId,
    /// The channel of the address.
    pub channel: String,
    /// The address, as the suppression list has it.
    pub address_hash: String,
    /// `hard`, `soft` or `policy`.
    pub class: String,
    /// The enhanced status, where there is one.
    pub status: Option<String>,
    /// When it was heard of.
    pub occurred_at: Timestamp,
}

/// Writes a bounce down.
pub fn add_bounce(conn: &mut Connection, row: &Bounce) -> Result<()> {
    on_each!(conn, c => diesel::insert_into(bounce::table).values(row).execute(c))?;
    Ok(())
}

/// Bounces of one class at one address since an instant.
pub fn bounces(conn: &mut Connection, channel: &str, address_hash: &str, class: &str, since: Timestamp) -> Result<i64> {
    let of_address = bounce::table.filter(bounce::channel.eq(channel)).filter(bounce::address_hash.eq(address_hash));
    Ok(of_address.filter(bounce::class.eq(class)).filter(bounce::occurred_at.ge(since)).count().get_result(conn)?)
}

/// Bounces of one class in a run.
pub fn bounces_of_run(conn: &mut Connection, run: CampaignRunId, class: &str) -> Result<i64> {
    let of_run = bounce::table.filter(bounce::campaign_run_id.eq(run)).filter(bounce::class.eq(class));
    Ok(of_run.count().get_result(conn)?)
}

/// Messages of a run that a receiver has accepted.
pub fn sent(conn: &mut Connection, run: CampaignRunId) -> Result<i64> {
    let of_run = delivery::table.filter(delivery::campaign_run_id.eq(run)).filter(delivery::state.eq(State::Sent));
    Ok(of_run.count().get_result(conn)?)
}

/// What a customer asked in reply to a message. The text is personal.
#[derive(Clone, Serialize, Queryable, Insertable)]
#[diesel(table_name = inquiry, treat_none_as_default_value = false)]
pub struct Inquiry {
    /// Its id.
    pub id: i64,
    /// Who asks.
    pub customer_id: CustomerId,
    /// The message it answers.
    pub delivery_id: Option<DeliveryId>,
    /// By which channel.
    pub channel: String,
    /// What they ask.
    pub text: String,
    /// [`OPEN`], [`NOTED`] or [`CLOSED`].
    pub state: String,
    /// When.
    pub asked_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// By whom.
    pub closed_by: Option<String>,
}

impl std::fmt::Debug for Inquiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inquiry({} {})", self.id, self.state)
    }
}

/// Opens an inquiry.
pub fn open_inquiry(conn: &mut Connection, row: &Inquiry) -> Result<()> {
    on_each!(conn, c => diesel::insert_into(inquiry::table).values(row).execute(c))?;
    Ok(())
}

/// Inquiries in one state, by id after `after`.
pub fn inquiries(conn: &mut Connection, state: &str, after: Option<i64>, limit: i64) -> Result<Vec<Inquiry>> {
    let page = inquiry::table.filter(inquiry::state.eq(state)).filter(inquiry::id.gt(after.unwrap_or(i64::MIN)));
    Ok(page.order(inquiry::id).limit(limit).load(conn)?)
}

/// One inquiry.
///
/// # Errors
/// Not found.
pub fn inquiry(conn: &mut Connection, id: i64) -> Result<Inquiry> {
    let found: Option<Inquiry> = inquiry::table.find(id).first(conn).optional()?;
    found.ok_or_else(|| Error::not_found(format!("there is no inquiry {id}")))
}

/// A customer's open inquiries, oldest first.
pub fn open_of(conn: &mut Connection, customer: CustomerId) -> Result<Vec<Inquiry>> {
    let of = inquiry::table.filter(inquiry::customer_id.eq(customer)).filter(inquiry::state.eq(OPEN));
    Ok(of.order(inquiry::id).load(conn)?)
}

/// Closes an inquiry.
///
/// # Errors
/// Not found; conflict when it is closed already.
pub fn close_inquiry(conn: &mut Connection, id: i64, by: &str, now: Timestamp) -> Result<Inquiry> {
    let open = inquiry::table.filter(inquiry::id.eq(id)).filter(inquiry::state.ne(CLOSED));
    let changed = diesel::update(open)
        .set((inquiry::state.eq(CLOSED), inquiry::closed_at.eq(Some(now)), inquiry::closed_by.eq(Some(by))))
        .execute(conn)?;
    let found: Option<Inquiry> = inquiry::table.find(id).first(conn).optional()?;
    let found = found.ok_or_else(|| Error::not_found(format!("there is no inquiry {id}")))?;
    if changed == 0 {
        return Err(Error::conflict("the inquiry is closed already"));
    }
    Ok(found)
}

/// Removes what a person asked.
pub fn forget_inquiries(conn: &mut Connection, customer: CustomerId) -> Result<usize> {
    Ok(diesel::delete(inquiry::table.filter(inquiry::customer_id.eq(customer))).execute(conn)?)
}

/// Makes inquiries of `from` inquiries of `to`.
pub fn reassign_inquiries(conn: &mut Connection, from: CustomerId, to: CustomerId) -> Result<usize> {
    let theirs = inquiry::table.filter(inquiry::customer_id.eq(from));
    Ok(diesel::update(theirs).set(inquiry::customer_id.eq(to)).execute(conn)?)
}
