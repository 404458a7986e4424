//! From what is known of a customer to bins, of which each feature lights exactly one, and to columns for trees.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::logged::{Context, Features};
use crate::models::algorithms::quantile_bins::QuantileBins;

/// Texts rarer than this share one bin: a level seen a few times teaches nothing.
const LEAST_SEEN: usize = 20;
/// Most levels of one text feature.
const MOST_LEVELS: usize = 30;
/// Bins of a text before its levels: missing, and any other level.
const MISSING_AND_OTHER: usize = 2;

/// Which bin each feature of a customer lights.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContextEncoder {
    features: Vec<EncodedFeature>,
    bins: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct EncodedFeature {
    name: String,
    /// The first of its bins among those of all features.
    start: usize,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Number(QuantileBins),
    Text(Vec<String>),
}

impl Kind {
    fn count(&self) -> usize {
        match self {
            Kind::Number(bins) => bins.count(),
            Kind::Text(levels) => MISSING_AND_OTHER + levels.len(),
        }
    }
}

impl ContextEncoder {
    /// Learns bins from contexts: at most `bins` for a number, the frequent levels of a text. Features in `barred` are left out,
    /// and so are those that do not vary. The order is that of the names, numbers first.
    pub fn fit<'a>(
        contexts: impl Iterator<Item = &'a Context> + Clone,
        bins: usize,
        barred: &BTreeSet<String>,
    ) -> ContextEncoder {
        let numbers = names(contexts.clone().flat_map(|c| c.numbers.keys()), barred);
        let texts = names(contexts.clone().flat_map(|c| c.texts.keys()), barred);
        let mut made = ContextEncoder::default();
        for name in numbers {
            let values: Vec<f64> = contexts.clone().map(|c| c.number(name).unwrap_or(f64::NAN)).collect();
            let missing = values.iter().any(|v| !v.is_finite());
            let fitted = QuantileBins::fit(&values, bins);
            if fitted.count() > 2 || missing {
                made.push(name, Kind::Number(fitted));
            }
        }
        for name in texts {
            made.push(name, Kind::Text(levels(contexts.clone().filter_map(|c| c.text(name)))));
        }
        made
    }

    fn push(&mut self, name: &str, kind: Kind) {
        let count = kind.count();
        self.features.push(EncodedFeature { name: name.to_owned(), start: self.bins, kind });
        self.bins += count;
    }

    /// How many bins there are in all.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// The names of the features that are used.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.features.iter().map(|feature| feature.name.as_str())
    }

    /// How many columns trees take.
    pub fn width(&self) -> usize {
        let of = |feature: &EncodedFeature| match &feature.kind {
            Kind::Number(_) => 1,
            Kind::Text(levels) => levels.len(),
        };
        self.features.iter().map(of).sum()
    }

    /// The features as trees take them: a number as it is, NaN where it is missing, and a column for each level of a text.
    pub fn plain<F: Features + ?Sized>(&self, customer: &F) -> Vec<f64> {
        let mut columns = Vec::with_capacity(self.width());
        for feature in &self.features {
            match &feature.kind {
                Kind::Number(_) => columns.push(customer.number(&feature.name).unwrap_or(f64::NAN)),
                Kind::Text(levels) => {
                    let text = customer.text(&feature.name);
                    columns.extend(levels.iter().map(|level| f64::from(u8::from(text == Some(level)))));
                }
            }
        }
        columns
    }

    /// The bin that each feature lights.
    pub fn encode<F: Features + ?Sized>(&self, customer: &F) -> Vec<u32> {
        let bin_of = |feature: &EncodedFeature| {
            let bin = match &feature.kind {
                Kind::Number(bins) => bins.bin(customer.number(&feature.name).unwrap_or(f64::NAN)),
                Kind::Text(levels) => match customer.text(&feature.name) {
                    None => 0,
                    Some(text) => levels
                        .binary_search_by(|level| level.as_str().cmp(text))
                        .map_or(1, |level| MISSING_AND_OTHER + level),
                },
            };
            (feature.start + bin) as u32
        };
        self.features.iter().map(bin_of).collect()
    }
}

fn names<'a>(all: impl Iterator<Item = &'a String>, barred: &BTreeSet<String>) -> BTreeSet<&'a str> {
    all.filter(|name| !barred.contains(*name)).map(String::as_str).collect()
}

/// The frequent levels, sorted.
fn levels<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    texts.for_each(|text| *counts.entry(text).or_default() += 1);
    let mut frequent: Vec<(&str, usize)> = counts.into_iter().filter(|(_, count)| *count >= LEAST_SEEN).collect();
    frequent.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    frequent.truncate(MOST_LEVELS);
    let mut kept: Vec<String> = frequent.into_iter().map(|(level, _)| level.to_owned()).collect();
    kept.sort();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_feature_lights_one_bin_and_barred_ones_none() {
        let contexts: Vec<Context> = (0..100)
            .map(|i| Context {
                numbers: [("age".to_owned(), f64::from(i)), ("orders".to_owned(), f64::from(i % 5))].into(),
                texts: [("country".to_owned(), if i < 3 { "MT" } else { "DE" }.to_owned())].into(),
            })
            .collect();
        let encoder = ContextEncoder::fit(contexts.iter(), 4, &["age".to_owned()].into());
        assert_eq!(encoder.names().collect::<Vec<_>>(), ["orders", "country"]);
        let known = encoder.encode(&contexts[50]);
        let rare = encoder.encode(&contexts[0]);
        let unknown = encoder.encode(&Context::default());
        assert_eq!(known.len(), 2);
        assert!(known[1] != rare[1] && rare[1] != unknown[1], "known, rare and missing countries differ");
        assert!(known.iter().all(|&bin| (bin as usize) < encoder.bins()));
        // One column for the number, one for the frequent level.
        assert_eq!((encoder.width(), encoder.plain(&contexts[51])), (2, vec![1.0, 1.0]));
        assert_eq!(encoder.plain(&contexts[0]), [0.0, 0.0]);
        assert!(encoder.plain(&Context::default())[0].is_nan());
    }
}
