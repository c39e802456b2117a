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

fn reach_end(name: &str, address: &str) -> Value {
    json!({
        "name": name, "server_id": OTHER_ID, "server_name": "web-1", "container_id": "4b5c",
        "state": "running", "places": [{ "network": "shop", "address": address }],
        "as_of": days_ago(0),
    })
}

/// First the answer from what was seen, then what a probe found, and that they differ.
#[test]
fn a_way_is_proved() {
    let mut over = operation("succeeded", &[]);
    over["kind"] = json!("prove-reach");
    over["result"] = json!({
        "type": "reach",
        "reach": {
            "verdict": "yes", "from": reach_end("web", "10.64.0.2"),
            "to": reach_end("db", "10.64.0.3"), "obstacles": [],
            "paths": [{
                "kind": "network", "network": "shop", "address": "10.64.0.3",
                "detail": "both are on network `shop`",
            }],
        },
        "proof": {
            "outcome": "timed-out", "port": 5432, "contradicts": true,
            "evidence": [{
                "from": "a probe in the network of `web`", "to": "`db`, 10.64.0.3:5432",
                "tried": "a TCP connection", "answer": "nothing came back, after 3000 ms",
            }],
            "cause": { "reason": "a firewall rule drops them\u{1b}[2J", "remedy": "look for it" },
        },
    });
    let fake = Fake::new()
        .on("POST", "/v1/reach/prove", 202, operation("queued", &[]))
        .get(&format!("/v1/operations/{OPERATION}"), over);
    let program = Program::with(&fake);
    let ran = program.run(&["reach", "web", "db", "--prove", "--port", "5432"]);
    snapshot!("reach_prove", ran);
    let asked = fake.asked();
    let question = asked.iter().find(|one| one.path == "/v1/reach/prove").expect("a question");
    assert_eq!(question.body, json!({ "from": "web", "to": "db", "port": 5432 }));
    for wrong in [
        &["reach", "web", "db", "--port", "1"][..],
        &["reach", "web", "db", "--prove", "--port", "0"],
    ] {
        assert_eq!(program.run(wrong).code, 2, "{wrong:?}");
    }
}
