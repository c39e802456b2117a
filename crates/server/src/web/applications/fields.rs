//! What an application is made of, as the fields of a form: their names are in
//! `templates/applications/spec.html`, and what they become is said in `web/forms/fields.rs`.

use portolan_types::{
    ApplicationMount, ApplicationSpec, Argument, Balance, Build, HealthCheck, HostPort, Key,
    MountSource, PageQuery, Registry, RegistryId, RepositoryPath, RestartRule, Seconds, Server,
    ServerId, Strategy,
};

use super::process::{ProcessFields, TmpfsFields};
use crate::{Actor, App, Error, keys, registries, servers};

/// Rows for more beside those that there are.
const MORE_ROWS: usize = 2;

/// A row of a list, or room for one.
#[derive(Debug)]
pub(super) struct Row<T> {
    pub number: usize,
    pub of: Option<T>,
}

/// A mount, with where it comes from in one text.
#[derive(Debug)]
pub(super) struct Mount {
    pub source: String,
    pub target: String,
    pub read_only: bool,
}

impl From<&ApplicationMount> for Mount {
    fn from(mount: &ApplicationMount) -> Self {
        let source = match &mount.source {
            MountSource::Volume(name) => name.to_string(),
            MountSource::Bind(path) => path.to_string(),
        };
        Self { source, target: mount.target.to_string(), read_only: mount.read_only }
    }
}

/// Arguments of a program: a line each. Where one has lines of its own, all are JSON.
#[derive(Debug)]
pub(super) struct Arguments {
    pub text: String,
    /// The kind of the field.
    pub kind: &'static str,
}

impl From<&[Argument]> for Arguments {
    fn from(all: &[Argument]) -> Self {
        let texts: Vec<&str> = all.iter().map(Argument::as_str).collect();
        let plain = |text: &&str| !text.trim().is_empty() && !text.contains(['\n', '\r']);
        if texts.iter().all(plain) {
            return Self { text: texts.join("\n"), kind: "lines" };
        }
        Self { text: serde_json::json!(texts).to_string(), kind: "json" }
    }
}

impl Arguments {
    /// What a person is told of how they are written.
    pub(super) fn help(&self) -> &'static str {
        match self.kind {
            "json" => "An array of texts, as JSON: one of them has more lines than one.",
            _ => "One a line; no shell reads them.",
        }
    }
}

/// How it is found out whether it is well. Nothing is filled in where nothing is checked.
#[derive(Debug)]
pub(super) struct Health {
    pub command: Arguments,
    pub interval: String,
    pub timeout: String,
    pub start: String,
    pub retries: String,
}

impl From<Option<&HealthCheck>> for Health {
    fn from(health: Option<&HealthCheck>) -> Self {
        let seconds = |of: fn(&HealthCheck) -> Option<Seconds>| {
            health.and_then(of).map_or_else(String::new, |one| u32::from(one).to_string())
        };
        Self {
            command: health.map_or(&[][..], |one| &one.command).into(),
            interval: seconds(|one| Some(one.interval_seconds)),
            timeout: seconds(|one| Some(one.timeout_seconds)),
            start: seconds(|one| one.start_seconds),
            retries: health.map_or_else(String::new, |one| one.retries.to_string()),
        }
    }
}

/// What the image is built from. Nothing is filled in where it is fetched, nor what holds where nothing
/// is said.
#[derive(Debug, Default)]
pub(super) struct BuildFields {
    pub repository: String,
    pub reference: String,
    pub folder: String,
    pub dockerfile: String,
    pub stage: String,
    pub user: String,
    pub password_variable: String,
    pub key: String,
    pub host_key: String,
    pub server: Option<ServerId>,
}

impl From<&Build> for BuildFields {
    fn from(build: &Build) -> Self {
        let (usual, login) = (Build::of(build.repository.clone()), build.login.as_ref());
        let other = |is: &RepositoryPath, usual: &RepositoryPath| {
            if is == usual { String::new() } else { is.to_string() }
        };
        Self {
            repository: build.repository.to_string(),
            reference: text(build.reference.as_ref()),
            folder: other(&build.folder, &usual.folder),
            dockerfile: other(&build.dockerfile, &usual.dockerfile),
            stage: text(build.stage.as_ref()),
            user: login.map(|login| login.user.clone()).unwrap_or_default(),
            password_variable: text(login.map(|login| &login.password_variable)),
            key: text(build.key_id.as_ref()),
            host_key: text(build.host_key.as_ref()),
            server: build.server_id.clone(),
        }
    }
}

impl BuildFields {
    pub(super) fn is_on(&self, server: &Server) -> bool {
        self.server.as_ref() == Some(&server.id)
    }
}

/// What is to choose from.
#[derive(Debug, Default)]
pub(super) struct Choices {
    /// Of the team, for repositories by SSH.
    pub keys: Vec<Key>,
    /// Logins of registries.
    pub registries: Vec<Registry>,
    /// Those that may build.
    pub servers: Vec<Server>,
}

impl Choices {
    pub(super) async fn read(app: &App, actor: &Actor) -> Result<Self, Error> {
        let all = PageQuery::largest();
        let keys = keys::list(app, actor, &all).await?.items;
        let registries = registries::list(app, actor, &all).await?.items;
        let mut servers = servers::list(app, actor, &all).await?.items;
        servers.retain(|server| server.build_server);
        Ok(Self { keys, registries, servers })
    }
}

/// A spec in fields.
#[derive(Debug)]
pub(super) struct SpecFields {
    pub image: String,
    pub is_built: bool,
    pub build: BuildFields,
    /// With which a repository by SSH can be asked.
    pub keys: Vec<Key>,
    /// Where it can be built.
    pub builders: Vec<Server>,
    /// The login that was chosen, and those to choose from.
    pub registry: Option<RegistryId>,
    pub registries: Vec<Registry>,
    pub port: String,
    pub entrypoint: Arguments,
    pub command: Arguments,
    pub aliases: String,
    pub published: Vec<Row<HostPort>>,
    pub mounts: Vec<Row<Mount>>,
    pub tmpfs: Vec<Row<TmpfsFields>>,
    pub process: ProcessFields,
    pub replicas: u32,
    pub balance: Balance,
    pub memory: String,
    pub millicpus: String,
    pub processes: String,
    pub is_checked: bool,
    pub health: Health,
    pub restart: RestartRule,
    pub strategy: Strategy,
    pub labels: String,
    pub ready_within: u32,
    pub drain: u32,
    pub stop: u32,
}

impl SpecFields {
    /// Of a new application, with what holds where nothing is said.
    pub(super) fn empty(choices: Choices) -> Self {
        let image = "image".parse().expect("a word is a reference");
        Self { image: String::new(), ..Self::of(&ApplicationSpec::of(image), choices) }
    }

    pub(super) fn of(spec: &ApplicationSpec, choices: Choices) -> Self {
        let aliases: Vec<&str> = spec.aliases.iter().map(portolan_types::Alias::as_str).collect();
        let labels = spec.labels.iter().map(|(key, value)| format!("{key}={value}\n"));
        Self {
            image: spec.image.to_string(),
            is_built: spec.build.is_some(),
            build: spec.build.as_ref().map(BuildFields::from).unwrap_or_default(),
            keys: choices.keys,
            builders: choices.servers,
            registry: spec.registry_id.clone(),
            registries: choices.registries,
            port: text(spec.port),
            entrypoint: spec.entrypoint.as_slice().into(),
            command: spec.command.as_slice().into(),
            aliases: aliases.join(", "),
            published: rows(spec.published.iter().copied()),
            mounts: rows(spec.mounts.iter().map(Mount::from)),
            tmpfs: rows(spec.tmpfs.iter().map(TmpfsFields::from)),
            process: (&spec.process).into(),
            replicas: spec.replicas.get(),
            balance: spec.balance,
            memory: spec.limits.memory_bytes.map(size).unwrap_or_default(),
            millicpus: text(spec.limits.millicpus),
            processes: text(spec.limits.processes),
            is_checked: spec.health.is_some(),
            health: spec.health.as_ref().into(),
            restart: spec.restart,
            strategy: spec.strategy,
            labels: labels.collect(),
            ready_within: spec.ready_within_seconds.into(),
            drain: spec.drain_seconds.into(),
            stop: spec.stop_seconds.into(),
        }
    }

    pub(super) fn is_by(&self, registry: &Registry) -> bool {
        self.registry.as_ref() == Some(&registry.id)
    }

    /// The login that was chosen when it is none of those that there are.
    pub(super) fn lost_login(&self) -> Option<&RegistryId> {
        let chosen = self.registry.as_ref()?;
        self.registries.iter().all(|one| one.id != *chosen).then_some(chosen)
    }
}

pub(super) fn text<T: ToString>(one: Option<T>) -> String {
    one.map(|one| one.to_string()).unwrap_or_default()
}

fn rows<T>(all: impl Iterator<Item = T>) -> Vec<Row<T>> {
    let room = std::iter::repeat_with(|| None).take(MORE_ROWS);
    all.map(Some).chain(room).enumerate().map(|(number, of)| Row { number, of }).collect()
}

/// A number of bytes in the largest unit in which it is a whole number.
pub(in crate::web) fn size(bytes: u64) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if bytes != 0 && bytes.trailing_zeros() >= shift {
            return format!("{} {unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole() {
        assert_eq!(size(512 << 20), "512 MiB");
        assert_eq!(size(3 << 30), "3 GiB");
        assert_eq!(size(7_000_001), "7000001");
    }

    #[test]
    fn arguments_with_lines_are_json() {
        let arguments = |texts: &[&str]| {
            let all: Vec<Argument> =
                texts.iter().map(|text| text.parse().expect("an argument")).collect();
            Arguments::from(all.as_slice())
        };
        let plain = arguments(&["sh", "-c", "echo a"]);
        assert_eq!((plain.text.as_str(), plain.kind), ("sh\n-c\necho a", "lines"));
        let lines = arguments(&["sh", "a\nb", ""]);
        assert_eq!((lines.text.as_str(), lines.kind), (r#"["sh","a\nb",""]"#, "json"));
    }
}
