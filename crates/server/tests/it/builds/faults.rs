//! A build that is killed, cut off or given up: it goes on, or leaves nothing that looks as if it did.

use anyhow::{Context, Result, ensure};
use portolan_server::host::{HostError, fake::Trouble};
use portolan_types::{Operation, OperationState, StepState};
use serde_json::json;

use super::{deploy, shop};
use crate::{
    applications::place,
    support::{Database, TestApp, eventually, git::GitServer, story},
};

/// Killed before and after the image is there: the next process ends with one that serves, and what a
/// crash left of sources is gone.
async fn killed_in_a_build(database: Database) -> Result<()> {
    let mut app = TestApp::start(database).await?;
    let (at, git) = (place(&app).await?, GitServer::start().await?);
    let shop = shop(&app, &at, &git).await?;
    for trouble in [Trouble::HangBefore, Trouble::HangAfter] {
        at.engine.trouble_in("build_image", trouble);
        let path = format!("/v1/applications/{}/deploy", shop.id);
        let begun: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
        at.engine.hung().await;
        at.engine.calm();
        app.restart().await?;
        let done = app.owner.outcome(begun.id.as_str()).await?;
        ensure!(done.state == OperationState::Succeeded, "{done:#?}");
        ensure!(done.steps.iter().all(|step| step.state != StepState::Running), "{done:#?}");
        eventually("nothing of the sources is left", || async {
            let left = std::fs::read_dir(app.data_dir().join("sources"))?.count();
            Ok((left == 0).then_some(()))
        })
        .await?;
    }
    app.stop().await?;
    app.database.drop().await
}

#[tokio::test]
async fn a_build_survives_a_kill_on_sqlite() -> Result<()> {
    killed_in_a_build(Database::Sqlite).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn a_build_survives_a_kill_on_postgres() -> Result<()> {
    killed_in_a_build(Database::postgres().await?).await
}

story! {
    /// The connection goes while it is built: it is built over the next one.
    async fn a_build_survives_its_connection(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let shop = shop(app, &at, &git).await?;
        let lost = HostError::Lost { why: "broken pipe".into() };
        at.engine.trouble_in("build_image", Trouble::Fail(lost));
        let (done, _) = deploy(app, &shop).await?;
        ensure!(done.steps.iter().all(|step| step.state != StepState::Failed), "{done:#?}");
    }
}

story! {
    /// Cancelled while it is built: the engine's call ends, and so does the step.
    async fn a_build_is_cancelled(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let shop = shop(app, &at, &git).await?;
        at.engine.trouble_in("build_image", Trouble::HangBefore);
        let path = format!("/v1/applications/{}/deploy", shop.id);
        let begun: Operation = app.owner.post(&path, json!({})).await?.accepted()?;
        at.engine.hung().await;
        at.engine.calm();
        let path = format!("/v1/applications/{}/cancel", shop.id);
        let ended: Operation = app.owner.post(&path, json!({})).await?.ok()?;
        assert_eq!(ended.failure.context("a failure")?.code, "cancelled");
        eventually("its steps have ended", || async {
            let shown = app.owner.outcome(begun.id.as_str()).await?;
            let ended = shown.steps.iter().all(|step| step.state != StepState::Running);
            Ok(ended.then_some(()))
        })
        .await?;
        deploy(app, &shop).await?;
    }
}
