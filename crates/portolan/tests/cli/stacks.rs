//! Stacks on the command line: what is typed, what is sent, and what is shown.

use std::fs;

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OPERATION, OTHER_ID, days_ago, destination, environment, operation, step},
};

fn stack() -> Value {
    json!({
        "id": ID, "project_id": OTHER_ID, "project_name": "store", "environment_id": OTHER_ID,
        "environment_name": "production", "destination_id": OTHER_ID, "destination_name": "shop",
        "server_id": OTHER_ID, "server_name": "web-1", "name": "shop", "state": "placed",
        "services": [
            {
                "name": "cache", "application_id": ID, "application_name": "shop-cache",
                "image": "redis:7", "state": "running", "reason": null, "container": null,
                "operation_id": OPERATION, "needs": [],
            },
            {
                "name": "web", "application_id": OTHER_ID, "application_name": "shop-web",
                "image": "nginx:1", "state": "new", "reason": null, "container": null,
                "operation_id": OPERATION, "needs": ["cache"],
            },
        ],
        "networks": [{
            "name": "back", "network": format!("stack-{ID}"), "internal": true,
            "services": ["cache", "web"],
        }],
        "visits": [{ "destination_id": OTHER_ID, "network": "edge", "services": ["web"] }],
        "source": {
            "files": ["app.env"],
            "file": "services:\n  web: {image: \"nginx:1\"}\n", "variables": [],
            "notices": ["line 2: `services.web.tty`: left out: no\u{1b}[2J"],
        },
        "created_at": days_ago(3), "updated_at": days_ago(1),
    })
}

fn preview(steps: &[&str]) -> Value {
    json!({
        "version": "", "as_of": days_ago(0), "allowed": true, "steps": steps, "affected": [],
        "dark_routes": [], "refusals": [],
    })
}

fn applied() -> Value {
    json!({ "stack": stack(), "operations": [operation("queued", &[])] })
}

fn fake() -> Fake {
    let one = format!("/v1/stacks/{ID}");
    let done = operation("succeeded", &[step("ready", "succeeded", "it answers")]);
    Fake::new()
        .list("/v1/stacks", &[stack()])
        .list("/v1/environments", &[environment(OTHER_ID, "store", "production")])
        .list("/v1/destinations", &[destination(OTHER_ID, "shop", "shop")])
        .get(&one, stack())
        .get(&format!("/v1/operations/{OPERATION}"), done)
}

#[test]
fn what_there_is_is_listed_and_shown() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("stack_list", program.run(&["stack", "list", "--environment", "production"]));
    snapshot!("stack_show", program.run(&["stack", "show", "store/production/shop"]));
    let file = program.run(&["stack", "show", "shop", "--file"]);
    assert_eq!(file.data(), "services:\n  web: {image: \"nginx:1\"}\n");
}

#[test]
fn a_file_is_applied_to_what_is_there() {
    let one = format!("/v1/stacks/{ID}/apply");
    let steps = preview(&["change service `web` (image), and deploy it", "remove service `old`"]);
    let fake = fake()
        .on("POST", &one, 200, steps.clone())
        .on("POST", &one, 200, steps.clone())
        .on("POST", &one, 200, steps)
        .on("POST", &one, 202, applied());
    let program = Program::with(&fake);
    let text = "services: {web: {image: \"nginx:1\", env_file: [app.env, none.env]}}\n";
    fs::write(program.home().join("compose.yaml"), text).expect("a file");
    fs::write(program.home().join("app.env"), "KEY=swordfish\n").expect("a file");
    fs::write(program.home().join("secrets.env"), "PASSWORD=open sesame\n").expect("a file");
    let (file, secrets) = (program.home().join("compose.yaml"), program.home().join("secrets.env"));
    let (file, secrets) = (file.display().to_string(), secrets.display().to_string());
    let apply = ["stack", "apply", "shop", "-f", &file];
    program.run(&[&apply[..], &["--dry-run"]].concat()).data();
    // What goes is agreed to first.
    program.run(&apply).fails(2, "--yes");
    let more = ["--set", "TAG=2", "--secret-file", &secrets, "--unset", "OLD", "--yes"];
    snapshot!("stack_apply", program.run(&[&apply[..], &more].concat()));
    let asked = fake.asked();
    let last = asked.iter().rfind(|asked| asked.path == one).expect("it was applied");
    assert_eq!(
        last.body,
        json!({
            "file": text,
            "files": [{ "path": "app.env", "content": "KEY=swordfish\n" }],
            "variables": [
                { "name": "PASSWORD", "value": "open sesame", "secret": true },
                { "name": "TAG", "value": "2", "secret": false },
            ],
            "unset": ["OLD"], "remove": true,
        })
    );
    program.run(&[&apply[..], &["--set", "TAG"]].concat()).fails(2, "no value");
    program.run(&["stack", "apply", "new", "-f", &file]).fails(1, "--environment");
}

#[test]
fn a_stack_is_made_and_removed() {
    let one = format!("/v1/stacks/{ID}");
    let fake = fake()
        .on("POST", "/v1/stacks", 200, preview(&["make service `web`"]))
        .on("POST", "/v1/stacks", 201, applied())
        .on("DELETE", &one, 202, applied());
    let program = Program::with(&fake);
    fs::write(program.home().join("c.yaml"), "services: {}\n").expect("a file");
    let file = program.home().join("c.yaml").display().to_string();
    let place = ["--environment", "production", "--destination", "shop", "--no-wait"];
    program.run(&[&["stack", "apply", "new", "-f", &file][..], &place].concat()).data();
    let asked = fake.asked();
    let made = asked.iter().rfind(|asked| asked.path == "/v1/stacks" && asked.method == "POST");
    let made = made.expect("it was made");
    assert_eq!(
        made.body,
        json!({
            "environment_id": OTHER_ID, "destination_id": OTHER_ID, "name": "new",
            "file": "services: {}\n",
        })
    );
    program.run(&["stack", "remove", "shop", "--volumes", "--yes"]).data();
    assert_eq!(fake.only("DELETE").path, format!("{one}?volumes=true"));
}
