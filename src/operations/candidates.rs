//! What could be done for one customer in a campaign: every offer by every channel in every slot, with the terms of its value.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use crate::campaigns::{CampaignSpec, ChannelSpec};
use crate::clock::{DAY, HOUR, Timestamp};
use crate::decisions::{Candidate, Facts, MessageClass, Resource, Resources, Slot, Treatment, Unit, Uses, ValueTerms};
use crate::models::ResponseModel;
use crate::models::response::{Context, EncodedCustomer};
use crate::models::timing::{Week, hour_of_week};
use crate::money::Money;
use crate::offers::store::Offer;
use crate::operations::people::{Person, class_of};
use crate::rules::Value;
use crate::settings::Settings;

/// Most slots of one channel that enter.
const SLOTS: usize = 3;
/// Length of a slot.
const SLOT: i64 = 2 * HOUR;
/// Contacts a year that a lost permission would have made possible.
const CONTACTS_A_YEAR: f64 = 12.0;

/// Offer and channel by position, variant, language.
type TreatmentKey = (usize, usize, Option<Arc<str>>, Arc<str>);

/// All treatments of a campaign, the resources they use, and what turns a customer into candidates.
pub struct Menu<'a> {
    spec: &'a CampaignSpec,
    offers: &'a [Offer],
    settings: &'a Settings,
    model: &'a ResponseModel,
    retention: Option<&'a ResponseModel>,
    base: Base,
    /// What is scarce in this campaign.
    pub resources: Resources,
    uses: Vec<Arc<Uses>>,
    treatments: Mutex<HashMap<TreatmentKey, Arc<Treatment>>>,
}

/// Averages over the whole base, for customers of whom too little is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Base {
    /// Basket, in minor units.
    pub basket: f64,
    /// When in the week people are active.
    pub week: Week,
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
            week: Week::fit(people.iter().map(|person| (segment(person), &person.hours))),
            baseline: baseline / (people.len().max(1) as f64),
        }
    }
}

/// The segment of a person, where it is known.
fn segment(person: &Person) -> Option<&str> {
    person.state.as_ref().and_then(|state| state.segment.as_deref())
}

/// Features and scores of a person, by name.
pub struct Features(BTreeMap<String, f64>);

impl Features {
    /// Those of the serving row.
    pub fn of(person: &Person) -> Features {
        let Some(state) = &person.state else { return Features(BTreeMap::new()) };
        let mut all = state.feature_map();
        all.extend(state.score_map());
        Features(all)
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
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

    /// The share of the later value that the contact costs, 0..=1: by how much it lowers the chance that the customer still buys
    /// after the window. A contact is not credited with loyalty that it seems to make: of many estimates the best are too good.
    fn later_loss(&self, offer: &Offer, channel: &str) -> f64 {
        let Some((model, seen)) = &self.retention else { return 0.0 };
        let (with, without) = model.with_and_without(seen, &offer.spec.name, channel);
        ((without - with) / without.max(0.05)).clamp(0.0, 1.0)
    }
}

/// What a contact is expected to do.
#[derive(Debug, Clone, Copy)]
struct Chances {
    /// P(convert | this contact).
    with: f64,
    /// P(convert | no contact).
    without: f64,
    /// Share of the later value that the contact costs.
    later_loss: f64,
}

impl<'a> Menu<'a> {
    /// The menu of a campaign.
    pub fn new(
        spec: &'a CampaignSpec,
        offers: &'a [Offer],
        settings: &'a Settings,
        (model, retention): (&'a ResponseModel, Option<&'a ResponseModel>),
        base: Base,
    ) -> Menu<'a> {
        let mut resources = Resources::new();
        let mut add = |name: String, unit: Unit, capacity: i64| {
            resources.push(Resource { name: name.into(), unit, capacity });
            (resources.len() - 1) as u16
        };
        let budget = spec.budget.map(|budget| {
            // Budgets are counted in ticks: hundredths of a minor unit.
            add("budget".into(), Unit::Budget, budget.0.saturating_mul(crate::decisions::candidate::TICKS as i64))
        });
        let stocks: Vec<Option<u16>> = offers
            .iter()
            .map(|offer| {
                let name = offer.spec.name.as_str();
                offer.left().map(|left| add(format!("stock:{name}"), Unit::Stock(name.into()), left))
            })
            .collect();
        let channels: Vec<Option<u16>> = spec
            .channels
            .iter()
            .map(|channel| {
                let name = channel.channel.as_str();
                channel.capacity.map(|most| add(format!("channel:{name}"), Unit::Channel(name.into()), most))
            })
            .collect();
        let uses = stocks
            .iter()
            .flat_map(|stock| {
                channels.iter().map(move |channel| {
                    let units = stock.iter().chain(channel).map(|&position| (position, 1)).collect();
                    Arc::new(Uses { budgets: budget.into_iter().collect(), units })
                })
            })
            .collect();
        Menu { spec, offers, settings, model, retention, base, resources, uses, treatments: Mutex::new(HashMap::new()) }
    }

    /// Every candidate of one person, at this instant.
    pub fn candidates(&self, person: &Person, variant: Option<&Arc<str>>, now: Timestamp) -> Vec<Candidate> {
        let features = Features::of(person);
        let context = context(&person.view.facts);
        let response = Response {
            model: self.model,
            seen: self.model.encode(&context),
            retention: self.retention.map(|model| (model, model.encode(&context))),
            baseline: features.baseline(self.spec.conversion_days),
            average: self.base.baseline,
        };
        let mut candidates = Vec::new();
        let slots: Vec<Vec<(Slot, f64)>> =
            self.spec.channels.iter().map(|channel| self.slots(person, channel, now)).collect();
        let best = slots.iter().flatten().map(|(_, share)| *share).fold(0.0, f64::max);
        for (c, (channel, slots)) in self.spec.channels.iter().zip(slots).enumerate() {
            for (o, offer) in self.offers.iter().enumerate().filter(|(_, offer)| !offer.spec.earned) {
                let treatment = self.treatment(o, c, variant, person);
                let (with, without) = response.of(offer, &channel.channel);
                let later_loss = response.later_loss(offer, &channel.channel);
                for &(slot, share) in slots.iter().filter(|(slot, _)| offer.spec.is_valid_at(slot.from)) {
                    let tempo = self.model.tempo.factor(share, best);
                    let chances =
                        Chances { with: (without + (with - without) * tempo).clamp(0.0, 1.0), without, later_loss };
                    let uses = self.uses[o * self.spec.channels.len() + c].clone();
                    let when = (slot, share);
                    candidates.push(self.candidate(&features, offer, channel, treatment.clone(), when, chances, uses));
                }
            }
        }
        candidates
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one candidate, each of its own kind")]
    fn candidate(
        &self,
        features: &Features,
        offer: &Offer,
        channel: &ChannelSpec,
        treatment: Arc<Treatment>,
        (slot, hour_share): (Slot, f64),
        chances: Chances,
        uses: Arc<Uses>,
    ) -> Candidate {
        let basket = self.basket(features, offer);
        let margin = basket * self.margin_rate(features);
        let discount = offer.spec.redemption_cost(Money(basket.round() as i64)).0 as f64;
        let contact_cost = self.contact_cost(channel);
        let Chances { with: p1, without: p0, later_loss } = chances;
        let extra = p1 - p0;
        let later_value = features.orders_a_year() * margin;
        let terms = ValueTerms {
            margin_with: margin,
            redeem: offer.spec.redeem,
            discount,
            margin_without: margin,
            // Part of an extra purchase is only brought forward, and some leave because they were asked: both are missing later.
            after: -extra.max(0.0) * offer.spec.pull_forward * margin - later_loss * later_value,
            contact_cost,
            hazard: channel.hazard,
            reach_value: (extra * margin - contact_cost).max(0.0) * CONTACTS_A_YEAR,
        };
        let spend = contact_cost + p1 * offer.spec.redeem * discount;
        Candidate { treatment, slot, p1, p0, hour_share, terms, spend, uses }
    }

    /// The basket to expect, in minor units: the customer's own mean, else the offer's, else that of the whole base.
    fn basket(&self, features: &Features, offer: &Offer) -> f64 {
        let own = features.get("aov").filter(|basket| *basket > 0.0);
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
    fn slots(&self, person: &Person, channel: &ChannelSpec, now: Timestamp) -> Vec<(Slot, f64)> {
        let local = now.to_jiff().to_zoned(person.view.zone.clone());
        let any: Vec<u8> = if channel.hours.is_empty() { self.audible().collect() } else { Vec::new() };
        let mut slots = Vec::new();
        for day in 0..2 {
            for &hour in channel.hours.iter().chain(&any) {
                let start = local
                    .date()
                    .checked_add(jiff::Span::new().days(day))
                    .ok()
                    .and_then(|date| date.at(hour as i8, 0, 0, 0).to_zoned(person.view.zone.clone()).ok());
                let Some(start) = start else { continue };
                let from = Timestamp(start.timestamp().as_microsecond());
                if from >= now && from.0 - now.0 < DAY {
                    let hour = hour_of_week(from, start.offset().seconds());
                    let share = self.base.week.share(segment(person), &person.hours, hour);
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

    /// The hours of the day that are not quiet.
    fn audible(&self) -> impl Iterator<Item = u8> + use<> {
        let own = self.spec.contact.policy.as_ref().and_then(|policy| policy.get("quiet_hours"));
        let own = own.and_then(|hours| serde_json::from_value::<[u8; 2]>(hours.clone()).ok());
        let [from, until] = own.unwrap_or(self.settings.quiet_hours);
        let quiet = move |hour| if from < until { (from..until).contains(&hour) } else { hour >= from || hour < until };
        (0..24).filter(move |&hour| from == until || !quiet(hour))
    }

    /// The treatment that all customers of one variant and language share.
    fn treatment(&self, o: usize, c: usize, variant: Option<&Arc<str>>, person: &Person) -> Arc<Treatment> {
        let locale = person.customer.locale.as_deref().unwrap_or(&self.settings.locale);
        let key = (o, c, variant.cloned(), Arc::from(locale));
        let mut known = self.treatments.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let made = known.entry(key).or_insert_with(|| {
            let class = class_of(&self.spec.class);
            Arc::new(Treatment {
                offer: self.offers[o].id,
                offer_key: self.offers[o].spec.name.as_str().into(),
                channel: self.spec.channels[c].channel.as_str().into(),
                class,
                purpose: if class == MessageClass::Marketing {
                    "marketing".into()
                } else {
                    self.spec.class.as_str().into()
                },
                variant: variant.cloned(),
                locale: locale.into(),
                explorable: true,
            })
        });
        made.clone()
    }
}
