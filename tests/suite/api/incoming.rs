//! What comes back: reports, complaints and replies count once, only for messages whose token they carry, and change what they must.

use vizavi::clock::{DAY, SECOND, Timestamp};
use vizavi::customers::{store as customers, suppression};
use vizavi::deliveries::NewDelivery;
use vizavi::deliveries::outbox;
use vizavi::deliveries::webhook::signature;
use vizavi::ids::{CampaignRunId, CustomerId, DeliveryId};
use vizavi::money::Money;
use vizavi::operations::access::Role;
use vizavi::operations::incoming::{maildir, take_mail};
use vizavi::outcomes::store as outcomes;

use super::service::{Answer, Service};

fn message(service: &Service, occasion: &str, channel: &str, address: &str) -> DeliveryId {
    let now = service.ws.now();
    let new = NewDelivery {
        campaign_run_id: CampaignRunId(1),
        customer_id: service.ws.id_key().customer("C-1"),
        step: 0,
        occasion: occasion.into(),
        channel: channel.into(),
        address: address.into(),
        next_at: now,
        template_version: "1/1".into(),
        variables: "{}".into(),
        cost: Money(1),
    };
    let id = new.id(service.ws.id_key());
    let (ids, keys) = (*service.ws.id_key(), service.ws.link_keys().clone());
    service.ws.store().write(|conn| outbox::plan::plan(conn, &ids, &keys, "shop.example", now, &[new])).unwrap();
    id
}

fn customer(service: &Service) -> CustomerId {
    service.ws.id_key().customer("C-1")
}

fn suppressed(service: &Service, channel: &str, address: &str) -> Option<String> {
    service.ws.store().read(|conn| suppression::reason(conn, channel, address)).unwrap()
}

fn kinds(service: &Service) -> Vec<String> {
    let customer = customer(service);
    let found = service.ws.store().read(|conn| outcomes::of_customer(conn, customer, Timestamp(0))).unwrap();
    found.into_iter().map(|outcome| outcome.kind).collect()
}

fn granted(service: &Service, channel: &str) -> Option<bool> {
    let customer = customer(service);
    let all = service.ws.store().read(|conn| customers::consents_of(conn, customer)).unwrap();
    all.into_iter().find(|consent| consent.channel == channel).map(|consent| consent.granted)
}

/// A report of a mail system about the message with this token.
fn report(token: &str, status: &str, salt: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: back+{token}@shop.example\r\nSubject: Undelivered {salt}\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; C-1@example.com\r\nAction: failed\r\nStatus: {status}\r\n\r\n--b--\r\n"
    )
}

fn reply(token: &str, text: &str) -> String {
    format!(
        "From: C-1@example.com\r\nTo: help@shop.example\r\nSubject: Re: Offer\r\nIn-Reply-To: <{token}@shop.example>\r\n\r\n{text}\r\n"
    )
}

#[test]
fn an_address_that_does_not_exist_is_given_up_and_a_forged_report_does_nothing() {
    Service::on_both_stores(|service| {
        let profile = "{\"email\":\"C-1@example.com\"}";
        assert_eq!(service.put("/v1/customers/C-1").by(Role::Admin).json(profile).send().status, 201);
        let id = message(service, "0", "email", "C-1@example.com");
        let token = service.ws.link_keys().return_token(id);
        let forged = token.chars().rev().collect::<String>();
        let taken = take_mail(&service.ws, report(&forged, "5.1.1", "").as_bytes()).unwrap();
        assert_eq!((taken.kind, taken.delivery), ("bounce", None));
        assert_eq!(suppressed(service, "email", "c-1@example.com"), None);
        for round in 0..3 {
            let taken = take_mail(&service.ws, report(&token, "5.1.1", "").as_bytes()).unwrap();
            assert_eq!((taken.delivery, taken.new), (Some(id), round == 0));
        }
        assert_eq!(suppressed(service, "email", "C-1@EXAMPLE.com").as_deref(), Some("bounce"));
        assert_eq!(kinds(service), ["bounce"]);
    });
}

#[test]
fn soft_bounces_count_five_times_within_thirty_days_and_policy_blames_nobody() {
    let service = Service::new().with_customer("C-1");
    let start = service.ws.now();
    let bounce = |n: i64, status: &str| {
        let id = message(&service, &format!("{n}{status}"), "email", "C-1@example.com");
        let token = service.ws.link_keys().return_token(id);
        take_mail(&service.ws, report(&token, status, &n.to_string()).as_bytes()).unwrap();
        suppressed(&service, "email", "C-1@example.com").is_some()
    };
    for n in 0..10 {
        assert!(!bounce(n, "5.7.1"), "the receiver refuses us, not the reader");
    }
    for n in 0..4 {
        assert!(!bounce(n, "4.2.2"));
    }
    service.clock.set(Timestamp(start.0 + 31 * DAY));
    for n in 4..8 {
        assert!(!bounce(n, "4.2.2"), "the first four are forgotten");
    }
    assert!(bounce(8, "4.2.2"));
}

#[test]
fn a_question_becomes_an_inquiry_that_a_person_closes() {
    let service = Service::new().with_customer("C-1");
    let id = message(&service, "0", "email", "C-1@example.com");
    let token = service.ws.link_keys().return_token(id);
    for _ in 0..2 {
        take_mail(&service.ws, reply(&token, "Can I use it twice?").as_bytes()).unwrap();
    }
    take_mail(&service.ws, reply(&token, "Thank you.").as_bytes()).unwrap();
    take_mail(&service.ws, reply(&token, "9").as_bytes()).unwrap();
    let open = service.get("/v1/inquiries").by(Role::Viewer).send().json();
    assert_eq!(open["items"].as_array().unwrap().len(), 1, "{open}");
    assert_eq!(open["items"][0]["text"], "Can I use it twice?");
    let noted = service.get("/v1/inquiries?state=noted").by(Role::Viewer).send().json();
    assert_eq!(noted["items"][0]["text"], "Thank you.");
    let path = format!("/v1/inquiries/{}/close", open["items"][0]["id"]);
    assert_eq!(service.post(&path).by(Role::Admin).send().status, 200);
    service.post(&path).by(Role::Admin).send().problem(409);
    service.get("/v1/inquiries?state=lost").by(Role::Viewer).send().problem(422);
    let story = service.get("/v1/customers/C-1/timeline").by(Role::Viewer).send().text;
    for word in ["inquiry", "survey", "answer_9", "reply"] {
        assert!(story.contains(word), "{word} is missing in {story}");
    }
    vizavi::operations::erase::erase(&service.ws, "C-1", "test").unwrap();
    let left = service.get("/v1/inquiries?state=noted").by(Role::Viewer).send().json();
    assert_eq!(left["items"], serde_json::json!([]));
}

#[test]
fn a_complaint_ends_marketing_by_that_channel() {
    let service = Service::new().with_customer("C-1");
    let id = message(&service, "0", "email", "C-1@example.com");
    let token = service.ws.link_keys().return_token(id);
    let complaint = format!(
        "From: fbl@isp.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{token}@shop.example>\r\n\r\nx\r\n--b--\r\n"
    );
    assert_eq!(take_mail(&service.ws, complaint.as_bytes()).unwrap().kind, "complaint");
    assert_eq!(suppressed(&service, "email", "C-1@example.com").as_deref(), Some("complaint"));
    assert_eq!(granted(&service, "email"), Some(false));
    assert_eq!(kinds(&service), ["complaint"]);
}

fn event(service: &Service, body: &str, secret: &[u8], late: i64) -> Answer {
    let seconds = service.ws.now().0.div_euclid(SECOND) - late;
    let request = service.post("/incoming/events").json(body).header("vizavi-timestamp", &seconds.to_string());
    request.header("vizavi-signature", &signature(secret, seconds, body.as_bytes())).send()
}

#[test]
fn providers_report_under_their_signature_and_stop_is_heard_by_number() {
    let service = Service::new();
    let profile = "{\"phone\": \"+359 88-123\", \"email\": \"C-1@example.com\"}";
    assert_eq!(service.put("/v1/customers/C-1").by(Role::Admin).json(profile).send().status, 201);
    let id = message(&service, "0", "sms", "+359 88-123");
    let stop = "{\"key\":\"e1\",\"kind\":\"message\",\"channel\":\"sms\",\"from\":\"+35988123\",\"text\":\" Стоп \"}";
    let secret = *service.ws.webhook_secret();
    event(&service, stop, b"another secret", 0).problem(400);
    event(&service, stop, &secret, 301).problem(400);
    event(&service, stop, &secret, -301).problem(400);
    assert_eq!((granted(&service, "sms"), kinds(&service).len()), (None, 0));
    let taken = event(&service, stop, &secret, 299).json();
    assert_eq!((taken[0]["delivery"].as_i64(), taken[0]["new"].as_bool()), (Some(id.0), Some(true)), "{taken}");
    assert_eq!(event(&service, stop, &secret, 0).json()[0]["new"], false);
    assert_eq!(granted(&service, "sms"), Some(false));
    for written in ["+359 88-123", "+35988123"] {
        assert_eq!(suppressed(&service, "sms", written).as_deref(), Some("unsubscribe"), "{written}");
    }
    let bad = "[{\"key\":\"\",\"kind\":\"bounce\",\"channel\":\"s m s\"}]";
    let faults = event(&service, bad, &secret, 0).problem(422)["errors"].to_string();
    for key in ["[0].key", "[0].channel", "[0].message_id"] {
        assert!(faults.contains(key), "{key} is missing in {faults}");
    }
    let push = message(&service, "1", "push", "device-7");
    let gone = format!(
        "{{\"key\":\"e2\",\"kind\":\"bounce\",\"channel\":\"push\",\"delivery\":\"{push}\",\"permanent\":true}}"
    );
    assert_eq!(event(&service, &gone, &secret, 0).json()[0]["delivery"].as_i64(), Some(push.0));
    assert_eq!(suppressed(&service, "push", "device-7").as_deref(), Some("bounce"));
}

#[test]
fn a_maildir_is_emptied_and_what_cannot_be_read_is_flagged() {
    let service = Service::new().with_customer("C-1");
    let id = message(&service, "0", "email", "C-1@example.com");
    let token = service.ws.link_keys().return_token(id);
    let folder = tempfile::tempdir().unwrap();
    assert!(maildir::poll(&service.ws, folder.path()).is_err());
    for name in ["new", "cur", "tmp"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("new/1.a"), report(&token, "5.1.1", "")).unwrap();
    std::fs::write(folder.path().join("new/2.b"), "").unwrap();
    std::fs::write(folder.path().join("new/3.c"), "From: x@y.z\r\nSubject: spam\r\n\r\nbuy\r\n").unwrap();
    let polled = maildir::poll(&service.ws, folder.path()).unwrap();
    assert_eq!((polled.matched, polled.others, polled.unreadable), (1, 1, 1));
    let mut names: Vec<String> = std::fs::read_dir(folder.path().join("cur"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["1.a:2,S", "2.b:2,F", "3.c:2,S"]);
    assert_eq!(maildir::poll(&service.ws, folder.path()).unwrap(), maildir::Polled::default());
    assert_eq!(suppressed(&service, "email", "C-1@example.com").as_deref(), Some("bounce"));
}
