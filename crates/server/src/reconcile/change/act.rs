//! Doing one act of a change on the host.

use std::time::Instant;

use portolan_types::Failure;

use super::{
    super::{PassError, compare, recorder::failure, work::Halt},
    Change,
    check::{fitting, interim_options},
    next::Act,
    scene::{Scene, Standing},
};
use crate::{
    destinations::change::Moving,
    host::{Endpoint, HostNetwork, NewNetwork},
};

/// What was done, or why Docker did not do it.
type Outcome = Result<String, Failure>;

impl Change<'_> {
    pub(super) async fn perform(&mut self, act: &Act, scene: &Scene) -> Result<Outcome, PassError> {
        let done = match act {
            Act::MakeInterim => self.make_interim(scene).await,
            Act::AttachToInterim(_) => self.attach_to_interim(scene, act).await,
            Act::DetachFromLeaving(_) => self.detach(scene, act, scene.leaving()).await,
            Act::DetachFromInterim(_) => self.detach(scene, act, scene.interim.as_ref()).await,
            Act::RemoveLeaving => self.remove(scene.leaving()).await,
            Act::RemoveInterim => self.remove(scene.interim.as_ref()).await,
            Act::MakeGoal => self.make_goal().await,
            Act::AttachToGoal(_) => self.attach_to_goal(scene, act).await,
            Act::Wait(_) | Act::Done(_) => Ok("nothing is left to be done".to_owned()),
        };
        match done {
            Ok(detail) => Ok(Ok(detail)),
            Err(Halt::Refused(failure)) => Ok(Err(failure)),
            Err(Halt::Pass(error)) => Err(error),
        }
    }

    async fn make_interim(&self, scene: &Scene) -> Result<String, Halt> {
        let destination = &self.work.row.destination;
        let Some(options) = interim_options(destination, &self.memo, scene) else {
            return Err(no_room(destination.server_name.as_str()).into());
        };
        let name = self.memo.interim.clone();
        let labels = compare::interim_labels(destination);
        self.make(NewNetwork { kind: destination.kind, name, options, labels }).await
    }

    async fn make_goal(&self) -> Result<String, Halt> {
        let goal = self.memo.goal().applied_to(&self.work.row.destination);
        let (options, labels) = (goal.effective_options(), compare::labels(&goal));
        self.make(NewNetwork { kind: goal.kind, name: goal.network, options, labels }).await
    }

    async fn make(&self, network: NewNetwork) -> Result<String, Halt> {
        let made = self.work.host.create_network(&network).await;
        self.work.answer(made, || format!("create network `{}`", network.name))?;
        Ok(format!("Docker made network `{}`", network.name))
    }

    async fn remove(&self, network: Option<&HostNetwork>) -> Result<String, Halt> {
        let Some(network) = network else { return Ok("it is gone".to_owned()) };
        let removed = self.work.host.remove_network(&network.docker_id).await;
        self.work.answer(removed, || format!("remove network `{}`", network.name))?;
        Ok(format!("Docker removed network `{}`", network.name))
    }

    async fn attach_to_interim(&mut self, scene: &Scene, act: &Act) -> Result<String, Halt> {
        self.learn(scene, scene.leaving(), act.ids()).await?;
        let (Some(interim), Some(leaving)) = (&scene.interim, scene.leaving()) else {
            return Ok("it is gone".to_owned());
        };
        for moving in self.memo.moving.iter().filter(|one| act.ids().contains(&one.id)) {
            let endpoint =
                Endpoint { address: None, ipv6_address: None, ..moving.endpoint.clone() };
            self.connect(scene, interim, moving, &endpoint).await?;
        }
        self.bring_services(scene, act, (interim, leaving)).await?;
        Ok(format!("{} joined `{}`", counted(scene, act), interim.name))
    }

    /// Addresses that somebody keeps are given before those that anybody may get.
    async fn attach_to_goal(&mut self, scene: &Scene, act: &Act) -> Result<String, Halt> {
        let (Some(Standing::Goal(network)), Some(interim)) = (&scene.standing, &scene.interim)
        else {
            return Ok("it is gone".to_owned());
        };
        self.learn(scene, Some(interim), act.ids()).await?;
        let goal = self.memo.goal().applied_to(&self.work.row.destination);
        let options = goal.effective_options();
        let mut order: Vec<usize> = (0..self.memo.moving.len()).collect();
        order.sort_by_key(|index| self.memo.moving[*index].endpoint.address.is_none());
        for index in order {
            let moving = &self.memo.moving[index];
            if !act.ids().contains(&moving.id) {
                continue;
            }
            let (endpoint, note) = fitting(&moving.endpoint, &options);
            let in_use = self.connect_keeping(scene, network, moving, &endpoint).await?;
            self.memo.moving[index].note = in_use.or(note);
        }
        self.save().await?;
        self.bring_services(scene, act, (network, interim)).await?;
        Ok(format!("{} joined `{}`", counted(scene, act), network.name))
    }

    /// With its address, or without where somebody else has it; answers what it lost.
    async fn connect_keeping(
        &self,
        scene: &Scene,
        network: &HostNetwork,
        moving: &Moving,
        endpoint: &Endpoint,
    ) -> Result<Option<String>, Halt> {
        let refusal = match self.connect(scene, network, moving, endpoint).await {
            Ok(()) => return Ok(None),
            Err(refusal) => refusal,
        };
        match (&refusal, &endpoint.address) {
            (Halt::Refused(failure), Some(address)) if failure.message.contains(IN_USE) => {
                let any = Endpoint { address: None, ..endpoint.clone() };
                self.connect(scene, network, moving, &any).await?;
                Ok(Some(format!("its fixed address {address} is in use; it got another")))
            }
            (Halt::Refused(_) | Halt::Pass(_), _) => Err(refusal),
        }
    }

    async fn connect(
        &self,
        scene: &Scene,
        network: &HostNetwork,
        moving: &Moving,
        endpoint: &Endpoint,
    ) -> Result<(), Halt> {
        let host = self.host_of(scene, &moving.id);
        let connected = host.connect(&network.docker_id, &moving.id, endpoint).await;
        let action = || format!("connect container `{}` to `{}`", moving.name, network.name);
        self.answer_of(scene, &moving.id, connected, action)
    }

    /// While a way is taken away, connections over it fail: that is the gap.
    async fn detach(
        &mut self,
        scene: &Scene,
        act: &Act,
        network: Option<&HostNetwork>,
    ) -> Result<String, Halt> {
        let Some(network) = network else { return Ok("it is gone".to_owned()) };
        self.learn(scene, Some(network), act.ids()).await?;
        let before = self.unsure(act.ids()).await?;
        let mut outcome = Ok(());
        for (index, gap) in before {
            let began = Instant::now();
            if outcome.is_ok() {
                outcome = self.disconnect(scene, network, &self.memo.moving[index]).await;
            }
            if matches!(outcome, Err(Halt::Pass(_))) {
                // Nobody knows when it was done, or whether.
                break;
            }
            let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.memo.moving[index].gap_ms = gap.map(|before| before.saturating_add(took));
        }
        self.save().await?;
        outcome?;
        self.release_services(scene, act, network).await?;
        Ok(format!("{} left `{}`", counted(scene, act), network.name))
    }

    /// Takes the gaps of those who are about to be disconnected out of what is written down: were
    /// Portolan killed now, nobody would know them.
    async fn unsure(&mut self, ids: &[String]) -> Result<Vec<(usize, Option<u64>)>, Halt> {
        let moving = self.memo.moving.iter_mut().enumerate();
        let leaving = moving.filter(|(_, one)| ids.contains(&one.id));
        let before = leaving.map(|(index, one)| (index, one.gap_ms.take())).collect();
        self.save().await?;
        Ok(before)
    }

    async fn disconnect(
        &self,
        scene: &Scene,
        network: &HostNetwork,
        moving: &Moving,
    ) -> Result<(), Halt> {
        let host = self.host_of(scene, &moving.id);
        let gone = host.disconnect(&network.docker_id, &moving.id).await;
        let action = || format!("take container `{}` off `{}`", moving.name, network.name);
        self.answer_of(scene, &moving.id, gone, action)
    }

    /// Writes down what containers had asked for, before it is taken from them.
    async fn learn(
        &mut self,
        scene: &Scene,
        network: Option<&HostNetwork>,
        ids: &[String],
    ) -> Result<(), Halt> {
        let Some(network) = network else { return Ok(()) };
        let is_known = |id: &String| self.memo.moving.iter().any(|one| one.id == *id);
        let unknown: Vec<&String> =
            ids.iter().filter(|id| !is_known(id) && scene.service(id).is_none()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut learned = Vec::new();
        for id in unknown {
            let found = self.host_of(scene, id).find_container(id).await;
            let found = self.answer_of(scene, id, found, || format!("inspect container `{id}`"))?;
            // One that left meanwhile is not taken along.
            let Some(container) = found else { continue };
            let place = container.endpoint(&network.docker_id, &network.name);
            learned.extend(place.map(|place| Moving {
                id: id.clone(),
                name: container.member.name.clone(),
                endpoint: place.endpoint.clone(),
                gap_ms: Some(0),
                note: None,
                server: self.companion_of(scene, id).map(|one| one.server.name.clone()),
            }));
        }
        self.memo.moving.extend(learned);
        Ok(self.save().await?)
    }
}

/// How many containers and services an act is about.
fn counted(scene: &Scene, act: &Act) -> String {
    let services = act.ids().iter().filter(|id| scene.service(id).is_some()).count();
    let containers = act.ids().len() - services;
    match (containers, services) {
        (_, 0) => format!("{containers} containers"),
        (0, _) => format!("{services} services"),
        (_, _) => format!("{containers} containers and {services} services"),
    }
}

/// Docker's words for an address that somebody has.
const IN_USE: &str = "ddress already in use";

fn no_room(server: &str) -> Failure {
    failure(
        "no-interim-subnet",
        format!("no subnet in 198.19.0.0/16 is free for an interim network on server `{server}`"),
        "remove networks that use that range, then try again",
    )
}
