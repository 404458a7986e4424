//! The card of a lifetime model.

use super::{Candidates, LifetimeData, LifetimeMetrics, Verdict};
use crate::models::card::Card;
use crate::models::lifetime::LifetimeModel;
use crate::models::spec::LifetimeSpec;

pub(super) fn card(
    spec: &LifetimeSpec,
    data: &LifetimeData,
    candidates: &Candidates,
    model: &LifetimeModel,
    metrics: &LifetimeMetrics,
    verdict: &Verdict,
) -> Card {
    Card {
        name: spec.name.clone(),
        purpose: format!(
            "Per customer: purchases within {} days, the next order, and the present value of margins less cost to serve over {} days at \
             {} % a year.",
            spec.horizon_days,
            spec.value_days,
            data.discount_rate * 100.0
        ),
        data: vec![
            format!("fitted as of {}: {} buyers, {} contracts", data.cut, data.judged.len(), data.contracts_at_cut.len()),
            format!("judged, later: {:.0} days until {}", metrics.holdout_days, data.until),
            format!("fitted anew as of {}: {} buyers, {} contracts", data.end, data.buyers.len(), data.contracts.len()),
        ],
        method: method(candidates, metrics),
        figures: figures(metrics, model),
        drivers: Vec::new(),
        limits: vec![
            "A chance of still being there is no ranking: BG/NBD says 1 for everybody who bought once. Rank by expected orders.".into(),
            "Intervals are those of one customer's future under the fitted parameters; that these are estimates, and that all customers may \
             change together (a crisis, a season), is not in them: compare the coverage above."
                .into(),
            "Margin share and cost to serve are taken to stay what they were; so are amounts, whatever the frequency.".into(),
            "Payments for contracts are taken from the contracts: do not import them as orders too.".into(),
        ],
        verdict: verdict.words(),
    }
}

fn method(candidates: &Candidates, metrics: &LifetimeMetrics) -> Vec<String> {
    let mut method = vec![metrics.why.clone()];
    for model in &candidates.purchases {
        let parameters: Vec<String> =
            model.parameters().iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        let (name, ll) = (model.kind().as_str(), model.log_likelihood());
        method.push(format!("{name}: {}; log-likelihood {ll:.2} (weeks)", parameters.join(", ")));
    }
    if let Some(value) = &candidates.value {
        method.push(format!(
            "gamma-gamma: p {:.3}, q {:.3}, v {:.2}; log-likelihood {:.2}",
            value.p, value.q, value.v, value.log_likelihood
        ));
    }
    if let Some(rhythm) = &candidates.rhythm {
        method.push(format!(
            "rhythm of purchases: gaps of shape {:.3} (1 = at any moment alike), pace gamma ({:.3}, {:.2} weeks)",
            rhythm.k, rhythm.q, rhythm.v
        ));
    }
    if let Some(contracts) = &candidates.contracts {
        let whole = contracts.whole;
        method.push(format!("contracts: shifted beta-geometric, alpha {:.3}, beta {:.3}", whole.alpha, whole.beta));
    }
    method.push(
        "intervals: 128 evenly spread draws from the distribution of purchases to come (exact) times that of amounts (gamma-gamma)".into(),
    );
    method.push("margin and cost to serve: own and whole weighted by credibility (Bühlmann and Straub)".into());
    method
}

fn figures(metrics: &LifetimeMetrics, model: &LifetimeModel) -> Vec<(String, f64)> {
    let mut figures = vec![("customers judged".to_owned(), metrics.customers as f64)];
    let mut add = |name: &str, value: f64| figures.push((name.to_owned(), value));
    for (name, candidate) in &metrics.candidates {
        add(&format!("{name}: MAE of purchases"), candidate.mae);
        add(&format!("{name}: RMSE"), candidate.rmse);
        if let Some(auc) = candidate.auc {
            add(&format!("{name}: AUC of who buys, by expected purchases"), auc);
        }
        add(&format!("{name}: purchases foretold / happened"), candidate.predicted / candidate.actual.max(1.0));
    }
    add("MAE, own rate goes on", metrics.mae_of_own_rate);
    add("MAE, nobody buys", metrics.mae_of_zero);
    if let Some(value) = &metrics.value {
        add("MAE of revenue", value.mae);
        add("revenue foretold / happened", value.predicted / value.actual.max(1.0));
        add("coverage of revenue intervals", value.coverage);
        if let Some(active) = value.coverage_of_active {
            add("coverage where the interval begins above nothing", active);
        }
    }
    if let Some(next) = &metrics.next_order {
        add("next order: buyers judged", next.buyers as f64);
        add("next order: MAE in days, by purchase model", next.purchase_model.mae_days);
        add("next order: coverage, by purchase model", next.purchase_model.coverage);
        if let Some(rhythm) = &next.rhythm {
            add("next order: MAE in days, by own rhythm", rhythm.mae_days);
            add("next order: coverage, by own rhythm", rhythm.coverage);
        }
        add("next order: MAE of its amount", next.amount_mae);
        add("next order: MAE of its amount, mean of all", next.amount_mae_of_mean);
    }
    if let Some(contracts) = &metrics.contracts {
        add("contracts judged", contracts.contracts as f64);
        add("contracts foretold / kept", contracts.predicted / contracts.actual.max(1.0));
    }
    add("margin by revenue, whole", model.margin.whole);
    add("cost to serve by purchase, whole", model.cost.whole);
    figures
}
