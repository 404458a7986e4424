//! Many comparisons at once: p-values adjusted so that the chance of any false alarm, or the share of them, stays in bounds.

use super::degenerate::Degenerate;

/// p-values between 0 and 1, none missing.
fn checked(p_values: &[f64]) -> Result<(), Degenerate> {
    if p_values.iter().all(|p| (0.0..=1.0).contains(p)) { Ok(()) } else { Err(Degenerate::BadParameter) }
}

/// The positions of the p-values from small to large; ties keep their order.
fn ascending(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));
    order
}

/// Holm (1979), family-wise: the k-th smallest times (m - k + 1), made to rise. For goal metrics times variants.
///
/// # Errors
/// [`Degenerate::BadParameter`] when a p-value is not between 0 and 1.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, Degenerate> {
    checked(p_values)?;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, &i) in ascending(p_values).iter().enumerate() {
        largest = largest.max((p_values.len() - rank) as f64 * p_values[i]).min(1.0);
        adjusted[i] = largest;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg (1995), false discovery rate: the k-th smallest times m / k, made to rise. For segment slices.
///
/// # Errors
/// [`Degenerate::BadParameter`] when a p-value is not between 0 and 1.
pub fn benjamini_hochberg(p_values: &[f64]) -> Result<Vec<f64>, Degenerate> {
    checked(p_values)?;
    let m = p_values.len() as f64;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest: f64 = 1.0;
    for (rank, &i) in ascending(p_values).iter().enumerate().rev() {
        smallest = smallest.min(p_values[i] * m / (rank as f64 + 1.0));
        adjusted[i] = smallest;
    }
    Ok(adjusted)
}

/// Bonferroni: each times m.
///
/// # Errors
/// [`Degenerate::BadParameter`] when a p-value is not between 0 and 1.
pub fn bonferroni(p_values: &[f64]) -> Result<Vec<f64>, Degenerate> {
    checked(p_values)?;
    Ok(p_values.iter().map(|p| (p * p_values.len() as f64).min(1.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjustments_keep_the_order_of_the_input() {
        let p = [0.06, 0.001, 0.041];
        assert_eq!(holm(&p).unwrap(), vec![0.082, 0.003, 0.082]);
        let bh = benjamini_hochberg(&p).unwrap();
        assert!((bh[0] - 0.06).abs() < 1e-12 && (bh[1] - 0.003).abs() < 1e-12 && (bh[2] - 0.06).abs() < 1e-12);
        assert!(holm(&[]).unwrap().is_empty());
        assert_eq!(holm(&[f64::NAN]), Err(Degenerate::BadParameter));
        assert_eq!(bonferroni(&[1.2]), Err(Degenerate::BadParameter));
    }
}
