//! Real time: what now for this customer, or these few? The same decision as in a batch, at the prices of the campaign's last run,
//! corrected by what has been used since; what it takes is reserved and the decision logged in one transaction, and only then it
//! is answered.
//!
//! ```text
//!  read the customer -> decide among what is left -> one transaction: take budget, channel, stock, code; log --> answer
//!            ^                                              | somebody else was faster
//!            +---------- decide again without it -----------+
//! ```

mod answer;
mod ask;
mod keep;
mod ready;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::campaigns::store as campaigns;
use crate::clock::{HOUR, Timestamp};
use crate::customers::store as customers;
use crate::decisions::{Candidate, Decision, Within, decide_within, store as decisions};
use crate::error::{Error, Kind, Result};
use crate::operations::Workspace;
use crate::operations::batch::seed_of;
use crate::operations::candidates::Asking;
use crate::operations::people::{self, Person};
use crate::storage::Connection;

pub use answer::{Answer, Answers, Proposal};
use ask::Asked;
pub use ask::Request;
use keep::Lack;
pub use ready::CapacityShown;
use ready::{Live, Ready};

/// How long averages over the base, prices and definitions are taken as they were: what changes more often is read anew.
const FRESH: i64 = HOUR / 4;
/// How often a decision is made anew because somebody else took what it needs; after that nothing is proposed.
const ATTEMPTS: usize = 12;

/// Decides in real time; keeps definitions, models and prices at hand.
pub struct RealTime(Arc<Desk>);

struct Desk {
    ws: Workspace,
    known: Mutex<HashMap<String, Arc<Ready>>>,
    /// Held while a campaign is made ready, so that of many requests one does it.
    making: Mutex<()>,
}

/// One decision before it is kept.
struct Draft {
    ready: Arc<Ready>,
    live: Arc<Live>,
    candidates: Vec<Candidate>,
    decision: Decision,
}

impl RealTime {
    /// Decides for this workspace.
    pub fn new(ws: &Workspace) -> RealTime {
        RealTime(Arc::new(Desk { ws: ws.clone(), known: Mutex::default(), making: Mutex::default() }))
    }

    /// Makes every approved campaign ready beside whatever else is done: reading a large base takes seconds, which the first who
    /// asks shall not wait for.
    pub fn warm(&self) {
        let desk = self.0.clone();
        std::thread::spawn(move || {
            let now = desk.ws.now();
            if let Err(error) = desk.ws.store().read(|conn| desk.ready(conn, None, now)) {
                // Whoever asks first makes it ready, and is told what is wrong.
                tracing::warn!(?error, "the approved campaigns could not be made ready");
            }
        });
    }

    /// Decides for one customer, or one after another for a few.
    ///
    /// # Errors
    /// Invalid, with every fault of the request; not found, when a customer or the campaign does not exist, or no campaign is
    /// approved: nothing was then decided.
    pub fn decide(&self, request: &Request) -> Result<Answers> {
        let desk = &self.0;
        let now = desk.ws.now();
        let asked = request.check(desk.ws.settings())?;
        let (people, ready) = desk.ws.store().read(|conn| {
            let found: Result<Vec<_>> = asked.customers.iter().map(|id| desk.person(conn, id, now)).collect();
            Ok((found?, desk.ready(conn, asked.campaign, now)?))
        })?;
        if ready.is_empty() {
            return Err(Error::not_found("no campaign is approved; approve one first"));
        }
        let mut answers = Vec::with_capacity(people.len());
        for person in people {
            answers.push(desk.one(person, &ready, &asked, now)?);
        }
        match (request.customer.is_some(), answers.pop()) {
            (true, Some(answer)) => Ok(Answers::One(Box::new(answer))),
            (_, last) => Ok(Answers::Several { decisions: answers.into_iter().chain(last).collect() }),
        }
    }

    /// What a campaign has left of everything that is scarce in it, and what one more of it is worth now.
    ///
    /// # Errors
    /// Not found; conflict, when it is not approved.
    pub fn capacity(&self, campaign: &str) -> Result<Vec<CapacityShown>> {
        let desk = &self.0;
        let now = desk.ws.now();
        let ready = desk.ws.store().read(|conn| desk.ready(conn, Some(campaign), now))?;
        let ready = ready.first().ok_or_else(|| Error::not_found("the campaign is not approved"))?;
        Ok(ready.look_now(&desk.ws, now)?.shown(ready, &desk.ws))
    }
}

impl Desk {
    fn person(&self, conn: &mut Connection, id: &str, now: Timestamp) -> Result<Person> {
        let customer = customers::by_external_id(conn, id)?;
        people::one(&self.ws, conn, customer, now, None)
    }

    fn one(
        self: &Arc<Desk>,
        person: Person,
        ready: &[Arc<Ready>],
        asked: &Asked<'_>,
        now: Timestamp,
    ) -> Result<Answer> {
        let mut person = asked.seen(person);
        let mut lefts: Vec<Vec<i64>> = Vec::with_capacity(ready.len());
        for ready in ready {
            lefts.push(ready.live(&self.ws, now)?.left.clone());
        }
        let mut failed: HashMap<(String, usize), usize> = HashMap::new();
        let mut busy = 0;
        for attempt in 0..=ATTEMPTS {
            if attempt == ATTEMPTS {
                // So many were faster that there is nothing to wait for.
                lefts.iter_mut().flatten().for_each(|left| *left = 0);
            }
            let draft = self.draft(&person, ready, &lefts, asked, now)?;
            let models = serde_json::to_string(&draft.ready.setup.models)?;
            let rows = decisions::brief_rows(&person.view, &draft.decision, &models)?;
            let nothing_scarce = attempt == ATTEMPTS;
            match keep::keep(&self.ws, &draft, &person, &rows, now) {
                Ok(Ok(codes)) => return Ok(answer::answer(&self.ws, &draft, &person, &rows, codes, asked)),
                Ok(Err(Lack::Contacts)) if !nothing_scarce => {
                    let id = person.customer.external_id.clone();
                    person = asked.seen(self.ws.store().read(|conn| self.person(conn, &id, now))?);
                }
                Ok(Err(Lack::Resource(position))) if !nothing_scarce => {
                    let live = draft.ready.look_now(&self.ws, now)?;
                    let at = ready.iter().position(|ready| Arc::ptr_eq(ready, &draft.ready)).unwrap_or(0);
                    let times = failed.entry((draft.ready.setup.campaign.name.clone(), position)).or_default();
                    *times += 1;
                    let closed: Vec<usize> = (failed.iter())
                        .filter(|((name, _), times)| *name == draft.ready.setup.campaign.name && **times > 2)
                        .map(|((_, position), _)| *position)
                        .collect();
                    lefts[at].clone_from(&live.left);
                    closed.into_iter().for_each(|position| lefts[at][position] = 0);
                }
                Ok(Err(_)) => return Err(Error::unavailable("too much is asked for at once; ask again")),
                // Two transactions that wait for each other: the store ends one of them.
                Err(error) if error.kind() == Kind::Unavailable && busy < 3 => busy += 1,
                Err(error) => return Err(error),
            }
        }
        Err(Error::internal("the loop above returns"))
    }

    /// Of several campaigns the decision whose best proposal is worth most at its prices.
    fn draft(
        &self,
        person: &Person,
        ready: &[Arc<Ready>],
        lefts: &[Vec<i64>],
        asked: &Asked<'_>,
        now: Timestamp,
    ) -> Result<Draft> {
        let mut drafts = Vec::with_capacity(ready.len());
        for (ready, left) in ready.iter().zip(lefts) {
            let live = ready.live(&self.ws, now)?;
            let asking = Asking { at_once: true, channel: asked.channel, placement: asked.placement };
            let candidates = ready.candidates(&self.ws, &live, person, asking, now);
            let seed = seed_of(&ready.setup.campaign.name, &now.to_string());
            // Without a channel nobody is there to see it: the contact would be made for its own sake.
            let stand_in = ready.setup.fallback.filter(|_| asked.channel.is_some());
            let within = Within { prices: &live.prices, left, stand_in };
            let decision = decide_within(&person.view, &candidates, &ready.setup.policy, within, seed, now);
            drafts.push(Draft { ready: ready.clone(), live, candidates, decision });
        }
        let best = drafts.into_iter().max_by(|a, b| worth(&a.decision).total_cmp(&worth(&b.decision)));
        best.ok_or_else(|| Error::not_found("no campaign is approved; approve one first"))
    }

    /// The campaigns that may answer, read anew when they changed; what only grew old is renewed in the background.
    fn ready(self: &Arc<Desk>, conn: &mut Connection, name: Option<&str>, now: Timestamp) -> Result<Vec<Arc<Ready>>> {
        let all = match name {
            Some(name) => vec![campaigns::by_name(conn, name)?],
            None => campaigns::all(conn)?,
        };
        let mut ready = Vec::new();
        for campaign in all {
            if !campaign.may_decide() {
                if name.is_some() {
                    let (name, state) = (&campaign.name, &campaign.state);
                    return Err(Error::conflict(format!("the campaign `{name}` is {state}; approve it first")));
                }
                continue;
            }
            ready.push(self.one_ready(conn, &campaign, now)?);
        }
        Ok(ready)
    }
}

/// Net value of the best proposal that may be made, in ticks.
fn worth(decision: &Decision) -> f64 {
    decision.to_make().first().map_or(f64::NEG_INFINITY, |choice| choice.net)
}
