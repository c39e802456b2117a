//! `/v1/events`.

use axum::{Json as Answer, extract::State};
use portolan_types::{Event, Page, PageQuery};

use super::{
    AppState,
    extract::{Query, Reader},
    problem::Problems,
};
use crate::{Error, events};

/// Lists what happened to the team's servers and destinations, newest first.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Event>), Problems))]
pub(super) async fn list_events(
    State(app): State<AppState>,
    Reader(actor): Reader,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Event>>, Error> {
    Ok(Answer(events::list(&app, &actor, &query).await?))
}
