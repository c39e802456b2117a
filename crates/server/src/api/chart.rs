//! `/v1/chart`.

use axum::{Json as Answer, extract::State};
use portolan_types::{Chart, ChartQuery};

use super::{
    AppState,
    extract::{Caller, Query},
    problem::Problems,
};
use crate::{Error, picture};

/// Shows the fleet as one picture: the outside, proxies, servers, destinations and who is on them,
/// and what is connected with what.
///
/// It is put together from what was last seen of the hosts; no host is asked.
///
/// With `at` it is the fleet as it was then: which servers, proxies, destinations, attachments and routes
/// there were, and in which state. What was removed since is there again, as far as its server is
/// visible to whoever asks. Containers, services and how far overlays reached are not kept: they are
/// left out, and what a route led to is `unknown`.
#[utoipa::path(get, path = "/v1/chart", tag = "destinations", params(ChartQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "The picture", body = Chart), Problems))]
pub(super) async fn show_chart(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<ChartQuery>,
) -> Result<Answer<Chart>, Error> {
    Ok(Answer(match query.at {
        Some(moment) => picture::show_at(&app, &actor, moment).await?,
        None => picture::show(&app, &actor).await?,
    }))
}
