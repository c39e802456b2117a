//! Names on networks that are applications'. That each is there once on a network decides races.

use portolan_types::{Alias, Application, ApplicationId, DestinationId};
use sqlx::{AnyConnection, Row};

use super::super::parsed;

/// Gives an application these names on its network, and no others. One that another application has
/// there is a unique violation. On another network it keeps those that it has: it may be moved.
pub async fn set_aliases(
    conn: &mut AnyConnection,
    application: &Application,
    aliases: &[Alias],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from application_aliases where application_id = $1 and destination_id = $2",
    )
    .bind(application.id.as_str())
    .bind(application.destination_id.as_str())
    .execute(&mut *conn)
    .await?;
    for alias in aliases {
        sqlx::query(
            "insert into application_aliases (destination_id, alias, application_id)
             values ($1, $2, $3)",
        )
        .bind(application.destination_id.as_str())
        .bind(alias.as_str())
        .bind(application.id.as_str())
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The application that has a name on a network.
pub async fn find_owner(
    conn: &mut AnyConnection,
    destination: &DestinationId,
    alias: &Alias,
) -> Result<Option<(ApplicationId, String)>, sqlx::Error> {
    let row = sqlx::query(
        "select a.id, a.name
         from application_aliases n
         join applications a on a.id = n.application_id
         where n.destination_id = $1 and n.alias = $2",
    )
    .bind(destination.as_str())
    .bind(alias.as_str())
    .fetch_optional(conn)
    .await?;
    row.map(|row| Ok((parsed(&row, "id")?, row.try_get("name")?))).transpose()
}
