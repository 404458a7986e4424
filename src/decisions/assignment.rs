//! Who is in the holdout, and who sees which variant: by salted hash, so that anyone can recompute it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::decision::Arm;
use crate::error::{Error, Fault, Result};
use crate::random;

/// Buckets that a salt divides customers into.
pub const BUCKETS: u32 = 10_000;

/// A share of the customers, drawn by the bucket of `SHA-256(salt, 0, external_id)`: below `share x 10,000` is in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Share {
    /// What makes the draw its own; never changed while it lasts.
    pub salt: Arc<str>,
    /// The share, 0..1, in steps of 1/10,000.
    pub share: f64,
}

impl Share {
    /// Whether the customer is in.
    pub fn holds(&self, external_id: &str) -> bool {
        self.share > 0.0 && random::bucket(&self.salt, external_id) < (self.share * f64::from(BUCKETS)).round() as u32
    }
}

/// An experiment: variants with weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its name.
    pub name: Arc<str>,
    /// Its salt.
    pub salt: Arc<str>,
    /// Variants with their weights in buckets; they sum to 10,000.
    pub variants: Vec<(Arc<str>, u32)>,
    /// Which buckets belong to whom, by their ends: (the bucket after the last one, the variant's place). One after the other where
    /// empty; otherwise where weights were changed, and as few customers as possible moved.
    #[serde(default)]
    pub edges: Vec<(u32, u16)>,
}

impl Experiment {
    /// Checks that the weights cover the buckets exactly.
    ///
    /// # Errors
    /// Invalid, with every fault at once.
    pub fn check(self) -> Result<Experiment> {
        let mut faults = Vec::new();
        let sum: u64 = self.variants.iter().map(|(_, weight)| u64::from(*weight)).sum();
        if sum != u64::from(BUCKETS) {
            faults.push(Fault::at("variants", format!("the weights sum to {sum}; they must sum to {BUCKETS}")));
        }
        for (i, (name, _)) in self.variants.iter().enumerate() {
            if self.variants[..i].iter().any(|(other, _)| other == name) {
                faults.push(Fault::at(format!("variants[{i}]"), format!("`{name}` stands twice; names must differ")));
            }
        }
        if faults.is_empty() { Ok(self) } else { Err(Error::faults("the experiment cannot be used", faults)) }
    }

    /// The variant of a customer; `None` only when the experiment has none.
    pub fn variant(&self, external_id: &str) -> Option<&Arc<str>> {
        self.owner(random::bucket(&self.salt, external_id))
    }

    /// The same draws with other weights: whoever has a variant keeps it, as far as the new weights leave room; the last buckets of
    /// those that shrink go, in their order, to those that grow. No other way moves fewer.
    #[must_use]
    pub fn reweighted(&self, variants: Vec<(Arc<str>, u32)>) -> Experiment {
        let place = |name: &Arc<str>| variants.iter().position(|(other, _)| other == name);
        let mut room: Vec<u32> = variants.iter().map(|(_, weight)| *weight).collect();
        let mut owners: Vec<Option<u16>> = Vec::with_capacity(BUCKETS as usize);
        for bucket in 0..BUCKETS {
            let kept = self.owner(bucket).and_then(place).filter(|&at| room[at] > 0);
            owners.push(kept.map(|at| {
                room[at] -= 1;
                at as u16
            }));
        }
        for owner in owners.iter_mut().filter(|owner| owner.is_none()) {
            if let Some(at) = room.iter().position(|left| *left > 0) {
                room[at] -= 1;
                *owner = Some(at as u16);
            }
        }
        let mut edges: Vec<(u32, u16)> = Vec::new();
        for (bucket, owner) in owners.into_iter().enumerate() {
            let (end, owner) = (bucket as u32 + 1, owner.unwrap_or_default());
            match edges.last_mut() {
                Some(last) if last.1 == owner => last.0 = end,
                _ => edges.push((end, owner)),
            }
        }
        Experiment { variants, edges, ..self.clone() }
    }

    /// Up to which bucket, left out, each variant goes, in the order of the buckets.
    pub fn ranges(&self) -> Vec<(u32, String)> {
        let mut ranges: Vec<(u32, String)> = Vec::new();
        for bucket in 0..BUCKETS {
            let owner = self.owner(bucket).map_or("", |name| name);
            match ranges.last_mut() {
                Some((end, name)) if name == owner => *end = bucket + 1,
                _ => ranges.push((bucket + 1, owner.to_owned())),
            }
        }
        ranges
    }

    fn owner(&self, bucket: u32) -> Option<&Arc<str>> {
        if !self.edges.is_empty() {
            let at = self.edges.partition_point(|(end, _)| *end <= bucket);
            return self
                .edges
                .get(at)
                .and_then(|(_, place)| self.variants.get(usize::from(*place)))
                .map(|(name, _)| name);
        }
        let mut edge = 0;
        self.variants.iter().find_map(|(name, weight)| {
            edge += weight;
            (bucket < edge).then_some(name)
        })
    }
}

/// All draws that a campaign run makes for a customer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AssignmentPolicy {
    /// Held out of all marketing.
    pub global_holdout: Share,
    /// Held out of this campaign.
    pub campaign_holdout: Share,
    /// Experiments that run in it.
    pub experiments: Vec<Experiment>,
}

impl AssignmentPolicy {
    /// The arm before exploration is drawn. The global holdout comes first, so that it stays one group over all campaigns.
    pub fn arm(&self, external_id: &str) -> Arm {
        if self.global_holdout.holds(external_id) {
            Arm::GlobalHoldout
        } else if self.campaign_holdout.holds(external_id) {
            Arm::CampaignHoldout
        } else {
            Arm::Treated
        }
    }

    /// The chance with which the customer's variant of the first experiment is drawn.
    pub fn variant_propensity(&self, external_id: &str) -> Option<f64> {
        let experiment = self.experiments.first()?;
        let drawn = experiment.variant(external_id)?;
        let weight = experiment.variants.iter().find(|(name, _)| name == drawn)?.1;
        Some(f64::from(weight) / f64::from(BUCKETS))
    }

    /// The variant of each experiment.
    pub fn variants(&self, external_id: &str) -> Vec<(Arc<str>, Arc<str>)> {
        (self.experiments.iter())
            .filter_map(|experiment| Some((experiment.name.clone(), experiment.variant(external_id)?.clone())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(salt: &str, share: f64) -> Share {
        Share { salt: salt.into(), share }
    }

    #[test]
    fn shares_are_met_and_the_global_holdout_is_the_same_in_every_campaign() {
        let policy = |campaign: &str| AssignmentPolicy {
            global_holdout: share("all", 0.05),
            campaign_holdout: share(campaign, 0.1),
            experiments: Vec::new(),
        };
        let (one, two) = (policy("one"), policy("two"));
        let mut counts = [0u32; 3];
        for i in 0..20_000 {
            let id = format!("c{i}");
            let (a, b) = (one.arm(&id), two.arm(&id));
            assert_eq!(a == Arm::GlobalHoldout, b == Arm::GlobalHoldout);
            counts[0] += u32::from(a == Arm::GlobalHoldout);
            counts[1] += u32::from(a == Arm::CampaignHoldout);
            counts[2] += u32::from(a == Arm::CampaignHoldout && b == Arm::CampaignHoldout);
        }
        // Binomial: 1,000 +- 31 global, 1,900 +- 41 of the rest, 190 +- 14 by chance in both.
        assert!((900..1100).contains(&counts[0]), "{counts:?}");
        assert!((1770..2030).contains(&counts[1]), "{counts:?}");
        assert!((140..240).contains(&counts[2]), "{counts:?}");
    }

    #[test]
    fn variants_follow_their_weights_and_can_be_recomputed() {
        let experiment = Experiment {
            name: "subject".into(),
            salt: "s1".into(),
            variants: vec![("a".into(), 7_000), ("b".into(), 3_000)],
            edges: Vec::new(),
        }
        .check()
        .unwrap();
        let count = (0..10_000).filter(|i| &**experiment.variant(&format!("c{i}")).unwrap() == "a").count();
        assert!((6_850..7_150).contains(&count), "{count}");
        let by_hand = if random::bucket("s1", "c7") < 7_000 { "a" } else { "b" };
        assert_eq!(&**experiment.variant("c7").unwrap(), by_hand);
    }

    #[test]
    fn other_weights_move_as_few_as_they_can() {
        let weights = |a: u32, b: u32, c: u32| vec![("a".into(), a), ("b".into(), b), ("c".into(), c)];
        let first =
            Experiment { name: "x".into(), salt: "x".into(), variants: weights(3_333, 3_333, 3_334), edges: vec![] };
        let second = first.reweighted(weights(5_000, 2_500, 2_500));
        let third = second.reweighted(weights(2_000, 0, 8_000));
        for (before, after, least) in [(&first, &second, 1_667), (&second, &third, 5_500)] {
            let moved = (0..BUCKETS).filter(|&bucket| before.owner(bucket) != after.owner(bucket)).count();
            assert_eq!(moved, least, "half the sum of what weights change by");
            for (name, weight) in &after.variants {
                let has = (0..BUCKETS).filter(|&bucket| after.owner(bucket) == Some(name)).count();
                assert_eq!(has as u32, *weight, "{name}");
            }
        }
        let same = first.reweighted(first.variants.clone());
        assert!((0..BUCKETS).all(|bucket| first.owner(bucket) == same.owner(bucket)));
    }

    #[test]
    fn weights_must_cover_all_buckets() {
        let variants = vec![("a".into(), 5_000), ("a".into(), 4_000)];
        let bad = Experiment { name: "x".into(), salt: "x".into(), variants, edges: Vec::new() };
        assert_eq!(bad.check().unwrap_err().fault_list().len(), 2);
    }
}
