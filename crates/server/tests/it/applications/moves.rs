//! Applications that move to another destination: on one server beside each other where they can, over the
//! same volumes where they cannot; to another one with a copy of what is in them; and back where the new
//! one does not become ready.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::{
    HostError,
    fake::{FakeEngine, Trouble},
};
use portolan_types::{
    Application, ApplicationMoved, ApplicationState, DeploymentState, Destination, MoveState,
    Operation, OperationResult, OperationState, Preview, Reachability, Route, RouteState,
};
use serde_json::{Value, json};

use super::{Place, at, containers, place, spec, with_images};
use crate::{
    projects, proxies,
    support::{Answer, Database, TestApp, eventually, story},
};

impl TestApp {
    async fn ask_to_move(&self, one: &Application, to: &Destination) -> Result<Answer> {
        let body = json!({ "destination_id": to.id });
        self.owner.post(&format!("/v1/applications/{}/move?wait=30", one.id), body).await
    }

    async fn preview_move(&self, one: &Application, to: &Destination) -> Result<Preview> {
        let body = json!({ "destination_id": to.id });
        let path = format!("/v1/applications/{}/move?preview=true", one.id);
        self.owner.post(&path, body).await?.ok()
    }

    /// Moves it, and answers what became of it.
    async fn moved(&self, one: &Application, to: &Destination) -> Result<ApplicationMoved> {
        let done: Operation = self.ask_to_move(one, to).await?.accepted()?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        match done.result {
            Some(OperationResult::Move(moved)) => Ok(moved),
            other => anyhow::bail!("{other:?}"),
        }
    }

    /// Nothing is left of a move, and it is here.
    async fn is_at(&self, one: &Application, place: &Destination) -> Result<Application> {
        eventually("it is at rest there", || async {
            let now = self.application(one).await?;
            let rests = now.destination_id == place.id && now.moved.is_none();
            Ok((rests && now.state == ApplicationState::Running).then_some(now))
        })
        .await
    }
}

/// What writes to a volume, and is stopped before another one is started.
fn with_volume() -> Value {
    let mut wanted = spec("shop:1");
    wanted["mounts"] = json!([{ "source": { "volume": "data" }, "target": "/data" }]);
    wanted
}

/// Names on a network.
fn on(at: &Place, network: &str, one: &Application) -> bool {
    let name = one.container.as_ref().map(ToString::to_string);
    at.engine.members(network).iter().any(|(member, aliases)| {
        Some(member) == name.as_ref() && aliases.contains(&one.name.to_string())
    })
}

story! {
    /// It serves at every moment, and its routes follow.
    async fn an_application_moves_without_a_gap(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        let at = at(app, server, engine).await?;
        let back = app.owner.destination(&at.server, "back").await?;
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        let body = json!({
            "destination_id": at.destination.id, "host": "shop.example.com",
            "application_id": made.id,
        });
        let route: Route = app.owner.post("/v1/routes", body).await?.created()?;
        app.deploy(&made, "shop:1").await?;
        app.route_is(&route, RouteState::Live).await?;

        let seen = app.preview_move(&made, &back).await?;
        ensure!(seen.allowed && seen.refusals.is_empty(), "{seen:?}");
        ensure!(seen.steps.iter().any(|step| step.contains("shop.example.com")), "{seen:?}");
        let result = app.moved(&made, &back).await?;
        assert_eq!((&result.from, &result.to), (&at.destination.name, &back.name));
        assert_eq!(result.gap_ms, Some(0));
        let there = app.is_at(&made, &back).await?;
        ensure!(on(&at, "back", &there) && !on(&at, "web", &there), "{there:?}");
        assert_eq!(containers(&at.engine, "shop").len(), 1);
        let led = app.route_is(&route, RouteState::Live).await?;
        assert_eq!((&led.destination_id, Some(&led.target)), (&back.id, there.container.as_ref()));
        let states: Vec<_> = app.deployments(&made).await?.iter().map(|one| one.state).collect();
        assert_eq!(states, [DeploymentState::Serving, DeploymentState::Replaced]);
        // Its names are free where it was, and taken where it is.
        app.add_application(&at, "other", json!({ "image": "shop:1", "aliases": ["shop"] })).await?;
        app.deploy(&made, "shop:2").await?;
        app.is_at(&made, &back).await?;
    }
}

story! {
    /// One that writes is stopped first; its volume stays what it is, and the gap is told.
    async fn an_application_moves_over_its_volumes(app) {
        let at = place(app).await?;
        let back = app.owner.destination(&at.server, "back").await?;
        let made = app.add_application(&at, "shop", with_volume()).await?;
        app.deploy(&made, "shop:1").await?;
        let volumes = at.engine.volume_names();
        let result = app.moved(&made, &back).await?;
        ensure!(result.gap_ms.is_some(), "{result:?}");
        assert_eq!(at.engine.volume_names(), volumes);
        let there = app.is_at(&made, &back).await?;
        let name = there.container.context("a container")?;
        let asked = at.engine.asked_for(name.as_str()).context("a container")?;
        assert_eq!(asked.mounts.len(), 1);
        assert_eq!(containers(&at.engine, "shop"), [name.to_string()]);
        // And back again.
        app.moved(&made, &at.destination).await?;
        app.is_at(&made, &at.destination).await?;
        assert_eq!(at.engine.volume_names(), volumes);
    }
}

/// The container of the application's next deployment answers nobody.
async fn deafen_next(app: &TestApp, at: &Place, made: &Application) -> Result<()> {
    let number = app.deployments(made).await?[0].number.get() + 1;
    let id: String = made.id.as_str().chars().take(6).collect();
    at.engine.deafen(&format!("{}-{id}-{number}", made.name));
    Ok(())
}

story! {
    /// What served before is back, and nothing is left at the other place.
    async fn a_move_that_fails_gives_back(app) {
        let at = place(app).await?;
        let back = app.owner.destination(&at.server, "back").await?;
        for (name, mut wanted) in [("rolling", spec("shop:1")), ("writing", with_volume())] {
            wanted["ready_within_seconds"] = json!(1);
            let made = app.add_application(&at, name, wanted).await?;
            app.deploy(&made, "shop:1").await?;
            let first = app.application(&made).await?.container.context("a container")?.to_string();
            deafen_next(app, &at, &made).await?;
            let done: Operation = app.ask_to_move(&made, &back).await?.accepted()?;
            assert_eq!(done.failure.context("it succeeded")?.code, "not-ready");
            app.is_at(&made, &at.destination).await?;
            assert_eq!(containers(&at.engine, name), [first]);
            ensure!(at.engine.members("back").is_empty(), "something stays there");
            // Its names are free there.
            let other = Place { destination: back.clone(), ..place_like(&at) };
            let twin = json!({ "image": "shop:1", "aliases": [name] });
            app.add_application(&other, &format!("{name}-2"), twin).await?;
        }
    }
}

fn place_like(at: &Place) -> Place {
    Place {
        server: at.server.clone(),
        engine: at.engine.clone(),
        destination: at.destination.clone(),
        environment: at.environment.clone(),
    }
}

story! {
    /// While it moves nothing else is done with it; given up, it is as it was.
    async fn a_move_is_given_up(app) {
        let at = place(app).await?;
        let back = app.owner.destination(&at.server, "back").await?;
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        app.deploy(&made, "shop:1").await?;
        deafen_next(app, &at, &made).await?;
        let body = json!({ "destination_id": back.id });
        let path = format!("/v1/applications/{}", made.id);
        let begun: Operation = app.owner.post(&format!("{path}/move"), body).await?.accepted()?;
        for act in ["deploy", "stop", "restart"] {
            let answer = app.owner.post(&format!("{path}/{act}"), json!({})).await?;
            answer.refused("application-moving")?;
        }
        app.owner.delete(&path).await?.refused("application-moving")?;
        app.owner.delete(&format!("/v1/destinations/{}", back.id)).await?.refused("destination-has-applications")?;
        let ended: Operation = app.owner.post(&format!("{path}/cancel"), json!({})).await?.ok()?;
        assert_eq!(ended.id, begun.id);
        app.is_at(&made, &at.destination).await?;
        eventually("nothing stays there", || async {
            Ok(at.engine.members("back").is_empty().then_some(()))
        })
        .await?;
        app.deploy(&made, "shop:2").await?;
    }
}

story! {
    /// What is against it is said before anything is touched.
    async fn a_move_is_refused(app) {
        let at = place(app).await?;
        let back = app.owner.destination(&at.server, "back").await?;
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        app.ask_to_move(&made, &back).await?.refused("never-deployed")?;
        app.deploy(&made, "shop:1").await?;
        ensure!(app.ask_to_move(&made, &at.destination).await?.status == 422, "it is there");
        app.work_on(&made, "stop", json!({})).await?;
        app.ask_to_move(&made, &back).await?.refused("application-stopped")?;
        app.work_on(&made, "start", json!({})).await?;

        let other = Place { destination: back.clone(), ..place_like(&at) };
        app.add_application(&other, "mall", json!({ "image": "shop:1", "aliases": ["shop"] })).await?;
        let problem = app.ask_to_move(&made, &back).await?.refused("alias-taken")?;
        ensure!(problem.detail.contains("`mall`"), "{problem:?}");
        let seen = app.preview_move(&made, &back).await?;
        ensure!(!seen.allowed && seen.refusals[0].code == "alias-taken", "{seen:?}");
        ensure!(app.application(&made).await?.moved.is_none(), "something was written");
        assert_eq!(app.deployments(&made).await?.len(), 1);
    }
}

story! {
    /// Who takes variables from a database finds it on its own destination alone.
    async fn what_belongs_together_is_not_torn_apart(app) {
        let at = place(app).await?;
        at.engine.publish_image("redis:8", portolan_server::host::fake::FakeImage::new());
        let back = app.owner.destination(&at.server, "back").await?;
        let body = json!({
            "environment_id": at.environment.id, "destination_id": at.destination.id,
            "name": "cache", "engine": "redis",
        });
        let cache: Value = app.owner.post("/v1/databases?wait=30", body).await?.created()?;
        let id = cache["database"]["id"].as_str().context("an id")?;
        let cache: Application = app.owner.get(&format!("/v1/applications/{id}")).await?.ok()?;
        app.is_at(&cache, &at.destination).await?;
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        let refer = json!({ "refer": [
            { "name": "CACHE_URL", "from_database": { "database_id": id, "part": "url" } },
        ] });
        app.owner.patch(&format!("/v1/applications/{}/variables", made.id), refer).await?.ok::<Value>()?;
        app.deploy(&made, "shop:1").await?;
        let problem = app.ask_to_move(&made, &back).await?.refused("database-elsewhere")?;
        ensure!(problem.detail.contains("`cache`"), "{problem:?}");
        let problem = app.ask_to_move(&cache, &back).await?.refused("database-elsewhere")?;
        ensure!(problem.detail.contains("`shop`"), "{problem:?}");
        let body = json!({ "destination_id": back.id, "force": true });
        let path = format!("/v1/applications/{id}/move?wait=30");
        let done: Operation = app.owner.post(&path, body).await?.accepted()?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        // Now the other one may follow as it is.
        app.moved(&made, &back).await?;
        app.is_at(&made, &back).await?;
    }
}

/// Another server with the images, and a destination on it.
pub(super) async fn elsewhere(app: &TestApp) -> Result<(Arc<FakeEngine>, Destination)> {
    let (server, engine) = app.add_server("beta").await?;
    with_images(&engine);
    let quay = app.owner.destination(&server, "quay").await?;
    Ok((engine, quay))
}

/// An application that has written three files.
pub(super) async fn writer(app: &TestApp, at: &Place) -> Result<(Application, String)> {
    let made = app.add_application(at, "shop", with_volume()).await?;
    app.deploy(&made, "shop:1").await?;
    let volume = at.engine.volume_names().pop().context("a volume")?;
    for (path, content) in [("/a", "one"), ("/b/c", "two"), ("/z", "three")] {
        at.engine.write(&volume, path, content.as_bytes());
    }
    Ok((made, volume))
}

/// It is where it was moved, and waits for a person.
async fn waits(app: &TestApp, one: &Application) -> Result<Application> {
    eventually("it waits to be confirmed", || async {
        let now = app.application(one).await?;
        let waits = now.moved.as_ref().is_some_and(|moved| moved.state == MoveState::Waiting);
        Ok((waits && now.state == ApplicationState::Running).then_some(now))
    })
    .await
}

story! {
    /// Its data are there, and what was is kept until somebody says that all is well.
    async fn an_application_moves_to_another_server(app) {
        let at = place(app).await?;
        let (beta, quay) = elsewhere(app).await?;
        let (made, volume) = writer(app, &at).await?;
        let first = app.application(&made).await?.container.context("a container")?.to_string();
        let seen = app.preview_move(&made, &quay).await?;
        ensure!(seen.allowed && seen.steps.iter().any(|step| step.contains(&volume)), "{seen:?}");
        let result = app.moved(&made, &quay).await?;
        ensure!(result.gap_ms.is_some(), "{result:?}");
        let [carried] = result.volumes.as_slice() else { anyhow::bail!("{result:?}") };
        assert_eq!((carried.bytes, carried.sent_bytes, carried.entries), (11, 11, 4));
        assert_eq!(carried.sha256.len(), 64);
        assert_eq!(beta.written(&volume, "/b/c").as_deref(), Some(&b"two"[..]));

        let there = waits(app, &made).await?;
        assert_eq!(there.server_id, quay.server_id);
        let now = there.container.context("a container")?.to_string();
        assert_eq!(containers(&beta, "shop"), std::slice::from_ref(&now));
        assert_eq!(containers(&at.engine, "shop"), std::slice::from_ref(&first));
        ensure!(at.engine.container(&first).is_some_and(|one| !one.is_running()), "it runs");
        ensure!(at.engine.written(&volume, "/a").is_some(), "the source lost its data");
        let path = format!("/v1/applications/{}", made.id);
        app.owner.delete(&path).await?.refused("move-waits")?;
        app.ask_to_move(&made, &at.destination).await?.refused("move-waits")?;
        // It may come back: what it left is its environment's place still.
        let other = projects::add(&app.owner, "other").await?;
        let other = projects::environment(&app.owner, &other, "live").await?;
        let body = json!({
            "environment_id": other.id, "destination_id": at.destination.id, "name": "stranger",
            "spec": spec("shop:1"),
        });
        let answer = app.owner.post("/v1/applications", body).await?;
        answer.refused("destination-of-another-environment")?;
        // It is an application like others meanwhile.
        app.deploy(&made, "shop:2").await?;

        let done = app.work_on(&made, "confirm-move", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        app.is_at(&made, &quay).await?;
        ensure!(containers(&at.engine, "shop").is_empty(), "a container stays");
        ensure!(at.engine.volume_names().is_empty(), "a volume stays");
        assert_eq!(beta.volume_names(), [volume]);
        app.owner.post(&format!("{path}/confirm-move"), json!({})).await?.refused("no-move")?;
    }
}

story! {
    /// It is as it was, and nothing of it is there any more.
    async fn a_move_is_taken_back(app) {
        let at = place(app).await?;
        let (beta, quay) = elsewhere(app).await?;
        let (made, volume) = writer(app, &at).await?;
        let first = app.application(&made).await?.container.context("a container")?.to_string();
        app.moved(&made, &quay).await?;
        waits(app, &made).await?;
        beta.write(&volume, "/a", b"of late");
        let done = app.work_on(&made, "take-back-move", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        let back = app.is_at(&made, &at.destination).await?;
        assert_eq!(back.container.map(|name| name.to_string()), Some(first.clone()));
        assert_eq!(containers(&at.engine, "shop"), [first]);
        assert_eq!(at.engine.written(&volume, "/a").as_deref(), Some(&b"one"[..]));
        ensure!(containers(&beta, "shop").is_empty() && beta.volume_names().is_empty(), "something stays");
        // And once more, to stay.
        app.moved(&made, &quay).await?;
        waits(app, &made).await?;
    }
}

story! {
    /// A link that is cut in the middle is gone on from: what has arrived is not sent again.
    async fn a_copy_is_gone_on_with(app) {
        let at = place(app).await?;
        let (beta, quay) = elsewhere(app).await?;
        let (made, volume) = writer(app, &at).await?;
        beta.cut_after(2);
        let result = app.moved(&made, &quay).await?;
        let [carried] = result.volumes.as_slice() else { anyhow::bail!("{result:?}") };
        ensure!(carried.bytes == 11 && carried.sent_bytes < 11, "{carried:?}");
        for (path, content) in [("/a", "one"), ("/b/c", "two"), ("/z", "three")] {
            assert_eq!(beta.written(&volume, path).as_deref(), Some(content.as_bytes()), "{path}");
        }
        waits(app, &made).await?;
    }
}

story! {
    /// Whatever is refused at the other host, it serves on where it was, and nothing is left there.
    async fn a_move_to_another_server_that_fails_gives_back(app) {
        let at = place(app).await?;
        let (beta, quay) = elsewhere(app).await?;
        let (made, volume) = writer(app, &at).await?;
        let first = app.application(&made).await?.container.context("a container")?.to_string();
        let why = HostError::Docker { status: 500, message: "no space left on device".into() };
        let methods = ["create_volume", "create_container", "put_archive", "read_archive", "start_container"];
        for method in methods {
            beta.trouble_in(method, Trouble::Refuse(why.clone()));
            let done: Operation = app.ask_to_move(&made, &quay).await?.accepted()?;
            let failure = done.failure.with_context(|| method.to_owned())?;
            ensure!(failure.message.contains("no space left on device"), "{method}: {failure:?}");
            beta.calm();
            app.is_at(&made, &at.destination).await?;
            assert_eq!(containers(&at.engine, "shop"), std::slice::from_ref(&first), "{method}");
            ensure!(beta.container_names().is_empty() && beta.volume_names().is_empty(), "{method}");
        }
        at.engine.trouble_in("read_archive", Trouble::Refuse(why));
        let done: Operation = app.ask_to_move(&made, &quay).await?.accepted()?;
        ensure!(done.state == OperationState::Failed, "{done:?}");
        at.engine.calm();
        app.is_at(&made, &at.destination).await?;
        assert_eq!(at.engine.written(&volume, "/a").as_deref(), Some(&b"one"[..]));
    }
}

story! {
    /// What stands there already is not written over.
    async fn a_volume_that_is_not_empty_is_no_target(app) {
        let at = place(app).await?;
        let (beta, quay) = elsewhere(app).await?;
        let (made, volume) = writer(app, &at).await?;
        beta.write(&volume, "/other", b"somebody's");
        let done: Operation = app.ask_to_move(&made, &quay).await?.accepted()?;
        let failure = done.failure.context("it succeeded")?;
        assert_eq!(failure.code, "volume-not-empty");
        ensure!(failure.message.contains("/other"), "{failure:?}");
        app.is_at(&made, &at.destination).await?;
    }
}

story! {
    /// What cannot be taken along, and ports of the other host that are taken.
    async fn a_move_to_another_server_is_refused(app) {
        let at = place(app).await?;
        let (beta, quay) = elsewhere(app).await?;
        let mut bound = spec("shop:1");
        bound["mounts"] = json!([{ "source": { "bind": "/srv/shop" }, "target": "/data" }]);
        let made = app.add_application(&at, "bound", bound).await?;
        app.deploy(&made, "shop:1").await?;
        app.ask_to_move(&made, &quay).await?.refused("mounts-a-folder")?;
        let mut published = spec("shop:1");
        published["published"] = json!([{ "host": 8080, "container": 80 }]);
        let made = app.add_application(&at, "open", published.clone()).await?;
        app.deploy(&made, "shop:1").await?;
        let there = Place { destination: quay.clone(), ..place_like(&at) };
        app.add_application(&there, "taken", published).await?;
        app.ask_to_move(&made, &quay).await?.refused("port-taken")?;
        beta.stop();
        app.owner.reachable(quay.server_id.as_str(), Reachability::Unreachable).await?;
        let plain = app.add_application(&at, "plain", spec("shop:1")).await?;
        app.deploy(&plain, "shop:1").await?;
        app.ask_to_move(&plain, &quay).await?.refused("server-unreachable")?;
    }
}

/// More calls than are made at each of the two hosts.
const MOST_CALLS_ACROSS: usize = 30;

/// Kills the process while each call to one of the hosts is under way: the move is done after the
/// restart, or was not, and nothing is lost.
async fn kill_at_each_call_across(database: Database) -> Result<()> {
    let mut app = TestApp::start(database).await?;
    let at = place(&app).await?;
    let (beta, quay) = elsewhere(&app).await?;
    let (made, volume) = writer(&app, &at).await?;
    let (mut place, mut other) = ((&at.engine, &at.destination), (&beta, &quay));
    let mut deepest = 0;
    for call in app.some_of(0..MOST_CALLS_ACROSS) {
        let trouble = if call % 2 == 0 { Trouble::HangBefore } else { Trouble::HangAfter };
        let engine = if call / 2 % 2 == 0 { place.0 } else { other.0 };
        engine.trouble(call, trouble);
        let body = json!({ "destination_id": other.1.id });
        let path = format!("/v1/applications/{}/move", made.id);
        let begun: Operation = app.owner.post(&path, body).await?.accepted()?;
        tokio::select! {
            () = engine.hung() => deepest = deepest.max(call),
            done = app.owner.outcome(begun.id.as_str()) => drop(done?),
        }
        engine.calm();
        app.restart().await?;
        let done = app.owner.outcome(begun.id.as_str()).await?;
        ensure!(done.state == OperationState::Succeeded, "call {call}: {done:#?}");
        waits(&app, &made).await?;
        assert_eq!(other.0.written(&volume, "/b/c").as_deref(), Some(&b"two"[..]), "{call}");
        let done = app.work_on(&made, "confirm-move", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "call {call}: {done:#?}");
        app.is_at(&made, other.1).await?;
        ensure!(place.0.volume_names().is_empty(), "call {call}: a volume stays");
        std::mem::swap(&mut place, &mut other);
    }
    ensure!(deepest >= 6, "the calls of a move were not reached: {deepest}");
    app.stop().await?;
    app.database.drop().await
}

#[tokio::test]
async fn killed_at_each_call_of_a_move_across_on_sqlite() -> Result<()> {
    kill_at_each_call_across(Database::Sqlite).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn killed_at_each_call_of_a_move_across_on_postgres() -> Result<()> {
    kill_at_each_call_across(Database::postgres().await?).await
}

/// More than a move makes.
const MOST_CALLS: usize = 24;

/// Kills the process while each call to the host is under way, once before it had an effect and
/// once after: the move is done after the restart, and one container is left.
async fn kill_at_each_call(database: Database) -> Result<()> {
    let mut app = TestApp::start(database).await?;
    let at = place(&app).await?;
    let back = app.owner.destination(&at.server, "back").await?;
    let made = app.add_application(&at, "shop", with_volume()).await?;
    app.deploy(&made, "shop:1").await?;
    let mut deepest = 0;
    for call in app.some_of(0..MOST_CALLS) {
        let trouble = if call % 2 == 0 { Trouble::HangBefore } else { Trouble::HangAfter };
        let now = app.application(&made).await?.destination_id;
        let to = if now == back.id { &at.destination } else { &back };
        at.engine.trouble(call, trouble);
        let path = format!("/v1/applications/{}/move", made.id);
        let body = json!({ "destination_id": to.id });
        let begun: Operation = app.owner.post(&path, body).await?.accepted()?;
        tokio::select! {
            () = at.engine.hung() => deepest = deepest.max(call),
            done = app.owner.outcome(begun.id.as_str()) => drop(done?),
        }
        at.engine.calm();
        app.restart().await?;
        let done = app.owner.outcome(begun.id.as_str()).await?;
        ensure!(done.state == OperationState::Succeeded, "call {call}: {done:#?}");
        let there = app.is_at(&made, to).await?;
        let serving = there.container.context("a container")?.to_string();
        eventually("one container is left", || async {
            Ok((containers(&at.engine, "shop") == [serving.clone()]).then_some(()))
        })
        .await?;
    }
    ensure!(deepest >= 6, "the calls of a move were not reached: {deepest}");
    assert_eq!(at.engine.volume_names().len(), 1);
    app.stop().await?;
    app.database.drop().await
}

#[tokio::test]
async fn killed_at_each_call_of_a_move_on_sqlite() -> Result<()> {
    kill_at_each_call(Database::Sqlite).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn killed_at_each_call_of_a_move_on_postgres() -> Result<()> {
    kill_at_each_call(Database::postgres().await?).await
}
