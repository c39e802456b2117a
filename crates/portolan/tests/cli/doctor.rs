//! `portolan doctor`: what is wrong, and what is not.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::Value;

use crate::{
    fake::{Fake, problem},
    program::{Program, Ran},
    samples::session,
};

fn checks(ran: &Ran) -> Vec<(String, String)> {
    let json = ran.json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let checks = json["checks"].as_array().expect("checks");
    checks.iter().map(|check| (text(&check["name"]), text(&check["level"]))).collect()
}

fn level<'a>(checks: &'a [(String, String)], wanted: &str) -> &'a str {
    let (_, level) = checks.iter().find(|(name, _)| name == wanted).expect(wanted);
    level
}

#[test]
fn the_doctor_finds_what_is_wrong_with_files() {
    let program = Program::new();
    let data = program.home().join("data");
    fs::create_dir(&data).expect("made");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("changed");
    fs::write(data.join("master.key"), "short").expect("written");
    let arguments = ["doctor", "--json", "--data-dir", "data", "--listen", "127.0.0.1:0"];
    let ran = program.run(&arguments);
    assert_eq!(ran.code, 1, "{ran}");
    let found = checks(&ran);
    assert_eq!(level(&found, "data folder mode"), "fail");
    assert_eq!(level(&found, "master key"), "fail");
    assert_eq!(level(&found, "login"), "warn");

    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("changed");
    fs::write(data.join("master.key"), "0f".repeat(32)).expect("written");
    fs::set_permissions(data.join("master.key"), fs::Permissions::from_mode(0o600)).expect("set");
    let ran = program.run(&arguments);
    assert_eq!(ran.code, 0, "{ran}");
    let found = checks(&ran);
    let good = ["settings", "data folder", "data folder mode", "master key", "address"];
    assert!(good.iter().all(|name| level(&found, name) == "ok"), "{ran}");
}

#[test]
fn the_doctor_tells_a_portolan_from_another_program() {
    let portolan = Fake::new().get("/healthz", Value::Null).on(
        "GET",
        "/v1/session",
        401,
        problem(401, "no token"),
    );
    let other = Fake::new().get("/healthz", Value::Null);
    let address = |fake: &Fake| fake.url().replace("http://", "");
    let program = Program::new();
    let run =
        |listen: &str| program.run(&["doctor", "--json", "--data-dir", "data", "--listen", listen]);
    assert_eq!(level(&checks(&run(&address(&portolan))), "address"), "ok");
    assert_eq!(level(&checks(&run(&address(&other))), "address"), "fail");
}

#[test]
fn the_doctor_checks_the_login_and_the_settings() {
    let fake = Fake::new().get("/v1/session", session());
    let program = Program::with(&fake).variable("PORTOLAN_RATE_LIMIT", "many");
    let ran = program.run(&["doctor"]);
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stdout.contains("fail  settings: bad value in PORTOLAN_RATE_LIMIT"), "{ran}");
    assert!(ran.stdout.contains("ok    login: ") && ran.stdout.contains("Default team"), "{ran}");
}
