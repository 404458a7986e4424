//! Serving rows: what the transaction that accepts a fact writes is what `score` rebuilds from all facts.

use std::collections::HashMap;

use vizavi::clock::{DAY, HOUR, Timestamp};
use vizavi::customers::{self, Totals};
use vizavi::features::matrix;
use vizavi::ids::CustomerId;
use vizavi::money::Money;
use vizavi::operations::record::{self, NewInteraction, NewItem, NewOrder};
use vizavi::operations::score::score;
use vizavi::progress::Silent;
use vizavi::random::Stream;

use super::service::Service;

const BEGIN: &str = "2025-01-01T00:00:00Z";

/// A company's year in facts that do not come in order.
struct Year {
    draw: Stream,
    begin: Timestamp,
}

impl Year {
    fn new(seed: u64) -> Year {
        Year { draw: Stream::new(seed, "serving rows"), begin: Timestamp::parse(BEGIN).unwrap() }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.draw.next_u64() % limit
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        (self.below(2) == 0).then_some(value)
    }

    fn orders(&mut self, count: u64) -> Vec<NewOrder> {
        let mut orders = Vec::new();
        for _ in 0..count {
            // Few numbers, so that some are reported again: whole, with more lines, and as returns.
            let number = self.below(40);
            let items = (0..1 + self.below(4)).map(|line| {
                let amount = Money(100 + (number * 37 + line * 11) as i64);
                let cost = (line % 2 == 0).then_some(Money(50));
                NewItem { sku: format!("A{line}"), quantity: 1, amount, cost, discount: None, category: None }
            });
            orders.push(NewOrder {
                customer: format!("C-{}", number % 6),
                order: format!("O-{number}"),
                occurred_at: Some(self.begin.plus((number as i64 * 7_919 % 360) * DAY)),
                currency: None,
                channel: None,
                returned: number.is_multiple_of(5),
                items: items.collect(),
            });
        }
        orders
    }

    fn interactions(&mut self, from: i64, count: u64) -> Vec<NewInteraction> {
        let mut interactions = Vec::new();
        for number in 0..count {
            let pick = |list: &[&str], at: u64| list[at as usize].to_owned();
            let key = format!("I-{}", from + number as i64 - self.below(3) as i64);
            let cost = self.below(900) as i64;
            interactions.push(NewInteraction {
                customer: format!("C-{}", self.below(6)),
                key: Some(key),
                occurred_at: Some(self.begin.plus((from + number as i64) * HOUR)),
                direction: "in".into(),
                channel: pick(&["call", "email", "pigeon"], self.below(3)),
                reason: pick(&["complaint", "question", "order"], self.below(3)),
                outcome: self.maybe(()).map(|()| if cost % 2 == 0 { "open".into() } else { "solved".into() }),
                duration_s: None,
                cost: self.maybe(Money(cost)),
                campaign: None,
            });
        }
        interactions
    }
}

fn totals(service: &Service) -> HashMap<CustomerId, Totals> {
    service.ws.store().read(customers::totals::all).unwrap()
}

#[test]
fn kept_by_each_fact_they_are_what_score_rebuilds() {
    Service::on_both_stores(|service| {
        let mut year = Year::new(11);
        let ws = &service.ws;
        for round in 0..12 {
            let (orders, interactions) = (year.orders(9), year.interactions(round * 20, 17));
            record::orders(ws, orders.clone()).unwrap();
            record::interactions(ws, interactions).unwrap();
            // The same report again changes nothing.
            record::orders(ws, orders).unwrap();
            if round % 4 == 3 {
                ws.history().seal_tail(ws.now()).unwrap();
            }
        }
        let kept = totals(service);
        score(ws, &Silent).unwrap();
        let rebuilt = totals(service);
        assert_eq!(kept.len(), 6);
        for (customer, kept) in &kept {
            assert_eq!(kept, &rebuilt[customer]);
        }
        let all: Vec<&Totals> = kept.values().collect();
        assert!(all.iter().any(|t| t.open_complaints > 0) && all.iter().all(|t| t.orders > 0 && t.cost_to_serve.0 > 0));
    });
}

#[test]
fn cost_to_serve_is_the_feature_of_this_name() {
    let service = Service::new();
    let mut year = Year::new(12);
    record::orders(&service.ws, year.orders(60)).unwrap();
    record::interactions(&service.ws, year.interactions(3, 60)).unwrap();
    let ws = &service.ws;
    let matrix = matrix(ws.history(), ws.now(), ws.features(), &["cost_to_serve"], ws.settings()).unwrap();
    let feature = matrix.column("cost_to_serve").unwrap();
    let kept = totals(&service);
    assert!(matrix.customers.len() > 3);
    for (row, customer) in matrix.customers.iter().enumerate() {
        assert_eq!((feature[row] * 100.0).round() as i64, kept[customer].cost_to_serve.0);
    }
}

#[test]
fn a_late_order_does_not_move_the_last_purchase_back_and_a_return_takes_its_margin_away() {
    let service = Service::new();
    let order = |number: &str, at: &str, returned: bool| NewOrder {
        customer: "C-1".into(),
        order: number.into(),
        occurred_at: Some(Timestamp::parse(at).unwrap()),
        currency: None,
        channel: None,
        returned,
        items: vec![NewItem {
            sku: "A".into(),
            quantity: 1,
            amount: Money(1_000),
            cost: Some(Money(400)),
            discount: None,
            category: None,
        }],
    };
    let orders = vec![order("2", "2026-01-20", false), order("1", "2025-12-01", false), order("3", "2026-01-25", true)];
    record::orders(&service.ws, orders).unwrap();
    let kept = totals(&service)[&service.ws.id_key().customer("C-1")];
    assert_eq!(kept.last_order_at, Some(Timestamp::parse("2026-01-20").unwrap()));
    assert_eq!((kept.orders, kept.revenue), (2, Money(2_000)));
    // Two margins of 6.00, less one, less 7.00 for handling the return.
    assert_eq!((kept.cost_to_serve, kept.profit), (Money(700), Money(600 - 700)));
}

#[test]
fn what_two_requests_change_at_once_adds_up() {
    Service::on_both_stores(|service| {
        let threads = 4;
        std::thread::scope(|scope| {
            for thread in 0..threads {
                scope.spawn(move || {
                    for number in 0..10 {
                        let report = |customer: &str| NewInteraction {
                            customer: customer.into(),
                            key: Some(format!("{thread}-{number}-{customer}")),
                            occurred_at: None,
                            direction: "in".into(),
                            channel: "call".into(),
                            reason: "question".into(),
                            outcome: None,
                            duration_s: None,
                            cost: Some(Money(3)),
                            campaign: None,
                        };
                        let mut both = vec![report("C-1"), report("C-2")];
                        // Locks are taken in one order, whatever the order of the report.
                        if thread % 2 == 0 {
                            both.reverse();
                        }
                        record::interactions(&service.ws, both).unwrap();
                    }
                });
            }
        });
        for totals in totals(service).values() {
            assert_eq!(totals.cost_to_serve, Money(3 * 10 * threads));
        }
    });
}
