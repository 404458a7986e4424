//! Keeps a decision: takes what it needs and logs it, all or nothing.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::Draft;
use crate::clock::{DAY, Timestamp};
use crate::customers::{Contact, contact_ledger};
use crate::decisions::reservation::{self, Reservation};
use crate::decisions::store::{self as decisions, DecisionRow};
use crate::decisions::{Choice, capacity};
use crate::error::{Error, Kind, Result};
use crate::offers::{codes, store as offers};
use crate::operations::Workspace;
use crate::operations::people::{LEDGER_DAYS, Person};
use crate::operations::webhooks::news;
use crate::random;
use crate::storage::Connection;

/// Why a decision cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    /// Somebody else took what it needs; the position of the resource.
    Resource(usize),
    /// Another contact of this customer, or in the household, was decided in the meantime.
    Contacts,
}

/// The codes of the contacts in their order, or what lacks.
pub(super) type Kept = std::result::Result<Vec<Option<String>>, Lack>;

/// Takes everything that the contacts of a decision need, and logs it; durable when this returns. When something lacks, nothing
/// is changed.
pub(super) fn keep(
    ws: &Workspace,
    draft: &Draft,
    person: &Person,
    rows: &[DecisionRow],
    now: Timestamp,
) -> Result<Kept> {
    if draft.decision.to_make().is_empty() {
        ws.store().write(|conn| decisions::insert(conn, rows))?;
        return Ok(Ok(Vec::new()));
    }
    let mut lack = None;
    let kept = ws.store().write(|conn| {
        if let Some(why) = take(conn, draft, person, now)? {
            lack = Some(why);
            return Err(Error::conflict("what was decided is not there any more"));
        }
        match write(conn, draft, person, rows, now)? {
            Ok(codes) => Ok(codes),
            Err(why) => {
                lack = Some(why);
                Err(Error::conflict("the codes are used up"))
            }
        }
    });
    match lack {
        Some(why) => Ok(Err(why)),
        None => kept.map(Ok),
    }
}

/// Takes budget, channels and stock, in the one order in which everybody takes them.
fn take(conn: &mut Connection, draft: &Draft, person: &Person, now: Timestamp) -> Result<Option<Lack>> {
    hold(conn, person)?;
    let view = &person.view;
    let seen = view.contacts.as_ref().map_or(0, Vec::len) + view.household_contacts.len();
    let household = person.customer.household.as_deref();
    if contact_ledger::count(conn, person.customer.id, household, now.plus(-LEDGER_DAYS * DAY))? != seen as i64 {
        return Ok(Some(Lack::Contacts));
    }
    let (ready, scarce) = (&draft.ready, &draft.live.scarce);
    let choices = draft.decision.to_make();
    let mut takes: Vec<_> = choices
        .iter()
        .flat_map(|choice| {
            let takes = scarce.takes(&draft.candidates[choice.candidate], ready.period.key);
            takes.into_iter().map(move |(position, take)| (take, position, choice.value))
        })
        .collect();
    takes.sort_unstable();
    for (take, position, value) in takes {
        if !capacity::take(conn, ready.setup.campaign.id, &take, (1, value), scarce.most(position))? {
            return Ok(Some(Lack::Resource(position)));
        }
    }
    let mut wanted: Vec<_> = choices.iter().map(|choice| choice.treatment.offer).collect();
    wanted.sort_unstable();
    for offer in wanted {
        match offers::reserve(conn, offer, 1) {
            Err(error) if error.kind() == Kind::Conflict => {
                let position = scarce.stock_of(offer);
                return position.map(|position| Some(Lack::Resource(position))).ok_or(error);
            }
            other => other?,
        }
    }
    Ok(None)
}

/// Takes the codes, and logs.
fn write(conn: &mut Connection, draft: &Draft, person: &Person, rows: &[DecisionRow], now: Timestamp) -> Result<Kept> {
    let (setup, scarce) = (&draft.ready.setup, &draft.live.scarce);
    let (mut given, mut held, mut contacts) = (Vec::new(), Vec::new(), Vec::new());
    for (choice, row) in draft.decision.to_make().iter().zip(rows) {
        let offer = choice.treatment.offer;
        let has_list = setup.offers.iter().any(|known| known.id == offer && known.codes.is_some());
        let code = if has_list { codes::take(conn, offer, row.id.0, now)? } else { None };
        if has_list && code.is_none() {
            let lacking = scarce.stock_of(offer).map(Lack::Resource);
            return lacking.map(Err).ok_or_else(|| Error::internal("an offer with codes has no stock"));
        }
        let candidate = &draft.candidates[choice.candidate];
        let takes = scarce.takes(candidate, draft.ready.period.key).into_iter().map(|(_, take)| take);
        held.push(Reservation {
            id: row.id.0,
            campaign_id: setup.campaign.id,
            offer_id: offer,
            takes: serde_json::to_string(&takes.collect::<Vec<_>>())?,
            value: choice.value,
            code: code.clone(),
            state: reservation::HELD.into(),
            expires_at: choice.slot.until,
        });
        contacts.push(contact(person, row, choice, &setup.spec().class));
        given.push(code);
    }
    decisions::insert(conn, rows)?;
    news::decided(conn, &setup.campaign.name, rows)?;
    reservation::insert(conn, &held)?;
    contact_ledger::insert(conn, &contacts)?;
    Ok(Ok(given))
}

/// Of one customer, and of one household, decisions are kept one after another: caps could not be kept otherwise. SQLite has one
/// writer; PostgreSQL is told.
fn hold(conn: &mut Connection, person: &Person) -> Result<()> {
    let key = match &person.customer.household {
        Some(household) => random::salted_hash("household", household).cast_signed(),
        None => person.customer.id.0,
    };
    if let Connection::Postgres(conn) = conn {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(key).execute(conn)?;
    }
    Ok(())
}

fn contact(person: &Person, row: &DecisionRow, choice: &Choice, class: &str) -> Contact {
    Contact {
        id: row.id.0,
        customer_id: person.customer.id,
        household: person.customer.household.clone(),
        channel: choice.treatment.channel.to_string(),
        message_class: class.to_owned(),
        campaign_run_id: None,
        delivery_id: None,
        at: choice.slot.from,
        state: contact_ledger::RESERVED.into(),
    }
}
