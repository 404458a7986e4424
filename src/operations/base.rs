//! Averages over the whole base: what is expected of whom too little is known.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::models::timing::Week;
use crate::operations::Workspace;
use crate::operations::candidates::Features;
use crate::operations::people::{self, Person};
use crate::settings::Settings;
use crate::storage::Connection;

/// Averages over the whole base, for customers of whom too little is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Base {
    /// Basket, in minor units.
    pub basket: f64,
    /// When in the week people are active.
    pub week: Arc<Week>,
    /// P(buys within the window without any contact).
    pub baseline: f64,
}

impl Base {
    /// The averages of these people.
    pub fn of(people: &[Person], settings: &Settings, window_days: u32) -> Base {
        let minor_units = settings.currency.minor_units() as f64;
        let (mut baskets, mut buyers, mut baseline) = (0.0, 0.0f64, 0.0);
        for person in people {
            let features = Features::of(person);
            if let Some(basket) = features.get("aov").filter(|basket| *basket > 0.0) {
                baskets += basket * minor_units;
                buyers += 1.0;
            }
            baseline += features.baseline(window_days);
        }
        Base {
            basket: if buyers > 0.0 { baskets / buyers } else { 50.0 * minor_units },
            week: Arc::new(Week::fit(people.iter().map(|person| (person.segment(), &person.hours)))),
            baseline: baseline / (people.len().max(1) as f64),
        }
    }
}

/// The averages that were made last, by length of the conversion window: reading everybody takes long in a large base.
#[derive(Debug, Default)]
pub struct Bases(Mutex<HashMap<u32, (Timestamp, Base)>>);

impl Bases {
    /// Those that were made last, if any were.
    pub fn last(&self, window_days: u32) -> Option<Base> {
        self.known().get(&window_days).map(|(_, base)| base.clone())
    }

    /// Keeps what was made at `now`.
    pub fn keep(&self, window_days: u32, base: Base, now: Timestamp) {
        self.known().insert(window_days, (now, base));
    }

    /// Those of at most `age` microseconds ago, made from everybody where there are none.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer.
    pub fn recent(&self, ws: &Workspace, conn: &mut Connection, window_days: u32, age: i64) -> Result<Base> {
        let now = ws.now();
        let known = self.known().get(&window_days).filter(|(at, _)| (0..age).contains(&(now.0 - at.0))).cloned();
        if let Some((_, base)) = known {
            return Ok(base);
        }
        let base = Base::of(&people::everyone(ws, conn, now, None)?, ws.settings(), window_days);
        self.keep(window_days, base.clone(), now);
        Ok(base)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<u32, (Timestamp, Base)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
