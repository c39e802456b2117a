//! `portolan secrets`, and where the master key comes from, with real files.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::Child,
};

use serde_json::json;

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OTHER_ID, days_ago},
};

const HERE: [&str; 4] = ["--data-dir", "data", "--listen", "127.0.0.1:0"];

/// A control plane that has begun.
fn serve(program: &Program) -> Child {
    let mut serving = program.start(&[&["serve"], &HERE[..]].concat());
    let log = BufReader::new(serving.stderr.take().expect("stderr"));
    let mut lines = log.lines().map_while(Result::ok);
    lines.find(|line| line.contains("portolan is ready")).expect("it is ready");
    serving
}

fn end(mut serving: Child) {
    serving.kill().expect("killed");
    serving.wait().expect("an end");
}

fn master_key(program: &Program) -> String {
    let text = fs::read_to_string(program.home().join("data/master.key")).expect("a master key");
    text.trim().to_owned()
}

#[test]
fn data_keys_are_shown_and_replaced() {
    let key = |id: &str, retired: bool, values: u32| {
        let retired_at = retired.then(|| days_ago(1));
        json!({ "id": id, "created_at": days_ago(9), "retired_at": retired_at, "values": values })
    };
    let going = json!({ "keys": [key(ID, true, 3), key(OTHER_ID, false, 2)], "by_master_key": 1 });
    let done = json!({ "keys": [key(ID, true, 0), key(OTHER_ID, false, 6)], "by_master_key": 0 });
    let fake = Fake::new().get("/v1/secrets", done).on("POST", "/v1/secrets/rotate", 202, going);
    let program = Program::with(&fake);
    snapshot!("secrets", program.run(&["secrets", "show"]));
    snapshot!("secrets_rotated", program.run(&["secrets", "rotate"]));
    snapshot!("secrets_rotating", program.run(&["secrets", "rotate", "--no-wait"]));
    let refused = program.run(&["secrets", "rotate", "--data-dir", "data"]);
    refused.fails(2, "not on its files");
}

#[test]
fn the_master_key_is_replaced_on_the_host() {
    let program = Program::new();
    let serving = serve(&program);
    let rotate = ["secrets", "rotate", "--master-key", "--data-dir", "data"];
    program.run(&rotate).fails(1, "already runs with the data directory");
    end(serving);
    let before = master_key(&program);
    let ran = program.run(&rotate);
    assert_eq!(ran.code, 0, "{ran}");
    assert_ne!(master_key(&program), before);
    assert!(!format!("{ran}").contains(&before), "{ran}");
    let doctor = program.run(&[&["doctor"], &HERE[..]].concat());
    assert_eq!(doctor.code, 0, "{doctor}");
    end(serve(&program));
    let verified = program.run(&["audit", "verify", "--data-dir", "data", "--json"]);
    assert_eq!((verified.code, verified.json()["count"].as_u64()), (0, Some(0)), "{verified}");
    fs::write(program.home().join("data/master.key"), before).expect("written");
    let other = program.run(&[&["serve"], &HERE[..]].concat());
    other.fails(1, "is not the one that sealed the stored keys");
}

#[test]
fn the_environment_gives_the_master_key() {
    let key = "8f3c0d5e9a7b1246f0e1d2c3b4a5968778695a4b3c2d1e0f13579bdf02468ace";
    let program = Program::new().variable("PORTOLAN_MASTER_KEY", key);
    end(serve(&program));
    assert!(!program.home().join("data/master.key").exists());
    let doctor = program.run(&[&["doctor"], &HERE[..]].concat());
    assert_eq!(doctor.code, 0, "{doctor}");
    let both = program.run(&["audit", "verify", "--data-dir", "data", "--master-key-file", "x"]);
    both.fails(1, "exclude each other");
    let rotate = ["secrets", "rotate", "--master-key", "--data-dir", "data"];
    program.run(&rotate).fails(1, "nothing the next one");
    let next = "13579bdf02468ace8f3c0d5e9a7b1246f0e1d2c3b4a5968778695a4b3c2d1e0f";
    let program = program.variable("PORTOLAN_NEW_MASTER_KEY", next);
    let ran = program.run(&rotate);
    assert_eq!(ran.code, 0, "{ran}");
    end(serve(&program));
    let program = program.variable("PORTOLAN_MASTER_KEY", next);
    end(serve(&program));
    let program = program.variable("PORTOLAN_MASTER_KEY", key);
    let over = program.run(&[&["serve"], &HERE[..]].concat());
    over.fails(1, "the master key in PORTOLAN_MASTER_KEY is not the one");
    let weak = Program::new().variable("PORTOLAN_MASTER_KEY", &"0123456789abcdef".repeat(4));
    weak.run(&[&["serve"], &HERE[..]].concat()).fails(1, "a short pattern over and over");
}
