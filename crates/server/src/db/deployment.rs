//! Deployments of applications.

use std::num::NonZeroU32;

use portolan_types::{
    ApplicationId, Commit, Deployment, DeploymentId, DeploymentState, Image, OperationId,
    PageQuery, TeamId, Timestamp,
};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, decode_error, moment, moment_option, parsed, parsed_option};

/// A deployment with what the API does not show.
#[derive(Debug, Clone)]
pub struct Planned {
    pub deployment: Deployment,
    /// The revision of the application that it is of.
    pub revision: i64,
    /// Spec and variables as they were, as JSON.
    pub sealed_plan: String,
    /// By which any host gets the very image, where a registry has it.
    pub pinned: Option<Image>,
    /// When requests were led to it.
    pub switched_at: Option<Timestamp>,
}

impl FromRow<'_, AnyRow> for Planned {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            revision: row.try_get("revision")?,
            sealed_plan: row.try_get("sealed_plan")?,
            pinned: parsed_option(row, "pinned")?,
            switched_at: moment_option(row, "switched_at")?,
            deployment: Deployment {
                id: parsed(row, "id")?,
                application_id: parsed(row, "application_id")?,
                number: number(row.try_get("number")?, "number")?,
                state: parsed(row, "state")?,
                image: parsed(row, "image")?,
                image_id: row.try_get("image_id")?,
                commit: commit(row)?,
                rolled_back_to: row
                    .try_get::<Option<i64>, _>("rolled_back_to")?
                    .map(|value| number(value, "rolled_back_to"))
                    .transpose()?,
                container: parsed(row, "container")?,
                by: row.try_get("author")?,
                operation_id: parsed(row, "operation_id")?,
                reason: row.try_get("reason")?,
                created_at: moment(row, "created_at")?,
                finished_at: moment_option(row, "finished_at")?,
            },
        })
    }
}

fn commit(row: &AnyRow) -> Result<Option<Commit>, sqlx::Error> {
    let Some(id) = row.try_get("commit_id")? else { return Ok(None) };
    let subject: Option<String> = row.try_get("commit_subject")?;
    Ok(Some(Commit { id, subject: subject.unwrap_or_default() }))
}

fn number(value: i64, column: &str) -> Result<NonZeroU32, sqlx::Error> {
    let value = u32::try_from(value).map_err(|source| decode_error(column, source))?;
    NonZeroU32::try_from(value).map_err(|source| decode_error(column, source))
}

macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "select id, application_id, number, state, image, image_id, commit_id, commit_subject, rolled_back_to, container,
                    author, operation_id, revision, sealed_plan, pinned, reason, created_at,
                    switched_at, finished_at
             from deployments ",
            $($rest)*
        )
    };
}

/// Writes a new deployment down.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    new: &Planned,
) -> Result<(), sqlx::Error> {
    let Deployment { id, application_id, number, state, image, image_id, .. } = &new.deployment;
    sqlx::query(
        "insert into deployments
             (id, team_id, application_id, number, state, image, image_id, rolled_back_to,
              container, author, operation_id, revision, sealed_plan, created_at, commit_id,
              commit_subject, pinned)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(id.as_str())
    .bind(team.as_str())
    .bind(application_id.as_str())
    .bind(i64::from(number.get()))
    .bind(state.as_str())
    .bind(image.as_str())
    .bind(image_id.as_deref())
    .bind(new.deployment.rolled_back_to.map(|number| i64::from(number.get())))
    .bind(new.deployment.container.as_str())
    .bind(new.deployment.by.as_str())
    .bind(new.deployment.operation_id.as_str())
    .bind(new.revision)
    .bind(new.sealed_plan.as_str())
    .bind(new.deployment.created_at.as_millis())
    .bind(new.deployment.commit.as_ref().map(|commit| commit.id.as_str()))
    .bind(new.deployment.commit.as_ref().map(|commit| commit.subject.as_str()))
    .bind(new.pinned.as_ref().map(Image::as_str))
    .execute(conn)
    .await?;
    Ok(())
}

/// The number of the next deployment. Call it with the application's row held.
pub async fn next_number(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<NonZeroU32, sqlx::Error> {
    let latest: Option<i64> =
        sqlx::query_scalar("select max(number) from deployments where application_id = $1")
            .bind(application.as_str())
            .fetch_one(conn)
            .await?;
    number(latest.unwrap_or_default() + 1, "number")
}

/// One deployment.
pub async fn find(
    conn: &mut AnyConnection,
    id: &DeploymentId,
) -> Result<Option<Planned>, sqlx::Error> {
    sqlx::query_as(select!("where id = $1")).bind(id.as_str()).fetch_optional(conn).await
}

/// The deployment that a piece of work makes.
pub async fn find_by_operation(
    conn: &mut AnyConnection,
    operation: &OperationId,
) -> Result<Option<Planned>, sqlx::Error> {
    sqlx::query_as(select!("where operation_id = $1"))
        .bind(operation.as_str())
        .fetch_optional(conn)
        .await
}

/// A deployment of an application by its number.
pub async fn find_by_number(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    number: NonZeroU32,
) -> Result<Option<Planned>, sqlx::Error> {
    sqlx::query_as(select!("where application_id = $1 and number = $2"))
        .bind(application.as_str())
        .bind(i64::from(number.get()))
        .fetch_optional(conn)
        .await
}

/// The latest deployment that served and does so no more.
pub async fn find_previous(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Option<Planned>, sqlx::Error> {
    sqlx::query_as(select!(
        "where application_id = $1 and state = 'replaced' order by number desc limit 1"
    ))
    .bind(application.as_str())
    .fetch_optional(conn)
    .await
}

/// The deployments of an application that the caller was let to, newest first.
pub async fn list(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    query: &PageQuery,
) -> Result<Vec<Deployment>, sqlx::Error> {
    let window = Window::newest_of_owner(application.as_str(), query);
    let rows: Vec<Planned> = window
        .query(select!(
            "where application_id = $1 and (created_at, id) < ($2, $3)
               and lower(image) like $4 escape '!'
             order by created_at desc, id desc
             limit $5"
        ))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.deployment).collect())
}

/// Notes what its image is, and by which reference any host gets it.
pub async fn set_image(
    conn: &mut AnyConnection,
    id: &DeploymentId,
    (image_id, pinned): (&str, Option<&Image>),
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update deployments set image_id = $2, pinned = coalesce($3, pinned) where id = $1",
    )
    .bind(id.as_str())
    .bind(image_id)
    .bind(pinned.map(Image::as_str))
    .execute(conn)
    .await?;
    Ok(())
}

/// Deployments whose images were built and are kept on the host, but for the latest of those that
/// served: with the name of each image.
pub async fn list_outdated_images(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    kept: i64,
) -> Result<Vec<(DeploymentId, String)>, sqlx::Error> {
    let rows = sqlx::query(
        "select id, image from deployments
         where application_id = $1 and commit_id is not null and image_id is not null
           and state in ('replaced', 'failed', 'cancelled') and rolled_back_to is null
           and image_id not in (
               select image_id from deployments
               where application_id = $1 and image_id is not null
                 and (state in ('serving', 'pending') or number in (
                     select number from deployments
                     where application_id = $1 and state in ('serving', 'replaced')
                     order by number desc
                     limit $2
                 ))
           )
         order by number",
    )
    .bind(application.as_str())
    .bind(kept)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((parsed(row, "id")?, row.try_get("image")?))).collect()
}

/// Its image is on the host no more.
pub async fn forget_image(conn: &mut AnyConnection, id: &DeploymentId) -> Result<(), sqlx::Error> {
    sqlx::query("update deployments set image_id = null where id = $1")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes what it is built from.
pub async fn set_commit(
    conn: &mut AnyConnection,
    id: &DeploymentId,
    commit: &Commit,
) -> Result<(), sqlx::Error> {
    sqlx::query("update deployments set commit_id = $2, commit_subject = $3 where id = $1")
        .bind(id.as_str())
        .bind(commit.id.as_str())
        .bind(commit.subject.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Requests are led to it from now on, and to the one before no more.
pub async fn switch(
    conn: &mut AnyConnection,
    (from, to): (Option<&DeploymentId>, &DeploymentId),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("update deployments set switched_at = $2, state = 'serving' where id = $1")
        .bind(to.as_str())
        .bind(now.as_millis())
        .execute(&mut *conn)
        .await?;
    if let Some(from) = from {
        sqlx::query(
            "update deployments set state = 'replaced', finished_at = coalesce(finished_at, $2)
             where id = $1",
        )
        .bind(from.as_str())
        .bind(now.as_millis())
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Ends a deployment that was under way.
pub async fn finish(
    conn: &mut AnyConnection,
    id: &DeploymentId,
    (state, reason): (DeploymentState, Option<&str>),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update deployments set state = $2, reason = $3, finished_at = $4
         where id = $1 and finished_at is null",
    )
    .bind(id.as_str())
    .bind(state.as_str())
    .bind(reason)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends deployments of an application that are under way no more, because others took their place.
pub async fn cancel_pending(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    reason: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update deployments set state = 'cancelled', reason = $2, finished_at = $3
         where application_id = $1 and state = 'pending'",
    )
    .bind(application.as_str())
    .bind(reason)
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}
