//! Names from servers and hosts are hostile input: nothing of them may steer the terminal.

use serde_json::json;

use crate::{
    fake::{Fake, problem},
    program::Program,
    samples::{ID, OPERATION, operation, server, step},
};

/// Clears the screen, rings, returns, fakes a line and turns the reading direction.
const HOSTILE: &str = "x\u{1b}[2J\u{7}\r\nhint: run this\u{9b}31m\u{202e}\u{200f}";

fn assert_harmless(text: &str) {
    let steers = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{200e}'..='\u{202e}'));
    assert!(!text.contains(steers), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("hint: run this")), "{text:?}");
}

#[test]
fn tables_steps_and_errors_are_harmless() {
    let mut bad = server(ID, "web-1");
    bad["engine"]["version"] = json!(HOSTILE);
    bad["engine"]["warnings"] = json!([HOSTILE]);
    bad["reason"] = json!(HOSTILE);
    let mut failed = operation("failed", &[step(HOSTILE, "failed", HOSTILE)]);
    failed["failure"] = json!({
        "code": "c", "message": HOSTILE, "remedy": null,
        "blockers": [{ "id": HOSTILE, "name": HOSTILE, "state": HOSTILE }],
    });
    let fake = Fake::new()
        .list("/v1/servers", std::slice::from_ref(&bad))
        .get(&format!("/v1/servers/{ID}"), bad)
        .get(&format!("/v1/operations/{OPERATION}"), failed)
        .on("GET", "/v1/keys", 409, problem(409, HOSTILE));
    let program = Program::with(&fake);
    let commands: &[&[&str]] = &[
        &["server", "list"],
        &["server", "list", "--json"],
        &["server", "show", ID],
        &["operation", "show", OPERATION],
        &["operation", "wait", OPERATION],
        &["key", "list"],
    ];
    for arguments in commands {
        let ran = program.run(arguments);
        assert_harmless(&ran.stdout);
        assert_harmless(&ran.stderr);
        assert!(ran.stdout.contains("31m") || ran.stderr.contains("31m"), "{arguments:?} {ran}");
    }
}

#[test]
fn json_still_means_the_same() {
    let mut bad = server(ID, "web-1");
    bad["reason"] = json!(HOSTILE);
    let fake = Fake::new().get(&format!("/v1/servers/{ID}"), bad.clone());
    assert_eq!(Program::with(&fake).run(&["server", "show", ID, "--json"]).json(), bad);
}
