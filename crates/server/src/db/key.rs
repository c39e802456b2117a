//! SSH keys: the private part is stored sealed and leaves only to dial a host.

use portolan_types::{Key, KeyId, Name, PageQuery, TeamId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, moment, parsed};
use crate::rights::Visible;

struct KeyRow(Key);

impl FromRow<'_, AnyRow> for KeyRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let servers: i64 = row.try_get("servers")?;
        Ok(Self(Key {
            id: parsed(row, "id")?,
            name: parsed(row, "name")?,
            algorithm: parsed(row, "algorithm")?,
            public_key: row.try_get("public_key")?,
            fingerprint: row.try_get("fingerprint")?,
            servers: u64::try_from(servers).unwrap_or_default(),
            created_at: moment(row, "created_at")?,
        }))
    }
}

/// A name or a fingerprint that the team has already is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    key: &Key,
    sealed_private_key: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into keys
             (id, team_id, name, algorithm, public_key, fingerprint, sealed_private_key, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(key.id.as_str())
    .bind(team.as_str())
    .bind(key.name.as_str())
    .bind(key.algorithm.as_str())
    .bind(key.public_key.as_str())
    .bind(key.fingerprint.as_str())
    .bind(sealed_private_key)
    .bind(key.created_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The public side of a key, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &KeyId,
) -> Result<Option<Key>, sqlx::Error> {
    let row: Option<KeyRow> = sqlx::query_as(concat!(
        "select k.id, k.name, k.algorithm, k.public_key, k.fingerprint, k.created_at,
                (select count(*) from servers s where s.key_id = k.id) as servers
         from keys k
         where k.team_id = $1 and k.id = $2 and ",
        visible!("3", whole)
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|KeyRow(key)| key))
}

/// The sealed private part, for the reconciler that dials with it.
pub async fn find_sealed(
    conn: &mut AnyConnection,
    id: &KeyId,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("select sealed_private_key from keys where id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await
}

/// The team's keys, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    query: &PageQuery,
) -> Result<Vec<Key>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<KeyRow> = window
        .query(concat!(
            "select k.id, k.name, k.algorithm, k.public_key, k.fingerprint, k.created_at,
                    (select count(*) from servers s where s.key_id = k.id) as servers
             from keys k
             where k.team_id = $1 and (k.created_at, k.id) > ($2, $3)
               and (lower(k.name) like $4 escape '!' or lower(k.fingerprint) like $4 escape '!')
               and ",
            visible!("6", whole),
            " order by k.created_at, k.id
             limit $5"
        ))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|KeyRow(key)| key).collect())
}

/// `false` when the team has no such key; a name in use is a unique violation.
pub async fn rename(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &KeyId,
    name: &Name,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("update keys set name = $3 where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .bind(name.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a key; the foreign key of `servers` refuses one that is in use.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &KeyId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from keys where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
