//! `/v1/reconcile`.

use axum::{Json as Answer, extract::State};
use portolan_types::ReconcileStatus;

use super::{AppState, extract::Caller, problem::Problems};
use crate::{Error, tasks};

/// Shows how the background work goes: of each of the team's servers, and of the installation.
#[utoipa::path(get, path = "/v1/reconcile", tag = "drifts", security(("token" = ["read"])),
    responses((status = 200, description = "Every task", body = ReconcileStatus), Problems))]
pub(super) async fn show_reconcile(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<Answer<ReconcileStatus>, Error> {
    Ok(Answer(tasks::status(&app, &actor).await?))
}
