//! `/v1/routes`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{CreateRoute, DestinationId, Page, PageQuery, Route, RouteId, UpdateRoute};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Caller, Json, Path, Query, Repeat, Wait},
    problem::Problems,
};
use crate::{Error, routes};

/// Which routes are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfDestination {
    /// Only those of this destination.
    #[param(value_type = Option<String>)]
    destination_id: Option<DestinationId>,
}

/// Lists the team's routes, oldest first.
#[utoipa::path(get, path = "/v1/routes", tag = "routes", params(OfDestination, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Route>), Problems))]
pub(super) async fn list_routes(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(of): Query<OfDestination>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Route>>, Error> {
    Ok(Answer(routes::list(&app, &actor, of.destination_id.as_ref(), &query).await?))
}

/// Creates a route. It is `pending` until the proxy has taken it. An address that another route
/// answers for is refused with its owner.
#[utoipa::path(post, path = "/v1/routes", tag = "routes",
    params(
        Wait,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe"),
    ),
    security(("token" = ["use"])),
    responses((status = 201, description = "The route", body = Route), Problems))]
pub(super) async fn create_route(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(wait): Query<Wait>,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateRoute>,
) -> Result<(StatusCode, Answer<Route>), Error> {
    let made = routes::create(&app, &actor, input, repeat).await?;
    let shown = routes::settled(&app, &actor, made, wait.limit()).await?;
    Ok((StatusCode::CREATED, Answer(shown)))
}

/// Shows a route.
#[utoipa::path(get, path = "/v1/routes/{id}", tag = "routes",
    params(("id" = RouteId, Path, description = "The route")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The route", body = Route), Problems))]
pub(super) async fn show_route(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<RouteId>,
) -> Result<Answer<Route>, Error> {
    Ok(Answer(routes::show(&app, &actor, &id).await?))
}

/// Changes a route's target or options. Its host and path are what a route is, and stay.
#[utoipa::path(patch, path = "/v1/routes/{id}", tag = "routes",
    params(("id" = RouteId, Path, description = "The route"), Wait),
    security(("token" = ["use"])),
    responses((status = 200, description = "The route", body = Route), Problems))]
pub(super) async fn update_route(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<RouteId>,
    Query(wait): Query<Wait>,
    Json(input): Json<UpdateRoute>,
) -> Result<Answer<Route>, Error> {
    let changed = routes::update(&app, &actor, &id, input).await?;
    Ok(Answer(routes::settled(&app, &actor, changed, wait.limit()).await?))
}

/// Removes a route. The proxy stops answering for its address as soon as it is told.
#[utoipa::path(delete, path = "/v1/routes/{id}", tag = "routes",
    params(("id" = RouteId, Path, description = "The route")),
    security(("token" = ["use"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_route(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<RouteId>,
) -> Result<StatusCode, Error> {
    routes::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
