//! `/v1/backups`, and what makes and uses them below `/v1/databases/{id}`.

use axum::{
    Json as Answer,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use portolan_types::{
    BackUpDatabase, Backup, BackupFilter, BackupId, BackupSchedule, CheckBackup, DatabaseId,
    Operation, Page, PageQuery, RestoreDatabase, SetBackupSchedule,
};

use super::{
    AppState,
    extract::{Answered, Caller, Json, Path, Query, Wait},
    problem::Problems,
};
use crate::{
    Error,
    databases::backups::{self, schedule},
};

/// Lists the team's backups of databases, newest first. They outlive their databases.
#[utoipa::path(get, path = "/v1/backups", tag = "backups", params(BackupFilter, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Backup>), Problems))]
pub(super) async fn list_backups(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(filter): Query<BackupFilter>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Backup>>, Error> {
    Ok(Answer(backups::list(&app, &actor, &filter, &query).await?))
}

/// Backs a database up into a storage, while it goes on. What came of it is the operation's outcome.
#[utoipa::path(post, path = "/v1/databases/{id}/backups", tag = "backups",
    params(("id" = DatabaseId, Path, description = "The database"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn back_up_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Query(wait): Query<Wait>,
    Json(input): Json<BackUpDatabase>,
) -> Result<Answered<Operation>, Error> {
    let begun = backups::take(&app, &actor, &id, input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Gives a database what a backup has: of itself or of another one of its engine, which may be gone.
/// What it has now is lost. Nothing is touched before the backup was found to be what was stored.
#[utoipa::path(post, path = "/v1/databases/{id}/restore", tag = "backups",
    params(("id" = DatabaseId, Path, description = "The database"), Wait),
    security(("token" = ["manage"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn restore_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Query(wait): Query<Wait>,
    Json(input): Json<RestoreDatabase>,
) -> Result<Answered<Operation>, Error> {
    let begun = backups::restore(&app, &actor, &id, &input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Shows when a database is backed up without anybody asking for it.
#[utoipa::path(get, path = "/v1/databases/{id}/backup-schedule", tag = "backups",
    params(("id" = DatabaseId, Path, description = "The database")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The schedule", body = BackupSchedule), Problems))]
pub(super) async fn show_backup_schedule(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
) -> Result<Answer<BackupSchedule>, Error> {
    Ok(Answer(schedule::show(&app, &actor, &id).await?))
}

/// Has a database backed up on a schedule, in the place of the one before.
///
/// The newest backups that it asked for are kept, and older ones of them removed; those that a person
/// asked for stay. What was missed while the control plane was away is taken once.
#[utoipa::path(put, path = "/v1/databases/{id}/backup-schedule", tag = "backups",
    params(("id" = DatabaseId, Path, description = "The database")),
    security(("token" = ["manage"])),
    responses((status = 200, description = "The schedule", body = BackupSchedule), Problems))]
pub(super) async fn set_backup_schedule(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Json(input): Json<SetBackupSchedule>,
) -> Result<Answer<BackupSchedule>, Error> {
    Ok(Answer(schedule::set(&app, &actor, &id, input).await?))
}

/// Ends the schedule of a database. The backups that it asked for stay.
#[utoipa::path(delete, path = "/v1/databases/{id}/backup-schedule", tag = "backups",
    params(("id" = DatabaseId, Path, description = "The database")),
    security(("token" = ["manage"])),
    responses((status = 204, description = "It has ended"), Problems))]
pub(super) async fn delete_backup_schedule(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
) -> Result<StatusCode, Error> {
    schedule::unset(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows a backup.
#[utoipa::path(get, path = "/v1/backups/{id}", tag = "backups",
    params(("id" = BackupId, Path, description = "The backup")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The backup", body = Backup), Problems))]
pub(super) async fn show_backup(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<BackupId>,
) -> Result<Answer<Backup>, Error> {
    Ok(Answer(backups::show(&app, &actor, &id).await?))
}

/// Restores a backup on trial: into a database of its engine and version that is made for it, that nobody
/// reaches, and that goes again. The database itself is not touched.
///
/// It is done on the server of the database, or of another one that is named. What came of it is the
/// operation's outcome, and `checked_at` and `check_failure` of the backup.
#[utoipa::path(post, path = "/v1/backups/{id}/check", tag = "backups",
    params(("id" = BackupId, Path, description = "The backup"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn check_backup(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<BackupId>,
    Query(wait): Query<Wait>,
    Json(input): Json<CheckBackup>,
) -> Result<Answered<Operation>, Error> {
    let begun = backups::check(&app, &actor, &id, &input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Hands a backup out as it lies in the storage: all that the database held, in the engine's own form,
/// compressed by gzip. Who took it is an event.
#[utoipa::path(get, path = "/v1/backups/{id}/content", tag = "backups",
    params(("id" = BackupId, Path, description = "The backup")),
    security(("token" = ["manage"])),
    responses(
        (status = 200, description = "The backup", body = Vec<u8>, content_type = "application/gzip"),
        Problems,
    ))]
pub(super) async fn download_backup(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<BackupId>,
) -> Result<impl IntoResponse, Error> {
    let backups::Content { backup, parts } = backups::read(&app, &actor, &id).await?;
    // Both are words without anything that would end the value.
    let name = format!("attachment; filename=\"{}-{}.gz\"", backup.database_name, backup.id);
    let head = [
        (header::CONTENT_TYPE, "application/gzip".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CONTENT_LENGTH, backup.size.unwrap_or_default().to_string()),
    ];
    Ok((head, Body::from_stream(parts)))
}

/// Removes a backup with what lies in the storage. It is listed until that is gone.
#[utoipa::path(delete, path = "/v1/backups/{id}", tag = "backups",
    params(("id" = BackupId, Path, description = "The backup")),
    security(("token" = ["manage"])),
    responses((status = 202, description = "The backup that goes", body = Backup), Problems))]
pub(super) async fn delete_backup(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<BackupId>,
) -> Result<(StatusCode, Answer<Backup>), Error> {
    Ok((StatusCode::ACCEPTED, Answer(backups::remove(&app, &actor, &id).await?)))
}
