//! For load balancers and Prometheus. Public: they say nothing of any team.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{AppState, problem::Problems};
use crate::{
    Error, db,
    metrics::{DriftLabels, StateLabel},
};

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, description = "It does", body = String, content_type = "text/plain")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can do its work: the database answers.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses(
        (status = 200, description = "It can", body = String, content_type = "text/plain"),
        (status = 503, description = "The database does not answer", body = String,
         content_type = "text/plain"),
    ))]
pub(super) async fn readyz(State(app): State<AppState>) -> (StatusCode, &'static str) {
    match count(&app).await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}

/// Counts and durations in Prometheus' text format; no name is in it.
#[utoipa::path(get, path = "/metrics", tag = "health", security(()),
    responses(
        (status = 200, description = "The metrics", body = String,
         content_type = "application/openmetrics-text"),
        Problems,
    ))]
pub(super) async fn metrics(State(app): State<AppState>) -> Result<Response, Error> {
    count(&app).await?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match app.metrics.render() {
        Ok(text) => Ok(([(header::CONTENT_TYPE, content_type)], text).into_response()),
        Err(error) => {
            tracing::error!(%error, "could not render the metrics");
            Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
    }
}

/// Brings the gauges up to date.
async fn count(app: &AppState) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    let servers = db::server::count_by_reachability(&mut conn).await?;
    let destinations = db::destination::count_by_state(&mut conn).await?;
    let drifts = db::drift::count_standing(&mut conn).await?;
    // A state that nothing is in any more has no row, and must not keep its last number.
    app.metrics.servers.clear();
    app.metrics.destinations.clear();
    app.metrics.drifts.clear();
    for (state, count) in servers {
        let label = StateLabel { state: state.as_str() };
        app.metrics.servers.get_or_create(&label).set(count);
    }
    for (kind, state, count) in drifts {
        let label = DriftLabels { kind: kind.as_str(), state: state.as_str() };
        app.metrics.drifts.get_or_create(&label).set(count);
    }
    for (state, count) in destinations {
        let label = StateLabel { state: state.as_str() };
        app.metrics.destinations.get_or_create(&label).set(count);
    }
    Ok(())
}
