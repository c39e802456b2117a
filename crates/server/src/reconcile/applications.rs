//! The applications of a server: deployed, started, stopped, removed, and how they are.
//!
//! One pass a look. Work goes on from what the host shows (`deploy`, `act`, `remove`), so that it can
//! be taken up at any point after a crash. What is on a swarm is a service (`service`), worked on through
//! whichever of its managers keeps it. Without work it is seen to that no container of an earlier
//! try is left (`tidy`), and written down how each application is (`state`).

use std::{collections::HashMap, sync::Arc};

use portolan_types::{ApplicationId, MovedVolume, OperationId, OperationKind, Subject, Timestamp};
use tokio::sync::{Notify, OwnedMutexGuard};

use self::job::{Job, Open};
use super::{
    PassError, Surroundings,
    beside::Beside,
    destinations::Round,
    recorder::Recorder,
    swarm::{self, managed},
    work::Halt,
};
use crate::{
    App, Error,
    applications::deployments,
    db::{self, application::Assigned, server},
    host::{ContainerDetail, Host, HostContainer},
    sighting::Sighting,
};

mod across;
mod act;
mod build;
mod build_log;
mod carry;
mod course;
pub(super) mod definition;
mod deploy;
mod ferry;
mod fetch;
mod job;
mod leftovers;
mod moving;
mod needs;
mod ready;
mod remove;
mod seed;
mod serve;
mod service;
mod state;
mod stop;
mod tidy;
mod workshop;

pub(super) use workshop::Workshop;
use workshop::{Failed, Made};

/// What the keeper remembers of applications from one look to the next.
#[derive(Debug)]
pub(super) struct Memory {
    beside: Beside,
    builds: Beside<Made, Failed>,
    carries: Beside<Vec<MovedVolume>, carry::Failed>,
    workshop: Workshop,
    open: HashMap<ApplicationId, Open>,
    watch: service::Watch,
}

impl Memory {
    /// The keeper's bell is rung when something that runs beside it has ended.
    pub(super) fn new(workshop: Workshop, bell: Arc<Notify>) -> Self {
        let (beside, builds) = (Beside::new(bell.clone()), Beside::new(bell.clone()));
        let carries = Beside::new(bell);
        let (open, watch) = (HashMap::new(), service::Watch::default());
        Self { beside, builds, carries, workshop, open, watch }
    }

    /// Its calls end with it.
    fn forget(&mut self, operation: &OperationId) {
        self.beside.forget(operation);
        self.builds.forget(operation);
        self.carries.forget(operation);
    }

    /// Forgets work that is over, or whose place other work took: its step and its calls end with it.
    async fn give_up(&mut self, app: &App, id: &ApplicationId) -> Result<(), Error> {
        let Some(Open { operation, .. }) = self.open.remove(id) else { return Ok(()) };
        self.forget(&operation);
        let why = "broken off: the work is over, or other work took its place";
        let mut conn = app.db.acquire().await?;
        db::step::interrupt(&mut conn, &operation, why, Timestamp::now()).await?;
        app.changed(&operation);
        Ok(())
    }
}

/// One look's view of an application.
#[derive(Debug, Clone, Copy)]
struct Scene<'a> {
    around: &'a Surroundings,
    app: &'a App,
    host: &'a Arc<dyn Host>,
    server: &'a server::Assigned,
    row: &'a Assigned,
    seen: &'a Sighting,
}

impl<'a> Scene<'a> {
    fn server_name(&self) -> &'a str {
        self.server.server.name.as_str()
    }

    fn subject(&self) -> Subject {
        Subject::Application(self.row.application.id.clone())
    }

    /// All containers of the application, as they were just seen.
    fn containers(&self) -> impl Iterator<Item = &'a HostContainer> {
        let application = &self.row.application;
        self.seen.containers.iter().filter(move |one| {
            one.application.as_deref() == Some(application.id.as_str())
                && deployments::can_be_named(application, &one.member.name)
        })
    }

    /// The container of this name, if it is the application's.
    async fn container(&self, name: &str) -> Result<Option<ContainerDetail>, PassError> {
        let found = self.host.find_container(name).await?;
        Ok(found.filter(|one| definition::is_of(&self.row.application, one)))
    }
}

/// How far a piece of work is after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It goes on by itself, and is looked at again soon.
    UnderWay,
    Done,
}

/// Brings the server's applications to rest. Whether some of it is under way.
pub(super) async fn pass(
    around: &Surroundings,
    round: &Round<'_>,
    memory: &mut Memory,
    server: &server::Assigned,
    seen: &Sighting,
) -> Result<bool, PassError> {
    let mut rows = rows(round.app, server).await?;
    let (of_swarm, _turn) = on_swarm(around, round.app, server).await?;
    rows.extend(of_swarm);
    let is_here = |id: &ApplicationId| rows.iter().any(|row| row.application.id == *id);
    memory.open.retain(|id, _| is_here(id));
    memory.watch.keep(is_here);
    let (mut under_way, mut deploying) = (false, false);
    for row in &rows {
        let scene = Scene { around, app: round.app, host: round.host, server, row, seen };
        // One deployment at a time: a host that starts many things at once is slow for all of them.
        let waits = deploying && row.work == Some(OperationKind::DeployApplication);
        // One that waits for another stands aside, so that this one can be deployed.
        let stands_aside = waits || needs::waits(&scene).await?;
        let progress = match row.work {
            _ if stands_aside => Progress::UnderWay,
            Some(kind) => Box::pin(worked(&scene, memory, kind)).await?,
            None if row.application.is_service() => {
                memory.give_up(scene.app, &row.application.id).await?;
                Box::pin(service::tidied(&scene)).await?
            }
            None => Box::pin(tidy::run(&scene, memory)).await?,
        };
        let goes_on = progress == Progress::UnderWay;
        deploying |= goes_on && !stands_aside && row.work == Some(OperationKind::DeployApplication);
        under_way |= goes_on;
        if row.application.is_service() {
            Box::pin(service::note(&scene, memory)).await?;
        } else {
            state::note(&scene).await?;
        }
    }
    Ok(under_way)
}

/// The applications of its swarm that fall to it, and the turn in which they may be worked on: whoever
/// had it before may have changed their rows.
async fn on_swarm(
    around: &Surroundings,
    app: &App,
    server: &server::Assigned,
) -> Result<(Vec<Assigned>, Option<OwnedMutexGuard<()>>), Error> {
    let Some(cluster_id) = managed(&server.server) else { return Ok((Vec::new(), None)) };
    if swarm::kept_applications(app, server, cluster_id).await?.is_empty() {
        return Ok((Vec::new(), None));
    }
    let turn = around.swarms.turn(cluster_id).await;
    Ok((swarm::kept_applications(app, server, cluster_id).await?, Some(turn)))
}

async fn rows(app: &App, server: &server::Assigned) -> Result<Vec<Assigned>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::application::list_of_server(&mut conn, &server.team_id, &server.server.id).await?)
}

/// Takes work up, or goes on with it.
async fn worked(
    scene: &Scene<'_>,
    memory: &mut Memory,
    kind: OperationKind,
) -> Result<Progress, PassError> {
    let Some(id) = &scene.row.application.operation_id else { return Ok(Progress::Done) };
    let application = &scene.row.application.id;
    if memory.open.get(application).is_some_and(|open| open.operation != *id) {
        memory.give_up(scene.app, application).await?;
    }
    let (recorder, open) = match memory.open.remove(application) {
        Some(open) => (Recorder::going_on(scene.app, kind, id), open),
        None => match Recorder::start(scene.app, kind, id).await? {
            Some(recorder) => (recorder, Open::new(id)),
            None => return Ok(Progress::Done),
        },
    };
    let Memory { beside, builds, carries, workshop, .. } = memory;
    let mut job = Job { scene, recorder, open, beside, builds, carries, workshop };
    let done = match kind {
        kind if scene.row.application.is_service() => service::run(&mut job, kind).await,
        OperationKind::DeployApplication | OperationKind::MoveApplication => {
            deploy::run(&mut job).await
        }
        OperationKind::RemoveApplication => remove::run(&mut job).await,
        OperationKind::ConfirmMove => leftovers::confirm(&mut job).await,
        OperationKind::TakeBackMove => leftovers::take_back(&mut job).await,
        _ => act::run(&mut job, kind).await,
    };
    let progress = match done {
        Ok(progress) => progress,
        Err(Halt::Refused(failure)) => job.failed(&failure).await?,
        Err(Halt::Pass(error)) => {
            // The step goes on with the next connection.
            memory.open.insert(application.clone(), job.open);
            return Err(error);
        }
    };
    match progress {
        Progress::UnderWay => drop(memory.open.insert(application.clone(), job.open)),
        Progress::Done => memory.forget(id),
    }
    Ok(progress)
}
