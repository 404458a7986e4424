//! Pace: how far apart the messages of a channel, a domain or a relay are at least, kept in the store and so shared by all workers and
//! over restarts.
//!
//! The virtual scheduling form of the leaky bucket (GCRA, ITU-T I.371): each message moves `next_free` on by one gap; at most one
//! second's worth, or one message, is saved up.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::clock::{SECOND, Timestamp};
use crate::error::{Error, Result};
use crate::storage::schema::delivery_pace;
use crate::storage::{Connection, on_each};

/// What a channel may send now.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// The gap and the instant from which the next is free; `None` without a limit.
    pace: Option<(i64, Timestamp)>,
    tokens: usize,
}

impl Allowance {
    /// `wanted`, or fewer when the pace allows fewer.
    pub fn limit(&self, wanted: usize) -> usize {
        if self.pace.is_some() { wanted.min(self.tokens) } else { wanted }
    }

    /// When there is more.
    pub fn next_at(&self, now: Timestamp) -> Timestamp {
        self.pace.map_or(now, |(gap, free)| free.plus(gap).max(now.plus(1)))
    }
}

/// Sets the pace of a channel, in messages a second; `None` takes the limit away.
///
/// # Errors
/// Invalid outside 1..1,000,000.
pub fn set(conn: &mut Connection, channel: &str, per_second: Option<i32>, now: Timestamp) -> Result<()> {
    if let Some(per_second) = per_second.filter(|per_second| !(1..=1_000_000).contains(per_second)) {
        return Err(Error::invalid(format!("pace.{channel}: {per_second} is outside 1..1000000 messages a second")));
    }
    set_gap(conn, channel, per_second.map(|per_second| SECOND / i64::from(per_second)), now)
}

fn set_gap(conn: &mut Connection, channel: &str, gap: Option<i64>, now: Timestamp) -> Result<()> {
    let Some(gap) = gap else {
        diesel::delete(delivery_pace::table.find(channel)).execute(conn)?;
        return Ok(());
    };
    let values = (delivery_pace::gap.eq(gap), delivery_pace::next_free.eq(now), delivery_pace::turns_until.eq(now));
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
        delivery_pace::table.find($channel).select((delivery_pace::gap, delivery_pace::next_free))
    };
}

/// What a channel may send now; the row stays locked until the transaction ends, so that workers do not both spend it.
pub(super) fn allowance(conn: &mut Connection, channel: &str, now: Timestamp) -> Result<Allowance> {
    let found: Option<(i64, Timestamp)> = match conn {
        Connection::Sqlite(c) => pace_query!(channel).first(c).optional()?,
        Connection::Postgres(c) => pace_query!(channel).for_update().first(c).optional()?,
    };
    Ok(found.map_or(Allowance { pace: None, tokens: 0 }, |(gap, free)| at_pace(gap, free, now)))
}

fn at_pace(gap: i64, free: Timestamp, now: Timestamp) -> Allowance {
    let gap = gap.max(1);
    // Not more than a second is saved up, or one message; and a clock that was set back stops the channel for one gap at most.
    let free = free.clamp(now.plus(-gap.max(SECOND)), if gap > SECOND { now.plus(gap) } else { now });
    let tokens = ((now.0 - free.0) / gap).max(0) as usize;
    Allowance { pace: Some((gap, free)), tokens }
}

/// Brings the paces in the store to those that are wanted, as gaps in microseconds, 0 being no limit; one that is as it should be keeps
/// its place, and one that changes goes on from where it was.
pub fn agree(conn: &mut Connection, wanted: &BTreeMap<String, i64>, now: Timestamp) -> Result<()> {
    let known: Vec<(String, i64)> =
        delivery_pace::table.select((delivery_pace::channel, delivery_pace::gap)).load(conn)?;
    // Those that were set by hand and are not named stay.
    for (name, &gap) in wanted {
        match known.iter().find(|(known, _)| known == name).map(|(_, gap)| *gap) {
            Some(known) if known == gap => {}
            Some(_) if gap > 0 => {
                diesel::update(delivery_pace::table.find(name)).set(delivery_pace::gap.eq(gap)).execute(conn)?;
            }
            None if gap == 0 => {}
            _ => set_gap(conn, name, (gap > 0).then_some(gap), now)?,
        }
    }
    Ok(())
}

/// Takes up to `wanted` messages of a pace at once: how many it gives, and when there are more. Without such a pace all are given.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn take(conn: &mut Connection, name: &str, wanted: usize, now: Timestamp) -> Result<(usize, Timestamp)> {
    let allowance = allowance(conn, name, now)?;
    let given = allowance.limit(wanted);
    spend(conn, name, allowance, given)?;
    Ok((given, allowance.next_at(now)))
}

macro_rules! domain_query {
    ($prefix:expr) => {
        delivery_pace::table.filter(delivery_pace::channel.like($prefix)).order(delivery_pace::channel).select((
            delivery_pace::channel,
            delivery_pace::gap,
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
        let rows: Vec<(String, i64, Timestamp, Timestamp)> = match conn {
            Connection::Sqlite(c) => domain_query!(&prefix).load(c)?,
            Connection::Postgres(c) => domain_query!(&prefix).for_update().load(c)?,
        };
        let row = |(name, gap, free, turns_until)| Domain {
            name,
            allowance: at_pace(gap, free, now),
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
        let (gap, free) = row.allowance.pace?;
        let spent = free.plus(row.spent as i64 * gap);
        row.turns_until = row.turns_until.max(spent).max(now).plus(gap);
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
    if let Some((gap, free)) = allowance.pace {
        let next = free.plus(count as i64 * gap);
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
            let allowance = at_pace(SECOND / 10, free, now);
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
    fn a_gap_of_minutes_lets_one_message_go_at_a_time() {
        let gap = 5 * crate::clock::MINUTE;
        let (mut free, mut sent) = (Timestamp(0), Vec::new());
        for second in 0..3_600 {
            let now = Timestamp(10 * gap + second * SECOND);
            let allowance = at_pace(gap, free, now);
            let count = allowance.limit(50);
            free = allowance.pace.unwrap().1.plus(count as i64 * gap);
            sent.extend(std::iter::repeat_n(second, count));
        }
        assert_eq!(sent, (0..12).map(|n| n * 300).collect::<Vec<_>>());
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_channel() {
        let allowance = at_pace(SECOND / 5, Timestamp(1_000 * SECOND), Timestamp(10 * SECOND));
        assert_eq!(allowance.limit(10), 0);
        assert!(allowance.next_at(Timestamp(10 * SECOND)) <= Timestamp(11 * SECOND));
    }
}
