//! Each indicator again, by SQL that was written from its definition and not from its code.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use vizavi::clock::{DAY, Timestamp};
use vizavi::history::Snapshot;
use vizavi::operations::Workspace;
use vizavi::operations::steering::Indicator;
use vizavi::progress::Silent;
use vizavi::reports::scorecard::{Readings, readings};

use super::company::on_both_stores;

/// A window in SQL.
struct Asked<'a> {
    ws: &'a Workspace,
    history: Snapshot,
    from: Timestamp,
    until: Timestamp,
}

fn at(instant: Timestamp) -> String {
    format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", instant.0)
}

impl Asked<'_> {
    fn new(ws: &Workspace, from: Timestamp, until: Timestamp) -> Asked<'_> {
        let asked = Asked { ws, history: ws.history().snapshot().unwrap(), from, until };
        asked.hold_store();
        asked
    }

    /// A query with the window filled in.
    fn filled(&self, sql: &str) -> String {
        let year = |instant: Timestamp| at(instant.plus(-365 * DAY));
        sql.replace("{active_from}", &active(&at(self.from), &year(self.from)))
            .replace("{active_until}", &active(&at(self.until), &year(self.until)))
            .replace("{clients}", &format!("({CLIENTS})"))
            .replace("{profit_from}", &profit(&at(self.from)))
            .replace("{profit_until}", &profit(&at(self.until)))
            .replace("{from}", &at(self.from))
            .replace("{until}", &at(self.until))
    }

    fn number(&self, sql: &str) -> f64 {
        let batches =
            self.history.query(&self.filled(sql)).unwrap_or_else(|error| panic!("{error:?}\n{}", self.filled(sql)));
        let batch = batches.iter().find(|batch| batch.num_rows() > 0).expect("a row");
        let column = arrow::compute::cast(batch.column(0), &DataType::Float64).unwrap();
        if column.is_null(0) { f64::NAN } else { column.as_primitive::<Float64Type>().value(0) }
    }

    fn by_name(&self, sql: &str) -> BTreeMap<String, f64> {
        let mut all = BTreeMap::new();
        for batch in self.history.query(&self.filled(sql)).unwrap() {
            let names = arrow::compute::cast(batch.column(0), &DataType::Utf8).unwrap();
            let values = arrow::compute::cast(batch.column(1), &DataType::Float64).unwrap();
            for row in 0..batch.num_rows() {
                let value =
                    if values.is_null(row) { f64::NAN } else { values.as_primitive::<Float64Type>().value(row) };
                all.insert(names.as_string::<i32>().value(row).to_owned(), value);
            }
        }
        all
    }

    /// Rows of the store as tables of the query: customers, leads, referrals, decisions and messages.
    fn hold_store(&self) {
        let held = [
            (
                "won",
                "SELECT c.id AS a, c.acquired_at AS b, c.acquisition_cost AS c, s.segment AS t FROM customer c LEFT JOIN customer_state s ON s.customer_id = c.id",
            ),
            ("leads", "SELECT customer_id AS a, at AS b, cost AS c, source AS t FROM lead"),
            ("referrals", "SELECT referred_id AS a, at AS b, referrer_id AS c, NULL AS t FROM referral"),
            (
                "decided",
                "SELECT customer_id AS a, decided_at AS b, campaign_run_id AS c, arm AS t FROM decision WHERE ordinal = 0 AND campaign_run_id IS NOT NULL",
            ),
            ("messages", "SELECT customer_id AS a, campaign_run_id AS b, cost AS c, state AS t FROM delivery"),
            (
                "values",
                "SELECT l.customer_id AS a, l.predicted AS b, l.computed_at AS c, s.segment AS t FROM lifetime_score l LEFT JOIN customer_state s ON s.customer_id = l.customer_id",
            ),
        ];
        for (name, sql) in held {
            let rows: Vec<Row> = self.ws.store().read(|conn| Ok(diesel::sql_query(sql).load(conn)?)).unwrap();
            let number = |value: Option<i64>| {
                value.map_or("CAST(NULL AS BIGINT)".to_owned(), |value| format!("CAST({value} AS BIGINT)"))
            };
            let text = |value: &Option<String>| {
                value
                    .as_ref()
                    .map_or("CAST(NULL AS VARCHAR)".to_owned(), |value| format!("'{}'", value.replace('\'', "''")))
            };
            let lines: Vec<String> = rows
                .iter()
                .map(|row| format!("({}, {}, {}, {})", row.a, number(row.b), number(row.c), text(&row.t)))
                .collect();
            let values = if lines.is_empty() {
                "(-1, CAST(0 AS BIGINT), CAST(0 AS BIGINT), '')".to_owned()
            } else {
                lines.join(", ")
            };
            let values = format!(
                "SELECT column1 AS customer_id, column2 AS b, column3 AS c, column4 AS t FROM (VALUES {values})"
            );
            self.history.hold(&format!("{name}_rows"), &values).unwrap();
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    a: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    b: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    c: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    t: Option<String>,
}

/// Since when each client is one: the first order or step of a contract.
const CLIENTS: &str = "SELECT customer_id, min(at) AS since FROM (SELECT customer_id, occurred_at AS at FROM order_item \
    UNION ALL SELECT customer_id, occurred_at AS at FROM subscription) GROUP BY customer_id";

/// Clients active at an instant: who had contracts before, while the last word on one of them is not its end; who had none, with an order
/// of the 365 days before.
fn active(at: &str, year_before: &str) -> String {
    format!(
        "(SELECT customer_id FROM (SELECT customer_id, max(runs) AS runs FROM (\
         SELECT customer_id, CASE WHEN status <> 'ended' AND (paid_until IS NULL OR paid_until >= {at}) THEN 1 ELSE 0 END AS runs, \
         row_number() OVER (PARTITION BY customer_id, subscription_key ORDER BY occurred_at DESC, \
         CASE WHEN status = 'ended' THEN 1 ELSE 0 END DESC) AS back FROM subscription WHERE occurred_at < {at}) \
         WHERE back = 1 GROUP BY customer_id) WHERE runs = 1 \
         UNION SELECT customer_id FROM (SELECT customer_id, order_key, min(occurred_at) AS began FROM order_item GROUP BY customer_id, order_key) \
         WHERE began < {at} AND began >= {year_before} AND customer_id NOT IN (SELECT customer_id FROM subscription WHERE occurred_at < {at}))"
    )
}

/// Profit of each client before an instant: 30 of 100 where a line has no cost; a return costs 7.00, a complaint without a measured cost 15.00,
/// an e-mail 0.01; what the company began, and complaints in which the client was right, cost the client nothing. No claims here.
fn profit(at: &str) -> String {
    let lines = |table: &str, sign: &str, handling: i64| {
        format!(
            "SELECT customer_id, {sign}(revenue - goods) - {handling} AS amount FROM (SELECT customer_id, order_key, min(occurred_at) AS began, \
             sum(amount) AS revenue, sum(coalesce(cost, amount - CAST(round(amount * 0.3) AS BIGINT))) AS goods FROM {table} \
             GROUP BY customer_id, order_key) WHERE began < {at}"
        )
    };
    format!(
        "(SELECT customer_id, sum(amount) AS profit FROM ({} UNION ALL {} UNION ALL SELECT customer_id, -coalesce(cost, CASE reason \
         WHEN 'complaint' THEN 1500 ELSE CASE channel WHEN 'email' THEN 1 WHEN 'call' THEN 450 WHEN 'sms' THEN 8 WHEN 'letter' THEN 90 \
         WHEN 'visit' THEN 300 ELSE 0 END END) AS amount FROM interaction WHERE occurred_at < {at} AND direction = 'in' \
         AND NOT (reason = 'complaint' AND outcome IN ('upheld', 'justified', 'refunded', 'replaced', 'compensated'))) GROUP BY customer_id)",
        lines("order_item", "", 0),
        lines("return_item", "-", 700),
    )
}

/// Contacts made, each with whether it was answered: by its own outcome, or by a click or an answer that names the same message.
const CONTACTS: &str = "(SELECT o.customer_id, o.occurred_at AS made_at, CASE WHEN o.outcome IN ('clicked', 'answered') \
    OR a.delivery_id IS NOT NULL THEN 1 ELSE 0 END AS answered FROM interaction o LEFT JOIN (SELECT DISTINCT delivery_id FROM interaction \
    WHERE direction = 'in' AND delivery_id IS NOT NULL AND outcome NOT IN ('opened', 'unsubscribed')) a ON a.delivery_id = o.delivery_id \
    WHERE o.direction = 'out')";

/// The arms of each run whose window lies within the asked one, with profit, discount and contacts of each customer in it.
const PEOPLE: &str = "(SELECT d.customer_id, d.c AS run, d.b AS decided, CASE WHEN d.t LIKE '%holdout' THEN 1 ELSE 0 END AS held, \
    coalesce(m.margin, 0) - coalesce(k.cost, 0) AS profit, coalesce(m.discount, 0) AS discount, coalesce(k.cost, 0) AS contacts \
    FROM decided_rows d \
    LEFT JOIN (SELECT customer_id, sum(margin) AS margin, sum(discount) AS discount FROM (\
    SELECT customer_id, CASE WHEN cost IS NULL THEN amount * 0.3 ELSE CAST(amount - cost AS DOUBLE) END AS margin, coalesce(discount, 0) AS discount \
    FROM order_item WHERE occurred_at >= {run_from} AND occurred_at < {run_until} UNION ALL \
    SELECT customer_id, -CASE WHEN cost IS NULL THEN amount * 0.3 ELSE CAST(amount - cost AS DOUBLE) END, 0 \
    FROM return_item WHERE occurred_at >= {run_from} AND occurred_at < {run_until}) GROUP BY customer_id) m ON m.customer_id = d.customer_id \
    LEFT JOIN (SELECT customer_id, b AS run, sum(c) AS cost FROM messages_rows WHERE t = 'sent' GROUP BY customer_id, b) k \
    ON k.customer_id = d.customer_id AND k.run = d.c)";

/// Each indicator that needs nothing but the window.
fn plain() -> Vec<(Indicator, String)> {
    let ratio = |above: &str, below: &str| {
        format!("SELECT CAST((SELECT {above}) AS DOUBLE) / nullif(CAST((SELECT {below}) AS DOUBLE), 0)")
    };
    let opening = "count(*) FROM {active_from} a";
    let kept = "count(*) FROM {active_from} a WHERE customer_id IN {active_until}";
    let served = "count(*) FROM (SELECT customer_id FROM {active_from} UNION SELECT customer_id FROM {active_until})";
    let inside = |column: &str| format!("{column} >= {{from}} AND {column} < {{until}}");
    let is_client = "customer_id IN (SELECT customer_id FROM {clients} WHERE since < {until})";
    let contacts = |more: &str| format!("count(*) FROM {CONTACTS} WHERE {} {more}", inside("made_at"));
    let count = |sql: String| format!("SELECT {sql}");
    let new = format!("count(*) FROM {{clients}} WHERE {}", inside("since"));
    let cost = "coalesce(w.c, l.c, 0)";
    let leads = "LEFT JOIN (SELECT customer_id, sum(c) AS c FROM leads_rows GROUP BY customer_id) l ON l.customer_id = w.customer_id";
    let won = "coalesce(arrow_cast(w.b, 'Timestamp(Microsecond, Some(\"UTC\"))'), k.since)";
    let winning = format!(
        "sum(amount) FROM (SELECT {cost} AS amount FROM won_rows w JOIN {{clients}} k ON k.customer_id = w.customer_id {leads} \
         WHERE k.since < {{until}} AND {} UNION ALL SELECT l.c AS amount FROM leads_rows l WHERE l.customer_id NOT IN \
         (SELECT customer_id FROM {{clients}} WHERE since < {{until}}) AND {})",
        inside(won),
        inside("arrow_cast(l.b, 'Timestamp(Microsecond, Some(\"UTC\"))')"),
    );
    let orders =
        "(SELECT customer_id, order_key, min(occurred_at) AS began FROM order_item GROUP BY customer_id, order_key)";
    let buyers = format!("(SELECT DISTINCT customer_id FROM {orders} WHERE began < {{until}})");
    let unprofitable = format!(
        "count(*) FROM {buyers} b JOIN {{profit_until}} p ON p.customer_id = b.customer_id JOIN won_rows w ON w.customer_id = b.customer_id \
         JOIN {{clients}} k ON k.customer_id = b.customer_id {leads} WHERE p.profit - CASE WHEN {won} < {{until}} THEN {cost} ELSE 0 END <= 0"
    );
    let profit = "sum(p.profit - coalesce(q.profit, 0)) FROM {profit_until} p LEFT JOIN {profit_from} q ON q.customer_id = p.customer_id \
                  WHERE p.customer_id IN (SELECT customer_id FROM {clients})";
    vec![
        (Indicator::RetentionRate, ratio(kept, opening)),
        (
            Indicator::AttritionRate,
            ratio("count(*) FROM {active_from} a WHERE customer_id NOT IN {active_until}", opening),
        ),
        (Indicator::ActiveClients, count("count(*) FROM {active_until} a".into())),
        (Indicator::NewClients, count(new.clone())),
        (Indicator::AcquisitionCost, ratio(&winning, &new)),
        (Indicator::UnprofitableShare, ratio(&unprofitable, &format!("count(*) FROM {buyers} b"))),
        (Indicator::ProfitPerClient, ratio(profit, served)),
        (Indicator::ContactsPerClient, ratio(&contacts(&format!("AND {is_client}")), served)),
        (
            Indicator::ContactsPerProspect,
            ratio(
                &contacts(&format!("AND NOT {is_client}")),
                &format!("count(DISTINCT customer_id) FROM {CONTACTS} WHERE {} AND NOT {is_client}", inside("made_at")),
            ),
        ),
        (
            Indicator::ResponseRate,
            ratio(&format!("sum(answered) FROM {CONTACTS} WHERE {}", inside("made_at")), &contacts("")),
        ),
        (
            Indicator::Satisfaction,
            format!(
                "SELECT avg(CAST(marks.column2 AS DOUBLE)) FROM interaction JOIN (VALUES ('answer_0', 0), ('answer_1', 1), ('answer_2', 2), \
                 ('answer_3', 3), ('answer_4', 4), ('answer_5', 5), ('answer_6', 6), ('answer_7', 7), ('answer_8', 8), ('answer_9', 9), \
                 ('answer_10', 10)) marks ON marks.column1 = outcome WHERE reason = 'survey' AND direction = 'in' AND {}",
                inside("occurred_at")
            ),
        ),
        (
            Indicator::ComplaintsPerOrder,
            ratio(
                &format!(
                    "count(*) FROM interaction WHERE reason = 'complaint' AND direction = 'in' AND {}",
                    inside("occurred_at")
                ),
                &format!("count(*) FROM {orders} WHERE {}", inside("began")),
            ),
        ),
        (
            Indicator::ReferredClients,
            count(format!(
                "count(*) FROM referrals_rows WHERE {} AND {is_client}",
                inside("arrow_cast(b, 'Timestamp(Microsecond, Some(\"UTC\"))')")
            )),
        ),
    ]
}

fn reading(found: &Readings, indicator: Indicator) -> f64 {
    found.series(indicator, 365).next().unwrap().value.unwrap_or(f64::NAN)
}

fn same(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

/// Every indicator of the window that ends now, and those of the whole series where SQL can tell them as well.
fn compare(ws: &Workspace, what: &str) -> Vec<Indicator> {
    let found = readings(ws, ws.now(), &Silent).unwrap();
    let (mut told, mut wrong) = (Vec::new(), Vec::new());
    for back in [0, 2, 7] {
        let window = found.series(Indicator::RetentionRate, 365).nth(back).unwrap();
        let asked = Asked::new(ws, window.from, window.until);
        for (indicator, sql) in plain() {
            let own = found.series(indicator, 365).nth(back).unwrap().value.unwrap_or(f64::NAN);
            let again = asked.number(&sql);
            // Where nobody has told what winning cost, SQL finds nothing spent, and the scorecard says that nothing is known.
            let unknown = indicator == Indicator::AcquisitionCost && again == 0.0 && own.is_nan();
            if !same(own, again) && !unknown {
                wrong.push(format!("window {back}: {} is {own}, SQL says {again}", indicator.key()));
            }
            if back == 0 && own.is_finite() {
                told.push(indicator);
            }
        }
    }
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
    told
}

#[test]
fn every_indicator_of_the_simulated_company_is_what_sql_says() {
    on_both_stores(|store, service| {
        let ws = &service.ws;
        let told = compare(ws, store);
        let untold: Vec<_> = plain().into_iter().map(|(i, _)| i).filter(|i| !told.contains(i)).collect();
        assert!(untold.is_empty(), "{store}: nothing to compare for {untold:?}");
        runs_again(ws, store);
        segments_again(ws, store);
        paybacks_again(ws, store);
    });
}

/// What campaigns did, from the decisions and messages of the store and the orders of history.
fn runs_again(ws: &Workspace, store: &str) {
    let found = readings(ws, ws.now(), &Silent).unwrap();
    let window = found.series(Indicator::RetentionRate, 365).next().unwrap();
    let asked = Asked::new(ws, window.from, window.until);
    let shown = vizavi::operations::results::results(ws, "keep").unwrap();
    assert_eq!(shown.runs.len(), 1);
    let decided = shown.runs[0].decided_at;
    let people = PEOPLE.replace("{run_from}", &at(decided)).replace("{run_until}", &at(shown.runs[0].window_until));
    let incremental = format!(
        "SELECT sum(CASE WHEN held = 0 THEN 1 ELSE 0 END) * (avg(CASE WHEN held = 0 THEN profit END) - avg(CASE WHEN held = 1 THEN profit END)) \
         FROM {people}"
    );
    let (own, again) = (reading(&found, Indicator::IncrementalProfit), asked.number(&incremental));
    assert!(same(own, again), "{store}: incremental profit is {own}, SQL says {again}");
    let year = at(decided.plus(-365 * DAY));
    let stayed = format!(
        "(SELECT held, avg(still) AS share, count(*) AS n FROM (SELECT held, CASE WHEN a.customer_id IS NULL THEN 0.0 ELSE 1.0 END AS still \
         FROM {people} p LEFT JOIN {{active_until}} a ON a.customer_id = p.customer_id WHERE p.customer_id IN {}) GROUP BY held)",
        active(&at(decided), &year)
    );
    let kept = format!(
        "SELECT max(CASE WHEN held = 0 THEN n END) * (max(CASE WHEN held = 0 THEN share END) - max(CASE WHEN held = 1 THEN share END)) FROM {stayed}"
    );
    let spent = format!(
        "SELECT sum(contacts) + sum(CASE WHEN held = 0 THEN 1 ELSE 0 END) * \
         (avg(CASE WHEN held = 0 THEN CAST(discount AS DOUBLE) END) - avg(CASE WHEN held = 1 THEN CAST(discount AS DOUBLE) END)) FROM {people}"
    );
    let line = found.series(Indicator::RetentionCost, 365).next().unwrap();
    let [own_spent, own_kept] = line.of.unwrap();
    let (spent, kept) = (asked.number(&spent), asked.number(&kept));
    assert!(same(own_spent, spent) && same(own_kept, kept), "{store}: {:?}, SQL says {spent} / {kept}", line.of);
    // A campaign that kept nobody has no price of a client kept.
    assert_eq!(line.value.is_some(), kept > 0.0);
    if let Some(cost) = line.value {
        let ratio = reading(&found, Indicator::AcquisitionCost) / cost;
        assert!(same(reading(&found, Indicator::AcquisitionToRetention), ratio), "{store}");
    }
}

fn segments_again(ws: &Workspace, store: &str) {
    let found = readings(ws, ws.now(), &Silent).unwrap();
    let window = found.series(Indicator::RetentionRate, 365).next().unwrap();
    let asked = Asked::new(ws, window.from, window.until);
    let sql = "SELECT coalesce(w.t, 'none') AS segment, count(*) FROM {active_until} a JOIN won_rows w ON w.customer_id = a.customer_id GROUP BY segment";
    let again = asked.by_name(sql);
    for (segment, reading) in found.segments(Indicator::ActiveClients, 365) {
        assert!(same(reading.value.unwrap(), again.get(segment).copied().unwrap_or(0.0)), "{store}: {segment}");
    }
    // Whoever is served without having bought yet has no profit, and counts all the same.
    let sql = "SELECT segment, CAST(sum(profit) AS DOUBLE) / nullif(sum(served), 0) FROM (\
        SELECT coalesce(w.t, 'none') AS segment, p.profit - coalesce(q.profit, 0) AS profit, 0 AS served \
        FROM {profit_until} p LEFT JOIN {profit_from} q ON q.customer_id = p.customer_id JOIN won_rows w ON w.customer_id = p.customer_id \
        WHERE p.customer_id IN (SELECT customer_id FROM {clients}) UNION ALL \
        SELECT coalesce(w.t, 'none') AS segment, 0 AS profit, 1 AS served \
        FROM (SELECT customer_id FROM {active_from} UNION SELECT customer_id FROM {active_until}) s \
        JOIN won_rows w ON w.customer_id = s.customer_id) GROUP BY segment";
    let again = asked.by_name(sql);
    for (segment, reading) in found.segments(Indicator::ProfitPerClient, 365) {
        assert!(
            same(reading.value.unwrap_or(0.0), again.get(segment).copied().unwrap_or(0.0)),
            "{store}: {segment}: {:?} {again:?}",
            reading.value
        );
    }
}

/// The median of payback over clients, and each client's own.
fn paybacks_again(ws: &Workspace, store: &str) {
    let found = readings(ws, ws.now(), &Silent).unwrap();
    let window = found.series(Indicator::RetentionRate, 365).next().unwrap();
    let asked = Asked::new(ws, window.from, window.until);
    let again = asked.by_name(&paybacks());
    let mut months: Vec<f64> = Vec::new();
    for (id, of_sql) in &again {
        let id = vizavi::ids::CustomerId(id.parse().unwrap());
        let key = ws.store().read(|conn| vizavi::customers::store::by_id(conn, id)).unwrap().unwrap().external_id;
        let own = vizavi::reports::profit::statement(ws, &key).unwrap().payback.expect("its cost is known");
        assert!(same(own.months.unwrap_or(f64::NAN), *of_sql), "{store}: {id} {own:?}, SQL says {of_sql}");
        months.push(if of_sql.is_nan() { f64::INFINITY } else { *of_sql });
    }
    months.sort_by(f64::total_cmp);
    let median = months[(months.len() - 1) / 2];
    assert!(same(reading(&found, Indicator::PaybackMonths), median), "{store}: {median} of {months:?}");
}

/// Of each client who was won at a known cost and has ordered, the months from the begin of the month in which that was until the sum of
/// monthly profits first reaches the cost; none where it has not.
fn paybacks() -> String {
    let month = |column: &str| {
        format!("(CAST(date_part('year', {column}) AS BIGINT) * 12 + CAST(date_part('month', {column}) AS BIGINT) - 1)")
    };
    let lines = |table: &str, sign: &str, handling: i64| {
        format!(
            "SELECT customer_id, began AS at, {sign}(revenue - goods) - {handling} AS amount FROM (SELECT customer_id, order_key, \
             min(occurred_at) AS began, sum(amount) AS revenue, sum(coalesce(cost, amount - CAST(round(amount * 0.3) AS BIGINT))) AS goods \
             FROM {table} GROUP BY customer_id, order_key)"
        )
    };
    let won = "arrow_cast(w.b, 'Timestamp(Microsecond, Some(\"UTC\"))')";
    format!(
        "SELECT CAST(w.customer_id AS VARCHAR), min(CASE WHEN so_far >= w.c THEN m + CASE WHEN amount > 0 THEN greatest(0.0, CAST(w.c - (so_far - amount) AS DOUBLE) / amount) \
         ELSE 0.0 END END) AS months FROM won_rows w JOIN (SELECT customer_id, m, amount, sum(amount) OVER (PARTITION BY customer_id ORDER BY m) AS so_far \
         FROM (SELECT f.customer_id, greatest(0, {} - {}) AS m, sum(f.amount) AS amount FROM ({} UNION ALL {} UNION ALL \
         SELECT customer_id, occurred_at, -coalesce(cost, CASE reason WHEN 'complaint' THEN 1500 ELSE CASE channel WHEN 'email' THEN 1 \
         WHEN 'call' THEN 450 ELSE 0 END END) FROM interaction WHERE direction = 'in' AND NOT (reason = 'complaint' AND outcome = 'upheld')) f \
         JOIN won_rows w ON w.customer_id = f.customer_id WHERE w.b IS NOT NULL GROUP BY f.customer_id, m)) s ON s.customer_id = w.customer_id \
         WHERE w.c > 0 AND w.customer_id IN (SELECT customer_id FROM order_item) GROUP BY w.customer_id",
        month("f.at"),
        month(won),
        lines("order_item", "", 0),
        lines("return_item", "-", 700),
    )
}

/// The value of the base is what the scores add up to.
pub fn base_value(ws: &Workspace) -> f64 {
    let asked = Asked::new(ws, ws.now().plus(-365 * DAY), ws.now());
    asked.number("SELECT sum(b) FROM values_rows")
}

#[test]
fn every_indicator_of_online_retail_is_what_sql_says() {
    let Some((place, _)) = crate::import::online_retail() else { return };
    let ws = &place.workspace;
    let told = compare(ws, "online retail");
    // It knows neither contacts nor what winning a client cost.
    for indicator in [
        Indicator::RetentionRate,
        Indicator::AttritionRate,
        Indicator::ActiveClients,
        Indicator::NewClients,
        Indicator::UnprofitableShare,
        Indicator::ProfitPerClient,
        Indicator::ComplaintsPerOrder,
    ] {
        assert!(told.contains(&indicator), "{told:?}");
    }
    let line = readings(ws, ws.now(), &Silent).unwrap();
    let shown = line.series(Indicator::RetentionRate, 365).next().unwrap();
    eprintln!("online retail: retention {:?} of {:?}", shown.value, shown.of);
    let counted = Asked::new(ws, shown.from, shown.until);
    let clients = counted.history.query("SELECT count(DISTINCT customer_id) FROM order_item").unwrap();
    assert_eq!(clients[0].column(0).as_primitive::<Int64Type>().value(0), 4_338);
}
