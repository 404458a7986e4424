//! The SQL of stages and of the steps between them.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::Serialize;

use super::Stage;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::{customer_stage, stage_step};

/// Where a customer stands. Prospects have no row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeptStage {
    /// Who.
    pub customer_id: CustomerId,
    /// Where.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
}

/// A step from one stage to another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct KeptStep {
    /// Who.
    pub customer_id: CustomerId,
    /// When it was made.
    pub at: Timestamp,
    /// From.
    pub from_stage: Stage,
    /// To.
    pub to_stage: Stage,
    /// Whether a model's word made it, at the time of scoring.
    pub by_model: bool,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_stage, treat_none_as_default_value = false)]
struct StageRow {
    customer_id: CustomerId,
    stage: String,
    since: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = stage_step, treat_none_as_default_value = false)]
struct StepRow {
    customer_id: CustomerId,
    at: Timestamp,
    from_stage: String,
    to_stage: String,
    by_model: bool,
}

fn named(name: &str) -> Result<Stage> {
    Stage::parse(name).ok_or_else(|| Error::internal(format!("`{name}` is not a stage")))
}

/// Every customer's stage; prospects are absent.
pub fn all(conn: &mut Connection) -> Result<HashMap<CustomerId, KeptStage>> {
    let rows: Vec<StageRow> = customer_stage::table.select(StageRow::as_select()).load(conn)?;
    let kept = |row: StageRow| {
        Ok((row.customer_id, KeptStage { customer_id: row.customer_id, stage: named(&row.stage)?, since: row.since }))
    };
    rows.into_iter().map(kept).collect()
}

/// The stage of one customer; none for a prospect.
pub fn of_customer(conn: &mut Connection, customer: CustomerId) -> Result<Option<KeptStage>> {
    let found = customer_stage::table.find(customer).select(StageRow::as_select()).first(conn).optional()?;
    found.map(|row| Ok(KeptStage { customer_id: customer, stage: named(&row.stage)?, since: row.since })).transpose()
}

/// Keeps stages, each in the place of the former, and the steps that led there.
pub fn keep(conn: &mut Connection, stages: &[KeptStage], steps: &[KeptStep]) -> Result<()> {
    let of_stage = |kept: &KeptStage| StageRow {
        customer_id: kept.customer_id,
        stage: kept.stage.as_str().into(),
        since: kept.since,
    };
    let rows: Vec<StageRow> = stages.iter().map(of_stage).collect();
    insert_rows!(conn, rows, values => diesel::insert_into(customer_stage::table)
    .values(values)
    .on_conflict(customer_stage::customer_id)
    .do_update()
    .set((
        customer_stage::stage.eq(diesel::upsert::excluded(customer_stage::stage)),
        customer_stage::since.eq(diesel::upsert::excluded(customer_stage::since)),
    )))?;
    let of_step = |step: &KeptStep| StepRow {
        customer_id: step.customer_id,
        at: step.at,
        from_stage: step.from_stage.as_str().into(),
        to_stage: step.to_stage.as_str().into(),
        by_model: step.by_model,
    };
    let rows: Vec<StepRow> = steps.iter().map(of_step).collect();
    insert_rows!(conn, rows, values => diesel::insert_into(stage_step::table)
        .values(values)
        .on_conflict((stage_step::customer_id, stage_step::at, stage_step::to_stage))
        .do_nothing())?;
    Ok(())
}

/// The steps of one customer, latest first.
pub fn steps_of(conn: &mut Connection, customer: CustomerId, most: i64) -> Result<Vec<KeptStep>> {
    let rows: Vec<StepRow> = stage_step::table
        .filter(stage_step::customer_id.eq(customer))
        .order((stage_step::at.desc(), stage_step::to_stage.asc()))
        .limit(most)
        .select(StepRow::as_select())
        .load(conn)?;
    let kept = |row: StepRow| {
        Ok(KeptStep {
            customer_id: row.customer_id,
            at: row.at,
            from_stage: named(&row.from_stage)?,
            to_stage: named(&row.to_stage)?,
            by_model: row.by_model,
        })
    };
    rows.into_iter().map(kept).collect()
}

/// How many customers took each step in `[from, until)`: (from, to, count).
pub fn flows(conn: &mut Connection, from: Timestamp, until: Timestamp) -> Result<Vec<(Stage, Stage, i64)>> {
    let rows: Vec<(String, String, i64)> = stage_step::table
        .filter(stage_step::at.ge(from))
        .filter(stage_step::at.lt(until))
        .group_by((stage_step::from_stage, stage_step::to_stage))
        .select((stage_step::from_stage, stage_step::to_stage, count_star()))
        .load(conn)?;
    let mut flows = rows
        .into_iter()
        .map(|(from, to, count)| Ok((named(&from)?, named(&to)?, count)))
        .collect::<Result<Vec<_>>>()?;
    flows.sort_unstable();
    Ok(flows)
}

/// Whether anybody has a stage: nobody has before the first scoring.
pub fn any(conn: &mut Connection) -> Result<bool> {
    Ok(customer_stage::table.select(customer_stage::customer_id).first::<CustomerId>(conn).optional()?.is_some())
}

/// Forgets stages and steps of some customers; pass a few hundred at a time.
pub fn forget(conn: &mut Connection, customers: &[CustomerId]) -> Result<()> {
    let stages = customer_stage::table.filter(customer_stage::customer_id.eq_any(customers));
    diesel::delete(stages).execute(conn)?;
    let steps = stage_step::table.filter(stage_step::customer_id.eq_any(customers));
    diesel::delete(steps).execute(conn)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Location, Store, migrate};

    #[test]
    fn stages_are_kept_counted_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Store::open(&Location::choose(folder.path(), None).unwrap()).unwrap();
        migrate::migrate(&kept, Timestamp(0)).unwrap();
        let step = |customer: i64, from_stage: Stage, to_stage: Stage, at: i64| KeptStep {
            customer_id: CustomerId(customer),
            at: Timestamp(at),
            from_stage,
            to_stage,
            by_model: false,
        };
        let steps = [
            step(1, Stage::New, Stage::Active, 10),
            step(1, Stage::Active, Stage::AtRisk, 20),
            step(2, Stage::New, Stage::Active, 11),
        ];
        let stage = |customer: i64, stage: Stage, since: i64| KeptStage {
            customer_id: CustomerId(customer),
            stage,
            since: Timestamp(since),
        };
        kept.write(|conn| keep(conn, &[stage(1, Stage::Active, 10), stage(2, Stage::Active, 11)], &steps[..1]))
            .unwrap();
        // What is kept twice is one step.
        kept.write(|conn| keep(conn, &[stage(1, Stage::AtRisk, 20)], &steps)).unwrap();
        let flows = |from, until| kept.read(|conn| flows(conn, Timestamp(from), Timestamp(until))).unwrap();
        assert_eq!(flows(0, 30), [(Stage::New, Stage::Active, 2), (Stage::Active, Stage::AtRisk, 1)]);
        assert_eq!(flows(11, 20), [(Stage::New, Stage::Active, 1)]);
        let of = |customer| kept.read(|conn| of_customer(conn, CustomerId(customer))).unwrap();
        assert_eq!(of(1), Some(stage(1, Stage::AtRisk, 20)));
        assert_eq!(kept.read(|conn| steps_of(conn, CustomerId(1), 9)).unwrap(), [steps[1], steps[0]]);
        kept.write(|conn| forget(conn, &[CustomerId(1)])).unwrap();
        assert!(of(1).is_none() && kept.read(|conn| steps_of(conn, CustomerId(1), 9)).unwrap().is_empty());
        assert_eq!(kept.read(all).unwrap().len(), 1);
    }
}
