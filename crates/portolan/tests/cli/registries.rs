//! Logins of registries on the command line: stored, shown, changed, tried; the password never shown.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OPERATION, OTHER_ID, days_ago, operation, server},
};

fn registry(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "host": "registry.example.com:5000", "user": "robot",
        "created_at": days_ago(2), "updated_at": days_ago(2),
    })
}

fn refused() -> Value {
    let mut refused = registry(OTHER_ID, "old");
    refused["check"] = json!({
        "server_name": "web-1", "outcome": "refused", "checked_at": days_ago(1),
        "words": "Docker answered 401: unauthorized\u{1b}[2J",
    });
    refused
}

fn fake() -> Fake {
    let one = format!("/v1/registries/{ID}");
    let work = operation("succeeded", &[]);
    Fake::new()
        .list("/v1/registries", &[registry(ID, "private"), refused()])
        .get(&one, registry(ID, "private"))
        .list("/v1/servers", &[server(OTHER_ID, "web-1")])
        .on("POST", "/v1/registries", 201, registry(ID, "private"))
        .on("PATCH", &one, 200, registry(ID, "private"))
        .on("DELETE", &one, 204, Value::Null)
        .on("POST", &format!("{one}/check"), 202, work.clone())
        .get(&format!("/v1/operations/{OPERATION}"), work)
}

#[test]
fn logins_are_listed_and_shown() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("registry_list", program.run(&["registry", "list"]));
    snapshot!("registry_show", program.run(&["registry", "show", "old"]));
    snapshot!("help_registry_add", program.run(&["registry", "add", "--help"]));
}

#[test]
fn the_password_comes_from_stdin() {
    let fake = fake();
    let program = Program::with(&fake);
    let typed = [
        "registry",
        "add",
        "private",
        "--host",
        "Registry.example.com:5000",
        "--user",
        "robot",
        "--password-file",
        "-",
    ];
    let ran = program.run_with_input(&typed, "open sesame\n");
    assert!(!format!("{ran}").contains("sesame"), "{ran}");
    ran.data();
    let body = json!({
        "name": "private", "host": "registry.example.com:5000", "user": "robot",
        "password": "open sesame",
    });
    assert_eq!(fake.only("POST").body, body);
}

#[test]
fn a_change_is_sent_as_it_was_typed() {
    let fake = fake();
    let program = Program::with(&fake);
    let typed = ["registry", "edit", "private", "--user", "other", "--password-file", "-"];
    program.run_with_input(&typed, "close sesame").data();
    let body = json!({ "user": "other", "password": "close sesame" });
    assert_eq!(fake.only("PATCH").body, body);
    program.run(&["registry", "remove", "private", "--yes"]).data();
    assert_eq!(fake.only("DELETE").path, format!("/v1/registries/{ID}"));
}

#[test]
fn a_login_is_tried_from_a_server() {
    let fake = fake();
    let program = Program::with(&fake);
    let ran = program.run(&["registry", "check", "private", "--server", "web-1"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(fake.only("POST").body, json!({ "server_id": OTHER_ID }));
}

#[test]
fn wrong_use_is_said_before_anything_is_sent() {
    let program = Program::new();
    for typed in [
        &["registry", "add", "x"][..],
        &["registry", "add", "x", "--host", "ghcr.io"],
        &["registry", "add", "x", "--host", "https://ghcr.io", "--user", "robot"],
        &["registry", "add", "x", "--host", "ghcr.io", "--user", "a:b"],
        &["registry", "add", "x", "--host", "ghcr.io", "--user", "robot", "--password", "p"],
        &["registry", "edit", "x"],
        &["registry", "edit", "x", "--new-password", "--password-file", "-"],
        &["registry", "check", "x"],
    ] {
        let ran = program.run(typed);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{typed:?} {ran}");
    }
    // Nobody is there to be asked.
    let typed = ["registry", "add", "x", "--host", "ghcr.io", "--user", "robot"];
    let fake = fake();
    let ran = Program::with(&fake).run(&typed);
    assert!(ran.code != 0 && fake.asked().iter().all(|asked| asked.method != "POST"), "{ran}");
}
