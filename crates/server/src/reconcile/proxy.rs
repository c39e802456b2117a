//! The proxy of a server: its container, its places on destinations' networks, its configuration.
//!
//! Three parts, each safe to repeat and each of what the one before left: the container is made
//! what the row says (`make`, `stop`), it is put on the networks where it is wanted
//! (`attachments`), and what the routes ask for is checked by the proxy itself and put in
//! (`configure`). What differs is found apart from what is done about it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use portolan_types::{
    DestinationId, DriftKind, Failure, OperationKind, ProxyState, Server, Subject,
};
use sqlx::AnyConnection;
use tokio::{sync::Notify, time::Instant};

use super::{
    PassError, destinations::Round, recorder::Recorder, retries::Retries, scan::known,
    swarm::managed, work::Halt,
};
use crate::{
    App, Error,
    db::{self, destination, drift::Standing, operation::Waiting, proxy::Assigned, server},
    host::{ContainerDetail, Host, HostError},
    rights::Visible,
    sighting::Sighting,
};

mod apply;
mod attachments;
mod authority;
mod config;
mod configure;
mod dark;
mod definition;
mod down;
mod job;
mod judge;
mod logs;
mod make;
mod ports;
mod pull;
mod remove;
mod replace;
mod routes;
mod stop;
mod targets;
mod tidy;

#[cfg(feature = "fuzzing")]
pub(crate) use config::generate_anything;
pub(crate) use configure::generated;
pub(super) use definition::NETWORK;
pub(crate) use definition::{NAME as PROXY_CONTAINER, is_another as is_another_proxy};

use job::Job;
use pull::{Pulls, Stage};

/// What the keeper remembers of a proxy from one look to the next.
#[derive(Debug)]
pub(super) struct Memory {
    /// The configuration that was not taken last.
    refused: Option<Refusal>,
    /// What the latest configuration was generated from.
    drawn: Option<configure::Drawn>,
    retries: Retries,
    /// The networks on which it was seen last, by Docker's ids: off another one it was not lost.
    places: HashMap<DestinationId, String>,
    pulls: Pulls,
}

/// A configuration that was not taken is not tried at each look: the check itself rings the bell. It
/// is tried again after so long, as it may have been the host's mood.
const REFUSED_FOR: Duration = Duration::from_mins(5);

impl Memory {
    /// The keeper's bell is rung when something that runs beside it has ended.
    pub(super) fn new(bell: Arc<Notify>) -> Self {
        Self {
            refused: None,
            drawn: None,
            retries: Retries::default(),
            places: HashMap::new(),
            pulls: Pulls::new(bell),
        }
    }

    /// How this configuration was refused a moment ago.
    fn refusal(&self, digest: &str) -> Option<&Refusal> {
        let refused = self.refused.as_ref();
        refused.filter(|one| one.digest == digest && one.at.elapsed() < REFUSED_FOR)
    }
}

/// A configuration that a proxy does not take.
#[derive(Debug)]
struct Refusal {
    digest: String,
    at: Instant,
    /// Why, and what to do.
    why: Failure,
}

/// One look's view of a proxy.
#[derive(Debug)]
struct Scene<'a> {
    app: &'a App,
    host: &'a dyn Host,
    server: &'a server::Assigned,
    row: &'a Assigned,
    seen: &'a Sighting,
    round: &'a Round<'a>,
}

impl<'a> Scene<'a> {
    fn server_name(&self) -> &str {
        self.server.server.name.as_str()
    }

    fn subject(&self) -> Subject {
        Subject::Server(self.server.server.id.clone())
    }

    /// What stands about the proxy, or about one of its places or routes.
    fn standing(&self, kind: DriftKind, subject: &Subject) -> Option<&'a Standing> {
        let server = &self.server.server.id;
        self.round.standing.iter().find(|Standing { drift, .. }| {
            drift.kind == kind && drift.subject == *subject && drift.server_id == *server
        })
    }

    /// The container that serves, whosever it is.
    async fn container(&self) -> Result<Option<ContainerDetail>, HostError> {
        self.host.find_container(definition::NAME).await
    }

    /// Destinations whose networks are this proxy's to be on.
    async fn destinations(&self) -> Result<Vec<destination::Assigned>, Error> {
        known(self.app, self.server).await
    }

    /// The labels of everything that is made for the proxy.
    fn labels(&self) -> BTreeMap<String, String> {
        definition::labels(&self.server.server.id)
    }
}

/// Brings the server's proxy to rest, if it has one.
pub(super) async fn pass(
    round: &Round<'_>,
    memory: &mut Memory,
    server: &server::Assigned,
    seen: &Sighting,
    waiting: &[Waiting],
) -> Result<(), PassError> {
    let (app, host) = (round.app, round.host.as_ref());
    let Some(mut row) = find(app, server).await? else {
        return Ok(memory.pulls.abandon(app).await?);
    };
    let scene = Scene { app, host, server, row: &row, seen, round };
    let mut container = scene.container().await?;
    if settle(&scene, memory, container.as_ref()).await? == Settled::Moved {
        let Some(moved) = find(app, server).await? else { return Ok(()) };
        container = scene.container().await?;
        row = moved;
    }
    let scene = Scene { app, host, server, row: &row, seen, round };
    logs::run(&scene, waiting).await?;
    let Some(container) = container.filter(|one| definition::is_ours(&scene, one)) else {
        attachments::without_container(&scene).await?;
        return routes::without_proxy(&scene).await;
    };
    let container = attachments::pass(&scene, memory, container).await?;
    configure::pass(&scene, memory, &container).await
}

async fn find(app: &App, server: &server::Assigned) -> Result<Option<Assigned>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::proxy::find_assigned(&mut conn, &server.server.id).await?)
}

/// Whether the row and the container are still as they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Same,
    Moved,
}

async fn settle(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: Option<&ContainerDetail>,
) -> Result<Settled, PassError> {
    match scene.row.proxy.state {
        ProxyState::Pending | ProxyState::Removing => {
            take_up(scene, memory).await?;
            Ok(Settled::Moved)
        }
        ProxyState::Running => down::watched(scene, memory, container).await,
        ProxyState::Drifted => down::drifted(scene, memory, container).await,
        ProxyState::Failed => down::recovered(scene, memory, container).await,
        // What a person stopped is left as it is, whoever starts it.
        ProxyState::Stopped => Ok(Settled::Same),
    }
}

/// Goes on with the work that the row names.
async fn take_up(scene: &Scene<'_>, memory: &mut Memory) -> Result<(), PassError> {
    let Some(id) = &scene.row.proxy.operation_id else { return Ok(()) };
    let kind = {
        let mut conn = scene.app.db.acquire().await?;
        let operation =
            db::operation::find(&mut conn, Visible::whole(&scene.row.team_id), id).await?;
        operation.map_or(OperationKind::SetProxy, |operation| operation.kind)
    };
    let image = match kind {
        OperationKind::RemoveProxy | OperationKind::StopProxy => {
            memory.pulls.abandon(scene.app).await?;
            Ok(())
        }
        _ => match memory.pulls.stage(scene, kind, id).await? {
            Stage::Ready => Ok(()),
            Stage::UnderWay => return Ok(()),
            Stage::Refused(failure) => Err(failure.into()),
        },
    };
    let Some(recorder) = Recorder::start(scene.app, kind, id).await? else { return Ok(()) };
    let job = Job { scene, kind, recorder };
    let done = match (image, kind) {
        (Err(refused), _) => Err(refused),
        (Ok(()), OperationKind::RemoveProxy) => remove::run(&job).await,
        (Ok(()), OperationKind::StopProxy) => stop::run(&job).await,
        (Ok(()), _) => make::run(&job).await,
    };
    match done {
        Ok(()) => Ok(()),
        Err(Halt::Pass(error)) => Err(error),
        Err(Halt::Refused(failure)) => {
            job.failed(&failure).await?;
            if kind == OperationKind::RepairProxy {
                scene.app.wake(&scene.server.server.id);
            }
            Ok(())
        }
    }
}

/// Goes on with work that was begun a moment ago.
async fn go_on(scene: &Scene<'_>, memory: &mut Memory) -> Result<Settled, PassError> {
    if let Some(row) = find(scene.app, scene.server).await? {
        Box::pin(take_up(&Scene { row: &row, ..*scene }, memory)).await?;
    }
    Ok(Settled::Moved)
}

/// The hosts' names for where routes are kept: the server's own, and its swarm's.
fn scopes(server: &Server) -> Vec<&str> {
    [Some(server.id.as_str()), managed(server)].into_iter().flatten().collect()
}

/// The routes that the proxy of a server serves.
pub(crate) async fn routes_of(
    conn: &mut AnyConnection,
    server: &Server,
) -> Result<Vec<db::route::Assigned>, Error> {
    let mut routes = Vec::new();
    for scope in scopes(server) {
        routes.extend(db::route::list_of_scope(conn, scope).await?);
    }
    Ok(routes)
}
