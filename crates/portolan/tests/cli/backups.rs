//! Backups of databases, their schedules, and storages on the command line.

use std::fs;

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OPERATION, OTHER_ID, database, days_ago, operation, step},
};

fn storage() -> Value {
    json!({
        "id": OTHER_ID, "name": "cellar", "kind": "disk", "backups": 2, "bytes": 1_536,
        "created_at": days_ago(2), "updated_at": days_ago(2),
    })
}

fn backup(id: &str, state: &str) -> Value {
    json!({
        "id": id, "project_id": OTHER_ID, "database_id": ID, "database_name": "orders",
        "engine": "postgres", "version": "17", "storage_id": OTHER_ID, "storage_name": "cellar",
        "state": state, "operation_id": OPERATION, "created_at": days_ago(1),
    })
}

fn ready() -> Value {
    let mut ready = backup(ID, "ready");
    ready["size"] = json!(1_536);
    ready["sha256"] = json!("ab".repeat(32));
    ready["finished_at"] = json!(days_ago(1));
    ready["checked_at"] = json!(days_ago(0));
    ready
}

fn failed() -> Value {
    let mut failed = backup(OTHER_ID, "failed");
    failed["reason"] = json!("the engine's program ended with exit code 1: no\u{1b}[2J");
    failed
}

fn schedule() -> Value {
    json!({
        "database_id": ID, "storage_id": OTHER_ID, "storage_name": "cellar",
        "expression": "0 3 * * *", "keep": 14, "check": true, "next_at": "2026-03-01T03:00:00.000Z",
        "following": ["2026-03-02T03:00:00.000Z", "2026-03-03T03:00:00.000Z"],
        "created_at": days_ago(1), "updated_at": days_ago(1),
    })
}

fn fake() -> Fake {
    let work = operation("succeeded", &[step("store", "succeeded", "1.5 KiB of 9.1 KiB stored")]);
    let one = format!("/v1/backups/{ID}");
    let times = format!("/v1/databases/{ID}/backup-schedule");
    Fake::new()
        .list("/v1/databases", &[database(ID, "production", "orders")])
        .list("/v1/storages", &[storage()])
        .list("/v1/backups", &[ready(), failed()])
        .get(&one, ready())
        .get(&format!("/v1/backups/{OTHER_ID}"), failed())
        .get(&format!("{one}/content"), json!("what the database held"))
        .on("POST", "/v1/storages", 201, storage())
        .on("PATCH", &format!("/v1/storages/{OTHER_ID}"), 200, storage())
        .on("DELETE", &format!("/v1/storages/{OTHER_ID}"), 204, Value::Null)
        .on("DELETE", &one, 202, backup(ID, "removing"))
        .on("POST", &format!("/v1/databases/{ID}/backups"), 202, work.clone())
        .on("POST", &format!("/v1/databases/{ID}/restore"), 202, work.clone())
        .on("POST", &format!("{one}/check"), 202, work.clone())
        .get(&times, schedule())
        .on("PUT", &times, 200, schedule())
        .on("DELETE", &times, 204, Value::Null)
        .get(&format!("/v1/operations/{OPERATION}"), work)
}

#[test]
fn what_there_is_is_listed_and_shown() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("storage_list", program.run(&["storage", "list"]));
    snapshot!("storage_show", program.run(&["storage", "show", "cellar"]));
    snapshot!("backup_list", program.run(&["database", "backups", "list"]));
    snapshot!("backup_show", program.run(&["db", "backups", "show", OTHER_ID]));
    let list = ["db", "backups", "list", "--database", "orders", "--storage", "cellar"];
    program.run(&list).data();
    let wanted = format!("/v1/backups?database_id={ID}&storage_id={OTHER_ID}&limit=50");
    assert!(fake.asked().iter().any(|asked| asked.path == wanted), "{:?}", fake.asked());
}

#[test]
fn storages_are_made_renamed_and_removed() {
    let fake = fake();
    let program = Program::with(&fake);
    program.run(&["storage", "add", "cellar", "--kind", "disk"]).data();
    assert_eq!(fake.only("POST").body, json!({ "name": "cellar", "kind": "disk" }));
    program.run(&["storage", "edit", "cellar", "--rename", "attic"]).data();
    assert_eq!(fake.only("PATCH").body, json!({ "name": "attic" }));
    program.run(&["storage", "remove", "cellar"]).fails(2, "--yes");
    program.run(&["storage", "remove", "cellar", "--yes"]).data();
    assert_eq!(fake.only("DELETE").path, format!("/v1/storages/{OTHER_ID}"));
    program.run(&["storage", "add", "cellar", "--kind", "tape"]).fails(2, "tape");
}

#[test]
fn a_backup_is_taken_and_shown() {
    let fake = fake();
    let ran = Program::with(&fake).run(&["database", "backup", "orders", "--storage", "cellar"]);
    assert_eq!(fake.only("POST").body, json!({ "storage_id": OTHER_ID }));
    assert!(ran.stderr.contains("1.5 KiB of 9.1 KiB stored"), "{ran}");
    assert!(ran.data().contains(ID));
}

#[test]
fn a_backup_is_given_back_to_whoever_is_sure() {
    let fake = fake();
    let program = Program::with(&fake);
    let restore = ["database", "restore", "orders", "--backup", ID];
    program.run(&restore).fails(2, "--yes");
    program.run(&[&restore[..], &["--yes"]].concat()).data();
    assert_eq!(fake.only("POST").body, json!({ "backup_id": ID }));
}

#[test]
fn a_backup_is_downloaded_into_a_new_file_and_removed() {
    let fake = fake();
    let program = Program::with(&fake);
    let file = program.home().join("orders.gz");
    let to = file.to_str().expect("a path");
    let download = ["database", "backups", "download", ID, "--to"];
    program.run(&[&download[..], &[to]].concat()).data();
    let held = fs::read_to_string(&file).expect("a file");
    assert!(held.contains("what the database held"), "{held}");
    program.run(&[&download[..], &[to]].concat()).fails(1, "could not make");
    let ran = program.run(&[&download[..], &["-"]].concat());
    assert!(ran.data().contains("what the database held"));
    program.run(&["db", "backups", "remove", ID, "--yes"]).data();
    assert_eq!(fake.only("DELETE").path, format!("/v1/backups/{ID}"));
}

#[test]
fn a_database_is_backed_up_on_a_schedule() {
    let fake = fake();
    let program = Program::with(&fake);
    let set = ["database", "schedule", "orders", "--cron", " 0 3  * * *", "--storage", "cellar"];
    program.run(&[&set[..], &["--keep", "14", "--check"]].concat()).data();
    let body =
        json!({ "storage_id": OTHER_ID, "expression": "0 3 * * *", "keep": 14, "check": true });
    assert_eq!(fake.only("PUT").body, body);
    snapshot!("schedule", program.run(&["db", "schedule", "orders"]));
    program.run(&["db", "schedule", "orders", "--cron", "at noon"]).fails(2, "five fields");
    program.run(&["db", "schedule", "orders", "--keep", "3"]).fails(2, "--cron");
    program
        .run(&["db", "schedule", "orders", "--cron", "0 3 * * *", "--keep", "0"])
        .fails(2, "1 to 1000");
    program.run(&["db", "unschedule", "orders"]).data();
    assert_eq!(fake.only("DELETE").path, format!("/v1/databases/{ID}/backup-schedule"));
}

#[test]
fn a_backup_is_checked() {
    let fake = fake();
    let program = Program::with(&fake);
    let ran = program.run(&["database", "check-backup", ID, "--beside", "orders"]);
    assert_eq!(fake.only("POST").body, json!({ "database_id": ID }));
    assert!(ran.stderr.contains("succeeded") || ran.stderr.contains("stored"), "{ran}");
    let ran = program.run(&["db", "backups", "show", ID]);
    assert!(ran.data().contains("checked"), "{ran}");
}

#[test]
fn a_bucket_is_added_tried_and_gets_another_key() {
    let bucket = json!({
        "endpoint": "https://s3.example.com", "bucket": "vault", "region": "us-east-1",
        "prefix": "portolan", "style": "path", "access_key": "AKIA",
    });
    let mut made = storage();
    made["kind"] = json!("s3");
    made["s3"] = bucket.clone();
    let tried = json!({ "storage_id": OTHER_ID, "took_ms": 1_200 });
    let fake = Fake::new()
        .list("/v1/storages", &[made.clone()])
        .on("POST", "/v1/storages", 201, made.clone())
        .on("PATCH", &format!("/v1/storages/{OTHER_ID}"), 200, made)
        .on("POST", &format!("/v1/storages/{OTHER_ID}/try"), 200, tried);
    let program = Program::with(&fake);
    let file = program.home().join("secret");
    fs::write(&file, "open-sesame\n").expect("a file");
    let file = file.to_str().expect("a path");
    let add = [
        "storage",
        "add",
        "cellar",
        "--kind",
        "s3",
        "--endpoint",
        "https://s3.example.com/",
        "--bucket",
        "vault",
        "--prefix",
        "portolan",
        "--access-key",
        "AKIA",
    ];
    let ran = program.run(&[&add[..], &["--secret-key-file", file]].concat());
    assert!(!ran.data().contains("open-sesame"));
    let body = json!({
        "name": "cellar", "kind": "s3", "s3": bucket, "secret_key": "open-sesame",
    });
    assert_eq!(fake.only("POST").body, body);
    program.run(&add[..9]).fails(2, "--access-key");
    let edit = ["storage", "edit", "cellar", "--access-key", "BKIA", "--secret-key-file", file];
    program.run(&edit).data();
    assert_eq!(
        fake.only("PATCH").body,
        json!({ "access_key": "BKIA", "secret_key": "open-sesame" })
    );
    assert!(
        program.run(&["storage", "try", "cellar"]).data().contains("written, read and removed")
    );
}
