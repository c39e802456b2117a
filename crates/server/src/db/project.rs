//! Projects: the database decides that a name is there once in a team.

use portolan_types::{PageQuery, Project, ProjectId, TeamId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, folded, moment, parsed};
use crate::rights::Visible;

struct ProjectRow(Project);

impl FromRow<'_, AnyRow> for ProjectRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let environments: i64 = row.try_get("environments")?;
        Ok(Self(Project {
            id: parsed(row, "id")?,
            name: parsed(row, "name")?,
            description: parsed(row, "description")?,
            environments: u64::try_from(environments).unwrap_or_default(),
            created_at: moment(row, "created_at")?,
        }))
    }
}

macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "select p.id, p.name, p.description, p.created_at,
                    (select count(*) from environments e where e.project_id = p.id) as environments
             from projects p ",
            $($rest)*
        )
    };
}

/// A name that the team has already is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    project: &Project,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into projects (id, team_id, name, folded, description, created_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(project.id.as_str())
    .bind(team.as_str())
    .bind(project.name.as_str())
    .bind(folded(&project.name))
    .bind(project.description.as_str())
    .bind(project.created_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The project, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &ProjectId,
) -> Result<Option<Project>, sqlx::Error> {
    let row: Option<ProjectRow> = sqlx::query_as(select!(
        "where p.team_id = $1 and p.id = $2 and ",
        visible!("3", project "p.id")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|ProjectRow(project)| project))
}

/// The team's projects, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    query: &PageQuery,
) -> Result<Vec<Project>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<ProjectRow> = window
        .query(select!(
            "where p.team_id = $1 and (p.created_at, p.id) > ($2, $3)
               and p.folded like $4 escape '!'
               and ",
            visible!("6", project "p.id"),
            " order by p.created_at, p.id
             limit $5"
        ))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|ProjectRow(project)| project).collect())
}

/// Changes what people say of a project; a name in use is a unique violation.
pub async fn update(
    conn: &mut AnyConnection,
    team: &TeamId,
    project: &Project,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update projects set name = $3, folded = $4, description = $5
         where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(project.id.as_str())
    .bind(project.name.as_str())
    .bind(folded(&project.name))
    .bind(project.description.as_str())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a project with its environments and the rights in it. What is in one of them makes it a
/// foreign key violation.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &ProjectId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from projects where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
