//! What could be done for a customer: a treatment in a slot, what it is worth and what it uses up.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::contact_policy::MessageClass;
use super::value::ValueTerms;
use crate::clock::Timestamp;
use crate::ids::OfferId;

/// Offer x channel x template x locale. Shared by all customers to whom it could be given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Treatment {
    /// The offer.
    pub offer: OfferId,
    /// The company's own key of the offer, for people.
    pub offer_key: Arc<str>,
    /// The channel.
    pub channel: Arc<str>,
    /// What the message is.
    pub class: MessageClass,
    /// The purpose whose consent it needs.
    pub purpose: Arc<str>,
    /// The template's variant, when an experiment varies it.
    pub variant: Option<Arc<str>>,
    /// The language.
    pub locale: Arc<str>,
    /// Whether the offer may be drawn at random; contract prices may not.
    pub explorable: bool,
}

impl std::fmt::Display for Treatment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} by {}", self.offer_key, self.channel)
    }
}

/// When the contact may be made: `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// From this instant on.
    pub from: Timestamp,
    /// Before this instant.
    pub until: Timestamp,
}

/// What one unit of a resource is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Money that is spent on contacts and redeemed discounts; counted in ticks.
    Budget,
    /// One piece of an offer's stock.
    Stock(Arc<str>),
    /// One contact through a channel.
    Channel(Arc<str>),
    /// One place in anything else that is limited, such as a segment's share.
    Place(Arc<str>),
    /// A promise to a group of customers: the capacity is minus the contacts that are promised, and each contact with one of them
    /// uses minus one, so that "no more than the capacity" reads "no fewer than promised".
    Promise(Arc<str>),
}

/// Something that all customers share and of which there is only so much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its name, unique in a run: `budget`, `stock:winback-10`, `channel:call`.
    pub name: Arc<str>,
    /// What one unit of it is.
    pub unit: Unit,
    /// How many units there are: ticks for [`Unit::Budget`], below 0 for [`Unit::Promise`].
    pub capacity: i64,
}

/// All resources of a run; candidates name them by position.
pub type Resources = Vec<Resource>;

/// What a candidate uses besides money. Shared between candidates; equal shapes are one kind of arm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Uses {
    /// Positions of the budgets that pay for it.
    pub budgets: Vec<u16>,
    /// Units of other resources: (position, units); below 0 where a contact keeps a promise.
    pub units: Vec<(u16, i32)>,
}

/// One thing that could be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// What is proposed and how.
    pub treatment: Arc<Treatment>,
    /// When.
    pub slot: Slot,
    /// P(convert in the window | this contact).
    pub p1: f64,
    /// P(convert in the window | no contact).
    pub p0: f64,
    /// The share of the customer's activity that falls into the hour in which the slot begins, 0 to 1.
    pub hour_share: f64,
    /// The other terms of its value, in minor units.
    pub terms: ValueTerms,
    /// Standard error of the later value among them: what is not known of who leaves for having been asked. It is the same mistake in
    /// all customers, so that these add up.
    pub after_error: f64,
    /// Expected spending, charged to each budget it uses, in minor units.
    pub spend: f64,
    /// What else it uses.
    pub uses: Arc<Uses>,
}

/// Ticks in a minor unit: 10,000 to a euro. Values and spending are compared and summed as whole ticks.
pub const TICKS: f64 = 100.0;

/// Minor units as ticks; `None` when they do not fit 32 bits (214,748 euros) or are not a number.
pub fn ticks(minor_units: f64) -> Option<i32> {
    let ticks = (minor_units * TICKS).round_ties_even();
    (ticks.abs() <= f64::from(i32::MAX)).then_some(ticks as i32)
}
