//! From facts to the lines of each client and stretch of time, by SQL that adds up what can be added up.
//!
//! Months are those of UTC. An order, a return or a claim counts in the stretch of its first line or step, with all it holds, so
//! that stretches add up to the whole.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};

use super::lines::{Kind, Lines};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::history::Snapshot;
use crate::ids::CustomerId;
use crate::money::Money;
use crate::operations::record::cost;
use crate::settings::{Blame, Settings, UPHELD};

/// The lines of each client by stretch of time: a [`Month`] or the number of a [`Stretches::Cut`].
pub type ByStretch = BTreeMap<(CustomerId, i64), Lines>;

/// How time is cut.
#[derive(Debug, Clone, Copy)]
pub enum Stretches<'a> {
    /// Calendar months; see [`month_of`].
    Months,
    /// What came before an instant is 0, the rest 1.
    Cut(Timestamp),
    /// The same with several instants, in the order of time: what came before the first is 0, before the second 1, and so on.
    Cuts(&'a [Timestamp]),
}

impl Stretches<'_> {
    /// The stretch of an instant in SQL.
    pub(in crate::reports) fn sql(&self, happened: &str) -> String {
        match self {
            Stretches::Months => format!(
                "CAST(date_part('year', {happened}) AS BIGINT) * 12 + CAST(date_part('month', {happened}) AS BIGINT) - 1"
            ),
            Stretches::Cut(cut) => format!("CASE WHEN {happened} < {} THEN 0 ELSE 1 END", instant(*cut)),
            Stretches::Cuts(cuts) => {
                let cases = cuts.iter().enumerate();
                let cases: String =
                    cases.map(|(at, cut)| format!(" WHEN {happened} < {} THEN {at}", instant(*cut))).collect();
                format!("CASE{cases} ELSE {} END", cuts.len())
            }
        }
    }
}

/// A calendar month of UTC as a number: 12 x year + month - 1.
pub type Month = i64;

/// The month of an instant.
pub fn month_of(at: Timestamp) -> Month {
    let date = at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// The instant at which a month begins.
pub fn begin_of(month: Month) -> Timestamp {
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let first = jiff::civil::Date::new(year as i16, month as i8, 1).expect("a month of a fact's time");
    Timestamp(first.to_zoned(jiff::tz::TimeZone::UTC).expect("midnight of UTC").timestamp().as_microsecond())
}

/// A month as people write it: 2026-01.
pub fn month_name(month: Month) -> String {
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

/// An instant in SQL.
pub(in crate::reports) fn instant(at: Timestamp) -> String {
    format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", at.0)
}

/// The queries of a statement.
pub struct Queries {
    orders: String,
    returns: String,
    interactions: String,
    claims: String,
    return_rate: Money,
    delivery_rate: Money,
    claim_rate: Money,
}

impl Queries {
    /// Queries about everybody in a snapshot, or about one customer.
    pub fn new(settings: &Settings, stretches: Stretches<'_>, who: Option<CustomerId>) -> Queries {
        let stretch = stretches.sql("happened");
        let only = who.map(|id| format!(" WHERE customer_id = {id}")).unwrap_or_default();
        let goods = format!(
            "sum(CASE WHEN cost IS NULL THEN amount - CAST(round(amount * {:?}) AS BIGINT) ELSE cost END)",
            settings.margin
        );
        let lines = |table: &str| {
            format!(
                "SELECT customer_id, CAST({stretch} AS BIGINT) AS stretch, count(*), sum(amount), sum(goods), sum(discount), \
                 min(happened), max(happened) FROM (SELECT customer_id, order_key, min(occurred_at) AS happened, sum(amount) AS amount, \
                 {goods} AS goods, sum(coalesce(discount, 0)) AS discount FROM {table}{only} \
                 GROUP BY customer_id, order_key) GROUP BY customer_id, stretch"
            )
        };
        let rate = |activity: &str| Money(settings.activity_rates.get(activity).copied().unwrap_or(0));
        Queries {
            orders: lines("order_item"),
            returns: lines("return_item"),
            interactions: interactions(settings, &stretch, &only),
            claims: format!(
                "SELECT customer_id, CAST({stretch} AS BIGINT) AS stretch, sum(counts), sum(paid) FROM (\
                 SELECT customer_id, happened, paid, CASE WHEN rejected = 0 OR paid > 0 THEN 1 ELSE 0 END AS counts FROM (\
                 SELECT customer_id, claim_key, min(occurred_at) AS happened, sum(coalesce(amount, 0)) AS paid, \
                 max(CASE WHEN status = 'rejected' THEN 1 ELSE 0 END) AS rejected FROM claim{only} \
                 GROUP BY customer_id, claim_key)) GROUP BY customer_id, stretch"
            ),
            return_rate: cost::of_return(settings),
            delivery_rate: rate("delivery"),
            claim_rate: rate("claim"),
        }
    }

    /// The lines of every client in the snapshot, by stretch. Expected claims are left at nothing: they need all clients.
    ///
    /// # Errors
    /// Unavailable, when history does not answer.
    pub fn run(&self, snapshot: &Snapshot) -> Result<ByStretch> {
        let mut all = ByStretch::new();
        snapshot.stream(&self.orders, |batch| {
            let [customers, stretches, counts, amounts, goods, discounts] =
                [0, 1, 2, 3, 4, 5].map(|c| whole(&batch, c));
            let [first, last] = [6, 7].map(|c| batch.column(c).as_primitive::<TimestampMicrosecondType>());
            for row in 0..batch.num_rows() {
                let lines = all.entry((CustomerId(customers[row]), stretches[row])).or_default();
                (lines.orders, lines.revenue) = (counts[row], Money(amounts[row]));
                (lines.cost_of_goods, lines.discount) = (Money(goods[row]), Money(discounts[row]));
                let delivery = lines.activities.of_mut(Kind::Delivery);
                (delivery.count, delivery.cost) = (counts[row], Money(self.delivery_rate.0 * counts[row]));
                lines.first_order_at = first.is_valid(row).then(|| Timestamp(first.value(row)));
                lines.last_order_at = last.is_valid(row).then(|| Timestamp(last.value(row)));
            }
            Ok(())
        })?;
        snapshot.stream(&self.returns, |batch| {
            let [customers, stretches, counts, amounts, goods] = [0, 1, 2, 3, 4].map(|c| whole(&batch, c));
            for row in 0..batch.num_rows() {
                let lines = all.entry((CustomerId(customers[row]), stretches[row])).or_default();
                (lines.returns, lines.returned) = (counts[row], Money(amounts[row]));
                lines.goods_back = Money(goods[row]);
                let handling = lines.activities.of_mut(Kind::Return);
                (handling.count, handling.cost) = (counts[row], Money(self.return_rate.0 * counts[row]));
            }
            Ok(())
        })?;
        snapshot.stream(&self.interactions, |batch| {
            let [customers, stretches, kinds, process, counts, costs] = [0, 1, 2, 3, 4, 5].map(|c| whole(&batch, c));
            for row in 0..batch.num_rows() {
                let lines = all.entry((CustomerId(customers[row]), stretches[row])).or_default();
                let activity = lines.activities.of_mut(Kind::ALL[kinds[row] as usize]);
                activity.count += counts[row];
                if process[row] > 0 {
                    activity.process_count += counts[row];
                    activity.process_cost = activity.process_cost + Money(costs[row]);
                } else {
                    activity.cost = activity.cost + Money(costs[row]);
                }
            }
            Ok(())
        })?;
        snapshot.stream(&self.claims, |batch| {
            let [customers, stretches, counts, paid] = [0, 1, 2, 3].map(|c| whole(&batch, c));
            for row in 0..batch.num_rows() {
                let lines = all.entry((CustomerId(customers[row]), stretches[row])).or_default();
                lines.claims = counts[row];
                lines.claims_paid = Money(paid[row] + self.claim_rate.0 * counts[row]);
            }
            Ok(())
        })?;
        Ok(all)
    }
}

/// Contacts, service and complaints with their cost, by who caused them. The cost is that of `operations::record::cost`: what was
/// measured; else the rate of the reason; else that of the channel.
fn interactions(settings: &Settings, stretch: &str, only: &str) -> String {
    let rates = |column: &str, otherwise: &str| {
        let cases: String =
            settings.activity_rates.iter().map(|(name, rate)| format!(" WHEN {} THEN {rate}", quoted(name))).collect();
        if cases.is_empty() { otherwise.to_owned() } else { format!("CASE {column}{cases} ELSE {otherwise} END") }
    };
    let rate = rates("reason", &rates("channel", "0"));
    let (contact, service, complaint) = (Kind::Contact as i64, Kind::Service as i64, Kind::Complaint as i64);
    format!(
        "SELECT customer_id, stretch, kind, process, count(*), sum(cost) FROM (SELECT customer_id, \
         CAST({stretch} AS BIGINT) AS stretch, CAST(CASE WHEN reason = 'complaint' THEN {complaint} \
         WHEN direction = 'in' THEN {service} ELSE {contact} END AS BIGINT) AS kind, \
         CAST(CASE WHEN {} THEN 1 ELSE 0 END AS BIGINT) AS process, CAST(coalesce(cost, {rate}) AS BIGINT) AS cost \
         FROM (SELECT customer_id, occurred_at AS happened, direction, channel, reason, outcome, cost FROM interaction{only})) \
         GROUP BY customer_id, stretch, kind, process",
        process(settings)
    )
}

/// The condition that the company caused a contact: it began it, or its reason is the company's doing.
fn process(settings: &Settings) -> String {
    let of = |blame: Blame| {
        let names = settings.process_reasons.iter().filter(|(_, when)| **when == blame);
        names.map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(", ")
    };
    let mut conditions = vec!["direction = 'out'".to_owned()];
    let (always, upheld) = (of(Blame::Always), of(Blame::Upheld));
    if !always.is_empty() {
        conditions.push(format!("reason IN ({always})"));
    }
    if !upheld.is_empty() {
        let outcomes = UPHELD.map(quoted).join(", ");
        conditions.push(format!("(reason IN ({upheld}) AND coalesce(outcome, '') IN ({outcomes}))"));
    }
    conditions.join(" OR ")
}

fn quoted(text: impl AsRef<str>) -> String {
    format!("'{}'", text.as_ref().replace('\'', "''"))
}

/// A column of whole numbers, whatever its width; nothing counts as 0.
pub(in crate::reports) fn whole(batch: &RecordBatch, column: usize) -> Vec<i64> {
    let cast = arrow::compute::cast(batch.column(column), &DataType::Int64).expect("whole numbers");
    cast.as_primitive::<Int64Type>().iter().map(Option::unwrap_or_default).collect()
}
