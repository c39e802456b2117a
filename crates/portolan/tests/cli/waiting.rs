//! Work that takes a while: steps as they happen, and how it ends.

use serde_json::json;

use crate::{
    fake::{Fake, problem},
    program::{Program, snapshot},
    samples::{ID, OPERATION, OTHER_ID, destination, key, operation, preview, server, step},
};

fn path() -> String {
    format!("/v1/operations/{OPERATION}")
}

/// Runs a moment, then ends.
fn ends(fake: Fake, last: serde_json::Value) -> Fake {
    let resolve = step("resolve", "succeeded", "10.88.0.11");
    let running = step("connect", "running", "");
    fake.get(&path(), operation("queued", &[]))
        .get(&path(), operation("running", &[resolve, running]))
        .get(&path(), last)
}

fn succeeded() -> serde_json::Value {
    let steps = [
        step("resolve", "succeeded", "10.88.0.11"),
        step("connect", "succeeded", "root"),
        step("clock", "warned", "3 s ahead"),
    ];
    operation("succeeded", &steps)
}

fn failed() -> serde_json::Value {
    let mut refused = step("connect", "failed", "permission denied (publickey)");
    refused["remedy"] = json!("add the key to authorized_keys");
    let mut failed = operation("failed", &[step("resolve", "succeeded", "10.88.0.11"), refused]);
    failed["failure"] = json!({
        "code": "authentication", "message": "could not log in to server `web-1`",
        "remedy": "see `portolan key show deploy --public`",
        "blockers": [{ "id": "0123456789abcdef", "name": "web", "state": "running", "kind": "container" }],
    });
    failed
}

#[test]
fn each_step_is_said_once() {
    let fake = ends(Fake::new(), succeeded());
    snapshot!("wait_succeeded", Program::with(&fake).run(&["operation", "wait", OPERATION]));
}

#[test]
fn a_failure_ends_with_1_and_says_what_to_do() {
    let fake = ends(Fake::new(), failed());
    let program = Program::with(&fake);
    snapshot!("wait_failed", program.run(&["operation", "wait", OPERATION]));
    let ran = program.run(&["operation", "wait", OPERATION, "--json"]);
    assert_eq!((ran.code, ran.json()), (1, failed()));
}

#[test]
fn when_time_is_up_it_says_how_to_go_on() {
    let fake = Fake::new().get(&path(), operation("running", &[]));
    let ran = Program::with(&fake).run(&["operation", "wait", OPERATION, "--wait", "0"]);
    snapshot!("wait_timed_out", ran);
}

#[test]
fn a_control_plane_that_restarts_is_waited_for() {
    let fake = Fake::new()
        .get(&path(), operation("queued", &[]))
        .on("GET", &path(), 503, problem(503, "starting"))
        .on("GET", &path(), 429, problem(429, "too many requests"))
        .get(&path(), succeeded());
    let ran = Program::with(&fake).run(&["operation", "wait", OPERATION]);
    ran.data();
    assert_eq!(ran.stderr.matches("trying again").count(), 1, "{ran}");
}

fn new_server() -> Fake {
    let mut new = server(ID, "web-1");
    new["state"] = json!("new");
    Fake::new()
        .get(&format!("/v1/keys/{OTHER_ID}"), key(OTHER_ID, "deploy"))
        .on("POST", "/v1/servers", 201, new)
        .get(&format!("/v1/servers/{ID}"), server(ID, "web-1"))
}

#[test]
fn adding_a_server_shows_its_validation() {
    let fake = ends(new_server(), succeeded());
    let arguments =
        ["server", "add", "web-1", "--host", "10.88.0.11", "--user", "admin", "--key", OTHER_ID];
    let ran = Program::with(&fake).run(&arguments);
    assert!(ran.data().contains("ready"), "{ran}");
    assert!(ran.stderr.contains("✓ resolve  10.88.0.11  (3 ms)\n"), "{ran}");
    let sent = fake.only("POST");
    let wanted = json!({
        "type": "ssh", "host": "10.88.0.11", "port": 22, "user": "admin", "key_id": OTHER_ID,
    });
    assert_eq!(sent.body["connection"], wanted);
    assert_eq!(sent.headers["idempotency-key"].len(), 24);
}

#[test]
fn adding_a_server_that_does_not_work_fails() {
    let fake = ends(new_server(), failed());
    let ran = Program::with(&fake).run(&["server", "add", "here", "--local", "--json"]);
    ran.fails(1, "error: could not log in");
    assert_eq!(ran.json()["id"], ID);
}

#[test]
fn without_waiting_it_says_where_to_look() {
    let fake = new_server();
    let ran = Program::with(&fake).run(&["server", "add", "here", "--local", "--no-wait"]);
    assert!(ran.data().contains("new"), "{ran}");
    assert!(ran.stderr.contains(&format!("portolan operation wait {OPERATION}")), "{ran}");
}

#[test]
fn a_destination_is_created_and_removed() {
    let one = format!("/v1/destinations/{ID}");
    let fake = Fake::new()
        .list("/v1/servers", &[server(OTHER_ID, "web-1")])
        .on("POST", "/v1/destinations", 201, destination(ID, "shop", "shop"))
        .get(&one, destination(ID, "shop", "shop"))
        .on("DELETE", &one, 200, preview())
        .on("DELETE", &one, 200, preview())
        .on("DELETE", &one, 202, operation("queued", &[]))
        .get(&path(), succeeded());
    let program = Program::with(&fake);
    let arguments =
        ["dest", "create", "--server", "web-1", "--subnet", "10.20.0.0/24", "--label", "a=b"];
    program.run(&arguments).data();
    let wanted = json!({
        "server_id": OTHER_ID,
        "proxy": "attach",
        "options": {
            "subnet": "10.20.0.0/24", "ipv6": false, "internal": false, "labels": { "a": "b" },
        },
    });
    assert_eq!(fake.only("POST").body, wanted);

    program.run(&["dest", "remove", ID]).fails(2, "hint: add --yes");
    let ran = program.run(&["dest", "remove", ID, "--yes", "--json"]);
    assert_eq!(ran.json()["state"], "succeeded");
    let asked = fake.asked();
    let removal = asked.iter().rfind(|asked| asked.method == "DELETE").expect("a removal");
    assert!(removal.path.ends_with("?version=5f2b0c9a4e1d7788&detach=false"), "{removal:?}");
}

#[test]
fn a_preview_shows_who_is_cut_off() {
    let one = format!("/v1/destinations/{ID}");
    let fake =
        Fake::new().get(&one, destination(ID, "shop", "shop")).on("DELETE", &one, 200, preview());
    let program = Program::with(&fake);
    snapshot!("preview_removal", program.run(&["dest", "remove", ID, "--detach", "--dry-run"]));
    let asked = fake.only("DELETE");
    assert!(asked.path.ends_with("?preview=true&detach=true"), "{asked:?}");
}
