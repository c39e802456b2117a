//! The hosts that a change works on. Beside the one through which it is done these are the other
//! nodes of the swarm: each container is connected and disconnected by its own engine.

use std::{collections::BTreeMap, sync::Arc};

use portolan_types::{DestinationKind, Server};

use super::{
    super::{PassError, sight::see_swarm, work::Halt},
    Change,
    scene::{Reach, Scene},
};
use crate::{
    host::{Host, HostError, HostNetwork},
    sighting::Sighting,
};

/// The servers of a swarm.
#[derive(Debug, Default)]
pub(in super::super) struct Nodes {
    /// The one through which the work is done; absent where there is no swarm.
    pub(in super::super) acting: Option<Server>,
    pub(in super::super) others: Vec<Companion>,
}

/// Another server of the swarm, and the connection to it while it has one.
#[derive(Debug)]
pub(in super::super) struct Companion {
    pub(in super::super) server: Server,
    pub(in super::super) host: Option<Arc<dyn Host>>,
}

/// What a node has; `None` while it does not answer.
async fn look_at(companion: &Companion) -> Option<Sighting> {
    let host = companion.host.as_ref()?;
    let looked: Result<_, HostError> =
        async { Ok((host.list_networks().await?, host.list_containers().await?)) }.await;
    match looked {
        Ok((networks, containers)) => {
            Some(Sighting { networks, containers, ..Sighting::default() })
        }
        Err(error) => {
            let name = &companion.server.name;
            tracing::warn!(server.name = %name, %error, "could not look at a node");
            None
        }
    }
}

/// Which of the other nodes has a container, by its id; the others are on the acting host.
pub(super) type Whereabouts = BTreeMap<String, usize>;

impl Change<'_> {
    /// Everything that there is of networks and of those who may be on them.
    pub(super) async fn see(&self) -> Result<(Sighting, Whereabouts, Reach), Halt> {
        let host = self.work.host;
        let looked = async {
            let (networks, containers) =
                (host.list_networks().await?, host.list_containers().await?);
            let mut seen = Sighting { networks, containers, ..Sighting::default() };
            if self.work.row.destination.kind == DestinationKind::Swarm {
                see_swarm(&mut seen, host).await?;
            }
            Ok(seen)
        };
        let mut seen = self.work.answer(looked.await, || "look at the networks".to_owned())?;
        let (mut whereabouts, mut answered) = (Whereabouts::new(), Vec::new());
        for (index, companion) in self.nodes.others.iter().enumerate() {
            let Some(node) = look_at(companion).await else { continue };
            let ids = node.containers.iter().map(|one| one.member.docker_id.clone());
            whereabouts.extend(ids.map(|id| (id, index)));
            seen.containers.extend(node.containers);
            answered.push((index, node.networks));
        }
        let reach = self.reach(&seen, answered);
        Ok((seen, whereabouts, reach))
    }

    fn reach(&self, seen: &Sighting, answered: Vec<(usize, Vec<HostNetwork>)>) -> Reach {
        let others = self.nodes.others.iter().enumerate();
        let has_answered = |index| answered.iter().any(|(answered, _)| *answered == index);
        let others = others.map(|(index, one)| (&one.server, has_answered(index)));
        let mut reach =
            Reach::of(seen, self.nodes.acting.iter().map(|server| (server, true)).chain(others));
        let name = self.work.row.destination.network.as_str();
        let is_old = |one: &HostNetwork| one.name == name && one.scope == "swarm";
        for (index, mut networks) in answered {
            networks.retain(|one| seen.network(&one.docker_id).is_none());
            if networks.iter().any(is_old) {
                reach.keeps_the_old(&self.nodes.others[index].server);
            }
            for network in networks {
                reach.has_elsewhere(network);
            }
        }
        reach
    }

    /// The host that has a container.
    pub(super) fn host_of(&self, scene: &Scene, container: &str) -> &dyn Host {
        match self.companion_of(scene, container).and_then(|one| one.host.as_ref()) {
            Some(host) => host.as_ref(),
            None => self.work.host,
        }
    }

    pub(super) fn companion_of(&self, scene: &Scene, container: &str) -> Option<&Companion> {
        scene.whereabouts.get(container).map(|index| &self.nodes.others[*index])
    }

    /// The answer of the host that has a container. That a companion is lost is no reason to drop
    /// the connection to the acting host: the pass is tried again.
    pub(super) fn answer_of<T>(
        &self,
        scene: &Scene,
        container: &str,
        answer: Result<T, HostError>,
        action: impl FnOnce() -> String,
    ) -> Result<T, Halt> {
        match (answer, self.companion_of(scene, container)) {
            (Err(error), Some(_)) if error.is_connection() => {
                Err(Halt::Pass(PassError::Swarm(error)))
            }
            (Err(HostError::Docker { status, message }), Some(companion)) => {
                let message = format!("{message} (on server `{}`)", companion.server.name);
                self.work.answer(Err(HostError::Docker { status, message }), action)
            }
            (answer, _) => self.work.answer(answer, action),
        }
    }
}
