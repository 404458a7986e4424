//! Specs of segmentations: who is alike, by which method, and what of it is planned.
//!
//! | Name | Default | Purpose | Range |
//! |---|---|---|---|
//! | `method` | k-means | how customers are grouped | k-means, mixture, rfm, attributes, lookalike |
//! | `features` | recency, freq, monetary (log1p) | what customers are compared by; `attribute.NAME` and `event.NAME.PROPERTY` too | |
//! | `count` | 6 | k-means, mixture: number of segments; `"auto"` has the data choose | 2..50 |
//! | `count_range` | [2, 8] | between which numbers `"auto"` chooses | 2..50 |
//! | `starts` | 10 | k-means, mixture: fits from different starting centres | 1..100 |
//! | `min_stability` | 0.7 | `"auto"`: least agreement of two halves of the customers | 0..1 |
//! | `sample` | 200000 | customers to learn from at most; all are assigned | 1000.. |
//! | `bins` | 5 | rfm: parts of each scale | 2..9 |
//! | `by` | | attributes: what divides: `country`, `attribute.NAME`, or a number with `bands` | |
//! | `min_size` | 50 | attributes: smaller groups are joined as others | 1.. |
//! | `of`, `ids` | | lookalike: the segment, or the customers, that others should resemble | |
//! | `size`, `share` | | lookalike: how many to take | 1.., 0..1 |
//! | `min_members` | 50 | lookalike: fewest members to learn from | 20.. |
//! | `min_auc` | 0.6 | lookalike: least area under the ROC curve on members it has not seen | 0.5..1 |
//! | `[criteria]` | below | what a good segment reaches | |
//! | `[service_levels]` | none | the level of service by what matters most to a segment, and `default` | |
//! | `[economics]`, `[plan.CODE]` | none | horizon in years, and planned numbers by segment | |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::{self, Faults};
use super::{FeatureSpec, Transform};

/// Who is alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentsSpec {
    /// The model's name.
    pub name: String,
    /// How customers are grouped.
    pub method: Method,
    /// What customers are compared and segments judged by.
    pub features: Vec<FeatureSpec>,
    /// Customers to learn from at most.
    pub sample: usize,
    /// Draws samples and starts.
    pub seed: u64,
    /// What a good segment reaches.
    pub criteria: Criteria,
    /// The level of service by the feature in which a segment stands out most; `default` for the others.
    pub service_levels: BTreeMap<String, String>,
    /// Years over which a segment's value is counted.
    pub horizon_years: u32,
    /// Planned numbers by code of segment.
    pub plan: BTreeMap<String, Plan>,
}

impl SegmentsSpec {
    /// Whether it groups by likeness to others.
    pub fn is_lookalike(&self) -> bool {
        matches!(self.method, Method::Lookalike(_))
    }
}

/// How customers are grouped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Around centres.
    KMeans {
        /// How many.
        count: Count,
        /// Fits from different starting centres.
        starts: usize,
    },
    /// As overlapping normal distributions.
    Mixture {
        /// How many.
        count: Count,
        /// Starts of the first guess.
        starts: usize,
    },
    /// By quantiles of recency, frequency and amount.
    Rfm {
        /// Parts of each scale.
        bins: usize,
    },
    /// By what stands in the profile.
    Attributes {
        /// What divides.
        by: Vec<Divide>,
        /// Smaller groups are joined.
        min_size: usize,
    },
    /// By likeness to others.
    Lookalike(Likeness),
}

/// How many segments.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// So many.
    Fixed(usize),
    /// As many as the data carry.
    Auto {
        /// At least.
        from: usize,
        /// At most.
        to: usize,
        /// Least mean agreement (adjusted Rand index) of fits on two halves of the customers.
        min_stability: f64,
    },
}

/// What divides customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Divide {
    /// `country`, `locale`, `zone`, `kind`, `attribute.NAME`, or a feature.
    pub fact: String,
    /// Where the bands of a number begin: `[30, 50]` makes below 30, 30 to below 50, and 50 and above. The values themselves when empty.
    #[serde(default)]
    pub bands: Vec<f64>,
}

/// Whom others should resemble, and how many of them to take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// A segment by rule, `SEGMENTATION/CODE`, or the name of a model's segment.
    pub of: Option<String>,
    /// Or these customers, by the company's own keys.
    pub ids: Vec<String>,
    /// How many to take.
    pub size: Size,
    /// Fewest members to learn from.
    pub min_members: usize,
    /// Least area under the ROC curve on members that were left out.
    pub min_auc: f64,
}

/// How many lookalikes to take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// So many.
    Number(usize),
    /// This share of those who are not members.
    Share(f64),
}

/// What a good segment reaches.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `max_spread` | 0.8 | homogeneous: mean squared distance from its centre, of that of all customers from theirs | > 0 |
/// | `min_silhouette` | 0.1 | distinct: how much nearer its centre is than the next one (simplified silhouette) | -1..1 |
/// | `min_profit` | 0 | profitable: profit a customer so far, in units of the currency | |
/// | `min_reachable` | 0.3 | reachable: share with a channel that is agreed to and not suppressed | 0..1 |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Criteria {
    /// Most spread.
    pub max_spread: f64,
    /// Least distinctness.
    pub min_silhouette: f64,
    /// Least profit a customer.
    pub min_profit: f64,
    /// Least share that can be reached.
    pub min_reachable: f64,
}

impl Default for Criteria {
    fn default() -> Self {
        Criteria { max_spread: 0.8, min_silhouette: 0.1, min_profit: 0.0, min_reachable: 0.3 }
    }
}

/// Planned numbers of a segment; what is not planned is measured. Amounts in units of the currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// New clients a year.
    pub new_clients: f64,
    /// What it costs to win one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acquisition_cost: Option<f64>,
    /// Margin of a client a year, before what keeps them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// What it costs to keep one, a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_cost: Option<f64>,
    /// Share of clients who stay another year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSegments {
    name: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    features: Vec<FeatureSpec>,
    count: Option<RawCount>,
    count_range: Option<[usize; 2]>,
    min_stability: Option<f64>,
    starts: Option<usize>,
    sample: Option<usize>,
    bins: Option<usize>,
    by: Option<Vec<RawDivide>>,
    min_size: Option<usize>,
    of: Option<String>,
    ids: Option<Vec<String>>,
    size: Option<usize>,
    share: Option<f64>,
    min_members: Option<usize>,
    min_auc: Option<f64>,
    seed: Option<u64>,
    #[serde(default)]
    criteria: Criteria,
    #[serde(default)]
    service_levels: BTreeMap<String, String>,
    #[serde(default)]
    economics: RawEconomics,
    #[serde(default)]
    plan: BTreeMap<String, Plan>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawCount {
    Number(usize),
    Word(String),
}

/// `"country"`, or a table with bands.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawDivide {
    Fact(String),
    Divide(Divide),
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawEconomics {
    horizon_years: Option<u32>,
}

/// The features that segments are compared by where a spec names none.
fn usual_features() -> Vec<FeatureSpec> {
    let usual =
        |name: &str| FeatureSpec { name: name.into(), transform: Transform::Log1p, bins: super::default_bins() };
    ["recency", "freq", "monetary"].map(usual).to_vec()
}

pub(super) fn checked(raw: RawSegments, faults: &mut Faults) -> SegmentsSpec {
    check::name(&raw.name, faults);
    let method = method(&raw, faults);
    let features = if raw.features.is_empty() { usual_features() } else { raw.features };
    check::features(&features, faults);
    for feature in &features {
        faults.demand(!matches!(feature.transform, Transform::Bins | Transform::Categories), "features", || {
            format!("`{}`: distances need a size; use none or log1p", feature.name)
        });
    }
    let sample = raw.sample.unwrap_or(200_000);
    faults.demand(sample >= 1_000, "sample", || format!("{sample} is below 1000"));
    let levels = &raw.service_levels;
    for name in levels.keys().filter(|name| *name != DEFAULT_LEVEL) {
        let known = features.iter().any(|feature| feature.name == *name);
        faults.demand(known, "service_levels", || format!("`{name}` is none of the features"));
    }
    let horizon_years = raw.economics.horizon_years.unwrap_or(5);
    faults.demand((1..=30).contains(&horizon_years), "economics.horizon_years", || {
        format!("{horizon_years} is outside 1..30")
    });
    criteria(&raw.criteria, faults);
    raw.plan.iter().for_each(|(code, plan)| planned(code, plan, faults));
    SegmentsSpec {
        name: raw.name,
        method,
        features,
        sample,
        seed: raw.seed.unwrap_or(1),
        criteria: raw.criteria,
        service_levels: raw.service_levels,
        horizon_years,
        plan: raw.plan,
    }
}

/// The key of `[service_levels]` for segments that stand out in nothing.
pub const DEFAULT_LEVEL: &str = "default";

fn method(raw: &RawSegments, faults: &mut Faults) -> Method {
    let word = raw.method.as_deref().unwrap_or("k-means");
    foreign(raw, word, faults);
    match word {
        "mixture" => Method::Mixture { count: count(raw, faults), starts: starts(raw, faults) },
        "rfm" => {
            let bins = raw.bins.unwrap_or(5);
            faults.demand((2..=9).contains(&bins), "bins", || format!("{bins} is outside 2..9"));
            Method::Rfm { bins }
        }
        "attributes" => {
            let by: Vec<Divide> = raw.by.iter().flatten().map(divide).collect();
            faults.demand((1..=4).contains(&by.len()), "by", || "name one to four facts that divide customers".into());
            for divide in &by {
                let rising =
                    divide.bands.is_sorted_by(|a, b| a < b) && divide.bands.iter().all(|band| band.is_finite());
                faults.demand(rising, "by", || format!("the bands of `{}` must rise", divide.fact));
            }
            let min_size = raw.min_size.unwrap_or(50);
            faults.demand(min_size > 0, "min_size", || "must be above 0".into());
            Method::Attributes { by, min_size }
        }
        "lookalike" => Method::Lookalike(likeness(raw, faults)),
        _ => {
            faults.demand(word == "k-means", "method", || {
                format!("`{word}` is none of k-means, mixture, rfm, attributes, lookalike")
            });
            Method::KMeans { count: count(raw, faults), starts: starts(raw, faults) }
        }
    }
}

/// Keys that say nothing to the method, and so were meant for another.
fn foreign(raw: &RawSegments, method: &str, faults: &mut Faults) {
    let groups = ["k-means", "mixture"];
    let given: [(&str, bool, &[&str]); 13] = [
        ("count", raw.count.is_some(), &groups),
        ("count_range", raw.count_range.is_some(), &groups),
        ("min_stability", raw.min_stability.is_some(), &groups),
        ("starts", raw.starts.is_some(), &groups),
        ("bins", raw.bins.is_some(), &["rfm"]),
        ("by", raw.by.is_some(), &["attributes"]),
        ("min_size", raw.min_size.is_some(), &["attributes"]),
        ("of", raw.of.is_some(), &["lookalike"]),
        ("ids", raw.ids.is_some(), &["lookalike"]),
        ("size", raw.size.is_some(), &["lookalike"]),
        ("share", raw.share.is_some(), &["lookalike"]),
        ("min_members", raw.min_members.is_some(), &["lookalike"]),
        ("min_auc", raw.min_auc.is_some(), &["lookalike"]),
    ];
    for (key, given, methods) in given {
        faults.demand(!given || methods.contains(&method), key, || {
            format!("says nothing to the method {method}; it is for {}", methods.join(" and "))
        });
    }
}

fn starts(raw: &RawSegments, faults: &mut Faults) -> usize {
    let starts = raw.starts.unwrap_or(10);
    faults.demand((1..=100).contains(&starts), "starts", || format!("{starts} is outside 1..100"));
    starts
}

fn count(raw: &RawSegments, faults: &mut Faults) -> Count {
    let auto = match &raw.count {
        None => return Count::Fixed(6),
        Some(RawCount::Number(count)) => {
            faults.demand((2..=50).contains(count), "count", || format!("{count} is outside 2..50"));
            faults.demand(raw.count_range.is_none(), "count_range", || "is for count = \"auto\"".into());
            return Count::Fixed(*count);
        }
        Some(RawCount::Word(word)) => word,
    };
    faults.demand(auto == "auto", "count", || format!("`{auto}` is neither a number nor \"auto\""));
    let [from, to] = raw.count_range.unwrap_or([2, 8]);
    faults
        .demand(2 <= from && from <= to && to <= 50, "count_range", || format!("{from} to {to} is no range in 2..50"));
    let min_stability = raw.min_stability.unwrap_or(0.7);
    faults.demand((0.0..=1.0).contains(&min_stability), "min_stability", || format!("{min_stability} is outside 0..1"));
    Count::Auto { from, to, min_stability }
}

fn divide(raw: &RawDivide) -> Divide {
    match raw {
        RawDivide::Fact(fact) => Divide { fact: fact.clone(), bands: Vec::new() },
        RawDivide::Divide(divide) => divide.clone(),
    }
}

fn likeness(raw: &RawSegments, faults: &mut Faults) -> Likeness {
    let ids = raw.ids.clone().unwrap_or_default();
    faults.demand(raw.of.is_some() == ids.is_empty(), "of", || "give either a segment (of) or customers (ids)".into());
    let size = match (raw.size, raw.share) {
        (Some(size), None) => Size::Number(size),
        (None, Some(share)) => Size::Share(share),
        _ => {
            faults.at("size", "give either a number (size) or a share (share)".into());
            Size::Share(1.0)
        }
    };
    let good = match size {
        Size::Number(number) => number > 0,
        Size::Share(share) => share > 0.0 && share <= 1.0,
    };
    faults.demand(good, "size", || "must be above 0, and a share at most 1".into());
    let min_members = raw.min_members.unwrap_or(50);
    faults.demand(min_members >= 20, "min_members", || format!("{min_members} is below 20: chance alone would speak"));
    let min_auc = raw.min_auc.unwrap_or(0.6);
    faults.demand((0.5..1.0).contains(&min_auc), "min_auc", || format!("{min_auc} is outside 0.5..1; 0.5 is a coin"));
    Likeness { of: raw.of.clone(), ids, size, min_members, min_auc }
}

fn criteria(criteria: &Criteria, faults: &mut Faults) {
    let spread = criteria.max_spread;
    faults.demand(spread > 0.0, "criteria.max_spread", || format!("{spread} must be above 0"));
    let silhouette = criteria.min_silhouette;
    faults.demand((-1.0..=1.0).contains(&silhouette), "criteria.min_silhouette", || {
        format!("{silhouette} is outside -1..1")
    });
    let reachable = criteria.min_reachable;
    faults
        .demand((0.0..=1.0).contains(&reachable), "criteria.min_reachable", || format!("{reachable} is outside 0..1"));
    faults.demand(criteria.min_profit.is_finite(), "criteria.min_profit", || "must be a number".into());
}

fn planned(code: &str, plan: &Plan, faults: &mut Faults) {
    let amounts = [Some(plan.new_clients), plan.acquisition_cost, plan.retention_cost]
        .into_iter()
        .flatten()
        .chain(plan.retention);
    faults.demand(
        amounts.into_iter().all(|amount| amount >= 0.0 && amount.is_finite()),
        &format!("plan.{code}"),
        || "numbers of a plan must not be below 0".into(),
    );
    faults.demand(plan.retention.is_none_or(|share| share <= 1.0), &format!("plan.{code}"), || {
        "retention is a share: 0..1".into()
    });
    faults.demand(plan.margin.is_none_or(f64::is_finite), &format!("plan.{code}"), || "margin must be a number".into());
}
