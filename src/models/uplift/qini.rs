//! The Qini coefficient of a ranking, and what chance gives a ranking without meaning.

use serde::{Deserialize, Serialize};

/// One row of a randomised experiment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// By what it is ranked, the highest first.
    pub score: f64,
    /// Whether it was treated.
    pub treated: bool,
    /// What came of it.
    pub outcome: f64,
    /// How much it counts: so that both arms are as if dealt by a coin.
    pub weight: f64,
}

/// How well a ranking finds those whom treatment changes most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Qini {
    /// Area between the curve and the straight line, per row.
    pub coefficient: f64,
    /// Standard deviation of the coefficient where the ranking says nothing of the effect.
    pub null_deviation: f64,
}

impl Qini {
    /// The coefficient in deviations of its null; 0 for a ranking that puts all rows on a level.
    pub fn z(&self) -> f64 {
        if self.null_deviation > 0.0 { self.coefficient / self.null_deviation } else { 0.0 }
    }

    /// Of a ranking: after the top k of N rows `Q(k) = (Y1(k) - Y0(k) N1(k) / N0(k)) / N` (Radcliffe 2007), with Y sums of
    /// outcomes and N counts of the treated (1) and the others (0), all weighted; the coefficient is the mean over k of
    /// `Q(k) - k / N Q(N)`. Rows of equal score are as if in random order: the curve is straight over them. None without rows
    /// of both arms.
    ///
    /// The null: to first order the coefficient is `sum of w u (1 - position) / N` with `u = t (y - m0) - r (1 - t) (y - m0)`, m0
    /// the mean of the others and r = N1 / N0. Where the effect is the same for all, u has the same mean everywhere, so that its
    /// variance is the sum of `(w (u - mean) (position - 1/2))^2 / N^2`: what permuting the scores gives (a test compares
    /// them), and also right where the spread of outcomes goes with the score.
    pub fn of(rows: &[Ranked]) -> Option<Qini> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|&a, &b| rows[b].score.total_cmp(&rows[a].score));
        let groups: Vec<&[usize]> = order.chunk_by(|&a, &b| rows[a].score == rows[b].score).collect();
        let all = Sums::of(order.iter().map(|&row| &rows[row]));
        if all.treated <= 0.0 || all.others <= 0.0 {
            return None;
        }
        let (total, last) = (all.treated + all.others, all.gain());
        let (mean_other, ratio) = (all.of_others / all.others, all.treated / all.others);
        let moved = |row: &Ranked| {
            let away = row.outcome - mean_other;
            if row.treated { away } else { -ratio * away }
        };
        let mean_moved = rows.iter().map(|row| row.weight * moved(row)).sum::<f64>() / total;
        let (mut sums, mut seen, mut gain, mut area, mut variance) = (Sums::default(), 0.0, 0.0, 0.0, 0.0);
        for group in groups {
            group.iter().for_each(|&row| sums.add(&rows[row]));
            let until = sums.treated + sums.others;
            let (weight, risen) = (until - seen, sums.gain() - gain);
            // Over a group the curve is a line: the sum over its rows, each standing at its own end.
            let half = 0.5 * (weight + weight / group.len() as f64);
            area += weight * (gain - seen / total * last) + half * (risen - weight / total * last);
            let position = (seen + 0.5 * weight) / total - 0.5;
            let spread = |&row: &usize| (rows[row].weight * (moved(&rows[row]) - mean_moved) * position).powi(2);
            variance += group.iter().map(spread).sum::<f64>();
            (seen, gain) = (until, sums.gain());
        }
        Some(Qini { coefficient: area / total / total, null_deviation: variance.sqrt() / total })
    }
}

/// Weighted counts and outcomes of both arms.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    treated: f64,
    others: f64,
    of_treated: f64,
    of_others: f64,
}

impl Sums {
    fn of<'a>(rows: impl Iterator<Item = &'a Ranked>) -> Sums {
        let mut sums = Sums::default();
        rows.for_each(|row| sums.add(row));
        sums
    }

    fn add(&mut self, row: &Ranked) {
        let (count, outcome) = if row.treated {
            (&mut self.treated, &mut self.of_treated)
        } else {
            (&mut self.others, &mut self.of_others)
        };
        *count += row.weight;
        *outcome += row.weight * row.outcome;
    }

    /// What treatment gained over what as many of the others would have brought; 0 while there are none of these.
    fn gain(&self) -> f64 {
        if self.others > 0.0 { self.of_treated - self.of_others * self.treated / self.others } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn rows(count: usize, lift: impl Fn(f64) -> f64) -> Vec<Ranked> {
        let mut stream = Stream::new(9, "qini");
        (0..count)
            .map(|_| {
                let score = stream.uniform();
                let treated = stream.uniform() < 0.4;
                let p = 0.1 + 0.3 * score + if treated { lift(score) } else { 0.0 };
                let outcome = f64::from(u8::from(stream.uniform() < p));
                Ranked { score, treated, outcome, weight: 1.0 }
            })
            .collect()
    }

    /// The definition, row by row, as in the reference's `metrics.py`.
    fn by_rows(mut rows: Vec<Ranked>) -> f64 {
        rows.sort_by(|a, b| b.score.total_cmp(&a.score));
        let n = rows.len() as f64;
        let curve: Vec<f64> = (1..=rows.len()).map(|k| Sums::of(rows[..k].iter()).gain() / n).collect();
        let last = curve[curve.len() - 1];
        curve.iter().enumerate().map(|(i, q)| q - (i + 1) as f64 / n * last).sum::<f64>() / n
    }

    #[test]
    fn equals_the_definition_row_by_row() {
        let rows = rows(500, |score| 0.3 * score);
        let found = Qini::of(&rows).unwrap();
        assert!((found.coefficient - by_rows(rows.clone())).abs() < 1e-12, "{found:?}");
        // Weights are like copies where a group ends; rows of one score stand together.
        let level: Vec<Ranked> = rows.iter().map(|row| Ranked { score: 1.0, ..*row }).collect();
        let level = Qini::of(&level).unwrap();
        assert!(level.coefficient.abs() < 1e-12 && level.z() == 0.0, "{level:?}");
        assert_eq!(Qini::of(&rows.iter().filter(|row| row.treated).copied().collect::<Vec<_>>()), None);
    }

    #[test]
    fn the_null_is_that_of_permuted_scores() {
        for lift in [0.0, 0.2] {
            let rows = rows(2_000, |_| lift);
            let mut stream = Stream::new(1, "permuted");
            let mut scores: Vec<f64> = rows.iter().map(|row| row.score).collect();
            let permuted: Vec<f64> = (0..400)
                .map(|_| {
                    stream.shuffle(&mut scores);
                    let ranked: Vec<Ranked> =
                        rows.iter().zip(&scores).map(|(row, &score)| Ranked { score, ..*row }).collect();
                    Qini::of(&ranked).unwrap().coefficient
                })
                .collect();
            let n = permuted.len() as f64;
            let mean = permuted.iter().sum::<f64>() / n;
            let deviation = (permuted.iter().map(|q| (q - mean).powi(2)).sum::<f64>() / n).sqrt();
            let analytic = Qini::of(&rows).unwrap();
            assert!(mean.abs() < 4.0 * deviation / n.sqrt(), "{mean} {deviation}");
            assert!((analytic.null_deviation / deviation - 1.0).abs() < 0.12, "{analytic:?} {deviation}");
            assert!(analytic.z().abs() < 3.0, "the effect is the same for all: {analytic:?}");
        }
    }

    #[test]
    fn finds_an_effect_that_goes_with_the_score_and_its_reverse() {
        let rows = rows(4_000, |score| 0.3 * score);
        assert!(Qini::of(&rows).unwrap().z() > 4.0);
        let reversed: Vec<Ranked> = rows.iter().map(|row| Ranked { score: -row.score, ..*row }).collect();
        assert!(Qini::of(&reversed).unwrap().z() < -4.0);
    }
}
