//! Proving that destinations are what they should be: one verification at a time on a server,
//! beside the keeper's other work, over the keeper's connection.
//!
//! Owns the task: when it begins, that it makes way for newer work, and that nothing of it stays on
//! a host. It takes many seconds, most of them waiting for packets that do not come, so the keeper
//! does not wait for it. What is tried is in `checks`, the order in `prover`.

use std::{sync::Arc, time::Duration};

use portolan_types::{Failure, OperationId, OperationKind, Subject, TeamId, Timestamp};
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    PassError, Surroundings,
    recorder::{Recorder, failure},
    work,
};
use crate::{
    App, Error,
    db::{self, destination, operation::Waiting, server},
    host::Host,
    servers,
    sighting::Sighting,
};

mod answer;
mod checks;
mod conclude;
mod draft;
mod probes;
mod prover;
mod schedule;
mod sweep;

use probes::{Ground, Probes, Stop, Trouble, Whose};
use prover::{Companion, Prover};
pub(super) use schedule::queue_due;

/// How long all checks together may take.
const LIMIT: Duration = Duration::from_mins(2);
/// How long removing the probes may take, and making way.
const CLEANING: Duration = Duration::from_secs(30);
/// How many verifications the whole installation has under way: they are nobody's hurry.
pub(super) const AT_ONCE: usize = 4;

/// The verification under way on a server, if there is one.
#[derive(Debug, Default)]
pub(super) struct Verifier(Option<Running>);

#[derive(Debug)]
struct Running {
    operation: OperationId,
    cancel: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Verifier {
    /// Ends the one under way when newer work took its place: what it has on the destination's
    /// network would be in the way.
    pub(super) async fn make_way(&mut self, app: &App) -> Result<(), Error> {
        let Some(running) = self.0.take_if(|running| running.task.is_finished()) else {
            return self.end_if_over(app).await;
        };
        drop(running);
        Ok(())
    }

    async fn end_if_over(&mut self, app: &App) -> Result<(), Error> {
        let Some(running) = &self.0 else { return Ok(()) };
        let mut conn = app.db.acquire().await?;
        let at_work = db::operation::is_at_work(&mut conn, &running.operation).await?;
        drop(conn);
        if let Some(running) = self.0.take_if(|_| !at_work) {
            running.cancel.cancel();
            // It ends after the call that it is in. One that does not is dropped where it stands,
            // and what it made is found by its label.
            drop(timeout(CLEANING, running.task).await);
        }
        Ok(())
    }

    /// Removes what earlier ones left.
    pub(super) async fn sweep(
        &self,
        app: &App,
        row: &server::Assigned,
        host: &dyn Host,
        seen: &Sighting,
    ) -> Result<(), PassError> {
        let at_work = self.0.as_ref().map(|running| &running.operation);
        sweep::left_behind(app, &row.server.id, host, seen, at_work).await
    }

    /// Begins the next one that waits, when none is under way.
    pub(super) fn start_next(
        &mut self,
        around: &Surroundings,
        row: &server::Assigned,
        waiting: &[Waiting],
        host: &Arc<dyn Host>,
    ) {
        if self.0.is_some() {
            return;
        }
        let next = work::of_kinds(waiting, &[OperationKind::VerifyDestination]).next();
        let Some(task) = next else { return };
        let cancel = around.shutdown.child_token();
        let job = Job {
            around: around.clone(),
            server: row.clone(),
            task: task.clone(),
            host: host.clone(),
            cancel: cancel.clone(),
        };
        let operation = task.id.clone();
        let task = AbortOnDropHandle::new(tokio::spawn(job.run()));
        self.0 = Some(Running { operation, cancel, task });
    }
}

/// One verification, as its task has it.
#[derive(Debug)]
struct Job {
    around: Surroundings,
    server: server::Assigned,
    task: Waiting,
    host: Arc<dyn Host>,
    cancel: CancellationToken,
}

impl Job {
    /// What it cannot end now it leaves as it is: the work waits in its row, and is begun anew.
    async fn run(self) {
        let name = &self.server.server.name;
        match self.attempt().await {
            // The next one that waits.
            Ok(()) => self.around.app.wake(&self.server.server.id),
            Err(Stop::Cancelled) => {}
            Err(Stop::Pass(error)) => {
                tracing::warn!(server.id = %self.server.server.id, server.name = %name, %error, "could not verify a destination; trying again");
            }
        }
    }

    async fn attempt(&self) -> Result<(), Stop> {
        // The semaphore is never closed.
        let Ok(_turn) = self.around.proofs.acquire().await else { return Ok(()) };
        let app = self.around.app.as_ref();
        let Some(row) = self.destination().await? else { return Ok(()) };
        let started = Timestamp::now();
        let Some(recorder) = Recorder::start(app, self.task.kind, &self.task.id).await? else {
            return Ok(());
        };
        let companions = self.companions(&row.team_id).await?;
        let ground = self.ground();
        self.clean(&companions).await?;
        let prover = Prover {
            app,
            server: &self.server,
            row: &row,
            ground,
            companions: &companions,
            probes: Probes { operation: &self.task.id, cancel: &self.cancel },
            recorder: &recorder,
        };
        let result = timeout(LIMIT, Box::pin(prover.run())).await;
        // Whatever came of it, nothing stays.
        self.clean(&companions).await?;
        let outcome = match result {
            Ok(checks) => Ok(checks?),
            Err(_) => Err(too_long(&row)),
        };
        Ok(conclude::run(app, &row, &recorder, started, outcome).await?)
    }

    fn ground(&self) -> Ground<'_> {
        let server = self.server.server.name.as_str();
        Ground { host: self.host.as_ref(), server, whose: Whose::Own }
    }

    async fn destination(&self) -> Result<Option<destination::Assigned>, Error> {
        let Subject::Destination(id) = &self.task.subject else { return Ok(None) };
        let mut conn = self.around.app.db.acquire().await?;
        let rows = db::destination::list_assigned(&mut conn, &self.server.server.id).await?;
        Ok(rows.into_iter().find(|row| row.destination.id == *id))
    }

    /// The other nodes of the swarm that are servers of the team and connected.
    async fn companions(&self, team: &TeamId) -> Result<Vec<Companion>, Error> {
        let mut conn = self.around.app.db.acquire().await?;
        let all = servers::companions(&mut conn, team, &self.server.server).await?;
        let others = all.into_iter().filter(|one| one.id != self.server.server.id);
        let connected = others.filter_map(|server| {
            let host = self.around.hosts.find(&server.id)?;
            Some(Companion { server, host })
        });
        Ok(connected.collect())
    }

    /// Removes what this verification made, now or before a crash. Another node that cannot be
    /// asked now is swept by its own keeper.
    async fn clean(&self, companions: &[Companion]) -> Result<(), Stop> {
        let operation = &self.task.id;
        for companion in companions {
            if let Err(Trouble::Stop(stop)) = sweep::all_of(&companion.ground(), operation).await {
                return Err(stop);
            }
        }
        match sweep::all_of(&self.ground(), operation).await {
            Ok(()) => Ok(()),
            Err(Trouble::Stop(stop)) => Err(stop),
            Err(Trouble::Refused(error)) => {
                let server = &self.server.server.name;
                tracing::warn!(server.name = %server, %error, "could not remove all probes; the next look does");
                Ok(())
            }
        }
    }
}

fn too_long(row: &destination::Assigned) -> Failure {
    let name = &row.destination.name;
    failure(
        "verification-too-long",
        format!("verifying destination `{name}` took longer than {} s", LIMIT.as_secs()),
        "see how busy the host is, then verify again",
    )
}
