//! What is different where a person sits: colour, width, questions and hidden input.

use std::{
    fs::{self, File},
    io::{Read, Write},
    os::fd::OwnedFd,
    process::Stdio,
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use serde_json::Value;

use crate::{
    fake::Fake,
    program::Program,
    samples::{ID, OPERATION, key, operation, server, step},
};

/// Both ends of a terminal of this width.
pub(crate) fn terminal(columns: u16) -> (File, OwnedFd) {
    let ours =
        openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
    grantpt(&ours).expect("granted");
    unlockpt(&ours).expect("unlocked");
    let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&ours, size).expect("sized");
    let name = ptsname(&ours, Vec::new()).expect("a name");
    let theirs =
        open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).expect("opened");
    (ours.into(), theirs)
}

/// How what waits for an answer ends.
const QUESTIONS: [&str; 6] = ["[y/N] ", "name: ", "key: ", "invitation: ", "for none: ", "more: "];

/// Runs on a terminal, types a line to each question, and returns the exit code and all that was seen.
fn run(program: &Program, columns: u16, arguments: &[&str], answer: &str) -> (i32, String) {
    let (mut ours, theirs) = terminal(columns);
    let stream = || Stdio::from(theirs.try_clone().expect("cloned"));
    let mut command = program.command(arguments);
    command.stdin(stream()).stdout(stream()).stderr(stream()).env("TERM", "xterm");
    let mut child = command.spawn().expect("the binary starts");
    drop(command);
    drop(theirs);
    let mut seen = Vec::new();
    let mut buffer = [0; 4_096];
    let mut answers = answer.split_inclusive('\n');
    // Reading fails when the last one of the other end is closed.
    while let Ok(length @ 1..) = ours.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..length]);
        if QUESTIONS.iter().any(|end| seen.ends_with(end.as_bytes())) {
            let answer = answers.next().unwrap_or("\n");
            ours.write_all(answer.as_bytes()).expect("typed");
        }
    }
    let code = child.wait().expect("an end").code().expect("a code");
    (code, String::from_utf8_lossy(&seen).into_owned())
}

#[test]
fn colour_and_columns_follow_the_terminal() {
    let fake = Fake::new().list("/v1/servers", &[server(ID, "web-1")]);
    let program = Program::with(&fake);
    let (_, wide) = run(&program, 160, &["server", "list"], "");
    assert!(wide.contains("\u{1b}[") && wide.contains("ENGINE"), "{wide}");
    let (_, narrow) = run(&program, 70, &["--no-color", "server", "list"], "");
    assert!(!narrow.contains('\u{1b}') && !narrow.contains("ENGINE"), "{narrow}");
    assert!(narrow.contains(ID) && narrow.lines().count() == 2, "{narrow}");
    let program = program.variable("NO_COLOR", "1");
    assert!(!run(&program, 160, &["server", "list"], "").1.contains('\u{1b}'));
}

#[test]
fn a_person_is_asked() {
    let fake = Fake::new().get(&format!("/v1/keys/{ID}"), key(ID, "deploy")).on(
        "DELETE",
        &format!("/v1/keys/{ID}"),
        204,
        Value::Null,
    );
    let program = Program::with(&fake);
    let (code, seen) = run(&program, 80, &["key", "remove", ID], "n\n");
    assert!(code == 1 && seen.contains("nothing was changed"), "{seen}");
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
    let (code, seen) = run(&program, 80, &["key", "remove", ID], "y\n");
    assert!(code == 0 && seen.contains("removed key `deploy`"), "{seen}");
    fake.only("DELETE");
}

#[test]
fn what_is_lost_for_good_is_named() {
    let team = crate::teams::membership(ID, "port", "owner");
    let fake = Fake::new().list("/v1/teams", &[team]).on(
        "DELETE",
        &format!("/v1/teams/{ID}"),
        204,
        Value::Null,
    );
    let program = Program::with(&fake);
    for wrong in ["y\n", "\n", "Port\n"] {
        let (code, seen) = run(&program, 80, &["team", "delete", "port"], wrong);
        assert!(code == 1 && seen.contains("nothing was changed"), "{seen}");
    }
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"));
    let (code, seen) = run(&program, 80, &["team", "delete", "port"], "port\n");
    assert!(code == 0 && seen.contains("deleted team `port`"), "{seen}");
    fake.only("DELETE");
}

#[test]
fn a_passphrase_is_not_shown() {
    let fake = Fake::new().on("POST", "/v1/keys", 201, key(ID, "deploy"));
    let program = Program::with(&fake);
    let text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n";
    fs::write(program.home().join("deploy"), text).expect("written");
    let (code, seen) = run(&program, 80, &["key", "create", "--from-file", "deploy"], "hunter2\n");
    assert!(code == 0 && !seen.contains("hunter2"), "{seen}");
    assert_eq!(fake.only("POST").body["passphrase"], "hunter2");
}

#[test]
fn somebody_new_is_asked_for_a_password() {
    let accept = |answers: &str| {
        let fake = crate::teams::inviting();
        let url = fake.url();
        let arguments = ["invite", "accept", "-", "--email", "dev@example.com", "--url", &url];
        let (code, seen) = run(&Program::new(), 80, &arguments, answers);
        (code, seen, fake)
    };
    let (code, seen, fake) =
        accept("portolan_i_once\nmauve lantern eats tin\nmauve lantern eats tin\n");
    assert!(code == 0 && !seen.contains("mauve") && !seen.contains("portolan_i"), "{seen}");
    assert_eq!(fake.only("POST").body["password"], "mauve lantern eats tin");
    let (code, seen, fake) = accept("portolan_i_once\nmauve lantern eats tin\na slip of mine\n");
    assert!(code == 2 && seen.contains("the two differ"), "{seen}");
    assert!(fake.asked().is_empty());
    let (code, seen, fake) = accept("portolan_i_once\n\n\n");
    assert_eq!(code, 0, "{seen}");
    assert!(fake.only("POST").body.get("password").is_none());
}

#[test]
fn steps_are_seen_while_they_run() {
    let path = format!("/v1/operations/{OPERATION}");
    let fake = Fake::new()
        .get(&path, operation("running", &[step("connect", "running", "")]))
        .get(&path, operation("succeeded", &[step("connect", "succeeded", "root")]));
    let (code, seen) = run(&Program::with(&fake), 80, &["operation", "wait", OPERATION], "");
    // Whichever frame the spinner is at.
    assert!(code == 0 && seen.contains("\u{1b}[0m connect   "), "{seen:?}");
    assert!(seen.contains("✓\u{1b}[0m connect  root"), "{seen:?}");
}
