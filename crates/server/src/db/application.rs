//! Applications. Their deployments are in `deployment`, their names on networks in `names`. That a name
//! is there once in an environment decides races.

use portolan_types::{
    Application, ApplicationId, ApplicationMove, ApplicationName, ApplicationState,
    ApplicationTask, DeploymentId, DestinationId, EnvironmentId, OperationId, OperationKind,
    PageQuery, PlaceOf, ServerId, TeamId, Timestamp,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, json_option, moment, parsed, parsed_option, to_json};
use crate::rights::Visible;

mod drawn;
pub mod moving;
mod names;
mod places;
pub mod seed;

pub use drawn::{Drawn, list_drawn};
pub use names::{find_owner, list_names_by_key, release_aliases, set_aliases};
pub use places::{Places, insert_place};
pub use seed::Seed;

/// Applications with the names of where they are, as somebody sees them. A server that they do not
/// see has no name.
macro_rules! select {
    ($by:literal, $($rest:tt)*) => {
        concat!(
            "select a.id, a.team_id, e.project_id, p.name as project_name, a.environment_id,
                    e.name as environment_name, a.destination_id, d.network, d.kind as destination_kind, d.server_id,
                    case when ", visible!($by, server "d.server_id"), " then d.name end
                        as destination_name,
                    case when ", visible!($by, server "d.server_id"), " then s.name end
                        as server_name,
                    a.name, a.spec, a.sealed_variables, a.revision, a.wanted, a.state, a.reason,
                    a.deployment_id, a.halted, a.tasks, a.operation_id, a.created_at, a.updated_at,
                    y.container, y.revision as deployed_revision, o.kind as work,
                    w.original_id as seed_original_id, w.begun as seed_begun,
                    m.state as move_state, m.from_id, m.to_id, m.operation_id as move_operation_id,
                    m.created_at as moved_at,
                    case when ", visible!($by, server "mf.server_id"), " then mf.name end
                        as move_from_name,
                    case when ", visible!($by, server "mt.server_id"), " then mt.name end
                        as move_to_name,
                    (select b.id from databases b where b.id = a.id) as database_id,
                    (select v.stack_id from stack_services v where v.application_id = a.id)
                        as stack_id,
                    pl.original_id, po.name as original_name,
                    (select count(*) from places c where c.original_id = a.id) as places
             from applications a
             join environments e on e.id = a.environment_id
             join projects p on p.id = e.project_id
             join destinations d on d.id = a.destination_id
             join servers s on s.id = d.server_id
             left join places pl on pl.application_id = a.id
             left join applications po on po.id = pl.original_id
             left join moves m on m.application_id = a.id
             left join destinations mf on mf.id = m.from_id
             left join destinations mt on mt.id = m.to_id
             left join deployments y on y.id = a.deployment_id
             left join seeds w on w.application_id = a.id
             left join operations o on o.id = a.operation_id and o.state in ('queued', 'running')
             ",
            $($rest)*
        )
    };
}

/// What a person asked for last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Running,
    Stopped,
}

impl Wanted {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

/// An application with what the API does not show.
#[derive(Debug, Clone)]
pub struct Assigned {
    pub team_id: TeamId,
    pub application: Application,
    pub sealed_variables: Option<String>,
    pub revision: i64,
    pub wanted: Wanted,
    /// Whether the container that serves is stopped for a deployment.
    pub halted: bool,
    /// What a swarm runs of it, as it was seen last.
    pub tasks: Vec<ApplicationTask>,
    /// The destination's network.
    pub network: String,
    /// The work that waits or is under way.
    pub work: Option<OperationKind>,
    /// That its volumes are yet to be filled.
    pub seed: Option<Seed>,
}

impl FromRow<'_, AnyRow> for Assigned {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let revision: i64 = row.try_get("revision")?;
        let deployed: Option<i64> = row.try_get("deployed_revision")?;
        let wanted: String = row.try_get("wanted")?;
        Ok(Self {
            team_id: parsed(row, "team_id")?,
            sealed_variables: row.try_get("sealed_variables")?,
            revision,
            wanted: if wanted == "stopped" { Wanted::Stopped } else { Wanted::Running },
            halted: row.try_get::<i64, _>("halted")? != 0,
            tasks: json_option(row, "tasks")?.unwrap_or_default(),
            network: row.try_get("network")?,
            work: parsed_option(row, "work")?,
            seed: Seed::of(row)?,
            application: Application {
                id: parsed(row, "id")?,
                project_id: parsed(row, "project_id")?,
                project_name: parsed(row, "project_name")?,
                environment_id: parsed(row, "environment_id")?,
                environment_name: parsed(row, "environment_name")?,
                destination_id: parsed(row, "destination_id")?,
                destination_name: parsed_option(row, "destination_name")?,
                destination_kind: parsed(row, "destination_kind")?,
                server_id: parsed(row, "server_id")?,
                server_name: parsed_option(row, "server_name")?,
                name: parsed(row, "name")?,
                database_id: parsed_option(row, "database_id")?,
                stack_id: parsed_option(row, "stack_id")?,
                place_of: place_of(row)?,
                places: row.try_get::<i64, _>("places")?.try_into().unwrap_or(u32::MAX),
                spec: json_option(row, "spec")?.ok_or(sqlx::Error::RowNotFound)?,
                changed: deployed.is_some_and(|deployed| deployed != revision),
                state: parsed(row, "state")?,
                reason: row.try_get("reason")?,
                container: parsed_option(row, "container")?,
                deployment_id: parsed_option(row, "deployment_id")?,
                moved: moved(row)?,
                operation_id: parsed_option(row, "operation_id")?,
                created_at: moment(row, "created_at")?,
                updated_at: moment(row, "updated_at")?,
            },
        })
    }
}

fn place_of(row: &AnyRow) -> Result<Option<PlaceOf>, sqlx::Error> {
    let Some(application_id) = parsed_option(row, "original_id")? else { return Ok(None) };
    Ok(Some(PlaceOf { application_id, application_name: parsed(row, "original_name")? }))
}

fn moved(row: &AnyRow) -> Result<Option<ApplicationMove>, sqlx::Error> {
    let Some(state) = parsed_option(row, "move_state")? else { return Ok(None) };
    Ok(Some(ApplicationMove {
        from_destination_id: parsed(row, "from_id")?,
        from_destination_name: parsed_option(row, "move_from_name")?,
        to_destination_id: parsed(row, "to_id")?,
        to_destination_name: parsed_option(row, "move_to_name")?,
        state,
        operation_id: parsed(row, "move_operation_id")?,
        since: moment(row, "moved_at")?,
    }))
}

/// A name that the environment has already is a unique violation; an environment or destination that
/// was removed meanwhile is a foreign key violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    new: &Application,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into applications
             (id, team_id, environment_id, destination_id, name, spec, revision, wanted, state,
              created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, 1, 'running', $7, $8, $8)",
    )
    .bind(new.id.as_str())
    .bind(team.as_str())
    .bind(new.environment_id.as_str())
    .bind(new.destination_id.as_str())
    .bind(new.name.as_str())
    .bind(to_json(&new.spec)?)
    .bind(new.state.as_str())
    .bind(new.created_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The application, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &ApplicationId,
) -> Result<Option<Assigned>, sqlx::Error> {
    sqlx::query_as(select!(
        "3",
        "where a.team_id = $1 and a.id = $2 and ",
        visible!("3", project "e.project_id")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await
}

/// What applications run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Runs {
    /// A program of people's own.
    #[default]
    Programs,
    /// An engine of a template.
    Databases,
}

/// Which applications are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    pub runs: Runs,
    pub environment: Option<&'a EnvironmentId>,
    pub destination: Option<&'a DestinationId>,
    /// The application of which they are further places; empty of those that are none.
    pub original: Option<&'a str>,
}

/// The team's applications, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    filter: Filter<'_>,
    query: &PageQuery,
) -> Result<Vec<Assigned>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    window
        .query(select!(
            "6",
            "where a.team_id = $1 and (a.created_at, a.id) > ($2, $3)
               and (a.name like $4 escape '!' or p.folded || '/' || e.folded like $4 escape '!')
               and (cast($7 as text) is null or a.environment_id = $7)
               and (cast($8 as text) is null or a.destination_id = $8)
               and (exists (select 1 from databases b where b.id = a.id)) = ($9 = 1)
               and (cast($10 as text) is null or coalesce(pl.original_id, '') = $10)
               and ",
            visible!("6", project "e.project_id"),
            " order by a.created_at, a.id
             limit $5"
        ))
        .bind(filter.environment.map(EnvironmentId::as_str))
        .bind(filter.destination.map(DestinationId::as_str))
        .bind(i64::from(filter.runs == Runs::Databases))
        .bind(filter.original)
        .fetch_all(conn)
        .await
}

/// What an application is called, whoever has it.
pub async fn find_name(
    conn: &mut AnyConnection,
    id: &ApplicationId,
) -> Result<Option<ApplicationName>, sqlx::Error> {
    let row = sqlx::query("select name from applications where id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(|row| parsed(&row, "name")).transpose()
}

/// All applications on networks of a server alone, oldest first.
pub async fn list_of_server(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &ServerId,
) -> Result<Vec<Assigned>, sqlx::Error> {
    sqlx::query_as(select!(
        "3",
        "where a.team_id = $1 and d.server_id = $2 and d.kind = 'standalone'
         order by a.created_at, a.id"
    ))
    .bind(team.as_str())
    .bind(server.as_str())
    .bind("")
    .fetch_all(conn)
    .await
}

/// The further places of an application, by their ids: whoever holds several rows does so in this order.
pub async fn list_places_of(
    conn: &mut AnyConnection,
    original: &ApplicationId,
) -> Result<Vec<Assigned>, sqlx::Error> {
    sqlx::query_as(select!("2", "where pl.original_id = $1 order by a.id"))
        .bind(original.as_str())
        .bind("")
        .fetch_all(conn)
        .await
}

/// All applications on a swarm, whichever of its managers keeps them, oldest first.
pub async fn list_of_cluster(
    conn: &mut AnyConnection,
    team: &TeamId,
    cluster_id: &str,
) -> Result<Vec<Assigned>, sqlx::Error> {
    sqlx::query_as(select!(
        "3",
        "where a.team_id = $1 and d.cluster_id = $2 and d.kind = 'swarm'
         order by a.created_at, a.id"
    ))
    .bind(team.as_str())
    .bind(cluster_id)
    .bind("")
    .fetch_all(conn)
    .await
}

/// Where the applications of a server are, by their ids; of one that is moved both places.
pub async fn list_places(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Vec<(DestinationId, String)>, sqlx::Error> {
    let rows = sqlx::query(
        "select a.destination_id, a.id
         from applications a
         join destinations d on d.id = a.destination_id
         where d.server_id = $1
         union
         select d.id, m.application_id
         from moves m
         join destinations d on d.id in (m.from_id, m.to_id)
         where d.server_id = $1",
    )
    .bind(server.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((parsed(row, "destination_id")?, row.try_get("id")?))).collect()
}

/// What people call the applications on a destination, and those that are moved there or from there.
pub async fn list_names(
    conn: &mut AnyConnection,
    destination: &DestinationId,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select name from applications
         where destination_id = $1
            or id in (select application_id from moves where from_id = $1 or to_id = $1)
         order by name",
    )
    .bind(destination.as_str())
    .fetch_all(conn)
    .await
}

/// Holds the row until the end of the transaction: whoever asks for work on it waits.
pub async fn lock(conn: &mut AnyConnection, id: &ApplicationId) -> Result<(), sqlx::Error> {
    sqlx::query("update applications set team_id = team_id where id = $1")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores what the next deployment makes.
pub async fn set_spec(conn: &mut AnyConnection, new: &Application) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update applications set spec = $2, revision = revision + 1, updated_at = $3 where id = $1",
    )
    .bind(new.id.as_str())
    .bind(to_json(&new.spec)?)
    .bind(new.updated_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores the variables of the next deployment.
pub async fn set_variables(
    conn: &mut AnyConnection,
    id: &ApplicationId,
    sealed: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update applications
         set sealed_variables = $2, revision = revision + 1, updated_at = $3
         where id = $1",
    )
    .bind(id.as_str())
    .bind(sealed)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Names the work that was asked for, and what it is to come to.
pub async fn set_work(
    conn: &mut AnyConnection,
    id: &ApplicationId,
    operation: &OperationId,
    wanted: Option<Wanted>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update applications set operation_id = $2, wanted = coalesce($3, wanted) where id = $1",
    )
    .bind(id.as_str())
    .bind(operation.as_str())
    .bind(wanted.map(Wanted::as_str))
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores how it is doing. `false` when that is known already.
pub async fn set_state(
    conn: &mut AnyConnection,
    id: &ApplicationId,
    (state, reason): (ApplicationState, Option<&str>),
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update applications set state = $2, reason = $3
         where id = $1 and (state <> $2 or coalesce(reason, '') <> coalesce($3, ''))",
    )
    .bind(id.as_str())
    .bind(state.as_str())
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores what a swarm runs of it.
pub async fn set_tasks(
    conn: &mut AnyConnection,
    id: &ApplicationId,
    tasks: &[ApplicationTask],
) -> Result<(), sqlx::Error> {
    sqlx::query("update applications set tasks = $2 where id = $1")
        .bind(id.as_str())
        .bind(to_json(&tasks)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes whether the container that serves is stopped for a deployment.
pub async fn set_halted(
    conn: &mut AnyConnection,
    id: &ApplicationId,
    halted: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query("update applications set halted = $2 where id = $1")
        .bind(id.as_str())
        .bind(i64::from(halted))
        .execute(conn)
        .await?;
    Ok(())
}

/// Another deployment serves from now on, or none.
pub async fn set_serving(
    conn: &mut AnyConnection,
    id: &ApplicationId,
    deployment: Option<&DeploymentId>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update applications set deployment_id = $2, halted = 0 where id = $1")
        .bind(id.as_str())
        .bind(deployment.map(DeploymentId::as_str))
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes the rows of a destination that is forgotten; what runs there goes on.
pub async fn delete_of_destination(
    conn: &mut AnyConnection,
    destination: &DestinationId,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from applications where destination_id = $1")
        .bind(destination.as_str())
        .execute(&mut *conn)
        .await?;
    super::stack::delete_of_destination(conn, destination).await?;
    release_aliases(conn).await
}

/// The same for every destination of a server that is forgotten.
pub async fn delete_of_server(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from applications
         where destination_id in (select id from destinations where server_id = $1)",
    )
    .bind(server.as_str())
    .execute(&mut *conn)
    .await?;
    super::stack::delete_of_server(conn, server).await?;
    release_aliases(conn).await
}

/// Removes the row, with its deployments.
pub async fn delete(conn: &mut AnyConnection, id: &ApplicationId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from applications where id = $1")
        .bind(id.as_str())
        .execute(&mut *conn)
        .await?;
    // The last service of a stack that goes takes it along.
    super::stack::delete_over(conn).await?;
    release_aliases(conn).await?;
    Ok(done.rows_affected() == 1)
}
