//! What an application is built from, its log and its hook, on the command line.

use axum::{Router, http::header, response::IntoResponse, routing::get};
use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OTHER_ID, application, environment, key, project},
};

fn one() -> String {
    format!("/v1/applications/{ID}")
}

fn fake_with(more: Router) -> Fake {
    let shop = application(ID, "production", "shop");
    Fake::with(more)
        .list("/v1/applications", std::slice::from_ref(&shop))
        .get(&one(), shop)
        .list("/v1/projects", &[project(OTHER_ID, "store")])
        .list("/v1/environments", &[environment(OTHER_ID, "store", "production")])
}

fn hook() -> Value {
    json!({
        "application_id": ID, "path": format!("/v1/hooks/{ID}"), "token_id": OTHER_ID,
        "created_at": "2026-01-31T12:00:00.000Z", "called_at": null, "outcome": null,
    })
}

#[test]
fn a_repository_is_enough() {
    let made = application(ID, "production", "shop");
    let fake = fake_with(Router::new()).on("POST", "/v1/applications", 201, made);
    let add = ["app", "add", "shop", "--environment", "production", "--git"];
    let url = "https://git.example.com/store/Shop.git";
    let more = ["--git-ref", "next", "--build-folder", "web/", "--git-password-variable", "TOKEN"];
    Program::with(&fake).run(&[&add[..], &[url], &more].concat()).data();
    let spec = fake.only("POST").body["spec"].clone();
    assert_eq!(spec["image"], json!("localhost/shop"));
    let login = json!({ "user": "git", "password_variable": "TOKEN" });
    let wanted = json!({
        "repository": url, "reference": "next", "folder": "web", "login": login,
    });
    assert_eq!(spec["build"], wanted);
}

#[test]
fn by_ssh_a_key_is_named() {
    let made = application(ID, "production", "shop");
    let fake = fake_with(Router::new()).list("/v1/keys", &[key(OTHER_ID, "deploy")]).on(
        "POST",
        "/v1/applications",
        201,
        made,
    );
    let add = ["app", "add", "shop", "--environment", "production"];
    let host_key = "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDOQYBhwHD/rrVDuiM";
    let url = "git@git.example.com:store/Shop.git";
    let more = ["--git", url, "--git-key", "deploy", "--git-host-key", host_key];
    Program::with(&fake).run(&[&add[..], &more].concat()).data();
    let spec = fake.only("POST").body["spec"].clone();
    assert_eq!(spec["image"], json!("localhost/shop"));
    let wanted = json!({ "repository": url, "key_id": OTHER_ID, "host_key": host_key });
    assert_eq!(spec["build"], wanted);
}

#[test]
fn what_is_built_has_a_repository() {
    let fake = fake_with(Router::new());
    let program = Program::with(&fake);
    let none = program.run(&["app", "edit", "shop", "--git-ref", "next"]);
    none.fails(2, "it is not built: name a repository with --git");
    program
        .run(&["app", "edit", "shop", "--git", "https://robot:sesame@git.example.com/shop"])
        .fails(2, "URL without login");
    program.run(&["app", "add", "shop", "--environment", "production"]).fails(2, "--image");
}

#[test]
fn a_build_log_is_printed() {
    let line = "{\"stream\":\"stdout\",\"at\":\"2026-01-31T12:00:00.000Z\",\
                \"text\":\"Step 1/1 : FROM \\u001b[31mscratch\"}\n";
    let lines =
        async move || ([(header::CONTENT_TYPE, "application/x-ndjson")], line).into_response();
    let path = format!("{}/deployments/7/log", one());
    let fake = fake_with(Router::new().route(&path, get(lines)));
    let ran = Program::with(&fake).run(&["app", "build-log", "shop", "--number", "7"]);
    assert_eq!((ran.code, ran.data()), (0, "Step 1/1 : FROM scratch\n"), "{ran}");
}

#[test]
fn a_hook_is_made_shown_and_removed() {
    let mut made = hook();
    made["secret"] = json!("portolan_hook_secret");
    let path = format!("{}/hook", one());
    let fake = fake_with(Router::new()).on("POST", &path, 201, made).get(&path, hook()).on(
        "DELETE",
        &path,
        204,
        Value::Null,
    );
    let program = Program::with(&fake);
    let ran = program.run(&["app", "hook", "create", "shop"]);
    assert!(ran.data().contains("portolan_hook_secret"), "{ran}");
    assert!(ran.data().contains(&format!("/v1/hooks/{ID}")), "{ran}");
    let ran = program.run(&["app", "hook", "show", "shop"]);
    assert!(!ran.data().contains("secret") && ran.data().contains(OTHER_ID), "{ran}");
    program.run(&["app", "hook", "remove", "shop"]).fails(2, "--yes");
    let ran = program.run(&["app", "hook", "remove", "shop", "--yes"]);
    assert_eq!(ran.code, 0, "{ran}");
    snapshot!("help_app_hook", program.run(&["app", "hook", "--help"]));
}
