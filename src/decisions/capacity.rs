//! What is used of what is scarce in a campaign: counted in the store, where batch runs and answers in real time meet, by any
//! number of processes. Stock is counted with the offer (`offers::store`), which several campaigns share.

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};

use crate::clock::DAY;
use crate::error::{Error, Result};
use crate::ids::CampaignId;
use crate::storage::schema::capacity;
use crate::storage::{Connection, on_each};

/// How far ahead hours and days are asked for; ids of runs, which are periods too, lie far beyond.
const AHEAD: i64 = 7 * DAY;

/// So much of one resource in one period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Take {
    /// The resource: `budget`, `channel:call`, `channel:call/hour`.
    pub resource: String,
    /// The period that it is counted in.
    pub period: i64,
    /// Units; ticks of a budget.
    pub used: i64,
}

/// What is used, and what it was used for.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = capacity)]
pub struct Used {
    /// The resource.
    pub resource: String,
    /// The period.
    pub period: i64,
    /// Units that are used or reserved.
    pub used: i64,
    /// Contacts that used it.
    pub contacts: i64,
    /// What they are worth, in ticks.
    pub value: i64,
}

/// Takes units, if so many are left of `limit`: the store itself refuses to go beyond it, whoever else takes at the same time.
/// Answers whether they were.
pub fn take(
    conn: &mut Connection,
    campaign: CampaignId,
    take: &Take,
    (contacts, value): (i64, i64),
    limit: i64,
) -> Result<bool> {
    let add = |conn: &mut Connection| {
        let row = capacity::table.find((campaign, &take.resource, take.period));
        diesel::update(row.filter(capacity::used.le(limit.saturating_sub(take.used))))
            .set((
                capacity::used.eq(capacity::used + take.used),
                capacity::contacts.eq(capacity::contacts + contacts),
                capacity::value.eq(capacity::value + value),
            ))
            .execute(conn)
    };
    if add(conn)? == 1 {
        return Ok(true);
    }
    // Either the row is not there yet, or too little is left.
    let row = (
        capacity::campaign_id.eq(campaign),
        capacity::resource.eq(&take.resource),
        capacity::period.eq(take.period),
        capacity::used.eq(0i64),
        capacity::contacts.eq(0i64),
        capacity::value.eq(0i64),
    );
    on_each!(conn, c => diesel::insert_into(capacity::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(add(conn)? == 1)
}

/// Keeps all that is counted in a campaign from others until the transaction ends, in the order in which it is taken. SQLite has one writer.
pub fn hold(conn: &mut Connection, campaign: CampaignId) -> Result<()> {
    if let Connection::Postgres(c) = conn {
        let bytes = diesel::dsl::sql::<Text>("resource COLLATE \"C\"");
        let rows = capacity::table.filter(capacity::campaign_id.eq(campaign)).order((bytes, capacity::period));
        rows.select(capacity::period).for_update().load::<i64>(c)?;
    }
    Ok(())
}

/// Gives units back of which nothing came, and the contacts and the value that they were for.
pub fn give_back(
    conn: &mut Connection,
    campaign: CampaignId,
    take: &Take,
    (contacts, value): (i64, i64),
) -> Result<()> {
    diesel::update(capacity::table.find((campaign, &take.resource, take.period)))
        .set((
            capacity::used.eq(capacity::used - take.used),
            capacity::contacts.eq(capacity::contacts - contacts),
            capacity::value.eq(capacity::value - value),
        ))
        .execute(conn)?;
    Ok(())
}

/// What is used in a period, and in the hours and days from `from` on.
pub fn used(conn: &mut Connection, campaign: CampaignId, period: i64, from: i64) -> Result<Vec<Used>> {
    let rows = capacity::table
        .filter(capacity::campaign_id.eq(campaign))
        .filter(capacity::period.eq(period).or(capacity::period.between(from, from + AHEAD)))
        .select(Used::as_select())
        .load(conn)?;
    Ok(rows)
}

/// What an error says when something went to somebody else between deciding and writing.
pub const USED_UP: &str = "is used up";

/// That error.
pub fn used_up(resource: &str) -> Error {
    Error::conflict(format!("`{resource}` {USED_UP}"))
}
