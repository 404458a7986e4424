//! A small random company: customers of every sort, offers, channels, capacities.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::clock::{DAY, HOUR, Timestamp};
use crate::decisions::assignment::{AssignmentPolicy, Share};
use crate::decisions::exploration::Exploration;
use crate::decisions::*;
use crate::ids::{CustomerId, OfferId};
use crate::random::Stream;
use crate::rules::{Op, Rule, Value as Fact};

/// 2026-03-10, noon UTC.
pub const NOW: Timestamp = Timestamp(1_773_144_000_000_000);

/// Names of the channels.
pub const CHANNELS: [&str; 3] = ["email", "sms", "call"];

pub struct Company {
    pub people: Vec<Person>,
    pub resources: Resources,
}

fn resource(name: &str, unit: Unit, capacity: i64) -> Resource {
    Resource { name: name.into(), unit, capacity }
}

pub fn treatment(offer: i64, channel: &str) -> Arc<Treatment> {
    Arc::new(Treatment {
        offer: OfferId(offer),
        offer_key: format!("offer-{offer}").into(),
        channel: channel.into(),
        class: MessageClass::Marketing,
        purpose: "marketing".into(),
        variant: None,
        locale: "en".into(),
        explorable: offer != 3,
    })
}

/// A customer to whom nothing is forbidden.
pub fn easy_view(id: i64) -> CustomerView {
    let consent = |channel: &&str| Consent { channel: (*channel).into(), purpose: "marketing".into(), granted: true };
    CustomerView {
        customer_id: CustomerId(id),
        external_id: format!("C-{id}").into(),
        zone: TimeZone::UTC,
        consents: CHANNELS.iter().map(consent).collect(),
        suppressed: Vec::new(),
        contacts: Some(Vec::new()),
        household: None,
        household_contacts: Vec::new(),
        open_complaints: Some(0),
        last_purchase: None,
        last_return: None,
        last_complaint: None,
        profiling_objection: false,
        state_at: Some(NOW),
        facts: Facts::new([("churn".into(), Fact::Number(0.5))]),
    }
}

fn view(id: i64, draws: &mut Stream) -> CustomerView {
    let mut view = easy_view(id);
    let zones = ["UTC", "Europe/Sofia", "America/New_York", "Asia/Tokyo"];
    view.zone = crate::clock::zone(zones[draws.below(4)]).unwrap();
    view.consents.retain(|_| draws.uniform() < 0.8);
    if draws.uniform() < 0.1 {
        view.suppressed.push(CHANNELS[draws.below(3)].into());
    }
    let contacts = (0..draws.below(4)).map(|_| Contact {
        channel: CHANNELS[draws.below(3)].into(),
        class: MessageClass::Marketing,
        at: NOW.plus(-(draws.below(20 * 24) as i64) * HOUR),
    });
    view.contacts = Some(contacts.collect());
    match draws.below(12) {
        0 => view.contacts = None,
        1 => view.open_complaints = Some(1),
        2 => view.open_complaints = None,
        3 => view.state_at = None,
        4 => view.last_purchase = Some(NOW.plus(-HOUR)),
        5 => view.profiling_objection = true,
        6 => view.facts = Facts::default(),
        _ => view.facts = Facts::new([("churn".into(), Fact::Number(draws.uniform()))]),
    }
    view
}

/// Offers 1 to 3 by each channel, today and tomorrow.
pub fn candidate(offer: usize, channel: usize, day: i64, draws: &mut Stream) -> Candidate {
    let p0 = 0.3 * draws.uniform();
    let from = NOW.plus(day * DAY);
    Candidate {
        treatment: treatment(offer as i64, CHANNELS[channel]),
        slot: Slot { from, until: from.plus(6 * HOUR) },
        p1: (p0 + 0.2 * draws.uniform() - 0.03).clamp(0.0, 1.0),
        p0,
        hour_share: 0.01,
        terms: ValueTerms {
            margin_with: 4_000.0,
            redeem: 0.6,
            discount: 100.0 * draws.uniform(),
            margin_without: 4_000.0,
            after: 50.0 * draws.normal(),
            contact_cost: [1.0, 8.0, 450.0][channel],
            hazard: 0.02 * draws.uniform(),
            reach_value: 500.0,
            worth: 0.0,
        },
        after_error: 0.0,
        spend: [1.0, 8.0, 450.0][channel] + 30.0 * draws.uniform(),
        uses: Arc::new(Uses { budgets: vec![0], units: vec![(offer as u16, 1), (4 + channel as u16, 1)] }),
    }
}

impl Company {
    pub fn new(seed: u64, customers: usize) -> Company {
        let mut draws = Stream::new(seed, "decisions-company");
        let n = customers as i64;
        let mut resources = vec![resource("budget", Unit::Budget, n * (draws.below(9_000) as i64))];
        for offer in 1..=3 {
            let key: Arc<str> = format!("offer-{offer}").into();
            resources.push(resource(&format!("stock:{key}"), Unit::Stock(key), draws.below(customers / 2 + 1) as i64));
        }
        for channel in CHANNELS {
            let most = draws.below(customers / 2 + 1) as i64;
            resources.push(resource(&format!("channel:{channel}"), Unit::Channel(channel.into()), most));
        }
        let people = (0..n)
            .map(|id| {
                let view = view(id, &mut draws);
                let mut candidates = Vec::new();
                for offer in 1..=3 {
                    for channel in 0..3 {
                        for day in 0..2 {
                            if draws.uniform() < 0.7 {
                                candidates.push(candidate(offer, channel, day, &mut draws));
                            }
                        }
                    }
                }
                Person { view, candidates }
            })
            .collect();
        Company { people, resources }
    }

    /// Offer 2 is for customers who may leave; a twentieth is held out of all, another of the campaign; a tenth explores.
    pub fn policy(&self) -> DecisionPolicy {
        let rule = Rule::Compare { field: "churn".into(), op: Op::Ge, with: vec![Fact::Number(0.4)] };
        let share = |salt: &str, share: f64| Share { salt: salt.into(), share };
        DecisionPolicy {
            eligibility: [(OfferId(2), Arc::new(rule))].into_iter().collect(),
            assignment: AssignmentPolicy {
                global_holdout: share("global", 0.05),
                campaign_holdout: share("campaign", 0.05),
                experiments: Vec::new(),
            },
            exploration: Exploration { share: share("explore", 0.1), reserve: 0.3, ..Exploration::default() },
            ..DecisionPolicy::default()
        }
    }
}
