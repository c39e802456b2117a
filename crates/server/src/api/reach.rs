//! `/v1/reach`.

use axum::{Json as Answer, extract::State};
use portolan_types::{AskReach, Reach};

use super::{
    AppState,
    extract::{Json, Reader},
    problem::Problems,
};
use crate::{Error, reach};

/// Tells whether one container or destination reaches another, over which ways, and what is in the
/// way otherwise. Changes nothing.
///
/// It is judged from what was last seen of the hosts, looked at again for this where they answer.
/// Firewalls of the hosts are not seen: `verify_destination` finds those.
#[utoipa::path(post, path = "/v1/reach", tag = "destinations",
    security(("token" = ["read"])),
    responses((status = 200, description = "The answer", body = Reach), Problems))]
pub(super) async fn ask_reach(
    State(app): State<AppState>,
    Reader(actor): Reader,
    Json(input): Json<AskReach>,
) -> Result<Answer<Reach>, Error> {
    Ok(Answer(reach::ask(&app, &actor, &input).await?))
}
