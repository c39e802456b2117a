//! The proxy of a server: its container, its places on destinations' networks, its configuration.
//!
//! Three parts, each safe to repeat and each of what the one before left: the container is made
//! what the row says (`make`, `stop`), it is put on the networks where it is wanted
//! (`attachments`), and what the routes ask for is checked by the proxy itself and put in
//! (`configure`). What differs is found apart from what is done about it.

use std::{collections::BTreeMap, time::Duration};

use portolan_types::{OperationKind, ProxyState, Server, Subject};
use sqlx::AnyConnection;
use tokio::time::Instant;

use super::{PassError, recorder::Recorder, scan::known, swarm::managed, work::Halt};
use crate::{
    App, Error,
    db::{self, destination, operation::Waiting, proxy::Assigned, server},
    host::{ContainerDetail, Host, HostError},
    sighting::Sighting,
};

mod apply;
mod attachments;
mod authority;
mod config;
mod configure;
mod definition;
mod job;
mod judge;
mod logs;
mod make;
mod ports;
mod remove;
mod replace;
mod routes;
mod stop;
mod targets;
mod tidy;

pub(crate) use configure::generated;

use job::Job;

/// What the keeper remembers of a proxy from one look to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The configuration that was not taken last, and when.
    refused: Option<(String, Instant)>,
    /// What the latest configuration was generated from.
    drawn: Option<configure::Drawn>,
    /// When failed repairs were tried again.
    retries: Vec<Instant>,
}

/// A repair that failed is tried again by itself so often in so long: whoever meddled may have
/// come in between. After that it waits for a person.
const RETRIES: usize = 3;
const RETRIED_WITHIN: Duration = Duration::from_mins(10);

/// A configuration that was not taken is not tried at each look: the check itself rings the bell. It
/// is tried again after so long, as it may have been the host's mood.
const REFUSED_FOR: Duration = Duration::from_mins(5);

impl Memory {
    fn was_refused(&self, digest: &str) -> bool {
        let refused = self.refused.as_ref();
        refused.is_some_and(|(which, at)| which == digest && at.elapsed() < REFUSED_FOR)
    }

    fn may_retry(&mut self) -> bool {
        self.retries.retain(|at| at.elapsed() < RETRIED_WITHIN);
        let may = self.retries.len() < RETRIES;
        if may {
            self.retries.push(Instant::now());
        }
        may
    }
}

/// One look's view of a proxy.
#[derive(Debug)]
struct Scene<'a> {
    app: &'a App,
    host: &'a dyn Host,
    server: &'a server::Assigned,
    row: &'a Assigned,
    seen: &'a Sighting,
}

impl Scene<'_> {
    fn server_name(&self) -> &str {
        self.server.server.name.as_str()
    }

    fn subject(&self) -> Subject {
        Subject::Server(self.server.server.id.clone())
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
    app: &App,
    memory: &mut Memory,
    server: &server::Assigned,
    host: &dyn Host,
    seen: &Sighting,
    waiting: &[Waiting],
) -> Result<(), PassError> {
    let Some(mut row) = find(app, server).await? else { return Ok(()) };
    let scene = Scene { app, host, server, row: &row, seen };
    let mut container = scene.container().await?;
    if settle(&scene, memory, container.as_ref()).await? == Settled::Moved {
        let Some(moved) = find(app, server).await? else { return Ok(()) };
        container = scene.container().await?;
        row = moved;
    }
    let scene = Scene { app, host, server, row: &row, seen };
    logs::run(&scene, waiting).await?;
    let Some(container) = container.filter(|one| definition::is_ours(&scene, one)) else {
        attachments::without_container(&scene).await?;
        return routes::without_proxy(&scene).await;
    };
    let container = attachments::pass(&scene, container).await?;
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
        ProxyState::Pending | ProxyState::Drifted | ProxyState::Removing => {
            take_up(scene).await?;
            Ok(Settled::Moved)
        }
        ProxyState::Running => watched(scene, container).await,
        ProxyState::Failed => recovered(scene, memory, container).await,
        // What a person stopped is left as it is, whoever starts it.
        ProxyState::Stopped => Ok(Settled::Same),
    }
}

/// Goes on with the work that the row names.
async fn take_up(scene: &Scene<'_>) -> Result<(), PassError> {
    let Some(id) = &scene.row.proxy.operation_id else { return Ok(()) };
    let kind = {
        let mut conn = scene.app.db.acquire().await?;
        let operation = db::operation::find(&mut conn, &scene.row.team_id, id).await?;
        operation.map_or(OperationKind::SetProxy, |operation| operation.kind)
    };
    let Some(recorder) = Recorder::start(scene.app, kind, id).await? else { return Ok(()) };
    let job = Job { scene, kind, recorder };
    let done = match kind {
        OperationKind::RemoveProxy => remove::run(&job).await,
        OperationKind::StopProxy => stop::run(&job).await,
        _ => make::run(&job).await,
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

/// How what the host has differs from a proxy that is to run; a person's word for it.
fn difference(scene: &Scene<'_>, container: Option<&ContainerDetail>) -> Option<String> {
    match container {
        None => Some("its container is gone".into()),
        Some(found) if !definition::is_ours(scene, found) => {
            Some(format!("a container that is not Portolan's is called `{}`", definition::NAME))
        }
        Some(found) if found.member.state == "restarting" => {
            Some(format!("its program ends again and again (exit code {})", found.exit_code))
        }
        Some(found) if !found.is_running() => {
            Some(format!("its container is {}", found.member.state))
        }
        Some(found) if !definition::is_as_wanted(scene, found) => {
            Some("its container is not what it is to be".into())
        }
        Some(_) => None,
    }
}

/// A running proxy: still so?
async fn watched(
    scene: &Scene<'_>,
    container: Option<&ContainerDetail>,
) -> Result<Settled, PassError> {
    match difference(scene, container) {
        Some(reason) => mend(scene, ProxyState::Running, &reason).await,
        None => Ok(Settled::Same),
    }
}

/// A failed proxy that runs after all, as it is to, needs nobody. What a person asked for and what
/// failed is not tried again by itself: they see why, and start it. A repair is, a few times.
async fn recovered(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: Option<&ContainerDetail>,
) -> Result<Settled, PassError> {
    match (difference(scene, container), container) {
        (Some(reason), _) => {
            if was_a_repair(scene).await? && memory.may_retry() {
                return mend(scene, ProxyState::Failed, &reason).await;
            }
            Ok(Settled::Same)
        }
        (None, Some(found)) => {
            job::runs_again(scene, found).await?;
            Ok(Settled::Moved)
        }
        (None, None) => Ok(Settled::Same),
    }
}

/// The repair of a difference, as an operation that can be read afterwards.
async fn mend(scene: &Scene<'_>, from: ProxyState, reason: &str) -> Result<Settled, PassError> {
    if job::drifted(scene, from, reason).await?.is_some()
        && let Some(row) = find(scene.app, scene.server).await?
    {
        Box::pin(take_up(&Scene { row: &row, ..*scene })).await?;
    }
    Ok(Settled::Moved)
}

async fn was_a_repair(scene: &Scene<'_>) -> Result<bool, Error> {
    let Some(id) = &scene.row.proxy.operation_id else { return Ok(false) };
    let mut conn = scene.app.db.acquire().await?;
    let operation = db::operation::find(&mut conn, &scene.row.team_id, id).await?;
    Ok(operation.is_some_and(|operation| operation.kind == OperationKind::RepairProxy))
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
