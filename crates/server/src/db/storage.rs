//! Storages of backups. What lies in them is in `backup`.

use portolan_types::{PageQuery, S3Place, Storage, StorageId, TeamId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, decode_error, folded, json_option, moment, parsed, to_json};
use crate::rights::Visible;

struct StorageRow(Storage);

impl FromRow<'_, AnyRow> for StorageRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Storage {
            id: parsed(row, "id")?,
            name: parsed(row, "name")?,
            kind: parsed(row, "kind")?,
            s3: json_option(row, "place")?,
            backups: count(row, "backups")?,
            bytes: count(row, "bytes")?,
            created_at: moment(row, "created_at")?,
            updated_at: moment(row, "updated_at")?,
        }))
    }
}

fn count(row: &AnyRow, column: &str) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|source| decode_error(column, source))
}

/// With what lies in it. PostgreSQL sums to `numeric`, which is read as no number here.
macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "select s.id, s.name, s.kind, s.place, s.created_at, s.updated_at,
                    (select count(*) from backups b where b.storage_id = s.id) as backups,
                    (select cast(coalesce(sum(b.size), 0) as bigint)
                     from backups b where b.storage_id = s.id) as bytes
             from storages s ",
            $($rest)*
        )
    };
}

/// A name that the team has already is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    new: &Storage,
    sealed_secret: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into storages
             (id, team_id, name, folded, kind, created_at, updated_at, place, sealed_secret)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new.id.as_str())
    .bind(team.as_str())
    .bind(new.name.as_str())
    .bind(folded(&new.name))
    .bind(new.kind.as_str())
    .bind(new.created_at.as_millis())
    .bind(new.updated_at.as_millis())
    .bind(new.s3.as_ref().map(to_json).transpose()?)
    .bind(sealed_secret)
    .execute(conn)
    .await?;
    Ok(())
}

/// What is needed to use a storage.
#[derive(Debug)]
pub enum Kept {
    Disk,
    S3 { place: S3Place, sealed_secret: String },
}

impl FromRow<'_, AnyRow> for Kept {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let place: Option<S3Place> = json_option(row, "place")?;
        let sealed: Option<String> = row.try_get("sealed_secret")?;
        Ok(match (place, sealed) {
            (Some(place), Some(sealed_secret)) => Self::S3 { place, sealed_secret },
            _ => Self::Disk,
        })
    }
}

/// A storage that a backup or a trial is in, whoever asks.
pub async fn find_kept(
    conn: &mut AnyConnection,
    id: &StorageId,
) -> Result<Option<Kept>, sqlx::Error> {
    sqlx::query_as("select place, sealed_secret from storages where id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await
}

/// The storage, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &StorageId,
) -> Result<Option<Storage>, sqlx::Error> {
    let row: Option<StorageRow> =
        sqlx::query_as(select!("where s.team_id = $1 and s.id = $2 and ", visible!("3", whole)))
            .bind(visible.team().as_str())
            .bind(id.as_str())
            .bind(visible.by())
            .fetch_optional(conn)
            .await?;
    Ok(row.map(|StorageRow(storage)| storage))
}

/// The team's storages, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    query: &PageQuery,
) -> Result<Vec<Storage>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<StorageRow> = window
        .query(select!(
            "where s.team_id = $1 and (s.created_at, s.id) > ($2, $3)
               and s.folded like $4 escape '!'
               and ",
            visible!("6", whole),
            " order by s.created_at, s.id
             limit $5"
        ))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|StorageRow(storage)| storage).collect())
}

/// Gives it another name, or another key. `false` when the team has no such one; a name in use is a unique violation.
pub async fn update(
    conn: &mut AnyConnection,
    team: &TeamId,
    storage: &Storage,
    sealed_secret: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update storages set name = $3, folded = $4, updated_at = $5, place = $6,
                             sealed_secret = coalesce($7, sealed_secret)
         where team_id = $1 and id = $2",
    )
    .bind(team.as_str())
    .bind(storage.id.as_str())
    .bind(storage.name.as_str())
    .bind(folded(&storage.name))
    .bind(storage.updated_at.as_millis())
    .bind(storage.s3.as_ref().map(to_json).transpose()?)
    .bind(sealed_secret)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes it; what lies in it makes it a foreign key violation.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &StorageId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from storages where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
