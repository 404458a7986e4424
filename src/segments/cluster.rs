//! K-means segments on scaled features.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::matching::matched_codes;
use super::naming::{Standing, names};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::error::Result;
use crate::models::FeatureMatrix;
use crate::models::algorithms::k_means::KMeans;
use crate::models::card::Card;
use crate::models::encoding::Encoder;
use crate::models::spec::{ModelSpec, SegmentsSpec};
use crate::models::training::{DataWindow, Fit, Verdict};

/// Rows on which the silhouette is measured: it compares each with each.
const SILHOUETTE_ROWS: usize = 1500;

/// A segment of a segmentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Stays when the segmentation is fitted again.
    pub code: String,
    /// In words.
    pub name: String,
}

/// The fitted segmentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterModel {
    encoder: Encoder,
    /// A centre for each segment, in encoded columns.
    centres: Vec<Vec<f64>>,
    segments: Vec<Segment>,
}

/// How well the segments are told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentMetrics {
    /// Customers grouped.
    pub rows: usize,
    /// Sum of squared distances to the centres, in standard deviations.
    pub inertia: f64,
    /// Mean silhouette (Rousseeuw 1987) over evenly taken customers: 1 far apart, 0 touching, below 0 mixed.
    pub silhouette: f64,
    /// Customers in each segment.
    pub sizes: Vec<usize>,
}

impl ClusterModel {
    /// The segments; [`ClusterModel::assign`] gives indices into them.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment of each row.
    ///
    /// # Errors
    /// Invalid when a feature is missing.
    pub fn assign(&self, matrix: &FeatureMatrix) -> Result<Vec<usize>> {
        let x = self.encoder.encode(matrix)?;
        let width = self.encoder.width();
        let flat: Vec<f64> = self.centres.iter().flatten().copied().collect();
        let centres = Array2::from_shape_vec((self.centres.len(), width), flat)
            .map_err(|error| Error::internal("the stored segments do not fit their features").caused_by(error))?;
        Ok(KMeans::with_centres(centres).assign(x.view()))
    }
}

/// Fits segments on all rows; `previous` lends its codes to segments whose customers stayed together.
///
/// # Errors
/// Invalid when a feature is missing or there are fewer customers than segments.
pub fn train_segments(
    spec: &SegmentsSpec,
    matrix: &FeatureMatrix,
    as_of: Timestamp,
    previous: Option<&ClusterModel>,
) -> Result<Fit> {
    let encoder = Encoder::fit(&spec.features, matrix)?;
    let x = encoder.encode(matrix)?;
    let found = KMeans::of(x.view(), KMeans::params(spec.count).starts(spec.starts).seed(spec.seed))?;
    let membership = found.assign(x.view());
    let codes = match previous {
        Some(previous) => matched_codes(
            &membership,
            spec.count,
            &previous.assign(matrix)?,
            &previous.segments.iter().map(|segment| segment.code.clone()).collect::<Vec<_>>(),
        ),
        None => matched_codes(&membership, spec.count, &[], &[]),
    };
    let feature_names: Vec<&str> = spec.features.iter().map(|feature| feature.name.as_str()).collect();
    let standings: Vec<Standing<'_>> = found
        .centres()
        .rows()
        .into_iter()
        .map(|centre| feature_names.iter().copied().zip(centre.to_vec()).collect())
        .collect();
    let segments: Vec<Segment> =
        codes.into_iter().zip(names(&standings)).map(|(code, name)| Segment { code, name }).collect();
    let mut sizes = vec![0; spec.count];
    membership.iter().for_each(|&segment| sizes[segment] += 1);
    let metrics = SegmentMetrics {
        rows: matrix.customers.len(),
        inertia: found.inertia(),
        silhouette: silhouette(x.view(), &membership, spec.count),
        sizes,
    };
    let centres = found.centres().rows().into_iter().map(|row| row.to_vec()).collect();
    fit(spec, as_of, ClusterModel { encoder, centres, segments }, metrics)
}

fn fit(spec: &SegmentsSpec, as_of: Timestamp, model: ClusterModel, metrics: SegmentMetrics) -> Result<Fit> {
    let mut missed = Vec::new();
    if let Some(empty) = metrics.sizes.iter().position(|&size| size == 0) {
        missed.push(format!("segment {} is empty; ask for fewer than {}", model.segments[empty].code, spec.count));
    }
    if metrics.silhouette <= 0.0 {
        missed.push(format!("the segments are not told apart (silhouette {:.3})", metrics.silhouette));
    }
    let verdict = Verdict::of(missed);
    let json = |error: serde_json::Error| Error::internal("the segments cannot be written down").caused_by(error);
    let sized = model.segments.iter().zip(&metrics.sizes);
    let card = Card {
        name: spec.name.clone(),
        purpose: "Which customers are alike in what they do.".into(),
        data: vec![format!("{} customers as of {as_of}", metrics.rows)],
        method: vec![format!(
            "k-means with {} centres, best of {} starts, on scaled {}",
            spec.count,
            spec.starts,
            spec.features.iter().map(|feature| feature.name.as_str()).collect::<Vec<_>>().join(", ")
        )],
        figures: [("silhouette".to_owned(), metrics.silhouette), ("inertia".to_owned(), metrics.inertia)]
            .into_iter()
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
        parameters: serde_json::to_value(&model).map_err(json)?,
        metrics: serde_json::to_value(&metrics).map_err(json)?,
        verdict,
        card,
    })
}

/// Mean over rows of (b - a) / max(a, b): a the mean distance within the own group, b to the nearest other.
fn silhouette(x: ArrayView2<'_, f64>, membership: &[usize], groups: usize) -> f64 {
    let step = x.nrows().div_ceil(SILHOUETTE_ROWS).max(1);
    let rows: Vec<usize> = (0..x.nrows()).step_by(step).collect();
    let sample = x.select(Axis(0), &rows);
    let groups_of: Vec<usize> = rows.iter().map(|&row| membership[row]).collect();
    let mut sizes = vec![0.0; groups];
    groups_of.iter().for_each(|&group| sizes[group] += 1.0);
    let of_row = |row: usize| -> f64 {
        let own = groups_of[row];
        if sizes[own] <= 1.0 {
            return 0.0;
        }
        let mut sums = vec![0.0; groups];
        for (other, &group) in groups_of.iter().enumerate() {
            let squared: f64 = sample.row(row).iter().zip(sample.row(other)).map(|(a, b)| (a - b) * (a - b)).sum();
            sums[group] += squared.sqrt();
        }
        let inside = sums[own] / (sizes[own] - 1.0);
        let outside = (0..groups)
            .filter(|&group| group != own && sizes[group] > 0.0)
            .map(|group| sums[group] / sizes[group])
            .fold(f64::INFINITY, f64::min);
        if outside.is_finite() { (outside - inside) / inside.max(outside).max(f64::MIN_POSITIVE) } else { 0.0 }
    };
    let each: Vec<f64> = (0..rows.len()).into_par_iter().map(of_row).collect();
    each.iter().sum::<f64>() / each.len().max(1) as f64
}

#[cfg(test)]
#[path = "cluster_tests.rs"]
mod tests;
