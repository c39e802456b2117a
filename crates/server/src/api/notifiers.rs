//! `/v1/notifiers`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    CreateNotifier, CreatedNotifier, Delivery, Notifier, NotifierId, Page, PageQuery,
    UpdateNotifier,
};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query},
    problem::Problems,
};
use crate::{Error, notifiers};

/// Lists the team's notifiers, oldest first.
#[utoipa::path(get, path = "/v1/notifiers", tag = "notifiers", params(PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Notifier>), Problems))]
pub(super) async fn list_notifiers(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Notifier>>, Error> {
    Ok(Answer(notifiers::list(&app, &actor, &query).await?))
}

/// Makes a notifier, which tells of what happens from now on. The secret of a webhook is in this
/// answer and nowhere else; of its URL only the origin is ever shown. A webhook gets a
/// `Notification`, signed as Standard Webhooks say (`webhook-id`, `webhook-timestamp`,
/// `webhook-signature`).
#[utoipa::path(post, path = "/v1/notifiers", tag = "notifiers",
    security(("token" = ["owner"])),
    responses((status = 201, description = "The notifier, and the secret that was made",
               body = CreatedNotifier), Problems))]
pub(super) async fn create_notifier(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<CreateNotifier>,
) -> Result<(StatusCode, Answer<CreatedNotifier>), Error> {
    Ok((StatusCode::CREATED, Answer(notifiers::create(&app, &actor, input).await?)))
}

/// Shows a notifier.
#[utoipa::path(get, path = "/v1/notifiers/{id}", tag = "notifiers",
    params(("id" = NotifierId, Path, description = "The notifier")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The notifier", body = Notifier), Problems))]
pub(super) async fn show_notifier(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<NotifierId>,
) -> Result<Answer<Notifier>, Error> {
    Ok(Answer(notifiers::show(&app, &actor, &id).await?))
}

/// Changes a notifier; what is not given stays.
#[utoipa::path(patch, path = "/v1/notifiers/{id}", tag = "notifiers",
    params(("id" = NotifierId, Path, description = "The notifier")),
    security(("token" = ["owner"])),
    responses((status = 200, description = "The notifier", body = Notifier), Problems))]
pub(super) async fn update_notifier(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<NotifierId>,
    Json(input): Json<UpdateNotifier>,
) -> Result<Answer<Notifier>, Error> {
    Ok(Answer(notifiers::update(&app, &actor, &id, input).await?))
}

/// Removes a notifier with its history. What waited is not delivered any more.
#[utoipa::path(delete, path = "/v1/notifiers/{id}", tag = "notifiers",
    params(("id" = NotifierId, Path, description = "The notifier")),
    security(("token" = ["owner"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_notifier(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<NotifierId>,
) -> Result<StatusCode, Error> {
    notifiers::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a message that tells nothing, once and at once, and answers what came of it.
#[utoipa::path(post, path = "/v1/notifiers/{id}/test", tag = "notifiers",
    params(("id" = NotifierId, Path, description = "The notifier")),
    security(("token" = ["admin"])),
    responses((status = 200, description = "What came of it", body = Delivery), Problems))]
pub(super) async fn test_notifier(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<NotifierId>,
) -> Result<Answer<Delivery>, Error> {
    Ok(Answer(notifiers::test(&app, &actor, &id).await?))
}

/// Lists what a notifier told, newest first: what waits, what arrived, and what was given up.
#[utoipa::path(get, path = "/v1/notifiers/{id}/deliveries", tag = "notifiers",
    params(("id" = NotifierId, Path, description = "The notifier"), PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Delivery>), Problems))]
pub(super) async fn list_deliveries(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<NotifierId>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Delivery>>, Error> {
    Ok(Answer(notifiers::list_deliveries(&app, &actor, &id, &query).await?))
}
