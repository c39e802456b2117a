//! The keeper of one server: dials, keeps the connection, listens to its events and lets the
//! destinations be reconciled over it.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use portolan_types::{OperationId, OperationKind, ServerId, ServerState};
use rand::RngExt;
use tokio::{
    sync::{AcquireError, Notify, SemaphorePermit},
    time::{Instant, sleep},
};

use super::{
    PassError, Surroundings, adopt, applications, containers,
    destinations::{self, Round},
    links, members,
    occasion::{Occasion, Trigger},
    orphans, proxy, reachability,
    registries::Checks,
    retries::Retries,
    role, scan,
    side::{Around, Held},
    sight::Sight,
    stacks, swarm, target, validation,
    verify::{self, Verifier},
    work,
};
use crate::{
    Error,
    db::{self, server::Assigned},
    host::{Dialed, Host, HostError, Progress},
    rights::Visible,
    servers,
    tasks::Pulse,
};

mod listen;

pub(super) use listen::after;
use listen::{Bursts, closed, is_of_swarm, jittered, ticker};

const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// Well below the minute in which a server that came back must have converged.
const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// A connection that stood so long was one.
const STOOD: Duration = Duration::from_secs(10);
/// So many shorter ones in a row are no accident.
const MANY_BRIEF: u32 = 3;
/// How often the time of the last contact is written down.
const CONTACT: Duration = Duration::from_mins(1);
/// A look at everything, in case an event was never sent: this long after the last look, and up to a
/// quarter more.
const RESYNC: Duration = Duration::from_mins(10);
/// What a swarm tells is not yet so: tasks start, roles change after it.
const SETTLING: Duration = Duration::from_secs(2);

/// The task of one server.
#[derive(Debug)]
pub(super) struct Keeper {
    id: ServerId,
    bell: Arc<Notify>,
    around: Surroundings,
    backoff: Duration,
    /// How many connections in a row did not stand.
    brief: u32,
    /// The revision of the connection that was dialled last.
    tried: i64,
    sight: Sight,
    proxy: proxy::Memory,
    applications: applications::Memory,
    members: Retries,
    occasion: Occasion,
    pulse: Pulse,
    /// How long a host that refused a look is left alone.
    patience: Duration,
}

/// What a turn of the keeper ended with.
enum Turn {
    /// The row is gone: so is the task.
    Removed,
    /// Dial again at once: the connection is to be another, or a validation waits.
    Redial,
    /// The connection failed or was lost.
    Lost(HostError),
}

impl Keeper {
    pub(super) fn new(id: ServerId, bell: Arc<Notify>, around: Surroundings, pulse: Pulse) -> Self {
        Self {
            id,
            proxy: proxy::Memory::new(bell.clone()),
            applications: applications::Memory::new(around.workshop(), bell.clone()),
            bell,
            around,
            backoff: FIRST_BACKOFF,
            brief: 0,
            tried: 0,
            sight: Sight::default(),
            members: Retries::default(),
            occasion: Occasion::default(),
            pulse,
            patience: FIRST_BACKOFF,
        }
    }

    /// Runs until the server is removed or the process stops. Being dropped at any `.await` is
    /// the same as a crash there, which the rows survive.
    pub(super) async fn run(mut self) {
        let shutdown = self.around.shutdown.clone();
        let work = async {
            loop {
                match self.turn().await {
                    Ok(Turn::Removed) => return,
                    Ok(Turn::Redial) => {}
                    Ok(Turn::Lost(error)) => self.pause(&error).await,
                    Err(error) => {
                        self.pulse.failed(&error);
                        tracing::error!(server.id = %self.id, %error, "could not keep a server; trying again");
                        sleep(FIRST_BACKOFF).await;
                    }
                }
            }
        };
        // Large, and one a server.
        shutdown.run_until_cancelled(Box::pin(work)).await;
    }

    /// One connection: dialled, used, lost.
    async fn turn(&mut self) -> Result<Turn, Error> {
        let Some(row) = self.row().await? else { return Ok(Turn::Removed) };
        self.tried = row.revision;
        let validation = self.waiting_validation(&row).await?;
        let dialed = match self.dial(&row, validation.as_ref()).await? {
            Ok(dialed) => dialed,
            Err(error) => {
                self.lost(&row, &error).await?;
                return Ok(Turn::Lost(error));
            }
        };
        self.pulse.connected();
        let host = dialed.host;
        if validation.is_none() && row.server.state == ServerState::Failed {
            // It was away when it was validated, and answers now.
            host.close().await;
            self.validate_again(&row).await?;
            return Ok(Turn::Redial);
        }
        self.around.hosts.connected(&self.id, &host);
        let since = Instant::now();
        let turn = self.keep(&row, &host).await;
        self.stood(since.elapsed());
        self.pulse.disconnected();
        host.close().await;
        if let Ok(Turn::Lost(error)) = &turn {
            self.lost(&row, error).await?;
        }
        turn
    }

    /// A host that answers and breaks off each time is dialled with pauses too; one that does so now
    /// and then is dialled again at once.
    fn stood(&mut self, time: Duration) {
        self.brief = if time >= STOOD { 0 } else { self.brief.saturating_add(1) };
        if self.brief < MANY_BRIEF {
            self.backoff = FIRST_BACKOFF;
        }
    }

    /// What it kept of its swarm falls to others.
    async fn lost(&self, row: &Assigned, error: &HostError) -> Result<(), Error> {
        self.pulse.failed(error);
        reachability::lost(&self.around.app, row, error).await?;
        // The role may have changed since the row was read.
        let row = self.row().await?;
        match &row {
            Some(row) => swarm::wake_others(&self.around.app, row).await,
            None => Ok(()),
        }
    }

    async fn row(&self) -> Result<Option<Assigned>, Error> {
        let mut conn = self.around.app.db.acquire().await?;
        Ok(db::server::find_assigned(&mut conn, &self.id).await?)
    }

    /// Dials, with an audience when a validation waits for it.
    async fn dial(
        &self,
        row: &Assigned,
        validation: Option<&OperationId>,
    ) -> Result<Result<Dialed, HostError>, Error> {
        let target = target::of(&self.around.app, &row.server).await?;
        let Ok(_permit) = self.permit().await else {
            return Ok(Err(HostError::Lost { why: "Portolan is stopping".into() }));
        };
        match validation {
            Some(operation) => validation::run(&self.around, row, &target, operation).await,
            None => Ok(self.around.dialer.dial(&target, &Progress::silent()).await),
        }
    }

    /// First dials wait their turn: a restart with a thousand servers must not be a flood. A host
    /// that did not answer is dialled without one. Its pauses are spread by chance already, and
    /// a hundred dead hosts, each with its timeout, would keep one that is back waiting.
    async fn permit(&self) -> Result<Option<SemaphorePermit<'_>>, AcquireError> {
        if self.backoff > FIRST_BACKOFF {
            return Ok(None);
        }
        self.around.dials.acquire().await.map(Some)
    }

    async fn validate_again(&self, row: &Assigned) -> Result<(), Error> {
        let mut tx = self.around.app.db.begin().await?;
        servers::queue_validation(&mut tx, &row.team_id, &row.server).await?;
        Ok(tx.commit().await?)
    }

    async fn waiting_validation(&self, row: &Assigned) -> Result<Option<OperationId>, Error> {
        let Some(id) = &row.server.operation_id else { return Ok(None) };
        let mut conn = self.around.app.db.acquire().await?;
        let operation = db::operation::find(&mut conn, Visible::whole(&row.team_id), id).await?;
        let waits = operation.is_some_and(|operation| {
            operation.kind == OperationKind::ValidateServer && !operation.state.is_over()
        });
        Ok(waits.then(|| id.clone()))
    }

    /// Works over a standing connection until it is lost or has to be another.
    async fn keep(&mut self, row: &Assigned, host: &Arc<dyn Host>) -> Result<Turn, Error> {
        // Listening begins before looking, or what happens between the two would be missed.
        let mut events = match host.events().await {
            Ok(events) => events,
            Err(error) => return Ok(Turn::Lost(error)),
        };
        reachability::found(&self.around.app, row).await?;
        let mut contact = ticker(CONTACT);
        let (mut unsettled, mut bursts) = (false, Bursts::default());
        // Ends with the connection.
        let (mut verifier, mut checks) = (Verifier::default(), Checks::default());
        self.occasion.is(Trigger::Connected);
        loop {
            let again = match self.look(row, host, (&mut verifier, &mut checks)).await? {
                Look::Over(turn) => return Ok(turn),
                Look::Done => unsettled.then_some(SETTLING),
                Look::UnderWay => Some(SETTLING),
                Look::Again => Some(self.next_patience()),
            };
            let resync = jittered(RESYNC);
            self.pulse.next(Some(again.unwrap_or(resync)));
            unsettled = false;
            let (again, resync) = (after(again), sleep(resync));
            tokio::pin!(again, resync);
            let trigger = loop {
                tokio::select! {
                    () = self.bell.notified() => break Trigger::Asked,
                    () = &mut again => break Trigger::Again,
                    event = events.next() => match bursts.drain(event, &mut events, &self.bell).await {
                        Ok(burst) => {
                            unsettled = burst.iter().any(is_of_swarm);
                            self.pulse.heard(burst.len());
                            self.occasion.heard(burst);
                            break Trigger::Told;
                        }
                        Err(error) => return Ok(Turn::Lost(error)),
                    },
                    () = host.closed() => return Ok(Turn::Lost(closed())),
                    () = &mut resync => break Trigger::Resync,
                    _ = contact.tick() => match self.contact(host.as_ref()).await {
                        Ok(false) => {}
                        Ok(true) => break Trigger::Again,
                        Err(PassError::Host(error) | PassError::Swarm(error)) => {
                            return Ok(Turn::Lost(error));
                        }
                        Err(PassError::App(error)) => return Err(error),
                    },
                }
            };
            if trigger == Trigger::Asked || bursts.was_rung() {
                // Somebody waits: it is not the host alone that keeps us busy.
                self.brief = 0;
            }
            self.occasion.is(trigger);
        }
    }

    /// One look at the rows and the host.
    async fn look(
        &mut self,
        row: &Assigned,
        host: &Arc<dyn Host>,
        beside: (&mut Verifier, &mut Checks),
    ) -> Result<Look, Error> {
        let Some(now) = self.row().await? else { return Ok(Look::Over(Turn::Removed)) };
        let other = now.revision != row.revision;
        if other || self.waiting_validation(&now).await?.is_some() {
            return Ok(Look::Over(Turn::Redial));
        }
        if now.server.state != ServerState::Ready {
            return Ok(Look::Done);
        }
        let pulse = self.pulse.clone();
        match pulse.run(Box::pin(self.work(now, host, beside))).await {
            Ok(under_way) => {
                self.patience = FIRST_BACKOFF;
                Ok(if under_way { Look::UnderWay } else { Look::Done })
            }
            Err(PassError::Host(error)) if error.is_connection() => {
                Ok(Look::Over(Turn::Lost(error)))
            }
            Err(PassError::Host(error) | PassError::Swarm(error)) => {
                let name = &row.server.name;
                tracing::warn!(server.id = %self.id, server.name = %name, %error, "could not look at a server; trying again");
                Ok(Look::Again)
            }
            Err(PassError::App(error)) => Err(error),
        }
    }

    /// Notes that the server was heard of. Whether its role changed: a node is not told that it was
    /// demoted.
    async fn contact(&self, host: &dyn Host) -> Result<bool, PassError> {
        reachability::touch(&self.around.app, &self.id).await?;
        match self.row().await? {
            Some(row) if row.server.state == ServerState::Ready => {
                role::follow(&self.around.app, &row, host).await
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Longer each time, until a look succeeds.
    fn next_patience(&mut self) -> Duration {
        let patience = self.patience;
        self.patience = (patience * 2).min(MAX_BACKOFF);
        patience
    }

    /// Waits before the next dial; a ring of the bell ends the wait. What only a person can mend
    /// is not tried again without one.
    async fn pause(&mut self, error: &HostError) {
        if error.needs_a_person() {
            return self.a_person_came().await;
        }
        // Half fixed, half random: servers lost together do not come back together.
        let jitter = rand::rng().random_range(0.5..1.0);
        let wait = self.backoff.mul_f64(jitter);
        self.pulse.next(Some(wait));
        self.backoff = (self.backoff * 2).min(MAX_BACKOFF);
        tokio::select! {
            () = self.bell.notified() => {}
            () = sleep(wait) => {}
        }
    }
}

impl Keeper {
    /// Waits until the connection was edited, a validation was asked for or the server removed.
    async fn a_person_came(&self) {
        loop {
            self.bell.notified().await;
            match self.has_news().await {
                Ok(false) => {}
                // With the database away the next turn says so.
                Ok(true) | Err(_) => return,
            }
        }
    }

    async fn has_news(&self) -> Result<bool, Error> {
        let Some(row) = self.row().await? else { return Ok(true) };
        Ok(row.revision != self.tried || self.waiting_validation(&row).await?.is_some())
    }
}

impl Keeper {
    /// Everything that is to be done over a standing connection; whether some of it is under way.
    async fn work(
        &mut self,
        mut row: Assigned,
        host: &Arc<dyn Host>,
        beside: (&mut Verifier, &mut Checks),
    ) -> Result<bool, PassError> {
        if role::follow(&self.around.app, &row, host.as_ref()).await? {
            row = self.row().await?.unwrap_or(row);
            swarm::wake_others(&self.around.app, &row).await?;
        }
        let worked = self.work_as(&row, host, beside).await;
        if let Err(PassError::Swarm(error)) = &worked {
            swarm::without_leader(&self.around.app, &row, error).await?;
        }
        worked
    }

    async fn work_as(
        &mut self,
        row: &Assigned,
        connection: &Arc<dyn Host>,
        (verifier, checks): (&mut Verifier, &mut Checks),
    ) -> Result<bool, PassError> {
        let (around, pulse) = (&self.around, &self.pulse);
        let (app, host) = (around.app.as_ref(), connection.as_ref());
        // Read once for all that follows. A change after this rings the bell, and is met by the
        // next look.
        let rows = destinations::rows(app, row).await?;
        // Before the look: what it has on the host is gone from what is seen.
        verifier.make_way(app, &rows).await?;
        let looked = pulse.pass("sight", self.sight.look(app, row, &rows, host)).await;
        let seen = match looked {
            Ok(seen) => seen,
            Err(PassError::Host(error) | PassError::Swarm(error)) => {
                // Who waits for a look is told; a lost connection leaves them waiting.
                scan::refuse(app, row, &error).await?;
                return Err(error.into());
            }
            Err(PassError::App(error)) => return Err(error.into()),
        };
        pulse.pass("sweep", verifier.sweep(app, row, host, seen)).await?;
        let standing = destinations::standing(app, row).await?;
        let (networks, occasion) = (&seen.networks, &self.occasion);
        let standing = standing.as_slice();
        let round = Round { app, host: connection, networks, occasion, pulse, standing };
        pulse.pass("destinations", Box::pin(destinations::pass(&round, &rows))).await?;
        let swarm = Box::pin(swarm::pass(around, row, &rows, &round, seen));
        let under_way = pulse.pass("swarm", swarm).await?;
        pulse.pass("orphans", orphans::pass(app, row, &rows, host, seen)).await?;
        let waiting = work::waiting(app, &row.server.id).await?;
        pulse.pass("scan", scan::run(app, row, &waiting, seen)).await?;
        checks.start_next(around, row, &waiting, connection);
        pulse.pass("adopt", Box::pin(adopt::run(app, row, &waiting, host))).await?;
        let containers = Box::pin(containers::run(app, row, &waiting, host, &seen.networks));
        pulse.pass("containers", containers).await?;
        let members = Box::pin(members::pass(&round, row, &rows, seen, &mut self.members));
        pulse.pass("members", members).await?;
        // Before the applications, whose containers join the networks when they are made.
        let (beside, mut held) = (Around { server: row, host, seen }, Held::seen(seen));
        pulse.pass("links", Box::pin(links::pass(app, beside, &mut held))).await?;
        pulse.pass("stacks", Box::pin(stacks::pass(app, beside, &mut held))).await?;
        // Before the proxy, which is told in the same look where requests are led.
        let applications =
            Box::pin(applications::pass(around, &round, &mut self.applications, row, seen));
        let deploying = pulse.pass("applications", applications).await?;
        let proxy = Box::pin(proxy::pass(&round, &mut self.proxy, row, seen, &waiting));
        pulse.pass("proxy", proxy).await?;
        let waiting = match verify::queue_due(app, &rows, &waiting).await? {
            0 => waiting,
            _ => work::waiting(app, &row.server.id).await?,
        };
        verifier.start_next(around, row, (&waiting, &rows), connection);
        Ok(under_way || deploying)
    }
}

/// What a look ended with.
enum Look {
    Done,
    /// A swarm does what it was told, which is to be looked at soon.
    UnderWay,
    /// Something was refused that may be granted soon: the host is looked at again then.
    Again,
    /// The connection is over.
    Over(Turn),
}
