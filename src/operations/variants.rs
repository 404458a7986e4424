//! Which variants a run draws, with what chances, and what each may do: what was written, less what was stopped, or what won; in a
//! test before a rest, among whom.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::campaigns::experiment::{Allocation, Decides, buckets_of};
use crate::campaigns::store::{self as campaigns, Campaign, REST};
use crate::campaigns::{CampaignSpec, ExperimentSpec, VariantSpec};
use crate::clock::Timestamp;
use crate::decisions::assignment::{Experiment, Share};
use crate::error::Result;
use crate::experiments::adaptive::thompson;
use crate::experiments::statistic::ProportionSums;
use crate::experiments::store::{self as experiments, Period, STOPPED, Test, TestState, WON};
use crate::ids::CampaignRunId;
use crate::operations::batch::seed_of;
use crate::operations::people::Person;
use crate::storage::Connection;

/// Which part of the audience a run is for.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// Those on whom the variants are tried first.
    Test(Share),
    /// All others, after the test of this run.
    Rest(Share, CampaignRunId),
}

/// What an experiment comes to in a run.
#[derive(Debug, Clone, Default)]
pub struct Varied {
    /// Whom the run is for.
    pub part: Part,
    /// What is drawn; none where one variant is for all.
    pub draws: Option<Experiment>,
    /// The variant that is for all: it won, was decided for, or is the only one left.
    pub chosen: Option<String>,
    /// The written salt, under which choices and weights are kept.
    pub salt: String,
}

/// The written salt of an experiment: another one starts it anew.
pub fn salt_of(spec: &CampaignSpec, experiment: &ExperimentSpec) -> String {
    spec.draw_salt(&experiment.name)
}

/// Who is in the test of a campaign.
pub fn test_share(spec: &CampaignSpec) -> Option<Share> {
    let test = spec.experiments.first()?.test.as_ref()?;
    Some(Share { salt: spec.draw_salt("test").into(), share: test.share })
}

impl Varied {
    /// What it comes to for an occasion.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer.
    pub fn of(conn: &mut Connection, campaign: &Campaign, spec: &CampaignSpec, occasion: &str) -> Result<Varied> {
        let Some(experiment) = spec.experiments.first() else { return Ok(Varied::default()) };
        let salt = salt_of(spec, experiment);
        if let Some((share, test)) = rest_of(conn, campaign, spec, occasion)? {
            let part = Part::Rest(share, test.campaign_run_id);
            return Ok(Varied { part, chosen: test.variant, salt, draws: None });
        }
        let settled = experiments::settled(conn, campaign.id, &experiment.name, &salt)?;
        if let Some(won) = settled.iter().rev().find(|settled| settled.kind == WON) {
            return Ok(Varied { chosen: Some(won.variant.clone()), salt, ..Varied::default() });
        }
        let stopped: BTreeSet<&str> =
            settled.iter().filter(|settled| settled.kind == STOPPED).map(|settled| settled.variant.as_str()).collect();
        let left: Vec<&VariantSpec> =
            experiment.variants.iter().filter(|variant| !stopped.contains(variant.name.as_str())).collect();
        if let [only] = left[..] {
            return Ok(Varied { chosen: Some(only.name.clone()), salt, ..Varied::default() });
        }
        let draws = match experiment.allocation {
            Allocation::Fixed => fixed(conn, campaign, spec, experiment, &salt, &stopped)?,
            Allocation::Thompson => moving(conn, campaign, experiment, (&salt, occasion), &stopped)?,
        };
        let part = test_share(spec).map_or(Part::Whole, Part::Test);
        Ok(Varied { part, draws: Some(draws), chosen: None, salt })
    }

    /// Leaves those for whom the run is.
    pub fn retain(&self, people: &mut Vec<Person>) {
        match &self.part {
            Part::Whole => {}
            Part::Test(share) => people.retain(|person| share.holds(&person.customer.external_id)),
            Part::Rest(share, _) => people.retain(|person| !share.holds(&person.customer.external_id)),
        }
    }

    /// The share of what is scarce that the run may take.
    pub fn of_capacity(&self) -> Option<f64> {
        match &self.part {
            Part::Test(share) => Some(share.share),
            _ => None,
        }
    }

    /// The weights of a run, as they are kept.
    pub fn periods(&self, campaign: &Campaign, spec: &CampaignSpec, run: CampaignRunId, now: Timestamp) -> Vec<Period> {
        let (Some(draws), Some(experiment)) = (&self.draws, spec.experiments.first()) else { return Vec::new() };
        let each = draws.variants.iter().map(|(variant, buckets)| Period {
            campaign_run_id: run,
            variant: variant.to_string(),
            campaign_id: campaign.id,
            experiment: experiment.name.clone(),
            salt: self.salt.clone(),
            decided_at: now,
            buckets: *buckets as i32,
            units: None,
            successes: None,
        });
        each.collect()
    }

    /// The test that a run is; none where it tries nothing before a rest.
    pub fn test(
        &self,
        campaign: &Campaign,
        spec: &CampaignSpec,
        run: CampaignRunId,
        occasion: &str,
        now: Timestamp,
    ) -> Option<Test> {
        let (Part::Test(_), Some(experiment)) = (&self.part, spec.experiments.first()) else { return None };
        let wait = experiment.test.as_ref()?.wait();
        Some(Test {
            campaign_run_id: run,
            campaign_id: campaign.id,
            version: campaign.version,
            experiment: experiment.name.clone(),
            occasion: occasion.to_owned(),
            decide_at: now.plus(wait),
            state: TestState::Waiting.as_str().into(),
            variant: None,
            decided_by: None,
            decided_at: None,
            because: None,
            rest_run_id: None,
        })
    }
}

/// The test whose rest the occasion names, where it was decided.
fn rest_of(
    conn: &mut Connection,
    campaign: &Campaign,
    spec: &CampaignSpec,
    occasion: &str,
) -> Result<Option<(Share, Test)>> {
    let (Some(of), Some(share)) = (occasion.strip_suffix(REST), test_share(spec)) else { return Ok(None) };
    let test = experiments::test_of_occasion(conn, campaign.id, of)?;
    Ok(test.filter(|test| test.variant.is_some()).map(|test| (share, test)))
}

/// The written weights. As they were changed from version to version, and as variants were stopped, as few customers as possible
/// changed theirs.
fn fixed(
    conn: &mut Connection,
    campaign: &Campaign,
    spec: &CampaignSpec,
    experiment: &ExperimentSpec,
    salt: &str,
    stopped: &BTreeSet<&str>,
) -> Result<Experiment> {
    let mut drawn: Option<Experiment> = None;
    for version in 1..campaign.version {
        let known = campaigns::version(conn, campaign.id, version)?.spec;
        let same =
            known.experiments.iter().find(|other| other.name == experiment.name && salt_of(&known, other) == salt);
        let Some(same) = same else { continue };
        let weights = named(&same.buckets());
        drawn = Some(match drawn {
            None => start(experiment, salt, weights)?,
            Some(before) => before.reweighted(weights),
        });
    }
    let weights = named(&spec.experiments.first().unwrap_or(experiment).buckets());
    let mut drawn = match drawn {
        None => start(experiment, salt, weights.clone())?,
        Some(before) => before.reweighted(weights.clone()),
    };
    if !stopped.is_empty() {
        drawn = drawn.reweighted(without(&weights, stopped));
    }
    Ok(drawn)
}

fn start(experiment: &ExperimentSpec, salt: &str, variants: Vec<(Arc<str>, u32)>) -> Result<Experiment> {
    Experiment { name: experiment.name.as_str().into(), salt: salt.into(), variants, edges: Vec::new() }.check()
}

fn named(buckets: &[(String, u32)]) -> Vec<(Arc<str>, u32)> {
    buckets.iter().map(|(name, buckets)| (Arc::from(name.as_str()), *buckets)).collect()
}

/// The weights with nothing for those that were stopped.
fn without(weights: &[(Arc<str>, u32)], stopped: &BTreeSet<&str>) -> Vec<(Arc<str>, u32)> {
    let raw: Vec<f64> =
        weights.iter().map(|(name, weight)| if stopped.contains(&**name) { 0.0 } else { f64::from(*weight) }).collect();
    // The last one takes what rounding leaves, so that it must not be one that was stopped.
    let order: Vec<usize> = {
        let (off, on): (Vec<usize>, Vec<usize>) = (0..raw.len()).partition(|&at| raw[at] == 0.0);
        off.into_iter().chain(on).collect()
    };
    let shared = buckets_of(&order.iter().map(|&at| raw[at]).collect::<Vec<_>>());
    let mut buckets = vec![0; raw.len()];
    order.into_iter().zip(shared).for_each(|(at, share)| buckets[at] = share);
    weights.iter().zip(buckets).map(|((name, _), buckets)| (name.clone(), buckets)).collect()
}

/// Weights by the chance to be the best, from the outcomes of runs whose windows have ended; every run draws anew, so that no
/// draw depends on what the same customer did before.
fn moving(
    conn: &mut Connection,
    campaign: &Campaign,
    experiment: &ExperimentSpec,
    (salt, occasion): (&str, &str),
    stopped: &BTreeSet<&str>,
) -> Result<Experiment> {
    let periods = experiments::periods(conn, campaign.id, &experiment.name, salt)?;
    let going: Vec<&VariantSpec> =
        experiment.variants.iter().filter(|variant| !stopped.contains(variant.name.as_str())).collect();
    let sums: Vec<ProportionSums> = going
        .iter()
        .map(|variant| {
            let of = periods.iter().filter(|period| period.variant == variant.name);
            let (n, sum) = of.fold((0, 0), |(n, sum), period| {
                (n + period.units.unwrap_or_default(), sum + period.successes.unwrap_or_default())
            });
            ProportionSums { n: n as f64, sum: sum as f64 }
        })
        .collect();
    let draws_salt = format!("{salt}/{occasion}");
    let floor = experiment.floor.min(1.0 / going.len() as f64);
    let learned = thompson(&sums, floor, seed_of(&draws_salt, "weights"))
        .map_err(|why| crate::error::Error::internal(format!("the weights of an experiment cannot be drawn: {why}")))?;
    let weights = learned.unwrap_or_else(|| going.iter().map(|variant| f64::from(variant.weight)).collect());
    let names = going.iter().map(|variant| Arc::from(variant.name.as_str()));
    start(experiment, &draws_salt, names.zip(buckets_of(&weights)).collect())
}

/// What a variant may do: its candidates are among those of the campaign.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a>(Option<&'a VariantSpec>);

impl<'a> Limits<'a> {
    /// Those of a variant of the campaign's experiment.
    pub fn of(spec: &'a CampaignSpec, variant: &str) -> Limits<'a> {
        Limits(spec.experiments.first().and_then(|experiment| experiment.variant(variant)))
    }

    /// Whether only the stated rates foretell the response.
    pub fn by_rates(self) -> bool {
        self.0.is_some_and(|variant| variant.decides == Decides::Rates)
    }

    /// Whether it makes this offer.
    pub fn allow_offer(self, offer: &str) -> bool {
        self.0.is_none_or(|variant| variant.offers.is_empty() || variant.offers.iter().any(|one| one == offer))
    }

    /// Whether it uses this channel.
    pub fn allow_channel(self, channel: &str) -> bool {
        self.0.is_none_or(|variant| variant.channels.is_empty() || variant.channels.iter().any(|one| one == channel))
    }

    /// Whether a contact of its own accord may begin at this hour of the customer's day.
    pub fn allow_hour(self, hour: u8) -> bool {
        self.0.is_none_or(|variant| variant.hours.is_empty() || variant.hours.contains(&hour))
    }
}
