//! Databases as tables and details.

use portolan_types::{
    CredentialName, Database, DatabaseConfig, DatabaseTemplate, DatabaseUse, DatabaseVersion, Name,
    PublicPort,
};

use crate::{
    amount::cpus,
    commands::application::state_span,
    printer::{Details, Span, Table},
    words::{bytes, since},
};

pub(super) fn engines(engines: &[DatabaseTemplate]) -> Table {
    let header = &["ENGINE", "TITLE", "VERSIONS", "IMAGE", "ABOUT"];
    Table::new(header).yielding(&["ABOUT", "IMAGE"]).with(engines.iter().map(|one| {
        let versions: Vec<&str> = one.versions.iter().map(DatabaseVersion::as_str).collect();
        vec![
            Span::plain(one.engine.as_str()),
            Span::plain(&one.title),
            Span::plain(versions.join(", ")),
            Span::plain(&one.image),
            Span::plain(&one.about),
        ]
    }))
}

pub(super) fn table(databases: &[Database]) -> Table {
    let header = &["PROJECT", "ENVIRONMENT", "NAME", "STATE", "ENGINE", "DESTINATION", "ID"];
    Table::new(header).yielding(&["DESTINATION"]).with(databases.iter().map(|one| {
        vec![
            Span::plain(one.project_name.as_str()),
            Span::plain(one.environment_name.as_str()),
            Span::plain(one.name.as_str()),
            state_span(one.state),
            Span::plain(format!("{} {}", one.engine, one.version)),
            Span::or_dash(one.destination_name.as_ref().map(Name::as_str)),
            Span::plain(one.id.as_str()),
        ]
    }))
}

pub(super) fn details(one: &Database) -> Details {
    let details = Details::default()
        .row("name", one.name.as_str())
        .row("id", one.id.as_str())
        .row("project", one.project_name.as_str())
        .row("environment", one.environment_name.as_str())
        .maybe("destination", one.destination_name.as_ref().map(Name::as_str))
        .maybe("server", one.server_name.as_ref().map(Name::as_str))
        .span("state", state_span(one.state))
        .maybe("reason", one.reason.as_deref())
        .maybe("changed", one.changed.then_some("since it was deployed last"))
        .row("engine", format!("{} {}", one.title, one.version))
        .row("image", one.image.as_str())
        .row("url", one.url.as_str())
        .maybe("user", one.user.as_ref().map(CredentialName::as_str))
        .maybe("database", one.database.as_ref().map(CredentialName::as_str));
    with_config(details, &one.config)
        .maybe("used by", lines(&one.used_by, used))
        .maybe("container", one.container.as_ref().map(ToString::to_string))
        .maybe("operation", one.operation_id.as_ref().map(ToString::to_string))
        .row("created", since(one.created_at))
}

fn with_config(details: Details, config: &DatabaseConfig) -> Details {
    let limits = &config.limits;
    details
        .maybe("settings", lines(&config.settings, |(name, value)| format!("{name}={value}")))
        .maybe("memory", limits.memory_bytes.map(bytes))
        .maybe("processors", limits.millicpus.map(cpus))
        .maybe("processes", limits.processes.map(|most| most.to_string()))
        .maybe("from outside", config.public.as_ref().map(public))
}

fn public(public: &PublicPort) -> String {
    match public.address {
        Some(address) => format!("port {} of {address}", public.port),
        None => format!("port {} of the host", public.port),
    }
}

fn used(one: &DatabaseUse) -> String {
    format!("{} of {} ({})", one.variable, one.application_name, one.part)
}

fn lines<T>(items: impl IntoIterator<Item = T>, line: impl Fn(T) -> String) -> Option<String> {
    let lines: Vec<String> = items.into_iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
