//! Signing in, sessions, and one's own account.

use std::fs;

use serde_json::{Value, json};

use crate::{
    fake::{Fake, problem},
    program::{Program, snapshot},
    samples::{ID, days_ago, session},
};

const PASSWORD: &str = "mauve lantern eats tin";

fn sign_in() -> Value {
    json!({
        "id": ID, "method": "password", "address": "192.0.2.7", "user_agent": "portolan/0.1.0",
        "created_at": days_ago(3), "last_used_at": days_ago(0), "expires_at": "2999-01-01T00:00:00Z",
        "current": true,
    })
}

fn created(secret: &str) -> Value {
    json!({
        "session": sign_in(), "user": { "id": ID, "email": "you@example.com" },
        "team": { "id": ID, "name": "Crew" }, "role": "owner",
        "secret": secret, "device": "portolan_d_1",
    })
}

fn of_code(code: &str) -> Value {
    let mut problem = problem(401, "a code is needed as well");
    problem["type"] = json!(format!("/problems/{code}"));
    problem
}

fn login(program: &Program, fake: &Fake, more: &[&str], input: &str) -> crate::program::Ran {
    let url = fake.url();
    let mut arguments =
        vec!["login", "--url", &url, "--email", "you@example.com", "--password-stdin"];
    arguments.extend(more);
    program.run_with_input(&arguments, input)
}

#[test]
fn a_password_gives_a_session_that_is_kept_and_ended() {
    let fake = Fake::new()
        .on("POST", "/v1/sessions", 201, created("portolan_s_1"))
        .get("/v1/session", session())
        .on("DELETE", "/v1/session", 204, Value::Null);
    let program = Program::new();
    let ran = login(&program, &fake, &[], &format!("{PASSWORD}\n"));
    assert!(ran.data().contains("Default team"), "{ran}");
    assert!(!format!("{ran}").contains("portolan_s_1"), "{ran}");
    let sent = fake.only("POST");
    assert_eq!(
        (&sent.body["password"], &sent.body["email"]),
        (&json!(PASSWORD), &json!("you@example.com"))
    );
    assert!(sent.body.get("device").is_none() && !sent.headers.contains_key("authorization"));
    let text = fs::read_to_string(program.client_file()).expect("stored");
    assert!(text.contains("portolan_s_1") && text.contains("portolan_d_1"), "{text}");

    // The device is known the next time.
    login(&program, &fake, &[], &format!("{PASSWORD}\n")).data();
    let sent = fake.asked().into_iter().rfind(|asked| asked.method == "POST");
    assert_eq!(sent.expect("sent").body["device"], "portolan_d_1");
    program.run(&["logout"]).data();
    assert_eq!(fake.only("DELETE").headers["authorization"], "Bearer portolan_s_1");
    assert!(!program.client_file().exists());
}

#[test]
fn a_code_is_asked_for_only_when_it_is_needed() {
    let fake = Fake::new()
        .on("POST", "/v1/sessions", 401, of_code("second-factor-needed"))
        .on("POST", "/v1/sessions", 201, created("portolan_s_1"))
        .get("/v1/session", session());
    let program = Program::new();
    login(&program, &fake, &[], &format!("{PASSWORD}\n123456\n")).data();
    let sent: Vec<_> = fake.asked().into_iter().filter(|asked| asked.method == "POST").collect();
    assert!(sent[0].body.get("code").is_none(), "{:?}", sent[0].body);
    assert_eq!(sent[1].body["code"], "123456");
    assert_eq!(sent[1].body["password"], PASSWORD);

    let fake = Fake::new().on("POST", "/v1/sessions", 401, of_code("second-factor-wrong"));
    login(&Program::new(), &fake, &["--code", "1"], &format!("{PASSWORD}\n")).fails(1, "code");
    assert_eq!(fake.only("POST").body["code"], "1");
}

#[test]
fn a_session_that_cannot_be_ended_is_forgotten_all_the_same() {
    let fake = Fake::new()
        .on("POST", "/v1/sessions", 201, created("portolan_s_1"))
        .get("/v1/session", session())
        .on("DELETE", "/v1/session", 500, problem(500, "broken"));
    let program = Program::new();
    login(&program, &fake, &[], &format!("{PASSWORD}\n")).data();
    let ran = program.run(&["logout"]);
    assert!(ran.stderr.contains("could not be ended"), "{ran}");
    assert!(!program.client_file().exists());
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let fake = Fake::new();
    let url = fake.url();
    let program = Program::new();
    program
        .run(&["login", "--url", &url, "--email", "a@example.com"])
        .fails(2, "without a terminal");
    program.run(&["--url", &url, "user", "password"]).fails(2, "without a terminal");
    assert!(fake.asked().is_empty());
}

#[test]
fn a_changed_password_keeps_the_new_session() {
    let renewed = json!({ "session": sign_in(), "secret": "portolan_s_2" });
    let fake = Fake::new()
        .on("POST", "/v1/sessions", 201, created("portolan_s_1"))
        .get("/v1/session", session())
        .on("PUT", "/v1/user/password", 200, renewed);
    let program = Program::new();
    login(&program, &fake, &[], &format!("{PASSWORD}\n")).data();
    let input = format!("{PASSWORD}\nseven quiet harbours\n");
    let ran = program.run_with_input(&["user", "password", "--stdin"], &input);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{ran}");
    assert_eq!(
        fake.only("PUT").body,
        json!({ "current": PASSWORD, "new": "seven quiet harbours" })
    );
    let text = fs::read_to_string(program.client_file()).expect("stored");
    assert!(text.contains("portolan_s_2") && text.contains("portolan_d_1"), "{text}");
    // One that came with the environment cannot be kept: it is given out.
    let program = Program::with(&fake);
    let ran = program.run_with_input(&["user", "password", "--stdin"], &input);
    assert_eq!(ran.data().trim(), "portolan_s_2");
}

#[test]
fn an_authenticator_is_set_up() {
    let new = json!({ "secret": "ABCD", "uri": "otpauth://totp/x", "qr": "<svg/>" });
    let codes = json!({ "recovery_codes": ["aaaa-bbbb", "cccc-dddd"], "session": sign_in(), "secret": "s" });
    let fake = Fake::new()
        .on("POST", "/v1/user/totp", 201, new)
        .on("POST", "/v1/user/totp/confirm", 200, codes.clone())
        .on("POST", "/v1/user/recovery-codes", 200, codes);
    let program = Program::with(&fake);
    let ran = program
        .run_with_input(&["user", "totp", "enable", "--stdin"], &format!("{PASSWORD}\n123456\n"));
    assert_eq!(ran.data(), "s\naaaa-bbbb\ncccc-dddd\n");
    assert!(ran.stderr.contains("otpauth://totp/x"), "{ran}");
    let sent = fake.asked().pop().expect("asked");
    assert_eq!(sent.body, json!({ "code": "123456", "password": PASSWORD }));
    let ran =
        program.run_with_input(&["user", "recovery-codes", "--stdin"], &format!("{PASSWORD}\n1\n"));
    assert!(ran.data().ends_with("cccc-dddd\n"), "{ran}");
}

#[test]
fn what_is_shown_of_people() {
    let account = json!({
        "user": { "id": ID, "email": "you@example.com" }, "has_password": true, "has_totp": true,
        "recovery_codes_left": 9,
    });
    let fake = Fake::new().list("/v1/sessions", &[sign_in()]).get("/v1/user", account).on(
        "DELETE",
        "/v1/sessions",
        200,
        json!({ "ended": 2 }),
    );
    let program = Program::with(&fake);
    snapshot!("user_show", program.run(&["user", "show"]));
    let listed = program.run(&["session", "list"]);
    assert!(listed.data().contains("this one") && listed.data().contains("192.0.2.7"), "{listed}");
    let ran = program.run(&["session", "revoke", "--others"]);
    assert!(ran.stderr.contains("2 other sessions have ended"), "{ran}");
    program.run(&["session", "revoke"]).fails(2, "required");
    snapshot!("help_user", program.run(&["user", "--help"]));
    snapshot!("help_session", program.run(&["session", "--help"]));
}
