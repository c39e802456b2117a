//! Applications on the command line: what is typed, what is sent, and what is shown.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{
        ID, OPERATION, OTHER_ID, application, days_ago, destination, environment, operation,
        project, route_to, step,
    },
};

fn one() -> String {
    format!("/v1/applications/{ID}")
}

/// Work that ended at once.
fn deployed() -> Value {
    operation("succeeded", &[step("pull", "succeeded", "41 MB"), step("ready", "succeeded", "")])
}

fn fake() -> Fake {
    let shop = application(ID, "production", "shop");
    Fake::new()
        .list("/v1/applications", &[shop.clone(), application(OTHER_ID, "staging", "shop")])
        .get(&one(), shop)
        .list("/v1/projects", &[project(OTHER_ID, "store")])
        .list("/v1/environments", &[environment(OTHER_ID, "store", "production")])
        .list("/v1/destinations", &[destination(OTHER_ID, "shop", "shop")])
        .list("/v1/routes", &[route_to(ID, "shop.example.com"), route_to(OTHER_ID, "other.com")])
        .get(&format!("/v1/operations/{OPERATION}"), deployed())
}

/// With an answer to a request about the first application.
fn fake_on(method: &str, act: &str, answer: Value) -> Fake {
    fake().on(method, &format!("{}{act}", one()), 200, answer)
}

#[test]
fn what_there_is_is_listed_and_shown() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("app_list", program.run(&["app", "list"]));
    snapshot!("app_show", program.run(&["app", "show", "production/shop"]));
    let shown = program.run(&["application", "show", "store/staging/shop", "--json"]).json();
    assert_eq!(shown["id"], json!(OTHER_ID));
    program.run(&["app", "list", "--environment", "production", "--destination", "shop"]).data();
    let asked = fake.asked();
    let wanted = format!("?destination_id={OTHER_ID}&environment_id={OTHER_ID}&limit=50");
    assert!(asked.last().is_some_and(|asked| asked.path.ends_with(&wanted)), "{asked:?}");
}

#[test]
fn a_project_has_the_applications_of_its_environments() {
    let fake = fake();
    let ran = Program::with(&fake).run(&["app", "list", "--project", "store", "--json"]);
    assert_eq!(ran.json()["items"].as_array().map(Vec::len), Some(2), "{ran}");
    let asked = fake.asked();
    let wanted = format!("/v1/applications?environment_id={OTHER_ID}&limit=200");
    assert!(asked.iter().any(|asked| asked.path == wanted), "{asked:?}");
}

#[test]
fn work_on_an_application_is_listed() {
    let fake = fake().list("/v1/operations", &[deployed()]);
    Program::with(&fake).run(&["operation", "list", "--app", "production/shop"]).data();
    let asked = fake.asked();
    let wanted = format!("/v1/operations?subject_id={ID}&limit=50");
    assert!(asked.iter().any(|asked| asked.path == wanted), "{asked:?}");
}

#[test]
fn two_of_one_name_are_told_apart() {
    let fake = fake();
    let program = Program::with(&fake);
    snapshot!("app_ambiguous", program.run(&["app", "show", "shop"]));
    program.run(&["app", "show", "shpo"]).fails(1, "no application with the id or name `shpo`");
}

#[test]
fn an_application_is_added_as_it_was_typed() {
    let fake = fake().on("POST", "/v1/applications", 201, application(ID, "production", "shop"));
    let program = Program::with(&fake);
    let add = "app add shop --environment store/production --destination shop --image shop:1 \
               --port 8080 --alias api --alias web --publish 127.0.0.1:53:5353/udp --memory 512M \
               --cpus 0.5 --volume data:/data --bind /srv/shop:/srv:ro --strategy recreate \
               --restart on-failure --label team=shop --drain 30 --health-retries 5 --user 1000:1000 \
               --workdir /srv --read-only --tmpfs /tmp:size=64M,mode=1777 --drop-capability NET_RAW \
               --stop-signal SIGINT --init --no-new-privileges --hostname shop.example.com";
    let mut arguments: Vec<&str> = add.split_whitespace().collect();
    arguments.extend(["--command", "--title 'the shop'", "--health-command", "check -q"]);
    let ran = program.run(&arguments);
    assert!(ran.data().contains("shop-tz4a98-3"), "{ran}");
    assert!(ran.stderr.contains("portolan app deploy store/production/shop"), "{ran}");
    let sent = fake.only("POST").body;
    assert_eq!(
        (&sent["environment_id"], &sent["destination_id"]),
        (&json!(OTHER_ID), &json!(OTHER_ID))
    );
    let wanted = json!({
        "image": "shop:1", "command": ["--title", "the shop"], "port": 8080,
        "aliases": ["api", "web"],
        "published": [
            { "host": 53, "container": 5353, "transport": "udp", "address": "127.0.0.1" },
        ],
        "mounts": [
            { "source": { "volume": "data" }, "target": "/data", "read_only": false },
            { "source": { "bind": "/srv/shop" }, "target": "/srv", "read_only": true },
        ],
        "tmpfs": [{ "target": "/tmp", "size_bytes": 67_108_864, "mode": "1777" }],
        "process": {
            "user": "1000:1000", "working_dir": "/srv", "hostname": "shop.example.com",
            "init": true, "stop_signal": "SIGINT", "read_only": true,
            "drop_capabilities": ["NET_RAW"], "no_new_privileges": true,
        },
        "limits": { "memory_bytes": 536_870_912, "millicpus": 500 },
        "health": {
            "command": ["check", "-q"], "interval_seconds": 10, "timeout_seconds": 5, "retries": 5,
        },
        "restart": "on-failure", "labels": { "team": "shop" }, "strategy": "recreate",
        "ready_within_seconds": 120, "drain_seconds": 30, "stop_seconds": 10,
    });
    assert_eq!(sent["spec"], wanted);
}

#[test]
fn a_clone_says_what_it_left_out() {
    let made = json!({
        "application": application(OTHER_ID, "staging", "shop"),
        "left_out": ["port 8080 of the host"],
    });
    let fake = fake_on("POST", "/clone", made);
    let ran = Program::with(&fake).run(&[
        "app",
        "clone",
        "production/shop",
        "shop",
        "--environment",
        "production",
    ]);
    assert!(ran.stderr.contains("left out: port 8080 of the host"), "{ran}");
    assert!(ran.stderr.contains("portolan app deploy store/staging/shop"), "{ran}");
    let sent = fake.only("POST").body;
    let wanted = json!({
        "name": "shop", "environment_id": OTHER_ID, "without_variables": false,
        "with_volumes": false,
    });
    assert_eq!(sent, wanted);
}

#[test]
fn adding_can_deploy_at_once() {
    let fake = fake_on("POST", "/deploy", deployed()).on(
        "POST",
        "/v1/applications",
        201,
        application(ID, "production", "shop"),
    );
    let add = ["app", "add", "shop", "--environment", "production", "--image", "shop:1"];
    let ran = Program::with(&fake).run(&[&add[..], &["--deploy", "--json"]].concat());
    assert!(ran.stderr.contains("✓ pull  41 MB"), "{ran}");
    assert_eq!(ran.json()["id"], json!(ID));
}

#[test]
fn what_is_not_edited_stays() {
    let shop = application(ID, "production", "shop");
    let fake = fake_on("PATCH", "", shop);
    let program = Program::with(&fake);
    let edit = ["app", "edit", "production/shop"];
    program.run(&edit).fails(2, "--image");
    program.run(&[&edit[..], &["--deploy"]].concat()).fails(2, "--image");
    let change = ["--volume", "cache:/cache", "--unset", "alias", "--unset", "memory", "--cpus=2"];
    program.run(&[&edit[..], &change].concat()).data();
    let spec = &fake.only("PATCH").body["spec"];
    assert_eq!(spec["image"], json!("ghcr.io/example/shop:1.4"));
    assert_eq!(spec["limits"], json!({ "millicpus": 2_000 }));
    assert_eq!(spec.get("aliases"), None);
    let mounts = json!([
        { "source": { "bind": "/srv/shop" }, "target": "/srv", "read_only": true },
        { "source": { "volume": "cache" }, "target": "/cache", "read_only": false },
    ]);
    assert_eq!((&spec["mounts"], &spec["health"]["retries"]), (&mounts, &json!(5)));
}

/// On a swarm, with a replica that runs and one that does not.
fn on_swarm() -> Fake {
    let mut shop = application(ID, "production", "shop");
    shop["destination_kind"] = json!("swarm");
    shop["container"] = json!("shop-tz4a98");
    shop["spec"]["replicas"] = json!(2);
    shop["reason"] = json!("1 of 2 replicas run: replica 2 is rejected: No such image: shop:1");
    let tasks = json!({ "items": [
        { "id": "t1", "replica": 1, "node": "golf", "state": "running", "since": days_ago(2), "wanted": true },
        { "id": "t2", "replica": 2, "node": "echo", "state": "preparing", "since": days_ago(0), "wanted": true },
        { "id": "t3", "replica": 2, "node": "golf", "state": "rejected", "since": days_ago(0),
          "error": "No such image: shop:1", "wanted": false },
    ] });
    Fake::new()
        .get(&one(), shop.clone())
        .list("/v1/routes", &[])
        .get(&format!("{}/tasks", one()), tasks)
        .get(&format!("/v1/operations/{OPERATION}"), deployed())
        .on("PATCH", &one(), 200, shop)
        .on("POST", &format!("{}/deploy", one()), 202, operation("queued", &[]))
}

#[test]
fn what_a_swarm_runs_is_listed() {
    let fake = on_swarm();
    let program = Program::with(&fake);
    snapshot!("app_show_swarm", program.run(&["app", "show", ID]));
    snapshot!("app_tasks", program.run(&["app", "tasks", ID]));
    let listed = program.run(&["app", "tasks", ID, "--json"]).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(3));
}

#[test]
fn scaling_changes_the_replicas_and_deploys() {
    let fake = on_swarm();
    let ran = Program::with(&fake).run(&["app", "scale", ID, "5"]);
    ran.data();
    assert!(ran.stderr.contains("✓ pull  41 MB"), "{ran}");
    let spec = &fake.only("PATCH").body["spec"];
    assert_eq!(
        (&spec["replicas"], &spec["image"]),
        (&json!(5), &json!("ghcr.io/example/shop:1.4"))
    );
    fake.only("POST");
    Program::with(&fake).run(&["app", "scale", ID, "0"]).fails(2, "0");
}

#[test]
fn a_health_check_has_a_command() {
    let mut shop = application(ID, "production", "shop");
    shop["spec"]["health"] = Value::Null;
    let fake = Fake::new().get(&one(), shop);
    let edit = ["app", "edit", ID, "--health-retries", "2"];
    Program::with(&fake).run(&edit).fails(2, "give --health-command too");
}

#[test]
fn a_deployment_is_followed() {
    let fake = fake_on("POST", "/deploy", operation("queued", &[]));
    let program = Program::with(&fake);
    snapshot!("app_deploy", program.run(&["app", "deploy", ID, "--image", "shop:2"]));
    assert_eq!(fake.only("POST").body, json!({ "image": "shop:2" }));
    let ran = program.run(&["app", "deploy", ID, "--no-wait", "--json"]);
    assert_eq!(ran.json()["state"], json!("queued"));
}

#[test]
fn a_deployment_that_fails_is_no_success() {
    let mut failed = operation("failed", &[step("ready", "failed", "it ended with code 1")]);
    failed["failure"] = json!({
        "code": "not-ready", "message": "container `shop-tz4a98-4` was not ready in time",
        "remedy": "change it (`update_application`), and deploy again (`deploy_application`)",
    });
    let fake = Fake::new()
        .get(&one(), application(ID, "production", "shop"))
        .on("POST", &format!("{}/deploy", one()), 202, operation("queued", &[]))
        .get(&format!("/v1/operations/{OPERATION}"), failed);
    snapshot!("app_deploy_failed", Program::with(&fake).run(&["app", "deploy", ID]));
}

#[test]
fn a_deployment_is_rolled_back_and_given_up() {
    let back = fake_on("POST", "/roll-back", operation("queued", &[]));
    let program = Program::with(&back);
    program.run(&["app", "rollback", ID, "--to", "2"]).data();
    assert_eq!(back.only("POST").body, json!({ "to": 2 }));
    let cancelled = fake_on("POST", "/cancel", operation("failed", &[]));
    let ran = Program::with(&cancelled).run(&["app", "cancel", ID]);
    ran.data();
    assert!(ran.stderr.contains("gave up the deployment of `shop`"), "{ran}");
}

#[test]
fn what_runs_is_started_stopped_and_restarted() {
    for act in ["start", "stop", "restart"] {
        let fake = fake_on("POST", &format!("/{act}"), operation("queued", &[]));
        let ran = Program::with(&fake).run(&["app", act, "production/shop", "--json"]);
        assert_eq!(ran.json()["state"], json!("succeeded"), "{ran}");
        fake.only("POST");
    }
}

#[test]
fn deployments_are_listed_and_shown() {
    let deployment = |number: u32, state: &str| {
        json!({
            "id": OTHER_ID, "application_id": ID, "number": number, "state": state,
            "image": "shop:1", "image_id": "sha256:0af", "rolled_back_to": 1,
            "container": format!("shop-tz4a98-{number}"), "by": "owner@example.com",
            "operation_id": OPERATION, "created_at": days_ago(1), "finished_at": null,
        })
    };
    let fake = fake()
        .list(
            &format!("{}/deployments", one()),
            &[deployment(2, "pending"), deployment(1, "serving")],
        )
        .get(&format!("{}/deployments/2", one()), deployment(2, "pending"));
    let program = Program::with(&fake);
    snapshot!("app_deployments", program.run(&["app", "deployments", ID]));
    snapshot!("app_deployment", program.run(&["app", "deployments", ID, "--number", "2"]));
}

#[test]
fn a_removal_shows_what_goes_and_asks_for_the_name() {
    let preview = json!({
        "version": "", "as_of": days_ago(0), "allowed": true, "affected": [], "dark_routes": [],
        "refusals": [],
        "steps": ["stop and remove container `shop-tz4a98-3`", "remove volume `shop-tz4a98-data`"],
    });
    let asked = fake_on("DELETE", "", preview.clone());
    let program = Program::with(&asked);
    let remove = ["app", "remove", ID, "--volumes"];
    snapshot!("app_remove_asks", program.run(&remove));
    let dry = program.run(&[&remove[..], &["--dry-run", "--json"]].concat());
    assert_eq!(dry.json(), preview);
    assert!(asked.asked().iter().all(|asked| {
        asked.method != "DELETE" || asked.path.ends_with("?preview=true&volumes=true")
    }));

    let removed = fake_on("DELETE", "", operation("queued", &[]));
    Program::with(&removed).run(&["app", "remove", ID, "--yes"]).data();
    assert!(removed.only("DELETE").path.ends_with("?volumes=false"));
}

#[test]
fn wrong_use_is_refused_before_anything_is_asked() {
    let program = Program::new();
    let add = ["app", "add", "shop", "--environment", "e", "--image", "i"];
    let wrong: &[&[&str]] = &[
        &["--port", "0"],
        &["--memory", "512MB"],
        &["--cpus", ".5"],
        &["--publish", "80"],
        &["--volume", "/srv:/data"],
        &["--bind", "data:/data"],
        &["--command", "'"],
        &["--label", "dev.portolan.x=y"],
        &["--drain", "0"],
        &["--restart", "always"],
        &["--strategy", "blue"],
        &["--wait", "5", "--no-wait"],
    ];
    for arguments in wrong {
        let ran = program.run(&[&add[..], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?} {ran}");
    }
    let ran = program.run(&["app", "add", "a.b", "--environment", "e", "--image", "i"]);
    ran.fails(2, "an application's name has");
    snapshot!("help_app", program.run(&["app", "-h"]));
    snapshot!("help_app_add", program.run(&["app", "add", "--help"]));
    snapshot!("help_app_edit", program.run(&["app", "edit", "-h"]));
    snapshot!("help_app_scale", program.run(&["app", "scale", "--help"]));
    snapshot!("help_app_remove", program.run(&["app", "remove", "--help"]));
}
