//! Attachments: one row a proxy and destination, written by the reconciler of the proxy.

use portolan_types::{
    Attachment, AttachmentProbe, DestinationId, PageQuery, ServerId, TeamId, Timestamp,
};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row, any::AnyRow};

use super::{
    Window, json_option, moment, parsed,
    past::{self, kept},
    several, to_json,
};
use crate::rights::Visible;

/// Attachments with the names of both ends, up to the condition.
macro_rules! select {
    ($($condition:tt)*) => {
        concat!(
            "select a.server_id, s.name as server_name, a.destination_id,
                    d.name as destination_name, d.network, a.wanted, a.observed, a.since,
                    a.address, a.probe, a.reason
             from attachments a
             join servers s on s.id = a.server_id
             join destinations d on d.id = a.destination_id
             ",
            $($condition)*
        )
    };
}

struct AttachmentRow(Attachment);

impl FromRow<'_, AnyRow> for AttachmentRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Attachment {
            server_id: parsed(row, "server_id")?,
            server_name: parsed(row, "server_name")?,
            destination_id: parsed(row, "destination_id")?,
            destination_name: parsed(row, "destination_name")?,
            network: parsed(row, "network")?,
            wanted: row.try_get::<i64, _>("wanted")? == 1,
            observed: row.try_get::<i64, _>("observed")? == 1,
            since: moment(row, "since")?,
            address: row.try_get("address")?,
            probe: json_option(row, "probe")?,
            reason: row.try_get("reason")?,
        }))
    }
}

/// What a look at the host says of one attachment.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    pub wanted: bool,
    pub observed: bool,
    pub address: Option<&'a str>,
    pub reason: Option<&'a str>,
}

/// Stores what was seen. `since` moves only when `observed` does.
pub async fn upsert(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &ServerId,
    destination: &DestinationId,
    seen: &Seen<'_>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    past::note_new_attachment(conn, team, (server, destination), now).await?;
    let changes = kept!(attachment
        "server_id = $2 and destination_id = $3
         and (wanted <> cast($4 as bigint) or observed <> cast($5 as bigint))");
    let number = |set| if set { "1" } else { "0" };
    let texts = [server.as_str(), destination.as_str(), number(seen.wanted), number(seen.observed)];
    past::keep(conn, changes, &texts, now).await?;
    sqlx::query(
        "insert into attachments
             (server_id, destination_id, team_id, wanted, observed, since, address, reason)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (server_id, destination_id) do update
         set wanted = excluded.wanted,
             since = case when attachments.observed = excluded.observed then attachments.since
                          else excluded.since end,
             observed = excluded.observed, address = excluded.address, reason = excluded.reason",
    )
    .bind(server.as_str())
    .bind(destination.as_str())
    .bind(team.as_str())
    .bind(i64::from(seen.wanted))
    .bind(i64::from(seen.observed))
    .bind(now.as_millis())
    .bind(seen.address)
    .bind(seen.reason)
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores what a probe over an attachment found. `false` when there is no such attachment.
pub async fn set_probe(
    conn: &mut AnyConnection,
    server: &ServerId,
    destination: &DestinationId,
    probe: &AttachmentProbe,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update attachments set probe = $3 where server_id = $1 and destination_id = $2",
    )
    .bind(server.as_str())
    .bind(destination.as_str())
    .bind(to_json(probe)?)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Every attachment of a proxy, for its reconciler.
pub async fn list_of_proxy(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Vec<Attachment>, sqlx::Error> {
    let rows: Vec<AttachmentRow> =
        sqlx::query_as(select!("where a.server_id = $1 order by d.created_at, d.id"))
            .bind(server.as_str())
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|AttachmentRow(attachment)| attachment).collect())
}

/// The servers whose proxies have to do with a destination, whether they were seen on it last or
/// not: while it is being removed nobody looks.
pub async fn list_proxies(
    conn: &mut AnyConnection,
    destination: &DestinationId,
) -> Result<Vec<ServerId>, sqlx::Error> {
    let rows = sqlx::query("select server_id from attachments where destination_id = $1")
        .bind(destination.as_str())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| parsed(row, "server_id")).collect()
}

/// The team's attachments, oldest destination first; of one server or destination when given.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    server: Option<&ServerId>,
    destination: Option<&DestinationId>,
    query: &PageQuery,
) -> Result<Vec<Attachment>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<AttachmentRow> = window
        .query(select!(
            "where a.team_id = $1 and (a.since, a.destination_id) > ($2, $3)
               and (lower(d.name) like $4 escape '!' or lower(s.name) like $4 escape '!')
               and (cast($7 as text) is null or a.server_id = $7)
               and (cast($8 as text) is null or a.destination_id = $8)
               and ",
            visible!("6", server "a.server_id"),
            " and ",
            visible!("6", server "d.server_id"),
            " order by a.since, a.destination_id
             limit $5"
        ))
        .bind(server.map(ServerId::as_str))
        .bind(destination.map(DestinationId::as_str))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|AttachmentRow(attachment)| attachment).collect())
}

/// All of the team's attachments, oldest destination first.
pub async fn list_all(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<Vec<Attachment>, sqlx::Error> {
    let rows: Vec<AttachmentRow> = sqlx::query_as(select!(
        "where a.team_id = $1 and ",
        visible!("2", server "a.server_id"),
        " and ",
        visible!("2", server "d.server_id"),
        " order by d.created_at, d.id, a.server_id"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|AttachmentRow(attachment)| attachment).collect())
}

/// What some of the team's destinations have to do with proxies, in the order of `list_all`.
pub async fn list_of_some(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    destinations: &[&DestinationId],
) -> Result<Vec<Attachment>, sqlx::Error> {
    let sql = select!(
        "where a.team_id = $1 and ",
        visible!("2", server "a.server_id"),
        " and ",
        visible!("2", server "d.server_id"),
        " and a.destination_id in (?) order by d.created_at, d.id, a.server_id"
    );
    let sql = sql.replace('?', &several::places(3, destinations.len()));
    // Numbers of parameters, and nothing else.
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(visible.team().as_str()).bind(visible.by());
    let query = destinations.iter().fold(query, |query, id| query.bind(id.as_str()));
    let rows: Vec<AttachmentRow> = query.fetch_all(conn).await?;
    Ok(rows.into_iter().map(|AttachmentRow(attachment)| attachment).collect())
}

/// Removes what is no longer between the two: the destination left the proxy's reach.
pub async fn delete(
    conn: &mut AnyConnection,
    server: &ServerId,
    destination: &DestinationId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let kept = kept!(attachment "server_id = $2 and destination_id = $3");
    past::keep(conn, kept, &[server.as_str(), destination.as_str()], now).await?;
    sqlx::query("delete from attachments where server_id = $1 and destination_id = $2")
        .bind(server.as_str())
        .bind(destination.as_str())
        .execute(conn)
        .await?;
    Ok(())
}
