//! Customers as the decision sees them: profile, serving row, consent, suppression and contact ledger joined, in the order of
//! their ids.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::clock::{self, DAY, Timestamp};
use crate::customers::{self, Customer, CustomerState, contact_ledger, store, suppression};
use crate::decisions::{Consent, Contact, CustomerView, MessageClass};
use crate::error::Result;
use crate::ids::{CampaignRunId, CustomerId, DeliveryId};
use crate::models::timing::Profile;
use crate::operations::segments::Memberships;
use crate::operations::{Workspace, facts};
use crate::rules::{Row, Value};
use crate::segments::rule::store as rules;
use crate::segments::uploaded::store as uploaded;
use crate::storage::Connection;

/// How far back contacts count; longer than any cap's window in use.
pub(super) const LEDGER_DAYS: i64 = 92;
/// Customers read at once.
const PAGE: i64 = 5_000;

/// One customer with everything a decision and a message need.
#[derive(Debug, Clone)]
pub struct Person {
    /// The profile.
    pub customer: Customer,
    /// The serving row.
    pub state: Option<CustomerState>,
    /// When in their own week they are active.
    pub hours: Profile,
    /// What the decision reads.
    pub view: CustomerView,
}

impl Person {
    /// The segment that a model found, where it is known.
    pub fn segment(&self) -> Option<&str> {
        self.state.as_ref().and_then(|state| state.segment.as_deref())
    }
}

/// Reads these customers, in the order of their ids; those who are not known any more are left out.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn these(ws: &Workspace, conn: &mut Connection, ids: &[CustomerId], now: Timestamp) -> Result<Vec<Person>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut people = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(customer) = store::by_id(conn, id)? {
            people.push(one(ws, conn, customer, now, None)?);
        }
    }
    Ok(people)
}

/// Reads every customer. Contacts that `except` reserved are left out: a run that is taken up again must decide as it did.
pub fn everyone(
    ws: &Workspace,
    conn: &mut Connection,
    now: Timestamp,
    except: Option<CampaignRunId>,
) -> Result<Vec<Person>> {
    let suppressed = suppression::all(conn)?;
    let ledger = Ledger::read(conn, now.plus(-LEDGER_DAYS * DAY), except)?;
    let memberships = Memberships::of_all(conn)?;
    let mut zones = Zones::new(ws)?;
    let mut people = Vec::new();
    let mut after = None;
    loop {
        let page = store::page(conn, after, PAGE)?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
        let (first, last) = (first.id, last.id);
        let mut states: HashMap<CustomerId, CustomerState> =
            store::states_between(conn, first, last)?.into_iter().map(|state| (state.customer_id, state)).collect();
        let mut consents: HashMap<CustomerId, Vec<customers::Consent>> = HashMap::new();
        for consent in store::consents_between(conn, first, last)? {
            consents.entry(consent.customer_id).or_default().push(consent);
        }
        for customer in page {
            let state = states.remove(&customer.id);
            let consents = consents.remove(&customer.id).unwrap_or_default();
            let segments = memberships.of(customer.id);
            let blocked = blocked(&customer, |channel, address| {
                suppressed.contains(&(channel.to_owned(), suppression::address_hash(channel, address)))
            });
            people.push(person(ws, customer, state, segments, &consents, blocked, &ledger, &mut zones));
        }
        after = Some(last);
    }
    Ok(people)
}

/// Reads one customer, for real time and for the moment of sending; the contact that `except` itself reserved does not count.
pub fn one(
    ws: &Workspace,
    conn: &mut Connection,
    customer: Customer,
    now: Timestamp,
    except: Option<DeliveryId>,
) -> Result<Person> {
    let state = store::state_of(conn, customer.id)?;
    let consents = store::consents_of(conn, customer.id)?;
    let hash =
        |channel| customer.address_for(channel).map_or_else(String::new, |of| suppression::address_hash(channel, of));
    let listed = suppression::among(conn, &CHANNELS.map(|channel| (channel, hash(channel))))?;
    let blocked = blocked(&customer, |channel, _| listed.iter().any(|listed| listed == channel));
    let mut ledger = Ledger::default();
    for contact in contact_ledger::of_customer(conn, customer.id, now.plus(-LEDGER_DAYS * DAY))? {
        if except.is_none() || contact.delivery_id != except {
            ledger.add(contact);
        }
    }
    if let Some(household) = &customer.household {
        for contact in contact_ledger::of_household(conn, household, now.plus(-LEDGER_DAYS * DAY))? {
            ledger.add_to_household(contact);
        }
    }
    let of_models = crate::segments::of_customer(conn, customer.id)?.into_iter();
    let of_models = of_models.map(|(segmentation, code)| format!("{segmentation}/{code}"));
    let of_lists = uploaded::of_customer(conn, customer.id)?.into_iter();
    let segments = rules::of_customer(conn, customer.id)?.into_iter();
    let segments = segments.chain(of_lists).chain(of_models).map(Arc::from).collect();
    let mut zones = Zones::new(ws)?;
    Ok(person(ws, customer, state, segments, &consents, blocked, &ledger, &mut zones))
}

/// Reads customers as the last look before sending sees them, each without the contact that its own delivery reserved; in the order given.
/// Consent, suppression, contacts and service are as [`one`] reads them; of segments, which no contact policy asks for, there are none.
pub fn written_to(
    ws: &Workspace,
    conn: &mut Connection,
    customers: &[(Customer, DeliveryId)],
    now: Timestamp,
) -> Result<Vec<Person>> {
    let ids: Vec<CustomerId> = customers.iter().map(|(customer, _)| customer.id).collect();
    let states = store::states_of_each(conn, &ids)?.into_iter();
    let states: HashMap<CustomerId, CustomerState> = states.map(|state| (state.customer_id, state)).collect();
    let mut consents: HashMap<CustomerId, Vec<customers::Consent>> = HashMap::new();
    for consent in store::consents_of_each(conn, &ids)? {
        consents.entry(consent.customer_id).or_default().push(consent);
    }
    let mut suppressed = HashSet::new();
    for channel in CHANNELS {
        let addresses = customers.iter().filter_map(|(customer, _)| customer.address_for(channel));
        let hashes: Vec<String> = addresses.map(|address| suppression::address_hash(channel, address)).collect();
        if !hashes.is_empty() {
            let listed = suppression::listed(conn, channel, &hashes)?;
            suppressed.extend(listed.into_iter().map(|hash| (channel, hash)));
        }
    }
    let since = now.plus(-LEDGER_DAYS * DAY);
    let mut own: HashMap<CustomerId, Vec<customers::Contact>> = HashMap::new();
    for contact in contact_ledger::of_customers(conn, &ids, since)? {
        own.entry(contact.customer_id).or_default().push(contact);
    }
    let households: BTreeSet<&str> = customers.iter().filter_map(|(of, _)| of.household.as_deref()).collect();
    let mut others: HashMap<String, Vec<customers::Contact>> = HashMap::new();
    if !households.is_empty() {
        let households: Vec<&str> = households.into_iter().collect();
        for contact in contact_ledger::of_households(conn, &households, since)? {
            others.entry(contact.household.clone().unwrap_or_default()).or_default().push(contact);
        }
    }
    let mut zones = Zones::new(ws)?;
    let person = |(customer, except): &(Customer, DeliveryId)| {
        let mut ledger = Ledger::default();
        let theirs = own.get(&customer.id).into_iter().flatten();
        theirs.filter(|contact| contact.delivery_id != Some(*except)).for_each(|contact| ledger.add(contact.clone()));
        let household = customer.household.as_ref().and_then(|household| others.get(household));
        household.into_iter().flatten().for_each(|contact| ledger.add_to_household(contact.clone()));
        let consents = consents.get(&customer.id).map(Vec::as_slice).unwrap_or_default();
        let blocked = blocked(customer, |channel, address| {
            suppressed.iter().any(|(of, hash)| *of == channel && *hash == suppression::address_hash(channel, address))
        });
        let state = states.get(&customer.id).cloned();
        person(ws, customer.clone(), state, Vec::new(), consents, blocked, &ledger, &mut zones)
    };
    Ok(customers.iter().map(person).collect())
}

/// Channels that have an address of their own, so that an address can be suppressed.
pub const CHANNELS: [&str; 4] = ["email", "sms", "call", "letter"];

/// Channels that cannot be used: those whose address is `listed`, and those without one.
fn blocked(customer: &Customer, listed: impl Fn(&str, &str) -> bool) -> Vec<Arc<str>> {
    let is = |channel: &&str| customer.address_for(channel).is_none_or(|address| listed(channel, address));
    CHANNELS.into_iter().filter(is).map(Arc::from).collect()
}

#[allow(clippy::too_many_arguments, reason = "each is one of the things that are joined")]
fn person(
    ws: &Workspace,
    customer: Customer,
    state: Option<CustomerState>,
    segments: Vec<Arc<str>>,
    consents: &[customers::Consent],
    blocked: Vec<Arc<str>>,
    ledger: &Ledger,
    zones: &mut Zones,
) -> Person {
    let minor_units = ws.settings().currency.minor_units() as f64;
    let facts = facts::of(&customer, state.as_ref(), segments, minor_units);
    let known = |name: &str| match facts.get(name) {
        Some(Value::Number(days)) if state.is_some() => Some(days).filter(|days| *days > 0.0),
        _ => None,
    };
    let scored = state.as_ref().and_then(|state| state.scored_at);
    let days_before_scoring = |name: &str| Some(Timestamp(scored?.0 - (known(name)? * DAY as f64) as i64));
    let view = CustomerView {
        customer_id: customer.id,
        external_id: customer.external_id.as_str().into(),
        zone: zones.of(customer.zone.as_deref()),
        consents: consents
            .iter()
            .map(|consent| Consent {
                channel: consent.channel.as_str().into(),
                purpose: consent.purpose.as_str().into(),
                granted: consent.granted,
            })
            .collect(),
        suppressed: blocked,
        contacts: Some(ledger.of(customer.id)),
        household: None,
        household_contacts: ledger.of_others(customer.household.as_deref(), customer.id),
        open_complaints: state.as_ref().map(|state| u32::try_from(state.open_complaints).unwrap_or(u32::MAX)),
        last_purchase: state.as_ref().and_then(|state| state.last_order_at),
        last_return: days_before_scoring("days_since_return"),
        last_complaint: days_before_scoring("days_since_complaint"),
        profiling_objection: customer.profiling_objection,
        state_at: state.as_ref().map(|state| state.updated_at),
        facts,
    };
    let hours = state.as_ref().map(|state| Profile::parse(&state.active_hours)).unwrap_or_default();
    Person { customer, state, hours, view }
}

/// Contacts by customer and by household.
#[derive(Default)]
struct Ledger {
    by_customer: HashMap<CustomerId, Vec<Contact>>,
    by_household: BTreeMap<String, Vec<(CustomerId, Contact)>>,
}

impl Ledger {
    fn read(conn: &mut Connection, since: Timestamp, except: Option<CampaignRunId>) -> Result<Ledger> {
        let mut ledger = Ledger::default();
        for contact in contact_ledger::since(conn, since)? {
            if except.is_none() || contact.campaign_run_id != except {
                ledger.add_to_household(contact.clone());
                ledger.add(contact);
            }
        }
        Ok(ledger)
    }

    fn add(&mut self, contact: customers::Contact) {
        self.by_customer.entry(contact.customer_id).or_default().push(as_seen(&contact));
    }

    fn add_to_household(&mut self, contact: customers::Contact) {
        if let Some(household) = &contact.household {
            let seen = as_seen(&contact);
            self.by_household.entry(household.clone()).or_default().push((contact.customer_id, seen));
        }
    }

    fn of(&self, customer: CustomerId) -> Vec<Contact> {
        self.by_customer.get(&customer).cloned().unwrap_or_default()
    }

    fn of_others(&self, household: Option<&str>, customer: CustomerId) -> Vec<Contact> {
        let members = household.and_then(|household| self.by_household.get(household));
        members
            .into_iter()
            .flatten()
            .filter(|(member, _)| *member != customer)
            .map(|(_, contact)| contact.clone())
            .collect()
    }
}

fn as_seen(contact: &customers::Contact) -> Contact {
    Contact { channel: contact.channel.as_str().into(), class: class_of(&contact.message_class), at: contact.at }
}

/// The class of a message by its name; an unknown one counts as marketing, the strictest.
pub fn class_of(name: &str) -> MessageClass {
    match name {
        "service" => MessageClass::Service,
        "transactional" => MessageClass::Transactional,
        _ => MessageClass::Marketing,
    }
}

/// Zones by name; a customer without a known one has the workspace's.
struct Zones {
    fallback: jiff::tz::TimeZone,
    known: HashMap<String, jiff::tz::TimeZone>,
}

impl Zones {
    fn new(ws: &Workspace) -> Result<Zones> {
        Ok(Zones { fallback: clock::zone(&ws.settings().zone)?, known: HashMap::new() })
    }

    fn of(&mut self, name: Option<&str>) -> jiff::tz::TimeZone {
        let Some(name) = name else { return self.fallback.clone() };
        if let Some(zone) = self.known.get(name) {
            return zone.clone();
        }
        let zone = clock::zone(name).unwrap_or_else(|_| self.fallback.clone());
        self.known.insert(name.to_owned(), zone.clone());
        zone
    }
}
