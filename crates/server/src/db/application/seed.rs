//! Clones whose volumes are yet to be filled. The row goes when they are.

use portolan_types::{ApplicationId, ApplicationName};
use sqlx::{AnyConnection, Row, any::AnyRow};

use super::super::{parsed, parsed_option};

/// What is to be in the volumes of a clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// `None` once it is gone.
    pub original_id: Option<ApplicationId>,
    /// Whether something of the copying may be left on a host.
    pub begun: bool,
}

impl Seed {
    /// Of the row of an application.
    pub(super) fn of(row: &AnyRow) -> Result<Option<Self>, sqlx::Error> {
        let Some(begun) = row.try_get::<Option<i64>, _>("seed_begun")? else { return Ok(None) };
        let original_id = parsed_option(row, "seed_original_id")?;
        Ok(Some(Self { original_id, begun: begun != 0 }))
    }
}

/// Writes down of which application the volumes of another are to be filled.
pub async fn insert(
    conn: &mut AnyConnection,
    clone: &ApplicationId,
    original: &ApplicationId,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into seeds (application_id, original_id, begun) values ($1, $2, 0)")
        .bind(clone.as_str())
        .bind(original.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// The clones that are yet to be filled from an application, by name.
pub async fn list_waiting(
    conn: &mut AnyConnection,
    original: &ApplicationId,
) -> Result<Vec<ApplicationName>, sqlx::Error> {
    let rows = sqlx::query(
        "select a.name from seeds s join applications a on a.id = s.application_id
         where s.original_id = $1 order by a.name",
    )
    .bind(original.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| parsed(row, "name")).collect()
}

/// Stores whether something of the copying may be left on a host.
pub async fn set_begun(
    conn: &mut AnyConnection,
    clone: &ApplicationId,
    begun: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query("update seeds set begun = $2 where application_id = $1")
        .bind(clone.as_str())
        .bind(i64::from(begun))
        .execute(conn)
        .await?;
    Ok(())
}

/// The volumes are filled.
pub async fn delete(conn: &mut AnyConnection, clone: &ApplicationId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from seeds where application_id = $1")
        .bind(clone.as_str())
        .execute(conn)
        .await?;
    Ok(())
}
