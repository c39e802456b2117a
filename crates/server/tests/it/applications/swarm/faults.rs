//! What goes wrong in a deployment on a swarm: what served before comes back, whatever happens.

use anyhow::{Context, Result, ensure};
use portolan_server::host::{
    HostError,
    fake::{TaskFate, Trouble},
};
use portolan_types::{
    Application, ApplicationState, DeploymentState, Operation, OperationState, StepState,
};
use serde_json::json;

use super::{Sea, replicas, service_name, tasks};
use crate::support::{Database, TestApp, eventually, story};

story! {
    /// A program that ends is told of in the swarm's words, and the definition before comes back.
    async fn a_failed_deployment_goes_back(app) {
        let sea = Sea::new(app).await?;
        sea.at.engine.publish_image("shop:bad", portolan_server::host::fake::FakeImage::new());
        let made = sea.deployed(app, replicas(2)).await?;
        let done = app.work_on(&made, "deploy", json!({ "image": "shop:bad" })).await?;
        let failure = done.failure.context("it succeeded")?;
        assert_eq!(failure.code, "not-ready");
        ensure!(failure.message.contains("non-zero exit (3)"), "{failure:?}");
        ensure!(failure.message.contains("on node "), "{failure:?}");
        sea.is_of(&made, "shop:1").await?;
        app.application_is(&made, ApplicationState::Running).await?;
        assert_eq!(sea.swarm.nodes_of(&service_name(&made)).len(), 2);
        let latest = app.deployments(&made).await?.swap_remove(0);
        assert_eq!(latest.state, DeploymentState::Failed);
    }
}

story! {
    /// Where nothing served before nothing is left, and an image that no node finds is told of.
    async fn a_first_deployment_that_fails_leaves_nothing(app) {
        let sea = Sea::new(app).await?;
        let mut wanted = replicas(2);
        wanted["image"] = json!("shop:none");
        let made = app.add_application(&sea.at, "shop", wanted).await?;
        let done = app.work_on(&made, "deploy", json!({})).await?;
        let asked = done.steps.iter().find(|step| step.name == "resolve").context("a step")?;
        assert_eq!(asked.state, StepState::Warned);
        let failure = done.failure.context("it succeeded")?;
        ensure!(failure.message.contains("is rejected: No such image: shop:none"), "{failure:?}");
        eventually("nothing of it is left", || async {
            Ok(sea.swarm.service_names().is_empty().then_some(()))
        })
        .await?;
        app.application_is(&made, ApplicationState::New).await?;
        // What the nodes have and no registry does is deployed nevertheless.
        let done = app.deploy(&made, "built:1").await?;
        let asked = done.steps.iter().find(|step| step.name == "resolve").context("a step")?;
        assert_eq!(asked.state, StepState::Warned);
        assert_eq!(sea.service(&made)?.task.image, "built:1");
    }
}

story! {
    /// What waits for a place, or does not answer, has its time.
    async fn a_deployment_that_is_not_ready_in_time(app) {
        let sea = Sea::new(app).await?;
        let mut wanted = replicas(2);
        wanted["ready_within_seconds"] = json!(1);
        sea.swarm.set_full(Some("no suitable node (insufficient resources on 2 nodes)"));
        let made = app.add_application(&sea.at, "shop", wanted).await?;
        let done = app.work_on(&made, "deploy", json!({})).await?;
        let failure = done.failure.context("it succeeded")?;
        ensure!(failure.message.contains("0 of 2 replicas run"), "{failure:?}");
        ensure!(failure.message.contains("no suitable node"), "{failure:?}");
        sea.swarm.set_full(None);
        sea.swarm.publish("shop:1", TaskFate::IsDeaf);
        let done = app.work_on(&made, "deploy", json!({})).await?;
        let failure = done.failure.context("it succeeded")?;
        ensure!(failure.message.contains("2 of 2 replicas run, and nothing answers"), "{failure:?}");
        sea.swarm.publish("shop:1", TaskFate::Runs);
        app.deploy(&made, "shop:1").await?;
    }
}

story! {
    /// A deployment whose health check does not pass is cancelled, or makes way for the next one.
    async fn a_deployment_is_given_up(app) {
        let sea = Sea::new(app).await?;
        let made = sea.deployed(app, replicas(2)).await?;
        sea.swarm.publish("shop:2", TaskFate::Starts);
        let begun = begun(app, &sea, &made).await?;
        let path = format!("/v1/applications/{}/cancel", made.id);
        let ended: Operation = app.owner.post(&path, json!({})).await?.ok()?;
        assert_eq!(ended.id, begun.id);
        sea.is_of(&made, "shop:1").await?;
        app.application_is(&made, ApplicationState::Running).await?;

        let begun = self::begun(app, &sea, &made).await?;
        app.deploy(&made, "shop:3").await?;
        let displaced = app.owner.outcome(begun.id.as_str()).await?;
        assert_eq!(displaced.failure.context("a failure")?.code, "superseded");
        sea.is_of(&made, "shop:3").await?;
        let states: Vec<_> = app.deployments(&made).await?.iter().map(|one| one.state).collect();
        assert_eq!(states, [
            DeploymentState::Serving,
            DeploymentState::Cancelled,
            DeploymentState::Cancelled,
            DeploymentState::Replaced,
        ]);
    }
}

/// Begins a deployment whose replicas do not become healthy.
async fn begun(app: &TestApp, sea: &Sea, made: &Application) -> Result<Operation> {
    let path = format!("/v1/applications/{}/deploy", made.id);
    let begun: Operation = app.owner.post(&path, json!({ "image": "shop:2" })).await?.accepted()?;
    sea.is_of(made, "shop:2").await?;
    eventually("a replica is told of that starts", || async {
        let starts = tasks(app, made).await?.items.into_iter().find(|one| one.state == "starting");
        Ok(starts)
    })
    .await?;
    Ok(begun)
}

/// More than a deployment makes.
const MOST_CALLS: usize = 24;

/// Kills the process while each call to the manager is under way, once before it had an effect and
/// once after: the deployment is done after the restart.
async fn kill_at_each_call(database: Database) -> Result<()> {
    let mut app = TestApp::start(database).await?;
    let sea = Sea::new(&app).await?;
    let made = sea.deployed(&app, replicas(2)).await?;
    let mut deepest = 0;
    for call in app.some_of(0..MOST_CALLS) {
        let trouble = if call % 2 == 0 { Trouble::HangBefore } else { Trouble::HangAfter };
        let image = ["shop:1", "shop:2"][call / 2 % 2];
        sea.at.engine.trouble(call, trouble);
        let path = format!("/v1/applications/{}/deploy", made.id);
        let begun: Operation =
            app.owner.post(&path, json!({ "image": image })).await?.accepted()?;
        tokio::select! {
            () = sea.at.engine.hung() => deepest = deepest.max(call),
            done = app.owner.outcome(begun.id.as_str()) => drop(done?),
        }
        sea.at.engine.calm();
        app.restart().await?;
        let done = app.owner.outcome(begun.id.as_str()).await?;
        ensure!(done.state == OperationState::Succeeded, "call {call}: {done:#?}");
        sea.is_of(&made, image).await?;
        assert_eq!(sea.swarm.service_names(), [service_name(&made)]);
    }
    ensure!(deepest >= 6, "the calls of a deployment were not reached: {deepest}");
    app.stop().await?;
    app.database.drop().await
}

#[tokio::test]
async fn killed_at_each_call_of_a_service_on_sqlite() -> Result<()> {
    kill_at_each_call(Database::Sqlite).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn killed_at_each_call_of_a_service_on_postgres() -> Result<()> {
    kill_at_each_call(Database::postgres().await?).await
}

story! {
    /// A swarm that refuses one of the calls makes the deployment fail with its words, and what served
    /// before serves on.
    async fn refused_at_each_call(app) {
        let sea = Sea::new(app).await?;
        let made = sea.deployed(app, replicas(2)).await?;
        let why = HostError::Docker { status: 500, message: "no space left on device".into() };
        for method in ["find_service", "update_service", "list_service_tasks"] {
            sea.at.engine.trouble_in(method, Trouble::Refuse(why.clone()));
            let path = format!("/v1/applications/{}/deploy", made.id);
            let begun: Operation =
                app.owner.post(&path, json!({ "image": "shop:2" })).await?.accepted()?;
            let done = app.owner.outcome(begun.id.as_str()).await?;
            let failure = done.failure.with_context(|| method.to_owned())?;
            ensure!(failure.message.contains("no space left on device"), "{failure:?}");
            sea.at.engine.calm();
            sea.is_of(&made, "shop:1").await?;
            app.application_is(&made, ApplicationState::Running).await?;
        }
    }
}
