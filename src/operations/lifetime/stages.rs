//! Where every customer stands, and the steps since the last scoring.

use std::collections::HashMap;

use rayon::prelude::*;

use super::score::Known;
use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::segments::stage::store::{self, KeptStage, KeptStep};
use crate::segments::stage::{Course, Doubt, Pace, Stage, course};
use crate::storage::Connection;

/// Customers who are forgotten with one statement.
const CHUNK: usize = 500;

/// Mean gap where nobody has bought twice: a quarter.
const NOBODY: f64 = 91.0;

/// The courses of all who have bought or had a contract, in the order of their ids.
pub struct Stages(Vec<(CustomerId, Course)>);

impl Stages {
    /// Follows everybody up to `now`; `leaving` is the chance that a customer has left or will, where a model says so.
    pub fn follow(known: &Known, leaving: impl Fn(CustomerId) -> Option<f64> + Sync, now: Timestamp) -> Stages {
        let day = now.0 as f64 / DAY as f64;
        let pace = pace(known);
        let mut contracts: HashMap<CustomerId, Vec<(f64, Option<f64>)>> = HashMap::new();
        for (customer, began, ended) in known.contracts.periods() {
            contracts.entry(customer).or_default().push((began, ended));
        }
        let of = |customer: CustomerId, days: &[i32]| {
            let doubt = leaving(customer).map(|leaving| Doubt { leaving });
            let contracts = contracts.get(&customer).map_or(&[] as &[_], Vec::as_slice);
            (customer, course(days, contracts, pace, doubt, day))
        };
        let mut all: Vec<(CustomerId, Course)> =
            known.buyers.par_iter().map(|(buyer, days)| of(buyer.customer, days)).collect();
        let buyers = all.len();
        for &customer in contracts.keys() {
            if all[..buyers].binary_search_by_key(&customer, |(known, _)| *known).is_err() {
                all.push(of(customer, &[]));
            }
        }
        all.sort_unstable_by_key(|(customer, _)| *customer);
        Stages(all)
    }

    /// Where a customer stands who may be profiled.
    pub fn of(&self, customer: CustomerId) -> Stage {
        let found = self.0.binary_search_by_key(&customer, |(known, _)| *known);
        found.map_or(Stage::Prospect, |at| self.0[at].1.stage())
    }

    /// Keeps what has changed since the last scoring. `present`, ascending: who still is a customer; all others are forgotten.
    ///
    /// # Errors
    /// Those of the store.
    pub fn keep(&self, conn: &mut Connection, present: &[CustomerId], now: Timestamp) -> Result<()> {
        let mut before = store::all(conn)?;
        let (mut stages, mut steps) = (Vec::new(), Vec::new());
        for (customer, course) in self.0.iter().filter(|(customer, _)| present.binary_search(customer).is_ok()) {
            let found = changes(*customer, course, before.remove(customer), now);
            if let Some(last) = found.last() {
                stages.push(KeptStage { customer_id: *customer, stage: last.to_stage, since: last.at });
            }
            steps.extend(found);
        }
        // Who objects, or has nothing left to be judged by, has no stage any more.
        let gone: Vec<CustomerId> = before.into_keys().collect();
        gone.chunks(CHUNK).try_for_each(|some| store::forget(conn, some))?;
        store::keep(conn, &stages, &steps)
    }
}

/// The mean gap of all who bought again, in days.
fn pace(known: &Known) -> Pace {
    let (mut gaps, mut days) = (0_i64, 0_i64);
    for (_, bought) in &known.buyers {
        if let (Some(first), Some(last)) = (bought.first(), bought.last()) {
            gaps += bought.len() as i64 - 1;
            days += i64::from(last - first);
        }
    }
    Pace { mean_gap: if gaps > 0 { days as f64 / gaps as f64 } else { NOBODY } }
}

/// The steps that are new. A customer seen for the first time has the last step only: the others are in the facts. Where the stage is not
/// the one to which the steps since then lead, because facts came late or the pace of all changed, a step sets it right.
fn changes(customer: CustomerId, course: &Course, before: Option<KeptStage>, now: Timestamp) -> Vec<KeptStep> {
    let at_time = |at: f64| Timestamp(((at * DAY as f64) as i64).min(now.0));
    let kept = |from: Stage, to: Stage, at: Timestamp, by_model: bool| KeptStep {
        customer_id: customer,
        at,
        from_stage: from,
        to_stage: to,
        by_model,
    };
    let Some(before) = before else {
        return course
            .0
            .last()
            .map(|step| kept(step.from, step.to, at_time(step.at), step.by_model))
            .into_iter()
            .collect();
    };
    let (mut stage, mut since, mut found) = (before.stage, before.since, Vec::new());
    for step in course.0.iter().filter(|step| at_time(step.at) > before.since && step.to != before.stage) {
        if step.to != stage {
            since = at_time(step.at);
            found.push(kept(stage, step.to, since, step.by_model));
            stage = step.to;
        }
    }
    let last = course.stage();
    if last != stage {
        let at = course.0.last().map_or(now, |step| at_time(step.at)).max(since);
        found.push(kept(stage, last, at, false));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(course: &Course, before: Option<(Stage, i64)>, now: i64) -> Vec<(Stage, Stage, i64)> {
        let before =
            before.map(|(stage, day)| KeptStage { customer_id: CustomerId(1), stage, since: Timestamp(day * DAY) });
        let steps = changes(CustomerId(1), course, before, Timestamp(now * DAY));
        steps.iter().map(|step| (step.from_stage, step.to_stage, step.at.0 / DAY)).collect()
    }

    #[test]
    fn only_what_is_new_is_kept_and_dated_to_the_facts() {
        let pace = Pace { mean_gap: 30.0 };
        let at = |now: i64| course(&[100, 130], &[], pace, None, now as f64);
        assert_eq!(found(&at(140), None, 140), [(Stage::New, Stage::Active, 130)]);
        assert_eq!(found(&at(150), Some((Stage::Active, 130)), 150), []);
        let both = [(Stage::Active, Stage::AtRisk, 190), (Stage::AtRisk, Stage::Lapsed, 250)];
        assert_eq!(found(&at(300), Some((Stage::Active, 130)), 300), both);
        assert_eq!(found(&at(300), Some((Stage::Lapsed, 250)), 300), []);
        // An order that was imported late: the customer was not at risk after all.
        assert_eq!(found(&at(150), Some((Stage::AtRisk, 145)), 150), [(Stage::AtRisk, Stage::Active, 145)]);
        // What a model said is dated to when it was asked; what it takes back, to the facts at the earliest since then.
        let doubt = Some(Doubt { leaving: 0.9 });
        let risk = course(&[100, 130], &[], pace, doubt, 170.0);
        assert_eq!(found(&risk, Some((Stage::Active, 130)), 170), [(Stage::Active, Stage::AtRisk, 170)]);
        assert_eq!(found(&at(172), Some((Stage::AtRisk, 170)), 172), [(Stage::AtRisk, Stage::Active, 170)]);
    }
}
