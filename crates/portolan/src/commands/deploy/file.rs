//! `portolan.toml`: one application, as its repository describes it.
//!
//! Owns how it is written (docs/portolan-toml.md): only known keys, and every error with its line and
//! field. What it means for what is there is in `difference`.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    num::{NonZeroU16, NonZeroU32},
    path::Path,
};

use portolan_types::{
    Alias, ApplicationMount, ApplicationName, ApplicationSpec, Argument, Balance, BindPath, Build,
    BuildStage, CreateJob, GitReference, HealthCheck, HostPort, Image, Invalid, LabelKey,
    LabelValue, MountPath, MountSource, Name, RepositoryLogin, RepositoryPath, RepositoryUrl,
    ResourceLimits, RestartRule, RouteHost, RoutePath, Seconds, Strategy, Tmpfs, Transport,
    VariableName, VariableValue, server::Fingerprint,
};
use serde::Deserialize;

use super::jobs;
use crate::{amount, ask::read_text, failure::Failure, find::Reference};

mod error;
mod process;

use self::process::{InMemory, Process};

/// A host, and a path of it.
pub(super) type Domain = (RouteHost, RoutePath);

/// What a file describes, for one environment.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: ApplicationName,
    pub(super) project: Name,
    pub(super) environment: Name,
    pub(super) destination: Option<Reference>,
    pub(super) spec: ApplicationSpec,
    /// What logs in to the repository: the spec has its id, which the file does not know.
    pub(super) key: Option<Reference>,
    pub(super) variables: BTreeMap<VariableName, VariableValue>,
    pub(super) domains: Vec<Domain>,
    pub(super) jobs: Vec<CreateJob>,
}

impl Wanted {
    pub(super) fn read(
        path: &Path,
        environment: Option<Name>,
        image: Option<Image>,
    ) -> anyhow::Result<Self> {
        let text = read_text(path)?;
        let name =
            if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() };
        let described: Described = toml::from_str(&text).map_err(|error| {
            Failure::usage(
                format!("{name}, {}", error::words(&text, &error)),
                "what can be written there is in docs/portolan-toml.md",
            )
        })?;
        described.wanted(environment, image).map_err(|error| {
            Failure::usage(format!("{name}: {error}"), "see docs/portolan-toml.md").into()
        })
    }

    /// `PROJECT/ENVIRONMENT/NAME`.
    pub(super) fn path(&self) -> String {
        format!("{}/{}/{}", self.project, self.environment, self.name)
    }

    pub(super) fn project_reference(&self) -> Reference {
        Reference::named(self.project.as_str())
    }
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Described {
    name: ApplicationName,
    project: Name,
    environment: Option<Name>,
    destination: Option<String>,
    image: Option<Image>,
    build: Option<Built>,
    #[serde(default)]
    entrypoint: Vec<Argument>,
    #[serde(default)]
    command: Vec<Argument>,
    port: Option<NonZeroU16>,
    #[serde(default)]
    domains: Vec<Address>,
    #[serde(default)]
    aliases: BTreeSet<Alias>,
    replicas: Option<NonZeroU32>,
    #[serde(default)]
    balance: Balance,
    memory: Option<Memory>,
    cpus: Option<Cpus>,
    processes: Option<u32>,
    #[serde(default)]
    restart: RestartRule,
    #[serde(default)]
    strategy: Strategy,
    ready_within: Option<Seconds>,
    drain: Option<Seconds>,
    stop_within: Option<Seconds>,
    health: Option<Health>,
    #[serde(default)]
    volumes: Vec<Volume>,
    #[serde(default)]
    binds: Vec<Bind>,
    #[serde(default)]
    tmpfs: Vec<InMemory>,
    #[serde(default)]
    process: Process,
    #[serde(default)]
    publish: Vec<Published>,
    #[serde(default)]
    labels: BTreeMap<LabelKey, LabelValue>,
    #[serde(default)]
    variables: BTreeMap<VariableName, VariableValue>,
    #[serde(default)]
    jobs: BTreeMap<Name, jobs::Written>,
    #[serde(default)]
    environments: BTreeMap<Name, Other>,
}

/// What is otherwise in one environment.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Other {
    destination: Option<String>,
    image: Option<Image>,
    /// The branch or tag that is built.
    reference: Option<GitReference>,
    domains: Option<Vec<Address>>,
    /// Besides those of all environments.
    #[serde(default)]
    variables: BTreeMap<VariableName, VariableValue>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Built {
    repository: RepositoryUrl,
    reference: Option<GitReference>,
    folder: Option<RepositoryPath>,
    dockerfile: Option<RepositoryPath>,
    stage: Option<BuildStage>,
    user: Option<String>,
    password_variable: Option<VariableName>,
    key: Option<String>,
    host_key: Option<Fingerprint>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Health {
    command: Vec<Argument>,
    interval: Option<Seconds>,
    timeout: Option<Seconds>,
    start: Option<Seconds>,
    retries: Option<u8>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Volume {
    name: Alias,
    path: MountPath,
    #[serde(default)]
    read_only: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bind {
    host: BindPath,
    path: MountPath,
    #[serde(default)]
    read_only: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Published {
    host: NonZeroU16,
    container: NonZeroU16,
    #[serde(default)]
    transport: Transport,
    address: Option<IpAddr>,
}

/// `shop.example.com/api`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct Address(Domain);

impl TryFrom<String> for Address {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let at = text.find('/').unwrap_or(text.len());
        let (host, path) = text.split_at(at);
        let path = if path.is_empty() { Ok(RoutePath::default()) } else { path.parse() };
        // It is one of a list: which one is part of what is wrong.
        let named = |error| Invalid::new(format!("`{}`: {error}", text.escape_debug()));
        Ok(Self((host.parse().map_err(named)?, path.map_err(named)?)))
    }
}

/// Bytes, written as `512M`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Memory(u64);

impl TryFrom<String> for Memory {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        amount::memory(&text).map(Self)
    }
}

/// Thousandths of a processor, written as `0.5`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "f64")]
struct Cpus(u32);

impl TryFrom<f64> for Cpus {
    type Error = Invalid;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        amount::millicpus(&number.to_string()).map(Self)
    }
}

impl Described {
    fn wanted(
        mut self,
        environment: Option<Name>,
        image: Option<Image>,
    ) -> Result<Wanted, Invalid> {
        let environment = match environment.or_else(|| self.environment.take()) {
            Some(environment) => environment,
            None => "production".parse()?,
        };
        let other = self.environments.remove(&environment).unwrap_or_default();
        let build = self.build.take().filter(|_| image.is_none());
        let key = build.as_ref().and_then(|build| build.key.as_deref()).map(Reference::named);
        let build = build.map(Build::from);
        let build = build
            .map(|build| Build { reference: other.reference.or(build.reference.clone()), ..build });
        let image = image.or(other.image).or_else(|| self.image.take());
        let image = image.or_else(|| build.as_ref()?.repository.image()).ok_or_else(|| {
            Invalid::new("there is no `image` and no `build`, and no --image was given")
        })?;
        let mut variables = std::mem::take(&mut self.variables);
        variables.extend(other.variables);
        let domains = other.domains.unwrap_or_else(|| std::mem::take(&mut self.domains));
        if self.port.is_none() && !domains.is_empty() {
            return Err(Invalid::new(
                "`domains` lead to the application's `port`: say which it is",
            ));
        }
        let jobs = std::mem::take(&mut self.jobs).into_iter();
        let destination = other.destination.or_else(|| self.destination.take());
        Ok(Wanted {
            name: self.name.clone(),
            project: self.project.clone(),
            environment,
            key,
            destination: destination.as_deref().map(Reference::named),
            variables,
            domains: domains.into_iter().map(|address| address.0).collect(),
            jobs: jobs.map(|(name, job)| job.named(name)).collect(),
            spec: ApplicationSpec { build, ..self.spec(image) },
        })
    }

    fn spec(self, image: Image) -> ApplicationSpec {
        let usual = ApplicationSpec::of(image);
        let volumes = self.volumes.into_iter().map(ApplicationMount::from);
        let limits = ResourceLimits {
            memory_bytes: self.memory.map(|memory| memory.0),
            millicpus: self.cpus.map(|cpus| cpus.0),
            processes: self.processes,
        };
        ApplicationSpec {
            entrypoint: self.entrypoint,
            command: self.command,
            port: self.port,
            published: self.publish.into_iter().map(HostPort::from).collect(),
            aliases: self.aliases,
            mounts: volumes.chain(self.binds.into_iter().map(ApplicationMount::from)).collect(),
            tmpfs: self.tmpfs.into_iter().map(Tmpfs::from).collect(),
            process: self.process.into(),
            replicas: self.replicas.unwrap_or(usual.replicas),
            balance: self.balance,
            limits,
            health: self.health.map(HealthCheck::from),
            restart: self.restart,
            labels: self.labels,
            strategy: self.strategy,
            ready_within_seconds: self.ready_within.unwrap_or(usual.ready_within_seconds),
            drain_seconds: self.drain.unwrap_or(usual.drain_seconds),
            stop_seconds: self.stop_within.unwrap_or(usual.stop_seconds),
            ..usual
        }
    }
}

impl From<Built> for Build {
    fn from(built: Built) -> Self {
        let user = built.user.unwrap_or_else(RepositoryLogin::any_user);
        let login = |password_variable| RepositoryLogin { user, password_variable };
        let usual = Self::of(built.repository);
        Self {
            reference: built.reference,
            login: built.password_variable.map(login),
            host_key: built.host_key,
            folder: built.folder.unwrap_or(usual.folder),
            dockerfile: built.dockerfile.unwrap_or(usual.dockerfile),
            stage: built.stage,
            ..usual
        }
    }
}

impl From<Volume> for ApplicationMount {
    fn from(Volume { name, path, read_only }: Volume) -> Self {
        Self { source: MountSource::Volume(name), target: path, read_only }
    }
}

impl From<Bind> for ApplicationMount {
    fn from(Bind { host, path, read_only }: Bind) -> Self {
        Self { source: MountSource::Bind(host), target: path, read_only }
    }
}

impl From<Published> for HostPort {
    fn from(Published { host, container, transport, address }: Published) -> Self {
        Self { host, container, transport, address }
    }
}

impl From<Health> for HealthCheck {
    fn from(Health { command, interval, timeout, start, retries }: Health) -> Self {
        let usual = Self::of(command);
        Self {
            interval_seconds: interval.unwrap_or(usual.interval_seconds),
            timeout_seconds: timeout.unwrap_or(usual.timeout_seconds),
            start_seconds: start,
            retries: retries.unwrap_or(usual.retries),
            ..usual
        }
    }
}
