//! What containers say, on a terminal and for programs.

use axum::{Router, extract::RawQuery, http::header, response::IntoResponse, routing::get};
use serde_json::json;

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OPERATION, destination, operation, step},
};

/// A line with what a terminal must not obey.
const LINE: &str = "{\"stream\":\"stdout\",\"at\":\"2026-01-31T12:00:00.000Z\",\
                    \"text\":\"\\u001b[31mred\\u001b[0m\\u202e\"}\n";

const STATS: &str = "{\"at\":\"2026-01-31T12:00:00.000Z\",\"cpu_thousandths\":1234,\"cpus\":4,\
                     \"memory_bytes\":1572864,\"memory_limit_bytes\":1073741824,\
                     \"received_bytes\":1,\"sent_bytes\":2,\"read_bytes\":3,\"written_bytes\":4,\
                     \"processes\":5}";

/// A control plane that says `last` in the end of whoever follows.
fn fake(last: &'static str) -> Fake {
    let logs = async move |RawQuery(query): RawQuery| {
        let query = query.unwrap_or_default();
        assert!(query.contains("lines=7") && query.contains("search=a+b"), "{query}");
        assert!(query.contains("since=20"), "{query}");
        if !query.contains("follow=true") {
            assert!(query.contains("json=true"), "{query}");
            let lines = format!("{{\"lines\":3}}\n{LINE}");
            return ([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response();
        }
        let events = format!(
            ": nothing\n\ndata: {LINE}\nevent: left-out\ndata: {{\"lines\":5}}\n\n\
             event: ended\ndata: {last}\n\n"
        );
        ([(header::CONTENT_TYPE, "text/event-stream")], events).into_response()
    };
    let path = format!("/v1/destinations/{ID}/containers/web/logs");
    Fake::with(Router::new().route(&path, get(logs)))
        .get(&format!("/v1/destinations/{ID}"), destination(ID, "shop", "shop"))
}

const LOGS: [&str; 10] =
    ["container", "logs", ID, "web", "--lines", "7", "--since", "10m", "--search", "a b"];

#[test]
fn logs_are_printed_and_nothing_steers_the_terminal() {
    let fake = fake("");
    let program = Program::with(&fake);
    let ran = program.run(&LOGS);
    assert_eq!((ran.code, ran.data()), (0, "red\\u{202e}\n"), "{ran}");
    assert!(ran.stderr.contains("3 earlier lines were left out"), "{ran}");
    let ran = program.run(&[&LOGS[..], &["--timestamps"]].concat());
    assert_eq!(ran.data(), "2026-01-31T12:00:00.000Z red\\u{202e}\n", "{ran}");
    let ran = program.run(&[&LOGS[..], &["--json"]].concat());
    let line: serde_json::Value = serde_json::from_str(ran.data()).expect("a line of JSON");
    assert_eq!(line["text"], json!("\u{1b}[31mred\u{1b}[0m\u{202e}"));
}

#[test]
fn following_ends_with_the_container_or_in_words() {
    let ended = fake("{\"cause\":\"ended\",\"message\":\"container `web` runs no more\"}");
    let ran = Program::with(&ended).run(&[&LOGS[..], &["--follow"]].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "red\\u{202e}\n"), "{ran}");
    assert!(ran.stderr.contains("5 lines were left out"), "{ran}");
    assert!(ran.stderr.contains("runs no more"), "{ran}");
    let lost = fake("{\"cause\":\"lost\",\"message\":\"it broke off\",\"remedy\":\"look there\"}");
    let ran = Program::with(&lost).run(&[&LOGS[..], &["-f"]].concat());
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stderr.contains("it broke off") && ran.stderr.contains("look there"), "{ran}");
}

#[test]
fn what_is_used_is_shown_once_or_on_and_on() {
    let stats = async |RawQuery(query): RawQuery| match query.as_deref() {
        Some("stream=true") => {
            let events = format!(
                "data: {STATS}\n\ndata: {STATS}\n\nevent: ended\ndata: {{\"cause\":\"ended\",\
                 \"message\":\"it runs no more\"}}\n\n"
            );
            ([(header::CONTENT_TYPE, "text/event-stream")], events).into_response()
        }
        _ => ([(header::CONTENT_TYPE, "application/json")], STATS).into_response(),
    };
    let path = format!("/v1/destinations/{ID}/containers/web/stats");
    let fake = Fake::with(Router::new().route(&path, get(stats)))
        .get(&format!("/v1/destinations/{ID}"), destination(ID, "shop", "shop"));
    let program = Program::with(&fake);
    snapshot!("container_stats_once", &program.run(&["container", "stats", ID, "web", "--once"]));
    let ran = program.run(&["container", "stats", ID, "web", "--json"]);
    assert_eq!(ran.data().lines().count(), 2, "{ran}");
    assert!(ran.stderr.contains("it runs no more"), "{ran}");
    let ran = program.run(&["container", "stats", ID, "web"]);
    assert_eq!(ran.data().lines().count(), 10, "{ran}");
    assert!(!ran.stdout.contains('\u{1b}'), "{ran}");
}

#[test]
fn a_program_is_run_and_its_exit_code_is_ours() {
    let result = json!({
        "type": "command", "container": "web", "program": "sh", "exit_code": 3,
        "stdout": "one\n\u{1b}[31mtwo", "stderr": "oops", "truncated": false,
    });
    let mut work = operation("succeeded", &[step("run", "succeeded", "exit code 3")]);
    work["result"] = result;
    let path = format!("/v1/destinations/{ID}/containers/web/exec");
    let fake = Fake::new()
        .on("POST", &path, 202, work.clone())
        .get(&format!("/v1/operations/{OPERATION}"), work)
        .get(&format!("/v1/destinations/{ID}"), destination(ID, "shop", "shop"));
    let program = Program::with(&fake);
    let typed = ["container", "exec", ID, "web", "--user", "root", "--", "sh", "-c", "exit 3; -x"];
    let ran = program.run(&typed);
    assert_eq!((ran.code, ran.stdout.contains('\u{1b}')), (3, false), "{ran}");
    assert!(ran.stdout.starts_with("one\n") && ran.stderr.contains("oops"), "{ran}");
    let asked = fake.asked();
    let sent = asked.iter().find(|asked| asked.path == path).expect("it was asked for");
    let wanted =
        json!({ "command": ["sh", "-c", "exit 3; -x"], "user": "root", "within_seconds": 60 });
    assert_eq!(sent.body, wanted);
    assert_eq!(program.run(&["container", "exec", ID, "web"]).code, 2);
    assert_eq!(program.run(&["container", "exec", ID, "web", "--user", "a b", "--", "ls"]).code, 2);
    snapshot!("help_container_exec", program.run(&["container", "exec", "--help"]));
}
