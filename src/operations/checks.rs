//! The last look before sending: consent, suppression, contact policy and holdout once more, and what follows from a contact
//! that is made or not made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::campaigns::store as campaigns;
use crate::clock::{HOUR, Timestamp};
use crate::customers::{contact_ledger, store as customers};
use crate::decisions::{ContactRequest, DecisionPolicy, MessageClass, check_contact, reservation, store as decisions};
use crate::deliveries::outbox::claim::{ClaimCheck, Verdict};
use crate::deliveries::{Delivery, State};
use crate::error::Result;
use crate::experiments::store as experiments;
use crate::ids::CampaignRunId;
use crate::offers::store as offers;
use crate::operations::people::class_of;
use crate::operations::record::{OwnInteraction, append_own, interaction_change, state};
use crate::operations::webhooks::news;
use crate::operations::{Workspace, incoming, people, setup};
use crate::storage::Connection;

/// What the outbox asks before and after each message.
pub struct Checks {
    ws: Workspace,
    runs: Mutex<HashMap<CampaignRunId, Arc<Governing>>>,
}

/// What governs the messages of a run.
struct Governing {
    campaign: String,
    class: MessageClass,
    purpose: String,
    policy: DecisionPolicy,
    /// Variants that were stopped since.
    stopped: Vec<String>,
}

impl Checks {
    /// Checks for this workspace.
    pub fn new(ws: &Workspace) -> Checks {
        Checks { ws: ws.clone(), runs: Mutex::new(HashMap::new()) }
    }

    fn governing(&self, conn: &mut Connection, run: CampaignRunId) -> Result<Arc<Governing>> {
        if let Some(known) = self.runs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&run) {
            return Ok(known.clone());
        }
        let row = campaigns::run(conn, run)?;
        let campaign = campaigns::by_id(conn, row.campaign_id)?;
        let folder = campaigns::version(conn, row.campaign_id, row.version)?;
        let setup = setup::of_version(&self.ws, conn, campaign, folder, &row.occasion)?;
        let class = class_of(&setup.spec().class);
        let purpose = if class == MessageClass::Marketing { "marketing".into() } else { setup.spec().class.clone() };
        let stopped = match setup.spec().experiments.first() {
            Some(experiment) => experiments::settled(conn, setup.campaign.id, &experiment.name, &setup.varied.salt)?
                .into_iter()
                .filter(|settled| settled.kind == experiments::STOPPED)
                .map(|settled| settled.variant)
                .collect(),
            None => Vec::new(),
        };
        let made = Arc::new(Governing { campaign: setup.campaign.name, class, purpose, policy: setup.policy, stopped });
        self.runs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(run, made.clone());
        Ok(made)
    }
}

impl ClaimCheck for Checks {
    fn check(&self, conn: &mut Connection, delivery: &Delivery, now: Timestamp) -> Result<Verdict> {
        let lateness = self.ws.settings().mail.lateness_hours.map(|hours| i64::from(hours) * HOUR);
        if lateness.is_some_and(|most| now.0 - delivery.next_at.0 > most) {
            return Ok(Verdict::Suppressed("too_late".into()));
        }
        let governing = self.governing(conn, delivery.campaign_run_id)?;
        let Some(customer) = customers::by_id(conn, delivery.customer_id)? else {
            return Ok(Verdict::Suppressed("erased".into()));
        };
        if governing.policy.assignment.arm(&customer.external_id).is_holdout() {
            return Ok(Verdict::Suppressed("holdout".into()));
        }
        if !governing.stopped.is_empty() {
            let of = (delivery.campaign_run_id, delivery.customer_id, delivery.ordinal());
            let variant = decisions::variant_of(conn, of.0, of.1, of.2)?;
            if variant.is_some_and(|variant| governing.stopped.contains(&variant)) {
                return Ok(Verdict::Suppressed("variant_stopped".into()));
            }
        }
        if customer.address_for(&delivery.channel) != Some(delivery.address.as_str()) {
            return Ok(Verdict::Suppressed("address_changed".into()));
        }
        let person = people::one(&self.ws, conn, customer, now, Some(delivery.id))?;
        if person.view.profiling_objection && governing.class == MessageClass::Marketing {
            return Ok(Verdict::Suppressed("profiling_objection".into()));
        }
        let request =
            ContactRequest { channel: &delivery.channel, class: governing.class, purpose: &governing.purpose, at: now };
        Ok(match check_contact(&governing.policy.contact, &person.view.contact_facts(), &request, now) {
            crate::decisions::Verdict::Allowed => Verdict::Allowed,
            crate::decisions::Verdict::Refused(refusal) => Verdict::Suppressed(refusal.name().into()),
            // A rest that ends after the slot's day would bring yesterday's news; quiet hours end the same day.
            crate::decisions::Verdict::NotBefore(at, refusal) if at.0 - delivery.next_at.0 > crate::clock::DAY => {
                Verdict::Suppressed(refusal.name().into())
            }
            crate::decisions::Verdict::NotBefore(at, _) => Verdict::NotBefore(at),
        })
    }

    fn released(&self, conn: &mut Connection, delivery: &Delivery, end: State, now: Timestamp) -> Result<()> {
        news::delivered(conn, delivery, end, now)?;
        contact_ledger::settle(conn, delivery.id, contact_ledger::RELEASED, now)?;
        reservation::release_of_delivery(conn, delivery.id.0, now)?;
        match decisions::offer_of(conn, delivery.campaign_run_id, delivery.customer_id, delivery.ordinal())? {
            Some(offer) => offers::release(conn, offer, 1),
            None => Ok(()),
        }
    }

    fn refused(&self, conn: &mut Connection, delivery: &Delivery, text: &str, now: Timestamp) -> Result<()> {
        incoming::refused(conn, delivery, text, now)
    }

    fn held(&self, conn: &mut Connection, delivery: &Delivery, now: Timestamp) -> Result<()> {
        news::delivered(conn, delivery, State::Held, now)
    }

    fn sent(&self, conn: &mut Connection, delivery: &Delivery, now: Timestamp) -> Result<()> {
        news::delivered(conn, delivery, State::Sent, now)?;
        contact_ledger::settle(conn, delivery.id, contact_ledger::MADE, now)?;
        let campaign = self.governing(conn, delivery.campaign_run_id)?.campaign.clone();
        let sent = OwnInteraction {
            customer: delivery.customer_id,
            key: format!("delivery-{}", delivery.id),
            direction: "out",
            channel: &delivery.channel,
            reason: "campaign",
            outcome: "sent",
            cost: Some(delivery.cost.0),
            campaign: Some(&campaign),
            delivery: Some(delivery.id),
        };
        if !append_own(conn, &sent, now)? {
            return Ok(());
        }
        let settings = self.ws.settings();
        let change =
            interaction_change(settings, "campaign", &delivery.channel, Some("sent"), Some(delivery.cost), now);
        state::apply(conn, &[(delivery.customer_id, change)], now)
    }
}
