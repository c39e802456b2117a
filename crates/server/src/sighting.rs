//! What was last seen on a host. Owns its shape and how a request gets a fresh one; looking is the
//! keeper's affair (`reconcile::sight`).
//!
//! Requests speak to no host. A question about one (who is on this network? what would a delete
//! do?) rings its keeper, waits for the look that follows, and reads what that wrote down.

use std::time::Duration;

use portolan_types::{MemberKind, NetworkName, ServerId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, timeout_at},
};

use crate::{
    App, Error, db,
    host::{HostContainer, HostNetwork},
};

/// How long a request waits for a look. A host that takes longer is told of with the age of what
/// was seen before.
const PATIENCE: Duration = Duration::from_secs(5);

/// A host's networks and who is on them. Every text in it is hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    pub networks: Vec<HostNetwork>,
    pub containers: Vec<HostContainer>,
    /// Where the host sends packets, in CIDR form; empty where that could not be read.
    #[serde(default)]
    pub routes: Vec<String>,
}

/// A sighting and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub at: Timestamp,
    pub sighting: Sighting,
}

impl Sighting {
    /// The network with this Docker id.
    pub fn network(&self, docker_id: &str) -> Option<&HostNetwork> {
        self.networks.iter().find(|network| network.docker_id == docker_id)
    }

    /// The networks of this name: Docker's names are not unique.
    pub fn networks_named<'a>(
        &'a self,
        name: &'a NetworkName,
    ) -> impl Iterator<Item = &'a HostNetwork> {
        self.networks.iter().filter(move |network| network.name == name.as_str())
    }

    /// Containers on a network, running or not, proxies last: they are let go of last.
    pub fn members(&self, network: &HostNetwork) -> Vec<&HostContainer> {
        members(&self.containers, network)
    }
}

/// The same, of containers that were just listed.
pub(crate) fn members<'a>(
    containers: &'a [HostContainer],
    network: &HostNetwork,
) -> Vec<&'a HostContainer> {
    let on_it = |one: &&HostContainer| one.is_on(&network.docker_id, &network.name);
    let mut members: Vec<&HostContainer> = containers.iter().filter(on_it).collect();
    members.sort_by(|a, b| {
        let key = |one: &HostContainer| (one.kind() == MemberKind::Proxy, one.member.name.clone());
        key(a).cmp(&key(b))
    });
    members
}

/// What is on the host now, or what was last seen when it does not answer in time; `None` where
/// nobody ever looked.
pub(crate) async fn fresh(app: &App, server: &ServerId) -> Result<Option<Seen>, Error> {
    wait_for_look(app, server).await;
    let mut conn = app.db.acquire().await?;
    Ok(db::sighting::find(&mut conn, server).await?)
}

async fn wait_for_look(app: &App, server: &ServerId) {
    // Listening begins before ringing, or the look could be over before anybody listens.
    let mut looks = app.looks();
    let asked = Instant::now();
    app.wake(server);
    let look = async {
        loop {
            match looks.recv().await {
                Ok((of, began)) if of == *server && began >= asked => return,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    };
    let until = async { drop(timeout_at(asked + PATIENCE, look).await) };
    app.stopping.run_until_cancelled(until).await;
}
