//! The past: what the chart shows of a thing, as it was before each change.
//!
//! Written by the functions that change rows, before they do: `keep` what is to be changed or removed,
//! `note_new` for what was made. Read backwards from a moment by `list_from`. What is made of it is in
//! `picture::past`.

use portolan_types::{DestinationId, ServerId, TeamId, Timestamp};
use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{moment, parsed};
use crate::{
    picture::facts::{
        AttachmentFacts, DestinationFacts, Fact, ProxyFacts, RouteFacts, ServerFacts, Thing,
    },
    rights::Visible,
};

/// How rows of one table are kept: `$1` is the moment, and whoever writes the condition knows the rest.
pub(super) struct Kept {
    pub(super) lock: &'static str,
    pub(super) keep: &'static str,
}

macro_rules! kept {
    ($thing:literal, $table:literal, $id:literal, ($columns:literal), ($values:literal), $condition:literal) => {
        $crate::db::past::Kept {
            // PostgreSQL refuses a parameter that nothing uses.
            lock: concat!(
                "update ",
                $table,
                " set team_id = team_id where $1 = $1 and ",
                $condition
            ),
            keep: concat!(
                "insert into past (team_id, thing, thing_id, turn, until, existed, ",
                $columns,
                ")
                 select team_id, '",
                $thing,
                "', ",
                $id,
                ",
                        1 + coalesce((select max(p.turn) from past p
                                      where p.thing = '",
                $thing,
                "' and p.thing_id = ",
                $id,
                "), 0),
                        cast($1 as bigint), 1, ",
                $values,
                "
                 from ",
                $table,
                " where ",
                $condition
            ),
        }
    };
    (server $condition:literal) => {
        kept!(
            "server",
            "servers",
            "servers.id",
            ("server_id, name, state, reason, reachability"),
            ("id, name, state, reason, reachability"),
            $condition
        )
    };
    (proxy $condition:literal) => {
        kept!(
            "proxy",
            "proxies",
            "proxies.server_id",
            ("server_id, kind, state, reason, observed"),
            ("server_id, kind, state, reason, case when observed is null then 0 else 1 end"),
            $condition
        )
    };
    (destination $condition:literal) => {
        kept!(
            "destination",
            "destinations",
            "destinations.id",
            ("server_id, name, kind, state, reason, observed"),
            ("server_id, name, kind, state, reason, case when observed is null then 0 else 1 end"),
            $condition
        )
    };
    (attachment $condition:literal) => {
        kept!(
            "attachment",
            "attachments",
            "(attachments.server_id || ':' || attachments.destination_id)",
            ("server_id, destination_id, wanted, observed"),
            ("server_id, destination_id, wanted, observed"),
            $condition
        )
    };
    (route $condition:literal) => {
        kept!(
            "route",
            "routes",
            "routes.id",
            ("server_id, destination_id, name, path, target, state"),
            ("(select d.server_id from destinations d where d.id = routes.destination_id),
              destination_id, host, path, target, state"),
            $condition
        )
    };
}

pub(super) use kept;

/// Keeps rows as they are, for they are about to change. The texts are `$2` and on in the condition.
/// Call it in the transaction of the change.
pub(super) async fn keep(
    conn: &mut AnyConnection,
    kept: Kept,
    texts: &[&str],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    // Whoever changes the same row waits here, and then keeps what we made of it.
    for statement in [kept.lock, kept.keep] {
        let query = sqlx::query(statement).bind(now.as_millis());
        texts.iter().fold(query, |query, text| query.bind(*text)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// The same for rows of several tables that go together, all by the same texts.
pub(super) async fn keep_all<const MANY: usize>(
    conn: &mut AnyConnection,
    all: [Kept; MANY],
    texts: &[&str],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    for kept in all {
        keep(conn, kept, texts, now).await?;
    }
    Ok(())
}

/// A thing that there is from now on.
pub(super) struct New<'a> {
    pub(super) team: &'a TeamId,
    pub(super) thing: Thing,
    pub(super) id: &'a str,
    pub(super) server: &'a ServerId,
}

/// Notes that a thing was not there until now.
pub(super) async fn note_new(
    conn: &mut AnyConnection,
    new: &New<'_>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into past (team_id, thing, thing_id, turn, until, existed, server_id)
         select $1, $2, $3,
                1 + coalesce((select max(turn) from past where thing = $2 and thing_id = $3), 0),
                $4, 0, $5",
    )
    .bind(new.team.as_str())
    .bind(new.thing.as_str())
    .bind(new.id)
    .bind(now.as_millis())
    .bind(new.server.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// The same for an attachment, unless there is one.
pub(super) async fn note_new_attachment(
    conn: &mut AnyConnection,
    team: &TeamId,
    (server, destination): (&ServerId, &DestinationId),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let known =
        sqlx::query("select 1 from attachments where server_id = $1 and destination_id = $2")
            .bind(server.as_str())
            .bind(destination.as_str())
            .fetch_optional(&mut *conn)
            .await?;
    if known.is_some() {
        return Ok(());
    }
    let id = format!("{server}:{destination}");
    note_new(conn, &New { team, thing: Thing::Attachment, id: &id, server }, now).await
}

/// A thing as it was at some moment; `None` when it was not there, or not visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    pub thing: Thing,
    pub id: String,
    pub was: Option<Fact>,
}

/// What was another at a moment than it is now, by thing and id: those after one, so many at most.
/// What was on servers that are not visible was not there.
pub async fn list_from(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    moment: Timestamp,
    after: (&str, &str),
    rows: i64,
) -> Result<Vec<Former>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "select p.thing, p.thing_id, p.server_id, p.destination_id, p.name, p.kind, p.state, p.reason,
                p.reachability, p.wanted, p.observed, p.path, p.target,
                case when p.existed = 1 and ",
        visible!("3", server "p.server_id"),
        " then 1 else 0 end as existed
         from past p
         join (select thing, thing_id, min(turn) as turn from past
               where team_id = $1 and until > $2 and (thing, thing_id) > ($4, $5)
               group by thing, thing_id
               order by thing, thing_id
               limit $6) earliest
           on earliest.thing = p.thing and earliest.thing_id = p.thing_id and earliest.turn = p.turn
         order by p.thing, p.thing_id"
    ))
    .bind(visible.team().as_str())
    .bind(moment.as_millis())
    .bind(visible.by())
    .bind(after.0)
    .bind(after.1)
    .bind(rows)
    .fetch_all(conn)
    .await?;
    rows.iter().map(former).collect()
}

fn former(row: &AnyRow) -> Result<Former, sqlx::Error> {
    let thing: Thing = parsed(row, "thing")?;
    let existed = is_set(row, "existed")?;
    Ok(Former {
        thing,
        id: row.try_get("thing_id")?,
        was: if existed { Some(fact(thing, row)?) } else { None },
    })
}

fn fact(thing: Thing, row: &AnyRow) -> Result<Fact, sqlx::Error> {
    Ok(match thing {
        Thing::Server => Fact::Server(ServerFacts {
            id: parsed(row, "server_id")?,
            name: row.try_get("name")?,
            state: parsed(row, "state")?,
            reason: row.try_get("reason")?,
            reachability: parsed(row, "reachability")?,
        }),
        Thing::Proxy => Fact::Proxy(ProxyFacts {
            server_id: parsed(row, "server_id")?,
            kind: parsed(row, "kind")?,
            state: parsed(row, "state")?,
            reason: row.try_get("reason")?,
            observed: is_set(row, "observed")?,
            container: None,
        }),
        Thing::Destination => Fact::Destination(DestinationFacts {
            id: parsed(row, "thing_id")?,
            server_id: parsed(row, "server_id")?,
            name: row.try_get("name")?,
            kind: parsed(row, "kind")?,
            state: parsed(row, "state")?,
            reason: row.try_get("reason")?,
            observed: is_set(row, "observed")?,
            network: None,
            nodes: Vec::new(),
        }),
        Thing::Attachment => Fact::Attachment(AttachmentFacts {
            server_id: parsed(row, "server_id")?,
            destination_id: parsed(row, "destination_id")?,
            wanted: is_set(row, "wanted")?,
            observed: is_set(row, "observed")?,
        }),
        Thing::Route => Fact::Route(RouteFacts {
            id: parsed(row, "thing_id")?,
            destination_id: parsed(row, "destination_id")?,
            host: row.try_get("name")?,
            path: row.try_get("path")?,
            target: row.try_get("target")?,
            state: parsed(row, "state")?,
        }),
    })
}

fn is_set(row: &AnyRow, column: &str) -> Result<bool, sqlx::Error> {
    Ok(row.try_get::<i64, _>(column)? == 1)
}

/// From when on the past is kept; `None` before the first start.
pub async fn find_since(conn: &mut AnyConnection) -> Result<Option<Timestamp>, sqlx::Error> {
    let row = sqlx::query("select since from past_since where id = 1").fetch_optional(conn).await?;
    row.map(|row| moment(&row, "since")).transpose()
}

/// The past begins now, unless it has begun.
pub(super) async fn begin(conn: &mut AnyConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("insert into past_since (id, since) values (1, $1) on conflict (id) do nothing")
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets what was only before a moment, in one go of bounded size; answers how much went. The past
/// begins there from then on.
pub async fn delete_before(
    conn: &mut AnyConnection,
    moment: Timestamp,
    most: i64,
) -> Result<u64, sqlx::Error> {
    sqlx::query("update past_since set since = $1 where since < $1")
        .bind(moment.as_millis())
        .execute(&mut *conn)
        .await?;
    let done = sqlx::query(
        "delete from past
         where (thing, thing_id, turn) in
             (select thing, thing_id, turn from past where until < $1 order by until limit $2)",
    )
    .bind(moment.as_millis())
    .bind(most)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
