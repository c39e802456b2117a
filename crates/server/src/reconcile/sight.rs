//! Looking at a host: its networks and containers, once a pass, written down when they changed.

use std::{collections::BTreeSet, time::Duration};

use portolan_types::Timestamp;
use tokio::time::Instant;

use self::aliases::Aliases;
use super::{
    PassError,
    swarm::{self, managed},
};
use crate::{
    App,
    db::{self, destination, server::Assigned},
    host::{Host, HostError},
    sighting::Sighting,
};

mod aliases;

/// What the keeper saw last, so that an unchanged host costs no writing of it.
#[derive(Debug, Default)]
pub(super) struct Sight {
    last: Option<Sighting>,
    aliases: Aliases,
    /// The host's routes, and when they were read.
    routes: Option<(Instant, Vec<String>)>,
}

/// Routes change seldom, no event tells of it, and reading them starts a process on the host.
const ROUTES: Duration = Duration::from_mins(1);

impl Sight {
    /// Looks, writes down and tells those who wait for a look. The order is the same in each
    /// sighting, whatever the engine's.
    pub(super) async fn look(
        &mut self,
        app: &App,
        row: &Assigned,
        rows: &[destination::Assigned],
        host: &dyn Host,
    ) -> Result<&Sighting, PassError> {
        let server = &row.server.id;
        let (began, at) = (Instant::now(), Timestamp::now());
        let mut seen = Sighting {
            networks: host.list_networks().await?,
            containers: host.list_containers().await?,
            routes: self.routes(host).await?,
            ..Sighting::default()
        };
        if managed(&row.server).is_some() {
            see_swarm(&mut seen, host).await?;
        }
        let networks = networks_of_destinations(rows);
        self.aliases.add(host, &networks, &mut seen.containers).await?;
        seen.networks.sort_by(|a, b| (&a.name, &a.docker_id).cmp(&(&b.name, &b.docker_id)));
        seen.containers.sort_by(|a, b| a.member.docker_id.cmp(&b.member.docker_id));
        let mut conn = app.db.acquire().await?;
        if self.last.as_ref() == Some(&seen) {
            db::sighting::touch(&mut conn, server, at).await?;
        } else {
            db::sighting::put(&mut conn, server, &seen, at).await?;
        }
        drop(conn);
        if self.last.as_ref().is_none_or(|last| last.containers != seen.containers) {
            swarm::wake_proxies(app, row).await?;
        }
        app.looked(server, began);
        Ok(self.last.insert(seen))
    }

    async fn routes(&mut self, host: &dyn Host) -> Result<Vec<String>, PassError> {
        if let Some((_, routes)) = self.routes.as_ref().filter(|(at, _)| at.elapsed() < ROUTES) {
            return Ok(routes.clone());
        }
        let now = Instant::now();
        let found = host.routes().await?.unwrap_or_default();
        let routes: Vec<String> = found.iter().map(ToString::to_string).collect();
        self.routes = Some((now, routes.clone()));
        Ok(routes)
    }
}

/// A manager without a leader answers with an error, so that nothing is taken for gone.
pub(super) async fn see_swarm(seen: &mut Sighting, host: &dyn Host) -> Result<(), HostError> {
    seen.nodes = host.list_nodes().await?;
    seen.services = host.list_services().await?;
    seen.tasks = host.list_tasks().await?;
    seen.nodes.sort_by(|a, b| a.node_id.cmp(&b.node_id));
    seen.services.sort_by(|a, b| (&a.name, &a.docker_id).cmp(&(&b.name, &b.docker_id)));
    seen.tasks.sort_by(|a, b| a.docker_id.cmp(&b.docker_id));
    Ok(())
}

/// Docker ids and names of the networks that are destinations.
fn networks_of_destinations(rows: &[destination::Assigned]) -> BTreeSet<String> {
    let names = rows.iter().flat_map(|row| {
        let observed = row.destination.observed.as_ref().map(|observed| observed.docker_id.clone());
        observed.into_iter().chain([row.destination.network.to_string()])
    });
    names.collect()
}
