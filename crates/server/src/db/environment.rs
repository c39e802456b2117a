//! Environments of projects: the database decides that a name is there once in a project.

use portolan_types::{DestinationId, Environment, EnvironmentId, PageQuery, ProjectId, TeamId};
use sqlx::{AnyConnection, FromRow, any::AnyRow};

use super::{Window, folded, moment, parsed, parsed_option};
use crate::rights::Visible;

struct EnvironmentRow(Environment);

impl FromRow<'_, AnyRow> for EnvironmentRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Environment {
            id: parsed(row, "id")?,
            project_id: parsed(row, "project_id")?,
            project_name: parsed(row, "project_name")?,
            name: parsed(row, "name")?,
            default_destination_id: parsed_option(row, "default_destination_id")?,
            default_destination_name: parsed_option(row, "default_destination_name")?,
            created_at: moment(row, "created_at")?,
        }))
    }
}

macro_rules! select {
    ($by:literal, $($rest:tt)*) => {
        concat!(
            "select e.id, e.project_id, p.name as project_name, e.name, e.default_destination_id,
                    case when ",
            visible!($by, server "d.server_id"),
            " then d.name end as default_destination_name, e.created_at
             from environments e
             join projects p on p.id = e.project_id
             left join destinations d on d.id = e.default_destination_id ",
            $($rest)*
        )
    };
}

/// A name that the project has already is a unique violation; a project or destination that was
/// removed meanwhile is a foreign key violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    environment: &Environment,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into environments
             (id, team_id, project_id, name, folded, default_destination_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(environment.id.as_str())
    .bind(team.as_str())
    .bind(environment.project_id.as_str())
    .bind(environment.name.as_str())
    .bind(folded(&environment.name))
    .bind(environment.default_destination_id.as_ref().map(DestinationId::as_str))
    .bind(environment.created_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The environment, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &EnvironmentId,
) -> Result<Option<Environment>, sqlx::Error> {
    let row: Option<EnvironmentRow> = sqlx::query_as(select!(
        "3",
        "where e.team_id = $1 and e.id = $2 and ",
        visible!("3", project "e.project_id")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|EnvironmentRow(environment)| environment))
}

/// The team's environments, oldest first; of one project when it is given.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    project: Option<&ProjectId>,
    query: &PageQuery,
) -> Result<Vec<Environment>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<EnvironmentRow> = window
        .query(select!(
            "6",
            "where e.team_id = $1 and (e.created_at, e.id) > ($2, $3)
               and (cast($7 as text) is null or e.project_id = $7)
               and (e.folded like $4 escape '!' or p.folded || '/' || e.folded like $4 escape '!')
               and ",
            visible!("6", project "e.project_id"),
            " order by e.created_at, e.id
             limit $5"
        ))
        .bind(project.map(ProjectId::as_str))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|EnvironmentRow(environment)| environment).collect())
}

/// The names of projects and of their environments whose default a destination is; 20 at most.
pub async fn list_names_by_default(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    destination: &DestinationId,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as(concat!(
        "select p.name as project_name, e.name
         from environments e
         join projects p on p.id = e.project_id
         where e.team_id = $1 and e.default_destination_id = $2 and ",
        visible!("3", project "e.project_id"),
        " order by p.name, e.name
         limit 20"
    ))
    .bind(visible.team().as_str())
    .bind(destination.as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await
}

/// Changes name and default destination; violations are those of an insert.
pub async fn update(
    conn: &mut AnyConnection,
    team: &TeamId,
    environment: &Environment,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update environments set name = $3, folded = $4, default_destination_id = $5
         where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(environment.id.as_str())
    .bind(environment.name.as_str())
    .bind(folded(&environment.name))
    .bind(environment.default_destination_id.as_ref().map(DestinationId::as_str))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes an environment. What is in it makes it a foreign key violation.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &EnvironmentId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from environments where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
