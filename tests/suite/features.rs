//! Features against the reference of another implementation, and against the clock.

use std::collections::HashMap;

use vizavi::clock::Timestamp;
use vizavi::error::Kind;
use vizavi::features::{Catalogue, active_times, markdown, matrix, purchase_within};
use vizavi::history::facts::INTERACTION;
use vizavi::history::{Fact, Value};
use vizavi::ids::CustomerId;
use vizavi::models::timing::hour_of_week;
use vizavi::settings::Settings;

use crate::import::{Place, online_retail, shared};

/// The reference's names, in its order, without `uk`.
const NAMES: [&str; 14] = [
    "recency",
    "tenure",
    "freq",
    "monetary",
    "aov",
    "items",
    "lines_per_inv",
    "n_sku",
    "gap",
    "rec_over_gap",
    "freq30",
    "mon30",
    "freq90",
    "mon90",
];

#[test]
fn the_features_of_online_retail_are_those_of_the_reference() {
    let Some((place, _)) = online_retail() else { return };
    for (cut, customers) in [("2011-06-12", 2_811), ("2011-09-10", 3_370)] {
        let Some(reference) = shared(&format!("online_retail/features_cut_{cut}.csv")) else { return };
        let as_of = Timestamp::parse(cut).unwrap();
        let key = place.workspace.id_key();
        let (catalogue, settings) = (Catalogue::embedded(), Settings::default());
        let computed = matrix(&place.history, as_of, &catalogue, &NAMES, &settings)
            .unwrap()
            .select(&NAMES.map(String::from))
            .unwrap();
        assert_eq!(computed.customers.len(), customers);
        let british = country_is(place, "United Kingdom");
        let computed = computed.with_column("uk", |customer| f64::from(u8::from(british.contains_key(&customer))));
        let labels = purchase_within(&place.history, as_of, 90).unwrap();
        let mut reader = csv::Reader::from_path(&reference).unwrap();
        assert_eq!(reader.headers().unwrap().iter().skip(1).take(14).collect::<Vec<_>>(), NAMES);
        let mut rows = 0;
        for row in reader.records() {
            let row = row.unwrap();
            let customer = key.customer(&row[0]);
            let ours = computed.row(customer).unwrap_or_else(|| panic!("no row for a customer of the reference"));
            for (column, name) in NAMES.iter().chain(&["uk"]).enumerate() {
                let theirs: f64 = row[column + 1].parse().unwrap();
                // Prices of three decimals are rounded to cents by line here, and not there.
                let tolerance =
                    1e-9 * theirs.abs() + if name.starts_with("mon") || *name == "aov" { 0.05 } else { 1e-9 };
                assert!(
                    (ours[column] - theirs).abs() <= tolerance,
                    "{cut} {name}: {} instead of {theirs}",
                    ours[column]
                );
            }
            assert_eq!(u8::from(!labels.contains_key(&customer)), row[16].parse::<u8>().unwrap(), "{cut}: churn");
            rows += 1;
        }
        assert_eq!(rows, customers);
    }
}

fn country_is(place: &Place, country: &str) -> HashMap<CustomerId, ()> {
    let mut after = None;
    let mut found = HashMap::new();
    loop {
        let page = place.workspace.store().read(|conn| vizavi::customers::store::page(conn, after, 1_000)).unwrap();
        let Some(last) = page.last() else { return found };
        after = Some(last.id);
        found.extend(page.iter().filter(|c| c.country.as_deref() == Some(country)).map(|c| (c.id, ())));
    }
}

const HEADER: &str = "customer,occurred_at,order_key,sku,quantity,amount\n";

#[test]
fn what_happens_later_changes_no_feature() {
    let as_of = Timestamp::parse("2011-06-01").unwrap();
    let earlier =
        format!("{HEADER}A,2011-05-01,1,s,1,5\nA,2011-05-11,2,t,1,7\nB,2011-05-31T23:59:59.999999Z,3,s,2,9\n");
    let later = format!("{HEADER}A,2011-06-01,4,s,1,100\nB,2011-06-02,5,s,1,50\nC,2011-07-01,6,s,1,1\n");
    let contacts = "customer,occurred_at,direction,channel,reason\nA,2011-05-02,in,call,complaint\nB,2011-05-03,out,email,campaign\n";
    let later_contacts = "customer,occurred_at,direction,channel,reason\nA,2011-06-01,in,call,complaint\n";
    let returns = format!("{HEADER}A,2011-05-20,2,t,1,7\n");
    let place = Place::new();
    let features = || matrix(&place.history, as_of, &Catalogue::embedded(), &[], &Settings::default()).unwrap();
    place.import("orders", &place.file("o.csv", &earlier), None).unwrap();
    place.import("interactions", &place.file("i.csv", contacts), None).unwrap();
    place.import("returns", &place.file("r.csv", &returns), None).unwrap();
    let before = features();
    place.import("orders", &place.file("later.csv", &later), None).unwrap();
    place.import("interactions", &place.file("later_i.csv", later_contacts), None).unwrap();
    assert_eq!(features(), before);
    assert!(before.values.iter().all(|value| value.is_finite()));

    let of = |name: &str| {
        let row = before.row(place.workspace.id_key().customer("A")).unwrap();
        row[before.names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no feature {name}"))]
    };
    for (name, value) in [
        ("recency", 21.0),
        ("freq", 2.0),
        ("monetary", 12.0),
        ("gap", 10.0),
        ("gross_margin", 3.6),
        ("n_returns", 1.0),
        ("return_rate", 7.0 / 12.0),
        ("complaints90", 1.0),
        ("calls90", 1.0),
        // A complaint costs 15.00 and a return 7.00 by the rates.
        ("cost_to_serve", 22.0),
    ] {
        assert!((of(name) - value).abs() < 1e-9, "{name}: {} instead of {value}", of(name));
    }
    let labels = purchase_within(&place.history, as_of, 30).unwrap();
    assert_eq!((labels.len(), labels[&place.workspace.id_key().customer("A")].amount.0), (2, 10_000));
}

/// The value of a feature of one customer.
fn value(place: &Place, customer: &str, feature: &str, as_of: &str) -> f64 {
    let as_of = Timestamp::parse(as_of).unwrap();
    let made = matrix(&place.history, as_of, &Catalogue::embedded(), &[feature], &Settings::default()).unwrap();
    made.row(place.workspace.id_key().customer(customer)).unwrap_or_else(|| panic!("no row for {customer}"))[0]
}

fn assert_features(place: &Place, as_of: &str, wanted: &[(&str, f64)]) {
    for &(name, expected) in wanted {
        let found = value(place, "A", name, as_of);
        assert!((found - expected).abs() < 1e-9, "{name}: {found} instead of {expected}");
    }
}

/// Orders of 10.00 (two pieces, at a discount), 30.00 and 20.00 on days 0, 10 and 40 before the last; 2 groups of articles.
fn three_orders() -> Place {
    let place = Place::new();
    let text = "customer,occurred_at,order_key,sku,category,quantity,amount,discount\n\
        A,2011-01-03T09:00:00Z,1,s,tea,2,10,10\nA,2011-01-13T09:30:00Z,2,t,tea,1,30,0\nA,2011-02-12T23:00:00Z,3,u,cups,1,20,\n";
    place.import("orders", &place.file("o.csv", text), None).unwrap();
    place
}

#[test]
fn families_about_orders_give_what_was_worked_out_by_hand() {
    let place = three_orders();
    let (two_thirds, third) = (2.0 / 3.0_f64, 1.0 / 3.0_f64);
    assert_features(
        &place,
        "2011-03-01",
        &[
            ("pieces_per_order", 4.0 / 3.0),
            ("order_value_sd", 10.0),
            ("order_value_max", 30.0),
            ("category_entropy", -(two_thirds * two_thirds.ln() + third * third.ln())),
            ("category_top_share", two_thirds),
            ("piece_price", 15.0),
            // 5, 30 and 20 a piece.
            ("article_price", 55.0 / 3.0),
            ("reduced_share", 1.0 / 6.0),
            ("discount_depth", 0.5),
            ("reduced_articles", third),
            ("gap_last", 30.0 + 13.5 / 24.0),
            ("gap_trend", 20.0 + 13.0 / 24.0),
            ("spend_trend90", 60.0),
            ("orders_trend90", 3.0),
            ("q1_share", 1.0),
            ("december_share", 0.0),
            // The first Monday of 2011, at nine; a Thursday, at nine; a Saturday, late.
            ("active_mon", 1.0),
            ("active_thu", 1.0),
            ("weekend_share", third),
            ("office_share", two_thirds),
            ("peak_hour_share", third),
        ],
    );
    assert_features(&place, "2012-01-10", &[("season_last_year", 50.0), ("season_orders_last_year", 2.0)]);
    let mut times = Vec::new();
    let as_of = Timestamp::parse("2011-03-01").unwrap();
    let take = |_, active: &[Timestamp]| {
        times.extend(active.iter().map(|&at| hour_of_week(at, 0)));
        Ok(())
    };
    active_times(&place.history, as_of, &Catalogue::embedded(), &Settings::default(), take).unwrap();
    times.sort_unstable();
    assert_eq!(times, [9, 3 * 24 + 9, 5 * 24 + 23]);
}

#[test]
fn an_opened_message_counts_for_the_message_and_not_as_a_contact_of_the_customer() {
    let place = three_orders();
    let column = |name: &str| INTERACTION.columns.iter().position(|column| column.name == name).unwrap();
    let mut count = 0;
    let mut fact = |day: &str, direction: &str, channel: &str, outcome: &str, delivery: Option<i64>| {
        count += 1;
        let mut values = vec![Value::Null; INTERACTION.columns.len()];
        for (name, text) in
            [("direction", direction), ("channel", channel), ("reason", "campaign"), ("outcome", outcome)]
        {
            values[column(name)] = Value::Text(text.into());
        }
        values[column("delivery_id")] = delivery.map_or(Value::Null, Value::Int);
        values[column("duration_s")] = Value::Float(90.0);
        let customer = place.workspace.id_key().customer("A");
        Fact {
            customer,
            occurred_at: Timestamp::parse(day).unwrap(),
            source: "t".into(),
            key: format!("{count}"),
            values,
        }
    };
    // Four e-mails: one opened, one opened and clicked, one answered by a call, one ended; and an imported one, opened.
    let facts = [
        fact("2011-02-01", "out", "email", "sent", Some(1)),
        fact("2011-02-02", "in", "email", "opened", Some(1)),
        fact("2011-02-01", "out", "email", "sent", Some(2)),
        fact("2011-02-03", "in", "email", "opened", Some(2)),
        fact("2011-02-03", "in", "email", "clicked", Some(2)),
        fact("2011-02-04", "out", "email", "sent", Some(3)),
        fact("2011-02-05", "in", "call", "solved", Some(3)),
        fact("2011-02-06", "out", "email", "sent", Some(4)),
        fact("2011-02-07", "in", "email", "unsubscribed", Some(4)),
        fact("2011-02-08", "out", "email", "opened", None),
        fact("2011-02-09", "in", "call", "solved", None),
    ];
    place.history.append(&INTERACTION, &facts, Timestamp::parse("2011-03-01").unwrap()).unwrap();
    assert_features(
        &place,
        "2011-03-01",
        &[
            ("contacts90", 5.0),
            ("open_rate", 3.0 / 5.0),
            ("click_rate", 2.0 / 5.0),
            ("clicks90", 2.0),
            ("inbound90", 2.0),
            ("calls90", 2.0),
            ("email365", 5.0),
            ("email_answer_rate", 2.0 / 5.0),
            ("service_contacts", 2.0),
            ("service_minutes", 3.0),
            ("calls_per_order", 2.0 / 3.0),
        ],
    );
}

#[test]
fn an_own_family_that_is_wrong_is_a_clear_error_and_can_neither_write_nor_see_the_future() {
    let place = three_orders();
    let own = place.folder.path().join("features");
    std::fs::create_dir_all(&own).unwrap();
    let run = |sql: &str| {
        let header = "-- family: own\n-- grain: customer\n-- window: all\n-- as of: facts before :as_of\n-- feature: own | x | 0 | x\n";
        std::fs::write(own.join("own.sql"), format!("{header}{sql}")).unwrap();
        let catalogue = Catalogue::load(place.folder.path()).unwrap();
        let as_of = Timestamp::parse("2011-02-01").unwrap();
        matrix(&place.history, as_of, &catalogue, &["own"], &Settings::default())
    };
    let copied = place.folder.path().join("copied.csv");
    let copy = format!("COPY (SELECT * FROM order_item) TO '{}' STORED AS CSV", copied.display());
    let future = "SELECT customer_id, count(*) AS own FROM order_item WHERE occurred_at >= :as_of GROUP BY customer_id";
    for wrong in [
        "SELECT customer_id, count(*) AS own FROM no_such_table GROUP BY customer_id",
        "SELECT customer_id, count(*) AS other FROM order_item GROUP BY customer_id",
        "SELECT customer_id, min(sku) AS own FROM order_item GROUP BY customer_id",
        "SELEKT",
        "CREATE VIEW order_item AS SELECT 1",
        "DROP TABLE order_item",
        &copy,
    ] {
        let error = run(wrong).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{wrong}: {error}");
        assert!(error.to_string().contains("own.sql"), "{wrong}: {error}");
    }
    assert!(!copied.exists());
    let seen = run(future).unwrap();
    assert_eq!((seen.customers.len(), seen.values[[0, 0]]), (1, 0.0));
}

/// `UPDATE=1` writes the page anew.
#[test]
fn the_page_of_features_is_that_of_the_headers() {
    let path = "docs/FEATURES.md";
    let page = markdown(&Catalogue::embedded());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == page, "docs/FEATURES.md is stale: run UPDATE=1 cargo test --test suite features");
}
