//! The card of a churn model.

use super::Verdict;
use super::churn::ChurnFigures;
use super::churn_refusals::event;
use crate::models::card::Card;
use crate::models::churn::ChurnModel;
use crate::models::matrix::Labelled;
use crate::models::spec::{ChurnSpec, Target};

/// What the data were, in a line for each part of them.
pub(super) fn told(spec: &ChurnSpec, what: &str, rows: &Labelled) -> String {
    let event = event(spec);
    let (count, events) = (rows.happened.len(), rows.events());
    format!("{what}: as of {}, {count} customers, {events} {event}", rows.as_of)
}

pub(super) fn card(
    spec: &ChurnSpec,
    data: Vec<String>,
    model: &ChurnModel,
    figures: &ChurnFigures,
    verdict: &Verdict,
) -> Card {
    let metrics = &figures.metrics;
    let mut listed: Vec<(String, f64)> = [
        ("rows judged", metrics.rows as f64),
        ("events", metrics.events as f64),
        ("AUC", metrics.auc),
        ("average precision", metrics.average_precision),
        ("log-loss", metrics.log_loss),
        ("Brier", metrics.brier),
        ("ECE, 10 bins", metrics.ece10),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    if let (Some(mean), Some(sd)) = (figures.auc_fold_mean, figures.auc_fold_sd) {
        listed.extend([("AUC, mean of folds".to_owned(), mean), ("AUC, deviation of folds".to_owned(), sd)]);
    }
    listed.extend(figures.choice.figures());
    if let Some(champion) = &figures.champion {
        listed.push(("log-loss of the model that serves, same rows".to_owned(), champion.log_loss));
        listed.push(("AUC of the model that serves, same rows".to_owned(), champion.auc));
    }
    let purpose = match &spec.target {
        Target::NoPurchase => format!(
            "P(no purchase within {} days), per customer who has bought before.",
            spec.horizon_days.unwrap_or_default()
        ),
        Target::ContractEnds => {
            format!("P(a running contract ends within {} days), per customer.", spec.horizon_days.unwrap_or_default())
        }
        Target::Attribute { attribute, positive } => format!("P({attribute} = {positive}), per customer."),
    };
    Card {
        name: spec.name.clone(),
        purpose,
        data,
        method: vec![
            model.words(),
            figures.choice.words(),
            format!("L2 {}, columns standardised on the training rows", spec.l2),
            format!("choice and calibration cross-fitted over {} folds of customers", spec.folds),
        ],
        figures: listed,
        drivers: model.weights(),
        limits: limits(&spec.target),
        verdict: verdict.words(),
    }
}

fn limits(target: &Target) -> Vec<String> {
    let mut limits =
        vec!["It foretells who leaves, not whom an offer would keep: do not choose offers by it alone.".to_owned()];
    match target {
        Target::Attribute { .. } => limits.push(
            "Its label bears no date: whether its inputs were known before the event is for you to know.".to_owned(),
        ),
        _ => limits
            .push("The share that leaves changes with the season; compare the calibration error above.".to_owned()),
    }
    match target {
        Target::NoPurchase => limits.push("Customers who never bought are not scored.".to_owned()),
        Target::ContractEnds => limits.push("Customers without a running contract are not scored.".to_owned()),
        Target::Attribute { .. } => {}
    }
    limits
}
