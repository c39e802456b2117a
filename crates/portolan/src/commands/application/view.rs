//! Applications as tables and details.

use portolan_types::{
    Application, ApplicationMount, ApplicationMove, ApplicationSpec, ApplicationState,
    ApplicationTask, Argument, Build, HealthCheck, HostPort, MountSource, MoveState, Name,
    ProcessSettings, Route, Seconds, Tmpfs, Transport,
};

use super::tasks;
use crate::{
    amount::cpus,
    printer::{Details, Span, Style, Table},
    words::{bytes, since},
};

pub(super) fn table(applications: &[Application]) -> Table {
    let header = &["PROJECT", "ENVIRONMENT", "NAME", "STATE", "IMAGE", "DESTINATION", "ID"];
    Table::new(header).yielding(&["DESTINATION", "IMAGE"]).with(applications.iter().map(|one| {
        vec![
            Span::plain(one.project_name.as_str()),
            Span::plain(one.environment_name.as_str()),
            Span::plain(one.name.as_str()),
            state_span(one.state),
            Span::plain(one.spec.image.as_str()),
            Span::or_dash(one.destination_name.as_ref().map(Name::as_str)),
            Span::plain(one.id.as_str()),
        ]
    }))
}

/// Further places of one application.
pub(super) fn places(places: &[Application]) -> Table {
    let header = &["NAME", "STATE", "SERVER", "DESTINATION", "IMAGE", "BEHIND", "ID"];
    Table::new(header).yielding(&["IMAGE"]).with(places.iter().map(|one| {
        vec![
            Span::plain(one.name.as_str()),
            state_span(one.state),
            Span::or_dash(one.server_name.as_ref().map(Name::as_str)),
            Span::or_dash(one.destination_name.as_ref().map(Name::as_str)),
            Span::plain(one.spec.image.as_str()),
            if one.changed { Span::new(Style::Caution, "yes") } else { Span::plain("no") },
            Span::plain(one.id.as_str()),
        ]
    }))
}

pub(in crate::commands) fn state_span(state: ApplicationState) -> Span {
    let style = match state {
        ApplicationState::Running => Style::Good,
        ApplicationState::Starting | ApplicationState::Removing => Style::Caution,
        ApplicationState::New | ApplicationState::Stopped => Style::Dim,
        ApplicationState::Unhealthy
        | ApplicationState::Restarting
        | ApplicationState::Down
        | ApplicationState::Missing => Style::Bad,
    };
    Span::new(style, state.as_str())
}

pub(super) fn details(one: &Application, routes: &[Route], tasks: &[ApplicationTask]) -> Details {
    let what = if one.is_service() { "service" } else { "container" };
    let details = Details::default()
        .row("name", one.name.as_str())
        .row("id", one.id.as_str())
        .row("project", one.project_name.as_str())
        .row("environment", one.environment_name.as_str())
        .maybe("destination", one.destination_name.as_ref().map(Name::as_str))
        .maybe("server", one.server_name.as_ref().map(Name::as_str))
        .maybe("place of", one.place_of.as_ref().map(|of| of.application_name.as_str()))
        .maybe("places", (one.places > 0).then(|| format!("{} further ones", one.places)))
        .span("state", state_span(one.state))
        .maybe("reason", one.reason.as_deref())
        .maybe("move", one.moved.as_ref().map(moved))
        .maybe("changed", one.changed.then_some("since it was deployed last"))
        .maybe(what, one.container.as_ref().map(ToString::to_string))
        .maybe("tasks", lines(tasks, tasks::line))
        .maybe("operation", one.operation_id.as_ref().map(ToString::to_string));
    with_spec(details, &one.spec)
        .maybe("routes", lines(routes, |route| format!("{} {}", route.address(), route.state)))
        .row("created", since(one.created_at))
}

/// A move that is not over.
fn moved(moved: &ApplicationMove) -> String {
    let from = moved.from_destination_name.as_ref().map_or("elsewhere", Name::as_str);
    match moved.state {
        MoveState::Moving => "under way".to_owned(),
        MoveState::Waiting => {
            format!(
                "from {from}: waits for `portolan app confirm-move` or `portolan app take-back`"
            )
        }
        MoveState::Over => "what it left is being removed".to_owned(),
    }
}

/// Only what is other than an image alone has.
fn with_spec(details: Details, spec: &ApplicationSpec) -> Details {
    let plain = ApplicationSpec::of(spec.image.clone());
    let limits = &spec.limits;
    let other = |is: Seconds, usual: Seconds| (is != usual).then(|| format!("{} s", u32::from(is)));
    details
        .row("image", spec.image.as_str())
        .maybe("built from", spec.build.as_ref().map(built_from))
        .maybe("entry point", arguments(&spec.entrypoint))
        .maybe("command", arguments(&spec.command))
        .maybe("port", spec.port.map(|port| port.to_string()))
        .maybe("published", lines(&spec.published, published))
        .maybe("aliases", lines(&spec.aliases, ToString::to_string))
        .maybe("mounts", lines(&spec.mounts, mount))
        .maybe("in memory", lines(&spec.tmpfs, in_memory))
        .maybe("process", lines(process(&spec.process), |line| line))
        .maybe("replicas", (spec.replicas.get() > 1).then(|| spec.replicas.to_string()))
        .maybe("balance", (spec.balance != plain.balance).then(|| spec.balance.as_str()))
        .maybe("memory", limits.memory_bytes.map(bytes))
        .maybe("processors", limits.millicpus.map(cpus))
        .maybe("processes", limits.processes.map(|most| most.to_string()))
        .maybe("health check", spec.health.as_ref().map(health))
        .row("restart", spec.restart.as_str())
        .maybe("labels", lines(&spec.labels, |(key, value)| format!("{key}={value}")))
        .row("strategy", spec.strategy.as_str())
        .maybe("ready within", other(spec.ready_within_seconds, plain.ready_within_seconds))
        .maybe("drain", other(spec.drain_seconds, plain.drain_seconds))
        .maybe("stop within", other(spec.stop_seconds, plain.stop_seconds))
}

fn lines<T>(items: impl IntoIterator<Item = T>, line: impl Fn(T) -> String) -> Option<String> {
    let lines: Vec<String> = items.into_iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Each in quotes where that is needed to tell where it ends.
fn arguments(arguments: &[Argument]) -> Option<String> {
    let quoted = |argument: &Argument| {
        let text = argument.as_str();
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || "'\"\\".contains(c)) {
            format!("{text:?}")
        } else {
            text.to_owned()
        }
    };
    let words: Vec<String> = arguments.iter().map(quoted).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// What is other than a repository alone has.
fn built_from(build: &Build) -> String {
    let part = |name: &str, value: Option<String>| value.map(|value| format!("{name} {value}"));
    let folder = (!build.folder.is_root()).then(|| build.folder.to_string());
    let recipe = build.dockerfile.to_string();
    let parts = [
        Some(build.repository.to_string()),
        part("branch or tag", build.reference.as_ref().map(ToString::to_string)),
        part("folder", folder),
        part("recipe", (recipe != "Dockerfile").then_some(recipe)),
        part("stage", build.stage.as_ref().map(ToString::to_string)),
        part("login", build.login.as_ref().map(|login| login.user.clone())),
        part("on server", build.server_id.as_ref().map(ToString::to_string)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn published(port: &HostPort) -> String {
    let address = port.address.map(|address| format!("{address} ")).unwrap_or_default();
    let transport = match port.transport {
        Transport::Tcp => "",
        Transport::Udp => "/udp",
    };
    format!("{address}{} -> {}{transport}", port.host, port.container)
}

fn mount(mount: &ApplicationMount) -> String {
    let source = match &mount.source {
        MountSource::Volume(name) => format!("volume {name}"),
        MountSource::Bind(path) => format!("host {path}"),
    };
    let read_only = if mount.read_only { " (read only)" } else { "" };
    format!("{source} -> {}{read_only}", mount.target)
}

fn in_memory(one: &Tmpfs) -> String {
    let size = one.size_bytes.map(|size| format!(", at most {}", bytes(size))).unwrap_or_default();
    let mode = one.mode.map(|mode| format!(", mode {mode}")).unwrap_or_default();
    format!("{}{size}{mode}", one.target)
}

/// What is said of how its program is run.
fn process(process: &ProcessSettings) -> Vec<String> {
    let flag = |is: bool, words: &str| is.then(|| words.to_owned());
    let dropped: Vec<&str> = process.drop_capabilities.iter().map(|one| one.as_str()).collect();
    let dropped = (!dropped.is_empty()).then(|| format!("without {}", dropped.join(", ")));
    let all = [
        process.user.as_ref().map(|user| format!("as {user}")),
        process.working_dir.as_ref().map(|folder| format!("in {folder}")),
        process.hostname.as_ref().map(|name| format!("on host {name}")),
        process.stop_signal.map(|signal| format!("ends by {signal}")),
        flag(process.init, "after a process of the engine's"),
        flag(process.read_only, "writes to its mounts alone"),
        dropped,
        flag(process.no_new_privileges, "gains no privileges"),
    ];
    all.into_iter().flatten().collect()
}

fn health(check: &HealthCheck) -> String {
    let command = arguments(&check.command).unwrap_or_default();
    let seconds = |seconds: Seconds| u32::from(seconds);
    let start = check.start_seconds.map(|start| format!(", {} s to start", seconds(start)));
    format!(
        "{command}\nevery {} s, within {} s, {} failures in a row{}",
        seconds(check.interval_seconds),
        seconds(check.timeout_seconds),
        check.retries,
        start.unwrap_or_default()
    )
}
