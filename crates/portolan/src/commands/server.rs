//! `portolan server`: commands. How servers are shown is in `view`.

mod view;

use std::num::NonZeroU16;

use portolan_types::{
    Connection, CreateServer, Description, Key, KeyId, Name, Operation, Preview, ProxyKind,
    RemovedServer, Repin, Server, SubnetPools, TerminalSwitch, UpdateServer,
    server::{Account, Fingerprint, HostName},
};

use super::{
    operation::{accompany, accompany_subject},
    preview,
};
use crate::{
    ask::{Consent, Run, confirm},
    client::Client,
    failure::{Failure, Outcome},
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Format, Line, Printer},
    watch::Wait,
};

pub(crate) use view::connection_words;

/// The way to a server that is added.
#[derive(Debug)]
pub(crate) enum Way {
    Local { socket: String },
    Ssh { host: HostName, port: NonZeroU16, user: Account, key: Reference },
}

/// A server to add.
#[derive(Debug)]
pub(crate) struct NewServer {
    pub(crate) name: Name,
    pub(crate) description: Description,
    pub(crate) way: Way,
    pub(crate) build_server: bool,
    pub(crate) host_key: Option<Fingerprint>,
    pub(crate) proxy: Option<ProxyKind>,
    pub(crate) terminal: TerminalSwitch,
}

/// What changes of a server; what is `None` stays.
#[derive(Debug)]
pub(crate) struct ServerChange {
    pub(crate) name: Option<Name>,
    pub(crate) description: Option<Description>,
    pub(crate) build_server: Option<bool>,
    pub(crate) pools: Option<SubnetPools>,
    pub(crate) terminal: Option<TerminalSwitch>,
    pub(crate) way: WayChange,
}

/// What changes of the way to a server.
#[derive(Debug)]
pub(crate) struct WayChange {
    pub(crate) host: Option<HostName>,
    pub(crate) port: Option<NonZeroU16>,
    pub(crate) user: Option<Account>,
    pub(crate) key: Option<Reference>,
    pub(crate) socket: Option<String>,
}

/// What becomes of the destinations of a server that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destinations {
    /// There must be none.
    Refuse,
    /// They are forgotten although the host does not answer; their networks stay on it.
    Forget,
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/servers", &[], listing).await?;
    let when_empty = "no servers yet: add one with `portolan server add NAME --local`";
    printer.page(&page, view::table, when_empty)?;
    Ok(())
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let server: Server = find(client, wanted).await?;
    printer.one(&server, view::details)?;
    Ok(())
}

pub(crate) async fn add(
    client: &Client,
    printer: &Printer,
    new: NewServer,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let connection = match new.way {
        Way::Local { socket } => Connection::Local { socket },
        Way::Ssh { host, port, user, key } => {
            Connection::Ssh { host, port, user, key_id: key_id(client, &key).await? }
        }
    };
    let request = CreateServer {
        name: new.name,
        description: new.description,
        connection,
        build_server: new.build_server,
        host_key_fingerprint: new.host_key,
        proxy: new.proxy,
        terminal: new.terminal,
    };
    let server: Server = client.create("/v1/servers", &request).await?;
    validated(client, printer, server, wait).await
}

async fn key_id(client: &Client, wanted: &Reference) -> anyhow::Result<KeyId> {
    Ok(find::<Key>(client, wanted).await?.id)
}

/// Stays with the validation that came with a change, then shows what was learned.
async fn validated(
    client: &Client,
    printer: &Printer,
    server: Server,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let outcome = accompany_subject(client, printer, server.operation_id.as_ref(), wait).await?;
    let server: Server = match wait {
        Wait::AtMost(_) => client.get(&path(&server), &[]).await?,
        Wait::No => server,
    };
    printer.one(&server, view::details)?;
    Ok(outcome)
}

fn path(server: &Server) -> String {
    format!("/v1/servers/{}", server.id)
}

pub(crate) async fn edit(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    change: ServerChange,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let connection = changed_connection(client, &server, change.way).await?;
    let request = UpdateServer {
        name: change.name,
        description: change.description,
        connection,
        build_server: change.build_server,
        pools: change.pools,
        terminal: change.terminal,
    };
    let changed: Server = client.change(&path(&server), &request).await?;
    // Only a new operation is worth waiting for: the old one may be long over.
    if changed.operation_id == server.operation_id {
        printer.one(&changed, view::details)?;
        return Ok(Outcome::Done);
    }
    validated(client, printer, changed, wait).await
}

/// The present way with what was named laid over it, or nothing when nothing was named.
async fn changed_connection(
    client: &Client,
    server: &Server,
    change: WayChange,
) -> anyhow::Result<Option<Connection>> {
    let WayChange { host, port, user, key, socket } = change;
    if let Some(socket) = socket {
        return match &server.connection {
            Connection::Local { .. } => Ok(Some(Connection::Local { socket })),
            Connection::Ssh { .. } => {
                Err(wrong_way(server, "is reached over SSH", "--host, --port, --user and --key"))
            }
        };
    }
    if host.is_none() && port.is_none() && user.is_none() && key.is_none() {
        return Ok(None);
    }
    let Connection::Ssh { host: old_host, port: old_port, user: old_user, key_id: old_key } =
        &server.connection
    else {
        return Err(wrong_way(server, "is reached through a local socket", "--socket"));
    };
    let key_id = match key {
        Some(wanted) => key_id(client, &wanted).await?,
        None => old_key.clone(),
    };
    Ok(Some(Connection::Ssh {
        host: host.unwrap_or_else(|| old_host.clone()),
        port: port.unwrap_or(*old_port),
        user: user.unwrap_or_else(|| old_user.clone()),
        key_id,
    }))
}

fn wrong_way(server: &Server, way: &str, flags: &str) -> anyhow::Error {
    let message = format!("server `{}` {way}", server.name);
    Failure::usage(message, format!("change it with {flags}, or add another server")).into()
}

pub(crate) async fn validate(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let operation: Operation = client.act(&format!("{}/validate", path(&server))).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn repin(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    fingerprint: Fingerprint,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let address = format!("{}/host-key", path(&server));
    let operation: Operation = client.act_with(&address, &Repin { fingerprint }).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    destinations: Destinations,
    (run, consent): (Run, Consent),
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let name = &server.name;
    let (question, mut query) = match destinations {
        Destinations::Refuse => (format!("remove server `{name}`?"), vec![]),
        Destinations::Forget => (
            format!("remove server `{name}` and forget its destinations?"),
            vec![("forget", "true".to_owned())],
        ),
    };
    if run == Run::Dry {
        query.push(("preview", "true".to_owned()));
        return preview::show(printer, &client.remove::<Preview>(&path(&server), &query).await?);
    }
    confirm(printer, consent, &question)?;
    let removed: RemovedServer = client.remove(&path(&server), &query).await?;
    if printer.format() == Format::Json {
        printer.json(&removed)?;
    }
    printer.say(&Line::plain(format!("removed server `{name}`")));
    for network in &removed.left_behind {
        printer.warn(&format!("the network `{network}` stays on `{name}`"));
    }
    Ok(Outcome::Done)
}
