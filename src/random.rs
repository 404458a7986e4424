//! Randomness without state: numbers are hashes of a seed and of what they are for.
//!
//! The same data, spec and seed give the same draws on any number of threads and in any order; and anyone can recompute an
//! experiment's assignment from the salt and the company's own customer key.

use sha2::{Digest, Sha256};

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Uniform in [0, 1): 53 bits.
pub fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// The first 64 bits of SHA-256 over `salt`, a zero byte, and `key`: what assignment and exploration draw from.
pub fn salted_hash(salt: &str, key: &str) -> u64 {
    let mut digest = Sha256::new();
    digest.update(salt.as_bytes());
    digest.update([0]);
    digest.update(key.as_bytes());
    let bytes = digest.finalize();
    u64::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

/// The bucket 0..9999 of `key` in the experiment with this salt.
pub fn bucket(salt: &str, key: &str) -> u32 {
    (salted_hash(salt, key) % 10_000) as u32
}

/// A sequence of numbers: SplitMix64, seeded. For simulations, bootstraps and initial centroids.
#[derive(Debug, Clone)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// A sequence of its own for each seed and purpose.
    pub fn new(seed: u64, purpose: &str) -> Stream {
        Stream { state: salted_hash(purpose, &seed.to_string()) }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        unit(self.next_u64())
    }

    /// Uniform in 0..n; `n` must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        // Multiply-shift; the bias of n / 2^64 is far below what any sample here can show.
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize
    }

    /// Standard normal (Box-Muller, one of the pair).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.uniform()).ln()
    }

    /// Gamma with shape and scale (Marsaglia and Tsang 2000; shapes below 1 by their boost).
    pub fn gamma(&mut self, shape: f64, scale: f64) -> f64 {
        if shape < 1.0 {
            let boost = (1.0 - self.uniform()).powf(1.0 / shape);
            return self.gamma(shape + 1.0, scale) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.uniform()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v * scale;
            }
        }
    }

    /// Poisson with this mean (Knuth for small means, normal approximation above 60).
    pub fn poisson(&mut self, mean: f64) -> u32 {
        if mean > 60.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u32;
        }
        let limit = (-mean).exp();
        let mut product = self.uniform();
        let mut count = 0;
        while product > limit {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// Shuffles in place (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_uniform_and_independent_between_salts() {
        let mut counts = [0u32; 10];
        let mut both = 0;
        for i in 0..100_000 {
            let key = format!("customer-{i}");
            let (a, b) = (bucket("a", &key), bucket("b", &key));
            counts[(a / 1000) as usize] += 1;
            both += u32::from(a < 5000 && b < 5000);
        }
        let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi2 < 27.9, "chi2 {chi2} with 9 degrees of freedom, p < 0.001");
        assert!((f64::from(both) - 25_000.0).abs() < 600.0, "{both}");
    }

    #[test]
    fn moments_of_the_draws() {
        let mut s = Stream::new(7, "test");
        let n = 100_000;
        let mean = |draw: &mut dyn FnMut() -> f64| (0..n).map(|_| draw()).sum::<f64>() / f64::from(n);
        assert!(mean(&mut || s.normal()).abs() < 0.02);
        assert!((mean(&mut || s.gamma(0.5, 2.0)) - 1.0).abs() < 0.03);
        assert!((mean(&mut || s.gamma(4.0, 0.5)) - 2.0).abs() < 0.03);
        assert!((mean(&mut || f64::from(s.poisson(3.5))) - 3.5).abs() < 0.03);
        assert!((mean(&mut || s.exponential(2.0)) - 2.0).abs() < 0.05);
    }
}
