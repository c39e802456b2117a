//! `/v1/destinations/{id}/verify` and `/v1/destinations/{id}/verifications`.

use axum::{Json as Answer, extract::State};
use portolan_types::{DestinationId, Operation, Page, PageQuery, Verification};

use super::{
    AppState,
    extract::{Answered, Caller, Path, Query, Wait},
    problem::Problems,
};
use crate::{Error, destinations::verify};

/// Proves a destination with short-lived probes on its host. The result names each check with what
/// was tried and what came back; the work fails when a check does.
#[utoipa::path(post, path = "/v1/destinations/{id}/verify", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn verify_destination(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = verify::verify(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Lists what was proved of a destination, newest first.
#[utoipa::path(get, path = "/v1/destinations/{id}/verifications", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination"), PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Verification>), Problems))]
pub(super) async fn list_verifications(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Verification>>, Error> {
    Ok(Answer(verify::list(&app, &actor, &id, &query).await?))
}
