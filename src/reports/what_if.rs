//! What if: profit and value of the base when retention, margin, a cost or a rate changes, per segment.
//!
//! The lifetime model says what each client brings in each of three years (`operations::lifetime::ahead`): present value `V`, revenue `R` and
//! cost to serve `C`. From one year to the next the base shrinks; how much of it stays is the model's own retention,
//!
//! ```text
//! r1 = R2 (1 + d) / R1,    r2 = R3 (1 + d) / R2        with d the yearly rate of present values
//! ```
//!
//! When retention rises by `p` points each r becomes min(1, r + p) (an r of 1 or more stays). Who leaves does so evenly over the year, so
//! that the first year is worth (1 + r1') / (1 + r1) times as much, the second r1' / r1 times that, the third r2' / r2 times that. A change of
//! the margin adds R x points, of the cost to serve C x percent, of an activity's rate what last year's activities would have cost more or
//! less, in every year in proportion to R. Another yearly rate of present values weighs each year by its middle. The cost of winning counts once a
//! year, for as many clients as were won in the last. After Reichheld and Sasser, "Zero defections", Harvard Business Review 68 (1990).

use std::collections::{BTreeMap, HashMap};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Fault, Result};
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::operations::lifetime::ahead::{YEARS, ahead};
use crate::operations::train::texts;
use crate::progress::Progress;
use crate::reports::profit::kept;
use crate::reports::profit::query::{instant, whole};
use crate::storage::schema::{customer, customer_state};

/// The name under which the basis is kept.
const KEPT: &str = "what_if";

/// What would be different. Points are percentage points: 5 makes a retention of 60 % one of 65 %.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    /// Points that yearly retention rises by.
    pub retention_points: f64,
    /// Points that the margin rises by.
    pub margin_points: f64,
    /// Percent that the cost to serve rises by.
    pub cost_to_serve_percent: f64,
    /// Activities with what one would cost, in minor units.
    pub rates: BTreeMap<String, i64>,
    /// The yearly rate of present values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_rate: Option<f64>,
    /// Percent that the cost of winning a client rises by.
    pub acquisition_cost_percent: f64,
    /// Only for this segment; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
}

impl Question {
    fn check(&self, basis: &Basis) -> Result<()> {
        let mut faults = Vec::new();
        let mut demand = |good: bool, key: &str, message: String| {
            if !good {
                faults.push(Fault::at(key, message));
            }
        };
        for (key, value) in [("retention_points", self.retention_points), ("margin_points", self.margin_points)] {
            demand((-100.0..=100.0).contains(&value), key, "must lie within -100..100 points".into());
        }
        for (key, value) in [
            ("cost_to_serve_percent", self.cost_to_serve_percent),
            ("acquisition_cost_percent", self.acquisition_cost_percent),
        ] {
            demand((-100.0..=1_000.0).contains(&value), key, "must lie within -100..1000 percent".into());
        }
        let rate = self.discount_rate.unwrap_or(0.0);
        demand((0.0..=1.0).contains(&rate), "discount_rate", "must lie within 0..1".into());
        for (name, cost) in &self.rates {
            let known = basis.activities.join(", ");
            demand(*cost >= 0, &format!("rates.{name}"), "must be at least 0".into());
            let message = format!("is no activity that has a rate; there are {known}");
            demand(basis.activities.contains(name), &format!("rates.{name}"), message);
        }
        if let Some(segment) = &self.segment {
            let names: Vec<&str> = basis.segments.keys().map(String::as_str).collect();
            let message = format!("there is no segment `{segment}`; there are {}", names.join(", "));
            demand(basis.segments.contains_key(segment), "segment", message);
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::faults("the question cannot be answered", faults)) }
    }
}

/// What a segment will bring as things are. Amounts in minor units, years in present money.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Clients whom the model values.
    pub clients: f64,
    /// Margins less cost to serve, by year.
    pub value: [f64; YEARS],
    /// Revenue.
    pub revenue: [f64; YEARS],
    /// Cost to serve.
    pub cost: [f64; YEARS],
    /// Activities of the last 365 days that clients caused: how many, and what they cost.
    pub activities: BTreeMap<String, [f64; 2]>,
    /// Spent on winning in the last 365 days.
    pub winning: f64,
}

/// What what-if questions are asked of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    /// As of when.
    pub as_of: Timestamp,
    /// The yearly rate of present values.
    pub discount_rate: f64,
    /// Activities with a rate.
    pub activities: Vec<String>,
    /// By the segment of the last scoring.
    pub segments: BTreeMap<String, Segment>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhatIf {
    /// As of when.
    pub as_of: Timestamp,
    /// What was asked.
    pub question: Question,
    /// The whole base, or the segment that was asked about.
    pub all: Outcome,
    /// By segment.
    pub segments: Vec<Outcome>,
}

/// One segment now and then. Amounts in minor units.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// The segment; `all` for all.
    pub segment: String,
    /// Clients whom the model values.
    pub clients: f64,
    /// The model's retention from the first year to the second; none where there is nothing to retain.
    pub retention: Option<f64>,
    /// The same as it would be.
    pub retention_then: Option<f64>,
    /// Profit of the next year, before the cost of winning new clients.
    pub profit: f64,
    /// The same as it would be, less what winning would cost more.
    pub profit_then: f64,
    /// Present value of three years.
    pub value: f64,
    /// The same as it would be.
    pub value_then: f64,
    /// What the change is worth over the three years.
    pub gain: f64,
    /// The change of the value as a part of it; none of a value that is not above 0.
    pub gain_share: Option<f64>,
}

/// Reads the basis from store and history.
///
/// # Errors
/// Not found before a lifetime model serves; unavailable, when store or history do not answer.
pub fn basis(ws: &Workspace, progress: &dyn Progress) -> Result<Basis> {
    let now = ws.now();
    progress.stage("years to come", None);
    let none = || Error::not_found("no lifetime model serves yet: run `vizavi train lifetime` and `vizavi score`");
    let ahead = ahead(ws, now)?.ok_or_else(none)?;
    let (segments, won) = ws.store().read(|conn| {
        let rows: Vec<(CustomerId, Option<String>)> =
            customer_state::table.select((customer_state::customer_id, customer_state::segment)).load(conn)?;
        let won: Vec<(CustomerId, Option<i64>)> = customer::table
            .filter(customer::acquired_at.ge(now.plus(-365 * DAY)))
            .filter(customer::acquired_at.lt(now))
            .filter(customer::acquisition_cost.is_not_null())
            .select((customer::id, customer::acquisition_cost))
            .load(conn)?;
        Ok((rows.into_iter().collect::<HashMap<_, _>>(), won))
    })?;
    let of = |id: &CustomerId| segments.get(id).cloned().flatten().unwrap_or_else(|| "none".to_owned());
    let minor = ws.settings().currency.minor_units() as f64 * ahead.each;
    let mut basis = Basis {
        as_of: now,
        discount_rate: ahead.discount_rate,
        activities: ws.settings().activity_rates.keys().cloned().collect(),
        segments: BTreeMap::new(),
    };
    for (id, years) in &ahead.clients {
        let segment = basis.segments.entry(of(id)).or_default();
        segment.clients += ahead.each;
        let pairs =
            [(&mut segment.value, years.value), (&mut segment.revenue, years.revenue), (&mut segment.cost, years.cost)];
        for (sums, more) in pairs {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more * minor);
        }
    }
    for (id, cost) in won {
        basis.segments.entry(of(&id)).or_default().winning += cost.unwrap_or(0) as f64;
    }
    activities(ws, now, |id, name, count, cost| {
        let sums = basis.segments.entry(of(&id)).or_default().activities.entry(name.to_owned()).or_default();
        sums[0] += count;
        sums[1] += cost;
    })?;
    progress.finish();
    Ok(basis)
}

/// Activities of the last 365 days that clients caused, by the name of the rate that they fall under.
fn activities(ws: &Workspace, now: Timestamp, mut take: impl FnMut(CustomerId, &str, f64, f64)) -> Result<()> {
    let rates = &ws.settings().activity_rates;
    let quoted: Vec<String> = rates.keys().map(|name| format!("'{}'", name.replace('\'', "''"))).collect();
    if quoted.is_empty() {
        return Ok(());
    }
    let names = quoted.join(", ");
    let cases: String =
        rates.iter().zip(&quoted).map(|((_, rate), name)| format!(" WHEN {name} THEN {rate}")).collect();
    let sql = format!(
        "SELECT customer_id, activity, count(*), sum(coalesce(cost, CASE activity{cases} ELSE 0 END)) FROM (\
         SELECT customer_id, CASE WHEN reason IN ({names}) THEN reason WHEN channel IN ({names}) THEN channel END AS activity, cost \
         FROM interaction WHERE direction = 'in' AND occurred_at >= {from} \
         UNION ALL SELECT customer_id, 'return', CAST(NULL AS BIGINT) FROM return_item WHERE occurred_at >= {from} GROUP BY customer_id, order_key \
         UNION ALL SELECT customer_id, 'delivery', CAST(NULL AS BIGINT) FROM order_item WHERE occurred_at >= {from} GROUP BY customer_id, order_key) \
         WHERE activity IN ({names}) GROUP BY customer_id, activity",
        from = instant(now.plus(-365 * DAY)),
    );
    ws.history().snapshot_before(now)?.stream(&sql, |batch| {
        let customers = batch.column(0).as_primitive::<Int64Type>();
        let names = texts(batch.column(1));
        let [counts, costs] = [2, 3].map(|column| whole(&batch, column));
        for (row, name) in names.iter().enumerate() {
            let name = name.as_deref().unwrap_or_default();
            take(CustomerId(customers.value(row)), name, counts[row] as f64, costs[row] as f64);
        }
        Ok(())
    })
}

/// Makes the basis and keeps it: scoring is followed by it. Nothing before a lifetime model serves.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn refresh(ws: &Workspace, progress: &dyn Progress) -> Result<()> {
    match basis(ws, progress) {
        Ok(made) => kept::put(ws, KEPT, &made, made.as_of),
        Err(error) if error.kind() == crate::error::Kind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Answers from the basis as kept; makes it where none is.
///
/// # Errors
/// Invalid, with every fault of the question; not found before a lifetime model serves.
pub fn what_if(ws: &Workspace, question: &Question, progress: &dyn Progress) -> Result<WhatIf> {
    let basis = kept::get(ws, KEPT)?.map_or_else(|| basis(ws, progress), Ok)?;
    answer(&basis, question)
}

/// The basis as kept, if one is.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn basis_as_kept(ws: &Workspace) -> Result<Option<Basis>> {
    kept::get(ws, KEPT)
}

/// Answers from the basis as kept, if one is: for a page, which does not wait.
///
/// # Errors
/// As [`what_if`].
pub fn kept_answer(ws: &Workspace, question: &Question) -> Result<Option<WhatIf>> {
    kept::get(ws, KEPT)?.map(|basis: Basis| answer(&basis, question)).transpose()
}

/// Answers a question.
///
/// # Errors
/// Invalid, with every fault of the question.
pub fn answer(basis: &Basis, question: &Question) -> Result<WhatIf> {
    question.check(basis)?;
    let asked = basis.segments.iter().filter(|(name, _)| question.segment.as_ref().is_none_or(|only| only == *name));
    let segments: Vec<Outcome> = asked.map(|(name, segment)| outcome(name, segment, basis, question)).collect();
    let mut all = Outcome { segment: "all".into(), ..Outcome::default() };
    let (mut kept, mut kept_then, mut weight) = (0.0, 0.0, 0.0);
    for of in &segments {
        all.clients += of.clients;
        all.profit += of.profit;
        all.profit_then += of.profit_then;
        all.value += of.value;
        all.value_then += of.value_then;
        if let (Some(now), Some(then)) = (of.retention, of.retention_then) {
            let revenue = basis.segments[&of.segment].revenue[0];
            (kept, kept_then, weight) = (kept + now * revenue, kept_then + then * revenue, weight + revenue);
        }
    }
    all.retention = (weight > 0.0).then(|| kept / weight);
    all.retention_then = (weight > 0.0).then(|| kept_then / weight);
    all.gain = all.value_then - all.value;
    all.gain_share = (all.value > 0.0).then(|| all.gain / all.value);
    Ok(WhatIf { as_of: basis.as_of, question: question.clone(), all, segments })
}

fn outcome(name: &str, segment: &Segment, basis: &Basis, question: &Question) -> Outcome {
    let d = basis.discount_rate;
    let retention = |year: usize| {
        let before = segment.revenue[year];
        (before > 0.0).then(|| segment.revenue[year + 1] * (1.0 + d) / before)
    };
    let raised = |r: f64| if r >= 1.0 { r } else { (r + question.retention_points / 100.0).clamp(0.0, 1.0) };
    let mut factors = [1.0; YEARS];
    if let Some(first) = retention(0) {
        factors[0] = (1.0 + raised(first)) / (1.0 + first);
        for year in 1..YEARS {
            let of = retention(year - 1).filter(|r| *r > 0.0);
            factors[year] = factors[year - 1] * of.map_or(1.0, |r| raised(r) / r);
        }
    }
    let activities: f64 = (question.rates.iter())
        .filter_map(|(activity, rate)| Some((segment.activities.get(activity)?, *rate as f64)))
        .map(|([count, cost], rate)| count * rate - cost)
        .sum();
    let mut then = [0.0; YEARS];
    for (year, then) in then.iter_mut().enumerate() {
        let shape = if segment.revenue[0] > 0.0 { segment.revenue[year] / segment.revenue[0] } else { 0.0 };
        let changed = segment.value[year] + segment.revenue[year] * question.margin_points / 100.0
            - segment.cost[year] * question.cost_to_serve_percent / 100.0
            - activities * shape;
        let rate = question.discount_rate.map_or(1.0, |rate| ((1.0 + d) / (1.0 + rate)).powf(year as f64 + 0.5));
        *then = changed * factors[year] * rate;
    }
    let winning = segment.winning * question.acquisition_cost_percent / 100.0;
    let (value, value_then) = (segment.value.iter().sum::<f64>(), then.iter().sum::<f64>() - winning);
    let retained = retention(0);
    Outcome {
        segment: name.to_owned(),
        clients: segment.clients,
        retention: retained,
        retention_then: retained.map(raised),
        profit: segment.value[0],
        profit_then: then[0] - winning,
        value,
        value_then,
        gain: value_then - value,
        gain_share: (value > 0.0).then(|| (value_then - value) / value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred clients who bring 1.00 each in a year, of whom 60 of 100 stay, without interest.
    fn base() -> Basis {
        let years = |first: f64| [first, first * 0.6, first * 0.36];
        let segment = Segment {
            clients: 100.0,
            value: years(10_000.0),
            revenue: years(50_000.0),
            cost: years(2_000.0),
            activities: BTreeMap::from([("call".to_owned(), [10.0, 4_500.0])]),
            winning: 3_000.0,
        };
        let segments = BTreeMap::from([
            ("a".to_owned(), segment.clone()),
            ("b".to_owned(), Segment { clients: 7.0, ..Segment::default() }),
        ]);
        Basis { as_of: Timestamp(0), discount_rate: 0.0, activities: vec!["call".into()], segments }
    }

    #[test]
    fn five_points_more_retention_are_what_the_sum_over_years_says() {
        let asked = Question { retention_points: 5.0, ..Question::default() };
        let found = answer(&base(), &asked).unwrap();
        let a = &found.segments[0];
        assert!((a.retention.unwrap() - 0.6).abs() < 1e-12 && (a.retention_then.unwrap() - 0.65).abs() < 1e-12);
        // By hand: the first year has (1 + 0.65) / (1 + 0.6) of the clients, then 0.65 of each before... of a year's profit of 100.00.
        let first = 10_000.0 * 1.65 / 1.6;
        let by_hand = first * (1.0 + 0.65 + 0.65 * 0.65);
        assert!((a.value_then - by_hand).abs() < 1e-6, "{} {by_hand}", a.value_then);
        assert_eq!((found.all.clients, found.all.gain), (107.0, a.gain));
        // A segment that brings nothing has nothing to retain.
        assert_eq!((found.segments[1].retention, found.segments[1].gain), (None, 0.0));
        // Nothing changes where nothing is asked.
        let same = answer(&base(), &Question::default()).unwrap();
        assert!(same.all.gain.abs() < 1e-9);
        // Nobody can retain more than all.
        let all = answer(&base(), &Question { retention_points: 80.0, ..Question::default() }).unwrap();
        assert_eq!(all.all.retention_then, Some(1.0));
    }

    #[test]
    fn costs_and_rates_change_every_year_in_proportion() {
        let ask = |question: Question| answer(&base(), &question).unwrap().all;
        let years = 1.0 + 0.6 + 0.36;
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        near(ask(Question { margin_points: 1.0, ..Question::default() }).gain, 500.0 * years);
        near(ask(Question { cost_to_serve_percent: -10.0, ..Question::default() }).gain, 200.0 * years);
        // Ten calls that cost 45.00 would cost 30.00.
        let rates = BTreeMap::from([("call".to_owned(), 300)]);
        near(ask(Question { rates, ..Question::default() }).gain, 1_500.0 * years);
        let dearer = ask(Question { acquisition_cost_percent: 10.0, ..Question::default() });
        near(dearer.gain, -300.0);
        near(dearer.profit_then, 9_700.0);
        let later = ask(Question { discount_rate: Some(0.21), ..Question::default() });
        near(later.profit_then, 10_000.0 / 1.1);
        let faults = answer(
            &base(),
            &Question {
                retention_points: 200.0,
                rates: BTreeMap::from([("dance".to_owned(), 1)]),
                segment: Some("z".into()),
                ..Question::default()
            },
        );
        let keys: Vec<String> = faults.unwrap_err().fault_list().iter().map(|fault| fault.key.clone()).collect();
        assert_eq!(keys, ["retention_points", "rates.dance", "segment"]);
    }
}
