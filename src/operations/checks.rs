//! The last look before sending: consent, suppression, contact policy and holdout once more, and what follows from a contact
//! that is made or not made.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::campaigns::store as campaigns;
use crate::clock::{HOUR, Timestamp};
use crate::customers::{Customer, contact_ledger, store as customers};
use crate::decisions::{ContactRequest, DecisionPolicy, MessageClass, check_contact, reservation, store as decisions};
use crate::deliveries::outbox::claim::{ClaimCheck, Then, Verdict};
use crate::deliveries::{Delivery, State};
use crate::error::Result;
use crate::experiments::store as experiments;
use crate::ids::{CampaignRunId, CustomerId, DeliveryId};
use crate::offers::store as offers;
use crate::operations::people::{Person, class_of};
use crate::operations::record::{OwnInteraction, append_own, interaction_change, state};
use crate::operations::webhooks::news;
use crate::operations::{Workspace, incoming, people, setup};
use crate::storage::Connection;
use crate::webhooks::Wanted;

/// What the outbox asks before and after each message.
pub struct Checks {
    ws: Workspace,
    runs: Mutex<HashMap<CampaignRunId, Arc<Governing>>>,
    /// What webhooks wanted when messages were last looked at: asked once for all of a claim, since sent messages are many.
    wanted: Mutex<Option<Arc<Wanted>>>,
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
        Checks { ws: ws.clone(), runs: Mutex::default(), wanted: Mutex::default() }
    }

    fn wanted(&self, conn: &mut Connection) -> Result<Arc<Wanted>> {
        if let Some(known) = &*self.wanted.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(known.clone());
        }
        self.ask_wanted(conn)
    }

    fn ask_wanted(&self, conn: &mut Connection) -> Result<Arc<Wanted>> {
        let wanted = Arc::new(Wanted::read(conn)?);
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some(wanted.clone());
        Ok(wanted)
    }

    fn governing(&self, conn: &mut Connection, run: CampaignRunId) -> Result<Arc<Governing>> {
        if let Some(known) = self.runs.lock().unwrap_or_else(PoisonError::into_inner).get(&run) {
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
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).insert(run, made.clone());
        Ok(made)
    }

    /// What is to be said of a delivery before anything about its customer is read.
    fn of_itself(&self, delivery: &Delivery, now: Timestamp) -> Option<Verdict> {
        let lateness = self.ws.settings().mail.lateness_hours.map(|hours| i64::from(hours) * HOUR);
        let late = lateness.is_some_and(|most| now.0 - delivery.next_at.0 > most);
        late.then(|| Verdict::Suppressed("too_late".into()))
    }

    /// What is to be said of a delivery to a customer as read just now.
    fn of_person(
        &self,
        conn: &mut Connection,
        delivery: &Delivery,
        person: &Person,
        governing: &Governing,
        now: Timestamp,
    ) -> Result<Verdict> {
        let customer = &person.customer;
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
}

/// What is read of the customers of several deliveries in one go, and what has changed since.
struct Read {
    people: HashMap<DeliveryId, Person>,
    /// Whose contact was released since.
    released: HashSet<CustomerId>,
    /// Their households.
    households: HashSet<String>,
}

impl Read {
    fn of(ws: &Workspace, conn: &mut Connection, deliveries: &[Delivery], now: Timestamp) -> Result<Read> {
        let ids: BTreeSet<CustomerId> = deliveries.iter().map(|delivery| delivery.customer_id).collect();
        let known = customers::by_ids(conn, &ids.into_iter().collect::<Vec<_>>())?.into_iter();
        let known: HashMap<CustomerId, Customer> = known.map(|customer| (customer.id, customer)).collect();
        let whom = |delivery: &Delivery| Some((known.get(&delivery.customer_id)?.clone(), delivery.id));
        let whom: Vec<(Customer, DeliveryId)> = deliveries.iter().filter_map(whom).collect();
        let people = people::written_to(ws, conn, &whom, now)?.into_iter();
        let people = whom.iter().map(|(_, delivery)| *delivery).zip(people).collect();
        Ok(Read { people, released: HashSet::new(), households: HashSet::new() })
    }

    /// The customer of a delivery, read anew where a contact was released since; `None` when there is none.
    fn person(&self, ws: &Workspace, conn: &mut Connection, of: &Delivery, now: Timestamp) -> Result<Option<Person>> {
        let Some(person) = self.people.get(&of.id) else { return Ok(None) };
        let household = person.customer.household.as_ref();
        if self.released.contains(&of.customer_id) || household.is_some_and(|of| self.households.contains(of)) {
            return people::one(ws, conn, person.customer.clone(), now, Some(of.id)).map(Some);
        }
        Ok(Some(person.clone()))
    }

    fn release(&mut self, person: Person) {
        self.released.insert(person.customer.id);
        self.households.extend(person.customer.household);
    }
}

impl ClaimCheck for Checks {
    fn check(&self, conn: &mut Connection, deliveries: &[Delivery], now: Timestamp, then: Then<'_>) -> Result<()> {
        self.ask_wanted(conn)?;
        let mut read = Read::of(&self.ws, conn, deliveries, now)?;
        for delivery in deliveries {
            let governing = self.governing(conn, delivery.campaign_run_id)?;
            let person = read.person(&self.ws, conn, delivery, now)?;
            let verdict = match (self.of_itself(delivery, now), &person) {
                (Some(verdict), _) => verdict,
                (None, None) => Verdict::Suppressed("erased".into()),
                (None, Some(person)) => self.of_person(conn, delivery, person, &governing, now)?,
            };
            if let (Verdict::Suppressed(_), Some(person)) = (&verdict, person) {
                read.release(person);
            }
            then(conn, delivery, verdict)?;
        }
        Ok(())
    }

    fn released(&self, conn: &mut Connection, delivery: &Delivery, end: State, now: Timestamp) -> Result<()> {
        let wanted = self.wanted(conn)?;
        news::delivered(conn, &wanted, &[delivery], end, now)?;
        contact_ledger::settle(conn, &[delivery.id], contact_ledger::RELEASED, now)?;
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
        let wanted = self.wanted(conn)?;
        news::delivered(conn, &wanted, &[delivery], State::Held, now)
    }

    fn sent(&self, conn: &mut Connection, deliveries: &[&Delivery], now: Timestamp) -> Result<()> {
        let wanted = self.wanted(conn)?;
        news::delivered(conn, &wanted, deliveries, State::Sent, now)?;
        let ids: Vec<DeliveryId> = deliveries.iter().map(|delivery| delivery.id).collect();
        contact_ledger::settle(conn, &ids, contact_ledger::MADE, now)?;
        let of_run = |delivery: &&Delivery| self.governing(conn, delivery.campaign_run_id);
        let governing: Vec<Arc<Governing>> = deliveries.iter().map(of_run).collect::<Result<_>>()?;
        let contacts: Vec<OwnInteraction<'_>> =
            deliveries.iter().zip(&governing).map(|(delivery, governing)| contact(delivery, governing)).collect();
        let new = append_own(conn, &contacts, now)?;
        let settings = self.ws.settings();
        let change = |delivery: &Delivery| {
            interaction_change(settings, "campaign", &delivery.channel, Some("sent"), Some(delivery.cost), now)
        };
        let new = deliveries.iter().zip(new).filter(|(_, new)| *new);
        let changes: Vec<_> = new.map(|(delivery, _)| (delivery.customer_id, change(delivery))).collect();
        state::apply(conn, &changes, now)
    }
}

/// The contact that a message is, for the customer's history.
fn contact<'a>(delivery: &'a Delivery, governing: &'a Governing) -> OwnInteraction<'a> {
    OwnInteraction {
        customer: delivery.customer_id,
        key: format!("delivery-{}", delivery.id),
        direction: "out",
        channel: &delivery.channel,
        reason: "campaign",
        outcome: "sent",
        cost: Some(delivery.cost.0),
        campaign: Some(&governing.campaign),
        delivery: Some(delivery.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{DAY, ManualClock};
    use crate::customers::{Consent, Contact, CustomerState, suppression};
    use crate::operations::Options;
    use crate::random::Stream;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    fn workspace() -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        let ws = Workspace::open(folder.path(), None, Arc::new(ManualClock::new(NOW)), Options::default()).unwrap();
        (folder, ws)
    }

    fn customer(id: i64, household: Option<String>) -> Customer {
        let known = Customer::unknown(CustomerId(id), &format!("C{id}"), NOW);
        Customer { email: Some(format!("c{id}@example.org")), household, ..known }
    }

    fn delivery(id: i64, customer: i64) -> Delivery {
        let row = crate::deliveries::email::tests::row("x@example.org");
        Delivery { id: DeliveryId(id), customer_id: CustomerId(customer), ..row }
    }

    fn contact(id: i64, of: &Customer, state: &str, at: Timestamp) -> Contact {
        Contact {
            id,
            customer_id: of.id,
            household: of.household.clone(),
            channel: "email".into(),
            message_class: "marketing".into(),
            campaign_run_id: None,
            delivery_id: Some(DeliveryId(id)),
            at,
            state: state.into(),
        }
    }

    #[test]
    fn many_are_read_as_each_is_read_alone() {
        let (_folder, ws) = workspace();
        let mut stream = Stream::new(5, "people");
        let mut draw = |n: usize| stream.below(n);
        let people: Vec<Customer> = (0..60)
            .map(|id| {
                let household = (draw(3) > 0).then(|| format!("H{}", draw(12)));
                let phone = (draw(2) == 0).then(|| format!("+359 2 {id}"));
                let zone = (draw(2) == 0).then(|| "Europe/Sofia".to_owned());
                Customer { phone, zone, profiling_objection: draw(5) == 0, ..customer(id, household) }
            })
            .collect();
        let mut deliveries = Vec::new();
        ws.store()
            .write(|conn| {
                customers::upsert(conn, &people)?;
                for person in &people {
                    let mut consents = Vec::new();
                    for (channel, purpose) in [("email", "marketing"), ("sms", "marketing"), ("email", "service")] {
                        if draw(3) > 0 {
                            consents.push(Consent {
                                customer_id: person.id,
                                channel: channel.into(),
                                purpose: purpose.into(),
                                granted: draw(2) == 0,
                                legal_basis: "consent".into(),
                                source: "test".into(),
                                recorded_at: NOW,
                            });
                        }
                    }
                    customers::record_consents(conn, &consents)?;
                    for channel in ["email", "sms"].into_iter().filter(|_| draw(5) == 0) {
                        let Some(address) = person.address_for(channel) else { continue };
                        let address_hash = suppression::address_hash(channel, address);
                        let (channel, reason) = (channel.into(), "bounce".into());
                        let listed = suppression::Suppression { channel, address_hash, reason, created_at: NOW };
                        suppression::suppress(conn, &[listed])?;
                    }
                    if draw(6) > 0 {
                        let last_order_at = (draw(2) == 0).then(|| NOW.plus(-(draw(90) as i64) * DAY));
                        let open_complaints = i64::from(draw(4) == 0);
                        let state = CustomerState::empty(person.id, NOW);
                        customers::put_states(conn, &[CustomerState { last_order_at, open_complaints, ..state }])?;
                    }
                    for n in 0..draw(4) as i64 {
                        let id = person.id.0 * 10 + n;
                        let state = ["reserved", "made", "released"][draw(3)];
                        let at = NOW.plus(-(draw(120) as i64) * DAY);
                        contact_ledger::insert(conn, &[contact(id, person, state, at)])?;
                        // Several of one customer, too.
                        deliveries.push(delivery(id, person.id.0));
                    }
                    deliveries.push(delivery(person.id.0 * 10 + 9, person.id.0));
                }
                deliveries.push(delivery(9_999, 9_999));
                Ok(())
            })
            .unwrap();
        ws.store()
            .read(|conn| {
                let read = Read::of(&ws, conn, &deliveries, NOW)?;
                for row in &deliveries {
                    let found = read.person(&ws, conn, row, NOW)?;
                    let Some(customer) = customers::by_id(conn, row.customer_id)? else {
                        assert!(found.is_none());
                        continue;
                    };
                    let (found, alone) = (found.unwrap(), people::one(&ws, conn, customer, NOW, Some(row.id))?);
                    let facts = |person: &Person| format!("{:?}", person.view.contact_facts());
                    assert_eq!(facts(&found), facts(&alone), "{}", row.id);
                    assert_eq!((found.customer, found.state), (alone.customer, alone.state));
                    assert_eq!(found.view.profiling_objection, alone.view.profiling_objection);
                }
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_contact_that_is_released_no_longer_counts_for_the_next_of_the_household() {
        let (_folder, ws) = workspace();
        let people = [1, 2].map(|id| customer(id, Some("H".into())));
        let deliveries = [delivery(10, 1), delivery(20, 2)];
        ws.store()
            .write(|conn| {
                customers::upsert(conn, &people)?;
                contact_ledger::insert(conn, &[contact(10, &people[0], contact_ledger::RESERVED, NOW)])?;
                let mut read = Read::of(&ws, conn, &deliveries, NOW)?;
                let of_others = |read: &Read, conn: &mut Connection| -> Result<usize> {
                    Ok(read.person(&ws, conn, &deliveries[1], NOW)?.unwrap().view.household_contacts.len())
                };
                assert_eq!(of_others(&read, conn)?, 1);
                let first = read.person(&ws, conn, &deliveries[0], NOW)?.unwrap();
                contact_ledger::settle(conn, &[DeliveryId(10)], contact_ledger::RELEASED, NOW)?;
                read.release(first);
                assert_eq!(of_others(&read, conn)?, 0);
                Ok(())
            })
            .unwrap();
    }
}
