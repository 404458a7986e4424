//! Keys of facts that come without one.
//!
//! A key must be the same whenever the same thing comes again, in whatever file and on whatever line, and differ otherwise:
//!
//! | facts | key |
//! |---|---|
//! | orders | order / article / n |
//! | returns | order / article / instant / n |
//! | subscriptions, claims | number / status / instant / n |
//! | decisions | number / offer / n |
//! | all others, and decisions without a number | a hash of customer, instant and all that the line says / n |
//!
//! n tells apart equal lines of one file, from 1. They are recognised when at most 8,192 others stand between them; further
//! apart, and in another file, they are the same fact.

use std::collections::HashMap;
use std::fmt::Write;
use std::hash::Hasher;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher24};

use super::spool::OfHash;

/// Lines over which repetitions are recognised, at least.
const WINDOW: usize = 8_192;

/// How often what is counted came lately: two generations, the older of which is forgotten when the younger is full.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Repetitions {
    recent: HashMap<u64, u32, OfHash>,
    older: HashMap<u64, u32, OfHash>,
}

impl Repetitions {
    /// Counts one more of the same; answers how many there have been with it.
    pub fn count(&mut self, what: u64) -> u32 {
        if let Some(seen) = self.recent.get_mut(&what) {
            *seen += 1;
            return *seen;
        }
        if self.recent.len() >= WINDOW {
            std::mem::swap(&mut self.older, &mut self.recent);
            self.recent.clear();
        }
        let seen = self.older.get(&what).map_or(1, |before| before + 1);
        self.recent.insert(what, seen);
        seen
    }
}

/// A hash of what is counted.
pub(super) fn counted(kind: &str, parts: [&str; 2], instant: Option<i64>) -> u64 {
    let mut hasher = siphasher::sip::SipHasher13::new();
    for part in [kind, parts[0], parts[1]] {
        hasher.write(part.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.write_i64(instant.unwrap_or(0));
    hasher.finish()
}

/// Puts a key of parts into `key`; a slash within a part is written so that no two lists of parts give one key.
pub(super) fn of_parts(key: &mut String, parts: &[&str], instant: Option<i64>, nth: u32) {
    key.clear();
    for part in parts {
        match memchr::memchr2(b'/', b'%', part.as_bytes()) {
            Some(_) => *key += &part.replace('%', "%25").replace('/', "%2F"),
            None => *key += part,
        }
        key.push('/');
    }
    if let Some(instant) = instant {
        push_number(key, instant);
        key.push('/');
    }
    push_number(key, i64::from(nth));
}

/// Puts a key made of all that a fact says into `key`; `values` are its columns as bytes.
pub(super) fn of_content(key: &mut String, customer: i64, instant: i64, values: &[u8], nth: &mut Repetitions) {
    // Columns that a later release adds are empty here, and leave the key as it is.
    let said = values.iter().rposition(|&byte| byte != 0).map_or(&[][..], |last| &values[..=last]);
    let mut hasher = SipHasher24::new();
    hasher.write(&customer.to_le_bytes());
    hasher.write(&instant.to_le_bytes());
    hasher.write(said);
    let hash = hasher.finish128();
    key.clear();
    URL_SAFE_NO_PAD.encode_string(&hash.as_bytes()[..12], key);
    key.push('/');
    push_number(key, i64::from(nth.count(hash.h1)));
}

fn push_number(text: &mut String, number: i64) {
    if (0..10).contains(&number) {
        text.push((b'0' + number as u8) as char);
    } else {
        // Writing to a text does not fail.
        write!(text, "{number}").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_different_parts_differ() {
        let key = |parts: &[&str], instant, nth| {
            let mut key = String::new();
            of_parts(&mut key, parts, instant, nth);
            key
        };
        assert_eq!(key(&["A", "s1"], None, 1), "A/s1/1");
        assert_eq!(key(&["A", "s1"], Some(12), 10), "A/s1/12/10");
        assert_ne!(key(&["A/s", "x"], None, 1), key(&["A", "s/x"], None, 1));
        assert_ne!(key(&["A%2Fs", "x"], None, 1), key(&["A/s", "x"], None, 1));
        assert_ne!(counted("orders", ["A", "s1"], None), counted("orders", ["As", "1"], None));
    }

    #[test]
    fn repetitions_are_counted_over_a_window() {
        let mut seen = Repetitions::default();
        assert_eq!((seen.count(1), seen.count(1), seen.count(2)), (1, 2, 1));
        (10..10 + WINDOW as u64).for_each(|other| assert_eq!(seen.count(other), 1));
        assert_eq!(seen.count(1), 3);
        (1 << 20..(1 << 20) + 3 * WINDOW as u64).for_each(|other| assert_eq!(seen.count(other), 1));
        assert_eq!(seen.count(1), 1, "forgotten");
    }
}
