//! A client's objection to profiling. Training and scoring leave out who objects; what was found out before the objection is
//! forgotten with it, not at the next scoring. Rule segments follow the changed profile by themselves.

use crate::customers::store as customers;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::models::scoring;
use crate::segments;
use crate::storage::Connection;

/// Customers whose profile is forgotten with one statement.
const CHUNK: usize = 500;

/// Forgets features, scores, segments and stages of customers who object, in the transaction that writes the objection down. Orders,
/// revenue and what serving them cost stay: they are book-keeping.
///
/// # Errors
/// Those of the store.
pub fn honour(conn: &mut Connection, objecting: &[CustomerId]) -> Result<()> {
    objecting.chunks(CHUNK).try_for_each(|some| {
        scoring::forget(conn, some)?;
        segments::forget_found(conn, some)?;
        customers::forget_profiles(conn, some)
    })
}
