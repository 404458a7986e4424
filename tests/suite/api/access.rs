//! Who may ask for what: every role against every route of the table.

use vizavi::api::auth::Access;
use vizavi::api::routes;
use vizavi::operations::access::{Role, key};

use super::service::Service;

/// A path of the table with something in place of its variable parts.
fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "999" } else { part }).collect::<Vec<_>>().join("/")
}

#[test]
fn every_role_gets_what_its_permissions_say_and_nothing_else() {
    let service = Service::new();
    let keys: Vec<(Role, String)> = Role::ALL
        .into_iter()
        .map(|role| (role, key::create(&service.ws, "matrix", role, None, "test").unwrap().1))
        .collect();
    for route in routes::table() {
        let path = filled(route.path);
        let method = match route.method.as_str() {
            "GET" => "GET",
            "POST" => "POST",
            "PUT" => "PUT",
            _ => "DELETE",
        };
        let Access::Needs(permission) = route.access else {
            assert!(![401, 403].contains(&service.request(method, &path).send().status), "{path} is public");
            continue;
        };
        service.request(method, &path).send().problem(401);
        service.request(method, &path).key("vzk_1_nonsense").send().problem(401);
        for (role, key) in &keys {
            // Not JSON: who is let through is stopped at the body, and nothing is changed.
            let answer = service.request(method, &path).key(key).json("{").send();
            let refused = answer.status == 403;
            assert_eq!(refused, !role.may(permission), "{} {method} {path}: {}", role.as_str(), answer.status);
            assert!(answer.status < 500, "{method} {path}: {}", answer.text);
        }
    }
}

#[test]
fn a_key_counts_in_the_header_only_and_stops_at_once_when_it_is_withdrawn() {
    let service = Service::new();
    let (row, shown) = key::create(&service.ws, "shop", Role::Viewer, None, "test").unwrap();
    assert_eq!(service.get("/v1/offers").key(&shown).send().status, 200);
    let problem = service.get(&format!("/v1/offers?key={shown}")).send();
    assert_eq!(problem.problem(401)["title"], "Unauthorized");
    assert_eq!(problem.header("www-authenticate"), Some("Bearer realm=\"vizavi\""));
    key::revoke(&service.ws, row.id, "test").unwrap();
    service.get("/v1/offers").key(&shown).send().problem(401);
}

#[test]
fn a_key_made_over_rest_is_shown_once() {
    let service = Service::new();
    let made = service.post("/v1/keys").by(Role::Admin).json("{\"name\":\"till\",\"role\":\"ingest\"}").send();
    assert_eq!(made.status, 201, "{}", made.text);
    let shown = made.json()["key"].as_str().unwrap().to_owned();
    let list = service.get("/v1/keys").by(Role::Admin).send();
    assert!(list.text.contains("till") && !list.text.contains(shown.splitn(3, '_').nth(2).unwrap()));
    service.get("/v1/keys").key(&shown).send().problem(403);
    let id = made.json()["details"]["id"].to_string();
    assert_eq!(service.request("DELETE", &format!("/v1/keys/{id}")).by(Role::Admin).send().status, 204);
    service.get("/v1/offers").key(&shown).send().problem(401);
}
