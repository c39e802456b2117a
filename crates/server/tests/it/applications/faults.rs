//! What goes wrong in a deployment: what served before serves on, whatever happens.

use anyhow::{Context, Result, ensure};
use portolan_server::host::{ContainerDetail, HostError, fake::Trouble};
use portolan_types::{ApplicationState, DeploymentState, Operation, OperationState, StepState};
use serde_json::json;

use super::{Place, containers, place, spec};
use crate::support::{Database, TestApp, eventually, story};

story! {
    /// A program that ends is told of with its last words, and the one before serves on.
    async fn a_failed_deployment_gives_back(app) {
        let at = place(app).await?;
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        app.deploy(&made, "shop:1").await?;
        let first = app.application(&made).await?.container.context("a container")?;
        let done = app.work_on(&made, "deploy", json!({ "image": "shop:bad" })).await?;
        let failure = done.failure.context("it succeeded")?;
        assert_eq!(failure.code, "not-ready");
        ensure!(failure.message.contains("ended with code 3"), "{failure:?}");
        ensure!(failure.message.contains("no such table: orders"), "{failure:?}");
        eventually("what it left is gone", || async {
            Ok((containers(&at.engine, "shop") == [first.to_string()]).then_some(()))
        })
        .await?;
        app.application_is(&made, ApplicationState::Running).await?;
        assert_eq!(app.application(&made).await?.container, Some(first));
        let latest = app.deployments(&made).await?.swap_remove(0);
        assert_eq!(latest.state, DeploymentState::Failed);
        ensure!(latest.reason.is_some_and(|why| why.contains("code 3")), "no reason");
    }
}

story! {
    /// The one before was stopped for it, and runs again.
    async fn a_failed_deployment_starts_what_it_stopped(app) {
        let at = place(app).await?;
        let mut wanted = spec("shop:1");
        wanted["strategy"] = json!("recreate");
        let made = app.add_application(&at, "shop", wanted).await?;
        app.deploy(&made, "shop:1").await?;
        let first = app.application(&made).await?.container.context("a container")?.to_string();
        let done = app.work_on(&made, "deploy", json!({ "image": "shop:bad" })).await?;
        ensure!(done.state == OperationState::Failed, "{done:?}");
        eventually("the first runs again", || async {
            let runs = at.engine.container(&first).is_some_and(|one| one.is_running());
            Ok((runs && containers(&at.engine, "shop") == [first.clone()]).then_some(()))
        })
        .await?;
        app.application_is(&made, ApplicationState::Running).await?;
    }
}

story! {
    /// An image that there is not is told of in the registry's words.
    async fn an_image_that_is_not_there(app) {
        let at = place(app).await?;
        let made = app.add_application(&at, "shop", spec("shop:none")).await?;
        let done = app.work_on(&made, "deploy", json!({})).await?;
        let failure = done.failure.context("it succeeded")?;
        ensure!(failure.message.contains("pull image `shop:none`"), "{failure:?}");
        assert_eq!(app.application(&made).await?.state, ApplicationState::New);
    }
}

story! {
    /// A deployment that does not become ready is cancelled, or makes way for the next one; neither
    /// leaves a container.
    async fn a_deployment_is_given_up(app) {
        let at = place(app).await?;
        let mut wanted = spec("shop:1");
        wanted["health"] = json!({ "command": ["/check"] });
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        app.deploy(&made, "shop:1").await?;
        let first = app.application(&made).await?.container.context("a container")?.to_string();
        let begun = hanging(app, &at, &made).await?;
        let path = format!("/v1/applications/{}/cancel", made.id);
        let ended: Operation = app.owner.post(&path, json!({})).await?.ok()?;
        assert_eq!(ended.id, begun.id);
        assert_eq!(ended.failure.context("a failure")?.code, "cancelled");
        eventually("what it left is gone", || async {
            Ok((containers(&at.engine, "shop") == [first.clone()]).then_some(()))
        })
        .await?;
        assert_eq!(app.owner.post(&path, json!({})).await?.status, 409);
        steps_have_ended(app, &begun).await?;

        let begun = hanging(app, &at, &made).await?;
        app.deploy(&made, "shop:3").await?;
        let displaced = app.owner.outcome(begun.id.as_str()).await?;
        assert_eq!(displaced.failure.context("a failure")?.code, "superseded");
        steps_have_ended(app, &begun).await?;
        let serving = app.application(&made).await?.container.context("a container")?.to_string();
        assert_eq!(containers(&at.engine, "shop"), [serving]);
        let states: Vec<_> = app.deployments(&made).await?.iter().map(|one| one.state).collect();
        assert_eq!(states, [
            DeploymentState::Serving,
            DeploymentState::Cancelled,
            DeploymentState::Cancelled,
            DeploymentState::Replaced,
        ]);
    }
}

/// Nothing of it looks as if it went on.
async fn steps_have_ended(app: &TestApp, begun: &Operation) -> Result<()> {
    eventually("its steps have ended", || async {
        let shown = app.owner.outcome(begun.id.as_str()).await?;
        let ended = shown.steps.iter().all(|step| step.state != StepState::Running);
        Ok((!shown.steps.is_empty() && ended).then_some(()))
    })
    .await
}

/// Begins a deployment whose container answers nobody.
async fn hanging(
    app: &TestApp,
    at: &Place,
    made: &portolan_types::Application,
) -> Result<Operation> {
    let number = app.deployments(made).await?[0].number.get() + 1;
    let id: String = made.id.as_str().chars().take(6).collect();
    let name = format!("shop-{id}-{number}");
    at.engine.deafen(&name);
    let path = format!("/v1/applications/{}/deploy", made.id);
    let begun: Operation = app.owner.post(&path, json!({ "image": "shop:2" })).await?.accepted()?;
    eventually("the new container runs", || async {
        Ok(at.engine.container(&name).filter(ContainerDetail::is_running))
    })
    .await?;
    Ok(begun)
}

/// More than a deployment makes.
const MOST_CALLS: usize = 24;

/// Kills the process while each call to the host is under way, once before it had an effect and
/// once after: the deployment is done after the restart, and one container is left.
async fn kill_at_each_call(database: Database) -> Result<()> {
    let mut app = TestApp::start(database).await?;
    let at = place(&app).await?;
    let made = app.add_application(&at, "shop", spec("shop:1")).await?;
    app.deploy(&made, "shop:1").await?;
    let mut deepest = 0;
    for call in app.some_of(0..MOST_CALLS) {
        let trouble = if call % 2 == 0 { Trouble::HangBefore } else { Trouble::HangAfter };
        let image = ["shop:1", "shop:2"][call / 2 % 2];
        at.engine.trouble(call, trouble);
        let path = format!("/v1/applications/{}/deploy", made.id);
        let body = json!({ "image": image });
        let begun: Operation = app.owner.post(&path, body).await?.accepted()?;
        tokio::select! {
            () = at.engine.hung() => deepest = deepest.max(call),
            done = app.owner.outcome(begun.id.as_str()) => drop(done?),
        }
        at.engine.calm();
        app.restart().await?;
        let done = app.owner.outcome(begun.id.as_str()).await?;
        ensure!(done.state == OperationState::Succeeded, "call {call}: {done:#?}");
        let serving = app.application(&made).await?.container.context("a container")?.to_string();
        eventually("one container is left", || async {
            Ok((containers(&at.engine, "shop") == [serving.clone()]).then_some(()))
        })
        .await?;
    }
    ensure!(deepest >= 6, "the calls of a deployment were not reached: {deepest}");
    app.stop().await?;
    app.database.drop().await
}

#[tokio::test]
async fn killed_at_each_call_of_a_deployment_on_sqlite() -> Result<()> {
    kill_at_each_call(Database::Sqlite).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn killed_at_each_call_of_a_deployment_on_postgres() -> Result<()> {
    kill_at_each_call(Database::postgres().await?).await
}

story! {
    /// A host that refuses one of the calls makes the deployment fail with its words, and the one
    /// before serves on.
    async fn refused_at_each_call(app) {
        let at = place(app).await?;
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        app.deploy(&made, "shop:1").await?;
        let first = app.application(&made).await?.container.context("a container")?.to_string();
        let why = HostError::Docker { status: 500, message: "no space left on device".into() };
        for method in ["create_container", "start_container"] {
            at.engine.trouble_in(method, Trouble::Refuse(why.clone()));
            let done = app.work_on(&made, "deploy", json!({ "image": "shop:2" })).await?;
            let failure = done.failure.with_context(|| method.to_owned())?;
            ensure!(failure.message.contains("no space left on device"), "{failure:?}");
            at.engine.calm();
            eventually("what it left is gone", || async {
                Ok((containers(&at.engine, "shop") == [first.clone()]).then_some(()))
            })
            .await?;
            app.application_is(&made, ApplicationState::Running).await?;
        }
    }
}

story! {
    /// What somebody runs of an image that was made of an application's container has its labels, and
    /// is nobody's to remove.
    async fn what_has_its_labels_alone_stays(app) {
        let at = place(app).await?;
        let made = app.add_application(&at, "shop", spec("shop:1")).await?;
        app.deploy(&made, "shop:1").await?;
        let first = app.application(&made).await?.container.context("a container")?;
        let labels = at.engine.container(first.as_str()).context("a container")?.labels;
        at.engine.join("web", "copy");
        at.engine.change_container("copy", |copy| copy.labels = labels);
        app.deploy(&made, "shop:2").await?;
        let gone: Operation =
            app.owner.delete(&format!("/v1/applications/{}?wait=30", made.id)).await?.accepted()?;
        ensure!(gone.state == OperationState::Succeeded, "{gone:?}");
        ensure!(at.engine.container("copy").is_some(), "somebody's container was removed");
    }
}
