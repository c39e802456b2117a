//! Differences on the command line: listed, shown, decided about.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OTHER_ID, days_ago, destination, server},
};

const DRIFT: &str = "dz4a98xxat96iws9zmbrgj3d";

fn drift(state: &str) -> Value {
    json!({
        "id": DRIFT, "kind": "missing", "subject": { "type": "destination", "id": ID },
        "subject_name": "shop", "server_id": OTHER_ID, "server_name": "web-1",
        "destination_id": ID, "state": state, "policy": "ask",
        "message": "Docker no longer has the network `shop`",
        "reason": "the policy of the team is `ask`",
        "remedy": format!("repair it (`heal_drift {DRIFT}`)"),
        "before": { "docker_id": "4b5c", "subnets": "172.18.0.0/16" }, "after": {},
        "cause": "Docker told of the network: destroy 4b5c", "operation_id": null,
        "found_at": days_ago(2), "ended_at": null, "duration_ms": null,
    })
}

fn policies() -> Value {
    json!({
        "scope": "destination", "rules": { "policy": "ask" },
        "effective": [
            { "kind": "missing", "policy": "heal", "from": "server" },
            { "kind": "recreated", "policy": "ask", "from": "destination" },
            { "kind": "route-dark", "policy": "tell", "from": "default" },
        ],
    })
}

fn fake() -> Fake {
    Fake::new()
        .list("/v1/servers", &[server(OTHER_ID, "web-1")])
        .list("/v1/destinations", &[destination(ID, "shop", "shop")])
        .get(&format!("/v1/destinations/{ID}"), destination(ID, "shop", "shop"))
        .list("/v1/drifts", &[drift("asked")])
        .get(&format!("/v1/drifts/{DRIFT}"), drift("asked"))
        .on("POST", &format!("/v1/drifts/{DRIFT}/dismiss"), 200, drift("dismissed"))
        .get("/v1/drift-policy", policies())
        .on("PATCH", &format!("/v1/destinations/{ID}/drift-policy"), 200, policies())
}

#[test]
fn drifts_are_listed_and_shown() {
    let fake = fake();
    let program = Program::with(&fake);
    let filtered = ["drift", "list", "--open", "--server", "web-1", "--kind", "missing"];
    snapshot!("drifts", program.run(&filtered));
    let asked = fake.asked().into_iter().find(|asked| asked.path.starts_with("/v1/drifts"));
    let path = asked.expect("asked").path;
    for part in ["open=true", &format!("server_id={OTHER_ID}"), "kind=missing"] {
        assert!(path.contains(part), "{path} lacks {part}");
    }
    snapshot!("drift", program.run(&["drift", "show", DRIFT]));
    let dismissed = program.run(&["drift", "dismiss", DRIFT, "--json"]);
    assert_eq!(dismissed.json()["state"], "dismissed");
}

#[test]
fn a_policy_is_sent_as_it_was_typed() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("drift_policy", program.run(&["drift", "policy", "show"]));
    let said = ["--all", "ask", "--kind", "missing=inherit", "--kind", "recreated=tell"];
    let typed = [&["drift", "policy", "set", "--destination", "shop"], said.as_slice()].concat();
    program.run(&typed).data();
    let body = fake.only("PATCH").body;
    let kinds = json!({ "missing": "inherit", "recreated": "tell" });
    assert_eq!(body, json!({ "policy": "ask", "kinds": kinds }));
}

#[test]
fn a_wrong_policy_is_wrong_use() {
    let program = Program::new();
    for typed in [
        &["drift", "policy", "set"][..],
        &["drift", "policy", "set", "--all", "forget"],
        &["drift", "policy", "set", "--kind", "missing"],
        &["drift", "policy", "set", "--kind", "lost=heal"],
        &["drift", "heal", "../x"],
    ] {
        let ran = program.run(typed);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{typed:?} {ran}");
    }
}
