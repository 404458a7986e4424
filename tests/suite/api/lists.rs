//! Static segments: uploaded, replaced, added to, used in campaigns and exclusions, removed.

use serde_json::{Value, json};
use vizavi::operations::access::Role;

use super::service::{Answer, Service};
use crate::real_time::shop::{CAMPAIGN, offer, settings, shop};

fn upload(service: &Service, method: &'static str, name: &str, media: &str, body: &str, tag: Option<&str>) -> Answer {
    let request = service.request(method, &format!("/v1/segments/{name}")).by(Role::Marketer).body(media, body);
    match tag {
        Some(tag) => request.header("if-match", tag).send(),
        None => request.send(),
    }
}

fn members(service: &Service, name: &str) -> Vec<String> {
    let page = service.get(&format!("/v1/segments/{name}/members")).by(Role::Viewer).send().json();
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}")).iter();
    let mut found: Vec<String> = items.map(|item| item["customer"].as_str().unwrap().to_owned()).collect();
    found.sort();
    found
}

fn on_both(test: impl Fn(Service)) {
    for url in [None, crate::support::postgres::database()] {
        let four = |url: Option<&str>| {
            ["C-1", "C-2", "C-3", "C-4"].iter().fold(Service::on(url), |service, id| service.with_customer(id))
        };
        match url {
            None => test(four(None)),
            Some(url) => test(four(Some(&url))),
        }
    }
}

#[test]
fn a_list_is_uploaded_in_every_form_and_unknown_keys_are_named_with_their_lines() {
    on_both(|service| {
        let csv = "name,customer\nAnn,C-1\nBob,C-9\nEve,C-2\nAnn,C-1\nNo,C-8\n";
        let refused = upload(&service, "PUT", "vips/members", "text/csv", csv, None).problem(422);
        let lines: Vec<(u64, &str)> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| (fault["line"].as_u64().unwrap(), fault["message"].as_str().unwrap()))
            .collect();
        assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 6]);
        assert!(lines[0].1.contains("C-9") && lines[1].1.contains("C-8"), "{lines:?}");
        assert_eq!(service.get("/v1/segments/vips").by(Role::Viewer).send().status, 404, "nothing was kept");

        let made = upload(&service, "PUT", "vips/members?skip_unknown=true&title=Our%20best", "text/csv", csv, None);
        assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")), "{}", made.text);
        let told = made.json();
        assert_eq!(told["unknown"], json!([{ "line": 3, "key": "C-9" }, { "line": 6, "key": "C-8" }]));
        let counts = ["keys", "repeated", "entered", "left", "unknown_count"].map(|key| told[key].as_i64().unwrap());
        assert_eq!((counts, &told["segment"]["size"]), ([5, 1, 2, 0, 2], &json!(2)));
        assert_eq!(members(&service, "vips"), ["C-1", "C-2"]);

        upload(&service, "PUT", "vips/members", "application/json", "[\"C-3\"]", None).problem(428);
        let replaced = upload(&service, "PUT", "vips/members", "application/json", "[\"C-3\",\"C-1\"]", Some("\"1\""));
        assert_eq!((replaced.status, &replaced.json()["left"]), (200, &json!(1)), "{}", replaced.text);
        let added = upload(&service, "POST", "vips/members", "application/x-ndjson", "\"C-4\"\n\"C-3\"\n", None);
        assert_eq!((added.status, &added.json()["entered"]), (200, &json!(1)), "{}", added.text);
        assert_eq!(members(&service, "vips"), ["C-1", "C-3", "C-4"]);
        let shown = service.get("/v1/segments/vips").by(Role::Viewer).send();
        assert_eq!(shown.header("etag"), Some("\"3\""));
        let shown = shown.json();
        assert_eq!(
            (&shown["kind"], &shown["title"], &shown["size"]),
            (&json!("static"), &json!("Our best"), &json!(3))
        );

        upload(&service, "PUT", "vips/members", "application/xml", "x", Some("\"3\"")).problem(415);
        upload(&service, "PUT", "a%20b/members", "text/csv", "C-1\n", None).problem(422);
        let rule = r#"{"name":"vips","rule":{"field":"kind","op":"eq","value":"client"}}"#;
        service.put("/v1/segments/vips").by(Role::Marketer).json(rule).send().problem(422);
    });
}

#[test]
fn segments_by_rule_exclude_a_list_and_follow_it_and_people_who_go_leave_it() {
    on_both(|service| {
        upload(&service, "PUT", "staff/members", "text/csv", "C-1\n", None);
        let others = json!({ "name": "others", "rule":
            { "not": { "field": "segments", "op": "contains", "value": "staff" } } });
        let made = service.put("/v1/segments/others").by(Role::Marketer).json(&others.to_string()).send();
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(members(&service, "others"), ["C-2", "C-3", "C-4"]);
        upload(&service, "POST", "staff/members", "text/csv", "C-2\nC-3\n", None);
        vizavi::operations::segments::refresh(&service.ws).unwrap();
        assert_eq!(members(&service, "others"), ["C-4"]);

        let remove = || service.request("DELETE", "/v1/segments/staff").by(Role::Marketer).header("if-match", "\"2\"");
        assert!(remove().send().problem(409)["detail"].as_str().unwrap().contains("others"));
        assert_eq!(service.request("DELETE", "/v1/customers/C-1").by(Role::Admin).send().status, 204);
        let alias = json!({ "external_id": "C-2" }).to_string();
        assert_eq!(service.post("/v1/customers/C-4/aliases").by(Role::Admin).json(&alias).send().status, 200);
        assert_eq!(members(&service, "staff"), ["C-3", "C-4"]);
        assert_eq!(service.get("/v1/segments/staff").by(Role::Viewer).send().json()["size"], 2);
        let under_alias = upload(&service, "PUT", "mixed/members", "text/csv", "C-2\nC-4\n", None).json();
        assert_eq!((&under_alias["entered"], &under_alias["repeated"]), (&json!(1), &json!(1)));
    });
}

/// Who would be contacted by the campaign.
fn planned(service: &Service, folder: &Value) -> i64 {
    let put = service.put(&format!("/v1/campaigns/{CAMPAIGN}")).by(Role::Marketer).header("if-match", "*");
    let answer = put.json(&folder.to_string()).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let plan = service.post(&format!("/v1/campaigns/{CAMPAIGN}/plan")).by(Role::Marketer).json("{}").send().json();
    plan["forecast"]["contacts"].as_i64().unwrap_or_else(|| panic!("{plan}"))
}

#[test]
fn a_campaign_is_for_a_list_or_its_own_file_and_the_round_trip_loses_nothing() {
    for url in [None, crate::support::postgres::database()] {
        let service = shop(url.as_deref(), settings(), &[offer("ten", 0.5, json!({}))], (json!({}), json!({})), 6);
        let get = || service.get(&format!("/v1/campaigns/{CAMPAIGN}")).by(Role::Viewer).send().json();
        let folder = get()["folder"].clone();
        assert_eq!(planned(&service, &folder), 6);
        upload(&service, "PUT", "few/members", "text/csv", "C0\nC1\nC2\n", None);
        upload(&service, "PUT", "barred/members", "text/csv", "C2\n", None);
        let within = |name: &str| json!({ "field": "segments", "op": "contains", "value": name });
        let mut listed = folder.clone();
        listed["spec"]["audience"] = json!({ "all": [within("few"), { "not": within("barred") }] });
        assert_eq!(planned(&service, &listed), 2);

        let mut own = folder.clone();
        own["audience"] = json!("customer;note\r\nC3;\"kept, as it is\"\r\nC4;\r\nC5;\r\n");
        assert_eq!(planned(&service, &own), 3);
        assert_eq!(get()["folder"], own, "what was put is what is got");
        own["spec"]["audience"] = json!({ "not": { "field": "segments", "op": "contains", "value": "few" } });
        own["audience"] = json!("C0\nC5\n");
        assert_eq!(planned(&service, &own), 1, "rule and list hold both");
        let mut wrong = own.clone();
        wrong["audience"] = json!("C0\nnobody\n");
        let put = service.put(&format!("/v1/campaigns/{CAMPAIGN}")).by(Role::Marketer).header("if-match", "*");
        let refused = put.json(&wrong.to_string()).send().problem(422);
        assert_eq!((&refused["errors"][0]["file"], &refused["errors"][0]["line"]), (&json!("audience.csv"), &json!(2)));
        assert_eq!(get()["folder"], own, "nothing of it was kept");
    }
}
