//! Another application of what one is wanted to be.

use anyhow::{Context, Result, ensure};
use portolan_types::{Application, ClonedApplication, Operation, Right, Variables};
use serde_json::{Value, json};

use super::{
    Place,
    moves::{elsewhere, writer},
    place,
};
use crate::{
    projects,
    security::{Team, join},
    support::{TestApp, eventually, story},
};

async fn shop(app: &TestApp, at: &Place) -> Result<Application> {
    let spec = json!({
        "image": "shop:1", "port": 80, "aliases": ["till"],
        "published": [{ "host": 8080, "container": 80 }],
        "mounts": [{ "source": { "volume": "goods" }, "target": "/goods" }],
    });
    let shop = app.add_application(at, "shop", spec).await?;
    let set = json!({ "set": [
        { "name": "CURRENCY", "value": "EUR" },
        { "name": "SIGNING_KEY", "value": "sesame", "secret": true },
    ] });
    app.owner.patch(&path(&shop, "variables"), set).await?.ok::<Variables>()?;
    Ok(shop)
}

fn path(one: &Application, what: &str) -> String {
    format!("/v1/applications/{}/{what}", one.id)
}

async fn clone(app: &TestApp, one: &Application, how: Value) -> Result<ClonedApplication> {
    app.owner.post(&path(one, "clone"), how).await?.created()
}

story! {
    /// Beside the original it has all but what only one can have; elsewhere it has that too. Its
    /// variables are its own, the secret ones as well.
    async fn an_application_is_cloned(app) {
        let at = place(app).await?;
        let shop = shop(app, &at).await?;
        let beside = clone(app, &shop, json!({ "name": "shop-next" })).await?;
        assert_eq!(beside.left_out, ["port 8080 of the host", "the name `till`"]);
        let next = beside.application;
        assert_eq!((&next.destination_id, next.environment_id == shop.environment_id),
            (&shop.destination_id, true));
        ensure!(next.spec.published.is_empty() && next.spec.aliases.is_empty(), "{next:?}");
        assert_eq!((&next.spec.mounts, &next.spec.image), (&shop.spec.mounts, &shop.spec.image));
        let seen: Variables = app.owner.get(&path(&next, "variables")).await?.ok()?;
        let values: Vec<_> = seen.items.iter().map(|one| (one.name.as_str(), one.secret)).collect();
        assert_eq!(values, [("CURRENCY", false), ("SIGNING_KEY", true)]);
        let done = app.work_on(&next, "deploy", json!({})).await?;
        ensure!(done.state.is_over() && done.failure.is_none(), "{done:?}");
        let name = app.application(&next).await?.container.context("a container")?;
        let asked = at.engine.asked_for(name.as_str()).context("a container")?;
        assert_eq!(asked.environment.get("SIGNING_KEY").map(String::as_str), Some("sesame"));

        let (other, _) = app.add_server("bravo").await?;
        let elsewhere = app.owner.destination(&other, "market").await?;
        let how = json!({
            "name": "shop-far", "destination_id": elsewhere.id, "without_variables": true,
        });
        let far = clone(app, &shop, how).await?;
        assert_eq!((far.left_out, &far.application.spec), (vec![], &shop.spec));
        let seen: Variables = app.owner.get(&path(&far.application, "variables")).await?.ok()?;
        ensure!(seen.items.is_empty(), "{seen:?}");
        // What is the original's stays the original's.
        assert_eq!(app.application(&shop).await?.spec, shop.spec);
    }
}

story! {
    /// What is in its volumes comes along when it is deployed for the first time, beside the original as to
    /// another server, and not while the original may write. Nothing is left of the copying.
    async fn a_clone_begins_with_what_is_in_volumes(app) {
        let at = place(app).await?;
        let (shop, volume) = writer(app, &at).await?;
        let (beta, quay) = elsewhere(app).await?;
        let next = clone(app, &shop, json!({ "name": "next", "with_volumes": true })).await?;
        let far = json!({ "name": "far", "with_volumes": true, "destination_id": quay.id });
        let far = clone(app, &shop, far).await?.application;
        let next = next.application;

        let done = app.work_on(&next, "deploy", json!({})).await?;
        let failure = done.failure.context("it was deployed")?;
        ensure!(failure.code == "original-runs" && failure.message.contains("shop-"), "{failure:?}");
        let gone = || async { Ok((at.engine.container_names().len() == 1).then_some(())) };
        eventually("nothing is left of the copying", gone).await?;
        let mine = format!("/v1/applications/{}", shop.id);
        let refused = app.owner.delete(&mine).await?.refused("clones-wait")?;
        ensure!(refused.detail.contains("far, next"), "{refused:?}");

        app.work_on(&shop, "stop", json!({})).await?;
        for (one, engine, containers) in [(&next, &at.engine, 2), (&far, &beta, 1)] {
            let done = app.work_on(one, "deploy", json!({})).await?;
            ensure!(done.failure.is_none(), "{done:#?}");
            ensure!(done.steps.iter().any(|step| step.name == "copy"), "{done:#?}");
            let mut volumes = engine.volume_names();
            volumes.retain(|name| *name != volume);
            let [copied] = volumes.as_slice() else { anyhow::bail!("{volumes:?}") };
            assert_eq!(engine.written(copied, "/b/c").as_deref(), Some(&b"two"[..]));
            assert_eq!(engine.container_names().len(), containers);
        }
        // Once is enough: what the clone writes is its own.
        let done = app.work_on(&next, "deploy", json!({})).await?;
        ensure!(done.steps.iter().all(|step| step.name != "copy"), "{done:#?}");
        app.owner.delete(&mine).await?.accepted::<Operation>()?;
    }
}

story! {
    /// A name is taken once, isolation holds for clones, and whoever may not manage the original learns
    /// nothing of its secrets by making a clone of it.
    async fn what_is_against_a_clone(app) {
        let at = place(app).await?;
        let shop = shop(app, &at).await?;
        let answer = app.owner.post(&path(&shop, "clone"), json!({ "name": "shop" })).await?;
        answer.refused("application-exists")?;
        let project = projects::add(&app.owner, "post").await?;
        let live = projects::environment(&app.owner, &project, "live").await?;
        let how = json!({ "name": "shop", "environment_id": live.id });
        let answer = app.owner.post(&path(&shop, "clone"), how.clone()).await?;
        assert_eq!(answer.status, 422, "{}", answer.text);
        let mut on_its_network = how;
        on_its_network["destination_id"] = json!(at.destination.id);
        let answer = app.owner.post(&path(&shop, "clone"), on_its_network).await?;
        ensure!(answer.status == 409 && answer.text.contains("environment"), "{}", answer.text);

        let member = join(app, "member", Team::Same).await?;
        member.grant_in(app, live.project_id.as_str(), Right::Manage).await?;
        member.grant(app, at.server.id.as_str(), Right::Use).await?;
        let theirs = app.owner.destination(&at.server, "post").await?;
        let how = json!({
            "name": "shop", "environment_id": live.id, "destination_id": theirs.id,
        });
        let answer = member.client.post(&path(&shop, "clone"), how).await?;
        assert_eq!(answer.status, 403, "{}", answer.text);
    }
}
