//! Events: written in the transaction of the change that they tell of, read by the team.

use portolan_types::{Event, EventId, Page, PageQuery, Subject, TeamId, Timestamp};
use sqlx::AnyConnection;

use crate::{Actor, App, Error, db, page};

/// What happened, before it has a row.
#[derive(Debug)]
pub(crate) struct Happened<'a> {
    pub team: &'a TeamId,
    /// For programs; stable.
    pub kind: &'static str,
    pub subject: Subject,
    pub name: &'a str,
    /// For people.
    pub message: String,
}

/// Writes an event down.
pub(crate) async fn record(
    conn: &mut AnyConnection,
    happened: Happened<'_>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let event = Event {
        id: EventId::generate(),
        at: now,
        kind: happened.kind.to_owned(),
        subject: happened.subject,
        subject_name: happened.name.to_owned(),
        message: happened.message,
    };
    db::event::insert(conn, happened.team, &event).await
}

/// The team's events, newest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Event>, Error> {
    let mut conn = app.db.acquire().await?;
    let events = db::event::list(&mut conn, actor.team_id(), query).await?;
    Ok(page::of(events, query, |event| (event.at, event.id.as_str())))
}
