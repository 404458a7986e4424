//! The month after a run: the world answers the messages that were sent, and what a company would see of it comes back through
//! the import.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use super::people::People;
use super::{Demo, company, sender};
use crate::clock::Timestamp;
use crate::decisions::store::{self as decisions, DecisionRow};
use crate::deliveries::{Delivery, State};
use crate::error::{Error, Result};
use crate::ids::{CampaignRunId, DeliveryId};
use crate::messages::{Purpose, Token};
use crate::operations::{Workspace, record};
use crate::outcomes::SignalKind;
use crate::progress::Progress;
use crate::simulation::export;
use crate::simulation::life::Direction;
use crate::simulation::records;
use crate::simulation::world::{Contact, Facts, Played, World};

/// Days of a window: thirty after the last hour at which a contact of the run can be made.
pub const DAYS: f64 = 31.0;

/// Callers that report signals at the same time.
const CALLERS: usize = 16;

/// All deliveries of a run.
pub fn deliveries(ws: &Workspace, run: CampaignRunId) -> Result<Vec<Delivery>> {
    let mut all = Vec::new();
    sender::page(ws, run, |delivery| all.push(delivery))?;
    Ok(all)
}

/// All decisions of a run, without their explanations.
pub fn decided(ws: &Workspace, run: CampaignRunId) -> Result<Vec<DecisionRow>> {
    const PAGE: i64 = 1_000;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let rows = ws.store().read(|conn| decisions::of_run(conn, run, after, PAGE))?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = Some((last.customer_id, last.ordinal));
        all.extend(rows.into_iter().map(|mut row| {
            row.trace = String::new();
            row.context = String::new();
            row
        }));
    }
}

/// Lets the month pass: the world answers what was really sent.
pub fn pass<'a>(demo: &Demo<'a>, world: &World<'a>, run: CampaignRunId, people: &People) -> Result<Played> {
    demo.bars.note("the month passes");
    let contacts = contacts(&demo.ws, run, people)?;
    world.play(&contacts)
}

/// The contacts that were made: those of whom the outbox says so, at the hour they were decided for. When exactly the sender
/// that was killed, or the one after it, came round to them must not change what follows.
fn contacts(ws: &Workspace, run: CampaignRunId, people: &People) -> Result<Vec<Contact>> {
    let decided = decided(ws, run)?.into_iter();
    let decided: HashMap<_, _> =
        decided.filter_map(|row| Some((row.customer_id, (row.offer?, row.slot_from?)))).collect();
    let mut contacts = Vec::new();
    for delivery in deliveries(ws, run)?.into_iter().filter(|delivery| delivery.state == State::Sent) {
        let (offer, at) = decided
            .get(&delivery.customer_id)
            .cloned()
            .ok_or_else(|| Error::internal("a message was sent that nobody decided"))?;
        contacts.push(Contact {
            external_id: people.external_id(delivery.customer_id)?.to_owned(),
            offer,
            channel: delivery.channel,
            at,
            delivery: delivery.id.0,
        });
    }
    // The company's order, so that nothing depends on how ids are hashed.
    contacts.sort_by(|a, b| a.external_id.cmp(&b.external_id));
    Ok(contacts)
}

/// Brings back what the company sees: orders, returns, calls, complaints, permissions withdrawn, opens and clicks.
pub fn bring_back(demo: &Demo<'_>, played: &Played, round: u32, end: Timestamp, people: &People) -> Result<()> {
    let company = demo.ws.data().join("company");
    let folder = demo.ws.data().join(format!("month-{round}"));
    fs::create_dir_all(&folder)?;
    let (sold, back, talks) = records::of_window(&played.facts, round, end);
    export::file(&folder, "orders.csv", sold.into_iter())?;
    export::file(&folder, "returns.csv", back.into_iter())?;
    export::file(&folder, "interactions.csv", talks.into_iter())?;
    record_signals(demo, &played.facts, people)?;
    demo.clock.set(end);
    for kind in ["orders", "returns", "interactions"] {
        take(demo, kind, &folder, &company)?;
    }
    Ok(())
}

/// A file without a line has no header either: there is nothing to import.
fn take(demo: &Demo<'_>, kind: &str, folder: &Path, mappings: &Path) -> Result<()> {
    let file = folder.join(format!("{kind}.csv"));
    if fs::metadata(&file)?.len() == 0 {
        return Ok(());
    }
    company::import_file(demo, kind, &file, mappings).map(drop)
}

/// Opens, clicks and permissions withdrawn, through the door that the links in the messages lead to; each at its own instant.
fn record_signals(demo: &Demo<'_>, facts: &Facts, people: &People) -> Result<()> {
    let mut by_instant: BTreeMap<Timestamp, Vec<(Token, SignalKind)>> = BTreeMap::new();
    for fact in &facts.interactions {
        let kind = match (fact.fact.direction, fact.fact.outcome, fact.fact.reason) {
            (Direction::Outbound, "opened", _) => SignalKind::Open,
            (Direction::Outbound, "clicked" | "answered", _) => SignalKind::Click,
            (Direction::Inbound, _, "stop") => SignalKind::Unsubscribe,
            _ => continue,
        };
        let delivery = DeliveryId(fact.delivery.unwrap_or_default());
        let token = Token { purpose: purpose(kind), delivery, customer: people.id(&fact.external_id), link: 0 };
        by_instant.entry(fact.fact.at).or_default().push((token, kind));
    }
    demo.bars
        .stage("opens, clicks, permissions withdrawn", Some(by_instant.values().map(Vec::len).sum::<usize>() as u64));
    for (at, signals) in by_instant {
        demo.clock.set(at);
        record_at_once(demo, &signals)?;
    }
    Ok(())
}

fn purpose(kind: SignalKind) -> Purpose {
    match kind {
        SignalKind::Open => Purpose::Open,
        SignalKind::Click => Purpose::Click,
        _ => Purpose::Unsubscribe,
    }
}

/// Signals of one instant, from several callers at a time as in a service, so that they share commits.
fn record_at_once(demo: &Demo<'_>, signals: &[(Token, SignalKind)]) -> Result<()> {
    let ws = &demo.ws;
    std::thread::scope(|scope| {
        let share = signals.len().div_ceil(CALLERS).max(1);
        let callers: Vec<_> = signals
            .chunks(share)
            .map(|own| {
                scope.spawn(move || {
                    own.iter().try_for_each(|(token, kind)| match kind {
                        SignalKind::Unsubscribe => record::unsubscribe(ws, token),
                        kind => record::signal(ws, token, *kind),
                    })
                })
            })
            .collect();
        for caller in callers {
            caller.join().map_err(|_| Error::internal("recording a signal ended in a panic"))??;
        }
        demo.bars.advance(signals.len() as u64);
        Ok(())
    })
}
