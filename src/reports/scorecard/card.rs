//! The scorecard as people read it: each figure with definition, window, target, owner, trend and status, beside market and competitors.

use std::collections::HashMap;

use serde::Serialize;

use super::WINDOW_DAYS;
use super::values::{Reading, Readings};
use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::money::{Currency, Money};
use crate::operations::Workspace;
use crate::operations::steering::{
    Better, Goal, Indicator, Kept, Objective, ObjectiveSpec, Point, Series, Target, Unit, store as steering,
};

/// How far from its target a figure may be and still count as near, as a part of it.
const NEAR: f64 = 0.05;

/// The scorecard.
#[derive(Debug, Clone, Serialize)]
pub struct Card {
    /// As of when the figures were read.
    pub as_of: Timestamp,
    /// What the company goes for first.
    pub objective: Objective,
    /// The figures.
    pub indicators: Vec<Line>,
    /// Goals and actions whose review is overdue now.
    pub overdue: Vec<Overdue>,
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its name.
    pub indicator: Indicator,
    /// Its name for people.
    pub title: &'static str,
    /// What it is.
    pub definition: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way it should go.
    pub better: Better,
    /// Days that it looks back.
    pub window_days: u32,
    /// The opening of the window.
    pub from: Option<Timestamp>,
    /// Its end.
    pub until: Option<Timestamp>,
    /// The figure: money in minor units, shares as parts of 1; none where nothing can be said.
    pub value: Option<f64>,
    /// What 95 of 100 such figures lie between, where it is an estimate.
    pub interval: Option<[f64; 2]>,
    /// Numerator and denominator, where it is a quotient.
    pub of: Option<[f64; 2]>,
    /// In words, with its unit.
    pub shown: String,
    /// What it should reach, and who answers for it.
    pub target: Option<Kept<Target>>,
    /// The target in words.
    pub target_shown: String,
    /// Whether it does.
    pub status: Status,
    /// How it came to be so.
    pub trend: Trend,
    /// By segment.
    pub segments: Vec<SegmentValue>,
    /// The same figure of the market and of competitors.
    pub others: Vec<Other>,
}

/// Whether a figure is where it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// At the target, or beyond it.
    Met,
    /// Short of it by no more than the tolerance.
    Near,
    /// Short of it.
    Missed,
    /// Nobody has set a target.
    NoTarget,
    /// Nothing can be said of the figure.
    Unknown,
}

impl Status {
    /// As people say it.
    pub fn words(self) -> &'static str {
        match self {
            Status::Met => "met",
            Status::Near => "near",
            Status::Missed => "missed",
            Status::NoTarget => "no target",
            Status::Unknown => "unknown",
        }
    }

    /// Of a value against a target.
    pub fn of(value: Option<f64>, target: Option<&Target>, better: Better) -> Status {
        let (Some(value), Some(target)) = (value, target) else {
            return if target.is_none() { Status::NoTarget } else { Status::Unknown };
        };
        let short = match better {
            Better::Higher => target.value - value,
            Better::Lower => value - target.value,
        };
        // A figure that is computed another way, and is the same but for rounding, has met its target.
        let slack = target.value.abs() * 1e-12;
        if short <= slack {
            Status::Met
        } else if short <= target.tolerance.unwrap_or(target.value.abs() * NEAR) + slack {
            Status::Near
        } else {
            Status::Missed
        }
    }
}

/// How a figure came to be what it is.
#[derive(Debug, Clone, Serialize)]
pub struct Trend {
    /// By the end of each window, the oldest first; windows of which nothing can be said are left out.
    pub points: Vec<Point>,
    /// Days between the ends of two windows.
    pub step_days: i64,
    /// The latest less the one before.
    pub change: Option<f64>,
    /// The change in words: of shares in points.
    pub shown: String,
    /// Whether the change is for the better; none where there is none.
    pub improves: Option<bool>,
}

/// A figure of one segment.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentValue {
    /// The segment of the last scoring.
    pub segment: String,
    /// Its figure.
    pub value: Option<f64>,
    /// In words.
    pub shown: String,
}

/// The figure of somebody else.
#[derive(Debug, Clone, Serialize)]
pub struct Other {
    /// `market`, or a competitor's name.
    pub subject: String,
    /// Where it is from.
    pub source: String,
    /// Its figures, the oldest first.
    pub points: Vec<Point>,
    /// The last one at the end of the window, in words.
    pub shown: String,
    /// Ours less theirs, at the end of the window.
    pub difference: Option<f64>,
}

/// A review that is overdue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overdue {
    /// The goal.
    pub goal: String,
    /// The action, where it is one's.
    pub action: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Since when.
    pub since: Timestamp,
    /// Whole days.
    pub days: i64,
}

/// Puts readings beside targets, goals and the figures of others, as they are now.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn card(ws: &Workspace, readings: &Readings) -> Result<Card> {
    let (targets, series, goals, objective) = ws.store().read(|conn| {
        let objective = steering::find::<ObjectiveSpec>(conn, ObjectiveSpec::NAME)?;
        Ok((steering::all::<Target>(conn)?, steering::all::<Series>(conn)?, steering::all::<Goal>(conn)?, objective))
    })?;
    let targets: HashMap<String, Kept<Target>> = targets.into_iter().map(|kept| (kept.name.clone(), kept)).collect();
    let currency = ws.settings().currency;
    let lines = Indicator::ALL
        .iter()
        .map(|&indicator| line(readings, indicator, targets.get(indicator.key()).cloned(), &series, currency));
    Ok(Card {
        as_of: readings.as_of,
        objective: objective.map_or(Objective::Profit, |kept| kept.spec.objective),
        indicators: lines.collect(),
        overdue: overdue(&goals, ws.now()),
    })
}

fn line(
    readings: &Readings,
    indicator: Indicator,
    target: Option<Kept<Target>>,
    series: &[Kept<Series>],
    currency: Currency,
) -> Line {
    let days = target.as_ref().and_then(|target| target.spec.window_days).unwrap_or(WINDOW_DAYS);
    let own: Vec<&Reading> = readings.series(indicator, days).collect();
    let latest = own.first().copied();
    let value = latest.and_then(|reading| reading.value);
    let better = indicator.better();
    let until = latest.map_or(readings.as_of, |reading| reading.until);
    let segment = |(segment, reading): (&str, &Reading)| SegmentValue {
        segment: segment.to_owned(),
        value: reading.value,
        shown: shown(indicator, reading.value, currency),
    };
    Line {
        indicator,
        title: indicator.title(),
        definition: indicator.definition(),
        unit: indicator.unit(),
        better,
        window_days: days,
        from: latest.map(|reading| reading.from),
        until: latest.map(|reading| reading.until),
        value,
        interval: latest.and_then(|reading| reading.interval),
        of: latest.and_then(|reading| reading.of),
        shown: shown(indicator, value, currency),
        target_shown: shown(indicator, target.as_ref().map(|kept| kept.spec.value), currency),
        status: Status::of(value, target.as_ref().map(|kept| &kept.spec), better),
        target,
        trend: trend(&own, indicator, currency),
        segments: readings.segments(indicator, days).into_iter().map(segment).collect(),
        others: series.iter().filter_map(|kept| other(kept, indicator, value, until, currency)).collect(),
    }
}

fn trend(own: &[&Reading], indicator: Indicator, currency: Currency) -> Trend {
    let points: Vec<Point> = own.iter().rev().filter_map(|r| Some(Point { at: r.until, value: r.value? })).collect();
    let change = match own {
        [latest, before, ..] => latest.value.zip(before.value).map(|(latest, before)| latest - before),
        _ => None,
    };
    Trend {
        points,
        step_days: super::windows::STEP_DAYS,
        change,
        shown: change.map_or_else(|| "–".to_owned(), |change| moved(indicator, change, currency)),
        improves: change
            .filter(|change| *change != 0.0)
            .map(|change| (change > 0.0) == (indicator.better() == Better::Higher)),
    }
}

fn other(
    kept: &Kept<Series>,
    indicator: Indicator,
    own: Option<f64>,
    until: Timestamp,
    currency: Currency,
) -> Option<Other> {
    let (subject, of) = kept.name.rsplit_once('/')?;
    if of != indicator.key() {
        return None;
    }
    let points = kept.spec.points.clone();
    let last = points.iter().rev().find(|point| point.at <= until).map(|point| point.value);
    Some(Other {
        subject: subject.to_owned(),
        source: kept.spec.source.clone(),
        shown: shown(indicator, last, currency),
        difference: own.zip(last).map(|(own, last)| own - last),
        points,
    })
}

/// Goals and actions whose review is overdue, the longest first.
pub fn overdue(goals: &[Kept<Goal>], now: Timestamp) -> Vec<Overdue> {
    let mut all = Vec::new();
    for goal in goals {
        let mut add = |action: Option<&str>, owner: &str, due: Timestamp| {
            if due < now {
                let days = (now.0 - due.0).div_euclid(DAY);
                let action = action.map(str::to_owned);
                all.push(Overdue { goal: goal.name.clone(), action, owner: owner.to_owned(), since: due, days });
            }
        };
        add(None, &goal.spec.owner, goal.spec.review_at);
        for action in goal.spec.actions.iter().filter(|action| !action.done) {
            add(Some(&action.title), &action.owner, action.review_at);
        }
    }
    all.sort_by(|a, b| (a.since, &a.goal, &a.action).cmp(&(b.since, &b.goal, &b.action)));
    all
}

/// A figure with its unit.
pub fn shown(indicator: Indicator, value: Option<f64>, currency: Currency) -> String {
    let Some(value) = value else { return "–".to_owned() };
    match indicator.unit() {
        Unit::Share => format!("{:.1} %", value * 100.0),
        Unit::Count => format!("{value:.0}"),
        Unit::Money => format!("{} {}", currency.show(Money(value.round() as i64)), currency.code()),
        Unit::Ratio => format!("{value:.2}"),
        Unit::Months => format!("{value:.1} months"),
        Unit::Marks => format!("{value:.1} of 10"),
    }
}

/// A change with its unit: of a share in points.
fn moved(indicator: Indicator, change: f64, currency: Currency) -> String {
    let sign = if change > 0.0 { "+" } else { "" };
    match indicator.unit() {
        Unit::Share => format!("{sign}{:.1} points", change * 100.0),
        _ => format!("{sign}{}", shown(indicator, Some(change), currency)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(value: f64) -> Target {
        Target { value, by: None, owner: "Anna".into(), tolerance: None, window_days: None }
    }

    #[test]
    fn a_status_knows_which_way_is_better() {
        let of = |value, better| Status::of(Some(value), Some(&target(0.8)), better);
        assert_eq!([0.8, 0.77, 0.7].map(|v| of(v, Better::Higher)), [Status::Met, Status::Near, Status::Missed]);
        assert_eq!([0.8, 0.83, 0.9].map(|v| of(v, Better::Lower)), [Status::Met, Status::Near, Status::Missed]);
        assert_eq!(Status::of(None, Some(&target(1.0)), Better::Higher), Status::Unknown);
        assert_eq!(Status::of(Some(1.0), None, Better::Higher), Status::NoTarget);
    }

    #[test]
    fn changes_of_shares_are_told_in_points() {
        let euro = Currency::parse("EUR").unwrap();
        assert_eq!(moved(Indicator::RetentionRate, 0.05, euro), "+5.0 points");
        assert_eq!(shown(Indicator::RetentionRate, Some(0.65), euro), "65.0 %");
        assert_eq!(moved(Indicator::ProfitPerClient, -123.4, euro), "-1.23 EUR");
    }

    #[test]
    fn reviews_are_overdue_from_their_instant_on_and_done_actions_never() {
        let action = |title: &str, day: i64, done: bool| crate::operations::steering::Action {
            title: title.into(),
            campaign: None,
            budget: Money::ZERO,
            owner: "Boris".into(),
            review_at: Timestamp(day * DAY),
            done,
        };
        let goal = Kept {
            name: "keep".to_owned(),
            spec: Goal {
                title: "Regulars stay".into(),
                indicator: Indicator::RetentionRate,
                owner: "Anna".into(),
                review_at: Timestamp(30 * DAY),
                actions: vec![action("late", 10, false), action("done", 5, true), action("to come", 40, false)],
            },
            version: 1,
            updated_at: Timestamp(0),
            updated_by: "test".into(),
        };
        let found = overdue(std::slice::from_ref(&goal), Timestamp(30 * DAY + 1));
        let told: Vec<(Option<&str>, i64)> = found.iter().map(|o| (o.action.as_deref(), o.days)).collect();
        assert_eq!(told, [(Some("late"), 20), (None, 0)]);
        assert_eq!(overdue(&[goal], Timestamp(10 * DAY)), []);
    }
}
