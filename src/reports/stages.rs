//! Where customers stand, and who went where.

use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::Serialize;

use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::segments::stage::{Stage, store};
use crate::storage::Connection;
use crate::storage::schema::customer_state;

/// Days over which steps are counted.
const FLOW_DAYS: i64 = 30;

/// The stages at a glance.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stages {
    /// Each stage with its customers, as of the last scoring.
    pub stages: Vec<StageCount>,
    /// Days over which the steps are counted.
    pub flow_days: i64,
    /// Steps of these days, by what they led from and to.
    pub flows: Vec<Flow>,
}

/// A stage, and how many came and went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StageCount {
    /// The stage.
    pub stage: Stage,
    /// Customers in it.
    pub customers: i64,
    /// Steps that led into it.
    pub entered: i64,
    /// Steps that led out of it.
    pub left: i64,
}

/// Customers who went from one stage to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// From.
    pub from: Stage,
    /// To.
    pub to: Stage,
    /// How many did.
    pub customers: i64,
}

/// Reads counts and steps.
///
/// # Errors
/// Those of the store.
pub fn stages(conn: &mut Connection, now: Timestamp) -> Result<Stages> {
    let counted: Vec<(Option<String>, i64)> = customer_state::table
        .filter(customer_state::stage.is_not_null())
        .group_by(customer_state::stage)
        .select((customer_state::stage, count_star()))
        .load(conn)?;
    let of = |stage: Stage| {
        let found = counted.iter().find(|(name, _)| name.as_deref() == Some(stage.as_str()));
        found.map_or(0, |(_, count)| *count)
    };
    let flows = store::flows(conn, now.plus(-FLOW_DAYS * DAY), now.plus(1))?;
    let sum = |take: &dyn Fn(&(Stage, Stage, i64)) -> bool| {
        flows.iter().filter(|flow| take(flow)).map(|(_, _, count)| count).sum()
    };
    let count = |stage: Stage| StageCount {
        stage,
        customers: of(stage),
        entered: sum(&|flow| flow.1 == stage),
        left: sum(&|flow| flow.0 == stage),
    };
    Ok(Stages {
        stages: Stage::ALL.map(count).to_vec(),
        flow_days: FLOW_DAYS,
        flows: flows.iter().map(|&(from, to, customers)| Flow { from, to, customers }).collect(),
    })
}
