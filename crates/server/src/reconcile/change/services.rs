//! Services of a swarm on their way: each act is another definition, told once.

use super::{super::work::Halt, Change, next::Act, scene::Scene, swarm};
use crate::{
    destinations::change::MovingService,
    host::{HostNetwork, HostService},
};

impl Change<'_> {
    /// Puts those of the ids that are services on a network, by the names that they have on
    /// another.
    pub(super) async fn bring_services(
        &mut self,
        scene: &Scene,
        act: &Act,
        (network, like): (&HostNetwork, &HostNetwork),
    ) -> Result<(), Halt> {
        for service in services(scene, act) {
            self.note(act, service).await?;
            let host = self.work.host;
            let told =
                host.connect_service(&network.docker_id, &service.docker_id, &like.docker_id).await;
            let action = || format!("put service `{}` on `{}`", service.name, network.name);
            self.work.answer(told, action)?;
        }
        Ok(())
    }

    /// Takes those of the ids that are services off a network.
    pub(super) async fn release_services(
        &mut self,
        scene: &Scene,
        act: &Act,
        network: &HostNetwork,
    ) -> Result<(), Halt> {
        for service in services(scene, act) {
            self.note(act, service).await?;
            let told =
                self.work.host.disconnect_service(&network.docker_id, &service.docker_id).await;
            let action = || format!("take service `{}` off `{}`", service.name, network.name);
            self.work.answer(told, action)?;
        }
        Ok(())
    }

    /// Writes down what a service is about to be told. One that was told so before, and is as it
    /// was, was taken back by the swarm.
    async fn note(&mut self, act: &Act, service: &HostService) -> Result<(), Halt> {
        let known = self.memo.services.iter().position(|one| one.id == service.docker_id);
        let index = known.unwrap_or_else(|| {
            self.memo.services.push(MovingService {
                id: service.docker_id.clone(),
                name: service.name.clone(),
                told: Vec::new(),
                restarts: 0,
            });
            self.memo.services.len() - 1
        });
        let one = &mut self.memo.services[index];
        let told = one.told.iter().filter(|told| *told == act.name()).count();
        if let Some(failure) = swarm::went_back(service, told) {
            return Err(failure.into());
        }
        one.told.push(act.name().to_owned());
        one.restarts += u32::from(told == 0);
        Ok(self.save().await?)
    }
}

fn services<'a>(scene: &'a Scene, act: &Act) -> Vec<&'a HostService> {
    act.ids().iter().filter_map(|id| scene.service(id)).collect()
}
