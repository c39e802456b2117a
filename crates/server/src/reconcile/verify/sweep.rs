//! Removing what verifications made: at the end of each, and whatever a crash left behind, of backups
//! that were checked too.
//!
//! Probes end by themselves after some minutes, and the label tells whose they are. Those of an
//! operation that this installation does not know may be another installation's, which is at work:
//! they are left alone until they are older than any probe can be in use.

use std::collections::BTreeMap;

use portolan_types::{OperationId, ServerId, Timestamp};

use super::probes::{Ground, Trouble};
use crate::{
    App, Error,
    db::{self, operation::Holder},
    host::{Host, HostError, HostNetwork, probe},
    reconcile::PassError,
    sighting::Sighting,
};

/// Older than anything in use: a verification takes two minutes, checking a backup some hours.
const STALE_SECONDS: i64 = 24 * 3_600;

/// Removes all that one operation made on a host.
pub(super) async fn all_of(ground: &Ground<'_>, operation: &OperationId) -> Result<(), Trouble> {
    let containers = ground.answer(ground.host.list_containers().await)?;
    let ours = |label: Option<&str>| label == Some(operation.as_str());
    for one in
        containers.iter().filter(|one| ours(one.probe.as_ref().map(|it| it.operation.as_str())))
    {
        ground.answer(ground.host.remove_container(&one.member.docker_id).await)?;
    }
    let networks = ground.answer(ground.host.list_networks().await)?;
    for network in networks.iter().filter(|one| ours(label(one))) {
        ground.answer(ground.host.remove_network(&network.docker_id).await)?;
    }
    Ok(())
}

fn label(network: &HostNetwork) -> Option<&str> {
    network.labels.get(probe::LABEL).map(String::as_str)
}

/// Removes what was seen and is nobody's any more, but for what is at work now.
pub(super) async fn left_behind(
    app: &App,
    server: &ServerId,
    host: &dyn Host,
    seen: &Sighting,
    at_work: Option<&OperationId>,
) -> Result<(), PassError> {
    let mut verdicts = Verdicts { app, server, at_work, known: BTreeMap::new() };
    for one in &seen.containers {
        let Some(mark) = &one.probe else { continue };
        if verdicts.is_left(&mark.operation, Some(mark.made_at)).await? {
            forgive(host.remove_container(&one.member.docker_id).await)?;
        }
    }
    for network in &seen.networks {
        let Some(operation) = label(network) else { continue };
        if verdicts.is_left(operation, network.created_at).await? {
            forgive(host.remove_network(&network.docker_id).await)?;
        }
    }
    Ok(())
}

/// What Docker refuses now is tried again at the next look.
fn forgive(removed: Result<(), HostError>) -> Result<(), PassError> {
    match removed {
        Err(HostError::Docker { message, .. }) => {
            tracing::warn!(%message, "could not remove what a verification left");
            Ok(())
        }
        other => Ok(other?),
    }
}

/// Whose operation is whose, asked once.
struct Verdicts<'a> {
    app: &'a App,
    server: &'a ServerId,
    at_work: Option<&'a OperationId>,
    known: BTreeMap<String, Option<Holder>>,
}

impl Verdicts<'_> {
    async fn is_left(&mut self, label: &str, made: Option<Timestamp>) -> Result<bool, Error> {
        if self.at_work.is_some_and(|operation| operation.as_str() == label) {
            return Ok(false);
        }
        if !self.known.contains_key(label) {
            let holder = self.look_up(label).await?;
            self.known.insert(label.to_owned(), holder);
        }
        let stale = Timestamp::now().plus_seconds(-STALE_SECONDS);
        Ok(match self.known.get(label).and_then(Option::as_ref) {
            // Cut off by a crash: this server's own begins anew without it.
            Some(Holder::AtWork { server_id }) => server_id.as_ref() == Some(self.server),
            Some(Holder::Over) => true,
            None => made.is_some_and(|made| made < stale),
        })
    }

    async fn look_up(&self, label: &str) -> Result<Option<Holder>, Error> {
        let Ok(id) = label.parse::<OperationId>() else { return Ok(None) };
        let mut conn = self.app.db.acquire().await?;
        Ok(db::operation::find_holder(&mut conn, &id).await?)
    }
}
