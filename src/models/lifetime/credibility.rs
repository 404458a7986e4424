//! A ratio of one's own and of the whole, weighted by what is known (Bühlmann and Straub 1970; Bühlmann and Gisler 2005, "A Course in
//! Credibility Theory", chapter 4).

use serde::{Deserialize, Serialize};

use super::history::sum_of_blocks;

/// A ratio (margin by revenue, cost by purchase) that differs between customers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The ratio of the whole.
    pub whole: f64,
    /// Exposure at which own and whole weigh the same, in units of the exposure; infinite when customers do not differ, which is written
    /// as none.
    pub half: Option<f64>,
}

/// What is known of a customer's ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposed {
    /// The numerator: margin, cost.
    pub amount: f64,
    /// The denominator: revenue, purchases. Above 0.
    pub exposure: f64,
}

impl Ratio {
    /// Splits the spread of the customers' ratios into a part that exposure wears off and one that it does not: the squared distance from
    /// the whole is `a + s / exposure`, fitted by weighted least squares; half is s / a.
    pub fn fit(rows: &[Exposed]) -> Ratio {
        let rows: Vec<Exposed> = rows.iter().copied().filter(|row| row.exposure > 0.0).collect();
        let [amount, exposure] =
            sum_of_blocks(&rows, |block| block.iter().fold([0.0; 2], |[a, e], row| [a + row.amount, e + row.exposure]));
        if exposure <= 0.0 {
            return Ratio { whole: 0.0, half: None };
        }
        let whole = amount / exposure;
        // Each customer weighs by the exposure, at most three times the mean: nobody decides alone.
        let cap = 3.0 * exposure / rows.len() as f64;
        let [w, wu, wuu, wz, wuz] = sum_of_blocks(&rows, |block| {
            block.iter().fold([0.0; 5], |mut sum, row| {
                let (weight, inverse) = (row.exposure.min(cap), 1.0 / row.exposure);
                let away = (row.amount / row.exposure - whole).powi(2);
                let here = [1.0, inverse, inverse * inverse, away, inverse * away];
                sum.iter_mut().zip(here).for_each(|(sum, here)| *sum += weight * here);
                sum
            })
        });
        let spread = w * wuu - wu * wu;
        let (within, between) = if spread > 1e-12 * w * wuu {
            let within = ((w * wuz - wu * wz) / spread).max(0.0);
            (within, (wz - within * wu) / w)
        } else {
            // All are equally exposed: half of the spread is taken for one's own.
            (0.5 * wz / wu.max(f64::MIN_POSITIVE), 0.5 * wz / w)
        };
        let half = within / between;
        Ratio { whole, half: (between > 0.0 && half.is_finite()).then_some(half) }
    }

    /// The ratio of a customer.
    pub fn of(&self, row: Exposed) -> f64 {
        match self.half {
            Some(half) if row.exposure > 0.0 => (row.amount + half * self.whole) / (row.exposure + half),
            _ => self.whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Own ratios with deviation 0.1, seen through noise of variance 1 / exposure.
    #[test]
    fn own_and_whole_weigh_as_in_buhlmann_and_straub() {
        let mut stream = Stream::new(3, "credibility");
        let (mut rows, mut own) = (Vec::new(), Vec::new());
        for _ in 0..50_000 {
            let (ratio, exposure) = (0.3 + 0.1 * stream.normal(), 1.0 + 100.0 * stream.uniform());
            own.push(ratio);
            rows.push(Exposed { amount: exposure * (ratio + stream.normal() / exposure.sqrt()), exposure });
        }
        let fit = Ratio::fit(&rows);
        assert!((fit.whole - 0.3).abs() < 0.005, "{fit:?}");
        // Half weight where 1 / exposure = 0.1^2.
        assert!((fit.half.unwrap() / 100.0 - 1.0).abs() < 0.15, "{fit:?}");
        let error =
            |of: &dyn Fn(&Exposed) -> f64| rows.iter().zip(&own).map(|(row, own)| (of(row) - own).powi(2)).sum::<f64>();
        let shrunk = error(&|row| fit.of(*row));
        assert!(shrunk < error(&|row| row.amount / row.exposure) && shrunk < error(&|_| fit.whole));
    }

    #[test]
    fn customers_who_do_not_differ_have_the_ratio_of_the_whole() {
        let rows: Vec<Exposed> =
            (1..200).map(|i| Exposed { amount: 0.3 * f64::from(i), exposure: f64::from(i) }).collect();
        let fit = Ratio::fit(&rows);
        assert!(
            (fit.of(rows[4]) - 0.3).abs() < 1e-12
                && (fit.of(Exposed { amount: 0.0, exposure: 0.0 }) - 0.3).abs() < 1e-12
        );
        assert_eq!(Ratio::fit(&[]), Ratio { whole: 0.0, half: None });
    }
}
