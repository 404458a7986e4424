//! A campaign at hand: its definition and models, and a look at its counters that is never old.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Desk, FRESH};
use crate::campaigns::store::Campaign;
use crate::clock::{self, DAY, HOUR, Timestamp};
use crate::decisions::allocation::{Price, Prices};
use crate::decisions::pacing::{Pace, earns};
use crate::decisions::{Candidate, capacity, reservation, store as decisions};
use crate::error::Result;
use crate::ids::OfferId;
use crate::offers::store as offers;
use crate::operations::Workspace;
use crate::operations::base::Base;
use crate::operations::candidates::{Asking, Menu, Treatments};
use crate::operations::people::{self, Person};
use crate::operations::scarce::{Account, Limit, Period, Scarce, find};
use crate::operations::setup::{self, Setup};
use crate::operations::shares::ShareLimit;
use crate::operations::variants::Limits;
use crate::storage::Connection;

/// How old a look at the counters may be. They are only looked at here: what is taken is taken in the store itself.
const LOOK: Duration = Duration::from_millis(250);

/// A campaign at hand.
pub(super) struct Ready {
    pub setup: Setup,
    pub period: Period,
    base: Base,
    /// The shares among the base, in contacts.
    shares: Vec<ShareLimit>,
    /// Those of the last run of this version; none before the first.
    prices: Option<Prices>,
    treatments: Arc<Treatments>,
    variant: Arc<str>,
    made_at: Timestamp,
    live: Mutex<Arc<Live>>,
    looking: AtomicBool,
    /// An offer was changed since: the campaign is to be made ready again.
    outdated: AtomicBool,
    renewing: AtomicBool,
}

/// What is left, and what it is worth.
pub(super) struct Live {
    pub scarce: Arc<Scarce>,
    pub prices: Prices,
    /// Units left of each resource.
    pub left: Vec<i64>,
    /// When to look again.
    until: Instant,
}

/// One scarce thing, as it is now.
#[derive(Debug, Clone, Serialize)]
pub struct CapacityShown {
    /// Its name.
    pub resource: String,
    /// Units there are in all, and of stock those that were left when this was first looked at; ticks of a budget.
    pub capacity: i64,
    /// Units left.
    pub left: i64,
    /// What one more unit was worth in the last run, in minor units.
    pub price_of_run: f64,
    /// What it is worth now.
    pub price: f64,
    /// The same in words; empty where nothing is scarce.
    pub words: String,
}

impl Desk {
    /// This campaign at hand.
    pub(super) fn one_ready(
        self: &Arc<Desk>,
        conn: &mut Connection,
        campaign: &Campaign,
        now: Timestamp,
    ) -> Result<Arc<Ready>> {
        let usable = |desk: &Desk| {
            let known = desk.known.lock().unwrap_or_else(PoisonError::into_inner).get(&campaign.name).cloned();
            known.filter(|known| {
                known.setup.campaign.updated_at == campaign.updated_at
                    && known.setup.campaign.version == campaign.version
                    && known.setup.campaign.state == campaign.state
                    && !known.outdated.load(Ordering::Relaxed)
            })
        };
        if let Some(known) = usable(self) {
            if now.0 - known.made_at.0 >= FRESH && !known.renewing.swap(true, Ordering::SeqCst) {
                self.renew(campaign.name.clone(), now);
            }
            return Ok(known);
        }
        let _one = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        match usable(self) {
            Some(made_meanwhile) => Ok(made_meanwhile),
            None => self.make(conn, &campaign.name, now, false),
        }
    }

    /// Makes a campaign ready anew beside the requests, which go on with what there is.
    fn renew(self: &Arc<Desk>, name: String, now: Timestamp) {
        let desk = self.clone();
        std::thread::spawn(move || {
            let made = desk.ws.store().read(|conn| desk.make(conn, &name, now, true).map(drop));
            if let Err(error) = made {
                // The next request that finds it old tries again.
                tracing::warn!(campaign = name, ?error, "a campaign could not be read anew");
                let known = desk.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.get(&name).inspect(|ready| ready.renewing.store(false, Ordering::SeqCst));
            }
        });
    }

    fn make(&self, conn: &mut Connection, name: &str, now: Timestamp, anew: bool) -> Result<Arc<Ready>> {
        let ws = &self.ws;
        let setup = setup::load(ws, conn, name, "real time")?;
        let days = setup.spec().conversion_days;
        let known = ws.bases().last(days).filter(|_| !anew);
        // Reading everybody takes long: it is done once, and where nothing asks for it not at all.
        let people = match known.is_some() && setup.shares.is_empty() {
            true => Vec::new(),
            false => people::everyone(ws, conn, now, None)?,
        };
        let base = known.unwrap_or_else(|| {
            let made = Base::of(&people, ws.settings(), days);
            ws.bases().keep(days, made.clone(), now);
            made
        });
        let shares = setup.shares.limits(&people, &setup.policy);
        let period = Period::current(conn, &setup.campaign, setup.spec())?;
        let last = crate::campaigns::store::last_runs(conn, setup.campaign.id, setup.campaign.version)?;
        let prices = last.first().map(|(run, _)| decisions::prices(conn, *run)).transpose()?.flatten();
        let scarce = Scarce::of(setup.spec(), &setup.offers, &shares, &clock::zone(&ws.settings().zone)?, now);
        let nothing =
            Live { scarce: Arc::new(scarce), prices: Prices::default(), left: Vec::new(), until: Instant::now() };
        let made = Arc::new(Ready {
            variant: setup.standard_variant().into(),
            setup,
            period,
            base,
            shares,
            prices,
            treatments: Arc::default(),
            made_at: now,
            live: Mutex::new(Arc::new(nothing)),
            looking: AtomicBool::new(false),
            outdated: AtomicBool::new(false),
            renewing: AtomicBool::new(false),
        });
        made.look(ws, conn, now)?;
        let known = &mut self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(name.to_owned(), made.clone());
        Ok(made)
    }
}

impl Ready {
    /// What could be done for somebody.
    pub(super) fn candidates(
        &self,
        ws: &Workspace,
        live: &Live,
        person: &Person,
        asking: Asking<'_>,
        now: Timestamp,
    ) -> Vec<Candidate> {
        let setup = &self.setup;
        let variants = setup.policy.assignment.variants(&person.view.external_id);
        let variant = variants.first().map_or(&self.variant, |(_, variant)| variant);
        let by_rates = Limits::of(setup.spec(), variant).by_rates();
        let models = match setup.rates.as_ref().filter(|_| by_rates) {
            Some(rates) => (rates, None),
            None => (&setup.response, setup.retention.as_ref()),
        };
        let (scarce, treatments) = (live.scarce.clone(), self.treatments.clone());
        let menu = Menu::new(
            setup.spec(),
            &setup.offers,
            ws.settings(),
            models,
            self.base.clone(),
            (scarce, &setup.shares),
            treatments,
        );
        menu.candidates_for(person, Some(variant), asking, now)
    }

    /// The last look, or a new one when it is old; of many requests one looks.
    pub(super) fn live(&self, ws: &Workspace, now: Timestamp) -> Result<Arc<Live>> {
        let known = self.known();
        let same_hour = now.0 - known.scarce.made_in.0 < HOUR && now >= known.scarce.made_in;
        if same_hour && (Instant::now() < known.until || self.looking.swap(true, Ordering::SeqCst)) {
            return Ok(known);
        }
        let looked = self.look_now(ws, now);
        self.looking.store(false, Ordering::SeqCst);
        looked
    }

    fn known(&self) -> Arc<Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the counters now, after giving back what has expired.
    pub(super) fn look_now(&self, ws: &Workspace, now: Timestamp) -> Result<Arc<Live>> {
        if ws.store().read_one(|conn| reservation::any_expired(conn, now))?
            && let Err(error) = ws.store().write(|conn| reservation::expire(conn, now))
        {
            // The next look, or the job, does it; whoever asks shall not wait for it.
            tracing::warn!(?error, "what has expired could not be given back");
        }
        ws.store().read(|conn| self.look(ws, conn, now))
    }

    fn look(&self, ws: &Workspace, conn: &mut Connection, now: Timestamp) -> Result<Arc<Live>> {
        let begun = Instant::now();
        let (setup, key) = (&self.setup, self.period.key);
        let mut scarce = self.known().scarce.clone();
        if now.0 - scarce.made_in.0 >= HOUR || now < scarce.made_in {
            let zone = clock::zone(&ws.settings().zone)?;
            scarce = Arc::new(Scarce::of(setup.spec(), &setup.offers, &self.shares, &zone, now));
        }
        let stock = offers::left(conn)?;
        let changed = setup.offers.iter().any(|offer| stock.get(&offer.id).is_none_or(|(_, v)| *v != offer.version));
        self.outdated.store(changed, Ordering::Relaxed);
        let stock: BTreeMap<OfferId, Option<i64>> = stock.into_iter().map(|(id, (left, _))| (id, left)).collect();
        let used = capacity::used(conn, setup.campaign.id, key, now.plus(-2 * DAY).0)?;
        let left = scarce.left(key, &used, &stock);
        let entries = scarce.resources.iter().zip(&scarce.limits).zip(&left).map(|((resource, limit), &left)| {
            let price = match limit.account {
                // A promise is worth what it was in the run that kept it.
                Account::Promise => self.of_run(&resource.name).map_or(0.0, |price| price.price),
                _ => self.pace(limit, &resource.name, left, &used).price_at(now),
            };
            Price { resource: resource.clone(), price, used: limit.most - left }
        });
        let jitter = self.prices.as_ref().map_or(0.0, |prices| prices.jitter);
        let prices = Prices { entries: entries.collect(), jitter };
        // Where looking takes long, as with very many codes, it is done less often.
        let until = Instant::now() + LOOK.max(begun.elapsed() * 20);
        let live = Arc::new(Live { scarce, prices, left, until });
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = live.clone();
        Ok(live)
    }

    fn of_run(&self, name: &str) -> Option<&Price> {
        self.prices.as_ref()?.entries.iter().find(|entry| &*entry.resource.name == name)
    }

    fn pace(&self, limit: &Limit, name: &str, left: i64, used: &[capacity::Used]) -> Pace {
        let of_run = self.of_run(name);
        let count = find(limit, self.period.key, used);
        let unit = |price: &Price| price.resource.capacity - price.used;
        let at_first = match (&limit.account, of_run) {
            (Account::Span(_), _) | (Account::Period, None) => limit.most,
            (_, Some(price)) => unit(price),
            (Account::Stock(_) | Account::Promise, None) => left + count.map_or(0, |count| count.used),
        };
        let is_budget = limit.counter == "budget";
        Pace {
            price: of_run.map_or(0.0, |price| price.price),
            at_first,
            left,
            earns: count.map_or(0.0, |count| earns(is_budget, count)),
            window: limit.window.unwrap_or((self.period.from, self.period.until)),
        }
    }
}

impl Live {
    pub(super) fn shown(&self, ready: &Ready, ws: &Workspace) -> Vec<CapacityShown> {
        let ticks = crate::decisions::candidate::TICKS;
        let counted =
            self.prices.entries.iter().zip(&self.left).enumerate().filter(|(at, _)| self.scarce.is_counted(*at));
        let shown = counted.map(|(_, of)| of).map(|(entry, &left)| CapacityShown {
            resource: entry.resource.name.to_string(),
            capacity: entry.resource.capacity,
            left,
            price_of_run: ready.of_run(&entry.resource.name).map_or(0.0, |price| price.price) / ticks,
            price: entry.price / ticks,
            words: if entry.price > 0.0 { entry.words(ws.settings().currency) } else { String::new() },
        });
        shown.collect()
    }
}
