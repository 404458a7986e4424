//! All treatments that a policy may choose from in a window, with their true effects, and what is scarce.

use rayon::prelude::*;

use super::catalogue::{Channel, OFFERS};
use super::truth::{Effect, Treatment};
use super::world::World;

/// What a run may use in all.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacities {
    /// Contacts by channel.
    pub channel: [usize; 4],
    /// Pieces of each offer; `None` when it cannot run out.
    pub stock: [Option<usize>; OFFERS.len()],
    /// Contacts and expected redemptions together, in minor units.
    pub budget: f64,
}

impl Capacities {
    /// What a company with so many customers can do in a month: 15 % by e-mail, 5 % by SMS, 1.5 % by call, 3 % by
    /// letter, gifts for 4 %, and 0.50 of budget per customer.
    pub fn for_customers(customers: usize) -> Capacities {
        let share = |share: f64| ((customers as f64 * share) as usize).max(1);
        Capacities {
            channel: Channel::ALL.map(|channel| share(channel.capacity_share())),
            stock: OFFERS.map(|offer| offer.stock_share.map(share)),
            budget: 50.0 * customers as f64,
        }
    }

    /// The same with each limit times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Capacities {
        let times = |limit: usize| (limit as f64 * factor) as usize;
        Capacities {
            channel: self.channel.map(times),
            stock: self.stock.map(|stock| stock.map(times)),
            budget: self.budget * factor,
        }
    }
}

/// A treatment that one client may get.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    /// What.
    pub treatment: Treatment,
    /// What it would do.
    pub effect: Effect,
    /// What it would take from the budget: the contact, and the discounts expected.
    pub spend: f64,
}

/// The arms of every client; those of the holdout have none.
#[derive(Debug, Clone)]
pub struct Market {
    /// By client, in the company's order.
    pub arms: Vec<Vec<Arm>>,
}

impl Market {
    /// The arms of a window. Clients for whom `holdout` is true, and channels without permission, have none.
    pub fn open(world: &World<'_>, holdout: impl Fn(&str) -> bool + Sync) -> Market {
        let arms = (0..world.states.len())
            .into_par_iter()
            .map(|index| {
                if holdout(&world.company().clients[index].person.external_id) {
                    return Vec::new();
                }
                let outlook = world.outlook(index);
                let usable = Treatment::all().filter(|treatment| outlook.reachable(treatment.channel));
                usable
                    .map(|treatment| {
                        let effect = outlook.effect(treatment);
                        let spend = treatment.channel.cost().0 as f64 + effect.redeemed;
                        Arm { treatment, effect, spend }
                    })
                    .collect()
            })
            .collect();
        Market { arms }
    }

    /// The true effect of the treatment for a client, when it may get it.
    pub fn effect(&self, client: usize, treatment: Treatment) -> Option<&Effect> {
        self.arms[client].iter().find(|arm| arm.treatment == treatment).map(|arm| &arm.effect)
    }

    /// The true incremental profit of any assignment: within the window, and after it. Treatments that a client may not get
    /// count nothing.
    pub fn value(&self, assignment: &Assignment) -> (f64, f64) {
        let effects = assignment.iter().enumerate().filter_map(|(client, choice)| self.effect(client, (*choice)?));
        effects.fold((0.0, 0.0), |(window, after), effect| (window + effect.window, after + effect.after))
    }
}

/// A treatment or none, by client.
pub type Assignment = Vec<Option<Treatment>>;

/// What is left while an assignment is made.
#[derive(Debug, Clone)]
pub struct Stock {
    left: Capacities,
    assignment: Assignment,
}

impl Stock {
    /// Nothing used, nobody assigned.
    pub fn full(capacities: &Capacities, clients: usize) -> Stock {
        Stock { left: capacities.clone(), assignment: vec![None; clients] }
    }

    /// Does the arm still fit?
    pub fn fits(&self, arm: &Arm) -> bool {
        let Treatment { offer, channel } = arm.treatment;
        self.left.channel[channel.index()] > 0
            && self.left.stock[offer].is_none_or(|left| left > 0)
            && self.left.budget >= arm.spend
    }

    /// Gives the arm to a client who has none yet, if it fits.
    pub fn take(&mut self, client: usize, arm: &Arm) -> bool {
        if self.assignment[client].is_some() || !self.fits(arm) {
            return false;
        }
        let Treatment { offer, channel } = arm.treatment;
        self.left.channel[channel.index()] -= 1;
        self.left.stock[offer] = self.left.stock[offer].map(|left| left - 1);
        self.left.budget -= arm.spend;
        self.assignment[client] = Some(arm.treatment);
        true
    }

    /// Has this client a treatment?
    pub fn has(&self, client: usize) -> bool {
        self.assignment[client].is_some()
    }

    /// The finished assignment.
    pub fn finish(self) -> Assignment {
        self.assignment
    }
}
