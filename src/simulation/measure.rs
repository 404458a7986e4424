//! What a marketer can measure: those who could be contacted against the holdout, by realised profit.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::company::Company;

/// Incremental profit as measured, in minor units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Clients outside the holdout, contacted or not.
    pub treated: usize,
    /// Clients in it.
    pub holdout: usize,
    /// Estimated total over the treated.
    pub total: f64,
    /// Ends of the 95 % interval.
    pub interval: (f64, f64),
}

impl Measured {
    /// Does the interval hold this value?
    pub fn covers(&self, truth: f64) -> bool {
        (self.interval.0..=self.interval.1).contains(&truth)
    }
}

/// Mean and variance of the mean of a sample.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    (mean, squares / (n - 1.0) / n)
}

/// Measures a window: all outside the holdout (intention to treat) against the holdout, difference of means with unequal
/// variances (Welch 1947), times the number of the treated. `None` when either group has fewer than two clients or nothing varies.
pub fn lift(company: &Company, profit: &[i64], holdout: impl Fn(&str) -> bool) -> Option<Measured> {
    let mut groups = [Vec::new(), Vec::new()];
    for (client, profit) in company.clients.iter().zip(profit) {
        groups[usize::from(holdout(&client.person.external_id))].push(*profit as f64);
    }
    let [treated, control] = groups;
    if treated.len() < 2 || control.len() < 2 {
        return None;
    }
    let ((mean1, error1), (mean0, error0)) = (mean_and_error(&treated), mean_and_error(&control));
    let error = error1 + error0;
    if error <= 0.0 {
        return None;
    }
    let part = |error: f64, n: usize| error * error / (n as f64 - 1.0);
    let freedom = error * error / (part(error1, treated.len()) + part(error0, control.len()));
    let quantile = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.975);
    let n = treated.len() as f64;
    let (total, half) = (n * (mean1 - mean0), n * quantile * error.sqrt());
    Some(Measured { treated: treated.len(), holdout: control.len(), total, interval: (total - half, total + half) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::company::Shape;

    #[test]
    fn agrees_with_welch_by_hand() {
        let company = Company::generate(Shape { customers: 7, ..Shape::default() }).unwrap();
        // Treated 1, 2, 3, 4 and holdout 0, 1, 2: difference 1.5, standard error sqrt(5/12 + 1/3), 4.9589 degrees of freedom,
        // whose 97.5 % quantile is 2.5768 (R: qt(0.975, 4.9589)).
        let holdout = |id: &str| ["C000004", "C000005", "C000006"].contains(&id);
        let measured = lift(&company, &[1, 2, 3, 4, 0, 1, 2], holdout).unwrap();
        assert!((measured.total - 6.0).abs() < 1e-9);
        let half = (measured.interval.1 - measured.interval.0) / 8.0;
        assert!((half - 2.5768 * 0.75f64.sqrt()).abs() < 2e-3, "{half}");
        assert_eq!(lift(&company, &[5; 7], holdout), None);
    }
}
