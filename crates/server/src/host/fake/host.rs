//! A connection to a fake engine: what Docker would do, and the troubles that were asked for.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use ipnet::IpNet;
use portolan_types::{LogLine, TerminalSize};
use tokio::sync::watch;

use super::{
    FakeEngine, Meant, Trouble, World, event, lines, lock, lost, program, shell, stats,
    swarm::SwarmWorld,
};
use crate::host::{
    BuildListener, ContainerDetail, Counted, Endpoint, Exec, ExecOutput, Host, HostContainer,
    HostError, HostEvent, HostImage, HostNetwork, HostNode, HostRole, HostService, HostTask,
    ImageBuild, LineQuery, LogQuery, Member, NewContainer, NewFile, NewNetwork, NewService,
    Program, PullListener, RegistryLogin, ServiceChange, Shell, System, TerminalProgram,
};

/// A connection to a fake engine.
#[derive(Debug)]
pub(super) struct FakeHost {
    pub(super) engine: Arc<FakeEngine>,
    pub(super) up: watch::Receiver<bool>,
}

impl FakeHost {
    /// One call: trouble before, the effect, trouble after.
    async fn call<T>(
        &self,
        name: &'static str,
        effect: impl FnOnce(&mut World) -> Result<T, HostError> + Send,
    ) -> Result<T, HostError> {
        let trouble = self.befalls(name)?;
        match &trouble {
            Some(Trouble::Fail(error) | Trouble::Refuse(error)) => return Err(error.clone()),
            Some(Trouble::HangBefore) => self.hang().await,
            Some(Trouble::Held) => self.held().await,
            Some(Trouble::FailAfter(_) | Trouble::HangAfter) | None => {}
        }
        let result = self.take_effect(effect);
        match trouble {
            Some(Trouble::FailAfter(error)) => return Err(error),
            Some(Trouble::HangAfter) => self.hang().await,
            Some(Trouble::Fail(_) | Trouble::Refuse(_) | Trouble::HangBefore | Trouble::Held)
            | None => {}
        }
        result
    }

    fn take_effect<T>(
        &self,
        effect: impl FnOnce(&mut World) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        let mut world = lock(&self.engine.world);
        let result = effect(&mut world);
        world.note_places();
        result
    }

    fn befalls(&self, name: &'static str) -> Result<Option<Trouble>, HostError> {
        let number = self.engine.calls.fetch_add(1, Ordering::SeqCst);
        if !self.engine.is_up() {
            return Err(lost());
        }
        let mut world = lock(&self.engine.world);
        let Some((meant, trouble)) = world.troubles.front_mut() else { return Ok(None) };
        if !meant.is(number, name) {
            return Ok(None);
        }
        let trouble = trouble.clone();
        if matches!(trouble, Trouble::Refuse(_)) {
            *meant = Meant::Method(name, 0);
        } else {
            world.troubles.pop_front();
            if !world.troubles.is_empty() {
                self.engine.calls.store(0, Ordering::SeqCst);
            }
        }
        Ok(Some(trouble))
    }

    /// What happens to a network of a swarm is told by all its managers.
    fn tell(&self, world: &World, action: &str, network: &HostNetwork) {
        match &world.membership {
            Some(membership) if network.scope == "swarm" => {
                membership.swarm.broadcast(&event(action, network));
            }
            Some(_) | None => self.engine.tell(event(action, network)),
        }
    }

    /// A call that causes events.
    async fn act(
        &self,
        name: &'static str,
        effect: impl FnOnce(&mut World) -> Result<Vec<HostEvent>, HostError> + Send,
    ) -> Result<(), HostError> {
        self.call(name, |world| {
            for event in effect(world)? {
                self.engine.tell(event);
            }
            Ok(())
        })
        .await
    }

    /// A call for a service, of which all managers tell.
    async fn serve<T: Send>(
        &self,
        name: &'static str,
        effect: impl FnOnce(&mut SwarmWorld) -> Result<T, HostError> + Send,
    ) -> Result<T, HostError> {
        self.call(name, |world| {
            let done = world.as_manager(effect)??;
            if let Some(membership) = &world.membership {
                membership.swarm.tell_of_services();
            }
            Ok(done)
        })
        .await
    }

    async fn held(&self) {
        self.engine.hung.notify_one();
        self.engine.released.notified().await;
    }

    async fn hang(&self) {
        self.engine.hung.notify_one();
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl Host for FakeHost {
    async fn system(&self) -> Result<System, HostError> {
        self.call("system", |world| Ok(world.system.clone())).await
    }

    async fn role(&self) -> Result<HostRole, HostError> {
        self.call("role", |world| {
            let System { kind, swarm, .. } = world.system.clone();
            Ok(HostRole { kind, swarm })
        })
        .await
    }

    async fn list_nodes(&self) -> Result<Vec<HostNode>, HostError> {
        self.call("list_nodes", |world| world.as_manager(|swarm| swarm.nodes())).await
    }

    async fn list_services(&self) -> Result<Vec<HostService>, HostError> {
        self.call("list_services", |world| world.as_manager(|swarm| swarm.services())).await
    }

    async fn list_tasks(&self) -> Result<Vec<HostTask>, HostError> {
        self.call("list_tasks", |world| world.as_manager(|swarm| swarm.tasks())).await
    }

    async fn list_networks(&self) -> Result<Vec<HostNetwork>, HostError> {
        self.call("list_networks", |world| world.all_networks()).await
    }

    async fn find_network(&self, id_or_name: &str) -> Result<Option<HostNetwork>, HostError> {
        let same =
            |network: &HostNetwork| network.docker_id == id_or_name || network.name == id_or_name;
        self.call("find_network", |world| Ok(world.all_networks()?.into_iter().find(same))).await
    }

    async fn create_network(&self, new: &NewNetwork) -> Result<String, HostError> {
        self.call("create_network", |world| {
            let network = world.create(new)?;
            let docker_id = network.docker_id.clone();
            self.tell(world, "create", &network);
            Ok(docker_id)
        })
        .await
    }

    async fn remove_network(&self, docker_id: &str) -> Result<(), HostError> {
        self.call("remove_network", |world| {
            if let Some(network) = world.remove(docker_id)? {
                self.tell(world, "destroy", &network);
            }
            Ok(())
        })
        .await
    }

    async fn list_containers(&self) -> Result<Vec<HostContainer>, HostError> {
        self.call("list_containers", |world| Ok(world.list_containers())).await
    }

    async fn list_members(&self, docker_id: &str) -> Result<Vec<Member>, HostError> {
        self.call("list_members", |world| Ok(world.members(docker_id))).await
    }

    async fn find_container(&self, id_or_name: &str) -> Result<Option<ContainerDetail>, HostError> {
        self.call("find_container", |world| Ok(world.container(id_or_name).cloned())).await
    }

    async fn connect(
        &self,
        network: &str,
        container: &str,
        endpoint: &Endpoint,
    ) -> Result<(), HostError> {
        self.call("connect", |world| {
            world.connect(network, container, endpoint)?;
            if let Some(network) = world.networks.get(network) {
                self.tell(world, "connect", network);
            }
            Ok(())
        })
        .await
    }

    async fn disconnect(&self, network: &str, container: &str) -> Result<(), HostError> {
        self.call("disconnect", |world| {
            world.disconnect(network, container)?;
            if let Some(network) = world.networks.get(network) {
                self.tell(world, "disconnect", network);
            }
            Ok(())
        })
        .await
    }

    async fn connect_service(
        &self,
        network: &str,
        service: &str,
        like: &str,
    ) -> Result<(), HostError> {
        self.call("connect_service", |world| {
            world.as_manager(|swarm| swarm.connect_service(network, service, like))?
        })
        .await
    }

    async fn disconnect_service(&self, network: &str, service: &str) -> Result<(), HostError> {
        self.call("disconnect_service", |world| {
            world.as_manager(|swarm| swarm.disconnect_service(network, service))?
        })
        .await
    }

    async fn find_service(&self, name: &str) -> Result<Option<HostService>, HostError> {
        self.call("find_service", |world| world.as_manager(|swarm| swarm.service(name))).await
    }

    async fn create_service(
        &self,
        service: &NewService,
        _: Option<&RegistryLogin>,
    ) -> Result<String, HostError> {
        self.serve("create_service", |swarm| swarm.create_service(service)).await
    }

    async fn update_service(
        &self,
        docker_id: &str,
        service: &NewService,
        _: Option<&RegistryLogin>,
    ) -> Result<(), HostError> {
        self.serve("update_service", |swarm| swarm.update_service(docker_id, service)).await
    }

    async fn change_service(
        &self,
        docker_id: &str,
        change: ServiceChange,
    ) -> Result<(), HostError> {
        self.serve("change_service", |swarm| swarm.change_one(docker_id, change)).await
    }

    async fn remove_service(&self, docker_id: &str) -> Result<(), HostError> {
        self.serve("remove_service", |swarm| {
            swarm.remove_service(docker_id);
            Ok(())
        })
        .await
    }

    async fn list_service_tasks(&self, docker_id: &str) -> Result<Vec<HostTask>, HostError> {
        self.call("list_service_tasks", |world| world.as_manager(|swarm| swarm.tasks_of(docker_id)))
            .await
    }

    async fn resolve_image(
        &self,
        reference: &str,
        login: Option<&RegistryLogin>,
    ) -> Result<String, HostError> {
        self.call("resolve_image", |world| world.workloads.resolve(reference, login)).await
    }

    async fn routes(&self) -> Result<Option<Vec<IpNet>>, HostError> {
        self.call("routes", |world| Ok(world.routes.clone())).await
    }

    async fn find_image(&self, reference: &str) -> Result<Option<HostImage>, HostError> {
        self.call("find_image", |world| Ok(world.workloads.find_image(reference))).await
    }

    async fn list_image_names(&self, repository: &str) -> Result<Vec<String>, HostError> {
        self.call("list_image_names", |world| Ok(world.workloads.image_names(repository))).await
    }

    async fn check_login(&self, login: &RegistryLogin) -> Result<(), HostError> {
        self.call("check_login", |world| world.workloads.registries.check(login)).await
    }

    async fn pull_image(
        &self,
        reference: &str,
        login: Option<&RegistryLogin>,
        progress: &PullListener<'_>,
    ) -> Result<(), HostError> {
        progress.heard(40, 100);
        self.call("pull_image", |world| world.workloads.pull(reference, login)).await
    }

    async fn build_image(
        &self,
        build: &ImageBuild,
        listener: &BuildListener,
    ) -> Result<String, HostError> {
        self.call("build_image", |world| world.workloads.build(build, listener)).await
    }

    async fn push_image(
        &self,
        reference: &str,
        login: Option<&RegistryLogin>,
        progress: &PullListener<'_>,
    ) -> Result<(), HostError> {
        progress.heard(100, 100);
        self.call("push_image", |world| world.workloads.push(reference, login)).await
    }

    async fn load_image(&self, archive: Bytes) -> Result<(), HostError> {
        self.call("load_image", |world| {
            world.workloads.load(&archive);
            Ok(())
        })
        .await
    }

    async fn remove_image(&self, reference: &str) -> Result<(), HostError> {
        self.call("remove_image", |world| world.remove_image(reference)).await
    }

    async fn create_container(&self, container: &NewContainer) -> Result<String, HostError> {
        self.call("create_container", |world| world.create_container(container)).await
    }

    async fn start_container(&self, docker_id: &str) -> Result<(), HostError> {
        self.act("start_container", |world| world.start(docker_id)).await
    }

    async fn stop_container(&self, docker_id: &str, _: Duration) -> Result<(), HostError> {
        self.act("stop_container", |world| world.stop(docker_id)).await
    }

    async fn restart_container(&self, docker_id: &str, _: Duration) -> Result<(), HostError> {
        self.act("restart_container", |world| {
            let mut events = world.stop(docker_id)?;
            events.extend(world.start(docker_id)?);
            Ok(events)
        })
        .await
    }

    async fn rename_container(&self, docker_id: &str, name: &str) -> Result<(), HostError> {
        self.act("rename_container", |world| world.rename(docker_id, name)).await
    }

    async fn remove_container(&self, docker_id: &str) -> Result<(), HostError> {
        self.act("remove_container", |world| Ok(world.remove_container(docker_id))).await
    }

    async fn wait_container(&self, docker_id: &str, within: Duration) -> Result<i64, HostError> {
        self.call("wait_container", |world| world.exit_code(docker_id, within)).await
    }

    async fn container_logs(&self, docker_id: &str, query: &LogQuery) -> Result<String, HostError> {
        self.call("container_logs", |world| world.logs(docker_id, query)).await
    }

    async fn container_lines(
        &self,
        docker_id: &str,
        query: &LineQuery,
    ) -> Result<BoxStream<'static, Result<LogLine, HostError>>, HostError> {
        self.call("container_lines", |world| world.known(docker_id).map(drop)).await?;
        Ok(lines::open(&self.engine, docker_id, query))
    }

    async fn container_stats(
        &self,
        docker_id: &str,
    ) -> Result<BoxStream<'static, Result<Counted, HostError>>, HostError> {
        self.call("container_stats", |world| world.known(docker_id).map(drop)).await?;
        Ok(stats::open(&self.engine, docker_id))
    }

    async fn read_archive(
        &self,
        docker_id: &str,
        path: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, HostError>>, HostError> {
        let archive =
            self.call("read_archive", |world| world.read_archive(docker_id, path)).await?;
        let parts: Vec<_> = archive.chunks(700).map(Bytes::copy_from_slice).map(Ok).collect();
        Ok(stream::iter(parts).boxed())
    }

    async fn put_archive(
        &self,
        docker_id: &str,
        directory: &str,
        archive: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<(), HostError> {
        let parts = archive.try_collect::<Vec<_>>().await;
        let sent = parts.map_err(|error| HostError::Lost { why: error.to_string() })?.concat();
        self.call("put_archive", |world| world.put_archive(docker_id, directory, &sent)).await
    }

    async fn put_files(
        &self,
        docker_id: &str,
        directory: &str,
        files: &[NewFile],
    ) -> Result<(), HostError> {
        self.call("put_files", |world| world.put_files(docker_id, directory, files)).await
    }

    async fn read_file(&self, docker_id: &str, path: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.call("read_file", |world| world.read_file(docker_id, path)).await
    }

    async fn exec(&self, docker_id: &str, exec: &Exec) -> Result<ExecOutput, HostError> {
        self.call("exec", |world| world.exec(docker_id, exec)).await
    }

    async fn open_program(
        &self,
        docker_id: &str,
        command: &[String],
    ) -> Result<Program, HostError> {
        let (container, act) =
            self.call("open_program", |world| world.open_program(docker_id)).await?;
        Ok(program::open(&self.engine, (container, command.to_vec()), act))
    }

    async fn open_terminal(
        &self,
        docker_id: &str,
        program: &TerminalProgram,
        size: TerminalSize,
    ) -> Result<Shell, HostError> {
        self.call("open_terminal", |world| world.open_terminal(docker_id, program)).await?;
        Ok(shell::open(&self.engine, size, Some(docker_id)))
    }

    async fn create_volume(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), HostError> {
        self.call("create_volume", |world| {
            world.workloads.create_volume(name, labels);
            Ok(())
        })
        .await
    }

    async fn find_volume(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, HostError> {
        self.call("find_volume", |world| Ok(world.workloads.find_volume(name))).await
    }

    async fn remove_volume(&self, name: &str) -> Result<(), HostError> {
        self.call("remove_volume", |world| world.remove_volume(name)).await
    }

    async fn events(&self) -> Result<BoxStream<'static, Result<HostEvent, HostError>>, HostError> {
        let events = self.call("events", |_| Ok(self.engine.events.subscribe())).await?;
        let up = self.up.clone();
        let stream =
            futures_util::stream::unfold((events, up), |(mut events, mut up)| async move {
                let item = tokio::select! {
                    event = events.recv() => event.map_err(|_| lost()),
                    _ = up.wait_for(|up| !up) => Err(lost()),
                };
                Some((item, (events, up)))
            });
        Ok(stream.boxed())
    }

    async fn closed(&self) {
        let mut up = self.up.clone();
        // The engine outlives its connections, so its end is not an error.
        drop(up.wait_for(|up| !up).await);
    }

    async fn close(&self) {}
}
