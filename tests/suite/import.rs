//! Import, from the file to what history and the store then know.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use vizavi::clock::{ManualClock, Timestamp};
use vizavi::error::Kind;
use vizavi::history::import::Report;
use vizavi::history::{History, Options};
use vizavi::operations::import::{Import, import};
use vizavi::operations::{self, Workspace};
use vizavi::progress::Silent;

/// A new workspace with its history.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub workspace: Workspace,
    pub history: History,
}

impl Place {
    pub fn new() -> Place {
        Place::on(None)
    }

    /// One on the embedded store and, where PostgreSQL is installed, one on a new database.
    pub fn on_both_stores() -> Vec<(&'static str, Place)> {
        let mut places = vec![("SQLite", Place::new())];
        places.extend(crate::support::postgres::database().map(|url| ("PostgreSQL", Place::on(Some(&url)))));
        places
    }

    fn on(database_url: Option<&str>) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::parse("2012-01-01").unwrap()));
        let workspace = Workspace::open(folder.path(), database_url, clock, operations::Options::default()).unwrap();
        let history = History::open(workspace.store(), folder.path(), &Options::default()).unwrap();
        Place { folder, workspace, history }
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn import(&self, kind: &str, file: &Path, mapping: Option<PathBuf>) -> vizavi::Result<Report> {
        self.import_as(kind, file, mapping, false)
    }

    fn import_as(&self, kind: &str, file: &Path, mapping: Option<PathBuf>, dry_run: bool) -> vizavi::Result<Report> {
        let what = Import { kind: kind.into(), file: file.to_owned(), mapping, dry_run, again: false, sorted: None };
        import(&self.workspace, &self.history, &what, &Silent)
    }

    pub fn count(&self, sql: &str) -> i64 {
        let rows = self.history.query(sql).unwrap();
        rows[0].column(0).as_primitive::<Int64Type>().value(0)
    }

    fn customers(&self) -> i64 {
        self.workspace.store().read(vizavi::customers::store::count).unwrap()
    }
}

/// A file of the shared data; none, saying so, where they are absent.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = crate::support::root();
    let places = [root.join("../shared/data"), root.join("../../shared/data")];
    let found = places.iter().map(|place| place.join(path)).find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: ../shared/data/{path} is absent");
    }
    found
}

/// A mapping that is shipped.
pub fn mapping(name: &str) -> Option<PathBuf> {
    Some(crate::support::root().join("docs/mappings").join(name))
}

/// A workspace that holds Online Retail, and the report of its import; read once for all tests that look at it.
pub fn online_retail() -> Option<&'static (Place, Report)> {
    static READ: OnceLock<Option<(Place, Report)>> = OnceLock::new();
    let read = READ.get_or_init(|| {
        let file = shared("online_retail/online_retail.csv.gz")?;
        let place = Place::new();
        let report = place.import("orders", &file, mapping("online_retail.toml")).unwrap();
        Some((place, report))
    });
    read.as_ref()
}

#[test]
fn online_retail_is_read_to_the_last_line() {
    let Some((place, report)) = online_retail() else { return };
    assert_eq!((report.lines, report.accepted, report.rejected), (541_909, 397_884 + 8_905, 135_120), "{report}");
    let reasons: Vec<(&str, u64)> = report.reasons.iter().map(|r| (r.reason.as_str(), r.count)).collect();
    assert_eq!(reasons, [("no customer", 135_080), ("price is not above 0", 40)]);
    assert_eq!(place.count("SELECT count(*) FROM order_item"), 397_884);
    assert_eq!(place.count("SELECT count(DISTINCT customer_id) FROM order_item"), 4_338);
    assert_eq!(place.count("SELECT count(*) FROM return_item"), 8_905);
    // One of the 4,372 bought nothing but a line without a price.
    assert_eq!((place.customers(), report.duplicates["orders"]), (4_371, 0));
    // The sum of the reference is of unrounded products: prices of three decimals make the difference.
    let cents = place.count("SELECT sum(amount) FROM order_item");
    assert!((cents - 891_140_790).abs() < 100, "{cents}");

    // The same facts in another format are the same facts.
    let Some(file) = shared("online_retail/online_retail.parquet") else { return };
    let again = place.import("orders", &file, mapping("online_retail.toml")).unwrap();
    assert_eq!((again.lines, again.rejected, &again.records), (541_909, 135_120, &report.records));
    assert_eq!((again.duplicates["orders"], again.duplicates["returns"]), (397_884, 8_905));
    assert_eq!(place.count("SELECT count(*) FROM order_item"), 397_884);
}

#[test]
fn every_shipped_mapping_reads_its_file() {
    for (kind, file, name, accepted) in [
        ("orders", "cdnow/CDNOW_sample.txt", "cdnow.toml", 6_919),
        ("customers", "starbucks/profile.json", "starbucks_customers.toml", 17_000),
        ("decisions", "starbucks/offers_long.csv.gz", "starbucks_offers.toml", 76_277),
        ("customers", "telco/telco_churn.csv", "telco.toml", 7_043),
        ("decisions", "hillstrom/hillstrom.csv", "hillstrom.toml", 64_000),
        ("decisions", "obd/random/all.csv", "obd.toml", 10_000),
    ] {
        let Some(file) = shared(file) else { return };
        let place = Place::new();
        let report = place.import(kind, &file, mapping(name)).unwrap();
        assert_eq!((report.accepted, report.rejected), (accepted, 0), "{name}: {report}");
        if kind == "customers" {
            assert_eq!(place.customers(), accepted as i64, "{name}");
        }
    }
}

const ORDERS: &str = "customer_id,occurred_at,order_id,sku,quantity,amount\n\
    C1,2011-05-01T10:00:00Z,A,s1,2,10.50\n\
    C2,2011-05-02,B,s1,one,3\n\
    C2,2011-05-02,B,s2,1,3,7\n\
    C3,2011-13-02,D,s2,1,3\n";

#[test]
fn rejected_lines_are_explained_and_can_be_mended() {
    let place = Place::new();
    let file = place.file("shop.csv", ORDERS);
    let tried = place.import_as("orders", &file, None, true).unwrap();
    assert_eq!((tried.accepted, tried.rejected, place.customers()), (1, 3, 0));
    assert_eq!(place.count("SELECT count(*) FROM order_item"), 0);

    let report = place.import("orders", &file, None).unwrap();
    assert_eq!((report.accepted, report.rejected, report.new_customers), (1, 3, 1), "{report}");
    let reasons: Vec<(&str, &[u64])> = report.reasons.iter().map(|r| (r.reason.as_str(), &r.first_lines[..])).collect();
    let expected: [(&str, &[u64]); 3] = [
        ("`occurred_at` is not a time of the expected form", &[5]),
        ("`quantity` is not a number", &[3]),
        ("has 7 fields instead of 6", &[4]),
    ];
    assert_eq!(reasons, expected);
    let rejects = PathBuf::from(report.rejects.unwrap());
    let mended = std::fs::read_to_string(&rejects)
        .unwrap()
        .replace(",one,", ",1,")
        .replace(",3,7,", ",3,")
        .replace("2011-13-02", "2011-12-02");
    std::fs::write(&rejects, mended).unwrap();
    let second = place.import("orders", &rejects, None).unwrap();
    assert_eq!((second.accepted, second.rejected), (3, 0), "{second}");
    assert_eq!(place.count("SELECT sum(amount) FROM order_item"), 1050 + 300 * 3);
    // The mended lines are the same facts in the whole file: importing it adds nothing.
    let whole = place.file("shop.csv", &ORDERS.replace(",one,", ",1,").replace(",3,7", ",3").replace("-13-", "-12-"));
    let third = place.import("orders", &whole, None).unwrap();
    assert_eq!((third.accepted, place.count("SELECT count(*) FROM order_item")), (4, 4), "{third}");
}

#[test]
fn broken_input_changes_nothing_and_says_where() {
    let place = Place::new();
    let good = "[[record]]\ntarget = \"orders\"\n[record.fields]\ncustomer = \"customer_id\"\noccurred_at = \"occurred_at\"\n\
        order_key = \"order_id\"\nsku = \"sku\"\nquantity = \"quantity\"\namount = \"amount\"\n";
    let cases: [(&str, String, &str, &str, Option<u64>); 5] = [
        ("unknown column", good.replace("\"sku\"", "\"article\""), ORDERS, "article", Some(1)),
        ("unknown field", good.replace("sku =", "colour ="), ORDERS, "record[0].fields.colour", None),
        ("wrong currency", format!("[defaults]\ncurrency = \"USD\"\n{good}"), ORDERS, "defaults.currency", None),
        ("unknown zone", format!("[defaults]\nzone = \"Mars/Base\"\n{good}"), ORDERS, "defaults.zone", None),
        ("not TOML", format!("{good}x x"), ORDERS, "", Some(10)),
    ];
    for (what, mapping, file, key, line) in cases {
        let (mapping, file) = (place.file("m.toml", &mapping), place.file("f.csv", file));
        let error = place.import("orders", &file, Some(mapping)).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{what}: {error}");
        let fault =
            error.fault_list().iter().find(|fault| fault.key == key).unwrap_or_else(|| panic!("{what}: {error}"));
        assert!(fault.file.is_some() && (line.is_none() || fault.line == line), "{what}: {error}");
    }
    let unnamed = place.file("f.csv", &ORDERS.replace("sku", "Artikel"));
    let error = place.import("orders", &unnamed, None).unwrap_err();
    assert!(error.fault_list().iter().any(|fault| fault.key == "Artikel"), "{error}");
    assert_eq!((place.count("SELECT count(*) FROM order_item"), place.customers()), (0, 0));
    assert_eq!(std::fs::read_dir(place.folder.path().join("history/staging")).unwrap().count(), 0);
}

#[test]
fn what_is_not_a_fact_goes_to_the_store_and_leaves_the_rest_as_it_was() {
    let place = Place::new();
    let store = place.workspace.store();
    let first = "customer,email,country,attributes.age\nC1,a@example.com,BG,41\nC2,not an address,BG,7\n";
    let report = place.import("customers", &place.file("c.csv", first), None).unwrap();
    assert_eq!((report.accepted, report.rejected), (1, 1), "{report}");
    assert!(!report.reasons[0].reason.contains("not an address"), "{}", report.reasons[0].reason);
    let second = "{\"customer\": \"C1\", \"first_name\": \"Ann\", \"attributes.size\": \"M\"}\n";
    place.import("customers", &place.file("c.ndjson", second), None).unwrap();
    let known = store.read(|conn| vizavi::customers::store::by_external_id(conn, "C1")).unwrap();
    assert_eq!((known.email.as_deref(), known.first_name.as_deref()), (Some("a@example.com"), Some("Ann")));
    assert_eq!(known.attributes, r#"{"age":41,"size":"M"}"#);

    let consents = "customer,channel,granted,recorded_at\nC1,email,yes,2011-01-01\nC9,sms,no,2011-01-01\nC1,sms,maybe,2011-01-01\n";
    let report = place.import("consents", &place.file("consents.csv", consents), None).unwrap();
    assert_eq!((report.accepted, report.rejected, place.customers()), (2, 1, 2), "{report}");
    let given = store.read(|conn| vizavi::customers::store::consents_of(conn, known.id)).unwrap();
    assert!(given.len() == 1 && given[0].granted);

    let suppressed = place.file("s.csv", "channel,address\nemail,A@Example.com\n");
    place.import("suppressions", &suppressed, None).unwrap();
    let reason = store.read(|conn| vizavi::customers::suppression::reason(conn, "email", "a@example.com")).unwrap();
    assert_eq!(reason.as_deref(), Some("import"));

    let offers = "name,title,percent,amount,least_basket\nten,Ten off,10,,50\nboth,Both,10,5,\n";
    let report = place.import("offers", &place.file("o.csv", offers), None).unwrap();
    assert_eq!((report.accepted, report.rejected), (1, 1), "{report}");
    let offers = store.read(vizavi::offers::store::all).unwrap();
    assert_eq!((offers.len(), offers[0].spec.least_basket.0), (1, 5_000));
}

#[test]
fn offers_come_as_whole_definitions_too_all_or_none() {
    let place = Place::new();
    let offers = crate::support::root().join("campaigns/offers.ndjson");
    let report = place.import("offers", &offers, None).unwrap();
    assert_eq!((report.accepted, report.rejected), (5, 0));
    let bad = place.file(
        "bad.ndjson",
        "{\"name\":\"a\",\"benefit\":{\"percent\":5}}\n{\"name\":\"b\",\"benefit\":{\"percent\":500}}\n",
    );
    let error = place.import("offers", &bad, None).unwrap_err();
    assert_eq!((error.kind(), error.fault_list()[0].line), (Kind::Invalid, Some(2)), "{error}");
    let kept = place.workspace.store().read(vizavi::offers::store::all).unwrap();
    assert_eq!(kept.len(), 5, "nothing of the bad file was kept");
}
