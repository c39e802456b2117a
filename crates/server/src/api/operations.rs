//! `/v1/operations`.

use axum::{Json as Answer, extract::State};
use portolan_types::{Operation, OperationId, Page, PageQuery, id::SubjectId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Caller, Path, Query, Wait},
    problem::Problems,
};
use crate::{Error, operations};

/// Whose operations are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfSubject {
    /// Only those of this server or destination, removed ones included.
    #[param(value_type = Option<String>)]
    subject_id: Option<SubjectId>,
}

/// Lists the team's operations, newest first, without their steps.
#[utoipa::path(get, path = "/v1/operations", tag = "operations", params(OfSubject, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Operation>), Problems))]
pub(super) async fn list_operations(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(of): Query<OfSubject>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Operation>>, Error> {
    Ok(Answer(operations::list(&app, &actor, of.subject_id.as_ref(), &query).await?))
}

/// Shows an operation with its steps, when it is over or after the time to wait.
#[utoipa::path(get, path = "/v1/operations/{id}", tag = "operations",
    params(("id" = OperationId, Path, description = "The operation"), Wait),
    security(("token" = ["read"])),
    responses((status = 200, description = "The operation", body = Operation), Problems))]
pub(super) async fn show_operation(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<OperationId>,
    Query(wait): Query<Wait>,
) -> Result<Answer<Operation>, Error> {
    Ok(Answer(operations::wait(&app, &actor, &id, wait.limit()).await?))
}
