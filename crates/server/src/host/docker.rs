//! What Portolan asks of an engine: one method of [`Host`] each, over [`Engine`].
//!
//! Owns which endpoints are asked and what is made of their answers. How requests travel is in
//! `engine`; what they and the answers look like is in bollard.

use std::{collections::BTreeMap, future::pending, io, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use ipnet::IpNet;
use portolan_types::{LogLine, TerminalSize};

use super::{
    BuildListener, ContainerDetail, Counted, Endpoint, Exec, ExecOutput, Host, HostContainer,
    HostError, HostEvent, HostImage, HostNetwork, HostNode, HostRole, HostService, HostTask,
    ImageBuild, LineQuery, LogQuery, Member, NewContainer, NewFile, NewNetwork, NewService,
    Program, PullListener, RegistryLogin, ServiceChange, Shell, System, TerminalProgram,
    engine::Engine, ssh::Session,
};

mod archives;
mod build;
mod containers;
mod create;
mod detail;
mod disk;
mod endpoints;
mod events;
mod exec;
mod files;
mod frames;
mod id;
mod images;
mod lines;
mod members;
mod networks;
mod output;
mod pace;
mod program;
mod push;
mod registry;
mod role;
mod routes;
mod service_spec;
mod services;
mod stats;
mod swarm;
mod system;
mod terminal;
mod told;
mod volumes;

/// Reads what is no answer of the engine: what commands and programs say.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_anything(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (directory, said) = text.split_once('\n').unwrap_or_default();
    disk::read_anything(said, directory);
    routes::read_anything(said);
    output::read_anything(bytes);
    lines::read_anything(bytes);
    build::read_anything(bytes);
    id::read_anything(&text);
}

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
        detail::find(&self.engine, id_or_name).await
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

    async fn find_image(&self, reference: &str) -> Result<Option<HostImage>, HostError> {
        images::find(&self.engine, reference).await
    }

    async fn list_image_names(&self, repository: &str) -> Result<Vec<String>, HostError> {
        images::names(&self.engine, repository).await
    }

    async fn check_login(&self, login: &RegistryLogin) -> Result<(), HostError> {
        registry::check(&self.engine, login).await
    }

    async fn pull_image(
        &self,
        reference: &str,
        login: Option<&RegistryLogin>,
        progress: &PullListener<'_>,
    ) -> Result<(), HostError> {
        images::pull(&self.engine, reference, login, progress).await
    }

    async fn build_image(
        &self,
        build: &ImageBuild,
        listener: &BuildListener,
    ) -> Result<String, HostError> {
        build::build(&self.engine, build, listener).await
    }

    async fn push_image(
        &self,
        reference: &str,
        login: Option<&RegistryLogin>,
        progress: &PullListener<'_>,
    ) -> Result<(), HostError> {
        push::push(&self.engine, reference, login, progress).await
    }

    async fn load_image(&self, archive: Bytes) -> Result<(), HostError> {
        images::load(&self.engine, archive).await
    }

    async fn remove_image(&self, reference: &str) -> Result<(), HostError> {
        images::remove(&self.engine, reference).await
    }

    async fn create_container(&self, container: &NewContainer) -> Result<String, HostError> {
        create::create(&self.engine, container).await
    }

    async fn start_container(&self, docker_id: &str) -> Result<(), HostError> {
        containers::start(&self.engine, docker_id).await
    }

    async fn stop_container(&self, docker_id: &str, grace: Duration) -> Result<(), HostError> {
        containers::stop(&self.engine, docker_id, grace).await
    }

    async fn restart_container(&self, docker_id: &str, grace: Duration) -> Result<(), HostError> {
        containers::restart(&self.engine, docker_id, grace).await
    }

    async fn rename_container(&self, docker_id: &str, name: &str) -> Result<(), HostError> {
        containers::rename(&self.engine, docker_id, name).await
    }

    async fn remove_container(&self, docker_id: &str) -> Result<(), HostError> {
        containers::remove(&self.engine, docker_id).await
    }

    async fn wait_container(&self, docker_id: &str, within: Duration) -> Result<i64, HostError> {
        containers::wait(&self.engine, docker_id, within).await
    }

    async fn container_logs(&self, docker_id: &str, query: &LogQuery) -> Result<String, HostError> {
        containers::logs(&self.engine, docker_id, query).await
    }

    async fn container_lines(
        &self,
        docker_id: &str,
        query: &LineQuery,
    ) -> Result<BoxStream<'static, Result<LogLine, HostError>>, HostError> {
        lines::open(&self.engine, docker_id, query).await
    }

    async fn container_stats(
        &self,
        docker_id: &str,
    ) -> Result<BoxStream<'static, Result<Counted, HostError>>, HostError> {
        stats::open(&self.engine, docker_id).await
    }

    async fn read_archive(
        &self,
        docker_id: &str,
        path: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, HostError>>, HostError> {
        archives::read(&self.engine, docker_id, path).await
    }

    async fn put_archive(
        &self,
        docker_id: &str,
        directory: &str,
        archive: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<(), HostError> {
        archives::put(&self.engine, docker_id, directory, archive).await
    }

    async fn put_files(
        &self,
        docker_id: &str,
        directory: &str,
        files: &[NewFile],
    ) -> Result<(), HostError> {
        files::put(&self.engine, docker_id, directory, files).await
    }

    async fn read_file(&self, docker_id: &str, path: &str) -> Result<Option<Vec<u8>>, HostError> {
        files::read(&self.engine, docker_id, path).await
    }

    async fn exec(&self, docker_id: &str, exec: &Exec) -> Result<ExecOutput, HostError> {
        exec::run(&self.engine, docker_id, exec).await
    }

    async fn open_program(
        &self,
        docker_id: &str,
        command: &[String],
    ) -> Result<Program, HostError> {
        program::open(&self.engine, docker_id, command).await
    }

    async fn open_terminal(
        &self,
        docker_id: &str,
        program: &TerminalProgram,
        size: TerminalSize,
    ) -> Result<Shell, HostError> {
        terminal::open(&self.engine, docker_id, program, size).await
    }

    async fn create_volume(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), HostError> {
        volumes::create(&self.engine, name, labels).await
    }

    async fn find_volume(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, HostError> {
        volumes::find(&self.engine, name).await
    }

    async fn remove_volume(&self, name: &str) -> Result<(), HostError> {
        volumes::remove(&self.engine, name).await
    }

    async fn connect_service(
        &self,
        network: &str,
        service: &str,
        like: &str,
    ) -> Result<(), HostError> {
        services::connect(&self.engine, network, service, like).await
    }

    async fn disconnect_service(&self, network: &str, service: &str) -> Result<(), HostError> {
        services::disconnect(&self.engine, network, service).await
    }

    async fn find_service(&self, name: &str) -> Result<Option<HostService>, HostError> {
        swarm::service(&self.engine, name).await
    }

    async fn create_service(
        &self,
        service: &NewService,
        login: Option<&RegistryLogin>,
    ) -> Result<String, HostError> {
        services::create(&self.engine, service, login).await
    }

    async fn update_service(
        &self,
        docker_id: &str,
        service: &NewService,
        login: Option<&RegistryLogin>,
    ) -> Result<(), HostError> {
        services::update(&self.engine, docker_id, service, login).await
    }

    async fn change_service(
        &self,
        docker_id: &str,
        change: ServiceChange,
    ) -> Result<(), HostError> {
        services::change_one(&self.engine, docker_id, change).await
    }

    async fn remove_service(&self, docker_id: &str) -> Result<(), HostError> {
        services::remove(&self.engine, docker_id).await
    }

    async fn list_service_tasks(&self, docker_id: &str) -> Result<Vec<HostTask>, HostError> {
        swarm::service_tasks(&self.engine, docker_id).await
    }

    async fn resolve_image(
        &self,
        reference: &str,
        login: Option<&RegistryLogin>,
    ) -> Result<String, HostError> {
        registry::resolve(&self.engine, reference, login).await
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
