//! Routes. The unique claim to a host and path on a proxy decides races of the same address.

use portolan_types::{
    ApplicationId, ContainerName, DarkRoute, DestinationId, PageQuery, Route, RouteHost, RouteId,
    RouteOptions, RouteState, RouteUser, ServerId, TeamId, Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{
    Window, json_option, moment, parsed, parsed_option,
    past::{self, New, kept},
    port, to_json,
};
use crate::{picture::facts::Thing, rights::Visible};

/// Routes with the names of their destinations and servers, up to the condition.
macro_rules! select {
    ($($condition:tt)*) => {
        concat!(
            "select r.id, r.destination_id, d.name as destination_name, d.network, d.server_id,
                    s.name as server_name, r.host, r.path, r.target, r.application_id, r.port, r.options,
                    r.password_hash, r.state, r.reason, r.created_at, r.updated_at
             from routes r
             join destinations d on d.id = r.destination_id
             join servers s on s.id = d.server_id
             ",
            $($condition)*
        )
    };
}

/// A route with what the API does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    pub route: Route,
    /// bcrypt, in the form that proxies take.
    pub password_hash: Option<String>,
}

/// The JSON of what is only read whole.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Rest {
    options: RouteOptions,
    user: Option<RouteUser>,
}

impl FromRow<'_, AnyRow> for Assigned {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let rest: Rest = json_option(row, "options")?.unwrap_or_default();
        Ok(Self {
            password_hash: row.try_get("password_hash")?,
            route: Route {
                id: parsed(row, "id")?,
                destination_id: parsed(row, "destination_id")?,
                destination_name: parsed(row, "destination_name")?,
                network: parsed(row, "network")?,
                server_id: parsed(row, "server_id")?,
                server_name: parsed(row, "server_name")?,
                host: parsed(row, "host")?,
                path: parsed(row, "path")?,
                target: parsed(row, "target")?,
                application_id: parsed_option(row, "application_id")?,
                port: port(row, "port")?,
                options: rest.options,
                user: rest.user,
                state: parsed(row, "state")?,
                reason: row.try_get("reason")?,
                created_at: moment(row, "created_at")?,
                updated_at: moment(row, "updated_at")?,
            },
        })
    }
}

/// The hosts that a route claims in a scope.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// A server's id, or a swarm's cluster id.
    pub scope: &'a str,
    pub host: &'a RouteHost,
    /// Whose requests are sent on.
    pub other_host: Option<&'a RouteHost>,
}

/// The same host and path in the same scope is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    claim: &Claim<'_>,
    row: &Assigned,
) -> Result<(), sqlx::Error> {
    let route = &row.route;
    let rest = Rest { options: route.options.clone(), user: route.user.clone() };
    sqlx::query(
        "insert into routes
             (id, team_id, destination_id, scope, host, path, other_host, target, port, options,
              password_hash, state, created_at, updated_at, application_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14)",
    )
    .bind(route.id.as_str())
    .bind(team.as_str())
    .bind(route.destination_id.as_str())
    .bind(claim.scope)
    .bind(claim.host.as_str())
    .bind(route.path.as_str())
    .bind(claim.other_host.map(RouteHost::as_str))
    .bind(route.target.as_str())
    .bind(i64::from(route.port.get()))
    .bind(to_json(&rest)?)
    .bind(row.password_hash.as_deref())
    .bind(route.state.as_str())
    .bind(route.created_at.as_millis())
    .bind(route.application_id.as_ref().map(ApplicationId::as_str))
    .execute(&mut *conn)
    .await?;
    let (id, server) = (route.id.as_str(), &route.server_id);
    past::note_new(conn, &New { team, thing: Thing::Route, id, server }, route.created_at).await
}

/// Stores another target and other options; it is to be told to the proxy again.
pub async fn replace(
    conn: &mut AnyConnection,
    team: &TeamId,
    claim: &Claim<'_>,
    row: &Assigned,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let route = &row.route;
    past::keep(conn, kept!(route "id = $2"), &[route.id.as_str()], now).await?;
    let rest = Rest { options: route.options.clone(), user: route.user.clone() };
    let done = sqlx::query(
        "update routes
         set other_host = $3, target = $4, port = $5, options = $6, password_hash = $7,
             state = 'pending', reason = null, updated_at = $8
         where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(route.id.as_str())
    .bind(claim.other_host.map(RouteHost::as_str))
    .bind(route.target.as_str())
    .bind(i64::from(route.port.get()))
    .bind(to_json(&rest)?)
    .bind(row.password_hash.as_deref())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The route, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &RouteId,
) -> Result<Option<Assigned>, sqlx::Error> {
    sqlx::query_as(select!(
        "where r.team_id = $1 and r.id = $2 and ",
        visible!("3", server "d.server_id")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await
}

/// The team's routes, oldest first; of one destination when it is given.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    destination: Option<&DestinationId>,
    query: &PageQuery,
) -> Result<Vec<Route>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<Assigned> = window
        .query(select!(
            "where r.team_id = $1 and (r.created_at, r.id) > ($2, $3)
               and ((r.host || lower(r.path)) like $4 escape '!' or lower(r.target) like $4 escape '!'
                    or lower(d.name) like $4 escape '!')
               and (cast($7 as text) is null or r.destination_id = $7)
               and ",
            visible!("6", server "d.server_id"),
            " order by r.created_at, r.id
             limit $5"
        ))
        .bind(destination.map(DestinationId::as_str))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.route).collect())
}

/// All of the team's routes, by host and path.
pub async fn list_all(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<Vec<Route>, sqlx::Error> {
    let rows: Vec<Assigned> = sqlx::query_as(select!(
        "where r.team_id = $1 and ",
        visible!("2", server "d.server_id"),
        " order by r.host, r.path, r.id"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.route).collect())
}

/// Every route of a proxy, by host and path, for its reconciler.
pub async fn list_of_scope(
    conn: &mut AnyConnection,
    scope: &str,
) -> Result<Vec<Assigned>, sqlx::Error> {
    sqlx::query_as(select!("where r.scope = $1 order by r.host, r.path"))
        .bind(scope)
        .fetch_all(conn)
        .await
}

/// Routes that answer for one of these hosts on a proxy, or send its requests on.
pub async fn list_claiming(
    conn: &mut AnyConnection,
    scope: &str,
    host: &RouteHost,
    other_host: Option<&RouteHost>,
) -> Result<Vec<Assigned>, sqlx::Error> {
    sqlx::query_as(select!(
        "where r.scope = $1
           and (r.host in ($2, $3) or r.other_host in ($2, $3))
         order by r.host, r.path"
    ))
    .bind(scope)
    .bind(host.as_str())
    .bind(other_host.unwrap_or(host).as_str())
    .fetch_all(conn)
    .await
}

/// The team's routes to a container of a server; 20 at most.
pub async fn list_to(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &ServerId,
    target: &ContainerName,
) -> Result<Vec<Route>, sqlx::Error> {
    let rows: Vec<Assigned> = sqlx::query_as(select!(
        "where r.team_id = $1 and d.server_id = $2 and r.target = $3
         order by r.host, r.path
         limit 20"
    ))
    .bind(team.as_str())
    .bind(server.as_str())
    .bind(target.as_str())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.route).collect())
}

/// Addresses and targets of a destination's routes; 100 at most.
pub async fn list_ways(
    conn: &mut AnyConnection,
    destination: &DestinationId,
) -> Result<Vec<DarkRoute>, sqlx::Error> {
    let rows = sqlx::query(
        "select host || path as rule, target from routes
         where destination_id = $1 order by host, path limit 100",
    )
    .bind(destination.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(way).collect()
}

fn way(row: &AnyRow) -> Result<DarkRoute, sqlx::Error> {
    Ok(DarkRoute { rule: row.try_get("rule")?, container: row.try_get("target")? })
}

/// Stores how a route is doing, as its proxy's reconciler found. `false` when it is so already, or
/// was changed since it was read.
pub async fn set_state(
    conn: &mut AnyConnection,
    read: &Route,
    state: RouteState,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let texts = [read.id.as_str(), state.as_str()];
    past::keep(conn, kept!(route "id = $2 and state <> $3"), &texts, now).await?;
    let done = sqlx::query(
        "update routes set state = $3, reason = $4
         where id = $1 and updated_at = $2
           and (state <> $3 or coalesce(reason, '') <> coalesce($4, ''))",
    )
    .bind(read.id.as_str())
    .bind(read.updated_at.as_millis())
    .bind(state.as_str())
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes the row. `false` when the team has no such route.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &RouteId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    past::keep(conn, kept!(route "id = $2"), &[id.as_str()], now).await?;
    let done = sqlx::query("delete from routes where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes the routes of a destination that is forgotten; its proxy is not told.
pub async fn delete_of_destination(
    conn: &mut AnyConnection,
    destination: &DestinationId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    past::keep(conn, kept!(route "destination_id = $2"), &[destination.as_str()], now).await?;
    sqlx::query("delete from routes where destination_id = $1")
        .bind(destination.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// The same for every destination of a server that is forgotten.
pub async fn delete_of_server(
    conn: &mut AnyConnection,
    server: &ServerId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let on_it = kept!(route
        "destination_id in (select d.id from destinations d where d.server_id = $2)");
    past::keep(conn, on_it, &[server.as_str()], now).await?;
    sqlx::query(
        "delete from routes
         where destination_id in (select id from destinations where server_id = $1)",
    )
    .bind(server.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// Over which network routes lead.
#[derive(Debug)]
pub struct Over<'a> {
    pub destination: &'a DestinationId,
    /// A server's id, or a swarm's cluster id.
    pub scope: &'a str,
}

/// Leads the routes of an application to another container, over another network where one is named:
/// there, an address that another route has is a unique violation. Their proxy is to be told. Answers how
/// many there are.
pub async fn retarget(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    (target, over): (&ContainerName, Option<&Over<'_>>),
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    past::keep(conn, kept!(route "application_id = $2"), &[application.as_str()], now).await?;
    let done = sqlx::query(
        "update routes
         set target = $2, destination_id = coalesce($4, destination_id),
             scope = coalesce($5, scope), state = 'pending', reason = null, updated_at = $3
         where application_id = $1",
    )
    .bind(application.as_str())
    .bind(target.as_str())
    .bind(now.as_millis())
    .bind(over.map(|over| over.destination.as_str()))
    .bind(over.map(|over| over.scope))
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// How the routes of an application are doing, with their reasons.
pub async fn list_states(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Vec<(RouteState, Option<String>)>, sqlx::Error> {
    let rows = sqlx::query("select state, reason from routes where application_id = $1")
        .bind(application.as_str())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok((parsed(row, "state")?, row.try_get("reason")?))).collect()
}

/// The ways to an application.
pub async fn list_of_application(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Vec<DarkRoute>, sqlx::Error> {
    let rows = sqlx::query(
        "select host || path as rule, target from routes
         where application_id = $1 order by host, path limit 100",
    )
    .bind(application.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(way).collect()
}

/// The routes to an application, whoever sees them.
pub async fn list_led(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Vec<Assigned>, sqlx::Error> {
    sqlx::query_as(select!("where r.application_id = $1 order by r.host, r.path"))
        .bind(application.as_str())
        .fetch_all(conn)
        .await
}

/// Removes the routes of an application that goes.
pub async fn delete_of_application(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    past::keep(conn, kept!(route "application_id = $2"), &[application.as_str()], now).await?;
    sqlx::query("delete from routes where application_id = $1")
        .bind(application.as_str())
        .execute(conn)
        .await?;
    Ok(())
}
