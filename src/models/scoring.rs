//! Scoring: a model's answer for each customer, kept with the version that gave it.

use diesel::prelude::*;
use diesel::upsert::excluded;
use serde::Serialize;

use super::lifetime_score;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CustomerId, ModelVersionId};
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::score as table;

/// A model's answer for a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
pub struct Score {
    /// The customer.
    pub customer_id: CustomerId,
    /// The model's name.
    pub model: String,
    /// The answer; a probability for churn.
    pub value: f64,
    /// Which fit gave it.
    pub model_version_id: ModelVersionId,
    /// How far it looks ahead, in days.
    pub horizon_days: Option<i32>,
    /// As of when.
    pub computed_at: Timestamp,
}

/// Keeps scores; each takes the place of the customer's former score by the same model. Pass a few thousand at a time.
pub fn keep(conn: &mut Connection, scores: &[Score]) -> Result<()> {
    insert_rows!(conn, scores, values => diesel::insert_into(table::table)
    .values(values)
    .on_conflict((table::customer_id, table::model))
    .do_update()
    .set((
        table::value.eq(excluded(table::value)),
        table::model_version_id.eq(excluded(table::model_version_id)),
        table::horizon_days.eq(excluded(table::horizon_days)),
        table::computed_at.eq(excluded(table::computed_at)),
    )))?;
    Ok(())
}

/// The scores of one customer, by model.
pub fn of_customer(conn: &mut Connection, customer: CustomerId) -> Result<Vec<Score>> {
    let found = table::table.filter(table::customer_id.eq(customer)).order(table::model.asc());
    Ok(found.select(Score::as_select()).load(conn)?)
}

/// One model's scores of customers with ids in `[from, until]`.
pub fn between(
    conn: &mut Connection,
    model: &str,
    from: CustomerId,
    until: CustomerId,
) -> Result<std::collections::BTreeMap<CustomerId, f64>> {
    let found = table::table.filter(table::customer_id.between(from, until)).filter(table::model.eq(model));
    let rows: Vec<(CustomerId, f64)> = found.select((table::customer_id, table::value)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Forgets what was not computed as of `now`: neither who is not scored any more nor a model that serves no more has a say.
pub fn forget_other_than(conn: &mut Connection, now: Timestamp) -> Result<usize> {
    lifetime_score::forget_other_than(conn, now)?;
    Ok(diesel::delete(table::table.filter(table::computed_at.ne(now))).execute(conn)?)
}

/// Forgets the scores of some customers: on erasure and when they object to profiling.
pub fn forget(conn: &mut Connection, customers: &[CustomerId]) -> Result<usize> {
    lifetime_score::forget(conn, customers)?;
    Ok(diesel::delete(table::table.filter(table::customer_id.eq_any(customers))).execute(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Location, Store, migrate};

    #[test]
    fn a_new_score_takes_the_place_of_the_former() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::choose(folder.path(), None).unwrap()).unwrap();
        migrate::migrate(&store, Timestamp(0)).unwrap();
        let at = |customer: i64, value: f64, when: i64| Score {
            customer_id: CustomerId(customer),
            model: "churn".into(),
            value,
            model_version_id: ModelVersionId(when),
            horizon_days: Some(90),
            computed_at: Timestamp(when),
        };
        store.write(|conn| keep(conn, &[at(1, 0.1, 1), at(2, 0.2, 1)])).unwrap();
        store.write(|conn| keep(conn, &[at(1, 0.7, 2)])).unwrap();
        let scores = |customer| store.read(|conn| of_customer(conn, CustomerId(customer))).unwrap();
        assert_eq!(scores(1), [at(1, 0.7, 2)]);
        assert_eq!(scores(2), [at(2, 0.2, 1)]);
        assert_eq!(store.write(|conn| forget(conn, &[CustomerId(2)])).unwrap(), 1);
        assert!(scores(2).is_empty());
        store.write(|conn| keep(conn, &[at(3, 0.3, 3)])).unwrap();
        assert_eq!(store.write(|conn| forget_other_than(conn, Timestamp(3))).unwrap(), 1);
        assert!(scores(1).is_empty() && scores(3).len() == 1);
    }
}
