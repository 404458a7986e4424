//! When to come again after "later": 1 minute, doubling to 4 hours, with jitter; given up after 72 hours (RFC 5321, 4.5.4.1).

use crate::clock::{HOUR, MINUTE, Timestamp};
use crate::random;

/// How long a message is tried, from when it was due first.
pub(super) const PATIENCE: i64 = 72 * HOUR;

/// The instant of the next attempt, or `None` when it is time to give up. `attempt` counts from 1; the `id` of what is tried
/// spreads retries.
pub fn next(id: i64, attempt: i32, created_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let doubled = MINUTE << (attempt.clamp(1, 9) - 1);
    let wait = doubled.min(4 * HOUR);
    // A quarter of jitter, drawn from the id and the attempt: retries of one batch do not come back as one.
    let draw = random::unit(random::mix(id as u64 ^ (attempt as u64) << 48));
    let at = now.plus(wait + (wait as f64 * 0.25 * draw) as i64);
    (at.0 - created_at.0 <= PATIENCE).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_after_three_days() {
        let start = Timestamp(1_000_000);
        let (mut now, mut attempts, mut last) = (start, 0, 0);
        while let Some(at) = next(9, attempts + 1, start, now) {
            attempts += 1;
            let wait = at.0 - now.0;
            assert!((MINUTE..=5 * HOUR).contains(&wait), "{wait}");
            assert!(wait >= last || last > 4 * HOUR);
            (now, last) = (at, wait.min(4 * HOUR));
        }
        assert!((20..30).contains(&attempts), "{attempts}");
        assert_ne!(next(1, 1, start, start), next(2, 1, start, start));
    }
}
