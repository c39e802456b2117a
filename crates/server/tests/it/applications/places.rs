//! Further places of an application: on other servers, following what it serves, each on its own when it comes
//! to failing, being stopped and being removed.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::{FakeEngine, FakeImage};
use portolan_types::{
    Application, ApplicationState, DeploymentState, Destination, Operation, OperationState, Page,
    Preview, Right, Route, Server, Variables,
};
use serde_json::{Value, json};

use super::{Place, containers, place, spec};
use crate::{
    security::{Team, join},
    support::{Answer, TestApp, eventually, story},
};

/// Where the other place is.
struct Other {
    server: Server,
    engine: Arc<FakeEngine>,
    destination: Destination,
}

impl TestApp {
    /// A server that has only what its registry has.
    async fn another_server(&self, name: &str, network: &str) -> Result<Other> {
        let (server, engine) = self.add_server(name).await?;
        let destination = self.owner.destination(&server, network).await?;
        Ok(Other { server, engine, destination })
    }

    async fn ask_for_place(&self, one: &Application, to: &Destination) -> Result<Answer> {
        let path = format!("/v1/applications/{}/places", one.id);
        self.owner.post(&path, json!({ "destination_id": to.id })).await
    }

    async fn places(&self, one: &Application) -> Result<Vec<Application>> {
        let path = format!("/v1/applications/{}/places", one.id);
        Ok(self.owner.get(&path).await?.ok::<Page<Application>>()?.items)
    }

    /// It runs an image, and is what it is to be.
    async fn follows(&self, place: &Application, image: &str) -> Result<Application> {
        eventually(&format!("the place runs {image}"), || async {
            let now = self.application(place).await?;
            let is_there = now.spec.image.as_str() == image && !now.changed;
            Ok((is_there && now.state == ApplicationState::Running).then_some(now))
        })
        .await
    }
}

/// With everything that a place has too.
async fn shop(app: &TestApp, at: &Place) -> Result<Application> {
    let mut wanted = spec("shop:1");
    wanted["aliases"] = json!(["till"]);
    wanted["published"] = json!([{ "host": 8080, "container": 80 }]);
    wanted["mounts"] = json!([{ "source": { "volume": "goods" }, "target": "/goods" }]);
    let made = app.add_application(at, "shop", wanted).await?;
    let set = json!({ "set": [{ "name": "SIGNING_KEY", "value": "sesame", "secret": true }] });
    let path = format!("/v1/applications/{}/variables", made.id);
    app.owner.patch(&path, set).await?.ok::<Variables>()?;
    Ok(made)
}

/// By which every registry's image is found for ever.
fn pinned() -> String {
    format!("shop@sha256:{}", "a".repeat(64))
}

story! {
    /// What serves is deployed at a new place: the very image, with settings, secrets and names, and volumes of
    /// its own. Deployments and rollbacks are followed; a bad image never leaves the first place.
    async fn an_application_is_on_further_servers(app) {
        let at = place(app).await?;
        let mut image = FakeImage::new();
        image.image.digests = vec![pinned()];
        at.engine.publish_image("shop:1", image);
        let other = app.another_server("bravo", "quay").await?;
        other.engine.publish_image(&pinned(), FakeImage::new());
        other.engine.publish_image("shop:2", FakeImage::new());
        let made = shop(app, &at).await?;
        app.deploy(&made, "shop:1").await?;

        let route = json!({
            "destination_id": at.destination.id, "host": "shop.example.com",
            "application_id": made.id,
        });
        app.owner.post("/v1/routes", route).await?.created::<Route>()?;
        let path = format!("/v1/applications/{}/places", made.id);
        let body = json!({ "destination_id": other.destination.id, "with_routes": true });
        let there: Application = app.owner.post(&path, body).await?.created()?;
        assert_eq!(there.name.as_str(), "shop-bravo");
        let of = there.place_of.as_ref().context("it is a place")?;
        assert_eq!((&of.application_id, &of.application_name), (&made.id, &made.name));
        let now = app.follows(&there, &pinned()).await?;
        let name = now.container.context("a container")?;
        let asked = other.engine.asked_for(name.as_str()).context("a container")?;
        assert_eq!(asked.environment.get("SIGNING_KEY").map(String::as_str), Some("sesame"));
        assert_eq!((asked.mounts.len(), other.engine.volume_names().len()), (1, 1));
        let names = ["shop-bravo", "shop", "till"].map(str::to_owned).to_vec();
        assert_eq!(other.engine.members("quay"), [(name.to_string(), names)]);
        let path = format!("/v1/routes?destination_id={}", other.destination.id);
        let led: Page<Route> = app.owner.get(&path).await?.ok()?;
        let led: Vec<_> = led.items.iter().map(|one| (one.address(), &one.target)).collect();
        assert_eq!(led, [("shop.example.com/".to_owned(), &name)]);
        assert_eq!(app.application(&made).await?.places, 1);
        assert_eq!(app.places(&made).await?.len(), 1);
        let shown: Variables =
            app.owner.get(&format!("/v1/applications/{}/variables", there.id)).await?.ok()?;
        ensure!(shown.items.len() == 1 && shown.items[0].value.is_none(), "{shown:?}");

        app.deploy(&made, "shop:2").await?;
        app.follows(&there, "shop:2").await?;
        let done = app.work_on(&made, "deploy", json!({ "image": "shop:bad" })).await?;
        assert_eq!(done.state, OperationState::Failed);
        app.work_on(&made, "roll-back", json!({})).await?;
        app.follows(&there, &pinned()).await?;
        let made_there = app.deployments(&there).await?;
        let images: Vec<_> = made_there.iter().map(|one| one.image.to_string()).collect();
        assert_eq!(images, [pinned(), "shop:2".to_owned(), pinned()]);
        ensure!(made_there.iter().all(|one| one.by.contains('@')), "{made_there:?}");
    }
}

story! {
    /// A place that cannot follow goes on with what it serves, and is deployed anew by itself; it is stopped
    /// and removed by itself, and an application with places stays.
    async fn each_place_stands_for_itself(app) {
        let at = place(app).await?;
        let other = app.another_server("bravo", "quay").await?;
        other.engine.publish_image("shop:1", FakeImage::new());
        let made = shop(app, &at).await?;
        // Where nothing serves yet, the place waits for the first deployment.
        let there: Application = app.ask_for_place(&made, &other.destination).await?.created()?;
        assert_eq!((there.state, &there.operation_id), (ApplicationState::New, &None));
        let answer = app.owner.post(&format!("/v1/applications/{}/deploy", there.id), json!({})).await?;
        answer.refused("never-deployed")?;
        app.deploy(&made, "shop:1").await?;
        app.follows(&there, "shop:1").await?;

        app.deploy(&made, "shop:3").await?;
        eventually("its image was not to be had", || async {
            let latest = app.deployments(&there).await?.into_iter().next();
            Ok(latest.filter(|one| one.state == DeploymentState::Failed))
        })
        .await?;
        let behind = app.application_is(&there, ApplicationState::Running).await?;
        ensure!(behind.changed, "{behind:?}");
        assert_eq!(containers(&other.engine, "shop").len(), 1);
        other.engine.publish_image("shop:3", FakeImage::new());
        let done = app.work_on(&there, "deploy", json!({})).await?;
        assert_eq!(done.state, OperationState::Succeeded, "{done:?}");
        app.follows(&there, "shop:3").await?;
        app.work_on(&there, "stop", json!({})).await?;
        app.application_is(&there, ApplicationState::Stopped).await?;
        app.application_is(&made, ApplicationState::Running).await?;

        let path = format!("/v1/applications/{}", made.id);
        let seen: Preview = app.owner.delete(&format!("{path}?preview=true")).await?.ok()?;
        ensure!(!seen.allowed, "{seen:?}");
        ensure!(seen.refusals[0].message.contains("shop-bravo"), "{seen:?}");
        app.owner.delete(&path).await?.refused("application-has-places")?;
        let gone = format!("/v1/applications/{}?wait=30&volumes=true", there.id);
        let done: Operation = app.owner.delete(&gone).await?.accepted()?;
        ensure!(done.failure.is_none(), "{done:?}");
        ensure!(other.engine.volume_names().is_empty(), "{:?}", other.engine.volume_names());
        assert_eq!(app.application(&made).await?.places, 0);
        let done: Operation = app.owner.delete(&format!("{path}?wait=30")).await?.accepted()?;
        ensure!(done.failure.is_none(), "{done:?}");
    }
}

story! {
    /// One place a server; names and ports there have their owners; a place is changed by its original alone,
    /// and nobody brings anything to a server on which they may not.
    async fn what_is_against_further_places(app) {
        let at = place(app).await?;
        let made = shop(app, &at).await?;
        let beside = app.owner.destination(&at.server, "beside").await?;
        app.ask_for_place(&made, &beside).await?.refused("place-on-same-server")?;
        let other = app.another_server("bravo", "quay").await?;
        let on_quay = |name: &str, spec: Value| json!({
            "environment_id": at.environment.id, "destination_id": other.destination.id,
            "name": name, "spec": spec,
        });
        let mut wanted = json!({ "image": "shop:1", "aliases": ["shop"] });
        let first: Application =
            app.owner.post("/v1/applications", on_quay("first", wanted.clone())).await?.created()?;
        let problem = app.ask_for_place(&made, &other.destination).await?.refused("alias-taken")?;
        ensure!(problem.detail.contains("first"), "{problem:?}");
        wanted = json!({ "image": "shop:1", "published": [{ "host": 8080, "container": 1 }] });
        let path = format!("/v1/applications/{}", first.id);
        app.owner.patch(&path, json!({ "spec": wanted })).await?.ok::<Application>()?;
        app.ask_for_place(&made, &other.destination).await?.refused("port-taken")?;
        app.owner.patch(&path, json!({ "spec": { "image": "shop:1" } })).await?.ok::<Application>()?;

        let person = join(app, "member", Team::Same).await?;
        person.grant_in(app, at.environment.project_id.as_str(), Right::Manage).await?;
        person.grant(app, at.server.id.as_str(), Right::Manage).await?;
        let ask = format!("/v1/applications/{}/places", made.id);
        let body = json!({ "destination_id": other.destination.id });
        let answer = person.client.post(&ask, body).await?;
        ensure!(matches!(answer.status.as_u16(), 403 | 404), "{}", answer.text);
        let there: Application = app.ask_for_place(&made, &other.destination).await?.created()?;
        app.ask_for_place(&made, &other.destination).await?.refused("place-on-same-server")?;
        // They have the first server, and not the one on which it is besides.
        let mut with_bind = serde_json::to_value(&made.spec)?;
        with_bind["mounts"] = json!([{ "source": { "bind": "/etc" }, "target": "/host" }]);
        let change = json!({ "spec": with_bind });
        let path = format!("/v1/applications/{}", made.id);
        assert_eq!(person.client.patch(&path, change.clone()).await?.status, 403);
        // Names are claimed at all places.
        let mut named = serde_json::to_value(&made.spec)?;
        named["aliases"] = json!(["first"]);
        let problem = app.owner.patch(&path, json!({ "spec": named })).await?.refused("alias-taken")?;
        ensure!(problem.detail.contains("quay") || problem.detail.contains("bravo"), "{problem:?}");

        let path = format!("/v1/applications/{}", there.id);
        let code = "application-is-a-place";
        app.owner.patch(&path, json!({ "spec": with_bind })).await?.refused(code)?;
        for (act, body) in [
            ("roll-back", json!({})),
            ("deploy", json!({ "image": "shop:2" })),
            ("clone", json!({ "name": "second" })),
            ("places", json!({ "destination_id": beside.id })),
        ] {
            app.owner.post(&format!("{path}/{act}"), body).await?.refused(code)?;
        }
        let set = json!({ "set": [{ "name": "A", "value": "1" }] });
        app.owner.patch(&format!("{path}/variables"), set).await?.refused(code)?;
        ensure!(other.server.id == there.server_id, "{there:?}");
    }
}
