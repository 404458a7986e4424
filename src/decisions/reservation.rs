//! What one contact holds: its part of budget and channels, a piece of stock, a code. It is given back when nothing comes of it.
//!
//! ```text
//!  held --reported made, or sent--> made        (used for good)
//!    |----suppressed, cancelled, failed, or reported not made--> released      (everything given back, the code too)
//!    +----no report before it expires--> lapsed                                (given back, unless a code was shown)
//! ```
//!
//! An answer that carried a code and was never reported keeps code and piece: somebody may have seen it, and a code is never given
//! twice.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::capacity::{self, Take};
use crate::clock::Timestamp;
use crate::customers::contact_ledger;
use crate::error::{Error, Result};
use crate::ids::{CampaignId, DecisionId, OfferId};
use crate::offers::{codes, store as offers};
use crate::storage::schema::{contact_ledger as ledger, reservation};
use crate::storage::{Connection, insert_rows};

/// It counts, and waits for what comes of it.
pub const HELD: &str = "held";
/// The contact was made.
pub const MADE: &str = "made";
/// The contact was not made.
pub const RELEASED: &str = "released";
/// Nobody said what came of it.
pub const LAPSED: &str = "lapsed";

/// Reservations that are ended in one transaction.
const CHUNK: i64 = 500;

/// What one contact holds.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = reservation, treat_none_as_default_value = false)]
pub struct Reservation {
    /// The delivery's id, or in real time the decision's.
    pub id: i64,
    /// The campaign whose budget and channels it uses.
    pub campaign_id: CampaignId,
    /// The offer.
    pub offer_id: OfferId,
    /// What it takes: JSON of [`Take`]s.
    pub takes: String,
    /// What the contact is worth, in ticks.
    pub value: i64,
    /// The code it gives.
    pub code: Option<String>,
    /// `held`, `made`, `released` or `lapsed`.
    pub state: String,
    /// When it lapses; those of deliveries never do.
    pub expires_at: Timestamp,
}

/// Writes reservations down.
pub fn insert(conn: &mut Connection, rows: &[Reservation]) -> Result<()> {
    insert_rows!(conn, rows, values => diesel::insert_into(reservation::table)
        .values(values)
        .on_conflict_do_nothing())?;
    Ok(())
}

/// One of them.
pub fn find(conn: &mut Connection, id: i64) -> Result<Option<Reservation>> {
    Ok(reservation::table.find(id).select(Reservation::as_select()).first(conn).optional()?)
}

/// A delivery ended without a contact: budget, channel and code are free again. Its stock is given back with its decision.
pub fn release_of_delivery(conn: &mut Connection, delivery: i64, now: Timestamp) -> Result<()> {
    let Some(held) = find(conn, delivery)? else { return Ok(()) };
    if !end(conn, &held, RELEASED)? {
        return Ok(());
    }
    let mut freed = Freed::default();
    freed.add(&held)?;
    freed.pieces.clear();
    freed.give_back(conn, now)
}

/// The contact of a decision in real time was made.
///
/// # Errors
/// Conflict, when it is known not to have been made.
pub fn made(conn: &mut Connection, held: &Reservation, now: Timestamp) -> Result<()> {
    if held.state == MADE {
        return Ok(());
    }
    // What lapsed with a code still counts, so that a late word is as good as an early one.
    let from = if held.state == LAPSED && held.code.is_some() { LAPSED } else { HELD };
    if !replace(conn, held, from, MADE)? {
        return Err(Error::conflict("what this decision held has been given back; ask for another decision"));
    }
    settle(conn, held.id, contact_ledger::MADE, now)
}

/// The contact of a decision in real time was not made: everything it held is free again. Said twice, it counts once.
///
/// # Errors
/// Conflict, when it is known to have been made.
pub fn not_made(conn: &mut Connection, held: &Reservation, now: Timestamp) -> Result<()> {
    match held.state.as_str() {
        RELEASED => return Ok(()),
        MADE => return Err(Error::conflict("this contact was reported as made")),
        // Code and piece of a lapsed one were kept, for want of a word; here it is.
        LAPSED => {
            if held.code.is_some() && replace(conn, held, LAPSED, RELEASED)? {
                free(conn, held, now)?;
            }
            return Ok(());
        }
        _ => {}
    }
    if end(conn, held, RELEASED)? { free(conn, held, now) } else { Ok(()) }
}

/// Whether any has expired.
pub fn any_expired(conn: &mut Connection, now: Timestamp) -> Result<bool> {
    let one: Option<i64> = reservation::table
        .filter(reservation::state.eq(HELD))
        .filter(reservation::expires_at.le(now))
        .select(reservation::id)
        .first(conn)
        .optional()?;
    Ok(one.is_some())
}

/// Ends at most 500 of those that nobody reported on in time; answers how many there were.
pub fn expire(conn: &mut Connection, now: Timestamp) -> Result<usize> {
    let expired: Vec<Reservation> = reservation::table
        .filter(reservation::state.eq(HELD))
        .filter(reservation::expires_at.le(now))
        .order(reservation::id)
        .limit(CHUNK)
        .select(Reservation::as_select())
        .load(conn)?;
    let mut freed = Freed::default();
    for held in &expired {
        // Another process may have been faster.
        if !end(conn, held, LAPSED)? {
            continue;
        }
        if held.code.is_some() {
            settle(conn, held.id, contact_ledger::MADE, held.expires_at)?;
        } else {
            settle(conn, held.id, contact_ledger::RELEASED, now)?;
            freed.add(held)?;
        }
    }
    freed.give_back(conn, now)?;
    Ok(expired.len())
}

/// What several reservations held, given back in the order in which it is taken: counters by name, then stock. Two transactions
/// that touch the same things would otherwise wait for each other.
#[derive(Default)]
struct Freed {
    takes: BTreeMap<(CampaignId, String, i64), (i64, i64, i64)>,
    pieces: BTreeMap<OfferId, i64>,
    codes: Vec<(OfferId, String, i64)>,
}

impl Freed {
    fn add(&mut self, held: &Reservation) -> Result<()> {
        let takes: Vec<Take> = serde_json::from_str(&held.takes)?;
        for take in takes {
            let sum = self.takes.entry((held.campaign_id, take.resource, take.period)).or_default();
            *sum = (sum.0 + take.used, sum.1 + 1, sum.2 + held.value);
        }
        *self.pieces.entry(held.offer_id).or_default() += 1;
        self.codes.extend(held.code.iter().map(|code| (held.offer_id, code.clone(), held.id)));
        Ok(())
    }

    fn give_back(self, conn: &mut Connection, now: Timestamp) -> Result<()> {
        for ((campaign, resource, period), (used, contacts, value)) in self.takes {
            capacity::give_back(conn, campaign, &Take { resource, period, used }, (contacts, value))?;
        }
        for (offer, pieces) in self.pieces {
            offers::release(conn, offer, pieces)?;
        }
        for (offer, code, holder) in &self.codes {
            codes::give_back(conn, *offer, code, *holder, now)?;
        }
        Ok(())
    }
}

/// Everything that a contact in real time held, the contact itself included.
fn free(conn: &mut Connection, held: &Reservation, now: Timestamp) -> Result<()> {
    settle(conn, held.id, contact_ledger::RELEASED, now)?;
    let mut freed = Freed::default();
    freed.add(held)?;
    freed.give_back(conn, now)
}

/// Ends what is held; whether it was this call that did.
fn end(conn: &mut Connection, held: &Reservation, state: &str) -> Result<bool> {
    replace(conn, held, HELD, state)
}

fn replace(conn: &mut Connection, held: &Reservation, from: &str, to: &str) -> Result<bool> {
    let changed = diesel::update(reservation::table.find(held.id).filter(reservation::state.eq(from)))
        .set(reservation::state.eq(to))
        .execute(conn)?;
    Ok(changed == 1)
}

/// The ledger's row of a decision in real time has the decision's own id.
fn settle(conn: &mut Connection, decision: i64, state: &str, at: Timestamp) -> Result<()> {
    diesel::update(ledger::table.find(DecisionId(decision)))
        .set((ledger::state.eq(state), ledger::at.eq(at)))
        .execute(conn)?;
    Ok(())
}
