//! What is shown of journeys: how many are where, and each of them.

use serde::Serialize;

use crate::campaigns::journey::store::{self, ACTIVE, DONE, HELD, REACHED};
use crate::campaigns::store as campaigns;
use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::error::Result;
use crate::ids::JourneyId;
use crate::operations::Workspace;

/// One step, and the journeys before which it lies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StepShown {
    /// Its place: 0 is the campaign itself.
    pub step: i32,
    /// Its name.
    pub name: String,
    /// Journeys that wait for it.
    pub waiting: i64,
    /// Journeys that ended before it, since the goal was reached.
    pub reached: i64,
    /// Journeys that ended before it, since it came too late.
    pub held: i64,
    /// Journeys that have passed it, as the last one.
    pub done: i64,
}

/// One journey.
#[derive(Debug, Clone, Serialize)]
pub struct JourneyShown {
    /// Its id.
    pub journey: JourneyId,
    /// The company's own key of the customer; none when the customer was erased.
    pub customer: Option<String>,
    /// What began it.
    pub entry: String,
    /// When.
    pub entered_at: Timestamp,
    /// The name of the step that comes next, or before which it ended.
    pub step: String,
    /// When it is, or was, due.
    pub due_at: Timestamp,
    /// `active`, `done`, `reached` or `held`.
    pub state: String,
    /// Why it ended.
    pub reason: Option<String>,
}

/// The steps of a campaign, each with how many are where.
///
/// # Errors
/// Not found.
pub fn steps(ws: &Workspace, name: &str) -> Result<Vec<StepShown>> {
    ws.store().read(|conn| {
        let campaign = campaigns::by_name(conn, name)?;
        let names = names(&campaigns::version(conn, campaign.id, campaign.version)?.spec);
        let mut shown: Vec<StepShown> = (0..)
            .zip(&names)
            .map(|(step, name)| StepShown { step, name: name.clone(), ..StepShown::default() })
            .collect();
        for count in store::counts(conn, campaign.id)? {
            // Who is done stands behind the last step that was taken.
            let at = if count.state == DONE { count.step - 1 } else { count.step };
            let Some(step) = shown.iter_mut().find(|step| step.step == at) else { continue };
            match count.state.as_str() {
                ACTIVE => step.waiting += count.journeys,
                REACHED => step.reached += count.journeys,
                HELD => step.held += count.journeys,
                _ => step.done += count.journeys,
            }
        }
        Ok(shown)
    })
}

/// A page of a campaign's journeys, in the order in which they began; those in one state, where it is named.
///
/// # Errors
/// Not found.
pub fn journeys(
    ws: &Workspace,
    name: &str,
    state: Option<&str>,
    after: Option<JourneyId>,
    limit: i64,
) -> Result<Vec<JourneyShown>> {
    ws.store().read(|conn| {
        let campaign = campaigns::by_name(conn, name)?;
        let names = names(&campaigns::version(conn, campaign.id, campaign.version)?.spec);
        let rows = store::page(conn, campaign.id, state, after, limit)?;
        rows.into_iter()
            .map(|row| {
                let at = usize::try_from(row.step).unwrap_or_default().min(names.len() - 1);
                Ok(JourneyShown {
                    journey: row.id,
                    customer: customers::by_id(conn, row.customer_id)?.map(|customer| customer.external_id),
                    entry: row.entry,
                    entered_at: row.entered_at,
                    step: names[at].clone(),
                    due_at: row.due_at,
                    state: row.state,
                    reason: row.reason,
                })
            })
            .collect()
    })
}

/// The names of the steps; the campaign itself is the first.
fn names(spec: &crate::campaigns::CampaignSpec) -> Vec<String> {
    std::iter::once("first").chain(spec.steps.iter().map(|step| step.name.as_str())).map(str::to_owned).collect()
}
