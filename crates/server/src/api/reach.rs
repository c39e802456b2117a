//! `/v1/reach`.

use axum::{Json as Answer, extract::State};
use portolan_types::{AskReach, Operation, ProveReach, Reach};

use super::{
    AppState,
    extract::{Answered, Caller, Json, Query, Wait},
    problem::Problems,
};
use crate::{Error, reach};

/// Tells whether one container or destination reaches another, over which ways, and what is in the
/// way otherwise. Changes nothing.
///
/// It is judged from what was last seen of the hosts, looked at again for this where they answer.
/// Firewalls of the hosts are not seen: `prove_reach` and `verify_destination` find those.
#[utoipa::path(post, path = "/v1/reach", tag = "destinations",
    security(("token" = ["read"])),
    responses((status = 200, description = "The answer", body = Reach), Problems))]
pub(super) async fn ask_reach(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<AskReach>,
) -> Result<Answer<Reach>, Error> {
    Ok(Answer(reach::ask(&app, &actor, &input).await?))
}

/// Proves the answer: a short-lived probe in the network of the one end tries a connection to the
/// other. The result has the answer from what was seen, what the probe found, and the likely cause
/// when they differ. That no connection came about is a result, not a failure of the work.
#[utoipa::path(post, path = "/v1/reach/prove", tag = "destinations", params(Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn prove_reach(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(wait): Query<Wait>,
    Json(input): Json<ProveReach>,
) -> Result<Answered<Operation>, Error> {
    let begun = reach::prove(&app, &actor, input).await?;
    wait.accepted(&app, &actor, &begun).await
}
