//! One message to one customer, as the outbox keeps it.

use diesel::prelude::*;

use super::state::State;
use crate::clock::Timestamp;
use crate::ids::{CampaignRunId, CustomerId, DeliveryId, IdKey};
use crate::money::Money;
use crate::storage::schema::delivery;

/// A row of the outbox; its variables stand in a table of their own. Address and variables are personal: they are shown to those who
/// may see the customer, and logged nowhere.
#[derive(Clone, Queryable, Insertable, PartialEq)]
#[diesel(table_name = delivery, treat_none_as_default_value = false)]
pub struct Delivery {
    /// The hash of run, customer, step and occasion.
    pub id: DeliveryId,
    /// The batch it belongs to.
    pub campaign_run_id: CampaignRunId,
    /// Whose message it is.
    pub customer_id: CustomerId,
    /// The step of the campaign, from 0.
    pub step: i32,
    /// What caused it: a trigger's id, or the contact's ordinal.
    pub occasion: String,
    /// The channel, which names the transport.
    pub channel: String,
    /// The mailbox, number or endpoint.
    pub address: String,
    /// Where it is.
    pub state: State,
    /// How often it was claimed. Together with the owner it fences a worker that has slept past its lease.
    pub attempt: i32,
    /// The worker that has it, or had it last.
    pub lease_owner: Option<String>,
    /// Until when that worker has it.
    pub lease_until: Timestamp,
    /// Not before this.
    pub next_at: Timestamp,
    /// The Message-ID, the same for every attempt.
    pub message_id: String,
    /// The templates it is rendered with.
    pub template_version: String,
    /// Why it is where it is.
    pub reason: Option<String>,
    /// The receiver's code.
    pub reply_code: Option<i32>,
    /// The receiver's words.
    pub reply_text: Option<String>,
    /// What the contact costs, in minor units.
    pub cost: Money,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Delivery {
    /// The ordinal of the contact among those of its run, 0 for a trigger; that of the first for a message sent again.
    pub fn ordinal(&self) -> i32 {
        self.occasion.split('/').next().and_then(|first| first.parse().ok()).unwrap_or(0)
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delivery({} {} attempt {})", self.id, self.state, self.attempt)
    }
}

/// What a decision asks the outbox to deliver.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery {
    /// The batch it belongs to.
    pub campaign_run_id: CampaignRunId,
    /// Whose message it is.
    pub customer_id: CustomerId,
    /// The step of the campaign, from 0.
    pub step: i32,
    /// What caused it: a trigger's id, or the contact's ordinal.
    pub occasion: String,
    /// The channel.
    pub channel: String,
    /// The mailbox, number or endpoint.
    pub address: String,
    /// Not before this.
    pub next_at: Timestamp,
    /// The templates it is rendered with.
    pub template_version: String,
    /// The frozen variables (JSON of `messages::Variables`).
    pub variables: String,
    /// What the contact costs.
    pub cost: Money,
}

impl NewDelivery {
    /// The id: the same four things always make the same delivery, so that planning twice plans once.
    pub fn id(&self, key: &IdKey) -> DeliveryId {
        let run = self.campaign_run_id.0.to_be_bytes();
        let customer = self.customer_id.0.to_be_bytes();
        let step = self.step.to_be_bytes();
        DeliveryId(key.hash63(b"delivery", &[&run, &customer, &step, self.occasion.as_bytes()]))
    }
}
