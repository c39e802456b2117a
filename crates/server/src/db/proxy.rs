//! Proxies: one a server. States move only by compare-and-set. Functions that take a team serve
//! people; those that do not serve the reconcilers, which name the row by its server.

use portolan_types::{
    Configuration, ObservedProxy, OperationId, PageQuery, Proxy, ProxyState, ServerId, TeamId,
    Timestamp,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{
    Window, json_option, moment, number, parsed, parsed_option,
    past::{self, New, kept},
    port, to_json,
};
use crate::{picture::facts::Thing, rights::Visible};

/// Proxies with the names of their servers, up to the condition.
macro_rules! select {
    ($($condition:tt)*) => {
        concat!(
            "select p.server_id, p.team_id, s.name as server_name, p.kind, p.image, p.http_port,
                    p.https_port, p.certificates, p.extra, p.state, p.reason, p.revision,
                    p.observed, p.configuration, p.operation_id, p.created_at, p.updated_at
             from proxies p
             join servers s on s.id = p.server_id
             ",
            $($condition)*
        )
    };
}

/// A proxy with what the API does not show.
#[derive(Debug, Clone)]
pub struct Assigned {
    pub team_id: TeamId,
    pub proxy: Proxy,
}

impl FromRow<'_, AnyRow> for Assigned {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            team_id: parsed(row, "team_id")?,
            proxy: Proxy {
                server_id: parsed(row, "server_id")?,
                server_name: parsed(row, "server_name")?,
                kind: parsed(row, "kind")?,
                image: parsed(row, "image")?,
                http_port: port(row, "http_port")?,
                https_port: port(row, "https_port")?,
                certificates: json_option(row, "certificates")?.unwrap_or_default(),
                extra: row.try_get("extra")?,
                state: parsed(row, "state")?,
                reason: row.try_get("reason")?,
                revision: number(row, "revision")?,
                observed: json_option(row, "observed")?,
                configuration: json_option(row, "configuration")?,
                operation_id: parsed_option(row, "operation_id")?,
                created_at: moment(row, "created_at")?,
                updated_at: moment(row, "updated_at")?,
            },
        })
    }
}

/// A second proxy of a server is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    proxy: &Proxy,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into proxies
             (server_id, team_id, kind, image, http_port, https_port, certificates, extra, state,
              reason, revision, operation_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
    )
    .bind(proxy.server_id.as_str())
    .bind(team.as_str())
    .bind(proxy.kind.as_str())
    .bind(proxy.image.as_str())
    .bind(i64::from(proxy.http_port.get()))
    .bind(i64::from(proxy.https_port.get()))
    .bind(to_json(&proxy.certificates)?)
    .bind(proxy.extra.as_deref())
    .bind(proxy.state.as_str())
    .bind(proxy.reason.as_deref())
    .bind(i64::from(proxy.revision))
    .bind(proxy.operation_id.as_ref().map(OperationId::as_str))
    .bind(proxy.created_at.as_millis())
    .execute(&mut *conn)
    .await?;
    let (id, server) = (proxy.server_id.as_str(), &proxy.server_id);
    let new = New { team, thing: Thing::Proxy, id, server };
    past::note_new(conn, &new, proxy.created_at).await
}

/// The server's proxy, if the team has the server and the server has one.
pub async fn find(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &ServerId,
) -> Result<Option<Proxy>, sqlx::Error> {
    let row: Option<Assigned> =
        sqlx::query_as(select!("where p.team_id = $1 and p.server_id = $2"))
            .bind(team.as_str())
            .bind(server.as_str())
            .fetch_optional(conn)
            .await?;
    Ok(row.map(|row| row.proxy))
}

/// Lets nobody move the server's proxy until the transaction is over: what is read after this stays
/// so.
pub async fn lock(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &ServerId,
) -> Result<(), sqlx::Error> {
    // SQLite lets one transaction write at a time anyway, and knows no `for update`.
    sqlx::query("update proxies set state = state where team_id = $1 and server_id = $2")
        .bind(team.as_str())
        .bind(server.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// The server's proxy, for its reconciler.
pub async fn find_assigned(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Option<Assigned>, sqlx::Error> {
    sqlx::query_as(select!("where p.server_id = $1"))
        .bind(server.as_str())
        .fetch_optional(conn)
        .await
}

/// The team's proxies, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    query: &PageQuery,
) -> Result<Vec<Proxy>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<Assigned> = window
        .query(select!(
            "where p.team_id = $1 and (p.created_at, p.server_id) > ($2, $3)
               and (lower(s.name) like $4 escape '!' or lower(p.image) like $4 escape '!')
               and ",
            visible!("6", server "p.server_id"),
            " order by p.created_at, p.server_id
             limit $5"
        ))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.proxy).collect())
}

/// Stores what the proxy is to be from now on, with its next revision. `false` when it is in
/// another state or revision than the one that was read.
pub async fn replace(
    conn: &mut AnyConnection,
    before: &Proxy,
    wanted: &Proxy,
) -> Result<bool, sqlx::Error> {
    let changes = kept!(proxy "server_id = $2 and state = $3");
    let texts = [before.server_id.as_str(), before.state.as_str()];
    past::keep(conn, changes, &texts, wanted.updated_at).await?;
    let done = sqlx::query(
        "update proxies
         set kind = $4, image = $5, http_port = $6, https_port = $7, certificates = $8, extra = $9,
             state = $10, reason = $11, revision = $12, operation_id = $13, updated_at = $14
         where server_id = $1 and state = $2 and revision = $3",
    )
    .bind(before.server_id.as_str())
    .bind(before.state.as_str())
    .bind(i64::from(before.revision))
    .bind(wanted.kind.as_str())
    .bind(wanted.image.as_str())
    .bind(i64::from(wanted.http_port.get()))
    .bind(i64::from(wanted.https_port.get()))
    .bind(to_json(&wanted.certificates)?)
    .bind(wanted.extra.as_deref())
    .bind(wanted.state.as_str())
    .bind(wanted.reason.as_deref())
    .bind(i64::from(wanted.revision))
    .bind(wanted.operation_id.as_ref().map(OperationId::as_str))
    .bind(wanted.updated_at.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The servers of the team's proxies.
pub async fn list_servers(
    conn: &mut AnyConnection,
    team: &TeamId,
) -> Result<Vec<ServerId>, sqlx::Error> {
    let rows = sqlx::query("select server_id from proxies where team_id = $1 order by server_id")
        .bind(team.as_str())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| parsed(row, "server_id")).collect()
}

/// All of the team's proxies, oldest first.
pub async fn list_all(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<Vec<Proxy>, sqlx::Error> {
    let rows: Vec<Assigned> = sqlx::query_as(select!(
        "where p.team_id = $1 and ",
        visible!("2", server "p.server_id"),
        " order by p.created_at, p.server_id"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.proxy).collect())
}

/// A move from one state to another.
#[derive(Debug, Clone)]
pub struct Move<'a> {
    pub from: ProxyState,
    pub to: ProxyState,
    /// The work that moves it: the row has to name it still. Later work begins from the same state.
    pub by: Option<&'a OperationId>,
    pub reason: Option<&'a str>,
    /// The operation that the move begins; the latest stays when there is none.
    pub operation: Option<&'a OperationId>,
}

/// Compare-and-set: `false` when the row is not in the state that the move starts from, or names
/// other work than the move's.
pub async fn advance(
    conn: &mut AnyConnection,
    server: &ServerId,
    step: &Move<'_>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    debug_assert!(step.from.may_become(step.to), "{} may not become {}", step.from, step.to);
    let texts = [server.as_str(), step.from.as_str()];
    past::keep(conn, kept!(proxy "server_id = $2 and state = $3"), &texts, now).await?;
    let done = sqlx::query(
        "update proxies
         set state = $3, reason = $4, operation_id = coalesce($5, operation_id), updated_at = $6
         where server_id = $1 and state = $2
           and (cast($7 as text) is null or operation_id = $7)",
    )
    .bind(server.as_str())
    .bind(step.from.as_str())
    .bind(step.to.as_str())
    .bind(step.reason)
    .bind(step.operation.map(OperationId::as_str))
    .bind(now.as_millis())
    .bind(step.by.map(OperationId::as_str))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores why it is in a state. `false` when it is in another, or names other work.
pub async fn set_reason(
    conn: &mut AnyConnection,
    read: &Proxy,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let changes = kept!(proxy "server_id = $2 and state = $3 and coalesce(reason, '') <> $4");
    let texts = [read.server_id.as_str(), read.state.as_str(), reason];
    past::keep(conn, changes, &texts, Timestamp::now()).await?;
    let done = sqlx::query(
        "update proxies set reason = $4
         where server_id = $1 and state = $2 and coalesce(operation_id, '') = $3",
    )
    .bind(read.server_id.as_str())
    .bind(read.state.as_str())
    .bind(read.operation_id.as_ref().map_or("", OperationId::as_str))
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores what Docker runs, whatever the state.
pub async fn set_observed(
    conn: &mut AnyConnection,
    server: &ServerId,
    observed: Option<&ObservedProxy>,
) -> Result<(), sqlx::Error> {
    let changes = match observed {
        Some(_) => kept!(proxy "server_id = $2 and observed is null"),
        None => kept!(proxy "server_id = $2 and observed is not null"),
    };
    past::keep(conn, changes, &[server.as_str()], Timestamp::now()).await?;
    sqlx::query("update proxies set observed = $2 where server_id = $1")
        .bind(server.as_str())
        .bind(observed.map(to_json).transpose()?)
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores how the proxy took its configuration, whatever the state.
pub async fn set_configuration(
    conn: &mut AnyConnection,
    server: &ServerId,
    configuration: &Configuration,
) -> Result<(), sqlx::Error> {
    sqlx::query("update proxies set configuration = $2 where server_id = $1")
        .bind(server.as_str())
        .bind(to_json(configuration)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes the row of a proxy that is gone, with its attachments.
pub async fn delete_gone(
    conn: &mut AnyConnection,
    server: &ServerId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let whole =
        [kept!(proxy "server_id = $2 and state = 'removing'"), kept!(attachment "server_id = $2")];
    past::keep_all(conn, whole, &[server.as_str()], now).await?;
    let done = sqlx::query("delete from proxies where server_id = $1 and state = 'removing'")
        .bind(server.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes the row whatever its state; Docker is not asked.
pub async fn forget(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &ServerId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let whole = [kept!(proxy "server_id = $2"), kept!(attachment "server_id = $2")];
    past::keep_all(conn, whole, &[server.as_str()], now).await?;
    let done = sqlx::query("delete from proxies where team_id = $1 and server_id = $2")
        .bind(team.as_str())
        .bind(server.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
