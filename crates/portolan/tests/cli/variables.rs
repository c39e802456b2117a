//! Environment variables of applications: where values come from, and that secrets are none of the
//! arguments.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, application, days_ago},
};

fn path() -> String {
    format!("/v1/applications/{ID}/variables")
}

fn variables() -> Value {
    json!({ "items": [
        { "name": "DATABASE_URL", "secret": true, "updated_at": days_ago(2) },
        { "name": "LOG_LEVEL", "secret": false, "value": "info", "updated_at": days_ago(1) },
        { "name": "MOTD", "secret": false, "value": "a\n\u{1b}[2Jb", "updated_at": days_ago(1) },
    ] })
}

fn fake() -> Fake {
    Fake::new()
        .get(&format!("/v1/applications/{ID}"), application(ID, "production", "shop"))
        .get(&path(), variables())
        .on("PATCH", &path(), 200, variables())
}

#[test]
fn variables_are_listed_without_secrets() {
    let variables = variables();
    let fake = Fake::new()
        .get(&format!("/v1/applications/{ID}"), application(ID, "production", "shop"))
        .get(&path(), variables.clone());
    let program = Program::with(&fake);
    snapshot!("app_env_list", program.run(&["app", "env", "list", ID]));
    assert_eq!(program.run(&["app", "env", "list", ID, "--json"]).json(), variables);
    snapshot!("help_app_env_set", program.run(&["app", "env", "set", "--help"]));
}

#[test]
fn variables_are_set_and_unset() {
    let fake = fake();
    let ran = Program::with(&fake).run(&["app", "env", "set", ID, "LOG_LEVEL=info", "EMPTY="]);
    assert!(ran.data().contains("LOG_LEVEL"), "{ran}");
    assert!(ran.stderr.contains("portolan app deploy store/production/shop"), "{ran}");
    let wanted = json!([
        { "name": "EMPTY", "value": "", "secret": false },
        { "name": "LOG_LEVEL", "value": "info", "secret": false },
    ]);
    assert_eq!(fake.only("PATCH").body, json!({ "set": wanted, "remove": [] }));

    let fake = self::fake();
    Program::with(&fake).run(&["app", "env", "unset", ID, "A", "B"]).data();
    assert_eq!(fake.only("PATCH").body, json!({ "set": [], "remove": ["A", "B"] }));
}

#[test]
fn a_file_of_variables_is_set() {
    let fake = fake();
    let program = Program::with(&fake);
    let file = "# settings\nexport A=1\nB='two words'\nC=\"x\\ny\"\n";
    std::fs::write(program.home().join(".env"), file).expect("written");
    program.run(&["app", "env", "set", ID, "--from-file", ".env", "A=2"]).data();
    let plain = |name: &str, value: &str| json!({ "name": name, "value": value, "secret": false });
    let wanted = [plain("A", "2"), plain("B", "two words"), plain("C", "x\ny")];
    assert_eq!(fake.only("PATCH").body["set"], json!(wanted));

    std::fs::write(program.home().join("bad.env"), "A=1\nhush hush\n").expect("written");
    let ran = program.run(&["app", "env", "set", ID, "--from-file", "bad.env"]);
    ran.fails(1, "bad.env, line 2: there is no `=`");
    assert!(!ran.stderr.contains("hush"), "{ran}");
}

#[test]
fn the_value_of_a_secret_is_read_from_stdin() {
    let sent = |arguments: &[&str], input: &str| {
        let fake = fake();
        let set = ["app", "env", "set", ID, "--secret"];
        Program::with(&fake).run_with_input(&[&set[..], arguments].concat(), input).data();
        fake.only("PATCH").body["set"].clone()
    };
    let secret = |name: &str, value: &str| json!({ "name": name, "value": value, "secret": true });
    assert_eq!(sent(&["KEY"], "-----BEGIN\nabc\n"), json!([secret("KEY", "-----BEGIN\nabc")]));
    assert_eq!(sent(&["B", "A"], "one\ntwo\n"), json!([secret("A", "two"), secret("B", "one")]));
    assert_eq!(sent(&["--from-file", "-"], "A=b\n"), json!([secret("A", "b")]));
}

#[test]
fn a_secret_is_no_argument() {
    let fake = fake();
    let program = Program::with(&fake);
    let ran = program.run(&["app", "env", "set", ID, "--secret", "KEY=hush"]);
    ran.fails(2, "the value of secret KEY is no argument");
    assert!(!ran.stderr.contains("hush"), "{ran}");
    program.run(&["app", "env", "set", ID, "KEY"]).fails(2, "variable KEY has no value");
    program.run(&["app", "env", "set", ID]).fails(2, "NAME=VALUE");
    program.run(&["app", "env", "set", ID, "1A=b"]).fails(2, "no digit first");
    let both = ["app", "env", "set", ID, "--secret", "A", "--from-file", "-"];
    program.run(&both).fails(2, "stdin cannot be");
    program.run(&["app", "env", "set", ID, "--secret", "KEY"]).fails(1, "no value for KEY");
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"), "{:?}", fake.asked());
}
