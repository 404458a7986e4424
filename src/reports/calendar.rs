//! The calendar of pressure: how many contacts clients have had, are about to get, and are to expect, day by day and by campaign.

use std::collections::{BTreeMap, HashMap};

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use crate::campaigns::store::{self as campaigns, Campaign};
use crate::clock::{self, DAY, Timestamp};
use crate::customers::{contact_ledger, store as customers};
use crate::error::{Error, Fault, Result};
use crate::ids::CampaignRunId;
use crate::operations::Workspace;
use crate::storage::Connection;

/// The most days to either side.
const MOST_DAYS: i32 = 92;
/// Over how many days clients' contacts are counted.
const WINDOW_DAYS: i64 = 30;
/// The most scheduled runs of a campaign that are looked at.
const MOST_RUNS: usize = 400;
/// What contacts without a run are listed under.
const NO_RUN: &str = "none";

/// Contacts day by day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calendar {
    /// The instant.
    pub at: Timestamp,
    /// The days, in the workspace's own zone, the past ones first.
    pub days: Vec<Day>,
    /// Clients by the contacts that they had in the last thirty days: `0`, `1`, `2`, `3`, `4+`.
    pub clients: BTreeMap<String, i64>,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Day {
    /// The day.
    pub date: String,
    /// Contacts made or reserved, by campaign.
    pub contacts: BTreeMap<String, i64>,
    /// Contacts that runs which are scheduled will make, by campaign, as their last run or plan had it.
    pub expected: BTreeMap<String, i64>,
    /// Both together.
    pub total: i64,
}

/// The calendar of so many days before today and as many from today on.
///
/// # Errors
/// Invalid, for too many days; unavailable, when the store does not answer.
pub fn calendar(ws: &Workspace, days: i32) -> Result<Calendar> {
    if !(1..=MOST_DAYS).contains(&days) {
        let fault = Fault::at("days", format!("must lie within 1..={MOST_DAYS}"));
        return Err(Error::faults("there is no such calendar", vec![fault]));
    }
    let (now, zone) = (ws.now(), clock::zone(&ws.settings().zone)?);
    let today = now.to_jiff().to_zoned(zone.clone()).date();
    let begin = |offset: i32| -> Result<(Date, Timestamp)> {
        let date = today.checked_add(offset.days()).map_err(|error| Error::internal("no such day").caused_by(error))?;
        let start = date.to_zoned(zone.clone()).map_err(|error| Error::internal("no such day").caused_by(error))?;
        Ok((date, Timestamp(start.timestamp().as_microsecond())))
    };
    let starts = (-days..=days).map(begin).collect::<Result<Vec<_>>>()?;
    ws.store().read(|conn| {
        let mut names = Names::default();
        let mut listed = Vec::with_capacity(starts.len());
        for pair in starts.windows(2) {
            let (date, from, until) = (pair[0].0, pair[0].1, pair[1].1);
            let mut contacts: BTreeMap<String, i64> = BTreeMap::new();
            for (run, count) in contact_ledger::by_run(conn, from, until)? {
                *contacts.entry(names.of(conn, run)?).or_default() += count;
            }
            listed.push(Day { date: date.to_string(), contacts, expected: BTreeMap::new(), total: 0 });
        }
        for campaign in campaigns::all(conn)? {
            for (at, contacts) in to_come(conn, &campaign, now, starts[starts.len() - 1].1)? {
                let day = starts.partition_point(|(_, start)| *start <= at).saturating_sub(1);
                if let Some(day) = listed.get_mut(day) {
                    *day.expected.entry(campaign.name.clone()).or_default() += contacts;
                }
            }
        }
        listed.iter_mut().for_each(|day| day.total = day.contacts.values().chain(day.expected.values()).sum());
        Ok(Calendar { at: now, days: listed, clients: clients(conn, now)? })
    })
}

/// Names of campaigns, by run.
#[derive(Default)]
struct Names(HashMap<CampaignRunId, String>);

impl Names {
    fn of(&mut self, conn: &mut Connection, run: Option<CampaignRunId>) -> Result<String> {
        let Some(run) = run else { return Ok(NO_RUN.to_owned()) };
        if let Some(known) = self.0.get(&run) {
            return Ok(known.clone());
        }
        let campaign = campaigns::run(conn, run)?.campaign_id;
        let name = campaigns::by_id(conn, campaign)?.name;
        self.0.insert(run, name.clone());
        Ok(name)
    }
}

/// When scheduled runs of a campaign are to come, and how many contacts each will make.
fn to_come(
    conn: &mut Connection,
    campaign: &Campaign,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<(Timestamp, i64)>> {
    let Some(mut next) = campaign.next_run_at.filter(|_| campaign.may_decide()) else { return Ok(Vec::new()) };
    let Some(schedule) = campaigns::version(conn, campaign.id, campaign.version)?.spec.schedule else {
        return Ok(Vec::new());
    };
    let contacts = contacts_of(conn, campaign)?;
    let mut runs = Vec::new();
    while next < until && runs.len() < MOST_RUNS {
        runs.push((next.max(now), contacts));
        let following = schedule.next(next)?;
        if following <= next {
            break;
        }
        next = following;
    }
    Ok(runs)
}

/// The contacts of a campaign's last run, else of its plan.
fn contacts_of(conn: &mut Connection, campaign: &Campaign) -> Result<i64> {
    let last = campaigns::runs(conn, campaign.id)?.into_iter().next().map(|run| run.summary);
    let text = match last {
        Some(summary) => Some(summary),
        None => campaigns::plan_of(conn, campaign.id, campaign.version)?.map(|(plan, _)| plan),
    };
    let known: Option<serde_json::Value> = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(known.and_then(|known| known["forecast"]["contacts"].as_i64()).unwrap_or(0))
}

fn clients(conn: &mut Connection, now: Timestamp) -> Result<BTreeMap<String, i64>> {
    let counts = contact_ledger::of_each(conn, now.plus(-WINDOW_DAYS * DAY), now)?;
    let mut clients: BTreeMap<String, i64> = ["0", "1", "2", "3", "4+"].map(|name| (name.to_owned(), 0)).into();
    let quiet = customers::count(conn)? - counts.len() as i64;
    clients.insert("0".to_owned(), quiet.max(0));
    for count in counts {
        let name = if count < 4 { count.to_string() } else { "4+".to_owned() };
        *clients.entry(name).or_default() += 1;
    }
    Ok(clients)
}
