//! Starts a run: decides for everybody and writes decisions, deliveries, reserved contacts and stock in one transaction.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::campaigns::journey::store::Journey;
use crate::campaigns::store::{self, CampaignRun};
use crate::campaigns::{Action, RunState};
use crate::clock::Timestamp;
use crate::customers::{Contact, contact_ledger};
use crate::decisions::capacity::{self, Take};
use crate::decisions::exploration::amounts;
use crate::decisions::reservation::{self, Reservation};
use crate::decisions::review::{self, Review};
use crate::decisions::waterfall::Waterfall;
use crate::decisions::{Candidate, Choice, store as decisions};
use crate::deliveries::email::Sender;
use crate::deliveries::outbox::waiting::NEVER;
use crate::deliveries::{NewDelivery, outbox};
use crate::error::{Error, Fault, Kind, Result};
use crate::experiments::store as experiments;
use crate::ids::{self, CampaignId, CampaignRunId, DeliveryId, OfferId};
use crate::offers::codes;
use crate::offers::store::{self as offers, Offer};
use crate::operations::batch::{self, Batch};
use crate::operations::forecast::{Forecast, forecast};
use crate::operations::journeys;
use crate::operations::plan::{Proof, proof};
use crate::operations::setup::{self, Setup};
use crate::operations::variables::variables;
use crate::operations::variants::Part;
use crate::operations::webhooks::news;
use crate::operations::{Workspace, audit};
use crate::storage::Connection;

/// How often a run is written at most. The second time all that is counted is kept from others first; what is counted for the first time
/// at that very moment can still be missed.
const ATTEMPTS: usize = 5;

/// What a run decided.
#[derive(Debug, Clone, Serialize)]
pub struct Started {
    /// The run.
    pub run: CampaignRunId,
    /// The campaign.
    pub campaign: String,
    /// What it is the run of.
    pub occasion: String,
    /// The instant of the decisions.
    pub decided_at: Timestamp,
    /// Where the audience went.
    pub waterfall: Waterfall,
    /// What it will use and bring.
    pub forecast: Forecast,
    /// Value and proven bound.
    pub proof: Proof,
    /// What one more of each scarce thing would be worth.
    pub prices: Vec<String>,
    /// SHA-256 over the decisions in the order of the customers' own keys: the same data and occasion give the same.
    pub digest: String,
}

/// Starts a run for an occasion; without one, for this instant.
///
/// # Errors
/// Conflict, when the campaign is not approved, another run is going on, or the occasion has had its run.
pub fn start(ws: &Workspace, name: &str, occasion: Option<&str>, actor: &str) -> Result<Started> {
    refuse_rest(occasion)?;
    start_any(ws, name, occasion, actor)
}

/// The same for the rest after a test as well, whose occasion ends in `/rest`.
pub(super) fn start_any(ws: &Workspace, name: &str, occasion: Option<&str>, actor: &str) -> Result<Started> {
    let now = ws.now();
    let occasion = occasion.map_or_else(|| now.to_string(), str::to_owned);
    release_expired(ws)?;
    let (setup, batch) = ws.store().read(|conn| {
        let setup = setup::load(ws, conn, name, &occasion)?;
        setup.refuse_trigger()?;
        let batch = batch::decide(ws, conn, &setup, &occasion, now, None)?;
        Ok((setup, batch))
    })?;
    carry_out(ws, &setup, batch, &Cause { occasion: &occasion, actor, wave: None })
}

/// Starts a run of each of several campaigns, decided together: all of them, or none.
///
/// # Errors
/// As [`start`], of any of them.
pub fn start_together(ws: &Workspace, names: &[String], occasion: Option<&str>, actor: &str) -> Result<Vec<Started>> {
    refuse_rest(occasion)?;
    let now = ws.now();
    let occasion = occasion.map_or_else(|| now.to_string(), str::to_owned);
    release_expired(ws)?;
    let (setups, together) = ws.store().read(|conn| {
        let setups = setup::load_all(ws, conn, names, &occasion)?;
        let together = batch::decide_together(ws, conn, &setups, &occasion, now)?;
        Ok((setups, together))
    })?;
    let parts = setups.iter().zip(together.batches).collect();
    carry_out_all(ws, parts, &Cause { occasion: &occasion, actor, wave: None })
}

fn refuse_rest(occasion: Option<&str>) -> Result<()> {
    if occasion.is_some_and(|occasion| occasion.ends_with(store::REST)) {
        let fault = Fault::at("occasion", format!("must not end in `{}`: so ends the rest after a test", store::REST));
        return Err(Error::faults("the run cannot be started", vec![fault]));
    }
    Ok(())
}

/// Starts the run of a wave: of the clients whose step of a journey is due, of whom some move on without it.
///
/// # Errors
/// Conflict, when the campaign may not decide, or a journey has been moved on by somebody else.
pub(super) fn wave(ws: &Workspace, setup: &Setup, batch: Batch, occasion: &str, wave: &Wave<'_>) -> Result<Started> {
    carry_out(ws, setup, batch, &Cause { occasion, actor: "schedule", wave: Some(wave) })
}

/// The clients of a wave.
pub(super) struct Wave<'a> {
    /// The step that is due.
    pub step: i32,
    /// Their journeys.
    pub journeys: &'a [Journey],
    /// What follows for whom: the journey's next step at an instant counted from its contact, if there is one.
    pub wait: Option<i64>,
}

/// What a run is the run of, and who asked for it.
struct Cause<'a> {
    occasion: &'a str,
    actor: &'a str,
    wave: Option<&'a Wave<'a>>,
}

fn carry_out(ws: &Workspace, setup: &Setup, batch: Batch, cause: &Cause<'_>) -> Result<Started> {
    let mut started = carry_out_all(ws, vec![(setup, batch)], cause)?;
    started.pop().ok_or_else(|| Error::internal("a run that was carried out has started"))
}

fn carry_out_all(ws: &Workspace, mut parts: Vec<(&Setup, Batch)>, cause: &Cause<'_>) -> Result<Vec<Started>> {
    for attempt in 1.. {
        let written = ws.store().write(|conn| {
            if attempt > 1 {
                fit(conn, &mut parts)?;
            }
            let one = |(setup, batch): &(&Setup, Batch)| {
                let started = write(ws, conn, setup, batch, cause);
                // Of several it is said which.
                started.map_err(|error| if parts.len() > 1 { error.context(&setup.campaign.name) } else { error })
            };
            parts.iter().map(one).collect::<Result<Vec<_>>>()
        });
        match written {
            // Real time took something between deciding and writing: the contacts that add least give way. To decide for
            // everybody anew would take as long again, and find something taken again.
            Err(error)
                if error.kind() == Kind::Conflict
                    && error.message().contains(capacity::USED_UP)
                    && attempt < ATTEMPTS => {}
            other => return other,
        }
    }
    Err(Error::internal("the loop above returns"))
}

/// Fits runs into what is left, and keeps that from others until they are written. Locks are taken in the order in which everybody takes
/// them: what campaigns count, then stock.
fn fit(conn: &mut Connection, parts: &mut [(&Setup, Batch)]) -> Result<()> {
    let campaigns: BTreeSet<CampaignId> = parts.iter().map(|(setup, _)| setup.campaign.id).collect();
    for campaign in campaigns {
        capacity::hold(conn, campaign)?;
    }
    let mut wanted = BTreeMap::new();
    parts.iter().for_each(|(_, batch)| batch.stock_used(&mut wanted));
    offers::hold(conn, &wanted.into_keys().collect::<Vec<_>>())?;
    let mut pieces = BTreeMap::new();
    for (setup, batch) in parts {
        let mut left = batch::left_now(conn, setup, batch)?;
        batch.leave_stock(&mut left, &pieces);
        batch.fit(&left);
        batch.stock_used(&mut pieces);
    }
    Ok(())
}

fn write(ws: &Workspace, conn: &mut Connection, setup: &Setup, batch: &Batch, cause: &Cause<'_>) -> Result<Started> {
    let (actor, occasion) = (cause.actor, cause.occasion);
    let campaign = match cause.wave {
        None => store::act(conn, &setup.campaign, Action::Start, actor, batch.now)?,
        // Another wave may have begun or ended since: the version is what must be the same.
        Some(_) => {
            let known = store::by_id(conn, setup.campaign.id)?;
            if known.version != setup.campaign.version {
                return Err(Error::conflict("the campaign has a new version; look again"));
            }
            store::act(conn, &known, Action::Wave, actor, batch.now)?
        }
    };
    let run = CampaignRunId(ids::fresh(batch.now));
    let period = batch.counted_under(conn, setup)?.unwrap_or(run.0);
    let started = Started {
        run,
        campaign: campaign.name.clone(),
        occasion: occasion.to_owned(),
        decided_at: batch.now,
        waterfall: batch.result.waterfall.clone(),
        forecast: forecast(batch, &setup.response.uplift.realised),
        proof: proof(batch),
        prices: batch.result.prices.words(ws.settings().currency),
        digest: digest(batch),
    };
    store::insert_run(
        conn,
        &CampaignRun {
            id: run,
            campaign_id: campaign.id,
            version: campaign.version,
            occasion: occasion.to_owned(),
            seed: batch.seed.cast_signed(),
            state: RunState::Sending.as_str().into(),
            decided_at: batch.now,
            summary: serde_json::to_string(&started)?,
            started_at: batch.now,
            finished_at: None,
            measured_at: None,
            step: cause.wave.map(|wave| wave.step),
        },
    )?;
    if let Some(test) = setup.varied.test(&campaign, setup.spec(), run, occasion, batch.now) {
        experiments::insert_test(conn, &test)?;
    }
    if let Part::Rest(_, test) = setup.varied.part {
        experiments::begin_rest(conn, test, run)?;
    }
    experiments::insert_periods(conn, &setup.varied.periods(&campaign, setup.spec(), run, batch.now))?;
    reserve(conn, setup, batch, period)?;
    write_decisions(conn, setup, batch, run)?;
    write_deliveries(ws, conn, setup, batch, (run, cause.wave), period)?;
    match cause.wave {
        Some(wave) => journeys::move_on(conn, batch, wave, run)?,
        None => journeys::begin_with_run(conn, setup, batch, run)?,
    }
    decisions::insert_prices(conn, run, &batch.result, batch.now)?;
    audit::write(conn, actor, "campaign.run", &campaign.name, &format!("run {run}"), batch.now)?;
    Ok(started)
}

/// Gives back what answers in real time held that nobody reported on in time.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn release_expired(ws: &Workspace) -> Result<usize> {
    let now = ws.now();
    let mut released = 0;
    while ws.store().read_one(|conn| reservation::any_expired(conn, now))? {
        released += ws.store().write(|conn| reservation::expire(conn, now))?;
    }
    Ok(released)
}

/// Takes all that the contacts need, in the one order in which everybody takes it: the store refuses what is not there any more.
fn reserve(conn: &mut Connection, setup: &Setup, batch: &Batch, period: i64) -> Result<()> {
    let mut sums: BTreeMap<usize, (i64, i64, i64)> = BTreeMap::new();
    let mut pieces: BTreeMap<OfferId, i64> = BTreeMap::new();
    for (person, decision) in batch.candidates.iter().zip(&batch.result.decisions) {
        for choice in decision.to_make() {
            *pieces.entry(choice.treatment.offer).or_default() += 1;
            let used = amounts(&person.candidates[choice.candidate]);
            for (position, amount) in used.filter(|(position, _)| batch.scarce.is_counted(*position)) {
                let sum = sums.entry(position).or_default();
                *sum = (sum.0 + amount, sum.1 + 1, sum.2 + choice.value);
            }
        }
    }
    let scarce = &batch.scarce;
    let mut takes: Vec<_> = sums
        .into_iter()
        .map(|(position, (used, contacts, value))| (scarce.take(position, period, used), position, (contacts, value)))
        .collect();
    takes.sort_unstable();
    for (take, position, what_for) in takes {
        if !capacity::take(conn, setup.campaign.id, &take, what_for, scarce.most(position))? {
            return Err(capacity::used_up(&take.resource));
        }
    }
    for (offer, pieces) in pieces {
        offers::reserve(conn, offer, pieces)?;
    }
    Ok(())
}

fn write_decisions(conn: &mut Connection, setup: &Setup, batch: &Batch, run: CampaignRunId) -> Result<()> {
    let models = serde_json::to_string(&setup.models)?;
    let mut rows = Vec::new();
    for (person, decision) in batch.people.iter().zip(&batch.result.decisions) {
        rows.extend(decisions::rows(Some(run), &person.view, decision, &models)?);
        if rows.len() >= 1_000 {
            decisions::insert(conn, &rows)?;
            news::decided(conn, &setup.campaign.name, &rows)?;
            rows.clear();
        }
    }
    decisions::insert(conn, &rows)?;
    news::decided(conn, &setup.campaign.name, &rows)
}

fn write_deliveries(
    ws: &Workspace,
    conn: &mut Connection,
    setup: &Setup,
    batch: &Batch,
    (run, wave): (CampaignRunId, Option<&Wave<'_>>),
    period: i64,
) -> Result<()> {
    let version = setup.template_version();
    let (mut wanted, mut contacts, mut held, mut reviews) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let people = batch.people.iter().zip(&batch.candidates).zip(&batch.result.decisions);
    for ((person, seen), decision) in people {
        for (ordinal, choice) in decision.to_make().iter().enumerate() {
            let treatment = &choice.treatment;
            let address = person.customer.address_for(&treatment.channel);
            let address =
                address.ok_or_else(|| Error::internal("a contact was decided for a channel without address"))?;
            let offer = setup.offers.iter().find(|offer| offer.id == treatment.offer);
            let offer = offer.ok_or_else(|| Error::internal("a decision names an offer that the campaign does not"))?;
            let variant = setup.template_of(treatment.variant.as_deref());
            let mut delivery = NewDelivery {
                campaign_run_id: run,
                customer_id: person.customer.id,
                step: wave.map_or(0, |wave| wave.step),
                occasion: ordinal.to_string(),
                channel: treatment.channel.to_string(),
                address: address.to_owned(),
                next_at: if offer.spec.review { NEVER } else { choice.slot.from },
                template_version: version.clone(),
                variables: String::new(),
                cost: contact_cost(ws, setup, &treatment.channel),
            };
            let id = delivery.id(ws.id_key());
            let own = with_code(conn, offer, id, batch.now)?;
            held.extend(holding(setup, batch, &seen.candidates[choice.candidate], (id, choice, &own), period)?);
            delivery.variables =
                serde_json::to_string(&variables(setup, ws.settings(), person, &own, &variant, &treatment.channel))?;
            if offer.spec.review {
                reviews.push(Review {
                    id,
                    campaign_run_id: run,
                    customer_id: person.customer.id,
                    ordinal: ordinal as i32,
                    offer: offer.spec.name.clone(),
                    channel: treatment.channel.to_string(),
                    planned_for: choice.slot.from,
                    expires_at: setup.spec().window_end(choice.slot.from),
                    state: review::State::Waiting.as_str().into(),
                    reason: None,
                    decided_by: None,
                    decided_at: None,
                });
            }
            contacts.push(Contact {
                id: id.0,
                customer_id: person.customer.id,
                household: person.customer.household.clone(),
                channel: treatment.channel.to_string(),
                message_class: setup.spec().class.clone(),
                campaign_run_id: Some(run),
                delivery_id: Some(id),
                at: choice.slot.from,
                state: contact_ledger::RESERVED.into(),
            });
            wanted.push(delivery);
        }
    }
    let sender = Sender::parse(&ws.settings().sender, None)?;
    outbox::plan::plan(conn, ws.id_key(), ws.link_keys(), sender.domain(), batch.now, &wanted)?;
    reservation::insert(conn, &held)?;
    review::insert(conn, &reviews)?;
    contact_ledger::insert(conn, &contacts)
}

/// The offer as this customer gets it: with a code of its own where there is a list of them.
fn with_code<'a>(conn: &mut Connection, offer: &'a Offer, id: DeliveryId, now: Timestamp) -> Result<Cow<'a, Offer>> {
    if offer.codes.is_none() {
        return Ok(Cow::Borrowed(offer));
    }
    let code = codes::take(conn, offer.id, id.0, now)?;
    let mut own = offer.clone();
    own.spec.code = Some(code.ok_or_else(|| capacity::used_up(&format!("codes of {}", offer.spec.name)))?);
    Ok(Cow::Owned(own))
}

/// What a message holds besides its piece of stock, to be given back when it is not sent; none where that is nothing.
fn holding(
    setup: &Setup,
    batch: &Batch,
    candidate: &Candidate,
    (id, choice, own): (DeliveryId, &Choice, &Offer),
    period: i64,
) -> Result<Option<Reservation>> {
    let scarce = &batch.scarce;
    let takes = scarce.takes(candidate, period).into_iter();
    let takes: Vec<Take> = takes.filter(|(position, _)| !scarce.is_stock(*position)).map(|(_, take)| take).collect();
    let code = own.codes.and(own.spec.code.clone());
    if takes.is_empty() && code.is_none() {
        return Ok(None);
    }
    Ok(Some(Reservation {
        id: id.0,
        campaign_id: setup.campaign.id,
        offer_id: own.id,
        takes: serde_json::to_string(&takes)?,
        value: choice.value,
        code,
        state: reservation::HELD.into(),
        expires_at: Timestamp(i64::MAX),
    }))
}

fn contact_cost(ws: &Workspace, setup: &Setup, channel: &str) -> crate::money::Money {
    let named = setup.spec().channels.iter().find(|spec| spec.channel == channel).and_then(|spec| spec.cost);
    let rate = || ws.settings().activity_rates.get(channel).copied().map(crate::money::Money);
    named.or_else(rate).unwrap_or_default()
}

/// What was decided, in an order and form that depend on nothing but the decisions.
fn digest(batch: &Batch) -> String {
    use sha2::{Digest, Sha256};
    let mut lines: Vec<String> = batch
        .people
        .iter()
        .zip(&batch.result.decisions)
        .map(|(person, decision)| {
            let choices: Vec<String> = decision
                .to_make()
                .iter()
                .map(|choice| format!("{}|{}|{}|{}", choice.treatment, choice.slot.from.0, choice.value, choice.spend))
                .collect();
            let arm = decision.arm.name();
            format!("{}|{arm}|{:?}|{}", person.customer.external_id, decision.propensity, choices.join(";"))
        })
        .collect();
    lines.sort_unstable();
    crate::ids::hex(&Sha256::digest(lines.join("\n")))
}
