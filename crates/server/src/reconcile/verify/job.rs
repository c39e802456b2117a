//! One proof from its beginning to its end: what it needs is read, what an earlier one left is removed,
//! it is made within its time, and whatever came of it is written down and cleaned up.
//!
//! Owns neither when it begins nor what is tried.

use std::{sync::Arc, time::Duration};

use portolan_types::{
    Destination, Failure, OperationKind, OperationResult, ReachEnd, Subject, TeamId, Timestamp,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    conclude,
    probes::{Ground, Probes, Stop, Trouble, Whose},
    prover::{Companion, Prover},
    reach::Trial,
    sweep,
};
use crate::{
    Error,
    db::{self, destination, operation::Waiting, server},
    host::Host,
    reach::Asked,
    reconcile::{
        Surroundings,
        recorder::{Recorder, failure},
    },
    rights::Visible,
    servers,
};

/// How long all that is tried may take together.
const LIMIT: Duration = Duration::from_mins(2);

/// One proof, as its task has it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) around: Surroundings,
    pub(super) server: server::Assigned,
    pub(super) task: Waiting,
    pub(super) host: Arc<dyn Host>,
    pub(super) cancel: CancellationToken,
}

impl Job {
    /// What it cannot end now it leaves as it is: the work waits in its row, and is begun anew.
    pub(super) async fn run(self) {
        let name = &self.server.server.name;
        match self.attempt().await {
            // The next one that waits.
            Ok(()) => self.around.app.wake(&self.server.server.id),
            Err(Stop::Cancelled) => {}
            Err(Stop::Pass(error)) => {
                tracing::warn!(server.id = %self.server.server.id, server.name = %name, %error, "could not end a proof; trying again");
            }
        }
    }

    async fn attempt(&self) -> Result<(), Stop> {
        // The semaphore is never closed.
        let Ok(_turn) = self.around.proofs.acquire().await else { return Ok(()) };
        if self.task.kind == OperationKind::ProveReach {
            return self.prove_reach().await;
        }
        self.verify().await
    }

    async fn verify(&self) -> Result<(), Stop> {
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

    async fn prove_reach(&self) -> Result<(), Stop> {
        let app = self.around.app.as_ref();
        let Some(asked) = self.asked().await? else { return Ok(()) };
        let Some(recorder) = Recorder::start(app, self.task.kind, &self.task.id).await? else {
            return Ok(());
        };
        let Asked { answer, port } = asked;
        let destinations = (self.end(&answer.from).await?, self.end(&answer.to).await?);
        let beyond = self.beyond(&answer.to).await?;
        self.clean(&beyond).await?;
        let near = self.ground();
        let is_here = answer.to.server_id == self.server.server.id;
        let far = if is_here { Some(near) } else { beyond.first().map(Companion::ground) };
        let trial = Trial {
            answer: &answer,
            port,
            server: &self.server.server,
            destinations,
            near,
            far,
            probes: Probes { operation: &self.task.id, cancel: &self.cancel },
            recorder: &recorder,
        };
        let result = timeout(LIMIT, Box::pin(trial.run())).await;
        // Whatever came of it, nothing stays.
        self.clean(&beyond).await?;
        let Ok(proof) = result else {
            return Ok(recorder.conclude(Some(&took_too_long(&answer.from)), None).await?);
        };
        let result = OperationResult::Reach { proof: proof?, reach: Box::new(answer) };
        Ok(recorder.conclude(None, Some(&result)).await?)
    }

    async fn asked(&self) -> Result<Option<Asked>, Error> {
        let mut conn = self.around.app.db.acquire().await?;
        Ok(db::operation::find_input(&mut conn, &self.task.id).await?)
    }

    /// The destination that an end of a question is, while it is there.
    async fn end(&self, end: &ReachEnd) -> Result<Option<Destination>, Error> {
        let Some(id) = &end.destination_id else { return Ok(None) };
        let mut conn = self.around.app.db.acquire().await?;
        Ok(db::destination::find(&mut conn, Visible::whole(&self.task.team_id), id).await?)
    }

    /// The other end's server, where it is another one and connected.
    async fn beyond(&self, to: &ReachEnd) -> Result<Vec<Companion>, Error> {
        if to.server_id == self.server.server.id {
            return Ok(Vec::new());
        }
        let mut conn = self.around.app.db.acquire().await?;
        let visible = Visible::whole(&self.task.team_id);
        let server = db::server::find(&mut conn, visible, &to.server_id).await?;
        let host = self.around.hosts.find(&to.server_id);
        let companion = server.zip(host).map(|(server, host)| Companion { server, host });
        Ok(companion.into_iter().collect())
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

fn took_too_long(from: &ReachEnd) -> Failure {
    failure(
        "proof-too-long",
        format!("trying what `{}` reaches took longer than {} s", from.name, LIMIT.as_secs()),
        "see how busy the host is, then ask again",
    )
}
