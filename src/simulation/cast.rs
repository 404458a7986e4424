//! Five clients by whom the story is told.

use super::company::Client;
use super::person::Kind;
use super::world::World;

/// A part in the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Would buy with or without being asked.
    BuysAnyway,
    /// Buys if asked.
    Persuadable,
    /// Leaves if asked.
    SleepingDog,
    /// Calls and complains most.
    Loudest,
    /// Never called, never complained, sent nothing back, and brought most.
    ClaimFree,
}

impl Role {
    /// All parts, in the order of the story.
    pub const ALL: [Role; 5] = [Role::BuysAnyway, Role::Persuadable, Role::SleepingDog, Role::Loudest, Role::ClaimFree];

    /// The name in the story.
    pub fn name(self) -> &'static str {
        ["buys anyway", "persuadable", "leaves if asked", "the loudest", "the claim-free"][self as usize]
    }
}

/// Fills the parts: position of a client for each role, in the order of [`Role::ALL`]; none twice, and only clients who may be
/// reached by e-mail and are in `open`, so that silence is a choice and not a lack of consent or the luck of the draw. `None`
/// where a small company has nobody. The persuadable is taken from those whom the engine `found`, if there is one: what it does
/// for such a client is to be seen; the others are cast by the truth alone.
pub fn cast(world: &World<'_>, open: impl Fn(&str) -> bool, found: impl Fn(&str) -> bool) -> [Option<usize>; 5] {
    let mut taken: Vec<usize> = Vec::new();
    Role::ALL.map(|role| {
        let clients = &world.company().clients;
        let free = (0..clients.len()).filter(|index| !taken.contains(index) && world.states[*index].consent[0]);
        let best = free
            .filter(|index| open(&clients[*index].person.external_id))
            .filter_map(|index| {
                let wanted = role == Role::Persuadable && found(&clients[index].person.external_id);
                Some((wanted, fitness(world, role, index)?, index))
            })
            .max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(b.2.cmp(&a.2)))
            .map(|(_, _, index)| index);
        taken.extend(best);
        best
    })
}

/// How well a client fits a part; `None` when not at all.
fn fitness(world: &World<'_>, role: Role, index: usize) -> Option<f64> {
    let client = &world.company().clients[index];
    let kind = world.kind(index);
    let profit = client.life.profit() as f64;
    match role {
        Role::BuysAnyway => (kind == Kind::BuysAnyway).then(|| world.outlook(index).p0()),
        Role::Persuadable => (kind == Kind::Persuadable && !client.life.orders.is_empty())
            .then(|| client.person.susceptibility * client.person.affinity[0]),
        Role::SleepingDog => (kind == Kind::SleepingDog).then(|| world.outlook(index).future()),
        Role::Loudest => (client.life.noise() > 0).then(|| f64::from(client.life.noise())),
        Role::ClaimFree => (kind != Kind::LostCause && claims(client) == 0).then_some(profit),
    }
}

/// Calls, complaints and returns on record.
pub fn claims(client: &Client) -> u32 {
    client.life.noise() + client.life.orders.iter().filter(|order| order.returned).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::company::{Company, Shape};

    #[test]
    fn the_parts_are_played_by_five_different_clients() {
        let company = Company::generate(Shape { customers: 2000, ..Shape::default() }).unwrap();
        let world = World::new(&company, 30.0);
        let parts = cast(&world, |_| true, |_| false).map(|part| part.expect("two thousand clients fill five parts"));
        assert!((0..5).all(|a| (0..a).all(|b| parts[a] != parts[b])));
        let loudest = &company.clients[parts[3]];
        let reachable = company.clients.iter().filter(|client| client.life.consent[0]);
        assert_eq!(loudest.life.noise(), reachable.map(|client| client.life.noise()).max().unwrap());
        assert_eq!(claims(&company.clients[parts[4]]), 0);
    }
}
