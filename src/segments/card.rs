//! What a fit of a segmentation says of itself.

use serde::{Deserialize, Serialize};

use super::choose::Tried;
use super::model::SegmentModel;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::models::ModelSpec;
use crate::models::card::Card;
use crate::models::spec::segments::{Count, Method, SegmentsSpec};
use crate::models::training::{DataWindow, Fit, Verdict, to_json};

/// How well the segments are told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentMetrics {
    /// Customers learned from.
    pub rows: usize,
    /// Segments.
    pub count: usize,
    /// Mean silhouette (Rousseeuw 1987) over evenly taken customers: 1 far apart, 0 touching, below 0 mixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silhouette: Option<f64>,
    /// Sum of squared distances to the centres, in standard deviations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inertia: Option<f64>,
    /// Schwarz' criterion of a mixture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bic: Option<f64>,
    /// Mean adjusted Rand index of fits on two halves of the customers, where the number was chosen by data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<f64>,
    /// The numbers of segments that were tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
    /// Area under the ROC curve on members that the fit had not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// Members that lookalikes were learned from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<usize>,
    /// Customers in each segment.
    pub sizes: Vec<usize>,
}

pub(super) fn fit(model: SegmentModel, metrics: SegmentMetrics, as_of: Timestamp) -> Result<Fit> {
    let spec = model.spec.clone();
    let verdict = Verdict::of(missed(&model, &metrics));
    let sized = model.segments.iter().zip(&metrics.sizes).filter(|(_, size)| **size > 0);
    let figures = [
        ("silhouette", metrics.silhouette),
        ("inertia", metrics.inertia),
        ("BIC", metrics.bic),
        ("stability", metrics.stability),
        ("AUC", metrics.auc),
    ];
    let figures = figures.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let card = Card {
        name: spec.name.clone(),
        purpose: match &spec.method {
            Method::Lookalike(_) => "Who resembles the members of a segment.".into(),
            _ => "Which customers are alike.".into(),
        },
        data: vec![format!("{} customers as of {as_of}", metrics.rows)],
        method: method(&spec, &metrics),
        figures: figures
            .chain(sized.map(|(segment, &size)| (format!("{} {}", segment.code, segment.name), size as f64)))
            .collect(),
        drivers: Vec::new(),
        limits: vec!["A segment is a description, not a forecast; customers near a border may change sides.".into()],
        verdict: if verdict.passed { "Passed: it may serve.".into() } else { verdict.missed.join("; ") },
    };
    Ok(Fit {
        name: spec.name.clone(),
        kind: "segments".into(),
        spec_digest: ModelSpec::Segments(spec.clone()).digest(),
        window: DataWindow { from: Timestamp(0), until: as_of },
        seed: spec.seed,
        horizon_days: None,
        parameters: to_json(&model)?,
        metrics: to_json(&metrics)?,
        verdict,
        card,
    })
}

fn missed(model: &SegmentModel, metrics: &SegmentMetrics) -> Vec<String> {
    let mut missed = Vec::new();
    match &model.spec.method {
        Method::KMeans { .. } | Method::Mixture { .. } => {
            if let Some(empty) = metrics.sizes.iter().position(|&size| size == 0) {
                missed.push(format!(
                    "segment {} is empty; ask for fewer than {}",
                    model.segments[empty].code, metrics.count
                ));
            }
            // Groups of a mixture may lie within each other; those of k-means may not.
            let apart = metrics.silhouette.unwrap_or(0.0);
            if apart <= 0.0 && matches!(model.spec.method, Method::KMeans { .. }) {
                missed.push(format!("the segments are not told apart (silhouette {apart:.3})"));
            }
        }
        Method::Rfm { .. } | Method::Attributes { .. } => {
            if metrics.sizes.iter().filter(|&&size| size > 0).count() < 2 {
                missed.push("all customers are in one segment".into());
            }
        }
        Method::Lookalike(likeness) => {
            let auc = metrics.auc.unwrap_or(0.5);
            if auc < likeness.min_auc {
                missed.push(format!("AUC {auc:.3} is below {}: members cannot be told from others", likeness.min_auc));
            }
        }
    }
    missed
}

fn method(spec: &SegmentsSpec, metrics: &SegmentMetrics) -> Vec<String> {
    let features = spec.features.iter().map(|feature| feature.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut said = vec![match &spec.method {
        Method::KMeans { starts, .. } => {
            format!("k-means with {} centres, best of {starts} starts, on scaled {features}", metrics.count)
        }
        Method::Mixture { .. } => format!("mixture of {} normal distributions of scaled {features}", metrics.count),
        Method::Rfm { bins } => format!("{bins} parts each of recency, frequency and amount, equal values together"),
        Method::Attributes { by, min_size } => {
            let facts = by.iter().map(|divide| divide.fact.as_str()).collect::<Vec<_>>().join(", ");
            format!("by {facts}; groups of fewer than {min_size} together as others")
        }
        Method::Lookalike(_) => {
            format!(
                "logistic regression on scaled {features}, their squares and products; AUC over five folds left out"
            )
        }
    }];
    if let Method::KMeans { count: Count::Auto { from, to, min_stability }, .. }
    | Method::Mixture { count: Count::Auto { from, to, min_stability }, .. } = &spec.method
    {
        let stable = metrics.stability.is_some_and(|stability| stability >= *min_stability);
        let merit = if metrics.bic.is_some() { "the least BIC" } else { "the best silhouette" };
        said.push(if stable {
            format!(
                "{} of {from} to {to} segments: {merit} among the numbers on which two halves of the customers agree \
                 (adjusted Rand index at least {min_stability})",
                metrics.count
            )
        } else {
            format!(
                "{} of {from} to {to} segments: the most stable number, though two halves of the customers agree on none \
                 (adjusted Rand index below {min_stability}): plan nothing that rests on these borders",
                metrics.count
            )
        });
    }
    said
}
