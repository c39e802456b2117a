//! Editing a server: labels at once, a changed connection with a new validation.

use portolan_types::{Connection, Server, ServerId, Timestamp, UpdateServer};
use sqlx::AnyConnection;

use super::{check_key, check_socket, event, find, queue_validation, show, taken};
use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    error::Refusal,
    events,
    policy::Policy,
};

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
    if after.terminal != before.terminal {
        // Who may have a shell on the host is no say of those who manage what is on it.
        actor.require(Policy::Admin)?;
    }
    // Writing comes first: it locks the row, and a destination that is created at this moment is
    // either seen by the check or sees the mark.
    db::server::update_labels(&mut tx, actor.team_id(), &after, Timestamp::now())
        .await
        .map_err(|error| Error::on_unique(error, || taken(&after)))?;
    check_build_mark(&mut tx, actor, &before, &after).await?;
    if after.pools != before.pools {
        let now = Timestamp::now();
        db::server::set_pools(&mut tx, actor.team_id(), id, &after.pools, now).await?;
    }
    if after.connection != before.connection {
        change_connection(&mut tx, actor, &after).await?;
    }
    let entry = event(actor, "server.edited", &after, "edited").change(&before, &after);
    events::record(&mut tx, entry, Timestamp::now()).await?;
    tx.commit().await?;
    app.wake(id);
    show(app, actor, id).await
}

async fn change_connection(
    tx: &mut Transaction,
    actor: &Actor,
    server: &Server,
) -> Result<(), Error> {
    // Another host, and the team's keys with which it is entered, are more than this one server.
    actor.require(Policy::Admin)?;
    check_socket(&server.connection)?;
    check_key(tx, actor, &server.connection).await?;
    db::server::update_connection(tx, actor.team_id(), server, Timestamp::now())
        .await
        .map_err(|error| Error::on_unique(error, || taken(server)))?;
    queue_validation(tx, actor.team_id(), server).await?;
    Ok(())
}

fn edited(before: &Server, input: UpdateServer) -> Server {
    let mut after = before.clone();
    after.name = input.name.unwrap_or(after.name);
    after.description = input.description.unwrap_or(after.description);
    after.build_server = input.build_server.unwrap_or(after.build_server);
    after.terminal = input.terminal.unwrap_or(after.terminal);
    after.pools = input.pools.unwrap_or(after.pools);
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
