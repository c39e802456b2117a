//! What a deployment of an application is to make, as it is typed.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    num::{NonZeroU16, NonZeroU32},
};

use clap::{Args, ValueEnum};
use portolan_types::{
    Alias, ApplicationMount, ApplicationSpec, Balance, Build, HealthCheck, HostPort, Image,
    Invalid, LabelKey, LabelValue, MountSource, RestartRule, Seconds, Strategy, Transport, Words,
};

use super::process::ProcessArgs;
use crate::amount;

/// Flags of a spec. What is not typed stays; a list that is typed is all of it from now on.
#[derive(Debug, Args)]
#[command(next_help_heading = "What a deployment makes")]
pub(crate) struct SpecArgs {
    /// Arguments of the program in one text, in the place of the image's; no shell reads them.
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    command: Option<Words>,
    /// The program in one text, in the place of the image's entry point; no shell reads it.
    #[arg(long, value_name = "WORDS")]
    entrypoint: Option<Words>,
    /// Where it answers: its routes lead there.
    #[arg(long)]
    port: Option<NonZeroU16>,
    /// A port of the host that leads into the container, past the proxy; may be given again.
    #[arg(long, value_name = "[ADDRESS:]HOST:CONTAINER[/udp]", value_parser = published)]
    publish: Vec<HostPort>,
    /// Another name by which others on the network find it; may be given again.
    #[arg(long = "alias", value_name = "NAME")]
    aliases: Vec<Alias>,
    /// A volume of its own, which outlives deployments; may be given again.
    #[arg(long = "volume", value_name = "NAME:PATH[:ro]", value_parser = volume)]
    volumes: Vec<ApplicationMount>,
    /// A path of the host; may be given again.
    #[arg(long = "bind", value_name = "HOST:PATH[:ro]", value_parser = bind)]
    binds: Vec<ApplicationMount>,
    /// How many of it run beside each other; more than one only on a swarm [default: 1].
    #[arg(long, value_name = "N")]
    replicas: Option<NonZeroU32>,
    /// How others come to one of them: by an address that the swarm shares out, or by names that lead
    /// to each in turn [default: address].
    #[arg(long, value_name = "address|names")]
    balance: Option<Balance>,
    /// The most memory, as `512M`.
    #[arg(long, value_parser = amount::memory)]
    memory: Option<u64>,
    /// The most processors, as `0.5`.
    #[arg(long, value_parser = amount::millicpus)]
    cpus: Option<u32>,
    /// The most processes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    processes: Option<u32>,
    /// A program that is run in the container, in one text: while it ends with 0, it is healthy.
    #[arg(long, value_name = "WORDS")]
    health_command: Option<Words>,
    /// How long between two checks [default: 10].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    health_interval: Option<Seconds>,
    /// How long a check may take [default: 5].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    health_timeout: Option<Seconds>,
    /// How long failures do not count after the start.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    health_start: Option<Seconds>,
    /// How many failures in a row make it unhealthy [default: 3].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    health_retries: Option<u8>,
    /// When the engine starts it by itself [default: unless-stopped].
    #[arg(long, value_name = "never|on-failure|unless-stopped")]
    restart: Option<RestartRule>,
    /// A label of the container; may be given again.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(LabelKey, LabelValue)>,
    /// How a deployment takes the place of the one before [default: auto].
    #[arg(long, value_name = "auto|rolling|recreate")]
    strategy: Option<Strategy>,
    /// How long it may take until a new container is ready [default: 120].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    ready_within: Option<Seconds>,
    /// How long the old container goes on answering what is under way [default: 5].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    drain: Option<Seconds>,
    /// How long its program may take to end [default: 10].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    stop_within: Option<Seconds>,
    #[command(flatten)]
    process: ProcessArgs,
}

/// The flags of [`SpecArgs`], of which an edit needs one.
pub(super) const FLAGS: [&str; 23] = [
    "command",
    "entrypoint",
    "port",
    "publish",
    "aliases",
    "volumes",
    "binds",
    "replicas",
    "balance",
    "memory",
    "cpus",
    "processes",
    "health_command",
    "health_interval",
    "health_timeout",
    "health_start",
    "health_retries",
    "restart",
    "labels",
    "strategy",
    "ready_within",
    "drain",
    "stop_within",
];

/// What can be taken away again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unset {
    Command,
    Entrypoint,
    Port,
    Publish,
    Alias,
    Volume,
    Bind,
    Memory,
    Cpus,
    Processes,
    Health,
    Label,
    Tmpfs,
    User,
    Workdir,
    Hostname,
    Init,
    StopSignal,
    ReadOnly,
    DropCapability,
    NoNewPrivileges,
    /// From now on the image is fetched.
    Build,
    GitRef,
    GitLogin,
    BuildStage,
    BuildServer,
}

impl Unset {
    /// The flag's own absence.
    pub(crate) fn apply(self, spec: &mut ApplicationSpec) {
        match self {
            Self::Command => spec.command.clear(),
            Self::Entrypoint => spec.entrypoint.clear(),
            Self::Port => spec.port = None,
            Self::Publish => spec.published.clear(),
            Self::Alias => spec.aliases.clear(),
            Self::Volume => spec.mounts.retain(|mount| !is_volume(mount)),
            Self::Bind => spec.mounts.retain(is_volume),
            Self::Memory => spec.limits.memory_bytes = None,
            Self::Cpus => spec.limits.millicpus = None,
            Self::Processes => spec.limits.processes = None,
            Self::Health => spec.health = None,
            Self::Label => spec.labels.clear(),
            Self::Tmpfs => spec.tmpfs.clear(),
            Self::User => spec.process.user = None,
            Self::Workdir => spec.process.working_dir = None,
            Self::Hostname => spec.process.hostname = None,
            Self::Init => spec.process.init = false,
            Self::StopSignal => spec.process.stop_signal = None,
            Self::ReadOnly => spec.process.read_only = false,
            Self::DropCapability => spec.process.drop_capabilities.clear(),
            Self::NoNewPrivileges => spec.process.no_new_privileges = false,
            Self::Build => spec.build = None,
            Self::GitRef => of_build(spec, |build| build.reference = None),
            Self::GitLogin => of_build(spec, |build| build.login = None),
            Self::BuildStage => of_build(spec, |build| build.stage = None),
            Self::BuildServer => of_build(spec, |build| build.server_id = None),
        }
    }
}

fn of_build(spec: &mut ApplicationSpec, change: impl FnOnce(&mut Build)) {
    if let Some(build) = &mut spec.build {
        change(build);
    }
}

fn is_volume(mount: &ApplicationMount) -> bool {
    matches!(mount.source, MountSource::Volume(_))
}

impl SpecArgs {
    /// The present spec with what was typed instead.
    pub(crate) fn applied_to(
        self,
        mut spec: ApplicationSpec,
        image: Option<Image>,
    ) -> Result<ApplicationSpec, Invalid> {
        put(&mut spec.image, image);
        put(&mut spec.command, self.command.map(|words| words.0));
        put(&mut spec.entrypoint, self.entrypoint.map(|words| words.0));
        spec.port = self.port.or(spec.port);
        put(&mut spec.published, some(self.publish));
        put(&mut spec.aliases, some(self.aliases).map(BTreeSet::from_iter));
        put_mounts(&mut spec, self.volumes, Unset::Volume);
        put_mounts(&mut spec, self.binds, Unset::Bind);
        put(&mut spec.replicas, self.replicas);
        put(&mut spec.balance, self.balance);
        let limits = &mut spec.limits;
        limits.memory_bytes = self.memory.or(limits.memory_bytes);
        limits.millicpus = self.cpus.or(limits.millicpus);
        limits.processes = self.processes.or(limits.processes);
        put(&mut spec.restart, self.restart);
        put(&mut spec.labels, some(self.labels).map(|labels| labels.into_iter().collect()));
        put(&mut spec.strategy, self.strategy);
        put(&mut spec.ready_within_seconds, self.ready_within);
        put(&mut spec.drain_seconds, self.drain);
        put(&mut spec.stop_seconds, self.stop_within);
        self.process.apply(&mut spec);
        let health = HealthArgs {
            command: self.health_command,
            interval: self.health_interval,
            timeout: self.health_timeout,
            start: self.health_start,
            retries: self.health_retries,
        };
        spec.health = health.applied_to(spec.health)?;
        Ok(spec)
    }
}

fn put<T>(place: &mut T, typed: Option<T>) {
    if let Some(typed) = typed {
        *place = typed;
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// Volumes and paths of the host are one list of the spec, and two here.
fn put_mounts(spec: &mut ApplicationSpec, typed: Vec<ApplicationMount>, kind: Unset) {
    if !typed.is_empty() {
        kind.apply(spec);
        spec.mounts.extend(typed);
    }
}

struct HealthArgs {
    command: Option<Words>,
    interval: Option<Seconds>,
    timeout: Option<Seconds>,
    start: Option<Seconds>,
    retries: Option<u8>,
}

impl HealthArgs {
    fn applied_to(self, present: Option<HealthCheck>) -> Result<Option<HealthCheck>, Invalid> {
        let Self { command, interval, timeout, start, retries } = self;
        let timed = interval.or(timeout).or(start).is_some() || retries.is_some();
        let mut check = match (command, present) {
            (Some(Words(command)), Some(present)) => HealthCheck { command, ..present },
            (Some(Words(command)), None) => HealthCheck::of(command),
            (None, Some(present)) => present,
            (None, None) if timed => {
                return Err(Invalid::new("there is no health check: give --health-command too"));
            }
            (None, None) => return Ok(None),
        };
        put(&mut check.interval_seconds, interval);
        put(&mut check.timeout_seconds, timeout);
        check.start_seconds = start.or(check.start_seconds);
        put(&mut check.retries, retries);
        Ok(Some(check))
    }
}

fn seconds(text: &str) -> Result<Seconds, Invalid> {
    let number: u32 = text.parse().map_err(|_| Invalid::new("not a number of seconds"))?;
    Seconds::try_from(number)
}

/// `5432:5432`, `127.0.0.1:53:53/udp`, `[::1]:80:8080`.
fn published(text: &str) -> Result<HostPort, Invalid> {
    let (ports, transport) = match text.rsplit_once('/') {
        Some((ports, transport)) => (ports, transport.parse()?),
        None => (text, Transport::default()),
    };
    let wrong = || Invalid::new("a port is published as `HOST:CONTAINER`, as `5432:5432`");
    let port = |text: &str| text.parse::<NonZeroU16>().map_err(|_| wrong());
    let (rest, container) = ports.rsplit_once(':').ok_or_else(wrong)?;
    let (address, host) = match rest.rsplit_once(':') {
        Some((address, host)) => (Some(address_of(address)?), host),
        None => (None, rest),
    };
    Ok(HostPort { host: port(host)?, container: port(container)?, transport, address })
}

fn address_of(text: &str) -> Result<IpAddr, Invalid> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| Invalid::new("not an address of a host"))
}

fn volume(text: &str) -> Result<ApplicationMount, Invalid> {
    mount(text, "a volume is a name and a path, as `data:/data`", |name| {
        name.parse().map(MountSource::Volume)
    })
}

fn bind(text: &str) -> Result<ApplicationMount, Invalid> {
    mount(text, "a path of the host and one in the container, as `/srv/shop:/data`", |path| {
        path.parse().map(MountSource::Bind)
    })
}

fn mount(
    text: &str,
    form: &str,
    source: impl Fn(&str) -> Result<MountSource, Invalid>,
) -> Result<ApplicationMount, Invalid> {
    let (text, read_only) = text.strip_suffix(":ro").map_or((text, false), |rest| (rest, true));
    let (from, target) = text.split_once(':').ok_or_else(|| Invalid::new(form))?;
    Ok(ApplicationMount { source: source(from)?, target: target.parse()?, read_only })
}

fn label(text: &str) -> Result<(LabelKey, LabelValue), Invalid> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    Ok((key.parse()?, value.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_published_on_addresses() {
        let read = published("127.0.0.1:5353:53/udp").expect("a port");
        assert_eq!(
            (read.host.get(), read.container.get(), read.transport, read.address),
            (5353, 53, Transport::Udp, "127.0.0.1".parse().ok())
        );
        assert_eq!(published("[::1]:80:8080").expect("a port").address, "::1".parse().ok());
        assert_eq!(published("80:8080").expect("a port").address, None);
        for text in ["80", "0:80", "80:70000", "a:80:80", "80:80/sctp", ":80", "80:"] {
            assert!(published(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn mounts_are_of_volumes_or_paths() {
        assert!(volume("data:/data:ro").expect("a volume").read_only);
        assert!(!bind("/srv/a:/data").expect("a path").read_only);
        for text in ["data", "/srv:/data", "data:data", "data:/a/../b", "data:/"] {
            assert!(volume(text).is_err(), "{text:?}");
        }
        assert!(bind("data:/data").is_err());
    }
}
