//! Runs of jobs: each a task that runs one program over the keeper's connection, and writes down what came
//! of it (`conclude`).
//!
//! Owns their tasks, their turns on a server, and what the end of a process cut off. A run is one: of one
//! that was cut off nobody knows how far it came, and it is not run again before the next time.

mod conclude;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use portolan_types::{
    Access, Argument, Job, JobOutput, JobRunState, Reachability, Server, ServerId, Timestamp,
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    commands::end_of,
    crew,
    hosts::Hosts,
    inside,
    mark::{Mark, Signal},
};
use crate::{
    App, Error,
    container::{self, Place},
    db::{self, job_run::End},
    host::{ContainerDetail, Exec, ExecOutput, Host, HostError, Unfinished},
    jobs::{Asked, begin_due},
    rights::Visible,
    tasks::Pulse,
};

/// How many run on one server at once: each holds a channel of the keeper's connection, beside those that
/// people read by (`readings`).
const AT_ONCE: usize = 4;
/// The same where a channel is a command on the host: sshd allows ten.
const OVER_COMMANDS: usize = 1;
/// How long a connection is waited for that its keeper may be making: after a start, or a lost link.
const DIALLING: Duration = Duration::from_secs(30);
/// Between tries to write down what an earlier process began.
const AGAIN: Duration = Duration::from_secs(5);
/// What a program ends with that the kernel ends.
const KILLED: i64 = 137;
/// From the end of a program to that of its container, where the latter brought it about.
const MOMENT: Duration = Duration::from_secs(5);
/// The variable that marks what a run began.
const MARK: &str = "PORTOLAN_RUN";

/// Runs jobs until `shutdown`, and then until each run has been written down.
pub(super) async fn run(
    app: Arc<App>,
    hosts: Arc<Hosts>,
    asked: mpsc::Receiver<Asked>,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    let (started, swept) = (Timestamp::now(), Notify::new());
    let clock = Clock { ready: &swept, set: &app.jobs.scheduled, what: "jobs" };
    let (app, turns) = (&app, Arc::new(Turns::default()));
    let around = Arc::new(Around { app: app.clone(), hosts, turns, pulse: pulse.clone() });
    tokio::join!(
        end_cut_off(app, (started, &swept), &pulse, &shutdown),
        clock.run(|| begin_due(app), &pulse, &shutdown),
        crew::keep(asked, &shutdown, |asked| keep(around.clone(), asked)),
    );
}

/// What every run needs.
#[derive(Debug)]
struct Around {
    app: Arc<App>,
    hosts: Arc<Hosts>,
    turns: Arc<Turns>,
    pulse: Pulse,
}

/// How many run where.
#[derive(Debug, Default)]
struct Turns(Mutex<HashMap<(ServerId, usize), Arc<Semaphore>>>);

impl Turns {
    /// Waits for a turn on a server; it is over when the answer is dropped.
    async fn take(&self, server: &Server) -> Option<OwnedSemaphorePermit> {
        let at_once = match server.access {
            Some(Access::DialStdio | Access::SudoDialStdio) => OVER_COMMANDS,
            Some(Access::StreamForwarding | Access::LocalSocket) | None => AT_ONCE,
        };
        let of = {
            // Nothing panics while it holds this lock, so a poisoned one is still whole.
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Semaphore::new(at_once));
            all.entry((server.id.clone(), at_once)).or_insert_with(new).clone()
        };
        // It is never closed.
        of.acquire_owned().await.ok()
    }
}

/// What an earlier process began, or never came to, is over. Rings when that is done.
async fn end_cut_off(
    app: &App,
    (began, ended): (Timestamp, &Notify),
    pulse: &Pulse,
    shutdown: &CancellationToken,
) {
    let ending = async {
        while let Err(error) = pulse.run(Box::pin(conclude::before(app, began))).await {
            tracing::error!(%error, "could not end runs of jobs that were cut off; trying again");
            tokio::time::sleep(AGAIN).await;
        }
        ended.notify_one();
    };
    shutdown.run_until_cancelled(ending).await;
}

async fn keep(around: Arc<Around>, asked: Asked) {
    let done = around.pulse.run(Box::pin(attempt(&around, &asked)));
    if let Err(error) = done.await {
        tracing::error!(job.id = %asked.run.job_id, %error, "could not write down what became of a run");
    }
}

async fn attempt(around: &Around, asked: &Asked) -> Result<(), Error> {
    let app = &around.app;
    let work = match conclude::Work::begin(app, &asked.run).await {
        Ok(work) => work,
        Err(error) => {
            let why = format!("could not begin: {error}");
            return conclude::ended(app, (None, &asked.run), &bad(JobRunState::Failed, why)).await;
        }
    };
    let end = tokio::select! {
        end = perform(around, asked) => end,
        () = app.stopping.cancelled() => cut_off(),
    };
    conclude::ended(app, (work, &asked.run), &end).await
}

/// Of a process that is over.
fn cut_off() -> End {
    let why = "Portolan ended before the program did: it may have run, and may run on";
    bad(JobRunState::CutOff, why.to_owned())
}

fn bad(state: JobRunState, why: String) -> End {
    End { state, reason: Some(why), exit_code: None, output: None }
}

async fn perform(around: &Around, asked: &Asked) -> End {
    match execute(around, asked).await {
        Ok(end) => end,
        Err(why @ (Error::Refused(_) | Error::NotFound(_))) => {
            bad(JobRunState::Skipped, why.to_string())
        }
        Err(error) => bad(JobRunState::Failed, error.to_string()),
    }
}

/// Runs the program once it is its turn. An error says why it was not begun.
async fn execute(around: &Around, asked: &Asked) -> Result<End, Error> {
    let (app, job) = (&around.app, &asked.kept.job);
    let whole = Visible::whole(&asked.kept.team);
    let place = container::serving(app, whole, &job.application_id).await?;
    let _turn = around.turns.take(&place.server).await;
    // It may have been deployed anew meanwhile.
    let place = container::serving(app, whole, &job.application_id).await?;
    container::check_may_be_entered(&place.server)?;
    let host = connection(around, &place.server).await;
    let (host, container) = inside::find(host, &place).await?;
    inside::check_runs(&place, &container)?;
    let mut conn = app.db.acquire().await?;
    db::job_run::set_started(&mut conn, &asked.run.id, Timestamp::now()).await?;
    drop(conn);
    Ok(observe(host.as_ref(), (&place, &container), job).await)
}

/// The connection of the server's keeper. What was missed is due before that has dialled.
async fn connection(around: &Around, server: &Server) -> Option<Arc<dyn Host>> {
    let mut looks = around.app.looks();
    let dialled = async {
        loop {
            if let Some(host) = around.hosts.find(&server.id) {
                return host;
            }
            // Whichever host was looked at, or how many looks were missed: it is asked for again.
            drop(looks.recv().await);
        }
    };
    match server.reachability {
        Reachability::Unreachable => around.hosts.find(&server.id),
        Reachability::Reachable | Reachability::Unknown => timeout(DIALLING, dialled).await.ok(),
    }
}

/// Runs it and waits for its end.
async fn observe(
    host: &dyn Host,
    (place, container): (&Place, &ContainerDetail),
    job: &Job,
) -> End {
    let (docker_id, mark) = (container.member.docker_id.as_str(), Mark::new(MARK));
    let exec = Exec {
        command: job.command.arguments().iter().map(Argument::to_string).collect(),
        user: None,
        environment: vec![mark.variable()],
        within: job.within_seconds.duration(),
    };
    let end = match host.exec(docker_id, &exec).await {
        Ok(said) => of_program(said),
        Err(HostError::RanOn { said, .. }) => {
            mark.tell((host, docker_id), None, Signal::Terminate).await;
            return too_late(job, *said);
        }
        Err(error) => of_host(place, &error),
    };
    if end.state.is_bad() && has_ended(host, docker_id, &end).await {
        return with_container(place, end);
    }
    end
}

/// With what it had said until then.
fn too_late(job: &Job, Unfinished { stdout, stderr, truncated }: Unfinished) -> End {
    let why = format!("it had not ended after {} s, and was told to end", job.within_seconds);
    let output = Some(kept(stdout, stderr, truncated));
    End { output, ..bad(JobRunState::TimedOut, why) }
}

fn kept(stdout: String, stderr: String, truncated: bool) -> JobOutput {
    let ((stdout, more_out), (stderr, more_err)) = (end_of(stdout), end_of(stderr));
    JobOutput { stdout, stderr, truncated: truncated || more_out || more_err }
}

fn of_program(ExecOutput { exit_code, stdout, stderr, truncated }: ExecOutput) -> End {
    let output = kept(stdout, stderr, truncated);
    let (state, reason) = match exit_code {
        0 => (JobRunState::Succeeded, None),
        code => (JobRunState::Failed, Some(format!("it ended with exit code {code}"))),
    };
    End { state, reason, exit_code: Some(exit_code), output: Some(output) }
}

fn of_host(Place { server, container, .. }: &Place, error: &HostError) -> End {
    let server = &server.name;
    if error.is_connection() {
        let why = format!("server `{server}` was lost while it ran, and it may run on: {error}");
        return bad(JobRunState::CutOff, why);
    }
    let why = format!("could not run it in container `{container}` on server `{server}`: {error}");
    bad(JobRunState::Failed, why)
}

/// Whether its container is what ended. A program that was killed has ended before its container has, of
/// which the engine tells a moment later.
async fn has_ended(host: &dyn Host, docker_id: &str, end: &End) -> bool {
    let runs = match host.find_container(docker_id).await {
        Ok(container) => container.is_some_and(|container| container.is_running()),
        Err(_) => return false,
    };
    if !runs || end.exit_code != Some(KILLED) {
        return !runs;
    }
    match host.wait_container(docker_id, MOMENT).await {
        Ok(_) => true,
        Err(error) => error.is_not_found(),
    }
}

/// A deployment takes the container away in which it ran, and does not wait for it.
fn with_container(Place { container, .. }: &Place, end: End) -> End {
    let why = format!("container `{container}` ended before it did, by a deployment or by itself");
    End { state: JobRunState::CutOff, reason: Some(why), ..end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_says_how_it_ended() {
        let said = |exit_code| ExecOutput { exit_code, ..ExecOutput::default() };
        let end = of_program(said(0));
        assert_eq!((end.state, end.reason), (JobRunState::Succeeded, None));
        let end = of_program(said(3));
        assert_eq!((end.state, end.exit_code), (JobRunState::Failed, Some(3)));
        assert!(end.reason.is_some_and(|why| why.contains('3')));
    }

    #[test]
    fn only_the_ends_of_what_was_said_are_kept() {
        let stdout = "ä".repeat(100 << 10);
        let end = of_program(ExecOutput { stdout, ..ExecOutput::default() });
        let output = end.output.expect("an output");
        assert_eq!((output.stdout.len(), output.truncated), (64 << 10, true));
    }
}
