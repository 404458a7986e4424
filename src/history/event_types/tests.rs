use serde_json::json;

use super::*;

fn declared() -> EventTypes {
    let page: EventType = toml::from_str(
        "title = \"a page was looked at\"\n[properties]\nsku = \"text\"\nseconds = \"number\"\nlogged_in = \"flag\"\n\
         until = \"time\"\nsearch = { kind = \"text\", personal = true }\n",
    )
    .unwrap();
    EventTypes([("page_view".to_owned(), page)].into())
}

fn check(name: &str, properties: serde_json::Value) -> Result<Properties, Vec<String>> {
    let properties = properties.as_object().unwrap().clone();
    declared().check(name, &properties).map_err(|faults| faults.into_iter().map(|fault| fault.key).collect())
}

#[test]
fn personal_properties_are_parted_from_the_others() {
    let given = json!({"sku": "A", "seconds": 2.5, "logged_in": true, "until": "2026-01-31", "search": "my name"});
    let parted = check("page_view", given).unwrap();
    assert_eq!(parted.shared, r#"{"sku":"A","seconds":2.5,"logged_in":true,"until":"2026-01-31T00:00:00Z"}"#);
    assert_eq!(parted.personal.as_deref(), Some(r#"{"search":"my name"}"#));
    let without = check("page_view", json!({"sku": "A", "search": null})).unwrap();
    assert_eq!(without, Properties { shared: r#"{"sku":"A"}"#.into(), personal: None });
}

#[test]
fn what_is_undeclared_or_of_another_kind_is_named() {
    let given = json!({"sku": 1, "seconds": "2", "logged_in": "yes", "until": "soon", "colour": "red"});
    let keys = check("page_view", given).unwrap_err();
    let wanted = ["sku", "seconds", "logged_in", "until", "colour"].map(|key| format!("properties.{key}"));
    assert_eq!(keys, wanted);
    assert_eq!(check("page_viev", json!({"sku": "A"})).unwrap_err(), ["properties"]);
    assert!(check("anything", json!({})).is_ok());
    assert!(check("page_view", json!({"sku": "a\u{0}b"})).is_err());
}

#[test]
fn texts_of_a_file_become_values() {
    let texts = [("sku", "7"), ("seconds", "2.5"), ("logged_in", "no"), ("search", "")];
    let parted = declared().check_texts("page_view", texts).unwrap();
    assert_eq!(parted.shared, r#"{"sku":"7","seconds":2.5,"logged_in":false}"#);
    assert_eq!(declared().check_texts("page_view", [("seconds", "NaN")]).unwrap_err().len(), 1);
}

#[test]
fn a_property_cannot_become_personal_afterwards() {
    let former = &declared().0["page_view"];
    let mut later = former.clone();
    later.properties.get_mut("search").unwrap().personal = false;
    assert!(later.can_follow(former).is_ok());
    assert_eq!(former.can_follow(&later).unwrap_err().kind(), crate::error::Kind::Conflict);
}
