//! `vizavi webhook` and `vizavi segments upload`.

use serde_json::json;

use super::program::Program;
use crate::webhooks::receiver::Receiver;

#[test]
fn a_webhook_is_made_tried_listed_and_removed() {
    for (store, program) in Program::on_both_stores() {
        let receiver = Receiver::start();
        program.file("data/vizavi.toml", &format!("webhook_allow = [\"{}\"]\n", receiver.address));
        let url = receiver.url();
        let made =
            program.done(&["webhook", "put", "crm", "--url", &url, "--events", "delivery.*,outcome.click", "--json"]);
        assert!(made.json()["secret"].as_str().is_some_and(|secret| secret.len() == 43), "{store}: {}", made.out);
        let refused = program.call(&["webhook", "put", "bad", "--url", "ftp://x", "--events", "nothing"]);
        assert_eq!(refused.code, Some(2), "{store}: {}", refused.err);
        assert!(refused.err.contains("url") && refused.err.contains("events[0]"), "{}", refused.err);
        assert_eq!(program.done(&["webhook", "ping", "crm"]).out, "HTTP 200\n");
        assert_eq!(receiver.posts()[0].kind(), "ping");
        let list = program.done(&["webhook", "list", "--json"]).json();
        assert_eq!((list.as_array().unwrap().len(), &list[0]["events"]), (1, &json!(["delivery.*", "outcome.click"])));
        assert!(list[0].get("secret").is_none());
        assert_eq!(program.done(&["webhook", "events", "crm", "--state", "dead", "--json"]).json(), json!([]));
        assert_eq!(program.done(&["webhook", "replay", "crm", "--dead", "--json"]).json()["events"], 0);
        program.done(&["webhook", "remove", "crm"]);
        assert_eq!(program.done(&["webhook", "list"]).out, "no webhooks yet\n");
    }
}

#[test]
fn a_list_is_uploaded_by_command_and_unknown_keys_are_told_with_file_and_line() {
    for (store, program) in Program::on_both_stores() {
        let customers = program.file("customers.csv", "external_id,email\nC-1,a@example.com\nC-2,b@example.com\n");
        program.done(&["import", "customers", &customers]);
        let list = program.file("vips.csv", "customer\nC-1\nC-7\n");
        let refused = program.call(&["segments", "upload", "vips", &list]);
        assert_eq!(refused.code, Some(2), "{store}: {}", refused.err);
        assert!(refused.err.contains("vips.csv") && refused.err.contains("C-7"), "{}", refused.err);
        let kept = program.done(&["segments", "upload", "vips", &list, "--skip-unknown", "--json"]).json();
        assert_eq!((&kept["segment"]["size"], &kept["unknown"]), (&json!(1), &json!([{ "line": 3, "key": "C-7" }])));
        let more = program.file("more.json", "[\"C-2\"]");
        let told = program.done(&["segments", "upload", "vips", &more, "--add"]).out;
        assert!(told.contains("vips: 2 customers; 1 entered, 0 left"), "{told}");
        assert_eq!(program.done(&["segments", "show", "vips", "--json"]).json()["kind"], "static");
        assert!(program.done(&["segments", "list"]).out.contains("uploaded segment"));
        program.done(&["segments", "remove", "vips"]);
    }
}
