//! Teams, members and invitations on the command line.

use std::fs;

use serde_json::{Value, json};

use crate::{
    fake::{Fake, problem},
    program::{Program, snapshot},
    samples::{ID, OTHER_ID, days_ago, project, server, session, token},
};

pub(crate) fn membership(id: &str, name: &str, role: &str) -> Value {
    json!({
        "team": { "id": id, "name": name }, "role": role, "current": id == ID,
        "joined_at": days_ago(3),
    })
}

fn member(id: &str, email: &str, role: &str) -> Value {
    json!({
        "user_id": id, "email": email, "role": role, "sees": "team", "joined_at": days_ago(3),
        "grants": [],
    })
}

fn invite() -> Value {
    json!({
        "id": OTHER_ID, "email": "dev@example.com", "role": "member", "sees": "granted",
        "grants": [{ "on": { "type": "server", "id": ID }, "right": "use" }], "invited_by": "owner@example.com",
        "created_at": days_ago(1),
        "expires_at": portolan_types::Timestamp::now().plus_seconds(86_400 * 6 + 60),
    })
}

fn people() -> [Value; 2] {
    let mut dev = member(OTHER_ID, "dev@example.com", "member");
    dev["grants"] = json!([
        { "on": { "type": "server", "id": ID }, "name": "web-1", "right": "use" },
        { "on": { "type": "project", "id": OTHER_ID }, "name": "shop", "right": "manage" },
    ]);
    dev["sees"] = json!("granted");
    [member(ID, "owner@example.com", "owner"), dev]
}

#[test]
fn who_shares_what_is_listed() {
    let teams = [membership(ID, "Default team", "owner"), membership(OTHER_ID, "port", "member")];
    let fake = Fake::new()
        .list("/v1/teams", &teams)
        .get("/v1/team", teams[0].clone())
        .list("/v1/members", &people())
        .list("/v1/invites", &[invite()]);
    let program = Program::with(&fake);
    snapshot!("team_list", program.run(&["team", "list"]));
    snapshot!("team_show", program.run(&["team", "show"]));
    snapshot!("member_list", program.run(&["member", "list"]));
    snapshot!("invite_list", program.run(&["invite", "list"]));
    snapshot!("help_member_grant", program.run(&["member", "grant", "--help"]));
    snapshot!("help_invite_create", program.run(&["invite", "create", "--help"]));
}

#[test]
fn a_right_is_given_by_address_and_name() {
    let path = format!("/v1/members/{OTHER_ID}/grants/{ID}");
    let fake = Fake::new()
        .list("/v1/members", &people())
        .list("/v1/servers", &[server(ID, "web-1")])
        .on("PUT", &path, 200, people()[1].clone())
        .on("DELETE", &path, 200, people()[1].clone());
    let program = Program::with(&fake);
    let whose = ["dev@example.com", "--server", "web-1"];
    let ran = program.run(&[&["member", "grant"], &whose[..], &["operate"]].concat());
    assert!(ran.stderr.contains("dev@example.com may operate server `web-1` now"), "{ran}");
    assert_eq!(fake.only("PUT").body, json!({ "right": "operate" }));
    program.run(&[&["member", "revoke"], &whose[..]].concat()).data();
    fake.only("DELETE");
    program
        .run(&["member", "grant", "dev@example.com", "--server", "web-1", "own"])
        .fails(2, "view");
}

#[test]
fn what_somebody_sees_is_said_by_address() {
    let path = format!("/v1/members/{OTHER_ID}");
    let fake =
        Fake::new().list("/v1/members", &people()).on("PATCH", &path, 200, people()[1].clone());
    let program = Program::with(&fake);
    let ran = program.run(&["member", "sees", "dev@example.com", "granted"]);
    assert!(ran.stderr.contains("dev@example.com sees only what is granted now"), "{ran}");
    assert_eq!(fake.only("PATCH").body, json!({ "sees": "granted" }));
    program.run(&["member", "sees", "dev@example.com", "nothing"]).fails(2, "granted");
    snapshot!("help_member_sees", program.run(&["member", "sees", "--help"]));
}

#[test]
fn a_right_in_a_project_is_given_by_name() {
    let path = format!("/v1/members/{OTHER_ID}/grants/{ID}");
    let fake = Fake::new()
        .list("/v1/members", &people())
        .list("/v1/projects", &[project(ID, "shop")])
        .on("PUT", &path, 200, people()[1].clone());
    let program = Program::with(&fake);
    let whose = ["member", "grant", "dev@example.com"];
    let ran = program.run(&[&whose[..], &["--project", "shop", "manage"]].concat());
    assert!(ran.stderr.contains("dev@example.com may manage project `shop` now"), "{ran}");
    assert_eq!(fake.only("PUT").body, json!({ "right": "manage" }));
    program.run(&[&whose[..], &["use"]].concat()).fails(2, "--project");
    let both = ["--project", "shop", "--server", "web-1", "use"];
    program.run(&[&whose[..], &both].concat()).fails(2, "cannot be used with");
}

#[test]
fn what_cannot_be_undone_is_asked() {
    let one = format!("/v1/members/{OTHER_ID}");
    let fake = Fake::new()
        .list("/v1/members", &people())
        .get("/v1/team", membership(ID, "Default team", "owner"))
        .on("DELETE", &one, 204, Value::Null)
        .on("POST", "/v1/team/leave", 204, Value::Null)
        .on("POST", "/v1/team/transfer", 200, member(OTHER_ID, "dev@example.com", "owner"));
    let program = Program::with(&fake);
    program.run(&["member", "remove", "dev@example.com"]).fails(2, "--yes");
    program.run(&["team", "leave"]).fails(2, "--yes");
    program.run(&["team", "transfer", "dev@example.com"]).fails(2, "--yes");
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"), "{:?}", fake.asked());
    program.run(&["team", "transfer", "dev@example.com", "-y"]).data();
    let wanted = json!({ "user_id": OTHER_ID, "team": "Default team" });
    assert_eq!(fake.only("POST").body, wanted);
    program.run(&["member", "remove", "dev@example.com", "-y"]).data();
    fake.only("DELETE");
    program.run(&["team", "leave", "-y"]).data();
}

#[test]
fn a_team_is_deleted_by_name() {
    let path = format!("/v1/teams/{OTHER_ID}");
    let fake = Fake::new()
        .list("/v1/teams", &[membership(OTHER_ID, "port", "owner")])
        .on("DELETE", &path, 409, not_empty())
        .on("DELETE", &path, 204, Value::Null);
    let program = Program::with(&fake);
    program.run(&["team", "delete", "port"]).fails(2, "--yes");
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"), "{:?}", fake.asked());
    program.run(&["team", "delete", "port", "-y"]).fails(1, "key spare");
    let ran = program.run(&["team", "delete", "port", "-y"]);
    assert!(ran.stderr.contains("deleted team `port`"), "{ran}");
    snapshot!("help_team_delete", program.run(&["team", "delete", "--help"]));
}

fn not_empty() -> Value {
    let mut problem = problem(409, "team `port` is not empty");
    problem["type"] = json!("/problems/team-not-empty");
    problem["blockers"] = json!(["key spare"]);
    problem
}

#[test]
fn a_session_is_led_into_another_team() {
    let fake = Fake::new().list("/v1/teams", &[membership(OTHER_ID, "port", "admin")]).on(
        "POST",
        "/v1/session/team",
        200,
        membership(OTHER_ID, "port", "admin"),
    );
    let program = Program::with(&fake);
    let ran = program.run(&["team", "switch", "port"]);
    assert!(ran.stderr.contains("acting in team `port` now, as admin"), "{ran}");
    assert_eq!(fake.only("POST").body, json!({ "team_id": OTHER_ID }));
}

#[test]
fn only_the_secret_of_an_invitation_is_data() {
    let created = json!({
        "invite": invite(), "secret": "portolan_i_once",
        "mail": { "sent": true, "answer": "250 queued" },
    });
    let fake = Fake::new()
        .list("/v1/servers", &[server(ID, "web-1")])
        .list("/v1/projects", &[project(OTHER_ID, "shop")])
        .on("POST", "/v1/invites", 201, created.clone());
    let program = Program::with(&fake);
    let rights = ["--sees", "granted", "--grant", "web-1=use", "--project-grant", "shop=manage"];
    let arguments =
        [&["invite", "create", "--email", "dev@example.com", "--send"], &rights[..]].concat();
    let ran = program.run(&arguments);
    assert_eq!(ran.data(), "portolan_i_once\n");
    assert!(ran.stderr.contains("the invitation was sent: 250 queued"), "{ran}");
    let wanted = json!({
        "role": "member", "email": "dev@example.com", "sees": "granted",
        "grants": [
            { "on": { "type": "server", "id": ID }, "right": "use" },
            { "on": { "type": "project", "id": OTHER_ID }, "right": "manage" },
        ],
        "send": true,
    });
    assert_eq!(fake.only("POST").body, wanted);
    assert_eq!(program.run(&[&arguments[..], &["--json"]].concat()).json(), created);
    program.run(&["invite", "create", "--send"]).fails(2, "--email");
    program.run(&["invite", "create", "--grant", "web-1"]).fails(2, "NAME=RIGHT");
}

/// Where an invitation is accepted.
pub(crate) fn inviting() -> Fake {
    let accepted = json!({
        "user": { "id": ID, "email": "dev@example.com" },
        "team": { "id": ID, "name": "Default team" }, "role": "member",
        "token": { "token": token(ID, "first sign-in"), "secret": "portolan_new" },
    });
    Fake::new().on("POST", "/v1/invites/accept", 201, accepted).get("/v1/session", session())
}

#[test]
fn an_invitation_makes_an_account_with_a_password() {
    let fake = inviting();
    let url = fake.url();
    let arguments = ["invite", "accept", "-", "--password-stdin", "--url", &url];
    let email = ["--email", "dev@example.com"];
    let input = "portolan_i_once\nmauve lantern eats tin\n";
    let program = Program::new();
    program.run_with_input(&arguments, input).fails(2, "--email");
    let arguments = [&arguments[..], &email].concat();
    program.run_with_input(&arguments, "portolan_i_once\n").fails(1, "no line for");
    assert!(fake.asked().is_empty(), "{:?}", fake.asked());
    let ran = program.run_with_input(&arguments, input);
    assert!(ran.data().contains("Default team"), "{ran}");
    let wanted = json!({
        "secret": "portolan_i_once", "email": "dev@example.com",
        "password": "mauve lantern eats tin",
    });
    assert_eq!(fake.only("POST").body, wanted);
    assert!(!format!("{ran}").contains("mauve"), "{ran}");
}

#[test]
fn an_invitation_makes_an_account_and_logs_in() {
    let fake = inviting();
    let program = Program::new();
    let url = fake.url();
    let arguments = ["invite", "accept", "-", "--email", "dev@example.com", "--url", &url];
    let ran = program.run_with_input(&arguments, "portolan_i_once\n");
    assert!(ran.data().contains("Default team"), "{ran}");
    let sent = fake.only("POST");
    assert_eq!(sent.body, json!({ "secret": "portolan_i_once", "email": "dev@example.com" }));
    assert!(!sent.headers.contains_key("authorization"));
    let stored = fs::read_to_string(program.client_file()).expect("stored");
    assert!(stored.contains("portolan_new"), "{stored}");
    assert!(!ran.stdout.contains("portolan_new") && !ran.stderr.contains("portolan_new"), "{ran}");
}

#[test]
fn whoever_is_logged_in_joins() {
    let joined = membership(OTHER_ID, "port", "member");
    let fake = Fake::new().on("POST", "/v1/invites/join", 201, joined);
    let program = Program::with(&fake);
    let ran = program.run_with_input(&["invite", "accept", "-"], "portolan_i_once\n");
    assert!(ran.stderr.contains("you are member in team `port` now"), "{ran}");
    assert_eq!(fake.only("POST").body, json!({ "secret": "portolan_i_once" }));
}

#[test]
fn an_invitation_is_taken_back_by_address_or_id() {
    let path = format!("/v1/invites/{OTHER_ID}");
    let fake = Fake::new().list("/v1/invites", &[invite()]).on("DELETE", &path, 204, Value::Null);
    let program = Program::with(&fake);
    program.run(&["invite", "revoke", "dev@example.com"]).data();
    program.run(&["invite", "revoke", OTHER_ID]).data();
}
