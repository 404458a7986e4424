//! Webhooks in the console: how each does, a test, dead letters sent again.

use vizavi::clock::DAY;
use vizavi::operations::access::{Role, user};

use super::{customer, message, report, subscribe, told, webhook};
use crate::api::service::PASSWORD;
use crate::console::{form_token, log_in};
use crate::real_time::shop::later;

#[test]
fn the_page_shows_what_was_given_up_and_sends_it_again() {
    told(|service, receiver| {
        subscribe(service, &receiver.url(), &["outcome.*"]);
        customer(service, "C-1");
        let sent = message(service, "C-1");
        report(service, sent, "open");
        receiver.answers(|_| 500);
        for _ in 0..30 {
            service.work();
            later(service, DAY / 4);
        }
        assert_eq!(webhook(service)["dead"], 1);
        for role in [Role::Admin, Role::Viewer] {
            let email = format!("{}@example.com", role.as_str());
            user::create(&service.ws, &email, role, PASSWORD, "test").unwrap();
        }
        let seen = service.get("/webhooks").header("cookie", &log_in(service, "viewer@example.com")).send();
        assert!(seen.status == 200 && seen.text.contains("1 dead letters"), "{}", seen.text);
        assert!(seen.text.contains("HTTP 500") && !seen.text.contains("Post a test"), "{}", seen.text);

        let cookie = log_in(service, "admin@example.com");
        let page = service.get("/webhooks").header("cookie", &cookie).send();
        let token = form_token(&page.text);
        let act = |action: &str| {
            let form = [("form_token", token.as_str()), ("action", action)];
            service.post("/webhooks/crm").header("cookie", &cookie).form(&form).send()
        };
        receiver.answers(|_| 200);
        let tried = act("ping");
        assert!(tried.status == 200 && tried.text.contains("crm: HTTP 200"), "{}", tried.text);
        assert_eq!(act("replay").status, 303);
        later(service, DAY);
        service.work();
        assert_eq!((webhook(service)["dead"].clone(), receiver.of("C-1")), (0.into(), vec!["outcome.open".to_owned()]));
    });
}
