//! What Portolan asks of an engine: one method of [`Host`] each, over [`Engine`].
//!
//! Owns which endpoints are asked and what is made of their answers. How requests travel is in
//! `engine`; what they and the answers look like is in bollard.

use std::{future::pending, sync::Arc};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use ipnet::IpNet;

use super::{
    ContainerDetail, Endpoint, Host, HostContainer, HostError, HostEvent, HostNetwork, HostNode,
    HostRole, HostService, HostTask, Member, NewNetwork, System, engine::Engine, ssh::Session,
};

mod disk;
mod endpoints;
mod events;
mod id;
mod members;
mod networks;
mod role;
mod routes;
mod swarm;
mod system;

/// A real host.
#[derive(Debug)]
pub(super) struct DockerHost {
    engine: Engine,
}

impl DockerHost {
    pub(super) fn shared(engine: Engine) -> Arc<dyn Host> {
        Arc::new(Self { engine })
    }

    fn session(&self) -> Option<&Session> {
        self.engine.connector().session()
    }
}

#[async_trait]
impl Host for DockerHost {
    async fn system(&self) -> Result<System, HostError> {
        system::read(&self.engine).await
    }

    async fn role(&self) -> Result<HostRole, HostError> {
        role::read(&self.engine).await
    }

    async fn list_nodes(&self) -> Result<Vec<HostNode>, HostError> {
        swarm::nodes(&self.engine).await
    }

    async fn list_services(&self) -> Result<Vec<HostService>, HostError> {
        swarm::services(&self.engine).await
    }

    async fn list_tasks(&self) -> Result<Vec<HostTask>, HostError> {
        swarm::tasks(&self.engine).await
    }

    async fn list_networks(&self) -> Result<Vec<HostNetwork>, HostError> {
        networks::list(&self.engine).await
    }

    async fn find_network(&self, id_or_name: &str) -> Result<Option<HostNetwork>, HostError> {
        networks::find(&self.engine, id_or_name).await
    }

    async fn create_network(&self, network: &NewNetwork) -> Result<String, HostError> {
        networks::create(&self.engine, network).await
    }

    async fn remove_network(&self, docker_id: &str) -> Result<(), HostError> {
        networks::remove(&self.engine, docker_id).await
    }

    async fn list_containers(&self) -> Result<Vec<HostContainer>, HostError> {
        members::list_all(&self.engine).await
    }

    async fn list_members(&self, docker_id: &str) -> Result<Vec<Member>, HostError> {
        members::list(&self.engine, docker_id).await
    }

    async fn routes(&self) -> Result<Option<Vec<IpNet>>, HostError> {
        Ok(routes::read(&self.engine).await)
    }

    async fn find_container(&self, id_or_name: &str) -> Result<Option<ContainerDetail>, HostError> {
        endpoints::find(&self.engine, id_or_name).await
    }

    async fn connect(
        &self,
        network: &str,
        container: &str,
        endpoint: &Endpoint,
    ) -> Result<(), HostError> {
        endpoints::connect(&self.engine, network, container, endpoint).await
    }

    async fn disconnect(&self, network: &str, container: &str) -> Result<(), HostError> {
        endpoints::disconnect(&self.engine, network, container).await
    }

    async fn events(&self) -> Result<BoxStream<'static, Result<HostEvent, HostError>>, HostError> {
        events::open(&self.engine).await
    }

    async fn closed(&self) {
        match self.session() {
            Some(session) => session.ended().await,
            None => pending().await,
        }
    }

    async fn close(&self) {
        self.engine.connector().close().await;
    }
}
