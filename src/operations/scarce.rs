//! What is scarce in a campaign, and where it is counted: budget, stock, and contacts of a channel by period, hour and day.
//!
//! A *period* begins with a run and ends with the next one of the same version: the budget and each channel's `capacity` serve the
//! run and the answers in real time that follow it. What real time uses before the first run counts against the first run.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::ToSpan;
use jiff::tz::TimeZone;

use crate::campaigns::store::{self as campaigns, Campaign};
use crate::campaigns::{CampaignSpec, ChannelSpec};
use crate::clock::{DAY, HOUR, Timestamp};
use crate::decisions::candidate::TICKS;
use crate::decisions::capacity::{Take, Used};
use crate::decisions::exploration::amounts;
use crate::decisions::{Candidate, Resource, Resources, Unit, Uses};
use crate::error::Result;
use crate::ids::OfferId;
use crate::offers::store::Offer;
use crate::operations::setup::Setup;
use crate::operations::shares::{Members, ShareLimit};
use crate::operations::variants::Part;
use crate::storage::Connection;

/// Hours in which a contact that is decided now can begin: a day, and the one that has begun.
const HOURS: i64 = 26;
/// Days on which it can begin.
const DAYS: i64 = 3;

/// The time that budget and channel volumes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// What it is counted under: the version before its second run, the run that began it from then on.
    pub key: i64,
    /// Since when.
    pub from: Timestamp,
    /// Until when, as far as is known: the next scheduled run, else a conversion window.
    pub until: Timestamp,
}

impl Period {
    /// The one that counts now.
    pub fn current(conn: &mut Connection, campaign: &Campaign, spec: &CampaignSpec) -> Result<Period> {
        let runs = campaigns::last_runs(conn, campaign.id, campaign.version)?;
        let from = runs.first().map_or(campaign.updated_at, |(_, decided_at)| *decided_at);
        let key = if runs.len() > 1 { runs[0].0.0 } else { campaign.version };
        let until = campaign.next_run_at.filter(|next| *next > from).unwrap_or_else(|| spec.window_end(from));
        Ok(Period { key, from, until })
    }

    /// What a run is counted under: the rest after a test under what its test is, any other as the next run.
    pub fn of_run(conn: &mut Connection, setup: &Setup) -> Result<Option<i64>> {
        match setup.varied.part {
            Part::Rest(..) => Ok(Some(Period::current(conn, &setup.campaign, setup.spec())?.key)),
            Part::Whole | Part::Test(_) => Period::of_next_run(conn, &setup.campaign),
        }
    }

    /// What the next run is counted under; `None` when it begins a period of its own, under its own id.
    pub fn of_next_run(conn: &mut Connection, campaign: &Campaign) -> Result<Option<i64>> {
        let first = campaigns::last_runs(conn, campaign.id, campaign.version)?.is_empty();
        Ok(first.then_some(campaign.version))
    }
}

/// Where a resource is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// With the offer.
    Stock(OfferId),
    /// By campaign, in the period.
    Period,
    /// By campaign, in the hour or day that begins then.
    Span(Timestamp),
    /// Nowhere: it is a promise, which a run keeps and nobody uses up.
    Promise,
}

/// One resource of a campaign.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Where it is counted.
    pub account: Account,
    /// Under which name.
    pub counter: String,
    /// How much there is in all; of stock what was left when this was made.
    pub most: i64,
    /// When its use is paced from, and until when, where this is not the period.
    pub window: Option<(Timestamp, Timestamp)>,
}

/// The resources of one channel, by position.
#[derive(Debug, Default)]
struct OfChannel {
    total: Option<u16>,
    hours: Vec<(Timestamp, u16)>,
    days: Vec<(Timestamp, u16)>,
}

/// Who is contacted and when: the resources of shares, hour and day.
type UsesKey = (usize, usize, Members, Option<u16>, Option<u16>);

/// Everything that is scarce in a campaign.
#[derive(Debug)]
pub struct Scarce {
    /// What decisions count with, by position.
    pub resources: Resources,
    /// The same resources, as the store counts them.
    pub limits: Vec<Limit>,
    /// The hour it was made in; hours and days are those that follow.
    pub made_in: Timestamp,
    budget: Option<u16>,
    stocks: Vec<Option<u16>>,
    channels: Vec<OfChannel>,
    /// Of each share the most, and what is promised.
    shares: Vec<(Option<u16>, Option<u16>)>,
    /// What contacts use by offer and channel, where neither hour nor day counts, nor who it is.
    plain: Vec<Arc<Uses>>,
    uses: Mutex<HashMap<UsesKey, Arc<Uses>>>,
}

impl Scarce {
    /// What is scarce in a campaign with these offers and shares; `zone` is the workspace's, whose days count.
    pub fn of(spec: &CampaignSpec, offers: &[Offer], shares: &[ShareLimit], zone: &TimeZone, now: Timestamp) -> Scarce {
        let mut scarce = Scarce {
            resources: Resources::new(),
            limits: Vec::new(),
            made_in: floor(now),
            budget: None,
            stocks: Vec::new(),
            channels: Vec::new(),
            shares: Vec::new(),
            plain: Vec::new(),
            uses: Mutex::new(HashMap::new()),
        };
        // Budgets are counted in ticks: hundredths of a minor unit.
        scarce.budget = spec.budget.map(|budget| {
            let most = budget.0.saturating_mul(TICKS as i64);
            scarce.add("budget".into(), Unit::Budget, Account::Period, "budget".into(), most, None)
        });
        for offer in offers {
            let name = offer.spec.name.as_str();
            let stock = offer.left().map(|left| {
                let key = format!("stock:{name}");
                scarce.add(key.clone(), Unit::Stock(name.into()), Account::Stock(offer.id), key, left, None)
            });
            scarce.stocks.push(stock);
        }
        for channel in &spec.channels {
            let of_channel = scarce.channel(channel, zone, now);
            scarce.channels.push(of_channel);
        }
        for share in shares {
            let of_share = scarce.share(share);
            scarce.shares.push(of_share);
        }
        let cells = (0..offers.len()).flat_map(|offer| (0..spec.channels.len()).map(move |channel| (offer, channel)));
        scarce.plain = cells.map(|(offer, channel)| Arc::new(scarce.shape((offer, channel, 0, None, None)))).collect();
        scarce
    }

    fn shape(&self, (offer, channel, members, hour, day): UsesKey) -> Uses {
        let units = [self.stocks[offer], self.channels[channel].total, hour, day].into_iter().flatten();
        let mut uses =
            Uses { budgets: self.budget.into_iter().collect(), units: units.map(|position| (position, 1)).collect() };
        for (at, (most, promise)) in self.shares.iter().enumerate().filter(|(at, _)| members >> at & 1 == 1) {
            debug_assert!(at < Members::BITS as usize, "a definition has no more shares than bits");
            uses.units.extend(most.map(|position| (position, 1)));
            uses.units.extend(promise.map(|position| (position, -1)));
        }
        uses
    }

    fn share(&mut self, share: &ShareLimit) -> (Option<u16>, Option<u16>) {
        let key = format!("share:{}", share.name);
        let most = share.most.map(|most| {
            self.add(key.clone(), Unit::Place(share.name.clone()), Account::Period, key.clone(), most, None)
        });
        let promise = share.least.map(|least| {
            let named = format!("{key}/least");
            self.add(named.clone(), Unit::Promise(share.name.clone()), Account::Promise, named, -least, None)
        });
        (most, promise)
    }

    fn channel(&mut self, channel: &ChannelSpec, zone: &TimeZone, now: Timestamp) -> OfChannel {
        let name = channel.channel.as_str();
        let key = format!("channel:{name}");
        let total = channel
            .capacity
            .map(|most| self.add(key.clone(), Unit::Channel(name.into()), Account::Period, key.clone(), most, None));
        let mut of_channel = OfChannel { total, ..OfChannel::default() };
        let mut spans = |length: i64, most: Option<i64>, word: &str, starts: Vec<Timestamp>| {
            let Some(most) = most else { return Vec::new() };
            let each = starts.into_iter().map(|start| {
                let unit = Unit::Place(format!("{name} in the {word} from {start}").into());
                // A contact of that hour can be decided a day before.
                let window = Some((start.plus(-DAY), start.plus(length)));
                let named = format!("{key}/{word}:{start}");
                (start, self.add(named, unit, Account::Span(start), format!("{key}/{word}"), most, window))
            });
            each.collect()
        };
        let hours = (0..HOURS).map(|hour| floor(now).plus(hour * HOUR)).collect();
        of_channel.hours = spans(HOUR, channel.per_hour, "hour", hours);
        of_channel.days = spans(DAY, channel.per_day, "day", days(zone, now));
        of_channel
    }

    fn add(
        &mut self,
        name: String,
        unit: Unit,
        account: Account,
        counter: String,
        most: i64,
        window: Option<(Timestamp, Timestamp)>,
    ) -> u16 {
        self.resources.push(Resource { name: name.into(), unit, capacity: most });
        self.limits.push(Limit { account, counter, most, window });
        (self.resources.len() - 1) as u16
    }

    /// What a contact uses that begins then, by the positions of offer and channel, and by the shares its customer belongs to.
    pub fn uses(&self, offer: usize, channel: usize, members: Members, from: Timestamp) -> Arc<Uses> {
        let of_channel = &self.channels[channel];
        if of_channel.hours.is_empty() && of_channel.days.is_empty() && members == 0 {
            return self.plain[offer * self.channels.len() + channel].clone();
        }
        let span = |spans: &[(Timestamp, u16)]| {
            let after = spans.partition_point(|(start, _)| *start <= from);
            after.checked_sub(1).map(|at| spans[at].1)
        };
        let (hour, day) = (span(&of_channel.hours), span(&of_channel.days));
        let mut known = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (offer, channel, members, hour, day);
        known.entry(key).or_insert_with(|| Arc::new(self.shape(key))).clone()
    }

    /// Units left of each resource, by position.
    pub fn left(&self, key: i64, used: &[Used], stock: &BTreeMap<OfferId, Option<i64>>) -> Vec<i64> {
        let of = |limit: &Limit| match limit.account {
            Account::Promise => limit.most,
            Account::Stock(offer) => stock.get(&offer).copied().flatten().unwrap_or(limit.most).max(0),
            _ => (limit.most - find(limit, key, used).map_or(0, |used| used.used)).max(0),
        };
        self.limits.iter().map(of).collect()
    }

    /// Leaves of each resource what a share of the audience may take. Limits and promises by group are counted on that share
    /// already.
    pub fn leave_share(&self, left: &mut [i64], share: f64) {
        for (left, (resource, limit)) in left.iter_mut().zip(self.resources.iter().zip(&self.limits)) {
            let of_group = limit.account == Account::Promise || resource.name.starts_with("share:");
            if !of_group {
                *left = (*left as f64 * share) as i64;
            }
        }
    }

    /// The same with the capacities lowered to what is left, for a run.
    #[must_use]
    pub fn lowered(mut self, left: &[i64]) -> Scarce {
        self.resources.iter_mut().zip(left).for_each(|(resource, left)| resource.capacity = *left);
        self
    }

    /// What a contact takes from the counters, by the positions of the resources.
    pub fn takes(&self, candidate: &Candidate, key: i64) -> Vec<(usize, Take)> {
        let counted = amounts(candidate).filter(|(position, _)| self.is_counted(*position));
        counted.map(|(position, used)| (position, self.take(position, key, used))).collect()
    }

    /// Whether what is used of a resource is counted in the store.
    pub fn is_counted(&self, position: usize) -> bool {
        self.limits[position].account != Account::Promise
    }

    /// So many units of a resource.
    pub fn take(&self, position: usize, key: i64, used: i64) -> Take {
        let limit = &self.limits[position];
        Take { resource: limit.counter.clone(), period: period_of(limit, key), used }
    }

    /// Up to where the counter of a resource may go. That of stock only says what pieces have earned; pieces themselves are
    /// counted with the offer.
    pub fn most(&self, position: usize) -> i64 {
        match self.limits[position].account {
            Account::Stock(_) => i64::MAX,
            _ => self.limits[position].most,
        }
    }

    /// Whether a resource is stock, which is given back with its offer.
    pub fn is_stock(&self, position: usize) -> bool {
        matches!(self.limits[position].account, Account::Stock(_))
    }

    /// The position of an offer's stock.
    pub fn stock_of(&self, offer: OfferId) -> Option<usize> {
        self.limits.iter().position(|limit| limit.account == Account::Stock(offer))
    }
}

/// What is used of a limit.
pub fn find<'a>(limit: &Limit, key: i64, used: &'a [Used]) -> Option<&'a Used> {
    let period = period_of(limit, key);
    used.iter().find(|used| used.resource == limit.counter && used.period == period)
}

fn period_of(limit: &Limit, key: i64) -> i64 {
    match limit.account {
        Account::Stock(_) | Account::Period | Account::Promise => key,
        Account::Span(start) => start.0,
    }
}

fn floor(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(HOUR) * HOUR)
}

/// The beginnings of this day and the next ones.
fn days(zone: &TimeZone, now: Timestamp) -> Vec<Timestamp> {
    let today = now.to_jiff().to_zoned(zone.clone()).date();
    let begin = |day: i64| {
        let date = today.checked_add(day.days()).ok()?;
        Some(Timestamp(date.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond()))
    };
    (0..DAYS).filter_map(begin).collect()
}
