//! Starts a run: decides for everybody and writes decisions, deliveries, reserved contacts and stock in one transaction.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::campaigns::store::{self, CampaignRun};
use crate::campaigns::{Action, RunState};
use crate::clock::Timestamp;
use crate::customers::{Contact, contact_ledger};
use crate::decisions::store as decisions;
use crate::decisions::waterfall::Waterfall;
use crate::deliveries::email::Sender;
use crate::deliveries::{NewDelivery, outbox};
use crate::error::{Error, Kind, Result};
use crate::ids::{self, CampaignRunId, OfferId};
use crate::offers::store as offers;
use crate::operations::batch::{self, Batch};
use crate::operations::forecast::{Forecast, forecast};
use crate::operations::plan::{Proof, proof};
use crate::operations::setup::{self, Setup, first_variant};
use crate::operations::variables::variables;
use crate::operations::{Workspace, audit};
use crate::storage::Connection;

/// How often a run is decided anew because somebody else took stock in the meantime.
const ATTEMPTS: usize = 3;

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
    let now = ws.now();
    let occasion = occasion.map_or_else(|| now.to_string(), str::to_owned);
    for attempt in 1.. {
        let (setup, batch) = ws.store().read(|conn| {
            let setup = setup::load(ws, conn, name, &occasion)?;
            let batch = batch::decide(ws, conn, &setup, &occasion, now, None)?;
            Ok((setup, batch))
        })?;
        match ws.store().write(|conn| write(ws, conn, &setup, &batch, &occasion, actor)) {
            // Stock went to somebody else between deciding and writing: decide with what is left.
            Err(error) if error.kind() == Kind::Conflict && error.message().contains("stock") && attempt < ATTEMPTS => {
            }
            other => return other,
        }
    }
    Err(Error::internal("the loop above returns"))
}

fn write(
    ws: &Workspace,
    conn: &mut Connection,
    setup: &Setup,
    batch: &Batch,
    occasion: &str,
    actor: &str,
) -> Result<Started> {
    let campaign = store::act(conn, &setup.campaign, Action::Start, actor, batch.now)?;
    let run = CampaignRunId(ids::fresh(batch.now));
    let started = Started {
        run,
        campaign: campaign.name.clone(),
        occasion: occasion.to_owned(),
        decided_at: batch.now,
        waterfall: batch.result.waterfall.clone(),
        forecast: forecast(&batch, &setup.response.uplift.realised),
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
        },
    )?;
    reserve_stock(conn, batch)?;
    write_decisions(conn, setup, batch, run)?;
    write_deliveries(ws, conn, setup, batch, run)?;
    decisions::insert_prices(conn, run, &batch.result, batch.now)?;
    audit::write(conn, actor, "campaign.run", &campaign.name, &format!("run {run}"), batch.now)?;
    Ok(started)
}

fn reserve_stock(conn: &mut Connection, batch: &Batch) -> Result<()> {
    let mut pieces: BTreeMap<OfferId, i64> = BTreeMap::new();
    for choice in batch.result.decisions.iter().flat_map(|decision| decision.to_make()) {
        *pieces.entry(choice.treatment.offer).or_default() += 1;
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
            rows.clear();
        }
    }
    decisions::insert(conn, &rows)?;
    Ok(())
}

fn write_deliveries(
    ws: &Workspace,
    conn: &mut Connection,
    setup: &Setup,
    batch: &Batch,
    run: CampaignRunId,
) -> Result<()> {
    let version = setup.template_version();
    let (mut wanted, mut contacts) = (Vec::new(), Vec::new());
    for (person, decision) in batch.people.iter().zip(&batch.result.decisions) {
        for (ordinal, choice) in decision.to_make().iter().enumerate() {
            let treatment = &choice.treatment;
            let address = person.customer.address_for(&treatment.channel);
            let address =
                address.ok_or_else(|| Error::internal("a contact was decided for a channel without address"))?;
            let offer = setup.offers.iter().find(|offer| offer.id == treatment.offer);
            let offer = offer.ok_or_else(|| Error::internal("a decision names an offer that the campaign does not"))?;
            let variant = treatment.variant.as_deref().map_or_else(|| first_variant(&setup.templates), str::to_owned);
            let delivery = NewDelivery {
                campaign_run_id: run,
                customer_id: person.customer.id,
                step: 0,
                occasion: ordinal.to_string(),
                channel: treatment.channel.to_string(),
                address: address.to_owned(),
                next_at: choice.slot.from,
                template_version: version.clone(),
                variables: serde_json::to_string(&variables(setup, ws.settings(), person, offer, &variant))?,
                cost: contact_cost(ws, setup, &treatment.channel),
            };
            contacts.push(Contact {
                id: delivery.id(ws.id_key()).0,
                customer_id: person.customer.id,
                household: person.customer.household.clone(),
                channel: treatment.channel.to_string(),
                message_class: setup.spec().class.clone(),
                campaign_run_id: Some(run),
                delivery_id: Some(delivery.id(ws.id_key())),
                at: choice.slot.from,
                state: contact_ledger::RESERVED.into(),
            });
            wanted.push(delivery);
        }
    }
    let sender = Sender::parse(&ws.settings().sender, None)?;
    outbox::plan::plan(conn, ws.id_key(), ws.link_keys(), sender.domain(), batch.now, &wanted)?;
    contact_ledger::insert(conn, &contacts)
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
    Sha256::digest(lines.join("\n")).iter().map(|byte| format!("{byte:02x}")).collect()
}
