//! Targets, goals, the objective, series and sources of leads: as written, and their checks.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::indicator::{Indicator, Unit};
use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};
use crate::money::Money;
use crate::offers::offer::is_name;

/// Most points of a series.
const MOST_POINTS: usize = 2_000;
/// Longest text.
const LONGEST: usize = 500;
/// The longest window, in days.
const LONGEST_WINDOW: u32 = 3_660;

/// Something that the company steers by, kept under a name.
pub trait Definition: Serialize + DeserializeOwned + PartialEq {
    /// What it is called in the store, the audit and messages.
    const KIND: &'static str;

    /// Every fault of it under a name.
    fn faults(&self, name: &str) -> Vec<Fault>;

    /// Checks it.
    ///
    /// # Errors
    /// Invalid, with every fault.
    fn check(self, name: &str) -> Result<Self>
    where
        Self: Sized,
    {
        let faults = self.faults(name);
        if faults.is_empty() {
            return Ok(self);
        }
        Err(Error::faults(format!("the {} `{name}` cannot be used", Self::KIND), faults))
    }
}

/// What an indicator should reach; kept under the indicator's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What it should reach: money in minor units, shares as parts of 1.
    pub value: f64,
    /// Until when, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Timestamp>,
    /// Who answers for it.
    pub owner: String,
    /// How far from the value it may be and still count as near; a twentieth of the value when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// Days that the indicator looks back; 365 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_days: Option<u32>,
}

impl Definition for Target {
    const KIND: &'static str = "target";

    fn faults(&self, name: &str) -> Vec<Fault> {
        let mut faults = text_faults("owner", &self.owner);
        match Indicator::parse(name) {
            Ok(indicator) => faults.extend(value_faults("value", indicator, self.value)),
            Err(error) => faults.push(Fault::at("indicator", error.message())),
        }
        if self.tolerance.is_some_and(|tolerance| !(tolerance.is_finite() && tolerance >= 0.0)) {
            faults.push(Fault::at("tolerance", "must be a number of at least 0"));
        }
        if self.window_days.is_some_and(|days| !(1..=LONGEST_WINDOW).contains(&days)) {
            faults.push(Fault::at("window_days", format!("must lie within 1..{LONGEST_WINDOW}")));
        }
        faults
    }
}

/// What a strategy wants, by which indicator it is seen, and what is done for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// In words.
    pub title: String,
    /// By which indicator it is seen.
    pub indicator: Indicator,
    /// Who answers for it.
    pub owner: String,
    /// When it is to be looked at again; overdue from then on.
    pub review_at: Timestamp,
    /// What is done for it.
    #[serde(default)]
    pub actions: Vec<Action>,
}

/// What is done for a goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// In words.
    pub title: String,
    /// The campaign that does it, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// What may be spent on it, in minor units.
    pub budget: Money,
    /// Who does it.
    pub owner: String,
    /// When it is to be looked at again.
    pub review_at: Timestamp,
    /// Whether it is done: then no review of it is due.
    #[serde(default)]
    pub done: bool,
}

impl Definition for Goal {
    const KIND: &'static str = "goal";

    fn faults(&self, name: &str) -> Vec<Fault> {
        let mut faults = name_faults(name);
        faults.extend(text_faults("title", &self.title));
        faults.extend(text_faults("owner", &self.owner));
        for (at, action) in self.actions.iter().enumerate() {
            faults.extend(text_faults(&format!("actions[{at}].title"), &action.title));
            faults.extend(text_faults(&format!("actions[{at}].owner"), &action.owner));
            if action.budget < Money::ZERO {
                faults.push(Fault::at(format!("actions[{at}].budget"), "must be at least 0"));
            }
        }
        faults
    }
}

/// What the company has chosen to go for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Profit of the next year.
    Profit,
    /// Clients who stay and would else leave.
    ClientsKept,
    /// Clients who come.
    NewClients,
    /// Net present value of the base.
    BaseValue,
}

impl Objective {
    /// All of them.
    pub const ALL: [Objective; 4] =
        [Objective::Profit, Objective::ClientsKept, Objective::NewClients, Objective::BaseValue];

    /// As people say it.
    pub fn words(self) -> &'static str {
        match self {
            Objective::Profit => "profit",
            Objective::ClientsKept => "clients kept",
            Objective::NewClients => "new clients",
            Objective::BaseValue => "value of the base",
        }
    }
}

/// The objective as kept, under the name `objective`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveSpec {
    /// Which one.
    pub objective: Objective,
}

impl ObjectiveSpec {
    /// The name that it is kept under.
    pub const NAME: &'static str = "objective";
}

impl Definition for ObjectiveSpec {
    const KIND: &'static str = "objective";

    fn faults(&self, _: &str) -> Vec<Fault> {
        Vec::new()
    }
}

/// A figure of somebody else: the market's, or a competitor's; kept as `subject/indicator`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Where the figures are from.
    pub source: String,
    /// The figures, in the order of time.
    pub points: Vec<Point>,
}

/// A figure at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// As of when.
    pub at: Timestamp,
    /// The figure: money in minor units, shares as parts of 1.
    pub value: f64,
}

impl Definition for Series {
    const KIND: &'static str = "series";

    fn faults(&self, name: &str) -> Vec<Fault> {
        let mut faults = text_faults("source", &self.source);
        let (subject, indicator) = name.rsplit_once('/').unwrap_or(("", name));
        faults.extend(name_faults(subject).into_iter().map(|fault| Fault { key: "subject".into(), ..fault }));
        match Indicator::parse(indicator) {
            Ok(indicator) => {
                for (at, point) in self.points.iter().enumerate() {
                    faults.extend(value_faults(&format!("points[{at}].value"), indicator, point.value));
                }
            }
            Err(error) => faults.push(Fault::at("indicator", error.message())),
        }
        if self.points.is_empty() || self.points.len() > MOST_POINTS {
            faults.push(Fault::at("points", format!("must have 1 to {MOST_POINTS} points")));
        }
        if let Some(at) = self.points.windows(2).position(|pair| pair[0].at >= pair[1].at) {
            faults.push(Fault::at(format!("points[{}].at", at + 1), "must lie after the point before"));
        }
        faults.truncate(100);
        faults
    }
}

/// A source of leads: what one costs, and what the marketer expects until leads of its own tell; kept under the source's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// What the next lead costs, in minor units.
    pub cost: Money,
    /// Share of leads that become clients, as the marketer expects.
    pub rate: f64,
    /// How many leads that expectation is worth.
    #[serde(default = "default_weight")]
    pub weight: f64,
    /// How many leads can be had in a year.
    pub leads: i64,
}

fn default_weight() -> f64 {
    50.0
}

impl Definition for SourceSpec {
    const KIND: &'static str = "source";

    fn faults(&self, name: &str) -> Vec<Fault> {
        let mut faults = name_faults(name);
        let mut demand = |good: bool, key: &str, message: &str| {
            if !good {
                faults.push(Fault::at(key, message));
            }
        };
        demand(self.cost >= Money::ZERO, "cost", "must be at least 0");
        demand((0.0..=1.0).contains(&self.rate), "rate", "must lie within 0..1");
        demand((1.0..=1e6).contains(&self.weight), "weight", "must lie within 1..1000000");
        demand((0..=1_000_000_000).contains(&self.leads), "leads", "must lie within 0..1000000000");
        faults
    }
}

fn name_faults(name: &str) -> Vec<Fault> {
    if is_name(name) { Vec::new() } else { vec![Fault::at("name", "must be a name such as keep-regulars")] }
}

fn text_faults(key: &str, text: &str) -> Vec<Fault> {
    let length = text.chars().count();
    let good = !text.trim().is_empty() && length <= LONGEST && !text.chars().any(char::is_control);
    if good {
        return Vec::new();
    }
    vec![Fault::at(key, format!("must have 1 to {LONGEST} characters and no control characters"))]
}

fn value_faults(key: &str, indicator: Indicator, value: f64) -> Vec<Fault> {
    let good = match indicator.unit() {
        Unit::Share => (0.0..=1.0).contains(&value),
        Unit::Marks => (0.0..=10.0).contains(&value),
        Unit::Count | Unit::Months | Unit::Ratio => value.is_finite() && value >= 0.0,
        Unit::Money => value.is_finite(),
    };
    let words = match indicator.unit() {
        Unit::Share => "is a share: a number from 0 to 1 (65 % is 0.65)",
        Unit::Marks => "must lie within 0..10",
        Unit::Money => "must be a number of minor units",
        _ => "must be a number of at least 0",
    };
    if good { Vec::new() } else { vec![Fault::at(key, words)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_the_key_and_points_are_not_percent() {
        let target = Target { value: 65.0, by: None, owner: " ".into(), tolerance: Some(-1.0), window_days: Some(0) };
        let keys: Vec<String> = target.faults("retention_rate").into_iter().map(|fault| fault.key).collect();
        assert_eq!(keys, ["owner", "value", "tolerance", "window_days"]);
        assert!(target.check("retained").unwrap_err().to_string().contains("retention_rate"));
        let point = |at: i64, value: f64| Point { at: Timestamp(at), value };
        let series = Series { source: "a panel".into(), points: vec![point(2, 0.5), point(1, 0.6)] };
        assert_eq!(series.faults("market/retention_rate")[0].key, "points[1].at");
        assert_eq!(series.faults("retention_rate")[0].key, "subject");
        let good = Series { source: "a panel".into(), points: vec![point(1, 0.5), point(2, 0.6)] };
        assert!(good.check("market/retention_rate").is_ok());
    }
}
