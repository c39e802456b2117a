//! The ways in besides passwords: providers, and what a person is known by.

use std::fs;

use serde_json::{Value, json};

use crate::{
    fake::{Fake, problem},
    program::{Program, Ran, snapshot},
    samples::{ID, OTHER_ID, days_ago, session},
};

const BACK: &str = "https://portolan.example.com/v1/sign-in/oidc/corp/callback";
const BEGIN: &str = "/v1/sign-in/oidc/corp";
const END: &str = "/v1/sign-in/oidc/corp/callback";

fn ways(names: &[&str]) -> Value {
    let provider = |name: &&str| {
        json!({
            "name": name, "issuer": "https://id.example.com",
            "begin": format!("/v1/sign-in/oidc/{name}"),
        })
    };
    json!({ "passkey": true, "providers": names.iter().map(provider).collect::<Vec<_>>() })
}

fn begun() -> Value {
    let back = BACK.replace(':', "%3A").replace('/', "%2F");
    json!({
        "location": format!("https://id.example.com/authorize?state=s&redirect_uri={back}"),
        "cookies": ["__Host-portolan-sign-in=portolan_o_1; Path=/; Secure; HttpOnly"],
    })
}

fn ended() -> Value {
    json!({
        "location": "/",
        "cookies": [
            "__Host-portolan-sign-in=; Path=/; Max-Age=0",
            "__Host-portolan=portolan_s_1; Path=/; Secure; HttpOnly",
            "__Host-portolan-device=portolan_d_1; Path=/; Secure; HttpOnly",
        ],
    })
}

fn login(program: &Program, fake: &Fake, more: &[&str], pasted: &str) -> Ran {
    let url = fake.url();
    program.run_with_input(&[&["login", "--url", &url, "--sso"], more].concat(), pasted)
}

#[test]
fn a_browser_asks_the_provider() {
    let fake = Fake::new()
        .get("/v1/sign-in", ways(&["corp"]))
        .on("GET", BEGIN, 303, begun())
        .on("GET", END, 303, ended())
        .get("/v1/session", session());
    let program = Program::new();
    let pasted = format!("{BACK}?code=c%2F1&state=s&session_state=x\n");
    let ran = login(&program, &fake, &[], &pasted);
    assert!(ran.data().contains("Default team"), "{ran}");
    assert!(ran.stderr.contains("https://id.example.com/authorize?state=s"), "{ran}");
    let text = format!("{ran}");
    assert!(!text.contains("portolan_o_") && !text.contains("portolan_s_"), "{text}");
    let back = |asked: &crate::fake::Asked| asked.path.starts_with(END);
    let sent = fake.asked().into_iter().find(back).expect("it came back");
    assert_eq!(sent.path, format!("{END}?code=c%2F1&state=s"));
    assert_eq!(sent.headers["cookie"], "__Host-portolan-sign-in=portolan_o_1");
    let stored = fs::read_to_string(program.client_file()).expect("stored");
    assert!(stored.contains("portolan_s_1") && stored.contains("portolan_d_1"), "{stored}");

    // The device is known the next time.
    login(&program, &fake, &["corp"], &pasted).data();
    let sent = fake.asked().into_iter().rfind(back).expect("it came back");
    let wanted = "__Host-portolan-sign-in=portolan_o_1; __Host-portolan-device=portolan_d_1";
    assert_eq!(sent.headers["cookie"], wanted);
}

#[test]
fn what_is_no_answer_of_the_provider_goes_nowhere() {
    let mut not_begun = problem(409, "this browser has not begun this sign-in");
    not_begun["type"] = json!("/problems/sign-in-not-begun");
    let fake = Fake::new()
        .get("/v1/sign-in", ways(&["corp"]))
        .on("GET", BEGIN, 303, begun())
        .on("GET", END, 409, not_begun);
    let program = Program::new();
    for other in ["\n", "c\n", "https://evil.example/v1/sign-in/oidc/corp/callback?code=c\n"] {
        let ran = login(&program, &fake, &[], other);
        assert!(ran.code != 0, "{ran}");
    }
    assert!(fake.asked().iter().all(|asked| !asked.path.starts_with(END)), "{:?}", fake.asked());
    let ran = login(&program, &fake, &[], &format!("{BACK}?code=c&state=another\n"));
    ran.fails(1, "has not begun this sign-in");
    assert!(!program.client_file().exists());
}

#[test]
fn a_provider_is_chosen_among_those_that_there_are() {
    let none = Fake::new().get("/v1/sign-in", ways(&[]));
    login(&Program::new(), &none, &[], "").fails(1, "no provider");
    let two = Fake::new().get("/v1/sign-in", ways(&["corp", "lab"]));
    login(&Program::new(), &two, &[], "").fails(2, "corp, lab");
    login(&Program::new(), &two, &["other"], "").fails(2, "corp, lab");
    let program = Program::new();
    program.run(&["login", "--sso", "--email", "a@example.com"]).fails(2, "cannot be used with");
    program.run(&["login", "--sso", "--token", "x"]).fails(2, "exclude each other");
    login(&program, &two, &["No Name"], "").fails(2, "a provider has 1 to 32");
}

fn passkey(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "backed_up": true, "created_at": days_ago(3),
        "last_used_at": days_ago(1),
    })
}

#[test]
fn passkeys_are_listed_renamed_and_removed() {
    let path = format!("/v1/passkeys/{OTHER_ID}");
    let mut ring = passkey(OTHER_ID, "key ring");
    ring["last_used_at"] = Value::Null;
    let fake = Fake::new()
        .list("/v1/passkeys", &[passkey(ID, "phone"), ring])
        .on("PATCH", &path, 200, passkey(OTHER_ID, "old ring"))
        .on("DELETE", &path, 409, last_way_in())
        .on("DELETE", &path, 204, Value::Null);
    let program = Program::with(&fake);
    snapshot!("passkey_list", program.run(&["passkey", "list"]));
    let ran = program.run(&["passkey", "rename", "key ring", "old ring"]);
    assert!(ran.stderr.contains("passkey `key ring` is `old ring` now"), "{ran}");
    assert_eq!(fake.only("PATCH").body, json!({ "name": "old ring" }));
    program.run(&["passkey", "rename", "nothing", "x"]).fails(1, "nothing");
    program.run(&["passkey", "remove", "key ring"]).fails(1, "only way in");
    let ran = program.run(&["passkey", "remove", "key ring"]);
    assert!(ran.stderr.contains("removed passkey `key ring`"), "{ran}");
}

fn last_way_in() -> Value {
    let mut problem = problem(409, "this is the only way in that is left to you");
    problem["type"] = json!("/problems/last-way-in");
    problem
}

#[test]
fn identities_are_listed_and_forgotten() {
    let identity = |id: &str, issuer: &str, email: Value| {
        json!({
            "id": id, "issuer": issuer, "subject": "248289761001", "email": email,
            "created_at": days_ago(3), "last_used_at": days_ago(1),
        })
    };
    let (corp, lab) = ("https://id.example.com", "https://lab.example.org");
    let path = format!("/v1/identities/{OTHER_ID}");
    let fake = Fake::new()
        .list(
            "/v1/identities",
            &[identity(ID, corp, json!("you@example.com")), identity(OTHER_ID, lab, Value::Null)],
        )
        .on("DELETE", &path, 409, last_way_in())
        .on("DELETE", &path, 204, Value::Null);
    let program = Program::with(&fake);
    snapshot!("identity_list", program.run(&["identity", "list"]));
    program.run(&["identity", "remove", lab]).fails(1, "only way in");
    let ran = program.run(&["identity", "remove", lab]);
    assert!(ran.stderr.contains("https://lab.example.org does not let you in any more"), "{ran}");
}
