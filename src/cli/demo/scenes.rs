//! Five clients of the first round: what they were sent and why, before the run; what they did, after the month.

use crate::decisions::Decision;
use crate::error::Result;
use crate::messages::Form;
use crate::messages::preview::preview;
use crate::operations::batch::Batch;
use crate::operations::setup::Setup;
use crate::operations::variables::variables;
use crate::simulation::cast::{Role, cast};
use crate::simulation::market::Market;
use crate::simulation::order::Order;
use crate::simulation::story::Scene;
use crate::simulation::table::cents;
use crate::simulation::truth::Treatment;
use crate::simulation::world::{Played, World};
use crate::simulation::{Channel, catalogue};

use super::Demo;

/// Lines of a message that are shown.
const LINES: usize = 9;

/// A scene that is not played yet, with the client's position in the company.
#[derive(Debug, Clone)]
pub struct Opened {
    scene: Scene,
    client: usize,
}

/// Casts the five, and tells what was decided for them. Neither the held out nor those who were drawn at random are cast: for
/// them the choice is luck.
pub fn open(demo: &Demo<'_>, world: &World<'_>, setup: &Setup, batch: &Batch) -> Result<Vec<Opened>> {
    let position: std::collections::HashMap<&str, usize> =
        batch.people.iter().enumerate().map(|(at, person)| (person.customer.external_id.as_str(), at)).collect();
    let chosen =
        |id: &str| position.get(id).is_some_and(|at| batch.result.decisions[*at].arm == crate::decisions::Arm::Treated);
    let market = Market::open(world, |_| false);
    let found = |id: &str| position.get(id).is_some_and(|at| !batch.result.decisions[*at].to_make().is_empty());
    let parts = cast(world, chosen, found);
    let filled = Role::ALL.into_iter().zip(parts).filter_map(|(role, client)| Some((role, client?)));
    filled
        .map(|(role, client)| {
            let person = &demo.company.clients[client].person;
            let at = position[person.external_id.as_str()];
            let decision = &batch.result.decisions[at];
            let choice = decision.to_make().first();
            let made = choice.and_then(|c| treatment(&c.treatment.offer_key, &c.treatment.channel));
            let best = market.arms[client].iter().map(|arm| arm.effect.total()).max_by(f64::total_cmp);
            let worth = made.and_then(|made| market.effect(client, made)).map(|effect| effect.total());
            let scene = Scene {
                role,
                name: format!("{} {}", person.name.0, person.name.1),
                external_id: person.external_id.clone(),
                message: choice.map(|_| message(demo, setup, batch, at)).transpose()?,
                why: why(demo, decision),
                p0: world.outlook(client).p0(),
                worth: (best, worth),
                did: String::new(),
            };
            Ok(Opened { scene, client })
        })
        .collect()
}

/// Why this, in the engine's words; where nothing was chosen, why not even the best.
fn why(demo: &Demo<'_>, decision: &Decision) -> String {
    if !decision.to_make().is_empty() {
        return decision.trace.words(demo.ws.settings().currency).into_iter().next().unwrap_or_default();
    }
    let valued = decision.trace.candidates.iter().filter_map(|candidate| Some((candidate.value?.total, candidate)));
    match valued.max_by(|a, b| a.0.total_cmp(&b.0)) {
        None => "Nothing: no contact is allowed.".into(),
        Some((total, best)) if total <= 0.0 => {
            format!("Nothing: even the best, {}, would add {}.", best.treatment, cents(total))
        }
        Some((total, best)) => format!(
            "Nothing: the best, {}, would add {}, but what it uses is worth {} elsewhere.",
            best.treatment,
            cents(total),
            cents(best.price)
        ),
    }
}

fn treatment(offer: &str, channel: &str) -> Option<Treatment> {
    Some(Treatment { offer: catalogue::offer_index(offer)?, channel: Channel::parse(channel)? })
}

/// The rendered message, as far as it is shown.
fn message(demo: &Demo<'_>, setup: &Setup, batch: &Batch, at: usize) -> Result<String> {
    let choice = &batch.result.decisions[at].to_make()[0];
    let treatment = &choice.treatment;
    let offer = setup.offers.iter().find(|offer| offer.id == treatment.offer);
    let offer = offer.ok_or_else(|| crate::Error::internal("a decision names an offer that the campaign does not"))?;
    let variant = treatment.variant.as_deref().map_or_else(|| setup.variant.clone(), str::to_owned);
    let variables = variables(setup, demo.ws.settings(), &batch.people[at], offer, &variant, &treatment.channel);
    let form = Form::of_channel(&treatment.channel);
    let made = preview(&setup.templates, form, &serde_json::to_string(&variables)?)?.message;
    let mut lines = vec![format!("[{}]", treatment)];
    lines.extend(made.subject.as_ref().map(|subject| subject.as_str().to_owned()));
    lines.extend(made.text.lines().map(str::trim).filter(|line| !line.is_empty()).take(LINES).map(str::to_owned));
    Ok(lines.join("\n"))
}

/// What the five then did.
pub fn close(demo: &Demo<'_>, opened: Vec<Opened>, world: &World<'_>, played: &Played) -> Vec<Scene> {
    let close = |Opened { scene, client }: Opened| {
        let id = &demo.company.clients[client].person.external_id;
        let orders: Vec<&Order> =
            played.facts.orders.iter().filter(|fact| fact.external_id == *id).map(|fact| &fact.fact).collect();
        let left = world.states[client].active && !played.next[client].active;
        let stopped = (world.states[client].consent != played.next[client].consent).then_some("withdrew a permission");
        Scene { did: did(&orders, played.profit[client], left, stopped), ..scene }
    };
    opened.into_iter().map(close).collect()
}

fn did(orders: &[&Order], profit: i64, left: bool, stopped: Option<&str>) -> String {
    let paid: i64 = orders.iter().map(|order| order.paid()).sum();
    let calls: u32 = orders.iter().map(|order| order.calls + u32::from(order.complained)).sum();
    let back = orders.iter().filter(|order| order.returned).count();
    let mut parts = vec![match orders.len() {
        0 => "did not buy".to_owned(),
        1 => format!("bought for {}", cents(paid as f64)),
        n => format!("bought {n} times for {}", cents(paid as f64)),
    }];
    if calls > 0 {
        parts.push(format!("called or complained {calls} times"));
    }
    if back > 0 {
        parts.push(format!("sent {back} back"));
    }
    parts.extend(stopped.map(str::to_owned));
    if left {
        parts.push("was gone at the end of the month".into());
    }
    format!("{}; profit {}", parts.join(", "), cents(profit as f64))
}
