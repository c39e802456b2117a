//! Stacks. Their services are in `service`, their networks in `network`. That a name is there once in an
//! environment decides races.

use portolan_types::{
    DestinationId, EnvironmentId, PageQuery, ServerId, Stack, StackId, TeamId, Timestamp,
};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row, any::AnyRow};

use super::{Window, moment, parsed, parsed_option, several};
use crate::rights::Visible;

pub mod network;
pub mod service;
pub mod visit;

/// A stack without its services and networks, which are in other tables.
#[derive(Debug, Clone)]
pub struct Kept {
    pub stack: Stack,
    pub sealed_source: String,
    /// The destination's network.
    pub network: String,
}

impl FromRow<'_, AnyRow> for Kept {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            sealed_source: row.try_get("sealed_source")?,
            network: row.try_get("network")?,
            stack: Stack {
                id: parsed(row, "id")?,
                project_id: parsed(row, "project_id")?,
                project_name: parsed(row, "project_name")?,
                environment_id: parsed(row, "environment_id")?,
                environment_name: parsed(row, "environment_name")?,
                destination_id: parsed(row, "destination_id")?,
                destination_name: parsed_option(row, "destination_name")?,
                server_id: parsed(row, "server_id")?,
                server_name: parsed_option(row, "server_name")?,
                name: parsed(row, "name")?,
                state: parsed(row, "state")?,
                services: Vec::new(),
                networks: Vec::new(),
                visits: Vec::new(),
                source: None,
                created_at: moment(row, "created_at")?,
                updated_at: moment(row, "updated_at")?,
            },
        })
    }
}

/// Stacks with the names of where they are, as somebody sees them.
macro_rules! select {
    ($by:literal, $($rest:tt)*) => {
        concat!(
            "select k.id, e.project_id, p.name as project_name, k.environment_id,
                    e.name as environment_name, k.destination_id, d.network, d.server_id,
                    case when ", visible!($by, server "d.server_id"), " then d.name end
                        as destination_name,
                    case when ", visible!($by, server "d.server_id"), " then s.name end
                        as server_name,
                    k.name, k.state, k.sealed_source, k.created_at, k.updated_at
             from stacks k
             join environments e on e.id = k.environment_id
             join projects p on p.id = e.project_id
             join destinations d on d.id = k.destination_id
             join servers s on s.id = d.server_id
             ",
            $($rest)*
        )
    };
}

/// A name that the environment has already is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    (new, sealed): (&Stack, &str),
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into stacks
             (id, team_id, environment_id, destination_id, name, state, sealed_source, created_at,
              updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
    )
    .bind(new.id.as_str())
    .bind(team.as_str())
    .bind(new.environment_id.as_str())
    .bind(new.destination_id.as_str())
    .bind(new.name.as_str())
    .bind(new.state.as_str())
    .bind(sealed)
    .bind(new.created_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The stack, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &StackId,
) -> Result<Option<Kept>, sqlx::Error> {
    sqlx::query_as(select!(
        "3",
        "where k.team_id = $1 and k.id = $2 and ",
        visible!("3", project "e.project_id")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await
}

/// The team's stacks, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    environment: Option<&EnvironmentId>,
    query: &PageQuery,
) -> Result<Vec<Kept>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    window
        .query(select!(
            "6",
            "where k.team_id = $1 and (k.created_at, k.id) > ($2, $3)
               and (k.name like $4 escape '!' or p.folded || '/' || e.folded like $4 escape '!')
               and (cast($7 as text) is null or k.environment_id = $7)
               and ",
            visible!("6", project "e.project_id"),
            " order by k.created_at, k.id
             limit $5"
        ))
        .bind(environment.map(EnvironmentId::as_str))
        .fetch_all(conn)
        .await
}

/// Holds the row until the end of the transaction: whoever applies it waits.
pub async fn lock(conn: &mut AnyConnection, id: &StackId) -> Result<(), sqlx::Error> {
    sqlx::query("update stacks set team_id = team_id where id = $1")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores what it is applied from.
pub async fn set_source(
    conn: &mut AnyConnection,
    id: &StackId,
    (sealed, now): (&str, Timestamp),
) -> Result<(), sqlx::Error> {
    sqlx::query("update stacks set sealed_source = $2, updated_at = $3 where id = $1")
        .bind(id.as_str())
        .bind(sealed)
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// It goes when its services are gone.
pub async fn set_removing(conn: &mut AnyConnection, id: &StackId) -> Result<(), sqlx::Error> {
    sqlx::query("update stacks set state = 'removing' where id = $1")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes the rows of stacks that go and have no service any more.
pub async fn delete_over(conn: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from stacks
         where state = 'removing'
           and not exists (select 1 from stack_services v where v.stack_id = stacks.id)",
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes the rows of a destination that is forgotten, after its applications.
pub async fn delete_of_destination(
    conn: &mut AnyConnection,
    destination: &DestinationId,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from stacks where destination_id = $1")
        .bind(destination.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// The same for every destination of a server that is forgotten.
pub async fn delete_of_server(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from stacks
         where destination_id in (select id from destinations where server_id = $1)",
    )
    .bind(server.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// What a statement finds of some stacks, whose ids stand in the place of `?`.
async fn fetch_of(
    conn: &mut AnyConnection,
    sql: &str,
    stacks: &[&StackId],
) -> Result<Vec<AnyRow>, sqlx::Error> {
    let sql = sql.replace('?', &several::places(1, stacks.len()));
    // Numbers of parameters, and nothing else.
    let query = sqlx::query(AssertSqlSafe(sql));
    stacks.iter().fold(query, |query, id| query.bind(id.as_str())).fetch_all(conn).await
}
