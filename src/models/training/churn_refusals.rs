//! When data cannot carry a churn model, and why.

use crate::error::{Error, Result};
use crate::models::evaluation;
use crate::models::matrix::Labelled;
use crate::models::spec::{ChurnSpec, FeatureSpec, Target, Transform};

/// A single feature that ranks events this well knows the future.
const LEAKAGE_AUC: f64 = 0.995;

fn no(spec: &ChurnSpec, why: &str) -> Error {
    Error::invalid(format!("`{}` is not trained: {why}", spec.name))
}

/// What the event is called.
pub(super) fn event(spec: &ChurnSpec) -> String {
    match (&spec.target, spec.horizon_days) {
        (Target::Attribute { attribute, positive }, _) => format!("have {attribute} = {positive}"),
        (_, Some(days)) => format!("left within {days} days"),
        _ => "left".to_owned(),
    }
}

/// Refuses training rows that are too few, of one class, or that give the answer away.
pub(super) fn rows(spec: &ChurnSpec, train: &[Labelled]) -> Result<()> {
    train.iter().try_for_each(Labelled::check)?;
    let rows: usize = train.iter().map(|cut| cut.happened.len()).sum();
    let events: usize = train.iter().map(Labelled::events).sum();
    let least = spec.gate.min_events;
    if events < least || rows - events < least {
        let advice = match spec.target {
            Target::Attribute { .. } => "look whether the label's value is spelt so, or bring more customers",
            _ => "take a longer history or another horizon",
        };
        let event = event(spec);
        return Err(no(
            spec,
            &format!(
                "{events} of {rows} customers {event}; at least {least} of whom that is true and {least} of whom it is not are needed; {advice}"
            ),
        ));
    }
    let columns = spec.columns();
    train.iter().try_for_each(|cut| columns.iter().try_for_each(|feature| leaking(spec, cut, feature)))
}

/// Refuses test rows that do not lie later, or are of one class.
pub(super) fn later(spec: &ChurnSpec, train: &[Labelled], test: &Labelled) -> Result<()> {
    if train.is_empty() || train.iter().any(|cut| cut.as_of >= test.as_of) {
        let said =
            format!("the test cut {} must be later than every training cut, of which there must be one", test.as_of);
        return Err(no(spec, &said));
    }
    judged(spec, test)
}

/// Refuses to judge on one class.
pub(super) fn judged(spec: &ChurnSpec, test: &Labelled) -> Result<()> {
    test.check()?;
    if test.events() == 0 || test.events() == test.happened.len() {
        let event = event(spec);
        let said = format!(
            "{} of the {} customers it would be judged on {event}; both kinds are needed",
            test.events(),
            test.happened.len()
        );
        return Err(no(spec, &said));
    }
    Ok(())
}

fn leaking(spec: &ChurnSpec, cut: &Labelled, feature: &FeatureSpec) -> Result<()> {
    let Some(column) = cut.matrix.column(&feature.name) else { return Ok(()) };
    let values = column.to_vec();
    let ranked = if feature.transform == Transform::Categories { rates(&values, &cut.happened) } else { values };
    let auc = evaluation::auc(&cut.happened, &ranked).unwrap_or(0.5);
    if auc.max(1.0 - auc) <= LEAKAGE_AUC {
        return Ok(());
    }
    let advice = match spec.target {
        Target::Attribute { .. } => "it probably says the same as the label in other words; take it out".to_owned(),
        _ => format!("it probably holds what came after {}; take it out or mend its as-of rule", cut.as_of),
    };
    Err(no(spec, &format!("`{}` alone predicts almost perfectly (AUC {auc:.3}): {advice}", feature.name)))
}

/// For each row the share of events among rows of its category.
fn rates(values: &[f64], happened: &[bool]) -> Vec<f64> {
    let place = |value: f64| if value.is_finite() { value as usize + 1 } else { 0 };
    let mut counts = vec![(0.0, 0.0); values.iter().map(|&value| place(value) + 1).max().unwrap_or(0)];
    for (&value, &y) in values.iter().zip(happened) {
        let (rows, events) = &mut counts[place(value)];
        *rows += 1.0;
        *events += f64::from(u8::from(y));
    }
    values.iter().map(|&value| counts[place(value)].1 / counts[place(value)].0).collect()
}
