//! The SQL of segments and their members.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::criteria::Criterion;
use super::describe::Trait;
use super::economics::SegmentEconomics;
use super::model::Segment;
use super::worth::Worth;
use super::{rule, stage, uploaded};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{CustomerId, ModelVersionId};
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::{segment, segment_member};

/// Members written at a time.
const BLOCK: usize = 4_096;
/// Segments that an error names at most.
const NAMED: usize = 20;

/// A segment as it stands in the store.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeptSegment {
    /// The segmentation it belongs to: the name of its model.
    pub segmentation: String,
    /// Stays when the segmentation is fitted again.
    pub code: String,
    /// In words.
    pub name: String,
    /// Customers in it.
    pub size: i64,
    /// What it is worth so far.
    pub economics: SegmentEconomics,
    /// In words, judged, and what it will be worth.
    #[serde(flatten)]
    pub portrait: Portrait,
    /// Which fit made it.
    pub model_version_id: ModelVersionId,
    /// As of when.
    pub computed_at: Timestamp,
}

/// What a segment is like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Portrait {
    /// In which features it differs from the whole, the strongest first.
    pub description: Vec<Trait>,
    /// Whether it is homogeneous, distinct, profitable and can be reached.
    pub criteria: Vec<Criterion>,
    /// What it will be worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worth: Option<Worth>,
    /// The level of service it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_level: Option<String>,
}

/// A member of a segment that a model found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// Who.
    pub customer: CustomerId,
    /// How probably they belong there, where the method says so.
    pub likeness: Option<f64>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = segment, treat_none_as_default_value = false)]
struct SegmentRow {
    segmentation: String,
    code: String,
    name: String,
    size: i64,
    economics: String,
    model_version_id: ModelVersionId,
    computed_at: Timestamp,
    portrait: String,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = segment_member, treat_none_as_default_value = false)]
struct MemberRow {
    customer_id: CustomerId,
    segmentation: String,
    code: String,
    computed_at: Timestamp,
    likeness: Option<f64>,
}

fn stored<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::internal("a stored segment cannot be read; score again").caused_by(error))
}

impl SegmentRow {
    fn kept(self) -> Result<KeptSegment> {
        let (economics, portrait) = (stored(&self.economics)?, stored(&self.portrait)?);
        Ok(KeptSegment {
            segmentation: self.segmentation,
            code: self.code,
            name: self.name,
            size: self.size,
            economics,
            portrait,
            model_version_id: self.model_version_id,
            computed_at: self.computed_at,
        })
    }
}

/// What one fit of a segmentation says of the customers.
#[derive(Debug, Clone, Copy)]
pub struct Segmented<'a> {
    /// The segmentation: the name of its model.
    pub segmentation: &'a str,
    /// Which fit.
    pub model_version_id: ModelVersionId,
    /// The segments.
    pub segments: &'a [Segment],
    /// Whether those without customers are kept: a campaign may name a cell of a grid in which nobody stands today.
    pub with_empty: bool,
    /// What each is worth, in the same order.
    pub economics: &'a [SegmentEconomics],
    /// What each is like, in the same order.
    pub portraits: &'a [Portrait],
    /// The customers.
    pub customers: &'a [CustomerId],
    /// The segment of each customer, if any.
    pub membership: &'a [Option<usize>],
    /// How probably each customer belongs there, where the method says so.
    pub likeness: Option<&'a [f64]>,
}

/// Takes the place of what was kept of this segmentation. Of several segments those without customers are left out.
///
/// # Errors
/// Internal, when the parts do not fit together.
pub fn keep(conn: &mut Connection, made: &Segmented<'_>, now: Timestamp) -> Result<()> {
    let described = made.economics.len() == made.segments.len() && made.portraits.len() == made.segments.len();
    if !described || made.customers.len() != made.membership.len() {
        return Err(Error::internal("segments, economics, customers and membership differ in number"));
    }
    let described = made.segments.iter().zip(made.economics).zip(made.portraits);
    let there = described.filter(|((_, economics), _)| made.with_empty || economics.customers > 0);
    let segments = there.map(|((segment, economics), portrait)| {
        Ok(SegmentRow {
            portrait: serde_json::to_string(portrait)?,
            segmentation: made.segmentation.to_owned(),
            code: segment.code.clone(),
            name: segment.name.clone(),
            size: economics.customers as i64,
            economics: serde_json::to_string(economics)?,
            model_version_id: made.model_version_id,
            computed_at: now,
        })
    });
    let segments = segments.collect::<Result<Vec<SegmentRow>>>()?;
    let member = |row: usize, index: usize| {
        let segment = made.segments.get(index).ok_or_else(|| Error::internal("a membership names no segment"))?;
        Ok(MemberRow {
            customer_id: made.customers[row],
            segmentation: made.segmentation.to_owned(),
            code: segment.code.clone(),
            computed_at: now,
            likeness: made.likeness.map(|likeness| likeness[row]),
        })
    };
    let inside: Vec<usize> = (0..made.membership.len()).filter(|&row| made.membership[row].is_some()).collect();
    diesel::delete(segment_member::table.filter(segment_member::segmentation.eq(made.segmentation))).execute(conn)?;
    diesel::delete(segment::table.filter(segment::segmentation.eq(made.segmentation))).execute(conn)?;
    insert_rows!(conn, segments, values => diesel::insert_into(segment::table).values(values))?;
    // Some at a time: the members of all would stand in memory beside their features.
    for some in inside.chunks(BLOCK) {
        let rows = some.iter().filter_map(|&row| Some(member(row, made.membership[row]?)));
        let rows = rows.collect::<Result<Vec<MemberRow>>>()?;
        insert_rows!(conn, rows, values => diesel::insert_into(segment_member::table).values(values))?;
    }
    Ok(())
}

/// Forgets a segmentation that is no more.
pub fn drop_all(conn: &mut Connection, segmentation: &str) -> Result<()> {
    diesel::delete(segment_member::table.filter(segment_member::segmentation.eq(segmentation))).execute(conn)?;
    diesel::delete(segment::table.filter(segment::segmentation.eq(segmentation))).execute(conn)?;
    Ok(())
}

/// All segments, by segmentation and code.
pub fn list(conn: &mut Connection) -> Result<Vec<KeptSegment>> {
    let rows = segment::table.order((segment::segmentation.asc(), segment::code.asc()));
    rows.select(SegmentRow::as_select()).load(conn)?.into_iter().map(SegmentRow::kept).collect()
}

/// A segment by its code, its name in words, or both names in full: `SEGMENTATION/CODE`.
///
/// # Errors
/// Not found, with the names there are; conflict, when two segmentations have it.
pub fn show(conn: &mut Connection, name: &str) -> Result<KeptSegment> {
    let all = list(conn)?;
    let named = all.iter().filter(|segment| segment.size > 0).map(|s| format!("{} ({})", s.code, s.name));
    let known: Vec<String> = named.take(NAMED).collect();
    let full = |segment: &KeptSegment| {
        name.split_once('/').is_some_and(|(of, code)| segment.segmentation == of && segment.code == code)
    };
    let mut found = all.into_iter().filter(|segment| segment.code == name || segment.name == name || full(segment));
    let Some(first) = found.next() else {
        let there =
            if known.is_empty() { "none yet; run `vizavi train segments`".to_owned() } else { known.join(", ") };
        let there = if known.len() == NAMED { format!("{there}, ...") } else { there };
        return Err(Error::not_found(format!("there is no segment `{name}`; there are: {there}")));
    };
    match found.next() {
        Some(second) => Err(Error::conflict(format!(
            "`{name}` is a segment of `{0}` and of `{1}`; ask for {0}/{2} or {1}/{3}",
            first.segmentation, second.segmentation, first.code, second.code
        ))),
        None => Ok(first),
    }
}

/// At most `limit` members in the order of their ids, after `after`.
pub fn members(
    conn: &mut Connection,
    segmentation: &str,
    code: &str,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<Member>> {
    let rows: Vec<(CustomerId, Option<f64>)> = segment_member::table
        .filter(segment_member::segmentation.eq(segmentation))
        .filter(segment_member::code.eq(code))
        .filter(segment_member::customer_id.gt(after.unwrap_or(CustomerId(-1))))
        .order(segment_member::customer_id.asc())
        .limit(limit)
        .select((segment_member::customer_id, segment_member::likeness))
        .load(conn)?;
    Ok(rows.into_iter().map(|(customer, likeness)| Member { customer, likeness }).collect())
}

/// At most `limit` members, the likest first.
pub fn likest(conn: &mut Connection, segmentation: &str, code: &str, limit: i64) -> Result<Vec<Member>> {
    let rows: Vec<(CustomerId, Option<f64>)> = segment_member::table
        .filter(segment_member::segmentation.eq(segmentation))
        .filter(segment_member::code.eq(code))
        .filter(segment_member::likeness.is_not_null())
        .order((segment_member::likeness.desc(), segment_member::customer_id.asc()))
        .limit(limit)
        .select((segment_member::customer_id, segment_member::likeness))
        .load(conn)?;
    Ok(rows.into_iter().map(|(customer, likeness)| Member { customer, likeness }).collect())
}

/// All members in the order of their ids.
pub fn who(conn: &mut Connection, segmentation: &str, code: &str) -> Result<Vec<CustomerId>> {
    Ok(segment_member::table
        .filter(segment_member::segmentation.eq(segmentation))
        .filter(segment_member::code.eq(code))
        .order(segment_member::customer_id.asc())
        .select(segment_member::customer_id)
        .load(conn)?)
}

/// Those of `customers` who are members, in the order of their ids.
pub fn who_among(
    conn: &mut Connection,
    segmentation: &str,
    code: &str,
    customers: &[CustomerId],
) -> Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for chunk in customers.chunks(500) {
        let rows = segment_member::table
            .filter(segment_member::segmentation.eq(segmentation))
            .filter(segment_member::code.eq(code))
            .filter(segment_member::customer_id.eq_any(chunk))
            .select(segment_member::customer_id);
        found.extend(rows.load::<CustomerId>(conn)?);
    }
    found.sort_unstable();
    Ok(found)
}

/// The segments of a customer: (segmentation, code).
pub fn of_customer(conn: &mut Connection, customer: CustomerId) -> Result<Vec<(String, String)>> {
    Ok(segment_member::table
        .filter(segment_member::customer_id.eq(customer))
        .order(segment_member::segmentation.asc())
        .select((segment_member::segmentation, segment_member::code))
        .load(conn)?)
}

/// Gives the memberships of `from` to `to`, who keeps the own ones.
pub fn reassign(conn: &mut Connection, from: CustomerId, to: CustomerId) -> Result<()> {
    let own: Vec<String> = of_customer(conn, to)?.into_iter().map(|(segmentation, _)| segmentation).collect();
    let theirs = segment_member::table.filter(segment_member::customer_id.eq(from));
    diesel::update(theirs.filter(segment_member::segmentation.ne_all(own)))
        .set(segment_member::customer_id.eq(to))
        .execute(conn)?;
    uploaded::store::reassign(conn, from, to)?;
    forget(conn, from).map(drop)
}

/// Forgets the memberships of a customer: on erasure, and when they become one with another.
pub fn forget(conn: &mut Connection, customer: CustomerId) -> Result<usize> {
    rule::store::forget(conn, customer)?;
    uploaded::store::forget(conn, customer)?;
    forget_found(conn, &[customer])
}

/// Forgets what models found of some customers, segments and stages: when they object to profiling.
pub fn forget_found(conn: &mut Connection, customers: &[CustomerId]) -> Result<usize> {
    stage::store::forget(conn, customers)?;
    let members = segment_member::table.filter(segment_member::customer_id.eq_any(customers));
    Ok(diesel::delete(members).execute(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Location, Store, migrate};

    #[test]
    fn a_new_fit_takes_the_place_of_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::choose(folder.path(), None).unwrap()).unwrap();
        migrate::migrate(&store, Timestamp(0)).unwrap();
        let segments = ["s1", "s2"].map(|code| Segment { code: code.into(), name: format!("segment {code}") });
        let worth = |customers| SegmentEconomics {
            customers,
            share: 0.5,
            value: 1.5,
            value_share: Some(0.5),
            unprofitable: 0.0,
            means: [("freq".to_owned(), 2.0)].into(),
        };
        let portrait = Portrait { service_level: Some("express".into()), ..Portrait::default() };
        let customers = [1, 2, 3].map(CustomerId);
        let keep_as = |membership: &[usize]| {
            let sizes = [0, 1].map(|s| membership.iter().filter(|&&m| m == s).count());
            let made = Segmented {
                segmentation: "segments",
                model_version_id: ModelVersionId(9),
                segments: &segments,
                with_empty: false,
                economics: &sizes.map(worth),
                portraits: &[Portrait::default(), portrait.clone()],
                customers: &customers,
                membership: &membership.iter().copied().map(Some).collect::<Vec<_>>(),
                likeness: Some(&[0.25, 0.5, 0.75]),
            };
            store.write(|conn| keep(conn, &made, Timestamp(5))).unwrap();
        };
        keep_as(&[0, 0, 1]);
        keep_as(&[1, 0, 1]);
        let shown = store.read(|conn| show(conn, "segment s2")).unwrap();
        assert_eq!((shown.code.as_str(), shown.size, shown.economics), ("s2", 2, worth(2)));
        let page = |after| store.read(|conn| members(conn, "segments", "s2", after, 1)).unwrap();
        let member = |customer, likeness| vec![Member { customer: CustomerId(customer), likeness: Some(likeness) }];
        assert_eq!((page(None), page(Some(CustomerId(1)))), (member(1, 0.25), member(3, 0.75)));
        assert_eq!(store.read(|conn| likest(conn, "segments", "s2", 1)).unwrap(), member(3, 0.75));
        assert_eq!(store.read(|conn| who(conn, "segments", "s1")).unwrap(), [CustomerId(2)]);
        let among = |customers: &[CustomerId]| store.read(|conn| who_among(conn, "segments", "s2", customers)).unwrap();
        assert_eq!(among(&[CustomerId(3), CustomerId(2)]), [CustomerId(3)]);
        assert_eq!(store.read(|conn| show(conn, "segments/s2")).unwrap().portrait, portrait);
        assert_eq!(store.write(|conn| forget(conn, CustomerId(1))).unwrap(), 1);
        assert!(store.read(|conn| of_customer(conn, CustomerId(1))).unwrap().is_empty());
        let error = store.read(|conn| show(conn, "s9")).unwrap_err();
        assert!(error.message().contains("s1 (segment s1)"), "{error}");
    }
}
