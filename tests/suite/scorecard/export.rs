//! Everything as files: the same rows as in the store, by the command, over REST, and by the schedule.

use serde_json::{Value, json};
use vizavi::clock::{DAY, Timestamp};
use vizavi::operations::access::Role;
use vizavi::operations::export::TABLES;
use vizavi::settings::{Daily, Schedule, Settings};

use crate::api::service::Service;
use crate::cli::program::Program;

#[test]
fn the_command_writes_every_fact_and_every_row() {
    for (store, program) in Program::on_both_stores() {
        program.import_company(30);
        let folder = program.path("out").display().to_string();
        let files = program.done(&["export", &folder, "--format", "csv", "--json"]).json();
        let rows = |name: &str| {
            let found = files.as_array().unwrap().iter().find(|file| file["name"] == name);
            found.unwrap_or_else(|| panic!("{store}: {name} in {files}"))["rows"].as_i64().unwrap()
        };
        assert_eq!((rows("customer.csv"), rows("consent.csv")), (30, 30), "{store}");
        let mut reader = csv::Reader::from_path(program.path("out/customer.csv")).unwrap();
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let at = |name: &str| header.iter().position(|column| column == name).unwrap();
        let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(lines.len(), 30);
        let ann = lines.iter().find(|line| &line[at("external_id")] == "C7").unwrap();
        assert_eq!((&ann[at("first_name")], &ann[at("email")]), ("Ann7", "c7@example.org"), "{store}");
        let (facts, text) =
            (rows("order_item.csv"), std::fs::read_to_string(program.path("out/order_item.csv")).unwrap());
        assert!(facts > 100 && text.lines().count() as i64 == facts + 1, "{store}");
        for table in TABLES {
            assert!(program.path(&format!("out/{table}.csv")).exists(), "{store}: {table}");
        }
        for secret in ["api_key", "user_session", "workspace"] {
            assert!(!program.path(&format!("out/{secret}.csv")).exists());
        }
        let one = program.path("one").display().to_string();
        program.done(&["export", &one, "--only", "customer", "--only", "order_item"]);
        let mut names: Vec<String> = std::fs::read_dir(&one)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["customer.parquet", "order_item.parquet"], "{store}");
        let wrong = program.call(&["export", &one, "--only", "api_key", "--format", "xls"]);
        assert!(
            wrong.code == Some(2) && wrong.err.contains("format") && wrong.err.contains("api_key"),
            "{}",
            wrong.err
        );
    }
}

#[test]
fn a_job_writes_it_over_rest_and_by_the_schedule_and_an_erasure_removes_it() {
    let schedule = Schedule { export: Daily(Some((9, 0))), train: Daily(None), score: Daily(None), stages_hours: 0 };
    let settings = Settings { schedule, ..Settings::default() };
    let urls = [None, crate::support::postgres::database()];
    for url in urls.iter().enumerate().filter(|(at, url)| *at == 0 || url.is_some()).map(|(_, url)| url) {
        let service = Service::with(url.as_deref(), settings.clone()).with_customer("C-1");
        let listed = || service.get("/v1/exports").by(Role::Admin).send().json()["items"].as_array().unwrap().clone();
        // Nine in the morning has come: everything, as Parquet.
        let worked = service.work();
        assert_eq!((worked.failed, worked.dead), (0, 0), "{worked:?}");
        assert_eq!(listed().len(), 1);
        service.work();
        assert_eq!(listed().len(), 1, "once a day");
        let asked = service.post("/v1/exports").by(Role::Admin).json(r#"{"format":"csv","only":["customer"]}"#).send();
        assert_eq!(asked.status, 202, "{}", asked.text);
        let id = asked.json()["id"].as_i64().unwrap();
        service.get(&format!("/v1/exports/{id}")).by(Role::Admin).send().problem(404);
        service.work();
        let made = service.get(&format!("/v1/exports/{id}")).by(Role::Admin).send().json();
        assert_eq!(made["files"], json!([{ "name": "customer.csv", "rows": 1 }]), "{made}");
        let file = service.get(&format!("/v1/exports/{id}/files/customer.csv")).by(Role::Admin).send();
        assert!(file.status == 200 && file.text.contains("C-1@example.com"), "{}", file.text);
        assert!(file.header("content-disposition").unwrap().contains("customer.csv"));
        service.get(&format!("/v1/exports/{id}/files/..%2Findex.json")).by(Role::Admin).send().problem(404);
        service.get(&format!("/v1/exports/{id}/files/customer.csv")).by(Role::Marketer).send().problem(403);
        let wrong =
            service.post("/v1/exports").by(Role::Admin).json(r#"{"format":"xls","only":[]}"#).send().problem(422);
        assert_eq!(wrong["errors"].as_array().map(Vec::len), Some(2), "{wrong}");
        assert_eq!(service.request("DELETE", "/v1/customers/C-1").by(Role::Admin).send().status, 204);
        assert_eq!(listed(), Vec::<Value>::new(), "who was erased is in no export");
        // Two weeks later the old ones are gone.
        service.post("/v1/exports").by(Role::Admin).json(r#"{"only":["offer"]}"#).send();
        service.work();
        assert_eq!(listed().len(), 1);
        service.clock.set(Timestamp(service.ws.now().0 + 20 * DAY));
        service.work();
        assert_eq!(listed().len(), 1, "only that of today");
    }
}
