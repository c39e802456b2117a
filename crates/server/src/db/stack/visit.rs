//! Destinations on which services of stacks are besides their own.

use std::collections::{BTreeMap, BTreeSet};

use portolan_types::{
    Alias, ApplicationId, DestinationId, NetworkName, ServerId, StackId, StackVisit,
};
use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{
    super::{json_option, link::PlacedEnd, parsed, to_json},
    fetch_of,
};

/// Where a service is, and its names there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    pub destination: DestinationId,
    pub network: String,
    pub aliases: BTreeSet<Alias>,
}

/// Those of an application, by network.
pub async fn list(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Vec<Visit>, sqlx::Error> {
    let rows = sqlx::query(
        "select t.destination_id, t.aliases, d.network
         from stack_visits t
         join destinations d on d.id = t.destination_id
         where t.application_id = $1
         order by d.network",
    )
    .bind(application.as_str())
    .fetch_all(conn)
    .await?;
    let visit = |row: &AnyRow| {
        Ok(Visit {
            destination: parsed(row, "destination_id")?,
            network: row.try_get("network")?,
            aliases: json_option(row, "aliases")?.unwrap_or_default(),
        })
    };
    rows.iter().map(visit).collect()
}

/// Those of some stacks.
pub async fn list_of(
    conn: &mut AnyConnection,
    stacks: &[&StackId],
) -> Result<BTreeMap<StackId, Vec<StackVisit>>, sqlx::Error> {
    let mut all: BTreeMap<StackId, Vec<StackVisit>> = BTreeMap::new();
    if stacks.is_empty() {
        return Ok(all);
    }
    let sql = "select v.stack_id, v.name, t.destination_id, d.network
               from stack_visits t
               join stack_services v on v.application_id = t.application_id
               join destinations d on d.id = t.destination_id
               where v.stack_id in (?)
               order by v.stack_id, d.network, v.position, v.name";
    for row in fetch_of(conn, sql, stacks).await? {
        let destination_id: DestinationId = parsed(&row, "destination_id")?;
        let network: NetworkName = parsed(&row, "network")?;
        let visits = all.entry(parsed(&row, "stack_id")?).or_default();
        if visits.last().is_none_or(|last| last.destination_id != destination_id) {
            visits.push(StackVisit { destination_id, network, services: Vec::new() });
        }
        if let Some(last) = visits.last_mut() {
            last.services.push(parsed(&row, "name")?);
        }
    }
    Ok(all)
}

/// Stores where an application is, and nowhere else from now on.
pub async fn set(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    visits: &[(DestinationId, BTreeSet<Alias>)],
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from stack_visits where application_id = $1")
        .bind(application.as_str())
        .execute(&mut *conn)
        .await?;
    for (destination, aliases) in visits {
        sqlx::query(
            "insert into stack_visits (application_id, destination_id, aliases)
             values ($1, $2, $3)",
        )
        .bind(application.as_str())
        .bind(destination.as_str())
        .bind(to_json(aliases)?)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// All on a server, each with the network on which it is to be.
pub async fn list_of_server(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Vec<(String, PlacedEnd)>, sqlx::Error> {
    let rows = sqlx::query(
        "select t.application_id, t.aliases, d.network, a.name, y.container
         from stack_visits t
         join destinations d on d.id = t.destination_id
         join applications a on a.id = t.application_id and a.state <> 'removing'
         left join deployments y on y.id = a.deployment_id
         where d.server_id = $1
         order by d.network, a.name",
    )
    .bind(server.as_str())
    .fetch_all(conn)
    .await?;
    let placed = |row: &AnyRow| {
        let aliases: BTreeSet<Alias> = json_option(row, "aliases")?.unwrap_or_default();
        let end = PlacedEnd {
            application: parsed(row, "application_id")?,
            name: parsed(row, "name")?,
            container: row.try_get("container")?,
            aliases: aliases.iter().map(ToString::to_string).collect(),
        };
        Ok((row.try_get("network")?, end))
    };
    rows.iter().map(placed).collect()
}
