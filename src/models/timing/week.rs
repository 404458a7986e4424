//! The week of the whole base and of each segment, and what they make of one customer's hours.

use std::collections::BTreeMap;

use super::{HOURS, Profile};

/// Observations that an even week is worth beside what the whole base did.
const EVEN: f64 = 24.0;
/// What a prior may weigh, in observations.
const WEIGHTS: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0];
/// What a prior weighs where there is nothing to learn it from.
const UNLEARNED: f64 = 32.0;
/// Customers by whom weights are learned: the first so many.
const LEARNED_FROM: usize = 20_000;
/// How an activity counts in the hour before its own, in its own and in the one after: who buys at 18:55 does not mind 19:05.
const SPREAD: [(usize, f64); 3] = [(HOURS - 1, 0.25), (0, 0.5), (1, 0.25)];

type Hours = [f64; HOURS];

/// When customers are active: what a base has in common, by segment, and how much that counts beside a customer's own hours.
#[derive(Debug, Clone, PartialEq)]
pub struct Week {
    whole: Hours,
    segments: BTreeMap<String, Hours>,
    /// Observations that the whole counts for beside a segment's.
    of_whole: f64,
    /// Observations that the segment counts for beside a customer's.
    of_segment: f64,
}

impl Default for Week {
    /// Of nobody: all hours are alike.
    fn default() -> Week {
        Week {
            whole: [1.0 / HOURS as f64; HOURS],
            segments: BTreeMap::new(),
            of_whole: UNLEARNED,
            of_segment: UNLEARNED,
        }
    }
}

impl Week {
    /// Of customers with their segments, in an order that does not depend on their hours.
    pub fn fit<'a>(customers: impl Iterator<Item = (Option<&'a str>, &'a Profile)> + Clone) -> Week {
        let mut all = [0.0; HOURS];
        let mut by_segment: BTreeMap<&str, [Hours; 2]> = BTreeMap::new();
        for (place, (segment, profile)) in customers.clone().enumerate() {
            add(&mut all, profile);
            if let Some(segment) = segment {
                add(&mut by_segment.entry(segment).or_insert([[0.0; HOURS]; 2])[place % 2], profile);
            }
        }
        let whole = drawn(&all, &[1.0 / HOURS as f64; HOURS], EVEN);
        let of_whole = best(|weight| foretold_halves(&by_segment, &whole, weight));
        let segments: BTreeMap<String, Hours> = by_segment
            .iter()
            .map(|(name, [one, other])| {
                let both = std::array::from_fn(|hour| one[hour] + other[hour]);
                ((*name).to_owned(), drawn(&both, &whole, of_whole))
            })
            .collect();
        let mut week = Week { whole, segments, of_whole, of_segment: UNLEARNED };
        let judged: Vec<(&Hours, &Profile)> = customers
            .filter(|(_, profile)| profile.count() >= 2.0)
            .take(LEARNED_FROM)
            .map(|(segment, profile)| (week.prior(segment), profile))
            .collect();
        let of_segment =
            best(|weight| judged.iter().map(|(prior, profile)| foretold_each(profile, prior, weight)).sum());
        week.of_segment = of_segment;
        week
    }

    /// The share of a customer's activity that falls into an hour of their week: the posterior mean. 1/168 is as much as any hour
    /// has of an even week.
    pub fn share(&self, segment: Option<&str>, profile: &Profile, hour: usize) -> f64 {
        let own: f64 = profile.times().map(|(active, times)| times * spread(active, hour)).sum();
        let weight = self.of_segment;
        (own + weight * self.prior(segment)[hour % HOURS]) / (profile.count() + weight)
    }

    fn prior(&self, segment: Option<&str>) -> &Hours {
        segment.and_then(|segment| self.segments.get(segment)).unwrap_or(&self.whole)
    }
}

/// How much an activity in one hour counts in another.
fn spread(active: usize, hour: usize) -> f64 {
    let counts = SPREAD.iter().find(|(away, _)| (active + away) % HOURS == hour % HOURS);
    counts.map_or(0.0, |(_, counts)| *counts)
}

fn add(hours: &mut Hours, profile: &Profile) {
    for (active, times) in profile.times() {
        for (away, counts) in SPREAD {
            hours[(active + away) % HOURS] += times * counts;
        }
    }
}

/// Shares of an hour: the mean of the Dirichlet posterior whose prior is worth `weight` observations.
fn drawn(seen: &Hours, prior: &Hours, weight: f64) -> Hours {
    let total: f64 = seen.iter().sum();
    std::array::from_fn(|hour| (seen[hour] + weight * prior[hour]) / (total + weight))
}

/// Log-likelihood of one half of each segment's customers by the other, drawn to the whole by `weight`; both ways.
fn foretold_halves(by_segment: &BTreeMap<&str, [Hours; 2]>, whole: &Hours, weight: f64) -> f64 {
    let by = |seen: &Hours, judged: &Hours| -> f64 {
        let foretold = drawn(seen, whole, weight);
        judged.iter().zip(foretold).filter(|(times, _)| **times > 0.0).map(|(times, share)| times * share.ln()).sum()
    };
    by_segment.values().map(|[one, other]| by(one, other) + by(other, one)).sum()
}

/// Log-likelihood of each activity of a customer by the others, drawn to the segment by `weight`.
fn foretold_each(profile: &Profile, prior: &Hours, weight: f64) -> f64 {
    let others = profile.count() - 1.0;
    let of_hour = |(hour, times): (usize, f64)| {
        let near: f64 = profile.times().map(|(active, times)| times * spread(active, hour)).sum();
        let without_itself = near - spread(hour, hour);
        times * ((without_itself + weight * prior[hour]) / (others + weight)).ln()
    };
    profile.times().map(of_hour).sum()
}

/// The weight under which what was left out is foretold best; the middling one where nothing tells them apart.
fn best(foretold: impl Fn(f64) -> f64) -> f64 {
    let judged: Vec<(f64, f64)> = WEIGHTS.iter().map(|&weight| (weight, foretold(weight))).collect();
    let highest = judged.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
    let alike = judged.iter().all(|(_, foretold)| *foretold == judged[0].1);
    highest.filter(|_| !alike).map_or(UNLEARNED, |(weight, _)| weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Customers who are active around an hour of every day, their own or their segment's, `times` times each.
    fn base(customers: usize, times: usize, own: bool) -> Vec<(String, Profile, usize)> {
        let mut stream = Stream::new(4, "week");
        (0..customers)
            .map(|i| {
                let segment = i % 3;
                let hour = if own { stream.below(24) } else { [8, 13, 20][segment] };
                let hours = (0..times).map(|_| {
                    let day = stream.below(7);
                    // One in five at any hour at all.
                    if stream.uniform() < 0.2 { stream.below(168) } else { day * 24 + hour }
                });
                (format!("s{segment}"), Profile::of(hours.collect::<Vec<_>>()), hour)
            })
            .collect()
    }

    fn week(base: &[(String, Profile, usize)]) -> Week {
        Week::fit(base.iter().map(|(segment, profile, _)| (Some(segment.as_str()), profile)))
    }

    #[test]
    fn shares_of_all_hours_sum_to_one() {
        let base = base(300, 5, true);
        let week = week(&base);
        for (segment, profile, _) in base.iter().take(20) {
            for segment in [Some(segment.as_str()), None, Some("unheard of")] {
                let sum: f64 = (0..HOURS).map(|hour| week.share(segment, profile, hour)).sum();
                assert!((sum - 1.0).abs() < 1e-12, "{sum}");
            }
        }
        let even = Week::default();
        assert!((even.share(None, &Profile::default(), 5) - 1.0 / 168.0).abs() < 1e-15);
    }

    #[test]
    fn where_customers_differ_their_own_hours_count_and_where_segments_do_the_segments() {
        let (own, shared) = (base(3_000, 12, true), base(3_000, 12, false));
        let (of_own, of_shared) = (week(&own), week(&shared));
        assert!(of_own.of_segment <= 32.0 && of_shared.of_segment >= 512.0, "{of_own:?}");
        assert!(of_own.of_whole > of_shared.of_whole, "segments that differ are believed");
        // Somebody of whom nothing is known is taken for their segment.
        let nobody = Profile::default();
        let at = |segment: &str, hour: usize| of_shared.share(Some(segment), &nobody, 24 + hour);
        assert!(at("s0", 8) > 5.0 * at("s0", 20) && at("s2", 20) > 5.0 * at("s2", 8));
    }

    /// The shares foretell new activity better than even hours, the whole's and the customer's bare counts do.
    #[test]
    fn foretells_what_comes_better_than_any_of_its_parts() {
        let all = base(3_000, 6, true);
        let (known, coming) = (base(3_000, 6, true), base(3_000, 7, true));
        let known_week = week(&known);
        let whole_only = Week { of_segment: 1e9, ..known_week.clone() };
        let own_only = Week { of_segment: 0.01, ..known_week.clone() };
        // The same customers, since hours are drawn first of all.
        let mut sums = [0.0; 4];
        for (segment, profile, hour) in &all {
            let foretold = |week: &Week, hour: usize| week.share(Some(segment), profile, hour).ln();
            for day in 0..7 {
                let hour = day * 24 + hour;
                sums[0] += foretold(&known_week, hour);
                sums[1] += foretold(&whole_only, hour);
                sums[2] += foretold(&own_only, hour);
                sums[3] += (1.0f64 / 168.0).ln();
            }
        }
        assert_eq!(coming.len(), all.len());
        assert!(sums[0] > sums[1].max(sums[2]).max(sums[3]), "{sums:?}");
    }
}
