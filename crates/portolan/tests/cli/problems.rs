//! What went wrong, and what to do about it.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use serde_json::json;

use crate::{
    fake::{Fake, problem},
    program::{Program, snapshot},
    samples::{ID, OTHER_ID, destination, key},
};

#[test]
fn a_problem_is_shown_with_fields_blockers_and_remedy() {
    let mut refused = problem(422, "destination `shop` cannot be created");
    refused["errors"] = json!([{ "field": "options.subnet", "message": "overlaps 10.0.0.0/8" }]);
    refused["blockers"] = json!(["web-1", "db-1"]);
    refused["remedy"] = json!("choose another subnet");
    let fake = Fake::new().on("GET", "/v1/keys", 422, refused);
    snapshot!("problem", Program::with(&fake).run(&["key", "list"]));
}

#[test]
fn an_unexpected_failure_names_its_request() {
    let mut failed = problem(500, "something went wrong");
    failed["request_id"] = json!("req-7");
    let fake = Fake::new().on("GET", "/v1/keys", 500, failed);
    Program::with(&fake).run(&["key", "list"]).fails(1, "req-7");
}

#[test]
fn who_is_not_logged_in_is_told_how() {
    let fake = Fake::new().on("GET", "/v1/session", 401, problem(401, "the token is not known"));
    Program::with(&fake).run(&["whoami"]).fails(1, "hint: log in with `portolan login");
    Program::new().run(&["whoami"]).fails(1, "hint: log in with `portolan login");
}

#[test]
fn a_control_plane_that_is_not_there() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("address");
    let program = Program::new().variable("PORTOLAN_TOKEN", "t");
    let ran = program.run(&["key", "list", "--url", &format!("http://{free}/")]);
    snapshot!("unreachable", ran);
}

#[test]
fn something_that_is_no_portolan() {
    let fake = Fake::new().on("GET", "/v1/keys", 502, json!("<h1>Bad Gateway</h1>")).on(
        "GET",
        "/v1/servers",
        200,
        json!("<h1>Welcome</h1>"),
    );
    let program = Program::with(&fake);
    program.run(&["key", "list"]).fails(1, "answered 502 Bad Gateway, but not as a Portolan does");
    program.run(&["server", "list"]).fails(1, "could not read the answer");
}

#[test]
fn two_of_a_name_are_never_guessed_between() {
    let two = [destination(ID, "shop", "a"), destination(OTHER_ID, "shop", "b")];
    let fake = Fake::new().list("/v1/destinations", &two);
    let ran = Program::with(&fake).run(&["destination", "remove", "shop", "--yes"]);
    snapshot!("ambiguous", ran);
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
}

#[test]
fn an_unknown_name_brings_near_ones() {
    let fake = Fake::new().list("/v1/keys", &[key(ID, "deploy"), key(OTHER_ID, "backup")]);
    let program = Program::with(&fake);
    program.run(&["key", "show", "deplyo"]).fails(1, "hint: did you mean `deploy`?");
    program.run(&["key", "show", "elsewhere"]).fails(1, "hint: see `portolan key list`");
    program.run(&["key", "show", OTHER_ID]).fails(1, "no key with the id or name");
}

/// Reads one request and leaves, or answers it.
fn take_request(listener: &TcpListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().expect("a connection");
    let mut buffer = [0; 8_192];
    let length = stream.read(&mut buffer).expect("a request");
    stream.write_all(answer.as_bytes()).expect("answered");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[test]
fn a_creation_is_sent_again_with_the_same_key_when_the_answer_was_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let body = key(ID, "deploy").to_string();
    let answer = format!(
        "HTTP/1.1 201 Created\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let server =
        std::thread::spawn(move || [take_request(&listener, ""), take_request(&listener, &answer)]);
    let program = Program::new().variable("PORTOLAN_TOKEN", "t").variable("PORTOLAN_URL", &url);
    assert!(program.run(&["key", "create", "--name", "deploy"]).data().contains("deploy"));
    let keys = server.join().expect("served").map(|request| {
        let key = request.lines().find(|line| line.starts_with("idempotency-key: "));
        key.expect("a key").to_owned()
    });
    assert_eq!(keys[0], keys[1]);
}
