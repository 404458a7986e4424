//! The links of messages: forged ones do nothing, looking changes nothing, unsubscribing works at once.

use vizavi::clock::{MINUTE, Timestamp};
use vizavi::deliveries::NewDelivery;
use vizavi::deliveries::outbox;
use vizavi::ids::{CampaignRunId, CustomerId, DeliveryId};
use vizavi::messages::links::{Purpose, Token};
use vizavi::money::Money;
use vizavi::operations::access::Role;

use super::service::Service;

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const TARGET: &str = "https://shop.example/offers/ten";

/// A service with one customer and one message to them.
fn with_message() -> (Service, CustomerId, DeliveryId) {
    let service = Service::new().with_customer("C-1");
    let customer = service.ws.id_key().customer("C-1");
    let now = service.ws.now();
    let new = NewDelivery {
        campaign_run_id: CampaignRunId(1),
        customer_id: customer,
        step: 0,
        occasion: "1".into(),
        channel: "email".into(),
        address: "C-1@example.com".into(),
        next_at: now,
        template_version: "1/1".into(),
        variables: format!("{{\"offer\":{{\"url\":\"{TARGET}\"}},\"sender\":{{\"website\":\"{TARGET}\"}}}}"),
        cost: Money(1),
    };
    let id = new.id(service.ws.id_key());
    let keys = service.ws.link_keys().clone();
    service
        .ws
        .store()
        .write(|conn| outbox::plan::plan(conn, service.ws.id_key(), &keys, "example.com", now, &[new]))
        .unwrap();
    service.clock.set(Timestamp(now.0 + MINUTE));
    (service, customer, id)
}

fn token(service: &Service, purpose: Purpose, customer: CustomerId, delivery: DeliveryId) -> String {
    service.ws.link_keys().sign(&Token { purpose, delivery, customer, link: 0 })
}

#[test]
fn a_click_leads_to_the_target_of_the_message_and_nowhere_else() {
    let (service, customer, id) = with_message();
    let click = token(&service, Purpose::Click, customer, id);
    let answer = service.get(&format!("/t/{click}?url=https://evil.example")).header("user-agent", BROWSER).send();
    assert_eq!((answer.status, answer.header("location")), (302, Some(TARGET)), "{}", answer.text);
    let unsubscribe = token(&service, Purpose::Unsubscribe, customer, id);
    for forged in [unsubscribe.as_str(), "https%3A%2F%2Fevil.example", &format!("{click}A")] {
        let answer = service.get(&format!("/t/{forged}")).send();
        answer.problem(400);
        assert_eq!(answer.header("location"), None);
    }
    let open = token(&service, Purpose::Open, customer, id);
    let proxy = "Mozilla/5.0 (via ggpht.com GoogleImageProxy)";
    let image = service.get(&format!("/o/{open}")).header("user-agent", proxy).send();
    assert_eq!(image.header("content-type"), Some("image/gif"));
    let story = service.get("/v1/customers/C-1/timeline").by(Role::Viewer).send().text;
    assert!(story.contains("\"click\"") && story.contains("\"machine open\""), "{story}");
}

#[test]
fn looking_at_the_link_changes_nothing_and_one_click_unsubscribes_at_once() {
    let (service, customer, id) = with_message();
    let consent = "{\"customer\":\"C-1\",\"channel\":\"email\",\"granted\":true,\"source\":\"form\",\
        \"recorded_at\":\"2026-01-01T00:00:00Z\"}";
    assert_eq!(service.post("/v1/consents").by(Role::Ingest).json(consent).send().status, 200);
    let granted = || {
        let all = service.ws.store().read(|conn| vizavi::customers::store::consents_of(conn, customer)).unwrap();
        all.iter().any(|consent| consent.channel == "email" && consent.granted)
    };
    let path = format!("/u/{}", token(&service, Purpose::Unsubscribe, customer, id));
    let page = service.get(&path).send();
    assert_eq!(page.status, 200);
    assert!(page.text.contains("method=\"post\"") && granted(), "a scanner that looks unsubscribes nobody");
    for _ in 0..20 {
        // As a mail program sends it: no cookie, no origin.
        let done = service.post(&path).body("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click").send();
        assert_eq!(done.status, 200, "{}", done.text);
        assert!(done.text.contains("You are unsubscribed"));
    }
    assert!(!granted());
    let story = service.get("/v1/customers/C-1/timeline").by(Role::Viewer).send().text;
    assert_eq!(story.matches("\"unsubscribe\"").count(), 1, "{story}");
    let click = token(&service, Purpose::Click, customer, id);
    assert_eq!(service.post(&format!("/u/{click}")).send().status, 400);
}

#[test]
fn preferences_show_and_set_what_was_agreed_to() {
    let (service, customer, id) = with_message();
    let path = format!("/preferences/{}", token(&service, Purpose::Preferences, customer, id));
    assert!(!service.get(&path).send().text.contains(" checked"));
    assert!(service.post(&path).form(&[("channel", "email")]).send().text.contains(" checked"));
    assert!(!service.post(&path).form(&[]).send().text.contains(" checked"));
}

#[test]
fn pages_speak_the_readers_language_and_know_purposes() {
    let (service, customer, id) = with_message();
    let profile = "{\"locale\":\"bg-BG\",\"email\":\"C-1@example.com\"}";
    let known = service.get("/v1/customers/C-1").by(Role::Admin).send();
    let etag = known.header("etag").expect("an edit needs it").to_owned();
    let put = service.put("/v1/customers/C-1").by(Role::Admin).header("if-match", &etag).json(profile).send();
    assert_eq!(put.status, 200, "{}", put.text);
    let consent = "{\"customer\":\"C-1\",\"channel\":\"sms\",\"purpose\":\"service\",\"granted\":true,\"source\":\"form\",\
        \"recorded_at\":\"2026-01-01T00:00:00Z\"}";
    assert_eq!(service.post("/v1/consents").by(Role::Ingest).json(consent).send().status, 200);
    let page = service.get(&format!("/u/{}", token(&service, Purpose::Unsubscribe, customer, id))).send().text;
    assert!(page.contains("<html lang=\"bg\">") && page.contains("Отписване") && page.contains("имейл"), "{page}");
    let path = format!("/preferences/{}", token(&service, Purpose::Preferences, customer, id));
    let page = service.get(&path).send().text;
    assert!(page.contains("value=\"sms/service\" checked") && page.contains("value=\"email\">"), "{page}");
    let saved = service.post(&path).form(&[("channel", "email"), ("channel", "call/marketing")]).send().text;
    assert!(saved.contains("value=\"email\" checked") && saved.contains("Запазено"), "{saved}");
    let all = service.ws.store().read(|conn| vizavi::customers::store::consents_of(conn, customer)).unwrap();
    let mut kept: Vec<_> = all.iter().map(|c| (c.channel.as_str(), c.purpose.as_str(), c.granted)).collect();
    kept.sort_unstable();
    assert_eq!(kept, [("email", "marketing", true), ("sms", "service", false)], "only what the page showed");
}
