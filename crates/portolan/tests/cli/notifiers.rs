//! Notifiers on the command line: made, shown, changed, tested, looked back on.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OTHER_ID, days_ago},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn notifier(id: &str, name: &str, target: &Value) -> Value {
    json!({
        "id": id, "name": name, "target": target, "topics": ["drift", "failure"],
        "min_severity": "warning", "quiet_seconds": 300, "grace_seconds": 60, "state": "active",
        "reason": null, "created_at": days_ago(2), "updated_at": days_ago(2),
    })
}

fn webhook() -> Value {
    let target = json!({ "type": "webhook", "origin": "https://hooks.example.com" });
    notifier(ID, "ops", &target)
}

fn mail() -> Value {
    let target = json!({ "type": "email", "to": ["ops@example.com", "dev@example.com"] });
    let mut mail = notifier(OTHER_ID, "night", &target);
    mail["state"] = json!("paused");
    mail["reason"] = json!("the receiver wants no more: it answered 410 Gone");
    mail
}

fn delivery(state: &str) -> Value {
    let over = state != "waiting";
    json!({
        "id": "dz4a98xxat96iws9zmbrgj3d", "notifier_id": ID, "kind": "event",
        "title": "drift: destination `evil\u{1b}[31m`", "state": state, "events": 1,
        "first_sequence": 7, "last_sequence": 7, "attempts": 2,
        "answer": (state == "delivered").then_some("200 OK"),
        "error": (state == "failed").then_some("503 Service Unavailable: down\u{1b}[2J"),
        "created_at": days_ago(2), "next_attempt_at": (!over).then(|| days_ago(0)),
        "finished_at": over.then(|| days_ago(1)),
    })
}

fn fake() -> Fake {
    let one = format!("/v1/notifiers/{ID}");
    let created = json!({ "notifier": webhook(), "secret": SECRET });
    let all = ["waiting", "delivered", "failed"].map(delivery);
    Fake::new()
        .list("/v1/notifiers", &[webhook(), mail()])
        .get(&one, webhook())
        .on("POST", "/v1/notifiers", 201, created)
        .on("PATCH", &one, 200, webhook())
        .on("DELETE", &one, 204, Value::Null)
        .on("POST", &format!("{one}/test"), 200, delivery("delivered"))
        .on("POST", &format!("{one}/test"), 200, delivery("failed"))
        .list(&format!("{one}/deliveries"), &all)
}

#[test]
fn notifiers_are_listed_and_shown() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("notifier_list", program.run(&["notifier", "list"]));
    snapshot!("notifier_show", program.run(&["notifier", "show", "night"]));
    snapshot!("notifier_deliveries", program.run(&["notifier", "deliveries", "ops"]));
    snapshot!("help_notifier_add", program.run(&["notifier", "add", "--help"]));
}

#[test]
fn only_the_secret_is_data() {
    let fake = fake();
    let program = Program::with(&fake);
    let typed = ["notifier", "add", "ops", "--webhook-file", "-", "--topic", "drift"];
    let ran = program.run_with_input(&typed, "https://hooks.example.com/s3cret\n");
    assert_eq!(ran.data(), format!("{SECRET}\n"));
    assert!(!ran.stderr.contains("s3cret"), "{ran}");
    let body = fake.only("POST").body;
    let target = json!({ "type": "webhook", "url": "https://hooks.example.com/s3cret" });
    assert_eq!(
        body,
        json!({
            "name": "ops", "target": target, "topics": ["drift"], "min_severity": "info",
            "quiet_seconds": 300, "grace_seconds": 60,
        })
    );
}

#[test]
fn a_change_is_sent_as_it_was_typed() {
    let fake = fake();
    let program = Program::with(&fake);
    let typed = ["notifier", "edit", "ops", "--pause", "--quiet-seconds", "0", "--rename", "day"];
    program.run(&typed).data();
    let body = json!({ "name": "day", "quiet_seconds": 0, "state": "paused" });
    assert_eq!(fake.only("PATCH").body, body);
    program.run(&["notifier", "remove", "ops", "--yes"]).data();
    assert_eq!(fake.only("DELETE").path, format!("/v1/notifiers/{ID}"));
}

#[test]
fn a_test_that_is_refused_fails() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("notifier_test", program.run(&["notifier", "test", "ops"]));
    let refused = program.run(&["notifier", "test", "ops"]);
    assert_eq!(refused.code, 1, "{refused}");
    assert!(refused.stdout.contains("503 Service Unavailable"), "{refused}");
    assert!(!refused.stdout.contains('\u{1b}'), "{refused}");
}

#[test]
fn wrong_use_is_said_before_anything_is_sent() {
    let program = Program::new();
    for typed in [
        &["notifier", "add", "ops"][..],
        &["notifier", "add", "ops", "--webhook", "ftp://h"],
        &["notifier", "add", "ops", "--webhook", "https://h", "--email", "a@example.com"],
        &["notifier", "add", "ops", "--email", "nobody"],
        &["notifier", "add", "ops", "--email", "a@example.com", "--quiet-seconds", "86401"],
        &["notifier", "add", "ops", "--email", "a@example.com", "--topic", "weather"],
        &["notifier", "edit", "ops"],
        &["notifier", "edit", "ops", "--pause", "--resume"],
        &["serve", "--smtp-url", "http://h"],
        &["serve", "--smtp-url", "smtps://h"],
        &["serve", "--allow-webhooks-to", "everywhere"],
    ] {
        let ran = program.run(typed);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{typed:?} {ran}");
    }
}
