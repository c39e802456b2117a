//! The container that serves an application: what it says and uses, and programs run in it, by rights in
//! its project.

use anyhow::{Result, ensure};
use portolan_types::{
    Application, ContainerStats, LogStream, Operation, OperationState, ReadingCause, Right, Server,
};
use serde_json::json;

use super::{place, spec};
use crate::{
    commands::{done, with_programs},
    readings::Follower,
    security::{Team, join},
    support::{TestApp, story},
};

/// An application that serves; its container's name.
async fn serving(app: &TestApp, at: &super::Place) -> Result<(Application, String)> {
    let one = app.add_application(at, "web", spec("shop:1")).await?;
    app.deploy(&one, "shop:1").await?;
    let one = app.application(&one).await?;
    let container = one.container.as_ref().map(ToString::to_string).unwrap_or_default();
    Ok((one, container))
}

story! {
    /// Whoever may use the project reads it, and who may operate it runs programs, without a right on
    /// the server, or seeing it.
    async fn by_rights_in_the_project(app) {
        let at = place(app).await?;
        with_programs(&at.engine);
        let (one, container) = serving(app, &at).await?;
        at.engine.say(&container, LogStream::Stdout, "the secret");
        let on = |what: &str| format!("/v1/applications/{}/{what}", one.id);
        let person = join(app, "member", Team::Same).await?;
        let seen = format!("/v1/members/{}", person.id);
        app.owner.patch(&seen, json!({ "sees": "granted" })).await?.ok::<portolan_types::Member>()?;
        let command = json!({ "command": ["echo", "hello"] });
        person.client.get(&on("logs")).await?.problem(404)?;
        person.client.get(&on("stats")).await?.problem(404)?;
        person.client.post(&on("exec"), command.clone()).await?.problem(404)?;

        person.grant_in(app, one.project_id.as_str(), Right::Use).await?;
        assert_eq!(person.client.get(&on("logs")).await?.text, "the secret\n");
        let stats: ContainerStats = person.client.get(&on("stats")).await?.ok()?;
        assert_eq!(stats.cpu_thousandths, Some(250));
        person.client.post(&on("exec"), command.clone()).await?.problem(403)?;
        // The server's own routes are closed to them.
        let there = format!("/v1/destinations/{}/containers/{container}/logs", at.destination.id);
        person.client.get(&there).await?.problem(404)?;

        let operator = join(app, "member", Team::Same).await?;
        operator.grant_in(app, one.project_id.as_str(), Right::Operate).await?;
        let ran = operator.client.post(&on("exec?wait=20"), command.clone()).await?;
        let ran: Operation = ran.accepted()?;
        assert_eq!((ran.state, done(&ran)?.stdout.as_str()), (OperationState::Succeeded, "hello"));
        let shown = format!("/v1/operations/{}", ran.id);
        ensure!(done(&operator.client.get(&shown).await?.ok()?).is_ok(), "not for who ran it");
        let seen: Operation = person.client.get(&shown).await?.ok()?;
        ensure!(seen.result.is_none(), "{seen:?}");

        let edit = format!("/v1/servers/{}", at.server.id);
        app.owner.patch(&edit, json!({ "terminal": "off" })).await?.ok::<Server>()?;
        let problem = operator.client.post(&on("exec"), command).await?.problem(409)?;
        ensure!(problem.kind.ends_with("terminal-off"), "{problem:?}");
    }
}

story! {
    /// What is read is the container that serves, to its end, and nothing before there is one.
    async fn the_one_that_serves(app) {
        let at = place(app).await?;
        with_programs(&at.engine);
        let one = app.add_application(&at, "web", spec("shop:1")).await?;
        let logs = format!("/v1/applications/{}/logs", one.id);
        let problem = app.owner.get(&logs).await?.problem(409)?;
        ensure!(problem.kind.ends_with("never-deployed"), "{problem:?}");
        app.deploy(&one, "shop:1").await?;
        let first = app.application(&one).await?.container.map(|name| name.to_string());
        let first = first.unwrap_or_default();
        let mut follower = Follower::open(&app.owner, &format!("{logs}?")).await?;
        at.engine.has_followers(1).await;
        at.engine.say(&first, LogStream::Stdout, "from the first");
        assert_eq!(follower.line().await?.text, "from the first");
        app.deploy(&one, "shop:2").await?;
        assert_eq!(follower.ended().await?.cause, ReadingCause::Ended);
        let second = app.application(&one).await?.container.map(|name| name.to_string());
        let second = second.unwrap_or_default();
        at.engine.say(&second, LogStream::Stdout, "from the second");
        assert_eq!(app.owner.get(&logs).await?.text, "from the second\n");
        // A command goes on beside a deployment, and neither takes the other's place.
        let exec = format!("/v1/applications/{}/exec?wait=20", one.id);
        let ran = app.owner.post(&exec, json!({ "command": ["fail"] })).await?;
        let ran: Operation = ran.accepted()?;
        assert_eq!((ran.state, done(&ran)?.exit_code), (OperationState::Succeeded, 3));
        at.engine.drop_container(&second);
        let problem = app.owner.get(&logs).await?.problem(409)?;
        ensure!(problem.kind.ends_with("container-missing"), "{problem:?}");
    }
}
