//! One service of a file as the spec of an application.

use std::collections::BTreeMap;

use portolan_types::{
    Alias, ApplicationSpec, Argument, Image, LabelKey, LabelValue, RestartRule, SetVariable,
    VariableName, VariableValue, Words,
};

use super::{
    Condition, Reading, Service, amounts, build,
    contents::{self, Kind},
    document::Declared,
    env_file,
    finding::Findings,
    health, networks, ports,
    process::{self, Capabilities},
    spot::{Pair, Spot},
    unknown, volumes,
};

/// What a service is read into, before it is known to be whole.
#[derive(Debug)]
struct Draft<'a> {
    image: Option<Image>,
    built: bool,
    service: Service,
    /// Ports that are exposed and not published.
    exposed: Vec<std::num::NonZeroU16>,
    capabilities: Capabilities,
    /// Of files: what is under `environment` goes first.
    of_files: Vec<SetVariable>,
    reading: &'a Reading<'a>,
    declared: &'a Declared,
}

pub(super) fn read(
    name: &str,
    spot: &Spot<'_>,
    (reading, declared): (&Reading<'_>, &Declared),
    findings: &mut Findings,
) -> Option<Service> {
    let Some(alias) = name.parse::<Alias>().ok().filter(|alias| alias.as_str() == name) else {
        let why = "a service is found by its name: it has small letters, digits and `-`";
        spot.refuse(findings, why);
        return None;
    };
    let called = format!("localhost/{}-{name}", reading.stack);
    let unnamed: Image = spot.accept(findings, called.parse())?;
    let service = Service {
        name: alias,
        line: spot.line(),
        spec: ApplicationSpec::of(unnamed),
        variables: Vec::new(),
        files: Vec::new(),
        needs: BTreeMap::new(),
        places: super::Places::default(),
    };
    let mut draft = Draft {
        image: None,
        built: false,
        service,
        exposed: Vec::new(),
        capabilities: Capabilities::default(),
        of_files: Vec::new(),
        reading,
        declared,
    };
    for (key, spot) in spot.entries(findings) {
        draft.take(key, &spot, findings);
    }
    Some(draft.done(spot, findings))
}

impl Draft<'_> {
    fn take(&mut self, key: &str, spot: &Spot<'_>, findings: &mut Findings) {
        let Self { service, .. } = self;
        match key {
            "image" => self.image = spot.parsed(findings),
            "build" => self.build(spot, findings),
            "command" => service.spec.command = words(spot, findings),
            "entrypoint" => service.spec.entrypoint = words(spot, findings),
            "environment" => variables(spot, &mut service.variables, findings),
            "env_file" => self.of_files = env_file::read(spot, self.reading.files, findings),
            "configs" => {
                let files = contents::placed(Kind::Config, spot, &self.declared.configs, findings);
                service.files.extend(files);
            }
            "secrets" => {
                let files = contents::placed(Kind::Secret, spot, &self.declared.secrets, findings);
                service.files.extend(files);
            }
            "ports" => {
                let found = ports::published(spot, findings);
                service.spec.published = found.published;
                self.exposed.splice(0..0, found.targets);
            }
            "expose" => self.exposed.extend(ports::exposed(spot, findings)),
            "volumes" => {
                let found = volumes::mounts(spot, &self.declared.volumes, findings);
                service.spec.mounts = found.mounts;
                service.spec.tmpfs.extend(found.memory);
            }
            "tmpfs" => process::tmpfs(spot, &mut service.spec.tmpfs, findings),
            "cap_drop" => self.capabilities.drop(spot, findings),
            "cap_add" => self.capabilities.add(spot, findings),
            "networks" => {
                let mut places = networks::places(spot, &self.declared.networks, findings);
                service.spec.aliases = places.beside.remove(networks::DEFAULT).unwrap_or_default();
                service.places = places;
            }
            "depends_on" => service.needs = needs(spot, findings),
            "healthcheck" => health::read(spot, &mut service.spec, findings),
            "restart" => restart(spot, &mut service.spec, findings),
            "labels" => labels(spot, &mut service.spec, findings),
            "stop_grace_period" => {
                if let Some(time) = amounts::seconds(spot, findings) {
                    service.spec.stop_seconds = time;
                }
            }
            "deploy" => deploy(spot, &mut service.spec, findings),
            "scale" => replicas(spot, &mut service.spec, findings),
            "mem_limit" => service.spec.limits.memory_bytes = amounts::bytes(spot, findings),
            "cpus" => service.spec.limits.millicpus = amounts::millicpus(spot, findings),
            "pids_limit" => service.spec.limits.processes = spot.number(findings),
            _ if process::take((key, spot), &mut service.spec.process, findings) => {}
            _ => unknown::key(key, spot, findings),
        }
    }

    fn build(&mut self, spot: &Spot<'_>, findings: &mut Findings) {
        self.built = true;
        let Some(built) = build::read(spot, self.reading.repository, findings) else { return };
        self.service.spec.build = Some(built.build);
        self.service.variables.extend(built.arguments);
    }

    fn done(self, spot: &Spot<'_>, findings: &mut Findings) -> Service {
        let Self { image, built, mut service, exposed, capabilities, of_files, .. } = self;
        match image {
            Some(image) => service.spec.image = image,
            None if built => {}
            None => spot.refuse(findings, "it has neither `image` nor `build`"),
        }
        service.spec.process.drop_capabilities = capabilities.without();
        for one in of_files {
            let is_set = |other: &SetVariable| !other.build && other.name == one.name;
            if !service.variables.iter().any(is_set) {
                service.variables.push(one);
            }
        }
        contents::check(&service, spot, findings);
        service.spec.port = exposed.first().copied();
        if !service.places.apart {
            service.spec.aliases.insert(service.name.clone());
        }
        let places = &mut service.places;
        for names in places.beside.values_mut().chain(places.outside.values_mut()) {
            names.insert(service.name.clone());
        }
        service
    }
}

/// A program with its arguments: a list, or a text that is taken apart as a shell does it.
pub(super) fn words(spot: &Spot<'_>, findings: &mut Findings) -> Vec<Argument> {
    if spot.is_list() {
        let items = spot.items(findings);
        return items.iter().filter_map(|item| item.parsed(findings)).collect();
    }
    if spot.is_null() {
        return Vec::new();
    }
    spot.parsed::<Words>(findings).map(|words| words.0).unwrap_or_default()
}

fn variables(spot: &Spot<'_>, all: &mut Vec<SetVariable>, findings: &mut Findings) {
    for Pair { name, value, spot } in spot.pairs(findings) {
        let Some(value) = value else {
            // Compose would take it from whoever runs it; nobody does here.
            spot.refuse(findings, format!("`{name}` has no value: write `{name}: ${{{name}}}`"));
            continue;
        };
        if let Some(one) = variable((name, value), &spot, findings) {
            all.retain(|other| other.build || other.name != one.name);
            all.push(one);
        }
    }
}

/// A variable of the program.
pub(super) fn variable(
    (name, value): (&str, super::yaml::Scalar),
    spot: &Spot<'_>,
    findings: &mut Findings,
) -> Option<SetVariable> {
    let secret = value.secret;
    let name: Option<VariableName> = spot.accept(findings, name.parse());
    let value: Option<VariableValue> = spot.accept(findings, value.text.parse());
    Some(SetVariable { name: name?, value: value?, secret, build: false })
}

fn labels(spot: &Spot<'_>, spec: &mut ApplicationSpec, findings: &mut Findings) {
    for Pair { name, value, spot } in spot.pairs(findings) {
        let value = value.unwrap_or_default().text;
        if name.starts_with("traefik.") || name.starts_with("caddy") {
            spot.tell(
                findings,
                "the proxy reads no labels: a route leads to the service (`create_route`)",
            );
        }
        let key: Option<LabelKey> = spot.accept(findings, name.parse());
        let value: Option<LabelValue> = spot.accept(findings, value.parse());
        if let (Some(key), Some(value)) = (key, value) {
            spec.labels.insert(key, value);
        }
    }
}

fn restart(spot: &Spot<'_>, spec: &mut ApplicationSpec, findings: &mut Findings) {
    let Some(text) = spot.text(findings) else { return };
    spec.restart = match text.split_once(':').map_or(text, |(rule, _)| rule) {
        "no" => RestartRule::Never,
        "on-failure" => RestartRule::OnFailure,
        "always" | "unless-stopped" => RestartRule::UnlessStopped,
        _ => return spot.refuse(findings, format!("`{text}` is not known here")),
    };
    if text.contains(':') {
        spot.tell(findings, "left out: how often it is tried, which is without end");
    }
}

fn needs(spot: &Spot<'_>, findings: &mut Findings) -> BTreeMap<String, Condition> {
    if spot.is_list() {
        let items = spot.items(findings);
        let named = items.iter().filter_map(|item| item.text(findings));
        return named.map(|name| (name.to_owned(), Condition::Started)).collect();
    }
    let mut needs = BTreeMap::new();
    for (name, spot) in spot.entries(findings) {
        let mut condition = Condition::Started;
        for (key, spot) in spot.entries(findings) {
            match key {
                "condition" => condition = self::condition(&spot, findings),
                "required" if spot.flag(findings) == Some(false) => {
                    spot.refuse(findings, "not done: what a service depends on has to be there");
                }
                "restart" if spot.flag(findings) == Some(true) => {
                    spot.tell(findings, "left out: it is not restarted with what it depends on");
                }
                "required" | "restart" => {}
                _ => unknown::key(key, &spot, findings),
            }
        }
        needs.insert(name.to_owned(), condition);
    }
    needs
}

fn condition(spot: &Spot<'_>, findings: &mut Findings) -> Condition {
    match spot.text(findings) {
        Some("service_healthy") => return Condition::Healthy,
        Some("service_completed_successfully") => spot.refuse(
            findings,
            "not done: a service is a program that goes on; what runs once and ends can be run with \
             `run_in_application`",
        ),
        Some("service_started") | None => {}
        Some(other) => spot.refuse(findings, format!("`{other}` is not known here")),
    }
    Condition::Started
}

fn replicas(spot: &Spot<'_>, spec: &mut ApplicationSpec, findings: &mut Findings) {
    if let Some(number) = spot.number(findings) {
        spec.replicas = number;
    }
}

fn deploy(spot: &Spot<'_>, spec: &mut ApplicationSpec, findings: &mut Findings) {
    for (key, spot) in spot.entries(findings) {
        match key {
            "replicas" => replicas(&spot, spec, findings),
            "resources" => {
                for (key, spot) in spot.entries(findings) {
                    match key {
                        "limits" => limits(&spot, spec, findings),
                        _ => unknown::key(key, &spot, findings),
                    }
                }
            }
            _ => unknown::key(key, &spot, findings),
        }
    }
}

fn limits(spot: &Spot<'_>, spec: &mut ApplicationSpec, findings: &mut Findings) {
    for (key, spot) in spot.entries(findings) {
        match key {
            "memory" => spec.limits.memory_bytes = amounts::bytes(&spot, findings),
            "cpus" => spec.limits.millicpus = amounts::millicpus(&spot, findings),
            "pids" => spec.limits.processes = spot.number(findings),
            _ => unknown::key(key, &spot, findings),
        }
    }
}
