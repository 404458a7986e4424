//! Reads the parts of a case and collects what is wrong with its form.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Fault;
use crate::experiments::effect::{Difference, Level, Sides};
use crate::experiments::statistic::Statistic;

/// One case under reading. Every method gives `None` after noting a fault; the caller reads on, so that all are found.
pub(super) struct Reader<'a> {
    case: &'a Value,
    name: &'a str,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub fn new(case: &'a Value, name: &'a str) -> Reader<'a> {
        Reader { case, name, faults: Vec::new() }
    }

    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub fn fault<T>(&mut self, key: &str, message: impl Into<String>) -> Option<T> {
        self.faults.push(Fault::at(format!("{}.{key}", self.name), message));
        None
    }

    /// The value at a dotted key, unless it is missing or null.
    pub fn at(&self, key: &str) -> Option<&'a Value> {
        key.split('.').try_fold(self.case, |value, part| value.get(part)).filter(|value| !value.is_null())
    }

    pub fn kind(&mut self) -> Option<&'a str> {
        match self.at("kind").and_then(Value::as_str) {
            Some(kind) => Some(kind),
            None => self.fault("kind", "is missing; write one such as proportion"),
        }
    }

    /// A number that must be there.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        match self.at(key) {
            None => self.fault(key, "is missing; it must be a number"),
            Some(value) => match value.as_f64() {
                Some(number) => Some(number),
                None => self.fault(key, "must be a number"),
            },
        }
    }

    /// A number, or this one when it is not given.
    pub fn number_or(&mut self, key: &str, default: f64) -> Option<f64> {
        if self.at(key).is_some() { self.number(key) } else { Some(default) }
    }

    pub fn flag(&mut self, key: &str) -> Option<bool> {
        match self.at(key) {
            None => Some(false),
            Some(Value::Bool(flag)) => Some(*flag),
            Some(_) => self.fault(key, "must be true or false"),
        }
    }

    /// An array of numbers that must be there.
    pub fn numbers(&mut self, key: &str) -> Option<Vec<f64>> {
        let read = self.at(key).and_then(Value::as_array).map(|all| all.iter().map(Value::as_f64).collect());
        match read {
            Some(Some(numbers)) => Some(numbers),
            _ => self.fault(key, "must be an array of numbers"),
        }
    }

    pub fn level(&mut self) -> Option<Level> {
        let alpha = self.number_or("params.alpha", 0.05)?;
        match Level::new(alpha) {
            Ok(level) => Some(level),
            Err(_) => self.fault("params.alpha", "must lie between 0 and 1"),
        }
    }

    pub fn difference(&mut self) -> Option<Difference> {
        match self.at("params.difference_type").map(|kind| kind.as_str().unwrap_or("")) {
            None | Some("relative") => Some(Difference::Relative),
            Some("absolute") => Some(Difference::Absolute),
            Some("scaled") => {
                let total_users = self.number("params.total_users");
                let traffic = self.number_or("params.traffic", 1.0);
                let days = self.number("params.days");
                Some(Difference::Scaled { total_users: total_users?, traffic: traffic?, days: days? })
            }
            Some(_) => self.fault("params.difference_type", "must be relative, absolute or scaled"),
        }
    }

    /// `params.sides`; without it, a case whose id or source names a one-sided test is one.
    pub fn sides(&mut self) -> Option<Sides> {
        if let Some(sides) = self.at("params.sides") {
            return match sides.as_str() {
                Some("two") => Some(Sides::Two),
                Some("greater") => Some(Sides::Greater),
                Some("less") => Some(Sides::Less),
                _ => self.fault("params.sides", "must be two, greater or less"),
            };
        }
        let text = |key| self.at(key).and_then(Value::as_str).unwrap_or("").to_lowercase().replace(['-', '_'], "");
        let named = format!("{} {}", text("id"), text("source"));
        Some(if !named.contains("onesided") {
            Sides::Two
        } else if named.contains("less") {
            Sides::Less
        } else {
            Sides::Greater
        })
    }

    /// Both arms, of the kind that their keys show.
    pub fn arms(&mut self) -> Option<(Statistic, Statistic)> {
        let (a, b) = (self.arm("inputs.a"), self.arm("inputs.b"));
        Some((a?, b?))
    }

    fn arm(&mut self, key: &str) -> Option<Statistic> {
        let kind = self.at("kind").and_then(Value::as_str).unwrap_or("");
        let Some(value) = self.at(key) else {
            return self.fault(key, "is missing; give the sums of both arms, a (control) and b");
        };
        let has = |name: &str| value.get(name).is_some();
        match kind {
            "mean" => self.sums(key, &["n", "sum", "sum_squares"]).map(Statistic::Mean),
            "ratio" => self.ratio(key),
            "cuped" => self.cuped(key),
            "proportion" => self.sums(key, &["n", "sum"]).map(Statistic::Proportion),
            _ if has("post_sum") => self.cuped(key),
            _ if has("m_sum") => self.ratio(key),
            _ if has("sum_squares") => self.sums(key, &["n", "sum", "sum_squares"]).map(Statistic::Mean),
            _ => self.sums(key, &["n", "sum"]).map(Statistic::Proportion),
        }
    }

    fn ratio(&mut self, key: &str) -> Option<Statistic> {
        let keys = ["n", "m_sum", "m_sum_squares", "d_sum", "d_sum_squares", "m_d_sum_of_products"];
        self.sums(key, &keys).map(Statistic::Ratio)
    }

    fn cuped(&mut self, key: &str) -> Option<Statistic> {
        let keys = ["n", "post_sum", "post_sum_squares", "pre_sum", "pre_sum_squares", "post_pre_sum_of_products"];
        self.sums(key, &keys).map(Statistic::Cuped)
    }

    /// Checks that all `keys` are numbers, then reads the whole.
    fn sums<T: DeserializeOwned>(&mut self, key: &str, keys: &[&str]) -> Option<T> {
        let found: Vec<_> = keys.iter().map(|name| self.number(&format!("{key}.{name}"))).collect();
        found.into_iter().collect::<Option<Vec<f64>>>()?;
        match self.at(key).map(|value| serde_json::from_value(value.clone())) {
            Some(Ok(sums)) => Some(sums),
            Some(Err(error)) => self.fault(key, error.to_string()),
            None => None,
        }
    }
}
