//! `/v1/chart`.

use axum::{Json as Answer, extract::State};
use portolan_types::Chart;

use super::{AppState, extract::Caller, problem::Problems};
use crate::{Error, picture};

/// Shows the fleet as one picture: the outside, proxies, servers, destinations and who is on them,
/// and what is connected with what.
///
/// It is put together from what was last seen of the hosts; no host is asked.
#[utoipa::path(get, path = "/v1/chart", tag = "destinations",
    security(("token" = ["read"])),
    responses((status = 200, description = "The picture", body = Chart), Problems))]
pub(super) async fn show_chart(
    State(app): State<AppState>,
    Caller(actor): Caller,
) -> Result<Answer<Chart>, Error> {
    Ok(Answer(picture::show(&app, &actor).await?))
}
