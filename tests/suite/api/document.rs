//! The document says what the service does.

use std::collections::BTreeSet;

use vizavi::api::routes;
use vizavi::api::schema;
use vizavi::operations::access::Role;

use super::service::Service;

#[test]
fn every_route_is_documented_and_every_documented_route_exists() {
    let service = Service::new();
    let document = service.get("/openapi.json").send().json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            documented.insert(format!("{} {path}", method.to_uppercase()));
            assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 8), "{method} {path}");
            assert!(operation["responses"].as_object().is_some_and(|answers| answers.len() > 1), "{method} {path}");
        }
    }
    let mounted: BTreeSet<String> =
        routes::table().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(documented, mounted);
    let page = service.get("/docs").send();
    for route in routes::table() {
        assert!(page.text.contains(&format!("<code>{}</code>", route.path)), "{}", route.path);
    }
    assert!(!page.text.contains("<script"));
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let service = Service::new();
    let text = service.get("/openapi.json").send().text;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut found = 0;
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        found += 1;
    }
    assert!(found > 50, "{found} references");
}

/// The keys that a type names when it is given one it does not know.
fn keys_of<T: serde::de::DeserializeOwned>() -> BTreeSet<String> {
    let error = serde_json::from_str::<T>("{\"no such key\": 1}").err().expect("the key is refused").to_string();
    let named = error.split("expected").nth(1).unwrap_or_else(|| panic!("{error}"));
    named.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn written_schemas_have_the_keys_that_the_types_take() {
    use vizavi::operations::{decide_now, export, leads, record, service, steering, test_send};
    let of =
        |keys: &[(&str, &str)]| keys.iter().map(|(k, _)| k.trim_end_matches('!').to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(of(schema::OFFER), keys_of::<vizavi::offers::OfferSpec>());
    assert_eq!(of(schema::CAMPAIGN), keys_of::<vizavi::campaigns::CampaignSpec>());
    assert_eq!(of(schema::CAMPAIGN_FOLDER), keys_of::<vizavi::campaigns::folder::Folder>());
    assert_eq!(of(schema::RULE), keys_of::<vizavi::rules::RuleSpec>());
    assert_eq!(of(schema::ORDER), keys_of::<record::NewOrder>());
    assert_eq!(of(schema::EVENT), keys_of::<record::NewEvent>());
    assert_eq!(of(schema::EVENT_TYPE), keys_of::<vizavi::history::event_types::EventType>());
    assert_eq!(of(schema::SUBSCRIPTION), keys_of::<record::NewSubscription>());
    assert_eq!(of(schema::CLAIM), keys_of::<record::NewClaim>());
    assert_eq!(of(schema::INTERACTION), keys_of::<record::NewInteraction>());
    assert_eq!(of(schema::DECISION_REQUEST), keys_of::<decide_now::Request>());
    assert_eq!(of(schema::TEST_SEND), keys_of::<test_send::TestSend>());
    assert_eq!(of(schema::TARGET), keys_of::<steering::Target>());
    assert_eq!(of(schema::GOAL), keys_of::<steering::Goal>());
    assert_eq!(of(schema::SERIES), keys_of::<steering::Series>());
    assert_eq!(of(schema::OBJECTIVE), keys_of::<steering::ObjectiveSpec>());
    assert_eq!(of(schema::LEAD_SOURCE), keys_of::<steering::SourceSpec>());
    assert_eq!(of(schema::KPI_QUESTION), keys_of::<vizavi::reports::what_if::Question>());
    assert_eq!(of(schema::BUDGET_QUESTION), keys_of::<vizavi::reports::budget::Question>());
    assert_eq!(of(schema::LEAD), keys_of::<leads::NewLead>());
    assert_eq!(of(schema::TASK), keys_of::<service::NewTask>());
    assert_eq!(of(schema::ACCOUNT_OWNER), keys_of::<service::NewOwner>());
    assert_eq!(of(schema::REFERRAL), keys_of::<service::NewReferral>());
    assert_eq!(of(schema::EXPORT_QUESTION), keys_of::<export::Question>());
}

#[test]
fn what_a_route_answers_is_documented_for_it() {
    let service = Service::new().with_customer("C-1");
    let document = service.get("/openapi.json").send().json();
    for (path, of) in [
        ("/v1/customers", "/v1/customers"),
        ("/v1/customers/C-1", "/v1/customers/{id}"),
        ("/v1/customers/C-1/timeline", "/v1/customers/{id}/timeline"),
        ("/v1/customers/C-1/decisions", "/v1/customers/{id}/decisions"),
        ("/v1/customers/nobody", "/v1/customers/{id}"),
        ("/v1/customers?limit=0", "/v1/customers"),
        ("/v1/customers?page=-1", "/v1/customers"),
        ("/v1/overview", "/v1/overview"),
        ("/v1/kpis/scorecard", "/v1/kpis/scorecard"),
        ("/v1/kpis/targets", "/v1/kpis/targets"),
        ("/v1/kpis/satisfaction?days=0", "/v1/kpis/satisfaction"),
        ("/v1/leads", "/v1/leads"),
        ("/v1/customers/C-1/summary", "/v1/customers/{id}/summary"),
        ("/v1/inquiries/7", "/v1/inquiries/{id}"),
        ("/v1/exports", "/v1/exports"),
        ("/v1/segments", "/v1/segments"),
        ("/v1/models", "/v1/models"),
        ("/v1/campaigns/none/results", "/v1/campaigns/{id}/results"),
        ("/v1/audit", "/v1/audit"),
        ("/v1/deliveries?run=1", "/v1/deliveries"),
    ] {
        let answer = service.get(path).by(Role::Admin).send();
        let documented = &document["paths"][of]["get"]["responses"][answer.status.to_string()];
        assert!(documented.is_object(), "{path} answers {}: {}", answer.status, answer.text);
        assert!(answer.status < 500, "{path}: {}", answer.text);
    }
    assert!(service.get("/metrics").send().text.contains("vizavi_customers 1\n"));
    assert_eq!(service.get("/readyz").send().json()["status"], "ok");
}
