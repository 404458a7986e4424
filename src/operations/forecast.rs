//! What a batch of decisions would use and bring, with an interval: for a plan, and for the run that carries it out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::decisions::candidate::{Candidate, TICKS};
use crate::decisions::{Arm, Choice};
use crate::models::uplift::Realised;
use crate::money::Money;
use crate::operations::batch::Batch;

/// Standard deviations that a 95 % interval reaches from its middle.
const REACH: f64 = 1.96;
/// What customers without a segment are listed under.
const NO_SEGMENT: &str = "none";

/// What a campaign would use and bring. Amounts in minor units.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Forecast {
    /// Contacts to be made.
    pub contacts: usize,
    /// By channel.
    pub by_channel: BTreeMap<String, usize>,
    /// By offer.
    pub by_offer: BTreeMap<String, usize>,
    /// By the segment of the last scoring.
    pub by_segment: BTreeMap<String, OfSegment>,
    /// Expected cost of contacts and redeemed benefits.
    pub spend: Money,
    /// Expected incremental profit of the contacts that were chosen as best, what choosing the best of many estimates promises too
    /// much taken off.
    pub profit: Money,
    /// The same as the estimates say it.
    pub promised: Money,
    /// Where the profit will lie in 95 of 100 cases, as far as chance and what is not known of lifts, and of who leaves, go.
    pub interval: [Money; 2],
    /// Customers of whom a treatment was drawn at random.
    pub explorers: usize,
    /// Customers held out.
    pub holdout: usize,
}

/// The part of one segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct OfSegment {
    /// Customers of the base in it.
    pub customers: usize,
    /// Contacts to be made.
    pub contacts: usize,
    /// Expected cost of contacts and redeemed benefits.
    pub spend: Money,
    /// Expected incremental profit.
    pub profit: Money,
}

/// What was added up, in minor units.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    customers: usize,
    contacts: usize,
    spend: f64,
    /// As the estimates say.
    promised: f64,
    /// The part of it that lifts bring.
    lifted: f64,
    /// Standard error of the later value.
    after_error: f64,
    /// Of what chance alone does to it.
    variance: f64,
}

impl Sum {
    fn add(&mut self, other: &Sum) {
        self.contacts += other.contacts;
        self.spend += other.spend;
        self.promised += other.promised;
        self.lifted += other.lifted;
        self.after_error += other.after_error;
        self.variance += other.variance;
    }

    fn of(choice: &Choice, candidate: &Candidate, arm: Arm) -> Sum {
        let spend = choice.spend as f64 / TICKS;
        let mut sum = Sum { contacts: 1, spend, ..Sum::default() };
        // What is drawn at random is not chosen for its profit.
        if arm == Arm::Treated {
            let terms = &candidate.terms;
            let margin = terms.margin_with - terms.redeem * terms.discount;
            sum.promised = choice.value as f64 / TICKS;
            sum.lifted = (candidate.p1 - candidate.p0) * margin;
            sum.after_error = candidate.after_error;
            let of = |p: f64, margin: f64| p * (1.0 - p) * margin * margin;
            sum.variance = of(candidate.p1, margin) + of(candidate.p0, terms.margin_without);
        }
        sum
    }

    fn profit(&self, realised: &Realised) -> f64 {
        self.promised + (realised.ratio - 1.0) * self.lifted
    }
}

/// Adds up a batch. `realised` says how much of the best lifts is believed, and how firmly.
pub fn forecast(batch: &Batch, realised: &Realised) -> Forecast {
    let mut forecast = Forecast::default();
    let mut whole = Sum::default();
    let mut by_segment: BTreeMap<&str, Sum> = BTreeMap::new();
    for (at, decision) in batch.result.decisions.iter().enumerate() {
        let state = batch.people[at].state.as_ref();
        let segment = state.and_then(|state| state.segment.as_deref()).unwrap_or(NO_SEGMENT);
        let of_segment = by_segment.entry(segment).or_default();
        of_segment.customers += 1;
        forecast.explorers += usize::from(decision.arm == Arm::Exploration);
        forecast.holdout += usize::from(decision.arm.is_holdout());
        for choice in decision.to_make() {
            *forecast.by_channel.entry(choice.treatment.channel.to_string()).or_default() += 1;
            *forecast.by_offer.entry(choice.treatment.offer_key.to_string()).or_default() += 1;
            let sum = Sum::of(choice, &batch.candidates[at].candidates[choice.candidate], decision.arm);
            of_segment.add(&sum);
            whole.add(&sum);
        }
    }
    let profit = whole.profit(realised);
    let variance = (realised.deviation * whole.lifted).powi(2) + whole.after_error.powi(2) + whole.variance;
    let deviation = variance.sqrt();
    forecast.contacts = whole.contacts;
    forecast.spend = money(whole.spend);
    forecast.profit = money(profit);
    forecast.promised = money(whole.promised);
    forecast.interval = [profit - REACH * deviation, profit + REACH * deviation].map(money);
    let of_segment = |(name, sum): (&str, Sum)| {
        let Sum { customers, contacts, .. } = sum;
        let (spend, profit) = (money(sum.spend), money(sum.profit(realised)));
        (name.to_owned(), OfSegment { customers, contacts, spend, profit })
    };
    forecast.by_segment = by_segment.into_iter().map(of_segment).collect();
    forecast
}

fn money(minor_units: f64) -> Money {
    Money(minor_units.round() as i64)
}
