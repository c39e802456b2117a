//! Stacks: a Compose file is applied, changed and removed, and what it asks for in vain is refused.

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::FakeImage;
use portolan_types::{
    Application, ApplicationState, Operation, OperationState, Preview, Problem, Stack,
    StackApplied, Variables,
};
use serde_json::{Value, json};

use crate::{
    applications::{Place, place},
    support::{TestApp, eventually, story},
};

mod files;

/// Three services, of which two share a network that the third is not on.
pub(crate) const FILE: &str = "\
services:
  web:
    image: shop:${TAG:-1}
    depends_on:
      cache: {condition: service_healthy}
    environment:
      CACHE_URL: redis://:${PASSWORD}@cache:6379
      MODE: live
    expose: [80]
    networks: [default, back]
    stop_grace_period: 1s
  cache:
    image: shop:2
    expose: [80]
    volumes: [\"data:/data\"]
    networks:
      back: {aliases: [store]}
    stop_grace_period: 1s
  worker:
    image: shop:3
    expose: [80]
    depends_on: [web]
    stop_grace_period: 1s
networks:
  back: {internal: true}
volumes:
  data:
";

pub(crate) fn body(at: &Place, name: &str, file: &str) -> Value {
    json!({
        "environment_id": at.environment.id, "destination_id": at.destination.id, "name": name,
        "file": file,
        "variables": [{ "name": "PASSWORD", "value": "open sesame", "secret": true }],
    })
}

/// A stack of images that are nowhere; answers its id.
pub(crate) async fn add_nowhere(
    app: &TestApp,
    (environment, destination): (&str, &str),
    name: &str,
) -> Result<String> {
    let body = json!({
        "environment_id": environment, "destination_id": destination, "name": name,
        "file": "services: {one: {image: \"nowhere:1\"}}",
    });
    let made: StackApplied = app.owner.post("/v1/stacks", body).await?.created()?;
    for operation in &made.operations {
        app.settled(operation).await?;
    }
    Ok(made.stack.id.to_string())
}

impl TestApp {
    /// Waits for the end of work.
    async fn settled(&self, operation: &Operation) -> Result<Operation> {
        let path = format!("/v1/operations/{}?wait=30", operation.id);
        let done: Operation = self.owner.get(&path).await?.ok()?;
        ensure!(done.state.is_over(), "{done:#?}");
        Ok(done)
    }

    async fn all_succeed(&self, applied: &StackApplied) -> Result<()> {
        for operation in &applied.operations {
            let done = self.settled(operation).await?;
            ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        }
        Ok(())
    }

    async fn stack(&self, stack: &Stack) -> Result<Stack> {
        self.owner.get(&format!("/v1/stacks/{}", stack.id)).await?.ok()
    }

    async fn service(&self, stack: &Stack, name: &str) -> Result<Application> {
        let found = stack.services.iter().find(|one| one.name.as_str() == name);
        let id = &found.with_context(|| format!("no service {name}: {stack:#?}"))?.application_id;
        self.owner.get(&format!("/v1/applications/{id}")).await?.ok()
    }

    async fn apply(&self, stack: &Stack, body: Value) -> Result<StackApplied> {
        self.owner.post(&format!("/v1/stacks/{}/apply", stack.id), body).await?.accepted()
    }
}

/// Where the container of a service is, with what it answers to there.
fn places(at: &Place, one: &Application) -> Result<Vec<(String, Vec<String>)>> {
    let container = one.container.as_ref().context("a container")?;
    let found = at.engine.container(container.as_str()).context("it is not there")?;
    let places = found.endpoints.iter();
    Ok(places.map(|one| (one.attachment.key.clone(), one.endpoint.aliases.clone())).collect())
}

fn position(names: &[&str], wanted: &str) -> Option<usize> {
    names.iter().position(|name| *name == wanted)
}

story! {
    /// The services of a file are applications that find each other where the file says, made in the
    /// order in which they need each other; another file changes what differs, and all of it goes.
    async fn a_file_is_applied_changed_and_removed(app) {
        let at = place(app).await?;
        let preview: Preview =
            app.owner.post("/v1/stacks?preview=true", body(&at, "shop", FILE)).await?.ok()?;
        ensure!(preview.allowed && preview.steps.len() == 4, "{preview:#?}");
        let answer = app.owner.post("/v1/stacks", body(&at, "shop", FILE)).await?;
        ensure!(!answer.text.contains("open sesame"), "{}", answer.text);
        let made: StackApplied = answer.created()?;
        let asked: Vec<&str> = made.operations.iter().map(|one| one.subject_name.as_str()).collect();
        assert_eq!(asked, ["shop-cache", "shop-web", "shop-worker"]);
        app.all_succeed(&made).await?;

        // Each began when what it needs was done.
        let mut times = Vec::new();
        for operation in &made.operations {
            let done = app.settled(operation).await?;
            times.push((done.started_at.context("it began")?, done.finished_at.context("it ended")?));
        }
        ensure!(times[0].1 <= times[1].0 && times[1].1 <= times[2].0, "{times:?}");

        let stack = app.stack(&made.stack).await?;
        let network = stack.networks[0].network.to_string();
        assert_eq!((stack.networks[0].name.as_str(), stack.networks[0].services.len()), ("back", 2));
        let on_host = at.engine.network(&network).context("a network")?;
        ensure!(on_host.internal && on_host.subnets[0].subnet.starts_with("198.18."), "{on_host:?}");
        let (web, cache) = (app.service(&stack, "web").await?, app.service(&stack, "cache").await?);
        assert_eq!(places(&at, &cache)?, [(network.clone(), vec!["cache".into(), "store".into()])]);
        let of_web = places(&at, &web)?;
        let names: Vec<&str> = of_web.iter().map(|(name, _)| name.as_str()).collect();
        ensure!(position(&names, "web").is_some() && position(&names, &network).is_some(), "{of_web:?}");
        let container = web.container.as_ref().context("a container")?;
        let asked = at.engine.asked_for(container.as_str()).context("a container")?;
        let url = asked.environment.get("CACHE_URL").map(String::as_str);
        assert_eq!(url, Some("redis://:open sesame@cache:6379"));
        let path = format!("/v1/applications/{}/variables", web.id);
        let shown: Variables = app.owner.get(&path).await?.ok()?;
        ensure!(shown.items.iter().any(|one| one.secret) && shown.items.len() == 2, "{shown:?}");

        let same: StackApplied = app.apply(&stack, json!({})).await?;
        ensure!(same.operations.is_empty(), "{same:#?}");
        // A service is made by its file, and not by people; what people set besides stays.
        let one = format!("/v1/applications/{}", web.id);
        app.owner.patch(&one, json!({ "spec": { "image": "shop:3" } })).await?
            .refused("application-of-a-stack")?;
        app.owner.delete(&one).await?.refused("application-of-a-stack")?;
        let _: Variables =
            app.owner.patch(&path, json!({ "set": [{ "name": "OWN", "value": "1" }] })).await?.ok()?;

        // Somebody takes it off.
        at.engine.disconnect(&network, container.as_str());
        eventually("it is brought back", || async {
            Ok(places(&at, &web)?.iter().any(|(name, _)| *name == network).then_some(()))
        }).await?;

        // One without the worker and with another tag.
        let without = FILE.replace("      MODE: live\n", "");
        let (start, rest) = without.split_once("  worker:").context("a worker")?;
        let rest = rest.split_once("networks:").context("networks")?.1;
        let without = format!("{start}networks:{rest}");
        let change = json!({ "file": without, "variables": [{ "name": "TAG", "value": "3" }] });
        let apply = format!("/v1/stacks/{}/apply", stack.id);
        let preview: Preview =
            app.owner.post(&format!("{apply}?preview=true"), change.clone()).await?.ok()?;
        let steps = preview.steps.join("\n");
        ensure!(steps.contains("change service `web` (image, variable `MODE`)"), "{steps}");
        ensure!(steps.contains("remove service `worker`"), "{steps}");
        let refused = app.owner.post(&apply, change.clone()).await?.refused("stack-services-would-go")?;
        ensure!(refused.detail.contains("worker"), "{refused:?}");
        let mut change = change;
        change["remove"] = json!(true);
        let changed = app.apply(&stack, change).await?;
        app.all_succeed(&changed).await?;
        let stack = app.stack(&stack).await?;
        assert_eq!(stack.services.len(), 2);
        assert_eq!(app.service(&stack, "web").await?.spec.image.as_str(), "shop:3");
        let shown: Variables = app.owner.get(&path).await?.ok()?;
        let names: Vec<&str> = shown.items.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["CACHE_URL", "OWN"]);

        let path = format!("/v1/stacks/{}", stack.id);
        let preview: Preview = app.owner.delete(&format!("{path}?preview=true")).await?.ok()?;
        ensure!(preview.allowed && preview.steps.iter().any(|step| step.contains(&network)), "{preview:?}");
        let removed: StackApplied = app.owner.delete(&path).await?.accepted()?;
        app.all_succeed(&removed).await?;
        ensure!(app.owner.get(&path).await?.status == 404, "it is there still");
        eventually("its network is gone", || async {
            Ok(at.engine.network(&network).is_none().then_some(()))
        }).await?;
        let text = app.owner.get("/v1/events?limit=200").await?.text;
        ensure!(!text.contains("sesame") && text.contains("stack.removed"), "{text}");
    }
}

story! {
    /// A service is on another destination too, where it has its names alone; who has one of these there
    /// already is told, and a file without it takes it off.
    async fn a_service_joins_another_destination(app) {
        let at = place(app).await?;
        let file = "services:\n  web:\n    image: shop:1\n    expose: [80]\n    networks: [default, edge]\n    \
                    stop_grace_period: 1s\nnetworks:\n  edge: {external: true}\n";
        let create = || app.owner.post("/v1/stacks", body(&at, "shop", file));
        create().await?.refused("network-is-no-destination")?;
        let edge = app.owner.destination(&at.server, "edge").await?;
        let preview: Preview =
            app.owner.post("/v1/stacks?preview=true", body(&at, "shop", file)).await?.ok()?;
        ensure!(preview.steps.iter().any(|one| one.contains("`web` joins `edge`")), "{preview:?}");
        let other = |name: &str| json!({
            "environment_id": at.environment.id, "destination_id": edge.id, "name": name,
            "spec": { "image": "shop:1" },
        });
        let web: Application = app.owner.post("/v1/applications", other("web")).await?.created()?;
        let clash = create().await?.refused("alias-taken")?;
        ensure!(clash.detail.contains("application `web`"), "{clash:?}");
        app.owner.delete(&format!("/v1/applications/{}?wait=30", web.id)).await?.accepted::<Operation>()?;

        let made: StackApplied = create().await?.created()?;
        app.all_succeed(&made).await?;
        let stack = app.stack(&made.stack).await?;
        assert_eq!(stack.visits.len(), 1);
        assert_eq!(stack.visits[0].destination_id, edge.id);
        let web = app.service(&stack, "web").await?;
        let there = |all: &[(String, Vec<String>)]| {
            all.iter().find(|(name, _)| name == "edge").map(|(_, names)| names.clone())
        };
        assert_eq!(there(&places(&at, &web)?), Some(vec!["web".to_owned()]));
        app.owner.post("/v1/applications", other("web")).await?.refused("alias-taken")?;
        at.engine.disconnect("edge", web.container.as_ref().context("a container")?.as_str());
        eventually("it is brought back", || async { Ok(there(&places(&at, &web)?)) }).await?;

        let without = json!({ "file": file.replace("[default, edge]", "[default]") });
        let changed = app.apply(&stack, without).await?;
        app.all_succeed(&changed).await?;
        let stack = app.stack(&stack).await?;
        ensure!(stack.visits.is_empty(), "{stack:?}");
        assert_eq!(there(&places(&at, &app.service(&stack, "web").await?)?), None);
        app.owner.post("/v1/applications", other("web")).await?.created::<Application>()?;
    }
}

story! {
    /// What is not done is refused by name and line before anything is made, what a service needs and
    /// does not get keeps it from being deployed, and names are had once.
    async fn a_file_that_cannot_be_is_refused(app) {
        let at = place(app).await?;
        let file = "services:\n  web:\n    image: shop:1\n    privileged: true\n    env_file: .env\n";
        let refused: Problem =
            app.owner.post("/v1/stacks", body(&at, "shop", file)).await?.refused("compose-file")?;
        ensure!(refused.detail.contains("line 4: `services.web.privileged`"), "{refused:?}");
        ensure!(refused.detail.contains("line 5: `services.web.env_file`"), "{refused:?}");
        let preview: Preview =
            app.owner.post("/v1/stacks?preview=true", body(&at, "shop", file)).await?.ok()?;
        ensure!(!preview.allowed && preview.refusals[0].message.contains("line 4"), "{preview:?}");
        let several = "services: {web: {image: \"shop:1\", scale: 2}}";
        let answer = app.owner.post("/v1/stacks", body(&at, "shop", several)).await?;
        ensure!(answer.status == 422 && answer.text.contains("service `web` (line 1)"), "{}", answer.text);
        // Nothing was made of any of them.
        let listed: Value = app.owner.get("/v1/applications").await?.ok()?;
        ensure!(listed["items"].as_array().is_some_and(Vec::is_empty), "{listed}");

        at.engine.publish_image("broken:1", FakeImage { ends_with: Some(3), ..FakeImage::new() });
        let file = "services:\n  db: {image: \"broken:1\"}\n  web: {image: \"shop:1\", depends_on: [db]}\n";
        let made: StackApplied =
            app.owner.post("/v1/stacks", body(&at, "shop", file)).await?.created()?;
        let (db, web) = (app.settled(&made.operations[0]).await?, app.settled(&made.operations[1]).await?);
        ensure!(db.state == OperationState::Failed && web.state == OperationState::Failed, "{web:#?}");
        let why = web.failure.context("a failure")?;
        assert_eq!(why.code, "needed-service-fails");
        ensure!(why.message.contains("service `db`"), "{why:?}");
        assert_eq!(app.service(&made.stack, "web").await?.state, ApplicationState::New);

        app.owner.post("/v1/stacks", body(&at, "shop", FILE)).await?.refused("stack-exists")?;
        let clash = app.owner.post("/v1/stacks", body(&at, "other", FILE)).await?.refused("alias-taken")?;
        ensure!(clash.detail.contains("service `web`") && clash.detail.contains("shop-web"), "{clash:?}");
    }
}
