//! `/v1/stacks`.

use axum::{
    Json as Answer,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
};
use portolan_types::{
    ApplyStack, CreateStack, EnvironmentId, Page, PageQuery, Preview, Stack, StackApplied, StackId,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    AppState,
    applications::WithVolumes,
    extract::{Answered, Ask, Caller, Json, Path, Query, Repeat},
    problem::Problems,
};
use crate::{
    Error,
    stacks::{self, apply, remove},
};

/// A Compose file comes with the files that it names: as JSON they are longer.
const MAX_BODY_BYTES: usize = 2 << 20;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_stacks, create_stack))
        .routes(routes!(show_stack, delete_stack))
        .routes(routes!(apply_stack))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// Which stacks are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// Only those of this environment.
    #[param(value_type = Option<String>)]
    environment_id: Option<EnvironmentId>,
}

/// Lists the team's stacks with their services, oldest first.
#[utoipa::path(get, path = "/v1/stacks", tag = "stacks", params(Of, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Stack>), Problems))]
pub(super) async fn list_stacks(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(Of { environment_id }): Query<Of>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Stack>>, Error> {
    Ok(Answer(stacks::list(&app, &actor, environment_id.as_ref(), &query).await?))
}

/// Makes applications of the services of a Compose file, and deploys them in the order in which they
/// need each other. What of the file is not done is refused by name and line.
#[utoipa::path(post, path = "/v1/stacks", tag = "stacks",
    params(Ask, ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    security(("token" = ["manage"])),
    responses(
        (status = 201, description = "The stack, with the work on its services", body = StackApplied),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn create_stack(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ask): Query<Ask>,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateStack>,
) -> Result<Answered<StackApplied>, Error> {
    if ask.preview {
        return Ok(Answered::Previewed(stacks::preview_new(&app, &actor, input).await?));
    }
    let made = Box::pin(apply::create(&app, &actor, input, repeat)).await?;
    Ok(Answered::Done(StatusCode::CREATED, made))
}

/// Shows a stack, with the file that it was applied from and the values of its variables that are not
/// secret.
#[utoipa::path(get, path = "/v1/stacks/{id}", tag = "stacks",
    params(("id" = StackId, Path, description = "The stack")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The stack", body = Stack), Problems))]
pub(super) async fn show_stack(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<StackId>,
) -> Result<Answer<Stack>, Error> {
    Ok(Answer(stacks::show(&app, &actor, &id).await?))
}

/// Applies a Compose file to a stack, another one or the same again: services are made, changed and
/// removed as it says, and those that differ are deployed.
#[utoipa::path(post, path = "/v1/stacks/{id}/apply", tag = "stacks",
    params(("id" = StackId, Path, description = "The stack"), Ask),
    security(("token" = ["manage"])),
    responses(
        (status = 202, description = "The stack, with the work on its services", body = StackApplied),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn apply_stack(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<StackId>,
    Query(ask): Query<Ask>,
    Json(input): Json<ApplyStack>,
) -> Result<Answered<StackApplied>, Error> {
    if ask.preview {
        return Ok(Answered::Previewed(stacks::preview_change(&app, &actor, &id, input).await?));
    }
    let applied = Box::pin(apply::apply(&app, &actor, &id, input)).await?;
    Ok(Answered::Done(StatusCode::ACCEPTED, applied))
}

/// Removes a stack with its services, their containers and routes, and its networks. Volumes stay,
/// unless it is said that they go.
#[utoipa::path(delete, path = "/v1/stacks/{id}", tag = "stacks",
    params(("id" = StackId, Path, description = "The stack"), WithVolumes, Ask),
    security(("token" = ["manage"])),
    responses(
        (status = 202, description = "The stack, with the work on its services", body = StackApplied),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn delete_stack(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<StackId>,
    Query(with): Query<WithVolumes>,
    Query(ask): Query<Ask>,
) -> Result<Answered<StackApplied>, Error> {
    let volumes = with.into();
    if ask.preview {
        return Ok(Answered::Previewed(remove::preview(&app, &actor, &id, volumes).await?));
    }
    let removed = remove::remove(&app, &actor, &id, volumes).await?;
    Ok(Answered::Done(StatusCode::ACCEPTED, removed))
}
