//! Proxies: what is typed, what is sent, and how one is shown that does well or badly.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OPERATION, OTHER_ID, days_ago, operation, server, step},
};

fn proxy(name: &str, kind: &str, state: &str) -> Value {
    json!({
        "server_id": ID, "server_name": name, "kind": kind, "image": format!("{kind}:3"),
        "http_port": 80, "https_port": 443, "certificates": { "source": "acme", "staging": false },
        "extra": null, "state": state, "reason": null, "revision": 2,
        "observed": {
            "docker_id": "4b5c", "image_id": "sha256:0af", "version": "3.7.15", "status": "running",
            "started_at": days_ago(2), "inspected_at": days_ago(1),
        },
        "configuration": { "digest": "0af", "applied_at": days_ago(1), "refused": null },
        "operation_id": OPERATION, "created_at": days_ago(3), "updated_at": days_ago(1),
    })
}

/// One that does what it can: the latest configuration is refused, in words that a terminal must not
/// obey.
fn failed() -> Value {
    let mut failed = proxy("db-1", "caddy", "failed");
    failed["certificates"] = json!({
        "source": "acme", "email": "ops@example.com", "staging": false, "root": "PEM",
        "directory": "https://ca.example.com/acme/acme/directory",
    });
    failed["reason"] = json!("port 443 of server `db-1` is taken by container `nginx` (nginx:1)");
    failed["configuration"]["refused"] = json!("unknown field \u{1b}[31mrefuse-me");
    failed["extra"] = json!("{\"refuse-me\": 1}");
    failed["observed"] = Value::Null;
    failed
}

fn attachment(network: &str, observed: bool, reason: &Value) -> Value {
    json!({
        "server_id": ID, "server_name": "db-1", "destination_id": OTHER_ID,
        "destination_name": network, "network": network, "wanted": true, "observed": observed,
        "address": observed.then_some("172.18.0.2"), "reason": reason, "since": days_ago(1),
        "probe": null,
    })
}

fn fake(proxy: Value) -> Fake {
    let path = format!("/v1/servers/{ID}/proxy");
    Fake::new()
        .list("/v1/servers", &[server(ID, "web-1")])
        .get(&format!("/v1/servers/{ID}"), server(ID, "web-1"))
        .get(&path, proxy)
        .list("/v1/proxies", &[proxy_of_web(), failed()])
        .list(
            "/v1/attachments",
            &[
                attachment("shop", true, &Value::Null),
                attachment("far", false, &json!("there is no network `far`")),
            ],
        )
        .on("PUT", &path, 202, operation("queued", &[]))
        .on("DELETE", &path, 202, operation("queued", &[]))
}

fn proxy_of_web() -> Value {
    proxy("web-1", "traefik", "running")
}

#[test]
fn proxies_are_listed_and_shown() {
    let fake = fake(failed());
    let program = Program::with(&fake);
    snapshot!("proxy_list", &program.run(&["proxy", "list"]));
    snapshot!("proxy_show_failed", &program.run(&["proxy", "show", ID]));
    let well = self::fake(proxy_of_web());
    snapshot!("proxy_show", &Program::with(&well).run(&["proxy", "show", ID]));
}

#[test]
fn what_is_generated_is_shown_file_by_file() {
    let files = json!([
        { "path": "/data/portolan/dynamic/a-portolan.yml", "content": "{\n  \"http\": {}\n}" },
        { "path": "/data/portolan/dynamic/b-extra.yml", "content": "\u{1b}[31m" },
    ]);
    let path = format!("/v1/servers/{ID}/proxy/configuration");
    let answer = json!({ "kind": "traefik", "files": files });
    let fake = fake(proxy_of_web()).get(&path, answer);
    snapshot!("proxy_config", &Program::with(&fake).run(&["proxy", "config", ID]));
}

#[test]
fn what_failed_is_told_with_its_remedy() {
    let mut over = operation(
        "failed",
        &[
            step("look", "succeeded", "there is no container yet"),
            step("image", "failed", "image `caddy:9` is not known to the registry"),
        ],
    );
    over["kind"] = json!("set-proxy");
    over["failure"] = json!({
        "code": "image", "message": "could not pull image `caddy:9` on server `web-1`: not found",
        "remedy": "name an image that is there (`--image`)",
    });
    let fake = fake(failed()).get(&format!("/v1/operations/{OPERATION}"), over);
    let program = Program::with(&fake);
    let set = ["proxy", "set", ID, "--kind", "caddy", "--image", "caddy:9"];
    snapshot!("proxy_set_failed", &program.run(&set));
}

#[test]
fn an_authority_is_sent_as_it_was_typed() {
    let fake = fake(failed());
    let program = Program::with(&fake);
    let root = program.home().join("root.pem");
    std::fs::write(&root, "-----BEGIN CERTIFICATE-----").expect("a file");
    let root = root.display().to_string();
    let set = ["proxy", "set", ID, "--kind", "caddy", "--email", "ops@example.com", "--no-wait"];
    let directory = "https://ca.example.com/acme/acme/directory";
    let of = ["--acme-directory", directory, "--acme-root", &root];
    program.run(&[&set[..], &of].concat()).data();
    let wanted = json!({
        "source": "acme", "email": "ops@example.com", "staging": false, "directory": directory,
        "root": "-----BEGIN CERTIFICATE-----",
    });
    assert_eq!(fake.only("PUT").body["certificates"], wanted);
}

#[test]
fn wrong_use_is_told_before_anything_is_sent() {
    let directory = ["--acme-directory", "https://ca.example.com/directory"];
    let wrong: [&[&str]; 6] = [
        &["--kind", "nginx"],
        &["--kind", "caddy", "--acme-directory", "http://ca.example.com/directory"],
        &["--kind", "caddy", "--acme-root", "root.pem"],
        &["--kind", "caddy", "--staging", directory[0], directory[1]],
        &["--kind", "caddy", "--certificates", "internal", directory[0], directory[1]],
        &["--kind", "caddy", "--http-port", "0"],
    ];
    let fake = fake(failed());
    let program = Program::with(&fake);
    for arguments in wrong {
        let ran = program.run(&[&["proxy", "set", ID], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?} {ran}");
    }
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"), "{:?}", fake.asked());
}

#[test]
fn a_removal_is_asked_about() {
    let fake = fake(failed());
    let program = Program::with(&fake);
    let remove = ["proxy", "remove", ID, "--no-wait"];
    assert_eq!(program.run(&remove).code, 2);
    program.run(&[&remove[..], &["--yes", "--force"]].concat()).data();
    assert!(fake.only("DELETE").path.ends_with("?force=true"));
}

/// What the help of each says, one below the other.
fn help(noun: &str, verbs: &[&str]) -> String {
    let program = Program::new();
    let each = verbs.iter().map(|verb| {
        let ran = program.run(&[noun, verb, "--help"]);
        assert_eq!(ran.code, 0, "{ran}");
        format!("$ portolan {noun} {verb} --help\n{}", ran.stdout)
    });
    each.collect::<Vec<_>>().join("\n")
}

#[test]
fn help_of_each_command() {
    let program = Program::new();
    snapshot!("help_proxy", program.run(&["proxy", "--help"]));
    snapshot!("help_proxy_set", program.run(&["proxy", "set", "--help"]));
    let rest = ["list", "show", "start", "stop", "restart", "upgrade", "remove", "logs", "config"];
    snapshot!("help_proxy_rest", help("proxy", &rest));
    snapshot!("help_route", program.run(&["route", "--help"]));
    snapshot!("help_route_rest", help("route", &["list", "show", "edit", "remove"]));
    snapshot!("help_certificate_add", program.run(&["certificate", "add", "--help"]));
}

#[test]
fn what_would_be_interrupted_is_shown() {
    let path = format!("/v1/servers/{ID}/proxy");
    let preview = json!({
        "version": "", "as_of": days_ago(1), "allowed": true,
        "steps": ["stop the proxy of server `web-1`"],
        "affected": [{
            "kind": "proxy", "id": "4b5c", "name": "portolan-proxy", "state": "running",
            "effect": "is stopped: nothing answers until somebody starts it",
        }],
        "dark_routes": [{ "rule": "shop.example.com/", "container": "web" }], "refusals": [],
    });
    let refusals = json!([{
        "code": "proxy-has-routes", "message": "the proxy of server `web-1` has routes: a.example.com/",
        "remedy": "remove them first (`delete_route`), or remove the proxy anyway (`remove_proxy.force`)",
    }]);
    let mut refused = preview.clone();
    (refused["allowed"], refused["refusals"]) = (json!(false), refusals);
    let fake = Fake::new()
        .get(&format!("/v1/servers/{ID}"), server(ID, "web-1"))
        .on("POST", &format!("{path}/stop"), 200, preview)
        .on("DELETE", &path, 200, refused);
    let program = Program::with(&fake);
    snapshot!("proxy_stop_preview", program.run(&["proxy", "stop", ID, "--dry-run"]));
    assert!(fake.only("POST").path.ends_with("/proxy/stop?preview=true"));
    snapshot!("proxy_remove_preview", program.run(&["proxy", "remove", ID, "--dry-run"]));
    assert!(fake.only("DELETE").path.ends_with("/proxy?preview=true"));
}
