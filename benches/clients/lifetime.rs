//! Purchase models on simulated clients: as many as the whole CDNOW cohort, from its published parameters.

use std::hint::black_box;
use std::time::Instant;

use vizavi::models::lifetime::worth::Scratch;
use vizavi::models::lifetime::{
    BgNbd, Buying, Client, GammaGamma, Leaving, LifetimeModel, NextKind, ParetoNbd, PurchaseModel, Purchases, Ratio,
    Valuer,
};
use vizavi::random::Stream;

use super::line;

const CLIENTS: u32 = 23_570;
const FITS: u32 = 20;

/// Fader, Hardie and Lee 2005.
const TRUTH: BgNbd =
    BgNbd { leaving: Leaving::AfterRepeat, r: 0.2426, alpha: 4.4136, a: 0.7929, b: 2.4259, log_likelihood: 0.0 };

pub fn run() {
    let clients = simulated();
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    for _ in 0..FITS {
        black_box(BgNbd::fit(Leaving::AfterRepeat, black_box(&clients)));
    }
    let case = "lifetime, 23570 clients";
    line(case, "bg_nbd_fit_cpu_seconds", (cpu_seconds() - cpu) / f64::from(FITS), "s");
    line(case, "bg_nbd_fit_seconds", wall.elapsed().as_secs_f64() / f64::from(FITS), "s");
    let (cpu, pareto) = (cpu_seconds(), ParetoNbd::fit(&clients));
    line(case, "pareto_nbd_fit_cpu_seconds", cpu_seconds() - cpu, "s");
    if let Some(found) = BgNbd::fit(Leaving::AfterRepeat, &clients) {
        let pairs = [(found.r, TRUTH.r), (found.alpha, TRUTH.alpha), (found.a, TRUTH.a), (found.b, TRUTH.b)];
        let away = pairs.iter().fold(0.0_f64, |most, (found, truth)| most.max((found / truth - 1.0).abs()));
        line(case, "bg_nbd_largest_relative_error", away, "1");
        value(&clients, PurchaseModel::BgNbd(found));
    }
    if let Some(found) = pareto {
        value(&clients, PurchaseModel::ParetoNbd(found));
    }
}

/// Valuing clients: present value with its interval, orders, the next order.
fn value(clients: &[Purchases], purchases: PurchaseModel) {
    let model = LifetimeModel {
        buying: Some(Buying {
            purchases,
            value: GammaGamma { p: 6.25, q: 3.744, v: 15.44, log_likelihood: 0.0 },
            next: NextKind::PurchaseModel,
            rhythm: None,
        }),
        contracts: None,
        margin: Ratio { whole: 0.3, half: Some(100.0) },
        cost: Ratio { whole: 1.0, half: Some(3.0) },
        contract_margin: 0.3,
        horizon_days: 365,
        value_days: 1_095,
        discount_rate: 0.1,
        interval: 0.8,
    };
    let client = |of: &Purchases| Client { purchases: Some(*of), repeat_mean: 35.0, ..Client::default() };
    let clients: Vec<Client> = clients.iter().map(client).collect();
    let start = Instant::now();
    let valuer = Valuer::new(&model, &clients);
    let mut scratch = Scratch::default();
    let sum: f64 = clients.iter().map(|client| valuer.worth(client, &mut scratch).value.expected).sum();
    black_box(sum);
    let rate = clients.len() as f64 / start.elapsed().as_secs_f64();
    line(&format!("lifetime, {}", purchases.kind().as_str()), "clients_valued_per_second_and_core", rate, "1/s");
}

/// Purchase days of clients who came within twelve weeks, 272 days after the first could come.
fn simulated() -> Vec<Purchases> {
    let mut stream = Stream::new(1, "bench lifetime");
    (0..CLIENTS).map(|_| one(&mut stream)).collect()
}

fn one(stream: &mut Stream) -> Purchases {
    let days = 272 - stream.below(84) as u32;
    let rate = stream.gamma(TRUTH.r, 1.0 / TRUTH.alpha);
    let (x, y) = (stream.gamma(TRUTH.a, 1.0), stream.gamma(TRUTH.b, 1.0));
    let (mut now, mut count, mut last) = (0.0, 0, 0);
    loop {
        now += stream.exponential(7.0 / rate);
        if now >= f64::from(days) {
            break;
        }
        if now as u32 > last {
            (count, last) = (count + 1, now as u32);
        }
        if stream.uniform() < x / (x + y) {
            break;
        }
    }
    Purchases { count, last: f64::from(last) / 7.0, age: f64::from(days) / 7.0 }
}

/// Of the whole process, on Linux; 0 elsewhere.
fn cpu_seconds() -> f64 {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return 0.0 };
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().map(|f| f.parse().unwrap_or(0.0)).collect();
    // utime and stime, in hundredths of a second.
    fields.get(11).zip(fields.get(12)).map_or(0.0, |(user, system)| (user + system) / 100.0)
}
