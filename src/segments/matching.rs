//! Stable codes: a segment is still the same when most of its customers are still together.

/// A code for each of `count` new groups, and the highest number that a code now bears. The pair of a former and a new group that
/// share most customers is matched first, and so on, whether there are now more groups or fewer; groups without a partner get
/// the next free code (`s1`, `s2`, ...) after `issued`, so that a code that was ever given here is not given to others and reports over
/// time do not mix two groups. `before` holds the former group of each row of `now`, `codes` those of the former groups.
pub(super) fn matched_codes(
    now: &[Option<usize>],
    count: usize,
    before: &[Option<usize>],
    codes: &[String],
    issued: usize,
) -> (Vec<String>, usize) {
    let mut shared = vec![vec![0usize; codes.len()]; count];
    for (new, old) in now.iter().zip(before) {
        if let (Some(new), Some(old)) = (*new, *old) {
            shared[new][old] += 1;
        }
    }
    let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
    for (new, row) in shared.iter().enumerate() {
        pairs.extend(row.iter().enumerate().filter(|(_, n)| **n > 0).map(|(old, &n)| (n, new, old)));
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut given: Vec<Option<String>> = vec![None; count];
    let mut taken = vec![false; codes.len()];
    for (_, new, old) in pairs {
        if given[new].is_none() && !taken[old] {
            given[new] = Some(codes[old].clone());
            taken[old] = true;
        }
    }
    let number = |code: &String| code.strip_prefix('s').and_then(|n| n.parse::<usize>().ok());
    let mut next = codes.iter().filter_map(number).max().unwrap_or(0).max(issued);
    let codes = given.into_iter().map(|code| {
        code.unwrap_or_else(|| {
            next += 1;
            format!("s{next}")
        })
    });
    (codes.collect(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(groups: &[usize]) -> Vec<Option<usize>> {
        groups.iter().copied().map(Some).collect()
    }

    #[test]
    fn codes_follow_the_customers() {
        let codes = ["s1".to_owned(), "s2".to_owned()];
        // Former group 0 is now group 1 and 2; the larger part keeps the code.
        let before = some(&[0, 0, 0, 0, 1, 1, 1]);
        let now = some(&[1, 1, 1, 2, 0, 0, 0]);
        let (given, issued) = matched_codes(&now, 3, &before, &codes, 2);
        assert_eq!((given, issued), (["s2", "s1", "s3"].map(String::from).to_vec(), 3));
        assert_eq!(matched_codes(&now, 3, &[], &[], 0).0, ["s1", "s2", "s3"]);
    }

    #[test]
    fn with_fewer_groups_the_larger_part_goes_on_and_a_dropped_code_never_comes_back() {
        let codes = ["s1", "s2", "s3"].map(String::from);
        let before = some(&[0, 0, 0, 1, 1, 2, 2]);
        let (fewer, issued) = matched_codes(&some(&[0, 0, 0, 0, 0, 1, 1]), 2, &before, &codes, 3);
        assert_eq!((fewer.clone(), issued), (["s1", "s3"].map(String::from).to_vec(), 3));
        let (more, issued) =
            matched_codes(&some(&[0, 0, 0, 1, 1, 2, 2]), 3, &some(&[0, 0, 0, 0, 0, 1, 1]), &fewer, issued);
        assert_eq!((more, issued), (["s1", "s4", "s3"].map(String::from).to_vec(), 4));
    }
}
