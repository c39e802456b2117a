//! `portolan server terminal`: what is typed, what is shown, and how it ends.

use std::{
    fs::File,
    io::{Read, Write},
    process::Stdio,
};

use axum::{
    Router,
    extract::{
        Query, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    routing::get,
};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::{Value, json};

use crate::{
    fake::{Fake, problem},
    program::Program,
    samples::{ID, destination, server},
    terminal::terminal,
};

/// A control plane with a shell that shows what is typed, and knows some letters.
fn shells() -> Fake {
    let opened = async |Query(size): Query<Value>, upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(move |socket| shell(socket, size))
    };
    let inside = "/v1/destinations/{id}/containers/{container}/terminal";
    let routes =
        Router::new().route("/v1/servers/{id}/terminal", get(opened)).route(inside, get(opened));
    Fake::with(routes)
        .get(&format!("/v1/servers/{ID}"), server(ID, "web-1"))
        .get(&format!("/v1/destinations/{ID}"), destination(ID, "shop", "shop"))
}

async fn shell(mut socket: WebSocket, size: Value) {
    let program = size["command"].as_str().unwrap_or_default();
    let begins =
        format!("\u{1b}[1m{}x{}\u{1b}[0m {program}$ ", text(&size["columns"]), text(&size["rows"]));
    for message in [Message::text("{\"opened\":{}}"), Message::Binary(begins.into())] {
        socket.send(message).await.expect("sent");
    }
    while let Some(Ok(message)) = socket.recv().await {
        let answer = match message {
            Message::Binary(typed) if &typed[..] == b"q" => ended("exited", Some(5)),
            Message::Binary(typed) if &typed[..] == b"i" => ended("idle", None),
            Message::Binary(typed) => Message::Binary(format!("<{typed:?}>").into()),
            Message::Text(said) => Message::Binary(format!("({said})").into()),
            _ => return,
        };
        // The other end may have left.
        drop(socket.send(answer).await);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn ended(cause: &str, exit_status: Option<u32>) -> Message {
    let end = json!({ "cause": cause, "message": "it is over", "exit_status": exit_status });
    Message::text(json!({ "ended": end }).to_string())
}

/// Somebody at a terminal in which the command runs.
struct Seat {
    ours: File,
    seen: String,
    child: std::process::Child,
}

impl Seat {
    fn take(program: &Program) -> Self {
        Self::at(program, &["server", "terminal", ID])
    }

    fn at(program: &Program, typed: &[&str]) -> Self {
        let (ours, theirs) = terminal(100);
        let stream = || Stdio::from(theirs.try_clone().expect("cloned"));
        let mut command = program.command(typed);
        command.stdin(stream()).stdout(stream()).stderr(stream()).env("TERM", "xterm");
        let child = command.spawn().expect("the binary starts");
        Self { ours, seen: String::new(), child }
    }

    /// Reads until this is seen; what came before it counts no more.
    #[track_caller]
    fn sees(&mut self, text: &str) {
        let mut buffer = [0; 4_096];
        while !self.seen.contains(text) {
            let length = self.ours.read(&mut buffer).unwrap_or_default();
            assert!(length > 0, "no {text:?} in {:?}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        self.seen.clear();
    }

    fn types(&mut self, text: &str) {
        self.ours.write_all(text.as_bytes()).expect("typed");
    }

    /// The exit code, and what was seen to the end.
    fn ends(mut self) -> (i32, String) {
        let mut buffer = [0; 4_096];
        // Reading fails when the last one of the other end is closed.
        while let Ok(length @ 1..) = self.ours.read(&mut buffer) {
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        (self.child.wait().expect("an end").code().expect("a code"), self.seen)
    }
}

#[test]
fn keys_get_there_and_what_comes_is_shown_as_it_is() {
    let fake = shells();
    let mut seat = Seat::take(&Program::with(&fake));
    seat.sees("\u{1b}[1m100x40\u{1b}[0m $ ");
    // Neither a line nor a signal is made of it here.
    seat.types("a\u{3}");
    seat.sees("<b\"a\\x03\">");
    let size = Winsize { ws_row: 50, ws_col: 132, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&seat.ours, size).expect("sized");
    // The kernel tells the foreground of a terminal; here the process is told by hand.
    let child = rustix::process::Pid::from_child(&seat.child);
    rustix::process::kill_process(child, rustix::process::Signal::WINCH).expect("told");
    seat.sees("({\"columns\":132,\"rows\":50})");
    seat.types("q");
    let (code, _) = seat.ends();
    assert_eq!(code, 5, "the shell's own status");
}

#[test]
fn it_can_be_left_and_says_why_it_ended() {
    let fake = shells();
    let mut left = Seat::take(&Program::with(&fake));
    left.sees("$ ");
    left.types("\r~.");
    let (code, seen) = left.ends();
    assert!(code == 0 && seen.contains("left the terminal on `web-1`"), "{code}: {seen}");
    let mut idle = Seat::take(&Program::with(&fake));
    idle.sees("$ ");
    idle.types("i");
    let (code, seen) = idle.ends();
    assert!(code == 1 && seen.contains("the terminal on `web-1` ended: it is over"), "{seen}");
}

#[test]
fn it_is_for_somebody_at_a_terminal_who_may() {
    let fake = shells();
    let ran = Program::with(&fake).run(&["server", "terminal", ID]);
    ran.fails(2, "standard input is none");
    assert!(fake.asked().is_empty());
    let path = format!("/v1/servers/{ID}/terminal");
    let no = "this needs a person who signed in";
    let fake = Fake::new().get(&format!("/v1/servers/{ID}"), server(ID, "web-1")).on(
        "GET",
        &path,
        403,
        problem(403, no),
    );
    let (code, seen) = Seat::take(&Program::with(&fake)).ends();
    assert!(code == 1 && seen.contains(no), "{code}: {seen}");
    // Something that is no control plane does not get the keys.
    let fake = Fake::new().get(&format!("/v1/servers/{ID}"), server(ID, "web-1")).on(
        "GET",
        &path,
        200,
        json!({}),
    );
    let (code, seen) = Seat::take(&Program::with(&fake)).ends();
    assert!(code == 1 && seen.contains("not as a Portolan does"), "{code}: {seen}");
}

#[test]
fn a_container_has_one_with_the_program_that_is_named() {
    let fake = shells();
    let typed =
        ["container", "terminal", ID, "web", "--user", "postgres", "--", "psql", "-U", "a b"];
    let mut seat = Seat::at(&Program::with(&fake), &typed);
    seat.sees("[\"psql\",\"-U\",\"a b\"]$ ");
    seat.types("q");
    let (code, seen) = seat.ends();
    assert_eq!(code, 5, "{seen}");
    Program::with(&fake)
        .run(&["container", "terminal", ID, "web"])
        .fails(2, "standard input is none");
}
