//! Applications on a swarm: services with replicas, kept through any of its managers.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::{
    FoundBy, MountAccess, MountSource, NewService, UpdateOrder,
    fake::{FakeSwarm, TaskFate},
};
use portolan_types::{
    Application, ApplicationState, ApplicationTasks, DeploymentState, LogStream, Operation,
    OperationState, Page, Route, RouteState,
};
use serde_json::{Value, json};

use super::{Place, at, place, spec, step, with_images};
use crate::{
    proxies,
    support::{TestApp, eventually, git::GitServer, story},
    swarm::{MANAGER, Node, WORKER},
};

mod faults;

/// A swarm of a manager and a worker, and a place on its overlay.
struct Sea {
    swarm: Arc<FakeSwarm>,
    golf: Node,
    at: Place,
}

/// What becomes of tasks of the images that registries have, and of one that they do not.
fn publish(swarm: &FakeSwarm) {
    for image in ["shop:1", "shop:2", "shop:3", "built:1"] {
        swarm.publish(image, TaskFate::Runs);
    }
    swarm.publish("shop:bad", TaskFate::Fails("task: non-zero exit (3)".to_owned()));
}

impl Sea {
    async fn new(app: &TestApp) -> Result<Self> {
        let swarm = FakeSwarm::new();
        publish(&swarm);
        let echo = Node::join(app, &swarm, "echo", MANAGER).await?;
        let golf = Node::join(app, &swarm, "golf", WORKER).await?;
        Ok(Self { swarm, golf, at: at(app, echo.server, echo.engine).await? })
    }

    async fn deployed(&self, app: &TestApp, spec: Value) -> Result<Application> {
        let made = app.add_application(&self.at, "shop", spec).await?;
        app.deploy(&made, "shop:1").await?;
        app.application_is(&made, ApplicationState::Running).await
    }

    fn service(&self, one: &Application) -> Result<NewService> {
        let name = service_name(one);
        self.swarm.asked_for(&name).with_context(|| format!("no service `{name}`"))
    }

    /// Waits until the service is of this image.
    async fn is_of(&self, one: &Application, image: &str) -> Result<()> {
        eventually(&format!("the service is of {image}"), || async {
            Ok(self.service(one)?.task.image.starts_with(&format!("{image}@")).then_some(()))
        })
        .await
    }
}

fn service_name(one: &Application) -> String {
    format!("{}-{}", one.name, &one.id.as_str()[..6])
}

fn replicas(number: u32) -> Value {
    let mut wanted = spec("shop:1");
    wanted["replicas"] = json!(number);
    wanted
}

async fn tasks(app: &TestApp, one: &Application) -> Result<ApplicationTasks> {
    app.owner.get(&format!("/v1/applications/{}/tasks", one.id)).await?.ok()
}

story! {
    /// From an image to replicas on the nodes, found by the names that the application has.
    async fn a_service_is_deployed(app) {
        let sea = Sea::new(app).await?;
        let mut wanted = replicas(2);
        wanted["aliases"] = json!(["api"]);
        wanted["command"] = json!(["serve", "a b; rm -rf /"]);
        wanted["limits"] = json!({ "memory_bytes": 64 << 20 });
        wanted["published"] = json!([{ "host": 8080, "container": 80 }]);
        let made = app.add_application(&sea.at, "shop", wanted).await?;
        let path = format!("/v1/applications/{}/variables", made.id);
        let set = json!({ "set": [{ "name": "PASSWORD", "value": "sesame", "secret": true }] });
        app.owner.patch(&path, set).await?.ok::<Value>()?;
        ensure!(sea.swarm.service_names().is_empty(), "it runs before it was deployed");

        let done = app.deploy(&made, "shop:1").await?;
        ensure!(step(&done, "resolve")?.starts_with("`shop:1` is `sha256:"), "{done:?}");
        assert_eq!(step(&done, "ready")?, "2 of 2 replicas run; it answers at port 80");
        let running = app.application_is(&made, ApplicationState::Running).await?;
        let name = service_name(&made);
        assert_eq!(running.container.map(|name| name.to_string()), Some(name.clone()));
        let asked = sea.service(&made)?;
        ensure!(asked.task.image.starts_with("shop:1@sha256:"), "{asked:?}");
        assert_eq!((asked.replicas, asked.order, asked.at_once), (2, UpdateOrder::StartFirst, 1));
        assert_eq!(asked.task.command, ["serve", "a b; rm -rf /"]);
        assert_eq!(asked.task.environment.get("PASSWORD").map(String::as_str), Some("sesame"));
        assert_eq!(asked.task.limits.memory_bytes, Some(64 << 20));
        assert_eq!(asked.task.ports.len(), 1);
        assert_eq!(sea.swarm.nodes_of(&name).len(), 2);
        let nodes: Vec<_> = tasks(app, &made).await?.items.into_iter().filter_map(|one| one.node).collect();
        ensure!(nodes.contains(&"echo".to_owned()) && nodes.contains(&"golf".to_owned()), "{nodes:?}");
        // It is nobody's stranger, and nobody may have its names.
        let drifts: Page<Value> = app.owner.get("/v1/drifts").await?.ok()?;
        ensure!(drifts.items.is_empty(), "{drifts:?}");
        let other = json!({
            "environment_id": sea.at.environment.id, "destination_id": sea.at.destination.id,
            "name": "api", "spec": spec("shop:1"),
        });
        let problem = app.owner.post("/v1/applications", other).await?.problem(409)?;
        ensure!(problem.kind.ends_with("alias-taken"), "{problem:?}");
    }
}

story! {
    /// The service keeps its name over deployments, and what was before can be brought back. Another
    /// number of replicas leaves those that run alone.
    async fn a_service_is_changed_and_brought_back(app) {
        let sea = Sea::new(app).await?;
        let made = sea.deployed(app, replicas(2)).await?;
        let (name, first) = (service_name(&made), sea.swarm.task_ids(&service_name(&made)));
        let done = app.deploy(&made, "shop:2").await?;
        assert_eq!(step(&done, "service")?, format!("service `{name}` was changed"));
        sea.is_of(&made, "shop:2").await?;
        let second = sea.swarm.task_ids(&name);
        ensure!(first.iter().all(|id| !second.contains(id)), "{first:?} {second:?}");

        let path = format!("/v1/applications/{}", made.id);
        let mut more = replicas(3);
        more["image"] = json!("shop:2");
        app.owner.patch(&path, json!({ "spec": more })).await?.ok::<Value>()?;
        let done = app.work_on(&made, "deploy", json!({})).await?;
        ensure!(step(&done, "service")?.contains("those that run go on"), "{done:#?}");
        let third = sea.swarm.task_ids(&name);
        ensure!(third.len() == 3 && second.iter().all(|id| third.contains(id)), "{second:?} {third:?}");

        let done = app.work_on(&made, "roll-back", json!({ "to": 1 })).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        sea.is_of(&made, "shop:1").await?;
        assert_eq!(sea.service(&made)?.replicas, 2);
        assert_eq!(sea.swarm.service_names(), [name]);
        let states: Vec<_> = app.deployments(&made).await?.iter().map(|one| one.state).collect();
        assert_eq!(states, [
            DeploymentState::Serving,
            DeploymentState::Replaced,
            DeploymentState::Replaced,
            DeploymentState::Replaced,
        ]);
    }
}

story! {
    /// It is stopped, started and started anew when somebody says so; one that was removed behind
    /// Portolan's back is made again.
    async fn a_service_is_operated(app) {
        let sea = Sea::new(app).await?;
        let made = sea.deployed(app, replicas(2)).await?;
        let name = service_name(&made);
        let done = app.work_on(&made, "stop", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        app.application_is(&made, ApplicationState::Stopped).await?;
        ensure!(sea.swarm.nodes_of(&name).is_empty(), "it runs");
        let done = app.work_on(&made, "start", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        app.application_is(&made, ApplicationState::Running).await?;
        let before = sea.swarm.task_ids(&name);
        assert_eq!(before.len(), 2);
        let done = app.work_on(&made, "restart", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");

        sea.swarm.drop_service(&name);
        let missing = app.application_is(&made, ApplicationState::Missing).await?;
        ensure!(missing.reason.is_some_and(|why| why.contains("`start_application`")), "no way out");
        let done = app.work_on(&made, "start", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        app.application_is(&made, ApplicationState::Running).await?;
        ensure!(sea.service(&made)?.task.image.starts_with("shop:1@"), "another image");
    }
}

story! {
    /// What a lost node ran, the others run; where they cannot, it is said why, until they can.
    async fn replicas_move_and_wait(app) {
        let sea = Sea::new(app).await?;
        let made = sea.deployed(app, replicas(2)).await?;
        let name = service_name(&made);
        sea.swarm.set_down(&sea.golf.id, true);
        assert_eq!(sea.swarm.nodes_of(&name).len(), 2);
        ensure!(!sea.swarm.nodes_of(&name).contains(&sea.golf.id), "it runs on a node that is down");
        app.application_is(&made, ApplicationState::Running).await?;

        sea.swarm.set_full(Some("no suitable node (insufficient resources on 1 node)"));
        let path = format!("/v1/applications/{}", made.id);
        app.owner.patch(&path, json!({ "spec": replicas(3) })).await?.ok::<Value>()?;
        let begun: Operation =
            app.owner.post(&format!("{path}/deploy"), json!({})).await?.accepted()?;
        let short = app.application_is(&made, ApplicationState::Unhealthy).await?;
        let why = short.reason.unwrap_or_default();
        assert_eq!(
            why,
            "2 of 3 replicas run: replica 3 is pending: no suitable node (insufficient resources on 1 node)"
        );
        let waiting = tasks(app, &made).await?.items.into_iter().find(|one| one.node.is_none());
        ensure!(waiting.and_then(|one| one.error).is_some_and(|why| why.contains("no suitable node")), "no reason");
        sea.swarm.set_full(None);
        let done = app.owner.outcome(begun.id.as_str()).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        app.application_is(&made, ApplicationState::Running).await?;
    }
}

story! {
    /// A route leads to the service by its name, before it is deployed and after.
    async fn a_route_leads_to_a_service(app) {
        let swarm = FakeSwarm::new();
        publish(&swarm);
        let echo = Node::join(app, &swarm, "echo", MANAGER).await?;
        Node::join(app, &swarm, "golf", WORKER).await?;
        proxies::with_images(&echo.engine);
        let set = format!("/v1/servers/{}/proxy?wait=20", echo.server.id);
        let set: Operation = app.owner.put(&set, json!({ "kind": "caddy" })).await?.accepted()?;
        assert_eq!(set.state, OperationState::Succeeded, "{set:?}");
        let at = at(app, echo.server, echo.engine).await?;
        let made = app.add_application(&at, "shop", replicas(2)).await?;
        let body = json!({
            "destination_id": at.destination.id, "host": "shop.example.com",
            "application_id": made.id,
        });
        let route: Route = app.owner.post("/v1/routes", body).await?.created()?;
        app.route_is(&route, RouteState::Dark).await?;
        app.deploy(&made, "shop:1").await?;
        let led = app.route_is(&route, RouteState::Live).await?;
        assert_eq!(led.target.to_string(), service_name(&made));
        app.deploy(&made, "shop:2").await?;
        let led = app.route_is(&route, RouteState::Live).await?;
        assert_eq!(led.target.to_string(), service_name(&made));
    }
}

story! {
    /// While its own server is away, another manager of the swarm does what is asked for, and goes on
    /// with what was begun.
    async fn any_manager_deploys(app) {
        let sea = Sea::new(app).await?;
        let foxtrot = Node::join(app, &sea.swarm, "foxtrot", MANAGER).await?;
        with_images(&foxtrot.engine);
        let made = sea.deployed(app, replicas(2)).await?;
        sea.at.engine.stop();
        app.owner
            .reachable(sea.at.server.id.as_str(), portolan_types::Reachability::Unreachable)
            .await?;
        app.deploy(&made, "shop:2").await?;
        sea.is_of(&made, "shop:2").await?;
        app.application_is(&made, ApplicationState::Running).await?;
        sea.at.engine.start();
        app.owner
            .reachable(sea.at.server.id.as_str(), portolan_types::Reachability::Reachable)
            .await?;
        foxtrot.away(app).await?;
        app.deploy(&made, "shop:3").await?;
        sea.is_of(&made, "shop:3").await?;
    }
}

story! {
    /// Volumes are mounted on each node, and what is written to is not had twice; a removal says where
    /// they stay.
    async fn volumes_are_each_nodes_own(app) {
        let sea = Sea::new(app).await?;
        let mut wanted = spec("shop:1");
        wanted["mounts"] = json!([{ "source": { "volume": "data" }, "target": "/data" }]);
        let made = sea.deployed(app, wanted).await?;
        let asked = sea.service(&made)?;
        assert_eq!(asked.order, UpdateOrder::StopFirst);
        let volume = format!("{}-data", service_name(&made));
        assert_eq!(asked.task.mounts[0].source, MountSource::Volume(volume.clone()));
        assert_eq!(asked.task.mounts[0].access, MountAccess::ReadWrite);
        let done = app.deploy(&made, "shop:2").await?;
        ensure!(step(&done, "service")?.contains("each node's own"), "{done:?}");

        let path = format!("/v1/applications/{}?volumes=true", made.id);
        let preview: Value = app.owner.delete(&format!("{path}&preview=true")).await?.ok()?;
        let said = preview["steps"].to_string();
        ensure!(said.contains("remove service") && said.contains("on every node"), "{preview}");
        let gone: Operation = app.owner.delete(&format!("{path}&wait=30")).await?.accepted()?;
        ensure!(gone.state == OperationState::Succeeded, "{gone:#?}");
        assert_eq!(step(&gone, "volumes")?, "1 volumes were removed from 2 nodes");
        ensure!(sea.swarm.service_names().is_empty(), "its service stays");
    }
}

story! {
    /// Without an address that all share, each replica is tried at its own.
    async fn names_lead_to_each_replica(app) {
        let sea = Sea::new(app).await?;
        let mut wanted = replicas(6);
        wanted["balance"] = json!("names");
        let made = app.add_application(&sea.at, "shop", wanted).await?;
        let done = app.deploy(&made, "shop:1").await?;
        assert_eq!(step(&done, "ready")?, "6 of 6 replicas run; it answers at port 80");
        assert_eq!(sea.service(&made)?.found_by, FoundBy::Tasks);
        assert_eq!(sea.service(&made)?.at_once, 2);
    }
}

story! {
    /// What a replica says is read on whichever node of its swarm it runs.
    async fn a_replica_is_read_on_its_node(app) {
        let sea = Sea::new(app).await?;
        let made = sea.deployed(app, replicas(1)).await?;
        let logs = format!("/v1/applications/{}/logs", made.id);
        let problem = app.owner.get(&logs).await?.problem(409)?;
        ensure!(problem.kind.ends_with("no-replica-here"), "{problem:?}");
        let (name, golf) = (format!("{}.1.abc", service_name(&made)), &sea.golf.engine);
        golf.join("web", &name);
        golf.change_container(&name, |one| {
            one.labels.insert("dev.portolan.application".to_owned(), made.id.to_string());
        });
        golf.say(&name, LogStream::Stdout, "from golf");
        // Something else happens there, so that the node is looked at as it is now.
        golf.join("web", "neighbour");
        eventually("it is read", || async {
            let answer = app.owner.get(&logs).await?;
            Ok((answer.status == 200 && answer.text == "from golf\n").then_some(()))
        })
        .await?;
    }
}

story! {
    /// What a place cannot have is refused with the reason.
    async fn what_a_place_cannot_have(app) {
        let alone = place(app).await?;
        let add = |at: &Place, spec: Value| {
            let body = json!({
                "environment_id": at.environment.id, "destination_id": at.destination.id,
                "name": "shop", "spec": spec,
            });
            let owner = app.owner.clone();
            async move { owner.post("/v1/applications", body).await }
        };
        let problem = add(&alone, replicas(2)).await?.problem(422)?;
        assert_eq!(problem.errors[0].field, "spec.replicas");
        ensure!(problem.errors[0].message.contains("only on a swarm"), "{problem:?}");
        let made = app.add_application(&alone, "shop", spec("shop:1")).await?;
        let path = format!("/v1/applications/{}", made.id);
        app.owner.patch(&path, json!({ "spec": replicas(2) })).await?.problem(422)?;

        let many = replicas(201);
        assert_eq!(add(&alone, many).await?.problem(422)?.errors[0].field, "spec.replicas");
        let empty = app.owner.get(&format!("{path}/tasks")).await?.ok::<ApplicationTasks>()?;
        ensure!(empty.items.is_empty(), "{empty:?}");
    }
}

story! {
    /// An address is one node's, and a port of a swarm is every node's; a service of somebody else keeps
    /// its name.
    async fn what_a_swarm_cannot_have(app) {
        let sea = Sea::new(app).await?;
        sea.swarm.serve("api", "api:1", "web", &sea.golf.id);
        let mut wanted = replicas(1);
        wanted["published"] = json!([{ "host": 80, "container": 80, "address": "127.0.0.1" }]);
        let body = |name: &str, spec: Value| json!({
            "environment_id": sea.at.environment.id, "destination_id": sea.at.destination.id,
            "name": name, "spec": spec,
        });
        let problem =
            app.owner.post("/v1/applications", body("shop", wanted.clone())).await?.problem(422)?;
        assert_eq!(problem.errors[0].field, "spec.published");
        wanted["published"] = json!([{ "host": 80, "container": 80 }]);
        wanted["balance"] = json!("names");
        let problem = app.owner.post("/v1/applications", body("shop", wanted)).await?.problem(422)?;
        assert_eq!(problem.errors[0].field, "spec.balance");
        eventually("a stranger's service keeps its name", || async {
            let answer = app.owner.post("/v1/applications", body("api", replicas(1))).await?;
            if answer.status == 201 {
                let made: Application = answer.created()?;
                let path = format!("/v1/applications/{}?wait=30", made.id);
                app.owner.delete(&path).await?.accepted::<Operation>()?;
                return Ok(None);
            }
            let problem = answer.problem(409)?;
            ensure!(problem.detail.contains("service `api`"), "{problem:?}");
            Ok(Some(()))
        })
        .await?;
    }
}

story! {
    /// What is built is sent to its registry, from where the nodes fetch it.
    async fn what_is_built_goes_to_the_nodes(app) {
        let (sea, git) = (Sea::new(app).await?, GitServer::start().await?);
        git.commit("main", &[("Dockerfile", "FROM scratch\n")])?;
        let mut wanted = replicas(2);
        wanted["build"] = json!({ "repository": git.url });
        wanted["image"] = json!("localhost/shop");
        let body = json!({
            "environment_id": sea.at.environment.id, "destination_id": sea.at.destination.id,
            "name": "shop", "spec": wanted,
        });
        let refused = app.owner.post("/v1/applications", body).await?.problem(409)?;
        ensure!(refused.kind.ends_with("image-without-registry"), "{refused:?}");
        wanted["image"] = json!("registry.example.com/shop");
        let shop = app.add_application(&sea.at, "shop", wanted).await?;
        let image = format!("registry.example.com/shop:shop-{}-1", &shop.id.as_str()[..6]);
        sea.swarm.publish(&image, TaskFate::Runs);
        let done = app.work_on(&shop, "deploy", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        assert_eq!(sea.at.engine.pushed(), std::slice::from_ref(&image));
        let service = sea.service(&shop)?;
        ensure!(service.task.image.starts_with(&image), "{service:?}");
    }
}
