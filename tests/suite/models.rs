//! Models on real data, from the file to the gate; and what may not be learned from.

use std::path::Path;

use vizavi::customers::{Customer, store as customers};
use vizavi::models::registry::{self, Status};
use vizavi::operations::score::score;
use vizavi::operations::train::{Trained, train};
use vizavi::operations::{audit, models};
use vizavi::progress::Silent;

use crate::import::{Place, online_retail, shared};

fn figure(trained: &Trained, name: &str) -> f64 {
    trained.metrics[name].as_f64().unwrap_or_else(|| panic!("{name} in {}", trained.metrics))
}

/// The best peer of the same test cut: AUC .7436, ECE .069 (logistic regression, one training cut).
#[test]
fn churn_of_online_retail_imported_trained_and_judged_on_later_days() {
    let Some((place, _)) = online_retail() else { return };
    let trained = train(&place.workspace, &["churn".into()], &Silent).unwrap();
    let (auc, log_loss, ece) =
        (figure(&trained[0], "auc"), figure(&trained[0], "log_loss"), figure(&trained[0], "ece10"));
    eprintln!("online retail: AUC {auc:.4} log-loss {log_loss:.4} ECE {ece:.4}; {}", trained[0].metrics["choice"]);
    assert!(trained[0].serves, "{:?}", trained[0].reasons);
    assert!(auc > 0.7436 && ece < 0.06 && log_loss < 0.5952, "AUC {auc}, log-loss {log_loss}, ECE {ece}");
}

fn with_spec(place: &Place, name: &str, text: &str) {
    let folder = place.folder.path().join("models");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
}

/// The best peer on the same folds (row mod 5, all rows together): XGBoost, AUC .8491, log-loss .4110, ECE .0101.
#[test]
fn churn_of_telco_from_the_file_to_the_figures() {
    let Some(file) = shared("telco/telco_churn.csv") else { return };
    Place::on_both_stores().iter().for_each(|(store, place)| telco(store, place, &file));
}

fn telco(store: &str, place: &Place, file: &Path) {
    let docs = crate::support::root().join("docs");
    place.import("customers", file, Some(docs.join("mappings/telco.toml"))).unwrap();
    with_spec(place, "telco", &std::fs::read_to_string(docs.join("models/telco.toml")).unwrap());
    let trained = train(&place.workspace, &["telco".into()], &Silent).unwrap();
    assert!(trained[0].serves, "{:?}", trained[0].reasons);
    let figures = ["auc", "auc_fold_mean", "auc_fold_sd", "log_loss", "brier", "ece10"];
    let [auc, mean, sd, log_loss, brier, ece] = figures.map(|name| figure(&trained[0], name));
    eprintln!(
        "telco, {store}: AUC {auc:.4} ({mean:.4} +- {sd:.4}) log-loss {log_loss:.4} Brier {brier:.4} ECE {ece:.4}"
    );
    eprintln!("{}", trained[0].metrics["choice"]);
    assert!(mean >= 0.848 && auc >= 0.848 && log_loss <= 0.413 && ece <= 0.013, "{}", trained[0].metrics);
    let shown = models::show(&place.workspace, "telco").unwrap();
    assert_eq!(shown.version.fit.metrics, trained[0].metrics);
    assert!(shown.version.fit.parameters["parts"]["logistic"]["weights"].is_array());

    // Everybody with attributes gets a score, though none has ever bought.
    let scored = score(&place.workspace, &Silent).unwrap();
    assert_eq!(scored.models["telco"], shown.version.id.0);
    let story = vizavi::reports::timeline::timeline(&place.workspace, "7590-VHVEG").unwrap();
    let p = story.state.unwrap().score_map()["telco"];
    assert!(p > 0.3, "a month-to-month customer of the first month, by electronic check: {p}");
    assert_eq!(story.reasons.len(), 3);
    let drift = models::show(&place.workspace, "telco").unwrap().drift.unwrap();
    assert!(drift.drift.rows == 7_043 && scored.warnings.is_empty(), "the same customers have not moved: {drift:?}");
}

/// 300 customers whose `plan` tells much of whether they left; every tenth objects to profiling.
fn members() -> Place {
    members_in(Place::new())
}

/// The same on both stores.
fn members_on_both_stores() -> Vec<Place> {
    Place::on_both_stores().into_iter().map(|(_, place)| members_in(place)).collect()
}

fn members_in(place: Place) -> Place {
    let key = place.workspace.id_key();
    let rows: Vec<Customer> = (0..300_i64)
        .map(|i| {
            let name = format!("M-{i}");
            let mut one = Customer::unknown(key.customer(&name), &name, place.workspace.now());
            let (plan, left) = (if i % 2 == 0 { "month" } else { "year" }, if i % 3 == 0 { i % 2 == 1 } else { i % 2 == 0 });
            let label = if left { "yes" } else { "no" };
            let age = 20 + i % 50;
            one.attributes = format!(
                r#"{{"plan":"{plan}","left":"{label}","also":"{label}","age":{age},"gender":"f","row":{i},"day":"2011-{:02}-01"}}"#,
                1 + i / 30
            );
            one.profiling_objection = i % 10 == 0;
            one
        })
        .collect();
    place.workspace.store().write(|conn| customers::upsert(conn, &rows)).unwrap();
    place
}

fn spec(attributes: &str, split: &str) -> String {
    format!(
        "name = \"left\"\nkind = \"churn\"\ntarget = {{ attribute = \"left\", positive = \"yes\" }}\nl2 = 1.0\nfolds = 2\n\
        attributes = [{attributes}]\n[split]\n{split}\n[gate]\nmin_auc = 0.55\nmax_log_loss = 0.69\nmin_events = 50\n"
    )
}

const PLAN: &str = r#"{ name = "plan", transform = "categories" }, { name = "age" }"#;

#[test]
fn who_objects_to_profiling_is_neither_trained_on_nor_scored() {
    members_on_both_stores().iter().for_each(consenting_only);
}

fn consenting_only(place: &Place) {
    with_spec(place, "left", &spec(PLAN, "folds = 5\nindex = \"row\""));
    let trained = train(&place.workspace, &["left".into()], &Silent).unwrap();
    assert_eq!(trained[0].metrics["rows"], 270, "{:?}", trained[0]);
    score(&place.workspace, &Silent).unwrap();
    let told = |name: &str| vizavi::reports::timeline::timeline(&place.workspace, name).unwrap();
    assert!(told("M-10").state.is_none_or(|state| state.score_map().is_empty()));
    assert!(told("M-10").reasons.is_empty());
    assert!(told("M-11").state.unwrap().score_map().contains_key("left"));
    assert!(!told("M-11").reasons.is_empty());
}

#[test]
fn a_split_by_number_or_by_date_judges_what_comes_after() {
    let place = members();
    for split in ["index = \"row\"\ntest_from = 200", "index = \"day\"\ntest_from = \"2011-08-01\""] {
        with_spec(&place, "left", &spec(PLAN, split));
        let trained = train(&place.workspace, &["left".into()], &Silent).unwrap();
        assert_eq!(trained[0].metrics["rows"], if split.contains("row") { 90 } else { 81 }, "{:?}", trained[0]);
    }
    with_spec(&place, "left", &spec(PLAN, "folds = 3\nindex = \"number\""));
    let trained = train(&place.workspace, &["left".into()], &Silent).unwrap();
    assert!(trained[0].reasons[0].contains("270 of 270 customers have no usable attribute `number`"), "{trained:?}");
}

#[test]
fn what_gives_the_label_away_and_what_is_protected_is_refused_with_the_reason() {
    let place = members();
    let why = |place: &Place, attributes: &str| {
        with_spec(place, "left", &spec(attributes, "folds = 3"));
        match train(&place.workspace, &["left".into()], &Silent) {
            Ok(trained) => trained[0].reasons.join("; "),
            Err(error) => error.to_string(),
        }
    };
    let also = r#"{ name = "also", transform = "categories" }"#;
    assert!(why(&place, also).contains("`attribute.also` alone predicts almost perfectly"), "{}", why(&place, also));
    let own = r#"{ name = "left", transform = "categories" }"#;
    assert!(why(&place, own).contains("cannot foretell itself"), "{}", why(&place, own));

    let protected = members();
    std::fs::write(protected.folder.path().join("vizavi.toml"), "protected_attributes = [\"gender\"]\n").unwrap();
    let clock = std::sync::Arc::new(vizavi::clock::ManualClock::new(protected.workspace.now()));
    let options = vizavi::operations::Options::default();
    let workspace = vizavi::operations::Workspace::open(protected.folder.path(), None, clock, options).unwrap();
    with_spec(&protected, "left", &spec(r#"{ name = "gender", transform = "categories" }"#, "folds = 3"));
    let trained = train(&workspace, &["left".into()], &Silent).unwrap();
    assert!(trained[0].reasons.join("; ").contains("`gender` is declared protected"), "{trained:?}");
}

#[test]
fn a_fit_is_promoted_and_the_former_one_called_back() {
    members_on_both_stores().iter().for_each(promoted_and_called_back);
}

fn promoted_and_called_back(place: &Place) {
    let ws = &place.workspace;
    with_spec(place, "left", &spec(PLAN, "folds = 3"));
    assert_eq!(models::rollback(ws, "left", "test").unwrap_err().kind(), vizavi::error::Kind::NotFound);
    let fits: Vec<_> =
        (0..2).map(|_| train(ws, &["left".into()], &Silent).unwrap()[0].version.expect("it was trained")).collect();
    let serving = || ws.store().read(|conn| registry::champion(conn, "left")).unwrap().unwrap().id;
    assert_eq!(serving(), fits[1]);
    let back = models::rollback(ws, "left", "test").unwrap();
    assert_eq!((back.id, back.status, serving()), (fits[0], Status::Champion, fits[0]));
    models::promote(ws, "left", fits[1], "test").unwrap();
    assert_eq!(serving(), fits[1]);
    assert!(models::promote(ws, "churn", fits[0], "test").is_err(), "a version of another name");
    let said = ws.store().read(|conn| audit::page(conn, None, 9)).unwrap();
    let said: Vec<&str> = said.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(said, ["model.promote", "model.rollback"]);
}
