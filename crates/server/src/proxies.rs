//! Proxies as people ask for them: stored with the work that makes them so, and left to the
//! server's reconciler. Nothing here speaks to a host.

use std::collections::HashMap;

use portolan_types::{
    Attachment, DestinationId, GeneratedConfiguration, Image, Operation, OperationKind, Page,
    PageQuery, Proxy, ProxyKind, ProxyState, ReadProxyLogs, Server, ServerId, SetProxy, Subject,
    TeamId, Timestamp,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    destinations,
    destinations::check_usable,
    error::Refusal,
    events::{self, Happened},
    operations::{self, Task},
    page, reconcile, servers,
};

mod authority;
pub mod preview;

/// Most bytes of a user's own configuration.
const MAX_EXTRA: usize = 64 << 10;

/// What to do with routes of a proxy that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Refuse while there are some.
    WithoutRoutes,
    /// They stay, and lead nowhere until the server has a proxy again.
    Anyway,
}

/// Gives a server the proxy that it is to have: its first, or another in place of the one it has.
/// Routes stay.
pub async fn set(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    input: SetProxy,
) -> Result<Operation, Error> {
    check(&input)?;
    let mut tx = app.db.begin().await?;
    let server = servers::find(&mut tx, actor, id).await?;
    check_usable(&server)?;
    let operation = store(&mut tx, actor.team_id(), &server, input).await?;
    note(&mut tx, actor, "proxy.set", &server, "set").await?;
    tx.commit().await?;
    app.wake(id);
    Ok(operation)
}

/// Stores what a server is to have, with the work that makes it so.
pub(crate) async fn store(
    tx: &mut Transaction,
    team: &TeamId,
    server: &Server,
    input: SetProxy,
) -> Result<Operation, Error> {
    db::proxy::lock(tx, team, &server.id).await?;
    let before = db::proxy::find(tx, team, &server.id).await?;
    if let Some(before) = &before {
        check_stays(before)?;
    }
    let operation = queue(tx, team, server, OperationKind::SetProxy, None).await?;
    let wanted = wanted(server, input, before.as_ref(), Some(&operation));
    match &before {
        Some(before) if !db::proxy::replace(tx, before, &wanted).await? => {
            return Err(moved(server));
        }
        Some(_) => {}
        None => db::proxy::insert(tx, team, &wanted)
            .await
            .map_err(|error| Error::on_unique(error, || moved(server)))?,
    }
    Ok(operation)
}

fn wanted(
    server: &Server,
    input: SetProxy,
    before: Option<&Proxy>,
    operation: Option<&Operation>,
) -> Proxy {
    let now = Timestamp::now();
    let SetProxy { kind, image, http_port, https_port, certificates, extra } = input;
    Proxy {
        server_id: server.id.clone(),
        server_name: server.name.clone(),
        kind,
        image: image.unwrap_or_else(|| Image::published(kind)),
        http_port,
        https_port,
        certificates,
        extra: extra.filter(|extra| !extra.trim().is_empty()),
        state: ProxyState::Pending,
        reason: None,
        revision: before.map_or(1, |before| before.revision.saturating_add(1)),
        observed: None,
        configuration: None,
        operation_id: operation.map(|operation| operation.id.clone()),
        created_at: before.map_or(now, |before| before.created_at),
        updated_at: now,
    }
}

fn check(input: &SetProxy) -> Result<(), Error> {
    if input.http_port == input.https_port {
        return Err(Error::field("https_port", "must be another port than that of HTTP"));
    }
    let extra = input.extra.as_deref().unwrap_or_default();
    if extra.len() > MAX_EXTRA {
        return Err(Error::field("extra", format!("at most {MAX_EXTRA} bytes")));
    }
    authority::check(&input.certificates)?;
    match input.kind {
        ProxyKind::Caddy if !extra.trim().is_empty() => check_object(extra),
        // YAML is the proxy's own to judge: the operation has its words.
        ProxyKind::Caddy | ProxyKind::Traefik => Ok(()),
    }
}

fn check_object(extra: &str) -> Result<(), Error> {
    let parsed = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(extra);
    parsed.map(drop).map_err(|error| Error::field("extra", format!("not a JSON object: {error}")))
}

/// A proxy that goes is let go first.
fn check_stays(proxy: &Proxy) -> Result<(), Error> {
    if proxy.state != ProxyState::Removing {
        return Ok(());
    }
    Err(Error::refused(
        "proxy-removing",
        format!("the proxy of server `{}` is being removed", proxy.server_name),
        "wait until it is gone (`show_proxy`), then try again",
    ))
}

fn moved(server: &Server) -> Error {
    Error::refused(
        "proxy-changed",
        format!("the proxy of server `{}` was changed at the same time", server.name),
        "look at it (`show_proxy`), then try again",
    )
}

async fn queue(
    tx: &mut Transaction,
    team: &TeamId,
    server: &Server,
    kind: OperationKind,
    input: Option<String>,
) -> Result<Operation, Error> {
    let subject = Subject::Server(server.id.clone());
    let task = Task { kind, subject, name: server.name.as_str(), input };
    Ok(operations::queue(tx, team, task).await?)
}

async fn note(
    conn: &mut AnyConnection,
    actor: &Actor,
    kind: &'static str,
    server: &Server,
    what: &str,
) -> Result<(), Error> {
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Server(server.id.clone()),
        name: server.name.as_str(),
        message: format!(
            "the proxy of server `{}` was {what} by {}",
            server.name, actor.user.email
        ),
    };
    Ok(events::record(conn, happened.by(actor.author()), Timestamp::now()).await?)
}

/// The proxy of a server.
pub async fn show(app: &App, actor: &Actor, id: &ServerId) -> Result<Proxy, Error> {
    let mut conn = app.db.acquire().await?;
    let server = servers::find(&mut conn, actor, id).await?;
    find(&mut conn, actor, &server).await
}

async fn find(conn: &mut AnyConnection, actor: &Actor, server: &Server) -> Result<Proxy, Error> {
    let proxy = db::proxy::find(conn, actor.team_id(), &server.id).await?;
    proxy.ok_or_else(|| has_none(server))
}

fn has_none(server: &Server) -> Error {
    Error::refused(
        "no-proxy",
        format!("server `{}` has no proxy", server.name),
        "give it one (`set_proxy`)",
    )
}

/// The team's proxies, oldest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Proxy>, Error> {
    let mut conn = app.db.acquire().await?;
    let rows = db::proxy::list(&mut conn, actor.visible(), query).await?;
    Ok(page::of(rows, query, |proxy| (proxy.created_at, proxy.server_id.as_str())))
}

/// The proxies of all of the team's servers that have one.
pub(crate) async fn by_server(app: &App, actor: &Actor) -> Result<HashMap<ServerId, Proxy>, Error> {
    let mut conn = app.db.acquire().await?;
    let proxies = db::proxy::list_all(&mut conn, actor.visible()).await?;
    Ok(proxies.into_iter().map(|proxy| (proxy.server_id.clone(), proxy)).collect())
}

/// The team's attachments; of one server or destination when they are given.
pub async fn attachments(
    app: &App,
    actor: &Actor,
    server: Option<&ServerId>,
    destination: Option<&DestinationId>,
    query: &PageQuery,
) -> Result<Page<Attachment>, Error> {
    let mut conn = app.db.acquire().await?;
    if let Some(id) = server {
        servers::find(&mut conn, actor, id).await?;
    }
    if let Some(id) = destination {
        destinations::find(&mut conn, actor, id).await?;
    }
    let rows = db::attachment::list(&mut conn, actor.visible(), server, destination, query).await?;
    Ok(page::of(rows, query, |one| (one.since, one.destination_id.as_str())))
}

/// Starts it, where a person stopped it or where it failed.
pub async fn start(app: &App, actor: &Actor, id: &ServerId) -> Result<Operation, Error> {
    act(app, actor, id, OperationKind::StartProxy).await
}

/// Stops it until a person starts it again.
pub async fn stop(app: &App, actor: &Actor, id: &ServerId) -> Result<Operation, Error> {
    act(app, actor, id, OperationKind::StopProxy).await
}

pub async fn restart(app: &App, actor: &Actor, id: &ServerId) -> Result<Operation, Error> {
    act(app, actor, id, OperationKind::RestartProxy).await
}

/// Runs the newest image of its reference, checked before the old one goes.
pub async fn upgrade(app: &App, actor: &Actor, id: &ServerId) -> Result<Operation, Error> {
    act(app, actor, id, OperationKind::UpgradeProxy).await
}

async fn act(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    kind: OperationKind,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let server = servers::find(&mut tx, actor, id).await?;
    db::proxy::lock(&mut tx, actor.team_id(), id).await?;
    let before = find(&mut tx, actor, &server).await?;
    check_stays(&before)?;
    check_usable(&server)?;
    let operation = queue(&mut tx, actor.team_id(), &server, kind, None).await?;
    become_of(&mut tx, &server, &before, ProxyState::Pending, &operation).await?;
    tx.commit().await?;
    app.wake(id);
    Ok(operation)
}

/// Begins the repair of one that differs, whatever its policy. `None` when it does not any more.
pub(crate) async fn begin_repair(
    tx: &mut Transaction,
    actor: &Actor,
    id: &ServerId,
) -> Result<Option<Operation>, Error> {
    let server = servers::find(tx, actor, id).await?;
    db::proxy::lock(tx, actor.team_id(), id).await?;
    let before = find(tx, actor, &server).await?;
    if !matches!(before.state, ProxyState::Drifted | ProxyState::Failed) {
        return Ok(None);
    }
    check_usable(&server)?;
    let kind = OperationKind::RepairProxy;
    let operation = queue(tx, actor.team_id(), &server, kind, None).await?;
    become_of(tx, &server, &before, ProxyState::Pending, &operation).await?;
    Ok(Some(operation))
}

async fn become_of(
    tx: &mut Transaction,
    server: &Server,
    before: &Proxy,
    state: ProxyState,
    operation: &Operation,
) -> Result<(), Error> {
    let wanted = Proxy {
        state,
        reason: None,
        operation_id: Some(operation.id.clone()),
        updated_at: Timestamp::now(),
        ..before.clone()
    };
    if db::proxy::replace(tx, before, &wanted).await? { Ok(()) } else { Err(moved(server)) }
}

/// Removes the container. Its volume, with certificates, stays on the host.
pub async fn remove(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    removal: Removal,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let server = servers::find(&mut tx, actor, id).await?;
    db::proxy::lock(&mut tx, actor.team_id(), id).await?;
    let before = find(&mut tx, actor, &server).await?;
    check_usable(&server)?;
    if removal == Removal::WithoutRoutes {
        check_no_routes(&mut tx, &server).await?;
    }
    let operation =
        queue(&mut tx, actor.team_id(), &server, OperationKind::RemoveProxy, None).await?;
    become_of(&mut tx, &server, &before, ProxyState::Removing, &operation).await?;
    note(&mut tx, actor, "proxy.removal-asked", &server, "taken away").await?;
    tx.commit().await?;
    app.wake(id);
    Ok(operation)
}

async fn check_no_routes(conn: &mut AnyConnection, server: &Server) -> Result<(), Error> {
    let routes = reconcile::routes_of(conn, server).await?;
    if routes.is_empty() {
        return Ok(());
    }
    let blockers: Vec<String> = routes.iter().map(|row| row.route.address()).collect();
    Err(Error::Refused(Refusal {
        code: "proxy-has-routes",
        message: format!(
            "the proxy of server `{}` has routes: {}",
            server.name,
            blockers.join(", ")
        ),
        remedy: Some(
            "remove them first (`delete_route`), or remove the proxy anyway (`remove_proxy.force`): \
             they lead nowhere then"
                .into(),
        ),
        blockers,
    }))
}

/// Asks for what the proxy said. It is the operation's result.
pub async fn read_logs(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    input: ReadProxyLogs,
) -> Result<Operation, Error> {
    if !(1..=ReadProxyLogs::MAX_LINES).contains(&input.lines) {
        let most = ReadProxyLogs::MAX_LINES;
        return Err(Error::field("lines", format!("1 to {most}")));
    }
    let mut tx = app.db.begin().await?;
    let server = servers::find(&mut tx, actor, id).await?;
    find(&mut tx, actor, &server).await?;
    check_usable(&server)?;
    let asked = Some(operations::input(&input)?);
    let kind = OperationKind::ReadProxyLogs;
    let operation = queue(&mut tx, actor.team_id(), &server, kind, asked).await?;
    tx.commit().await?;
    app.wake(id);
    Ok(operation)
}

/// What is generated for the proxy now, without secrets.
pub async fn configuration(
    app: &App,
    actor: &Actor,
    id: &ServerId,
) -> Result<GeneratedConfiguration, Error> {
    let mut conn = app.db.acquire().await?;
    let server = servers::find(&mut conn, actor, id).await?;
    let proxy = find(&mut conn, actor, &server).await?;
    reconcile::generated(&mut conn, &server, &proxy).await
}
