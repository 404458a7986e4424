//! Stages brought up to now without scoring: a client lapses by time alone, and who has just bought is no prospect any more.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::score::Known;
use super::stages::Stages;
use crate::customers::{change, store as customers};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::models::{lifetime_score, scoring};
use crate::operations::Workspace;

/// The model by which stages are told.
pub const CHURN: &str = "churn";

/// What a refresh did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StagesRefreshed {
    /// Customers who were looked at.
    pub customers: usize,
    /// Those whose stage in the serving row changed.
    pub changed: usize,
}

/// Brings the stages of all customers up to now, with the steps that led there; what models say is what they said at the last
/// scoring. Rule segments follow.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn refresh_stages(ws: &Workspace) -> Result<StagesRefreshed> {
    let now = ws.now();
    let known = Known::read(ws, now)?;
    let all = (CustomerId(i64::MIN), CustomerId(i64::MAX));
    let (leaving, alive) =
        ws.store().read(|conn| Ok((scoring::between(conn, CHURN, all.0, all.1)?, lifetime_score::alive(conn)?)))?;
    let doubt = |customer: CustomerId| {
        leaving.get(&customer).copied().or_else(|| alive.get(&customer).map(|alive| 1.0 - alive))
    };
    let stages = Stages::follow(&known, doubt, now);
    drop(known);
    ws.store().write(|conn| {
        customers::hold_states(conn)?;
        let objecting: HashSet<CustomerId> = customers::objecting(conn)?.into_iter().collect();
        let mut present = customers::ids(conn)?;
        present.retain(|id| !objecting.contains(id));
        stages.keep(conn, &present, now)?;
        let mut moved: BTreeMap<&'static str, Vec<CustomerId>> = BTreeMap::new();
        for (customer, before) in customers::stages(conn)? {
            let stage = stages.of(customer).as_str();
            if before.as_deref() != Some(stage) && present.binary_search(&customer).is_ok() {
                moved.entry(stage).or_default().push(customer);
            }
        }
        let mut changed = Vec::new();
        for (stage, mut those) in moved {
            customers::set_stage(conn, &those, stage)?;
            changed.append(&mut those);
        }
        change::note(conn, &changed, now)?;
        Ok(StagesRefreshed { customers: present.len(), changed: changed.len() })
    })
}
