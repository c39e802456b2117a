//! Variables of applications that are taken from databases. That a database which is referred to stays
//! is decided by a foreign key.

use portolan_types::{
    ApplicationId, DatabaseId, DatabasePart, DatabaseUse, FromDatabase, TeamId, Timestamp,
    VariableName,
};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, any::AnyRow};

use super::{moment, parsed, several};
use crate::rights::Visible;

/// A variable, and what it is taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub variable: VariableName,
    pub from: FromDatabase,
    pub updated_at: Timestamp,
}

impl FromRow<'_, AnyRow> for Reference {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            variable: parsed(row, "variable")?,
            from: FromDatabase {
                database_id: parsed(row, "database_id")?,
                part: parsed::<DatabasePart>(row, "part")?,
            },
            updated_at: moment(row, "updated_at")?,
        })
    }
}

/// What an application takes from databases, by variable.
pub async fn list(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Vec<Reference>, sqlx::Error> {
    sqlx::query_as(
        "select variable, database_id, part, updated_at
         from database_references
         where application_id = $1
         order by variable",
    )
    .bind(application.as_str())
    .fetch_all(conn)
    .await
}

/// Takes a variable of an application from a database, in the place of whatever it was taken from.
pub async fn set(
    conn: &mut AnyConnection,
    (team, application): (&TeamId, &ApplicationId),
    reference: &Reference,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into database_references
             (application_id, team_id, variable, database_id, part, updated_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (application_id, variable)
         do update set database_id = excluded.database_id, part = excluded.part,
                       updated_at = excluded.updated_at",
    )
    .bind(application.as_str())
    .bind(team.as_str())
    .bind(reference.variable.as_str())
    .bind(reference.from.database_id.as_str())
    .bind(reference.from.part.as_str())
    .bind(reference.updated_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a variable from no database any more. `false` when it was not.
pub async fn delete(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    variable: &VariableName,
) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query("delete from database_references where application_id = $1 and variable = $2")
            .bind(application.as_str())
            .bind(variable.as_str())
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// How many variables are taken from a database, whoever sees them.
pub async fn count_of(conn: &mut AnyConnection, id: &DatabaseId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from database_references where database_id = $1")
        .bind(id.as_str())
        .fetch_one(conn)
        .await
}

/// Who refers to some databases, as somebody sees it.
pub async fn list_of_some(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    ids: &[DatabaseId],
) -> Result<Vec<(DatabaseId, DatabaseUse)>, sqlx::Error> {
    let sql = concat!(
        "select r.database_id, r.application_id, a.name, r.variable, r.part
         from database_references r
         join applications a on a.id = r.application_id
         join environments e on e.id = a.environment_id
         where r.team_id = $1 and r.database_id in (?) and ",
        visible!("2", project "e.project_id"),
        " order by a.name, r.application_id, r.variable"
    )
    .replace('?', &several::places(3, ids.len()));
    // Numbers of parameters, and nothing else.
    let query = sqlx::query(AssertSqlSafe(sql)).bind(visible.team().as_str()).bind(visible.by());
    let query = ids.iter().fold(query, |query, id| query.bind(id.as_str()));
    let rows = query.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let of = DatabaseUse {
                application_id: parsed(row, "application_id")?,
                application_name: parsed(row, "name")?,
                variable: parsed(row, "variable")?,
                part: parsed(row, "part")?,
            };
            Ok((parsed(row, "database_id")?, of))
        })
        .collect()
}
