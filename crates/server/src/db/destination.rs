//! Destinations. States move only by compare-and-set. Functions that take a team serve people;
//! those that do not serve the reconcilers, which name the row by its id.

use portolan_types::{
    Destination, DestinationId, DestinationKind, DestinationState, NetworkOptions, OperationId,
    PageQuery, PlannedSubnets, ServerId, TeamId, Timestamp, destination::Observed,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{
    Window, json_option, moment, number, parsed, parsed_option,
    past::{self, New, kept},
    to_json,
};
use crate::{picture::facts::Thing, rights::Visible};

/// Destinations with the names of their servers, up to the condition.
macro_rules! select {
    ($($condition:tt)*) => {
        concat!(
            "select d.id, d.team_id, d.server_id, s.name as server_name, d.name, d.network, d.kind,
                    d.origin, d.proxy, d.verify_every, d.state, d.reason, d.options, d.planned,
                    d.revision, d.cluster_id, d.observed, d.nodes, d.operation_id, d.created_at, d.updated_at
             from destinations d
             join servers s on s.id = d.server_id
             ",
            $($condition)*
        )
    };
}

mod choices;
mod counts;
mod removal;
mod swarm;

pub use choices::{rename, set_proxy, set_verify_every};
pub use counts::count_by_server;
pub use removal::{delete_gone, forget, forget_of_server};
pub use swarm::{
    find_in_cluster, list_of_cluster, move_to, set_changing_reason, set_nodes, set_waiting_reason,
    take_over,
};

/// A destination with what the API does not show.
#[derive(Debug, Clone)]
pub struct Assigned {
    pub team_id: TeamId,
    pub destination: Destination,
}

impl FromRow<'_, AnyRow> for Assigned {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            team_id: parsed(row, "team_id")?,
            destination: Destination {
                id: parsed(row, "id")?,
                server_id: parsed(row, "server_id")?,
                server_name: parsed(row, "server_name")?,
                name: parsed(row, "name")?,
                network: parsed(row, "network")?,
                kind: parsed(row, "kind")?,
                origin: parsed(row, "origin")?,
                proxy: parsed(row, "proxy")?,
                verify_every: parsed(row, "verify_every")?,
                state: parsed(row, "state")?,
                reason: row.try_get("reason")?,
                options: json_option(row, "options")?.unwrap_or_default(),
                planned: json_option(row, "planned")?.unwrap_or_default(),
                revision: number(row, "revision")?,
                cluster_id: row.try_get("cluster_id")?,
                observed: json_option(row, "observed")?,
                nodes: json_option(row, "nodes")?.unwrap_or_default(),
                operation_id: parsed_option(row, "operation_id")?,
                created_at: moment(row, "created_at")?,
                updated_at: moment(row, "updated_at")?,
            },
        })
    }
}

/// A duplicate network on the server, or in its swarm, is a unique violation: the database decides
/// the race.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    destination: &Destination,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into destinations
             (id, team_id, server_id, network, name, kind, origin, state, options, planned,
              revision, cluster_id, operation_id, created_at, updated_at, proxy, verify_every)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $16)",
    )
    .bind(destination.id.as_str())
    .bind(team.as_str())
    .bind(destination.server_id.as_str())
    .bind(destination.network.as_str())
    .bind(destination.name.as_str())
    .bind(destination.kind.as_str())
    .bind(destination.origin.as_str())
    .bind(destination.state.as_str())
    .bind(to_json(&destination.options)?)
    .bind(to_json(&destination.planned)?)
    .bind(i64::from(destination.revision))
    .bind(destination.cluster_id.as_deref())
    .bind(destination.operation_id.as_ref().map(OperationId::as_str))
    .bind(destination.created_at.as_millis())
    .bind(destination.proxy.as_str())
    .bind(destination.verify_every.to_string())
    .execute(&mut *conn)
    .await?;
    let (id, server) = (destination.id.as_str(), &destination.server_id);
    let new = New { team, thing: Thing::Destination, id, server };
    past::note_new(conn, &new, destination.created_at).await
}

/// The Docker name of a destination's network.
pub async fn find_network(
    conn: &mut AnyConnection,
    id: &DestinationId,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("select network from destinations where id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await
}

/// The destination that a network of a server is, if the team has it.
pub async fn find_by_network(
    conn: &mut AnyConnection,
    (visible, server, network): (Visible<'_>, &ServerId, &str),
) -> Result<Option<DestinationId>, sqlx::Error> {
    let id: Option<String> = sqlx::query_scalar(
        "select id from destinations where team_id = $1 and server_id = $2 and network = $3",
    )
    .bind(visible.team().as_str())
    .bind(server.as_str())
    .bind(network)
    .fetch_optional(conn)
    .await?;
    id.map(|id| id.parse())
        .transpose()
        .map_err(|error: portolan_types::Invalid| sqlx::Error::Decode(error.into()))
}

/// The destination, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &DestinationId,
) -> Result<Option<Destination>, sqlx::Error> {
    let row: Option<Assigned> = sqlx::query_as(select!(
        "where d.team_id = $1 and d.id = $2 and ",
        visible!("3", server "d.server_id")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.destination))
}

/// Which destinations are listed; `None` asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// With those of the swarm that it manages.
    pub server: Option<ServerId>,
    pub kind: Option<DestinationKind>,
    pub state: Option<DestinationState>,
}

/// The team's destinations, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    filter: &Filter,
    query: &PageQuery,
) -> Result<Vec<Destination>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<Assigned> = window
        .query(select!(
            "where d.team_id = $1 and (d.created_at, d.id) > ($2, $3)
               and (cast($7 as text) is null or d.server_id = $7 or d.cluster_id =
                    (select m.cluster_id from servers m where m.id = $7 and m.team_id = $1))
               and (cast($8 as text) is null or d.kind = $8)
               and (cast($9 as text) is null or d.state = $9)
               and (lower(d.name) like $4 escape '!' or lower(d.network) like $4 escape '!')
               and ",
            visible!("6", server "d.server_id"),
            " order by d.created_at, d.id
             limit $5"
        ))
        .bind(filter.server.as_ref().map(ServerId::as_str))
        .bind(filter.kind.map(DestinationKind::as_str))
        .bind(filter.state.map(DestinationState::as_str))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.destination).collect())
}

/// Names of a server's destinations; 20 at most.
pub async fn list_names(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &ServerId,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select name from destinations where team_id = $1 and server_id = $2
         order by name limit 20",
    )
    .bind(team.as_str())
    .bind(server.as_str())
    .fetch_all(conn)
    .await
}

/// Every destination of a server, for its reconciler.
pub async fn list_assigned(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Vec<Assigned>, sqlx::Error> {
    sqlx::query_as(select!(
        "where d.server_id = $1
         order by d.created_at, d.id"
    ))
    .bind(server.as_str())
    .fetch_all(conn)
    .await
}

/// Holds the row until the end of the transaction: whoever puts something there waits.
pub async fn lock(conn: &mut AnyConnection, id: &DestinationId) -> Result<(), sqlx::Error> {
    sqlx::query("update destinations set team_id = team_id where id = $1")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether there is such a destination, of whatever team.
pub async fn exists(conn: &mut AnyConnection, id: &DestinationId) -> Result<bool, sqlx::Error> {
    let row = sqlx::query("select 1 from destinations where id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// What takes addresses: the destinations of a server and of its swarm, or the whole team's.
pub async fn list_planned(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    server: Option<&ServerId>,
) -> Result<Vec<Destination>, sqlx::Error> {
    let rows: Vec<Assigned> = sqlx::query_as(select!(
        "where d.team_id = $1
           and (cast($2 as text) is null or d.server_id = $2
                or s.cluster_id = (select cluster_id from servers where id = $2))
           and ",
        visible!("3", server "d.server_id"),
        " order by d.created_at, d.id"
    ))
    .bind(visible.team().as_str())
    .bind(server.map(ServerId::as_str))
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.destination).collect())
}

/// Stores other subnets for a network that is not made yet. `false` when it moved meanwhile.
pub async fn set_planned(
    conn: &mut AnyConnection,
    destination: &Destination,
    planned: &PlannedSubnets,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("update destinations set planned = $3 where id = $1 and state = $2")
        .bind(destination.id.as_str())
        .bind(destination.state.as_str())
        .bind(to_json(planned)?)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A move from one state to another.
#[derive(Debug, Clone)]
pub struct Move<'a> {
    pub from: DestinationState,
    pub to: DestinationState,
    pub reason: Option<&'a str>,
    /// The operation that the move begins; the latest stays when there is none.
    pub operation: Option<&'a OperationId>,
}

/// Compare-and-set: `false` when the row is not in the state that the move starts from.
pub async fn advance(
    conn: &mut AnyConnection,
    id: &DestinationId,
    step: &Move<'_>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    debug_assert!(step.from.may_become(step.to), "{} may not become {}", step.from, step.to);
    let texts = [id.as_str(), step.from.as_str()];
    past::keep(conn, kept!(destination "id = $2 and state = $3"), &texts, now).await?;
    let done = sqlx::query(
        "update destinations
         set state = $3, reason = $4, operation_id = coalesce($5, operation_id), updated_at = $6
         where id = $1 and state = $2",
    )
    .bind(id.as_str())
    .bind(step.from.as_str())
    .bind(step.to.as_str())
    .bind(step.reason)
    .bind(step.operation.map(OperationId::as_str))
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A drifted destination has another reason, or is repaired now. `false` when it is not drifted any
/// more, or when other work on it was begun.
pub async fn stay_drifted(
    conn: &mut AnyConnection,
    destination: &Destination,
    reason: Option<&str>,
    operation: Option<&OperationId>,
) -> Result<bool, sqlx::Error> {
    let changes = kept!(destination "id = $2 and state = 'drifted' and coalesce(reason, '') <> $3");
    let texts = [destination.id.as_str(), reason.unwrap_or_default()];
    past::keep(conn, changes, &texts, Timestamp::now()).await?;
    let done = sqlx::query(
        "update destinations set reason = $2, operation_id = coalesce($3, operation_id)
         where id = $1 and state = 'drifted' and coalesce(operation_id, '') = $4",
    )
    .bind(destination.id.as_str())
    .bind(reason)
    .bind(operation.map(OperationId::as_str))
    .bind(destination.operation_id.as_ref().map_or("", OperationId::as_str))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a network was made by.
#[derive(Debug, Clone)]
pub struct Made<'a> {
    pub options: &'a NetworkOptions,
    pub planned: &'a PlannedSubnets,
    pub revision: u32,
}

/// Stores by what the network is made from now on, with the move that ends a change.
pub async fn set_made(
    conn: &mut AnyConnection,
    id: &DestinationId,
    made: &Made<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update destinations set options = $2, planned = $3, revision = $4 where id = $1")
        .bind(id.as_str())
        .bind(to_json(made.options)?)
        .bind(to_json(made.planned)?)
        .bind(i64::from(made.revision))
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores what Docker has, whatever the state.
pub async fn set_observed(
    conn: &mut AnyConnection,
    id: &DestinationId,
    observed: &Observed,
) -> Result<(), sqlx::Error> {
    let changes = kept!(destination "id = $2 and observed is null");
    past::keep(conn, changes, &[id.as_str()], Timestamp::now()).await?;
    sqlx::query("update destinations set observed = $2 where id = $1")
        .bind(id.as_str())
        .bind(to_json(observed)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// How many destinations are in each state, for the metrics.
pub async fn count_by_state(
    conn: &mut AnyConnection,
) -> Result<Vec<(DestinationState, i64)>, sqlx::Error> {
    let rows = sqlx::query("select state, count(*) as n from destinations group by state")
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok((parsed(row, "state")?, row.try_get("n")?))).collect()
}
