//! Changes of a swarm's overlay: containers of several nodes go over by their own engines, services
//! by definitions that the swarm follows in its own time.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::{FakeEngine, FakeSwarm, Rolling, Trouble};
use portolan_types::{
    Destination, DestinationState, Name, Operation, OperationResult, OperationState, Preview,
    Server, ServerKind,
};
use serde_json::json;

use super::{ask, change, endpoint, outcome, path, refusal};
use crate::support::{TestApp, eventually, story};

/// A manager and a worker with a container each, and a service with a task on the worker.
struct Sea {
    swarm: Arc<FakeSwarm>,
    manager: (Server, Arc<FakeEngine>),
    worker: (Server, Arc<FakeEngine>),
    made: Destination,
}

impl Sea {
    async fn set(app: &TestApp) -> Result<Self> {
        let swarm = FakeSwarm::new();
        let manager = node(app, &swarm, "echo", ServerKind::SwarmManager).await?;
        let worker = node(app, &swarm, "golf", ServerKind::SwarmWorker).await?;
        let body = json!({
            "server_id": manager.0.id, "network": "sea", "options": { "subnet": "10.50.0.0/24" },
        });
        let made: Destination =
            app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
        assert_eq!(made.state, DestinationState::Ready, "{made:?}");
        manager.1.join_as("sea", "web", "running", &endpoint(&["www"], None));
        worker.1.join_as("sea", "db", "running", &endpoint(&["postgres"], Some("10.50.0.9")));
        worker.1.join_as("sea", "job", "exited", &endpoint(&["cron"], None));
        let node_id = worker.0.swarm.as_ref().context("a swarm")?.node_id.clone();
        swarm.serve("shop", "shop:1", "sea", &node_id);
        swarm.name_service("shop", "sea", &["store"]);
        Ok(Self { swarm, manager, worker, made })
    }

    /// Everybody is on the network and on no other, by the old names, and nothing else is left.
    fn ensure_whole(&self, case: &str) -> Result<()> {
        let network = self.swarm.networks("sea").pop().with_context(|| format!("{case}: gone"))?;
        for (engine, name, aliases) in [
            (&self.manager.1, "web", ["www"]),
            (&self.worker.1, "db", ["postgres"]),
            (&self.worker.1, "job", ["cron"]),
        ] {
            let container = engine.container(name).context("no container")?;
            ensure!(container.endpoints.len() == 1, "{case}: {container:?}");
            let place = container.endpoint(&network.docker_id, "sea");
            let place = place.with_context(|| format!("{case}: {container:?}"))?;
            assert_eq!(place.endpoint.aliases, aliases, "{case}: {name}");
        }
        assert_eq!(self.swarm.networks_of_tasks("shop"), ["sea"], "{case}");
        let names = self.swarm.names_of("shop", "sea");
        assert_eq!(names, Some(vec!["store".to_owned()]), "{case}");
        assert_eq!(self.swarm.network_names(), ["sea"], "{case}");
        Ok(())
    }
}

async fn node(
    app: &TestApp,
    swarm: &Arc<FakeSwarm>,
    name: &str,
    role: ServerKind,
) -> Result<(Server, Arc<FakeEngine>)> {
    let (server, engine) = app.add_server(name).await?;
    swarm.join(&engine, name, role);
    let server = eventually(&format!("{name} is {role}"), || async {
        let shown: Server = app.owner.get(&format!("/v1/servers/{}", server.id)).await?.ok()?;
        Ok((shown.kind == Some(role)).then_some(shown))
    })
    .await?;
    Ok((server, engine))
}

fn code(operation: &Operation) -> &str {
    operation.failure.as_ref().map_or("", |failure| failure.code.as_str())
}

story! {
    /// Subnet, MTU, encryption, internal and labels become others; whoever was on the network is on
    /// it again, wherever it runs.
    async fn everybody_goes_over(app) {
        let sea = Sea::set(app).await?;
        let changes = [
            json!({ "subnet": "10.51.0.0/24" }),
            json!({ "subnet": "10.51.0.0/24", "mtu": 1400, "encrypted": true }),
            json!({ "subnet": "10.51.0.0/24", "internal": true, "labels": { "team": "blue" } }),
        ];
        for options in changes {
            let operation = change(app, &sea.made, options.clone()).await?;
            assert_eq!(operation.state, OperationState::Succeeded, "{options}: {operation:?}");
            let shown = app.owner.show(&sea.made).await?;
            assert_eq!(shown.state, DestinationState::Ready);
            assert_eq!(shown.options, serde_json::from_value(options.clone())?);
            sea.ensure_whole(&options.to_string())?;
            let Some(OperationResult::Change { mut containers, services }) = operation.result else {
                anyhow::bail!("not a change")
            };
            containers.sort_by(|a, b| a.name.cmp(&b.name));
            let places: Vec<_> = containers
                .iter()
                .map(|one| (one.name.as_str(), one.server.as_ref().map(Name::as_str)))
                .collect();
            assert_eq!(places, [("db", Some("golf")), ("job", Some("golf")), ("web", None)]);
            ensure!(containers.iter().all(|one| one.gap_ms.is_some()), "{containers:?}");
            assert_eq!((services.len(), services[0].restarts), (1, 4), "{services:?}");
        }
        let network = sea.swarm.networks("sea").pop().context("gone")?;
        assert_eq!((network.internal, network.labels["team"].as_str()), (true, "blue"));
    }
}

story! {
    /// While the swarm replaces tasks nobody is taken off a network, the keeper does other work,
    /// and a restart changes nothing.
    async fn it_waits_for_the_swarm(app) {
        let mut sea = Sea::set(app).await?;
        sea.swarm.set_rolling(Rolling::Slow);
        let changing = ask(app, &sea.made, json!({ "subnet": "10.52.0.0/24" })).await?;
        for round in 0..4 {
            let waiting = eventually("it waits", || async {
                let shown = app.owner.show(&sea.made).await?;
                let waits = shown.reason.as_ref().is_some_and(|why| why.contains("`shop`: 0 of 1"));
                Ok((waits && sea.swarm.is_rolling()).then_some(shown))
            })
            .await?;
            assert_eq!(waiting.state, DestinationState::Changing);
            // All that share a network with the tasks still do.
            let shared = sea.swarm.networks_of_tasks("shop");
            for (engine, name) in [(&sea.manager.1, "web"), (&sea.worker.1, "db")] {
                let places = engine.container(name).context("a container")?.endpoints;
                let is_shared = places.iter().any(|one| shared.contains(&one.attachment.key));
                ensure!(is_shared, "round {round}: {name} on {places:?}, tasks on {shared:?}");
            }
            if round == 1 {
                let other = json!({ "server_id": sea.manager.0.id, "network": "other" });
                let other: Destination =
                    app.owner.post("/v1/destinations?wait=20", other).await?.created()?;
                assert_eq!(other.state, DestinationState::Ready, "{other:?}");
                let path = format!("{}?wait=20", path(&other));
                app.owner.delete(&path).await?.accepted::<Operation>()?;
                app.restart().await?;
            }
            ensure!(sea.swarm.roll(), "round {round}: nothing was to be replaced");
        }
        let operation = outcome(app, &changing).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        sea.made = app.owner.show(&sea.made).await?;
        assert_eq!(sea.made.reason, None);
        sea.ensure_whole("after four rounds")?;
    }
}

story! {
    /// Tasks that do not start on the way, or a swarm that takes a definition back: the old options
    /// are restored.
    async fn what_the_swarm_gives_up_is_taken_back(app) {
        let sea = Sea::set(app).await?;
        let before = sea.swarm.networks("sea");
        for rolling in [Rolling::Paused, Rolling::Back] {
            sea.swarm.set_rolling(rolling);
            let changing = ask(app, &sea.made, json!({ "subnet": "10.53.0.0/24" })).await?;
            if rolling == Rolling::Paused {
                // On the way back its old definition is taken.
                eventually("it turns back", || async {
                    let id = changing.operation_id.as_ref().context("an operation")?;
                    let operation: Operation =
                        app.owner.get(&format!("/v1/operations/{id}")).await?.ok()?;
                    let turned = operation.steps.iter().any(|step| step.name == "turn-back");
                    Ok(turned.then_some(()))
                })
                .await?;
            }
            let operation = outcome(app, &changing).await?;
            assert_eq!(operation.state, OperationState::Failed, "{operation:?}");
            assert_eq!(code(&operation), "service-not-moved", "{operation:?}");
            let shown = app.owner.show(&sea.made).await?;
            assert_eq!((shown.state, shown.revision), (DestinationState::Ready, 1), "{rolling:?}");
            assert_eq!(sea.swarm.networks("sea"), before, "{rolling:?}");
            sea.swarm.set_rolling(Rolling::AtOnce);
            sea.swarm.change_service("shop", |service| service.update = None);
            sea.ensure_whole(&format!("{rolling:?}"))?;
        }
    }
}

story! {
    /// What cannot be moved is refused before anything is touched, with its name, by the preview
    /// as well.
    async fn what_cannot_go_over_is_refused(app) {
        let sea = Sea::set(app).await?;
        let before = sea.swarm.networks("sea");
        let stranger = app.fleet.add("stranger:22");
        let node_id = sea.swarm.join(&stranger, "stranger", ServerKind::SwarmWorker);
        sea.swarm.attach("sea", &node_id);
        ensure_refused(app, &sea, "node-is-no-server", "`stranger`").await?;
        sea.swarm.leave(&node_id);
        sea.swarm.detach_node(&node_id);

        sea.swarm.change_service("shop", |service| service.is_job = true);
        ensure_refused(app, &sea, "service-is-a-job", "`shop`").await?;
        sea.swarm.change_service("shop", |service| {
            service.is_job = false;
            service.update = Some(portolan_server::host::ServiceUpdate {
                state: "updating".into(),
                ..Default::default()
            });
        });
        ensure_refused(app, &sea, "service-not-settled", "`shop`").await?;
        sea.swarm.change_service("shop", |service| service.update = None);

        sea.worker.1.stop();
        let id = sea.worker.0.id.as_str();
        app.owner.reachable(id, portolan_types::Reachability::Unreachable).await?;
        ensure_refused(app, &sea, "server-unreachable", "`golf`").await?;
        assert_eq!(sea.swarm.networks("sea"), before);
        sea.worker.1.start();
        app.owner.reachable(id, portolan_types::Reachability::Reachable).await?;
        let operation = change(app, &sea.made, json!({ "subnet": "10.54.0.0/24" })).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        sea.ensure_whole("after the refusals")?;
    }
}

async fn ensure_refused(app: &TestApp, sea: &Sea, wanted: &str, name: &str) -> Result<()> {
    let options = json!({ "subnet": "10.54.0.0/24" });
    let body = json!({ "options": options });
    let seen: Preview =
        app.owner.patch(&format!("{}?preview=true", path(&sea.made)), body).await?.ok()?;
    let refusal = seen.refusals.first().with_context(|| format!("{wanted}: {seen:?}"))?;
    ensure!(refusal.code == wanted && refusal.message.contains(name), "{refusal:?}");
    let operation = change(app, &sea.made, options).await?;
    assert_eq!(code(&operation), wanted, "{operation:?}");
    let shown = app.owner.show(&sea.made).await?;
    assert_eq!((shown.state, shown.revision), (DestinationState::Ready, 1), "{wanted}");
    Ok(())
}

story! {
    /// A preview names those on every node, and says that tasks are replaced; its version holds
    /// for them too.
    async fn a_preview_names_who_goes_over(app) {
        let sea = Sea::set(app).await?;
        let at = |query: &str| format!("{}?{query}", path(&sea.made));
        let body = json!({ "options": { "subnet": "10.55.0.0/24" } });
        let seen: Preview = app.owner.patch(&at("preview=true"), body.clone()).await?.ok()?;
        ensure!(seen.allowed, "{seen:?}");
        let mut names: Vec<&str> = seen.affected.iter().map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["db", "job", "shop", "web"]);
        let shop = seen.affected.iter().find(|one| one.name == "shop").context("shop")?;
        ensure!(shop.effect.contains("tasks are replaced four times"), "{shop:?}");
        ensure!(seen.steps.iter().any(|step| step.contains("replaces all tasks")), "{seen:?}");

        sea.worker.1.join("sea", "newcomer");
        let stale = at(&format!("wait=20&version={}", seen.version));
        let stale: Destination = app.owner.patch(&stale, body.clone()).await?.ok()?;
        assert_eq!(code(&outcome(app, &stale).await?), "changed-since-preview");
        sea.worker.1.drop_container("newcomer");
        let version = at(&format!("wait=20&version={}", seen.version));
        let changed: Destination = app.owner.patch(&version, body).await?.ok()?;
        let operation = outcome(app, &changed).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        sea.ensure_whole("with the version")?;
    }
}

/// More calls than a change of this size makes on either host.
const MOST_CALLS: usize = 90;

story! {
    /// The manager refuses each call in turn: it is done in spite of it, or taken back.
    async fn refused_at_each_call_it_is_done_or_taken_back(app) {
        let sea = Sea::set(app).await?;
        let mut taken_back = 0;
        for call in app.some_of(0..MOST_CALLS) {
            sea.manager.1.trouble(call, Trouble::Fail(refusal()));
            let mtu = 1400 + call;
            let options = json!({ "subnet": "10.50.0.0/24", "mtu": mtu });
            let before = app.owner.show(&sea.made).await?;
            let operation = change(app, &sea.made, options).await?;
            let reached = sea.manager.1.calls() > call;
            sea.manager.1.calm();
            let shown = app.owner.show(&sea.made).await?;
            let case = format!("call {call}: {operation:?}");
            assert_eq!(shown.state, DestinationState::Ready, "{case}");
            sea.ensure_whole(&case)?;
            if operation.state == OperationState::Failed {
                taken_back += 1;
                assert_eq!((&shown.options, shown.revision), (&before.options, before.revision));
            }
            if !reached {
                break;
            }
        }
        ensure!(taken_back >= 4, "the calls of a change were not refused: {taken_back}");
    }
}

/// Kills Portolan after the effect of each of these calls to a host.
async fn killed(app: &mut TestApp, which: ServerKind, step: usize, deep: usize) -> Result<()> {
    let sea = Sea::set(app).await?;
    let engine = if which == ServerKind::SwarmManager { &sea.manager.1 } else { &sea.worker.1 };
    let (mut deepest, mut missed) = (0, 0);
    for call in app.some_of((0..MOST_CALLS).step_by(step)) {
        engine.trouble(call, Trouble::HangAfter);
        let mtu = u16::try_from(1400 + call)?;
        let options = json!({ "subnet": "10.50.0.0/24", "mtu": mtu });
        let changing = ask(app, &sea.made, options).await?;
        let mut hung = false;
        tokio::select! {
            () = engine.hung() => hung = true,
            done = outcome(app, &changing) => drop(done?),
        }
        engine.calm();
        app.restart().await?;
        let operation = outcome(app, &changing).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "call {call}: {operation:?}");
        let shown = app.owner.show(&sea.made).await?;
        assert_eq!((shown.state, shown.options.mtu), (DestinationState::Ready, Some(mtu)));
        sea.ensure_whole(&format!("call {call}"))?;
        // A look that was on its way already may take the trouble for itself, once.
        if hung {
            (deepest, missed) = (call, 0);
            continue;
        }
        missed += 1;
        if missed > 1 {
            break;
        }
    }
    ensure!(deepest >= deep, "calls that were reached: {deepest}");
    Ok(())
}

story! {
    async fn killed_at_each_call_to_the_manager_it_is_done(app) {
        killed(app, ServerKind::SwarmManager, 3, 30).await?;
    }
}

story! {
    async fn killed_at_each_call_to_a_worker_it_is_done(app) {
        killed(app, ServerKind::SwarmWorker, 2, 8).await?;
    }
}

story! {
    /// A worker that goes away in the middle is waited for, and the manager is kept meanwhile.
    async fn a_node_that_goes_away_is_waited_for(app) {
        let sea = Sea::set(app).await?;
        sea.swarm.set_rolling(Rolling::Slow);
        let changing = ask(app, &sea.made, json!({ "subnet": "10.56.0.0/24" })).await?;
        eventually("it waits for the swarm", || async { Ok(sea.swarm.is_rolling().then_some(())) })
            .await?;
        sea.worker.1.stop();
        sea.swarm.roll();
        eventually("it waits for the server", || async {
            let shown = app.owner.show(&sea.made).await?;
            let why = shown.reason.unwrap_or_default();
            Ok(why.contains("server `golf` does not answer").then_some(()))
        })
        .await?;
        sea.swarm.set_rolling(Rolling::AtOnce);
        sea.worker.1.start();
        let operation = outcome(app, &changing).await?;
        assert_eq!(operation.state, OperationState::Succeeded, "{operation:?}");
        sea.ensure_whole("after the worker was away")?;
    }
}
