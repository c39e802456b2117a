//! Removing a destination's network: look, ask who is on it, disconnect them if that was asked
//! for, remove. Nothing is touched before it is certain that nothing is in the way, and only what
//! Portolan made is ever removed.

use portolan_types::{
    Blocker, Destination, DestinationKind, DestinationState, Failure, MemberKind, Origin, Timestamp,
};

mod let_go;

use super::{
    PassError, compare, detach,
    recorder::{blocked, failure},
    sight::see_swarm,
    work::{Attempt, Work},
};
use crate::{
    Error,
    db::{self, destination::Move},
    destinations::{
        remove::{Members, Removal},
        version,
    },
    events,
    host::{HostContainer, HostError, HostNetwork},
    sighting::Sighting,
};

/// Ends with the row gone, or back where the host says it is. A lost connection leaves the row
/// `deleting` for the next pass.
pub(super) async fn run(work: &Work<'_>) -> Result<(), PassError> {
    let found = match look(work).await? {
        Ok(found) => found,
        Err(failure) => return Ok(refuse(work, None, &failure).await?),
    };
    let Some(network) = found else {
        return match let_go::run(work).await? {
            Ok(()) => Ok(gone(work).await?),
            Err((network, failure)) => Ok(refuse(work, Some(&network), &failure).await?),
        };
    };
    match take_away(work, &network).await? {
        Ok(()) => Ok(gone(work).await?),
        Err(failure) => Ok(refuse(work, Some(&network), &failure).await?),
    }
}

/// The network that is to be removed: by what was observed, or by name after a crash between its
/// making and its being written down. A stranger's network of that name is left alone.
async fn look(work: &Work<'_>) -> Attempt<Option<HostNetwork>> {
    let destination = &work.row.destination;
    let step = work.recorder.begin("look").await?;
    if destination.origin == Origin::Adopted {
        let detail = "the network was adopted, not created: it stays in Docker";
        work.recorder.done(step, detail).await?;
        return Ok(Ok(None));
    }
    let found = match find(work).await {
        Ok(found) => found,
        Err(error) => return work.fail(step, "look for the network", error).await,
    };
    let detail = match &found {
        Some(_) => "the network is there, made by Portolan",
        None => "Docker has no network of ours by that name: it counts as removed",
    };
    work.recorder.done(step, detail).await?;
    Ok(Ok(found))
}

async fn find(work: &Work<'_>) -> Result<Option<HostNetwork>, HostError> {
    let destination = &work.row.destination;
    if let Some(observed) = &destination.observed
        && let Some(network) = work.host.find_network(&observed.docker_id).await?
    {
        return Ok(Some(network).filter(|network| compare::is_ours(destination, network)));
    }
    let named = work.host.find_network(destination.network.as_str()).await?;
    Ok(named.filter(|network| compare::is_ours(destination, network)))
}

async fn take_away(work: &Work<'_>, network: &HostNetwork) -> Attempt<()> {
    let removal: Removal = asked(work).await?;
    let before = detach::begun(work).await?;
    let step = work.recorder.begin("members").await?;
    let seen = match look_around(work).await {
        Ok(seen) => seen,
        Err(error) => return work.fail(step, "list the network's containers", error).await,
    };
    let on_it = seen.members(network);
    let verdict = judge(&work.row.destination, network, &seen, &removal, before.is_some());
    if let Err(failure) = verdict {
        work.recorder.fail(step, &failure).await?;
        // A crash may have left some of them disconnected already.
        detach::undo(work, network, before.unwrap_or_default()).await?;
        return Ok(Err(failure));
    }
    work.recorder.done(step, &counted(&on_it)).await?;
    let detached = match detach::run(work, network, &on_it, before).await? {
        Ok(detached) => detached,
        Err(failure) => return Ok(Err(failure)),
    };
    match remove(work, network).await? {
        Ok(()) => Ok(Ok(())),
        Err(failure) => {
            detach::undo(work, network, detached).await?;
            Ok(Err(failure))
        }
    }
}

async fn asked(work: &Work<'_>) -> Result<Removal, Error> {
    let mut conn = work.app.db.acquire().await?;
    Ok(db::operation::find_input(&mut conn, &work.recorder.id).await?.unwrap_or_default())
}

/// Whether the removal may go on. Once it has begun to disconnect, the world differs from the
/// preview by its own doing.
fn judge(
    destination: &Destination,
    network: &HostNetwork,
    seen: &Sighting,
    removal: &Removal,
    begun: bool,
) -> Result<(), Failure> {
    let now = version(destination, Some(network), &seen.members(network));
    if !begun && removal.version.as_ref().is_some_and(|version| *version != now) {
        return Err(changed(destination));
    }
    match in_the_way(seen, network, removal.members) {
        blockers if blockers.is_empty() => Ok(()),
        blockers => Err(in_use(destination, blockers)),
    }
}

/// What keeps the network from being removed. Only containers of this host can be disconnected.
pub(crate) fn in_the_way(seen: &Sighting, network: &HostNetwork, members: Members) -> Vec<Blocker> {
    match members {
        Members::InTheWay => seen.in_the_way(network),
        Members::Detached => seen.beyond(network),
    }
}

fn changed(destination: &Destination) -> Failure {
    failure(
        "changed-since-preview",
        format!(
            "destination `{}` on server `{}` is no longer what the preview showed",
            destination.name, destination.server_name
        ),
        "look at a new preview (`delete_destination.preview`), then decide",
    )
}

fn counted(on_it: &[&HostContainer]) -> String {
    match on_it.len() {
        0 => "no container is on it".into(),
        1 => "one container is on it".into(),
        many => format!("{many} containers are on it"),
    }
}

async fn remove(work: &Work<'_>, network: &HostNetwork) -> Attempt<()> {
    let step = work.recorder.begin("remove").await?;
    match work.host.remove_network(&network.docker_id).await {
        Ok(()) => {
            work.recorder.done(step, "Docker removed the network").await?;
            Ok(Ok(()))
        }
        Err(error) => {
            let action = format!("remove network `{}`", work.row.destination.network);
            work.fail(step, &action, error).await
        }
    }
}

/// Who may be on the network: on this host, and in its swarm.
async fn look_around(work: &Work<'_>) -> Result<Sighting, HostError> {
    let containers = work.host.list_containers().await?;
    let mut seen = Sighting { containers, ..Sighting::default() };
    if work.row.destination.kind == DestinationKind::Swarm {
        see_swarm(&mut seen, work.host).await?;
    }
    Ok(seen)
}

/// Names who is on the network.
pub(crate) fn in_use(destination: &Destination, blockers: Vec<Blocker>) -> Failure {
    let names: Vec<&str> = blockers.iter().map(|blocker| blocker.name.as_str()).collect();
    let message = format!(
        "destination `{}` on server `{}` is in use by {}",
        destination.name,
        destination.server_name,
        names.join(", ")
    );
    let away = |one: &Blocker| one.kind == MemberKind::Service;
    let remedy = if blockers.iter().any(away) {
        "remove those services, or update them to be off the network (`docker service update \
         --network-rm`), then delete it again"
    } else {
        "remove or disconnect those containers, or let those of this host be disconnected \
         (`delete_destination.detach`), then delete it again"
    };
    blocked(message, remedy, blockers)
}

/// The row goes, in one transaction with its event and the end of the operation.
async fn gone(work: &Work<'_>) -> Result<(), Error> {
    let destination = &work.row.destination;
    let now = Timestamp::now();
    let mut tx = work.app.db.begin().await?;
    if db::destination::delete_gone(&mut tx, &destination.id, now).await? {
        let message = format!(
            "destination `{}` on server `{}` was removed",
            destination.name, destination.server_name
        );
        let event = work.event("destination.removed", message);
        events::record(&mut tx, event, now).await?;
    }
    work.recorder.finish(&mut tx, None).await?;
    tx.commit().await?;
    work.recorder.tell();
    Ok(())
}

/// The removal did not happen: the destination is again what the host says it is.
pub(super) async fn refuse(
    work: &Work<'_>,
    network: Option<&HostNetwork>,
    failure: &Failure,
) -> Result<(), Error> {
    let destination = &work.row.destination;
    let difference = match network {
        Some(network) => compare::difference(destination, network),
        None => Some(failure.message.clone()),
    };
    let to = match difference {
        None => DestinationState::Ready,
        Some(_) => DestinationState::Failed,
    };
    let reason = difference.as_deref();
    let step = Move { from: DestinationState::Deleting, to, reason, operation: None };
    let now = Timestamp::now();
    let mut tx = work.app.db.begin().await?;
    if db::destination::advance(&mut tx, &destination.id, &step, now).await? {
        if let (Some(network), DestinationState::Ready) = (network, to) {
            let observed = compare::observed(network);
            db::destination::set_observed(&mut tx, &destination.id, &observed).await?;
        }
        let event = work.event("destination.not-removed", failure.message.clone());
        events::record(&mut tx, event, now).await?;
    }
    work.recorder.finish(&mut tx, Some(failure)).await?;
    tx.commit().await?;
    work.recorder.tell();
    Ok(())
}
