//! Servers: added, shown, validated; edited in `edit`, removed in `remove`. The host itself is
//! spoken to by the reconciler.

use portolan_types::{
    Connection, CreateServer, HostKey, Operation, OperationKind, Page, PageQuery, Reachability,
    Repin, Server, ServerId, ServerState, SetProxy, Subject, SubnetPools, TeamId, Timestamp,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    events::{self, Entry, Happened},
    idempotency::{self, IdempotencyKey},
    operations::{self, Task},
    page, proxies,
};

mod edit;
mod remove;
mod scan;
mod swarm;

pub use edit::update;
pub use remove::{Removal, delete, preview as preview_removal};
pub use scan::{adopt, preview_adoption, scan};
pub(crate) use swarm::{among, companions, managers_in_words};

/// Adds a server and queues its validation.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateServer,
    repeat: Option<IdempotencyKey>,
) -> Result<Server, Error> {
    check_socket(&input.connection)?;
    let team = actor.team_id();
    let id = ServerId::generate();
    let mut tx = app.db.begin().await?;
    let request = ("server", &input);
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, id.as_str()).await?;
    if let Some(earlier) = earlier {
        drop(tx);
        let id = earlier.parse().map_err(|_| Error::NotFound("server"))?;
        return show(app, actor, &id).await;
    }
    check_key(&mut tx, actor, &input.connection).await?;
    let proxy = input.proxy.map(SetProxy::of);
    let server = insert(&mut tx, actor, id, input).await?;
    if let Some(proxy) = proxy {
        proxies::store(&mut tx, team, &server, proxy).await?;
    }
    tx.commit().await?;
    app.wake(&server.id);
    Ok(server)
}

async fn insert(
    tx: &mut Transaction,
    actor: &Actor,
    id: ServerId,
    input: CreateServer,
) -> Result<Server, Error> {
    let now = Timestamp::now();
    let mut server = Server {
        id,
        name: input.name,
        description: input.description,
        connection: input.connection,
        kind: None,
        swarm: None,
        build_server: input.build_server,
        state: ServerState::New,
        reason: None,
        reachability: Reachability::Unknown,
        last_contact_at: None,
        last_contact_age_seconds: None,
        host_key: input.host_key_fingerprint.map(|fingerprint| HostKey {
            algorithm: None,
            fingerprint,
            public_key: None,
            pinned_at: now,
        }),
        access: None,
        engine: None,
        pools: SubnetPools::default(),
        terminal: input.terminal,
        operation_id: None,
        created_at: now,
        updated_at: now,
    };
    // The row comes first: a name that is taken must not leave an operation behind.
    db::server::insert(tx, actor.team_id(), &server)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&server)))?;
    let operation = queue_validation(tx, actor.team_id(), &server).await?;
    server.operation_id = Some(operation.id.clone());
    let entry = event(actor, "server.added", &server, "added").part_of(&operation.id);
    events::record(tx, entry.change(&(), &server), now).await?;
    Ok(server)
}

fn taken(server: &Server) -> Error {
    let place = match &server.connection {
        Connection::Local { socket } => socket.clone(),
        Connection::Ssh { host, port, .. } => format!("{host}:{port}"),
    };
    Error::refused(
        "server-exists",
        format!("the team already has a server named `{}` or one at {place}", server.name),
        "choose another name, or use the server that is there (`list_servers`)",
    )
}

/// A key of another team does not exist.
async fn check_key(
    conn: &mut AnyConnection,
    actor: &Actor,
    connection: &Connection,
) -> Result<(), Error> {
    let Connection::Ssh { key_id, .. } = connection else { return Ok(()) };
    let key = db::key::find(conn, actor.visible(), key_id).await?;
    key.map(drop).ok_or(Error::NotFound("key"))
}

fn check_socket(connection: &Connection) -> Result<(), Error> {
    match connection {
        Connection::Local { socket } if !socket.starts_with('/') || socket.contains('\0') => {
            Err(Error::field("connection.socket", "must be an absolute path"))
        }
        _ => Ok(()),
    }
}

/// Queues a validation and names it as the server's latest operation.
pub(crate) async fn queue_validation(
    tx: &mut Transaction,
    team: &TeamId,
    server: &Server,
) -> Result<Operation, Error> {
    let operation = operations::queue(tx, team, validation_of(server)).await?;
    db::server::set_operation(tx, &server.id, &operation.id).await?;
    Ok(operation)
}

fn validation_of(server: &Server) -> Task<'_> {
    Task {
        kind: OperationKind::ValidateServer,
        subject: Subject::Server(server.id.clone()),
        name: server.name.as_str(),
        input: None,
    }
}

/// What somebody did to a server.
fn event<'a>(actor: &'a Actor, kind: &'static str, server: &'a Server, what: &str) -> Entry<'a> {
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Server(server.id.clone()),
        name: server.name.as_str(),
        message: format!("server `{}` was {what} by {}", server.name, actor.user.email),
    };
    happened.by(actor.author())
}

/// One server of the team.
pub async fn show(app: &App, actor: &Actor, id: &ServerId) -> Result<Server, Error> {
    let mut conn = app.db.acquire().await?;
    let mut server = find(&mut conn, actor, id).await?;
    swarm::introduce(&mut conn, actor.visible(), std::slice::from_mut(&mut server)).await?;
    Ok(server)
}

/// The server as the actor sees it.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &ServerId,
) -> Result<Server, Error> {
    db::server::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("server"))
}

/// The team's servers, those that do not answer included.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Server>, Error> {
    let mut conn = app.db.acquire().await?;
    let mut servers = db::server::list(&mut conn, actor.visible(), query).await?;
    swarm::introduce(&mut conn, actor.visible(), &mut servers).await?;
    Ok(page::of(servers, query, |server| (server.created_at, server.id.as_str())))
}

/// The same without paging: for what compares all of them.
pub(crate) async fn list_all(app: &App, actor: &Actor) -> Result<Vec<Server>, Error> {
    let mut conn = app.db.acquire().await?;
    let mut servers = db::server::list_all(&mut conn, actor.visible()).await?;
    swarm::introduce(&mut conn, actor.visible(), &mut servers).await?;
    Ok(servers)
}

/// Queues a validation.
pub async fn validate(app: &App, actor: &Actor, id: &ServerId) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let server = find(&mut tx, actor, id).await?;
    let operation = operations::ask(&mut tx, actor, validation_of(&server)).await?;
    db::server::set_operation(&mut tx, id, &operation.id).await?;
    tx.commit().await?;
    app.wake(id);
    Ok(operation)
}

/// Accepts another host key from now on, and queues a validation with it.
pub async fn repin(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    input: Repin,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let server = find(&mut tx, actor, id).await?;
    let now = Timestamp::now();
    if !db::server::repin(&mut tx, actor.team_id(), id, &input.fingerprint, now).await? {
        return Err(Error::refused(
            "no-host-key",
            format!("server `{}` is the local engine: it has no host key", server.name),
            "nothing has to be pinned",
        ));
    }
    let operation = queue_validation(&mut tx, actor.team_id(), &server).await?;
    let repinned = find(&mut tx, actor, id).await?;
    let what = "pinned to another host key";
    let entry = event(actor, "server.repinned", &server, what).part_of(&operation.id);
    events::record(&mut tx, entry.change(&server, &repinned), now).await?;
    tx.commit().await?;
    app.wake(id);
    Ok(operation)
}
