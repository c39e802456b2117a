//! Events, appended with the change that they tell of.

use portolan_types::{Event, PageQuery, Subject, TeamId, Timestamp};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, decode_error, moment, parsed};

struct EventRow(Event);

impl FromRow<'_, AnyRow> for EventRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Event {
            id: parsed(row, "id")?,
            at: moment(row, "at")?,
            kind: row.try_get("kind")?,
            subject: subject(row)?,
            subject_name: row.try_get("subject_name")?,
            message: row.try_get("message")?,
        }))
    }
}

/// What a row of `events` or `operations` is about.
pub(super) fn subject(row: &AnyRow) -> Result<Subject, sqlx::Error> {
    let of: String = row.try_get("subject_type")?;
    match of.as_str() {
        "server" => Ok(Subject::Server(parsed(row, "subject_id")?)),
        "destination" => Ok(Subject::Destination(parsed(row, "subject_id")?)),
        "route" => Ok(Subject::Route(parsed(row, "subject_id")?)),
        "certificate" => Ok(Subject::Certificate(parsed(row, "subject_id")?)),
        "key" => Ok(Subject::Key(parsed(row, "subject_id")?)),
        "token" => Ok(Subject::Token(parsed(row, "subject_id")?)),
        "team" => Ok(Subject::Team(parsed(row, "subject_id")?)),
        other => Err(decode_error(
            "subject_type",
            portolan_types::Invalid::new(format!("unknown subject `{other}`")),
        )),
    }
}

/// The word of a subject's type in `events` and `operations`.
pub(super) const fn subject_type(subject: &Subject) -> &'static str {
    match subject {
        Subject::Server(_) => "server",
        Subject::Destination(_) => "destination",
        Subject::Route(_) => "route",
        Subject::Certificate(_) => "certificate",
        Subject::Key(_) => "key",
        Subject::Token(_) => "token",
        Subject::Team(_) => "team",
    }
}

/// Appends an event. Call it in the transaction of the change, so that neither is without the other.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    event: &Event,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into events
             (id, team_id, at, kind, subject_type, subject_id, subject_name, message)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(event.id.as_str())
    .bind(team.as_str())
    .bind(event.at.as_millis())
    .bind(event.kind.as_str())
    .bind(subject_type(&event.subject))
    .bind(event.subject.id())
    .bind(event.subject_name.as_str())
    .bind(event.message.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// The team's events, newest first.
pub async fn list(
    conn: &mut AnyConnection,
    team: &TeamId,
    query: &PageQuery,
) -> Result<Vec<Event>, sqlx::Error> {
    let window = Window::newest_first(team, query);
    let rows: Vec<EventRow> = window
        .query(
            "select id, at, kind, subject_type, subject_id, subject_name, message
             from events
             where team_id = $1 and (at, id) < ($2, $3)
               and (lower(subject_name) like $4 escape '!' or lower(kind) like $4 escape '!')
             order by at desc, id desc
             limit $5",
        )
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|EventRow(event)| event).collect())
}

/// Drops what is older; answers how many rows.
pub async fn delete_before(
    conn: &mut AnyConnection,
    moment: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from events where at < $1")
        .bind(moment.as_millis())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
