//! Timing: in which hours of their own week customers are active, and what an hour does to a contact.
//!
//! A customer's 168 hours are known by a handful of orders and answers. So their shares are those of a Dirichlet posterior whose
//! prior is the segment's week, which itself is drawn to the week of the whole base: who is unknown is taken for their segment,
//! and a segment that is small for everybody. How much a prior weighs is not stated but learned: it is the weight under which what
//! was left out is foretold best (`week.rs`). What being active means for a contact is learned apart, from decisions
//! (`tempo.rs`); so is how earlier contacts tire (`fatigue.rs`).

mod fatigue;
mod profile;
mod strength;
mod tempo;
mod week;

pub use fatigue::{Fatigue, pressure};
pub use profile::Profile;
pub use strength::Contact;
pub use tempo::Tempo;
pub use week::Week;

use crate::clock::{HOUR, SECOND, Timestamp};

/// Hours of a week: 0 from Monday 00 o'clock where the customer lives, 167 on Sunday from 23 o'clock.
pub const HOURS: usize = 168;

/// The hour of the week at an instant, where the clock is so many seconds ahead of UTC.
pub fn hour_of_week(at: Timestamp, ahead: i32) -> usize {
    // The epoch began on a Thursday.
    let hours = (at.0 + i64::from(ahead) * SECOND).div_euclid(HOUR) + 72;
    hours.rem_euclid(HOURS as i64) as usize
}

/// The number under which a decision remembers its [`Week::share`]: known to [`Tempo`], hidden from models of customers.
pub const HOUR_SHARE: &str = "hour_share";

/// The number under which a decision remembers its [`pressure`]: known to [`Fatigue`], hidden from models of customers.
pub const PRESSURE: &str = "pressure";

/// What a log tells of the contact's moment, and not of the customer.
pub const OF_THE_MOMENT: [&str; 2] = [HOUR_SHARE, PRESSURE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_begins_on_monday_where_the_customer_lives() {
        let at = |text: &str, ahead: i32| hour_of_week(Timestamp::parse(text).unwrap(), ahead);
        assert_eq!(at("2026-11-23T00:00:00Z", 0), 0, "a Monday");
        assert_eq!(at("2026-11-29T23:59:59Z", 0), 167);
        assert_eq!(at("2026-11-22T22:30:00Z", 2 * 3600), 0);
        assert_eq!(at("2026-11-23T03:00:00Z", -5 * 3600), 6 * 24 + 22);
        assert_eq!(at("1969-12-31T23:00:00Z", 0), 2 * 24 + 23, "before the epoch too");
    }
}
