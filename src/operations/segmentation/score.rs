//! Segmentations brought up to date: who is in which segment now, what each is like, and what it is worth.

use std::collections::BTreeMap;

use ndarray::Axis;

use super::measured::History;
use super::population::{self, Fresh, Population};
use super::reach;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::features::FeatureMatrix;
use crate::ids::{CustomerId, ModelVersionId};
use crate::models::registry::{self, ModelVersion, Status};
use crate::models::spec::SegmentsSpec;
use crate::models::spec::segments::Method;
use crate::models::{ModelSpec, Protected};
use crate::operations::Workspace;
use crate::operations::score::PROFIT;
use crate::segments::{self, Assigned, Known, Portrait, SegmentEconomics, SegmentModel};
use crate::storage::Connection;

/// The segmentation whose segment stands in the serving row.
const SERVING: &str = "segments";
/// Customers from whom descriptions and criteria are taken.
const LOOKED_AT: usize = 100_000;

/// Every segmentation that serves, brought up to date but not kept yet.
pub struct Segmentations {
    made: Vec<Made>,
    /// Segmentations that have no spec any more, or learned from what is protected now.
    gone: Vec<String>,
    /// Why some of those serve no more.
    pub outdated: Vec<String>,
}

struct Made {
    version: ModelVersionId,
    name: String,
    model: SegmentModel,
    customers: Vec<CustomerId>,
    assigned: Assigned,
    economics: Vec<SegmentEconomics>,
    portraits: Vec<Portrait>,
}

impl Segmentations {
    /// Groups everybody who may be profiled. `base`: the serving features, and [`PROFIT`], of those of them who have bought.
    ///
    /// # Errors
    /// Those of store and history.
    pub fn of(ws: &Workspace, base: &FeatureMatrix, now: Timestamp) -> Result<Segmentations> {
        Segmentations::some(ws, base, now, |_| true)
    }

    /// Groups by those segmentations alone whose names are `wanted`.
    pub(super) fn some(
        ws: &Workspace,
        base: &FeatureMatrix,
        now: Timestamp,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Segmentations> {
        let specs = ModelSpec::load_all(ws.data())?;
        let protected = Protected::of(ws.settings());
        let (mut serving, mut gone, mut outdated) = (Vec::new(), Vec::new(), Vec::new());
        for version in champions(ws)?.into_iter().filter(|version| wanted(&version.fit.name)) {
            let spec = specs.iter().find_map(|spec| match spec {
                ModelSpec::Segments(spec) if spec.name == version.fit.name => Some(spec),
                _ => None,
            });
            match (spec, version.fit.parameters::<SegmentModel>()) {
                (None, _) => gone.push(version.fit.name),
                // Nobody may be found in segments that were made by what is protected now.
                (_, Ok(model)) if let Some(why) = protected.outdates(&version.fit.name, model.spec.columns()) => {
                    outdated.push(why);
                    gone.push(version.fit.name);
                }
                // Criteria, plans and sizes are as they are written now, not as they were at the fit.
                (Some(spec), Ok(model)) => serving.push((version.id, refreshed(model, spec))),
                (Some(_), Err(error)) => {
                    tracing::warn!(name = version.fit.name, %error, "segments are left as they were")
                }
            }
        }
        // Lookalikes resemble the others' members, who must be known by then.
        serving.sort_by_key(|(_, model)| matches!(model.spec.method, Method::Lookalike(_)));
        let history = if serving.is_empty() { None } else { Some(History::read(ws, now)?) };
        let mut fresh = Fresh::new();
        let mut made = Vec::with_capacity(serving.len());
        for (version, model) in serving {
            let one = Made::of(ws, base, version, model, history.as_ref(), &fresh, now)?;
            one.remember(&mut fresh);
            made.push(one);
        }
        Ok(Segmentations { made, gone, outdated })
    }

    /// The segmentations with the versions that served.
    pub fn versions(&self) -> impl Iterator<Item = (&str, ModelVersionId)> {
        self.made.iter().map(|made| (made.name.as_str(), made.version))
    }

    /// The name of the segment that stands in a customer's serving row.
    pub fn segment_of(&self, customer: CustomerId) -> Option<&str> {
        let made = self.made.iter().find(|made| made.name == SERVING)?;
        Some(&made.model.segments()[made.place(customer)?].name)
    }

    /// The level of service that a customer's segment asks for: that of the first segmentation, by name, that says one.
    pub fn service_level_of(&self, customer: CustomerId) -> Option<&str> {
        let levels =
            self.made.iter().filter_map(|made| Some((&made.name, made.model.service_level(made.place(customer)?)?)));
        levels.min_by_key(|(name, _)| *name).map(|(_, level)| level)
    }

    /// Keeps all of them, each in the place of what was kept of it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn keep(&self, conn: &mut Connection, now: Timestamp) -> Result<()> {
        for name in &self.gone {
            segments::drop_all(conn, name)?;
        }
        self.made.iter().try_for_each(|made| {
            let segmented = segments::Segmented {
                segmentation: &made.name,
                model_version_id: made.version,
                segments: made.model.segments(),
                with_empty: matches!(made.model.spec.method, Method::Rfm { .. } | Method::Lookalike(_)),
                economics: &made.economics,
                portraits: &made.portraits,
                customers: &made.customers,
                membership: &made.assigned.membership,
                likeness: made.assigned.likeness.as_deref(),
            };
            segments::keep(conn, &segmented, now)
        })
    }
}

/// The versions of segmentations that serve, by name.
fn champions(ws: &Workspace) -> Result<Vec<ModelVersion>> {
    ws.store().read(|conn| {
        let serving = registry::list(conn, None)?;
        let serving = serving.into_iter().filter(|row| row.kind == "segments" && row.status == Status::Champion);
        serving.map(|row| registry::get(conn, row.id)).collect()
    })
}

fn refreshed(mut model: SegmentModel, spec: &SegmentsSpec) -> SegmentModel {
    (model.spec.criteria, model.spec.horizon_years) = (spec.criteria, spec.horizon_years);
    model.spec.plan.clone_from(&spec.plan);
    if let (Method::Lookalike(fitted), Method::Lookalike(written)) = (&mut model.spec.method, &spec.method) {
        fitted.size = written.size;
    }
    model
}

impl Made {
    fn of(
        ws: &Workspace,
        base: &FeatureMatrix,
        version: ModelVersionId,
        model: SegmentModel,
        history: Option<&History>,
        fresh: &Fresh,
        now: Timestamp,
    ) -> Result<Made> {
        let population = population::read(ws, &model.spec, Some(base), fresh, now)?;
        let assigned = model.assign(&population.given())?;
        let count = model.segments().len();
        let economics = segments::economics(&population.matrix, &assigned.membership, count, PROFIT)?;
        let portraits = portraits(ws, &model, &population, &assigned.membership, history)?;
        let (name, customers) = (model.spec.name.clone(), population.matrix.customers.clone());
        Ok(Made { version, name, model, customers, assigned, economics, portraits })
    }

    fn place(&self, customer: CustomerId) -> Option<usize> {
        self.assigned.membership[self.customers.binary_search(&customer).ok()?]
    }

    /// Lets lookalikes see who is in each segment.
    fn remember(&self, fresh: &mut Fresh) {
        for (&customer, segment) in self.customers.iter().zip(&self.assigned.membership) {
            let Some(segment) = segment.map(|place| &self.model.segments()[place]) else { continue };
            fresh.entry(format!("{}/{}", self.name, segment.code)).or_default().push(customer);
        }
    }
}

/// What each segment is like.
fn portraits(
    ws: &Workspace,
    model: &SegmentModel,
    population: &Population<'_>,
    membership: &[Option<usize>],
    history: Option<&History>,
) -> Result<Vec<Portrait>> {
    let (count, spec) = (model.segments().len(), &model.spec);
    let (some, inside) = looked_at(&population.matrix, membership);
    let words: BTreeMap<&str, (&str, &str)> = ws
        .features()
        .families()
        .iter()
        .flat_map(|family| &family.features)
        .map(|feature| (feature.name.as_str(), (feature.unit.as_str(), feature.meaning.as_str())))
        .collect();
    let words = |name: &str| words.get(name).map(|(unit, meaning)| ((*unit).to_owned(), (*meaning).to_owned()));
    let descriptions = segments::traits(&some, &inside, count, &words);
    let measured = history.map(|history| history.of_segments(&population.matrix, membership, count));
    let reachable = reach::shares(ws, &population.matrix.customers, membership, count)?;
    let profits = mean_profits(&population.matrix, membership, count);
    let known: Vec<Known> =
        profits.into_iter().zip(reachable).map(|(profit, reachable)| Known { profit, reachable }).collect();
    let (x, any) = model.encoded(&some)?;
    let judged: Vec<Option<usize>> = inside.iter().zip(any).map(|(segment, any)| segment.filter(|_| any)).collect();
    let criteria = segments::criteria(x.view(), &judged, &known, &spec.criteria);
    let discount = ws.settings().discount_rate;
    let portrait = |(segment, (description, criteria)): (usize, (_, _))| {
        let plan = spec.plan.get(&model.segments()[segment].code).copied().unwrap_or_default();
        let worth = measured.as_ref().map(|all| segments::worth(all[segment], plan, spec.horizon_years, discount));
        Portrait { description, criteria, worth, service_level: model.service_level(segment).map(str::to_owned) }
    };
    Ok(descriptions.into_iter().zip(criteria).enumerate().map(portrait).collect())
}

/// Evenly taken customers with their segments, or all where there are no more.
fn looked_at(matrix: &FeatureMatrix, membership: &[Option<usize>]) -> (FeatureMatrix, Vec<Option<usize>>) {
    let step = matrix.customers.len().div_ceil(LOOKED_AT).max(1);
    let rows: Vec<usize> = (0..matrix.customers.len()).step_by(step).collect();
    let some = FeatureMatrix {
        customers: rows.iter().map(|&row| matrix.customers[row]).collect(),
        names: matrix.names.clone(),
        values: matrix.values.select(Axis(0), &rows),
    };
    (some, rows.iter().map(|&row| membership[row]).collect())
}

/// Profit a client of each segment.
fn mean_profits(matrix: &FeatureMatrix, membership: &[Option<usize>], count: usize) -> Vec<Option<f64>> {
    let mut sums = vec![(0.0, 0.0); count];
    if let Some(profits) = matrix.column(PROFIT) {
        for (&profit, segment) in profits.iter().zip(membership) {
            if let Some(segment) = segment.filter(|_| profit.is_finite()) {
                sums[segment].0 += profit;
                sums[segment].1 += 1.0;
            }
        }
    }
    sums.into_iter().map(|(sum, clients)| (clients > 0.0).then(|| sum / clients)).collect()
}
