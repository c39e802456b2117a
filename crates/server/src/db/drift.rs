//! Drifts: found differences. One that stands is the only one of its thing and kind; states move
//! only by compare-and-set. What is done about them is in `drift_rules`.

use portolan_types::{
    DestinationId, Drift, DriftId, DriftKind, DriftPolicy, DriftState, Facts, Failure, OperationId,
    PageQuery, ServerId, TeamId, Timestamp,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{
    Window, event::subject, json_option, moment, moment_option, parsed, parsed_option, to_json,
};
use crate::rights::Visible;

mod network;

pub use network::{end_of_network, fail_of_network, hand_over};

/// Drifts with the names of their servers, up to the condition.
macro_rules! select {
    ($($condition:tt)*) => {
        concat!(
            "select r.id, r.kind, r.subject_type, r.subject_id, r.subject_name, r.server_id,
                    s.name as server_name, r.destination_id, r.state, r.policy, r.message, r.reason,
                    r.remedy, r.facts_before, r.facts_after, r.facts_mended, r.cause,
                    r.operation_id, r.found_at, r.ended_at, r.decided_under, r.by_person
             from drifts r
             join servers s on s.id = r.server_id
             ",
            $($condition)*
        )
    };
}

/// A drift with what the API does not show.
#[derive(Debug, Clone)]
pub struct Standing {
    pub drift: Drift,
    /// The rules by which it was decided.
    pub decided_under: i64,
    /// Whether a person asked for the repair.
    pub by_person: bool,
}

impl FromRow<'_, AnyRow> for Standing {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let found_at = moment(row, "found_at")?;
        let ended_at = moment_option(row, "ended_at")?;
        let drift = Drift {
            id: parsed(row, "id")?,
            kind: parsed(row, "kind")?,
            subject: subject(row)?,
            subject_name: row.try_get("subject_name")?,
            server_id: parsed(row, "server_id")?,
            server_name: parsed(row, "server_name")?,
            destination_id: parsed_option(row, "destination_id")?,
            state: parsed(row, "state")?,
            policy: parsed(row, "policy")?,
            message: row.try_get("message")?,
            reason: row.try_get("reason")?,
            remedy: row.try_get("remedy")?,
            before: json_option(row, "facts_before")?.unwrap_or_default(),
            after: json_option(row, "facts_after")?.unwrap_or_default(),
            mended: json_option(row, "facts_mended")?.unwrap_or_default(),
            cause: row.try_get("cause")?,
            operation_id: parsed_option(row, "operation_id")?,
            found_at,
            ended_at,
            duration_ms: ended_at.map(|end| duration_ms(found_at, end)),
        };
        Ok(Self {
            drift,
            decided_under: row.try_get("decided_under")?,
            by_person: row.try_get::<i64, _>("by_person")? == 1,
        })
    }
}

fn duration_ms(from: Timestamp, to: Timestamp) -> i64 {
    i64::try_from(from.millis_until(to)).unwrap_or(i64::MAX)
}

/// Writes one down that was just found. One of the same thing and kind that stands already is a
/// unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    standing: &Standing,
) -> Result<(), sqlx::Error> {
    let Standing { drift, decided_under, by_person } = standing;
    sqlx::query(
        "insert into drifts
             (id, team_id, kind, subject_type, subject_id, subject_name, server_id, destination_id,
              state, policy, message, reason, remedy, facts_before, facts_after, cause,
              decided_under, by_person, operation_id, found_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 $19, $20)",
    )
    .bind(drift.id.as_str())
    .bind(team.as_str())
    .bind(drift.kind.as_str())
    .bind(drift.subject.type_word())
    .bind(drift.subject.id())
    .bind(drift.subject_name.as_str())
    .bind(drift.server_id.as_str())
    .bind(drift.destination_id.as_ref().map(DestinationId::as_str))
    .bind(drift.state.as_str())
    .bind(drift.policy.as_str())
    .bind(drift.message.as_str())
    .bind(drift.reason.as_deref())
    .bind(drift.remedy.as_deref())
    .bind(to_json(&drift.before)?)
    .bind(to_json(&drift.after)?)
    .bind(drift.cause.as_str())
    .bind(decided_under)
    .bind(i64::from(*by_person))
    .bind(drift.operation_id.as_ref().map(OperationId::as_str))
    .bind(drift.found_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// What was decided about one that stands.
#[derive(Debug, Clone)]
pub struct Decided<'a> {
    pub from: DriftState,
    pub to: DriftState,
    pub policy: DriftPolicy,
    pub reason: Option<&'a str>,
    pub remedy: Option<&'a str>,
    pub operation: Option<&'a OperationId>,
    pub decided_under: i64,
    pub by_person: bool,
}

/// Decides anew about one that stands. `false` when it is not in the state that was decided about.
pub async fn decide(
    conn: &mut AnyConnection,
    id: &DriftId,
    decided: &Decided<'_>,
) -> Result<bool, sqlx::Error> {
    debug_assert!(
        decided.from == decided.to || decided.from.may_become(decided.to),
        "{} may not become {}",
        decided.from,
        decided.to
    );
    let done = sqlx::query(
        "update drifts
         set state = $3, policy = $4, reason = $5, remedy = $6,
             operation_id = coalesce($7, operation_id), decided_under = $8, by_person = $9
         where id = $1 and state = $2 and ended_at is null",
    )
    .bind(id.as_str())
    .bind(decided.from.as_str())
    .bind(decided.to.as_str())
    .bind(decided.policy.as_str())
    .bind(decided.reason)
    .bind(decided.remedy)
    .bind(decided.operation.map(OperationId::as_str))
    .bind(decided.decided_under)
    .bind(i64::from(decided.by_person))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends one that stands. `false` when it is over already. One that is healed while nobody healed it
/// was mended by what a person asked for: that begins the count of repairs anew.
pub async fn end(
    conn: &mut AnyConnection,
    id: &DriftId,
    state: DriftState,
    mended: &Facts,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    debug_assert!(!state.stands(), "{state} is no end");
    let done = sqlx::query(
        "update drifts
         set state = $2, facts_mended = $3, ended_at = $4,
             by_person = case when $2 = 'healed' and state <> 'healing' then 1 else by_person end
         where id = $1 and ended_at is null",
    )
    .bind(id.as_str())
    .bind(state.as_str())
    .bind(to_json(mended)?)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What is found has changed its form, and is the same difference still.
pub async fn set_found(
    conn: &mut AnyConnection,
    id: &DriftId,
    message: &str,
    after: &Facts,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update drifts set message = $2, facts_after = $3 where id = $1 and ended_at is null",
    )
    .bind(id.as_str())
    .bind(message)
    .bind(to_json(after)?)
    .execute(conn)
    .await?;
    Ok(())
}

/// The latest work on one.
pub async fn find_operation(
    conn: &mut AnyConnection,
    id: &DriftId,
) -> Result<Option<OperationId>, sqlx::Error> {
    let row = sqlx::query("select operation_id from drifts where id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map_or(Ok(None), |row| parsed_option(row, "operation_id"))
}

/// The repair of one that stands failed.
pub async fn fail(
    conn: &mut AnyConnection,
    id: &DriftId,
    failure: &Failure,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update drifts set state = 'failed', reason = $2, remedy = $3
         where id = $1 and state = 'healing' and ended_at is null",
    )
    .bind(id.as_str())
    .bind(failure.message.as_str())
    .bind(failure.remedy.as_deref())
    .execute(conn)
    .await?;
    Ok(())
}

/// What stands on a server, for its keeper.
pub async fn list_standing(
    conn: &mut AnyConnection,
    server: &ServerId,
) -> Result<Vec<Standing>, sqlx::Error> {
    sqlx::query_as(select!(
        "where r.server_id = $1 and r.ended_at is null order by r.found_at, r.id"
    ))
    .bind(server.as_str())
    .fetch_all(conn)
    .await
}

/// What stands on the servers of a team's swarm, for whoever keeps its destinations.
pub async fn list_standing_of_cluster(
    conn: &mut AnyConnection,
    team: &TeamId,
    cluster_id: &str,
) -> Result<Vec<Standing>, sqlx::Error> {
    sqlx::query_as(select!(
        "join destinations d on d.id = r.destination_id
         where d.team_id = $1 and d.cluster_id = $2 and r.ended_at is null
         order by r.found_at, r.id"
    ))
    .bind(team.as_str())
    .bind(cluster_id)
    .fetch_all(conn)
    .await
}

/// One of the team's.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &DriftId,
) -> Result<Option<Standing>, sqlx::Error> {
    sqlx::query_as(select!(
        "where r.team_id = $1 and r.id = $2 and ",
        visible!("3", server "r.server_id")
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await
}

/// Which drifts are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those that stand and that nobody dismissed, or only the others.
    pub open: Option<bool>,
    pub server: Option<ServerId>,
    pub destination: Option<DestinationId>,
    pub kind: Option<DriftKind>,
}

/// The team's drifts, newest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    filter: &Filter,
    query: &PageQuery,
) -> Result<Vec<Drift>, sqlx::Error> {
    let window = Window::newest_first(visible, query);
    let rows: Vec<Standing> = window
        .query(select!(
            "where r.team_id = $1 and (r.found_at, r.id) < ($2, $3)
               and (lower(r.subject_name) like $4 escape '!' or lower(r.kind) like $4 escape '!')
               and (cast($7 as text) is null or r.server_id = $7)
               and (cast($8 as text) is null or r.destination_id = $8)
               and (cast($9 as text) is null or r.kind = $9)
               and (cast($10 as bigint) is null
                    or (r.ended_at is null and r.state <> 'dismissed') = ($10 = 1))
               and ",
            visible!("6", server "r.server_id"),
            " order by r.found_at desc, r.id desc
             limit $5"
        ))
        .bind(filter.server.as_ref().map(ServerId::as_str))
        .bind(filter.destination.as_ref().map(DestinationId::as_str))
        .bind(filter.kind.map(DriftKind::as_str))
        .bind(filter.open.map(i64::from))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.drift).collect())
}

/// How many stand that nobody dismissed, by state.
pub async fn count_open(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<Vec<(DriftState, usize)>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "select r.state, count(*) as n from drifts r
         where r.team_id = $1 and r.ended_at is null and r.state <> 'dismissed' and ",
        visible!("2", server "r.server_id"),
        " group by r.state"
    ))
    .bind(visible.team().as_str())
    .bind(visible.by())
    .fetch_all(conn)
    .await?;
    let count = |row: &AnyRow| {
        let number: i64 = row.try_get("n")?;
        Ok((parsed(row, "state")?, usize::try_from(number).unwrap_or(usize::MAX)))
    };
    rows.iter().map(count).collect()
}

/// A thing on a server that can differ in one way.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    pub subject_id: &'a str,
    pub server: &'a ServerId,
    pub kind: DriftKind,
}

/// What stands about a thing.
pub async fn find_standing(
    conn: &mut AnyConnection,
    spot: &Spot<'_>,
) -> Result<Option<Standing>, sqlx::Error> {
    sqlx::query_as(select!(
        "where r.subject_id = $1 and r.kind = $2 and r.server_id = $3 and r.ended_at is null"
    ))
    .bind(spot.subject_id)
    .bind(spot.kind.as_str())
    .bind(spot.server.as_str())
    .fetch_optional(conn)
    .await
}

/// How often it was repaired without a person since a moment, under the present rules. What a
/// person asked for begins the count anew.
pub async fn count_repairs(
    conn: &mut AnyConnection,
    spot: &Spot<'_>,
    since: Timestamp,
    decided_under: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from drifts
         where subject_id = $1 and kind = $2 and server_id = $3 and found_at > $4
           and decided_under = $5 and by_person = 0 and state in ('healing', 'healed')
           and found_at > coalesce(
               (select max(p.found_at) from drifts p
                where p.subject_id = $1 and p.kind = $2 and p.server_id = $3 and p.by_person = 1),
               0)",
    )
    .bind(spot.subject_id)
    .bind(spot.kind.as_str())
    .bind(spot.server.as_str())
    .bind(since.as_millis())
    .bind(decided_under)
    .fetch_one(conn)
    .await
}

/// The thing is gone, and all that was wrong with it.
pub async fn end_of_subject(
    conn: &mut AnyConnection,
    subject_id: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update drifts set state = 'gone', ended_at = $2
         where subject_id = $1 and ended_at is null",
    )
    .bind(subject_id)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// How many stand, by kind and state, for the metrics.
pub async fn count_standing(
    conn: &mut AnyConnection,
) -> Result<Vec<(DriftKind, DriftState, i64)>, sqlx::Error> {
    let rows = sqlx::query(
        "select kind, state, count(*) as n from drifts where ended_at is null
         group by kind, state",
    )
    .fetch_all(conn)
    .await?;
    let read = |row| Ok((parsed(row, "kind")?, parsed(row, "state")?, row.try_get("n")?));
    rows.iter().map(read).collect()
}

/// Drops those that ended before; answers how many.
pub async fn delete_before(
    conn: &mut AnyConnection,
    moment: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from drifts where ended_at < $1")
        .bind(moment.as_millis())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
