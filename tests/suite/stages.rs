//! Stages stay true as time goes by: the worker brings them up to now, whether or not anything happens.

use std::sync::Arc;

use vizavi::clock::{DAY, HOUR, ManualClock, Timestamp};
use vizavi::customers::store as customers;
use vizavi::jobs::{self, Only, Stop, queue};
use vizavi::operations::record::{self, NewItem, NewOrder};
use vizavi::operations::score::score;
use vizavi::operations::{Options, Workspace, segments as rules};
use vizavi::progress::Silent;
use vizavi::segments::rule::{SegmentSpec, store as rule_store};
use vizavi::segments::stage::store as kept;

const BEGIN: &str = "2026-02-02T09:00:00Z";

struct Company {
    ws: Workspace,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

/// Three clients who bought every ten days until yesterday, and one who was only seen.
fn company(database_url: Option<&str>, settings: &str) -> Company {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("vizavi.toml"), settings).unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::parse(BEGIN).unwrap()));
    let ws = Workspace::open(folder.path(), database_url, clock.clone(), Options::default()).unwrap();
    let company = Company { ws, clock, _folder: folder };
    for client in 0..3 {
        (0..3).for_each(|order| company.buys(client, 1 + 10 * order));
    }
    let seen = vizavi::customers::Customer::unknown(company.ws.id_key().customer("P"), "P", company.ws.now());
    company.ws.store().write(|conn| customers::upsert(conn, &[seen])).unwrap();
    company
}

fn on_both_stores(settings: &str, test: impl Fn(&Company)) {
    test(&company(None, settings));
    if let Some(url) = crate::support::postgres::database() {
        test(&company(Some(&url), settings));
    }
}

impl Company {
    fn buys(&self, client: usize, days_ago: i64) {
        let at = self.ws.now().plus(-days_ago * DAY);
        let order = NewOrder {
            customer: format!("C{client}"),
            order: format!("C{client}/{at}"),
            occurred_at: Some(at),
            currency: None,
            channel: None,
            returned: false,
            items: vec![NewItem {
                sku: "s".into(),
                quantity: 1,
                amount: vizavi::money::Money(5_000),
                cost: None,
                discount: None,
                category: None,
            }],
        };
        record::orders(&self.ws, vec![order]).unwrap();
    }

    /// Goes on by so much, and works until nothing is due.
    fn after(&self, time: i64) {
        self.clock.set(self.ws.now().plus(time));
        let worked = jobs::work(&self.ws, &Stop::default(), true, Some(Only::Jobs)).unwrap();
        assert_eq!((worked.failed, worked.dead), (0, 0), "{worked:?}");
    }

    fn stage(&self, key: &str) -> Option<String> {
        let id = self.ws.id_key().customer(key);
        let of = self.ws.store().read(|conn| customers::state_of(conn, id)).unwrap();
        of.and_then(|state| state.stage)
    }

    fn jobs(&self, kind: &str) -> usize {
        let all = self.ws.store().read(|conn| queue::page(conn, None, None, 1_000)).unwrap();
        all.iter().filter(|job| job.kind == kind).count()
    }

    fn members(&self, segment: &str) -> i64 {
        self.ws.store().read(|conn| rule_store::by_name(conn, segment)).unwrap().size
    }
}

#[test]
fn a_client_lapses_by_time_alone_and_rule_segments_follow() {
    on_both_stores("[schedule]\ntrain = \"never\"\nscore = \"never\"\n", |company| {
        company.after(0);
        assert_eq!(
            (company.jobs("stages"), company.stage("C0")),
            (0, None),
            "nobody has a stage before the first scoring"
        );
        score(&company.ws, &Silent).unwrap();
        assert_eq!(company.stage("C0").as_deref(), Some("active"));
        let lapsed = "name = 'lapsed'\nrule = { field = 'stage', op = 'eq', value = 'lapsed' }";
        company
            .ws
            .store()
            .write(|conn| {
                let spec = SegmentSpec::parse(lapsed)?;
                rules::put(&company.ws, conn, spec, "test", company.ws.now())
            })
            .unwrap();
        rules::build(&company.ws, "lapsed").unwrap();
        assert_eq!(company.members("lapsed"), 0);

        // A client buys, which no scoring has seen; the others are silent for more than twice, then four times the gap of ten days.
        company.after(25 * DAY);
        assert_eq!(company.stage("C0").as_deref(), Some("at_risk"));
        company.buys(2, 0);
        company.after(6 * HOUR);
        assert_eq!((company.stage("C1").as_deref(), company.stage("C2").as_deref()), (Some("at_risk"), Some("active")));
        company.after(25 * DAY);
        assert_eq!((company.stage("C0").as_deref(), company.members("lapsed")), (Some("lapsed"), 2));
        assert_eq!(company.stage("P").as_deref(), Some("prospect"));
        assert_eq!((company.jobs("score"), company.jobs("train")), (0, 0));
        // Each step is dated to when it became true, not to when somebody looked.
        let steps =
            company.ws.store().read(|conn| kept::steps_of(conn, company.ws.id_key().customer("C0"), 9)).unwrap();
        let days: Vec<i64> = steps.iter().map(|step| (company.ws.now().0 - step.at.0) / DAY).collect();
        assert_eq!(steps.len(), 3, "{steps:?}");
        assert!(days[0] < 20 && (20..45).contains(&days[1]), "{days:?}");
        let written = company.jobs("stages");
        company.after(HOUR);
        assert!(company.jobs("stages") - written <= 1, "once in six hours");
    });
}

#[test]
fn nights_are_as_the_settings_say_and_what_models_said_keeps_its_say() {
    let settings = "zone = \"Europe/Sofia\"\n[schedule]\ntrain = \"never\"\nscore = \"05:30\"\nstages_hours = 0\n";
    on_both_stores(settings, |company| {
        score(&company.ws, &Silent).unwrap();
        // 09:00 in Greenwich; half past five in Sofia is 03:30 there.
        company.after(18 * HOUR);
        assert_eq!(company.jobs("score"), 0, "03:00");
        company.after(HOUR);
        assert_eq!((company.jobs("score"), company.jobs("stages"), company.jobs("train")), (1, 0, 0), "04:00");
        company.after(HOUR / 4);
        company.after(23 * HOUR);
        assert_eq!(company.jobs("score"), 1, "03:15 of the next day");
        company.after(45 * DAY + HOUR);
        assert_eq!((company.jobs("score"), company.stage("C0").as_deref()), (2, Some("lapsed")));
    });
}
