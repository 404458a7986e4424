//! Pace: how many messages a second a channel takes, kept in the store and so shared by all workers and over restarts.
//!
//! The virtual scheduling form of the leaky bucket (GCRA, ITU-T I.371): each message moves `next_free` on by one interval; at
//! most one second's worth is saved up.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::clock::{SECOND, Timestamp};
use crate::error::{Error, Result};
use crate::storage::schema::delivery_pace;
use crate::storage::{Connection, on_each};

/// What a channel may send now.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Messages a second and the instant from which the next is free; `None` without a limit.
    pace: Option<(i32, Timestamp)>,
    tokens: usize,
}

impl Allowance {
    /// `wanted`, or fewer when the pace allows fewer.
    pub fn limit(&self, wanted: usize) -> usize {
        if self.pace.is_some() { wanted.min(self.tokens) } else { wanted }
    }

    /// When there is more.
    pub fn next_at(&self, now: Timestamp) -> Timestamp {
        self.pace.map_or(now, |(per_second, free)| free.plus(SECOND / i64::from(per_second)).max(now.plus(1)))
    }
}

/// Sets the pace of a channel, in messages a second; `None` takes the limit away.
///
/// # Errors
/// Invalid outside 1..1,000,000.
pub fn set(conn: &mut Connection, channel: &str, per_second: Option<i32>, now: Timestamp) -> Result<()> {
    let Some(per_second) = per_second else {
        diesel::delete(delivery_pace::table.find(channel)).execute(conn)?;
        return Ok(());
    };
    if !(1..=1_000_000).contains(&per_second) {
        return Err(Error::invalid(format!("pace.{channel}: {per_second} is outside 1..1000000 messages a second")));
    }
    let values = (
        delivery_pace::per_second.eq(per_second),
        delivery_pace::next_free.eq(now),
        delivery_pace::turns_until.eq(now),
    );
    on_each!(conn, c => diesel::insert_into(delivery_pace::table)
        .values((delivery_pace::channel.eq(channel), values))
        .on_conflict(delivery_pace::channel)
        .do_update()
        .set(values)
        .execute(c))?;
    Ok(())
}

macro_rules! pace_query {
    ($channel:expr) => {
        delivery_pace::table.find($channel).select((delivery_pace::per_second, delivery_pace::next_free))
    };
}

/// What a channel may send now; the row stays locked until the transaction ends, so that workers do not both spend it.
pub(super) fn allowance(conn: &mut Connection, channel: &str, now: Timestamp) -> Result<Allowance> {
    let found: Option<(i32, Timestamp)> = match conn {
        Connection::Sqlite(c) => pace_query!(channel).first(c).optional()?,
        Connection::Postgres(c) => pace_query!(channel).for_update().first(c).optional()?,
    };
    Ok(found.map_or(Allowance { pace: None, tokens: 0 }, |(per_second, free)| at_pace(per_second, free, now)))
}

fn at_pace(per_second: i32, free: Timestamp, now: Timestamp) -> Allowance {
    let interval = SECOND / i64::from(per_second);
    // Not more than a second is saved up; and a clock that was set back does not stop the channel.
    let free = free.clamp(now.plus(-SECOND), now);
    let tokens = ((now.0 - free.0) / interval.max(1)) as usize;
    Allowance { pace: Some((per_second, free)), tokens }
}

/// Brings the paces in the store to those that are wanted; one that is as it should be keeps its place.
pub fn agree(conn: &mut Connection, wanted: &BTreeMap<String, i32>, now: Timestamp) -> Result<()> {
    let known: Vec<(String, i32)> =
        delivery_pace::table.select((delivery_pace::channel, delivery_pace::per_second)).load(conn)?;
    // Those that were set by hand and are not named stay.
    let differing = wanted.iter().filter(|(name, pace)| !known.iter().any(|(known, at)| known == *name && at == *pace));
    for (name, pace) in differing {
        set(conn, name, Some(*pace), now)?;
    }
    Ok(())
}

macro_rules! domain_query {
    ($prefix:expr) => {
        delivery_pace::table.filter(delivery_pace::channel.like($prefix)).order(delivery_pace::channel).select((
            delivery_pace::channel,
            delivery_pace::per_second,
            delivery_pace::next_free,
            delivery_pace::turns_until,
        ))
    };
}

/// The paces of a channel's domains, locked until the transaction ends: `email/example.org`.
#[derive(Debug, Default)]
pub(super) struct Domains {
    rows: Vec<Domain>,
}

#[derive(Debug)]
struct Domain {
    name: String,
    allowance: Allowance,
    spent: usize,
    turns_until: Timestamp,
    changed: bool,
}

impl Domains {
    /// Reads them; most channels have none.
    pub(super) fn of_channel(conn: &mut Connection, channel: &str, now: Timestamp) -> Result<Domains> {
        let prefix = format!("{channel}/%");
        let rows: Vec<(String, i32, Timestamp, Timestamp)> = match conn {
            Connection::Sqlite(c) => domain_query!(&prefix).load(c)?,
            Connection::Postgres(c) => domain_query!(&prefix).for_update().load(c)?,
        };
        let row = |(name, per_second, free, turns_until)| Domain {
            name,
            allowance: at_pace(per_second, free, now),
            spent: 0,
            turns_until,
            changed: false,
        };
        Ok(Domains { rows: rows.into_iter().map(row).collect() })
    }

    /// Takes one for an address: `None` when it may go now, else when its turn comes.
    pub(super) fn take(&mut self, channel: &str, address: &str, now: Timestamp) -> Option<Timestamp> {
        let domain = address.rsplit_once('@')?.1.to_lowercase();
        let name = format!("{channel}/{domain}");
        let row = self.rows.iter_mut().find(|row| row.name == name)?;
        row.changed = true;
        if row.spent < row.allowance.tokens {
            row.spent += 1;
            return None;
        }
        let (per_second, free) = row.allowance.pace?;
        let interval = SECOND / i64::from(per_second);
        let spent = free.plus(row.spent as i64 * interval);
        row.turns_until = row.turns_until.max(spent).max(now).plus(interval);
        Some(row.turns_until)
    }

    /// Keeps what was taken.
    pub(super) fn keep(self, conn: &mut Connection) -> Result<()> {
        for row in self.rows.into_iter().filter(|row| row.changed) {
            spend(conn, &row.name, row.allowance, row.spent)?;
            diesel::update(delivery_pace::table.find(&row.name))
                .set(delivery_pace::turns_until.eq(row.turns_until))
                .execute(conn)?;
        }
        Ok(())
    }
}

/// Takes `count` messages off the allowance.
pub(super) fn spend(conn: &mut Connection, channel: &str, allowance: Allowance, count: usize) -> Result<()> {
    if let Some((per_second, free)) = allowance.pace {
        let next = free.plus(count as i64 * (SECOND / i64::from(per_second)));
        diesel::update(delivery_pace::table.find(channel)).set(delivery_pace::next_free.eq(next)).execute(conn)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_takes_more_than_the_pace_and_a_burst() {
        let mut free = Timestamp(0);
        let mut sent = Vec::new();
        for tick in 0..400 {
            let now = Timestamp(10 * SECOND + tick * SECOND / 40);
            let allowance = at_pace(10, free, now);
            let count = allowance.limit(3);
            free = allowance.pace.unwrap().1.plus(count as i64 * SECOND / 10);
            sent.extend(std::iter::repeat_n(now, count));
        }
        assert!((100..=111).contains(&sent.len()), "{}", sent.len());
        // Once the saved second is spent, each further second takes exactly ten.
        let late = sent.iter().filter(|at| at.0 >= 15 * SECOND && at.0 < 16 * SECOND).count();
        assert!((9..=11).contains(&late), "{late}");
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_channel() {
        let allowance = at_pace(5, Timestamp(1_000 * SECOND), Timestamp(10 * SECOND));
        assert_eq!(allowance.limit(10), 0);
        assert!(allowance.next_at(Timestamp(10 * SECOND)) <= Timestamp(11 * SECOND));
    }
}
