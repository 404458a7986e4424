//! How far two groupings of the same rows agree.

/// The adjusted Rand index (Hubert and Arabie 1985): 1 when both groupings are the same, about 0 when they have nothing in common
/// but their sizes. Of `a` and `b` groups, numbered from 0.
pub(super) fn adjusted_rand(left: &[usize], a: usize, right: &[usize], b: usize) -> f64 {
    let mut table = vec![0u64; a * b];
    left.iter().zip(right).for_each(|(&i, &j)| table[i * b + j] += 1);
    let pairs = |n: u64| (n * n.saturating_sub(1) / 2) as f64;
    let both: f64 = table.iter().map(|&n| pairs(n)).sum();
    let rows: f64 = (0..a).map(|i| pairs(table[i * b..(i + 1) * b].iter().sum())).sum();
    let columns: f64 = (0..b).map(|j| pairs((0..a).map(|i| table[i * b + j]).sum())).sum();
    let all = pairs(left.len() as u64);
    let chance = if all > 0.0 { rows * columns / all } else { 0.0 };
    let most = (rows + columns) / 2.0;
    // Both put all rows together, or each row apart: they cannot differ.
    if most - chance == 0.0 { 1.0 } else { (both - chance) / (most - chance) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Hubert and Arabie's index in Wagner and Wagner (2007): scikit-learn gives 0.24242... for these labels.
    #[test]
    fn adjusted_rand_by_hand() {
        let (left, right) = ([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]);
        // Pairs together in both: 1 + 1; left 3 + 3, right 1 + 1 + 1, of 15: (2 - 18/15) / (4.5 - 18/15)
        let expected = (2.0 - 1.2) / (4.5 - 1.2);
        assert!((adjusted_rand(&left, 2, &right, 3) - expected).abs() < 1e-12);
        assert_eq!(adjusted_rand(&left, 2, &[1, 1, 1, 0, 0, 0], 2), 1.0);
        assert_eq!(adjusted_rand(&[0, 0], 1, &[0, 0], 1), 1.0);
        assert!(adjusted_rand(&[0, 1, 0, 1], 2, &[0, 0, 1, 1], 2) < 0.0);
    }
}
