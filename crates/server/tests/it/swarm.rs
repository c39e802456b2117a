//! Swarms: roles followed, overlays made once in a swarm and kept through any of its managers.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::{FakeEngine, FakeSwarm};
use portolan_types::{
    Destination, DestinationKind, DestinationState, Event, Operation, OperationResult,
    OperationState, Origin, Page, Reachability, RemovedServer, Route, RouteState, ScannedNetwork,
    Server, ServerKind,
};
use serde_json::json;

use crate::support::{TestApp, eventually, story};

pub(crate) const MANAGER: ServerKind = ServerKind::SwarmManager;
pub(crate) const WORKER: ServerKind = ServerKind::SwarmWorker;

/// A server of the swarm.
pub(crate) struct Node {
    pub(crate) server: Server,
    pub(crate) engine: Arc<FakeEngine>,
    pub(crate) id: String,
}

impl Node {
    pub(crate) async fn join(
        app: &TestApp,
        swarm: &Arc<FakeSwarm>,
        name: &str,
        role: ServerKind,
    ) -> Result<Self> {
        let (server, engine) = app.add_server(name).await?;
        let id = swarm.join(&engine, name, role);
        let server = is(app, &server, role).await?;
        Ok(Self { server, engine, id })
    }

    pub(crate) async fn away(&self, app: &TestApp) -> Result<()> {
        self.engine.stop();
        app.owner.reachable(self.server.id.as_str(), Reachability::Unreachable).await?;
        Ok(())
    }

    pub(crate) async fn back(&self, app: &TestApp) -> Result<()> {
        self.engine.start();
        app.owner.reachable(self.server.id.as_str(), Reachability::Reachable).await?;
        Ok(())
    }
}

/// The server when it has this role.
async fn is(app: &TestApp, server: &Server, role: ServerKind) -> Result<Server> {
    eventually(&format!("{} is {role}", server.name), || async {
        let shown: Server = app.owner.get(&format!("/v1/servers/{}", server.id)).await?.ok()?;
        Ok((shown.kind == Some(role)).then_some(shown))
    })
    .await
}

/// Two managers.
async fn pair(app: &TestApp) -> Result<(Arc<FakeSwarm>, Node, Node)> {
    let swarm = FakeSwarm::new();
    let one = Node::join(app, &swarm, "echo", MANAGER).await?;
    let two = Node::join(app, &swarm, "foxtrot", MANAGER).await?;
    Ok((swarm, one, two))
}

fn path(destination: &Destination) -> String {
    format!("/v1/destinations/{}", destination.id)
}

async fn remove(app: &TestApp, destination: &Destination) -> Result<Operation> {
    let path = format!("{}?wait=20", path(destination));
    app.owner.delete(&path).await?.accepted()
}

async fn scan(app: &TestApp, server: &Server) -> Result<Vec<ScannedNetwork>> {
    let path = format!("/v1/servers/{}/scan?wait=20", server.id);
    let operation: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
    match operation.result {
        Some(OperationResult::Scan { networks }) => Ok(networks),
        other => anyhow::bail!("not a scan: {other:?} {:?}", operation.failure),
    }
}

async fn is_dark(app: &TestApp, route: &Route, why: &str) -> Result<()> {
    eventually(&format!("a route is dark: {why}"), || async {
        let shown: Route = app.owner.get(&format!("/v1/routes/{}", route.id)).await?.ok()?;
        let is_so = shown.state == RouteState::Dark && shown.reason.as_deref() == Some(why);
        Ok(is_so.then_some(()))
    })
    .await
}

story! {
    /// A manager's proxy leads to containers of other nodes: they are known from their own servers,
    /// and a change there is told here.
    async fn a_route_leads_to_another_node(app) {
        let swarm = FakeSwarm::new();
        let echo = Node::join(app, &swarm, "echo", MANAGER).await?;
        let golf = Node::join(app, &swarm, "golf", WORKER).await?;
        crate::proxies::with_images(&echo.engine);
        let set = format!("/v1/servers/{}/proxy?wait=20", echo.server.id);
        let set: Operation = app.owner.put(&set, json!({ "kind": "caddy" })).await?.accepted()?;
        assert_eq!(set.state, OperationState::Succeeded, "{set:?}");
        let body = json!({ "server_id": echo.server.id, "network": "sea" });
        let sea: Destination = app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
        let route = app.owner.route(&sea, "shop.example.com").await?;
        is_dark(app, &route, "nothing called `web` is on network `sea`").await?;

        golf.engine.join("sea", "web");
        app.route_is(&route, RouteState::Live).await?;
        golf.engine.crash_container("web");
        is_dark(app, &route, "container `web` is exited").await?;
        golf.engine.drop_container("web");

        // What no server tells the name of is not taken for it.
        swarm.attach("sea", "a-node-of-nobody");
        let nameless = "nothing called `web` is on network `sea`, as far as is known: node \
                        a-node-of-nobody is no server, and tells no names";
        is_dark(app, &route, nameless).await?;
        swarm.serve("web", "web:1", "sea", &golf.id);
        app.route_is(&route, RouteState::Live).await?;
    }
}

story! {
    /// "On Swarm managers, creates an attachable overlay network": and with its options.
    async fn an_overlay_is_made_on_a_manager(app) {
        let (swarm, one, two) = pair(app).await?;
        let body = json!({
            "server_id": one.server.id, "network": "sea",
            "options": { "encrypted": true, "internal": true, "mtu": 1400, "subnet": "10.70.0.0/24" },
        });
        let made: Destination = app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
        assert_eq!((made.kind, made.state), (DestinationKind::Swarm, DestinationState::Ready), "{made:?}");
        assert_eq!(made.cluster_id, Some(swarm.cluster_id()));
        let network = swarm.networks("sea").pop().context("no network")?;
        assert_eq!((network.driver.as_str(), network.attachable), ("overlay", true));
        ensure!(network.options.contains_key("encrypted") && network.internal, "{network:?}");

        let six = json!({ "server_id": one.server.id, "options": { "ipv6": true } });
        let problem = app.owner.post("/v1/destinations", six).await?.problem(422)?;
        assert_eq!(problem.errors[0].field, "options.ipv6");

        let listed: Page<Destination> =
            app.owner.get(&format!("/v1/destinations?server_id={}", two.server.id)).await?.ok()?;
        assert_eq!(listed.items.len(), 1, "the other manager does not show it");
        let removed = remove(app, &made).await?;
        assert_eq!(removed.state, OperationState::Succeeded, "{removed:?}");
        ensure!(swarm.networks("sea").is_empty(), "it is still there");
    }
}

story! {
    /// A swarm has a network once, through whichever manager it is asked for.
    async fn a_second_manager_cannot_add_it_twice(app) {
        let (swarm, one, two) = pair(app).await?;
        app.owner.destination(&one.server, "sea").await?;
        let body = json!({ "server_id": two.server.id, "network": "sea" });
        let problem = app.owner.post("/v1/destinations", body).await?.problem(409)?;
        ensure!(problem.kind.ends_with("network-already-added"), "{problem:?}");
        ensure!(problem.detail.starts_with("Network already added to this server"), "{problem:?}");
        ensure!(problem.detail.contains("`echo`"), "{problem:?}");
        let again = json!({ "server_id": one.server.id, "network": "sea" });
        let problem = app.owner.post("/v1/destinations", again).await?.problem(409)?;
        assert_eq!(problem.detail, "Network already added to this server.");
        assert_eq!(swarm.networks("sea").len(), 1);

        // However the race ends, there is one.
        let race: Vec<_> = [&one, &two].into_iter().cycle().take(20).map(|node| {
            let (client, body) = (app.owner.clone(), json!({ "server_id": node.server.id, "network": "race" }));
            tokio::spawn(async move { client.post("/v1/destinations?wait=20", body).await })
        }).collect();
        let mut made = 0;
        for racer in race {
            let answer = racer.await??;
            ensure!([201, 409].contains(&answer.status.as_u16()), "{}", answer.text);
            made += usize::from(answer.status == 201);
        }
        assert_eq!((made, swarm.networks("race").len()), (1, 1));
    }
}

story! {
    /// A worker is refused with the name of a manager, or its address where the team has none.
    async fn a_worker_is_refused_with_a_manager(app) {
        let swarm = FakeSwarm::new();
        let (elsewhere, address) = (app.fleet.add("elsewhere:22"), "elsewhere");
        swarm.join(&elsewhere, address, MANAGER);
        let worker = Node::join(app, &swarm, "golf", WORKER).await?;
        let body = json!({ "server_id": worker.server.id });
        let problem = app.owner.post("/v1/destinations", body.clone()).await?.problem(409)?;
        ensure!(problem.kind.ends_with("server-is-worker"), "{problem:?}");
        ensure!(problem.remedy.is_some_and(|text| text.contains("the host at elsewhere")), "no address");

        let manager = Node::join(app, &swarm, "echo", MANAGER).await?;
        eventually("the worker's refusal names the manager", || async {
            let problem = app.owner.post("/v1/destinations", body.clone()).await?.problem(409)?;
            Ok(problem.remedy.filter(|text| text.contains("use `echo`")))
        })
        .await?;
        let shown = is(app, &worker.server, WORKER).await?;
        let together = shown.swarm.context("a swarm")?.servers;
        let names: Vec<&str> = together.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["golf", "echo"]);

        swarm.put_network("theirs", |_| {});
        let refused = scan(app, &worker.server).await?;
        ensure!(refused.is_empty(), "a worker does not see overlays that it does not use");
        drop(manager);
    }
}

story! {
    /// The role is the engine's, and followed as it changes, each time with an event.
    async fn roles_are_followed(app) {
        let swarm = FakeSwarm::new();
        let node = Node::join(app, &swarm, "echo", MANAGER).await?;
        let other = Node::join(app, &swarm, "foxtrot", WORKER).await?;
        assert_eq!(node.server.swarm.as_ref().and_then(|one| one.cluster_id.clone()), Some(swarm.cluster_id()));
        swarm.set_role(&other.id, MANAGER);
        is(app, &other.server, MANAGER).await?;
        swarm.set_role(&node.id, WORKER);
        is(app, &node.server, WORKER).await?;
        swarm.leave(&node.id);
        let shown = is(app, &node.server, ServerKind::Standalone).await?;
        assert_eq!(shown.swarm, None);
        let page: Page<Event> = app.owner.get("/v1/events?search=server.role-changed").await?.ok()?;
        let told = page.items.iter().filter(|event| event.kind == "server.role-changed").count();
        assert_eq!(told, 5, "{:?}", page.items);
    }
}

story! {
    /// The server of a row is away: what is asked of it is done through another manager.
    async fn another_manager_keeps_what_its_server_cannot(app) {
        let (swarm, one, two) = pair(app).await?;
        let made = app.owner.destination(&one.server, "sea").await?;
        one.away(app).await?;
        swarm.drop_network("sea");
        eventually("the other manager repairs it", || async {
            let ready = app.owner.show(&made).await?.state == DestinationState::Ready;
            Ok(swarm.networks("sea").pop().filter(|_| ready))
        })
        .await?;

        let created = app.owner.destination(&one.server, "meanwhile").await?;
        assert_eq!(created.state, DestinationState::Ready, "{created:?}");
        let removed = remove(app, &made).await?;
        assert_eq!(removed.state, OperationState::Succeeded, "{removed:?}");
        ensure!(swarm.networks("sea").is_empty(), "it is still there");

        one.back(app).await?;
        two.away(app).await?;
        let removed = remove(app, &created).await?;
        assert_eq!(removed.state, OperationState::Succeeded, "{removed:?}");
        ensure!(swarm.networks("meanwhile").is_empty(), "it is still there");
    }
}

story! {
    /// A network that the swarm can give no addresses to is told of, and not left behind.
    async fn a_network_without_addresses_is_taken_away(app) {
        let (swarm, one, _two) = pair(app).await?;
        swarm.set_starved(true);
        let made = app.owner.destination(&one.server, "sea").await?;
        assert_eq!(made.state, DestinationState::Failed, "{made:?}");
        ensure!(made.reason.is_some_and(|why| why.contains("could not give network")), "no reason");
        ensure!(swarm.networks("sea").is_empty(), "it is still there");
        swarm.set_starved(false);
        let retry = format!("/v1/destinations/{}/retry?wait=20", made.id);
        let retried: Operation = app.owner.post(&retry, json!({})).await?.accepted()?;
        assert_eq!(retried.state, OperationState::Succeeded, "{retried:?}");
    }
}

story! {
    /// Without a manager that answers the server is refused as unreachable.
    async fn without_any_manager_it_is_refused(app) {
        let (_swarm, one, two) = pair(app).await?;
        one.away(app).await?;
        two.away(app).await?;
        let body = json!({ "server_id": one.server.id });
        let problem = app.owner.post("/v1/destinations", body).await?.problem(409)?;
        ensure!(problem.kind.ends_with("server-unreachable"), "{problem:?}");
    }
}

story! {
    /// A swarm without a leader decides nothing: what was asked waits with its reason, nothing is
    /// taken for gone, and the work goes on by itself.
    async fn a_lost_leader_delays_and_fails_nothing(app) {
        let (swarm, one, _two) = pair(app).await?;
        let kept = app.owner.destination(&one.server, "kept").await?;
        let doomed = app.owner.destination(&one.server, "doomed").await?;
        swarm.set_leaderless(true);
        let body = json!({ "server_id": one.server.id, "network": "new" });
        let asked: Destination = app.owner.post("/v1/destinations", body).await?.created()?;
        let removal: Operation = app.owner.delete(&path(&doomed)).await?.accepted()?;
        for waiting in [&asked, &doomed] {
            eventually("the reason is told", || async {
                let shown = app.owner.show(waiting).await?;
                Ok(shown.reason.filter(|why| why.contains("does not have a leader")))
            })
            .await?;
        }
        assert_eq!(app.owner.show(&kept).await?.state, DestinationState::Ready);
        let scan: Operation = app.owner
            .post(&format!("/v1/servers/{}/scan?wait=20", one.server.id), json!({})).await?.accepted()?;
        assert_eq!(scan.state, OperationState::Failed, "an empty scan: {scan:?}");

        swarm.set_leaderless(false);
        app.owner.settled(&asked, DestinationState::Ready).await?;
        let removal = app.owner.outcome(removal.id.as_str()).await?;
        assert_eq!(removal.state, OperationState::Succeeded, "{removal:?}");
        ensure!(swarm.networks("doomed").is_empty() && swarm.networks("kept").len() == 1, "wrong ones");
        assert_eq!(app.owner.show(&kept).await?.reason, None);
    }
}

story! {
    /// A manager that is one no more gives its rows away; the last one says that they are lost.
    async fn a_demoted_manager_gives_its_destinations_away(app) {
        let (swarm, one, two) = pair(app).await?;
        let made = app.owner.destination(&one.server, "sea").await?;
        swarm.set_role(&one.id, WORKER);
        let moved = eventually("it moved", || async {
            let shown = app.owner.show(&made).await?;
            Ok((shown.server_id == two.server.id).then_some(shown))
        })
        .await?;
        assert_eq!(moved.state, DestinationState::Ready);
        swarm.leave(&two.id);
        let failed = app.owner.settled(&made, DestinationState::Failed).await?;
        ensure!(failed.reason.is_some_and(|why| why.contains("no longer manages the swarm")), "no reason");
        assert_eq!(swarm.networks("sea").len(), 1, "it was touched");

        // With a manager again, a person says that it goes on.
        swarm.set_role(&one.id, MANAGER);
        is(app, &one.server, MANAGER).await?;
        eventually("it moved back", || async {
            Ok((app.owner.show(&made).await?.server_id == one.server.id).then_some(()))
        })
        .await?;
        let retry = format!("{}/retry?wait=20", path(&made));
        let retried: Operation = app.owner.post(&retry, json!({})).await?.accepted()?;
        assert_eq!(retried.state, OperationState::Succeeded, "{retried:?}");
    }
}

story! {
    /// A removed server leaves its swarm's destinations to another manager.
    async fn a_removed_server_leaves_them_to_another(app) {
        let (swarm, one, two) = pair(app).await?;
        let made = app.owner.destination(&one.server, "sea").await?;
        let path = format!("/v1/servers/{}", one.server.id);
        let left: RemovedServer = app.owner.delete(&path).await?.ok()?;
        ensure!(left.left_behind.is_empty(), "{left:?}");
        let shown = app.owner.show(&made).await?;
        assert_eq!(shown.server_id, two.server.id);
        let path = format!("/v1/servers/{}", two.server.id);
        let problem = app.owner.delete(&path).await?.problem(409)?;
        ensure!(problem.kind.ends_with("server-has-destinations"), "{problem:?}");
        remove(app, &shown).await?;
        ensure!(swarm.networks("sea").is_empty(), "it is still there");
    }
}

story! {
    /// A destination shows on which nodes it is live; services and containers elsewhere block its
    /// removal by name.
    async fn it_is_live_where_something_runs(app) {
        let (swarm, one, two) = pair(app).await?;
        let worker = Node::join(app, &swarm, "golf", WORKER).await?;
        let made = app.owner.destination(&one.server, "sea").await?;
        ensure!(made.nodes.is_empty(), "{made:?}");
        swarm.serve("shop_web", "traefik:v3", "sea", &worker.id);
        swarm.attach("sea", &two.id);
        let shown = eventually("it is live on two nodes", || async {
            let shown = app.owner.show(&made).await?;
            Ok((shown.nodes.len() == 2).then_some(shown))
        })
        .await?;
        let ids: Vec<_> = shown.nodes.iter().filter_map(|node| node.server_id.clone()).collect();
        ensure!(ids.contains(&worker.server.id) && ids.contains(&two.server.id), "{shown:?}");

        let refused = remove(app, &made).await?;
        let failure = refused.failure.context("a failure")?;
        ensure!(failure.message.contains("shop_web") && failure.message.contains("on node foxtrot"), "{failure:?}");
        let sea = scan(app, &one.server).await?.into_iter().find(|one| one.name == "sea").context("sea")?;
        ensure!(sea.proxy && sea.members.len() == 2, "{sea:?}");

        swarm.clear();
        eventually("it is live nowhere", || async {
            Ok(app.owner.show(&made).await?.nodes.is_empty().then_some(()))
        })
        .await?;
        let removed = remove(app, &made).await?;
        assert_eq!(removed.state, OperationState::Succeeded, "{removed:?}");
    }
}

story! {
    /// A manager adopts overlays of its swarm, once; taken over, they are removed.
    async fn an_overlay_is_adopted_and_taken_over(app) {
        let (swarm, one, two) = pair(app).await?;
        swarm.put_network("shop_default", |network| {
            network.labels.insert("com.docker.stack.namespace".into(), "shop".into());
            network.options.insert("encrypted".into(), String::new());
            network.attachable = false;
        });
        swarm.put_network("ingress", |network| network.ingress = true);
        one.engine.put_network("bridge-of-one", |_| {});
        let adopt = |node: &Node| format!("/v1/servers/{}/adopt?wait=20", node.server.id);
        let body = json!({ "all": true });
        let adopted: Operation = app.owner.post(&adopt(&one), body.clone()).await?.accepted()?;
        assert_eq!(adopted.state, OperationState::Succeeded, "{adopted:?}");
        let named = json!({ "networks": ["shop_default", "bridge-of-one"] });
        let again: Operation = app.owner.post(&adopt(&two), named).await?.accepted()?;
        let Some(OperationResult::Adoption { networks }) = again.result else {
            anyhow::bail!("{again:?}")
        };
        ensure!(networks[0].reason.as_ref().is_some_and(|why| why.contains("`echo`")), "{networks:?}");

        let page: Page<Destination> = app.owner.get("/v1/destinations").await?.ok()?;
        let [row] = page.items.as_slice() else { anyhow::bail!("{:?}", page.items) };
        assert_eq!((row.kind, row.origin), (DestinationKind::Swarm, Origin::Adopted));
        ensure!(row.options.encrypted, "{row:?}");
        let taken: Destination =
            app.owner.post(&format!("{}/take-over", path(row)), json!({})).await?.ok()?;
        assert_eq!((taken.origin, taken.state), (Origin::Created, DestinationState::Ready));
        app.owner.post(&format!("{}/take-over", path(row)), json!({})).await?.problem(409)?;
        let removed = remove(app, row).await?;
        assert_eq!(removed.state, OperationState::Succeeded, "{removed:?}");
        ensure!(swarm.networks("shop_default").is_empty(), "it is still there");
    }
}

story! {
    /// A taken over network is repaired as others are; a stranger's of its name stays one.
    async fn what_was_taken_over_is_kept(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.put_network("web", |_| {});
        let adopt = format!("/v1/servers/{}/adopt?wait=20", server.id);
        app.owner.post(&adopt, json!({ "all": true })).await?.accepted::<Operation>()?;
        let page: Page<Destination> = app.owner.get("/v1/destinations").await?.ok()?;
        let row = page.items.first().context("a destination")?;
        app.owner.post(&format!("{}/take-over", path(row)), json!({})).await?.ok::<Destination>()?;
        engine.drop_network("web");
        let back = eventually("it is made again", || async {
            let ready = app.owner.show(row).await?.state == DestinationState::Ready;
            Ok(engine.network("web").filter(|_| ready))
        })
        .await?;
        assert_eq!(back.labels["dev.portolan.destination"], row.id.as_str());
        remove(app, row).await?;
        ensure!(engine.network_names().is_empty(), "it is still there");
    }
}
