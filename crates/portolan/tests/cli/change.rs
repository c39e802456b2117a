//! Changes in place, and containers on destinations: what is sent, asked before, and shown.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OPERATION, OTHER_ID, destination, operation},
};

fn one() -> String {
    format!("/v1/destinations/{ID}")
}

/// The destination, and an operation that ended with a result.
fn fake(result: Value) -> Fake {
    let mut done = operation("succeeded", &[]);
    if !result.is_null() {
        done["result"] = result;
    }
    Fake::new()
        .get(&one(), destination(ID, "shop", "shop"))
        .get(&format!("/v1/operations/{OPERATION}"), done)
}

#[test]
fn an_edit_sends_all_options_and_tells_what_became_of_the_containers() {
    let containers = json!([
        { "id": "0a", "name": "shop-web-1", "gap_ms": 12, "note": null },
        { "id": "0b", "name": "shop-db\u{1b}[2J", "gap_ms": null, "note": "it got another address" },
    ]);
    let fake = fake(json!({ "type": "change", "containers": containers })).on(
        "PATCH",
        &one(),
        200,
        destination(ID, "shop", "shop"),
    );
    let program = Program::with(&fake);
    let arguments = ["dest", "edit", ID, "--mtu", "1400", "--label", "a=b", "--unlabel", "team"];
    let ran = program.run(&[&arguments[..], &["--yes"]].concat());
    snapshot!("destination_edit", ran);
    let options = json!({ "ipv6": false, "internal": false, "mtu": 1400, "labels": { "a": "b" } });
    assert_eq!(fake.only("PATCH").body, json!({ "options": options }));
}

#[test]
fn an_edit_asks_with_what_its_preview_shows() {
    let web = json!({
        "kind": "container", "id": "0a", "name": "web", "state": "running",
        "effect": "goes over, and loses open connections",
    });
    let preview = json!({
        "version": "5f2b0c9a4e1d7788", "as_of": "2026-01-31T12:00:00.000Z", "allowed": true,
        "steps": ["create an interim network"], "affected": [web], "dark_routes": [],
        "refusals": [],
    });
    let asked = format!("{}?preview=true", one());
    let fake = fake(Value::Null).on("PATCH", &one(), 200, preview.clone());
    let program = Program::with(&fake);
    let edit = ["dest", "edit", ID, "--internal", "true"];
    program.run(&edit).fails(2, "replace network `shop` on `web-1`? web go over");
    assert_eq!(fake.only("PATCH").path, asked);
    let dry = program.run(&[&edit[..], &["--dry-run", "--json"]].concat());
    assert_eq!(dry.json(), preview);
}

#[test]
fn an_edit_of_the_label_alone_replaces_nothing() {
    let fake = fake(Value::Null).on("PATCH", &one(), 200, destination(ID, "new", "shop"));
    let ran = Program::with(&fake).run(&["dest", "edit", ID, "--name", "new"]);
    assert!(ran.data().contains("new"), "{ran}");
    assert_eq!(fake.only("PATCH").body, json!({ "name": "new" }));
}

#[test]
fn containers_are_a_table() {
    let containers = json!({
        "as_of": "2020-01-02T03:04:05.000Z",
        "items": [
            {
                "id": "0123456789abcdef", "name": "shop-web-1", "state": "running",
                "kind": "proxy", "project": "shop", "address": "10.20.0.2",
                "ipv6_address": "fd00::2", "aliases": ["web", "www"],
            },
            {
                "id": "fedcba9876543210", "name": "job\u{1b}]0;x\u{7}", "state": "exited",
                "kind": "container", "project": null, "address": null, "ipv6_address": null,
                "aliases": [],
            },
        ],
    });
    let path = format!("{}/containers", one());
    let fake = fake(Value::Null).get(&path, containers.clone());
    let program = Program::with(&fake);
    let ran = program.run(&["dest", "containers", ID, "--quiet"]);
    snapshot!("destination_containers", ran);
    assert_eq!(program.run(&["dest", "containers", ID, "--json"]).json(), containers);
}

#[test]
fn a_container_is_connected_and_disconnected() {
    let path = format!("{}/containers", one());
    let begun = operation("queued", &[]);
    let fake = fake(Value::Null).on("POST", &path, 202, begun.clone()).on(
        "DELETE",
        &format!("{path}/legacy-db"),
        202,
        begun,
    );
    let program = Program::with(&fake);
    let connect = ["dest", "connect", ID, "legacy-db", "--alias", "DB", "--address", "10.20.0.9"];
    program.run(&connect).data();
    let wanted = json!({ "container": "legacy-db", "aliases": ["db"], "address": "10.20.0.9" });
    assert_eq!(fake.only("POST").body, wanted);

    let disconnect = ["dest", "disconnect", ID, "legacy-db"];
    program.run(&disconnect).fails(2, "disconnect container `legacy-db` from `shop`");
    program.run(&[&disconnect[..], &["--yes"]].concat()).data();
    fake.only("DELETE");
}

#[test]
fn a_container_is_moved() {
    let path = format!("{}/containers/web/move", one());
    let fake = fake(Value::Null)
        .get(&format!("/v1/destinations/{OTHER_ID}"), destination(OTHER_ID, "blog", "blog"))
        .on("POST", &path, 202, operation("queued", &[]));
    let program = Program::with(&fake);
    let arguments = ["dest", "move", "web", "--from", ID, "--to", OTHER_ID];
    program.run(&arguments).fails(2, "move container `web` from `shop` to `blog`?");
    program.run(&[&arguments[..], &["--yes"]].concat()).data();
    assert_eq!(fake.only("POST").body, json!({ "to": OTHER_ID }));
}

#[test]
fn what_is_no_container_is_wrong_use() {
    let program = Program::new();
    let wrong: &[&[&str]] = &[
        &["dest", "connect", "shop", "../images"],
        &["dest", "connect", "shop", "web", "--alias", "a_b"],
        &["dest", "connect", "shop", "web", "--address", "10.0.0"],
        &["dest", "disconnect", "shop", "a b"],
        &["dest", "move", "web", "--from", "shop"],
        &["dest", "edit", "shop"],
        &["dest", "edit", "shop", "--subnet", "10.0.0.0/24", "--any-subnet"],
        &["dest", "edit", "shop", "--mtu", "1400", "--default-mtu"],
    ];
    for arguments in wrong {
        let ran = program.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?} {ran}");
    }
    snapshot!("help_destination_edit", program.run(&["destination", "edit", "--help"]));
}
