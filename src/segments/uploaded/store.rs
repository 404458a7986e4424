//! The SQL of static segments.

use std::collections::HashSet;

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{self, CustomerId};
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::{static_member, static_segment};

/// Members removed in one statement.
const CHUNK: usize = 500;

/// A static segment.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = static_segment, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct StaticSegment {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Counts uploads; the ETag.
    pub version: i64,
    /// Customers in it.
    pub size: i64,
    /// Who uploaded it last.
    pub uploaded_by: String,
    /// When it was first uploaded.
    pub created_at: Timestamp,
    /// When it was last uploaded.
    pub updated_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = static_member)]
struct Member {
    segment_id: i64,
    customer_id: CustomerId,
    entered_at: Timestamp,
}

/// The segment of this name, if there is one.
pub fn find(conn: &mut Connection, name: &str) -> Result<Option<StaticSegment>> {
    let row = static_segment::table.filter(static_segment::name.eq(name));
    Ok(row.select(StaticSegment::as_select()).first(conn).optional()?)
}

/// All, by name.
pub fn all(conn: &mut Connection) -> Result<Vec<StaticSegment>> {
    Ok(static_segment::table.order(static_segment::name).select(StaticSegment::as_select()).load(conn)?)
}

/// Makes one without members, or gives the one of this name.
pub fn begin(conn: &mut Connection, name: &str, by: &str, now: Timestamp) -> Result<StaticSegment> {
    if let Some(known) = find(conn, name)? {
        return Ok(known);
    }
    let row = StaticSegment {
        id: ids::fresh(now),
        name: name.to_owned(),
        title: None,
        version: 0,
        size: 0,
        uploaded_by: by.to_owned(),
        created_at: now,
        updated_at: now,
    };
    diesel::insert_into(static_segment::table).values(&row).execute(conn)?;
    Ok(row)
}

/// Writes down that somebody uploaded; counts the members.
pub fn uploaded(
    conn: &mut Connection,
    known: &StaticSegment,
    title: Option<&str>,
    by: &str,
    now: Timestamp,
) -> Result<StaticSegment> {
    let members = static_member::table.filter(static_member::segment_id.eq(known.id));
    let row = StaticSegment {
        title: title.map(str::to_owned).or_else(|| known.title.clone()),
        version: known.version + 1,
        size: members.count().get_result(conn)?,
        uploaded_by: by.to_owned(),
        updated_at: now,
        ..known.clone()
    };
    diesel::update(static_segment::table.find(known.id)).set(&row).execute(conn)?;
    Ok(row)
}

/// Every member, ascending.
pub fn every_member(conn: &mut Connection, segment: i64) -> Result<Vec<CustomerId>> {
    let rows = static_member::table.filter(static_member::segment_id.eq(segment)).order(static_member::customer_id);
    Ok(rows.select(static_member::customer_id).load(conn)?)
}

/// Those of some customers who are members.
pub fn members_among(conn: &mut Connection, segment: i64, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for chunk in customers.chunks(CHUNK) {
        let rows = static_member::table.filter(static_member::segment_id.eq(segment));
        found.extend(
            rows.filter(static_member::customer_id.eq_any(chunk))
                .select(static_member::customer_id)
                .load::<CustomerId>(conn)?,
        );
    }
    Ok(found)
}

/// A page of members with the instant since when, after an id.
pub fn members(
    conn: &mut Connection,
    segment: i64,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<(CustomerId, Timestamp)>> {
    let rows = static_member::table
        .filter(static_member::segment_id.eq(segment))
        .filter(static_member::customer_id.gt(after.unwrap_or(CustomerId(-1))))
        .order(static_member::customer_id)
        .limit(limit);
    Ok(rows.select((static_member::customer_id, static_member::entered_at)).load(conn)?)
}

/// Adds members; those who are in stay. Answers who is new.
pub fn add(conn: &mut Connection, segment: i64, customers: &[CustomerId], now: Timestamp) -> Result<Vec<CustomerId>> {
    let there: HashSet<CustomerId> = every_member(conn, segment)?.into_iter().collect();
    let new: Vec<CustomerId> = customers.iter().copied().filter(|customer| !there.contains(customer)).collect();
    let rows: Vec<Member> =
        new.iter().map(|customer| Member { segment_id: segment, customer_id: *customer, entered_at: now }).collect();
    insert_rows!(conn, rows, values => diesel::insert_into(static_member::table).values(values).on_conflict_do_nothing())?;
    Ok(new)
}

/// Removes those members who are not among `customers`. Answers who.
pub fn keep_only(conn: &mut Connection, segment: i64, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let wanted: HashSet<CustomerId> = customers.iter().copied().collect();
    let gone: Vec<CustomerId> =
        every_member(conn, segment)?.into_iter().filter(|customer| !wanted.contains(customer)).collect();
    for chunk in gone.chunks(CHUNK) {
        let rows = static_member::table.filter(static_member::segment_id.eq(segment));
        diesel::delete(rows.filter(static_member::customer_id.eq_any(chunk))).execute(conn)?;
    }
    Ok(gone)
}

/// Removes a segment with its members.
pub fn remove(conn: &mut Connection, segment: i64) -> Result<()> {
    diesel::delete(static_member::table.filter(static_member::segment_id.eq(segment))).execute(conn)?;
    diesel::delete(static_segment::table.find(segment)).execute(conn)?;
    Ok(())
}

/// The names of the static segments of a customer.
pub fn of_customer(conn: &mut Connection, customer: CustomerId) -> Result<Vec<String>> {
    let rows = static_member::table
        .inner_join(static_segment::table.on(static_segment::id.eq(static_member::segment_id)))
        .filter(static_member::customer_id.eq(customer))
        .order(static_segment::name);
    Ok(rows.select(static_segment::name).load(conn)?)
}

/// Gives the memberships of `from` to `to`, who keeps the own ones.
pub fn reassign(conn: &mut Connection, from: CustomerId, to: CustomerId) -> Result<()> {
    let theirs = static_member::table.filter(static_member::customer_id.eq(from));
    let theirs: Vec<(i64, Timestamp)> =
        theirs.select((static_member::segment_id, static_member::entered_at)).load(conn)?;
    forget(conn, from)?;
    for (segment, entered_at) in theirs {
        add(conn, segment, &[to], entered_at)?;
        recount(conn, segment)?;
    }
    Ok(())
}

/// Forgets the memberships of a customer.
pub fn forget(conn: &mut Connection, customer: CustomerId) -> Result<()> {
    let theirs = static_member::table.filter(static_member::customer_id.eq(customer));
    let of: Vec<i64> = theirs.select(static_member::segment_id).load(conn)?;
    diesel::delete(theirs).execute(conn)?;
    of.into_iter().try_for_each(|segment| recount(conn, segment))
}

fn recount(conn: &mut Connection, segment: i64) -> Result<()> {
    let members = static_member::table.filter(static_member::segment_id.eq(segment));
    let size: i64 = members.count().get_result(conn)?;
    diesel::update(static_segment::table.find(segment)).set(static_segment::size.eq(size)).execute(conn)?;
    Ok(())
}
