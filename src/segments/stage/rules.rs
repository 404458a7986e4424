//! The rules of the stages, as one pure function of what a customer did. All times are days since 1970 (UTC), in fractions where a
//! limit of silence falls within a day.
//!
//! | stage | rule |
//! |---|---|
//! | prospect | has neither bought nor had a contract |
//! | new | has bought on one day so far |
//! | active | has bought on two days or more since the beginning, or since being won back |
//! | loyal | the same on [`LOYAL`] days or more; or holds a contract for a year |
//! | at risk | has been silent for more than [`AT_RISK`] times the expected gap; or for longer than one gap while a model says that the customer is leaving with a chance of at least [`LEAVING`] |
//! | lapsed | has been silent for more than [`LAPSED`] times the expected gap; or the last contract ended and nothing was bought since |
//! | won back | has bought again after having lapsed, on that day only so far |
//!
//! The expected gap is the customer's own mean gap so far, with [`PRIOR`] gaps of the mean of all added. Every step but that of a model
//! follows from dated facts, and is dated itself: a customer lapses on the day on which the silence became too long, not on the day on
//! which somebody looked. While a contract runs, silence means nothing.

use serde::{Deserialize, Serialize};

/// Expected gaps of silence after which a customer is at risk.
pub const AT_RISK: f64 = 2.0;
/// Expected gaps of silence after which a customer has lapsed.
pub const LAPSED: f64 = 4.0;
/// Purchase days that make a customer loyal.
pub const LOYAL: u32 = 5;
/// Gaps of the mean of all that are added to a customer's own.
pub const PRIOR: f64 = 2.0;
/// Chance of leaving from which a model's word counts.
pub const LEAVING: f64 = 0.8;
/// Days after which a contract makes a new customer active, and loyal.
const CONTRACT_DAYS: [f64; 2] = [90.0, 365.0];

/// Where a customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Has not bought.
    Prospect,
    /// Bought once.
    New,
    /// Buys.
    Active,
    /// Has bought often.
    Loyal,
    /// Silent for longer than usual.
    AtRisk,
    /// Silent for so long that no further purchase is expected.
    Lapsed,
    /// Came back after having lapsed.
    WonBack,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Stage; 7] =
        [Stage::Prospect, Stage::New, Stage::Active, Stage::Loyal, Stage::AtRisk, Stage::Lapsed, Stage::WonBack];

    /// As it stands in the store, in rules and in figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Prospect => "prospect",
            Stage::New => "new",
            Stage::Active => "active",
            Stage::Loyal => "loyal",
            Stage::AtRisk => "at_risk",
            Stage::Lapsed => "lapsed",
            Stage::WonBack => "won_back",
        }
    }

    /// The stage of this name.
    pub fn parse(name: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.as_str() == name)
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Stage::AtRisk => "at risk",
            Stage::WonBack => "won back",
            other => other.as_str(),
        }
    }
}

/// How long customers take between purchases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Mean gap of all who bought again, in days.
    pub mean_gap: f64,
}

impl Pace {
    /// The expected gap of a customer with so many gaps that took so many days.
    fn expected(self, gaps: u32, days: f64) -> f64 {
        ((days + PRIOR * self.mean_gap) / (f64::from(gaps) + PRIOR)).max(1.0)
    }
}

/// What a model says of leaving: the chance, and as of when it was asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Doubt {
    /// Chance that the customer is leaving or has left.
    pub leaving: f64,
}

/// A change of stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// From.
    pub from: Stage,
    /// To.
    pub to: Stage,
    /// When, in days since 1970.
    pub at: f64,
    /// Whether a model's word made it: then it is dated to when the model was asked.
    pub by_model: bool,
}

/// All changes of a customer in the order of time; the stage is where the last one leads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Course(pub Vec<Step>);

impl Course {
    /// Where the customer stands.
    pub fn stage(&self) -> Stage {
        self.0.last().map_or(Stage::Prospect, |step| step.to)
    }

    fn go(&mut self, to: Stage, at: f64) {
        let from = self.stage();
        if from != to {
            self.0.push(Step { from, to, at, by_model: false });
        }
    }
}

/// The course of a customer up to `now`: from the days of purchases, which rise, and the contracts (begin, end of those that ended).
pub fn course(days: &[i32], contracts: &[(f64, Option<f64>)], pace: Pace, doubt: Option<Doubt>, now: f64) -> Course {
    let mut course = Course::default();
    let running = |at: f64| contracts.iter().any(|&(began, ended)| began <= at && ended.is_none_or(|ended| at < ended));
    let (mut spell, mut gap) = (0, pace.mean_gap);
    for (i, &day) in days.iter().enumerate() {
        let day = f64::from(day);
        if i > 0 {
            silent(&mut course, f64::from(days[i - 1]), gap, day, &running);
        }
        let lapsed = course.stage() == Stage::Lapsed;
        spell = if lapsed { 1 } else { spell + 1 };
        let to = match spell {
            1 if lapsed => Stage::WonBack,
            1 => Stage::New,
            LOYAL.. => Stage::Loyal,
            _ => Stage::Active,
        };
        course.go(to, day);
        gap = pace.expected(i as u32, day - f64::from(days[0]));
    }
    let last = days.last().map(|&day| f64::from(day));
    if let Some(last) = last {
        silent(&mut course, last, gap, now, &running);
    }
    contract(&mut course, contracts, last, now);
    let quiet = last.is_none_or(|last| now - last > gap);
    let steady = [Stage::New, Stage::Active, Stage::Loyal, Stage::WonBack].contains(&course.stage());
    if steady && quiet && doubt.is_some_and(|doubt| doubt.leaving >= LEAVING) {
        let from = course.stage();
        course.0.push(Step { from, to: Stage::AtRisk, at: now, by_model: true });
    }
    course
}

/// What silence from `last` until `until` does.
fn silent(course: &mut Course, last: f64, gap: f64, until: f64, running: &impl Fn(f64) -> bool) {
    for (limit, to) in [(AT_RISK, Stage::AtRisk), (LAPSED, Stage::Lapsed)] {
        let at = last + limit * gap;
        if at < until && !running(at) {
            course.go(to, at);
        }
    }
}

/// What contracts do: a running one keeps a customer; the end of the last one loses a customer who has not bought since.
fn contract(course: &mut Course, contracts: &[(f64, Option<f64>)], last: Option<f64>, now: f64) {
    let running = contracts.iter().filter(|(began, ended)| *began <= now && ended.is_none_or(|ended| now < ended));
    if let Some(began) = running.map(|(began, _)| *began).reduce(f64::min) {
        let bought = course.stage();
        let steps =
            [(began, Stage::New), (began + CONTRACT_DAYS[0], Stage::Active), (began + CONTRACT_DAYS[1], Stage::Loyal)];
        let (at, to) = *steps.iter().rev().find(|(at, _)| *at <= now).unwrap_or(&steps[0]);
        let better =
            to == Stage::Loyal || !matches!(bought, Stage::New | Stage::Active | Stage::Loyal | Stage::WonBack);
        if better {
            let since = course.0.last().map_or(at, |step| step.at.max(at));
            course.go(to, since);
        }
        return;
    }
    let ended = contracts.iter().filter_map(|(_, ended)| ended.filter(|&ended| ended <= now)).reduce(f64::max);
    if let Some(ended) = ended.filter(|&ended| last.is_none_or(|last| last <= ended)) {
        let since = course.0.last().map_or(ended, |step| step.at.max(ended));
        course.go(Stage::Lapsed, since);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PACE: Pace = Pace { mean_gap: 30.0 };

    fn steps(days: &[i32], now: f64) -> Vec<(Stage, f64)> {
        course(days, &[], PACE, None, now).0.iter().map(|step| (step.to, step.at)).collect()
    }

    #[test]
    fn a_life_by_hand() {
        assert_eq!(course(&[], &[], PACE, None, 9.0).stage(), Stage::Prospect);
        assert_eq!(steps(&[100], 120.0), [(Stage::New, 100.0)]);
        // One purchase: the mean gap of all, 30 days.
        let once = [(Stage::New, 100.0), (Stage::AtRisk, 160.0), (Stage::Lapsed, 220.0)];
        assert_eq!(steps(&[100], 400.0), once);
        let back = [once.as_slice(), &[(Stage::WonBack, 300.0)]].concat();
        // The own gap of 200 days counts from now on: (200 + 2 x 30) / 3.
        assert_eq!(steps(&[100, 300], 310.0), back);
        let active = [back.as_slice(), &[(Stage::Active, 320.0)]].concat();
        assert_eq!(steps(&[100, 300, 320], 330.0), active);
        let weekly: Vec<i32> = (0..6).map(|week| 100 + 7 * week).collect();
        assert_eq!(steps(&weekly, 140.0).last(), Some(&(Stage::Loyal, 128.0)));
        // Five gaps of 7 days and two of 30: at risk after twice (35 + 60) / 7 days.
        let (stage, at) = *steps(&weekly, 170.0).last().unwrap();
        assert!(stage == Stage::AtRisk && (at - (135.0 + 2.0 * 95.0 / 7.0)).abs() < 1e-9);
    }

    #[test]
    fn contracts_and_models_have_their_say() {
        let with = |contracts: &[(f64, Option<f64>)], now: f64| course(&[], contracts, PACE, None, now);
        assert_eq!(with(&[(100.0, None)], 120.0).stage(), Stage::New);
        assert_eq!(with(&[(100.0, None)], 200.0).0.last().map(|step| (step.to, step.at)), Some((Stage::Active, 190.0)));
        assert_eq!(with(&[(100.0, None)], 600.0).stage(), Stage::Loyal);
        let ended = with(&[(100.0, Some(300.0))], 600.0);
        assert_eq!(ended.0.last().map(|step| (step.to, step.at)), Some((Stage::Lapsed, 300.0)));
        // Silence means nothing while the contract runs.
        assert_eq!(course(&[100, 110], &[(90.0, None)], PACE, None, 400.0).stage(), Stage::Active);
        let doubt = Some(Doubt { leaving: 0.9 });
        assert_eq!(course(&[100], &[], PACE, doubt, 120.0).stage(), Stage::New, "not silent yet");
        let risk = course(&[100], &[], PACE, doubt, 140.0);
        assert_eq!(risk.0.last(), Some(&Step { from: Stage::New, to: Stage::AtRisk, at: 140.0, by_model: true }));
    }

    proptest! {
        /// Whoever looks later sees what was seen before, and more: no step of facts is unmade by time alone.
        #[test]
        fn steps_are_in_order_linked_and_never_unmade(
            gaps in proptest::collection::vec(1..200_i32, 0..12), wait in 0..400_i32, more in 0..400_i32,
        ) {
            let mut days = vec![1_000];
            gaps.iter().for_each(|gap| days.push(days[days.len() - 1] + gap));
            let now = f64::from(days[days.len() - 1] + wait);
            let early = course(&days, &[], PACE, None, now);
            let late = course(&days, &[], PACE, None, now + f64::from(more));
            prop_assert_eq!(&late.0[..early.0.len()], &early.0[..]);
            prop_assert!(late.0.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].at <= pair[1].at));
            prop_assert!(late.0.iter().all(|step| step.from != step.to));
            // Won back only from lapsed; prospects only before the first purchase.
            prop_assert!(late.0.iter().all(|step| step.to != Stage::WonBack || step.from == Stage::Lapsed));
            prop_assert!(late.0.iter().skip(1).all(|step| step.from != Stage::Prospect && step.to != Stage::Prospect));
        }

        /// A purchase today leaves nobody at risk or lapsed.
        #[test]
        fn who_buys_is_there(gaps in proptest::collection::vec(1..300_i32, 0..12)) {
            let mut days = vec![0];
            gaps.iter().for_each(|gap| days.push(days[days.len() - 1] + gap));
            let stage = course(&days, &[], PACE, None, f64::from(days[days.len() - 1])).stage();
            prop_assert!(!matches!(stage, Stage::AtRisk | Stage::Lapsed | Stage::Prospect), "{:?}", stage);
        }
    }
}
