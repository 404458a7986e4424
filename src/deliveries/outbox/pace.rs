//! Pace: how many messages a second a channel takes, kept in the store and so shared by all workers and over restarts.
//!
//! The virtual scheduling form of the leaky bucket (GCRA, ITU-T I.371): each message moves `next_free` on by one interval; at
//! most one second's worth is saved up.

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
    let values = (delivery_pace::per_second.eq(per_second), delivery_pace::next_free.eq(now));
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
