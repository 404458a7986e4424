//! The special functions of the purchase models.

pub use statrs::function::gamma::{digamma, ln_gamma};

/// Nodes of Gauss and Legendre's quadrature with eight points, on the interval from 0 to 1 (Abramowitz and Stegun 1964, table 25.4).
pub const NODES: [f64; 8] = [
    0.019855071751231912,
    0.10166676129318664,
    0.2372337950418355,
    0.4082826787521751,
    0.5917173212478248,
    0.7627662049581645,
    0.8983332387068134,
    0.9801449282487681,
];
/// Their weights.
pub const WEIGHTS: [f64; 8] = [
    0.05061426814518853,
    0.11119051722668721,
    0.15685332293894344,
    0.18134189168918083,
    0.18134189168918083,
    0.15685332293894344,
    0.11119051722668721,
    0.05061426814518853,
];

/// Terms of a series before it is taken as it is.
const TERMS: usize = 20_000;

/// Gauss's hypergeometric function 2F1(a, b; c; z) for 0 <= z < 1 and positive parameters: its series, or, near 1, the series of
/// Euler's transformation (1 - z)^(c - a - b) 2F1(c - a, c - b; c; z), whichever has the smaller terms (Abramowitz and Stegun 1964,
/// 15.1.1 and 15.3.3).
pub fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    if z == 0.0 {
        return 1.0;
    }
    if a + b > c { (1.0 - z).powf(c - a - b) * series(c - a, c - b, c, z) } else { series(a, b, c, z) }
}

fn series(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 0..TERMS {
        let n = n as f64;
        term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        sum += term;
        if term.abs() <= 1e-14 * sum.abs() {
            break;
        }
    }
    sum
}

/// The derivative of digamma, for positive arguments: upwards by its recurrence until the asymptotic series is exact (Abramowitz and
/// Stegun 1964, 6.4.6 and 6.4.12).
pub fn trigamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 12.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = y * (1.0 / 6.0 - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y * (1.0 / 30.0 - y * 5.0 / 66.0))));
    sum + (1.0 + 0.5 / x + series) / x
}

/// ln(e^a + e^b) without overflow.
#[cfg(test)]
pub fn ln_sum(a: f64, b: f64) -> f64 {
    let most = a.max(b);
    if most == f64::NEG_INFINITY { most } else { most + ((a - most).exp() + (b - most).exp()).ln() }
}

/// ln(e^a - e^b), for a > b.
#[cfg(test)]
pub fn ln_difference(a: f64, b: f64) -> f64 {
    a + (-(b - a).exp()).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hypergeometric_of_abramowitz_and_stegun_15_1() {
        // 15.1.3: F(1, 1; 2; z) = -ln(1 - z) / z; 15.1.8: F(a, b; b; z) = (1 - z)^-a
        for z in [0.1, 0.5, 0.9, 0.99] {
            let z: f64 = z;
            assert!((hypergeometric(1.0, 1.0, 2.0, z) - -(1.0 - z).ln() / z).abs() < 1e-9);
            assert!((hypergeometric(2.5, 3.0, 3.0, z) / (1.0 - z).powf(-2.5) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn trigamma_of_abramowitz_and_stegun_6_4() {
        let pi = std::f64::consts::PI;
        // 6.4.3 and 6.4.4 at one: pi^2 / 6 and pi^2 / 2.
        assert!((trigamma(1.0) - pi * pi / 6.0).abs() < 1e-13);
        assert!((trigamma(0.5) - pi * pi / 2.0).abs() < 1e-13);
        for x in [0.01, 0.3, 4.0, 30.0] {
            let slope = (digamma(x * (1.0 + 1e-5)) - digamma(x * (1.0 - 1e-5))) / (2e-5 * x);
            assert!((trigamma(x) / slope - 1.0).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn sums_and_differences_of_logarithms() {
        assert!((ln_sum(1e4, 1e4) - (1e4 + 2f64.ln())).abs() < 1e-9);
        assert!((ln_difference(3f64.ln(), 2f64.ln()) - 0.0).abs() < 1e-12);
        assert_eq!(ln_sum(f64::NEG_INFINITY, 2.0), 2.0);
    }
}
