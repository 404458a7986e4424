//! The engine in a company whose truth is known: `cargo bench --bench company -- [loop] [knowable] [--customers N] [--rounds R]
//! [--seeds S] [--first SEED]`.
//!
//! `loop` runs the demo for each seed, without its story: how much of the oracle's profit each round brings beside other ways to
//! choose, and whether the forecast's interval holds the truth. The oracle knows of each client what no record tells: what kind
//! of person it is. `knowable` says how much of its profit can be had at best by somebody who knows the record alone: boosted trees
//! learn the true effects, without any noise, of as many clients of another such company, from what the record tells of them; then
//! the same again by somebody who is told the kind of each client besides.

#![allow(clippy::print_stdout)] // its lines are its result

#[path = "support/figure.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod figure;
#[path = "support/process.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod process;

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;
use serde_json::{Value, json};

use vizavi::clock::DAY;
use vizavi::models::algorithms::boosting::BoostingParams;
use vizavi::simulation::life::{Direction, Known};
use vizavi::simulation::market::Arm;
use vizavi::simulation::{Channel, Company, Effect, Market, OFFERS, Shape, Treatment, World, company::Client, oracle};

use process::Workspace;

/// Share of the oracle's profit that is asked for.
const LIMIT: f64 = 0.85;
/// Length of a window in days.
const WINDOW: f64 = 30.0;

struct Options {
    customers: usize,
    rounds: usize,
    seeds: u64,
    first: u64,
}

fn main() {
    let mut options = Options { customers: 5_000, rounds: 4, seeds: 20, first: 1 };
    let mut cases = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.parse::<u64>().ok()).expect("a number");
        match argument.as_str() {
            "--customers" => options.customers = number() as usize,
            "--rounds" => options.rounds = number() as usize,
            "--seeds" => options.seeds = number(),
            "--first" => options.first = number(),
            "loop" | "knowable" => cases.push(argument),
            _ => {}
        }
    }
    let asked = |case: &str| cases.is_empty() || cases.iter().any(|asked| asked == case);
    if asked("knowable") {
        knowable(&options);
    }
    if asked("loop") {
        learning(&options);
    }
}

/// The loop for each seed; then shares and coverage over all.
fn learning(options: &Options) {
    let mut rounds: Vec<Vec<Value>> = vec![Vec::new(); options.rounds];
    for seed in options.first..options.first + options.seeds {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let workspace = Workspace { folder: folder.path().to_owned(), url: None };
        let numbers = [options.customers.to_string(), seed.to_string(), options.rounds.to_string()];
        let [customers, seed_text, count] = numbers.each_ref().map(String::as_str);
        let printed =
            workspace.done(&["demo", "--customers", customers, "--seed", seed_text, "--rounds", count, "--json"]);
        for (line, of_round) in printed.lines().zip(&mut rounds) {
            let round: Value = serde_json::from_str(line).expect("a JSON object a round");
            let case = format!("{customers} clients, seed {seed}, round {}", round["round"]);
            figure::print(&case, "share_of_oracle", of(&round, "Vizavi"), "", json!({ "round": round }));
            of_round.push(round);
        }
    }
    let mut last = 0.0;
    for (at, of_round) in rounds.iter().enumerate() {
        let mean = |way: &str| of_round.iter().map(|round| of(round, way)).sum::<f64>() / of_round.len() as f64;
        let case = format!("{} clients, {} seeds, round {}", options.customers, options.seeds, at + 1);
        let others = ["random", "best single offer", "propensity only", "first come, first served"];
        let others: serde_json::Map<_, _> = others.iter().map(|way| ((*way).to_owned(), mean(way).into())).collect();
        let most = |round: &Value| others.keys().all(|way| of(round, "Vizavi") > of(round, way));
        let above = of_round.iter().filter(|round| most(round)).count();
        let more = json!({ "others": others, "seeds_above_all_others": above, "limit": LIMIT });
        last = mean("Vizavi");
        figure::print(&case, "share_of_oracle", last, "", more);
        let covered = of_round.iter().filter(|round| is_covered(&round["forecast"])).count();
        let share = covered as f64 / of_round.len() as f64;
        let more = json!({ "limit": 0.9, "bias": bias(of_round) });
        figure::print(&case, "forecasts_within_their_interval", share, "", more);
        let measured = of_round.iter().filter(|round| is_measured(round)).count();
        let share = measured as f64 / of_round.len() as f64;
        figure::print(&case, "measured_intervals_hold_the_truth", share, "", json!({}));
    }
    over_all_rounds(options, &rounds);
    println!("{}", json!({ "bench": "company", "share_of_oracle_in_the_last_round": last }));
}

/// What is asked of the whole loop: intervals that hold the truth, and a policy that gets better than the one before anything was
/// learned, over all rounds of a seed.
fn over_all_rounds(options: &Options, rounds: &[Vec<Value>]) {
    let case = format!("{} clients, {} seeds, {} rounds", options.customers, options.seeds, options.rounds);
    let all: Vec<&Value> = rounds.iter().flatten().collect();
    let held = all.iter().filter(|round| is_measured(round)).count() as f64 / all.len().max(1) as f64;
    figure::print(&case, "measured_intervals_hold_the_truth", held, "", json!({ "limit": 0.9 }));
    let seeds = rounds.first().map_or(0, Vec::len);
    let sum = |seed: usize, policy: &str| -> f64 {
        rounds.iter().filter_map(|of_round| of_round[seed]["policies"][policy].as_f64()).sum()
    };
    let better = (0..seeds).filter(|&seed| sum(seed, "learned") > sum(seed, "first")).count();
    let total = |policy: &str| (0..seeds).map(|seed| sum(seed, policy)).sum::<f64>();
    let more = json!({ "limit": 0.95, "learned": total("learned"), "first": total("first") });
    figure::print(
        &case,
        "seeds_in_which_the_learned_policy_beats_the_first",
        better as f64 / seeds.max(1) as f64,
        "",
        more,
    );
}

fn of(round: &Value, way: &str) -> f64 {
    round["ways"][way]["of_oracle"].as_f64().unwrap_or_else(|| panic!("`{way}` is not in {round}"))
}

fn is_covered(forecast: &Value) -> bool {
    let number = |key: &str| forecast[key].as_f64().expect("a number");
    (number("lower")..=number("upper")).contains(&number("truth"))
}

/// Whether the measured interval holds the true profit within the window.
fn is_measured(round: &Value) -> bool {
    let engine = &round["ways"]["Vizavi"];
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let (lower, upper) = (number(&engine["measured"]["lower"]), number(&engine["measured"]["upper"]));
    (lower..=upper).contains(&number(&engine["within"]))
}

/// Forecast over truth, all seeds together.
fn bias(rounds: &[Value]) -> f64 {
    let sum = |key: &str| rounds.iter().map(|round| round["forecast"][key].as_f64().expect("a number")).sum::<f64>();
    sum("profit") / sum("truth")
}

/// What can be had by somebody who knows the record.
fn knowable(options: &Options) {
    let make = |seed: u64| {
        Company::generate(Shape { customers: options.customers, seed, ..Shape::default() }).expect("it is in range")
    };
    let mut shares = [0.0; 2];
    let seeds = options.seeds.min(3);
    for seed in options.first..options.first + seeds {
        let (here, elsewhere) = (make(seed), make(seed + 1_000));
        let (world, other) = (World::new(&here, WINDOW), World::new(&elsewhere, WINDOW));
        let capacities = here.capacities();
        let best = oracle::solve(&Market::open(&world, |_| false), &capacities).value;
        for (at, told) in [false, true].into_iter().enumerate() {
            let foretold = foretold(&world, &other, told);
            let assignment = oracle::solve(&foretold, &capacities).assignment;
            let (within, after) = Market::open(&world, |_| false).value(&assignment);
            let share = (within + after) / best;
            let knows = if told { "knows the record and the kind" } else { "knows the record" };
            let case = format!("{} clients, seed {seed}, who {knows}", options.customers);
            figure::print(&case, "share_of_oracle", share, "", json!({}));
            shares[at] += share / seeds as f64;
        }
    }
    let [record, kind] = shares;
    println!("{}", json!({ "bench": "company", "knowable_from_the_record": record, "and_the_kind": kind }));
}

/// The market as somebody would see it who learned effects and spending elsewhere.
fn foretold(world: &World<'_>, other: &World<'_>, told: bool) -> Market {
    let rows = |world: &World<'_>| -> Array2<f64> {
        let rows: Vec<Vec<f64>> = (0..world.states.len()).into_par_iter().map(|at| record(world, at, told)).collect();
        let width = rows[0].len();
        Array2::from_shape_vec((rows.len(), width), rows.concat()).expect("all rows are as wide")
    };
    let (seen, learned_from) = (rows(world), rows(other));
    let treatments: Vec<Treatment> = Treatment::all().collect();
    let columns: Vec<[Vec<f64>; 2]> = (treatments.par_iter())
        .map(|&treatment| {
            let effects: Vec<(f64, f64)> = (0..other.states.len())
                .map(|at| {
                    let effect = other.outlook(at).effect(treatment);
                    (effect.total(), treatment.channel.cost().0 as f64 + effect.redeemed)
                })
                .collect();
            let (values, spends): (Vec<f64>, Vec<f64>) = effects.into_iter().unzip();
            [regress(&learned_from, &values, &seen), regress(&learned_from, &spends, &seen)]
        })
        .collect();
    let arms = (0..world.states.len()).map(|at| {
        let reachable = treatments.iter().enumerate().filter(|(_, t)| world.outlook(at).reachable(t.channel));
        let arm = |(place, &treatment): (usize, &Treatment)| {
            let [value, spend] = &columns[place];
            let effect = Effect { window: value[at], ..Effect::default() };
            Arm { treatment, effect, spend: spend[at].max(1.0) }
        };
        reachable.map(arm).collect()
    });
    Market { arms: arms.collect() }
}

/// Conditional means by boosted trees: the log-loss of shares between the least and the greatest value has them as its minimum.
fn regress(x: &Array2<f64>, y: &[f64], at: &Array2<f64>) -> Vec<f64> {
    let (least, most) = y.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &y| (a.min(y), b.max(y)));
    let span = (most - least).max(1e-9);
    let shares = y.iter().map(|y| (y - least) / span);
    // Every row twice: as a yes with its share as weight, and as a no with the rest.
    let weights: Vec<f32> = shares.clone().chain(shares.map(|share| 1.0 - share)).map(|share| share as f32).collect();
    let labels: Array1<bool> = (0..2 * y.len()).map(|row| row < y.len()).collect();
    let twice = ndarray::concatenate(Axis(0), &[x.view(), x.view()]).expect("they are as wide");
    let params = BoostingParams::new().depth(5).rounds(300, 0.06).shares(1.0, 0.6).seed(1);
    let dataset = DatasetBase::new(twice, labels).with_weights(Array1::from(weights));
    let trees = params.fit(&dataset).expect("there are rows");
    at.rows()
        .into_iter()
        .map(|row| {
            let log_odds = trees.log_odds(row.as_slice().expect("rows lie together"));
            least + span / (1.0 + (-log_odds).exp())
        })
        .collect()
}

/// What the record tells of a client: the features of past campaigns, and counts of whom, what and how by channel and offer. The
/// kind only where it is told.
fn record(world: &World<'_>, at: usize, told: bool) -> Vec<f64> {
    let company = world.company();
    let Client { person, life } = &company.clients[at];
    let now = company.shape.now;
    let known = Known::of(life, now);
    let mut row = vec![
        known.recency,
        known.tenure,
        known.freq,
        known.freq90,
        known.monetary,
        known.aov,
        known.open_rate,
        known.click_rate,
        known.contacts90,
        known.complaints,
        known.discount_share,
    ];
    let count = |n: usize| n as f64;
    let followed = |at: vizavi::clock::Timestamp, days: i64| {
        life.orders.iter().any(|order| order.at > at && order.at < at.plus(days * DAY))
    };
    for channel in Channel::ALL {
        let sent =
            || life.interactions.iter().filter(move |i| i.direction == Direction::Outbound && i.channel == channel);
        row.push(count(sent().count()));
        row.push(count(sent().filter(|i| matches!(i.outcome, "opened" | "clicked" | "answered")).count()));
        row.push(count(sent().filter(|i| i.reason == "campaign" && followed(i.at, 10)).count()));
        row.push(f64::from(u8::from(world.states[at].consent[channel.index()])));
    }
    let campaigns = || life.interactions.iter().filter(|i| i.reason == "campaign");
    row.push(count(campaigns().count()));
    row.push(count(campaigns().filter(|i| followed(i.at, 10)).count()));
    row.push(count(campaigns().filter(|i| followed(i.at, 3)).count()));
    row.push(count(life.decisions.iter().filter(|d| d.treatment.is_none()).count()));
    row.push(count(life.decisions.iter().filter(|d| d.treatment.is_none() && d.converted).count()));
    for offer in 0..OFFERS.len() {
        row.push(count(life.orders.iter().filter(|order| order.offer == Some(offer)).count()));
        row.push(count(life.decisions.iter().filter(|d| d.treatment.is_some_and(|t| t.offer == offer)).count()));
    }
    row.push(count(life.orders.iter().filter(|order| order.returned).count()));
    row.push(life.orders.iter().map(|order| f64::from(order.calls)).sum());
    row.push(count(life.interactions.iter().filter(|i| i.reason == "question").count()));
    row.push(count(life.interactions.iter().filter(|i| i.reason == "stop").count()));
    row.push(f64::from(u8::from(person.prospect)));
    row.push(person.source.len() as f64 + f64::from(person.source.as_bytes().first().copied().unwrap_or(0)) / 256.0);
    row.push(f64::from(person.born));
    for days in [180, 365] {
        row.push(count(life.orders.iter().filter(|order| order.at >= now.plus(-days * DAY)).count()));
    }
    let prompted = |at| campaigns().any(|i| at > i.at && at < i.at.plus(10 * DAY));
    row.push(count(life.orders.iter().filter(|order| !prompted(order.at)).count()));
    let attentive = |i: &&vizavi::simulation::life::Interaction| {
        i.direction == Direction::Outbound && matches!(i.outcome, "opened" | "clicked" | "answered")
    };
    row.push(life.interactions.iter().rev().find(attentive).map_or(f64::NAN, |i| now.days_since(i.at)));
    if told {
        row.extend((0..5).map(|kind| f64::from(u8::from(world.kind(at) as usize == kind))));
    }
    row
}
