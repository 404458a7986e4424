//! Trains models from history, keeps every fit, and lets those serve that pass their gate.

mod churn;
mod known;

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, TimestampMicrosecondType};
use serde::Serialize;

use crate::clock::{DAY, Timestamp};
use crate::customers::store as customers;
use crate::error::{Error, Fault, Result};
use crate::features::{FeatureMatrix, Sample, matrix_of};
use crate::ids::{CustomerId, ModelVersionId};
use crate::models::response::{ANY_OFFER, Context};
use crate::models::spec::{PurchaseLabel, ResponseSpec};
use crate::models::training::{of_chance, split_by_time};
use crate::models::{Fit, LoggedDecision, ModelSpec, OfferPrior, Protected, registry, train_response};
use crate::offers::store as offers;
use crate::operations::{Workspace, lifetime, policy_gate, segmentation};
use crate::progress::Progress;
use crate::storage::Connection;

/// Rows that a model learns from at most, about: more teach it nothing that its error would show, and cost in proportion.
pub(super) const SAMPLE: u64 = 200_000;

/// What became of one model.
#[derive(Debug, Clone, Serialize)]
pub struct Trained {
    /// The model's name.
    pub name: String,
    /// Its version, where the data could carry it.
    pub version: Option<ModelVersionId>,
    /// Whether it serves from now on.
    pub serves: bool,
    /// Figures on data it has not seen.
    pub metrics: serde_json::Value,
    /// Why it was not trained, or does not serve.
    pub reasons: Vec<String>,
}

/// Trains the named models, or all there are.
///
/// # Errors
/// Not found, when a name has no spec. A model that the data cannot carry is not an error: its entry says why.
pub fn train(ws: &Workspace, names: &[String], progress: &dyn Progress) -> Result<Vec<Trained>> {
    let specs = ModelSpec::load_all(ws.data())?;
    for name in names {
        if !specs.iter().any(|spec| spec.name() == name) {
            let known: Vec<&str> = specs.iter().map(ModelSpec::name).collect();
            return Err(Error::not_found(format!("there is no model `{name}`; there are: {}", known.join(", "))));
        }
    }
    let chosen: Vec<&ModelSpec> =
        specs.iter().filter(|spec| names.is_empty() || names.iter().any(|name| name == spec.name())).collect();
    progress.stage("training", Some(chosen.len() as u64));
    let mut trained = Vec::new();
    for spec in chosen {
        progress.proceed()?;
        trained.push(keep(ws, spec.name(), fit(ws, spec))?);
        progress.advance(1);
    }
    progress.finish();
    Ok(trained)
}

fn fit(ws: &Workspace, spec: &ModelSpec) -> Result<Fit> {
    Protected::of(ws.settings()).refuse(spec)?;
    refuse_unknown(ws, spec)?;
    match spec {
        ModelSpec::Segments(spec) => segmentation::fit(ws, spec),
        ModelSpec::Churn(spec) => churn::fit(ws, spec),
        ModelSpec::Lifetime(spec) => lifetime::fit(ws, spec),
        ModelSpec::Response(spec) => fit_response(ws, spec),
    }
}

/// Refuses features that are not in the catalogue. Attributes and answers are known by what customers told.
fn refuse_unknown(ws: &Workspace, spec: &ModelSpec) -> Result<()> {
    let told = |name: &str| name.starts_with("attribute.") || name.starts_with("event.");
    let named = spec.features().iter().map(|feature| feature.name.as_str()).filter(|name| !told(name));
    let unknown = named.filter_map(|name| ws.features().choose(&[name]).err());
    let faults: Vec<Fault> = unknown.map(|error| Fault::at("features", error.message())).collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::faults(format!("`{}` is not trained", spec.name()), faults)) }
}

fn keep(ws: &Workspace, name: &str, fit: Result<Fit>) -> Result<Trained> {
    let fit = match fit {
        Ok(fit) => fit,
        // The data cannot carry it: said, not failed, since the other models go on.
        Err(error) if error.kind() == crate::error::Kind::Invalid => {
            let reasons = std::iter::once(error.message().to_owned())
                .chain(error.fault_list().iter().map(ToString::to_string))
                .collect();
            return Ok(Trained {
                name: name.into(),
                version: None,
                serves: false,
                metrics: serde_json::Value::Null,
                reasons,
            });
        }
        Err(error) => return Err(error),
    };
    let now = ws.now();
    let (version, serves) = ws.store().write(|conn| registry::register_and_promote(conn, &fit, now))?;
    Ok(Trained {
        name: name.into(),
        version: Some(version),
        serves,
        metrics: fit.metrics,
        reasons: fit.verdict.reasons(),
    })
}

fn fit_response(ws: &Workspace, spec: &ResponseSpec) -> Result<Fit> {
    let mut logs = match spec.label {
        None => logged_decisions(ws)?,
        Some(label) => relabelled(ws, logged_decisions(ws)?, label)?,
    };
    let (from, until) = match (logs.first(), logs.last()) {
        (Some(first), Some(last)) => (first.at, last.at.plus(1)),
        _ => (ws.now(), ws.now()),
    };
    logs = of_chance(logs, |log| &log.decision);
    known::complete(ws, &mut logs)?;
    let (earlier, later) = split_by_time(logs.into_iter().map(|log| (log.at, log.decision)).collect(), spec.test_share);
    let mut fit = train_response(
        &without_protected(ws, spec),
        &earlier,
        &later,
        // What marketers state is of conversions.
        &if spec.label.is_none() { ws.store().read(priors_of)? } else { Vec::new() },
        crate::models::training::DataWindow { from, until },
    )?;
    // What foretells purchases after the window chooses nothing by itself.
    if spec.label.is_none() {
        policy_gate::judge(ws, spec, &mut fit)?;
    }
    Ok(fit)
}

/// Attributes declared protected are in no response model, whatever the spec bars besides.
pub(super) fn without_protected(ws: &Workspace, spec: &ResponseSpec) -> ResponseSpec {
    let mut spec = spec.clone();
    spec.learning.barred.extend(Protected::of(ws.settings()).names());
    spec
}

/// The decisions old enough to know, with another label: whether the customer bought within `[from_days, until_days)` after. Of a
/// contact only its channel counts.
fn relabelled(ws: &Workspace, logs: Vec<Logged>, label: PurchaseLabel) -> Result<Vec<Logged>> {
    let known_until = span(ws)?.map_or(Timestamp(0), |(_, last)| last);
    let mut orders: HashMap<i64, Vec<i64>> = HashMap::new();
    let sql = "SELECT customer_id, occurred_at FROM order_item GROUP BY customer_id, occurred_at";
    ws.history().snapshot()?.stream(sql, |batch| {
        let customers = batch.column(0).as_primitive::<arrow::datatypes::Int64Type>();
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            orders.entry(customers.value(row)).or_default().push(times.value(row));
        }
        Ok(())
    })?;
    let labelled = logs.into_iter().filter_map(|mut log| {
        let from = log.at.plus(i64::from(label.from_days) * DAY);
        let until = log.at.plus(i64::from(label.until_days) * DAY);
        let bought =
            orders.get(&log.customer.0).is_some_and(|times| times.iter().any(|at| (from.0..until.0).contains(at)));
        log.decision.converted = f64::from(u8::from(bought));
        log.decision.offer = log.decision.offer.map(|_| ANY_OFFER.to_owned());
        (until <= known_until).then_some(log)
    });
    Ok(labelled.collect())
}

/// A logged decision, whose it was, and when.
#[derive(Debug, Clone)]
pub struct Logged {
    /// When it was made.
    pub at: Timestamp,
    /// For whom.
    pub customer: CustomerId,
    /// What was decided, and what came of it.
    pub decision: LoggedDecision,
}

/// The first and the last order.
pub(super) fn span(ws: &Workspace) -> Result<Option<(Timestamp, Timestamp)>> {
    span_of(ws, "order_item")
}

/// The first and the last fact of a type.
fn span_of(ws: &Workspace, table: &str) -> Result<Option<(Timestamp, Timestamp)>> {
    let batches = ws.history().query(&format!("SELECT min(occurred_at), max(occurred_at) FROM {table}"))?;
    let Some(batch) = batches.first().filter(|batch| batch.num_rows() == 1) else { return Ok(None) };
    let at = |column: usize| {
        let times = batch.column(column).as_primitive::<TimestampMicrosecondType>();
        times.is_valid(0).then(|| Timestamp(times.value(0)))
    };
    Ok(at(0).zip(at(1)))
}

/// The customers to learn from: all, or so many of them that each, seen as of `instants` instants, gives about [`SAMPLE`] rows.
pub(super) fn sample(ws: &Workspace, instants: usize) -> Result<Sample> {
    let among = ws.store().read(customers::count)?;
    Ok(Sample::about(SAMPLE / instants.max(1) as u64, among.unsigned_abs()))
}

/// Features of these customers, as of an instant.
pub(super) fn learned_from(ws: &Workspace, sample: Sample, as_of: Timestamp, wanted: &[&str]) -> Result<FeatureMatrix> {
    of_consenting(ws, matrix_of(sample, ws.history(), as_of, ws.features(), wanted, ws.settings())?)
}

/// The rows of customers who do not object to profiling.
pub(super) fn of_consenting(ws: &Workspace, matrix: FeatureMatrix) -> Result<FeatureMatrix> {
    let objecting: HashSet<CustomerId> = ws.store().read(customers::objecting)?.into_iter().collect();
    Ok(if objecting.is_empty() { matrix } else { matrix.retain(|customer| !objecting.contains(&customer)) })
}

/// The marketers' stated rates.
pub fn priors_of(conn: &mut Connection) -> Result<Vec<OfferPrior>> {
    let offers = offers::all(conn)?;
    let of_offer = |offer: offers::Offer| OfferPrior {
        offer: Some(offer.spec.name),
        base_rate: offer.spec.base_rate,
        weight: offer.spec.base_weight,
    };
    Ok(offers.into_iter().map(of_offer).collect())
}

/// Decisions with a known outcome, in the order of time: what may be learned from. Only choices that were drawn at random, or
/// whose chance was logged, teach what would have happened otherwise; others are learned from only where these are few.
pub fn logged_decisions(ws: &Workspace) -> Result<Vec<Logged>> {
    let objecting: HashSet<i64> = ws.store().read(customers::objecting)?.into_iter().map(|id| id.0).collect();
    let sql = "SELECT customer_id, occurred_at, offer, channel, propensity, converted, context FROM decision \
        WHERE converted IS NOT NULL ORDER BY occurred_at, customer_id, fact_key";
    let mut logs = Vec::new();
    ws.history().snapshot()?.stream(sql, |batch| {
        let customers = batch.column(0).as_primitive::<arrow::datatypes::Int64Type>();
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        let [offers, channels, contexts] = [2, 3, 6].map(|column| texts(batch.column(column)));
        let [propensities, converted] = [4, 5].map(|column| batch.column(column).as_primitive::<Float64Type>());
        for row in (0..batch.num_rows()).filter(|&row| !objecting.contains(&customers.value(row))) {
            let offer = offers[row].clone().filter(|offer| offer != "none");
            logs.push(Logged {
                at: Timestamp(times.value(row)),
                customer: CustomerId(customers.value(row)),
                decision: LoggedDecision {
                    customer: CustomerId(customers.value(row)),
                    context: context(contexts[row].as_deref().unwrap_or("{}"))?,
                    channel: channels[row].clone().filter(|_| offer.is_some()),
                    offer,
                    propensity: propensities.value(row),
                    converted: converted.value(row),
                },
            });
        }
        Ok(())
    })?;
    Ok(logs)
}

/// A text column of any Arrow text type, as owned values.
pub fn texts(column: &arrow::array::ArrayRef) -> Vec<Option<String>> {
    let plain = arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8);
    let Ok(plain) = plain else { return vec![None; column.len()] };
    plain.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

/// A logged context: a JSON object of numbers and texts; other values are left out.
pub(super) fn context(text: &str) -> Result<Context> {
    let values: BTreeMap<String, serde_json::Value> = serde_json::from_str(text)?;
    let mut context = Context::default();
    for (name, value) in values {
        match value {
            serde_json::Value::Number(number) => {
                context.numbers.insert(name, number.as_f64().unwrap_or(f64::NAN));
            }
            // Instants are no features: recency and tenure say the same in a form that recurs.
            serde_json::Value::String(text) if !name.ends_with("_at") => {
                context.texts.insert(name, text);
            }
            _ => {}
        }
    }
    Ok(context)
}
