//! Lists and details: tables for people, the API's JSON for programs, and the pages behind both.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{
        ID, OPERATION, OTHER_ID, days_ago, destination, key, operation, server, session, step,
        token,
    },
    verify::verification,
};

fn fleet() -> Fake {
    let mut far = server(OTHER_ID, "db-1");
    far["connection"]["port"] = json!(2222);
    far["state"] = json!("failed");
    far["reachability"] = json!("unreachable");
    far["engine"] = Value::Null;
    far["kind"] = Value::Null;
    let event = json!({
        "id": ID, "at": days_ago(2), "kind": "server.unreachable",
        "subject": { "type": "server", "id": ID }, "subject_name": "web-1",
        "message": "the connection broke off",
    });
    let mut past = operation("succeeded", &[step("resolve", "succeeded", "10.88.0.11")]);
    past["created_at"] = days_ago(1);
    Fake::new()
        .list("/v1/keys", &[key(ID, "deploy")])
        .get(&format!("/v1/keys/{ID}"), key(ID, "deploy"))
        .list("/v1/servers", &[server(ID, "web-1"), far])
        .get(&format!("/v1/servers/{ID}"), server(ID, "web-1"))
        .list("/v1/destinations", &[destination(ID, "shop", "shop")])
        .get(&format!("/v1/destinations/{ID}"), destination(ID, "shop", "shop"))
        .list("/v1/tokens", &[token(ID, "laptop")])
        .list("/v1/operations", &[operation("succeeded", &[])])
        .get(&format!("/v1/operations/{OPERATION}"), past)
        .list(&format!("/v1/destinations/{ID}/verifications"), &[verification()])
        .list("/v1/events", &[event])
        .get("/v1/session", session())
}

#[test]
fn tables_and_details_are_compact() {
    let fake = fleet();
    let program = Program::with(&fake);
    snapshot!("key_list", program.run(&["key", "list"]));
    snapshot!("key_show", program.run(&["key", "show", ID]));
    snapshot!("server_list", program.run(&["server", "list"]));
    snapshot!("server_show", program.run(&["server", "show", "web-1"]));
    snapshot!("destination_list", program.run(&["dest", "list", "--server", "db-1"]));
    snapshot!("destination_show", program.run(&["destination", "show", ID]));
    snapshot!("token_list", program.run(&["token", "list"]));
    snapshot!("operation_show", program.run(&["operation", "show", OPERATION]));
    snapshot!("event_list", program.run(&["event", "list"]));
    snapshot!("whoami", program.run(&["whoami"]));
    assert!(program.run(&["operation", "list"]).data().contains("validate-server"));
    assert!(fake.asked().iter().any(|asked| asked.path.contains(&format!("server_id={OTHER_ID}"))));
}

#[test]
fn json_is_what_the_api_answered() {
    let (key, server, session) = (key(ID, "deploy"), server(ID, "web-1"), session());
    let fake = Fake::new()
        .list("/v1/keys", std::slice::from_ref(&key))
        .get(&format!("/v1/servers/{ID}"), server.clone())
        .get("/v1/session", session.clone());
    let program = Program::with(&fake);
    let listed = program.run(&["key", "list", "--json"]).json();
    assert_eq!(listed, json!({ "items": [key], "next": null }));
    assert_eq!(program.run(&["--json", "server", "show", ID]).json(), server);
    assert_eq!(program.run(&["whoami", "--json"]).json(), session);
}

#[test]
fn the_public_line_stands_alone() {
    let fake = fleet();
    let ran = Program::with(&fake).run(&["key", "show", "deploy", "--public"]);
    assert_eq!(ran.data(), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI portolan\n");
}

#[test]
fn an_empty_list_says_how_to_begin_but_not_on_stdout() {
    let fake = Fake::new().list("/v1/servers", &[]);
    let program = Program::with(&fake);
    let ran = program.run(&["server", "list"]);
    assert_eq!(ran.data(), "");
    assert!(ran.stderr.contains("portolan server add"), "{ran}");
    assert_eq!(program.run(&["-q", "server", "list"]).stderr, "");
}

/// Three pages: each but the last points to the next.
fn pages() -> Fake {
    let page = |name: &str, next: Option<&str>| json!({ "items": [key(ID, name)], "next": next });
    Fake::new()
        .get("/v1/keys", page("one", Some("1-tz4a98xxat96iws9zmbrgj3a")))
        .get("/v1/keys", page("two", Some("2-tz4a98xxat96iws9zmbrgj3a")))
        .get("/v1/keys", page("three", None))
}

#[test]
fn all_follows_next_to_the_end() {
    let fake = pages();
    let json = Program::with(&fake).run(&["key", "list", "--all", "--json"]).json();
    assert_eq!(json["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(json["next"], Value::Null);
    let paths: Vec<String> = fake.asked().into_iter().map(|asked| asked.path).collect();
    assert!(paths[1].contains("cursor=1-tz4a98xxat96iws9zmbrgj3a"), "{paths:?}");
}

#[test]
fn a_limit_stops_and_says_that_more_follows() {
    let fake = pages();
    let ran = Program::with(&fake).run(&["key", "list", "--limit", "2", "--search", "o w"]);
    assert!(ran.data().contains("two") && !ran.stdout.contains("three"), "{ran}");
    assert!(ran.stderr.contains("more follow"), "{ran}");
    assert!(fake.asked()[0].path.contains("limit=2&search=o+w"), "{:?}", fake.asked()[0]);
}

#[test]
fn events_are_filtered_by_names_and_ages() {
    let fake = fleet();
    let program = Program::with(&fake);
    let ran = program.run(&[
        "event",
        "list",
        "--server",
        "web-1",
        "--kind",
        "server.",
        "--since",
        "2026-01-31T12:00:00Z",
        "--search",
        "broke",
    ]);
    assert!(ran.data().contains("server.unreachable"), "{ran}");
    let asked = fake.asked();
    let path = &asked.last().expect("a request").path;
    for part in [&format!("server_id={ID}"), "kind=server.", "since=2026-01-31T12", "search=broke"]
    {
        assert!(path.contains(part), "{path}");
    }
    let history = program.run(&["destination", "history", "shop"]);
    assert!(history.data().contains("web-1"), "{history}");
    let asked = fake.asked();
    let path = &asked.last().expect("a request").path;
    assert!(path.contains(&format!("destination_id={ID}")), "{path}");
}

#[test]
fn watching_resumes_where_it_was() {
    let event = |sequence: u64, message: &str| {
        let event = json!({
            "sequence": sequence, "id": ID, "at": "2026-01-31T12:00:00Z", "severity": "error",
            "kind": "server.unreachable", "subject": { "type": "server", "id": ID },
            "subject_name": "web-1", "message": message,
        });
        format!("id: {sequence}\ndata: {event}\n\n")
    };
    let path = "/v1/events/stream";
    let first = format!("id: 6\n: nothing\n\n{}", event(7, "it broke off \u{1b}[31m"));
    let fake = Fake::new()
        .on("GET", path, 200, Value::String(first))
        .on(
            "GET",
            path,
            200,
            Value::String(format!("event: gap\ndata: {{}}\n\n{}", event(9, "two"))),
        )
        .on("GET", path, 401, crate::fake::problem(401, "the token is unknown"));
    let ran = Program::with(&fake).run(&["event", "watch", "--json"]);
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert_eq!(lines.iter().map(|line| &line["sequence"]).collect::<Vec<_>>(), [7, 9]);
    assert!(ran.stderr.contains("events were missed") && ran.stderr.contains("unknown"), "{ran}");
    let asked: Vec<String> = fake.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked[1..], [format!("{path}?after=7"), format!("{path}?after=9")]);
}
