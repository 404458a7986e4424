//! Names of segments, from where their centres stand. Clients may ask to see the name of theirs: it says what they do, and never what
//! the company thinks of it.

/// Each feature with where the centre stands, in standard deviations from the mean of all customers.
pub(super) type Standing<'a> = Vec<(&'a str, f64)>;

/// Within so many standard deviations of the mean a feature says nothing of the segment.
const NOTABLE: f64 = 0.4;

/// Features that a name says at most.
const MOST: usize = 3;

/// Features that say what a client costs or earns the company, or what went wrong: they describe a segment to those who work with
/// it, and never name it.
const UNNAMED: [&str; 11] =
    ["cost", "profit", "margin", "claim", "complain", "return", "discount", "reduced", "churn", "alive", "clv"];

/// Words for a low and a high standing; none where a feature names nothing.
fn words(feature: &str, high: bool) -> Option<String> {
    let (low, high_word) = match feature {
        "recency" => ("recent", "long ago"),
        "freq" => ("occasional", "frequent"),
        "monetary" => ("smaller purchases", "larger purchases"),
        "tenure" => ("new", "long-standing"),
        "aov" => ("smaller orders", "larger orders"),
        _ if UNNAMED.iter().any(|part| feature.contains(part)) => return None,
        _ => {
            let plain = feature.rsplit('.').next().unwrap_or(feature).replace('_', " ");
            return Some(format!("{} {plain}", if high { "more" } else { "less" }));
        }
    };
    Some((if high { high_word } else { low }).to_owned())
}

/// A name for each segment, all different: the notable standings in the order of the features; equal names get a number.
pub(super) fn names(standings: &[Standing<'_>]) -> Vec<String> {
    let plain: Vec<String> = standings
        .iter()
        .map(|standing| {
            // The strongest few, said in the order of the features.
            let mut notable: Vec<(usize, f64, String)> = Vec::new();
            for (index, (feature, z)) in standing.iter().enumerate().filter(|(_, (_, z))| z.abs() >= NOTABLE) {
                notable.extend(words(feature, *z > 0.0).map(|said| (index, z.abs(), said)));
            }
            notable.sort_by(|a, b| b.1.total_cmp(&a.1));
            notable.truncate(MOST);
            notable.sort_by_key(|(index, ..)| *index);
            let said: Vec<String> = notable.into_iter().map(|(.., said)| said).collect();
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
    use crate::segments::{grid, labels};

    #[test]
    fn names_say_what_is_notable_and_differ() {
        let standings = [
            vec![("recency", -1.0), ("freq", 1.2), ("monetary", 0.9)],
            vec![("recency", 1.0), ("freq", -0.5), ("monetary", -0.1)],
            vec![("recency", 0.1), ("freq", 0.0), ("monetary", 0.2)],
            vec![("recency", 0.0), ("freq", 0.1), ("monetary", 0.1)],
            vec![("attribute.importance_speed", 2.0)],
        ];
        assert_eq!(
            names(&standings),
            [
                "recent, frequent, larger purchases",
                "long ago, occasional",
                "typical",
                "typical (2)",
                "more importance speed"
            ]
        );
    }

    /// Whatever the features, no part of a name judges the client.
    #[test]
    fn no_part_of_a_name_judges() {
        let judging = [
            "unprofitable",
            "profit",
            "value",
            "cost",
            "bad",
            "poor",
            "worst",
            "worse",
            "cheap",
            "problem",
            "complain",
            "claim",
            "difficult",
            "loss",
            "lost",
            "risk",
            "churn",
            "dead",
            "waste",
            "sleep",
            "hibernat",
            "attention",
            "cannot",
        ];
        let catalogue = crate::features::Catalogue::embedded();
        let features =
            catalogue.families().iter().flat_map(|family| &family.features).map(|feature| feature.name.as_str());
        let mut said: Vec<String> = features
            .chain(["attribute.need_price", "event.survey.importance_service"])
            .flat_map(|feature| [words(feature, false), words(feature, true)])
            .flatten()
            .collect();
        said.extend(grid::GROUPS.iter().flatten().map(|name| (*name).to_owned()));
        said.extend(["typical".to_owned(), labels::OTHERS.to_owned()]);
        assert!(said.len() > 50);
        for name in said {
            // A feature's own name may hold the plain word for an amount of an order; it says how much, not what it is worth.
            let name = name.replace("order value", "order amount");
            assert!(!judging.iter().any(|word| name.contains(word)), "{name}");
        }
    }
}
