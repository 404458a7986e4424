//! The level of service that a segment asks for: by what matters most to it.

use std::collections::BTreeMap;

use super::naming::Standing;
use crate::models::spec::segments::DEFAULT_LEVEL;

/// So many standard deviations above the mean of all a need must stand to decide the level.
const DECISIVE: f64 = 0.25;

/// The level of the feature in which each segment stands highest above the whole, among those that `levels` names; the default level
/// where none stands out; none where `levels` says nothing.
pub(super) fn levels(standings: &[Standing<'_>], levels: &BTreeMap<String, String>) -> Vec<Option<String>> {
    let of = |standing: &Standing<'_>| {
        let named = standing.iter().filter(|(feature, z)| *z >= DECISIVE && levels.contains_key(*feature));
        // Of equals the first named feature decides.
        let highest = named.rev().max_by(|a, b| a.1.total_cmp(&b.1));
        highest.and_then(|(feature, _)| levels.get(*feature)).or_else(|| levels.get(DEFAULT_LEVEL)).cloned()
    };
    standings.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_most_selects_the_level() {
        let table: BTreeMap<String, String> =
            [("attribute.need_speed", "express"), ("attribute.need_price", "self-service"), ("default", "standard")]
                .map(|(need, level)| (need.to_owned(), level.to_owned()))
                .into();
        let standings = [
            vec![("attribute.need_price", 0.9), ("attribute.need_speed", 1.4), ("freq", 3.0)],
            vec![("attribute.need_price", 0.3), ("attribute.need_speed", -1.0)],
            vec![("attribute.need_price", 0.1), ("attribute.need_speed", 0.0)],
        ];
        let said: Vec<Option<String>> = levels(&standings, &table);
        assert_eq!(said, [Some("express".into()), Some("self-service".into()), Some("standard".to_owned())]);
        assert_eq!(levels(&standings[..1], &BTreeMap::new()), [None]);
    }
}
