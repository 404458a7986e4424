//! Offline statistics: cases of sufficient statistics in, results out, both as JSON (`vizavi experiment analyse`).
//!
//! A case is `{id, kind, inputs, params}`. Kinds and their inputs:
//!
//! | kind | inputs | params |
//! |---|---|---|
//! | proportion | a, b: `{n, sum}`; or `table` (2 x 2) for Fisher's exact test | difference_type, alpha, sides, pooled |
//! | mean | a, b: `{n, sum, sum_squares, shift?}` | difference_type, alpha, sides |
//! | ratio | a, b: `{n, m_sum, m_sum_squares, d_sum, d_sum_squares, m_d_sum_of_products}` | the same |
//! | cuped | a, b: `{n, post_sum, post_sum_squares, pre_sum, pre_sum_squares, post_pre_sum_of_products}` | the same |
//! | sequential | as proportion, mean, ratio or cuped | and sequential_tuning_parameter |
//! | bayesian | as above | prior (`improper`) or prior_type, prior_mean, prior_variance; inverse; none of them: exact, shares only |
//! | always_valid | a, b as above; or users, weights (sequential sample ratio) | tau2 |
//! | srm | users, weights | |
//! | multiple | p_values | |
//! | power | p0 and mde_relative or p1; n1 for the power reached | alpha, power, ratio |
//!
//! Faults of form (a missing key, text for a number) refuse the whole input, all at once. Sums that cannot carry a statistic
//! give a result with `error` (a stable code) and `message`, so that the other cases are still answered.

mod answer;
mod reader;

use serde_json::{Map, Value, json};

use crate::error::{Error, Fault, Result};
use reader::Reader;

/// Answers one case, an array of cases, or `{"cases": [...]}`; gives `{id, result}` or an array of them.
///
/// # Errors
/// Invalid, with every fault of form, when the input is not made of cases.
pub fn analyse(input: &Value) -> Result<Value> {
    match input {
        Value::Array(cases) => answer_all(cases).map(Value::Array),
        Value::Object(map) => match map.get("cases") {
            Some(Value::Array(cases)) => answer_all(cases).map(Value::Array),
            _ => Ok(answer_all(std::slice::from_ref(input))?.remove(0)),
        },
        _ => Err(Error::invalid("this is neither a case {id, kind, inputs, params} nor an array of them")),
    }
}

fn answer_all(cases: &[Value]) -> Result<Vec<Value>> {
    let mut faults = Vec::new();
    let mut answers = Vec::with_capacity(cases.len());
    for (index, case) in cases.iter().enumerate() {
        match answer_one(case, index) {
            Ok(answer) => answers.push(answer),
            Err(mut found) => faults.append(&mut found),
        }
    }
    if faults.is_empty() {
        Ok(answers)
    } else {
        Err(Error::faults("the cases have faults; nothing was computed", faults))
    }
}

fn answer_one(case: &Value, index: usize) -> Result<Value, Vec<Fault>> {
    let name = case.get("id").and_then(Value::as_str).map_or_else(|| format!("cases[{index}]"), str::to_owned);
    let Some(id) = case.get("id").filter(|id| id.is_string() || id.is_number()) else {
        return Err(vec![Fault::at(format!("{name}.id"), "is missing; give each case a name")]);
    };
    let mut reader = Reader::new(case, &name);
    let result = answer::result(&mut reader);
    match (result, reader.into_faults()) {
        (Some(answer), faults) if faults.is_empty() => Ok(json!({ "id": id, "result": to_json(answer) })),
        (_, faults) => Err(faults),
    }
}

/// What a kind answers: fields in the order in which they are printed, or why there are none.
type Answer = std::result::Result<Map<String, Value>, (super::Degenerate, Map<String, Value>)>;

fn to_json(answer: Answer) -> Value {
    match answer {
        Ok(mut fields) => {
            fields.entry("error").or_insert(Value::Null);
            Value::Object(fields)
        }
        Err((reason, mut fields)) => {
            fields.insert("error".into(), json!(reason.code()));
            fields.insert("message".into(), json!(reason.to_string()));
            Value::Object(fields)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_of_form_are_shown_at_once() {
        let cases = json!([
            {"id": "x", "kind": "mean", "inputs": {"a": {"n": 10, "sum": "ten"}, "b": {"n": 10, "sum": 1, "sum_squares": 2}}},
            {"id": "y", "kind": "magic"},
            {"kind": "srm", "inputs": {"users": [1, 2], "weights": [1, 1]}},
        ]);
        let error = analyse(&cases).unwrap_err();
        let shown = error.to_string();
        for key in ["x.inputs.a.sum:", "x.inputs.a.sum_squares:", "y.kind:", "cases[2].id:"] {
            assert!(shown.contains(key), "{key} in {shown}");
        }
        assert!(analyse(&json!(3)).is_err());
    }

    #[test]
    fn degenerate_cases_answer_with_a_code_and_leave_the_others_alone() {
        let arm = |n: u64, sum: u64| json!({"n": n, "sum": sum});
        let case = |id: &str, a: Value, b: Value| json!({"id": id, "kind": "proportion", "inputs": {"a": a, "b": b}});
        let cases = json!([case("none", arm(0, 0), arm(10, 1)), case("good", arm(100, 10), arm(100, 20))]);
        let answers = analyse(&cases).unwrap();
        assert_eq!(answers[0]["result"]["error"], "TOO_FEW_UNITS");
        assert_eq!(answers[1]["result"]["error"], Value::Null);
        assert!((answers[1]["result"]["point_estimate"].as_f64().unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_case_gives_one_answer() {
        let case = json!({"id": 7, "kind": "srm", "inputs": {"users": [50, 50], "weights": [1, 1]}});
        let answer = analyse(&case).unwrap();
        assert_eq!((answer["id"].clone(), answer["result"]["p_value"].clone()), (json!(7), json!(1.0)));
    }
}
