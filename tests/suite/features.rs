//! Features against the reference of another implementation, and against the clock.

use std::collections::HashMap;

use vizavi::clock::Timestamp;
use vizavi::features::{Catalogue, matrix, purchase_within};
use vizavi::ids::CustomerId;
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
