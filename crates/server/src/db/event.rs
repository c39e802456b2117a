//! Events, appended with the change that they tell of, and numbered once that is committed.

use portolan_types::{
    Author, DestinationId, Event, EventFilter, EventId, KindPrefix, OperationId, PageQuery,
    RouteId, ServerId, Subject, TeamId, Timestamp,
    event::{Told, Wanted, telling_words},
    id::SubjectId,
    page::SearchText,
};
use serde_json::Value;
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{contains_pattern, decode_error, json_option, moment, parsed, parsed_option, to_json};
use crate::rights::Visible;

/// An event about to be written.
#[derive(Debug)]
pub struct NewEvent<'a> {
    pub id: EventId,
    pub team: &'a TeamId,
    pub at: Timestamp,
    /// Grows from one event of this process to the next.
    pub written: i64,
    pub kind: &'a str,
    pub subject: &'a Subject,
    pub subject_name: &'a str,
    pub message: &'a str,
    pub by: &'a Author,
    pub server: Option<&'a ServerId>,
    pub destination: Option<&'a DestinationId>,
    pub operation: Option<&'a OperationId>,
    pub before: Option<&'a Value>,
    pub after: Option<&'a Value>,
}

struct EventRow(Event);

impl FromRow<'_, AnyRow> for EventRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let kind: String = row.try_get("kind")?;
        let Told { topic, severity } = Told::of(&kind);
        Ok(Self(Event {
            sequence: sequence(row, "sequence")?,
            id: parsed(row, "id")?,
            at: moment(row, "at")?,
            kind,
            topic,
            severity,
            subject: subject(row)?,
            subject_name: row.try_get("subject_name")?,
            message: row.try_get("message")?,
            by: json_option(row, "author")?,
            server_id: parsed_option(row, "server_id")?,
            destination_id: parsed_option(row, "destination_id")?,
            operation_id: parsed_option(row, "operation_id")?,
            before: json_option(row, "value_before")?,
            after: json_option(row, "value_after")?,
        }))
    }
}

fn sequence(row: &AnyRow, column: &str) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|source| decode_error(column, source))
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
        "registry" => Ok(Subject::Registry(parsed(row, "subject_id")?)),
        "token" => Ok(Subject::Token(parsed(row, "subject_id")?)),
        "team" => Ok(Subject::Team(parsed(row, "subject_id")?)),
        "user" => Ok(Subject::User(parsed(row, "subject_id")?)),
        "notifier" => Ok(Subject::Notifier(parsed(row, "subject_id")?)),
        "project" => Ok(Subject::Project(parsed(row, "subject_id")?)),
        "environment" => Ok(Subject::Environment(parsed(row, "subject_id")?)),
        "application" => Ok(Subject::Application(parsed(row, "subject_id")?)),
        "stack" => Ok(Subject::Stack(parsed(row, "subject_id")?)),
        "storage" => Ok(Subject::Storage(parsed(row, "subject_id")?)),
        other => Err(decode_error(
            "subject_type",
            portolan_types::Invalid::new(format!("unknown subject `{other}`")),
        )),
    }
}

/// Appends an event. Call it in the transaction of the change, so that neither is without the other.
pub async fn insert(conn: &mut AnyConnection, event: &NewEvent<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into events
             (id, team_id, at, written, kind, subject_type, subject_id, subject_name, message,
              author, server_id, destination_id, operation_id, value_before, value_after)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(event.id.as_str())
    .bind(event.team.as_str())
    .bind(event.at.as_millis())
    .bind(event.written)
    .bind(event.kind)
    .bind(event.subject.type_word())
    .bind(event.subject.id())
    .bind(event.subject_name)
    .bind(event.message)
    .bind(to_json(event.by)?)
    .bind(event.server.map(ServerId::as_str))
    .bind(event.destination.map(DestinationId::as_str))
    .bind(event.operation.map(OperationId::as_str))
    .bind(event.before.map(to_json).transpose()?)
    .bind(event.after.map(to_json).transpose()?)
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether events wait for their numbers.
pub async fn has_unnumbered(conn: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let found: Option<i64> =
        sqlx::query_scalar("select written from events where sequence is null limit 1")
            .fetch_optional(conn)
            .await?;
    Ok(found.is_some())
}

/// The latest number that was given. Locks it: whoever else gives numbers waits for the end of this
/// transaction.
pub async fn lock_latest(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("update event_sequence set latest = latest where id = 1 returning latest")
        .fetch_one(conn)
        .await
}

/// Numbers the oldest events that have no number, from the one after `latest` on. Answers the teams
/// and numbers, in no order.
pub async fn number(
    conn: &mut AnyConnection,
    latest: i64,
    most: i64,
) -> Result<Vec<(TeamId, u64)>, sqlx::Error> {
    let rows = sqlx::query(
        "update events set sequence = $1 + waiting.place
         from (select id, row_number() over (order by written, id) as place
               from events where sequence is null
               order by written, id
               limit $2) as waiting
         where events.id = waiting.id
         returning team_id, sequence",
    )
    .bind(latest)
    .bind(most)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((parsed(row, "team_id")?, sequence(row, "sequence")?))).collect()
}

/// Remembers the latest number.
pub async fn set_latest(conn: &mut AnyConnection, latest: u64) -> Result<(), sqlx::Error> {
    sqlx::query("update event_sequence set latest = $1 where id = 1")
        .bind(bound(latest))
        .execute(conn)
        .await?;
    Ok(())
}

/// The latest number given, and the highest one that was swept away.
pub async fn find_marks(conn: &mut AnyConnection) -> Result<(u64, u64), sqlx::Error> {
    let row = sqlx::query("select latest, swept from event_sequence where id = 1")
        .fetch_one(conn)
        .await?;
    Ok((sequence(&row, "latest")?, sequence(&row, "swept")?))
}

/// A number from outside, as the databases know numbers.
fn bound(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

/// What follows the last dot of a kind: both databases can take letters off the end of a text.
macro_rules! last_word {
    () => {
        "substr(kind, length(rtrim(kind, 'abcdefghijklmnopqrstuvwxyz-')) + 1)"
    };
}

/// The statement of a list: `$1` team, `$2` the number before it, `$3` kind, `$4` text, `$5` and
/// `$6` moments, `$7` type of subject, `$8` subject, `$9` server, `$10` destination, `$11` rows,
/// `$12` who sees, `$13` the last words of kinds that are wanted (empty: all), `$14` those that are
/// known. A kind or word that is not known is compared as `else`. The narrowest of
/// subject, server and destination that is given leads, so that its index is used.
macro_rules! list {
    ($lead:literal, $compare:literal, $order:literal) => {
        concat!(
            "select sequence, id, at, kind, subject_type, subject_id, subject_name, message, author,
                    server_id, destination_id, operation_id, value_before, value_after
             from events
             where team_id = $1 and sequence ", $compare, " $2
               and kind like $3
               and (lower(subject_name) like $4 escape '!' or lower(kind) like $4 escape '!'
                    or lower(message) like $4 escape '!')
               and at >= $5 and at < $6
               and ($7 = '' or subject_type = $7)
               and ($8 = '' or subject_id = $8)
               and ($9 = '' or server_id = $9)
               and ($10 = '' or destination_id = $10)
               and ($13 = '' or $13 like '%|' || case
                    when $14 like '%|' || kind || '|%' then kind
                    when ", last_word!(), " like 'not-%' then 'not'
                    when $14 like '%|' || ", last_word!(), " || '|%' then ", last_word!(), "
                    else 'else' end || '|%')
               and (",
            visible!("12", server "events.server_id"),
            " or ",
            visible!("12", project "case events.subject_type when 'project' then events.subject_id
                when 'environment' then
                    (select e.project_id from environments e where e.id = events.subject_id)
                when 'application' then
                    (select e.project_id from environments e
                     join applications a on a.environment_id = e.id
                     where a.id = events.subject_id)
                when 'stack' then
                    (select e.project_id from environments e
                     join stacks k on k.environment_id = e.id
                     where k.id = events.subject_id) end"),
            ")",
            $lead,
            " order by sequence ", $order, " limit $11"
        )
    };
}

macro_rules! both_ways {
    ($way:expr, $lead:literal) => {
        match $way {
            Way::NewestFirst => list!($lead, "<", "desc"),
            Way::OldestFirst => list!($lead, ">", ""),
        }
    };
}

#[derive(Debug, Clone, Copy)]
enum Way {
    NewestFirst,
    OldestFirst,
}

/// The team's events that fit, newest first: those before the cursor.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    filter: &EventFilter,
    query: &PageQuery,
) -> Result<Vec<Event>, sqlx::Error> {
    let before = query.cursor.as_ref().map_or(i64::MAX, |cursor| cursor.parts().0);
    let rows = query.limit() + 1;
    let part = Part { filter, search: query.search.as_ref(), from: before, rows };
    fetch(conn, visible, Way::NewestFirst, part).await
}

/// The team's events that fit, oldest first: those after a number.
pub async fn list_after(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    part: Part<'_>,
) -> Result<Vec<Event>, sqlx::Error> {
    fetch(conn, visible, Way::OldestFirst, part).await
}

/// Which events are wanted, and how many.
#[derive(Debug)]
pub struct Part<'a> {
    pub filter: &'a EventFilter,
    pub search: Option<&'a SearchText>,
    /// The number next to the first that is wanted.
    pub from: i64,
    pub rows: i64,
}

async fn fetch(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    way: Way,
    part: Part<'_>,
) -> Result<Vec<Event>, sqlx::Error> {
    let filter = part.filter;
    let kind = filter.kind.as_ref().map_or("", KindPrefix::as_str);
    let rows: Vec<EventRow> = sqlx::query_as(statement(way, filter))
        .bind(visible.team().as_str())
        .bind(part.from)
        .bind(format!("{kind}%"))
        .bind(contains_pattern(part.search.map(SearchText::as_str)))
        .bind(filter.since.map_or(0, Timestamp::as_millis))
        .bind(filter.until.map_or(i64::MAX, Timestamp::as_millis))
        .bind(filter.subject_type.as_ref().map_or("", KindPrefix::as_str))
        .bind(filter.subject_id.as_ref().map_or("", SubjectId::as_str))
        .bind(filter.server_id.as_ref().map_or("", ServerId::as_str))
        .bind(filter.destination_id.as_ref().map_or("", DestinationId::as_str))
        .bind(part.rows)
        .bind(visible.by())
        .bind(filter.wanted().map_or_else(String::new, wanted))
        .bind(telling_words())
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|EventRow(event)| event).collect())
}

/// As the statement compares them.
fn wanted(Wanted { mut words, not_done, others }: Wanted) -> String {
    words.push_str(if not_done { "not|" } else { "" });
    words.push_str(if others { "else|" } else { "" });
    words
}

const fn statement(way: Way, filter: &EventFilter) -> &'static str {
    if filter.subject_id.is_some() {
        both_ways!(way, " and subject_id = $8")
    } else if filter.destination_id.is_some() {
        both_ways!(way, " and destination_id = $10")
    } else if filter.server_id.is_some() {
        both_ways!(way, " and server_id = $9")
    } else {
        both_ways!(way, "")
    }
}

/// The oldest events from before a moment, in one go of bounded size; answers how many went.
pub async fn delete_before(
    conn: &mut AnyConnection,
    moment: Timestamp,
    most: i64,
) -> Result<u64, sqlx::Error> {
    let swept: Vec<Option<i64>> = sqlx::query_scalar(
        "delete from events
         where id in (select id from events where at < $1 order by at limit $2)
         returning sequence",
    )
    .bind(moment.as_millis())
    .bind(most)
    .fetch_all(&mut *conn)
    .await?;
    let highest = swept.iter().flatten().max().copied().unwrap_or_default();
    sqlx::query("update event_sequence set swept = $1 where id = 1 and swept < $1")
        .bind(highest)
        .execute(conn)
        .await?;
    Ok(u64::try_from(swept.len()).unwrap_or(u64::MAX))
}

/// Where a destination is.
pub async fn find_server(
    conn: &mut AnyConnection,
    destination: &DestinationId,
) -> Result<Option<ServerId>, sqlx::Error> {
    let row = sqlx::query("select server_id from destinations where id = $1")
        .bind(destination.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(|row| parsed(&row, "server_id")).transpose()
}

/// Where a route leads.
pub async fn find_destination(
    conn: &mut AnyConnection,
    route: &RouteId,
) -> Result<Option<DestinationId>, sqlx::Error> {
    let row = sqlx::query("select destination_id from routes where id = $1")
        .bind(route.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(|row| parsed(&row, "destination_id")).transpose()
}
