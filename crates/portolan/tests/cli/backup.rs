//! `portolan backup` and `portolan restore`: what is refused, and the way through with real files.

use std::fs;

use crate::program::Program;

const SETTINGS: [&str; 4] = ["--listen", "127.0.0.1:0", "--data-dir", "data"];

fn backup(program: &Program, more: &[&str]) -> crate::program::Ran {
    program.run(&[&["backup", "--data-dir", "data"], more].concat())
}

#[test]
fn a_passphrase_is_needed_and_not_guessable() {
    let program = Program::new();
    let ran = backup(&program, &["--to", "x.backup"]);
    ran.fails(2, "there is no passphrase, and no terminal to ask for one");
    fs::write(program.home().join("words"), "eleven char\n").expect("written");
    let ran = backup(&program, &["--to", "x.backup", "--passphrase-file", "words"]);
    ran.fails(2, "the passphrase has 11 characters");
    assert!(!program.home().join("x.backup").exists());
}

#[test]
fn what_was_backed_up_is_restored() {
    let program = Program::new();
    let mut serving = program.start(&[&["serve"], &SETTINGS[..]].concat());
    let log = std::io::BufReader::new(serving.stderr.take().expect("stderr"));
    let mut lines = std::io::BufRead::lines(log).map_while(Result::ok);
    lines.find(|line| line.contains("portolan is ready")).expect("it is ready");
    fs::write(program.home().join("words"), "correct horse battery\n").expect("written");
    let with = ["--passphrase-file", "words"];
    let ran = backup(&program, &[&["--to", "x.backup", "--json"], &with[..]].concat());
    assert_eq!(ran.code, 0, "{ran}");
    let made = ran.json();
    assert_eq!(made["master_key"], true, "{made}");
    backup(&program, &[&["--to", "x.backup"], &with[..]].concat()).fails(1, "already exists");

    let restore = |data: &str| {
        program.run(&[&["restore", "x.backup", "--data-dir", data, "--json"], &with[..]].concat())
    };
    restore("data").fails(1, "already runs with the data directory");
    serving.kill().expect("killed");
    serving.wait().expect("an end");
    restore("data").fails(1, "there is an installation already");
    let ran = restore("other");
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.json()["rows"], made["rows"]);
    let key = |data: &str| fs::read_to_string(program.home().join(data).join("master.key"));
    assert_eq!(key("other").expect("a key"), key("data").expect("a key"));
    let doctor = program.run(&["doctor", "--data-dir", "other", "--listen", "127.0.0.1:0"]);
    assert_eq!(doctor.code, 0, "{doctor}");
}

/// Whoever mistypes a folder is told, and has no installation there afterwards.
#[test]
fn commands_on_the_host_need_an_installation() {
    let program = Program::new();
    fs::create_dir(program.home().join("empty")).expect("made");
    fs::write(program.home().join("words"), "twelve characters\n").expect("written");
    for folder in ["nowhere", "empty"] {
        for command in [
            &["user", "reset", "--email", "a@example.com"][..],
            &["backup", "--to", "x.backup", "--passphrase-file", "words"],
            &["audit", "verify"],
            &["secrets", "rotate", "--master-key"],
        ] {
            let ran = program.run(&[command, &["--data-dir", folder]].concat());
            ran.fails(1, "there is no database at");
            assert!(ran.stderr.contains("--data-dir"), "{ran}");
        }
    }
    assert!(!program.home().join("nowhere").exists());
    let left = fs::read_dir(program.home().join("empty")).expect("read").count();
    assert_eq!(left, 0, "something was made");
}
