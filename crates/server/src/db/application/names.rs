//! Names on networks that are applications', and names of applications. That each of the former is there
//! once on a network decides races.

use portolan_types::{Alias, ApplicationId, DestinationId, KeyId, TeamId};
use sqlx::{AnyConnection, Row};

use super::super::parsed;

/// Gives an application these names on these networks, and no others there. One that another
/// application has there is a unique violation. Elsewhere it keeps those that it has: it may be moved.
pub async fn set_aliases(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    (places, aliases): (&[DestinationId], &[Alias]),
) -> Result<(), sqlx::Error> {
    for place in places {
        sqlx::query(
            "delete from application_aliases where application_id = $1 and destination_id = $2",
        )
        .bind(application.as_str())
        .bind(place.as_str())
        .execute(&mut *conn)
        .await?;
        for alias in aliases {
            sqlx::query(
                "insert into application_aliases (destination_id, alias, application_id)
                 values ($1, $2, $3)",
            )
            .bind(place.as_str())
            .bind(alias.as_str())
            .bind(application.as_str())
            .execute(&mut *conn)
            .await?;
        }
    }
    Ok(())
}

/// Gives up the names on networks where nothing is known by them any more: neither is the application
/// there, nor is it reached from there by a link, nor there as a service of a stack, nor on its way there or
/// back.
pub async fn release_aliases(conn: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from application_aliases
         where not exists (
                   select 1 from applications a
                   where a.id = application_aliases.application_id
                     and a.destination_id = application_aliases.destination_id)
           and not exists (
                   select 1 from links l
                   join applications f on f.id = l.from_id
                   where l.to_id = application_aliases.application_id
                     and f.destination_id = application_aliases.destination_id)
           and not exists (
                   select 1 from stack_visits t
                   where t.application_id = application_aliases.application_id
                     and t.destination_id = application_aliases.destination_id)
           and not exists (
                   select 1 from moves m
                   where m.application_id = application_aliases.application_id
                     and application_aliases.destination_id in (m.from_id, m.to_id))",
    )
    .execute(conn)
    .await?;
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

/// What people call the applications whose repositories are asked with a key, the first of them.
pub async fn list_names_by_key(
    conn: &mut AnyConnection,
    team: &TeamId,
    key: &KeyId,
) -> Result<Vec<String>, sqlx::Error> {
    // An id has letters and digits alone, and is nobody else's.
    let named = format!("%\"key_id\":\"{key}\"%");
    sqlx::query_scalar(
        "select name from applications where team_id = $1 and spec like $2 order by name limit 20",
    )
    .bind(team.as_str())
    .bind(named)
    .fetch_all(conn)
    .await
}
