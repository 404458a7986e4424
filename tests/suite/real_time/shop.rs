//! A shop with a campaign that answers in real time.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vizavi::clock::DAY;
use vizavi::operations::access::Role;
use vizavi::settings::{ContextKind, Daily, Schedule, Settings};

use crate::api::service::Service;

/// The campaign.
pub const CAMPAIGN: &str = "now";

/// Settings without holdout, draws, quiet hours and nightly work, so that weeks pass in seconds; requests may say on which page the
/// customer is, and what is in the basket.
pub fn settings() -> Settings {
    let context = [("page", ContextKind::Text), ("basket", ContextKind::Number)];
    Settings {
        holdout: 0.0,
        exploration: 0.0,
        quiet_hours: [0, 0],
        schedule: Schedule { train: Daily(None), score: Daily(None), ..Schedule::default() },
        context: context.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect::<BTreeMap<_, _>>(),
        ..Settings::default()
    }
}

/// An offer that takes 1.00 off baskets of 100.00; `more` is added to its definition.
pub fn offer(name: &str, base_rate: f64, more: Value) -> Value {
    let mut offer =
        json!({ "name": name, "benefit": { "amount": 100 }, "base_rate": base_rate, "basket": 10_000, "redeem": 1.0 });
    offer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    offer
}

/// A shop with these offers, one campaign over all of them by e-mail (`more` is added to its definition, and `of_channel` to its
/// channel), planned and approved, and so many customers `C0`, `C1`, ... who agreed and have bought before.
pub fn shop(
    url: Option<&str>,
    settings: Settings,
    offers: &[Value],
    (more, of_channel): (Value, Value),
    customers: usize,
) -> Service {
    let service = Service::with(url, settings);
    let admin = service.key_of(Role::Admin);
    let mut orders = String::new();
    let mut consents = Vec::new();
    for i in 0..customers {
        let id = format!("C{i}");
        let profile = json!({ "first_name": "Ann", "last_name": "Example", "email": format!("{id}@example.com") });
        let answer = service.put(&format!("/v1/customers/{id}")).key(&admin).json(&profile.to_string()).send();
        assert_eq!(answer.status, 201, "{}", answer.text);
        orders += &json!({
            "customer": id, "order": format!("O{i}"), "occurred_at": "2026-01-20T10:00:00Z",
            "items": [{ "sku": "A", "quantity": 1, "amount": 10_000 }],
        })
        .to_string();
        orders += "\n";
        consents.push(json!({ "customer": id, "channel": "email", "granted": true, "source": "test" }));
    }
    if customers > 0 {
        let answer = service.post("/v1/orders").key(&admin).body("application/x-ndjson", &orders).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = service.post("/v1/consents").key(&admin).json(&Value::from(consents).to_string()).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    for offer in offers {
        let path = format!("/v1/offers/{}", offer["name"].as_str().unwrap());
        let answer = service.put(&path).key(&admin).json(&offer.to_string()).send();
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let mut channel = json!({ "channel": "email", "hours": (0..24).collect::<Vec<_>>(), "hazard": 0.0 });
    channel.as_object_mut().unwrap().extend(of_channel.as_object().unwrap().clone());
    let names: Vec<&Value> = offers.iter().map(|offer| &offer["name"]).collect();
    // Nobody scores these customers again: what is known of them is trusted for longer than usual.
    let contact = json!({ "policy": { "state_hours": 2_000 } });
    let mut spec = json!({
        "name": CAMPAIGN, "offers": names, "channels": [channel], "conversion_days": 1, "contact": contact,
    });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let folder = json!({
        "spec": spec,
        "templates": { "a/en/subject.hbs": "Hello", "a/en/text.hbs": "Hello {{customer.name}} {{offer.code}}" },
    });
    let answer = service.put(&format!("/v1/campaigns/{CAMPAIGN}")).key(&admin).json(&folder.to_string()).send();
    assert_eq!(answer.status, 201, "{}", answer.text);
    for verb in ["plan", "approve"] {
        let answer = service.post(&format!("/v1/campaigns/{CAMPAIGN}/{verb}")).key(&admin).json("{}").send();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    service
}

/// Sets the clock to the end of the period, when all that is left may be used: nothing is held back for later any more.
pub fn to_the_end(service: &Service) {
    later(service, DAY + 1);
}

/// Sets the clock forward.
pub fn later(service: &Service, microseconds: i64) {
    service.clock.set(service.ws.now().plus(microseconds));
}

/// Asks with this body; the answer, which must say 200.
pub fn ask(service: &Service, body: &Value) -> Value {
    let answer = service.post("/v1/decisions").key(&service.key_of(Role::Admin)).json(&body.to_string()).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// What an offer says of itself.
pub fn offer_now(service: &Service, name: &str) -> Value {
    service.get(&format!("/v1/offers/{name}")).by(Role::Admin).send().json()
}

/// The offer that is proposed first, and its decision.
pub fn proposed(answer: &Value) -> Option<(String, i64)> {
    let first = answer["proposals"].get(0)?;
    Some((first["offer"].as_str()?.to_owned(), first["decision"].as_i64()?))
}

/// Reports what came of a decision; the status.
pub fn report(service: &Service, decision: i64, kind: &str) -> u16 {
    let body = json!({ "decision": decision, "kind": kind, "key": format!("{kind}-{decision}") });
    service.post("/v1/outcomes").by(Role::Admin).json(&body.to_string()).send().status
}
