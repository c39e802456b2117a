//! Proofs of destinations: what is asked for, and how checks with their evidence are shown.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OPERATION, days_ago, destination, operation},
};

fn checks() -> Value {
    json!([
        {
            "name": "name-resolution", "outcome": "passed",
            "evidence": [{
                "from": "the second probe, 10.64.0.3", "to": "the resolver 127.0.0.11",
                "tried": "asking for `first`", "answer": "10.64.0.2",
            }],
        },
        {
            "name": "tcp-inside", "outcome": "failed",
            "reason": "packets get lost: a firewall rule of the host drops them",
            "remedy": "look for it on the host\u{1b}[2J",
            "evidence": [{
                "from": "the second probe, 10.64.0.3", "to": "the first probe, 10.64.0.2:7411",
                "tried": "a TCP connection", "answer": "nothing came back, after 3000 ms",
            }],
        },
        {
            "name": "encrypted", "outcome": "skipped", "reason": "encryption was not asked for",
            "evidence": [],
        },
    ])
}

pub(crate) fn verification() -> Value {
    json!({
        "operation_id": OPERATION, "destination_id": ID, "outcome": "failed", "checks": checks(),
        "started_at": days_ago(1), "finished_at": days_ago(1),
    })
}

#[test]
fn a_verification_shows_each_check_with_what_it_rests_on() {
    let mut over = operation("failed", &[]);
    over["failure"] = json!({
        "code": "verification-failed",
        "message": "destination `shop` on server `web-1` is not what it should be (tcp-inside)",
        "remedy": "look for it on the host",
    });
    over["result"] = json!({ "type": "verification", "checks": checks() });
    let path = format!("/v1/destinations/{ID}");
    let fake = Fake::new()
        .get(&path, destination(ID, "shop", "shop"))
        .get(&format!("/v1/operations/{OPERATION}"), over)
        .on("POST", &format!("{path}/verify"), 202, operation("queued", &[]))
        .list(&format!("{path}/verifications"), &[verification()]);
    let program = Program::with(&fake);
    let ran = program.run(&["destination", "verify", ID]);
    snapshot!("destination_verify", ran);
    let listed = program.run(&["destination", "verifications", ID]);
    snapshot!("destination_verifications", listed);
}
