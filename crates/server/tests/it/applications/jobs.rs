//! Jobs: run when their time comes, one run at a time, and what came of each is kept and told.

use portolan_server::host::{
    ExecOutput, HostError, Unfinished,
    fake::{FakeExec, Trouble},
};
use portolan_types::{
    Event, Job, JobCause, JobRun, JobRunState, JobState, OperationResult, Right, Timestamp,
    id::cuid2,
};

use super::*;
use crate::{
    backups::RARELY,
    security::{Team, join, write},
};

pub(crate) fn body(name: &str) -> Value {
    json!({ "name": name, "command": ["tidy", "--all"], "expression": RARELY, "keep": 3 })
}

/// A job of an application.
pub(crate) async fn add(app: &TestApp, application: &str, name: &str) -> Result<Job> {
    let path = format!("/v1/applications/{application}/jobs");
    app.owner.post(&path, body(name)).await?.created()
}

/// A run of long ago that failed; answers its id.
pub(crate) async fn write_failed(app: &TestApp, job: &str) -> Result<String> {
    let id = cuid2();
    let sql = "insert into job_runs (id, job_id, cause, state, reason, created_at, finished_at)
               values ($1, $2, 'schedule', 'failed', 'of long ago', 1, 1)";
    write(app, sql, &[&id, job]).await?;
    Ok(id)
}

/// Programs of containers: `fail` ends with 3, `stop` with the container, others say what means harm.
fn with_programs(engine: &FakeEngine) {
    engine.answer_exec(FakeExec::new(|_, exec| {
        let code = if exec.command[0] == "fail" { 3 } else { 0 };
        let stdout = format!("{} \u{0}\u{1b}[31m<b>\n", exec.command.join(" "));
        ExecOutput { exit_code: code, stdout, ..ExecOutput::default() }
    }));
}

fn path(job: &Job) -> String {
    format!("/v1/jobs/{}", job.id)
}

async fn edit(app: &TestApp, job: &Job, change: Value) -> Result<Job> {
    app.owner.patch(&path(job), change).await?.ok()
}

/// As if its time had come: the clock hears of it when a job is changed.
async fn comes_due(app: &TestApp, job: &Job) -> Result<()> {
    write(app, "update jobs set next_at = 1 where state = 'active'", &[]).await?;
    let keep = if u32::from(shown(app, job).await?.keep) == 3 { 4 } else { 3 };
    edit(app, job, json!({ "keep": keep })).await.map(drop)
}

async fn shown(app: &TestApp, job: &Job) -> Result<Job> {
    app.owner.get(&path(job)).await?.ok()
}

/// Newest first.
async fn runs(app: &TestApp, job: &Job) -> Result<Vec<JobRun>> {
    let page: Page<JobRun> = app.owner.get(&format!("{}/runs", path(job))).await?.ok()?;
    Ok(page.items)
}

async fn read(app: &TestApp, run: &JobRun) -> Result<JobRun> {
    app.owner.get(&format!("/v1/jobs/{}/runs/{}", run.job_id, run.id)).await?.ok()
}

/// The latest run, when it is another one than before and has ended.
async fn latest(app: &TestApp, job: &Job, before: Option<&JobRun>) -> Result<JobRun> {
    eventually("a run has ended", || async {
        let latest = runs(app, job).await?.into_iter().next();
        let is_new = |run: &JobRun| {
            run.state != JobRunState::Running && before.is_none_or(|before| before.id != run.id)
        };
        Ok(latest.filter(is_new))
    })
    .await
}

/// What was told of jobs, oldest first.
async fn told(app: &TestApp) -> Result<Vec<String>> {
    let page: Page<Event> = app.owner.get("/v1/events?kind=job.&limit=200").await?.ok()?;
    Ok(page.items.into_iter().rev().map(|event| event.kind).collect())
}

story! {
    /// It runs in the container that serves, what it said is kept, and as many runs as are wanted.
    async fn a_job_runs_when_its_time_comes(app) {
        let (engine, one) = serving_one(app).await?;
        with_programs(&engine);
        let job = add(app, one.id.as_str(), "tidy").await?;
        ensure!(job.next_at > Some(Timestamp::now()) && job.following.len() == 2, "{job:?}");
        comes_due(app, &job).await?;
        let first = latest(app, &job, None).await?;
        assert_eq!((first.state, first.cause), (JobRunState::Succeeded, JobCause::Schedule));
        ensure!(first.output.is_none() && first.started_at.is_some(), "{first:?}");
        let output = read(app, &first).await?.output.context("an output")?;
        assert_eq!(output.stdout, "tidy --all \u{0}\u{1b}[31m<b>\n");
        assert_eq!(shown(app, &job).await?.next_at, job.next_at);

        edit(app, &job, json!({ "command": ["fail"] })).await?;
        comes_due(app, &job).await?;
        let failed = latest(app, &job, Some(&first)).await?;
        assert_eq!((failed.state, failed.exit_code), (JobRunState::Failed, Some(3)));
        edit(app, &job, json!({ "command": ["tidy"] })).await?;
        comes_due(app, &job).await?;
        let well = latest(app, &job, Some(&failed)).await?;
        assert_eq!(shown(app, &job).await?.latest, Some(well.clone()));

        // What is longer than it may be is told to end, and one whose container ends is cut off.
        let said = Unfinished { stdout: "half of it".into(), ..Unfinished::default() };
        let late = HostError::RanOn { seconds: 3_600, said: Box::new(said) };
        engine.trouble_in("exec", Trouble::Fail(late));
        comes_due(app, &job).await?;
        let late = latest(app, &job, Some(&well)).await?;
        assert_eq!(late.state, JobRunState::TimedOut, "{late:?}");
        let path = format!("/v1/jobs/{}/runs/{}", job.id, late.id);
        let whole: JobRun = app.owner.get(&path).await?.ok()?;
        ensure!(whole.output.is_some_and(|output| output.stdout == "half of it"));
        engine.trouble_in("exec", Trouble::Held);
        comes_due(app, &job).await?;
        engine.hung().await;
        let container = one.container.as_ref().context("a container")?;
        engine.crash_container(container.as_str());
        engine.let_go();
        let cut = latest(app, &job, Some(&late)).await?;
        assert_eq!(cut.state, JobRunState::CutOff, "{cut:?}");

        let states: Vec<JobRunState> = runs(app, &job).await?.iter().map(|run| run.state).collect();
        assert_eq!(states[..3], [JobRunState::CutOff, JobRunState::TimedOut, JobRunState::Succeeded]);
        ensure!(states.len() <= 4, "{states:?}");
        let told: Vec<String> = told(app).await?.into_iter().filter(|kind| kind != "job.edited").collect();
        assert_eq!(told, ["job.added", "job.failed", "job.recovered", "job.failed", "job.failed"]);
    }
}

story! {
    /// What passes without a run is told once, what the end of the process cut off has ended, and what was
    /// missed meanwhile is run once.
    async fn one_run_at_a_time(app) {
        let (engine, one) = serving_one(app).await?;
        with_programs(&engine);
        let job = add(app, one.id.as_str(), "tidy").await?;
        engine.trouble_in("exec", Trouble::HangBefore);
        comes_due(app, &job).await?;
        engine.hung().await;
        for times in 1..=2 {
            comes_due(app, &job).await?;
            let skipped = eventually("it is skipped", || async {
                let latest = runs(app, &job).await?.into_iter().next();
                Ok(latest.filter(|run| (run.state, run.times) == (JobRunState::Skipped, times)))
            })
            .await?;
            ensure!(skipped.reason.is_some_and(|why| why.contains("had not ended")), "no reason");
        }
        let problem = app.owner.post(&format!("{}/run", path(&job)), json!({})).await?.problem(409)?;
        ensure!(problem.kind.ends_with("job-running"), "{problem:?}");

        app.kill();
        write(app, "update jobs set next_at = 1", &[]).await?;
        engine.calm();
        app.launch().await?;
        let missed = eventually("what was missed is run", || async {
            let latest = runs(app, &job).await?.into_iter().next();
            Ok(latest.filter(|run| run.state == JobRunState::Succeeded))
        })
        .await?;
        let states: Vec<JobRunState> = runs(app, &job).await?.iter().map(|run| run.state).collect();
        assert_eq!(states, [JobRunState::Succeeded, JobRunState::Skipped, JobRunState::CutOff]);
        assert_eq!(shown(app, &job).await?.next_at, job.next_at);

        // Nothing runs inside of one that is stopped.
        app.work_on(&one, "stop", json!({})).await?;
        comes_due(app, &job).await?;
        let skipped = latest(app, &job, Some(&missed)).await?;
        ensure!(skipped.reason.is_some_and(|why| why.contains("does not run")), "no reason");
        edit(app, &job, json!({ "state": "paused" })).await?;
        assert_eq!(shown(app, &job).await?.next_at, None);
        let told: Vec<String> = told(app).await?.into_iter().filter(|kind| kind != "job.edited").collect();
        let wanted =
            ["job.added", "job.not-run", "job.failed", "job.recovered", "job.not-run", "job.paused"];
        assert_eq!(told, wanted);
    }
}

story! {
    /// Who may operate the project has it run, and who may use it reads what it said.
    async fn by_whoever_may_run_programs(app) {
        let (engine, one) = serving_one(app).await?;
        with_programs(&engine);
        let jobs = format!("/v1/applications/{}/jobs", one.id);
        let operator = join(app, "member", Team::Same).await?;
        operator.grant_in(app, one.project_id.as_str(), Right::Operate).await?;
        let reader = join(app, "member", Team::Same).await?;
        operator.client.post(&jobs, body("tidy")).await?.created::<Job>()?;
        let problem = operator.client.post(&jobs, body("TIDY")).await?.problem(409)?;
        ensure!(problem.kind.ends_with("job-exists"), "{problem:?}");
        for wrong in [
            json!({ "expression": "0 0 30 2 *" }),
            json!({ "command": [] }),
            json!({ "command": "sh -c x" }),
            json!({ "within_seconds": 86_401 }),
            json!({ "keep": 0 }),
        ] {
            let mut body = body("other");
            body.as_object_mut().context("it")?.extend(wrong.as_object().context("it")?.clone());
            operator.client.post(&jobs, body).await?.problem(422)?;
        }
        reader.client.post(&jobs, body("mine")).await?.problem(403)?;
        let listed: Page<Job> = reader.client.get(&jobs).await?.ok()?;
        let job = listed.items.into_iter().next().context("the job")?;
        reader.client.post(&format!("{}/run", path(&job)), json!({})).await?.problem(403)?;

        // One that is paused runs when a person wants it to.
        let fails = json!({ "command": ["fail"], "state": "paused" });
        operator.client.patch(&path(&job), fails).await?.ok::<Job>()?;
        let run = format!("{}/run?wait=20", path(&job));
        let failed: Operation = operator.client.post(&run, json!({})).await?.accepted()?;
        let failure = failed.failure.clone().context("a failure")?;
        assert_eq!((failure.code.as_str(), failed.state), ("job-failed", OperationState::Failed));
        let Some(OperationResult::JobRun { run_id, .. }) = failed.result else {
            anyhow::bail!("{failed:?}");
        };
        let of_run = format!("{}/runs/{run_id}", path(&job));
        reader.client.get(&of_run).await?.problem(403)?;
        reader.grant_in(app, one.project_id.as_str(), Right::Use).await?;
        let seen: JobRun = reader.client.get(&of_run).await?.ok()?;
        assert_eq!((seen.cause, seen.exit_code), (JobCause::Person, Some(3)));
        ensure!(seen.output.is_some_and(|said| said.stdout.contains("fail")), "it said nothing");

        // A clone has it too, and does not begin by itself.
        let clone = json!({ "name": "next" });
        let path_of = format!("/v1/applications/{}/clone", one.id);
        edit(app, &job, json!({ "state": "active" })).await?;
        let made: Value = app.owner.post(&path_of, clone).await?.created()?;
        let its = made["application"]["id"].as_str().context("a clone")?;
        let its: Page<Job> = app.owner.get(&format!("/v1/applications/{its}/jobs")).await?.ok()?;
        assert_eq!((its.items.len(), its.items[0].state), (1, JobState::Paused));

        let server = format!("/v1/servers/{}", one.server_id);
        app.owner.patch(&server, json!({ "terminal": "off" })).await?.ok::<Server>()?;
        let problem = operator.client.post(&run, json!({})).await?.problem(409)?;
        ensure!(problem.kind.ends_with("terminal-off"), "{problem:?}");
        assert_eq!(operator.client.delete(&path(&job)).await?.status, 204);
        operator.client.get(&path(&job)).await?.problem(404)?;
    }
}
