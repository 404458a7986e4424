//! One function per kind of case.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Answer;
use super::reader::Reader;
use crate::experiments::bayesian::{Prior, chance_b_beats_a, posterior};
use crate::experiments::effect::{Effect, Estimate, estimate};
use crate::experiments::{
    Degenerate, Sides, Statistic, frequentist, multiplicity, power, proportions, sample_ratio, sequential,
};

/// The answer of the case, or `None` when its form is at fault.
pub(super) fn result(reader: &mut Reader) -> Option<Answer> {
    match reader.kind()? {
        "proportion" if reader.at("inputs.table").is_some() => fisher(reader),
        "proportion" if reader.flag("params.pooled")? => pooled(reader),
        "proportion" | "mean" | "ratio" | "cuped" => fixed(reader),
        "sequential" => confidence_sequence(reader),
        "bayesian" => bayesian(reader),
        "always_valid" if reader.at("inputs.users").is_some() => sequential_sample_ratio(reader),
        "always_valid" => mixture(reader),
        "srm" => sample_ratio_check(reader),
        "multiple" => multiple(reader),
        "power" => planner(reader),
        other => {
            let message = format!(
                "`{other}` is not a kind; use proportion, mean, ratio, cuped, sequential, bayesian, always_valid, srm, multiple or power"
            );
            reader.fault("kind", message)
        }
    }
}

/// The fields of a result type.
fn fields(value: impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// A result, or the reason alone.
fn bare(made: Result<impl Serialize, Degenerate>) -> Answer {
    made.map(fields).map_err(|reason| (reason, Map::new()))
}

/// An effect with what belongs to its kind; a degenerate one claims nothing: no difference, p = 1.
fn effect(made: Result<(Effect, Map<String, Value>), Degenerate>) -> Answer {
    match made {
        Ok((effect, more)) => {
            let mut all = fields(effect);
            all.extend(more);
            Ok(all)
        }
        Err(reason) => {
            let nothing = Effect { point_estimate: 0.0, ci_lower: 0.0, ci_upper: 0.0, p_value: 1.0, stderr: 0.0 };
            Err((reason, fields(nothing)))
        }
    }
}

/// theta for adjusted arms, unit variances for ratios.
fn details(a: &Statistic, b: &Statistic, made: &Estimate) -> Result<Map<String, Value>, Degenerate> {
    let mut more = Map::new();
    if let Some(theta) = made.theta {
        more.insert("theta".into(), json!(theta));
    }
    if matches!(a, Statistic::Ratio(_)) {
        more.insert("variance_a".into(), json!(a.summary()?.variance));
        more.insert("variance_b".into(), json!(b.summary()?.variance));
    }
    Ok(more)
}

fn fixed(reader: &mut Reader) -> Option<Answer> {
    let (arms, difference, level, sides) = (reader.arms(), reader.difference(), reader.level(), reader.sides());
    let ((a, b), difference, level, sides) = (arms?, difference?, level?, sides?);
    Some(effect(
        estimate(&a, &b, difference)
            .and_then(|made| Ok((frequentist::infer(&made, level, sides)?, details(&a, &b, &made)?))),
    ))
}

fn confidence_sequence(reader: &mut Reader) -> Option<Answer> {
    let (arms, difference, level, sides) = (reader.arms(), reader.difference(), reader.level(), reader.sides());
    let size = reader.number_or("params.sequential_tuning_parameter", sequential::DEFAULT_DECISION_SIZE);
    let ((a, b), difference, level, sides, size) = (arms?, difference?, level?, sides?, size?);
    Some(effect(estimate(&a, &b, difference).and_then(|made| {
        let inferred = sequential::infer(&made, level, sides, size)?;
        let mut more = details(&a, &b, &made)?;
        let alpha = if sides == Sides::Two { level.alpha() } else { (2.0 * level.alpha()).min(1.0 - f64::EPSILON) };
        more.insert("rho".into(), json!(sequential::rho(alpha, size)?));
        Ok((inferred, more))
    })))
}

fn pooled(reader: &mut Reader) -> Option<Answer> {
    let (arms, level) = (reader.arms(), reader.level());
    match (arms?, level?) {
        ((Statistic::Proportion(a), Statistic::Proportion(b)), level) => {
            Some(bare(proportions::pooled_test(a, b, level)))
        }
        _ => reader.fault("inputs", "a pooled test needs {n, sum} in both arms"),
    }
}

fn fisher(reader: &mut Reader) -> Option<Answer> {
    let table = reader.at("inputs.table").and_then(|t| serde_json::from_value::<[[f64; 2]; 2]>(t.clone()).ok());
    let Some(table) = table else {
        return reader.fault("inputs.table", "must be two rows of two counts");
    };
    Some(bare(proportions::fisher(table).map(|p| json!({ "p_value": p }))))
}

fn bayesian(reader: &mut Reader) -> Option<Answer> {
    let (arms, level, difference) = (reader.arms(), reader.level(), reader.difference());
    let (prior, inverse) = (prior(reader), reader.flag("params.inverse"));
    let ((a, b), level, difference, prior, inverse) = (arms?, level?, difference?, prior?, inverse?);
    if let (Statistic::Proportion(a), Statistic::Proportion(b), None) = (&a, &b, prior) {
        return Some(bare(chance_b_beats_a(*a, *b).map(|p| json!({ "chance_b_beats_a": p }))));
    }
    Some(bare(posterior(&a, &b, difference, prior.unwrap_or(Prior::Flat), level, inverse)))
}

/// The prior that is asked for; inner `None` when the case names none.
fn prior(reader: &mut Reader) -> Option<Option<Prior>> {
    let kind = reader.at("params.prior_type").and_then(Value::as_str);
    if let Some(name) = reader.at("params.prior") {
        return match name.as_str() {
            Some("improper" | "flat") => Some(Some(Prior::Flat)),
            _ => {
                reader.fault("params.prior", "must be improper; a proper one is prior_type, prior_mean, prior_variance")
            }
        };
    }
    if kind.is_none() && reader.at("params.prior_variance").is_none() {
        return Some(None);
    }
    let (mean, variance) = (reader.number_or("params.prior_mean", 0.0), reader.number("params.prior_variance"));
    let (mean, variance) = (mean?, variance?);
    match kind {
        None | Some("relative") => Some(Some(Prior::Relative { mean, variance })),
        Some("absolute") => Some(Some(Prior::Absolute { mean, variance })),
        Some(_) => reader.fault("params.prior_type", "must be relative or absolute"),
    }
}

fn mixture(reader: &mut Reader) -> Option<Answer> {
    let (arms, level, tau2) = (reader.arms(), reader.level(), reader.number("params.tau2"));
    let ((a, b), level, tau2) = (arms?, level?, tau2?);
    Some(bare(sequential::mixture(&a, &b, level, tau2)))
}

fn sequential_sample_ratio(reader: &mut Reader) -> Option<Answer> {
    let (users, weights) = (reader.numbers("inputs.users"), reader.numbers("inputs.weights"));
    Some(bare(sample_ratio::check_sequentially(&users?, &weights?)))
}

/// The check, and, where an arm was planned to be empty, what it would be if that arm still counted as a degree of freedom.
fn sample_ratio_check(reader: &mut Reader) -> Option<Answer> {
    let (users, weights) = (reader.numbers("inputs.users"), reader.numbers("inputs.weights"));
    let (users, weights) = (users?, weights?);
    Some(bare(sample_ratio::check(&users, &weights).map(|made| {
        let mut all = fields(made);
        let all_arms = users.len() as f64 - 1.0;
        if all_arms > made.df {
            all.insert(format!("p_value_correct_df{}", made.df), json!(made.p_value));
            let p = crate::experiments::distribution::chi_square_sf(made.chi_square, all_arms);
            all.insert(format!("p_value_gbstats_df{all_arms}"), json!(p));
        }
        all
    })))
}

fn multiple(reader: &mut Reader) -> Option<Answer> {
    let p = reader.numbers("inputs.p_values")?;
    let adjust = || {
        Ok(json!({
            "holm": multiplicity::holm(&p)?,
            "bh": multiplicity::benjamini_hochberg(&p)?,
            "bonferroni": multiplicity::bonferroni(&p)?,
        }))
    };
    Some(bare(adjust()))
}

fn planner(reader: &mut Reader) -> Option<Answer> {
    let (p0, level) = (reader.number("inputs.p0"), reader.level());
    let p1 = match (reader.at("inputs.p1").is_some(), p0) {
        (true, _) => reader.number("inputs.p1"),
        (false, Some(p0)) => reader.number("inputs.mde_relative").map(|mde| p0 * (1.0 + mde)),
        (false, None) => None,
    };
    let ratio = match reader.at("params.ratio") {
        Some(_) => reader.number("params.ratio"),
        None => reader.number_or("params.ratio_n2_over_n1", 1.0),
    };
    let wanted = reader.number_or("params.power", 0.8);
    let shares = power::Shares { p0: p0?, p1: p1?, ratio: ratio? };
    let (level, wanted) = (level?, wanted?);
    if reader.at("inputs.n1").is_some() {
        let n1 = reader.number("inputs.n1")?;
        return Some(bare(power::achieved(shares, n1, level)));
    }
    Some(bare(power::sample_size(shares, level, wanted)))
}
