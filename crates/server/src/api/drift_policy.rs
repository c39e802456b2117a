//! `/v1/drift-policy`, and the same of a server and of a destination.

use axum::{Json as Answer, extract::State};
use portolan_types::{DestinationId, DriftPolicies, ServerId, UpdateDriftRules};

use super::{
    AppState,
    extract::{Caller, Json, Path},
    problem::Problems,
};
use crate::{
    Error,
    drift_rules::{self, Scope},
};

/// Shows what is done about differences: what the team says, and what holds.
#[utoipa::path(get, path = "/v1/drift-policy", tag = "drifts", security(("token" = ["read"])),
    responses((status = 200, description = "The policy", body = DriftPolicies), Problems))]
pub(super) async fn show_drift_policy(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<Answer<DriftPolicies>, Error> {
    Ok(Answer(drift_rules::show(&app, &actor, &Scope::Team).await?))
}

/// Changes what the team says. A server's or a destination's own policy counts more.
#[utoipa::path(patch, path = "/v1/drift-policy", tag = "drifts", security(("token" = ["admin"])),
    responses((status = 200, description = "The policy", body = DriftPolicies), Problems))]
pub(super) async fn update_drift_policy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(change): Json<UpdateDriftRules>,
) -> Result<Answer<DriftPolicies>, Error> {
    Ok(Answer(drift_rules::update(&app, &actor, &Scope::Team, &change).await?))
}

/// Shows what is done about differences on a server.
#[utoipa::path(get, path = "/v1/servers/{id}/drift-policy", tag = "drifts",
    params(("id" = ServerId, Path, description = "The server")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The policy", body = DriftPolicies), Problems))]
pub(super) async fn show_server_drift_policy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
) -> Result<Answer<DriftPolicies>, Error> {
    Ok(Answer(drift_rules::show(&app, &actor, &Scope::Server(id)).await?))
}

/// Changes what is said for a server. What waits for a person there is decided anew.
#[utoipa::path(patch, path = "/v1/servers/{id}/drift-policy", tag = "drifts",
    params(("id" = ServerId, Path, description = "The server")),
    security(("token" = ["manage"])),
    responses((status = 200, description = "The policy", body = DriftPolicies), Problems))]
pub(super) async fn update_server_drift_policy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Json(change): Json<UpdateDriftRules>,
) -> Result<Answer<DriftPolicies>, Error> {
    Ok(Answer(drift_rules::update(&app, &actor, &Scope::Server(id), &change).await?))
}

/// Shows what is done about differences of a destination.
#[utoipa::path(get, path = "/v1/destinations/{id}/drift-policy", tag = "drifts",
    params(("id" = DestinationId, Path, description = "The destination")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The policy", body = DriftPolicies), Problems))]
pub(super) async fn show_destination_drift_policy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
) -> Result<Answer<DriftPolicies>, Error> {
    Ok(Answer(drift_rules::show(&app, &actor, &Scope::Destination(id)).await?))
}

/// Changes what is said for a destination. What waits for a person there is decided anew.
#[utoipa::path(patch, path = "/v1/destinations/{id}/drift-policy", tag = "drifts",
    params(("id" = DestinationId, Path, description = "The destination")),
    security(("token" = ["operate"])),
    responses((status = 200, description = "The policy", body = DriftPolicies), Problems))]
pub(super) async fn update_destination_drift_policy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
    Json(change): Json<UpdateDriftRules>,
) -> Result<Answer<DriftPolicies>, Error> {
    Ok(Answer(drift_rules::update(&app, &actor, &Scope::Destination(id), &change).await?))
}
