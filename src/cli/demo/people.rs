//! Who is who: the engine's own keys and the company's.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::ids::{CustomerId, IdKey};
use crate::simulation::Company;

/// The clients by the engine's key.
pub struct People {
    key: IdKey,
    index: HashMap<CustomerId, usize>,
    names: Vec<String>,
}

impl People {
    /// All clients of the company.
    pub fn of(company: &Company, key: &IdKey) -> People {
        let names: Vec<String> = company.clients.iter().map(|client| client.person.external_id.clone()).collect();
        let index = names.iter().enumerate().map(|(at, name)| (key.customer(name), at)).collect();
        People { key: *key, index, names }
    }

    /// The company's own key.
    ///
    /// # Errors
    /// Internal, when the company has no such client.
    pub fn external_id(&self, id: CustomerId) -> Result<&str> {
        self.index(id).map(|at| self.names[at].as_str())
    }

    /// The client's position in the company.
    ///
    /// # Errors
    /// Internal, when the company has no such client.
    pub fn index(&self, id: CustomerId) -> Result<usize> {
        self.index.get(&id).copied().ok_or_else(|| Error::internal("a customer is no client of the simulated company"))
    }

    /// The engine's key.
    pub fn id(&self, external_id: &str) -> CustomerId {
        self.key.customer(external_id)
    }
}
