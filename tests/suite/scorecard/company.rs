//! The simulated company with costs of winning, leads, contracts, surveys and a measured campaign.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use serde_json::json;
use vizavi::clock::{DAY, Timestamp};
use vizavi::customers::{Customer, prospects, service as staff, store as customers};
use vizavi::ids::CustomerId;
use vizavi::money::Money;
use vizavi::operations::access::Role;
use vizavi::operations::import::{Import, import};
use vizavi::operations::record::{self, NewInteraction, NewItem, NewOrder, NewSubscription};
use vizavi::operations::{run, send};
use vizavi::progress::Silent;
use vizavi::random::Stream;
use vizavi::settings::Settings;
use vizavi::simulation::company::Shape;
use vizavi::simulation::{Company, export};

use crate::api::service::Service;

/// Customers of the company.
const CUSTOMERS: usize = 500;

/// The company on the embedded store and, where PostgreSQL is installed, on a new database.
pub fn on_both_stores(test: impl Fn(&str, &Service)) {
    test("SQLite", &company(None));
    if let Some(url) = crate::support::postgres::database() {
        test("PostgreSQL", &company(Some(&url)));
    }
}

fn company(url: Option<&str>) -> Service {
    let settings = Settings { holdout: 0.3, exploration: 0.0, quiet_hours: [0, 0], ..Settings::default() };
    let service = Service::with(url, settings);
    let ws = &service.ws;
    let shape = Shape { customers: CUSTOMERS, seed: 11, now: ws.now(), ..Shape::default() };
    let company = Company::generate(shape).unwrap();
    let folder = ws.data().join("company");
    std::fs::create_dir_all(&folder).unwrap();
    export::write(&company, &folder).unwrap();
    for kind in ["customers", "consents", "orders", "returns", "interactions"] {
        let what = Import {
            kind: kind.into(),
            file: folder.join(format!("{kind}.csv")),
            mapping: Some(folder.join(format!("{kind}.toml"))),
            dry_run: false,
            again: false,
            sorted: None,
        };
        assert_eq!(import(ws, ws.history(), &what, &Silent).unwrap().rejected, 0, "{kind}");
    }
    won(&service);
    contracts_and_surveys(&service);
    campaign(&service);
    service
}

/// Every third client was won at a known cost; every prospect came by a lead; every tenth client was brought by another.
fn won(service: &Service) {
    let ws = &service.ws;
    let mut draw = Stream::new(3, "winning");
    let all = ws.store().read(|conn| customers::page(conn, None, 10_000)).unwrap();
    let mut changed: Vec<Customer> = Vec::new();
    let mut leads: BTreeMap<i64, prospects::Lead> = BTreeMap::new();
    for (at, customer) in all.iter().enumerate() {
        let days = 10 + draw.below(700) as i64;
        if at % 3 == 0 {
            let acquired_at = Some(ws.now().plus(-days * DAY));
            let acquisition_cost = Some(Money(100 + draw.below(6_000) as i64));
            changed.push(Customer { acquired_at, acquisition_cost, ..customer.clone() });
        }
        if customer.kind == "prospect" || at % 7 == 0 {
            let cost = Money(200 + draw.below(500) as i64);
            let at = ws.now().plus(-days * DAY);
            leads.insert(
                days * 1_000 + customer.id.0 % 1_000,
                prospects::Lead {
                    id: customer.id.0,
                    customer_id: customer.id,
                    source: "fair".into(),
                    cost,
                    at,
                    campaign: None,
                    converted_at: None,
                },
            );
        }
    }
    let pairs: Vec<(CustomerId, CustomerId)> =
        all.windows(2).step_by(10).map(|pair| (pair[0].id, pair[1].id)).collect();
    ws.store()
        .write(|conn| {
            customers::upsert(conn, &changed)?;
            leads.values().try_for_each(|lead| prospects::add(conn, lead).map(drop))?;
            let at = ws.now().plus(-40 * DAY);
            pairs.iter().try_for_each(|(by, who)| staff::refer(conn, *by, *who, at).map(drop))
        })
        .unwrap();
}

fn contracts_and_surveys(service: &Service) {
    let ws = &service.ws;
    let mut draw = Stream::new(4, "contracts");
    let all = ws.store().read(|conn| customers::page(conn, None, 10_000)).unwrap();
    let (mut steps, mut answers) = (Vec::new(), Vec::new());
    for (at, customer) in all.iter().enumerate() {
        let begin = ws.now().plus(-(30 + draw.below(800) as i64) * DAY);
        if at % 11 == 0 {
            let step = |status: &str, at: Timestamp, paid_until: Option<Timestamp>| NewSubscription {
                customer: customer.external_id.clone(),
                subscription: format!("S-{}", customer.external_id),
                status: status.into(),
                key: None,
                occurred_at: Some(at),
                plan: None,
                price: None,
                period_days: None,
                paid_until,
                reason: None,
            };
            let paid_until = (draw.below(2) == 0).then(|| begin.plus(draw.below(900) as i64 * DAY));
            steps.push(step("started", begin, paid_until));
            if draw.below(3) == 0 {
                steps.push(step("ended", begin.plus(25 * DAY), None));
            }
        }
        if at % 4 == 0 {
            answers.push(interaction(customer, "survey", &format!("answer_{}", draw.below(11)), begin, at));
        }
        if at % 9 == 0 {
            answers.push(interaction(customer, "complaint", "upheld", begin, at));
            // What staff noted by hand is no mark.
            answers.push(interaction(customer, "survey", "answer_later", begin, at));
        }
    }
    record::subscriptions(ws, steps).unwrap();
    record::interactions(ws, answers).unwrap();
}

fn interaction(customer: &Customer, reason: &str, outcome: &str, at: Timestamp, number: usize) -> NewInteraction {
    NewInteraction {
        customer: customer.external_id.clone(),
        key: Some(format!("{reason}-{outcome}-{number}")),
        occurred_at: Some(at),
        direction: "in".into(),
        channel: "email".into(),
        reason: reason.into(),
        outcome: Some(outcome.into()),
        duration_s: None,
        cost: None,
        campaign: None,
    }
}

/// A campaign that ran and was measured: it was sent, some bought afterwards, and its window has ended.
fn campaign(service: &Service) {
    let ws = &service.ws;
    vizavi::operations::score::score(ws, &Silent).unwrap();
    let admin = service.key_of(Role::Admin);
    let offer = json!({ "name": "ten", "benefit": { "amount": 100 }, "base_rate": 0.3, "basket": 10_000 });
    let answer = service.put("/v1/offers/ten").key(&admin).json(&offer.to_string()).send();
    assert_eq!(answer.status, 201, "{}", answer.text);
    let spec = json!({
        "name": "keep", "offers": ["ten"], "conversion_days": 14,
        "channels": [{ "channel": "email", "hours": (0..24).collect::<Vec<_>>(), "hazard": 0.0 }],
    });
    let templates = json!({ "a/en/subject.hbs": "Hello", "a/en/text.hbs": "Hello {{customer.name}} {{offer.code}}" });
    let folder = json!({ "spec": spec, "templates": templates });
    let answer = service.put("/v1/campaigns/keep").key(&admin).json(&folder.to_string()).send();
    assert_eq!(answer.status, 201, "{}", answer.text);
    for verb in ["plan", "approve"] {
        let answer = service.post(&format!("/v1/campaigns/keep/{verb}")).key(&admin).json("{}").send();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    run::start(ws, "keep", Some("test"), "test").unwrap();
    for _ in 0..30 {
        send::send_due(ws, &AtomicBool::new(false)).unwrap();
        service.clock.set(ws.now().plus(DAY / 12));
    }
    service.clock.set(ws.now().plus(3 * DAY));
    let all = ws.store().read(|conn| customers::page(conn, None, 10_000)).unwrap();
    let mut draw = Stream::new(5, "afterwards");
    let orders = all.iter().filter(|_| draw.below(3) == 0).map(|customer| NewOrder {
        customer: customer.external_id.clone(),
        order: format!("after-{}", customer.external_id),
        occurred_at: Some(ws.now()),
        currency: None,
        channel: None,
        returned: false,
        items: vec![NewItem {
            sku: "A".into(),
            quantity: 1,
            amount: Money(5_000),
            cost: None,
            discount: Some(Money(100)),
            category: None,
        }],
    });
    record::orders(ws, orders.collect()).unwrap();
    service.clock.set(ws.now().plus(40 * DAY));
    ws.history().seal_tail(ws.now()).unwrap();
}
