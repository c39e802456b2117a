//! Docker hosts: how one is dialled, what can be asked of it, and how that fails.
//!
//! Owns all SSH and Docker. Knows nothing of teams, rows or HTTP: reconcilers call it, requests
//! never do. [`Host`] and [`Dialer`] have two implementations: real hosts (`ssh`, `local`) and
//! the in-memory fleet of the tests (`fake`).

use std::{collections::BTreeMap, fmt::Debug, io, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use ipnet::IpNet;
use portolan_types::{
    Access, LogLine, ServerKind, Swarm, TerminalSize,
    server::{Account, Fingerprint, HostName, Pool},
};
use secrecy::SecretString;
use tokio::sync::mpsc;

mod build;
mod container;
mod dial;
mod docker;
mod engine;
mod error;
mod exec;
#[cfg(feature = "fake")]
pub mod fake;
mod hidden;
mod image;
pub(crate) mod label;
mod limits;
mod local;
mod network;
mod new_container;
mod new_service;
pub(crate) mod probe;
mod program;
mod registry;
mod shell;
mod ssh;
mod stats;
mod swarm;
mod words;

pub use build::{BuildListener, ImageBuild};
pub use container::{
    Attachment, ContainerDetail, ContainerEndpoint, Endpoint, HostContainer, Member, ProbeMark,
};
pub use dial::{Reachable, RealDialer};
pub use error::HostError;
pub use exec::{
    Exec, ExecOutput, FileContent, FileOwner, Follow, LineQuery, LogQuery, NewFile,
    TerminalProgram, Unfinished,
};
pub use image::{HostImage, PullListener, PullProgress};
pub use network::{HostNetwork, HostSubnet, NewNetwork};
pub use new_container::{
    Afterwards, Capabilities, Gaining, HealthProbe, Limits, Memory, Mount, MountAccess,
    MountSource, NetworkMode, NewContainer, Place, Privileges, Protocol, PublishedPort,
    RestartPolicy, RootFilesystem,
};
pub use new_service::{FoundBy, NewService, ServiceChange, UpdateOrder};
pub use program::{Program, ProgramInput, ProgramSaid};
pub use registry::RegistryLogin;
pub use shell::{Shell, ShellEnd, ShellInput, ShellSaid};
pub(crate) use ssh::{Held, Repository, open_repository, show_key};
pub use stats::Counted;
pub use swarm::{
    HostNode, HostRole, HostService, HostTask, ServiceUpdate, SwarmAlias, SwarmEndpoint,
    TaskVersion,
};
pub(crate) use words::{clean, short_id};

/// For the fuzzer: what commands and programs on hosts say.
#[cfg(feature = "fuzzing")]
pub(crate) use docker::read_anything;

/// Everything needed to reach one host.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server's name, for errors and logs.
    pub server: String,
    pub route: Route,
}

/// The two ways to a host.
#[derive(Debug, Clone)]
pub enum Route {
    Local { socket: PathBuf },
    Ssh(SshRoute),
}

/// A host over SSH.
#[derive(Debug, Clone)]
pub struct SshRoute {
    pub host: HostName,
    pub port: u16,
    pub user: Account,
    /// The private key in OpenSSH form, without passphrase.
    pub private_key: SecretString,
    pub pin: Pin,
    /// The way to the socket that worked last time: tried first.
    pub access: Option<Access>,
}

/// Which host key is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// Any: it is shown to the user and pinned from then on.
    FirstContact,
    /// Only a key with this fingerprint, given by the user before first contact.
    Fingerprint(Fingerprint),
    /// Only this key, as in `known_hosts` (algorithm and base64).
    Key(String),
}

/// The host key that a host showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedKey {
    pub algorithm: String,
    pub fingerprint: String,
    /// Algorithm and base64, without comment.
    pub public_key: String,
}

/// A host that answered.
#[derive(Debug, Clone)]
pub struct Dialed {
    pub host: Arc<dyn Host>,
    /// Absent for the local socket.
    pub key: Option<OfferedKey>,
    pub access: Access,
}

/// The stages of dialling, in order; the local socket has only the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DialStep {
    Resolve,
    Connect,
    HostKey,
    Login,
    Socket,
}

impl DialStep {
    /// The name of the step in an operation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::HostKey => "host-key",
            Self::Login => "login",
            Self::Socket => "socket",
        }
    }
}

/// What dialling tells while it goes on. The step that failed is the one begun and not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialReport {
    Began(DialStep),
    /// With what was found, for the user.
    Done(DialStep, String),
}

/// Where the reports go; a dial without an audience drops them.
#[derive(Debug, Clone, Default)]
pub struct Progress(Option<mpsc::UnboundedSender<DialReport>>);

impl Progress {
    /// Reports that nobody reads.
    pub fn silent() -> Self {
        Self::default()
    }

    /// Reports, and the end at which to read them.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<DialReport>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(Some(sender)), receiver)
    }

    /// A step begins; the one before it is done.
    pub fn began(&self, step: DialStep) {
        self.send(DialReport::Began(step));
    }

    /// A step is done, with what was found.
    pub fn done(&self, step: DialStep, detail: impl Into<String>) {
        self.send(DialReport::Done(step, detail.into()));
    }

    fn send(&self, report: DialReport) {
        if let Some(sender) = &self.0 {
            // An audience that left does not stop the work.
            drop(sender.send(report));
        }
    }
}

/// Makes connections to hosts.
#[async_trait]
pub trait Dialer: Debug + Send + Sync + 'static {
    /// Connects, logs in and finds the way to the Docker socket. Bounded in time as a whole.
    async fn dial(&self, target: &Target, progress: &Progress) -> Result<Dialed, HostError>;

    /// The same for a connection whose answers are read as slowly as a person reads: not reading one
    /// holds up the host on all of it.
    async fn dial_apart(&self, target: &Target) -> Result<Dialed, HostError>;

    /// Opens a shell in a terminal, over a connection of its own. Bounded in time as a whole.
    async fn open_shell(&self, target: &Target, size: TerminalSize) -> Result<Shell, HostError>;
}

/// A connected host. Every call is bounded in time; a lost connection fails all calls.
#[async_trait]
pub trait Host: Debug + Send + Sync + 'static {
    /// The engine and its machine.
    async fn system(&self) -> Result<System, HostError>;

    /// The engine's role only: one question.
    async fn role(&self) -> Result<HostRole, HostError>;

    /// The nodes of the swarm; only a manager answers, and only while the swarm has a leader.
    async fn list_nodes(&self) -> Result<Vec<HostNode>, HostError>;

    /// The services of the swarm, as `list_nodes`.
    async fn list_services(&self) -> Result<Vec<HostService>, HostError>;

    /// The tasks of the swarm that are to run, as `list_nodes`.
    async fn list_tasks(&self) -> Result<Vec<HostTask>, HostError>;

    /// Every network, without its members. Fails on a manager whose swarm has no leader: the
    /// engine would leave the swarm's networks out.
    async fn list_networks(&self) -> Result<Vec<HostNetwork>, HostError>;

    /// One network by whole Docker id or exact name. That there is none is certain: without a
    /// leader a manager's answer is an error.
    async fn find_network(&self, id_or_name: &str) -> Result<Option<HostNetwork>, HostError>;

    /// Makes a network and answers its Docker id. A name in use is an error.
    async fn create_network(&self, network: &NewNetwork) -> Result<String, HostError>;

    /// Removes a network by Docker id. One that is not there counts as removed.
    async fn remove_network(&self, docker_id: &str) -> Result<(), HostError>;

    /// Every container, running or not, with the networks it is on.
    async fn list_containers(&self) -> Result<Vec<HostContainer>, HostError>;

    /// Containers, running or not, that are on the network with this Docker id.
    async fn list_members(&self, docker_id: &str) -> Result<Vec<Member>, HostError>;

    /// Where the host sends packets, but for its default route and the engine's own bridges;
    /// `None` where that cannot be read.
    async fn routes(&self) -> Result<Option<Vec<IpNet>>, HostError>;

    /// One container by whole Docker id or exact name, with its endpoints in full.
    async fn find_container(&self, id_or_name: &str) -> Result<Option<ContainerDetail>, HostError>;

    /// Puts a container, running or not, on a network; both by whole Docker id. On it already is
    /// an error.
    async fn connect(
        &self,
        network: &str,
        container: &str,
        endpoint: &Endpoint,
    ) -> Result<(), HostError>;

    /// Takes a container, running or not, off a network; both by whole Docker id. Not on it is an
    /// error.
    async fn disconnect(&self, network: &str, container: &str) -> Result<(), HostError>;

    /// One image by reference or whole Docker id.
    async fn find_image(&self, reference: &str) -> Result<Option<HostImage>, HostError>;

    /// The names of all images of a repository.
    async fn list_image_names(&self, repository: &str) -> Result<Vec<String>, HostError>;

    /// Tries a login. That the registry refused it is an error of Docker's, see
    /// [`HostError::is_login_refused`]; the password stands in none.
    async fn check_login(&self, login: &RegistryLogin) -> Result<(), HostError>;

    /// Fetches an image from its registry, where it is newer than the host's, with a login of that
    /// registry or without one. Takes minutes.
    async fn pull_image(
        &self,
        reference: &str,
        login: Option<&RegistryLogin>,
        progress: &PullListener<'_>,
    ) -> Result<(), HostError>;

    /// Builds an image and answers its Docker id, and tells what the engine says meanwhile. Takes
    /// minutes.
    async fn build_image(
        &self,
        build: &ImageBuild,
        listener: &BuildListener,
    ) -> Result<String, HostError>;

    /// Sends an image to its registry, with a login of that or without one. Takes minutes.
    async fn push_image(
        &self,
        reference: &str,
        login: Option<&RegistryLogin>,
        progress: &PullListener<'_>,
    ) -> Result<(), HostError>;

    /// Brings an image, as `docker save` writes it.
    async fn load_image(&self, archive: Bytes) -> Result<(), HostError>;

    /// Removes an image, or its name where it has others. One that is not there counts as removed;
    /// one that a container has is an error.
    async fn remove_image(&self, reference: &str) -> Result<(), HostError>;

    /// Makes a container and answers its Docker id. A name in use is an error. When it could not be
    /// put on all its networks it is removed again.
    async fn create_container(&self, container: &NewContainer) -> Result<String, HostError>;

    /// Starts a container by whole Docker id, as all that follow. One that runs counts as started.
    async fn start_container(&self, docker_id: &str) -> Result<(), HostError>;

    /// Asks it to end, and kills it after the grace. One that does not run counts as stopped.
    async fn stop_container(&self, docker_id: &str, grace: Duration) -> Result<(), HostError>;

    /// Stops and starts it.
    async fn restart_container(&self, docker_id: &str, grace: Duration) -> Result<(), HostError>;

    /// Gives it another name. A name in use is an error.
    async fn rename_container(&self, docker_id: &str, name: &str) -> Result<(), HostError>;

    /// Removes it, running or not, with its unnamed volumes. One that is not there counts as
    /// removed.
    async fn remove_container(&self, docker_id: &str) -> Result<(), HostError>;

    /// Waits for its end and answers the exit code. One that never ran counts as ended with 0.
    async fn wait_container(&self, docker_id: &str, within: Duration) -> Result<i64, HostError>;

    /// What its program said, on both outputs, oldest first; the end of it where it is long.
    async fn container_logs(&self, docker_id: &str, query: &LogQuery) -> Result<String, HostError>;

    /// The same line by line, as it is said; ends with an error, or where it is all. Whoever takes
    /// it reads on without a pause: what is not read holds up every call on the connection.
    async fn container_lines(
        &self,
        docker_id: &str,
        query: &LineQuery,
    ) -> Result<BoxStream<'static, Result<LogLine, HostError>>, HostError>;

    /// What a running container uses, about once a second, to its end. It is read as
    /// `container_lines` is.
    async fn container_stats(
        &self,
        docker_id: &str,
    ) -> Result<BoxStream<'static, Result<Counted, HostError>>, HostError>;

    /// Puts files below a directory that is there, running or not, owned by root. A read-only root
    /// takes files in volumes alone.
    async fn put_files(
        &self,
        docker_id: &str,
        directory: &str,
        files: &[NewFile],
    ) -> Result<(), HostError>;

    /// What a container has at a path, running or not, as an archive whose names begin with the last part
    /// of that. Whoever takes it may be slow over a connection of `dial_apart` alone.
    async fn read_archive(
        &self,
        docker_id: &str,
        path: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, HostError>>, HostError>;

    /// Unpacks an archive below a directory of a container, running or not, as it comes. It has no bound
    /// in time: who sends it has.
    async fn put_archive(
        &self,
        docker_id: &str,
        directory: &str,
        archive: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<(), HostError>;

    /// Reads a small file back, running or not; `None` where there is none.
    async fn read_file(&self, docker_id: &str, path: &str) -> Result<Option<Vec<u8>>, HostError>;

    /// Runs a program in a running container. That it failed is an answer, not an error.
    async fn exec(&self, docker_id: &str, exec: &Exec) -> Result<ExecOutput, HostError>;

    /// Runs a program in a running container, and speaks with it to its end: what it says is read as a
    /// shell's is, over a connection of `dial_apart`. It is run as the container's own user.
    async fn open_program(&self, docker_id: &str, command: &[String])
    -> Result<Program, HostError>;

    /// Opens a terminal in a running container, with a program in it. What it says is read as a
    /// shell's is: over a connection of `dial_apart`. Docker does not end the program when nobody is
    /// there any more.
    async fn open_terminal(
        &self,
        docker_id: &str,
        program: &TerminalProgram,
        size: TerminalSize,
    ) -> Result<Shell, HostError>;

    /// Makes a named volume. One that is there is left as it is.
    async fn create_volume(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), HostError>;

    /// The labels of a volume.
    async fn find_volume(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, HostError>;

    /// Removes a volume with what is in it. One that is not there counts as removed; one in use is
    /// an error.
    async fn remove_volume(&self, name: &str) -> Result<(), HostError>;

    /// Lets the tasks of a service be on a network too, by the names that the service has on the
    /// network `like`; all by whole Docker id. The swarm replaces each task for it, in its own
    /// time. On it already is no error.
    async fn connect_service(
        &self,
        network: &str,
        service: &str,
        like: &str,
    ) -> Result<(), HostError>;

    /// Lets the tasks of a service be on a network no more, in the same way. Not on it is no error.
    async fn disconnect_service(&self, network: &str, service: &str) -> Result<(), HostError>;

    /// One service by exact name, as `list_nodes`.
    async fn find_service(&self, name: &str) -> Result<Option<HostService>, HostError>;

    /// Makes a service and answers its Docker id. A name in use is an error. The nodes fetch its
    /// image by themselves, with the login where one is given.
    async fn create_service(
        &self,
        service: &NewService,
        login: Option<&RegistryLogin>,
    ) -> Result<String, HostError>;

    /// Lets a service be this from now on, by whole Docker id. The swarm replaces its tasks where
    /// they are to be others, in its own time.
    async fn update_service(
        &self,
        docker_id: &str,
        service: &NewService,
        login: Option<&RegistryLogin>,
    ) -> Result<(), HostError>;

    /// Changes one thing of a service and leaves the rest as it is. As it is to be already is no
    /// error.
    async fn change_service(&self, docker_id: &str, change: ServiceChange)
    -> Result<(), HostError>;

    /// Removes a service with its tasks. One that is not there counts as removed.
    async fn remove_service(&self, docker_id: &str) -> Result<(), HostError>;

    /// All tasks of a service that the swarm remembers, those that are over too.
    async fn list_service_tasks(&self, docker_id: &str) -> Result<Vec<HostTask>, HostError>;

    /// What a registry has under a reference: the digest of that, as `sha256:0af...`. Takes up to
    /// minutes.
    async fn resolve_image(
        &self,
        reference: &str,
        login: Option<&RegistryLogin>,
    ) -> Result<String, HostError>;

    /// What happens to networks and containers, and as a manager to nodes and services, from now on. Ends with an
    /// error when the connection or the engine goes away.
    async fn events(&self) -> Result<BoxStream<'static, Result<HostEvent, HostError>>, HostError>;

    /// Completes when the connection is lost; never for a local socket.
    async fn closed(&self);

    /// Ends the connection politely. Calls after it fail.
    async fn close(&self);
}

/// What an engine and its machine say of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    pub engine_id: String,
    pub hostname: String,
    pub version: String,
    pub api_version: String,
    pub operating_system: String,
    pub architecture: String,
    pub kernel: String,
    pub cpus: u64,
    pub memory_bytes: u64,
    pub kind: ServerKind,
    /// Its part in a swarm, without the team's servers in it.
    pub swarm: Option<Swarm>,
    /// Total and free bytes of the file system with the engine's data, where readable.
    pub disk: Option<Disk>,
    /// The engine's pools; its built-in ones when none are configured.
    pub pools: Vec<Pool>,
    /// The engine's own warnings.
    pub warnings: Vec<String>,
}

/// A file system's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    pub total_bytes: u64,
    pub free_bytes: u64,
}

/// Something that happened to a network or container of the host, or to a node or service of its
/// swarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEvent {
    /// Docker's word: `network`, `container`, `node` or `service`.
    pub of: String,
    /// Docker's word: `create`, `destroy`, `connect`, `disconnect`, ...
    pub action: String,
    /// Docker's id of what it happened to.
    pub docker_id: String,
    pub name: String,
}
