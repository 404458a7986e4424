//! Identifiers. All are 63-bit numbers made by us, so that they fit a BIGINT in both stores.
//!
//! A customer's id is a keyed hash of the company's own key: facts in Parquet carry it without a look-up in the store, and it
//! says nothing about the person without the workspace's secret. Other ids grow with time, or hash what makes them unique.

use std::sync::atomic::{AtomicU64, Ordering};

use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::BigInt;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

use crate::clock::Timestamp;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, AsExpression, FromSqlRow,
        )]
        #[diesel(sql_type = BigInt)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<DB: diesel::backend::Backend> ToSql<BigInt, DB> for $name
        where
            i64: ToSql<BigInt, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
                self.0.to_sql(out)
            }
        }

        impl<DB: diesel::backend::Backend> FromSql<BigInt, DB> for $name
        where
            i64: FromSql<BigInt, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                i64::from_sql(bytes).map($name)
            }
        }
    };
}

id!(
    /// A person or firm; the keyed hash of its `external_id`.
    CustomerId
);
id!(
    /// What is proposed.
    OfferId
);
id!(
    /// A campaign's definition.
    CampaignId
);
id!(
    /// One batch of a campaign.
    CampaignRunId
);
id!(
    /// One client's way through a campaign of several steps.
    JourneyId
);
id!(
    /// A choice for one customer, or "none".
    DecisionId
);
id!(
    /// One message to one customer; the hash of (run, customer, step, occasion).
    DeliveryId
);
id!(
    /// One fit of a model.
    ModelVersionId
);
id!(
    /// A segment that a rule defines.
    SegmentId
);
id!(
    /// A piece of background work.
    JobId
);

/// The workspace's secret for keyed hashes; kept in the store, printed nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdKey(pub [u8; 16]);

impl std::fmt::Debug for IdKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdKey(..)")
    }
}

impl IdKey {
    /// The id of the customer whom the company calls `external_id`.
    pub fn customer(&self, external_id: &str) -> CustomerId {
        CustomerId(self.hash63(b"customer", &[external_id.as_bytes()]))
    }

    /// SipHash-2-4 of the parts, cut to 63 bits; each part is preceded by its length, so that no two lists of parts collide by shape.
    pub fn hash63(&self, purpose: &[u8], parts: &[&[u8]]) -> i64 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        for part in std::iter::once(&purpose).chain(parts) {
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        (hasher.finish() >> 1) as i64
    }
}

const EPOCH_2024_MS: i64 = 1_704_067_200_000;

/// A number that is not above any [`fresh`] id of this instant, and above all of earlier milliseconds.
pub fn first_of(at: Timestamp) -> i64 {
    (at.0 / 1000 - EPOCH_2024_MS).max(0) << 22
}

/// A new id that no other process makes: 41 bits of milliseconds, 10 bits of the process, 12 bits of a counter. In each millisecond
/// a process counts from a start of its own in the lower half, so that two of one number still differ: processes that are told one
/// and the same instant (`--at`) would otherwise meet once in a thousand.
pub fn fresh(now: Timestamp) -> i64 {
    static PROCESS: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    static LAST: AtomicU64 = AtomicU64::new(0);
    let process = *PROCESS.get_or_init(|| {
        let mut bytes = [0u8; 8];
        // Without an entropy source the process id still tells processes of one machine apart.
        if getrandom::fill(&mut bytes).is_err() {
            bytes = u64::from(std::process::id()).to_le_bytes();
        }
        u64::from_le_bytes(bytes)
    });
    let (node, start) = (process & 0x3ff, process >> 10 & 0x7ff);
    let least = (((now.0 / 1000 - EPOCH_2024_MS).max(0) as u64) << 12) | start;
    // The counter runs on into the next millisecond when one is full, and never goes back with the clock.
    let tick = LAST
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some((last + 1).max(least)))
        .map_or(least, |last| (last + 1).max(least));
    (((tick >> 12) << 22) | (node << 12) | (tick & 0xfff)) as i64 & i64::MAX
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customer_ids_depend_on_key_and_name_only() {
        let (one, other) = (IdKey([1; 16]), IdKey([2; 16]));
        assert_eq!(one.customer("C-1"), one.customer("C-1"));
        assert_ne!(one.customer("C-1"), one.customer("C-2"));
        assert_ne!(one.customer("C-1"), other.customer("C-1"));
        assert_ne!(one.hash63(b"a", &[b"bc"]), one.hash63(b"ab", &[b"c"]));
        assert!(one.customer("x").0 >= 0);
    }

    #[test]
    fn fresh_ids_are_unique_and_rise_even_when_the_clock_goes_back() {
        let now = Timestamp(1_800_000_000_000_000);
        let first = fresh(now);
        let ids: Vec<i64> = (0..10_000).map(|i| fresh(Timestamp(now.0 - i * 1_000_000))).collect();
        assert!(ids.windows(2).all(|w| w[0] < w[1]) && first < ids[0]);
    }
}
