//! How servers are shown.

use portolan_types::{
    Access, Connection, Engine, HostKey, OperationId, Reachability, Server, ServerKind,
    ServerState, Swarm,
};

use crate::{
    printer::{Details, Span, Style, Table},
    words::{age, bytes, since},
};

pub(super) fn table(servers: &[Server]) -> Table {
    let header =
        &["NAME", "STATE", "CONNECTION", "REACHABLE", "LAST CONTACT", "KIND", "ENGINE", "ID"];
    Table::new(header).yielding(&["ENGINE", "KIND", "LAST CONTACT", "REACHABLE"]).with(
        servers.iter().map(|server| {
            vec![
                Span::plain(server.name.as_str()),
                state_span(server.state),
                Span::plain(connection_words(&server.connection)),
                reachability_span(server.reachability),
                Span::or_dash(server.last_contact_age_seconds.map(age)),
                Span::or_dash(kind_words(server)),
                Span::or_dash(server.engine.as_ref().map(|engine| engine.version.as_str())),
                Span::plain(server.id.as_str()),
            ]
        }),
    )
}

pub(super) fn details(server: &Server) -> Details {
    let description = server.description.as_str();
    let details = Details::default()
        .row("name", server.name.as_str())
        .row("id", server.id.as_str())
        .maybe("description", (!description.is_empty()).then_some(description))
        .row("connection", connection_words(&server.connection))
        .span("state", state_span(server.state))
        .maybe("reason", server.reason.as_deref())
        .span("reachable", reachability_span(server.reachability))
        .maybe("last contact", server.last_contact_age_seconds.map(age))
        .maybe("kind", kind_words(server));
    let details = match &server.swarm {
        Some(swarm) => with_swarm(details, server, swarm),
        None => details,
    };
    let details = details.maybe("access", server.access.map(Access::as_str));
    let details = match &server.host_key {
        Some(key) => details.row("host key", host_key_words(key)),
        None => details,
    };
    let details = match &server.engine {
        Some(engine) => with_engine(details, engine),
        None => details,
    };
    let pools: Vec<String> = server.pools.as_slice().iter().map(ToString::to_string).collect();
    details
        .maybe("pools", (!pools.is_empty()).then(|| pools.join(", ")))
        .maybe("terminal", terminal_words(server))
        .maybe("operation", server.operation_id.as_ref().map(OperationId::as_str))
        .row("created", since(server.created_at))
}

fn with_swarm(details: Details, server: &Server, swarm: &Swarm) -> Details {
    let managers: Vec<&str> =
        swarm.managers.iter().map(|manager| manager.address.as_str()).collect();
    let others = swarm.servers.iter().filter(|other| other.id != server.id);
    let others: Vec<String> =
        others.map(|other| format!("{} ({})", other.name, other.kind)).collect();
    let details = details
        .maybe("swarm", swarm.cluster_id.as_deref())
        .row("node", &swarm.node_id)
        .maybe("managers", (!managers.is_empty()).then(|| managers.join(", ")))
        .maybe("with", (!others.is_empty()).then(|| others.join(", ")));
    match &swarm.error {
        Some(error) => details.span("swarm says", Span::new(Style::Bad, error)),
        None => details,
    }
}

fn with_engine(details: Details, engine: &Engine) -> Details {
    let disk = engine.disk_free_bytes.zip(engine.disk_total_bytes);
    let details = details
        .row("engine", format!("{} (API {})", engine.version, engine.api_version))
        .row("host", format!("{}, {}", engine.hostname, engine.operating_system))
        .row("kernel", format!("{} {}", engine.kernel, engine.architecture))
        .row("processors", engine.cpus.to_string())
        .row("memory", bytes(engine.memory_bytes))
        .maybe("disk", disk.map(|(free, all)| format!("{} of {} free", bytes(free), bytes(all))));
    engine
        .warnings
        .iter()
        .fold(details, |details, text| details.span("warning", Span::new(Style::Caution, text)))
}

/// `root@192.0.2.10`, or the path of the socket.
pub(crate) fn connection_words(connection: &Connection) -> String {
    match connection {
        Connection::Local { socket } => socket.clone(),
        Connection::Ssh { host, port, user, .. } => {
            let host = host.as_str();
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            match port.get() {
                22 => format!("{user}@{host}"),
                port => format!("{user}@{host}:{port}"),
            }
        }
    }
}

/// Only hosts that are logged in to have one.
fn terminal_words(server: &Server) -> Option<&'static str> {
    match server.connection {
        Connection::Ssh { .. } => Some(server.terminal.as_str()),
        Connection::Local { .. } => None,
    }
}

/// The algorithm is known after the first contact.
fn host_key_words(key: &HostKey) -> String {
    let words = key.algorithm.as_deref().into_iter().chain([key.fingerprint.as_str()]);
    words.collect::<Vec<_>>().join(" ")
}

fn kind_words(server: &Server) -> Option<String> {
    let build = server.build_server.then_some("build server");
    let words: Vec<&str> = server.kind.map(ServerKind::as_str).into_iter().chain(build).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn state_span(state: ServerState) -> Span {
    let style = match state {
        ServerState::New => Style::Dim,
        ServerState::Ready => Style::Good,
        ServerState::Failed => Style::Bad,
    };
    Span::new(style, state.as_str())
}

fn reachability_span(reachability: Reachability) -> Span {
    match reachability {
        Reachability::Unknown => Span::dim("unknown"),
        Reachability::Reachable => Span::new(Style::Good, "yes"),
        Reachability::Unreachable => Span::new(Style::Bad, "no"),
    }
}
