//! Help, usage errors, completions and the version: what needs no control plane.

use std::io::{BufRead, BufReader};

use crate::program::{Program, snapshot};

#[test]
fn help_explains_and_gives_examples() {
    let program = Program::new();
    snapshot!("help", program.run(&["--help"]));
    snapshot!("help_serve", program.run(&["serve", "--help"]));
    snapshot!("help_login", program.run(&["login", "--help"]));
    snapshot!("help_server_add", program.run(&["server", "add", "--help"]));
    snapshot!("help_destination_create", program.run(&["destination", "create", "--help"]));
    snapshot!("help_addresses_set", program.run(&["addresses", "set", "--help"]));
    snapshot!("help_container_logs", program.run(&["container", "logs", "--help"]));
    snapshot!("help_key", program.run(&["key", "-h"]));
}

#[test]
fn wrong_use_ends_with_2_and_leaves_stdout_alone() {
    let program = Program::new();
    let wrong: &[&[&str]] = &[
        &[],
        &["sail"],
        &["server", "add", "web"],
        &["server", "add", "web", "--host", "10.0.0.1"],
        &["server", "add", "web", "--local", "--host", "10.0.0.1", "--key", "k"],
        &["server", "add", "web", "--local", "--port", "22"],
        &["server", "add", "a\u{1b}b", "--local"],
        &["server", "edit", "web"],
        &["server", "edit", "web", "--socket", "/s", "--host", "h"],
        &["server", "repin", "web", "--fingerprint", "MD5:aa"],
        &["destination", "create"],
        &["destination", "create", "--server", "s", "--network", "bridge"],
        &["destination", "create", "--server", "s", "--gateway", "10.0.0.1"],
        &["destination", "create", "--server", "s", "--subnet", "10.0.0.7/24"],
        &["destination", "create", "--server", "s", "--label", "=v"],
        &["destination", "list", "--limit", "0"],
        &["destination", "list", "--limit", "1", "--all"],
        &["addresses", "set"],
        &["container", "logs", "shop"],
        &["container", "logs", "shop", "../web"],
        &["container", "logs", "shop", "web", "--lines", "0"],
        &["container", "logs", "shop", "web", "--lines", "10001"],
        &["container", "logs", "shop", "web", "--since", "soon"],
        &["container", "logs", "shop", "web", "--until", "1m", "--follow"],
        &["addresses", "set", "--pool", "10.0.0.0/8:30"],
        &["addresses", "set", "--pool", "10.0.0.0/8:24", "--default-pools"],
        &["addresses", "set", "--pool", "10.0.0.0/8:24", "--pool", "10.1.0.0/16:24"],
        &["addresses", "set", "--reserve", "10.8.0.0/16"],
        &["server", "edit", "web", "--pool", "10.0.0.0/24:23"],
        &["token", "create", "ci"],
        &["token", "create", "ci", "--abilities", "root"],
        &["operation", "show", "../keys"],
        &["login"],
        &["login", "--setup-token", "t"],
        &["login", "--setup-token", "t", "--email", "a@example.com", "--token", "t"],
        &["--url", "example.com", "whoami"],
        &["key", "show", "k", "--public", "--json"],
    ];
    for arguments in wrong {
        let ran = program.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?} {ran}");
    }
}

#[test]
fn a_bad_subnet_says_what_was_meant() {
    let arguments = ["dest", "create", "--server", "s", "--subnet", "10.0.0.7/24"];
    Program::new().run(&arguments).fails(2, "did you mean 10.0.0.0/24?");
}

#[test]
fn the_version_is_text_or_json() {
    let program = Program::new();
    let version = format!("portolan {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(program.run(&["version"]).data(), version);
    assert_eq!(program.run(&["--version"]).data(), version);
    assert_eq!(program.run(&["version", "--json"]).json()["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_shell_has_completions() {
    let program = Program::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = program.run(&["completions", shell]);
        assert!(ran.data().contains("destination"), "{shell}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let mut child = Program::new().start(&["completions", "bash"]);
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
    let mut first = String::new();
    stdout.read_line(&mut first).expect("a line");
    drop(stdout);
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
