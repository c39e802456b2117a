//! Programs in containers: each a task that runs one over the keeper's connection, and writes down what
//! came of it.
//!
//! Owns their tasks. A program is run once: of one that was cut off by the end of the process nobody
//! knows whether it ran, and it is not run again.

use std::{sync::Arc, time::Duration};

use portolan_types::{Argument, CommandResult, Failure, OperationKind, OperationResult, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    crew,
    hosts::Hosts,
    inside,
    recorder::{Recorder, failure, host_failure},
};
use crate::{
    App, Error,
    commands::Asked,
    db,
    host::{Exec, ExecOutput, HostError, clean},
    tasks::Pulse,
};

/// Most bytes of each output that are kept: the last ones. They lie in a row.
const KEPT: usize = 64 << 10;
/// Between tries to write down that programs of an earlier process were cut off.
const AGAIN: Duration = Duration::from_secs(5);

/// Runs programs until `shutdown`, and then until each has been written down.
pub(super) async fn run(
    app: Arc<App>,
    hosts: Arc<Hosts>,
    asked: mpsc::Receiver<Asked>,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    let ending = end_cut_off(&app, Timestamp::now(), &pulse, &shutdown);
    let begin = |asked| keep(app.clone(), hosts.clone(), asked, pulse.clone());
    tokio::join!(ending, crew::keep(asked, &shutdown, begin));
}

/// What an earlier process began, or never came to, is over.
async fn end_cut_off(app: &App, began: Timestamp, pulse: &Pulse, shutdown: &CancellationToken) {
    let ending = async {
        while let Err(error) = pulse.run(end_before(app, began)).await {
            tracing::error!(%error, "could not end commands that were cut off; trying again");
            tokio::time::sleep(AGAIN).await;
        }
    };
    shutdown.run_until_cancelled(ending).await;
}

async fn end_before(app: &App, moment: Timestamp) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    let (kind, why) = (OperationKind::RunCommand, cut_off());
    db::operation::fail_before(&mut conn, kind, moment, &why).await?;
    Ok(())
}

fn cut_off() -> Failure {
    failure(
        "interrupted",
        "Portolan ended before the program did: it may have run, and may run on",
        "look in the container, and run it again where that does no harm",
    )
}

async fn keep(app: Arc<App>, hosts: Arc<Hosts>, asked: Asked, pulse: Pulse) {
    if let Err(error) = pulse.run(attempt(&app, &hosts, &asked)).await {
        tracing::error!(operation.id = %asked.operation, %error, "could not write down what a command did");
    }
}

async fn attempt(app: &App, hosts: &Hosts, asked: &Asked) -> Result<(), Error> {
    let kind = OperationKind::RunCommand;
    let Some(recorder) = Recorder::start(app, kind, &asked.operation).await? else {
        return Ok(());
    };
    let step = recorder.begin("run").await?;
    let ran = tokio::select! {
        ran = execute(hosts, asked) => ran,
        () = app.stopping.cancelled() => Err(cut_off()),
    };
    match ran {
        Ok(result) => {
            recorder.done(step, &format!("exit code {}", result.exit_code)).await?;
            recorder.conclude(None, Some(&OperationResult::Command(result))).await
        }
        Err(failure) => {
            recorder.fail(step, &failure).await?;
            recorder.conclude(Some(&failure), None).await
        }
    }
}

async fn execute(hosts: &Hosts, asked: &Asked) -> Result<CommandResult, Failure> {
    let Asked { place, command, .. } = asked;
    let found = inside::find(hosts.find(&place.server.id), place).await;
    let (host, container) = found.map_err(|error| refused(asked, error))?;
    inside::check_runs(place, &container).map_err(|error| refused(asked, error))?;
    let exec = Exec {
        command: command.command.iter().map(Argument::to_string).collect(),
        user: command.user.as_ref().map(ToString::to_string),
        environment: Vec::new(),
        within: command.within_seconds.duration(),
    };
    let said = host.exec(&container.member.docker_id, &exec).await;
    said.map(|said| result(asked, said)).map_err(|error| failed(asked, &error))
}

fn refused(asked: &Asked, error: Error) -> Failure {
    match error {
        Error::Refused(refusal) => {
            failure(refusal.code, refusal.message, refusal.remedy.unwrap_or_default())
        }
        // It is there in the rows, and not where they have it.
        _ => failure(
            "no-such-container",
            format!(
                "there is no container `{}` on server `{}`",
                asked.place.container, asked.place.server.name
            ),
            "see `list_containers` for those that are",
        ),
    }
}

fn failed(asked: &Asked, error: &HostError) -> Failure {
    let seconds = u32::from(asked.command.within_seconds);
    let program = program(asked);
    if error.is_late() {
        return failure(
            "too-slow",
            format!("`{program}` had not ended after {seconds} s: it may run on"),
            "give it more time, or look in the container",
        );
    }
    let action = format!("run `{program}` in container `{}`", asked.place.container);
    host_failure(&action, asked.place.server.name.as_str(), error)
}

fn program(asked: &Asked) -> String {
    clean(asked.command.program().unwrap_or_default())
}

fn result(asked: &Asked, said: ExecOutput) -> CommandResult {
    let ExecOutput { exit_code, stdout, stderr, truncated } = said;
    let (stdout, more_out) = end_of(stdout);
    let (stderr, more_err) = end_of(stderr);
    CommandResult {
        container: asked.place.container.clone(),
        program: program(asked),
        exit_code,
        stdout,
        stderr,
        truncated: truncated || more_out || more_err,
    }
}

/// The end of a text that is kept, and whether there was more.
pub(super) fn end_of(text: String) -> (String, bool) {
    let from = text.ceil_char_boundary(text.len().saturating_sub(KEPT));
    if from == 0 { (text, false) } else { (text[from..].to_owned(), true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_and_no_character_is_cut() {
        assert_eq!(end_of("short".to_owned()), ("short".to_owned(), false));
        let (kept, more) = end_of(format!("{}ä", "ä".repeat(KEPT)));
        assert!(more && kept.len() <= KEPT && kept.chars().all(|c| c == 'ä'));
        let (kept, more) = end_of(format!("x{}", "ä".repeat(KEPT / 2)));
        assert_eq!((kept.len(), more), (KEPT, true));
    }
}
