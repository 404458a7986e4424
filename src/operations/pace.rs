//! How fast messages may go: what the settings say of channels, domains, relays and senders who are not known yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{self, Clock, SECOND, Timestamp};
use crate::deliveries::outbox::pace;
use crate::deliveries::smtp::Gate;
use crate::error::Result;
use crate::operations::Workspace;
use crate::settings::{Settings, Smtp};
use crate::storage::Store;

/// Brings the paces in the store to those of the settings, as of now.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn agree(ws: &Workspace) -> Result<()> {
    let now = ws.now();
    let wanted = gaps(ws.settings(), now)?;
    if wanted.is_empty() {
        return Ok(());
    }
    ws.store().write(|conn| pace::agree(conn, &wanted, now))
}

/// The least time between two messages, in microseconds, by what it is kept under; 0 where there is no limit any more.
fn gaps(settings: &Settings, now: Timestamp) -> Result<BTreeMap<String, i64>> {
    let mut gaps: BTreeMap<String, i64> = BTreeMap::new();
    let mut slower = |name: String, gap: i64| {
        let known = gaps.entry(name).or_default();
        *known = gap.max(*known);
    };
    let relays: Vec<&Smtp> = settings.smtp.iter().chain(&settings.relays).collect();
    for relay in &relays {
        slower(relay.pace_key(), relay.pace.map_or(0, |pace| SECOND / i64::from(pace)));
    }
    // No more is claimed than the relays take together.
    let together: Option<i64> = relays.iter().map(|relay| relay.pace.map(i64::from)).sum();
    if let Some(together) = together.filter(|pace| *pace > 0) {
        slower("email".to_owned(), SECOND / together);
    }
    for (name, &pace) in &settings.pace {
        slower(name.clone(), SECOND / i64::from(pace));
    }
    let today = now.to_jiff().to_zoned(clock::zone(&settings.zone)?).date();
    for (name, warmup) in &settings.warmup {
        slower(name.clone(), warmup.gap(today));
    }
    Ok(gaps)
}

/// The pace of one relay, counted in the store: all processes share it. A tenth of a second's messages are taken at once.
pub struct RelayGate {
    store: Store,
    clock: Arc<dyn Clock>,
    key: String,
    at_once: usize,
    taken: Mutex<usize>,
}

impl std::fmt::Debug for RelayGate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayGate").field("key", &self.key).finish_non_exhaustive()
    }
}

impl RelayGate {
    /// That of a relay with a pace.
    pub fn of(ws: &Workspace, relay: &Smtp) -> Option<Arc<dyn Gate>> {
        let pace = relay.pace?;
        let at_once = (pace / 10).max(1) as usize;
        let (store, clock, key) = (ws.store().clone(), ws.clock().clone(), relay.pace_key());
        Some(Arc::new(RelayGate { store, clock, key, at_once, taken: Mutex::new(0) }))
    }
}

impl Gate for RelayGate {
    fn pass(&self) -> Result<Option<Duration>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if *taken == 0 {
            let now = self.clock.now();
            let (given, more_at) = self.store.write(|conn| pace::take(conn, &self.key, self.at_once, now))?;
            if given == 0 {
                let wait = (more_at.0 - now.0).clamp(1_000, SECOND);
                return Ok(Some(Duration::from_micros(wait.unsigned_abs())));
            }
            *taken = given;
        }
        *taken -= 1;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Warmup;

    fn relay(port: u16, pace: Option<i32>) -> Smtp {
        Smtp { pace, name: Some(format!("n{port}")), ..Smtp::plain("relay.example", port) }
    }

    #[test]
    fn the_slowest_of_what_is_said_counts() {
        let warmup = Warmup { from: jiff::civil::date(2026, 11, 26), first_day: 24, growth: 2.0, full: 1_000 };
        let settings = Settings {
            smtp: Some(relay(25, Some(20))),
            relays: vec![relay(26, Some(30))],
            pace: BTreeMap::from([("sms".to_owned(), 10), ("email/example.org".to_owned(), 5)]),
            warmup: BTreeMap::from([("email/example.org".to_owned(), warmup)]),
            ..Settings::default()
        };
        let at = |text: &str| gaps(&settings, Timestamp::parse(text).unwrap()).unwrap();
        let second_day = at("2026-11-27T12:00:00Z");
        assert_eq!(second_day["email"], SECOND / 50);
        assert_eq!((second_day["relay:relay.example:25"], second_day["sms"]), (SECOND / 20, SECOND / 10));
        assert_eq!(second_day["email/example.org"], clock::DAY / 48);
        assert_eq!(at("2026-12-27T12:00:00Z")["email/example.org"], SECOND / 5, "it is over");
    }

    #[test]
    fn who_has_a_relay_without_a_pace_is_not_held_back() {
        let settings =
            Settings { smtp: Some(relay(25, Some(20))), relays: vec![relay(26, None)], ..Settings::default() };
        let found = gaps(&settings, Timestamp(0)).unwrap();
        assert_eq!((found.get("email"), found["relay:relay.example:26"]), (None, 0));
        assert!(gaps(&Settings::default(), Timestamp(0)).unwrap().is_empty());
    }
}
