//! How routes are doing: told by the reconciler of their proxy, waited for by people.

use std::time::Duration;

use portolan_types::{Route, RouteState, Subject, TeamId, Timestamp};
use tokio::time::{Instant, timeout_at};

use super::show;
use crate::{
    Actor, App, Error, app, db,
    events::{self, Happened},
};

/// Stores how a route is doing, with an event when that is news, and tells those who wait.
pub(crate) async fn found(
    app: &App,
    team: &TeamId,
    read: &Route,
    state: RouteState,
    reason: Option<&str>,
) -> Result<(), Error> {
    if read.state == state && read.reason.as_deref() == reason {
        return Ok(());
    }
    let now = Timestamp::now();
    let mut tx = app.db.begin().await?;
    if !db::route::set_state(&mut tx, read, state, reason, now).await? {
        return Ok(());
    }
    if read.state != state {
        let address = read.address();
        let happened = Happened {
            team,
            kind: kind(state),
            subject: Subject::Route(read.id.clone()),
            name: &address,
            message: message(read, state, reason),
        };
        events::record(&mut tx, happened, now).await?;
    }
    tx.commit().await?;
    app.routed(&read.id);
    Ok(())
}

const fn kind(state: RouteState) -> &'static str {
    match state {
        RouteState::Pending => "route.pending",
        RouteState::Live => "route.live",
        RouteState::Dark => "route.dark",
        RouteState::Refused => "route.refused",
    }
}

fn message(route: &Route, state: RouteState, reason: Option<&str>) -> String {
    let told = format!("route `{}` on server `{}` is {state}", route.address(), route.server_name);
    match reason {
        Some(reason) => format!("{told}: {reason}"),
        None => told,
    }
}

/// The route when it is known how it is doing, or as it is when the time has passed. Without a
/// proxy there is nothing to wait for.
pub async fn settled(
    app: &App,
    actor: &Actor,
    route: Route,
    limit: Duration,
) -> Result<Route, Error> {
    // Listening begins before reading, or news between the two would be missed.
    let mut news = app.routes();
    let deadline = Instant::now() + limit;
    let mut route = route;
    while route.state == RouteState::Pending
        && Instant::now() < deadline
        && !app.stopping.is_cancelled()
        && has_proxy(app, actor, &route).await?
    {
        let told = async { drop(timeout_at(deadline, app::rung(&route.id, &mut news)).await) };
        app.stopping.run_until_cancelled(told).await;
        route = show(app, actor, &route.id).await?;
    }
    Ok(route)
}

async fn has_proxy(app: &App, actor: &Actor, route: &Route) -> Result<bool, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::proxy::find(&mut conn, actor.team_id(), &route.server_id).await?.is_some())
}
