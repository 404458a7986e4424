//! Contractual churn from outside, on a company whose truth is known: import, train, score, one customer.

use std::fmt::Write;

use super::program::Program;
use vizavi::clock::{DAY, Timestamp};
use vizavi::ids::CustomerId;
use vizavi::models::scoring;
use vizavi::random::Stream;

const NOW: &str = "2026-02-05T00:00:00Z";
/// Days of a period, and how many of them a label looks ahead.
const PERIOD: i64 = 30;
const PERIODS: i64 = 3;

const SPEC: &str = "name = \"leaving\"\nkind = \"churn\"\ntarget = { contract_ends = true }\nhorizon_days = 90\nl2 = 1.0\n\
    features = [{ name = \"contract_days\", transform = \"log1p\" }]\n\
    attributes = [{ name = \"plan\", transform = \"categories\" }]\n\
    [split]\ntrain_cuts = 3\nevery_days = 90\n[gate]\nmin_auc = 0.6\nmax_log_loss = 0.69\nmin_events = 50\n";

const MAPPING: &str = "[[record]]\ntarget = \"customers\"\n[record.fields]\ncustomer = \"customer_id\"\n\
    [record.attributes]\nplan = \"plan\"\n";

/// A contract of 30 days that is renewed until it is given up.
struct Contract {
    plan: &'static str,
    /// Days before now.
    began: i64,
    /// Renewals until it was given up, if it was.
    given_up: Option<i64>,
}

/// The chance that a contract is given up at its renewal of this number: less for the longer plan, and less with every renewal.
fn hazard(plan: &str, renewal: i64) -> f64 {
    let of_plan = if plan == "year" { -3.0 } else { -1.2 };
    let log_odds = of_plan - 0.8 * (renewal as f64).ln_1p();
    1.0 / (1.0 + (-log_odds).exp())
}

impl Contract {
    /// The first renewal not before a day, counted back from now.
    fn next(&self, days_ago: i64) -> i64 {
        (self.began - days_ago + PERIOD - 1).div_euclid(PERIOD)
    }

    fn runs(&self, days_ago: i64) -> bool {
        self.began > days_ago && self.given_up.is_none_or(|renewal| renewal >= self.next(days_ago))
    }

    /// The chance that it is given up within the horizon, if it runs.
    fn truth(&self, days_ago: i64) -> f64 {
        let next = self.next(days_ago);
        1.0 - (next..next + PERIODS).map(|renewal| 1.0 - hazard(self.plan, renewal)).product::<f64>()
    }

    fn ends(&self, days_ago: i64) -> bool {
        let next = self.next(days_ago);
        self.given_up.is_some_and(|renewal| (next..next + PERIODS).contains(&renewal))
    }
}

fn company() -> Vec<Contract> {
    let mut stream = Stream::new(4, "contracts");
    (0..4_000)
        .map(|_| {
            let plan = if stream.uniform() < 0.6 { "month" } else { "year" };
            let began = 1 + (900.0 * stream.uniform()) as i64;
            let renewals = 1..=(began - 1) / PERIOD;
            let given_up = renewals.into_iter().find(|&renewal| stream.uniform() < hazard(plan, renewal));
            Contract { plan, began, given_up }
        })
        .collect()
}

fn import(program: &Program, company: &[Contract]) {
    let at = |days_ago: i64| Timestamp::parse(NOW).unwrap().plus(-days_ago * DAY);
    let mut customers = String::from("customer_id,plan\n");
    let mut changes = String::from("customer_id,subscription_id,status,occurred_at,price,period_days\n");
    for (i, contract) in company.iter().enumerate() {
        writeln!(customers, "K{i},{}", contract.plan).unwrap();
        writeln!(changes, "K{i},S{i},started,{},30.00,{PERIOD}", at(contract.began)).unwrap();
        let last = contract.given_up.unwrap_or((contract.began - 1) / PERIOD);
        for renewal in 1..=last {
            let status = if contract.given_up == Some(renewal) { "ended" } else { "renewed" };
            writeln!(changes, "K{i},S{i},{status},{},30.00,{PERIOD}", at(contract.began - renewal * PERIOD)).unwrap();
        }
    }
    let (customers, mapping) = (program.file("customers.csv", &customers), program.file("mapping.toml", MAPPING));
    program.done_at(NOW, &["import", "customers", &customers, "--mapping", &mapping]);
    let said = program.done_at(NOW, &["import", "subscriptions", &program.file("contracts.csv", &changes), "--json"]);
    assert_eq!(said.json()[0]["rejected"], 0, "{}", said.out);
}

/// The chance that of one that left and one that stayed the first was thought likelier to leave.
fn auc(rows: &[(f64, bool)]) -> f64 {
    let (mut pairs, mut right) = (0.0, 0.0);
    for (p, _) in rows.iter().filter(|(_, left)| *left) {
        for (q, _) in rows.iter().filter(|(_, left)| !*left) {
            pairs += 1.0;
            right += if p > q {
                1.0
            } else if p == q {
                0.5
            } else {
                0.0
            };
        }
    }
    right / pairs
}

#[test]
fn contracts_that_end_are_foretold_as_well_as_the_truth_and_calibrated() {
    let company = company();
    for (store, program) in Program::on_both_stores() {
        import(&program, &company);
        program.file("data/models/leaving.toml", SPEC);
        program.done_at(NOW, &["train", "leaving"]);
        let shown = program.done_at(NOW, &["models", "show", "leaving", "--json"]).json();
        let figure = |name: &str| shown["metrics"][name].as_f64().unwrap_or_else(|| panic!("{name} in {shown}"));

        // Who is judged, and what became of them, to the last customer.
        let until = Timestamp::parse(shown["window"]["until"].as_str().unwrap()).unwrap();
        let cut = (Timestamp::parse(NOW).unwrap().0 - until.0) / DAY + PERIOD * PERIODS;
        let judged: Vec<(f64, bool)> =
            company.iter().filter(|one| one.runs(cut)).map(|one| (one.truth(cut), one.ends(cut))).collect();
        let left = judged.iter().filter(|(_, left)| *left).count();
        assert_eq!((figure("rows"), figure("events")), (judged.len() as f64, left as f64), "{store}");
        let best = auc(&judged);
        let (auc, ece) = (figure("auc"), figure("ece10"));
        assert!(best > 0.7 && auc > best - 0.02, "{store}: AUC {auc}, by the truth {best}");
        assert!(ece < 0.04, "{store}: {ece}");

        // Whoever has a contract is scored, though nobody has ever bought; nobody else is.
        program.done_at(NOW, &["score"]);
        let workspace = program.workspace();
        let all = (CustomerId(i64::MIN), CustomerId(i64::MAX));
        let scores = workspace.store().read(|conn| scoring::between(conn, "leaving", all.0, all.1)).unwrap();
        let running: Vec<(usize, &Contract)> = company.iter().enumerate().filter(|(_, one)| one.runs(0)).collect();
        assert_eq!(scores.len(), running.len(), "{store}");
        let (mut off, mut bias, mut n) = (0.0, [0.0; 2], [0.0; 2]);
        for (i, contract) in &running {
            let score = scores[&workspace.id_key().customer(&format!("K{i}"))];
            let plan = usize::from(contract.plan == "year");
            off += (score - contract.truth(0)).abs() / running.len() as f64;
            bias[plan] += score - contract.truth(0);
            n[plan] += 1.0;
        }
        assert!(off < 0.03, "{store}: {off} away from the truth");
        assert!((0..2).all(|plan| (bias[plan] / n[plan]).abs() < 0.02), "{store}: {bias:?} of {n:?}");

        let (youngest, _) = running.iter().min_by_key(|(_, one)| (one.plan, one.began)).unwrap();
        let story = program.done_at(NOW, &["customer", &format!("K{youngest}"), "--json"]).json();
        let reasons: Vec<&str> =
            story["reasons"].as_array().unwrap().iter().map(|reason| reason["feature"].as_str().unwrap()).collect();
        assert!(reasons.contains(&"contract_days") && reasons.contains(&"attribute.plan"), "{store}: {story}");
        let days = story["reasons"].as_array().unwrap().iter().find(|reason| reason["feature"] == "contract_days");
        assert_eq!(days.unwrap()["value"].as_f64().unwrap().round() as i64, company[*youngest].began, "{story}");
    }
}
