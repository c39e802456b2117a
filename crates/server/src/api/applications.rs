//! `/v1/applications`.

use std::num::NonZeroU32;

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    Application, ApplicationId, ApplicationTasks, ChangeVariables, CloneApplication,
    ClonedApplication, CreateApplication, DeployApplication, Deployment, DestinationId,
    EnvironmentId, MoveApplication, Operation, Page, PageQuery, Preview, RollBack,
    UpdateApplication, Variables,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Answered, Ask, Caller, Json, Path, Query, Repeat, Wait},
    problem::Problems,
};
use crate::{
    Error,
    applications::{
        self, Filter, cloning, deployments, moves, remove, remove::Volumes, tasks, variables, work,
    },
};

/// Which applications are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// Only those of this environment.
    #[param(value_type = Option<String>)]
    environment_id: Option<EnvironmentId>,
    /// Only those on this destination.
    #[param(value_type = Option<String>)]
    destination_id: Option<DestinationId>,
}

/// Lists the team's applications, oldest first.
#[utoipa::path(get, path = "/v1/applications", tag = "applications", params(Of, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Application>), Problems))]
pub(super) async fn list_applications(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(Of { environment_id, destination_id }): Query<Of>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Application>>, Error> {
    let filter = Filter { environment_id, destination_id, ..Filter::default() };
    Ok(Answer(applications::list(&app, &actor, &filter, &query).await?))
}

/// Adds an application to an environment. Nothing runs until it is deployed.
#[utoipa::path(post, path = "/v1/applications", tag = "applications",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    security(("token" = ["manage"])),
    responses((status = 201, description = "The application", body = Application), Problems))]
pub(super) async fn create_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateApplication>,
) -> Result<(StatusCode, Answer<Application>), Error> {
    Ok((StatusCode::CREATED, Answer(applications::create(&app, &actor, input, repeat).await?)))
}

/// Shows an application.
#[utoipa::path(get, path = "/v1/applications/{id}", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The application", body = Application), Problems))]
pub(super) async fn show_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
) -> Result<Answer<Application>, Error> {
    Ok(Answer(applications::show(&app, &actor, &id).await?))
}

/// Changes what the next deployment makes.
#[utoipa::path(patch, path = "/v1/applications/{id}", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    security(("token" = ["manage"])),
    responses((status = 200, description = "The application", body = Application), Problems))]
pub(super) async fn update_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Json(input): Json<UpdateApplication>,
) -> Result<Answer<Application>, Error> {
    Ok(Answer(applications::update(&app, &actor, &id, input).await?))
}

/// Makes another application of what one is wanted to be: its spec and its variables. Its volumes are its
/// own: empty, unless `with_volumes` asks to fill them. It has no routes, and nothing of it runs until it
/// is deployed. Published ports are left out on the same server, further names on the same destination,
/// and variables that are taken from databases where those are not found.
#[utoipa::path(post, path = "/v1/applications/{id}/clone", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The original")),
    security(("token" = ["manage"])),
    responses((status = 201, description = "The clone", body = ClonedApplication), Problems))]
pub(super) async fn clone_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Json(input): Json<CloneApplication>,
) -> Result<(StatusCode, Answer<ClonedApplication>), Error> {
    Ok((StatusCode::CREATED, Answer(cloning::clone(&app, &actor, &id, input).await?)))
}

/// What becomes of the volumes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WithVolumes {
    /// Removes its volumes too, with what is in them. That cannot be undone.
    #[serde(default)]
    volumes: bool,
}

impl From<WithVolumes> for Volumes {
    fn from(with: WithVolumes) -> Self {
        if with.volumes { Self::Removed } else { Self::Kept }
    }
}

/// Removes an application with its container and routes. Its volumes stay, unless it is said that they
/// go.
#[utoipa::path(delete, path = "/v1/applications/{id}", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), WithVolumes, Wait, Ask),
    security(("token" = ["manage"])),
    responses(
        (status = 202, description = "The work", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn delete_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(with): Query<WithVolumes>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
) -> Result<Answered<Operation>, Error> {
    let volumes = with.into();
    if ask.preview {
        return Ok(Answered::Previewed(remove::preview(&app, &actor, &id, volumes).await?));
    }
    let begun = remove::remove(&app, &actor, &id, volumes).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Lists what a swarm runs of an application: its replicas, on which nodes, and why one does not run.
/// There are none where it is no service of a swarm.
#[utoipa::path(get, path = "/v1/applications/{id}/tasks", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    security(("token" = ["read"])),
    responses((status = 200, description = "By replica", body = ApplicationTasks), Problems))]
pub(super) async fn list_application_tasks(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
) -> Result<Answer<ApplicationTasks>, Error> {
    Ok(Answer(tasks::list(&app, &actor, &id).await?))
}

/// Shows the environment variables of an application; secret ones without their values.
#[utoipa::path(get, path = "/v1/applications/{id}/variables", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    security(("token" = ["read"])),
    responses((status = 200, description = "By name", body = Variables), Problems))]
pub(super) async fn list_variables(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
) -> Result<Answer<Variables>, Error> {
    Ok(Answer(variables::list(&app, &actor, &id).await?))
}

/// Sets and removes environment variables of the next deployment. Those that are not named stay.
#[utoipa::path(patch, path = "/v1/applications/{id}/variables", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    security(("token" = ["manage"])),
    responses((status = 200, description = "All of them now", body = Variables), Problems))]
pub(super) async fn change_variables(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Json(input): Json<ChangeVariables>,
) -> Result<Answer<Variables>, Error> {
    Ok(Answer(variables::change(&app, &actor, &id, input).await?))
}

/// Deploys an application. What is under way for it is given up.
#[utoipa::path(post, path = "/v1/applications/{id}/deploy", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), Wait),
    security(("token" = ["deploy"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn deploy_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wait): Query<Wait>,
    Json(input): Json<DeployApplication>,
) -> Result<Answered<Operation>, Error> {
    let begun = deployments::deploy(&app, &actor, &id, input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Deploys what an earlier deployment was: its image, spec and variables.
#[utoipa::path(post, path = "/v1/applications/{id}/roll-back", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), Wait),
    security(("token" = ["deploy"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn roll_back_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wait): Query<Wait>,
    Json(input): Json<RollBack>,
) -> Result<Answered<Operation>, Error> {
    let begun = deployments::roll_back(&app, &actor, &id, input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Gives up the deployment that is under way, as long as it does not serve yet.
#[utoipa::path(post, path = "/v1/applications/{id}/cancel", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application")),
    security(("token" = ["deploy"])),
    responses((status = 200, description = "The work, ended", body = Operation), Problems))]
pub(super) async fn cancel_deployment(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
) -> Result<Answer<Operation>, Error> {
    Ok(Answer(deployments::cancel(&app, &actor, &id).await?))
}

/// Starts an application that was stopped, or that ended.
#[utoipa::path(post, path = "/v1/applications/{id}/start", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn start_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = work::start(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Stops an application until somebody starts it.
#[utoipa::path(post, path = "/v1/applications/{id}/stop", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn stop_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = work::stop(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Stops an application and starts it again.
#[utoipa::path(post, path = "/v1/applications/{id}/restart", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn restart_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = work::restart(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Moves an application, or what runs a database, to another destination. On one server what serves goes
/// on until the other is ready, where both can run beside each other, and volumes stay as they are. To
/// another server volumes are copied and compared, and what is left waits to be confirmed.
#[utoipa::path(post, path = "/v1/applications/{id}/move", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application, or the database"), Wait, Ask),
    security(("token" = ["manage"])),
    responses(
        (status = 202, description = "The work", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn move_application(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
    Json(input): Json<MoveApplication>,
) -> Result<Answered<Operation>, Error> {
    if ask.preview {
        return Ok(Answered::Previewed(moves::preview(&app, &actor, &id, input).await?));
    }
    let begun = moves::begin(&app, &actor, &id, input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Removes what a move to another server left where the application was: its container, and its volumes
/// with what is in them. That cannot be undone.
#[utoipa::path(post, path = "/v1/applications/{id}/confirm-move", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application, or the database"), Wait),
    security(("token" = ["manage"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn confirm_move(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = moves::confirm(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Brings an application back to the server that it was moved from, as it was then. What was written to
/// its volumes since is lost.
#[utoipa::path(post, path = "/v1/applications/{id}/take-back-move", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application, or the database"), Wait),
    security(("token" = ["manage"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn take_back_move(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = moves::take_back(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Lists the deployments of an application, newest first.
#[utoipa::path(get, path = "/v1/applications/{id}/deployments", tag = "applications",
    params(("id" = ApplicationId, Path, description = "The application"), PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Deployment>), Problems))]
pub(super) async fn list_deployments(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ApplicationId>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Deployment>>, Error> {
    Ok(Answer(deployments::list(&app, &actor, &id, &query).await?))
}

/// Shows a deployment by its number.
#[utoipa::path(get, path = "/v1/applications/{id}/deployments/{number}", tag = "applications",
    params(
        ("id" = ApplicationId, Path, description = "The application"),
        ("number" = u32, Path, description = "Counts the deployments of the application"),
    ),
    security(("token" = ["read"])),
    responses((status = 200, description = "The deployment", body = Deployment), Problems))]
pub(super) async fn show_deployment(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path((id, number)): Path<(ApplicationId, NonZeroU32)>,
) -> Result<Answer<Deployment>, Error> {
    Ok(Answer(deployments::show(&app, &actor, &id, number).await?))
}
