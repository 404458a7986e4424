//! Training on simulated customers, whose truth is known.

use super::*;
use crate::models::lifetime::{BgNbd, Leaving, PurchaseKind};
use crate::random::Stream;

fn spec() -> LifetimeSpec {
    let text = include_str!("../../../../models/lifetime.toml");
    let ModelSpec::Lifetime(spec) = ModelSpec::parse(text, "lifetime.toml").unwrap() else { unreachable!() };
    spec
}

/// Customers of the model who came within the first ten weeks, seen for 60 weeks and for 30 more.
fn simulated(truth: &BgNbd, customers: u32) -> LifetimeData {
    let mut stream = Stream::new(7, "lifetime");
    let (mut judged, mut buyers, mut margins, mut costs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for i in 0..customers {
        let rate = stream.gamma(truth.r, 1.0 / truth.alpha);
        let (x, y) = (stream.gamma(truth.a, 1.0), stream.gamma(truth.b, 1.0));
        let own = stream.gamma(4.0, 1.0 / 30.0);
        let age = 50.0 + 10.0 * stream.uniform();
        let mut known = [Buyer {
            customer: CustomerId(i.into()),
            purchases: Purchases { count: 0, last: 0.0, age },
            repeat_mean: 0.0,
            gaps: Gaps::default(),
        }; 2];
        known[1].purchases.age = age + 30.0;
        let (mut now, mut later, mut later_amount, mut next) = (0.0, 0, 0.0, None);
        loop {
            let gap = stream.exponential(1.0 / rate);
            now += gap;
            if now > age + 30.0 {
                break;
            }
            let amount = stream.gamma(5.0, 1.0 / own);
            for buyer in &mut known[usize::from(now > age)..] {
                let count = buyer.purchases.count + 1;
                buyer.repeat_mean += (amount - buyer.repeat_mean) / f64::from(count);
                buyer.gaps = Gaps { count, sum: now, ln_sum: buyer.gaps.ln_sum + gap.ln() };
                (buyer.purchases.count, buyer.purchases.last) = (count, now);
            }
            if now > age {
                (later, later_amount) = (later + 1, later_amount + amount);
                next = next.or(Some(((now - age) * 7.0, amount)));
            }
            if stream.uniform() < x / (x + y) {
                break;
            }
        }
        let [at_cut, at_end] = known;
        judged.push(Judged { known: at_cut, later, later_amount, next });
        buyers.push(at_end);
        let purchases = f64::from(at_end.purchases.count) + 1.0;
        margins.push(Exposed { amount: 12.0 * purchases, exposure: 30.0 * purchases });
        costs.push(Exposed { amount: 2.0 * purchases, exposure: purchases });
    }
    let day = |days: i64| Timestamp(days * DAY);
    LifetimeData {
        first: day(0),
        cut: day(420),
        until: day(630),
        end: day(630),
        judged,
        buyers,
        margins,
        costs,
        contracts_at_cut: Vec::new(),
        judged_contracts: Vec::new(),
        contracts: Vec::new(),
        discount_rate: 0.1,
        contract_margin: 0.3,
    }
}

fn truth() -> BgNbd {
    BgNbd { leaving: Leaving::AfterRepeat, r: 0.8, alpha: 6.0, a: 0.6, b: 3.0, log_likelihood: 0.0 }
}

#[test]
fn the_truth_is_chosen_recovered_and_holds_what_it_promises() {
    let fit = train_lifetime(&spec(), simulated(&truth(), 5_000)).unwrap();
    assert!(fit.verdict.passed, "{:?}", fit.verdict);
    let figure = |pointer: &str| fit.metrics.pointer(pointer).and_then(serde_json::Value::as_f64).unwrap();
    let of = |name: &str| figure(&format!("/candidates/bg_nbd/{name}"));
    assert!((of("predicted") / of("actual") - 1.0).abs() < 0.05, "{}", fit.metrics);
    assert!(of("mae") <= figure("/mae") * 1.05 && of("mae") < figure("/mae_of_own_rate"), "{}", fit.metrics);
    assert!(of("rmse") <= figure("/rmse") * 1.01, "{}", fit.metrics);
    assert!((figure("/value/coverage_of_active") - 0.8).abs() < 0.05, "{}", fit.metrics);
    assert!((figure("/next_order/purchase_model/coverage") - 0.8).abs() < 0.05, "{}", fit.metrics);
    assert!(figure("/next_order/amount_mae") < figure("/next_order/amount_mae_of_mean"));
    let serving: LifetimeModel = fit.parameters().unwrap();
    assert!((serving.margin.whole - 0.4).abs() < 1e-9 && (serving.cost.whole - 2.0).abs() < 1e-9);
    let fitted = fit.parameters.pointer("/calibration/bg_nbd/r").and_then(serde_json::Value::as_f64).unwrap();
    assert!((fitted / 0.8 - 1.0).abs() < 0.2, "{fitted}");
}

/// The fits of purchases, amounts, rhythm and margins, and what they are judged by; each fit alone in `models/lifetime/tests.rs`.
#[test]
fn the_same_bits_on_any_number_of_threads() {
    let data = simulated(&truth(), 9_000);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let spec = LifetimeSpec { purchases: vec![PurchaseKind::BgNbd], ..spec() };
        let fit = pool.install(|| train_lifetime(&spec, data.clone()).unwrap());
        (fit.parameters.to_string(), fit.metrics.to_string())
    };
    let alone = on(1);
    [2, 3, 5].into_iter().for_each(|threads| assert!(alone == on(threads), "{threads} threads"));
}

#[test]
fn few_who_came_again_are_refused_with_the_reason() {
    let mut data = simulated(&truth(), 300);
    data.judged.truncate(20);
    let error = train_lifetime(&spec(), data).unwrap_err();
    assert!(error.message().contains("had bought again by") && error.message().contains("at least 50"), "{error}");
}

#[test]
fn a_sample_is_drawn_by_customer_and_keeps_the_order() {
    let spec = LifetimeSpec { sample: 1_000, purchases: vec![PurchaseKind::BgNbd], ..spec() };
    let mut rows: Vec<CustomerId> = (0..5_000).map(CustomerId).collect();
    keep_sample(&mut rows, &spec, |&id| id);
    assert!(rows.len() == 1_000 && rows.is_sorted());
    let mut again: Vec<CustomerId> = (0..5_000).rev().map(CustomerId).collect();
    keep_sample(&mut again, &spec, |&id| id);
    again.sort_unstable();
    assert_eq!(rows, again);
}
