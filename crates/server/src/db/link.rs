//! Links between resources of different destinations. A link whose ends are not both there is over:
//! its row stays until its network is gone. That two are linked once decides races.

use std::collections::BTreeMap;

use portolan_types::{
    ApplicationId, ApplicationName, DestinationId, EnvironmentId, Link, LinkEnd, LinkId, LinkState,
    NetworkName, ServerId, Timestamp,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{moment, parsed, parsed_option};
use crate::rights::Visible;

/// What the network of a link is called.
pub(crate) fn network_of(id: &LinkId) -> NetworkName {
    format!("link-{id}").parse().expect("a word and an id are a network's name")
}

struct LinkRow(Link);

impl FromRow<'_, AnyRow> for LinkRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let id: LinkId = parsed(row, "id")?;
        Ok(Self(Link {
            network: network_of(&id),
            id,
            from: link_end(row, "from")?,
            to: link_end(row, "to")?,
            state: parsed(row, "state")?,
            reason: row.try_get("reason")?,
            created_at: moment(row, "created_at")?,
        }))
    }
}

/// One of the two, from the columns whose names begin so.
fn link_end(row: &AnyRow, which: &str) -> Result<LinkEnd, sqlx::Error> {
    let column = |what: &str| format!("{which}_{what}");
    Ok(LinkEnd {
        application_id: parsed(row, &column("id"))?,
        name: parsed_option(row, &column("name"))?,
        database_id: parsed_option(row, &column("database"))?,
        destination_id: parsed(row, &column("destination_id"))?,
        destination_name: parsed_option(row, &column("destination"))?,
    })
}

/// Links as somebody sees them: what they do not see has no name.
macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "select l.id, l.state, l.reason, l.created_at,
                    l.from_id, f.destination_id as from_destination_id,
                    case when ", visible!("2", project "fe.project_id"), " then f.name end as from_name,
                    case when ", visible!("2", server "fd.server_id"), " then fd.name end as from_destination,
                    (select b.id from databases b where b.id = f.id) as from_database,
                    l.to_id, t.destination_id as to_destination_id,
                    case when ", visible!("2", project "te.project_id"), " then t.name end as to_name,
                    case when ", visible!("2", server "td.server_id"), " then td.name end as to_destination,
                    (select b.id from databases b where b.id = t.id) as to_database
             from links l
             join applications f on f.id = l.from_id
             join environments fe on fe.id = f.environment_id
             join destinations fd on fd.id = f.destination_id
             join applications t on t.id = l.to_id
             join environments te on te.id = t.environment_id
             join destinations td on td.id = t.destination_id
             ",
            $($rest)*
        )
    };
}

/// The links of a resource of the team, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    of: &ApplicationId,
) -> Result<Vec<Link>, sqlx::Error> {
    let rows: Vec<LinkRow> = sqlx::query_as(select!(
        "where f.team_id = $1 and (l.from_id = $3 or l.to_id = $3)
         order by l.created_at, l.id"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .bind(of.as_str())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// All links of the team with both ends on servers and in projects that somebody sees.
pub async fn list_seen(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<Vec<Link>, sqlx::Error> {
    let rows: Vec<LinkRow> = sqlx::query_as(select!(
        "where f.team_id = $1 and ",
        visible!("2", server "fd.server_id"),
        " order by l.created_at, l.id"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// What an application could be linked to: the other resources of its server that somebody sees, and
/// that it does not reach yet.
pub async fn list_reachable(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    from: &ApplicationId,
) -> Result<Vec<LinkEnd>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "select t.id as to_id, t.name as to_name, t.destination_id as to_destination_id,
                case when ",
        visible!("2", server "d.server_id"),
        " then d.name end as to_destination,
                (select b.id from databases b where b.id = t.id) as to_database
         from applications f
         join destinations fd on fd.id = f.destination_id
         join destinations d
             on d.server_id = fd.server_id and d.id <> fd.id and d.kind = 'standalone'
         join applications t on t.destination_id = d.id and t.state <> 'removing'
         join environments e on e.id = t.environment_id
         where f.team_id = $1 and f.id = $3 and fd.kind = 'standalone'
           and not exists (select 1 from links l where l.from_id = f.id and l.to_id = t.id)
           and ",
        visible!("2", project "e.project_id"),
        " order by t.name, t.id
         limit 500"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .bind(from.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| link_end(row, "to")).collect()
}

/// Links two resources of a server. That they are linked already is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    (id, server): (&LinkId, &ServerId),
    (from, to): (&ApplicationId, &ApplicationId),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into links (id, server_id, from_id, to_id, state, created_at)
         values ($1, $2, $3, $4, 'waiting', $5)",
    )
    .bind(id.as_str())
    .bind(server.as_str())
    .bind(from.as_str())
    .bind(to.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The link is over: its network goes at the next look. `false` where they were not linked.
pub async fn end(
    conn: &mut AnyConnection,
    from: &ApplicationId,
    to: &ApplicationId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update links set from_id = null, to_id = null where from_id = $1 and to_id = $2",
    )
    .bind(from.as_str())
    .bind(to.as_str())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes the row of a link that is over, when its network is gone.
pub async fn delete(conn: &mut AnyConnection, id: &LinkId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from links where id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(())
}

/// Stores how far it is. `false` when that is known already.
pub async fn set_state(
    conn: &mut AnyConnection,
    id: &LinkId,
    (state, reason): (LinkState, Option<&str>),
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update links set state = $2, reason = $3
         where id = $1 and (state <> $2 or coalesce(reason, '') <> coalesce($3, ''))",
    )
    .bind(id.as_str())
    .bind(state.as_str())
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether one resource may reach another one by its names.
pub async fn exists(
    conn: &mut AnyConnection,
    from: &ApplicationId,
    to: &ApplicationId,
) -> Result<bool, sqlx::Error> {
    let found: i64 =
        sqlx::query_scalar("select count(*) from links where from_id = $1 and to_id = $2")
            .bind(from.as_str())
            .bind(to.as_str())
            .fetch_one(conn)
            .await?;
    Ok(found > 0)
}

/// Whether a resource has a link, in either direction.
pub async fn has_any(conn: &mut AnyConnection, id: &ApplicationId) -> Result<bool, sqlx::Error> {
    let found: i64 =
        sqlx::query_scalar("select count(*) from links where from_id = $1 or to_id = $1")
            .bind(id.as_str())
            .fetch_one(conn)
            .await?;
    Ok(found > 0)
}

/// The other destinations whose resources reach this one by its names.
pub async fn list_callers(
    conn: &mut AnyConnection,
    to: &ApplicationId,
) -> Result<Vec<DestinationId>, sqlx::Error> {
    let rows = sqlx::query(
        "select distinct f.destination_id
         from links l
         join applications f on f.id = l.from_id
         where l.to_id = $1
         order by f.destination_id",
    )
    .bind(to.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| parsed(row, "destination_id")).collect()
}

/// A link as its server's reconciler has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub id: LinkId,
    /// From and to; none when the link is over.
    pub ends: Option<[PlacedEnd; 2]>,
}

/// One of the two, with what its containers answer to there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedEnd {
    pub application: ApplicationId,
    pub name: ApplicationName,
    /// The container that serves.
    pub container: Option<String>,
    /// None on the end from which the other one is reached.
    pub aliases: Vec<String>,
}

/// All links of a server, those that are over among them.
pub async fn list_of_server(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Vec<Placed>, sqlx::Error> {
    let rows = sqlx::query(
        "select l.id, l.from_id, l.to_id, f.name as from_name, t.name as to_name,
                y.container as from_container, z.container as to_container
         from links l
         left join applications f on f.id = l.from_id
         left join deployments y on y.id = f.deployment_id
         left join applications t on t.id = l.to_id
         left join deployments z on z.id = t.deployment_id
         where l.server_id = $1
         order by l.created_at, l.id",
    )
    .bind(server.as_str())
    .fetch_all(&mut *conn)
    .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut names = list_aliases(conn, server).await?;
    rows.iter().map(|row| placed(row, &mut names)).collect()
}

fn placed(row: &AnyRow, names: &mut BTreeMap<String, Vec<String>>) -> Result<Placed, sqlx::Error> {
    let id: LinkId = parsed(row, "id")?;
    let ends: (Option<ApplicationId>, Option<ApplicationId>) =
        (parsed_option(row, "from_id")?, parsed_option(row, "to_id")?);
    let (Some(from), Some(to)) = ends else { return Ok(Placed { id, ends: None }) };
    let aliases = names.remove(id.as_str()).unwrap_or_default();
    let ends =
        [placed_end(row, "from", (from, Vec::new()))?, placed_end(row, "to", (to, aliases))?];
    Ok(Placed { id, ends: Some(ends) })
}

fn placed_end(
    row: &AnyRow,
    which: &str,
    (application, aliases): (ApplicationId, Vec<String>),
) -> Result<PlacedEnd, sqlx::Error> {
    Ok(PlacedEnd {
        application,
        name: parsed(row, &format!("{which}_name"))?,
        container: row.try_get(format!("{which}_container").as_str())?,
        aliases,
    })
}

/// What is answered to on the networks of a server's links, by link.
async fn list_aliases(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<BTreeMap<String, Vec<String>>, sqlx::Error> {
    let rows = sqlx::query(
        "select l.id, n.alias
         from links l
         join applications f on f.id = l.from_id
         join application_aliases n
             on n.application_id = l.to_id and n.destination_id = f.destination_id
         where l.server_id = $1
         order by n.alias",
    )
    .bind(server.as_str())
    .fetch_all(conn)
    .await?;
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &rows {
        names.entry(row.try_get("id")?).or_default().push(row.try_get("alias")?);
    }
    Ok(names)
}

/// An environment, other than this one, that has something on a destination, or something that is moved
/// there or from there.
pub async fn find_neighbour(
    conn: &mut AnyConnection,
    destination: &DestinationId,
    environment: &EnvironmentId,
) -> Result<Option<EnvironmentId>, sqlx::Error> {
    let row = sqlx::query(
        "select environment_id from applications
         where environment_id <> $2
           and (destination_id = $1
                or id in (select application_id from moves where from_id = $1 or to_id = $1))
         order by created_at, id
         limit 1",
    )
    .bind(destination.as_str())
    .bind(environment.as_str())
    .fetch_optional(conn)
    .await?;
    row.map(|row| parsed(&row, "environment_id")).transpose()
}
