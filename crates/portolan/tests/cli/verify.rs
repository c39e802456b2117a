//! Proofs of destinations: what is asked for, and how checks with their evidence are shown.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OPERATION, OTHER_ID, days_ago, destination, operation},
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

/// Of several destinations the outcomes are one table, with what failed and what was refused; one
/// failure is the command's.
#[test]
fn a_fleet_is_verified_in_one_go() {
    let mut failed = operation("failed", &[]);
    failed["kind"] = json!("verify-destination");
    failed["result"] = json!({ "type": "verification", "checks": checks() });
    let mut passed = operation("succeeded", &[]);
    passed["id"] = json!("pz4a98xxat96iws9zmbrgj3d");
    passed["kind"] = json!("verify-destination");
    passed["result"] = json!({ "type": "verification", "checks": [checks()[0]] });
    let third = "vz4a98xxat96iws9zmbrgj3e";
    let refusal = json!({
        "type": "about:blank", "title": "Conflict", "status": 409, "code": "destination-not-at-rest",
        "detail": "destination `late` is pending", "remedy": "wait for the work on it",
    });
    let fake = Fake::new()
        .list(
            "/v1/destinations",
            &[
                destination(ID, "shop", "shop"),
                destination(OTHER_ID, "blog", "blog"),
                destination(third, "late", "late"),
            ],
        )
        .on("POST", &format!("/v1/destinations/{ID}/verify"), 202, failed.clone())
        .on("POST", &format!("/v1/destinations/{OTHER_ID}/verify"), 202, passed.clone())
        .on("POST", &format!("/v1/destinations/{third}/verify"), 409, refusal)
        .get(&format!("/v1/operations/{OPERATION}"), failed)
        .get("/v1/operations/pz4a98xxat96iws9zmbrgj3d", passed);
    let program = Program::with(&fake);
    let ran = program.run(&["destination", "verify", "--all"]);
    snapshot!("destination_verify_all", ran);
    let ran = program.run(&["destination", "verify", "blog", "shop", "blog", "--json"]);
    let told: Value = serde_json::from_str(&ran.stdout).expect("a document");
    let names: Vec<&Value> = told["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| &one["destination"]["name"])
        .collect();
    assert_eq!((ran.code, names), (1, vec![&json!("blog"), &json!("shop")]));
    for wrong in [&["destination", "verify"][..], &["destination", "verify", "shop", "--all"]] {
        assert_eq!(program.run(wrong).code, 2, "{wrong:?}");
    }
}
