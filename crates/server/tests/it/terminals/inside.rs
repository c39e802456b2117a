//! Terminals in containers: of those who may have one, and for as long as the container runs.

use anyhow::{Context, ensure};
use portolan_server::host::{ExecOutput, fake::FakeExec};
use portolan_types::{AuditEntry, Destination, Page, Right, Server, TerminalCause};
use serde_json::json;
use std::sync::{Arc, Mutex};

use super::{admin, only, person::Terminal, refused};
use crate::{
    readings,
    security::{Team, join},
    sessions,
    support::story,
};

fn path(destination: &Destination, container: &str) -> String {
    format!("/v1/destinations/{}/containers/{container}/terminal", destination.id)
}

/// Programs that were run besides: what they were asked with.
type Ran = Arc<Mutex<Vec<Vec<String>>>>;

fn noted(engine: &portolan_server::host::fake::FakeEngine) -> Ran {
    let ran = Ran::default();
    let note = ran.clone();
    engine.answer_exec(FakeExec::new(move |_, exec| {
        note.lock().expect("whole").push(exec.command.clone());
        ExecOutput::default()
    }));
    ran
}

story! {
    /// What is typed gets there, and what is to run is what was asked for, and is written down by name.
    async fn a_terminal_in_a_container_is_used(app) {
        let (_server, engine, sea) = readings::ready(app).await?;
        let ran = noted(&engine);
        let owner = sessions::begin(app, &app.owner).await?.0;
        let query = "columns=100&rows=30&user=postgres&command=%5B%22psql%22%2C%22--secret%22%5D";
        let mut terminal = Terminal::begin(&owner, &format!("{}?{query}", path(&sea, "web"))).await?;
        terminal.ended().await.expect_err("it began");
        engine.has_shells(1).await;
        terminal.types("size\r").await?;
        terminal.sees("100 by 30").await?;
        terminal.resize(120, 40).await?;
        terminal.types("size\r").await?;
        terminal.sees("120 by 40").await?;
        terminal.types("exit 3\r").await?;
        let end = terminal.ended().await?;
        assert_eq!((end.cause, end.exit_status), (TerminalCause::Exited, Some(3)));
        engine.has_shells(0).await;
        let asked = engine.in_terminals().pop().context("a program")?;
        assert_eq!((asked.command.join(" "), asked.user), ("psql --secret".into(), Some("postgres".into())));
        // One that ended by itself has nothing left that would have to be told.
        ensure!(ran.lock().expect("whole").is_empty(), "{ran:?}");

        let opened = only(&app.owner, "terminal.opened").await?;
        ensure!(opened.message.contains("with `psql` in container `web`"), "{opened:?}");
        only(&app.owner, "terminal.closed").await?;
        let audit: Page<AuditEntry> = app.owner.get("/v1/audit?limit=200").await?.ok()?;
        ensure!(!format!("{audit:?}").contains("--secret"), "{audit:?}");
    }
}

story! {
    /// Docker lets a program run on that nobody listens to: it is told that its terminal hung up.
    async fn what_is_left_is_told_to_end(app) {
        let (server, engine, sea) = readings::ready(app).await?;
        let ran = noted(&engine);
        let owner = sessions::begin(app, &app.owner).await?.0;
        let mut terminal = Terminal::begin(&owner, &path(&sea, "web")).await?;
        terminal.ended().await.expect_err("it began");
        let asked = engine.in_terminals().pop().context("a program")?;
        let mark = asked.environment.first().context("a mark")?.1.clone();
        let edit = format!("/v1/servers/{}", server.id);
        app.owner.patch(&edit, json!({ "terminal": "off" })).await?.ok::<Server>()?;
        assert_eq!(terminal.ended().await?.cause, TerminalCause::ServerChanged);
        engine.has_shells(0).await;
        // It was told before anybody heard of the end.
        let told = ran.lock().expect("whole").clone();
        ensure!(told.len() == 1 && told[0].last().is_some_and(|one| one.ends_with(&mark)), "{told:?}");
        ensure!(told[0][0] == "sh" && !told[0][2].contains(&mark), "{told:?}");
        let problem = refused(&owner, &path(&sea, "web"), &[]).await?.problem(409)?;
        ensure!(problem.kind.ends_with("terminal-off"), "{problem:?}");
    }
}

story! {
    /// It ends with its container, and there is none where nothing runs.
    async fn it_ends_with_the_container(app) {
        let (_server, engine, sea) = readings::ready(app).await?;
        let owner = sessions::begin(app, &app.owner).await?.0;
        let mut terminal = Terminal::begin(&owner, &path(&sea, "web")).await?;
        terminal.ended().await.expect_err("it began");
        terminal.types("still here\r").await?;
        terminal.sees("ran still here").await?;
        engine.crash_container("web");
        assert_eq!(terminal.ended().await?.cause, TerminalCause::Exited);
        for (container, why) in [("web", "does not run"), ("nobody", "there is no container")] {
            let mut none = Terminal::begin(&owner, &path(&sea, container)).await?;
            let end = none.ended().await?;
            ensure!(end.cause == TerminalCause::Refused && end.message.contains(why), "{end:?}");
        }
        only(&app.owner, "terminal.opened").await?;
    }
}

story! {
    /// In any container it is for admins who signed in; in an application's for who may operate its
    /// project, and no longer.
    async fn rights_to_containers(app) {
        let (server, engine, sea) = readings::ready(app).await?;
        let (_, admin) = admin(app).await?;
        let mut one = Terminal::begin(&admin, &path(&sea, "web")).await?;
        one.ended().await.expect_err("it began");
        let member = join(app, "member", Team::Same).await?;
        member.grant(app, server.id.as_str(), Right::Manage).await?;
        let theirs = sessions::begin(app, &member.client).await?.0;
        refused(&theirs, &path(&sea, "web"), &[]).await?.problem(403)?;
        refused(&app.owner, &path(&sea, "web"), &[]).await?.problem(403)?;
        let stranger = join(app, "owner", Team::Other).await?;
        let stranger = sessions::begin(app, &stranger.client).await?.0;
        refused(&stranger, &path(&sea, "web"), &[]).await?.problem(404)?;
        for bad in ["command=ls", "command=%5B%5D", "command=%5B%22%22%5D", "user=a%20b", "rows=0", "x=1"] {
            let bad = format!("{}?{bad}", path(&sea, "web"));
            refused(&admin, &bad, &[]).await?.problem(422)?;
        }
        drop(one);
        engine.has_shells(0).await;
    }
}

story! {
    /// Whoever may operate the project has one in what serves, until they may no more.
    async fn in_an_application(app) {
        let (engine, application) = crate::applications::serving_one(app).await?;
        let place = format!("/v1/applications/{}/terminal", application.id);
        let person = join(app, "member", Team::Same).await?;
        refused(&person.client, &place, &[]).await?.problem(403)?;
        person.grant_in(app, application.project_id.as_str(), Right::Operate).await?;
        let mut terminal = Terminal::begin(&person.client, &place).await?;
        terminal.ended().await.expect_err("it began");
        terminal.types("hello\r").await?;
        terminal.sees("ran hello").await?;
        let grant = format!("/v1/members/{}/grants/{}", person.id, application.project_id);
        let answer = app.owner.delete(&grant).await?;
        ensure!(answer.status.is_success(), "{}", answer.text);
        assert_eq!(terminal.ended().await?.cause, TerminalCause::Revoked);
        engine.has_shells(0).await;
    }
}
