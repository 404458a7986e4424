//! Plays the world on from where the record ends: what every client does in a window, given the contacts that were made.
//!
//! Numbers are hashed from seed, round and client, and used in a fixed order, so that two worlds which differ in the contacts
//! differ in their consequences only (common random numbers), and counterfactual worlds can be compared client by client.

use rayon::prelude::*;

use super::catalogue::{Channel, offer_index};
use super::company::{Company, window};
use super::life::Interaction;
use super::order::Order;
use super::person::Kind;
use super::truth::{Outlook, State, Treatment};
use super::turn::Turn;
use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Fault, Result};

/// A contact that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// Whom.
    pub external_id: String,
    /// The offer's key.
    pub offer: String,
    /// The channel's name.
    pub channel: String,
    /// When it was sent.
    pub at: Timestamp,
    /// The delivery that carried it.
    pub delivery: i64,
}

/// Something that happened, to be fed back.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact<T> {
    /// Whose.
    pub external_id: String,
    /// The delivery it answers, when it answers one.
    pub delivery: Option<i64>,
    /// What.
    pub fact: T,
}

/// All that happened in a window, by client and then by time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Orders; those sent back are marked.
    pub orders: Vec<Fact<Order>>,
    /// Contacts met with attention or not, calls, complaints, permissions withdrawn. Inbound with reason `stop` ends the
    /// permission for its channel.
    pub interactions: Vec<Fact<Interaction>>,
}

/// The truth about a run, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RunTruth {
    /// Contacts made.
    pub contacts: usize,
    /// Expected incremental profit within the window, contacts paid.
    pub window: f64,
    /// Expected incremental profit after it.
    pub after: f64,
    /// Clients whom the contacts drove away, expected.
    pub left: f64,
    /// Contacts by kind of client.
    pub by_kind: [usize; 5],
}

impl RunTruth {
    /// Expected incremental profit within and after the window.
    pub fn total(&self) -> f64 {
        self.window + self.after
    }
}

/// One window, played.
#[derive(Debug, Clone)]
pub struct Played {
    /// What happened.
    pub facts: Facts,
    /// Realised profit by client, contacts paid, in the company's order.
    pub profit: Vec<i64>,
    /// Whether the client ordered.
    pub bought: Vec<bool>,
    /// Expected values of the contacts made.
    pub truth: RunTruth,
    /// Where every client stands afterwards.
    pub next: Vec<State>,
}

/// The company from a moment on.
#[derive(Debug, Clone)]
pub struct World<'a> {
    company: &'a Company,
    /// Where every client stands.
    pub states: Vec<State>,
    /// Begin of the window.
    pub from: Timestamp,
    /// Its length in days.
    pub days: f64,
    /// Windows played before this one.
    pub(super) round: u32,
}

impl<'a> World<'a> {
    /// The world at the end of the record, for windows of `days`.
    pub fn new(company: &'a Company, days: f64) -> World<'a> {
        let states = company.clients.iter().map(|client| client.state()).collect();
        World { company, states, from: company.shape.now, days, round: 0 }
    }

    /// The company.
    pub fn company(&self) -> &'a Company {
        self.company
    }

    /// The truth about the client at `index` in this window.
    pub fn outlook(&self, index: usize) -> Outlook<'a> {
        let company = self.company;
        Outlook::new(&company.clients[index].person, self.states[index], window(self.from, self.days))
    }

    /// What kind of client this is by now.
    pub fn kind(&self, index: usize) -> Kind {
        if self.states[index].active { self.company.clients[index].person.kind } else { Kind::LostCause }
    }

    /// Plays the window with these contacts; the world itself stays where it is.
    ///
    /// # Errors
    /// Invalid, with every fault, when a contact names an unknown client, offer or channel, lies outside the window, or is a
    /// client's second: a window has one contact per client at most.
    pub fn play(&self, contacts: &[Contact]) -> Result<Played> {
        let plan = self.plan(contacts)?;
        Ok(self.play_plan(&plan))
    }

    /// Goes on to the next window, from where `played` ended.
    #[must_use]
    pub fn advance(&self, played: &Played) -> World<'a> {
        World {
            company: self.company,
            states: played.next.clone(),
            from: self.end(),
            days: self.days,
            round: self.round + 1,
        }
    }

    /// The end of the window.
    pub fn end(&self) -> Timestamp {
        self.from.plus((self.days * DAY as f64) as i64)
    }

    /// Contacts by client.
    fn plan(&self, contacts: &[Contact]) -> Result<Vec<Option<Planned>>> {
        let mut plan = vec![None; self.states.len()];
        let mut faults = Vec::new();
        for (line, contact) in contacts.iter().enumerate() {
            match self.planned(contact) {
                Ok((index, planned)) if plan[index].is_none() => plan[index] = Some(planned),
                Ok(_) => faults.push(
                    Fault::at("external_id", format!("`{}` is contacted twice in one window", contact.external_id))
                        .on_line(line as u64 + 1),
                ),
                Err(fault) => faults.push(fault.on_line(line as u64 + 1)),
            }
        }
        if faults.is_empty() { Ok(plan) } else { Err(Error::faults("the contacts cannot be played", faults)) }
    }

    fn planned(&self, contact: &Contact) -> Result<(usize, Planned), Fault> {
        let index = self
            .company
            .index_of(&contact.external_id)
            .ok_or_else(|| Fault::at("external_id", format!("`{}` is no client", contact.external_id)))?;
        let offer = offer_index(&contact.offer)
            .ok_or_else(|| Fault::at("offer", format!("`{}` is no offer of the company", contact.offer)))?;
        let channel = Channel::parse(&contact.channel)
            .ok_or_else(|| Fault::at("channel", format!("`{}` is no channel of the company", contact.channel)))?;
        if !(self.from..self.end()).contains(&contact.at) {
            return Err(Fault::at("at", format!("{} is outside {}..{}", contact.at, self.from, self.end())));
        }
        let treatment = Treatment { offer, channel };
        Ok((index, Planned { treatment, at: contact.at, delivery: Some(contact.delivery) }))
    }

    /// Plays an assignment by index, all contacts at the start of the window; for policies that are only compared.
    pub fn play_assignment(&self, assignment: &[Option<Treatment>]) -> Played {
        let plan: Vec<Option<Planned>> = assignment
            .iter()
            .map(|choice| choice.map(|treatment| Planned { treatment, at: self.from, delivery: None }))
            .collect();
        self.play_plan(&plan)
    }

    fn play_plan(&self, plan: &[Option<Planned>]) -> Played {
        let turns: Vec<Turn> = plan.par_iter().enumerate().map(|(index, planned)| self.turn(index, *planned)).collect();
        let mut played = Played {
            facts: Facts::default(),
            profit: Vec::with_capacity(turns.len()),
            bought: Vec::with_capacity(turns.len()),
            truth: RunTruth::default(),
            next: Vec::with_capacity(turns.len()),
        };
        // Summed in client order, so that the figures do not depend on the number of threads.
        for (index, turn) in turns.into_iter().enumerate() {
            self.add(&mut played, index, turn, plan[index]);
        }
        played
    }

    fn add(&self, played: &mut Played, index: usize, turn: Turn, planned: Option<Planned>) {
        let external_id = &self.company.clients[index].person.external_id;
        let delivery = planned.and_then(|planned| planned.delivery);
        let profit: i64 = turn.orders.iter().map(Order::profit).sum();
        played.profit.push(profit - turn.contact_cost);
        played.bought.push(!turn.orders.is_empty());
        played.next.push(turn.next);
        played.truth.contacts += usize::from(planned.is_some());
        played.truth.by_kind[self.kind(index) as usize] += usize::from(planned.is_some());
        played.truth.window += turn.effect.window;
        played.truth.after += turn.effect.after;
        played.truth.left += turn.effect.leave;
        // Which order a contact led to is for attribution to find out; what answers a contact names its delivery.
        for fact in turn.orders {
            played.facts.orders.push(Fact { external_id: external_id.clone(), delivery: None, fact });
        }
        for fact in turn.interactions {
            played.facts.interactions.push(Fact { external_id: external_id.clone(), delivery, fact });
        }
    }
}

/// A contact, resolved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    pub treatment: Treatment,
    pub at: Timestamp,
    pub delivery: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::company::Shape;

    fn company() -> Company {
        Company::generate(Shape { customers: 1500, seed: 9, ..Shape::default() }).unwrap()
    }

    fn everyone(world: &World<'_>, treatment: Treatment) -> Vec<Option<Treatment>> {
        vec![Some(treatment); world.states.len()]
    }

    #[test]
    fn frequencies_agree_with_the_truth() {
        let company = company();
        let world = World::new(&company, 30.0);
        let treatment = Treatment { offer: 0, channel: Channel::Email };
        // Forty worlds: the same clients and states, other luck.
        let (mut expected, mut variance, mut seen) = ([0.0; 4], [0.0; 4], [0.0; 4]);
        for round in 0..40 {
            let world = World { round, ..world.clone() };
            let (none, asked) =
                (world.play_assignment(&vec![None; 1500]), world.play_assignment(&everyone(&world, treatment)));
            for index in 0..1500 {
                let effect = world.outlook(index).effect(treatment);
                let stops = world.states[index].consent[0] && !asked.next[index].consent[0];
                for (k, (p, happened)) in [
                    (effect.p0, none.bought[index]),
                    (effect.p1, asked.bought[index]),
                    (if world.states[index].consent[0] { effect.unsubscribe } else { 0.0 }, stops),
                ]
                .into_iter()
                .enumerate()
                {
                    expected[k] += p;
                    variance[k] += p * (1.0 - p);
                    seen[k] += f64::from(u8::from(happened));
                }
            }
        }
        for k in 0..3 {
            let z = (seen[k] - expected[k]) / variance[k].sqrt();
            assert!(z.abs() < 3.5, "{k}: seen {} expected {} z {z}", seen[k], expected[k]);
        }
    }

    #[test]
    fn realised_profit_agrees_with_the_truth() {
        let company = company();
        let base = World::new(&company, 30.0);
        let treatment = Treatment { offer: 0, channel: Channel::Email };
        let mut differences = Vec::new();
        let mut truth = 0.0;
        for round in 0..60 {
            let world = World { round, ..base.clone() };
            let (none, asked) =
                (world.play_assignment(&vec![None; 1500]), world.play_assignment(&everyone(&world, treatment)));
            differences.push((asked.profit.iter().sum::<i64>() - none.profit.iter().sum::<i64>()) as f64);
            truth = asked.truth.window;
        }
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let error = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
        assert!((mean - truth).abs() < 3.5 * error, "mean {mean} truth {truth} standard error {error}");
    }

    #[test]
    fn a_contact_changes_only_its_own_client() {
        let company = company();
        let world = World::new(&company, 30.0);
        let quiet = world.play(&[]).unwrap();
        let at = world.from.plus(9 * crate::clock::HOUR);
        let contact = |external_id: &str| Contact {
            external_id: external_id.into(),
            offer: "percent".into(),
            channel: "email".into(),
            at,
            delivery: 77,
        };
        let one = world.play(&[contact("C000010")]).unwrap();
        let differing: Vec<usize> =
            (0..1500).filter(|&i| quiet.next[i] != one.next[i] || quiet.profit[i] != one.profit[i]).collect();
        assert_eq!(differing, [10]);
        assert_eq!(one.facts.interactions[0].delivery, Some(77));
        assert!(one.facts.orders.iter().all(|fact| world.from <= fact.fact.at && fact.fact.at < world.end()));
        let twice = world.play(&[contact("C000010"), contact("C000010"), contact("nobody")]).unwrap_err();
        let faults: Vec<Option<u64>> = twice.fault_list().iter().map(|fault| fault.line).collect();
        assert_eq!(faults, [Some(2), Some(3)]);
    }

    #[test]
    fn rounds_follow_each_other() {
        let company = company();
        let first = World::new(&company, 30.0);
        let played = first.play_assignment(&everyone(&first, Treatment { offer: 0, channel: Channel::Email }));
        let second = first.advance(&played);
        assert_eq!(second.from, first.end());
        assert!(second.states.iter().all(|state| state.recent_contacts == 1));
        let permitted = |world: &World<'_>| world.states.iter().filter(|state| state.consent[0]).count();
        assert!(permitted(&second) < permitted(&first));
    }
}
