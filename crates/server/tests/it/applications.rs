//! Applications: deployed into a destination, found by name, replaced without a gap, given back when
//! a new one fails.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::{FakeEngine, FakeImage};
use portolan_types::{
    Application, ApplicationState, Deployment, DeploymentState, Destination, Environment,
    Operation, OperationState, Page, Project, Route, RouteState, Server, Variables,
};
use serde_json::{Value, json};

use crate::{
    proxies,
    support::{TestApp, eventually, story},
};

mod cloning;
mod faults;
mod inside;
pub(crate) mod jobs;
mod moves;
mod places;
mod refusals;
mod swarm;

/// What most stories deploy: it answers at once, and is drained quickly.
fn spec(image: &str) -> Value {
    json!({ "image": image, "port": 80, "drain_seconds": 1, "stop_seconds": 1 })
}

/// A server with images, a destination on it, and an environment.
pub(crate) struct Place {
    pub(crate) server: Server,
    pub(crate) engine: Arc<FakeEngine>,
    pub(crate) destination: Destination,
    pub(crate) environment: Environment,
}

/// Images that run, by their names.
fn with_images(engine: &FakeEngine) {
    for image in ["shop:1", "shop:2", "shop:3"] {
        engine.publish_image(image, FakeImage::new());
    }
    let logs = "no such table: orders\n".to_owned();
    engine.publish_image("shop:bad", FakeImage { ends_with: Some(3), logs, ..FakeImage::new() });
}

async fn environment(app: &TestApp, project: &str) -> Result<Environment> {
    let made: Project =
        app.owner.post("/v1/projects", json!({ "name": project })).await?.created()?;
    let path = format!("/v1/environments?project_id={}", made.id);
    let page: Page<Environment> = app.owner.get(&path).await?.ok()?;
    page.items.into_iter().next().context("an environment")
}

pub(crate) async fn place(app: &TestApp) -> Result<Place> {
    let (server, engine) = app.add_server("alpha").await?;
    at(app, server, engine).await
}

async fn at(app: &TestApp, server: Server, engine: Arc<FakeEngine>) -> Result<Place> {
    with_images(&engine);
    let destination = app.owner.destination(&server, "web").await?;
    Ok(Place { server, engine, destination, environment: environment(app, "shop").await? })
}

/// An application whose image is nowhere; answers its id.
pub(crate) async fn add_nowhere(
    app: &TestApp,
    (environment, destination): (&str, &str),
    name: &str,
) -> Result<String> {
    let body = json!({
        "environment_id": environment, "destination_id": destination, "name": name,
        "spec": { "image": "nowhere:1" },
    });
    let made: Application = app.owner.post("/v1/applications", body).await?.created()?;
    Ok(made.id.to_string())
}

/// An application that serves.
pub(crate) async fn serving_one(app: &TestApp) -> Result<(Arc<FakeEngine>, Application)> {
    let at = place(app).await?;
    let one = app.add_application(&at, "web", spec("shop:1")).await?;
    app.deploy(&one, "shop:1").await?;
    Ok((at.engine, app.application(&one).await?))
}

impl TestApp {
    pub(crate) async fn add_application(
        &self,
        at: &Place,
        name: &str,
        spec: Value,
    ) -> Result<Application> {
        let body = json!({
            "environment_id": at.environment.id, "destination_id": at.destination.id,
            "name": name, "spec": spec,
        });
        self.owner.post("/v1/applications", body).await?.created()
    }

    pub(crate) async fn application(&self, one: &Application) -> Result<Application> {
        self.owner.get(&format!("/v1/applications/{}", one.id)).await?.ok()
    }

    /// Asks for work, and waits for its end.
    pub(crate) async fn work_on(
        &self,
        one: &Application,
        act: &str,
        body: Value,
    ) -> Result<Operation> {
        let path = format!("/v1/applications/{}/{act}?wait=30", one.id);
        self.owner.post(&path, body).await?.accepted()
    }

    async fn deploy(&self, one: &Application, image: &str) -> Result<Operation> {
        let done = self.work_on(one, "deploy", json!({ "image": image })).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        Ok(done)
    }

    async fn application_is(
        &self,
        one: &Application,
        state: ApplicationState,
    ) -> Result<Application> {
        eventually(&format!("application `{}` is {state}", one.name), || async {
            Ok(Some(self.application(one).await?).filter(|one| one.state == state))
        })
        .await
    }

    /// Newest first.
    pub(crate) async fn deployments(&self, one: &Application) -> Result<Vec<Deployment>> {
        let path = format!("/v1/applications/{}/deployments", one.id);
        let page: Page<Deployment> = self.owner.get(&path).await?.ok()?;
        Ok(page.items)
    }
}

/// The containers of an application, sorted.
fn containers(engine: &FakeEngine, name: &str) -> Vec<String> {
    let prefix = format!("{name}-");
    engine.container_names().into_iter().filter(|one| one.starts_with(&prefix)).collect()
}

pub(crate) fn step<'a>(operation: &'a Operation, name: &str) -> Result<&'a str> {
    let step = operation.steps.iter().find(|step| step.name == name);
    let step = step.with_context(|| format!("no step {name}: {operation:#?}"))?;
    step.detail.as_deref().with_context(|| format!("{step:?}"))
}

story! {
    /// From an image to a container with its names, variables and labels, by which others find it.
    async fn an_application_is_deployed(app) {
        let at = place(app).await?;
        let mut wanted = spec("shop:1");
        wanted["aliases"] = json!(["api"]);
        wanted["labels"] = json!({ "com.example.team": "blue" });
        wanted["command"] = json!(["serve", "a b; rm -rf /"]);
        wanted["limits"] = json!({ "memory_bytes": 64 << 20, "millicpus": 500 });
        let made = app.add_application(&at, "shop", wanted).await?;
        assert_eq!((made.state, &made.container), (ApplicationState::New, &None));
        ensure!(containers(&at.engine, "shop").is_empty(), "it runs before it was deployed");

        let set = json!({ "set": [
            { "name": "MODE", "value": "live" },
            { "name": "PASSWORD", "value": "open\nsesame", "secret": true },
        ] });
        let path = format!("/v1/applications/{}/variables", made.id);
        let answer = app.owner.patch(&path, set).await?;
        ensure!(!answer.text.contains("sesame"), "{}", answer.text);
        let shown: Variables = answer.ok()?;
        assert_eq!(shown.items.len(), 2);

        let done = app.deploy(&made, "shop:1").await?;
        assert_eq!(step(&done, "pull")?, "`shop:1` was pulled");
        assert_eq!(step(&done, "ready")?, "it answers at port 80");
        let running = app.application_is(&made, ApplicationState::Running).await?;
        let name = running.container.context("a container")?;
        let asked = at.engine.asked_for(name.as_str()).context("a container")?;
        assert_eq!(asked.command, ["serve", "a b; rm -rf /"]);
        assert_eq!(asked.environment.get("PASSWORD").map(String::as_str), Some("open\nsesame"));
        assert_eq!(asked.labels.get("com.example.team").map(String::as_str), Some("blue"));
        assert_eq!((asked.limits.memory_bytes, asked.limits.millicpus), (Some(64 << 20), Some(500)));
        let members = at.engine.members("web");
        assert_eq!(members, [(name.to_string(), vec!["shop".to_owned(), "api".to_owned()])]);
        // It is nobody's stranger.
        let drifts: Page<Value> = app.owner.get("/v1/drifts").await?.ok()?;
        ensure!(drifts.items.is_empty(), "{drifts:?}");
        let text = app.owner.get("/v1/events?limit=200").await?.text;
        ensure!(!text.contains("sesame"), "an event tells a secret");
    }
}

story! {
    /// A new deployment is up before the old one goes, its routes follow, and what was before can be
    /// brought back, with the variables that it had.
    async fn a_deployment_takes_the_place_of_another(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        let at = at(app, server, engine).await?;
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        let body = json!({
            "destination_id": at.destination.id, "host": "shop.example.com",
            "application_id": made.id,
        });
        let route: Route = app.owner.post("/v1/routes", body).await?.created()?;
        assert_eq!((route.target.as_str(), route.port.get()), ("shop", 80));
        app.deploy(&made, "shop:1").await?;
        let first = app.application(&made).await?.container.context("a container")?;
        let led = app.route_is(&route, RouteState::Live).await?;
        assert_eq!((&led.target, led.application_id), (&first, Some(made.id.clone())));

        let path = format!("/v1/applications/{}/variables", made.id);
        app.owner.patch(&path, json!({ "set": [{ "name": "A", "value": "1" }] })).await?.ok::<Value>()?;
        ensure!(app.application(&made).await?.changed, "a change is not seen");
        let done = app.deploy(&made, "shop:2").await?;
        let order: Vec<&str> = done.steps.iter().map(|step| step.name.as_str()).collect();
        let at_step = |name: &str| order.iter().position(|one| *one == name);
        ensure!(at_step("ready") < at_step("switch") && at_step("switch") < at_step("drain"), "{order:?}");
        let second = app.application(&made).await?;
        ensure!(!second.changed, "{second:?}");
        let second = second.container.context("a container")?;
        assert_eq!(containers(&at.engine, "shop"), [second.to_string()]);
        assert_eq!(app.route_is(&route, RouteState::Live).await?.target, second);

        let done = app.work_on(&made, "roll-back", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        let third = app.application(&made).await?.container.context("a container")?;
        let asked = at.engine.asked_for(third.as_str()).context("a container")?;
        ensure!(!asked.environment.contains_key("A"), "{asked:?}");
        let all = app.deployments(&made).await?;
        let states: Vec<_> = all.iter().map(|one| (one.number.get(), one.state)).collect();
        assert_eq!(states, [
            (3, DeploymentState::Serving),
            (2, DeploymentState::Replaced),
            (1, DeploymentState::Replaced),
        ]);
        assert_eq!(all[0].rolled_back_to.map(std::num::NonZeroU32::get), Some(1));
        assert_eq!((&all[0].image_id, all[0].image.as_str()), (&all[2].image_id, "shop:1"));
    }
}

story! {
    /// It is stopped, started and started anew when somebody says so; one that ends is down, and one
    /// that was removed is made again.
    async fn an_application_is_operated(app) {
        let at = place(app).await?;
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        app.deploy(&made, "shop:1").await?;
        let running = app.application_is(&made, ApplicationState::Running).await?;
        let name = running.container.context("a container")?.to_string();
        let done = app.work_on(&made, "stop", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        app.application_is(&made, ApplicationState::Stopped).await?;
        ensure!(at.engine.container(&name).is_some_and(|one| !one.is_running()), "it runs");
        app.work_on(&made, "start", json!({})).await?;
        app.application_is(&made, ApplicationState::Running).await?;
        let before = at.engine.container(&name).context("a container")?.started_at;
        app.work_on(&made, "restart", json!({})).await?;
        let after = at.engine.container(&name).context("a container")?.started_at;
        ensure!(after > before, "{before:?} {after:?}");

        at.engine.crash_container(&name);
        let down = app.application_is(&made, ApplicationState::Down).await?;
        ensure!(down.reason.is_some_and(|why| why.contains("`start_application`")), "no way out");
        at.engine.drop_container(&name);
        app.application_is(&made, ApplicationState::Missing).await?;
        let done = app.work_on(&made, "start", json!({})).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        app.application_is(&made, ApplicationState::Running).await?;
        assert_eq!(containers(&at.engine, "shop"), [name]);
    }
}

story! {
    /// With a volume the old container stops before the new one starts, and both have the same data;
    /// a removal keeps the volume unless it is said that it goes.
    async fn a_volume_outlives_deployments(app) {
        let at = place(app).await?;
        let mut wanted = spec("shop:1");
        wanted["mounts"] = json!([{ "source": { "volume": "data" }, "target": "/data" }]);
        let made = app.add_application(&at, "shop", wanted.clone()).await?;
        app.deploy(&made, "shop:1").await?;
        let volumes = at.engine.volume_names();
        ensure!(volumes.len() == 1 && volumes[0].ends_with("-data"), "{volumes:?}");
        let done = app.deploy(&made, "shop:2").await?;
        ensure!(step(&done, "stop")?.contains("nothing answers"), "{done:?}");
        assert_eq!(at.engine.volume_names(), volumes);

        let path = format!("/v1/applications/{}", made.id);
        let preview: Value = app.owner.delete(&format!("{path}?preview=true")).await?.ok()?;
        ensure!(preview["steps"].to_string().contains(&format!("keep volume `{}`", volumes[0])), "{preview}");
        let gone: Operation = app.owner.delete(&format!("{path}?wait=30")).await?.accepted()?;
        ensure!(gone.state == OperationState::Succeeded, "{gone:#?}");
        assert_eq!(app.owner.get(&path).await?.status, 404);
        assert_eq!(at.engine.volume_names(), volumes);
        ensure!(containers(&at.engine, "shop").is_empty(), "its container stays");

        let again = app.add_application(&at, "shop", wanted).await?;
        app.deploy(&again, "shop:1").await?;
        let path = format!("/v1/applications/{}?volumes=true&wait=30", again.id);
        let gone: Operation = app.owner.delete(&path).await?.accepted()?;
        ensure!(gone.state == OperationState::Succeeded, "{gone:#?}");
        assert_eq!(at.engine.volume_names(), volumes);
    }
}
