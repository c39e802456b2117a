//! Networks of stacks, and who is on them. One whose stack does not have it any more keeps its row until
//! it is gone from the host.

use std::collections::{BTreeMap, BTreeSet};

use portolan_types::{Alias, ApplicationId, NetworkName, ServerId, StackId, StackNetwork};
use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{
    super::{json_option, link::PlacedEnd, parsed, parsed_option, to_json},
    fetch_of,
};

/// What Docker calls a network of a stack.
pub(crate) fn name_of(id: &str) -> NetworkName {
    format!("stack-{id}").parse().expect("a word and an id are a network's name")
}

/// A network of a stack with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub id: String,
    pub network: StackNetwork,
}

/// The networks of some stacks, by name.
pub async fn list(
    conn: &mut AnyConnection,
    stacks: &[&StackId],
) -> Result<BTreeMap<StackId, Vec<Kept>>, sqlx::Error> {
    let mut all: BTreeMap<StackId, Vec<Kept>> = BTreeMap::new();
    if stacks.is_empty() {
        return Ok(all);
    }
    let sql = "select w.id, w.stack_id, w.name, w.internal, v.name as service
               from stack_networks w
               left join stack_places l on l.network_id = w.id
               left join stack_services v on v.application_id = l.application_id
               where w.stack_id in (?)
               order by w.stack_id, w.name, v.position, v.name";
    for row in fetch_of(conn, sql, stacks).await? {
        let id: String = row.try_get("id")?;
        let kept = all.entry(parsed(&row, "stack_id")?).or_default();
        if kept.last().is_none_or(|last| last.id != id) {
            let network = StackNetwork {
                name: row.try_get("name")?,
                network: name_of(&id),
                internal: row.try_get::<i64, _>("internal")? != 0,
                services: Vec::new(),
            };
            kept.push(Kept { id, network });
        }
        let service: Option<Alias> = parsed_option(&row, "service")?;
        if let (Some(service), Some(last)) = (service, kept.last_mut()) {
            last.network.services.push(service);
        }
    }
    Ok(all)
}

/// A new network, which a stack has not yet by that name.
pub async fn insert(
    conn: &mut AnyConnection,
    (id, server, stack): (&str, &ServerId, &StackId),
    (name, internal): (&str, bool),
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into stack_networks (id, server_id, stack_id, name, internal)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(server.as_str())
    .bind(stack.as_str())
    .bind(name)
    .bind(i64::from(internal))
    .execute(conn)
    .await?;
    Ok(())
}

/// The stack has it no more: it goes at the next look.
pub async fn end(conn: &mut AnyConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from stack_places where network_id = $1")
        .bind(id)
        .execute(&mut *conn)
        .await?;
    sqlx::query("update stack_networks set stack_id = null where id = $1")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes the row of a network that is gone.
pub async fn delete(conn: &mut AnyConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from stack_networks where id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Where an application is, by the id of each network, with the names that it has there.
pub type Places = BTreeMap<String, BTreeSet<Alias>>;

/// Where an application is beside its destination.
pub async fn places(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Places, sqlx::Error> {
    let rows =
        sqlx::query("select network_id, aliases from stack_places where application_id = $1")
            .bind(application.as_str())
            .fetch_all(conn)
            .await?;
    let place = |row: &AnyRow| {
        let aliases = json_option(row, "aliases")?.unwrap_or_default();
        Ok((row.try_get("network_id")?, aliases))
    };
    rows.iter().map(place).collect()
}

/// Stores where an application is, and nowhere else from now on.
pub async fn set_places(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    places: &Places,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from stack_places where application_id = $1")
        .bind(application.as_str())
        .execute(&mut *conn)
        .await?;
    for (network, aliases) in places {
        sqlx::query(
            "insert into stack_places (network_id, application_id, aliases) values ($1, $2, $3)",
        )
        .bind(network)
        .bind(application.as_str())
        .bind(to_json(aliases)?)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// A network as its server's reconciler has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub id: String,
    pub internal: bool,
    /// Whether no stack has it any more.
    pub over: bool,
    pub ends: Vec<PlacedEnd>,
}

/// All networks of stacks on a server, those that are over among them.
pub async fn list_of_server(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Vec<Placed>, sqlx::Error> {
    let rows = sqlx::query(
        "select w.id, w.internal, w.stack_id, l.application_id, l.aliases, a.name, y.container
         from stack_networks w
         left join stack_places l on l.network_id = w.id
         left join applications a on a.id = l.application_id and a.state <> 'removing'
         left join deployments y on y.id = a.deployment_id
         where w.server_id = $1
         order by w.id, a.name",
    )
    .bind(server.as_str())
    .fetch_all(conn)
    .await?;
    let mut all: Vec<Placed> = Vec::new();
    for row in &rows {
        let id: String = row.try_get("id")?;
        if all.last().is_none_or(|last| last.id != id) {
            let stack: Option<String> = row.try_get("stack_id")?;
            let internal = row.try_get::<i64, _>("internal")? != 0;
            all.push(Placed { id, internal, over: stack.is_none(), ends: Vec::new() });
        }
        if let (Some(end), Some(last)) = (placed_end(row)?, all.last_mut()) {
            last.ends.push(end);
        }
    }
    Ok(all)
}

fn placed_end(row: &AnyRow) -> Result<Option<PlacedEnd>, sqlx::Error> {
    let Some(name) = parsed_option(row, "name")? else { return Ok(None) };
    let aliases: BTreeSet<Alias> = json_option(row, "aliases")?.unwrap_or_default();
    Ok(Some(PlacedEnd {
        application: parsed(row, "application_id")?,
        name,
        container: row.try_get("container")?,
        aliases: aliases.iter().map(ToString::to_string).collect(),
    }))
}
