//! Servers: added, edited, validated, removed. The host itself is spoken to by the reconciler.

use portolan_types::{
    Connection, CreateServer, HostKey, Operation, OperationKind, Page, PageQuery, Reachability,
    RemovedServer, Repin, Server, ServerId, ServerState, Subject, Timestamp, UpdateServer,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    error::Refusal,
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    operations, page,
};

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
    let server = insert(&mut tx, actor, id, input).await?;
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
        operation_id: None,
        created_at: now,
        updated_at: now,
    };
    // The row comes first: a name that is taken must not leave an operation behind.
    db::server::insert(tx, actor.team_id(), &server)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&server)))?;
    let operation = queue_validation(tx, actor, &server).await?;
    server.operation_id = Some(operation.id);
    note(tx, actor, "server.added", &server, "added").await?;
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
        "choose another name, or use the server that is there (`portolan server list`)",
    )
}

/// A key of another team does not exist.
async fn check_key(
    conn: &mut AnyConnection,
    actor: &Actor,
    connection: &Connection,
) -> Result<(), Error> {
    let Connection::Ssh { key_id, .. } = connection else { return Ok(()) };
    let key = db::key::find(conn, actor.team_id(), key_id).await?;
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
async fn queue_validation(
    tx: &mut Transaction,
    actor: &Actor,
    server: &Server,
) -> Result<Operation, Error> {
    let subject = Subject::Server(server.id.clone());
    let kind = OperationKind::ValidateServer;
    let operation =
        operations::queue(tx, actor.team_id(), kind, subject, server.name.as_str()).await?;
    db::server::set_operation(tx, &server.id, &operation.id).await?;
    Ok(operation)
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
        message: format!("server `{}` was {what} by {}", server.name, actor.user.email),
    };
    Ok(events::record(conn, happened, Timestamp::now()).await?)
}

pub async fn show(app: &App, actor: &Actor, id: &ServerId) -> Result<Server, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, id).await
}

async fn find(conn: &mut AnyConnection, actor: &Actor, id: &ServerId) -> Result<Server, Error> {
    db::server::find(conn, actor.team_id(), id).await?.ok_or(Error::NotFound("server"))
}

pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Server>, Error> {
    let mut conn = app.db.acquire().await?;
    let servers = db::server::list(&mut conn, actor.team_id(), query).await?;
    Ok(page::of(servers, query, |server| (server.created_at, server.id.as_str())))
}

/// Edits a server. A changed connection is validated anew.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    input: UpdateServer,
) -> Result<Server, Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    let after = edited(&before, input);
    check_build_mark(&mut tx, actor, &before, &after).await?;
    db::server::update_labels(&mut tx, actor.team_id(), &after, Timestamp::now())
        .await
        .map_err(|error| Error::on_unique(error, || taken(&after)))?;
    if after.connection != before.connection {
        change_connection(&mut tx, actor, &after).await?;
    }
    note(&mut tx, actor, "server.edited", &after, "edited").await?;
    tx.commit().await?;
    app.wake(id);
    show(app, actor, id).await
}

async fn change_connection(
    tx: &mut Transaction,
    actor: &Actor,
    server: &Server,
) -> Result<(), Error> {
    check_socket(&server.connection)?;
    check_key(tx, actor, &server.connection).await?;
    db::server::update_connection(tx, actor.team_id(), server, Timestamp::now())
        .await
        .map_err(|error| Error::on_unique(error, || taken(server)))?;
    queue_validation(tx, actor, server).await?;
    Ok(())
}

fn edited(before: &Server, input: UpdateServer) -> Server {
    let mut after = before.clone();
    after.name = input.name.unwrap_or(after.name);
    after.description = input.description.unwrap_or(after.description);
    after.build_server = input.build_server.unwrap_or(after.build_server);
    after.connection = input.connection.unwrap_or(after.connection);
    // Another address is another host: its key is met anew.
    if !same_host(&before.connection, &after.connection) {
        after.host_key = None;
    }
    after
}

fn same_host(a: &Connection, b: &Connection) -> bool {
    match (a, b) {
        (
            Connection::Ssh { host: host_a, port: port_a, .. },
            Connection::Ssh { host: host_b, port: port_b, .. },
        ) => host_a == host_b && port_a == port_b,
        (Connection::Local { socket: a }, Connection::Local { socket: b }) => a == b,
        (Connection::Local { .. }, Connection::Ssh { .. })
        | (Connection::Ssh { .. }, Connection::Local { .. }) => false,
    }
}

async fn check_build_mark(
    conn: &mut AnyConnection,
    actor: &Actor,
    before: &Server,
    after: &Server,
) -> Result<(), Error> {
    if before.build_server || !after.build_server {
        return Ok(());
    }
    let blockers = db::destination::list_names(conn, actor.team_id(), &before.id).await?;
    if blockers.is_empty() {
        return Ok(());
    }
    Err(Error::Refused(Refusal {
        code: "server-has-destinations",
        message: format!(
            "server `{}` has destinations: it cannot become a build server",
            before.name
        ),
        remedy: Some("remove its destinations first".into()),
        blockers,
    }))
}

/// Queues a validation.
pub async fn validate(app: &App, actor: &Actor, id: &ServerId) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let server = find(&mut tx, actor, id).await?;
    let operation = queue_validation(&mut tx, actor, &server).await?;
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
    let operation = queue_validation(&mut tx, actor, &server).await?;
    note(&mut tx, actor, "server.repinned", &server, "pinned to another host key").await?;
    tx.commit().await?;
    app.wake(id);
    Ok(operation)
}

/// What to do with destinations of a server that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Refuse when there are some.
    Empty,
    /// Forget them: the host is gone for good, nothing is removed from it.
    Forget,
}

/// Removes a server from Portolan; its host is not touched.
pub async fn delete(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    removal: Removal,
) -> Result<RemovedServer, Error> {
    let mut tx = app.db.begin().await?;
    let server = find(&mut tx, actor, id).await?;
    let left_behind = match removal {
        Removal::Empty => refuse_destinations(&mut tx, actor, &server).await?,
        Removal::Forget => forget(&mut tx, actor, &server).await?,
    };
    db::server::delete(&mut tx, actor.team_id(), id)
        .await
        .map_err(|error| Error::on_foreign_key(error, || has_destinations(&server, Vec::new())))?;
    note(&mut tx, actor, "server.removed", &server, "removed").await?;
    tx.commit().await?;
    app.wake(id);
    Ok(RemovedServer { left_behind })
}

async fn refuse_destinations(
    conn: &mut AnyConnection,
    actor: &Actor,
    server: &Server,
) -> Result<Vec<String>, Error> {
    let names = db::destination::list_names(conn, actor.team_id(), &server.id).await?;
    if names.is_empty() { Ok(names) } else { Err(has_destinations(server, names)) }
}

fn has_destinations(server: &Server, blockers: Vec<String>) -> Error {
    Error::Refused(Refusal {
        code: "server-has-destinations",
        message: format!("server `{}` has destinations", server.name),
        remedy: Some(
            "remove its destinations first; if the host is gone for good, forget it (`--forget`): \
             its networks then stay on it"
                .into(),
        ),
        blockers,
    })
}

async fn forget(
    tx: &mut Transaction,
    actor: &Actor,
    server: &Server,
) -> Result<Vec<String>, Error> {
    if server.reachability == Reachability::Reachable {
        return Err(Error::refused(
            "server-reachable",
            format!("server `{}` answers: it is not gone", server.name),
            "remove its destinations, then the server; only a host that does not answer can be forgotten",
        ));
    }
    Ok(db::destination::forget_of_server(tx, actor.team_id(), &server.id).await?)
}
