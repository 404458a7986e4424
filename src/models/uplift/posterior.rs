//! Posterior means of many small effects: each is drawn towards nothing by as much as chance alone would spread them.

/// An estimate and its variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub mean: f64,
    pub variance: f64,
}

/// Normal effects around 0 whose variance is that by which the estimates spread beyond chance (DerSimonian and Laird 1986, with
/// a known centre): `spread = max(0, (sum of d^2 / v - count) / sum of 1 / v)`; the posterior mean of each is
/// `d x spread / (spread + v)` (Efron and Morris 1973).
pub(super) fn shrunk(estimates: &[Estimate]) -> Vec<f64> {
    let known = || estimates.iter().filter(|e| e.variance > 0.0 && e.variance.is_finite());
    let excess: f64 = known().map(|e| e.mean * e.mean / e.variance - 1.0).sum();
    let precision: f64 = known().map(|e| 1.0 / e.variance).sum();
    let spread = if precision > 0.0 { (excess / precision).max(0.0) } else { 0.0 };
    let posterior = |e: &Estimate| {
        if e.variance > 0.0 && e.variance.is_finite() { e.mean * spread / (spread + e.variance) } else { 0.0 }
    };
    estimates.iter().map(posterior).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn drawn(spread: f64) -> (Vec<f64>, Vec<Estimate>) {
        let mut stream = Stream::new(2, "posterior");
        (0..2_000)
            .map(|i| {
                let truth = spread * stream.normal();
                let deviation = if i % 2 == 0 { 0.02 } else { 0.06 };
                let mean = truth + deviation * stream.normal();
                (truth, Estimate { mean, variance: deviation * deviation })
            })
            .unzip()
    }

    #[test]
    fn shrinks_by_what_chance_spreads_and_errs_less() {
        let (truth, estimates) = drawn(0.03);
        let posterior = shrunk(&estimates);
        // .03^2 / (.03^2 + .02^2) = .69 and .03^2 / (.03^2 + .06^2) = .2
        let share = |i: usize| posterior[i] / estimates[i].mean;
        assert!((share(0) - 0.69).abs() < 0.04 && (share(1) - 0.2).abs() < 0.04, "{} {}", share(0), share(1));
        let error = |of: &dyn Fn(usize) -> f64| -> f64 { (0..truth.len()).map(|i| (of(i) - truth[i]).powi(2)).sum() };
        assert!(error(&|i| posterior[i]) < 0.6 * error(&|i| estimates[i].mean));
    }

    #[test]
    fn what_chance_explains_is_nothing() {
        let (_, estimates) = drawn(0.0);
        assert!(shrunk(&estimates).iter().all(|p| p.abs() < 0.02));
        assert_eq!(shrunk(&[Estimate { mean: 0.3, variance: f64::INFINITY }]), [0.0]);
        assert!(shrunk(&[]).is_empty());
    }
}
