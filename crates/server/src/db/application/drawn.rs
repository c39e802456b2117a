//! Applications as the picture of the fleet needs them.

use portolan_types::{
    ApplicationId, ApplicationState, DatabaseId, DestinationId, DestinationKind, ServerId,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::super::{parsed, parsed_option};
use crate::rights::Visible;

/// An application or a database, with what of it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    pub id: ApplicationId,
    pub name: String,
    /// PROJECT/ENVIRONMENT.
    pub place: String,
    pub database_id: Option<DatabaseId>,
    pub destination_id: DestinationId,
    pub destination_kind: DestinationKind,
    pub server_id: ServerId,
    pub state: ApplicationState,
    pub reason: Option<String>,
    /// The container or the service that serves.
    pub container: Option<String>,
}

impl FromRow<'_, AnyRow> for Drawn {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "id")?,
            name: row.try_get("name")?,
            place: row.try_get("place")?,
            database_id: parsed_option(row, "database_id")?,
            destination_id: parsed(row, "destination_id")?,
            destination_kind: parsed(row, "kind")?,
            server_id: parsed(row, "server_id")?,
            state: parsed(row, "state")?,
            reason: row.try_get("reason")?,
            container: row.try_get("container")?,
        })
    }
}

/// All whose project and whose server somebody sees, oldest first.
pub async fn list_drawn(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<Vec<Drawn>, sqlx::Error> {
    sqlx::query_as(concat!(
        "select a.id, a.name, p.name || '/' || e.name as place, b.id as database_id,
                a.destination_id, d.kind, d.server_id, a.state, a.reason, y.container
         from applications a
         join environments e on e.id = a.environment_id
         join projects p on p.id = e.project_id
         join destinations d on d.id = a.destination_id
         left join databases b on b.id = a.id
         left join deployments y on y.id = a.deployment_id
         where a.team_id = $1 and ",
        visible!("2", project "e.project_id"),
        " and ",
        visible!("2", server "d.server_id"),
        " order by a.created_at, a.id"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await
}
