//! Routes: what is typed, what is sent, and what is told of how they do.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OTHER_ID, application, days_ago, destination, route_to},
};

fn route(state: &str, reason: &Value) -> Value {
    json!({
        "id": ID, "destination_id": OTHER_ID, "destination_name": "shop", "network": "shop",
        "server_id": OTHER_ID, "server_name": "web-1", "host": "shop.example.com", "path": "/api",
        "target": "api", "port": 3000, "user": "visitor", "state": state, "reason": reason,
        "options": {
            "https": "redirect", "www": "keep", "strip_path": true, "body_limit_bytes": 1_048_576,
            "headers": [
                { "on": "response", "name": "x-frame-options", "value": "DENY" },
                { "on": "request", "name": "x-secret", "value": "" },
            ],
        },
        "created_at": days_ago(2), "updated_at": days_ago(2),
    })
}

fn fake(answer: Value) -> Fake {
    Fake::new()
        .list("/v1/routes", &[route("live", &Value::Null)])
        .get(&format!("/v1/routes/{ID}"), route("live", &Value::Null))
        .get(&format!("/v1/destinations/{OTHER_ID}"), destination(OTHER_ID, "shop", "shop"))
        .on("POST", "/v1/routes", 201, answer.clone())
        .on("PATCH", &format!("/v1/routes/{ID}"), 200, answer)
        .on("DELETE", &format!("/v1/routes/{ID}"), 204, Value::Null)
}

#[test]
fn a_route_is_added_as_it_was_typed() {
    let fake = fake(route("live", &Value::Null));
    let program = Program::with(&fake);
    let arguments = [
        "route",
        "add",
        "Shop.example.com/api/",
        "--destination",
        OTHER_ID,
        "--to",
        "api:3000",
        "--strip-path",
        "--body-limit",
        "1048576",
        "--response-header",
        "x-frame-options=DENY",
    ];
    snapshot!("route_added", &program.run(&arguments));
    let wanted = json!({
        "destination_id": OTHER_ID, "host": "shop.example.com", "path": "/api", "target": "api",
        "port": 3000,
        "options": {
            "https": "redirect", "www": "keep", "strip_path": true, "body_limit_bytes": 1_048_576,
            "headers": [{ "on": "response", "name": "x-frame-options", "value": "DENY" }],
        },
    });
    assert_eq!(fake.only("POST").body, wanted);
}

#[test]
fn a_route_that_leads_nowhere_is_no_success() {
    let fake = fake(route("dark", &json!("no container `api` is on network `shop`")));
    let program = Program::with(&fake);
    let add = ["route", "add", "a.com", "--destination", OTHER_ID, "--to", "api:3000"];
    let ran = program.run(&add);
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stdout.contains("no container `api` is on network `shop`"), "{ran}");
}

#[test]
fn a_route_is_found_by_its_address_and_what_is_not_typed_stays() {
    let fake = fake(route("live", &Value::Null));
    let program = Program::with(&fake);
    let edit = ["route", "edit", "shop.example.com/api", "--https", "off", "--no-password"];
    program.run(&edit).data();
    let sent = fake.only("PATCH").body;
    assert_eq!((&sent["basic_auth"], &sent["options"]["https"]), (&json!("none"), &json!("off")));
    assert_eq!(sent["options"]["strip_path"], json!(true));
    assert_eq!(sent.get("target"), None);

    let remove = ["route", "remove", "shop.example.com/api"];
    assert_eq!(program.run(&remove).code, 2);
    program.run(&[&remove[..], &["--yes"]].concat()).data();
    fake.only("DELETE");
}

#[test]
fn a_route_leads_to_an_application() {
    let fake = fake(route_to(OTHER_ID, "shop.example.com"))
        .list("/v1/applications", &[application(OTHER_ID, "production", "shop")]);
    let program = Program::with(&fake);
    program.run(&["route", "add", "shop.example.com"]).fails(2, "--destination");
    let both = ["route", "add", "a.com", "--app", "shop", "--to", "web:80"];
    program.run(&both).fails(2, "cannot be used with");
    let port = ["route", "add", "a.com", "--destination", OTHER_ID, "--port", "80"];
    program.run(&port).fails(2, "--app");
    let add = ["route", "add", "shop.example.com", "--app", "production/shop", "--port", "81"];
    let ran = program.run(&add);
    assert!(ran.data().contains(OTHER_ID), "{ran}");
    let sent = fake.only("POST").body;
    assert_eq!(sent["application_id"], json!(OTHER_ID));
    assert_eq!((&sent["destination_id"], &sent["port"]), (&json!(OTHER_ID), &json!(81)));
    assert_eq!(sent.get("target"), None);
}

#[test]
fn the_port_of_a_route_is_changed_alone() {
    let fake = fake(route("live", &Value::Null));
    Program::with(&fake).run(&["route", "edit", "shop.example.com/api", "--port", "81"]).data();
    assert_eq!(fake.only("PATCH").body, json!({ "port": 81 }));
}

#[test]
fn routes_are_listed_and_shown() {
    let fake = fake(Value::Null);
    let program = Program::with(&fake);
    snapshot!("route_list", &program.run(&["route", "list"]));
    snapshot!("route_show", &program.run(&["route", "show", ID]));
    snapshot!("help_route_add", &program.run(&["route", "add", "--help"]));
}
