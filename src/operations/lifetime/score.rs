//! Scores every customer with the lifetime model that serves.

use std::collections::HashSet;

use rayon::prelude::*;

use super::contracts::Contracts;
use super::purchases::{self, WithDays};
use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::models::lifetime::worth::Scratch;
use crate::models::lifetime::{Client, LifetimeModel, Valuer};
use crate::models::lifetime_score::LifetimeScore;
use crate::models::registry::{self, ModelVersion};
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::totals::ByCustomer;

/// What history knows of customers who may be profiled.
pub struct Known {
    /// Buyers, in the order of their ids, with the days on which they bought.
    pub(super) buyers: Vec<WithDays>,
    /// Contracts.
    pub contracts: Contracts,
}

impl Known {
    /// Reads it, as of now.
    ///
    /// # Errors
    /// Unavailable, when store or history do not answer.
    pub fn read(ws: &Workspace, now: Timestamp) -> Result<Known> {
        let objecting: HashSet<CustomerId> = ws.store().read(customers::objecting)?.into_iter().collect();
        let buyers = purchases::buyers(ws, now, &objecting)?;
        Ok(Known { buyers, contracts: Contracts::read(ws, now, &objecting)? })
    }
}

/// What the model says of everybody, in the order of customers.
pub struct Lifetimes {
    /// The version that says so.
    version: ModelVersion,
    scores: Vec<LifetimeScore>,
}

/// Values every customer with a purchase or a running contract; none without a model that serves.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn score(ws: &Workspace, known: &Known, totals: &ByCustomer, now: Timestamp) -> Result<Option<Lifetimes>> {
    let Some(version) = ws.store().read(|conn| registry::champion(conn, "lifetime"))? else { return Ok(None) };
    let model: LifetimeModel = version.fit.parameters()?;
    let (ids, clients) = clients(ws, &model, known, totals, now);
    let valuer = Valuer::new(&model, &clients);
    let currency = ws.settings().currency;
    let scores = ids.par_iter().zip(&clients).map_init(Scratch::default, |scratch, (&id, client)| {
        let worth = valuer.worth(client, scratch);
        let historic = totals.get(&id).map_or(Money::ZERO, |total| total.profit);
        LifetimeScore::of(id, &worth, historic, &version, &model, currency, now)
    });
    let scores = scores.collect();
    Ok(Some(Lifetimes { version, scores }))
}

/// What is known of each customer, in the order of their ids.
pub(super) fn clients(
    ws: &Workspace,
    model: &LifetimeModel,
    known: &Known,
    totals: &ByCustomer,
    now: Timestamp,
) -> (Vec<CustomerId>, Vec<Client>) {
    let currency = ws.settings().currency;
    let (mut ids, mut clients) = (Vec::new(), Vec::new());
    for (buyer, _) in &known.buyers {
        let total = totals.get(&buyer.customer).copied().unwrap_or_default();
        ids.push(buyer.customer);
        clients.push(Client {
            purchases: Some(buyer.purchases),
            repeat_mean: buyer.repeat_mean,
            margin: (total.profit + total.cost_to_serve).to_units(currency),
            revenue: total.revenue.to_units(currency),
            cost: total.cost_to_serve.to_units(currency),
            contracts: Vec::new(),
        });
    }
    if model.contracts.is_some() {
        let buyers = ids.len();
        let contracts = known.contracts.seen(now, now, currency.minor_units() as f64);
        for (customer, seen, _) in contracts.into_iter().filter(|(_, seen, _)| !seen.ended) {
            // Contracts come in the order of customers too: one without a purchase is the last that was added, or new.
            let at = match ids[..buyers].binary_search(&customer) {
                Ok(at) => at,
                Err(_) if ids[buyers..].last() == Some(&customer) => ids.len() - 1,
                Err(_) => {
                    ids.push(customer);
                    clients.push(Client::default());
                    ids.len() - 1
                }
            };
            clients[at].contracts.push(seen);
        }
        let mut both: Vec<(CustomerId, Client)> = ids.into_iter().zip(clients).collect();
        both.sort_by_key(|(id, _)| *id);
        return both.into_iter().unzip();
    }
    (ids, clients)
}

impl Lifetimes {
    /// Which model was asked: its name and version.
    pub fn asked(&self) -> (String, i64) {
        (self.version.fit.name.clone(), self.version.id.0)
    }

    /// What is said of one customer.
    pub fn of(&self, customer: CustomerId) -> Option<&LifetimeScore> {
        self.scores.binary_search_by_key(&customer, |score| score.customer_id).ok().map(|at| &self.scores[at])
    }
}
