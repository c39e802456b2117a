//! The background work on the command line.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OTHER_ID, days_ago, server},
};

fn task(kind: &str, server: Option<(&str, &str)>) -> Value {
    json!({
        "kind": kind, "server_id": server.map(|(id, _)| id),
        "server_name": server.map(|(_, name)| name), "started_at": days_ago(3),
        "connected_since": server.filter(|(id, _)| *id == ID).map(|_| days_ago(2)),
        "last_run_at": days_ago(0), "last_duration_ms": 42, "next_run_at": null,
        "last_error": null,
        "counts": { "runs": 12, "failures": 0, "repairs": 1, "events": 40 }, "passes": [],
    })
}

#[test]
fn tasks_are_shown_and_their_failures_said() {
    let part = |name: &str, failures: u64| {
        json!({
            "name": name, "last_run_at": days_ago(0), "last_duration_ms": 30, "failures": failures,
        })
    };
    let mut well = task("keeper", Some((ID, "web-1")));
    well["passes"] = json!([part("sight", 0), part("destinations", 2)]);
    let mut away = task("keeper", Some((OTHER_ID, "web-2")));
    away["last_error"] = json!({ "at": days_ago(1), "message": "connection refused\u{1b}[2J" });
    away["counts"]["failures"] = json!(7);
    let fake = Fake::new()
        .list("/v1/servers", &[server(ID, "web-1")])
        .get("/v1/reconcile", json!({ "tasks": [well, away, task("janitor", None)] }));
    let program = Program::with(&fake);
    snapshot!("reconcile_status", program.run(&["reconcile", "status"]));
    let of_one = ["reconcile", "status", "--server", "web-1"];
    snapshot!("reconcile_status_of_a_server", program.run(&of_one));
}
