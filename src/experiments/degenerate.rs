//! Why a statistic cannot be computed.

use serde::{Serialize, Serializer};

/// Input from which no honest number follows. The code is stable (scripts read it); `Display` explains and says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Degenerate {
    /// Fewer than two units in an arm.
    #[error("an arm has fewer than two units; wait for more")]
    TooFewUnits,
    /// A count beyond 2^53, where whole numbers are no longer exact.
    #[error("a count is above 2^53; check the query that made it")]
    CountTooLarge,
    /// NaN or infinity among the sums.
    #[error("a sum is not a finite number; check the query that made it")]
    NotFinite,
    /// Sums that no data can have: a negative or fractional count, more successes than units, squares below the mean's.
    #[error("the sums contradict each other (a negative count, more successes than units, ...); check the query")]
    ImpossibleSums,
    /// Nobody or everybody converted, or all units have the same value.
    #[error("an arm has no variance (nobody or everybody converted, or all values are equal); wait for more data")]
    ZeroVariance,
    /// The variance is smaller than the rounding error of the sums.
    #[error("the sums have lost the variance to rounding; pass sums of (value - shift) and the shift")]
    PrecisionLost,
    /// A relative effect against a mean of zero or below.
    #[error("the control mean is zero or negative, so a relative effect says nothing; ask for the absolute difference")]
    BaselineNotPositive,
    /// A ratio whose denominator does not have a positive mean.
    #[error("the ratio's denominator has no positive sum; check the metric")]
    DenominatorNotPositive,
    /// The arms' statistics are of different kinds.
    #[error("the two arms have different kinds of statistic; give both the same")]
    MixedKinds,
    /// Fewer than two arms with a positive planned share.
    #[error("fewer than two arms have a planned share above zero; there is nothing to compare")]
    TooFewArms,
    /// A unit in an arm that was planned to get none.
    #[error("an arm with a planned share of zero has units; somebody was assigned by another rule")]
    UnplannedArm,
    /// A tuning value (level, power, prior, ratio) outside its range.
    #[error("a parameter is outside its range; see the documentation of the statistic")]
    BadParameter,
}

impl Degenerate {
    /// The stable code, as it stands in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Degenerate::TooFewUnits => "TOO_FEW_UNITS",
            Degenerate::CountTooLarge => "COUNT_TOO_LARGE",
            Degenerate::NotFinite => "NOT_FINITE",
            Degenerate::ImpossibleSums => "IMPOSSIBLE_SUMS",
            Degenerate::ZeroVariance => "ZERO_NEGATIVE_VARIANCE",
            Degenerate::PrecisionLost => "PRECISION_LOST",
            Degenerate::BaselineNotPositive => "ZERO_NEGATIVE_BASELINE",
            Degenerate::DenominatorNotPositive => "ZERO_NEGATIVE_DENOMINATOR",
            Degenerate::MixedKinds => "MIXED_KINDS",
            Degenerate::TooFewArms => "TOO_FEW_ARMS",
            Degenerate::UnplannedArm => "UNPLANNED_ARM",
            Degenerate::BadParameter => "BAD_PARAMETER",
        }
    }
}

impl Serialize for Degenerate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// Refuses NaN and infinities; the last gate before a number leaves a function.
pub(crate) fn finite(values: &[f64]) -> Result<(), Degenerate> {
    if values.iter().all(|v| v.is_finite()) { Ok(()) } else { Err(Degenerate::NotFinite) }
}
