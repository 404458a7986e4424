//! The store, on both databases: transactions, concurrency, migrations.

use diesel::prelude::*;
use vizavi::clock::Timestamp;
use vizavi::customers::{Customer, store as customers};
use vizavi::error::Kind;
use vizavi::ids::CustomerId;
use vizavi::offers::{OfferSpec, store as offers};
use vizavi::storage::{Store, migrate, schema, workspace};
use vizavi::{Error, Result};

use crate::support::stores::{on_both_stores, open};

#[test]
fn a_failed_write_leaves_nothing_and_a_good_one_stays() {
    on_both_stores(|name, location| {
        let store = open(location);
        let failed: Result<()> = store.write(|conn| {
            workspace::set(conn, "a", "1")?;
            Err(Error::conflict("no"))
        });
        assert_eq!(failed.unwrap_err().kind(), Kind::Conflict, "{name}");
        store.write(|conn| workspace::set(conn, "b", "2")).unwrap();
        let again = Store::open(location).unwrap();
        let found = again.read(|conn| Ok((workspace::get(conn, "a")?, workspace::get(conn, "b")?))).unwrap();
        assert_eq!(found, (None, Some("2".into())), "{name}");
    });
}

#[test]
fn migrating_twice_applies_nothing_and_a_foreign_schema_is_refused() {
    on_both_stores(|name, location| {
        let store = open(location);
        assert_eq!(migrate::migrate(&store, Timestamp(1)).unwrap(), Vec::<&str>::new(), "{name}");
        store
            .write(|conn| {
                diesel::sql_query("INSERT INTO schema_migration VALUES ('999_future', 'x', 0)").execute(conn)?;
                Ok(())
            })
            .unwrap();
        let refused = migrate::migrate(&store, Timestamp(2)).unwrap_err();
        assert_eq!(refused.kind(), Kind::Conflict, "{name}");
        assert!(refused.message().contains("999_future"), "{name}: {refused}");
    });
}

#[test]
fn many_customers_are_written_at_once_and_a_later_row_keeps_what_it_leaves_empty() {
    on_both_stores(|name, location| {
        let store = open(location);
        let rows: Vec<Customer> = (0..1_201)
            .map(|i| Customer {
                email: Some(format!("c{i}@example.com")),
                ..Customer::unknown(CustomerId(i), &format!("C{i}"), Timestamp(5))
            })
            .collect();
        store.write(|conn| customers::upsert(conn, &rows)).unwrap();
        let later = Customer { first_name: Some("Ann".into()), ..Customer::unknown(CustomerId(7), "C7", Timestamp(9)) };
        // The same key twice in one call: the second must see the first.
        store.write(|conn| customers::upsert(conn, &[later.clone(), later.clone()])).unwrap();
        let (count, seven) =
            store.read(|conn| Ok((customers::count(conn)?, customers::by_external_id(conn, "C7")?))).unwrap();
        assert_eq!(count, 1_201, "{name}");
        assert_eq!(
            (seven.first_name.as_deref(), seven.email.as_deref()),
            (Some("Ann"), Some("c7@example.com")),
            "{name}"
        );
        assert_eq!(seven.version, 3, "{name}");
    });
}

#[test]
fn stock_never_goes_below_zero_whoever_takes_it() {
    on_both_stores(|name, location| {
        let store = open(location);
        let spec: OfferSpec = toml::from_str("name = 'o'\nstock = 40\n[benefit]\namount = 100\n").unwrap();
        let offer = store.write(|conn| offers::put(conn, &spec, Timestamp(1))).unwrap();
        let taken: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..8)
                .map(|_| {
                    let store = store.clone();
                    scope.spawn(move || {
                        (0..10).filter(|_| store.write(|conn| offers::reserve(conn, offer.id, 1)).is_ok()).count()
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(taken, 40, "{name}");
        let used: i64 = store.read(|conn| Ok(schema::offer::table.select(schema::offer::used).first(conn)?)).unwrap();
        assert_eq!(used, 40, "{name}");
    });
}
