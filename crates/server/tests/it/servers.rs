//! Servers: validation, host keys, logins, reachability, edits, removal.

use anyhow::{Context, Result, ensure};
use portolan_server::host::HostError;
use portolan_types::{
    DestinationState, Event, Operation, OperationState, Page, Preview, Reachability, RemovedServer,
    Server, ServerKind, ServerState, StepState,
};
use serde_json::{Value, json};

use crate::support::{Client, TestApp, eventually, story};

fn path(server: &Server) -> String {
    format!("/v1/servers/{}", server.id)
}

async fn validate(client: &Client, server: &Server) -> Result<Operation> {
    let begun = client.post(&format!("{}/validate", path(server)), json!({})).await?;
    let begun: Operation = begun.accepted()?;
    client.outcome(begun.id.as_str()).await
}

async fn failure(app: &TestApp, server: &Server) -> Result<portolan_types::Failure> {
    let operation = validate(&app.owner, server).await?;
    assert_eq!(operation.state, OperationState::Failed);
    let last = operation.steps.last().context("a step")?;
    assert_eq!(last.state, StepState::Failed);
    ensure!(last.remedy.is_some(), "no remedy: {last:?}");
    operation.failure.context("a failure")
}

story! {
    /// A new server is validated step by step, and what was learned is shown.
    async fn a_server_is_validated(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        assert_eq!((server.state, server.kind), (ServerState::Ready, Some(ServerKind::Standalone)));
        ensure!(server.host_key.is_some() && server.access.is_some(), "{server:?}");
        let engine = server.engine.as_ref().context("an engine")?;
        assert_eq!(engine.version, "29.9.3");
        ensure!(server.last_contact_age_seconds.is_some_and(|age| age < 60), "{server:?}");

        let operation = validate(&app.owner, &server).await?;
        let steps: Vec<&str> = operation.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(steps, [
            "resolve", "connect", "host-key", "login", "socket",
            "engine", "system", "role", "resources", "pools",
        ]);
        ensure!(operation.steps.iter().all(|step| step.finished_at.is_some()), "{operation:?}");

        let page: Page<Event> = app.owner.get("/v1/events").await?.ok()?;
        let kinds: Vec<&str> = page.items.iter().map(|event| event.kind.as_str()).collect();
        for kind in ["server.added", "server.validated", "server.reachable"] {
            ensure!(kinds.contains(&kind), "no {kind} in {kinds:?}");
        }
    }
}

story! {
    /// Who is told that the validation succeeded may use the server at once.
    async fn a_validated_server_takes_destinations_at_once(app) {
        for n in 0..10 {
            let name = format!("host-{n}");
            app.fleet.add(&format!("{name}:22"));
            let key = app.owner.key(&name).await?;
            let connection = json!({ "type": "ssh", "host": name, "key_id": key });
            let body = json!({ "name": name, "connection": connection });
            let server: Server = app.owner.post("/v1/servers", body).await?.created()?;
            let operation = server.operation_id.context("an operation")?;
            app.owner.outcome(operation.as_str()).await?;
            let body = json!({ "server_id": server.id });
            app.owner.post("/v1/destinations", body).await?.created::<Value>()?;
        }
    }
}

story! {
    /// Engines that cannot be used say so; those with known holes are named.
    async fn an_engine_is_judged(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.change_system(|system| system.version = "19.03.15".into());
        let failure = failure(app, &server).await?;
        assert_eq!(failure.code, "engine-too-old");
        let shown: Server = app.owner.get(&path(&server)).await?.ok()?;
        assert_eq!(shown.state, ServerState::Failed);

        engine.change_system(|system| system.version = "20.10.24+dfsg1".into());
        let operation = validate(&app.owner, &server).await?;
        assert_eq!(operation.state, OperationState::Succeeded);
        let step = operation.steps.iter().find(|step| step.name == "engine").context("a step")?;
        assert_eq!(step.state, StepState::Warned);
        ensure!(step.detail.as_ref().is_some_and(|text| text.contains("CVE-2025-54410")), "{step:?}");

        engine.change_system(|system| system.kind = ServerKind::SwarmWorker);
        validate(&app.owner, &server).await?;
        let shown: Server = app.owner.get(&path(&server)).await?.ok()?;
        assert_eq!(shown.kind, Some(ServerKind::SwarmWorker));
    }
}

story! {
    /// Looking at a host that is away takes nothing from it: when it is back, it is kept again.
    async fn a_server_that_was_away_is_kept_again(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "shop").await?;
        engine.stop();
        app.owner.reachable(server.id.as_str(), Reachability::Unreachable).await?;
        failure(app, &server).await?;
        let shown: Server = app.owner.get(&path(&server)).await?.ok()?;
        assert_eq!(shown.state, ServerState::Ready);
        engine.drop_network("shop");
        engine.start();
        app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
        eventually("the network is made again", || async {
            Ok(engine.network("shop").map(drop))
        })
        .await?;
        app.owner.settled(&made, DestinationState::Ready).await?;
    }
}

story! {
    /// A changed host key is refused and explained, until a person pins the new one.
    async fn a_changed_host_key_is_refused(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let offered = engine.change_key();
        let failure = failure(app, &server).await?;
        ensure!(failure.message.contains(&offered), "{failure:?}");
        ensure!(failure.remedy.is_some_and(|text| text.contains("`repin_server`")), "no way out");
        let shown: Server = app.owner.get(&path(&server)).await?.ok()?;
        assert_eq!(shown.host_key, server.host_key, "the pin moved by itself");

        let wrong = json!({ "fingerprint": format!("SHA256:{}", "A".repeat(43)) });
        let pinned = app.owner.post(&format!("{}/host-key", path(&server)), wrong).await?;
        let operation = app.owner.outcome(pinned.accepted::<Operation>()?.id.as_str()).await?;
        assert_eq!(operation.state, OperationState::Failed);

        let right = json!({ "fingerprint": offered });
        let pinned = app.owner.post(&format!("{}/host-key", path(&server)), right).await?;
        let operation = app.owner.outcome(pinned.accepted::<Operation>()?.id.as_str()).await?;
        assert_eq!(operation.state, OperationState::Succeeded);
        let shown: Server = app.owner.get(&path(&server)).await?.ok()?;
        let key = shown.host_key.context("a host key")?;
        ensure!(key.public_key.is_some() && key.fingerprint.as_str() == offered, "{key:?}");
    }
}

story! {
    /// A key pinned beforehand is the only one accepted at first contact.
    async fn a_key_can_be_pinned_beforehand(app) {
        app.fleet.add("alpha:22");
        let key = app.owner.key("k").await?;
        let body = json!({
            "name": "alpha",
            "connection": { "type": "ssh", "host": "alpha", "key_id": key },
            "host_key_fingerprint": format!("SHA256:{}", "A".repeat(43)),
        });
        let server: Server = app.owner.post("/v1/servers", body).await?.created()?;
        let operation = server.operation_id.context("an operation")?;
        let operation = app.owner.outcome(operation.as_str()).await?;
        assert_eq!(operation.state, OperationState::Failed);
        assert_eq!(operation.steps.last().context("a step")?.name, "host-key");
    }
}

story! {
    /// A refused login is not tried again without a person.
    async fn a_refused_login_is_not_repeated(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.refuse_login(true);
        let failure = failure(app, &server).await?;
        ensure!(failure.message.contains("login as `root` was refused"), "{failure:?}");
        let logins = engine.logins();
        // Bells that bring no news must not become attempts.
        app.owner.patch(&path(&server), json!({ "description": "rung" })).await?.ok::<Server>()?;
        app.owner.patch(&path(&server), json!({ "description": "again" })).await?.ok::<Server>()?;
        assert_eq!(engine.logins(), logins);

        engine.refuse_login(false);
        let operation = validate(&app.owner, &server).await?;
        assert_eq!(operation.state, OperationState::Succeeded);
    }
}

story! {
    /// A server that goes and comes back is seen to, and both are events.
    async fn reachability_is_kept_up_to_date(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.stop();
        app.owner.reachable(server.id.as_str(), Reachability::Unreachable).await?;
        let body = json!({ "server_id": server.id });
        let problem = app.owner.post("/v1/destinations", body.clone()).await?.problem(409)?;
        ensure!(problem.kind.ends_with("server-unreachable"), "{problem:?}");

        engine.start();
        app.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
        app.owner.post("/v1/destinations", body).await?.created::<Value>()?;
        let page: Page<Event> = app.owner.get("/v1/events?search=reachable").await?.ok()?;
        let kinds: Vec<&str> = page.items.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["server.reachable", "server.unreachable", "server.reachable"]);
    }
}

story! {
    /// Editing the connection validates anew; another address is another host.
    async fn a_server_is_edited(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        app.fleet.add("bravo:2222");
        let mut connection = serde_json::to_value(&server.connection)?;
        connection["host"] = json!("bravo");
        connection["port"] = json!(2222);
        let edited: Server =
            app.owner.patch(&path(&server), json!({ "connection": connection })).await?.ok()?;
        assert_ne!(edited.operation_id, server.operation_id);
        let operation = edited.operation_id.context("an operation")?;
        let operation = app.owner.outcome(operation.as_str()).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        let shown: Server = app.owner.get(&path(&server)).await?.ok()?;
        assert_eq!(shown.state, ServerState::Ready);
        assert_ne!(shown.host_key, server.host_key);
    }
}

story! {
    /// The same host or name is not added twice.
    async fn a_server_is_added_once(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let connection = serde_json::to_value(&server.connection)?;
        let twin = json!({ "name": "twin", "connection": connection });
        let problem = app.owner.post("/v1/servers", twin).await?.problem(409)?;
        ensure!(problem.detail.contains("alpha:22"), "{problem:?}");
        let stranger = json!({
            "name": "s",
            "connection": { "type": "ssh", "host": "s", "key_id": "tz4a98xxat96iws9zmbrgj3a" },
        });
        app.owner.post("/v1/servers", stranger).await?.problem(404)?;
    }
}

story! {
    /// The mark of a build server keeps destinations away, and the other way round.
    async fn a_build_server_takes_no_destinations(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let mark = json!({ "build_server": true });
        app.owner.patch(&path(&server), mark.clone()).await?.ok::<Server>()?;
        let body = json!({ "server_id": server.id });
        let problem = app.owner.post("/v1/destinations", body).await?.problem(409)?;
        ensure!(problem.detail.contains("is a build server"), "{problem:?}");

        let (server, _engine) = app.add_server("bravo").await?;
        let destination = app.owner.destination(&server, "web").await?;
        let problem = app.owner.patch(&path(&server), mark).await?.problem(409)?;
        assert_eq!(problem.blockers, [destination.name.as_str()]);
    }
}

story! {
    /// A server with destinations stays; one that is gone for good is forgotten.
    async fn a_server_is_removed_or_forgotten(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let destination = app.owner.destination(&server, "web").await?;
        let problem = app.owner.delete(&path(&server)).await?.problem(409)?;
        assert_eq!(problem.blockers, [destination.name.as_str()]);
        let forget = format!("{}?forget=true", path(&server));
        let look = format!("{}?preview=true", path(&server));
        let preview: Preview = app.owner.delete(&look).await?.ok()?;
        assert_eq!(preview.refusals[0].code, "server-has-destinations");
        ensure!(preview.refusals[0].message.contains(": alpha-"), "{preview:?}");
        let problem = app.owner.delete(&forget).await?.problem(409)?;
        ensure!(problem.detail.contains("is not gone"), "{problem:?}");

        engine.stop();
        app.owner.reachable(server.id.as_str(), Reachability::Unreachable).await?;
        let preview: Preview = app.owner.delete(&format!("{forget}&preview=true")).await?.ok()?;
        ensure!(preview.allowed && preview.steps[0].contains("leave network `"), "{preview:?}");
        let removed: RemovedServer = app.owner.delete(&forget).await?.ok()?;
        assert_eq!(removed.left_behind, ["web"]);
        app.owner.get(&path(&server)).await?.problem(404)?;
        assert_eq!(engine.network_names(), ["web"], "a forgotten host was touched");
    }
}

story! {
    /// An engine that stops answering in the middle of a validation fails it with its words.
    async fn a_host_that_breaks_during_validation_is_named(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let words = "the disk is on fire";
        let broken = HostError::Docker { status: 500, message: words.into() };
        engine.trouble_in("system", portolan_server::host::fake::Trouble::Fail(broken));
        let failure = failure(app, &server).await?;
        ensure!(failure.message.contains(words) && failure.message.contains("`alpha`"), "{failure:?}");
        eventually("the server is marked", || async {
            let shown: Server = app.owner.get(&path(&server)).await?.ok()?;
            Ok((shown.state == ServerState::Failed).then_some(()))
        })
        .await?;
    }
}

story! {
    /// A host that was away when it was added is validated by itself once it answers.
    async fn a_host_that_comes_later_is_validated_then(app) {
        let engine = app.fleet.add("late:22");
        engine.stop();
        let key = app.owner.key("k").await?;
        let connection = json!({ "type": "ssh", "host": "late", "key_id": key });
        let body = json!({ "name": "late", "connection": connection });
        let server: Server = app.owner.post("/v1/servers", body).await?.created()?;
        let operation = server.operation_id.clone().context("an operation")?;
        let operation = app.owner.outcome(operation.as_str()).await?;
        assert_eq!(operation.state, OperationState::Failed);
        engine.start();
        eventually("it is validated", || async {
            let shown: Server = app.owner.get(&path(&server)).await?.ok()?;
            Ok((shown.state == ServerState::Ready).then_some(()))
        })
        .await?;
        assert_eq!(app.owner.destination(&server, "web").await?.network.as_str(), "web");
    }
}
