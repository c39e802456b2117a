//! What a deployment of an application makes.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    num::{NonZeroU16, NonZeroU32},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApplicationMount, Build, HealthCheck, MountPath, MountSource, ProcessSettings, Seconds, Tmpfs,
};
use crate::{
    Alias, Image, Invalid, RegistryId,
    text::{text_newtype, words},
};

words! {
    /// How a deployment takes the place of the one before.
    #[derive(Default)]
    pub enum Strategy ("strategy") {
        /// Rolling where nothing stands against it: a port of the host, or a mount that is written to.
        #[default]
        Auto = "auto",
        /// The new container is up and ready before the old one goes: no request is lost.
        Rolling = "rolling",
        /// The old container is stopped before the new one is started.
        Recreate = "recreate",
    }
}

words! {
    /// How others on the network come to one of several replicas.
    #[derive(Default)]
    pub enum Balance ("way to replicas") {
        /// Its names have one address, behind which the swarm shares connections out.
        #[default]
        Address = "address",
        /// Its names have the addresses of all replicas, in turn. It needs nothing of the nodes' kernels
        /// (IPVS), and publishes no ports.
        Names = "names",
    }
}

words! {
    /// When the engine starts a container by itself.
    #[derive(Default)]
    pub enum RestartRule ("restart rule") {
        Never = "never",
        /// When its program ended with another code than 0.
        OnFailure = "on-failure",
        /// Whenever it ends, and with the engine, unless it was stopped on purpose.
        #[default]
        UnlessStopped = "unless-stopped",
    }
}

words! {
    /// What is spoken on a port.
    #[derive(Default)]
    pub enum Transport ("transport") {
        #[default]
        Tcp = "tcp",
        Udp = "udp",
    }
}

/// An argument of a program: at most 32 KiB without NUL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 32768, example = "--verbose")]
pub struct Argument(String);

impl FromStr for Argument {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MAX: usize = 32 << 10;
        if text.len() > MAX || text.contains('\0') {
            return Err(Invalid::new(format!("an argument has at most {MAX} bytes, and no NUL")));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(Argument);

/// A port of the host that leads into the application's container, past the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HostPort {
    /// Of the host.
    #[schema(value_type = u16, minimum = 1, example = 5432)]
    pub host: NonZeroU16,
    /// In the container.
    #[schema(value_type = u16, minimum = 1, example = 5432)]
    pub container: NonZeroU16,
    #[serde(default)]
    pub transport: Transport,
    /// One address of the host; all of them without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "127.0.0.1")]
    pub address: Option<IpAddr>,
}

/// What the container may use; nothing is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResourceLimits {
    /// At least 6 MiB, which is the least that engines take.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 6_291_456)]
    pub memory_bytes: Option<u64>,
    /// Thousandths of a processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 10, example = 500)]
    pub millicpus: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub processes: Option<u32>,
}

/// The key of a label of the container's own. Keys of Portolan and of Docker are theirs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 200, example = "com.example.team")]
pub struct LabelKey(String);

/// Beginnings of keys by which things on a host are recognised.
const RESERVED: [&str; 4] = ["dev.portolan.", "com.docker.", "io.docker.", "org.dockerproject."];

impl FromStr for LabelKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
        if text.is_empty() || text.len() > 200 || !text.chars().all(allowed) {
            return Err(Invalid::new(
                "a label's key has 1 to 200 letters, digits, `.`, `-`, `_` and `/`",
            ));
        }
        if RESERVED.iter().any(|reserved| text.starts_with(reserved)) {
            return Err(Invalid::new(format!(
                "keys that begin with {} are not given by people",
                RESERVED.join(", ")
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(LabelKey);

/// The value of a label: at most 4,096 bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 4096)]
pub struct LabelValue(String);

impl FromStr for LabelValue {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > 4096 || text.contains(char::is_control) {
            return Err(Invalid::new("a label has at most 4096 bytes on one line"));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(LabelValue);

/// What a deployment of an application makes. What is left out is the image's own, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationSpec {
    /// Where it is built, this is how the result is called, and its registry is where it is pushed to
    /// when another server builds; the tag is the deployment's own.
    #[schema(value_type = String, example = "ghcr.io/example/shop:1.4")]
    pub image: Image,
    /// What the image is built from. It is fetched from its registry without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// The login for the image's registry. Default: the team's, where it has one for that registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_id: Option<RegistryId>,
    /// The program, in the place of the image's entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub entrypoint: Vec<Argument>,
    /// Arguments, in the place of the image's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub command: Vec<Argument>,
    /// Where it answers: what its routes lead to when they say nothing else, and what is tried
    /// before it counts as ready where there is no health check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>, minimum = 1, example = 8080)]
    pub port: Option<NonZeroU16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub published: Vec<HostPort>,
    /// Names by which others on the network find it, besides its own. They stay the same over
    /// deployments, and nobody else on the network has them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(max_items = 16)]
    pub aliases: BTreeSet<Alias>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub mounts: Vec<ApplicationMount>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub tmpfs: Vec<Tmpfs>,
    /// How its program is run.
    #[serde(default, skip_serializing_if = "ProcessSettings::is_usual")]
    pub process: ProcessSettings,
    /// How many of it run beside each other, under one name. More than one runs only on a swarm.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schema(value_type = u32, minimum = 1, maximum = 200, default = 1)]
    pub replicas: NonZeroU32,
    #[serde(default, skip_serializing_if = "is_usual")]
    pub balance: Balance,
    /// Of each replica.
    #[serde(default)]
    pub limits: ResourceLimits,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthCheck>,
    #[serde(default)]
    pub restart: RestartRule,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub labels: BTreeMap<LabelKey, LabelValue>,
    #[serde(default)]
    pub strategy: Strategy,
    /// How long it may take until a new container is ready.
    #[serde(default = "ApplicationSpec::ready_within")]
    pub ready_within_seconds: Seconds,
    /// How long the old container goes on answering what is under way after requests are led to the
    /// new one.
    #[serde(default = "ApplicationSpec::drain")]
    pub drain_seconds: Seconds,
    /// How long its program may take to end after it was asked to.
    #[serde(default = "ApplicationSpec::grace")]
    pub stop_seconds: Seconds,
}

impl ApplicationSpec {
    /// The volumes that it mounts, by their names in it.
    pub fn volumes(&self) -> impl Iterator<Item = &Alias> + Clone {
        self.mounts.iter().filter_map(|mount| match &mount.source {
            MountSource::Volume(name) => Some(name),
            MountSource::Bind(_) => None,
        })
    }

    /// Where something is mounted.
    pub fn targets(&self) -> impl Iterator<Item = &MountPath> + Clone {
        let mounts = self.mounts.iter().map(|mount| &mount.target);
        mounts.chain(self.tmpfs.iter().map(|one| &one.target))
    }

    /// Of an image alone.
    pub fn of(image: Image) -> Self {
        Self {
            image,
            build: None,
            registry_id: None,
            entrypoint: Vec::new(),
            command: Vec::new(),
            port: None,
            published: Vec::new(),
            aliases: BTreeSet::new(),
            mounts: Vec::new(),
            tmpfs: Vec::new(),
            process: ProcessSettings::default(),
            replicas: one(),
            balance: Balance::default(),
            limits: ResourceLimits::default(),
            health: None,
            restart: RestartRule::default(),
            labels: BTreeMap::new(),
            strategy: Strategy::default(),
            ready_within_seconds: Self::ready_within(),
            drain_seconds: Self::drain(),
            stop_seconds: Self::grace(),
        }
    }

    /// Whether the new container can be up beside the old one.
    pub fn can_overlap(&self) -> bool {
        self.published.is_empty() && self.mounts.iter().all(|mount| mount.read_only)
    }

    /// Whether it is to be up before the old one goes.
    pub fn is_rolling(&self) -> bool {
        self.follows(self.can_overlap())
    }

    /// The same on a swarm, where a published port is the swarm's and not a container's: only what is
    /// written to stands against it.
    pub fn is_rolling_on_swarm(&self) -> bool {
        self.follows(self.mounts.iter().all(|mount| mount.read_only))
    }

    const fn follows(&self, can_overlap: bool) -> bool {
        match self.strategy {
            Strategy::Auto => can_overlap,
            Strategy::Rolling => true,
            Strategy::Recreate => false,
        }
    }

    fn ready_within() -> Seconds {
        seconds(120)
    }

    fn drain() -> Seconds {
        seconds(5)
    }

    fn grace() -> Seconds {
        seconds(10)
    }
}

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over so")]
const fn is_one(replicas: &NonZeroU32) -> bool {
    replicas.get() == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over so")]
fn is_usual(balance: &Balance) -> bool {
    *balance == Balance::Address
}

fn seconds(number: u32) -> Seconds {
    number.try_into().expect("within the bounds")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(rest: &str) -> Result<ApplicationSpec, serde_json::Error> {
        serde_json::from_str(&format!("{{\"image\": \"shop:1\"{rest}}}"))
    }

    #[test]
    fn an_image_is_enough() {
        let spec = spec("").expect("a spec");
        assert_eq!(spec, ApplicationSpec::of("shop:1".parse().expect("an image")));
        assert!(spec.is_rolling());
    }

    #[test]
    fn what_cannot_be_twice_is_not_rolled() {
        let mount = |read_only: bool| {
            let mount = format!(
                ", \"mounts\": [{{\"source\": {{\"volume\": \"data\"}}, \"target\": \"/data\", \
                 \"read_only\": {read_only}}}]"
            );
            spec(&mount).expect("a spec")
        };
        assert!(mount(true).is_rolling() && !mount(false).is_rolling());
        let published = spec(", \"published\": [{\"host\": 80, \"container\": 80}]");
        let published = published.expect("a spec");
        assert!(!published.is_rolling() && published.is_rolling_on_swarm());
    }

    #[test]
    fn one_runs_unless_more_are_asked_for() {
        let text = serde_json::to_string(&spec("").expect("a spec")).expect("JSON");
        assert!(!text.contains("replicas"), "{text}");
        assert_eq!(spec(", \"replicas\": 3").expect("a spec").replicas.get(), 3);
        assert!(spec(", \"replicas\": 0").is_err());
    }

    #[test]
    fn labels_of_others_are_theirs() {
        assert!("com.example.team".parse::<LabelKey>().is_ok());
        for text in ["", "dev.portolan.application", "com.docker.compose.project", "a b", "é"] {
            assert!(text.parse::<LabelKey>().is_err(), "{text}");
        }
    }
}
