//! Removing a destination's network: look, ask who is on it, remove. Nothing is touched before it
//! is certain that nothing is in the way, and only what Portolan made is ever removed.

use portolan_types::{
    Blocker, Destination, DestinationKind, DestinationState, Failure, Origin, Timestamp,
};

use super::{
    PassError, compare,
    recorder::blocked,
    sight::see_swarm,
    work::{Attempt, Work},
};
use crate::{
    Error,
    db::{self, destination::Move},
    events,
    host::{HostError, HostNetwork},
    sighting::Sighting,
};

/// Ends with the row gone, or back where the host says it is. A lost connection leaves the row
/// `deleting` for the next pass.
pub(super) async fn run(work: &Work<'_>) -> Result<(), PassError> {
    let found = match look(work).await? {
        Ok(found) => found,
        Err(failure) => return Ok(refuse(work, None, &failure).await?),
    };
    let Some(network) = found else { return Ok(gone(work).await?) };
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
        None => "Docker has no network of ours by that name",
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
    let step = work.recorder.begin("members").await?;
    let blockers = match blockers(work, network).await {
        Ok(blockers) => blockers,
        Err(error) => return work.fail(step, "list the network's containers", error).await,
    };
    if !blockers.is_empty() {
        let failure = in_use(&work.row.destination, blockers);
        work.recorder.fail(step, &failure).await?;
        return Ok(Err(failure));
    }
    work.recorder.done(step, "nothing is on it").await?;

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

/// What is on the network: on this host, and in its swarm.
async fn blockers(work: &Work<'_>, network: &HostNetwork) -> Result<Vec<Blocker>, HostError> {
    let mut seen =
        Sighting { containers: work.host.list_containers().await?, ..Sighting::default() };
    if work.row.destination.kind == DestinationKind::Swarm {
        see_swarm(&mut seen, work.host).await?;
    }
    Ok(seen.occupants(network))
}

fn in_use(destination: &Destination, blockers: Vec<Blocker>) -> Failure {
    let names: Vec<&str> = blockers.iter().map(|blocker| blocker.name.as_str()).collect();
    let message = format!(
        "destination `{}` on server `{}` is in use by {}",
        destination.name,
        destination.server_name,
        names.join(", ")
    );
    blocked(message, "remove or disconnect those, then delete it again", blockers)
}

/// The row goes, in one transaction with its event and the end of the operation.
async fn gone(work: &Work<'_>) -> Result<(), Error> {
    let destination = &work.row.destination;
    let mut tx = work.app.db.begin().await?;
    if db::destination::delete_gone(&mut tx, &destination.id).await? {
        let message = format!(
            "destination `{}` on server `{}` was removed",
            destination.name, destination.server_name
        );
        let event = work.event("destination.removed", message);
        events::record(&mut tx, event, Timestamp::now()).await?;
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
