//! Real time: what now for this customer? The same decision as in a batch, at the prices of the campaign's last run, logged
//! durably before it is answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use crate::campaigns::State;
use crate::campaigns::store as campaigns;
use crate::clock::{HOUR, Timestamp};
use crate::customers::store as customers;
use crate::decisions::allocation::Prices;
use crate::decisions::{Candidate, Choice, Decision, Slot, decide, store as decisions};
use crate::error::{Error, Result};
use crate::operations::Workspace;
use crate::operations::batch::seed_of;
use crate::operations::candidates::{Base, Menu};
use crate::operations::people::{self, Person};
use crate::operations::setup::{self, Setup, first_variant};
use crate::storage::Connection;

/// How long averages over the base, prices and definitions are taken as they were: what changes more often is read anew.
const FRESH: i64 = HOUR / 4;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The company's own key of the customer.
    pub customer: String,
    /// The campaign to choose from; all approved ones when absent.
    #[serde(default)]
    pub campaign: Option<String>,
    /// The channel that asks, and would make the contact now; all channels at their own hours when absent.
    #[serde(default)]
    pub channel: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The decision's id in the log.
    pub decision: i64,
    /// The customer.
    pub customer: String,
    /// The campaign whose decision this is.
    pub campaign: String,
    /// When it was made.
    pub decided_at: Timestamp,
    /// `treated`, `exploration`, or a holdout, in which nothing is proposed.
    pub arm: &'static str,
    /// Probability of this choice given the arm.
    pub propensity: f64,
    /// What to propose, best first; empty for nothing.
    pub proposals: Vec<Proposal>,
    /// Why this, and why not each other, a sentence each.
    pub why: Vec<String>,
}

/// One thing to propose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// The offer's key.
    pub offer: String,
    /// What people call it, in the customer's language.
    pub title: String,
    /// The channel.
    pub channel: String,
    /// From when.
    pub from: Timestamp,
    /// Before when.
    pub until: Timestamp,
    /// The template's variant.
    pub variant: Option<String>,
    /// Value at the prices, in minor units.
    pub net_value: f64,
    /// P(convert | this contact).
    pub p_with: f64,
    /// P(convert | no contact).
    pub p_without: f64,
}

/// Decides in real time; keeps definitions, models and prices at hand.
pub struct RealTime {
    ws: Workspace,
    known: Mutex<HashMap<String, Arc<Ready>>>,
}

/// A campaign at hand.
struct Ready {
    setup: Setup,
    base: Base,
    prices: Prices,
    updated_at: Timestamp,
    made_at: Timestamp,
}

impl RealTime {
    /// Decides for this workspace.
    pub fn new(ws: &Workspace) -> RealTime {
        RealTime { ws: ws.clone(), known: Mutex::new(HashMap::new()) }
    }

    /// Decides for one customer.
    ///
    /// # Errors
    /// Not found, when the customer or the campaign does not exist, or no campaign is approved.
    pub fn decide(&self, request: &Request) -> Result<Answer> {
        let now = self.ws.now();
        let (person, ready) = self.ws.store().read(|conn| {
            let customer = customers::by_external_id(conn, &request.customer)?;
            let person = people::one(&self.ws, conn, customer, now, None)?;
            Ok((person, self.ready(conn, request.campaign.as_deref(), now)?))
        })?;
        let decided = ready.iter().map(|ready| (ready, self.one(ready, &person, request, now)));
        // Of several campaigns the one whose best proposal is worth most at its prices.
        let best = decided.max_by(|(_, a), (_, b)| worth(a).total_cmp(&worth(b)));
        let (ready, decision) = best.ok_or_else(|| Error::not_found("no campaign is approved; approve one first"))?;
        let models = serde_json::to_string(&ready.setup.models)?;
        let rows = decisions::rows(None, &person.view, &decision, &models)?;
        self.ws.store().write(|conn| decisions::insert(conn, &rows))?;
        Ok(answer(&self.ws, &ready.setup, &person, &decision, rows.first().map_or(0, |row| row.id.0)))
    }

    fn one(&self, ready: &Ready, person: &Person, request: &Request, now: Timestamp) -> Decision {
        let setup = &ready.setup;
        let menu = Menu::new(
            setup.spec(),
            &setup.offers,
            self.ws.settings(),
            (&setup.response, setup.retention.as_ref()),
            ready.base.clone(),
        );
        let variants = setup.policy.assignment.variants(&person.view.external_id);
        let fallback = Arc::from(first_variant(&setup.templates));
        let variant = variants.first().map_or(&fallback, |(_, variant)| variant);
        let mut candidates = menu.candidates(person, Some(variant), now);
        if let Some(channel) = &request.channel {
            candidates = at_once(candidates, channel, now);
        }
        let seed = seed_of(&setup.campaign.name, &now.to_string());
        decide(&person.view, &candidates, &setup.policy, &ready.prices, seed, now)
    }

    /// The campaigns that may answer, read anew when they changed or grew old.
    fn ready(&self, conn: &mut Connection, name: Option<&str>, now: Timestamp) -> Result<Vec<Arc<Ready>>> {
        let all = match name {
            Some(name) => vec![campaigns::by_name(conn, name)?],
            None => campaigns::all(conn)?,
        };
        let mut ready = Vec::new();
        for campaign in all {
            if ![State::Approved.as_str(), State::Running.as_str()].contains(&campaign.state.as_str()) {
                if name.is_some() {
                    return Err(Error::conflict(format!(
                        "the campaign `{}` is {}; approve it first",
                        campaign.name, campaign.state
                    )));
                }
                continue;
            }
            let known =
                self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&campaign.name).cloned();
            let fresh =
                known.filter(|known| known.updated_at == campaign.updated_at && now.0 - known.made_at.0 < FRESH);
            ready.push(match fresh {
                Some(known) => known,
                None => self.make(conn, &campaign, now)?,
            });
        }
        Ok(ready)
    }

    fn make(&self, conn: &mut Connection, campaign: &campaigns::Campaign, now: Timestamp) -> Result<Arc<Ready>> {
        let setup = setup::load(&self.ws, conn, &campaign.name, "real time")?;
        let everyone = people::everyone(&self.ws, conn, now, None)?;
        let base = Base::of(&everyone, self.ws.settings(), setup.spec().conversion_days);
        let menu = Menu::new(
            setup.spec(),
            &setup.offers,
            self.ws.settings(),
            (&setup.response, setup.retention.as_ref()),
            base.clone(),
        );
        let last = campaigns::runs(conn, campaign.id)?.into_iter().find(|run| run.version == campaign.version);
        let prices = last.map(|run| decisions::prices(conn, run.id)).transpose()?.flatten();
        // Before the first run nothing is known to be scarce.
        let prices = prices.unwrap_or_else(|| Prices::free(menu.resources.clone()));
        let made = Arc::new(Ready { setup, base, prices, updated_at: campaign.updated_at, made_at: now });
        self.known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(campaign.name.clone(), made.clone());
        Ok(made)
    }
}

/// Net value of the best proposal that may be made, in ticks.
fn worth(decision: &Decision) -> f64 {
    decision.to_make().first().map_or(f64::NEG_INFINITY, |choice| choice.net)
}

/// The candidates of one channel, each offer once, now instead of at the channel's own hours.
fn at_once(candidates: Vec<Candidate>, channel: &str, now: Timestamp) -> Vec<Candidate> {
    let mut seen = std::collections::HashSet::new();
    candidates
        .into_iter()
        .filter(|candidate| &*candidate.treatment.channel == channel && seen.insert(candidate.treatment.offer))
        .map(|candidate| Candidate { slot: Slot { from: now, until: now.plus(HOUR) }, ..candidate })
        .collect()
}

fn answer(ws: &Workspace, setup: &Setup, person: &Person, decision: &Decision, id: i64) -> Answer {
    let locale = person.customer.locale.as_deref().unwrap_or(&ws.settings().locale);
    let proposal = |choice: &Choice| Proposal {
        offer: choice.treatment.offer_key.to_string(),
        title: setup
            .offers
            .iter()
            .find(|offer| offer.id == choice.treatment.offer)
            .map_or_else(String::new, |offer| offer.spec.title_in(locale).to_owned()),
        channel: choice.treatment.channel.to_string(),
        from: choice.slot.from,
        until: choice.slot.until,
        variant: choice.treatment.variant.as_deref().map(str::to_owned),
        net_value: choice.net / crate::decisions::candidate::TICKS,
        p_with: choice.p1,
        p_without: choice.p0,
    };
    Answer {
        decision: id,
        customer: person.customer.external_id.clone(),
        campaign: setup.campaign.name.clone(),
        decided_at: decision.decided_at,
        arm: decision.arm.name(),
        propensity: decision.propensity,
        proposals: decision.to_make().iter().map(proposal).collect(),
        why: decision.trace.words(ws.settings().currency),
    }
}
