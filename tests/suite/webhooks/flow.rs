//! A campaign as a webhook hears of it: decisions, deliveries, outcomes, choices, verdicts.

use serde_json::{Value, json};
use vizavi::clock::DAY;
use vizavi::operations::access::Role;
use vizavi::settings::Settings;

use super::receiver::{Post, Receiver};
use super::{on_each, subscribe};
use crate::experiments::{order, run, subject, work};
use crate::real_time::shop::{CAMPAIGN, ask, later, offer, report, settings, shop};

#[test]
fn a_campaign_is_told_from_the_decision_to_the_verdict() {
    on_each(|url| {
        let receiver = Receiver::start();
        let settings = Settings { holdout: 0.3, webhook_allow: vec![receiver.address.clone()], ..settings() };
        let service = shop(url, settings, &[offer("ten", 0.5, json!({}))], (subject(json!({})), json!({})), 40);
        subscribe(&service, &receiver.url(), &["*"]);
        let number = run(&service, "now");
        order(&service, "after", (0..40).step_by(2).map(|i| format!("C{i}")));
        later(&service, 3 * DAY);
        work(&service);

        let posts = receiver.posts();
        let of = |kind: &str| posts.iter().filter(|post| post.kind() == kind).collect::<Vec<&Post>>();
        let (decided, sent) = (of("decision.made"), of("delivery.sent"));
        assert!(!decided.is_empty() && decided.len() < 40, "the holdout is decided in shadow, and not told");
        assert_eq!(decided.len(), sent.len());
        for post in &decided {
            let data = &post.body["data"];
            assert_eq!(
                (&data["campaign"], &data["run"], &data["offer"]),
                (&json!(CAMPAIGN), &json!(number.to_string()), &json!("ten"))
            );
            assert_eq!(data["arm"], "treated");
            let kinds = receiver.of(post.customer());
            assert_eq!(kinds[..2], ["decision.made", "delivery.sent"], "in the order in which they happened");
        }
        assert!(sent.iter().all(|post| post.body["data"]["channel"] == "email" && !post.text.contains('@')));
        let measured = of("experiment.measured");
        assert_eq!(measured.len(), 1);
        let data: &Value = &measured[0].body["data"];
        assert_eq!((&data["campaign"], &data["run"]), (&json!(CAMPAIGN), &json!(number.to_string())));
        assert!(data["verdict"]["choice"].is_string() && data["words"].is_string(), "{data}");

        let choice = json!({ "variant": "b" }).to_string();
        let id = format!("/v1/experiments/{CAMPAIGN}:subject/decide");
        let answer = service.post(&id).by(Role::Admin).json(&choice).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
        work(&service);
        let last = receiver.posts().pop().unwrap();
        assert_eq!((last.kind(), &last.body["data"]["variant"]), ("experiment.decided", &json!("b")));
        assert!(last.body.get("customer").is_none());
    });
}

#[test]
fn what_is_proposed_in_real_time_is_told_with_what_came_of_it() {
    on_each(|url| {
        let receiver = Receiver::start();
        let settings = Settings { webhook_allow: vec![receiver.address.clone()], ..settings() };
        let service = shop(url, settings, &[offer("ten", 0.5, json!({}))], (json!({}), json!({})), 1);
        subscribe(&service, &receiver.url(), &["decision.made", "outcome.*"]);
        let answer = ask(&service, &json!({ "customer": "C0", "campaign": CAMPAIGN }));
        let decision = answer["proposals"][0]["decision"].as_i64().expect("a proposal");
        assert_eq!(report(&service, decision, "click"), 200);
        work(&service);
        let posts = receiver.posts();
        assert_eq!(receiver.of("C0"), ["decision.made", "outcome.click"]);
        for post in &posts {
            assert_eq!(post.body["data"]["decision"], json!(decision.to_string()), "the two belong together");
        }
        assert!(posts[0].body["data"]["run"].is_null());
    });
}
