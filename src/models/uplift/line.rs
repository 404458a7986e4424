//! How far predicted lifts can be believed: outcomes regressed on them.

/// The most that every lift is moved.
const MOST_OFFSET: f64 = 0.1;

/// A treated row of whom the model did not know: what came of it beyond what would have come anyway, and the lift foretold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub residual: f64,
    pub foretold: f64,
    pub weight: f64,
}

/// Least squares of residuals on foretold lifts: the slope, 0 to 1. Choosing the best of many predictions picks those that are too
/// high; the slope takes that back. 1 where lifts do not differ.
pub(super) fn slope(rows: impl Iterator<Item = Seen> + Clone) -> f64 {
    let mean = |of: fn(&Seen) -> f64| {
        let (sum, total) =
            rows.clone().fold((0.0, 0.0), |(sum, total), row| (sum + row.weight * of(&row), total + row.weight));
        sum / f64::max(total, f64::MIN_POSITIVE)
    };
    let (residual, foretold) = (mean(|row| row.residual), mean(|row| row.foretold));
    let (mut together, mut own) = (0.0, 0.0);
    for row in rows {
        let away = row.foretold - foretold;
        together += row.weight * away * (row.residual - residual);
        own += row.weight * away * away;
    }
    if own > 1e-9 { (together / own).clamp(0.0, 1.0) } else { 1.0 }
}

/// The weighted mean of how far outcomes lie above the line, less that of those who were left alone.
pub(super) fn offset(above: impl Iterator<Item = (f64, f64)>, alone: f64) -> f64 {
    let (sum, total) = above.fold((0.0, 0.0), |(sum, total), (above, weight)| (sum + weight * above, total + weight));
    (sum / f64::max(total, f64::MIN_POSITIVE) - alone).clamp(-MOST_OFFSET, MOST_OFFSET)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn a_prediction_twice_too_wide_is_halved() {
        let mut draws = Stream::new(3, "lift");
        let rows: Vec<Seen> = (0..200_000)
            .map(|_| {
                let foretold = 0.1 * draws.normal();
                Seen { residual: 0.05 + 0.5 * foretold + 0.4 * draws.normal(), foretold, weight: 1.0 }
            })
            .collect();
        let slope = slope(rows.iter().copied());
        let offset = offset(rows.iter().map(|row| (row.residual - slope * row.foretold, row.weight)), 0.02);
        assert!((slope - 0.5).abs() < 0.04 && (offset - 0.03).abs() < 0.006, "{slope} {offset}");
    }
}
