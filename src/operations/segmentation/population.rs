//! Whom a segmentation groups, and what is known of them: features of those who have bought, and what profile and surveys say.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use ndarray::Array2;

use super::answers;
use crate::clock::Timestamp;
use crate::customers::bulk::{self, Traits};
use crate::customers::store as customers;
use crate::error::{Error, Fault, Result};
use crate::features::{FeatureMatrix, matrix};
use crate::ids::CustomerId;
use crate::models::spec::segments::{Divide, Method, SegmentsSpec};
use crate::operations::score::PROFIT;
use crate::operations::{Workspace, train};
use crate::segments::rule::store as rules;
use crate::segments::{self, Given, SCALES, labels};
use crate::storage::Connection;

/// Before the name of an attribute.
const ATTRIBUTE: &str = "attribute.";
/// Facts of the profile that are text.
const PROFILE: [&str; 4] = ["kind", "country", "locale", "zone"];

/// Members of segments that have just been found and are not kept yet, by `SEGMENTATION/CODE`.
pub type Fresh = BTreeMap<String, Vec<CustomerId>>;

/// Customers to be grouped.
pub struct Population<'a> {
    /// Features, attributes and answers; not a number where one is not known.
    pub matrix: Cow<'a, FeatureMatrix>,
    labels: Option<Vec<String>>,
    members: Option<Vec<bool>>,
}

impl Population<'_> {
    /// What segmentations take.
    pub fn given(&self) -> Given<'_> {
        Given { matrix: &self.matrix, labels: self.labels.as_deref(), members: self.members.as_deref() }
    }
}

/// Reads whom a spec groups. `base`: features that are known already of everybody who has bought and may be profiled; more are
/// computed where the spec needs them.
///
/// # Errors
/// Invalid, when the spec names what does not exist; those of store and history.
pub fn read<'a>(
    ws: &Workspace,
    spec: &SegmentsSpec,
    base: Option<&'a FeatureMatrix>,
    fresh: &Fresh,
    now: Timestamp,
) -> Result<Population<'a>> {
    let by: &[Divide] = if let Method::Attributes { by, .. } = &spec.method { by } else { &[] };
    let mut wanted: Vec<&str> = spec.features.iter().map(|feature| feature.name.as_str()).collect();
    if let Method::Rfm { .. } = spec.method {
        wanted.extend(SCALES);
    }
    wanted.extend(by.iter().map(|divide| divide.fact.as_str()).filter(|fact| !PROFILE.contains(fact)));
    wanted.sort_unstable();
    wanted.dedup();
    let (told, features): (Vec<&str>, Vec<&str>) =
        wanted.into_iter().partition(|name| name.starts_with(ATTRIBUTE) || name.starts_with(answers::EVENT));
    // Members of what lookalikes resemble are few: they are looked for among all.
    let learning = base.is_none() && !spec.is_lookalike();
    let known = features_of(ws, base, &features, learning, now)?;
    let (answered, attributes): (Vec<&str>, Vec<&str>) = told.iter().partition(|name| name.starts_with(answers::EVENT));
    let everybody = !by.is_empty();
    if told.is_empty() && !everybody {
        let members = members_of(ws, spec, &known, fresh)?;
        return Ok(Population { matrix: known, labels: None, members });
    }
    let known = if base.is_some() { narrowed(&known, &features)? } else { known.into_owned() };
    let people = ws.store().read(bulk::traits)?;
    let answers = answers::latest(ws, &answered, now)?;
    let columns = Columns { features: &known, attributes: &attributes, answered: &answered };
    let wide = columns.of(&people, &answers, everybody);
    if wide.matrix.customers.is_empty() {
        return Err(Error::faults("nobody can be grouped", faults(&told)));
    }
    let labels = everybody.then(|| wide.labels(&people, by));
    let members = members_of(ws, spec, &wide.matrix, fresh)?;
    Ok(Population { matrix: Cow::Owned(wide.matrix), labels, members })
}

fn faults(told: &[&str]) -> Vec<Fault> {
    told.iter().map(|name| Fault::at("features", format!("nobody has a number for `{name}`"))).collect()
}

/// The features of everybody who has bought: those of `base`, or only those that are needed where it lacks some: two matrices of all
/// features of everybody would not both fit.
fn features_of<'a>(
    ws: &Workspace,
    base: Option<&'a FeatureMatrix>,
    wanted: &[&str],
    learning: bool,
    now: Timestamp,
) -> Result<Cow<'a, FeatureMatrix>> {
    let lacking: Vec<&str> =
        wanted.iter().copied().filter(|name| base.is_none_or(|base| base.column(name).is_none())).collect();
    let compute = |names: &[&str]| match learning {
        true => train::learned_from(ws, train::sample(ws, 1)?, now, names),
        false => train::of_consenting(ws, matrix(ws.history(), now, ws.features(), names, ws.settings())?),
    };
    let Some(base) = base else {
        return compute(if lacking.is_empty() { &SCALES } else { &lacking }).map(Cow::Owned);
    };
    if lacking.is_empty() {
        return Ok(Cow::Borrowed(base));
    }
    let more = compute(&lacking)?;
    let known = narrowed(base, wanted)?;
    let first = known.names.len();
    let mut values = Array2::from_elem((base.customers.len(), first + more.names.len()), f64::NAN);
    values.slice_mut(ndarray::s![.., ..first]).assign(&known.values);
    for (row, &customer) in base.customers.iter().enumerate() {
        if let Some(found) = more.row(customer) {
            values.slice_mut(ndarray::s![row, first..]).assign(&found);
        }
    }
    let names = known.names.iter().chain(&more.names).cloned().collect();
    Ok(Cow::Owned(FeatureMatrix { customers: known.customers, names, values }))
}

/// The columns that are wanted, and those by which every segment is described and valued.
fn narrowed(base: &FeatureMatrix, wanted: &[&str]) -> Result<FeatureMatrix> {
    let usual = SCALES.into_iter().chain(["tenure", PROFIT]);
    let mut names: Vec<String> = Vec::new();
    for name in wanted.iter().copied().chain(usual).filter(|name| base.column(name).is_some()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    base.select(&names)
}

/// The columns of a population.
struct Columns<'a> {
    features: &'a FeatureMatrix,
    attributes: &'a [&'a str],
    answered: &'a [&'a str],
}

/// A matrix of people, with their places among all of them.
struct Wide {
    matrix: FeatureMatrix,
    places: Vec<usize>,
}

impl Columns<'_> {
    /// Everybody, or those who told something.
    fn of(&self, people: &[Traits], answers: &HashMap<CustomerId, Vec<f64>>, everybody: bool) -> Wide {
        let first = self.features.names.len();
        let width = first + self.attributes.len() + self.answered.len();
        let (mut customers, mut places, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (place, person) in people.iter().enumerate() {
            let mut row = vec![f64::NAN; width];
            if !self.attributes.is_empty() {
                let told = person.attributes();
                for (value, name) in row[first..].iter_mut().zip(self.attributes) {
                    let told = told.get(name.strip_prefix(ATTRIBUTE).unwrap_or(name));
                    *value = told.map_or(f64::NAN, number);
                }
            }
            if let Some(answers) = answers.get(&person.customer) {
                row[first + self.attributes.len()..].copy_from_slice(answers);
            }
            if !everybody && row[first..].iter().all(|value| value.is_nan()) {
                continue;
            }
            if let Some(known) = self.features.row(person.customer) {
                row[..first].iter_mut().zip(known).for_each(|(value, known)| *value = *known);
            }
            customers.push(person.customer);
            places.push(place);
            values.append(&mut row);
        }
        let told = self.attributes.iter().chain(self.answered).map(|name| (*name).to_owned());
        let names = self.features.names.iter().cloned().chain(told).collect();
        let values = Array2::from_shape_vec((customers.len(), width), values).expect("each row is as wide as all");
        Wide { matrix: FeatureMatrix { customers, names, values }, places }
    }
}

impl Wide {
    /// What each is called by the facts that divide them.
    fn labels(&self, people: &[Traits], by: &[Divide]) -> Vec<String> {
        let label = |(row, &place): (usize, &usize)| {
            let person = &people[place];
            let attributes = person.attributes();
            let said = by.iter().map(|divide| {
                let text = match divide.fact.as_str() {
                    "kind" => Some(person.kind.as_str()),
                    "country" => person.country.as_deref(),
                    "locale" => person.locale.as_deref(),
                    "zone" => person.zone.as_deref(),
                    fact => fact.strip_prefix(ATTRIBUTE).and_then(|name| attributes.get(name)?.as_str()),
                };
                let number = self.matrix.column(&divide.fact).map(|column| column[row]);
                labels::label(divide, text, number)
            });
            said.collect::<Vec<_>>().join(", ")
        };
        self.places.iter().enumerate().map(label).collect()
    }
}

/// A number, or a text that is one: imports leave attributes as texts.
fn number(value: &serde_json::Value) -> f64 {
    let parsed = value.as_f64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
    parsed
        .or_else(|| value.as_bool().map(|flag| f64::from(u8::from(flag))))
        .filter(|x| x.is_finite())
        .unwrap_or(f64::NAN)
}

/// For lookalikes who is a member of what others should resemble.
fn members_of(ws: &Workspace, spec: &SegmentsSpec, matrix: &FeatureMatrix, fresh: &Fresh) -> Result<Option<Vec<bool>>> {
    let Method::Lookalike(likeness) = &spec.method else { return Ok(None) };
    let members = ws.store().read(|conn| match &likeness.of {
        Some(of) => of_segment(conn, of, fresh),
        None => likeness.ids.iter().map(|key| Ok(customers::by_external_id(conn, key)?.id)).collect(),
    });
    let mut members: Vec<CustomerId> = members.map_err(|error| Error::invalid(error.message()).context("of"))?;
    members.sort_unstable();
    Ok(Some(matrix.customers.iter().map(|customer| members.binary_search(customer).is_ok()).collect()))
}

/// The members of a segment by rule, or of one that a model found.
fn of_segment(conn: &mut Connection, name: &str, fresh: &Fresh) -> Result<Vec<CustomerId>> {
    if let Some(rule) = rules::find(conn, name)? {
        return rules::every_member(conn, rule.id);
    }
    if let Some(members) = fresh.get(name) {
        return Ok(members.clone());
    }
    let found = segments::show(conn, name)?;
    match fresh.get(&format!("{}/{}", found.segmentation, found.code)) {
        Some(members) => Ok(members.clone()),
        None => segments::who(conn, &found.segmentation, &found.code),
    }
}
