//! Changes that are done at once: what is sent, and what is asked before.

use std::fs;

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::Program,
    samples::{ID, OTHER_ID, key, server, token},
};

#[test]
fn only_the_secret_of_a_new_token_is_data() {
    let created = json!({ "token": token(ID, "ci"), "secret": "portolan_once" });
    let fake = Fake::new().on("POST", "/v1/tokens", 201, created.clone());
    let program = Program::with(&fake);
    let arguments =
        ["token", "create", "ci", "--abilities", "write,read", "--expires-in-days", "30"];
    let ran = program.run(&arguments);
    assert_eq!(ran.data(), "portolan_once\n");
    assert!(ran.stderr.contains("shown only now"), "{ran}");
    let wanted = json!({ "name": "ci", "abilities": ["read", "write"], "expires_in_days": 30 });
    assert_eq!(fake.only("POST").body, wanted);
    let ran = program.run(&["--json", "token", "create", "ci", "--abilities", "read"]);
    assert_eq!(ran.json(), created);
}

#[test]
fn a_token_is_revoked_by_name_or_id() {
    let fake = Fake::new().list("/v1/tokens", &[token(ID, "ci")]).on(
        "DELETE",
        &format!("/v1/tokens/{ID}"),
        204,
        Value::Null,
    );
    let program = Program::with(&fake);
    assert_eq!(program.run(&["token", "revoke", "ci"]).data(), "");
    program.run(&["token", "revoke", ID]).data();
}

#[test]
fn a_private_key_is_sent_with_its_passphrase() {
    let fake = Fake::new().on("POST", "/v1/keys", 201, key(ID, "id_ed25519"));
    let program = Program::with(&fake);
    let text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    fs::write(program.home().join("id_ed25519"), text).expect("written");
    let arguments = ["key", "create", "--from-file", "id_ed25519"];
    program.run(&arguments).fails(2, "--passphrase-file or PORTOLAN_PASSPHRASE");
    let program = program.variable("PORTOLAN_PASSPHRASE", "hunter2");
    let ran = program.run(&arguments);
    assert!(!ran.data().contains("hunter2") && !ran.stderr.contains("hunter2"), "{ran}");
    let wanted = json!({ "name": "id_ed25519", "private_key": text, "passphrase": "hunter2" });
    assert_eq!(fake.only("POST").body, wanted);
}

#[test]
fn a_key_is_renamed_and_removed() {
    let one = format!("/v1/keys/{ID}");
    let fake = Fake::new()
        .list("/v1/keys", &[key(ID, "deploy")])
        .on("PATCH", &one, 200, key(ID, "fleet"))
        .on("DELETE", &one, 204, Value::Null);
    let program = Program::with(&fake);
    assert!(program.run(&["key", "rename", "deploy", "fleet"]).data().contains("fleet"));
    assert_eq!(fake.only("PATCH").body, json!({ "name": "fleet" }));
    program.run(&["key", "remove", "deploy"]).fails(2, "remove key `deploy`");
    assert!(fake.asked().iter().all(|asked| asked.method != "DELETE"));
    program.run(&["key", "remove", "deploy", "--yes"]).data();
}

#[test]
fn an_edit_sends_only_what_changes() {
    let one = format!("/v1/servers/{ID}");
    let fake = Fake::new()
        .get(&one, server(ID, "web-1"))
        .on("PATCH", &one, 200, server(ID, "web-2"))
        .on("DELETE", &one, 200, json!({ "left_behind": ["shop"] }));
    let program = Program::with(&fake);
    program.run(&["server", "edit", ID, "--build-server", "true", "--port", "2222"]).data();
    let wanted = json!({
        "build_server": true,
        "connection": {
            "type": "ssh", "host": "10.88.0.11", "port": 2222, "user": "root", "key_id": OTHER_ID,
        },
    });
    assert_eq!(fake.only("PATCH").body, wanted);
    program.run(&["server", "edit", ID, "--socket", "/s"]).fails(2, "is reached over SSH");
    let ran = program.run(&["server", "remove", ID, "--forget", "--yes"]);
    assert_eq!(ran.data(), "");
    assert!(ran.stderr.contains("the network `shop` stays on `web-1`"), "{ran}");
    assert_eq!(fake.only("DELETE").path, format!("{one}?forget=true"));
}
