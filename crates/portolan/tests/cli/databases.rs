//! Databases on the command line: what is typed, what is sent, and what is shown.

use std::fs;

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{
        ID, OPERATION, OTHER_ID, application, database, destination, environment, operation, step,
    },
};

fn one() -> String {
    format!("/v1/databases/{ID}")
}

/// Work that ended at once.
fn deployed() -> Value {
    operation("succeeded", &[step("pull", "succeeded", "41 MB"), step("ready", "succeeded", "")])
}

fn engines() -> Value {
    json!({ "items": [{
        "engine": "postgres", "title": "PostgreSQL", "about": "Relations.", "image": "postgres",
        "versions": ["17", "16"], "port": 5432, "user": "app", "database": "app",
        "takes_script": true,
    }] })
}

fn fake() -> Fake {
    let orders = database(ID, "production", "orders");
    Fake::new()
        .list("/v1/databases", &[orders.clone(), database(OTHER_ID, "staging", "orders")])
        .get(&one(), orders)
        .get("/v1/database-templates", engines())
        .list("/v1/applications", &[application(OTHER_ID, "production", "shop")])
        .list("/v1/environments", &[environment(OTHER_ID, "store", "production")])
        .list("/v1/destinations", &[destination(OTHER_ID, "shop", "shop")])
        .get(&format!("/v1/operations/{OPERATION}"), deployed())
}

/// With an answer to a request about the first database.
fn fake_on(method: &str, act: &str, answer: Value) -> Fake {
    fake().on(method, &format!("{}{act}", one()), 200, answer)
}

fn made() -> Value {
    json!({ "database": database(ID, "production", "orders"), "password": "open-sesame-1234" })
}

#[test]
fn what_there_is_is_listed_and_shown() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("database_engines", program.run(&["database", "engines"]));
    snapshot!("database_list", program.run(&["db", "list"]));
    snapshot!("database_show", program.run(&["database", "show", "production/orders"]));
    program.run(&["db", "list", "--environment", "production", "--destination", "shop"]).data();
    let asked = fake.asked();
    let wanted = format!("?environment_id={OTHER_ID}&destination_id={OTHER_ID}&limit=50");
    assert!(asked.last().is_some_and(|asked| asked.path.ends_with(&wanted)), "{asked:?}");
}

#[test]
fn a_database_is_added_as_it_was_typed_and_its_password_is_the_data() {
    let fake = fake().on("POST", "/v1/databases", 201, made());
    let program = Program::with(&fake);
    let script = program.home().join("schema.sql");
    fs::write(&script, "create table t (id int);").expect("a file");
    let script = script.to_str().expect("a path");
    let add = "database add orders --environment store/production --destination shop --engine \
               postgres --version 16 --user clerk --database orders --set work_mem=64MB --memory \
               512M --cpus 0.5 --public 15432 --address 127.0.0.1 --script";
    let mut arguments: Vec<&str> = add.split_whitespace().collect();
    arguments.push(script);
    let ran = program.run(&arguments);
    assert_eq!(ran.data(), "open-sesame-1234\n", "{ran}");
    assert!(ran.stderr.contains("✓ pull  41 MB"), "{ran}");
    let sent = fake.only("POST").body;
    assert_eq!(
        sent,
        json!({
            "environment_id": OTHER_ID, "destination_id": OTHER_ID, "name": "orders",
            "engine": "postgres", "version": "16", "user": "clerk", "database": "orders",
            "config": {
                "settings": { "work_mem": "64MB" },
                "limits": { "memory_bytes": 536_870_912, "millicpus": 500 },
                "public": { "port": 15432, "address": "127.0.0.1" },
            },
            "script": "create table t (id int);",
        })
    );
}

#[test]
fn what_is_not_edited_stays() {
    let fake = fake_on("PATCH", "", database(ID, "production", "orders"));
    let program = Program::with(&fake);
    let edit = ["database", "edit", "production/orders"];
    program.run(&edit).fails(2, "--set");
    program.run(&[&edit[..], &["--unset", "public", "--cpus=2"]].concat()).data();
    let config = &fake.only("PATCH").body["config"];
    assert_eq!(config["settings"], json!({ "max_connections": "200" }));
    assert_eq!(config["limits"], json!({ "memory_bytes": 268_435_456, "millicpus": 2_000 }));
    assert_eq!(config.get("public"), None);
}

#[test]
fn work_is_followed() {
    for act in ["deploy", "start", "stop", "restart"] {
        let fake = fake_on("POST", &format!("/{act}"), deployed());
        let ran = Program::with(&fake).run(&["database", act, "production/orders"]);
        assert!(ran.stderr.contains("✓ pull  41 MB"), "{act}: {ran}");
    }
    let fake = fake_on("POST", "/upgrade", deployed());
    Program::with(&fake).run(&["db", "upgrade", "production/orders", "--version", "17.2"]).data();
    assert_eq!(fake.only("POST").body, json!({ "version": "17.2" }));
}

#[test]
fn work_on_a_database_is_listed() {
    let fake = fake().list("/v1/operations", &[deployed()]);
    Program::with(&fake).run(&["operation", "list", "--database", "production/orders"]).data();
    let asked = fake.asked();
    let wanted = format!("/v1/operations?subject_id={ID}&limit=50");
    assert!(asked.iter().any(|asked| asked.path == wanted), "{asked:?}");
}

#[test]
fn removing_says_what_becomes_of_the_data() {
    let fake = fake_on("DELETE", "", deployed());
    Program::with(&fake)
        .run(&["database", "remove", "production/orders", "--data", "--yes"])
        .data();
    assert!(fake.only("DELETE").path.ends_with("?data=true"), "{:?}", fake.asked());
}

#[test]
fn a_variable_is_taken_from_a_database() {
    let variables = format!("/v1/applications/{OTHER_ID}/variables");
    let answer = json!({ "items": [{
        "name": "DATABASE_URL", "secret": true, "updated_at": "2026-01-01T00:00:00Z",
        "from_database": { "database_id": ID, "part": "url" },
    }] });
    let fake = fake().on("PATCH", &variables, 200, answer);
    let refer = ["app", "env", "refer", "shop", "DATABASE_URL", "--database", "production/orders"];
    let ran = Program::with(&fake).run(&refer);
    assert!(ran.data().contains("(url of database"), "{ran}");
    let refer = json!([{
        "name": "DATABASE_URL", "from_database": { "database_id": ID, "part": "url" },
    }]);
    assert_eq!(fake.only("PATCH").body["refer"], refer);
}
