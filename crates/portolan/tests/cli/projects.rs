//! Projects and environments on the command line.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OTHER_ID, destination, environment, project},
};

fn environments() -> [Value; 2] {
    let mut staging = environment(OTHER_ID, "shop", "staging");
    staging["default_destination_id"] = json!(OTHER_ID);
    staging["default_destination_name"] = json!("web-1-shop");
    [environment(ID, "shop", "production"), staging]
}

fn fake() -> Fake {
    let (of_project, of_environment) =
        (format!("/v1/projects/{ID}"), format!("/v1/environments/{OTHER_ID}"));
    let [_, staging] = environments();
    Fake::new()
        .list("/v1/projects", &[project(ID, "shop")])
        .list("/v1/environments", &environments())
        .list("/v1/destinations", &[destination(OTHER_ID, "web-1-shop", "shop")])
        .on("POST", "/v1/projects", 201, project(ID, "shop"))
        .on("PATCH", &of_project, 200, project(ID, "store"))
        .on("DELETE", &of_project, 204, Value::Null)
        .on("POST", "/v1/environments", 201, staging.clone())
        .on("PATCH", &of_environment, 200, staging)
        .on("DELETE", &of_environment, 204, Value::Null)
}

#[test]
fn what_there_is_is_listed() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("project_list", program.run(&["project", "list"]));
    snapshot!("project_show", program.run(&["project", "show", "shop"]));
    snapshot!("environment_list", program.run(&["environment", "list", "--project", "shop"]));
    snapshot!("environment_show", program.run(&["env", "show", "shop/staging"]));
    snapshot!("help_environment_edit", program.run(&["environment", "edit", "--help"]));
    let shown = program.run(&["project", "show", "shop", "--json"]).json();
    assert_eq!(shown["id"], json!(ID), "{shown}");
    let listed = program.run(&["environment", "list", "--json"]).json();
    assert_eq!(listed["items"][1]["default_destination_name"], json!("web-1-shop"));
}

#[test]
fn a_project_is_made_and_edited_as_it_was_typed() {
    let fake = fake();
    let program = Program::with(&fake);
    program.run(&["project", "create", "shop", "--description", "sells things"]).data();
    let wanted = json!({ "name": "shop", "description": "sells things" });
    assert_eq!(fake.only("POST").body, wanted);
    program.run(&["project", "edit", "shop"]).fails(2, "--name");
    let ran = program.run(&["project", "edit", "shop", "--name", "store"]);
    assert!(ran.data().contains("store"), "{ran}");
    assert_eq!(fake.only("PATCH").body, json!({ "name": "store" }));
}

#[test]
fn an_environment_is_made_in_a_project() {
    let fake = fake();
    let program = Program::with(&fake);
    let create = ["environment", "create", "staging", "--project", "shop"];
    program.run(&[&create[..], &["--destination", "web-1-shop"]].concat()).data();
    let wanted = json!({ "project_id": ID, "name": "staging", "default_destination_id": OTHER_ID });
    assert_eq!(fake.only("POST").body, wanted);
    program.run(&["environment", "create", "staging"]).fails(2, "--project");
}

#[test]
fn a_default_destination_is_set_and_taken_away() {
    let edit = ["environment", "edit", "shop/staging"];
    let sent = |arguments: &[&str]| {
        let fake = fake();
        Program::with(&fake).run(&[&edit[..], arguments].concat()).data();
        fake.only("PATCH").body
    };
    assert_eq!(sent(&["--destination", "shop"]), json!({ "default_destination_id": OTHER_ID }));
    assert_eq!(sent(&["--no-destination"]), json!({ "default_destination_id": "none" }));
    assert_eq!(sent(&["--name", "test"]), json!({ "name": "test" }));
    let program = Program::with(&fake());
    program.run(&edit).fails(2, "--no-destination");
    let both = [&edit[..], &["--no-destination", "--destination", "shop"]].concat();
    program.run(&both).fails(2, "cannot be used with");
}

#[test]
fn what_cannot_be_undone_is_asked() {
    let fake = fake();
    let program = Program::with(&fake);
    program.run(&["project", "delete", "shop"]).fails(2, "--yes");
    program.run(&["environment", "delete", "staging"]).fails(2, "--yes");
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"), "{:?}", fake.asked());
    let ran = program.run(&["environment", "delete", "staging", "-y"]);
    assert!(ran.stderr.contains("deleted environment `staging` of project `shop`"), "{ran}");
    fake.only("DELETE");
}

#[test]
fn two_environments_of_one_name_are_told_apart_by_project() {
    let both = [environment(ID, "shop", "production"), environment(OTHER_ID, "blog", "production")];
    let fake = Fake::new().list("/v1/environments", &both);
    let program = Program::with(&fake);
    program.run(&["environment", "show", "production"]).fails(1, "of project blog");
    let ran = program.run(&["environment", "show", "blog/production"]);
    assert!(ran.data().contains(OTHER_ID), "{ran}");
}
