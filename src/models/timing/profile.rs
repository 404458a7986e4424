//! The hours in which one customer was active.

use std::fmt;

use super::HOURS;

/// How often a customer was active in each hour of their own week, the hours without activity left out. Its text, `19:2 91:1`,
/// is how a serving row keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    times: Vec<(u8, u16)>,
}

impl Profile {
    /// Takes the hours, each activity by itself and in any order; what is no hour of a week is left out.
    pub fn of(hours: impl IntoIterator<Item = usize>) -> Profile {
        let mut hours: Vec<u8> =
            hours.into_iter().filter(|&hour| hour < HOURS).filter_map(|hour| hour.try_into().ok()).collect();
        hours.sort_unstable();
        let times = hours.chunk_by(|a, b| a == b).map(|of_one| (of_one[0], of_one.len().min(u16::MAX.into()) as u16));
        Profile { times: times.collect() }
    }

    /// Reads its text; what does not fit is left out.
    pub fn parse(text: &str) -> Profile {
        let pair = |pair: &str| {
            let (hour, times) = pair.split_once(':')?;
            Some((hour.parse::<u8>().ok().filter(|&hour| usize::from(hour) < HOURS)?, times.parse().ok()?))
        };
        Profile { times: text.split(' ').filter_map(pair).collect() }
    }

    /// Each hour with activity, and how often.
    pub fn times(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.times.iter().map(|&(hour, times)| (usize::from(hour), f64::from(times)))
    }

    /// How often in all.
    pub fn count(&self) -> f64 {
        self.times().map(|(_, times)| times).sum()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (hour, times)) in self.times.iter().enumerate() {
            write!(f, "{}{hour}:{times}", if place > 0 { " " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_counted_written_and_read_again() {
        let profile = Profile::of([91, 19, 19, 400]);
        assert_eq!((profile.to_string().as_str(), profile.count()), ("19:2 91:1", 3.0));
        assert_eq!(Profile::parse("19:2 91:1"), profile);
        assert_eq!(Profile::parse("168:1 x 3: 5:1"), Profile::of([5]));
        assert_eq!((Profile::parse(""), Profile::default().to_string()), (Profile::default(), String::new()));
    }
}
