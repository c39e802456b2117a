//! `/v1/databases` and `/v1/database-templates`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    CloneDatabase, ClonedDatabase, CreateDatabase, CreatedDatabase, Database, DatabaseId,
    DatabaseTemplates, DestinationId, EnvironmentId, Operation, Page, PageQuery, Preview,
    UpdateDatabase, UpgradeDatabase,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Answered, Ask, Caller, Json, Path, Query, Repeat, Wait},
    problem::Problems,
};
use crate::{
    Actor, Error,
    applications::remove::Volumes,
    databases::{self, Filter, change, cloning, remove, work},
    operations,
};

/// Lists the engines that a database can be of.
#[utoipa::path(get, path = "/v1/database-templates", tag = "databases",
    security(("token" = ["read"])),
    responses((status = 200, description = "By name", body = DatabaseTemplates), Problems))]
pub(super) async fn list_database_templates() -> Answer<DatabaseTemplates> {
    Answer(databases::templates())
}

/// Which databases are listed.
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

/// Lists the team's databases, oldest first.
#[utoipa::path(get, path = "/v1/databases", tag = "databases", params(Of, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Database>), Problems))]
pub(super) async fn list_databases(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(Of { environment_id, destination_id }): Query<Of>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Database>>, Error> {
    let filter = Filter { environment_id, destination_id };
    Ok(Answer(databases::list(&app, &actor, filter, &query).await?))
}

/// Makes a database in an environment, and deploys it. Its password is in this answer and nowhere
/// else: a repetition is refused.
#[utoipa::path(post, path = "/v1/databases", tag = "databases",
    params(
        Wait,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe"),
    ),
    security(("token" = ["manage"])),
    responses(
        (status = 201, description = "The database and its password", body = CreatedDatabase),
        Problems,
    ))]
pub(super) async fn create_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(wait): Query<Wait>,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateDatabase>,
) -> Result<(StatusCode, Answer<CreatedDatabase>), Error> {
    let mut made = databases::create(&app, &actor, input, repeat).await?;
    made.database = settled(&app, &actor, made.database, &wait).await?;
    Ok((StatusCode::CREATED, Answer(made)))
}

/// The database once its work is over, as long as the caller waits for that.
async fn settled(
    app: &AppState,
    actor: &Actor,
    database: Database,
    wait: &Wait,
) -> Result<Database, Error> {
    let Some(operation) = &database.operation_id else { return Ok(database) };
    operations::wait(app, actor, operation, wait.limit()).await?;
    databases::show(app, actor, &database.id).await
}

/// Shows a database, without its password.
#[utoipa::path(get, path = "/v1/databases/{id}", tag = "databases",
    params(("id" = DatabaseId, Path, description = "The database")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The database", body = Database), Problems))]
pub(super) async fn show_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
) -> Result<Answer<Database>, Error> {
    Ok(Answer(databases::show(&app, &actor, &id).await?))
}

/// Makes another database of one, with its data, and deploys it. The original has to be stopped until the data
/// are copied. The clone has its passwords; a port of the host is left out on the same server.
#[utoipa::path(post, path = "/v1/databases/{id}/clone", tag = "databases",
    params(("id" = DatabaseId, Path, description = "The original"), Wait),
    security(("token" = ["manage"])),
    responses((status = 201, description = "The clone", body = ClonedDatabase), Problems))]
pub(super) async fn clone_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Query(wait): Query<Wait>,
    Json(input): Json<CloneDatabase>,
) -> Result<(StatusCode, Answer<ClonedDatabase>), Error> {
    let mut made = cloning::clone(&app, &actor, &id, input).await?;
    made.database = settled(&app, &actor, made.database, &wait).await?;
    Ok((StatusCode::CREATED, Answer(made)))
}

/// Changes what the next deployment makes: settings, limits and the port of the host.
#[utoipa::path(patch, path = "/v1/databases/{id}", tag = "databases",
    params(("id" = DatabaseId, Path, description = "The database")),
    security(("token" = ["manage"])),
    responses((status = 200, description = "The database", body = Database), Problems))]
pub(super) async fn update_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Json(input): Json<UpdateDatabase>,
) -> Result<Answer<Database>, Error> {
    Ok(Answer(change::update(&app, &actor, &id, input).await?))
}

/// What becomes of the data.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WithData {
    /// Removes its volume too, with the data. That cannot be undone.
    #[serde(default)]
    data: bool,
}

impl From<WithData> for Volumes {
    fn from(with: WithData) -> Self {
        if with.data { Self::Removed } else { Self::Kept }
    }
}

/// Removes a database with its container. Its volume stays with the data, unless it is said that it
/// goes. Refused while variables of applications are taken from it.
#[utoipa::path(delete, path = "/v1/databases/{id}", tag = "databases",
    params(("id" = DatabaseId, Path, description = "The database"), WithData, Wait, Ask),
    security(("token" = ["manage"])),
    responses(
        (status = 202, description = "The work", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn delete_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Query(with): Query<WithData>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
) -> Result<Answered<Operation>, Error> {
    let data = with.into();
    if ask.preview {
        return Ok(Answered::Previewed(remove::preview(&app, &actor, &id, data).await?));
    }
    let begun = remove::remove(&app, &actor, &id, data).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Deploys a database as it is to be now. Nothing answers until the new container does.
#[utoipa::path(post, path = "/v1/databases/{id}/deploy", tag = "databases",
    params(("id" = DatabaseId, Path, description = "The database"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn deploy_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = change::deploy(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Deploys a later version of the same series; without one, the present version as its image is now.
#[utoipa::path(post, path = "/v1/databases/{id}/upgrade", tag = "databases",
    params(("id" = DatabaseId, Path, description = "The database"), Wait),
    security(("token" = ["manage"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn upgrade_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Query(wait): Query<Wait>,
    Json(input): Json<UpgradeDatabase>,
) -> Result<Answered<Operation>, Error> {
    let begun = change::upgrade(&app, &actor, &id, input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Starts a database that was stopped, or that ended.
#[utoipa::path(post, path = "/v1/databases/{id}/start", tag = "databases",
    params(("id" = DatabaseId, Path, description = "The database"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn start_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = work::start(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Stops a database until somebody starts it.
#[utoipa::path(post, path = "/v1/databases/{id}/stop", tag = "databases",
    params(("id" = DatabaseId, Path, description = "The database"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn stop_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = work::stop(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Stops a database and starts it again.
#[utoipa::path(post, path = "/v1/databases/{id}/restart", tag = "databases",
    params(("id" = DatabaseId, Path, description = "The database"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn restart_database(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DatabaseId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = work::restart(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}
