//! Stable codes: a segment is still the same when most of its customers are still together.

/// A code for each of `count` new groups. The pair of a former and a new group that share most customers is matched first, and so
/// on; groups without a partner get the next free code (`s1`, `s2`, ...). `before` holds the former group of each row of `now`.
pub(super) fn matched_codes(now: &[usize], count: usize, before: &[usize], codes: &[String]) -> Vec<String> {
    let mut shared = vec![vec![0usize; codes.len()]; count];
    for (&new, &old) in now.iter().zip(before) {
        shared[new][old] += 1;
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
    // A code that was ever given here is not given to others, so that reports over time do not mix two groups.
    let number = |code: &String| code.strip_prefix('s').and_then(|n| n.parse::<usize>().ok());
    let mut next = codes.iter().filter_map(number).max().unwrap_or(0);
    given
        .into_iter()
        .map(|code| {
            code.unwrap_or_else(|| {
                next += 1;
                format!("s{next}")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_the_customers() {
        let codes = ["s1".to_owned(), "s2".to_owned()];
        // Former group 0 is now group 1 and 2; the larger part keeps the code.
        let before = [0, 0, 0, 0, 1, 1, 1];
        let now = [1, 1, 1, 2, 0, 0, 0];
        assert_eq!(matched_codes(&now, 3, &before, &codes), ["s2", "s1", "s3"]);
        assert_eq!(matched_codes(&now, 3, &[], &[]), ["s1", "s2", "s3"]);
    }
}
