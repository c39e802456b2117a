//! Programs run in containers: by those who may, once, and with what came of it.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portolan_server::host::{
    ExecOutput, HostError,
    fake::{FakeEngine, FakeExec, Trouble},
};
use portolan_types::{
    AuditEntry, CommandResult, Operation, OperationResult, OperationState, Page, Right, Server,
};
use serde_json::{Value, json};

use crate::{
    readings::ready,
    security::{Team, join, write},
    sessions,
    support::{Client, TestApp, eventually, story},
};

/// Programs of containers: `fail` ends with 3, `name` with whom it ran as, all others repeat their
/// arguments.
pub(crate) fn with_programs(engine: &FakeEngine) {
    engine.answer_exec(FakeExec::new(|container, exec| {
        let (program, arguments) = exec.command.split_first().expect("a program");
        match program.as_str() {
            "fail" => ExecOutput {
                exit_code: 3,
                stderr: format!("{container} \u{1b}[31mfailed <b>\n"),
                ..ExecOutput::default()
            },
            "name" => {
                let stdout = format!("{}\n", exec.user.as_deref().unwrap_or("nobody"));
                ExecOutput { stdout, ..ExecOutput::default() }
            }
            "much" => ExecOutput { stdout: "ä".repeat(100 << 10), ..ExecOutput::default() },
            _ => ExecOutput { stdout: arguments.join(" "), ..ExecOutput::default() },
        }
    }));
}

fn path(destination: &portolan_types::Destination, container: &str) -> String {
    format!("/v1/destinations/{}/containers/{container}/exec?wait=20", destination.id)
}

/// What a program did that has ended.
pub(crate) fn done(operation: &Operation) -> Result<CommandResult> {
    match &operation.result {
        Some(OperationResult::Command(result)) => Ok(result.clone()),
        other => anyhow::bail!("{other:?}: {operation:?}"),
    }
}

async fn run(client: &Client, path: &str, command: Value) -> Result<Operation> {
    client.post(path, json!({ "command": command })).await?.accepted()
}

async fn owner(app: &TestApp) -> Result<Client> {
    Ok(sessions::begin(app, &app.owner).await?.0)
}

story! {
    /// What it did is the result, whatever its exit code, and only its name is written down.
    async fn a_program_is_run(app) {
        let (_server, engine, sea) = ready(app).await?;
        with_programs(&engine);
        let (owner, path) = (owner(app).await?, path(&sea, "web"));
        let ran = run(&owner, &path, json!(["echo", "--password=hunter2", "$(id); rm"])).await?;
        assert_eq!(ran.state, OperationState::Succeeded);
        let result = done(&ran)?;
        assert_eq!((result.exit_code, result.program.as_str()), (0, "echo"));
        assert_eq!(result.stdout, "--password=hunter2 $(id); rm");
        let failed = run(&owner, &path, json!(["fail"])).await?;
        assert_eq!(failed.state, OperationState::Succeeded, "{failed:?}");
        let result = done(&failed)?;
        assert_eq!((result.exit_code, result.stderr.contains("failed <b>")), (3, true));
        let as_somebody = json!({ "command": ["name"], "user": "postgres:staff" });
        let named: Operation = owner.post(&path, as_somebody).await?.accepted()?;
        assert_eq!(done(&named)?.stdout, "postgres:staff\n");
        let much = done(&run(&owner, &path, json!(["much"])).await?)?;
        assert_eq!((much.truncated, much.stdout.len()), (true, 64 << 10));

        let audit: Page<AuditEntry> = app.owner.get("/v1/audit?limit=200").await?.ok()?;
        let entries = audit.items.iter().filter(|one| one.operation.as_deref() == Some("run_in_container"));
        let entries: Vec<_> = entries.collect();
        assert_eq!(entries.len(), 4);
        ensure!(format!("{entries:?}").contains("run-command of `echo` in container `web`"), "{entries:?}");
        // Arguments are in no row but that of what came of it.
        let pool = app.pool().await?;
        for sql in ["select input as said from operations where input is not null",
                    "select detail as said from steps where detail is not null",
                    "select message as said from events"] {
            let said: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&pool).await?;
            ensure!(said.iter().all(|(said,)| !said.contains("hunter2")), "{sql}: {said:?}");
        }
        pool.close().await;
        ensure!(!format!("{audit:?}").contains("hunter2"), "the audit has it");
    }
}

story! {
    /// It is for who may have a terminal there, and only where there may be one.
    async fn not_for_everybody(app) {
        let (server, engine, sea) = ready(app).await?;
        with_programs(&engine);
        let (session, path) = (owner(app).await?, path(&sea, "web"));
        let body = json!({ "command": ["echo", "the secret"] });
        let problem = app.owner.post(&path, body.clone()).await?.problem(403)?;
        ensure!(problem.detail.contains("a person who signed in"), "{problem:?}");
        let member = join(app, "member", Team::Same).await?;
        member.grant(app, server.id.as_str(), Right::Manage).await?;
        let theirs = sessions::begin(app, &member.client).await?.0;
        theirs.post(&path, body.clone()).await?.problem(403)?;
        let stranger = join(app, "owner", Team::Other).await?;
        let stranger = sessions::begin(app, &stranger.client).await?.0;
        stranger.post(&path, body.clone()).await?.problem(404)?;
        for bad in [json!([]), json!([""]), json!(["a\u{0}"]), json!(vec!["x"; 257])] {
            session.post(&path, json!({ "command": bad })).await?.problem(422)?;
        }
        for more in [json!({ "user": "a b" }), json!({ "within_seconds": 0 }), json!({ "tty": 1 })] {
            let mut body = body.clone();
            body.as_object_mut().context("an object")?.extend(more.as_object().context("one")?.clone());
            session.post(&path, body).await?.problem(422)?;
        }
        // What it said is for them too.
        let ran: Operation = session.post(&path, body.clone()).await?.accepted()?;
        let shown = format!("/v1/operations/{}", ran.id);
        assert_eq!(done(&app.owner.get(&shown).await?.ok()?)?.stdout, "the secret");
        let seen: Operation = theirs.get(&shown).await?.ok()?;
        ensure!(seen.result.is_none() && seen.state == OperationState::Succeeded, "{seen:?}");

        let edit = format!("/v1/servers/{}", server.id);
        app.owner.patch(&edit, json!({ "terminal": "off" })).await?.ok::<Server>()?;
        let problem = session.post(&path, body.clone()).await?.problem(409)?;
        ensure!(problem.kind.ends_with("terminal-off"), "{problem:?}");
    }
}

story! {
    /// What cannot be run fails in words, and names no argument.
    async fn it_fails_in_words(app) {
        let (server, engine, sea) = ready(app).await?;
        let session = owner(app).await?;
        let fails = async |container: &str, code: &str| -> Result<()> {
            let command = json!(["ls", "hunter2"]);
            let ran = run(&session, &path(&sea, container), command).await?;
            let failure = ran.failure.context("a failure")?;
            ensure!(failure.code == code && !format!("{failure:?}").contains("hunter2"), "{failure:?}");
            Ok(())
        };
        fails("nobody", "no-such-container").await?;
        let gone = HostError::Docker { status: 400, message: "exec failed: no such file".into() };
        engine.trouble_in("exec", Trouble::Fail(gone));
        fails("web", "host-error").await?;
        let slow = HostError::Timeout { action: "see it end".into(), seconds: 60 };
        engine.trouble_in("exec", Trouble::Fail(slow));
        fails("web", "too-slow").await?;
        engine.crash_container("web");
        fails("web", "container-not-running").await?;
        engine.stop();
        app.owner.reachable(server.id.as_str(), portolan_types::Reachability::Unreachable).await?;
        let problem = session.post(&path(&sea, "web"), json!({ "command": ["ls"] })).await?;
        ensure!(problem.problem(409)?.kind.ends_with("server-unreachable"), "{}", problem.text);
    }
}

story! {
    /// What the end of the process cut off is over, and is not run again.
    async fn what_was_cut_off_is_not_run_again(app) {
        let (_server, engine, sea) = ready(app).await?;
        let ran = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = ran.clone();
        engine.answer_exec(FakeExec::new(move |_, _| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            ExecOutput::default()
        }));
        let session = owner(app).await?;
        let before = run(&session, &path(&sea, "web"), json!(["ls"])).await?;
        // As it is when the process is killed before it is told of the end.
        let sql = "update operations set state = 'running', finished_at = null, created_at = 1 where id = $1";
        write(app, sql, &[before.id.as_str()]).await?;
        app.restart().await?;
        let shown = format!("/v1/operations/{}", before.id);
        let over = eventually("it is over", || async {
            let shown: Operation = app.owner.get(&shown).await?.ok()?;
            Ok(shown.state.is_over().then_some(shown))
        })
        .await?;
        assert_eq!(over.failure.context("why")?.code, "interrupted");
        assert_eq!(ran.load(std::sync::atomic::Ordering::Relaxed), 1);
    }
}
