//! Events: written in the transaction of the change that they tell of, numbered once that is
//! committed, read by the team.
//!
//! Owns what an event says and the order of all of them (`numbers`). Who is told of them is in
//! `notifiers`; how long they are kept is in `reconcile::janitor`.

mod difference;
mod numbers;
mod readers;
pub(crate) mod stream;

use std::sync::atomic::{AtomicI64, Ordering};

use portolan_types::{
    Author, DestinationId, Event, EventFilter, EventId, OperationId, Page, PageQuery, ServerId,
    Subject, TeamId, Timestamp,
};
use serde::Serialize;
use serde_json::Value;
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, audit,
    db::{
        self,
        event::{NewEvent, Part},
    },
    page,
};

pub(crate) use numbers::number;
pub(crate) use readers::{Numbered, Readers};

/// What happened, before it has a row.
#[derive(Debug)]
pub(crate) struct Happened<'a> {
    pub team: &'a TeamId,
    /// For programs; stable. Its last word says what it tells of, see `portolan_types::event`.
    pub kind: &'static str,
    pub subject: Subject,
    pub name: &'a str,
    /// For people.
    pub message: String,
}

impl<'a> Happened<'a> {
    /// Who or what did it, when that is not Portolan's keeper.
    pub(crate) fn by(self, by: Author) -> Entry<'a> {
        Entry::from(self).by(by)
    }

    /// The work of which it is a part.
    pub(crate) fn part_of(self, operation: &OperationId) -> Entry<'a> {
        Entry::from(self).part_of(operation)
    }

    /// What differs from before to after.
    pub(crate) fn change(self, before: &impl Serialize, after: &impl Serialize) -> Entry<'a> {
        Entry::from(self).change(before, after)
    }

    /// On which server, when its subject cannot tell (any more).
    pub(crate) fn on(self, server: &ServerId) -> Entry<'a> {
        Entry::from(self).on(server)
    }
}

/// What happened, with all that is known of it.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    happened: Happened<'a>,
    by: Author,
    server: Option<ServerId>,
    destination: Option<DestinationId>,
    operation: Option<OperationId>,
    before: Option<Value>,
    after: Option<Value>,
}

impl<'a> From<Happened<'a>> for Entry<'a> {
    fn from(happened: Happened<'a>) -> Self {
        let (server, destination) = match &happened.subject {
            Subject::Server(id) => (Some(id.clone()), None),
            Subject::Destination(id) => (None, Some(id.clone())),
            Subject::Route(_)
            | Subject::Certificate(_)
            | Subject::Key(_)
            | Subject::Registry(_)
            | Subject::Token(_)
            | Subject::Team(_)
            | Subject::User(_)
            | Subject::Notifier(_)
            | Subject::Project(_)
            | Subject::Environment(_)
            | Subject::Application(_)
            | Subject::Stack(_)
            | Subject::Storage(_) => (None, None),
        };
        let by = portolan("keeper");
        Self { happened, by, server, destination, operation: None, before: None, after: None }
    }
}

impl Entry<'_> {
    /// Who or what did it, when that is not Portolan's keeper.
    #[must_use]
    pub(crate) fn by(self, by: Author) -> Self {
        Self { by, ..self }
    }

    /// The work of which it is a part.
    #[must_use]
    pub(crate) fn part_of(self, operation: &OperationId) -> Self {
        Self { operation: Some(operation.clone()), ..self }
    }

    /// What differs from before to after. Give it only what the API shows: never a secret.
    #[must_use]
    pub(crate) fn change(self, before: &impl Serialize, after: &impl Serialize) -> Self {
        let (before, after) = difference::between(before, after);
        Self { before, after, ..self }
    }

    /// On which server, when its subject cannot tell (any more).
    #[must_use]
    pub(crate) fn on(self, server: &ServerId) -> Self {
        Self { server: Some(server.clone()), ..self }
    }

    /// Which destination it concerns, when that is not its subject.
    #[must_use]
    pub(crate) fn of(self, destination: &DestinationId) -> Self {
        Self { destination: Some(destination.clone()), ..self }
    }
}

/// Portolan itself, by the task that did it.
pub(crate) fn portolan(task: &str) -> Author {
    Author::Portolan { task: task.to_owned() }
}

/// Writes an event down, in the transaction of what it tells of; and into the audit, when a request
/// brought it about.
pub(crate) async fn record<'a>(
    conn: &mut AnyConnection,
    entry: impl Into<Entry<'a>>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let entry = entry.into();
    let happened = &entry.happened;
    let destination = match (entry.destination, &happened.subject) {
        (None, Subject::Route(route)) => db::event::find_destination(conn, route).await?,
        (destination, _) => destination,
    };
    let server = match (entry.server, &destination) {
        (None, Some(destination)) => db::event::find_server(conn, destination).await?,
        (server, _) => server,
    };
    let event = NewEvent {
        id: EventId::generate(),
        team: happened.team,
        at: now,
        written: stamp(),
        kind: happened.kind,
        subject: &happened.subject,
        subject_name: happened.name,
        message: &happened.message,
        by: &entry.by,
        server: server.as_ref(),
        destination: destination.as_ref(),
        operation: entry.operation.as_ref(),
        before: entry.before.as_ref(),
        after: entry.after.as_ref(),
    };
    db::event::insert(conn, &event).await?;
    audit::of_event(conn, &event).await
}

/// Microseconds since 1970, and more than ever before in this process: a clock that is set back
/// must not turn the order around.
pub(crate) fn stamp() -> i64 {
    static LATEST: AtomicI64 = AtomicI64::new(0);
    let now = Timestamp::now().as_millis().saturating_mul(1_000);
    let next = |latest: i64| Some(now.max(latest.saturating_add(1)));
    let before = LATEST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    now.max(before.unwrap_or(now).saturating_add(1))
}

/// The team's events, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &EventFilter,
    query: &PageQuery,
) -> Result<Page<Event>, Error> {
    number(app).await?;
    let mut conn = app.db.acquire().await?;
    let events = db::event::list(&mut conn, actor.visible(), filter, query).await?;
    Ok(page::by_sequence(events, query))
}

/// The number of the team's latest event; 0 before the first.
pub(crate) async fn latest(app: &App, actor: &Actor) -> Result<u64, Error> {
    let query = PageQuery::first(1);
    let page = list(app, actor, &EventFilter::default(), &query).await?;
    Ok(page.items.first().map_or(0, |event| event.sequence))
}

/// The team's events after a number, oldest first.
pub async fn list_after(
    app: &App,
    actor: &Actor,
    filter: &EventFilter,
    query: &PageQuery,
    after: u64,
) -> Result<Page<Event>, Error> {
    number(app).await?;
    let mut conn = app.db.acquire().await?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let from = query.cursor.as_ref().map_or(after, |cursor| cursor.parts().0);
    let part = Part { filter, search: query.search.as_ref(), from, rows: query.limit() + 1 };
    let events = db::event::list_after(&mut conn, actor.visible(), part).await?;
    Ok(page::by_sequence(events, query))
}
