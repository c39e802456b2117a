//! Servers. Functions that take a team serve people; those that do not serve the reconcilers,
//! which work for all teams and name the row by its id.

use portolan_types::{
    Access, Engine, Name, OperationId, PageQuery, Reachability, Server, ServerId, ServerKind,
    SubnetPools, Swarm, TeamId, Timestamp, server::Fingerprint,
};
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::{
    Window, parsed,
    past::{self, New, kept},
    several, to_json,
};
use crate::{picture::facts::Thing, rights::Visible};

mod role;
mod row;

pub use role::{list_in_swarms, list_managers, set_role};
pub use row::Assigned;
use row::{columns, connection_columns};

/// A name, an address or a socket that the team has already is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &Server,
) -> Result<(), sqlx::Error> {
    let (of, socket, host, port, account, key_id) = connection_columns(&server.connection);
    sqlx::query(
        "insert into servers
             (id, team_id, name, description, connection, socket, host, port, account, key_id,
              revision, build_server, state, reachability, host_key_fingerprint,
              host_key_pinned_at, operation_id, created_at, updated_at, terminal)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12, $13, $14, $15, $16, $17, $17,
                 $18)",
    )
    .bind(server.id.as_str())
    .bind(team.as_str())
    .bind(server.name.as_str())
    .bind(server.description.as_str())
    .bind(of)
    .bind(socket)
    .bind(host)
    .bind(port)
    .bind(account)
    .bind(key_id)
    .bind(i64::from(server.build_server))
    .bind(server.state.as_str())
    .bind(server.reachability.as_str())
    .bind(server.host_key.as_ref().map(|key| key.fingerprint.as_str()))
    .bind(server.host_key.as_ref().map(|key| key.pinned_at.as_millis()))
    .bind(server.operation_id.as_ref().map(OperationId::as_str))
    .bind(server.created_at.as_millis())
    .bind(server.terminal.as_str())
    .execute(&mut *conn)
    .await?;
    let new = New { team, thing: Thing::Server, id: server.id.as_str(), server: &server.id };
    past::note_new(conn, &new, server.created_at).await
}

/// The server, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &ServerId,
) -> Result<Option<Server>, sqlx::Error> {
    let row: Option<Assigned> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from servers where team_id = $1 and id = $2 and ",
        visible!("3", server "servers.id")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.server))
}

/// The row for the reconciler that works on it.
pub async fn find_assigned(
    conn: &mut AnyConnection,
    id: &ServerId,
) -> Result<Option<Assigned>, sqlx::Error> {
    sqlx::query_as(concat!("select ", columns!(), " from servers where id = $1"))
        .bind(id.as_str())
        .fetch_optional(conn)
        .await
}

/// A build server of the team that answers, the oldest first.
pub async fn find_builder(
    conn: &mut AnyConnection,
    team: &TeamId,
) -> Result<Option<ServerId>, sqlx::Error> {
    let row = sqlx::query(
        "select id from servers
         where team_id = $1 and build_server = 1 and reachability = 'reachable'
         order by created_at, id
         limit 1",
    )
    .bind(team.as_str())
    .fetch_optional(conn)
    .await?;
    row.map(|row| parsed(&row, "id")).transpose()
}

/// Every server there is, for the start of the reconcilers.
pub async fn list_ids(conn: &mut AnyConnection) -> Result<Vec<ServerId>, sqlx::Error> {
    let rows = sqlx::query("select id from servers order by id").fetch_all(conn).await?;
    rows.iter().map(|row| parsed(row, "id")).collect()
}

/// Every server of a team by its name.
pub async fn list_names_of_team(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<Vec<(ServerId, Name)>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "select id, name from servers where team_id = $1 and ",
        visible!("2", server "servers.id")
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((parsed(row, "id")?, parsed(row, "name")?))).collect()
}

/// Every server of a team.
pub async fn list_ids_of_team(
    conn: &mut AnyConnection,
    team: &TeamId,
) -> Result<Vec<ServerId>, sqlx::Error> {
    let rows = sqlx::query("select id from servers where team_id = $1 order by id")
        .bind(team.as_str())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| parsed(row, "id")).collect()
}

/// The team's servers, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    query: &PageQuery,
) -> Result<Vec<Server>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<Assigned> = window
        .query(concat!(
            "select ",
            columns!(),
            " from servers
             where team_id = $1 and (created_at, id) > ($2, $3)
               and (lower(name) like $4 escape '!' or lower(coalesce(host, '')) like $4 escape '!')
               and ",
            visible!("6", server "servers.id"),
            " order by created_at, id
             limit $5"
        ))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.server).collect())
}

/// All of the team's servers, oldest first.
pub async fn list_all(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<Vec<Server>, sqlx::Error> {
    let rows: Vec<Assigned> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from servers where team_id = $1 and ",
        visible!("2", server "servers.id"),
        " order by created_at, id"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.server).collect())
}

/// The servers with these ids, as far as the team has them.
pub async fn list_some(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    ids: &[&ServerId],
) -> Result<Vec<Server>, sqlx::Error> {
    let sql = concat!(
        "select ",
        columns!(),
        " from servers where team_id = $1 and ",
        visible!("2", server "servers.id"),
        " and id in (?)"
    );
    let sql = sql.replace('?', &several::places(3, ids.len()));
    // Numbers of parameters, and nothing else.
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(visible.team().as_str()).bind(visible.by());
    let query = ids.iter().fold(query, |query, id| query.bind(id.as_str()));
    let rows: Vec<Assigned> = query.fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| row.server).collect())
}

/// Some of the team's servers that answer, oldest first.
pub async fn list_reachable(
    conn: &mut AnyConnection,
    team: &TeamId,
    limit: i64,
) -> Result<Vec<Server>, sqlx::Error> {
    let rows: Vec<Assigned> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from servers
         where team_id = $1 and state = 'ready' and reachability = 'reachable'
         order by created_at, id
         limit $2"
    ))
    .bind(team.as_str())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.server).collect())
}

/// Names of the servers that log in with a key; 20 at most.
pub async fn list_names_by_key(
    conn: &mut AnyConnection,
    team: &TeamId,
    key: &portolan_types::KeyId,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select name from servers where team_id = $1 and key_id = $2 order by name limit 20",
    )
    .bind(team.as_str())
    .bind(key.as_str())
    .fetch_all(conn)
    .await
}

/// Changes what does not concern the connection.
pub async fn update_labels(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &Server,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let (id, name) = (server.id.as_str(), server.name.as_str());
    past::keep(conn, kept!(server "id = $2 and name <> $3"), &[id, name], now).await?;
    let done = sqlx::query(
        "update servers set name = $3, description = $4, build_server = $5, updated_at = $6,
             terminal = $7
         where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(server.id.as_str())
    .bind(server.name.as_str())
    .bind(server.description.as_str())
    .bind(i64::from(server.build_server))
    .bind(now.as_millis())
    .bind(server.terminal.as_str())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives the server pools of its own, or the team's again.
pub async fn set_pools(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &ServerId,
    pools: &SubnetPools,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let pools = if pools.is_empty() { None } else { Some(to_json(pools)?) };
    sqlx::query("update servers set pools = $3, updated_at = $4 where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .bind(pools)
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Changes the connection: what was learned over the old one is forgotten.
pub async fn update_connection(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &Server,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    past::keep(conn, kept!(server "id = $2"), &[server.id.as_str()], now).await?;
    let (of, socket, host, port, account, key_id) = connection_columns(&server.connection);
    let done = sqlx::query(
        "update servers
         set connection = $3, socket = $4, host = $5, port = $6, account = $7, key_id = $8,
             revision = revision + 1, state = 'new', reason = null, access = null,
             host_key_algorithm = $9, host_key_fingerprint = $10, host_key = $11,
             host_key_pinned_at = $12, updated_at = $13
         where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(server.id.as_str())
    .bind(of)
    .bind(socket)
    .bind(host)
    .bind(port)
    .bind(account)
    .bind(key_id)
    .bind(server.host_key.as_ref().and_then(|key| key.algorithm.as_deref()))
    .bind(server.host_key.as_ref().map(|key| key.fingerprint.as_str()))
    .bind(server.host_key.as_ref().and_then(|key| key.public_key.as_deref()))
    .bind(server.host_key.as_ref().map(|key| key.pinned_at.as_millis()))
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Pins another host key by its fingerprint; the key itself is learned at the next contact.
pub async fn repin(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &ServerId,
    fingerprint: &Fingerprint,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update servers
         set host_key_algorithm = null, host_key = null, host_key_fingerprint = $3,
             host_key_pinned_at = $4, revision = revision + 1, updated_at = $4
         where team_id = $1 and id = $2 and connection = 'ssh'",
    )
    .bind(team.as_str())
    .bind(id.as_str())
    .bind(fingerprint.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Names the latest operation.
pub async fn set_operation(
    conn: &mut AnyConnection,
    id: &ServerId,
    operation: &OperationId,
) -> Result<(), sqlx::Error> {
    sqlx::query("update servers set operation_id = $2 where id = $1")
        .bind(id.as_str())
        .bind(operation.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes a server; the foreign key of `destinations` refuses one that has some.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &ServerId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    past::keep(conn, kept!(server "id = $2"), &[id.as_str()], now).await?;
    let done = sqlx::query("delete from servers where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// What validation learned.
#[derive(Debug, Clone)]
pub struct Validated {
    pub kind: ServerKind,
    pub swarm: Option<Swarm>,
    pub access: Access,
    pub engine: Engine,
    /// Algorithm, fingerprint and key; absent for the local socket.
    pub key: Option<crate::host::OfferedKey>,
}

/// Stores a successful validation, unless the connection was changed meanwhile.
pub async fn set_validated(
    conn: &mut AnyConnection,
    id: &ServerId,
    revision: i64,
    found: &Validated,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let changes = kept!(server "id = $2 and (state <> 'ready' or reason is not null)");
    past::keep(conn, changes, &[id.as_str()], now).await?;
    let (key, swarm) = (found.key.as_ref(), found.swarm.as_ref());
    let done = sqlx::query(
        "update servers
         set state = 'ready', reason = null, kind = $3, access = $4, engine = $5,
             host_key_algorithm = $6, host_key_fingerprint = $7, host_key = $8,
             host_key_pinned_at = coalesce(host_key_pinned_at, $9), last_contact_at = $10,
             updated_at = $10, swarm = $11, cluster_id = $12, node_id = $13
         where id = $1 and revision = $2",
    )
    .bind(id.as_str())
    .bind(revision)
    .bind(found.kind.as_str())
    .bind(found.access.as_str())
    .bind(to_json(&found.engine)?)
    .bind(key.map(|key| key.algorithm.as_str()))
    .bind(key.map(|key| key.fingerprint.as_str()))
    .bind(key.map(|key| key.public_key.as_str()))
    .bind(key.map(|_| now.as_millis()))
    .bind(now.as_millis())
    .bind(swarm.map(to_json).transpose()?)
    .bind(swarm.and_then(|swarm| swarm.cluster_id.as_deref()))
    .bind(swarm.map(|swarm| swarm.node_id.as_str()))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores a failed validation, unless the connection was changed meanwhile.
pub async fn set_invalid(
    conn: &mut AnyConnection,
    id: &ServerId,
    revision: i64,
    reason: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let changes = kept!(server "id = $2 and (state <> 'failed' or coalesce(reason, '') <> $3)");
    past::keep(conn, changes, &[id.as_str(), reason], now).await?;
    let done = sqlx::query(
        "update servers set state = 'failed', reason = $3, updated_at = $4
         where id = $1 and revision = $2",
    )
    .bind(id.as_str())
    .bind(revision)
    .bind(reason)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Moves the reachability. `false` when it was so already.
pub async fn set_reachability(
    conn: &mut AnyConnection,
    id: &ServerId,
    reachability: Reachability,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let texts = [id.as_str(), reachability.as_str()];
    past::keep(conn, kept!(server "id = $2 and reachability <> $3"), &texts, now).await?;
    let done =
        sqlx::query("update servers set reachability = $2 where id = $1 and reachability <> $2")
            .bind(id.as_str())
            .bind(reachability.as_str())
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that the server was heard of.
pub async fn touch(
    conn: &mut AnyConnection,
    id: &ServerId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update servers set last_contact_at = $2 where id = $1")
        .bind(id.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// How many servers are in each state of reachability, for the metrics.
pub async fn count_by_reachability(
    conn: &mut AnyConnection,
) -> Result<Vec<(Reachability, i64)>, sqlx::Error> {
    let rows = sqlx::query("select reachability, count(*) as n from servers group by reachability")
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok((parsed(row, "reachability")?, row.try_get("n")?))).collect()
}
