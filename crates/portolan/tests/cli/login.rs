//! Logging in, and where the token goes.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::json;

use crate::{
    fake::{Fake, problem},
    program::Program,
    samples::{ID, session, token},
};

fn set_up() -> Fake {
    let done = json!({
        "user": { "id": ID, "email": "owner@example.com" },
        "team": { "id": ID, "name": "Crew" },
        "token": { "token": token(ID, "setup"), "secret": "portolan_new" },
    });
    Fake::new().on("POST", "/v1/setup", 201, done).get("/v1/session", session())
}

#[test]
fn the_setup_token_gives_a_login_that_only_the_owner_can_read() {
    let fake = set_up();
    let program = Program::new();
    let url = fake.url();
    let arguments = [
        "login",
        "--url",
        &url,
        "--setup-token-file",
        "-",
        "--email",
        "owner@example.com",
        "--team",
        "Crew",
    ];
    let ran = program.run_with_input(&arguments, "one-time\n");
    assert!(ran.data().contains("Default team"), "{ran}");

    let sent = fake.only("POST");
    let wanted = json!({ "setup_token": "one-time", "email": "owner@example.com", "team": "Crew" });
    assert_eq!(sent.body, wanted);
    assert!(!sent.headers.contains_key("authorization"));

    let file = program.client_file();
    let mode =
        |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().expect("a folder"))), (0o600, 0o700));
    assert!(!ran.stdout.contains("portolan_new") && !ran.stderr.contains("portolan_new"), "{ran}");

    // What follows needs neither URL nor token.
    program.run(&["whoami"]).data();
    let asked = fake.asked().pop().expect("asked");
    assert_eq!(asked.headers["authorization"], "Bearer portolan_new");
}

#[test]
fn a_token_is_checked_before_it_is_stored() {
    let fake = Fake::new()
        .on("GET", "/v1/session", 401, problem(401, "the token is not known"))
        .get("/v1/session", session());
    let program = Program::new().variable("PORTOLAN_URL", &fake.url());
    program.run(&["login", "--token", "wrong"]).fails(1, "not known");
    assert!(!program.client_file().exists());
    program.run_with_input(&["login", "--token", "-"], "right\n").data();
    let text = fs::read_to_string(program.client_file()).expect("stored");
    assert!(text.contains("token = \"right\""), "{text}");
    program.run(&["logout"]).data();
    assert!(!program.client_file().exists());
    program.run(&["logout"]).data();
}

#[test]
fn a_stored_token_never_goes_to_another_address() {
    let (fake, other) = (set_up(), Fake::new());
    let program = Program::new();
    program.run(&["login", "--url", &fake.url(), "--token", "mine"]).data();
    program.run(&["whoami", "--url", &other.url()]).fails(1, "no token for");
    assert!(other.asked().is_empty());
}

#[test]
fn a_file_that_others_can_read_is_warned_of() {
    let fake = set_up();
    let program = Program::new();
    program.run(&["login", "--url", &fake.url(), "--token", "mine"]).data();
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(program.client_file(), open).expect("changed");
    let ran = program.run(&["whoami"]);
    assert!(ran.stderr.contains("warning: others can read"), "{ran}");
}

#[test]
fn a_broken_file_is_named_and_its_token_is_not() {
    let program = Program::new();
    let file = program.home().join("client.toml");
    fs::write(&file, "url = 'http://127.0.0.1:1'\ntoken = 'hunter2").expect("written");
    let ran = program.run(&["--client-file", "client.toml", "whoami"]);
    ran.fails(1, "could not read client.toml");
    assert!(!ran.stderr.contains("hunter2"), "{ran}");
}
