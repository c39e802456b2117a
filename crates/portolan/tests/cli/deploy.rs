//! `portolan deploy`: the file, the difference, and what is made of it.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, Ran, snapshot},
    samples::{
        ID, OPERATION, OTHER_ID, application, days_ago, destination, environment, key, operation,
        project, route_to,
    },
};

const FILE: &str = r#"
name = "shop"
project = "store"
destination = "shop"
image = "ghcr.io/example/shop:1.5"
port = 8080
domains = ["shop.example.com", "shop.example.com/new"]
memory = "1G"

[variables]
LOG_LEVEL = "debug"
WORKERS = "4"
"#;

/// The example of docs/portolan-toml.md.
fn example() -> &'static str {
    let page = include_str!("../../../../docs/portolan-toml.md");
    let (_, rest) = page.split_once("```toml\n").expect("an example");
    rest.split_once("```").expect("its end").0
}

/// Nothing of it but a destination.
fn nothing() -> Fake {
    Fake::new()
        .list("/v1/destinations", &[destination(OTHER_ID, "web-1-shop", "shop")])
        .list("/v1/projects", &[])
        .list("/v1/environments", &[])
        .list("/v1/routes", &[])
        .on("POST", "/v1/projects", 201, project(ID, "store"))
        .on("POST", "/v1/environments", 201, environment(ID, "store", "production"))
        .on("POST", "/v1/applications", 201, application(ID, "production", "shop"))
        .on("POST", "/v1/routes", 201, route_to(ID, "shop.example.com"))
        .on("POST", &jobs_path(), 201, job("0 3 * * *"))
        .on("PATCH", &variables_path(), 200, json!({ "items": [] }))
        .on("POST", &format!("/v1/applications/{ID}/deploy"), 202, operation("queued", &[]))
        .get(&format!("/v1/operations/{OPERATION}"), operation("succeeded", &[]))
}

fn variables_path() -> String {
    format!("/v1/applications/{ID}/variables")
}

fn jobs_path() -> String {
    format!("/v1/applications/{ID}/jobs")
}

/// The application with one of two domains, an older image and another variable.
fn older() -> Fake {
    fake(operation("succeeded", &[]))
}

/// The same, with the end of its deployment.
fn fake(end: Value) -> Fake {
    let variables = json!({ "items": [
        { "name": "LOG_LEVEL", "secret": false, "value": "info", "updated_at": days_ago(1) },
        { "name": "OTHER", "secret": false, "value": "x", "updated_at": days_ago(1) },
    ] });
    Fake::new()
        .list("/v1/destinations", &[destination(OTHER_ID, "shop", "shop")])
        .list("/v1/projects", &[project(OTHER_ID, "store")])
        .list("/v1/environments", &[environment(OTHER_ID, "store", "production")])
        .list("/v1/applications", &[application(ID, "production", "shop")])
        .list("/v1/routes", &[route_to(ID, "shop.example.com")])
        .get(&variables_path(), variables.clone())
        .on("PATCH", &variables_path(), 200, variables)
        .on("PATCH", &format!("/v1/applications/{ID}"), 200, application(ID, "production", "shop"))
        .on("POST", "/v1/routes", 201, route_to(ID, "shop.example.com"))
        .on("POST", &format!("/v1/applications/{ID}/deploy"), 202, operation("queued", &[]))
        .get(&format!("/v1/operations/{OPERATION}"), end)
}

fn run(fake: &Fake, file: &str, arguments: &[&str]) -> Ran {
    let program = Program::with(fake);
    std::fs::write(program.home().join("portolan.toml"), file).expect("written");
    program.run(&[&["deploy"], arguments].concat())
}

/// One that is there, as the example has it but for its time.
fn job(expression: &str) -> Value {
    json!({
        "id": OTHER_ID, "application_id": ID, "application_name": "shop", "name": "tidy",
        "command": ["/app/shop", "tidy"], "expression": expression, "within_seconds": 3600,
        "keep": 20, "state": "active", "created_at": days_ago(1), "updated_at": days_ago(1),
    })
}

/// Bodies of what was changed, by method and path.
fn changes(fake: &Fake) -> Vec<(String, Value)> {
    let changes = fake.asked().into_iter().filter(|asked| asked.method != "GET");
    changes.map(|asked| (format!("{} {}", asked.method, asked.path), asked.body)).collect()
}

#[test]
fn the_example_is_what_it_says() {
    let fake = nothing();
    snapshot!("deploy_example", run(&fake, example(), &["--dry-run"]));
    assert_eq!(changes(&fake), []);
    run(&fake, example(), &[]).data();
    let changes = changes(&fake);
    let paths: Vec<&str> = changes.iter().map(|(path, _)| path.as_str()).collect();
    let variables = format!("PATCH {}", variables_path());
    let (jobs, deploy) =
        (format!("POST {}", jobs_path()), format!("POST /v1/applications/{ID}/deploy"));
    assert_eq!(
        paths,
        [
            "POST /v1/projects",
            "POST /v1/environments",
            "POST /v1/applications",
            &variables,
            "POST /v1/routes",
            "POST /v1/routes",
            &jobs,
            &deploy,
        ]
    );
    let spec = json!({
        "image": "ghcr.io/example/shop:1.4", "command": ["serve", "--queue", "mail"],
        "port": 8080, "aliases": ["api"],
        "mounts": [
            { "source": { "volume": "uploads" }, "target": "/srv/uploads", "read_only": true },
        ],
        "tmpfs": [{ "target": "/tmp", "size_bytes": 67_108_864 }],
        "process": { "user": "1000", "read_only": true },
        "limits": { "memory_bytes": 536_870_912, "millicpus": 500 },
        "health": {
            "command": ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/health"],
            "interval_seconds": 15, "timeout_seconds": 5, "retries": 3,
        },
        "restart": "unless-stopped", "strategy": "rolling", "ready_within_seconds": 120,
        "drain_seconds": 5, "stop_seconds": 10,
    });
    let wanted = json!({
        "environment_id": ID, "destination_id": OTHER_ID, "name": "shop", "spec": spec,
    });
    assert_eq!(changes[2].1, wanted);
    let set = json!([{ "name": "LOG_LEVEL", "value": "info", "secret": false }]);
    assert_eq!(changes[3].1["set"], set);
    assert_eq!(
        (&changes[5].1["host"], &changes[5].1["path"]),
        (&json!("example.com"), &json!("/shop"))
    );
    assert_eq!(changes[4].1["application_id"], json!(ID));
    assert_eq!(
        changes[6].1,
        json!({
            "name": "tidy", "command": ["/app/shop", "tidy"], "expression": "0 3 * * *",
            "within_seconds": 3600, "keep": 20, "state": "active",
        })
    );
}

#[test]
fn a_job_is_made_what_the_file_says() {
    let file = format!(
        "{FILE}\n[jobs.Tidy]\ncron = \"0 4 * * *\"\ncommand = [\"/app/shop\"]\npaused = true\n"
    );
    let one = format!("/v1/jobs/{OTHER_ID}");
    let fake =
        older().list(&jobs_path(), &[job("0 3 * * *")]).on("PATCH", &one, 200, job("0 4 * * *"));
    let ran = run(&fake, &file, &["--dry-run"]);
    let line = "~ job Tidy: 0 3 * * * /app/shop tidy -> 0 4 * * * /app/shop (paused)";
    assert!(ran.data().contains(line), "{ran}");
    run(&fake, &file, &[]).data();
    let changed = changes(&fake).into_iter().find(|(path, _)| path.ends_with(&one));
    let body = changed.expect("a change of the job").1;
    assert_eq!((&body["expression"], &body["state"]), (&json!("0 4 * * *"), &json!("paused")));
}

#[test]
fn another_environment_has_its_own() {
    let fake = nothing();
    let file = example().replace("web-2-shop", "web-1-shop");
    let ran = run(&fake, &file, &["--dry-run", "--env", "staging"]);
    let shown = ran.data();
    assert!(shown.contains("+ application store/staging/shop"), "{ran}");
    assert!(shown.contains("+ domain staging.example.com"), "{ran}");
    assert!(shown.contains("+ variable LOG_LEVEL = debug"), "{ran}");
    assert!(!shown.contains("domain shop.example.com"), "{ran}");
}

#[test]
fn what_differs_is_shown_and_changed() {
    let fake = older();
    snapshot!("deploy_difference", run(&fake, FILE, &["--dry-run"]));
    let difference = run(&fake, FILE, &["--dry-run", "--json"]).json();
    assert_eq!(difference["application"], json!("store/production/shop"));
    assert_eq!(changes(&fake), []);
    snapshot!("deploy", run(&fake, FILE, &[]));
    let changes = changes(&fake);
    let paths: Vec<&str> = changes.iter().map(|(path, _)| path.as_str()).collect();
    let (spec, variables) =
        (format!("PATCH /v1/applications/{ID}"), format!("PATCH {}", variables_path()));
    let deploy = format!("POST /v1/applications/{ID}/deploy");
    assert_eq!(paths, [&spec, &variables, "POST /v1/routes", &deploy]);
    assert_eq!(changes[0].1["spec"]["limits"], json!({ "memory_bytes": 1_073_741_824 }));
    let plain = |name: &str, value: &str| json!({ "name": name, "value": value, "secret": false });
    let set = json!([plain("LOG_LEVEL", "debug"), plain("WORKERS", "4")]);
    assert_eq!(changes[1].1, json!({ "set": set, "remove": [] }));
    assert_eq!(changes[2].1["path"], json!("/new"));
}

#[test]
fn an_image_is_said_in_the_place_of_the_files() {
    let fake = older();
    run(&fake, FILE, &["--image", "shop:6"]).data();
    assert_eq!(changes(&fake)[0].1["spec"]["image"], json!("shop:6"));
}

#[test]
fn a_deployment_that_fails_is_no_success() {
    let mut failed = operation("failed", &[]);
    failed["failure"] = json!({ "code": "c", "message": "it was not ready", "remedy": null });
    let fake = fake(failed);
    run(&fake, FILE, &[]).fails(1, "it was not ready");
}

#[test]
fn what_cannot_be_is_refused_before_anything_changes() {
    let secret = json!({ "items": [
        { "name": "WORKERS", "secret": true, "updated_at": days_ago(1) },
    ] });
    let fake = Fake::new().get(&variables_path(), secret);
    let fake = fake
        .list("/v1/destinations", &[destination(OTHER_ID, "shop", "shop")])
        .list("/v1/projects", &[project(OTHER_ID, "store")])
        .list("/v1/environments", &[environment(OTHER_ID, "store", "production")])
        .list("/v1/applications", &[application(ID, "production", "shop")])
        .list("/v1/routes", &[route_to(OTHER_ID, "shop.example.com")]);
    run(&fake, FILE, &[]).fails(1, "variable WORKERS is a secret of the application");
    let without = FILE.replace("WORKERS = \"4\"", "");
    run(&fake, &without, &[]).fails(1, "domain `shop.example.com` leads to");
    assert_eq!(changes(&fake), []);

    let elsewhere = destination(ID, "shop", "shop");
    let fake = Fake::new()
        .list("/v1/destinations", &[elsewhere])
        .list("/v1/projects", &[project(OTHER_ID, "store")])
        .list("/v1/environments", &[environment(OTHER_ID, "store", "production")])
        .list("/v1/applications", &[application(ID, "production", "shop")]);
    run(&fake, FILE, &[]).fails(1, "an application stays where it is");
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_line_and_field() {
    let fake = Fake::new();
    let wrong = [
        ("name = \"shop\"\n", "line 1: missing field `project`"),
        ("name = \"shop\"\nproject = \"s\"\nimagee = \"a\"\n", "line 3: unknown field `imagee`"),
        ("name = \"a b\"\n", "line 1, name: an application's name has"),
        ("name = \"a\"\nmemory = \"5MB\"\n", "line 2, memory: memory is written as"),
        (
            "name = \"a\"\n\n[health]\ncommand = []\ninterval = 0\n",
            "line 5, health.interval: a time",
        ),
        ("[[volumes]]\nname = \"a\"\npath = \"data\"\n", "line 3, volumes.path: a path"),
        ("domains = [\n  \"a.com\",\n  \"https://a\",\n]\n", "line 1, domains: `https://a`: "),
        ("name = \n", "line 1"),
        ("[variables]\n\"A-B\" = \"1\"\n", "line 2, variables.\"A-B\": a variable's name"),
        ("[jobs.a]\ncommand = [\"b\"]\ncron = \"soon\"\n", "line 3, jobs.a.cron: "),
        ("name = \"a\"\nproject = \"p\"\n", "there is no `image`"),
        (
            "name = \"a\"\nproject = \"p\"\nimage = \"i\"\ndomains = [\"a.com\"]\n",
            "say which it is",
        ),
    ];
    for (file, why) in wrong {
        run(&fake, file, &[]).fails(2, why);
    }
    assert!(fake.asked().is_empty());
    let program = Program::with(&fake);
    program.run(&["deploy"]).fails(1, "could not read portolan.toml");
    std::fs::write(program.home().join("compose.yml"), "services: {}\n").expect("a file");
    program.run(&["deploy"]).fails(2, "portolan stack apply NAME --file compose.yml");
    let ran = program.run_with_input(&["deploy", "--file", "-"], "name = 1");
    ran.fails(2, "stdin, line 1, name: ");
    snapshot!("help_deploy", program.run(&["deploy", "--help"]));
}

#[test]
fn a_repository_is_built_from() {
    let file = "name = \"shop\"\nproject = \"store\"\ndestination = \"web-1-shop\"\n\
                [build]\nrepository = \"https://git.example.com/Shop.git\"\nreference = \"main\"\n\
                password-variable = \"GIT_TOKEN\"\n\
                [environments.staging]\nreference = \"next\"\n";
    let spec_of = |arguments: &[&str]| {
        let fake = nothing();
        run(&fake, file, arguments).data();
        let made = changes(&fake).into_iter().find(|(path, _)| path.ends_with("/v1/applications"));
        made.expect("an application").1["spec"].clone()
    };
    let spec = spec_of(&[]);
    assert_eq!(
        (&spec["image"], &spec["build"]["reference"]),
        (&json!("localhost/shop"), &json!("main"))
    );
    let login = json!({ "user": "git", "password_variable": "GIT_TOKEN" });
    assert_eq!(spec["build"]["login"], login);
    assert_eq!(spec_of(&["--env", "staging"])["build"]["reference"], json!("next"));
    let file = file.replace("https://git.example.com/", "git@git.example.com:");
    let file = file.replace("password-variable = \"GIT_TOKEN\"", "key = \"deploy\"");
    let fake = nothing().list("/v1/keys", &[key(OTHER_ID, "deploy")]);
    run(&fake, &file, &[]).data();
    let made = changes(&fake).into_iter().find(|(path, _)| path.ends_with("/v1/applications"));
    assert_eq!(made.expect("an application").1["spec"]["build"]["key_id"], json!(OTHER_ID));
    // What a pipeline built is not built again.
    assert_eq!(spec_of(&["--image", "shop:7"])["build"], Value::Null);
}
