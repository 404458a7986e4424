//! Published figures, and parameters recovered from purchases simulated with them.

use super::history::BLOCK;
use super::*;
use crate::random::Stream;

/// The CDNOW sample: purchases up to 39 weeks, what was spent, and purchases of the 39 weeks after.
fn cdnow() -> Option<Vec<(Purchases, Spending, f64)>> {
    let path = std::path::Path::new(".").join("../shared/data/cdnow/rfm_calholdout_sample.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    let read = |line: &str| {
        let field: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
        let count = field[1] as u32;
        (Purchases { count, last: field[2], age: field[3] }, Spending { count, mean: field[4] }, field[5])
    };
    Some(text.lines().skip(1).map(read).collect())
}

fn near(found: &[f64], published: &[f64], tolerance: f64) {
    for (found, published) in found.iter().zip(published) {
        assert!((found - published).abs() <= tolerance, "{found} is not {published}");
    }
}

fn mean_absolute_error(data: &[(Purchases, Spending, f64)], expected: impl Fn(Purchases) -> f64) -> f64 {
    data.iter().map(|(known, _, later)| (expected(*known) - later).abs()).sum::<f64>() / data.len() as f64
}

#[test]
fn bg_nbd_is_close_to_fader_hardie_lee_2005_on_cdnow() {
    let Some(data) = cdnow() else { return };
    let purchases: Vec<Purchases> = data.iter().map(|row| row.0).collect();
    let model = BgNbd::fit(Leaving::AfterRepeat, &purchases).unwrap();
    near(&[model.r, model.alpha, model.a, model.b], &[0.2426, 4.4136, 0.7929, 2.4259], 1e-4);
    near(&[model.log_likelihood], &[-9582.43], 0.01);
    assert!(mean_absolute_error(&data, |of| model.expected(of, 39.0)) <= 0.786);
}

#[test]
fn challengers_are_close_to_what_the_peers_find_on_cdnow() {
    let Some(data) = cdnow() else { return };
    let purchases: Vec<Purchases> = data.iter().map(|row| row.0).collect();
    let any = BgNbd::fit(Leaving::AfterAny, &purchases).unwrap();
    near(&[any.r, any.alpha, any.a, any.b], &[0.52484, 6.18308, 0.89136, 1.614], 1e-4);
    near(&[mean_absolute_error(&data, |of| any.expected(of, 39.0))], &[0.7648], 1e-4);
    let pareto = ParetoNbd::fit(&purchases).unwrap();
    near(&[pareto.r, pareto.alpha, pareto.s, pareto.beta], &[0.5533, 10.578, 0.6062, 11.669], 1e-3);
    near(&[mean_absolute_error(&data, |of| pareto.expected(of, 39.0))], &[0.7545], 1e-4);
}

#[test]
fn gamma_gamma_is_close_to_fader_and_hardie_on_cdnow() {
    let Some(data) = cdnow() else { return };
    let spending: Vec<Spending> = data.iter().map(|row| row.1).collect();
    let model = GammaGamma::fit(&spending).unwrap();
    near(&[model.p, model.q, model.v], &[6.250, 3.744, 15.44], 0.005);
    near(&[model.log_likelihood], &[-4055.92], 0.01);
    // By hand: the mean of all for who did not come back.
    near(&[model.expected(Spending { count: 0, mean: 0.0 })], &[6.24957 * 15.44352 / 2.74422], 0.01);
}

/// How many of 1,000 customers were left at the end of each year.
fn contracts(left: &[usize]) -> Vec<Contract> {
    let mut contracts = Vec::new();
    for (year, pair) in left.windows(2).enumerate() {
        let gone = Contract { periods: year as u32 + 1, ended: true };
        contracts.extend(std::iter::repeat_n(gone, pair[0] - pair[1]));
    }
    let stayed = Contract { periods: left.len() as u32 - 1, ended: false };
    contracts.extend(std::iter::repeat_n(stayed, *left.last().unwrap()));
    contracts
}

#[test]
fn contracts_are_close_to_fader_and_hardie_2007() {
    let high = BetaGeometric::fit(&contracts(&[1000, 869, 743, 653, 593, 551, 517, 491])).unwrap();
    near(&[high.alpha, high.beta], &[0.668, 3.806], 0.001);
    near(&[high.log_likelihood], &[-1611.2], 0.05);
    let regular = BetaGeometric::fit(&contracts(&[1000, 631, 468, 382, 326, 289, 262, 241])).unwrap();
    near(&[regular.alpha, regular.beta], &[0.704, 1.182], 0.001);
    near(&[regular.log_likelihood], &[-1680.3], 0.05);
    // Retention rises with age, and survival is the product of the retentions.
    let product: f64 = (0..5).map(|year| high.retention(year)).product();
    near(&[high.survival(5)], &[product], 1e-12);
    assert!(high.retention(5) > high.retention(0));
    // Without discount the payments of the next two periods are S(1) + S(2).
    near(&[high.discounted_periods(0, 2, 0.0)], &[high.survival(1) + high.survival(2)], 1e-12);
}

/// Purchases of a customer whose rate and chance of leaving are drawn from the model; and those of `ahead` weeks after.
fn simulate(stream: &mut Stream, model: &BgNbd, age: f64, ahead: f64) -> (Purchases, u32) {
    let rate = stream.gamma(model.r, 1.0 / model.alpha);
    let (x, y) = (stream.gamma(model.a, 1.0), stream.gamma(model.b, 1.0));
    let leaving = x / (x + y);
    let (mut now, mut known, mut later) = (0.0, Purchases { count: 0, last: 0.0, age }, 0);
    loop {
        now += stream.exponential(1.0 / rate);
        if now > age + ahead {
            return (known, later);
        }
        if now <= age {
            known = Purchases { count: known.count + 1, last: now, age };
        } else {
            later += 1;
        }
        if stream.uniform() < leaving {
            return (known, later);
        }
    }
}

#[test]
fn parameters_are_recovered_from_simulated_purchases_and_the_forecast_is_right_on_average() {
    let truth = BgNbd { leaving: Leaving::AfterRepeat, r: 0.6, alpha: 5.0, a: 0.8, b: 2.5, log_likelihood: 0.0 };
    let mut stream = Stream::new(1, "bg/nbd");
    let made: Vec<(Purchases, u32)> =
        (0..20_000).map(|i| simulate(&mut stream, &truth, 30.0 + f64::from(i % 20), 26.0)).collect();
    let purchases: Vec<Purchases> = made.iter().map(|made| made.0).collect();
    let model = BgNbd::fit(Leaving::AfterRepeat, &purchases).unwrap();
    near(&[model.r / truth.r, model.alpha / truth.alpha, model.a / truth.a, model.b / truth.b], &[1.0; 4], 0.15);
    let expected: f64 = purchases.iter().map(|&of| model.expected(of, 26.0)).sum();
    let happened: f64 = made.iter().map(|made| f64::from(made.1)).sum();
    near(&[expected / happened], &[1.0], 0.03);
}

#[test]
fn nothing_is_learned_from_nothing() {
    let once = [Purchases { count: 0, last: 0.0, age: 9.0 }; 5];
    assert!(BgNbd::fit(Leaving::AfterRepeat, &once).is_none() && ParetoNbd::fit(&once).is_none());
    assert!(GammaGamma::fit(&[Spending { count: 0, mean: 0.0 }]).is_none());
    assert!(BetaGeometric::fit(&[Contract { periods: 3, ended: false }]).is_none());
    assert!(BetaGeometric::fit(&[]).is_none());
}

#[test]
fn the_order_of_customers_does_not_change_a_bit() {
    let mut stream = Stream::new(2, "order");
    let truth = BgNbd { leaving: Leaving::AfterRepeat, r: 0.6, alpha: 5.0, a: 0.8, b: 2.5, log_likelihood: 0.0 };
    let mut purchases: Vec<Purchases> = (0..500).map(|_| simulate(&mut stream, &truth, 40.0, 0.0).0).collect();
    let one = BgNbd::fit(Leaving::AfterRepeat, &purchases).unwrap();
    stream.shuffle(&mut purchases);
    assert_eq!(one, BgNbd::fit(Leaving::AfterRepeat, &purchases).unwrap());
}

/// More customers than one block of a sum holds, none with the history of another: on one thread as on several the bits are the same.
#[test]
fn every_fit_is_the_same_on_any_number_of_threads() {
    let truth = BgNbd { leaving: Leaving::AfterRepeat, r: 0.6, alpha: 5.0, a: 0.8, b: 2.5, log_likelihood: 0.0 };
    let mut stream = Stream::new(3, "threads");
    let (mut purchases, mut spending, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..BLOCK + 500 {
        let age = 30.0 + 20.0 * stream.uniform();
        purchases.push(simulate(&mut stream, &truth, age, 0.0).0);
        let (own, pace) = (stream.gamma(4.0, 1.0 / 30.0), stream.gamma(3.0, 1.0));
        let count = 1 + (5.0 * stream.uniform()) as u32;
        let amounts: f64 = (0..count).map(|_| stream.gamma(5.0, 1.0 / own)).sum();
        spending.push(Spending { count, mean: amounts / f64::from(count) });
        let each: Vec<f64> = (0..count).map(|_| stream.gamma(2.0, 1.0 / pace)).collect();
        gaps.push(Gaps { count, sum: each.iter().sum(), ln_sum: each.iter().map(|gap| gap.ln()).sum() });
    }
    let groups = history::groups(&purchases);
    assert!(groups.len() > BLOCK, "several blocks");
    // Its fit takes minutes here; all that it sees of customers is the likelihood with its derivatives.
    let model = |r: f64, alpha: f64, s: f64, beta: f64| ParetoNbd { r, alpha, s, beta, log_likelihood: 0.0 };
    let pareto = [model(0.6, 5.0, 0.6, 12.0), model(1.5, 12.0, 0.4, 3.0)];
    let fits = || {
        let text = |fit: &dyn std::fmt::Debug| format!("{fit:?}");
        [
            ("BG/NBD", text(&BgNbd::fit(Leaving::AfterRepeat, &purchases).unwrap())),
            ("MBG/NBD", text(&BgNbd::fit(Leaving::AfterAny, &purchases).unwrap())),
            ("Pareto/NBD", text(&pareto.map(|model| model.likelihood(&groups)))),
            ("gamma-gamma", text(&GammaGamma::fit(&spending).unwrap())),
            ("rhythm", text(&Rhythm::fit(&gaps).unwrap())),
        ]
    };
    let on = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(fits);
    let alone = on(1);
    for threads in [2, 3, 5] {
        for (one, other) in alone.iter().zip(on(threads)) {
            // Debug writes the shortest digits that give the number back: equal texts are equal bits.
            assert_eq!(*one, other, "{threads} threads");
        }
    }
}
