//! `/v1/drifts`.

use axum::{Json as Answer, extract::State};
use portolan_types::{
    DestinationId, Drift, DriftId, DriftKind, Operation, Page, PageQuery, ServerId,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Answered, Caller, Path, Query, Wait},
    problem::Problems,
};
use crate::{Error, db::drift::Filter, drifts};

/// Which drifts are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those that stand and that nobody dismissed; with `false` only the others.
    open: Option<bool>,
    /// Only those on this server.
    #[param(value_type = Option<String>)]
    server_id: Option<ServerId>,
    /// Only those of this destination.
    #[param(value_type = Option<String>)]
    destination_id: Option<DestinationId>,
    /// Only those of this kind.
    #[param(inline)]
    kind: Option<DriftKind>,
}

impl From<Wanted> for Filter {
    fn from(wanted: Wanted) -> Self {
        let Wanted { open, server_id, destination_id, kind } = wanted;
        Self { open, server: server_id, destination: destination_id, kind }
    }
}

/// Lists differences between what should be and what hosts have, newest first.
#[utoipa::path(get, path = "/v1/drifts", tag = "drifts", params(Wanted, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Drift>), Problems))]
pub(super) async fn list_drifts(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(wanted): Query<Wanted>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Drift>>, Error> {
    Ok(Answer(drifts::list(&app, &actor, &wanted.into(), &query).await?))
}

/// Shows a drift.
#[utoipa::path(get, path = "/v1/drifts/{id}", tag = "drifts",
    params(("id" = DriftId, Path, description = "The drift")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The drift", body = Drift), Problems))]
pub(super) async fn show_drift(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DriftId>,
) -> Result<Answer<Drift>, Error> {
    Ok(Answer(drifts::show(&app, &actor, &id).await?))
}

/// Repairs a difference, whatever its policy. What was repaired too often, and is left to people
/// since, is repaired by itself again from then on.
#[utoipa::path(post, path = "/v1/drifts/{id}/heal", tag = "drifts",
    params(("id" = DriftId, Path, description = "The drift"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The repair", body = Operation), Problems))]
pub(super) async fn heal_drift(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DriftId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = drifts::heal(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Leaves a difference as it is. It is not told again while it stays the same.
#[utoipa::path(post, path = "/v1/drifts/{id}/dismiss", tag = "drifts",
    params(("id" = DriftId, Path, description = "The drift")),
    security(("token" = ["operate"])),
    responses((status = 200, description = "The drift", body = Drift), Problems))]
pub(super) async fn dismiss_drift(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DriftId>,
) -> Result<Answer<Drift>, Error> {
    Ok(Answer(drifts::dismiss(&app, &actor, &id).await?))
}
