//! A fitted segmentation: which segments there are, and in which of them a customer is.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::grid::Grid;
use super::labels;
use super::lookalike::{LikenessModel, likest};
use crate::error::{Error, Result};
use crate::models::FeatureMatrix;
use crate::models::algorithms::gaussian_mixture::GaussianMixture;
use crate::models::algorithms::k_means::KMeans;
use crate::models::encoding::Encoder;
use crate::models::spec::segments::{Method, SegmentsSpec};

/// A segment of a segmentation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Stays when the segmentation is fitted again.
    pub code: String,
    /// In words that its customers may read.
    pub name: String,
}

/// Customers to be grouped: features, and what the method needs beside them.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// Their features; not a number where one is not known.
    pub matrix: &'a FeatureMatrix,
    /// For segments by attributes what each is called ([`labels::label`]).
    pub labels: Option<&'a [String]>,
    /// For lookalikes who is a member of what others should resemble.
    pub members: Option<&'a [bool]>,
}

/// Who is in which segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    /// The segment of each row, by its place among [`SegmentModel::segments`]; none for who is in none.
    pub membership: Vec<Option<usize>>,
    /// How probably each belongs there, where the method says so.
    pub likeness: Option<Vec<f64>>,
}

/// The fitted segmentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentModel {
    /// The spec it was fitted by.
    pub spec: SegmentsSpec,
    /// Scales of the features by which segments are judged, and found where the method asks for distances.
    pub(super) encoder: Encoder,
    pub(super) shape: Shape,
    pub(super) segments: Vec<Segment>,
    /// The level of service of each segment.
    pub(super) service_levels: Vec<Option<String>>,
    /// The highest number that a code ever bore here.
    pub(super) issued: usize,
}

/// What tells in which segment somebody is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shape {
    /// The nearest centre, in encoded columns.
    Centres(Vec<Vec<f64>>),
    /// The most probable normal distribution.
    Mixture(GaussianMixture),
    /// The cell.
    Grid(Grid),
    /// The segment that bears the label as its name; the last one for all others.
    Labels,
    /// The likest.
    Likeness(LikenessModel),
}

impl SegmentModel {
    /// The segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The level of service that a segment asks for, where the spec says so.
    pub fn service_level(&self, segment: usize) -> Option<&str> {
        self.service_levels.get(segment).and_then(Option::as_deref)
    }

    /// The features that it needs.
    pub fn features(&self) -> Vec<String> {
        let mut names: Vec<String> = self.encoder.spans().map(|(name, _)| name.to_owned()).collect();
        if matches!(self.shape, Shape::Grid(_)) {
            names.extend(super::grid::SCALES.map(String::from));
            names.sort();
            names.dedup();
        }
        names
    }

    /// The customers as columns by which segments are judged, and of whom anything is known there.
    ///
    /// # Errors
    /// Invalid, when a feature is missing.
    pub fn encoded(&self, matrix: &FeatureMatrix) -> Result<(Array2<f64>, Vec<bool>)> {
        let known =
            |name: &str| matrix.column(name).ok_or_else(|| Error::invalid(format!("there is no feature `{name}`")));
        let columns = self.encoder.spans().map(|(name, _)| known(name)).collect::<Result<Vec<_>>>()?;
        let any = (0..matrix.values.nrows()).map(|row| columns.iter().any(|column| column[row].is_finite())).collect();
        Ok((self.encoder.encode(matrix)?, any))
    }

    /// In which segment each customer is. Of whom no feature is known is in none, but for labels, which everybody has.
    ///
    /// # Errors
    /// Invalid when a feature, the labels or the members are missing.
    pub fn assign(&self, given: &Given<'_>) -> Result<Assigned> {
        let plain = |found: Vec<usize>| Assigned { membership: found.into_iter().map(Some).collect(), likeness: None };
        Ok(match &self.shape {
            Shape::Labels => {
                let labels = given.labels.ok_or_else(|| Error::internal("segments by attributes need labels"))?;
                plain(labels::assign(&self.segments, labels))
            }
            Shape::Grid(grid) => plain(grid.assign(given.matrix)?),
            Shape::Centres(centres) => {
                let (x, known) = self.encoded(given.matrix)?;
                only(known, plain(KMeans::with_centres(self.as_rows(centres)?).assign(x.view())))
            }
            Shape::Mixture(mixture) => {
                let (x, known) = self.encoded(given.matrix)?;
                let (found, likeness): (Vec<usize>, Vec<f64>) = mixture.assign(x.view()).into_iter().unzip();
                only(known, Assigned { likeness: Some(likeness), ..plain(found) })
            }
            Shape::Likeness(model) => {
                let (Method::Lookalike(spec), Some(members)) = (&self.spec.method, given.members) else {
                    return Err(Error::internal("lookalikes need to know whom they should resemble"));
                };
                let (x, known) = self.encoded(given.matrix)?;
                let likeness = model.probabilities(x.view());
                let barred: Vec<bool> = members.iter().zip(known).map(|(member, known)| *member || !known).collect();
                let mut membership = vec![None; likeness.len()];
                likest(&likeness, &barred, spec.size).into_iter().for_each(|row| membership[row] = Some(0));
                Assigned { membership, likeness: Some(likeness) }
            }
        })
    }

    pub(super) fn as_rows(&self, centres: &[Vec<f64>]) -> Result<Array2<f64>> {
        let flat: Vec<f64> = centres.iter().flatten().copied().collect();
        Array2::from_shape_vec((centres.len(), self.encoder.width()), flat)
            .map_err(|error| Error::internal("the stored segments do not fit their features").caused_by(error))
    }
}

fn only(known: Vec<bool>, mut assigned: Assigned) -> Assigned {
    assigned.membership.iter_mut().zip(known).filter(|(_, known)| !known).for_each(|(segment, _)| *segment = None);
    assigned
}
