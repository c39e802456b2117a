//! Logins of container registries: stored, never shown, tried from a server, sent for images.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::{
    HostError,
    fake::{FakeEngine, Trouble},
};
use portolan_types::{
    Event, Operation, OperationState, Page, Registry, RegistryOutcome, Server, Subject,
};
use serde_json::{Value, json};

use crate::{
    proxies::with_images_of,
    support::{Client, Database, TestApp, eventually, story},
};

const HOST: &str = "registry.example.com:5000";
const PASSWORD: &str = "open sesame";

fn body(name: &str, host: &str) -> Value {
    json!({ "name": name, "host": host, "user": "robot", "password": PASSWORD })
}

pub(crate) async fn add(client: &Client, name: &str) -> Result<Registry> {
    client.post("/v1/registries", body(name, HOST)).await?.created()
}

async fn show(client: &Client, registry: &Registry) -> Result<Registry> {
    client.get(&path(registry)).await?.ok()
}

fn path(registry: &Registry) -> String {
    format!("/v1/registries/{}", registry.id)
}

async fn begin_check(app: &TestApp, registry: &Registry, server: &Server) -> Result<Operation> {
    let path = format!("{}/check", path(registry));
    app.owner.post(&path, json!({ "server_id": server.id })).await?.accepted()
}

async fn check(app: &TestApp, registry: &Registry, server: &Server) -> Result<Operation> {
    let begun = begin_check(app, registry, server).await?;
    app.owner.outcome(begun.id.as_str()).await
}

/// A server from which the registry is reached, and a login that it takes.
async fn harbour(app: &TestApp) -> Result<(Server, Arc<FakeEngine>, Registry)> {
    let (server, engine) = app.add_server("alpha").await?;
    engine.want_login(HOST, "robot", PASSWORD);
    Ok((server, engine, add(&app.owner, "private").await?))
}

async fn kinds(app: &TestApp, registry: &Registry) -> Result<Vec<String>> {
    let page: Page<Event> = app.owner.get("/v1/events?kind=registry.&limit=200").await?.ok()?;
    ensure!(page.items.iter().all(|one| one.subject == Subject::Registry(registry.id.clone())));
    Ok(page.items.into_iter().rev().map(|event| event.kind).collect())
}

story! {
    /// A login is there with everything but its password, whatever is done to it.
    async fn logins_are_kept_without_their_password(app) {
        let mut texts = Vec::new();
        let answer = app.owner.post("/v1/registries", body("Ghcr", " GHCR.io ")).await?;
        texts.push(answer.text.clone());
        let made: Registry = answer.created()?;
        assert_eq!((made.host.as_str(), made.user.as_str()), ("ghcr.io", "robot"));
        // However it is capitalized, there is one of a name.
        app.owner.post("/v1/registries", body("gHCR", HOST)).await?.problem(409)?;
        let hub = app.owner.post("/v1/registries", body("hub", "index.docker.io")).await?;
        assert_eq!(hub.created::<Registry>()?.host.as_str(), "docker.io");
        for (search, wanted) in [("ghcr", 1), ("docker.io", 1), ("HCR", 1), ("nothing", 0)] {
            let path = format!("/v1/registries?search={search}");
            let page: Page<Registry> = app.owner.get(&path).await?.ok()?;
            assert_eq!(page.items.len(), wanted, "{search}");
        }
        let answer = app.owner.patch(&path(&made), json!({ "name": "github" })).await?;
        texts.push(answer.text.clone());
        assert_eq!(answer.ok::<Registry>()?.user, made.user);
        let answer = app.owner.patch(&path(&made), json!({ "password": "another sesame" })).await?;
        texts.push(answer.text);
        for list in ["/v1/registries", "/v1/events?limit=200", "/v1/audit?limit=200"] {
            texts.push(app.owner.get(list).await?.text);
        }
        assert_eq!(app.owner.delete(&path(&made)).await?.status, 204);
        app.owner.get(&path(&made)).await?.problem(404)?;
        for text in texts {
            ensure!(!text.contains("sesame"), "{text}");
        }
    }
}

story! {
    /// What is no login is refused, and so is a password on its way to another host.
    async fn a_password_stays_with_its_host(app) {
        let made = add(&app.owner, "private").await?;
        for (field, bad) in [
            ("host", "https://ghcr.io"), ("host", "ghcr.io/acme"), ("host", "registry"),
            ("user", "a:b"), ("user", ""), ("password", ""), ("name", ""),
        ] {
            let mut input = body("other", "ghcr.io");
            input[field] = json!(bad);
            let problem = app.owner.post("/v1/registries", input).await?.problem(422)?;
            ensure!(!format!("{problem:?}").contains("sesame"), "{problem:?}");
        }
        let moved = json!({ "host": "evil.example.com" });
        let problem = app.owner.patch(&path(&made), moved).await?.problem(422)?;
        assert_eq!(problem.errors[0].field, "password");
        assert_eq!(show(&app.owner, &made).await?, made);
        let moved = json!({ "host": "ghcr.io", "password": "another" });
        let moved: Registry = app.owner.patch(&path(&made), moved).await?.ok()?;
        assert_eq!(moved.host.as_str(), "ghcr.io");
        // Nothing else changes nothing.
        let same: Registry = app.owner.patch(&path(&made), json!({ "user": "robot" })).await?.ok()?;
        assert_eq!(same, moved);
        assert_eq!(kinds(app, &made).await?, ["registry.added", "registry.edited"]);
    }
}

story! {
    /// Whether a login works is told apart: taken, refused, and nobody there to ask.
    async fn a_login_is_tried_from_a_server(app) {
        let (server, _engine, registry) = harbour(app).await?;
        let done = check(app, &registry, &server).await?;
        assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
        let found = show(&app.owner, &registry).await?.check.context("a check")?;
        assert_eq!((found.outcome, found.words), (RegistryOutcome::Accepted, None));
        assert_eq!(found.server_name, server.name);

        let wrong = json!({ "password": "close sesame" });
        let changed: Registry = app.owner.patch(&path(&registry), wrong).await?.ok()?;
        assert_eq!(changed.check, None, "what was found is of another password");
        let failure = check(app, &registry, &server).await?.failure.context("a failure")?;
        assert_eq!(failure.code, "login-refused");
        ensure!(failure.message.contains("unauthorized: incorrect username or password"), "{failure:?}");
        ensure!(!failure.message.contains("sesame"), "{failure:?}");
        let found = show(&app.owner, &registry).await?.check.context("a check")?;
        assert_eq!(found.outcome, RegistryOutcome::Refused);

        let away = json!({ "host": "away.example.com", "password": PASSWORD });
        let _: Registry = app.owner.patch(&path(&registry), away).await?.ok()?;
        let failure = check(app, &registry, &server).await?.failure.context("a failure")?;
        assert_eq!(failure.code, "registry-away");
        let found = show(&app.owner, &registry).await?.check.context("a check")?;
        assert_eq!(found.outcome, RegistryOutcome::Failed);
        let happened = kinds(app, &registry).await?;
        assert_eq!(happened.iter().filter(|kind| *kind == "registry.checked").count(), 3);
    }
}

story! {
    /// A registry that does not answer is the outcome, not a lost server.
    async fn a_silent_registry_is_an_outcome(app) {
        let (server, engine, registry) = harbour(app).await?;
        let silent = HostError::Timeout { action: "log in to the registry".into(), seconds: 75 };
        engine.trouble_in("check_login", Trouble::Fail(silent));
        let failure = check(app, &registry, &server).await?.failure.context("a failure")?;
        assert_eq!(failure.code, "registry-away");
        // A connection that is lost is none: the check is made over the next one.
        engine.trouble_in("check_login", Trouble::Held);
        let begun = begin_check(app, &registry, &server).await?;
        engine.hung().await;
        engine.stop();
        engine.start();
        engine.let_go();
        let done = app.owner.outcome(begun.id.as_str()).await?;
        assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
    }
}

story! {
    /// While an engine waits for a registry, the server's other work goes on; and what it finds is
    /// not said of a login that was changed meanwhile.
    async fn a_slow_check_holds_nothing_up(app) {
        let (server, engine, registry) = harbour(app).await?;
        engine.trouble_in("check_login", Trouble::Held);
        let begun = begin_check(app, &registry, &server).await?;
        engine.hung().await;
        let second = begin_check(app, &registry, &server).await?;
        app.owner.destination(&server, "web").await?;
        let changed = json!({ "password": "another" });
        let _: Registry = app.owner.patch(&path(&registry), changed).await?.ok()?;
        engine.let_go();
        let done = app.owner.outcome(begun.id.as_str()).await?;
        assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
        let second = app.owner.outcome(second.id.as_str()).await?;
        assert_eq!(second.failure.context("a failure")?.code, "login-refused");
        let found = show(&app.owner, &registry).await?.check.context("a check")?;
        assert_eq!(found.outcome, RegistryOutcome::Refused, "{found:?}");
        assert_eq!(kinds(app, &registry).await?, ["registry.added", "registry.edited", "registry.checked"]);
    }
}

story! {
    /// A login that is removed before it is tried is said to be gone.
    async fn a_check_of_a_login_that_is_gone_ends(app) {
        let (server, engine, registry) = harbour(app).await?;
        engine.trouble_in("check_login", Trouble::Held);
        begin_check(app, &registry, &server).await?;
        engine.hung().await;
        let second = begin_check(app, &registry, &server).await?;
        assert_eq!(app.owner.delete(&path(&registry)).await?.status, 204);
        engine.let_go();
        let second = app.owner.outcome(second.id.as_str()).await?;
        assert_eq!(second.failure.context("a failure")?.code, "registry-gone");
    }
}

/// The proxy of a server, of an image behind a login.
async fn proxy(app: &TestApp, server: &Server, image: &str) -> Result<Operation> {
    let input = json!({ "kind": "caddy", "image": image });
    let path = format!("/v1/servers/{}/proxy", server.id);
    let begun: Operation = app.owner.put(&path, input).await?.accepted()?;
    app.owner.outcome(begun.id.as_str()).await
}

story! {
    /// An image is fetched with the one login of its registry: with none of several, and with none of
    /// another.
    async fn an_image_is_fetched_with_the_login_of_its_registry(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let image = format!("{HOST}/mirror/caddy:2");
        with_images_of(&engine, &[&image, "caddy:2"]);
        engine.want_login(HOST, "robot", PASSWORD);
        app.owner.post("/v1/registries", body("hub", "docker.io")).await?.created::<Registry>()?;
        let failure = proxy(app, &server, &image).await?.failure.context("a failure")?;
        ensure!(failure.message.contains("pull access denied"), "{failure:?}");
        let remedy = failure.remedy.unwrap_or_default();
        ensure!(remedy.contains("`create_registry`"), "{remedy}");

        let first = add(&app.owner, "first").await?;
        let second = add(&app.owner, "second").await?;
        let failure = proxy(app, &server, &image).await?.failure.context("a failure")?;
        ensure!(failure.message.contains("pull access denied"), "which one? {failure:?}");
        assert_eq!(engine.fetched_as(&image), None);
        assert_eq!(app.owner.delete(&path(&second)).await?.status, 204);

        let done = proxy(app, &server, &image).await?;
        assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
        assert_eq!(engine.fetched_as(&image), Some(Some(first.user.to_string())));
        let done = proxy(app, &server, "caddy:2").await?;
        assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
        assert_eq!(engine.fetched_as("caddy:2"), Some(Some("robot".to_owned())));
    }
}

story! {
    /// A server that does not answer cannot be asked, nor one that nobody has.
    async fn only_a_reachable_server_is_asked(app) {
        let (server, engine, registry) = harbour(app).await?;
        let nowhere = json!({ "server_id": "tz4a98xxat96iws9zmbrgj3a" });
        let path = format!("{}/check", path(&registry));
        app.owner.post(&path, nowhere).await?.problem(404)?;
        engine.stop();
        eventually("it is refused", || async {
            let answer = app.owner.post(&path, json!({ "server_id": server.id })).await?;
            Ok((answer.status == 409).then_some(()))
        })
        .await?;
    }
}

story! {
    /// The same request twice is one login.
    async fn a_repetition_adds_nothing(app) {
        let send = || {
            let request = app.owner.request(reqwest::Method::POST, "/v1/registries");
            app.owner.send(request.header("Idempotency-Key", "once").json(&body("private", HOST)))
        };
        let first: Registry = send().await?.created()?;
        let again: Registry = send().await?.created()?;
        assert_eq!(first, again);
    }
}

/// The database file alone knows no password.
#[tokio::test]
async fn the_password_is_sealed_at_rest() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let registry = add(&app.owner, "private").await?;
    let changed = json!({ "password": "another sesame" });
    app.owner.patch(&path(&registry), changed).await?.ok::<Registry>()?;
    let data = app.data_dir();
    app.stop().await?;
    for entry in std::fs::read_dir(data)? {
        let path = entry?.path();
        if path.is_dir() {
            // Of sources, while something is built.
            ensure!(std::fs::read_dir(&path)?.next().is_none(), "{}", path.display());
            continue;
        }
        let bytes = std::fs::read(path)?;
        let found = bytes.windows(6).any(|part| part == b"sesame");
        ensure!(!found, "the password lies in clear in the data directory");
    }
    Ok(())
}
