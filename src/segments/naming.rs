//! Names of segments, from where their centres stand.

/// Each feature with where the centre stands, in standard deviations from the mean of all customers.
pub(super) type Standing<'a> = Vec<(&'a str, f64)>;

/// Within so many standard deviations of the mean a feature says nothing of the segment.
const NOTABLE: f64 = 0.4;

/// Words for a low and a high standing; neutral, since customers may see the name of their segment.
fn words(feature: &str, high: bool) -> String {
    let (low_word, high_word) = match feature {
        "recency" => ("recent", "long ago"),
        "freq" => ("frequent", "occasional"),
        "monetary" => ("modest spend", "high value"),
        "tenure" => ("new", "long-standing"),
        _ => return format!("{} {}", if high { "high" } else { "low" }, feature.replace('_', " ")),
    };
    // Many orders is "frequent": the words of `freq` stand the other way round.
    let high = if feature == "freq" { !high } else { high };
    (if high { high_word } else { low_word }).to_owned()
}

/// A name for each segment, all different: the notable standings in the order of the features; equal names get a number.
pub(super) fn names(standings: &[Standing<'_>]) -> Vec<String> {
    let plain: Vec<String> = standings
        .iter()
        .map(|standing| {
            let notable = standing.iter().filter(|(_, z)| z.abs() >= NOTABLE);
            let said: Vec<String> = notable.map(|(feature, z)| words(feature, *z > 0.0)).collect();
            if said.is_empty() { "typical".to_owned() } else { said.join(", ") }
        })
        .collect();
    plain
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let before = plain[..index].iter().filter(|other| *other == name).count();
            if before == 0 { name.clone() } else { format!("{name} ({})", before + 1) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_notable_and_differ() {
        let standings = [
            vec![("recency", -1.0), ("freq", 1.2), ("monetary", 0.9)],
            vec![("recency", 1.0), ("freq", -0.5), ("monetary", -0.1)],
            vec![("recency", 0.1), ("freq", 0.0), ("monetary", 0.2)],
            vec![("recency", 0.0), ("freq", 0.1), ("monetary", 0.1)],
            vec![("return_rate", 2.0)],
        ];
        assert_eq!(
            names(&standings),
            ["recent, frequent, high value", "long ago, occasional", "typical", "typical (2)", "high return rate"]
        );
    }
}
