//! Profitability against an independent recomputation: facts of a made-up company are recorded, and every figure is added up again
//! here, one fact after another.

use std::collections::BTreeMap;

use proptest::prelude::*;
use vizavi::clock::{DAY, Timestamp};
use vizavi::customers::{Customer, store as customers};
use vizavi::money::Money;
use vizavi::operations::access::{Role, user};
use vizavi::operations::record::{self, NewClaim, NewInteraction, NewItem, NewOrder};
use vizavi::operations::score::score;
use vizavi::progress::Silent;
use vizavi::random::Stream;
use vizavi::reports::profit::activity::Life;
use vizavi::reports::profit::equity::Flow;
use vizavi::reports::profit::{equity, export, kept, report, statement};

use crate::api::service::{PASSWORD, Service};
use crate::console::{form_token, log_in};

const CLIENTS: u64 = 40;

/// What one client brought and cost, added up fact by fact.
#[derive(Debug, Default, Clone)]
struct Sum {
    orders: Vec<Timestamp>,
    revenue: i64,
    goods: i64,
    returned: i64,
    goods_back: i64,
    returns: i64,
    charged: i64,
    process: i64,
    claims: i64,
}

impl Sum {
    fn profit(&self, claims: i64) -> i64 {
        self.revenue - self.goods - (self.returned - self.goods_back) - self.returns * 700 - self.charged - claims
    }
}

struct Company {
    service: Service,
    sums: BTreeMap<String, Sum>,
    cost_of_winning: BTreeMap<String, i64>,
}

/// The company on the embedded store and, where PostgreSQL is installed, on a new database.
fn on_both_stores(test: impl Fn(&str, &Company)) {
    test("SQLite", &company_of(Service::new()));
    if let Some(url) = crate::support::postgres::database() {
        test("PostgreSQL", &company_of(Service::on(Some(&url))));
    }
}

fn company_of(service: Service) -> Company {
    let now = service.ws.now();
    let mut draw = Stream::new(5, "profit");
    let (mut sums, mut cost_of_winning) = (BTreeMap::<String, Sum>::new(), BTreeMap::new());
    let (mut orders, mut calls, mut claims) = (Vec::new(), Vec::new(), Vec::new());
    for client in 0..CLIENTS {
        let key = format!("C-{client}");
        let sum = sums.entry(key.clone()).or_default();
        let begin = now.plus(-(40 + draw.below(1_500) as i64) * DAY);
        let days = ((now.0 - begin.0) / DAY) as usize;
        for number in 0..1 + draw.below(6) {
            let returned = number > 0 && draw.below(4) == 0;
            let at = if number == 0 { begin } else { begin.plus(draw.below(days) as i64 * DAY) };
            let amount = 500 + draw.below(9_000) as i64;
            // Without a cost of goods the margin of the settings counts: 30 of 100.
            let cost = (draw.below(3) > 0).then_some(amount * 6 / 10);
            let goods = cost.unwrap_or(amount - (amount as f64 * 0.3).round() as i64);
            if returned {
                sum.returns += 1;
                sum.returned += amount;
                sum.goods_back += goods;
            } else {
                sum.orders.push(at);
                sum.revenue += amount;
                sum.goods += goods;
            }
            let (sku, cost, amount) = ("A".to_owned(), cost.map(Money), Money(amount));
            orders.push(NewOrder {
                customer: key.clone(),
                order: format!("{key}-{number}"),
                occurred_at: Some(at),
                currency: None,
                channel: None,
                returned,
                items: vec![NewItem { sku, quantity: 1, amount, cost, discount: Some(Money(10)), category: None }],
            });
        }
        for number in 0..draw.below(5) {
            let (direction, reason, outcome, rate, process) = [
                ("in", "question", "solved", 450, false),
                ("out", "campaign", "opened", 450, true),
                ("in", "complaint", "closed", 1_500, false),
                ("in", "complaint", "upheld", 1_500, true),
                ("in", "late_delivery", "solved", 450, true),
            ][draw.below(5)];
            *(if process { &mut sum.process } else { &mut sum.charged }) += rate;
            calls.push(NewInteraction {
                customer: key.clone(),
                key: Some(format!("{key}-{number}")),
                occurred_at: Some(begin.plus(draw.below(days) as i64 * DAY)),
                direction: direction.into(),
                channel: "call".into(),
                reason: reason.into(),
                outcome: Some(outcome.into()),
                duration_s: None,
                cost: None,
                campaign: None,
            });
        }
        if client % 4 == 0 {
            sum.claims += 1;
            claims.push(NewClaim {
                customer: key.clone(),
                claim: key.clone(),
                status: "paid".into(),
                key: None,
                occurred_at: Some(begin.plus(20 * DAY)),
                kind: None,
                amount: Some(Money(if client == 0 { 900_000 } else { 4_000 })),
                order: None,
                reason: None,
            });
        }
        cost_of_winning.insert(key, 100 * (client % 30) as i64);
    }
    record::orders(&service.ws, orders).unwrap();
    record::interactions(&service.ws, calls).unwrap();
    record::claims(&service.ws, claims).unwrap();
    win(&service, &cost_of_winning);
    kept::refresh(&service.ws, &Silent).unwrap();
    Company { service, sums, cost_of_winning }
}

fn win(service: &Service, costs: &BTreeMap<String, i64>) {
    let rows = |conn: &mut vizavi::storage::Connection| -> vizavi::Result<Vec<Customer>> {
        costs
            .iter()
            .map(|(key, cost)| {
                let known = customers::by_external_id(conn, key)?;
                Ok(Customer { acquisition_cost: Some(Money(*cost)), ..known })
            })
            .collect()
    };
    service.ws.store().write(|conn| rows(conn).and_then(|rows| customers::upsert(conn, &rows))).unwrap();
}

#[test]
fn every_figure_is_what_the_facts_add_up_to() {
    on_both_stores(|_, company| figures_of(company));
}

fn figures_of(company: &Company) {
    let ws = &company.service.ws;
    let found = report(ws, &Silent).unwrap();
    let mut nets = Vec::new();
    for (key, sum) in &company.sums {
        let one = statement(ws, key).unwrap();
        assert_eq!((one.lines.revenue.0, one.lines.cost_of_goods.0), (sum.revenue, sum.goods), "{key}");
        assert_eq!(
            (one.lines.returned.0, one.lines.goods_back.0, one.lines.returns),
            (sum.returned, sum.goods_back, sum.returns)
        );
        assert_eq!((one.process_cost.0, one.activity_cost.0), (sum.process, sum.charged + sum.returns * 700), "{key}");
        assert_eq!(one.lines.claims, sum.claims);
        let years = (ws.now().0 - sum.orders.iter().min().unwrap().0) as f64 / DAY as f64 / 365.25;
        assert_eq!(one.lines.claims_expected, found.claims.expected(years, sum.claims), "{key}");
        assert_eq!(one.profit.0, sum.profit(one.lines.claims_expected.0), "{key}");
        assert_eq!(one.net_profit.0, one.profit.0 - company.cost_of_winning[key]);
        let months: Money = one.months.iter().map(|month| month.profit).sum();
        assert_eq!(months, one.profit, "{key}: months add up to the whole");
        assert_eq!(one.diagnosis.is_some(), one.net_profit <= Money::ZERO, "{key}");
        nets.push(one.net_profit.0);
    }
    // A claim of 9,000.00 does not fall on the client who had it.
    let claimed = statement(ws, "C-0").unwrap();
    assert!(claimed.lines.claims_paid.0 >= 900_000 && claimed.lines.claims_expected.0 < 300_000, "{claimed:?}");
    let total: i64 = nets.iter().sum();
    assert_eq!((found.clients, found.net_profit.0), (CLIENTS as i64, total));
    assert_eq!(found.months.iter().map(|month| month.profit).sum::<Money>(), found.profit);
    assert_eq!(found.unprofitable.unprofitable, nets.iter().filter(|net| **net <= 0).count() as i64);
    assert_eq!(found.by_tenure.iter().map(|band| band.profit.0).sum::<i64>(), total);
    assert_eq!(found.causes.iter().map(|cause| cause.clients).sum::<i64>(), found.unprofitable.unprofitable);
    nets.sort_unstable_by(|a, b| b.cmp(a));
    for percent in 0..=100 {
        let best: i64 = nets[..(nets.len() * percent).div_ceil(100)].iter().sum();
        assert_eq!(found.whale.cumulative[percent].0, best, "{percent} %");
    }
    assert_eq!(found.payback.clients, company.cost_of_winning.values().filter(|cost| **cost > 0).count() as i64);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clients.csv");
    assert_eq!(export::clients(ws, false, &file).unwrap(), CLIENTS);
    let text = std::fs::read_to_string(&file).unwrap();
    let sum = |column: usize| -> i64 {
        text.lines().skip(1).map(|line| line.split(',').nth(column).unwrap().parse::<i64>().unwrap()).sum()
    };
    assert_eq!((sum(3), sum(17) - sum(18)), (found.lines.revenue.0, total));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

/// The same rows in both formats, by month too.
#[test]
fn every_clients_lines_are_exported_as_csv_and_as_parquet() {
    on_both_stores(|_, company| exports_of(company));
}

fn exports_of(company: &Company) {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Int64Type;

    let (ws, folder) = (&company.service.ws, tempfile::tempdir().unwrap());
    for by_month in [false, true] {
        let [text, columns] = ["clients.csv", "clients.parquet"].map(|name| folder.path().join(name));
        let rows = export::clients(ws, by_month, &text).unwrap();
        assert_eq!(export::clients(ws, by_month, &columns).unwrap(), rows);
        assert!(if by_month { rows > CLIENTS } else { rows == CLIENTS });
        let text = std::fs::read_to_string(&text).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let file = std::fs::File::open(&columns).unwrap();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let names: Vec<String> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, header);
        let mut read = 0;
        for batch in reader.build().unwrap().map(Result::unwrap) {
            for row in 0..batch.num_rows() {
                let cell = |column: usize| match batch.column(column).as_primitive_opt::<Int64Type>() {
                    Some(numbers) => numbers.value(row).to_string(),
                    None if batch.column(column).is_null(row) => String::new(),
                    None => batch.column(column).as_string::<i32>().value(row).to_owned(),
                };
                let cells: Vec<String> = (0..names.len()).map(cell).collect();
                assert_eq!(cells.join(","), lines.next().unwrap());
                assert_eq!(cells[1].is_empty(), !by_month);
                read += 1;
            }
        }
        assert_eq!((read, lines.next()), (rows, None));
    }
}

#[test]
fn equity_reconciles_and_is_what_clients_are_worth() {
    on_both_stores(|_, company| equity_of(company));
}

fn equity_of(company: &Company) {
    let ws = &company.service.ws;
    let (from, until) = (ws.now().plus(-365 * DAY), ws.now());
    let found = equity(ws, from, until, &Silent).unwrap();
    for flow in found.segments.iter().chain([&found.all]) {
        assert_eq!(flow.reconciled(), flow.closing, "{}", flow.segment);
    }
    let active = |sum: &&Sum| sum.orders.iter().any(|at| *at >= until.plus(-365 * DAY));
    assert_eq!(found.all.closing.clients, company.sums.values().filter(active).count() as i64);
    let worth = |(key, _): (&String, &Sum)| statement(ws, key).unwrap().net_profit;
    let closing: Money = company.sums.iter().filter(|(_, sum)| active(sum)).map(worth).sum();
    assert_eq!(found.all.closing.value, closing);
    assert!(found.all.lost.clients + found.all.reactivated.clients > 0 && found.all.new.clients > 0);
    assert_eq!(found.survival.iter().map(|cohort| cohort.clients).sum::<i64>(), CLIENTS as i64);
    assert!(equity(ws, until, from, &Silent).is_err() && equity(ws, from, until.plus(DAY), &Silent).is_err());
}

#[test]
fn reports_are_kept_and_read_over_rest_and_on_the_console() {
    on_both_stores(|_, company| reports_of(company));
}

fn reports_of(company: &Company) {
    let (ws, service) = (&company.service.ws, &company.service);
    score(ws, &Silent).unwrap();
    kept::refresh(ws, &Silent).unwrap();
    let (kept, made) = (kept::profit(ws).unwrap().expect("a report"), report(ws, &Silent).unwrap());
    assert_eq!(
        (kept.net_profit, kept.whale.cumulative, kept.by_tenure),
        (made.net_profit, made.whale.cumulative, made.by_tenure)
    );
    assert_eq!(
        (kept.months.len(), kept.wallets, kept.lines.activities),
        (made.months.len(), made.wallets, made.lines.activities)
    );
    let kpis = service.get("/v1/kpis").by(Role::Viewer).send();
    assert_eq!(kpis.status, 200, "{}", kpis.text);
    let kpis = kpis.json();
    assert_eq!(kpis["profitability"]["clients"], CLIENTS);
    assert_eq!(kpis["equity"]["all"]["segment"], "all");
    let one = service.get("/v1/customers/C-3/profit").by(Role::Viewer).send().json();
    assert!(one["months"].as_array().is_some_and(|months| !months.is_empty()), "{one}");
    service.get("/v1/customers/nobody/profit").by(Role::Viewer).send().problem(404);
    let stretch = service.get("/v1/kpis/equity?from=2026-01-01&to=2025-01-01").by(Role::Viewer).send();
    stretch.problem(422);
    let whole = service.get("/v1/kpis/profit").by(Role::Viewer).send().json();
    assert_eq!(whole["whale"]["cumulative"].as_array().unwrap().len(), 101);
}

/// Before the first report nothing is made on the way: pages and requests say so at once, and the worker makes it when asked.
#[test]
fn without_a_report_pages_say_so_and_have_the_worker_make_it() {
    Service::on_both_stores(|service| {
        let ws = &service.ws;
        user::create(ws, "marketer@example.com", Role::Marketer, PASSWORD, "test").unwrap();
        user::create(ws, "viewer@example.com", Role::Viewer, PASSWORD, "test").unwrap();
        let order = r#"{"customer":"C-1","order":"A","items":[{"sku":"s","quantity":1,"amount":5000}]}"#;
        assert_eq!(service.post("/v1/orders").by(Role::Ingest).json(order).send().status, 200);
        let claim = r#"{"customer":"C-1","claim":"K","status":"paid","amount":700}"#;
        assert_eq!(service.post("/v1/claims").by(Role::Ingest).json(claim).send().status, 200);
        service.clock.set(ws.now().plus(DAY));

        let kpis = service.get("/v1/kpis").by(Role::Viewer).send().json();
        assert!(kpis["profitability"].is_null() && kpis["equity"].is_null(), "{kpis}");
        assert!(kpis["note"].as_str().unwrap().contains("vizavi score"), "{kpis}");
        for path in ["/v1/kpis/profit", "/v1/kpis/equity"] {
            let problem = service.get(path).by(Role::Viewer).send().problem(404);
            assert!(problem["detail"].as_str().unwrap().contains("vizavi score"), "{problem}");
        }
        let one = service.get("/v1/customers/C-1/profit").by(Role::Viewer).send().json();
        // A margin of 30 %, and the claim with what was paid for it.
        assert_eq!(
            (one["profit"].as_i64(), one["claims"].is_null(), one["diagnosis"].is_null()),
            (Some(800), true, true)
        );
        assert!(one["note"].as_str().unwrap().contains("after the first `vizavi score`"), "{one}");
        assert!(kept::profit(ws).unwrap().is_none(), "nothing was made on the way");

        let cookie = log_in(service, "marketer@example.com");
        let page = || service.get("/profit").header("cookie", &cookie).send().text;
        assert!(
            page().contains("No report of profitability has been computed yet") && page().contains("Compute it now")
        );
        let client = service.get("/customers/C-1").header("cookie", &cookie).send().text;
        assert!(client.contains("cause of a loss, repair and potential are known after"), "{client}");
        let viewer = log_in(service, "viewer@example.com");
        assert!(!service.get("/profit").header("cookie", &viewer).send().text.contains("Compute it now"));
        let token = form_token(&page());
        let ask = || service.post("/profit").header("cookie", &cookie).form(&[("form_token", &token)]).send().status;
        assert_eq!((ask(), ask()), (303, 303));
        assert!(page().contains("It is being made") && !page().contains("Compute it now"));
        let worked =
            vizavi::jobs::work(ws, &vizavi::jobs::Stop::default(), true, Some(vizavi::jobs::Only::Jobs)).unwrap();
        assert!(worked.done >= 1 && worked.dead == 0, "{worked:?}");
        let jobs = ws.store().read(|conn| vizavi::jobs::queue::page(conn, None, None, 50)).unwrap();
        assert_eq!(jobs.iter().filter(|job| job.kind == "report").count(), 1, "asked twice, made once");
        assert!(page().contains("Profit and loss of all clients so far") && page().contains("Compute it now"));
        assert_eq!(service.get("/v1/kpis/profit").by(Role::Viewer).send().json()["clients"], 1);
        let one = service.get("/v1/customers/C-1/profit").by(Role::Viewer).send().json();
        assert!(one["note"].is_null() && one["claims"]["severity"] == 700.0, "{one}");
    });
}

proptest! {
    #[test]
    fn what_came_in_and_went_out_makes_up_the_closing_value(
        clients in proptest::collection::vec((proptest::collection::vec(0i64..1_500, 0..6), -9_999i64..9_999, -9_999i64..9_999), 0..40),
        from in 300i64..900,
        length in 1i64..700,
    ) {
        let instants = [Timestamp(from * DAY), Timestamp((from + length) * DAY)];
        let mut flow = Flow::default();
        for (days, before, after) in &clients {
            let life = Life::of_orders(days.iter().map(|day| Timestamp(day * DAY)));
            flow.add(&life, instants, [Money(*before), Money(*after)]);
        }
        prop_assert_eq!(flow.reconciled(), flow.closing);
    }
}
