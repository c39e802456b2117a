//! Asking for the removal of a destination: with what is on its network, or forgetting it when its
//! host is gone. Whether anything is in the way is for the host to say: the reconciler asks it
//! before it touches anything.

use portolan_types::{
    Destination, DestinationId, DestinationState, LeftBehind, Operation, OperationKind,
    OperationResult, Reachability, Server, Subject, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{begin, change, event, find, ours, swarm};
use crate::{
    Actor, App, Error, applications,
    db::{self, Transaction},
    events,
    operations::{self, Task},
    routes, servers,
    sighting::Sighting,
};

/// What happens to containers that are on the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Members {
    /// The removal is refused, with their names.
    #[default]
    InTheWay,
    /// Those that the preview named are disconnected first.
    Detached,
}

/// How a destination is to be removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    pub members: Members,
    /// Of the preview: when the world has changed since, nothing is done.
    pub version: Option<String>,
}

impl Removal {
    pub(super) fn check(&self) -> Result<(), Error> {
        match (self.members, &self.version) {
            (Members::Detached, None) => Err(Error::field(
                "version",
                "disconnecting containers needs the version of a preview (`?preview=true`), so \
                 that nobody is disconnected whom you have not seen",
            )),
            (Members::Detached, Some(_)) | (Members::InTheWay, _) => Ok(()),
        }
    }
}

/// Accepts the removal.
pub async fn delete(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    removal: &Removal,
) -> Result<Operation, Error> {
    removal.check()?;
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    if let (DestinationState::Deleting, Some(operation)) = (before.state, &before.operation_id) {
        drop(tx);
        return operations::show(app, actor, operation).await;
    }
    check_whole(&mut tx, &before).await?;
    applications::remove::check_none(&mut tx, &before).await?;
    routes::check_none(&mut tx, &before).await?;
    let kind = OperationKind::DeleteDestination;
    let operation = begin(&mut tx, actor, &before, kind, Some(operations::input(removal)?)).await?;
    let keepers = swarm::keepers(&mut tx, actor.team_id(), &before).await?;
    tx.commit().await?;
    swarm::wake(app, &keepers);
    Ok(operation)
}

/// While a change is under way, or ended half way, containers are elsewhere than on the network.
async fn check_whole(tx: &mut Transaction, before: &Destination) -> Result<(), Error> {
    if before.state == DestinationState::Changing {
        return Err(change::busy(before));
    }
    match change::unfinished(tx, before).await? {
        Some(_) => Err(half_changed(before)),
        None => Ok(()),
    }
}

fn half_changed(before: &Destination) -> Error {
    Error::refused(
        "change-unfinished",
        format!(
            "a change of destination `{}` ended half way: its containers may be on an interim \
             network",
            before.name
        ),
        "bring it to an end (`retry_destination`), then remove it",
    )
}

/// Removes the row alone, because the host does not answer; says what stays on it.
pub async fn forget(app: &App, actor: &Actor, id: &DestinationId) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    let server = servers::find(&mut tx, actor, &before.server_id).await?;
    if server.reachability == Reachability::Reachable {
        return Err(still_there(&before, &server));
    }
    if let Some(other) = swarm::stand_in(&mut tx, actor.team_id(), &before).await? {
        return Err(still_there(&before, &other));
    }
    let left_behind = left_behind(&mut tx, &before).await?;
    let operation = forgotten(&mut tx, actor, &before, left_behind).await?;
    tx.commit().await?;
    app.changed(&operation);
    operations::show(app, actor, &operation).await
}

fn still_there(destination: &Destination, server: &Server) -> Error {
    Error::refused(
        "server-reachable",
        format!(
            "server `{}` answers: network `{}` can be removed",
            server.name, destination.network
        ),
        "remove the destination; only one whose server does not answer can be forgotten",
    )
}

async fn left_behind(tx: &mut Transaction, destination: &Destination) -> Result<LeftBehind, Error> {
    let seen = db::sighting::find(tx, &destination.server_id).await?;
    let containers = |sighting: &Sighting| {
        let network = ours(destination, sighting);
        let members = network.map(|network| sighting.members(network)).unwrap_or_default();
        members.into_iter().map(|one| one.member.name.clone()).collect()
    };
    let routes = routes::addresses(tx, &destination.id).await?;
    Ok(LeftBehind {
        routes,
        as_of: seen.as_ref().map(|seen| seen.at),
        network: destination.network.clone(),
        containers: seen.as_ref().map(|seen| containers(&seen.sighting)).unwrap_or_default(),
    })
}

/// The row goes, with an operation that says so: there is nothing to wait for.
async fn forgotten(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Destination,
    left_behind: LeftBehind,
) -> Result<portolan_types::OperationId, Error> {
    let subject = Subject::Destination(before.id.clone());
    let kind = OperationKind::ForgetDestination;
    let task = Task { kind, subject, name: before.name.as_str(), input: None };
    let operation = operations::queue(tx, actor.team_id(), task).await?.id;
    let now = Timestamp::now();
    db::operation::start(tx, &operation, now).await?;
    db::operation::set_result(tx, &operation, &OperationResult::Forgotten { left_behind }).await?;
    db::operation::finish(tx, &operation, None, now).await?;
    db::route::delete_of_destination(tx, &before.id, now).await?;
    db::application::delete_of_destination(tx, &before.id).await?;
    db::destination::forget(tx, actor.team_id(), &before.id, now).await?;
    let what = format!("forgotten, and network `{}` left on its host,", before.network);
    let entry = event(actor, "destination.forgotten", before, &what).part_of(&operation);
    events::record(tx, entry.change(before, &()), now).await?;
    Ok(operation)
}
