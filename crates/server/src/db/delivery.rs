//! Deliveries: what notifiers tell, written before it is sent, and what came of it.

use portolan_types::{
    Cursor, Delivery, DeliveryId, DeliveryState, Name, NotificationKind, NotifierId, PageQuery,
    TeamId, Timestamp, page::SearchText,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{contains_pattern, decode_error, moment, moment_option, number, parsed};

/// A delivery and its place among those of its notifier.
#[derive(Debug)]
pub struct Placed {
    pub place: i64,
    pub delivery: Delivery,
}

impl FromRow<'_, AnyRow> for Placed {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            place: row.try_get("place")?,
            delivery: Delivery {
                id: parsed(row, "id")?,
                notifier_id: parsed(row, "notifier_id")?,
                kind: parsed(row, "kind")?,
                title: row.try_get("title")?,
                state: parsed(row, "state")?,
                events: count(row.try_get("events")?, "events")?,
                first_sequence: count_option(row, "first_sequence")?,
                last_sequence: count_option(row, "last_sequence")?,
                attempts: number(row, "attempts")?,
                answer: row.try_get("answer")?,
                error: row.try_get("error")?,
                created_at: moment(row, "created_at")?,
                next_attempt_at: moment_option(row, "next_attempt_at")?,
                finished_at: moment_option(row, "finished_at")?,
            },
        })
    }
}

fn count(number: i64, column: &str) -> Result<u64, sqlx::Error> {
    u64::try_from(number).map_err(|source| decode_error(column, source))
}

fn count_option(row: &AnyRow, column: &str) -> Result<Option<u64>, sqlx::Error> {
    let number: Option<i64> = row.try_get(column)?;
    number.map(|number| count(number, column)).transpose()
}

/// A number of ours as the databases know numbers.
fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A message about to be written.
#[derive(Debug)]
pub struct NewDelivery<'a> {
    pub team: &'a TeamId,
    pub place: i64,
    pub delivery: &'a Delivery,
    /// What a webhook gets.
    pub body: &'a str,
}

/// Writes a message down. That its notifier is gone is a foreign key violation.
pub async fn insert(conn: &mut AnyConnection, new: &NewDelivery<'_>) -> Result<(), sqlx::Error> {
    let delivery = new.delivery;
    sqlx::query(
        "insert into deliveries
             (id, notifier_id, team_id, place, kind, title, body, events, first_sequence,
              last_sequence, state, attempts, answer, error, created_at, next_attempt_at,
              finished_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(delivery.id.as_str())
    .bind(delivery.notifier_id.as_str())
    .bind(new.team.as_str())
    .bind(new.place)
    .bind(delivery.kind.as_str())
    .bind(delivery.title.as_str())
    .bind(new.body)
    .bind(bound(delivery.events))
    .bind(delivery.first_sequence.map(bound))
    .bind(delivery.last_sequence.map(bound))
    .bind(delivery.state.as_str())
    .bind(i64::from(delivery.attempts))
    .bind(delivery.answer.as_deref())
    .bind(delivery.error.as_deref())
    .bind(delivery.created_at.as_millis())
    .bind(delivery.next_attempt_at.map(Timestamp::as_millis))
    .bind(delivery.finished_at.map(Timestamp::as_millis))
    .execute(conn)
    .await?;
    Ok(())
}

/// The notifier's messages, newest first.
pub async fn list(
    conn: &mut AnyConnection,
    team: &TeamId,
    notifier: &NotifierId,
    query: &PageQuery,
) -> Result<Vec<Placed>, sqlx::Error> {
    let before = query.cursor.as_ref().map_or(i64::MAX, |cursor| Cursor::parts(cursor).0);
    sqlx::query_as(
        "select id, notifier_id, place, kind, title, state, events, first_sequence, last_sequence,
                attempts, answer, error, created_at, next_attempt_at, finished_at
         from deliveries
         where team_id = $1 and notifier_id = $2 and place < $3
           and lower(title) like $4 escape '!'
         order by place desc
         limit $5",
    )
    .bind(team.as_str())
    .bind(notifier.as_str())
    .bind(before)
    .bind(contains_pattern(query.search.as_ref().map(SearchText::as_str)))
    .bind(query.limit() + 1)
    .fetch_all(conn)
    .await
}

/// The message of a notifier that is to be delivered before all others of it.
#[derive(Debug)]
pub struct Head {
    pub id: DeliveryId,
    pub kind: NotificationKind,
    pub title: String,
    pub body: String,
    pub attempts: u32,
    pub created_at: Timestamp,
    pub team: TeamId,
    pub notifier: NotifierId,
    pub notifier_name: Name,
}

impl FromRow<'_, AnyRow> for Head {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "id")?,
            kind: parsed(row, "kind")?,
            title: row.try_get("title")?,
            body: row.try_get("body")?,
            attempts: number(row, "attempts")?,
            created_at: moment(row, "created_at")?,
            team: parsed(row, "team_id")?,
            notifier: parsed(row, "notifier_id")?,
            notifier_name: parsed(row, "name")?,
        })
    }
}

/// The first waiting message of each active notifier for which it is time.
pub async fn list_due(conn: &mut AnyConnection, now: Timestamp) -> Result<Vec<Head>, sqlx::Error> {
    sqlx::query_as(
        "select d.id, d.kind, d.title, d.body, d.attempts, d.created_at, d.team_id, d.notifier_id,
                n.name
         from deliveries d join notifiers n on n.id = d.notifier_id
         where d.state = 'waiting' and n.state = 'active' and d.next_attempt_at <= $1
           and d.place = (select min(first.place) from deliveries first
                          where first.notifier_id = d.notifier_id and first.state = 'waiting')
         order by d.next_attempt_at, d.id",
    )
    .bind(now.as_millis())
    .fetch_all(conn)
    .await
}

/// When it is time for the next of them.
pub async fn find_next_attempt(
    conn: &mut AnyConnection,
    after: Timestamp,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let row = sqlx::query(
        "select min(d.next_attempt_at) as next_attempt_at
         from deliveries d join notifiers n on n.id = d.notifier_id
         where d.state = 'waiting' and n.state = 'active' and d.next_attempt_at > $1
           and d.place = (select min(first.place) from deliveries first
                          where first.notifier_id = d.notifier_id and first.state = 'waiting')",
    )
    .bind(after.as_millis())
    .fetch_one(conn)
    .await?;
    moment_option(&row, "next_attempt_at")
}

/// What came of an attempt.
#[derive(Debug)]
pub enum Outcome<'a> {
    Delivered { answer: &'a str },
    Again { error: &'a str, at: Timestamp },
    Failed { error: &'a str },
}

/// Writes down what came of an attempt at a waiting message. `false` when it does not wait (any
/// more).
pub async fn record(
    conn: &mut AnyConnection,
    id: &DeliveryId,
    outcome: &Outcome<'_>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let (state, answer, error, next) = match *outcome {
        Outcome::Delivered { answer } => (DeliveryState::Delivered, Some(answer), None, None),
        Outcome::Again { error, at } => (DeliveryState::Waiting, None, Some(error), Some(at)),
        Outcome::Failed { error } => (DeliveryState::Failed, None, Some(error), None),
    };
    let finished = (state != DeliveryState::Waiting).then_some(now);
    let done = sqlx::query(
        "update deliveries
         set state = $2, answer = $3, error = $4, next_attempt_at = $5, finished_at = $6,
             attempts = attempts + 1
         where id = $1 and state = 'waiting'",
    )
    .bind(id.as_str())
    .bind(state.as_str())
    .bind(answer)
    .bind(error)
    .bind(next.map(Timestamp::as_millis))
    .bind(finished.map(Timestamp::as_millis))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets those from before a moment; answers how many went.
pub async fn delete_before(
    conn: &mut AnyConnection,
    moment: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from deliveries where created_at < $1")
        .bind(moment.as_millis())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
