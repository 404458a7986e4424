//! Leads: interest that people showed, by source and cost; how probably each becomes a client; and the conversion, which keeps the identity.
//!
//! Until there is data, a source converts as the marketer expects ([`SourceSpec::rate`], worth [`SourceSpec::weight`] leads). Leads that have had
//! [`HORIZON_DAYS`] days to become clients add to that: with k of n converted,
//!
//! ```text
//! rate = (weight x expected + k) / (weight + n)
//! ```
//!
//! the mean of a beta distribution (a source without expectation is taken for the rate of all, worth ten leads). What was learned may serve only
//! after it has foretold later leads at least as well as the expectations alone: the first half of the leads, in time, against the second, by
//! log-loss. Who objects to profiling gets no score and teaches nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use serde::{Deserialize, Serialize};

use crate::clock::{DAY, Timestamp};
use crate::customers::prospects::{self, Lead};
use crate::customers::{Customer, Kind, store as customers};
use crate::error::{Error, Fault, Result};
use crate::ids::CustomerId;
use crate::money::Money;
use crate::offers::offer::is_name;
use crate::operations::steering::{SourceSpec, store as steering};
use crate::operations::{Workspace, audit, merge};
use crate::storage::Connection;

/// Days that a lead has to become a client before it counts as one that did not.
pub const HORIZON_DAYS: i64 = 90;
/// Judged leads that the gate asks for.
const FEWEST_JUDGED: usize = 50;
/// How many leads the rate of all is worth for a source without expectation.
const WHOLE_WEIGHT: f64 = 10.0;
/// Ids of one query of history.
const CHUNK: usize = 500;

/// Interest that somebody showed, as reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLead {
    /// The company's own key of the person; one who is not known becomes a prospect.
    pub customer: String,
    /// Where they came from: `fair`, `search`, `partner.cafe`, ...
    pub source: String,
    /// What it cost, in minor units; that of the source when absent.
    #[serde(default)]
    pub cost: Option<Money>,
    /// When; now when absent.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// The campaign that brought it.
    #[serde(default)]
    pub campaign: Option<String>,
}

impl NewLead {
    /// What is wrong with it.
    pub fn faults(&self, now: Timestamp) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut demand = |good: bool, key: &str, message: &str| {
            if !good {
                faults.push(Fault::at(key, message));
            }
        };
        let key = self.customer.trim();
        let sound = !key.is_empty() && key.len() <= 200 && !key.chars().any(char::is_control);
        demand(sound, "customer", "must have 1 to 200 characters and no control characters");
        demand(is_name(&self.source), "source", "must be a name such as fair or partner.cafe");
        let cost = self.cost.unwrap_or_default();
        demand((0..=1_000_000_000_000).contains(&cost.0), "cost", "must be at least 0");
        let at = self.occurred_at.unwrap_or(now);
        demand(at <= now.plus(5 * crate::clock::MINUTE), "occurred_at", "lies in the future");
        demand(at >= Timestamp(-2_208_988_800_000_000), "occurred_at", "lies before 1900");
        demand(self.campaign.as_ref().is_none_or(|name| is_name(name)), "campaign", "must be a name");
        faults
    }
}

/// What recording did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeadsRecorded {
    /// New ones.
    pub accepted: usize,
    /// Those that were known.
    pub known: usize,
}

/// Records leads, all or none; each is known by person, source and instant.
///
/// # Errors
/// Invalid, with every fault.
pub fn record(ws: &Workspace, leads: &[NewLead], actor: &str) -> Result<LeadsRecorded> {
    let now = ws.now();
    let faults: Vec<Fault> = leads
        .iter()
        .enumerate()
        .flat_map(|(at, lead)| {
            let several = leads.len() > 1;
            let place = move |fault: Fault| {
                if several { Fault { key: format!("[{at}].{}", fault.key), ..fault } } else { fault }
            };
            lead.faults(now).into_iter().map(place)
        })
        .take(100)
        .collect();
    if !faults.is_empty() {
        return Err(Error::faults("the leads cannot be recorded", faults));
    }
    ws.store().write(|conn| {
        let costs: HashMap<String, Money> =
            steering::all::<SourceSpec>(conn)?.into_iter().map(|kept| (kept.name, kept.spec.cost)).collect();
        let mut done = LeadsRecorded::default();
        for lead in leads {
            let id = person(ws, conn, &lead.customer, now)?;
            let at = lead.occurred_at.unwrap_or(now);
            let key = [id.0.to_le_bytes(), at.0.to_le_bytes()];
            let row = Lead {
                id: ws.id_key().hash63(b"lead", &[&key[0], lead.source.as_bytes(), &key[1]]),
                customer_id: id,
                source: lead.source.clone(),
                cost: lead.cost.or_else(|| costs.get(&lead.source).copied()).unwrap_or_default(),
                at,
                campaign: lead.campaign.clone(),
                converted_at: None,
            };
            let new = prospects::add(conn, &row)?;
            done.accepted += usize::from(new);
            done.known += usize::from(!new);
        }
        audit::write(conn, actor, "lead.record", "", &format!("{} leads", done.accepted), now)?;
        Ok(done)
    })
}

/// Who is called so, or became an alias; somebody new is a prospect.
pub(super) fn person(ws: &Workspace, conn: &mut Connection, key: &str, now: Timestamp) -> Result<CustomerId> {
    match customers::by_external_id(conn, key) {
        Ok(customer) => Ok(customer.id),
        Err(error) if error.kind() == crate::error::Kind::NotFound => {
            let id = ws.id_key().customer(key);
            let prospect = Customer { kind: Kind::Prospect.as_str().into(), ..Customer::unknown(id, key, now) };
            customers::upsert(conn, &[prospect])?;
            Ok(id)
        }
        Err(error) => Err(error),
    }
}

/// Makes clients of prospects who have bought. A person whom the company knew as a client before the first lead is left as they are.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn settle(ws: &Workspace) -> Result<usize> {
    let now = ws.now();
    let open = ws.store().read(prospects::open)?;
    if open.is_empty() {
        return Ok(0);
    }
    let first = first_purchases(ws, &open)?;
    let mut done = 0;
    for chunk in open.chunks(CHUNK) {
        done += ws.store().write(|conn| {
            let mut done = 0;
            for id in chunk {
                let Some(&bought) = first.get(id) else { continue };
                let leads = prospects::of_customer(conn, *id)?;
                if leads.first().is_some_and(|lead| lead.at <= bought) {
                    prospects::convert(conn, *id, bought, now)?;
                    audit::write(conn, "schedule", "lead.convert", &id.to_string(), "", now)?;
                    done += 1;
                }
            }
            Ok(done)
        })?;
    }
    Ok(done)
}

/// The first order or contract of each of these customers who has one.
fn first_purchases(ws: &Workspace, ids: &[CustomerId]) -> Result<HashMap<CustomerId, Timestamp>> {
    let snapshot = ws.history().snapshot()?;
    let mut first: HashMap<CustomerId, Timestamp> = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let list: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        let list = list.join(", ");
        let sql = format!(
            "SELECT customer_id, min(at) FROM (SELECT customer_id, occurred_at AS at FROM order_item WHERE customer_id IN ({list}) \
             UNION ALL SELECT customer_id, occurred_at AS at FROM subscription WHERE customer_id IN ({list})) GROUP BY customer_id"
        );
        snapshot.stream(&sql, |batch| {
            let customers = batch.column(0).as_primitive::<Int64Type>();
            let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
            first.extend(
                (0..batch.num_rows()).map(|row| (CustomerId(customers.value(row)), Timestamp(times.value(row)))),
            );
            Ok(())
        })?;
    }
    Ok(first)
}

/// The person of a lead is a client whom the company calls otherwise: both become one, with all that either did.
///
/// # Errors
/// Not found; invalid, when no client is called so.
pub fn convert(ws: &Workspace, lead: i64, client: &str, actor: &str) -> Result<Lead> {
    let prospect = ws.store().read(|conn| {
        let lead = prospects::by_id(conn, lead)?;
        let found = customers::by_id(conn, lead.customer_id)?;
        found.ok_or_else(|| Error::not_found("the person of this lead was erased"))
    })?;
    if prospect.external_id != client {
        merge::merge(ws, &[(prospect.external_id.clone(), client.to_owned())], actor)?;
    }
    settle(ws)?;
    ws.store().read(|conn| prospects::by_id(conn, lead))
}

/// What is known of a source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Leads so far.
    pub leads: usize,
    /// Of these, those who became clients.
    pub converted: usize,
    /// Leads that had their time.
    pub mature: usize,
    /// Of these, those who became clients within it.
    pub mature_converted: usize,
    /// What they cost together.
    pub cost: Money,
    /// Mean cost of one.
    pub cost_per_lead: f64,
    /// What all of them cost for each client they brought; none while they brought none.
    pub cost_per_client: Option<f64>,
    /// What the marketer expects.
    pub expected: Option<f64>,
    /// What serves: expected, or learned.
    pub rate: f64,
}

/// All sources, and whether what was learned serves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sources {
    /// By name.
    pub sources: Vec<Source>,
    /// Whether learned rates serve.
    pub learned: bool,
    /// Why, or why not.
    pub gate: Gate,
}

/// How learned rates did on later leads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// Later leads that were judged.
    pub judged: usize,
    /// Log-loss of what was learned from the earlier ones, in nats a lead.
    pub learned_loss: Option<f64>,
    /// Log-loss of the expectations.
    pub expected_loss: Option<f64>,
    /// In words.
    pub words: String,
}

/// One lead that had its time.
struct Seen<'a> {
    source: &'a str,
    converted: bool,
}

/// Reads all sources.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn sources(ws: &Workspace) -> Result<Sources> {
    let now = ws.now();
    let (leads, specs, objecting) = ws.store().read(|conn| {
        let objecting: HashSet<CustomerId> = customers::objecting(conn)?.into_iter().collect();
        Ok((prospects::all(conn)?, steering::all::<SourceSpec>(conn)?, objecting))
    })?;
    let expected: BTreeMap<String, (f64, f64)> =
        specs.iter().map(|kept| (kept.name.clone(), (kept.spec.rate, kept.spec.weight))).collect();
    let within = |lead: &Lead| lead.converted_at.is_some_and(|at| at < lead.at.plus(HORIZON_DAYS * DAY));
    let mature: Vec<Seen<'_>> = leads
        .iter()
        .filter(|lead| lead.at.plus(HORIZON_DAYS * DAY) <= now && !objecting.contains(&lead.customer_id))
        .map(|lead| Seen { source: &lead.source, converted: within(lead) })
        .collect();
    let (gate, learned) = judge(&mature, &expected);
    let whole = rate_of_all(&mature);
    let rates = |source: &str| {
        let (rate, weight) = prior(source, &expected, whole);
        if learned { posterior(&mature, source, rate, weight) } else { rate }
    };
    let mut names: Vec<&str> =
        leads.iter().map(|lead| lead.source.as_str()).chain(expected.keys().map(String::as_str)).collect();
    names.sort_unstable();
    names.dedup();
    let sources = names.into_iter().map(|name| {
        let of: Vec<&Lead> = leads.iter().filter(|lead| lead.source == name).collect();
        let seen = mature.iter().filter(|seen| seen.source == name);
        let converted = of.iter().filter(|lead| lead.converted_at.is_some()).count();
        let cost: Money = of.iter().map(|lead| lead.cost).sum();
        Source {
            name: name.to_owned(),
            leads: of.len(),
            converted,
            mature: seen.clone().count(),
            mature_converted: seen.filter(|seen| seen.converted).count(),
            cost,
            cost_per_lead: cost.0 as f64 / of.len().max(1) as f64,
            cost_per_client: (converted > 0).then(|| cost.0 as f64 / converted as f64),
            expected: expected.get(name).map(|(rate, _)| *rate),
            rate: rates(name),
        }
    });
    Ok(Sources { sources: sources.collect(), learned, gate })
}

fn rate_of_all(seen: &[Seen<'_>]) -> f64 {
    // A lead that converts and one that does not are seen beforehand, so that no rate is 0 or 1.
    (seen.iter().filter(|seen| seen.converted).count() as f64 + 1.0) / (seen.len() as f64 + 2.0)
}

fn prior(source: &str, expected: &BTreeMap<String, (f64, f64)>, whole: f64) -> (f64, f64) {
    expected.get(source).copied().unwrap_or((whole, WHOLE_WEIGHT))
}

fn posterior(seen: &[Seen<'_>], source: &str, rate: f64, weight: f64) -> f64 {
    let of = seen.iter().filter(|seen| seen.source == source);
    let converted = of.clone().filter(|seen| seen.converted).count() as f64;
    (weight * rate + converted) / (weight + of.count() as f64)
}

/// Judges what the earlier half teaches on the later half.
fn judge(mature: &[Seen<'_>], expected: &BTreeMap<String, (f64, f64)>) -> (Gate, bool) {
    let (earlier, later) = mature.split_at(mature.len() / 2);
    if later.len() < FEWEST_JUDGED {
        let words = format!(
            "{} of the {FEWEST_JUDGED} later leads are there that are needed to judge: expectations serve",
            later.len()
        );
        return (Gate { judged: later.len(), learned_loss: None, expected_loss: None, words }, false);
    }
    let whole = rate_of_all(earlier);
    let loss = |rate: &dyn Fn(&str) -> f64| {
        let of = |seen: &Seen<'_>| {
            let p = rate(seen.source).clamp(1e-6, 1.0 - 1e-6);
            -if seen.converted { p.ln() } else { (1.0 - p).ln() }
        };
        later.iter().map(of).sum::<f64>() / later.len() as f64
    };
    let expected_loss = loss(&|source| prior(source, expected, whole).0);
    let learned_loss = loss(&|source| {
        let (rate, weight) = prior(source, expected, whole);
        posterior(earlier, source, rate, weight)
    });
    let serves = learned_loss <= expected_loss;
    let words = format!(
        "on {} later leads what was learned has a log-loss of {learned_loss:.4}, the expectations {expected_loss:.4}: {}",
        later.len(),
        if serves { "learned rates serve" } else { "expectations serve" }
    );
    let gate =
        Gate { judged: later.len(), learned_loss: Some(learned_loss), expected_loss: Some(expected_loss), words };
    (gate, serves)
}

/// A lead with the chance that it becomes a client's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeadShown {
    /// The lead.
    #[serde(flatten)]
    pub lead: Lead,
    /// The company's key of the person; none after an erasure.
    pub customer: Option<String>,
    /// The chance that they become a client; none where they are one, their time has passed, or they object to profiling.
    pub score: Option<f64>,
}

/// A page of leads.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn list(ws: &Workspace, source: Option<&str>, after: Option<i64>, limit: i64) -> Result<Vec<LeadShown>> {
    let known = sources(ws)?;
    let rates: HashMap<&str, f64> = known.sources.iter().map(|source| (source.name.as_str(), source.rate)).collect();
    let now = ws.now();
    ws.store().read(|conn| {
        let rows = prospects::page(conn, source, after, limit)?;
        let ids: Vec<CustomerId> = rows.iter().map(|lead| lead.customer_id).collect();
        let keys = customers::external_ids(conn, &ids)?;
        let objecting: HashSet<CustomerId> = customers::objecting(conn)?.into_iter().collect();
        let shown = |lead: Lead| {
            let open = lead.converted_at.is_none() && lead.at.plus(HORIZON_DAYS * DAY) > now;
            let asked = open && keys.contains_key(&lead.customer_id) && !objecting.contains(&lead.customer_id);
            LeadShown {
                customer: keys.get(&lead.customer_id).cloned(),
                score: asked.then(|| rates.get(lead.source.as_str()).copied()).flatten(),
                lead,
            }
        };
        Ok(rows.into_iter().map(shown).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn expectations_serve_until_later_leads_say_otherwise() {
        let mut draw = Stream::new(9, "leads");
        let seen: Vec<Seen<'_>> = (0..400)
            .map(|at| {
                let (source, rate) = if at % 2 == 0 { ("fair", 0.3) } else { ("search", 0.05) };
                Seen { source, converted: draw.uniform() < rate }
            })
            .collect();
        let wrong = BTreeMap::from([("fair".to_owned(), (0.05, 20.0)), ("search".to_owned(), (0.3, 20.0))]);
        let (gate, serves) = judge(&seen, &wrong);
        assert!(serves && gate.judged == 200 && gate.learned_loss.unwrap() < gate.expected_loss.unwrap(), "{gate:?}");
        assert!(!judge(&seen[..40], &wrong).1, "too few to judge");
        // 20 leads' worth of 0.05 and what 10 leads with 4 clients say: (1 + 4) / 30.
        let ten: Vec<Seen<'_>> = (0..10).map(|at| Seen { source: "fair", converted: at < 4 }).collect();
        assert!((posterior(&ten, "fair", 0.05, 20.0) - 5.0 / 30.0).abs() < 1e-12);
        // Perfect expectations are not beaten by a lucky first half for long.
        let right = BTreeMap::from([("fair".to_owned(), (0.3, 1e6)), ("search".to_owned(), (0.05, 1e6))]);
        let (gate, _) = judge(&seen, &right);
        assert!((gate.learned_loss.unwrap() - gate.expected_loss.unwrap()).abs() < 1e-3);
    }
}
