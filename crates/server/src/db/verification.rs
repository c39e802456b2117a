//! Verifications: what was proved of destinations, the latest few of each.

use std::collections::HashMap;

use portolan_types::{DestinationId, PageQuery, ServerId, TeamId, Timestamp, Verification};
use sqlx::{AnyConnection, FromRow, any::AnyRow};

use super::{Window, json_option, moment, parsed, to_json};
use crate::rights::Visible;

struct VerificationRow(Verification);

impl FromRow<'_, AnyRow> for VerificationRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Verification {
            operation_id: parsed(row, "operation_id")?,
            destination_id: parsed(row, "destination_id")?,
            outcome: parsed(row, "outcome")?,
            checks: json_option(row, "checks")?.unwrap_or_default(),
            started_at: moment(row, "started_at")?,
            finished_at: moment(row, "finished_at")?,
        }))
    }
}

/// Stores one.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    verification: &Verification,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into verifications
             (operation_id, team_id, destination_id, outcome, checks, started_at, finished_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(verification.operation_id.as_str())
    .bind(team.as_str())
    .bind(verification.destination_id.as_str())
    .bind(verification.outcome.as_str())
    .bind(to_json(&verification.checks)?)
    .bind(verification.started_at.as_millis())
    .bind(verification.finished_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Drops all of a destination but the latest so many.
pub async fn trim(
    conn: &mut AnyConnection,
    destination: &DestinationId,
    keep: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from verifications
         where destination_id = $1 and operation_id not in
             (select v.operation_id from verifications v where v.destination_id = $1
              order by v.finished_at desc, v.operation_id desc limit $2)",
    )
    .bind(destination.as_str())
    .bind(keep)
    .execute(conn)
    .await?;
    Ok(())
}

/// The latest of a destination.
pub async fn find_latest(
    conn: &mut AnyConnection,
    destination: &DestinationId,
) -> Result<Option<Verification>, sqlx::Error> {
    let row: Option<VerificationRow> = sqlx::query_as(
        "select operation_id, destination_id, outcome, checks, started_at, finished_at
         from verifications
         where destination_id = $1
         order by finished_at desc, operation_id desc
         limit 1",
    )
    .bind(destination.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|VerificationRow(verification)| verification))
}

/// When the latest of each destination of a server was finished.
pub async fn list_latest_ends(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<HashMap<DestinationId, Timestamp>, sqlx::Error> {
    let rows = sqlx::query(
        "select v.destination_id, max(v.finished_at) as finished_at
         from verifications v
         join destinations d on d.id = v.destination_id
         where d.server_id = $1
         group by v.destination_id",
    )
    .bind(server.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok((parsed(row, "destination_id")?, moment(row, "finished_at")?)))
        .collect()
}

/// Those of a destination, newest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    destination: &DestinationId,
    query: &PageQuery,
) -> Result<Vec<Verification>, sqlx::Error> {
    let window = Window::newest_first(visible, query);
    let rows: Vec<VerificationRow> = window
        .query(concat!(
            "select v.operation_id, v.destination_id, v.outcome, v.checks, v.started_at,
                        v.finished_at
                 from verifications v
                 join destinations d on d.id = v.destination_id
                 where v.team_id = $1 and v.destination_id = $7
                   and (v.finished_at, v.operation_id) < ($2, $3)
                   and v.outcome like $4 escape '!'
                   and ",
            visible!("6", server "d.server_id"),
            " order by v.finished_at desc, v.operation_id desc
                 limit $5"
        ))
        .bind(destination.as_str())
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|VerificationRow(verification)| verification).collect())
}
