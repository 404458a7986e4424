//! From sums to figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pass::{Passed, Sums};
use super::runs::{Run, Runs};
use super::store::BaseValue;
use super::windows::{Window, Windows};
use crate::clock::Timestamp;
use crate::operations::steering::Indicator;

/// One indicator in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Which.
    pub indicator: Indicator,
    /// The segment; none for the whole base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// The opening of the window.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Its length in days.
    pub days: u32,
    /// The figure; none where nothing can be said.
    pub value: Option<f64>,
    /// What 95 of 100 such figures lie between, where it is an estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// What it is made of: numerator and denominator, where it is a quotient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<[f64; 2]>,
}

/// Everything that was read as of an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    /// As of when.
    pub as_of: Timestamp,
    /// In the order of indicators, whole base first, the latest window first.
    pub all: Vec<Reading>,
}

/// A figure before it has its place.
#[derive(Debug, Clone, Copy, Default)]
struct Figure {
    value: Option<f64>,
    interval: Option<[f64; 2]>,
    of: Option<[f64; 2]>,
}

impl Figure {
    fn plain(value: f64) -> Figure {
        Figure { value: Some(value), ..Figure::default() }
    }

    /// A quotient; nothing where there is nothing to divide by.
    fn quotient(above: f64, below: f64) -> Figure {
        Figure { value: (below > 0.0).then(|| above / below), interval: None, of: Some([above, below]) }
    }
}

/// All readings.
pub fn readings(windows: &Windows, passed: &Passed, runs: &Runs, base: &BaseValue) -> Readings {
    let mut all = Vec::new();
    for &indicator in Indicator::ALL {
        for (at, window) in windows.all.iter().enumerate() {
            let figure = match indicator {
                Indicator::BaseValue => base.all.get(&window.until).map_or(Figure::default(), |v| Figure::plain(*v)),
                Indicator::PaybackMonths => payback(passed, window),
                _ => figure(indicator, &passed.all[at], runs, window),
            };
            all.push(reading(indicator, None, window, figure));
        }
        if !indicator.is_by_segment() {
            continue;
        }
        for (segment, sums) in &passed.segments {
            for (at, window) in windows.all.iter().enumerate().filter(|(_, window)| windows.is_latest(window)) {
                let figure = match indicator {
                    Indicator::BaseValue => base.segments.get(segment).map_or(Figure::default(), |v| Figure::plain(*v)),
                    _ => figure(indicator, &sums[at], runs, window),
                };
                all.push(reading(indicator, Some(segment.clone()), window, figure));
            }
        }
    }
    Readings { as_of: windows.as_of, all }
}

fn reading(indicator: Indicator, segment: Option<String>, window: &Window, figure: Figure) -> Reading {
    let Window { from, until, days } = *window;
    let Figure { value, interval, of } = figure;
    Reading { indicator, segment, from, until, days, value, interval, of }
}

fn figure(indicator: Indicator, sums: &Sums, runs: &Runs, window: &Window) -> Figure {
    let (whole, quotient) = (
        |count: i64| Figure::plain(count as f64),
        |above: i64, below: i64| Figure::quotient(above as f64, below as f64),
    );
    match indicator {
        Indicator::RetentionRate => quotient(sums.kept, sums.opening),
        Indicator::AttritionRate => quotient(sums.opening - sums.kept, sums.opening),
        Indicator::ActiveClients => whole(sums.closing),
        Indicator::NewClients => whole(sums.new),
        Indicator::AcquisitionCost => acquisition(sums),
        Indicator::RetentionCost => retention(sums, runs),
        Indicator::AcquisitionToRetention => match (acquisition(sums).value, retention(sums, runs).value) {
            (Some(winning), Some(keeping)) => Figure::quotient(winning, keeping),
            _ => Figure::default(),
        },
        Indicator::UnprofitableShare => quotient(sums.unprofitable, sums.buyers),
        Indicator::ProfitPerClient => quotient(sums.profit, sums.served),
        Indicator::ContactsPerClient => quotient(sums.contacts, sums.served),
        Indicator::ContactsPerProspect => quotient(sums.prospect_contacts, sums.prospects),
        Indicator::ResponseRate => quotient(sums.answered, sums.contacts + sums.prospect_contacts),
        Indicator::Satisfaction => quotient(sums.marks[1], sums.marks[0]),
        Indicator::ComplaintsPerOrder => quotient(sums.complaints, sums.orders),
        Indicator::IncrementalProfit => incremental(runs, window),
        Indicator::ReferredClients => whole(sums.referred),
        Indicator::BaseValue | Indicator::PaybackMonths => Figure::default(),
    }
}

/// Nothing where nothing is known of what winning costs.
fn acquisition(sums: &Sums) -> Figure {
    if sums.winning == 0 {
        return Figure::default();
    }
    Figure::quotient(sums.winning as f64, sums.new as f64)
}

/// What was spent on keeping, by the clients whom that kept; nothing where it kept none.
fn retention(sums: &Sums, runs: &Runs) -> Figure {
    let (mut spent, mut kept) = (0.0, 0.0);
    for (run, [contacted, held]) in &sums.stayed {
        let of = &runs.all[*run as usize];
        if contacted[0] == 0 || held[0] == 0 {
            continue;
        }
        let share = |[active, still]: [i64; 2]| still as f64 / active as f64;
        kept += contacted[0] as f64 * (share(*contacted) - share(*held));
        let [treated, out] = &of.arms;
        spent += of.contact_cost + treated.n * (treated.discount / treated.n - out.discount / out.n);
    }
    Figure::quotient(spent, kept)
}

fn incremental(runs: &Runs, window: &Window) -> Figure {
    let inside = |run: &&Run| run.decided_at >= window.from && run.over_at <= window.until;
    let (mut total, mut variance, mut any) = (0.0, 0.0, false);
    for Run { arms: [treated, out], .. } in runs.all.iter().filter(inside) {
        if treated.n < 2.0 || out.n < 2.0 {
            continue;
        }
        any = true;
        let mean = |arm: &super::runs::Arm| arm.profit / arm.n;
        let of_mean = |arm: &super::runs::Arm| {
            (arm.profit_squared - arm.profit * arm.profit / arm.n).max(0.0) / (arm.n - 1.0) / arm.n
        };
        total += treated.n * (mean(treated) - mean(out));
        variance += treated.n * treated.n * (of_mean(treated) + of_mean(out));
    }
    let around = 1.959_963_984_540_054 * variance.sqrt();
    any.then_some(Figure { value: Some(total), interval: Some([total - around, total + around]), of: None })
        .unwrap_or_default()
}

/// The median over clients won before the end; whoever has not repaid by then comes last.
fn payback(passed: &Passed, window: &Window) -> Figure {
    let won = passed.repaid.iter().filter(|repaid| repaid.won < window.until);
    let mut months: Vec<f64> = won.map(|repaid| repaid.seen_at(window.until)).collect();
    months.sort_unstable_by(f64::total_cmp);
    let median = months.len().checked_sub(1).map(|last| months[last / 2]);
    Figure { value: median.filter(|median| median.is_finite()), ..Figure::default() }
}

impl Readings {
    /// The readings of an indicator over windows of a length, the latest first.
    pub fn series(&self, indicator: Indicator, days: u32) -> impl Iterator<Item = &Reading> {
        self.all.iter().filter(move |r| r.indicator == indicator && r.days == days && r.segment.is_none())
    }

    /// The latest by segment.
    pub fn segments(&self, indicator: Indicator, days: u32) -> BTreeMap<&str, &Reading> {
        let of = self.all.iter().filter(|r| r.indicator == indicator && r.days == days);
        of.filter_map(|reading| Some((reading.segment.as_deref()?, reading))).collect()
    }
}
