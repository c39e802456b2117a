//! Jobs of applications on the command line.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OPERATION, OTHER_ID, application, days_ago, operation, step},
};

fn run(state: &str) -> Value {
    json!({
        "id": OTHER_ID, "job_id": ID, "cause": "schedule", "state": state, "exit_code": 3,
        "reason": "it ended with exit code 3", "times": 1, "created_at": days_ago(1),
        "started_at": days_ago(1), "finished_at": days_ago(1),
    })
}

fn job(name: &str) -> Value {
    json!({
        "id": ID, "application_id": ID, "application_name": "web", "name": name,
        "command": ["/app/shop", "tidy"], "expression": "0 3 * * *", "within_seconds": 3600,
        "keep": 20, "state": "paused", "latest": run("failed"), "created_at": days_ago(3),
        "updated_at": days_ago(3),
    })
}

/// Its run of a person failed, and said something that would steer a terminal.
fn fake() -> Fake {
    let mut failed = operation("failed", &[step("run", "failed", "it ended with exit code 3")]);
    failed["result"] = json!({ "type": "job-run", "job_id": ID, "run_id": OTHER_ID });
    failed["failure"] = json!({
        "code": "job-failed", "message": "it ended with exit code 3",
        "remedy": "see what it said (`list_job_runs`)",
    });
    let mut said = run("failed");
    said["output"] = json!({ "stdout": "a\u{1b}[2J\n", "stderr": "no\n", "truncated": true });
    let mut skipped = run("skipped");
    skipped["reason"] = json!("container `web-1` does not run");
    skipped["exit_code"] = Value::Null;
    skipped["times"] = json!(4);
    let jobs = format!("/v1/applications/{ID}/jobs");
    let one = format!("/v1/jobs/{ID}");
    Fake::new()
        .list("/v1/applications", &[application(ID, "production", "web")])
        .list("/v1/databases", &[])
        .list(&jobs, &[job("tidy")])
        .list(&format!("{one}/runs"), &[skipped, run("failed")])
        .get(&format!("{one}/runs/{OTHER_ID}"), said)
        .on("POST", &jobs, 201, job("tidy"))
        .on("PATCH", &one, 200, job("sweep"))
        .on("DELETE", &one, 204, Value::Null)
        .on("POST", &format!("{one}/run"), 202, failed.clone())
        .get(&format!("/v1/operations/{OPERATION}"), failed)
}

#[test]
fn jobs_and_their_runs_are_listed() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("job_list", program.run(&["app", "job", "list", "web"]));
    snapshot!("job_runs", program.run(&["app", "job", "runs", "web", "tidy"]));
    let shown = program.run(&["app", "job", "runs", "web", "tidy", "--show", OTHER_ID]);
    snapshot!("job_run_shown", shown);
    program.run(&["app", "job", "runs", "web", "other"]).fails(1, "has no job");
    snapshot!("help_app_job_add", program.run(&["app", "job", "add", "--help"]));
    snapshot!("help_app_job_edit", program.run(&["app", "job", "edit", "-h"]));
}

#[test]
fn jobs_are_added_changed_and_removed() {
    let fake = fake();
    let program = Program::with(&fake);
    let add = ["app", "job", "add", "web", "tidy", "--cron", "0 3 * * *", "--paused"];
    program.run(&add).fails(2, "PROGRAM");
    let added = program.run(&[&add[..], &["--", "sh", "-c", "rm -r $TMP/*"]].concat());
    snapshot!("job_add", added);
    let asked = json!({
        "name": "tidy", "command": ["sh", "-c", "rm -r $TMP/*"], "expression": "0 3 * * *",
        "within_seconds": 3600, "keep": 20, "state": "paused",
    });
    assert_eq!(fake.only("POST").body, asked);
    program.run(&["app", "job", "edit", "web", "tidy"]).fails(2, "--cron");
    program.run(&["app", "job", "edit", "web", "tidy", "--pause", "--resume"]).fails(2, "--resume");
    program.run(&["app", "job", "edit", "web", "tidy", "--resume", "--rename", "sweep"]).data();
    assert_eq!(fake.only("PATCH").body, json!({ "name": "sweep", "state": "active" }));
    program.run(&["app", "job", "remove", "web", "tidy"]).fails(2, "--yes");
    program.run(&["app", "job", "remove", "web", "tidy", "--yes"]).data();
    assert_eq!(fake.only("DELETE").path, format!("/v1/jobs/{ID}"));
}

/// What it said is data, and its exit code the command's.
#[test]
fn a_job_is_run_now() {
    let fake = fake();
    let ran = Program::with(&fake).run(&["app", "job", "run", "web", "tidy"]);
    snapshot!("job_run", ran);
}
