//! `portolan serve`: settings, the address, and the end.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::Child,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::Program;

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("signalled");
}

#[test]
fn it_ends_well_on_a_signal() {
    for ending in [Signal::TERM, Signal::INT] {
        let program = Program::new();
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"];
        let mut child = program.start(&[&arguments[..], &["--log-format", "json"]].concat());
        let log = BufReader::new(child.stderr.take().expect("stderr"));
        let mut lines = log.lines().map_while(Result::ok);
        // Signals are listened for before the control plane begins.
        let ready = lines.find(|line| line.contains("portolan is ready")).expect("it is ready");
        assert!(serde_json::from_str::<Value>(&ready).is_ok(), "{ready}");
        signal(&child, ending);
        let rest: Vec<String> = lines.collect();
        assert_eq!(child.wait().expect("an end").code(), Some(0), "{rest:?}");
    }
}

#[test]
fn a_taken_address_is_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let ran = Program::new().run(&["serve", "--listen", &address, "--data-dir", "data"]);
    ran.fails(1, &format!("error: could not listen on {address}"));
    ran.fails(1, "hint: another program has it");
}

#[test]
fn bad_settings_name_where_they_come_from() {
    let program = Program::new();
    fs::write(program.home().join("p.toml"), "rate-limit = 5\nlissten = 'x'\n").expect("written");
    program.run(&["serve", "--config", "p.toml"]).fails(1, "p.toml, line 2: unknown field");
    let variable = Program::new().variable("PORTOLAN_LISTEN", "everywhere");
    variable.run(&["serve"]).fails(1, "bad value in PORTOLAN_LISTEN");
    program.run(&["serve", "--rate-limit", "0"]).fails(2, "--rate-limit");
    program.run(&["serve", "--log", "=="]).fails(2, "is no filter");
}

#[test]
fn a_cause_is_told_once() {
    let program = Program::new();
    fs::write(program.home().join("file"), "").expect("written");
    let ran = program.run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "file"]);
    ran.fails(1, "could not use the data directory");
    assert_eq!(ran.stderr.matches("File exists").count(), 1, "{}", ran.stderr);
}
