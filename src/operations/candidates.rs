//! What could be done for one customer in a campaign: every offer by every channel in every slot, with the terms of its value.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::campaigns::{CampaignSpec, ChannelSpec};
use crate::clock::{DAY, HOUR, Timestamp};
use crate::decisions::contact_policy::is_quiet;
use crate::decisions::{Candidate, Facts, MessageClass, Slot, Treatment, Uses, ValueTerms};
use crate::models::ResponseModel;
use crate::models::response::{Context, EncodedCustomer};
use crate::models::timing::hour_of_week;
use crate::money::Money;
use crate::offers::store::Offer;
use crate::operations::base::Base;
use crate::operations::people::{Person, class_of};
use crate::operations::scarce::Scarce;
use crate::operations::shares::Shares;
use crate::operations::variants::Limits;
use crate::rules::{Row, Value};
use crate::settings::Settings;

/// Most slots of one channel that enter.
const SLOTS: usize = 3;
/// Length of a slot.
const SLOT: i64 = 2 * HOUR;
/// Contacts a year that a lost permission would have made possible.
const CONTACTS_A_YEAR: f64 = 12.0;

/// The treatments of a variant in a language: channels in their order, and for each the offers.
type Shelf = Arc<Vec<Arc<Treatment>>>;

/// A variant, and a language.
type ShelfKey = (Option<Arc<str>>, Arc<str>);

/// Treatments by variant and language, made once.
#[derive(Debug, Default)]
pub struct Treatments(Mutex<HashMap<ShelfKey, Shelf>>);

/// Who asks, of whom not everything is a candidate.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asking<'a> {
    /// Whether the answer is given at once: what waits for a person's word cannot be proposed.
    pub at_once: bool,
    /// The channel that would make the contact now; all at their own hours when absent.
    pub channel: Option<&'a str>,
    /// The placement that would show it.
    pub placement: Option<&'a str>,
}

/// All treatments of a campaign, the resources they use, and what turns a customer into candidates.
pub struct Menu<'a> {
    spec: &'a CampaignSpec,
    offers: &'a [Offer],
    settings: &'a Settings,
    model: &'a ResponseModel,
    retention: Option<&'a ResponseModel>,
    base: Base,
    scarce: Arc<Scarce>,
    shares: &'a Shares,
    treatments: Arc<Treatments>,
    /// The hours of the day that are not quiet: those of a channel that states none.
    any_hour: Vec<u8>,
}

/// The hours of the day that are quiet neither in the campaign's own policy nor, without one, in the workspace's.
fn any_hour(spec: &CampaignSpec, settings: &Settings) -> Vec<u8> {
    let own = spec.contact.policy.as_ref().and_then(|policy| policy.get("quiet_hours"));
    let own = own.and_then(|hours| serde_json::from_value::<[u8; 2]>(hours.clone()).ok());
    let quiet = own.unwrap_or(settings.quiet_hours);
    (0..24).filter(|&hour| !is_quiet(quiet, hour)).collect()
}

/// Features and scores of a person, by name: the numbers among what is known of them.
pub struct Features<'a>(&'a Facts);

impl Features<'_> {
    /// Those of the serving row.
    pub fn of(person: &Person) -> Features<'_> {
        Features(&person.view.facts)
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<f64> {
        match self.0.get(name) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// Orders that a year without contact would bring, by the same hazard; none without a score.
    pub fn orders_a_year(&self) -> f64 {
        self.get("churn").map_or(0.0, |churn| -churn.clamp(0.01, 1.0).ln() * 365.0 / 90.0)
    }

    /// P(buys within so many days without any contact), from the churn score: churn is P(no purchase within 90 days), and the
    /// hazard is taken as even over them. Without a score: nothing is expected.
    pub fn baseline(&self, window_days: u32) -> f64 {
        let churn = self.get("churn").unwrap_or(1.0).clamp(1e-6, 1.0);
        1.0 - churn.powf(f64::from(window_days) / 90.0)
    }
}

/// What the response model sees of a customer: the very facts that are logged with the decision.
pub fn context(facts: &Facts) -> Context {
    let mut context = Context::default();
    for (name, value) in facts.iter() {
        match value {
            Value::Number(number) => {
                context.numbers.insert(name.to_owned(), *number);
            }
            Value::Text(text) => {
                context.texts.insert(name.to_owned(), text.to_string());
            }
            _ => {}
        }
    }
    context
}

/// How the customer responds, as far as it is known.
struct Response<'m> {
    model: &'m ResponseModel,
    seen: EncodedCustomer,
    retention: Option<(&'m ResponseModel, EncodedCustomer)>,
    baseline: f64,
    average: f64,
}

impl Response<'_> {
    /// (P with the contact, P without). Until decisions have been logged, the marketer's stated rate is taken as the average of
    /// those who are contacted: what it exceeds the base's own rate by is the lift, the same for everybody.
    fn of(&self, offer: &Offer, channel: &str) -> (f64, f64) {
        if self.model.has_learned() {
            return self.model.with_and_without(&self.seen, &offer.spec.name, channel);
        }
        let lift = ((offer.spec.base_rate - self.average) / (1.0 - self.average).max(1e-6)).max(0.0);
        (1.0 - (1.0 - self.baseline) * (1.0 - lift), self.baseline)
    }

    /// The share of the later value that the contact costs, 0..=1, and its standard error: of those who would still buy after the
    /// window, who does not for having been contacted.
    fn later_loss(&self, channel: &str) -> (f64, f64) {
        let Some((model, seen)) = &self.retention else { return (0.0, 0.0) };
        let Some(leaving) = &model.leaving else { return (0.0, 0.0) };
        let without = model.predict_encoded(seen, None, None).mean;
        (leaving.share(without, channel), leaving.error(without, channel))
    }
}

/// What a contact is expected to do.
#[derive(Debug, Clone, Copy)]
struct Chances {
    /// P(convert | this contact).
    with: f64,
    /// P(convert | no contact).
    without: f64,
    /// Share of the later value that the contact costs, and its standard error.
    later_loss: (f64, f64),
    /// Of earlier contacts.
    pressure: f64,
}

/// What a customer's orders bring.
struct Earns {
    /// The customer's own mean basket, in units of the currency.
    basket: Option<f64>,
    /// Margin on revenue, 0..=1.
    margin_rate: f64,
    /// Orders that a year without contact would bring.
    orders_a_year: f64,
}

impl<'a> Menu<'a> {
    /// The menu of a campaign.
    pub fn new(
        spec: &'a CampaignSpec,
        offers: &'a [Offer],
        settings: &'a Settings,
        (model, retention): (&'a ResponseModel, Option<&'a ResponseModel>),
        base: Base,
        (scarce, shares): (Arc<Scarce>, &'a Shares),
        treatments: Arc<Treatments>,
    ) -> Menu<'a> {
        let any_hour = any_hour(spec, settings);
        Menu { spec, offers, settings, model, retention, base, scarce, shares, treatments, any_hour }
    }

    /// Every candidate of one person, at this instant.
    pub fn candidates(&self, person: &Person, variant: Option<&Arc<str>>, now: Timestamp) -> Vec<Candidate> {
        self.candidates_for(person, variant, Asking::default(), now)
    }

    /// The candidates of whoever asks.
    pub fn candidates_for(
        &self,
        person: &Person,
        variant: Option<&Arc<str>>,
        asking: Asking<'_>,
        now: Timestamp,
    ) -> Vec<Candidate> {
        let features = Features::of(person);
        let context = context(&person.view.facts);
        let response = Response {
            model: self.model,
            seen: self.model.encode(&context),
            retention: self.retention.map(|model| (model, model.encode(&context))),
            baseline: features.baseline(self.spec.conversion_days),
            average: self.base.baseline,
        };
        let earns = Earns {
            basket: features.get("aov").filter(|basket| *basket > 0.0),
            margin_rate: self.margin_rate(&features),
            orders_a_year: features.orders_a_year(),
        };
        let limits = Limits::of(self.spec, variant.map_or("", |variant| variant));
        let own_hours: Vec<Vec<(Slot, f64)>> =
            self.spec.channels.iter().map(|channel| self.slots(person, channel, limits, now)).collect();
        let at_once = Slot { from: now, until: now.plus(HOUR) };
        let at_once = (at_once, self.hour_share(person, now, person.view.zone.to_offset(now.to_jiff()).seconds()));
        let times = own_hours.iter().flatten().chain(asking.channel.map(|_| &at_once));
        let best = times.map(|(_, share)| *share).fold(0.0, f64::max);
        let treatments = self.treatments(variant, person);
        // What a marketer states is meant of the campaign as it is planned, with its reminders.
        let pressure = if self.model.has_learned() { person.view.pressure(now) } else { 0.0 };
        let fatigue = self.model.fatigue.factor(pressure);
        let members = self.shares.members(&person.view.facts);
        let mut candidates = Vec::new();
        for (c, (channel, own_hours)) in self.spec.channels.iter().zip(&own_hours).enumerate() {
            let slots = match asking.channel {
                Some(asking) if asking == channel.channel => std::slice::from_ref(&at_once),
                Some(_) => continue,
                None => own_hours,
            };
            if !limits.allow_channel(&channel.channel) {
                continue;
            }
            let later_loss = response.later_loss(&channel.channel);
            for (o, offer) in self.offers.iter().enumerate() {
                if offer.spec.earned
                    || (asking.at_once && offer.spec.review)
                    || !offer.spec.is_for(asking.placement)
                    || !limits.allow_offer(&offer.spec.name)
                {
                    continue;
                }
                let treatment = &treatments[c * self.offers.len() + o];
                let (with, without) = response.of(offer, &channel.channel);
                for &(slot, share) in slots.iter().filter(|(slot, _)| offer.spec.is_valid_at(slot.from)) {
                    let tempo = self.model.tempo.factor(share, best);
                    let lift = (with - without) * tempo;
                    // Who is put off by contacts is not less so for having just had one.
                    let lift = if lift > 0.0 { lift * fatigue } else { lift };
                    let with = (without + lift).clamp(0.0, 1.0);
                    let chances = Chances { with, without, later_loss, pressure };
                    let uses = self.scarce.uses(o, c, members, slot.from);
                    candidates.push(self.candidate(
                        &earns,
                        offer,
                        channel,
                        treatment.clone(),
                        (slot, share),
                        chances,
                        uses,
                    ));
                }
            }
        }
        candidates
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one candidate, each of its own kind")]
    fn candidate(
        &self,
        earns: &Earns,
        offer: &Offer,
        channel: &ChannelSpec,
        treatment: Arc<Treatment>,
        (slot, hour_share): (Slot, f64),
        chances: Chances,
        uses: Arc<Uses>,
    ) -> Candidate {
        let basket = self.basket(earns, offer);
        let margin = basket * earns.margin_rate;
        let discount = offer.spec.redemption_cost(Money(basket.round() as i64)).0 as f64;
        let contact_cost = self.contact_cost(channel);
        let Chances { with: p1, without: p0, later_loss: (later_loss, error), pressure } = chances;
        let extra = p1 - p0;
        let later_value = earns.orders_a_year * margin;
        let terms = ValueTerms {
            margin_with: margin,
            redeem: offer.spec.redeem,
            discount,
            margin_without: margin,
            // Part of an extra purchase is only brought forward, and some leave because they were asked: both are missing later.
            after: -extra.max(0.0) * offer.spec.pull_forward * margin - later_loss * later_value,
            contact_cost,
            // Stated for a customer who has been left in peace; each contact just made adds as much again.
            hazard: (channel.hazard * (1.0 + pressure)).min(1.0),
            reach_value: (extra * margin - contact_cost).max(0.0) * CONTACTS_A_YEAR,
            worth: self.spec.contact.worth.map_or(0.0, |worth| worth.0 as f64),
        };
        // What a partner pays on top is no budget to spend.
        let spend = contact_cost + p1 * offer.spec.redeem * discount.max(0.0);
        Candidate { treatment, slot, p1, p0, hour_share, terms, after_error: error * later_value, spend, uses }
    }

    /// The basket to expect, in minor units: the customer's own mean, else the offer's, else that of the whole base.
    fn basket(&self, earns: &Earns, offer: &Offer) -> f64 {
        let own = earns.basket;
        own.map(|units| units * self.settings.currency.minor_units() as f64)
            .or_else(|| offer.spec.basket.map(|basket| basket.0 as f64))
            .unwrap_or(self.base.basket)
    }

    fn margin_rate(&self, features: &Features) -> f64 {
        match (features.get("gross_margin"), features.get("monetary")) {
            (Some(margin), Some(revenue)) if revenue > 0.0 => (margin / revenue).clamp(0.0, 1.0),
            _ => self.settings.margin,
        }
    }

    fn contact_cost(&self, channel: &ChannelSpec) -> f64 {
        let rate = || self.settings.activity_rates.get(&channel.channel).copied().map(Money);
        channel.cost.or_else(rate).unwrap_or_default().0 as f64
    }

    /// The times of the channel within a day, in the customer's own zone, that suit the customer best, with the share of their
    /// activity in each; rising.
    fn slots(&self, person: &Person, channel: &ChannelSpec, limits: Limits<'_>, now: Timestamp) -> Vec<(Slot, f64)> {
        let local = now.to_jiff().to_zoned(person.view.zone.clone());
        let hours = if channel.hours.is_empty() { &self.any_hour } else { &channel.hours };
        let mut slots = Vec::new();
        for day in 0..2 {
            for &hour in hours.iter().filter(|&&hour| limits.allow_hour(hour)) {
                let start = local
                    .date()
                    .checked_add(jiff::Span::new().days(day))
                    .ok()
                    .and_then(|date| date.at(hour as i8, 0, 0, 0).to_zoned(person.view.zone.clone()).ok());
                let Some(start) = start else { continue };
                let from = Timestamp(start.timestamp().as_microsecond());
                if from >= now && from.0 - now.0 < DAY {
                    let share = self.hour_share(person, from, start.offset().seconds());
                    slots.push((Slot { from, until: from.plus(SLOT) }, share));
                }
            }
        }
        // Of equals the earlier.
        slots.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        slots.truncate(SLOTS);
        slots.sort_by_key(|(slot, _)| *slot);
        slots
    }

    /// The share of a person's activity in the hour of an instant, where the clock is so many seconds ahead.
    fn hour_share(&self, person: &Person, at: Timestamp, ahead: i32) -> f64 {
        self.base.week.share(person.segment(), &person.hours, hour_of_week(at, ahead))
    }

    /// The treatments that all customers of one variant and language share: channels in their order, and for each the offers.
    fn treatments(&self, variant: Option<&Arc<str>>, person: &Person) -> Shelf {
        let locale = person.customer.locale.as_deref().unwrap_or(&self.settings.locale);
        let mut known = self.treatments.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = (variant.cloned(), Arc::from(locale));
        let made = known.entry(key).or_insert_with(|| {
            let of = |channel: &ChannelSpec, offer: &Offer| Arc::new(self.treatment(channel, offer, variant, locale));
            let channels = self.spec.channels.iter();
            let all = channels.flat_map(|channel| self.offers.iter().map(move |offer| of(channel, offer)));
            Arc::new(all.collect())
        });
        made.clone()
    }

    fn treatment(&self, channel: &ChannelSpec, offer: &Offer, variant: Option<&Arc<str>>, locale: &str) -> Treatment {
        let class = class_of(&self.spec.class);
        let marketing = class == MessageClass::Marketing;
        Treatment {
            offer: offer.id,
            offer_key: offer.spec.name.as_str().into(),
            channel: channel.channel.as_str().into(),
            class,
            purpose: if marketing { "marketing".into() } else { self.spec.class.as_str().into() },
            variant: variant.cloned(),
            locale: locale.into(),
            explorable: true,
        }
    }
}
