//! Fits a segmentation: by its method on a sample, with codes that stay and names that may be read.

use ndarray::{Array2, ArrayView2, Axis};

use super::card::{self, SegmentMetrics};
use super::choose::{Tried, Way, choose};
use super::grid::Grid;
use super::labels;
use super::lookalike::{LikenessModel, Told};
use super::matching::matched_codes;
use super::model::{Given, Segment, SegmentModel, Shape};
use super::naming::{Standing, names};
use super::needs;
use super::silhouette::silhouette;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::models::FeatureMatrix;
use crate::models::algorithms::gaussian_mixture::GaussianMixture;
use crate::models::algorithms::k_means::KMeans;
use crate::models::encoding::Encoder;
use crate::models::spec::segments::{Count, Likeness, Method, SegmentsSpec};
use crate::models::training::Fit;
use crate::random::Stream;

/// Fits segments; `previous` lends its codes to segments whose customers stayed together.
///
/// # Errors
/// Invalid when a feature is missing, or there are fewer customers than the method needs.
pub fn train_segments(
    spec: &SegmentsSpec,
    given: &Given<'_>,
    as_of: Timestamp,
    previous: Option<&SegmentModel>,
) -> Result<Fit> {
    let sample = Sample::of(spec, given);
    let encoder = Encoder::fit(&spec.features, &sample.matrix)?;
    let model = |shape, segments| SegmentModel {
        spec: spec.clone(),
        encoder: encoder.clone(),
        shape,
        segments,
        service_levels: Vec::new(),
        issued: previous.map_or(0, |previous| previous.issued),
    };
    let x = || encoder.encode(&sample.matrix);
    let (mut model, found) = match &spec.method {
        Method::KMeans { count, starts } => {
            let (shape, found) = centres(spec, x()?.view(), *count, *starts)?;
            (model(shape, Vec::new()), found)
        }
        Method::Mixture { count, starts } => {
            let (shape, found) = mixture(spec, x()?.view(), *count, *starts)?;
            (model(shape, Vec::new()), found)
        }
        Method::Rfm { bins } => {
            let grid = Grid::fit(&sample.matrix, *bins)?;
            let cells = grid.named().map(|(code, name)| Segment { code, name }).collect();
            (model(Shape::Grid(grid), cells), Found::default())
        }
        Method::Attributes { min_size, .. } => {
            let labels = given.labels.ok_or_else(|| Error::internal("segments by attributes need labels"))?;
            (model(Shape::Labels, labels::segments(labels, *min_size)), Found::default())
        }
        Method::Lookalike(likeness) => {
            let (shape, told) = likest(spec, likeness, &sample, given, x()?.view())?;
            let of = likeness.of.clone().unwrap_or_else(|| format!("{} named clients", likeness.ids.len()));
            let like = Segment { code: "like".into(), name: format!("like {of}") };
            (model(shape, vec![like]), Found { told: Some(told), ..Found::default() })
        }
    };
    if model.segments.is_empty() {
        name_and_code(&mut model, &sample.given(), previous)?;
    }
    let metrics = metrics(&model, &sample.given(), found)?;
    card::fit(model, metrics, as_of)
}

/// What a method found out on its way.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) inertia: Option<f64>,
    pub(super) bic: Option<f64>,
    pub(super) tried: Vec<Tried>,
    pub(super) told: Option<Told>,
}

/// The customers to learn from.
struct Sample {
    matrix: FeatureMatrix,
    labels: Option<Vec<String>>,
    members: Option<Vec<bool>>,
}

impl Sample {
    /// At most as many as the spec says. Of lookalikes' members as many as there is room for in half of it: they are few.
    fn of(spec: &SegmentsSpec, given: &Given<'_>) -> Sample {
        let rows = given.matrix.customers.len();
        let kept: Vec<usize> = match given.members {
            Some(members) if rows > spec.sample => {
                let of = |wanted: bool| (0..rows).filter(|&row| members[row] == wanted).collect::<Vec<usize>>();
                let inside = drawn(of(true), spec.sample / 2, spec.seed);
                let outside = drawn(of(false), spec.sample - inside.len(), spec.seed);
                let mut kept = [inside, outside].concat();
                kept.sort_unstable();
                kept
            }
            _ => drawn((0..rows).collect(), spec.sample, spec.seed),
        };
        let pick = |labels: &[String]| kept.iter().map(|&row| labels[row].clone()).collect();
        Sample {
            matrix: FeatureMatrix {
                customers: kept.iter().map(|&row| given.matrix.customers[row]).collect(),
                names: given.matrix.names.clone(),
                values: given.matrix.values.select(Axis(0), &kept),
            },
            labels: given.labels.map(pick),
            members: given.members.map(|members| kept.iter().map(|&row| members[row]).collect()),
        }
    }

    fn given(&self) -> Given<'_> {
        Given { matrix: &self.matrix, labels: self.labels.as_deref(), members: self.members.as_deref() }
    }
}

/// One out of each of `most` equal stretches of rows, or all where there are no more.
fn drawn(rows: Vec<usize>, most: usize, seed: u64) -> Vec<usize> {
    let count = rows.len();
    if count <= most {
        return rows;
    }
    let mut stream = Stream::new(seed, "segments sample");
    let stretch = |index: usize| {
        let (from, until) = (index * count / most, (index + 1) * count / most);
        rows[from + stream.below(until - from)]
    };
    (0..most).map(stretch).collect()
}

fn centres(spec: &SegmentsSpec, x: ArrayView2<'_, f64>, count: Count, starts: usize) -> Result<(Shape, Found)> {
    let (count, tried) = chosen(spec, x, Way::KMeans, count)?;
    let fitted = KMeans::of(x, KMeans::params(count).starts(starts).seed(spec.seed))?;
    let centres = fitted.centres().rows().into_iter().map(|centre| centre.to_vec()).collect();
    Ok((Shape::Centres(centres), Found { inertia: Some(fitted.inertia()), tried, ..Found::default() }))
}

fn mixture(spec: &SegmentsSpec, x: ArrayView2<'_, f64>, count: Count, starts: usize) -> Result<(Shape, Found)> {
    let (count, tried) = chosen(spec, x, Way::Mixture, count)?;
    let fitted = GaussianMixture::of(x, GaussianMixture::params(count).starts(starts).seed(spec.seed))?;
    let bic = Some(fitted.bic(x));
    Ok((Shape::Mixture(fitted), Found { bic, tried, ..Found::default() }))
}

fn chosen(spec: &SegmentsSpec, x: ArrayView2<'_, f64>, way: Way, count: Count) -> Result<(usize, Vec<Tried>)> {
    match count {
        Count::Fixed(count) => Ok((count, Vec::new())),
        Count::Auto { from, to, min_stability } => choose(x, way, from..=to, min_stability, spec.seed),
    }
}

fn likest(
    spec: &SegmentsSpec,
    likeness: &Likeness,
    sample: &Sample,
    given: &Given<'_>,
    x: ArrayView2<'_, f64>,
) -> Result<(Shape, Told)> {
    let none = || Error::internal("lookalikes need to know whom they should resemble");
    let (all, members) = (given.members.ok_or_else(none)?, sample.members.as_deref().ok_or_else(none)?);
    let known = all.iter().filter(|member| **member).count() as f64;
    let base = known / (all.len() as f64 - known).max(1.0);
    let (model, told) = LikenessModel::fit(x, members, &sample.matrix.customers, base, likeness, spec.seed)?;
    Ok((Shape::Likeness(model), told))
}

/// Segments that the data made get the codes of the former ones whose customers they hold, names and levels of service.
fn name_and_code(model: &mut SegmentModel, given: &Given<'_>, previous: Option<&SegmentModel>) -> Result<()> {
    let centres: Array2<f64> = match &model.shape {
        Shape::Centres(centres) => model.as_rows(centres)?,
        Shape::Mixture(mixture) => mixture.means(),
        _ => return Ok(()),
    };
    let now = model.assign(given)?.membership;
    // One that was made from features that are no more has nothing to say of these customers.
    let before = previous.and_then(|previous| Some((previous.assign(given).ok()?.membership, previous)));
    let (before, codes) = before.map_or_else(Default::default, |(membership, previous)| {
        let codes: Vec<String> = previous.segments.iter().map(|segment| segment.code.clone()).collect();
        (membership, codes)
    });
    let (codes, issued) = matched_codes(&now, centres.nrows(), &before, &codes, model.issued);
    let features: Vec<String> = model.encoder.spans().map(|(name, _)| name.to_owned()).collect();
    let standing =
        |centre: ndarray::ArrayView1<'_, f64>| features.iter().map(String::as_str).zip(centre.to_vec()).collect();
    let standings: Vec<Standing<'_>> = centres.rows().into_iter().map(standing).collect();
    let levels = needs::levels(&standings, &model.spec.service_levels);
    let segments = codes.into_iter().zip(names(&standings)).map(|(code, name)| Segment { code, name }).collect();
    (model.segments, model.service_levels, model.issued) = (segments, levels, issued);
    Ok(())
}

fn metrics(model: &SegmentModel, given: &Given<'_>, found: Found) -> Result<SegmentMetrics> {
    let membership = model.assign(given)?.membership;
    let mut sizes = vec![0; model.segments.len()];
    membership.iter().flatten().for_each(|&segment| sizes[segment] += 1);
    let told_apart = if found.told.is_some() {
        None
    } else {
        let (x, known) = model.encoded(given.matrix)?;
        let rows: Vec<usize> = (0..known.len()).filter(|&row| known[row] && membership[row].is_some()).collect();
        let groups: Vec<usize> = rows.iter().filter_map(|&row| membership[row]).collect();
        Some(silhouette(x.select(Axis(0), &rows).view(), &groups, sizes.len()))
    };
    let stability = found.tried.iter().find(|tried| tried.count == sizes.len()).map(|tried| tried.stability);
    Ok(SegmentMetrics {
        rows: membership.len(),
        count: sizes.len(),
        silhouette: told_apart,
        inertia: found.inertia,
        bic: found.bic,
        stability,
        tried: found.tried,
        auc: found.told.map(|told| told.auc),
        members: found.told.map(|told| told.members),
        sizes,
    })
}

#[cfg(test)]
#[path = "train_tests.rs"]
mod tests;
