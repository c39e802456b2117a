//! Notifiers: what they tell, to whom, and how far each has heard. Where webhooks go and what they
//! are signed with is stored sealed and leaves this module sealed.

use portolan_types::{
    Email, Notifier, NotifierId, NotifierState, PageQuery, Severity, Target, TeamId, Timestamp,
    Topics,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, decode_error, json_option, moment, moment_option, number, parsed, to_json};
use crate::rights::Visible;

struct NotifierRow(Notifier);

impl FromRow<'_, AnyRow> for NotifierRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Notifier {
            id: parsed(row, "id")?,
            name: parsed(row, "name")?,
            target: target(row)?,
            topics: parsed(row, "topics")?,
            min_severity: parsed(row, "min_severity")?,
            quiet_seconds: number(row, "quiet_seconds")?,
            grace_seconds: number(row, "grace_seconds")?,
            state: parsed(row, "state")?,
            reason: row.try_get("reason")?,
            created_at: moment(row, "created_at")?,
            updated_at: moment(row, "updated_at")?,
        }))
    }
}

fn target(row: &AnyRow) -> Result<Target, sqlx::Error> {
    let kind: String = row.try_get("kind")?;
    match kind.as_str() {
        "webhook" => Ok(Target::Webhook { origin: row.try_get("origin")? }),
        "email" => Ok(Target::Email { to: recipients(row)? }),
        other => Err(unknown_kind(other)),
    }
}

fn recipients(row: &AnyRow) -> Result<Vec<Email>, sqlx::Error> {
    Ok(json_option(row, "recipients")?.unwrap_or_default())
}

fn unknown_kind(kind: &str) -> sqlx::Error {
    decode_error("kind", portolan_types::Invalid::new(format!("unknown notifier `{kind}`")))
}

/// Where it tells, with what the API does not show.
#[derive(Clone)]
pub enum Sealed {
    Webhook { url: String, secret: String },
    Email { to: Vec<Email> },
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

impl FromRow<'_, AnyRow> for Sealed {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let kind: String = row.try_get("kind")?;
        match kind.as_str() {
            "webhook" => Ok(Self::Webhook {
                url: row.try_get("sealed_url")?,
                secret: row.try_get("sealed_secret")?,
            }),
            "email" => Ok(Self::Email { to: recipients(row)? }),
            other => Err(unknown_kind(other)),
        }
    }
}

/// The columns that say where it tells.
struct TargetColumns<'a> {
    kind: &'static str,
    origin: Option<&'a str>,
    url: Option<&'a str>,
    secret: Option<&'a str>,
    recipients: Option<String>,
}

fn columns<'a>(target: &'a Target, sealed: &'a Sealed) -> Result<TargetColumns<'a>, sqlx::Error> {
    let origin = match target {
        Target::Webhook { origin } => Some(origin.as_str()),
        Target::Email { .. } => None,
    };
    Ok(match sealed {
        Sealed::Webhook { url, secret } => TargetColumns {
            kind: "webhook",
            origin,
            url: Some(url),
            secret: Some(secret),
            recipients: None,
        },
        Sealed::Email { to } => TargetColumns {
            kind: "email",
            origin,
            url: None,
            secret: None,
            recipients: Some(to_json(to)?),
        },
    })
}

/// A notifier that hears what follows a number. A name that the team has used is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    notifier: &Notifier,
    sealed: &Sealed,
    position: i64,
) -> Result<(), sqlx::Error> {
    let to = columns(&notifier.target, sealed)?;
    sqlx::query(
        "insert into notifiers
             (id, team_id, name, kind, origin, sealed_url, sealed_secret, recipients, topics,
              min_severity, quiet_seconds, grace_seconds, state, reason, position, deliveries,
              created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, $16, $17)",
    )
    .bind(notifier.id.as_str())
    .bind(team.as_str())
    .bind(notifier.name.as_str())
    .bind(to.kind)
    .bind(to.origin)
    .bind(to.url)
    .bind(to.secret)
    .bind(to.recipients)
    .bind(notifier.topics.to_string())
    .bind(notifier.min_severity.as_str())
    .bind(i64::from(notifier.quiet_seconds))
    .bind(i64::from(notifier.grace_seconds))
    .bind(notifier.state.as_str())
    .bind(notifier.reason.as_deref())
    .bind(position)
    .bind(notifier.created_at.as_millis())
    .bind(notifier.updated_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The notifier, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &NotifierId,
) -> Result<Option<Notifier>, sqlx::Error> {
    let row: Option<NotifierRow> = sqlx::query_as(concat!(
        "select id, name, kind, origin, recipients, topics, min_severity, quiet_seconds,
                grace_seconds, state, reason, created_at, updated_at
         from notifiers where team_id = $1 and id = $2 and ",
        visible!("3", whole)
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|NotifierRow(notifier)| notifier))
}

/// The team's notifiers, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    query: &PageQuery,
) -> Result<Vec<Notifier>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<NotifierRow> = window
        .query(concat!(
            "select id, name, kind, origin, recipients, topics, min_severity, quiet_seconds,
                    grace_seconds, state, reason, created_at, updated_at
             from notifiers
             where team_id = $1 and (created_at, id) > ($2, $3)
               and (lower(name) like $4 escape '!' or lower(origin) like $4 escape '!'
                    or lower(recipients) like $4 escape '!')
               and ",
            visible!("6", whole),
            " order by created_at, id
             limit $5"
        ))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|NotifierRow(notifier)| notifier).collect())
}

/// Changes everything but how far it has heard. `false` when the team has no such notifier.
pub async fn update(
    conn: &mut AnyConnection,
    team: &TeamId,
    notifier: &Notifier,
    sealed: &Sealed,
) -> Result<bool, sqlx::Error> {
    let to = columns(&notifier.target, sealed)?;
    let done = sqlx::query(
        "update notifiers
         set name = $3, origin = $4, sealed_url = $5, sealed_secret = $6, recipients = $7,
             topics = $8, min_severity = $9, quiet_seconds = $10, grace_seconds = $11,
             state = $12, reason = $13, updated_at = $14
         where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(notifier.id.as_str())
    .bind(notifier.name.as_str())
    .bind(to.origin)
    .bind(to.url)
    .bind(to.secret)
    .bind(to.recipients)
    .bind(notifier.topics.to_string())
    .bind(notifier.min_severity.as_str())
    .bind(i64::from(notifier.quiet_seconds))
    .bind(i64::from(notifier.grace_seconds))
    .bind(notifier.state.as_str())
    .bind(notifier.reason.as_deref())
    .bind(notifier.updated_at.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// It hears what follows a number; what it held back is forgotten.
pub async fn start_over(
    conn: &mut AnyConnection,
    id: &NotifierId,
    position: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("update notifiers set position = $2, held = null, due_at = null where id = $1")
        .bind(id.as_str())
        .bind(position)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes the row and its deliveries. `false` when the team has no such notifier.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &NotifierId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from notifiers where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Where it tells, while it is there.
pub async fn find_sealed(
    conn: &mut AnyConnection,
    id: &NotifierId,
) -> Result<Option<Sealed>, sqlx::Error> {
    sqlx::query_as(
        "select kind, sealed_url, sealed_secret, recipients from notifiers where id = $1",
    )
    .bind(id.as_str())
    .fetch_optional(conn)
    .await
}

/// A notifier that has something to hear or to say.
#[derive(Debug)]
pub struct Hearing {
    pub id: NotifierId,
    pub team: TeamId,
    pub topics: Topics,
    pub min_severity: Severity,
    pub quiet_seconds: u32,
    pub grace_seconds: u32,
    /// Every event up to this number was heard.
    pub position: i64,
    /// What it holds back, as JSON.
    pub held: Option<String>,
}

impl FromRow<'_, AnyRow> for Hearing {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "id")?,
            team: parsed(row, "team_id")?,
            topics: parsed(row, "topics")?,
            min_severity: parsed(row, "min_severity")?,
            quiet_seconds: number(row, "quiet_seconds")?,
            grace_seconds: number(row, "grace_seconds")?,
            position: row.try_get("position")?,
            held: row.try_get("held")?,
        })
    }
}

/// Active notifiers of teams with events that they have not heard, and those with something due.
pub async fn list_hearing(
    conn: &mut AnyConnection,
    now: Timestamp,
) -> Result<Vec<Hearing>, sqlx::Error> {
    sqlx::query_as(
        "select id, team_id, topics, min_severity, quiet_seconds, grace_seconds, position, held
         from notifiers
         where state = 'active'
           and (due_at <= $1
                or exists (select 1 from events
                           where events.team_id = notifiers.team_id
                             and events.sequence > notifiers.position))
         order by id",
    )
    .bind(now.as_millis())
    .fetch_all(conn)
    .await
}

/// When the next of the active ones has something to say.
pub async fn find_next_due(conn: &mut AnyConnection) -> Result<Option<Timestamp>, sqlx::Error> {
    let row = sqlx::query("select min(due_at) as due_at from notifiers where state = 'active'")
        .fetch_one(conn)
        .await?;
    moment_option(&row, "due_at")
}

/// How far a notifier has heard now, and what it holds back.
#[derive(Debug)]
pub struct Heard {
    pub position: i64,
    pub held: String,
    pub due_at: Option<Timestamp>,
}

/// Moves it on from where it was. `false` when somebody else moved or paused it meanwhile.
pub async fn move_on(
    conn: &mut AnyConnection,
    from: &Hearing,
    to: &Heard,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update notifiers set position = $3, held = $4, due_at = $5
         where id = $1 and position = $2 and state = 'active'",
    )
    .bind(from.id.as_str())
    .bind(from.position)
    .bind(to.position)
    .bind(to.held.as_str())
    .bind(to.due_at.map(Timestamp::as_millis))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The place of its next message; `None` when the notifier is gone.
pub async fn take_place(
    conn: &mut AnyConnection,
    id: &NotifierId,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "update notifiers set deliveries = deliveries + 1 where id = $1 returning deliveries",
    )
    .bind(id.as_str())
    .fetch_optional(conn)
    .await
}

/// Pauses an active one and says why. `false` when it is not active.
pub async fn pause(
    conn: &mut AnyConnection,
    id: &NotifierId,
    reason: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update notifiers set state = $2, reason = $3, updated_at = $4
         where id = $1 and state = 'active'",
    )
    .bind(id.as_str())
    .bind(NotifierState::Paused.as_str())
    .bind(reason)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
