//! A sample of customers, to learn from where there are very many.

use crate::ids::CustomerId;

/// The customers whose ids are at most a certain one. Ids are uniform hashes of the company's own keys, so that these are drawn
/// at random, the same ones every time and on every machine; and history is sorted by id, so that reading them costs their share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample(i64);

impl Sample {
    /// Everybody.
    pub const ALL: Sample = Sample(i64::MAX);

    /// About `wanted` of `among` customers; everybody where there are no more than that.
    pub fn about(wanted: u64, among: u64) -> Sample {
        if among <= wanted {
            return Sample::ALL;
        }
        let share = (u128::from(wanted) << 63) / u128::from(among);
        Sample(i64::try_from(share).unwrap_or(i64::MAX))
    }

    /// Whether a customer belongs to it.
    pub fn has(self, customer: CustomerId) -> bool {
        customer.0 <= self.0
    }

    /// The last id that may belong to it.
    pub fn last(self) -> CustomerId {
        CustomerId(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IdKey;

    #[test]
    fn it_holds_about_as_many_as_were_wanted() {
        assert_eq!(Sample::about(200, 200), Sample::ALL);
        assert_eq!(Sample::about(0, 1).last(), CustomerId(0));
        let sample = Sample::about(2_000, 10_000);
        let key = IdKey([7; 16]);
        let held = (0..10_000).filter(|n| sample.has(key.customer(&format!("C-{n}")))).count();
        // Five standard deviations of a binomial of 10,000 and 0.2.
        assert!((1_800..2_200).contains(&held), "{held}");
    }
}
