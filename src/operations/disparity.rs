//! Who is contacted, with what, and what it is worth to them, by the groups of protected attributes: seen by people, never by models.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::operations::batch::Batch;
use crate::settings::Settings;

/// A group that is contacted less than this share as often as the one that is contacted most stands out: the four-fifths rule
/// (Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D).
const FOUR_FIFTHS: f64 = 0.8;
/// Standard errors beyond which a difference is more than chance.
const BEYOND_CHANCE: f64 = 1.96;
/// Groups that are told apart; smaller ones stand together.
const MOST_GROUPS: usize = 20;
/// What customers of whom an attribute is not known are listed under, and those of the smallest groups.
const UNKNOWN: &str = "not known";
const OTHERS: &str = "others";

/// The groups of one attribute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disparity {
    /// The protected attribute.
    pub attribute: String,
    /// Its groups, the largest first.
    pub groups: Vec<Group>,
}

/// What customers of one group get. Holdouts are left out: nobody in them is contacted, whatever the group.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Group {
    /// The value they share.
    pub value: String,
    /// Customers who were decided for.
    pub customers: usize,
    /// Those who are contacted.
    pub contacted: usize,
    /// As a share, 0 to 1.
    pub rate: f64,
    /// That share by the highest of any group.
    pub ratio: f64,
    /// Contacts by offer.
    pub by_offer: BTreeMap<String, usize>,
    /// What a contact offers on average, in minor units: the benefit when it is redeemed.
    pub benefit: f64,
    /// Contacted less than four fifths as often as the group that is contacted most, and not by chance.
    pub stands_out: bool,
}

/// The report of every protected attribute.
pub fn disparities(batch: &Batch, settings: &Settings) -> Vec<Disparity> {
    settings.protected_attributes.iter().map(|attribute| disparity(batch, attribute)).collect()
}

fn disparity(batch: &Batch, attribute: &str) -> Disparity {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (at, decision) in batch.result.decisions.iter().enumerate().filter(|(_, decision)| !decision.arm.is_holdout()) {
        let value = match batch.people[at].customer.attribute_map().remove(attribute) {
            None | Some(Value::Null) => UNKNOWN.to_owned(),
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
        };
        let group = groups.entry(value).or_default();
        group.customers += 1;
        group.contacted += usize::from(!decision.to_make().is_empty());
        for choice in decision.to_make() {
            *group.by_offer.entry(choice.treatment.offer_key.to_string()).or_default() += 1;
            group.benefit += batch.candidates[at].candidates[choice.candidate].terms.discount;
        }
    }
    Disparity { attribute: attribute.to_owned(), groups: judged(groups) }
}

fn judged(groups: BTreeMap<String, Group>) -> Vec<Group> {
    let mut groups: Vec<Group> = groups.into_iter().map(|(value, group)| Group { value, ..group }).collect();
    groups.sort_by(|a, b| b.customers.cmp(&a.customers).then_with(|| a.value.cmp(&b.value)));
    if groups.len() > MOST_GROUPS {
        let mut others = Group { value: OTHERS.to_owned(), ..Group::default() };
        for group in groups.drain(MOST_GROUPS - 1..) {
            others.customers += group.customers;
            others.contacted += group.contacted;
            others.benefit += group.benefit;
            for (offer, contacts) in group.by_offer {
                *others.by_offer.entry(offer).or_default() += contacts;
            }
        }
        groups.push(others);
    }
    for group in &mut groups {
        group.rate = group.contacted as f64 / group.customers.max(1) as f64;
        group.benefit /= group.by_offer.values().sum::<usize>().max(1) as f64;
    }
    let Some(most) = groups.iter().max_by(|a, b| a.rate.total_cmp(&b.rate)).cloned() else { return groups };
    for group in groups.iter_mut().filter(|_| most.rate > 0.0) {
        group.ratio = group.rate / most.rate;
        group.stands_out = group.ratio < FOUR_FIFTHS && differs(group, &most);
    }
    groups
}

/// The test of two proportions with their pooled variance.
fn differs(a: &Group, b: &Group) -> bool {
    let pooled = (a.contacted + b.contacted) as f64 / (a.customers + b.customers) as f64;
    let variance = pooled * (1.0 - pooled) * (1.0 / a.customers as f64 + 1.0 / b.customers as f64);
    (a.rate - b.rate).abs() > BEYOND_CHANCE * variance.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(customers: usize, contacted: usize) -> Group {
        let by_offer = BTreeMap::from([("ten".to_owned(), contacted)]);
        Group { customers, contacted, by_offer, benefit: 500.0 * contacted as f64, ..Group::default() }
    }

    #[test]
    fn four_fifths_and_chance_are_told_apart() {
        let groups = [("a", 1_000, 300), ("b", 1_000, 200), ("c", 10, 1), ("d", 1_000, 270)];
        let found = judged(groups.map(|(name, n, contacted)| (name.to_owned(), group(n, contacted))).into());
        let names: Vec<&str> = found.iter().map(|group| group.value.as_str()).collect();
        assert_eq!(names, ["a", "b", "d", "c"]);
        let out: Vec<bool> = found.iter().map(|group| group.stands_out).collect();
        // A tenth of ten customers is as much below three tenths as chance allows.
        assert_eq!(out, [false, true, false, false]);
        assert!((found[1].ratio - 2.0 / 3.0).abs() < 1e-12 && found[1].benefit == 500.0);
    }

    #[test]
    fn many_small_groups_stand_together_and_nobody_contacted_is_no_disparity() {
        let many = (0..50).map(|i| (format!("g{i:02}"), group(10, 0))).collect();
        let found = judged(many);
        assert_eq!((found.len(), found[19].customers), (20, 310));
        assert!(found.iter().all(|group| !group.stands_out && group.rate == 0.0));
    }
}
