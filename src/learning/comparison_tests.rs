//! A winner where there is one, none where the data do not tell; Hillstrom's three arms.

use super::super::off_policy::Expected;
use super::super::real_logs::{data, each, row, table};
use super::*;
use crate::ids::CustomerId;
use crate::models::response::{Context, LoggedDecision, ResponseModel, ResponseParams};
use crate::models::uplift::qini::{Qini, Ranked};
use crate::models::uplift::{self, Learner};
use crate::random::Stream;

/// Two actions by a coin, worth this to everybody; a policy for each action, and one that takes either by a coin of its own.
fn contenders(rows: usize, worth: [f64; 2]) -> Vec<Contender> {
    let mut stream = Stream::new(3, "contenders");
    let log: Vec<(usize, f64, f64)> = (0..rows)
        .map(|_| {
            let action = stream.below(2);
            (action, f64::from(u8::from(stream.uniform() < worth[action])), stream.uniform())
        })
        .collect();
    let policy = |name: &str, takes: &dyn Fn(f64) -> usize| Contender {
        name: name.to_owned(),
        log: each(
            log.iter().map(|&(action, reward, coin)| row(reward, 0.5, f64::from(u8::from(takes(coin) == action)))),
        ),
    };
    vec![policy("first", &|_| 0), policy("second", &|_| 1), policy("coin", &|coin| usize::from(coin < 0.5))]
}

#[test]
fn a_clear_winner_is_named_and_a_tie_is_called_one() {
    let options = Options::default();
    let clear = compare(&contenders(8_000, [0.1, 0.3]), &options);
    assert_eq!(clear.winner.as_deref(), Some("second"), "{clear:?}");
    assert!(clear.words.starts_with("second is better than every other; the nearest is coin ("), "{}", clear.words);
    let tie = compare(&contenders(8_000, [0.2, 0.2]), &options);
    assert!(tie.winner.is_none() && tie.best.is_some() && tie.against.len() == 2);
    assert!(tie.words.starts_with("No winner: the data does not tell "), "{}", tie.words);
}

#[test]
fn of_policies_that_are_alike_one_in_twenty_is_called_a_winner_at_most() {
    let won = (0..200).filter(|seed| {
        let mut stream = Stream::new(*seed, "alike");
        let log: Vec<(usize, f64)> =
            (0..600).map(|_| (stream.below(3), f64::from(u8::from(stream.uniform() < 0.3)))).collect();
        let policy = |action: usize| Contender {
            name: action.to_string(),
            log: each(log.iter().map(|&(taken, y)| row(y, 1.0 / 3.0, f64::from(u8::from(taken == action))))),
        };
        compare(&[policy(0), policy(1), policy(2)], &Options::default()).winner.is_some()
    });
    assert!(won.count() <= 14, "5 % of 200, and two deviations more");
}

#[test]
fn what_the_log_cannot_judge_does_not_compete() {
    let mut all = contenders(2_000, [0.1, 0.3]);
    all[1].log.iter_mut().for_each(|row| row.unsupported = 0.5);
    let made = compare(&all, &Options::default());
    assert_eq!(made.unjudged.len(), 1);
    assert!(made.unjudged[0].1.contains("never taken"), "{made:?}");
    let alone = compare(&all[1..2], &Options::default());
    assert!(alone.winner.is_none() && alone.words.contains("fewer than two policies"));
}

const ARMS: [&str; 3] = ["No E-Mail", "Mens E-Mail", "Womens E-Mail"];

fn hillstrom() -> Option<Vec<(usize, LoggedDecision)>> {
    let table = table(&data("hillstrom/hillstrom.csv")?);
    let logs = table.iter().enumerate().map(|(index, line)| {
        let number = |name: &str| (name.to_owned(), line[name].parse().unwrap());
        let arm = ARMS.iter().position(|arm| *arm == line["segment"]).unwrap();
        let log = LoggedDecision {
            customer: CustomerId(index as i64),
            context: Context {
                numbers: ["recency", "history", "mens", "womens", "newbie"].map(number).into(),
                texts: ["zip_code", "channel"].map(|name| (name.to_owned(), line[name].clone())).into(),
            },
            offer: (arm > 0).then(|| ARMS[arm].to_owned()),
            channel: None,
            propensity: 1.0 / 3.0,
            converted: line["visit"].parse().unwrap(),
        };
        (arm, log)
    });
    Some(logs.collect())
}

/// Out of fold (row mod 5): the ranking for the women's e-mail finds whom it changes; choosing by customer among the three arms
/// is a tie with the men's e-mail for everybody, and is said to be one.
#[test]
fn hillstrom_womens_visits_are_ranked_and_three_arms_are_a_tie() {
    let Some(logs) = hillstrom() else { return };
    let params = ResponseParams { l2_cross: 40.0, folds: 2, ..ResponseParams::default() };
    // By row: P(visit) under each arm.
    let mut expected = vec![[0.0; 3]; logs.len()];
    for fold in 0..5 {
        let others = logs.iter().enumerate().filter(|(row, _)| row % 5 != fold);
        let others: Vec<LoggedDecision> = others.map(|(_, (_, log))| log.clone()).collect();
        let mut model = ResponseModel::train(&others, &[], &params).unwrap();
        let (lifts, figures) = uplift::fit(&others, &model, &[], &params).unwrap();
        model.uplift = lifts;
        let womens = figures.iter().find(|one| one.offer.as_deref() == Some(ARMS[2])).unwrap();
        assert!(womens.chosen != Learner::Average, "{womens:?}");
        for row in (fold..logs.len()).step_by(5) {
            let seen = model.encode(&logs[row].1.context);
            let (mens, none) = model.with_and_without(&seen, ARMS[1], "");
            expected[row] = [none, mens, model.with_and_without(&seen, ARMS[2], "").0];
        }
    }
    let ranked = |arm: usize| {
        let rows = logs.iter().zip(&expected).filter(|((given, _), _)| *given == 0 || *given == arm);
        let rows = rows.map(|((given, log), p)| Ranked {
            score: p[arm] - p[0],
            treated: *given == arm,
            outcome: log.converted,
            weight: 1.0,
        });
        Qini::of(&rows.collect::<Vec<_>>()).unwrap()
    };
    let (mens, womens) = (ranked(1), ranked(2));
    eprintln!("Qini x 1e4: women's {:.2} (z {:.1})", 1e4 * womens.coefficient, womens.z());
    eprintln!("Qini x 1e4: men's {:.2} (z {:.1})", 1e4 * mens.coefficient, mens.z());
    assert!(1e4 * womens.coefficient >= 38.9 && womens.z() > 6.0, "{womens:?}");

    let policy = |name: &str, takes: &dyn Fn(&[f64; 3]) -> usize| Contender {
        name: name.to_owned(),
        log: each(logs.iter().zip(&expected).map(|((given, log), p)| Logged {
            expected: Some(Expected { taken: p[*given], candidate: p[takes(p)] }),
            ..row(log.converted, 1.0 / 3.0, f64::from(u8::from(takes(p) == *given)))
        })),
    };
    let best = |p: &[f64; 3]| (0..3).fold(0, |best, arm| if p[arm] > p[best] { arm } else { best });
    let mut contenders = vec![policy("the policy", &best)];
    contenders.extend((0..3).map(|arm| policy(ARMS[arm], &|_| arm)));
    let made = compare(&contenders, &Options::default());
    eprintln!("{}", made.words);
    let pair = ["the policy", ARMS[1]];
    assert!(made.winner.is_none() && pair.contains(&made.best.as_deref().unwrap()), "{made:?}");
    let tied: Vec<&str> =
        made.against.iter().filter(|other| other.gain.ci_lower <= 0.0).map(|other| other.name.as_str()).collect();
    assert!(tied.len() == 1 && pair.contains(&tied[0]), "nothing and the women's e-mail are worse: {made:?}");
    assert!(made.words.starts_with("No winner: the data does not tell "), "{}", made.words);
}
