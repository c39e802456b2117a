//! Moves on the command line: what is typed, what is sent, and what is shown.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{
        ID, OPERATION, OTHER_ID, application, destination, environment, operation, project, step,
    },
};

fn preview() -> Value {
    json!({
        "version": "", "as_of": "2026-01-01T00:00:00Z", "allowed": true,
        "steps": ["stop container `shop-tz4a98-3`", "copy all that is in volume `data` there"],
        "affected": [], "dark_routes": [], "refusals": [],
    })
}

/// Work that ended at once, with what became of it.
fn moved() -> Value {
    let mut done =
        operation("succeeded", &[step("copy", "succeeded", ""), step("ready", "succeeded", "")]);
    done["kind"] = json!("move-application");
    done["result"] = json!({
        "type": "move", "from": "web", "to": "quay", "gap_ms": 2_140,
        "volumes": [
            { "name": "shop-tz4a98-data\u{1b}[2J", "entries": 7, "bytes": 5_242_880,
              "sent_bytes": 1_048_576, "sha256": "ab".repeat(32) },
        ],
    });
    done
}

fn fake() -> Fake {
    let shop = application(ID, "production", "shop");
    let path = format!("/v1/applications/{ID}");
    Fake::new()
        .list("/v1/applications", std::slice::from_ref(&shop))
        .get(&path, shop)
        .list("/v1/projects", &[project(OTHER_ID, "store")])
        .list("/v1/environments", &[environment(OTHER_ID, "store", "production")])
        .list("/v1/destinations", &[destination(OTHER_ID, "quay", "quay")])
        .get(&format!("/v1/operations/{OPERATION}"), moved())
}

#[test]
fn a_move_is_shown_before_it_is_made() {
    let path = format!("/v1/applications/{ID}/move");
    let fake = fake().on("POST", &path, 200, preview()).on("POST", &path, 200, preview());
    let fake = fake.on("POST", &path, 202, moved());
    let program = Program::with(&fake);
    snapshot!("app_move_preview", program.run(&["app", "move", "shop", "quay", "--dry-run"]));
    let ran = program.run(&["app", "move", "shop", "quay", "--force", "--yes"]);
    snapshot!("app_move", ran);
    let sent = fake.asked().into_iter().rfind(|asked| asked.method == "POST").map(|one| one.body);
    assert_eq!(sent, Some(json!({ "destination_id": OTHER_ID, "force": true })));
}

#[test]
fn what_waits_is_decided_about() {
    let acts = [("confirm-move", "confirm-move"), ("take-back", "take-back-move")];
    for (typed, act) in acts {
        let fake = fake().on("POST", &format!("/v1/applications/{ID}/{act}"), 202, moved());
        let program = Program::with(&fake);
        program.run(&["app", typed, "shop", "--yes"]).data();
        assert!(fake.only("POST").path.ends_with(&format!("/{act}")), "{typed}");
    }
}

#[test]
fn what_waits_is_shown() {
    let mut shop = application(ID, "production", "shop");
    shop["moved"] = json!({
        "from_destination_id": OTHER_ID, "from_destination_name": "web",
        "to_destination_id": OTHER_ID, "to_destination_name": "quay", "state": "waiting",
        "operation_id": OPERATION, "since": "2026-01-01T00:00:00Z",
    });
    let fake = Fake::new()
        .list("/v1/applications", std::slice::from_ref(&shop))
        .list("/v1/routes", &[])
        .get(&format!("/v1/applications/{ID}"), shop);
    let shown = Program::with(&fake).run(&["app", "show", "shop"]);
    assert!(shown.data().contains("from web: waits for `portolan app confirm-move`"), "{shown}");
}

#[test]
fn moves_are_explained() {
    let fake = Fake::new();
    snapshot!("help_app_move", Program::with(&fake).run(&["app", "move", "--help"]));
}
