//! What was known of a customer when a decision was taken, where its log does not say: the catalogue tells it, as of then.
//!
//! Logs of another system hold what that system knew, our own hold every serving feature. A model that learns from both would take
//! "not written down" for something about the customer; and what is not written down is lost to it.

use std::collections::BTreeMap;

use super::Logged;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::features::matrix_of_customers;
use crate::ids::CustomerId;
use crate::operations::Workspace;

/// The most instants as of which features are computed. Where there were decisions at more, some are seen as of an earlier one.
const INSTANTS: usize = 24;

/// Adds the serving features that logs lack, as of each decision or shortly before. What a log says itself stays.
pub(super) fn complete(ws: &Workspace, logs: &mut [Logged]) -> Result<()> {
    let names = ws.features().serving();
    let lacks = |log: &Logged| names.iter().any(|name| !log.decision.context.numbers.contains_key(*name));
    let instants = instants(logs.iter().filter(|log| lacks(log)).map(|log| log.at));
    let mut of_instant: BTreeMap<Timestamp, Vec<usize>> = BTreeMap::new();
    for (row, log) in logs.iter().enumerate().filter(|(_, log)| lacks(log)) {
        let seen = instants.partition_point(|instant| *instant <= log.at);
        of_instant.entry(instants[seen.saturating_sub(1)]).or_default().push(row);
    }
    for (as_of, rows) in of_instant {
        let mut whom: Vec<CustomerId> = rows.iter().map(|&row| logs[row].customer).collect();
        whom.sort_unstable();
        whom.dedup();
        let matrix = matrix_of_customers(&whom, ws.history(), as_of, ws.features(), &names, ws.settings())?;
        for row in rows {
            let Some(values) = matrix.row(logs[row].customer) else { continue };
            let known = &mut logs[row].decision.context.numbers;
            for (name, value) in matrix.names.iter().zip(values) {
                known.entry(name.clone()).or_insert(*value);
            }
        }
    }
    Ok(())
}

/// The instants of these decisions, or so many of them, evenly spread and the first among them.
fn instants(at: impl Iterator<Item = Timestamp>) -> Vec<Timestamp> {
    let mut all: Vec<Timestamp> = at.collect();
    all.sort_unstable();
    all.dedup();
    if all.len() <= INSTANTS {
        return all;
    }
    (0..INSTANTS).map(|n| all[n * all.len() / INSTANTS]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_instants_are_thinned_and_the_first_stays() {
        let few = instants([3, 1, 3, 2].map(Timestamp).into_iter());
        assert_eq!(few, [1, 2, 3].map(Timestamp));
        let many = instants((0..1_000).map(Timestamp));
        assert_eq!((many.len(), many[0]), (INSTANTS, Timestamp(0)));
        assert!(many.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
