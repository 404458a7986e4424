//! The SQL of offers and their stock.

use diesel::prelude::*;

use super::OfferSpec;
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
    /// Rises with every change; the ETag.
    pub version: i64,
}

impl Offer {
    /// Pieces left; `None` without a limit.
    pub fn left(&self) -> Option<i64> {
        self.spec.stock.map(|stock| (stock - self.used).max(0))
    }
}

type Row = (OfferId, String, i64, i64);

fn read((id, definition, used, version): Row) -> Result<Offer> {
    let spec = serde_json::from_str(&definition)
        .map_err(|error| Error::internal("an offer's stored definition is damaged").caused_by(error))?;
    Ok(Offer { id, spec, used, version })
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
    row.map_or_else(|| Err(Error::not_found(format!("there is no offer `{name}`"))), read)
}

/// All offers, by name.
pub fn all(conn: &mut Connection) -> Result<Vec<Offer>> {
    let rows: Vec<Row> = offer::table.order(offer::name).select(COLUMNS).load(conn)?;
    rows.into_iter().map(read).collect()
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

/// Gives pieces back that were not delivered.
pub fn release(conn: &mut Connection, id: OfferId, pieces: i64) -> Result<()> {
    diesel::update(offer::table.find(id)).set(offer::used.eq(offer::used - pieces)).execute(conn)?;
    Ok(())
}
