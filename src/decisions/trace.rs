//! Why this, and why not each other candidate: as data (JSON) and in plain words.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::candidate::{Slot, TICKS, Treatment};
use super::contact_policy::Refusal;
use super::value::Value;
use crate::clock::Timestamp;
use crate::money::{Currency, Money};

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was chosen as the best at the prices.
    Chosen,
    /// It was drawn at random.
    Drawn {
        /// Among how many, none included.
        among: usize,
    },
    /// It was feasible, but another one, or none, was drawn.
    NotDrawn {
        /// Among how many, none included.
        among: usize,
    },
    /// It may not be drawn at random.
    NotTried,
    /// It was put in the place of the best one to keep within the capacities.
    Substituted,
    /// It stands in, since nothing that is worth its price could be proposed to whoever asks.
    StandsIn,
    /// The customer objects to profiling.
    ProfilingObjection,
    /// An eligibility rule, or the audience's, does not hold.
    NotEligible {
        /// The part of the rule that fails, in words.
        rule: String,
        /// Whether for want of a fact.
        unknown: bool,
    },
    /// Contact policy forbids it.
    Refused {
        /// Why.
        refusal: Refusal,
        /// From when on it may be asked again.
        #[serde(skip_serializing_if = "Option::is_none")]
        not_before: Option<Timestamp>,
    },
    /// Its value could not be computed.
    NotComputable,
    /// It adds nothing, or harms.
    NoGain,
    /// What it uses is worth more elsewhere.
    Priced {
        /// The resource whose price weighs most.
        resource: Arc<str>,
    },
    /// Too little is left of what it uses.
    UsedUp {
        /// The resource.
        resource: Arc<str>,
    },
    /// Another candidate is better.
    Beaten {
        /// The position of that candidate.
        by: usize,
    },
    /// It was the best, but a capacity was full.
    NoCapacity,
    /// Another campaign that was decided together with this one contacts the customer.
    OtherCampaign {
        /// The campaign.
        campaign: Arc<str>,
    },
    /// Together with the other contact chosen it would break contact policy.
    WithOther {
        /// Why.
        refusal: Refusal,
    },
}

impl Outcome {
    /// The word in counters.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Chosen => "chosen",
            Outcome::Drawn { .. } => "drawn",
            Outcome::NotDrawn { .. } => "not_drawn",
            Outcome::NotTried => "not_tried",
            Outcome::Substituted => "substituted",
            Outcome::StandsIn => "stands_in",
            Outcome::ProfilingObjection => "profiling_objection",
            Outcome::NotEligible { unknown: true, .. } => "fact_unknown",
            Outcome::NotEligible { .. } => "not_eligible",
            Outcome::Refused { refusal, .. } | Outcome::WithOther { refusal } => refusal.name(),
            Outcome::NotComputable => "not_computable",
            Outcome::NoGain => "no_gain",
            Outcome::Priced { .. } => "priced",
            Outcome::UsedUp { .. } => "used_up",
            Outcome::Beaten { .. } => "beaten",
            Outcome::NoCapacity => "no_capacity",
            Outcome::OtherCampaign { .. } => "other_campaign",
        }
    }

    /// Whether the candidate could be chosen: permitted and of positive value, whatever its price.
    pub fn is_usable(&self) -> bool {
        !matches!(
            self,
            Outcome::ProfilingObjection
                | Outcome::NotEligible { .. }
                | Outcome::Refused { .. }
                | Outcome::NotComputable
                | Outcome::NoGain
        )
    }
}

/// One candidate with what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CandidateTrace {
    /// What would be proposed and how.
    pub treatment: Arc<Treatment>,
    /// When.
    pub slot: Slot,
    /// Its value by terms, in minor units; none before the value was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// What it uses, at the prices, in minor units.
    pub price: f64,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The whole explanation of one decision.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Trace {
    /// Every candidate, in the order in which they were given.
    pub candidates: Vec<CandidateTrace>,
}

impl Trace {
    /// The explanation in plain words, a sentence a line: what was chosen first, then the others, equal reasons together.
    pub fn words(&self, currency: Currency) -> Vec<String> {
        let mut lines = Vec::new();
        let (chosen, others): (Vec<_>, Vec<_>) = self.candidates.iter().partition(|c| is_choice(&c.outcome));
        if chosen.is_empty() {
            lines.push(
                if self.candidates.is_empty() { "Nothing: there was nothing to propose." } else { "Nothing." }.into(),
            );
        }
        lines.extend(chosen.iter().map(|candidate| chosen_words(candidate, currency)));
        let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
        for candidate in others {
            let reason = self.reason(candidate, currency);
            let name = candidate.treatment.to_string();
            match reasons.iter_mut().find(|(text, _)| *text == reason) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => reasons.push((reason, vec![name])),
            }
        }
        lines.extend(reasons.into_iter().map(|(reason, names)| format!("Not {}: {reason}.", names.join(", nor "))));
        lines
    }

    fn reason(&self, candidate: &CandidateTrace, currency: Currency) -> String {
        let price = show(candidate.price, currency);
        let total = candidate.value.map_or(0.0, |value| value.total);
        match &candidate.outcome {
            Outcome::Chosen | Outcome::Drawn { .. } | Outcome::Substituted | Outcome::StandsIn => "chosen".into(),
            Outcome::NotDrawn { among } => format!("another of {among} possibilities was drawn at random"),
            Outcome::NotTried => "it may not be drawn at random".into(),
            Outcome::ProfilingObjection => "the customer objects to profiling".into(),
            Outcome::NotEligible { rule, .. } => format!("it needs {rule}"),
            Outcome::Refused { refusal, not_before: Some(at) } => format!("{refusal}, until {at}"),
            Outcome::Refused { refusal, not_before: None } => refusal.to_string(),
            Outcome::NotComputable => "its value could not be computed".into(),
            Outcome::NoGain => format!("it would add {}", show(total, currency)),
            Outcome::Priced { resource } => {
                format!(
                    "it would add {}, but what it uses is worth {price} elsewhere, most of all {resource}",
                    show(total, currency)
                )
            }
            Outcome::UsedUp { resource } => {
                format!("it would add {}, but too little is left of {resource}", show(total, currency))
            }
            Outcome::Beaten { by } => match self.candidates.get(*by) {
                Some(better) => format!("{} is better", better.treatment),
                None => "another one is better".into(),
            },
            Outcome::NoCapacity => "it was the best, but there was no capacity left".into(),
            Outcome::OtherCampaign { campaign } => {
                format!("it would add {}, but the customer is left to the campaign {campaign}", show(total, currency))
            }
            Outcome::WithOther { refusal } => format!("with the other contact, {refusal}"),
        }
    }
}

impl Trace {
    /// The trace in few bytes, for decisions that are made by the thousand: what was chosen in full; of the others the best slot of
    /// each treatment with value and price in minor units, by what became of it.
    ///
    /// # Errors
    /// When a value cannot be written as JSON.
    pub fn brief(&self) -> serde_json::Result<String> {
        let mut best: Vec<(&CandidateTrace, f64)> = Vec::new();
        for candidate in self.candidates.iter().filter(|candidate| !is_choice(&candidate.outcome)) {
            let total = candidate.value.map_or(f64::MIN, |value| value.total);
            match best.last_mut() {
                // Slots of one treatment stand together.
                Some(last) if Arc::ptr_eq(&last.0.treatment, &candidate.treatment) => {
                    if total > last.1 {
                        *last = (candidate, total);
                    }
                }
                _ => best.push((candidate, total)),
            }
        }
        let mut others: BTreeMap<String, BTreeMap<String, [i64; 2]>> = BTreeMap::new();
        for (candidate, total) in best {
            let total = if total == f64::MIN { 0.0 } else { total };
            let numbers = [total.round() as i64, candidate.price.round() as i64];
            others.entry(candidate.outcome.brief()).or_default().insert(candidate.treatment.to_string(), numbers);
        }
        let chosen: Vec<_> = self.candidates.iter().filter(|candidate| is_choice(&candidate.outcome)).collect();
        serde_json::to_string(&serde_json::json!({ "candidates": chosen, "others": others }))
    }
}

impl Outcome {
    /// The outcome and what it turns on, in a word or two: `priced: budget`.
    fn brief(&self) -> String {
        let name = self.name();
        match self {
            Outcome::Priced { resource } | Outcome::UsedUp { resource } => format!("{name}: {resource}"),
            Outcome::NotEligible { rule, .. } => format!("{name}: {rule}"),
            Outcome::OtherCampaign { campaign } => format!("{name}: {campaign}"),
            _ => name.to_owned(),
        }
    }
}

fn is_choice(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Chosen | Outcome::Drawn { .. } | Outcome::Substituted | Outcome::StandsIn)
}

fn chosen_words(candidate: &CandidateTrace, currency: Currency) -> String {
    let how = match &candidate.outcome {
        Outcome::Drawn { among } => format!(", drawn at random among {among} possibilities to learn from it"),
        Outcome::Substituted => ", in the place of a better one for which there was no capacity".into(),
        Outcome::StandsIn => ", standing in since nothing else is worth its price here".into(),
        _ => String::new(),
    };
    let Some(value) = candidate.value else { return format!("{}{how}.", candidate.treatment) };
    let terms: Vec<String> =
        value.named().into_iter().map(|(name, amount)| format!("{name} {}", show(amount, currency))).collect();
    let total = show(value.total, currency);
    let price = if candidate.price > 0.0 {
        format!(", and uses what is worth {} elsewhere", show(candidate.price, currency))
    } else if candidate.price < 0.0 {
        format!(", and keeps a promise that is worth {}", show(-candidate.price, currency))
    } else {
        String::new()
    };
    format!("{}{how}: it adds {total} ({}){price}.", candidate.treatment, terms.join(", "))
}

/// Minor units as an amount.
fn show(minor_units: f64, currency: Currency) -> String {
    currency.show(Money(minor_units.round_ties_even() as i64))
}

/// Ticks as an amount, with two more digits than the currency has, because prices can be small.
pub fn show_ticks(ticks: f64, currency: Currency) -> String {
    let amount = ticks / TICKS;
    if amount.abs() >= 1.0 || amount == 0.0 {
        show(amount, currency)
    } else {
        format!("{:.*}", currency.decimals() as usize + 2, amount / currency.minor_units() as f64)
    }
}
