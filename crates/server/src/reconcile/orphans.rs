//! Networks that a removed destination left: its creation was still under way in the engine when
//! Portolan was killed, and its row went before the network appeared.
//!
//! The label alone proves nothing: another installation may keep the same host. Only a destination
//! that was removed here, by an operation that is on record, leaves an orphan.

use std::collections::HashSet;

use portolan_types::{DestinationId, Subject, Timestamp};

use super::{PassError, compare::LABEL_DESTINATION};
use crate::{
    App, Error,
    db::{self, destination, server::Assigned},
    events::{self, Happened},
    host::{Host, HostError, HostNetwork},
    sighting::Sighting,
};

/// Removes those that nobody is on.
pub(super) async fn pass(
    app: &App,
    server: &Assigned,
    rows: &[destination::Assigned],
    host: &dyn Host,
    seen: &Sighting,
) -> Result<(), PassError> {
    let kept: HashSet<&DestinationId> = rows.iter().map(|row| &row.destination.id).collect();
    let labelled = seen.networks.iter().filter_map(|network| Some((label(network)?, network)));
    for (id, network) in labelled.filter(|(id, _)| !kept.contains(id)) {
        if seen.occupants(network).is_empty() && was_removed(app, &id).await? {
            remove(app, server, host, network).await?;
        }
    }
    Ok(())
}

fn label(network: &HostNetwork) -> Option<DestinationId> {
    network.labels.get(LABEL_DESTINATION)?.parse().ok()
}

async fn was_removed(app: &App, id: &DestinationId) -> Result<bool, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(!db::destination::exists(&mut conn, id).await?
        && db::operation::has_removed(&mut conn, id).await?)
}

async fn remove(
    app: &App,
    server: &Assigned,
    host: &dyn Host,
    network: &HostNetwork,
) -> Result<(), PassError> {
    // In a swarm another keeper may have removed it since it was seen.
    if host.find_network(&network.docker_id).await?.is_none() {
        return Ok(());
    }
    let name = &network.name;
    let what = match host.remove_network(&network.docker_id).await {
        Ok(()) => format!("network `{name}`, left by a removed destination, was removed"),
        // Somebody joined it meanwhile: it is looked at again with the next change.
        Err(HostError::Docker { message, .. }) => {
            tracing::warn!(server.id = %server.server.id, %message, "could not remove an orphaned network");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let happened = Happened {
        team: &server.team_id,
        kind: "server.orphan-removed",
        subject: Subject::Server(server.server.id.clone()),
        name: server.server.name.as_str(),
        message: format!("{what} from server `{}`", server.server.name),
    };
    let mut tx = app.db.begin().await?;
    events::record(&mut tx, happened, Timestamp::now()).await?;
    Ok(tx.commit().await?)
}
