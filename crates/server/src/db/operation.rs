//! Operations: pieces of work. Their steps are in `step`.

use portolan_types::{
    DestinationId, Failure, Operation, OperationId, OperationKind, OperationResult, OperationState,
    PageQuery, ServerId, Subject, TeamId, Timestamp, id::SubjectId,
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{
    Window, event::subject, json_option, moment, moment_option, parsed, parsed_option, step,
    to_json,
};
use crate::rights::Visible;

struct OperationRow(Operation);

impl FromRow<'_, AnyRow> for OperationRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Operation {
            id: parsed(row, "id")?,
            kind: parsed(row, "kind")?,
            subject: subject(row)?,
            subject_name: row.try_get("subject_name")?,
            state: parsed(row, "state")?,
            failure: json_option(row, "failure")?,
            result: json_option(row, "result")?,
            steps: Vec::new(),
            created_at: moment(row, "created_at")?,
            started_at: moment_option(row, "started_at")?,
            finished_at: moment_option(row, "finished_at")?,
        }))
    }
}

/// Queues an operation, with what it is asked with as JSON.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    operation: &Operation,
    input: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into operations
             (id, team_id, kind, subject_type, subject_id, subject_name, state, created_at, input,
              server_id, project_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9,
                 case $4 when 'server' then $5
                         when 'application' then
                             (select d.server_id from applications a
                              join destinations d on d.id = a.destination_id where a.id = $5)
                         else (select server_id from destinations where id = $5) end,
                 (select e.project_id from applications a
                  join environments e on e.id = a.environment_id where a.id = $5))",
    )
    .bind(operation.id.as_str())
    .bind(team.as_str())
    .bind(operation.kind.as_str())
    .bind(operation.subject.type_word())
    .bind(operation.subject.id())
    .bind(operation.subject_name.as_str())
    .bind(operation.state.as_str())
    .bind(operation.created_at.as_millis())
    .bind(input)
    .execute(conn)
    .await?;
    Ok(())
}

/// Where an operation is: a destination may have moved to another manager of its swarm, and one that
/// was removed says nothing any more.
macro_rules! server_of {
    () => {
        "coalesce(
             (select d.server_id from destinations d where d.id = operations.subject_id),
             operations.server_id)"
    };
}

/// Whether somebody sees the server, or the project, that an operation is about.
macro_rules! seen {
    ($by:literal) => {
        concat!(
            "(",
            visible!($by, server server_of!()),
            " or ",
            visible!($by, project "operations.project_id"),
            ")"
        )
    };
}

/// One operation with its steps.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &OperationId,
) -> Result<Option<Operation>, sqlx::Error> {
    let row: Option<OperationRow> = sqlx::query_as(concat!(
        "select id, kind, subject_type, subject_id, subject_name, state, failure, result,
                created_at, started_at, finished_at
         from operations
         where team_id = $1 and id = $2 and ",
        seen!("3")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(&mut *conn)
    .await?;
    let Some(OperationRow(mut operation)) = row else { return Ok(None) };
    operation.steps = step::list(conn, id).await?;
    Ok(Some(operation))
}

/// The team's operations, newest first, without their steps; of one subject when it is given.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    subject: Option<&SubjectId>,
    query: &PageQuery,
) -> Result<Vec<Operation>, sqlx::Error> {
    let window = Window::newest_first(visible, query);
    let rows: Vec<OperationRow> = window
        .query(concat!(
            "select id, kind, subject_type, subject_id, subject_name, state, failure,
                    null as result, created_at, started_at, finished_at
             from operations
             where team_id = $1 and (created_at, id) < ($2, $3)
               and (cast($7 as text) is null or subject_id = $7)
               and lower(subject_name) like $4 escape '!'
               and ",
            seen!("6"),
            " order by created_at desc, id desc
             limit $5"
        ))
        .bind(subject.map(SubjectId::as_str))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|OperationRow(operation)| operation).collect())
}

/// Takes an operation up, again after a restart too. `false` when it is over already.
pub async fn start(
    conn: &mut AnyConnection,
    id: &OperationId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update operations set state = 'running', started_at = coalesce(started_at, $2)
         where id = $1 and state in ('queued', 'running')",
    )
    .bind(id.as_str())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends an operation. `false` when it is over already.
pub async fn finish(
    conn: &mut AnyConnection,
    id: &OperationId,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let state = if failure.is_some() { OperationState::Failed } else { OperationState::Succeeded };
    let done = sqlx::query(
        "update operations set state = $2, failure = $3, finished_at = $4
         where id = $1 and state in ('queued', 'running')",
    )
    .bind(id.as_str())
    .bind(state.as_str())
    .bind(failure.map(to_json).transpose()?)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends all operations of a kind that were asked for before, and are not over; answers how many.
pub async fn fail_before(
    conn: &mut AnyConnection,
    kind: OperationKind,
    moment: Timestamp,
    failure: &Failure,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "update operations set state = 'failed', failure = $3, finished_at = $2
         where kind = $1 and state in ('queued', 'running') and created_at < $2",
    )
    .bind(kind.as_str())
    .bind(moment.as_millis())
    .bind(to_json(failure)?)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// What newer work takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Displaced {
    /// Nothing: it is done beside the rest.
    Nothing,
    /// Work of the same kind.
    SameKind,
    /// All that makes the subject what it should be, but not what is done with single containers.
    Shape,
    /// All that makes the server's proxy what it should be.
    Proxy,
    /// Everything: the subject goes, or its latest work is all that counts.
    Everything,
}

impl Displaced {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::SameKind => "same-kind",
            Self::Shape => "shape",
            Self::Proxy => "proxy",
            Self::Everything => "everything",
        }
    }
}

/// Holds the row of which work is displaced until the end of the transaction: work ends in a
/// transaction that moves its subject first, and two that took them in turn would wait for each other.
/// Who displaces work on a proxy holds that (`proxy::lock`).
pub async fn hold_subject(
    conn: &mut AnyConnection,
    subject: &Subject,
    displaced: Displaced,
) -> Result<(), sqlx::Error> {
    let hold = match (displaced, subject) {
        (Displaced::Nothing | Displaced::Proxy, _) => return Ok(()),
        (_, Subject::Server(_)) => "update servers set team_id = team_id where id = $1",
        (_, Subject::Destination(_)) => "update destinations set team_id = team_id where id = $1",
        (_, Subject::Application(_)) => "update applications set team_id = team_id where id = $1",
        (_, _) => return Ok(()),
    };
    sqlx::query(hold).bind(subject.id()).execute(conn).await?;
    Ok(())
}

/// Ends what was queued or running for the subject and is displaced by newer work. A program in a
/// container goes on whatever is done beside it, and says itself how it ended; so do backups.
pub async fn supersede(
    conn: &mut AnyConnection,
    newer: &Operation,
    displaced: Displaced,
    failure: &Failure,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update operations set state = 'failed', failure = $2, finished_at = $3
         where subject_id = $1 and state in ('queued', 'running') and kind not in
               ('run-command', 'run-job', 'back-up-database', 'restore-database',
                'check-backup')
           and ($5 = 'everything'
                or ($5 = 'same-kind' and kind = $4)
                or ($5 = 'shape' and kind not in
                    ('connect-container', 'disconnect-container', 'move-container',
                     'repair-attachment', 'disconnect-members'))
                or ($5 = 'proxy' and kind in
                    ('set-proxy', 'start-proxy', 'stop-proxy', 'restart-proxy', 'upgrade-proxy',
                     'repair-proxy', 'remove-proxy')))",
    )
    .bind(newer.subject.id())
    .bind(to_json(failure)?)
    .bind(newer.created_at.as_millis())
    .bind(newer.kind.as_str())
    .bind(displaced.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// Work that waits, with what it was asked with.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub id: OperationId,
    pub team_id: TeamId,
    pub kind: OperationKind,
    /// A server or a destination, as [`Operation::subject`].
    pub subject: Subject,
    /// JSON.
    pub input: Option<String>,
}

impl FromRow<'_, AnyRow> for Waiting {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: parsed(row, "id")?,
            team_id: parsed(row, "team_id")?,
            kind: parsed(row, "kind")?,
            subject: subject(row)?,
            input: row.try_get("input")?,
        })
    }
}

/// What is to be done for a server or for a destination on it, oldest first.
pub async fn list_waiting(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as(
        "select id, team_id, kind, subject_type, subject_id, input
         from operations
         where state in ('queued', 'running')
           and (subject_id = $1
                or subject_id in (select d.id from destinations d where d.server_id = $1))
         order by created_at, id",
    )
    .bind(server.as_str())
    .fetch_all(conn)
    .await
}

/// What became of containers by what people asked for on a server's destinations, oldest first.
pub async fn list_placings(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as(
        "select id, team_id, kind, subject_type, subject_id, input
         from operations
         where state = 'succeeded'
           and kind in ('connect-container', 'disconnect-container', 'move-container')
           and subject_id in (select d.id from destinations d where d.server_id = $1)
         order by finished_at, id",
    )
    .bind(server.as_str())
    .fetch_all(conn)
    .await
}

/// Whether an operation is neither over nor gone.
pub async fn is_at_work(conn: &mut AnyConnection, id: &OperationId) -> Result<bool, sqlx::Error> {
    let row =
        sqlx::query("select 1 from operations where id = $1 and state in ('queued', 'running')")
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?;
    Ok(row.is_some())
}

/// Who is at work on an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The keeper of this server, if it is there.
    AtWork {
        server_id: Option<ServerId>,
    },
    Over,
}

/// Who holds what an operation made; `None` when there is no such operation. A backup is checked beside the
/// keepers.
pub async fn find_holder(
    conn: &mut AnyConnection,
    id: &OperationId,
) -> Result<Option<Holder>, sqlx::Error> {
    let row = sqlx::query(
        "select o.state,
                case when o.kind <> 'check-backup'
                     then coalesce(d.server_id, s.id, o.server_id) end as server_id
         from operations o
         left join destinations d on d.id = o.subject_id
         left join servers s on s.id = o.subject_id
         where o.id = $1",
    )
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let state: OperationState = parsed(&row, "state")?;
    let server_id = parsed_option(&row, "server_id")?;
    Ok(Some(if state.is_over() { Holder::Over } else { Holder::AtWork { server_id } }))
}

/// Whether a destination was removed, as far as the record goes back.
pub async fn has_removed(
    conn: &mut AnyConnection,
    destination: &DestinationId,
) -> Result<bool, sqlx::Error> {
    let row = sqlx::query(
        "select 1 from operations
         where subject_id = $1 and kind = 'delete-destination' and state = 'succeeded'
         limit 1",
    )
    .bind(destination.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// What an operation was asked with. `None` when it was asked with nothing.
pub async fn find_input<T: DeserializeOwned>(
    conn: &mut AnyConnection,
    id: &OperationId,
) -> Result<Option<T>, sqlx::Error> {
    let row = sqlx::query("select input from operations where id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    row.map_or(Ok(None), |row| json_option(&row, "input"))
}

/// How far an operation of a kind came. `None` when it is of another kind, or wrote down nothing.
pub async fn find_memo<T: DeserializeOwned>(
    conn: &mut AnyConnection,
    id: &OperationId,
    kind: OperationKind,
) -> Result<Option<T>, sqlx::Error> {
    let row = sqlx::query("select memo from operations where id = $1 and kind = $2")
        .bind(id.as_str())
        .bind(kind.as_str())
        .fetch_optional(conn)
        .await?;
    row.map_or(Ok(None), |row| json_option(&row, "memo"))
}

/// Writes down how far an operation came, before it goes on.
pub async fn set_memo(
    conn: &mut AnyConnection,
    id: &OperationId,
    memo: &impl Serialize,
) -> Result<(), sqlx::Error> {
    sqlx::query("update operations set memo = $2 where id = $1")
        .bind(id.as_str())
        .bind(to_json(memo)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores what an operation found.
pub async fn set_result(
    conn: &mut AnyConnection,
    id: &OperationId,
    result: &OperationResult,
) -> Result<(), sqlx::Error> {
    sqlx::query("update operations set result = $2 where id = $1")
        .bind(id.as_str())
        .bind(to_json(result)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// Drops operations that ended before, with their steps; the latest of each server and destination
/// stays, those of deployments, and what tells who is on one because a person asked for it. Answers how many.
pub async fn delete_before(
    conn: &mut AnyConnection,
    moment: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "delete from operations
         where finished_at < $1
           and not exists (select 1 from servers s where s.operation_id = operations.id)
           and not exists (select 1 from destinations d where d.operation_id = operations.id)
           and not exists (select 1 from deployments y where y.operation_id = operations.id)
           and not (state = 'succeeded'
                    and kind in ('connect-container', 'disconnect-container', 'move-container')
                    and exists (select 1 from destinations d where d.id = operations.subject_id))",
    )
    .bind(moment.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
