//! The SQL of segments and their members.

use diesel::prelude::*;
use serde::Serialize;

use super::cluster::Segment;
use super::economics::SegmentEconomics;
use super::rule;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{CustomerId, ModelVersionId};
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::{segment, segment_member};

/// Members written at a time.
const BLOCK: usize = 4_096;

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
    /// What it is worth.
    pub economics: SegmentEconomics,
    /// Which fit made it.
    pub model_version_id: ModelVersionId,
    /// As of when.
    pub computed_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = segment)]
struct SegmentRow {
    segmentation: String,
    code: String,
    name: String,
    size: i64,
    economics: String,
    model_version_id: ModelVersionId,
    computed_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = segment_member)]
struct MemberRow {
    customer_id: CustomerId,
    segmentation: String,
    code: String,
    computed_at: Timestamp,
}

impl SegmentRow {
    fn kept(self) -> Result<KeptSegment> {
        let economics = serde_json::from_str(&self.economics)
            .map_err(|error| Error::internal("a stored segment cannot be read; score again").caused_by(error))?;
        Ok(KeptSegment {
            segmentation: self.segmentation,
            code: self.code,
            name: self.name,
            size: self.size,
            economics,
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
    /// What each is worth, in the same order.
    pub economics: &'a [SegmentEconomics],
    /// The customers.
    pub customers: &'a [CustomerId],
    /// The segment of each customer.
    pub membership: &'a [usize],
}

/// Takes the place of what was kept of this segmentation.
///
/// # Errors
/// Internal, when the parts do not fit together.
pub fn keep(conn: &mut Connection, made: &Segmented<'_>, now: Timestamp) -> Result<()> {
    if made.segments.len() != made.economics.len() || made.customers.len() != made.membership.len() {
        return Err(Error::internal("segments, economics, customers and membership differ in number"));
    }
    let segments = made.segments.iter().zip(made.economics).map(|(segment, economics)| {
        Ok(SegmentRow {
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
    let member = |(&customer_id, &index): (&CustomerId, &usize)| {
        let segment = made.segments.get(index).ok_or_else(|| Error::internal("a membership names no segment"))?;
        let (segmentation, code) = (made.segmentation.to_owned(), segment.code.clone());
        Ok(MemberRow { customer_id, segmentation, code, computed_at: now })
    };
    diesel::delete(segment_member::table.filter(segment_member::segmentation.eq(made.segmentation))).execute(conn)?;
    diesel::delete(segment::table.filter(segment::segmentation.eq(made.segmentation))).execute(conn)?;
    insert_rows!(conn, segments, (c, values) => diesel::insert_into(segment::table).values(values).execute(c))?;
    // Some at a time: the members of all would stand in memory beside their features.
    for (customers, membership) in made.customers.chunks(BLOCK).zip(made.membership.chunks(BLOCK)) {
        let rows = customers.iter().zip(membership).map(member).collect::<Result<Vec<MemberRow>>>()?;
        insert_rows!(conn, rows, (c, values) => diesel::insert_into(segment_member::table).values(values).execute(c))?;
    }
    Ok(())
}

/// All segments, by segmentation and code.
pub fn list(conn: &mut Connection) -> Result<Vec<KeptSegment>> {
    let rows = segment::table.order((segment::segmentation.asc(), segment::code.asc()));
    rows.select(SegmentRow::as_select()).load(conn)?.into_iter().map(SegmentRow::kept).collect()
}

/// A segment by its code or its name in words.
///
/// # Errors
/// Not found, with the names there are; conflict, when two segmentations have it.
pub fn show(conn: &mut Connection, name: &str) -> Result<KeptSegment> {
    let all = list(conn)?;
    let known: Vec<String> = all.iter().map(|s| format!("{} ({})", s.code, s.name)).collect();
    let mut found = all.into_iter().filter(|segment| segment.code == name || segment.name == name);
    let Some(first) = found.next() else {
        let there =
            if known.is_empty() { "none yet; run `vizavi train segments`".to_owned() } else { known.join(", ") };
        return Err(Error::not_found(format!("there is no segment `{name}`; there are: {there}")));
    };
    match found.next() {
        Some(second) => Err(Error::conflict(format!(
            "`{name}` is a segment of `{}` and of `{}`; ask by the other name",
            first.segmentation, second.segmentation
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
) -> Result<Vec<CustomerId>> {
    Ok(segment_member::table
        .filter(segment_member::segmentation.eq(segmentation))
        .filter(segment_member::code.eq(code))
        .filter(segment_member::customer_id.gt(after.unwrap_or(CustomerId(-1))))
        .order(segment_member::customer_id.asc())
        .limit(limit)
        .select(segment_member::customer_id)
        .load(conn)?)
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
    forget(conn, from).map(drop)
}

/// Forgets the memberships of a customer: on erasure and when they object to profiling.
pub fn forget(conn: &mut Connection, customer: CustomerId) -> Result<usize> {
    rule::store::forget(conn, customer)?;
    Ok(diesel::delete(segment_member::table.filter(segment_member::customer_id.eq(customer))).execute(conn)?)
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
        let customers = [1, 2, 3].map(CustomerId);
        let keep_as = |membership: &[usize]| {
            let sizes = [0, 1].map(|s| membership.iter().filter(|&&m| m == s).count());
            let made = Segmented {
                segmentation: "segments",
                model_version_id: ModelVersionId(9),
                segments: &segments,
                economics: &sizes.map(worth),
                customers: &customers,
                membership,
            };
            store.write(|conn| keep(conn, &made, Timestamp(5))).unwrap();
        };
        keep_as(&[0, 0, 1]);
        keep_as(&[1, 0, 1]);
        let shown = store.read(|conn| show(conn, "segment s2")).unwrap();
        assert_eq!((shown.code.as_str(), shown.size, shown.economics), ("s2", 2, worth(2)));
        let page = |after| store.read(|conn| members(conn, "segments", "s2", after, 1)).unwrap();
        assert_eq!((page(None), page(Some(CustomerId(1)))), (vec![CustomerId(1)], vec![CustomerId(3)]));
        assert_eq!(store.write(|conn| forget(conn, CustomerId(1))).unwrap(), 1);
        assert!(store.read(|conn| of_customer(conn, CustomerId(1))).unwrap().is_empty());
        let error = store.read(|conn| show(conn, "s9")).unwrap_err();
        assert!(error.message().contains("s1 (segment s1)"), "{error}");
    }
}
