//! Models on real data, from the file to the gate.

use vizavi::operations::train::train;
use vizavi::progress::Silent;

use crate::import::online_retail;

/// Peer figures for the same cuts: logistic regression AUC .7431, log-loss .5953.
#[test]
fn churn_of_online_retail_imported_trained_and_judged_on_later_days() {
    let Some((place, _)) = online_retail() else { return };
    let trained = train(&place.workspace, &["churn".into()], &Silent).unwrap();
    let figure = |name: &str| trained[0].metrics[name].as_f64().unwrap();
    assert!(trained[0].serves, "{:?}", trained[0].reasons);
    assert!(figure("auc") >= 0.74, "AUC {}", figure("auc"));
    assert!(figure("log_loss") <= 0.60, "log-loss {}", figure("log_loss"));
}
