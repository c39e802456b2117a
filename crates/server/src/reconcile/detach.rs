//! Disconnecting containers before their network is removed, and putting them back when it is not.
//!
//! How each is connected is written down before the first is touched: neither a crash nor a
//! refusal of Docker loses an alias.

use portolan_types::OperationKind;
use serde::{Deserialize, Serialize};

use super::{
    recorder::failure,
    work::{Attempt, Work},
};
use crate::{
    Error, db,
    host::{Endpoint, Host, HostContainer, HostError, HostNetwork},
};

/// A container as it was on the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detached {
    container: String,
    name: String,
    endpoint: Endpoint,
}

/// What an earlier turn of the same removal wrote down before it was cut off.
pub(super) async fn begun(work: &Work<'_>) -> Result<Option<Vec<Detached>>, Error> {
    let mut conn = work.app.db.acquire().await?;
    let kind = OperationKind::DeleteDestination;
    Ok(db::operation::find_memo(&mut conn, &work.recorder.id, kind).await?)
}

/// Disconnects all who are on the network. When one cannot be, all are put back.
pub(super) async fn run(
    work: &Work<'_>,
    network: &HostNetwork,
    on_it: &[&HostContainer],
    before: Option<Vec<Detached>>,
) -> Attempt<Vec<Detached>> {
    if on_it.is_empty() {
        return Ok(Ok(before.unwrap_or_default()));
    }
    let detached = match before {
        Some(detached) => match nobody_joined(work, on_it, &detached).await? {
            Ok(()) => detached,
            Err(failure) => {
                undo(work, network, detached).await?;
                return Ok(Err(failure));
            }
        },
        None => match write_down(work, network, on_it).await? {
            Ok(detached) => detached,
            Err(failure) => return Ok(Err(failure)),
        },
    };
    for one in &detached {
        if let Err(failure) = disconnect(work, network, one).await? {
            undo(work, network, detached).await?;
            return Ok(Err(failure));
        }
    }
    Ok(Ok(detached))
}

/// Reads how each is connected, and stores it.
async fn write_down(
    work: &Work<'_>,
    network: &HostNetwork,
    on_it: &[&HostContainer],
) -> Attempt<Vec<Detached>> {
    let step = work.recorder.begin("note").await?;
    let mut detached = Vec::new();
    for container in on_it {
        let crate::host::Member { docker_id, name, .. } = &container.member;
        match work.host.find_container(docker_id).await {
            Ok(Some(found)) => {
                let endpoint = found.endpoint(&network.docker_id, &network.name);
                let endpoint = endpoint.map(|place| place.endpoint.clone()).unwrap_or_default();
                let (container, name) = (docker_id.clone(), name.clone());
                detached.push(Detached { container, name, endpoint });
            }
            // It went away meanwhile, and is not in the way any more.
            Ok(None) => {}
            Err(error) => return work.fail(step, "inspect a container", error).await,
        }
    }
    let mut conn = work.app.db.acquire().await?;
    db::operation::set_memo(&mut conn, &work.recorder.id, &detached).await?;
    drop(conn);
    work.recorder.done(step, "how each container is connected is written down").await?;
    Ok(Ok(detached))
}

async fn disconnect(work: &Work<'_>, network: &HostNetwork, one: &Detached) -> Attempt<()> {
    let step = work.recorder.begin("disconnect").await?;
    let error = match work.host.disconnect(&network.docker_id, &one.container).await {
        Ok(()) => {
            work.recorder.done(step, &format!("`{}` was disconnected", one.name)).await?;
            return Ok(Ok(()));
        }
        Err(error) => error,
    };
    // It may have left by itself between two looks.
    if !error.is_connection() && !is_on(work.host, network, &one.container).await? {
        work.recorder.done(step, &format!("`{}` is not on it any more", one.name)).await?;
        return Ok(Ok(()));
    }
    work.fail(step, &format!("disconnect container `{}`", one.name), error).await
}

/// Whether a container is on a network now.
pub(super) async fn is_on(
    host: &dyn Host,
    network: &HostNetwork,
    container: &str,
) -> Result<bool, HostError> {
    let found = host.find_container(container).await?;
    Ok(found.is_some_and(|found| found.endpoint(&network.docker_id, &network.name).is_some()))
}

/// Nobody is disconnected whom the preview did not name, after a crash either.
async fn nobody_joined(
    work: &Work<'_>,
    on_it: &[&HostContainer],
    detached: &[Detached],
) -> Attempt<()> {
    let known =
        |one: &HostContainer| detached.iter().any(|other| other.container == one.member.docker_id);
    let Some(stranger) = on_it.iter().find(|one| !known(one)) else { return Ok(Ok(())) };
    let step = work.recorder.begin("disconnect").await?;
    let failure = failure(
        "changed-since-preview",
        format!("container `{}` joined after the preview", stranger.member.name),
        "look at a new preview (`delete_destination.preview`), then decide",
    );
    work.recorder.fail(step, &failure).await?;
    Ok(Err(failure))
}

/// Puts back who was disconnected. What cannot be put back is said, and the rest is tried.
pub(super) async fn undo(
    work: &Work<'_>,
    network: &HostNetwork,
    detached: Vec<Detached>,
) -> Result<(), super::PassError> {
    for one in detached {
        match is_on(work.host, network, &one.container).await {
            Ok(true) => continue,
            Err(error) if error.is_connection() => return Err(error.into()),
            // Where it cannot be told, Docker says so when it is put back.
            Ok(false) | Err(_) => {}
        }
        let step = work.recorder.begin("reconnect").await?;
        match work.host.connect(&network.docker_id, &one.container, &one.endpoint).await {
            Ok(()) => work.recorder.done(step, &format!("`{}` is on it again", one.name)).await?,
            Err(error) => {
                let action = format!("put container `{}` back", one.name);
                // The next container is tried all the same.
                drop(work.fail::<()>(step, &action, error).await?);
            }
        }
    }
    Ok(())
}
