//! Everything that results were made of, as the cases that `vizavi experiment analyse` takes: the same numbers come out, to the
//! last bit.

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::experiments::{Difference, Sides, Statistic};

/// Raised when a formula changes, so that an old verdict can be told from a new one.
pub const FORMULAS: u32 = 2;

/// Sums, with the version of the formulas that turn them into results.
#[derive(Debug, Clone, Serialize)]
pub struct Recompute {
    /// The version of the formulas.
    pub formulas: u32,
    /// The program's version.
    pub program: &'static str,
    /// The seed of the run's draws.
    pub seed: i64,
    /// One case for each statistic: `vizavi experiment analyse` answers each.
    pub cases: Vec<Value>,
    /// SHA-256 of the cases as they stand here.
    pub digest: String,
}

/// Cases under collection.
#[derive(Debug, Default)]
pub struct Cases(Vec<Value>);

impl Cases {
    /// Adds the comparison of two arms at the level of 5 %, two-sided.
    pub fn compare(&mut self, id: &str, a: &Statistic, b: &Statistic, difference: Difference) {
        let params = json!({ "alpha": 0.05, "sides": "two" });
        self.push(id, None, (a, b), difference, params);
    }

    /// Adds a test that may be looked at any time.
    pub fn sequential(&mut self, id: &str, (a, b): (&Statistic, &Statistic), sides: Sides, size: f64) {
        let params = json!({ "alpha": 0.05, "sides": sides, "sequential_tuning_parameter": size });
        self.push(id, Some("sequential"), (a, b), Difference::Absolute, params);
    }

    /// Adds a check of the arms' sizes.
    pub fn sizes(&mut self, id: &str, users: &[f64], weights: &[f64]) {
        self.0.push(json!({ "id": id, "kind": "srm", "inputs": { "users": users, "weights": weights }, "params": {} }));
    }

    fn push(
        &mut self,
        id: &str,
        kind: Option<&str>,
        (a, b): (&Statistic, &Statistic),
        difference: Difference,
        mut params: Value,
    ) {
        let sums = |arm: &Statistic| {
            let mut value = json!(arm);
            let kind = value.as_object_mut().and_then(|map| map.shift_remove("kind"));
            (kind.unwrap_or_default(), value)
        };
        let ((of_arms, a), (_, b)) = (sums(a), sums(b));
        if let (Value::Object(params), Value::Object(more)) = (&mut params, json!(difference)) {
            params.extend(more);
        }
        let kind = kind.map_or(of_arms, |kind| json!(kind));
        self.0.push(json!({ "id": id, "kind": kind, "inputs": { "a": a, "b": b }, "params": params }));
    }

    /// All of them, with their digest.
    pub fn finish(self, seed: i64) -> Recompute {
        let text = Value::Array(self.0.clone()).to_string();
        Recompute {
            formulas: FORMULAS,
            program: env!("CARGO_PKG_VERSION"),
            seed,
            cases: self.0,
            digest: crate::ids::hex(&Sha256::digest(text)),
        }
    }
}
