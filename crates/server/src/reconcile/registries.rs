//! Trying stored logins from a server: does its registry take them when this host's Docker asks?
//!
//! Owns the task of the one under way: an engine waits long for a registry that does not answer, and
//! the server's other work does not wait for it. It ends with the connection, and the work is taken
//! up over the next one.

use std::sync::Arc;

use portolan_types::{Failure, OperationKind, RegistryCheck, RegistryOutcome, Timestamp};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    PassError, Surroundings,
    recorder::{OpenStep, Recorder, failure},
    work,
};
use crate::{
    Error,
    db::{operation::Waiting, server::Assigned},
    host::{Host, HostError, RegistryLogin},
    registries::{self, Asked, Checked},
};

/// The check under way on a server, if there is one.
#[derive(Debug, Default)]
pub(super) struct Checks(Option<Running>);

#[derive(Debug)]
struct Running {
    /// Said before the keeper is woken: a task that has said it may not have ended yet.
    done: CancellationToken,
    _task: AbortOnDropHandle<()>,
}

impl Checks {
    /// Begins the next one that waits, when none is under way.
    pub(super) fn start_next(
        &mut self,
        around: &Surroundings,
        row: &Assigned,
        waiting: &[Waiting],
        host: &Arc<dyn Host>,
    ) {
        if self.0.as_ref().is_some_and(|running| !running.done.is_cancelled()) {
            return;
        }
        let next = work::of_kinds(waiting, &[OperationKind::CheckRegistry]).next();
        self.0 = next.map(|task| {
            let job = Job {
                around: around.clone(),
                server: row.clone(),
                task: task.clone(),
                host: host.clone(),
            };
            let done = CancellationToken::new();
            let task = AbortOnDropHandle::new(tokio::spawn(job.run(done.clone())));
            Running { done, _task: task }
        });
    }
}

/// One check, as its task has it.
#[derive(Debug)]
struct Job {
    around: Surroundings,
    server: Assigned,
    task: Waiting,
    host: Arc<dyn Host>,
}

impl Job {
    /// What it cannot end now it leaves as it is: the work waits in its row, and is begun anew.
    async fn run(self, done: CancellationToken) {
        let server = &self.server.server;
        let attempted = self.attempt().await;
        done.cancel();
        match attempted {
            // The next one that waits.
            Ok(()) => self.around.app.wake(&server.id),
            Err(error) => {
                tracing::warn!(server.id = %server.id, server.name = %server.name, %error, "could not end a check of a registry; trying again");
            }
        }
    }

    async fn attempt(&self) -> Result<(), PassError> {
        let app = self.around.app.as_ref();
        let Some(recorder) = Recorder::start(app, self.task.kind, &self.task.id).await? else {
            return Ok(());
        };
        let step = recorder.begin("log-in").await?;
        let Some((asked, login, revision)) = self.found().await? else {
            return Ok(gone(&recorder, step).await?);
        };
        let (check, failure) = self.answer(&login, self.host.check_login(&login).await)?;
        match &failure {
            Some(failure) => recorder.fail(step, failure).await?,
            None => recorder.done(step, &format!("{} takes {}", login.host, login.user)).await?,
        }
        let (team, operation) = (&self.server.team_id, &self.task.id);
        let done = Checked { team, asked: &asked, revision, operation, check };
        let mut tx = app.db.begin().await?;
        registries::checked(&mut tx, &done).await?;
        recorder.finish(&mut tx, failure.as_ref()).await?;
        tx.commit().await?;
        recorder.tell();
        Ok(())
    }

    /// What was asked for, and what is sent for it now.
    async fn found(&self) -> Result<Option<(Asked, RegistryLogin, i64)>, Error> {
        let asked = self.task.input.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let Some(asked) = asked else { return Ok(None) };
        let asked: Asked = asked;
        let app = self.around.app.as_ref();
        let found = registries::to_check(app, &self.server.team_id, &asked.registry_id).await?;
        Ok(found.map(|(login, revision)| (asked, login, revision)))
    }

    /// A registry that does not answer is an answer; a connection that is lost is none.
    fn answer(
        &self,
        login: &RegistryLogin,
        asked: Result<(), HostError>,
    ) -> Result<(RegistryCheck, Option<Failure>), PassError> {
        let (outcome, error) = match asked {
            Ok(()) => (RegistryOutcome::Accepted, None),
            Err(error) if error.is_login_refused() => (RegistryOutcome::Refused, Some(error)),
            Err(error @ HostError::Timeout { .. }) => (RegistryOutcome::Failed, Some(error)),
            Err(error) if error.is_connection() => return Err(error.into()),
            Err(error) => (RegistryOutcome::Failed, Some(error)),
        };
        let check = RegistryCheck {
            server_name: self.server.server.name.clone(),
            outcome,
            words: error.as_ref().map(ToString::to_string),
            checked_at: Timestamp::now(),
        };
        Ok((check, error.map(|error| self.failure(login, outcome, &error))))
    }

    fn failure(
        &self,
        RegistryLogin { host, user, .. }: &RegistryLogin,
        outcome: RegistryOutcome,
        error: &HostError,
    ) -> Failure {
        let server = &self.server.server.name;
        if outcome == RegistryOutcome::Refused {
            return failure(
                "login-refused",
                format!("registry `{host}` refused `{user}` from server `{server}`: {error}"),
                "give the login another user or password (`update_registry`)",
            );
        }
        failure(
            "registry-away",
            format!("could not ask registry `{host}` from server `{server}`: {error}"),
            "check the registry's host, that the server reaches it, and that its Docker trusts the \
             certificate (`insecure-registries` in /etc/docker/daemon.json where there is none)",
        )
    }
}

/// It was removed after the check was asked for.
async fn gone(recorder: &Recorder<'_>, step: OpenStep) -> Result<(), Error> {
    let why = failure(
        "registry-gone",
        "the login is not there any more",
        "store it again (`create_registry`)",
    );
    recorder.fail(step, &why).await?;
    recorder.conclude(Some(&why), None).await
}
