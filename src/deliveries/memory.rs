//! A transport that keeps messages in memory: for tests, and for the simulated company, which reads and answers them.

use std::sync::{Arc, Mutex, PoisonError};

use super::transport::{Outcome, Parcel, Session, Transport};
use crate::error::Result;
use crate::ids::{CustomerId, DeliveryId};
use crate::messages::Message;

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Which delivery it was.
    pub delivery: DeliveryId,
    /// Whose.
    pub customer: CustomerId,
    /// Its stable Message-ID.
    pub message_id: String,
    /// The mailbox or number.
    pub address: String,
    /// What it says.
    pub message: Message,
}

/// Everything that arrived; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<Received>>>);

impl Memory {
    /// Nothing yet.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// What has arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How much has arrived so far.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Transport for Memory {
    fn session(&self) -> Result<Box<dyn Session>> {
        Ok(Box::new(MemorySession { inbox: self.clone(), prepared: Vec::new() }))
    }
}

struct MemorySession {
    inbox: Memory,
    prepared: Vec<Received>,
}

impl Session for MemorySession {
    fn prepare(&mut self, parcel: &Parcel<'_>) -> Result<(), Outcome> {
        self.prepared.push(Received {
            delivery: parcel.delivery.id,
            customer: parcel.delivery.customer_id,
            message_id: parcel.delivery.message_id.clone(),
            address: parcel.delivery.address.clone(),
            message: parcel.message.clone(),
        });
        Ok(())
    }

    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome> {
        let kept = self.prepared.drain(..).zip(keep).filter(|(_, keep)| **keep).map(|(received, _)| received);
        let kept: Vec<Received> = kept.collect();
        let outcomes = kept.iter().map(|_| Outcome::Sent { code: Some(250), text: "kept in memory".into() }).collect();
        self.inbox.0.lock().unwrap_or_else(PoisonError::into_inner).extend(kept);
        outcomes
    }

    fn abandon(&mut self) {
        self.prepared.clear();
    }
}
