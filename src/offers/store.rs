//! The SQL of offers and their stock.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{OfferSpec, codes};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{self, OfferId};
use crate::storage::Connection;
use crate::storage::schema::offer;

/// An offer in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Its id.
    pub id: OfferId,
    /// The checked definition.
    pub spec: OfferSpec,
    /// Pieces given out or reserved.
    pub used: i64,
    /// Single-use codes that are free; `None` for an offer without a list of them.
    pub codes: Option<i64>,
    /// Rises with every change; the ETag.
    pub version: i64,
}

impl Offer {
    /// Pieces left, of which each needs a code where there is a list of them; `None` without a limit.
    pub fn left(&self) -> Option<i64> {
        let stock = self.spec.stock.map(|stock| (stock - self.used).max(0));
        stock.into_iter().chain(self.codes).min()
    }
}

type Row = (OfferId, String, i64, i64);

fn read((id, definition, used, version): Row) -> Result<Offer> {
    let spec = serde_json::from_str(&definition)
        .map_err(|error| Error::internal("an offer's stored definition is damaged").caused_by(error))?;
    Ok(Offer { id, spec, used, codes: None, version })
}

const COLUMNS: (offer::id, offer::definition, offer::used, offer::version) =
    (offer::id, offer::definition, offer::used, offer::version);

/// Adds an offer, or replaces the definition of the one with this name; stock used stays counted.
pub fn put(conn: &mut Connection, spec: &OfferSpec, now: Timestamp) -> Result<Offer> {
    let definition = serde_json::to_string(spec)?;
    let changed = diesel::update(offer::table.filter(offer::name.eq(&spec.name)))
        .set((
            offer::definition.eq(&definition),
            offer::stock.eq(spec.stock),
            offer::updated_at.eq(now.0),
            offer::version.eq(offer::version + 1),
        ))
        .execute(conn)?;
    if changed == 0 {
        diesel::insert_into(offer::table)
            .values((
                offer::id.eq(ids::fresh(now)),
                offer::name.eq(&spec.name),
                offer::definition.eq(&definition),
                offer::stock.eq(spec.stock),
                offer::used.eq(0),
                offer::created_at.eq(now.0),
                offer::updated_at.eq(now.0),
                offer::version.eq(1),
            ))
            .execute(conn)?;
    }
    by_name(conn, &spec.name)
}

/// One offer.
///
/// # Errors
/// Not found, naming it.
pub fn by_name(conn: &mut Connection, name: &str) -> Result<Offer> {
    let row: Option<Row> = offer::table.filter(offer::name.eq(name)).select(COLUMNS).first(conn).optional()?;
    let offer = row.map_or_else(|| Err(Error::not_found(format!("there is no offer `{name}`"))), read)?;
    let codes = codes::counts(conn)?.get(&offer.id).map(|(free, _)| *free);
    Ok(Offer { codes, ..offer })
}

/// All offers, by name.
pub fn all(conn: &mut Connection) -> Result<Vec<Offer>> {
    let rows: Vec<Row> = offer::table.order(offer::name).select(COLUMNS).load(conn)?;
    let codes = codes::counts(conn)?;
    let with_codes = |offer: Offer| Offer { codes: codes.get(&offer.id).map(|(free, _)| *free), ..offer };
    rows.into_iter().map(|row| read(row).map(with_codes)).collect()
}

/// What is left of every offer that is limited, and the version of each: what real time looks at again and again.
pub fn left(conn: &mut Connection) -> Result<BTreeMap<OfferId, (Option<i64>, i64)>> {
    let rows: Vec<(OfferId, Option<i64>, i64, i64)> =
        offer::table.select((offer::id, offer::stock, offer::used, offer::version)).load(conn)?;
    let codes = codes::counts(conn)?;
    let left = rows.into_iter().map(|(id, stock, used, version)| {
        let pieces = stock.map(|stock| (stock - used).max(0));
        (id, (pieces.into_iter().chain(codes.get(&id).map(|(free, _)| *free)).min(), version))
    });
    Ok(left.collect())
}

/// The offer changed, although its definition did not.
pub fn touch(conn: &mut Connection, id: OfferId, now: Timestamp) -> Result<()> {
    diesel::update(offer::table.find(id))
        .set((offer::updated_at.eq(now.0), offer::version.eq(offer::version + 1)))
        .execute(conn)?;
    Ok(())
}

/// Takes pieces from the stock; the store itself refuses to go below zero, whoever else takes at the same time.
///
/// # Errors
/// Conflict, when fewer are left.
pub fn reserve(conn: &mut Connection, id: OfferId, pieces: i64) -> Result<()> {
    let changed = diesel::update(
        offer::table.find(id).filter(offer::stock.is_null().or(offer::stock.ge(offer::used.nullable() + pieces))),
    )
    .set(offer::used.eq(offer::used + pieces))
    .execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::conflict("the offer's stock is used up")) }
}

/// Keeps the stock of offers from others until the transaction ends. SQLite has one writer.
pub fn hold(conn: &mut Connection, ids: &[OfferId]) -> Result<()> {
    if let Connection::Postgres(c) = conn {
        let rows = offer::table.filter(offer::id.eq_any(ids)).order(offer::id);
        rows.select(offer::id).for_update().load::<OfferId>(c)?;
    }
    Ok(())
}

/// Gives pieces back that were not delivered.
pub fn release(conn: &mut Connection, id: OfferId, pieces: i64) -> Result<()> {
    diesel::update(offer::table.find(id)).set(offer::used.eq(offer::used - pieces)).execute(conn)?;
    Ok(())
}
