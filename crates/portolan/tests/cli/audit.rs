//! `portolan audit`: what people did, taken out, and proved.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OTHER_ID, days_ago},
};

fn entry(sequence: u64, outcome: &str) -> Value {
    json!({
        "sequence": sequence, "id": ID, "at": days_ago(2),
        "kind": if outcome == "done" { "server.edited" } else { "access.forbidden" },
        "outcome": outcome,
        "by": {
            "type": "person", "user_id": OTHER_ID, "email": "ann@example.com",
            "token_id": ID, "token_name": "ci",
        },
        "address": "192.0.2.7", "request_id": "r-1", "operation": "update_server",
        "subject": { "type": "server", "id": OTHER_ID }, "subject_name": "web-1",
        "message": "server `web-1` was edited\u{1b}[2J by ann@example.com",
        "previous_hash": "0".repeat(64), "hash": "ab".repeat(32),
    })
}

fn verdict(broken: &Value) -> Value {
    json!({ "count": 3, "head": "ab".repeat(32), "waiting": 0, "broken": broken })
}

#[test]
fn entries_are_listed() {
    let fake = Fake::new().list("/v1/audit", &[entry(2, "refused"), entry(1, "done")]);
    let program = Program::with(&fake);
    let ran = program.run(&["audit", "list", "--outcome", "refused", "--kind", "access."]);
    snapshot!("audit", ran);
    let asked = fake.asked().pop().expect("asked").path;
    assert!(asked.contains("outcome=refused") && asked.contains("kind=access."), "{asked}");
    program.run(&["audit", "list", "--outcome", "maybe"]).fails(2, "unknown outcome");
}

#[test]
fn a_chain_that_holds_and_one_that_does_not() {
    let fake = Fake::new().get("/v1/audit/verify", verdict(&Value::Null));
    snapshot!("audit_holds", Program::with(&fake).run(&["audit", "verify"]));
    let broken = json!({
        "sequence": 4, "entry_id": ID, "fault": "altered",
        "message": "it is not what was written, or Portolan did not write it",
    });
    let fake = Fake::new().get("/v1/audit/verify", verdict(&broken));
    let program = Program::with(&fake);
    let ran = program.run(&["audit", "verify", "--count", "3", "--head", &"ab".repeat(32)]);
    snapshot!("audit_broken", ran);
    let asked = fake.asked().pop().expect("asked").path;
    assert!(asked.contains("count=3") && asked.contains("head=abab"), "{asked}");
    program.run(&["audit", "verify", "--head", &"ab".repeat(32)]).fails(2, "--count");
}

#[test]
fn lines_that_break_off_are_no_export() {
    // Whatever answers here is one JSON text without an end of line.
    let fake = Fake::new().get("/v1/audit/export", entry(1, "done"));
    Program::with(&fake).run(&["audit", "export"]).fails(1, "it ends within a line");
}
