//! How routes are doing: taken by the proxy or not, and whether what they lead to is there.

use portolan_types::{ProxyState, Route, RouteState, Timestamp};
use sqlx::AnyConnection;

use super::{
    super::PassError,
    Scene, dark, routes_of,
    targets::{Targets, Why},
};
use crate::{
    Error,
    db::{self, route::Assigned},
    host::{ContainerDetail, HostContainer},
    routes::found as outcome_of,
    sighting::Sighting,
};

/// Writes down how each route of a proxy is doing that has them all.
pub(super) async fn judge(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    routes: &[Assigned],
) -> Result<(), PassError> {
    let targets = Targets::seen(scene, routes).await?;
    for row in routes {
        match targets.why_dark(container, &row.route) {
            None => set(scene, &row.route, RouteState::Live, None).await?,
            Some(Why::NoTarget(reason)) => {
                set(scene, &row.route, RouteState::Dark, Some(&reason)).await?;
            }
            Some(Why::NoWay(reason)) => {
                told(scene, &row.route, RouteState::Dark, Some(&reason)).await?;
            }
        }
    }
    Ok(())
}

/// What was seen, with the containers as they are now. Their aliases are known from before.
pub(super) async fn seen_now(scene: &Scene<'_>) -> Result<Sighting, PassError> {
    let mut now = scene.host.list_containers().await?;
    for container in &mut now {
        let same = |one: &&HostContainer| one.member.docker_id == container.member.docker_id;
        let Some(before) = scene.seen.containers.iter().find(same) else { continue };
        for place in &mut container.attachments {
            let known = before.attachments.iter().find(|one| one.key == place.key);
            place.aliases = known.map(|known| known.aliases.clone()).unwrap_or_default();
        }
    }
    Ok(Sighting { containers: now, ..scene.seen.clone() })
}

/// Writes down a state when it is another, and tells those who wait for it.
pub(super) async fn set(
    scene: &Scene<'_>,
    route: &Route,
    state: RouteState,
    reason: Option<&str>,
) -> Result<(), Error> {
    told(scene, route, state, reason).await?;
    dark::note(scene, route, state, reason).await
}

/// A proxy without a container serves nothing.
pub(super) async fn without_proxy(scene: &Scene<'_>) -> Result<(), PassError> {
    let (state, why) = resting(scene)
        .unwrap_or_else(|| (RouteState::Pending, "the proxy has no container".to_owned()));
    unserved(scene, state, &why).await
}

/// Nor does one whose container does not run.
pub(super) async fn without_program(scene: &Scene<'_>) -> Result<(), PassError> {
    match resting(scene) {
        Some((state, why)) => unserved(scene, state, &why).await,
        None => Ok(()),
    }
}

/// How routes are whose proxy does not run and is not about to; `None` where it is. Those that wait
/// are told what they wait for.
fn resting(scene: &Scene<'_>) -> Option<(RouteState, String)> {
    let proxy = &scene.row.proxy;
    let reason = proxy.reason.as_deref().unwrap_or("it is not known why");
    match proxy.state {
        ProxyState::Failed => {
            Some((RouteState::Dark, format!("the proxy does not run: {reason}; {AGAIN}")))
        }
        // Its reason says what a person can do.
        ProxyState::Drifted => {
            Some((RouteState::Dark, format!("the proxy does not run: {reason}")))
        }
        ProxyState::Stopped => {
            let why = "the proxy was stopped: start it (`start_proxy`)".to_owned();
            Some((RouteState::Pending, why))
        }
        ProxyState::Pending | ProxyState::Running | ProxyState::Removing => None,
    }
}

/// What to do about a proxy that could not be made what it is to be.
const AGAIN: &str = "correct what is said there (`set_proxy`), or try again (`start_proxy`)";

async fn unserved(scene: &Scene<'_>, state: RouteState, why: &str) -> Result<(), PassError> {
    let mut conn = scene.app.db.acquire().await?;
    let routes = routes_of(&mut conn, &scene.server.server).await?;
    drop(conn);
    for row in routes.iter().filter(|row| row.route.state != RouteState::Refused) {
        match state {
            // That the proxy does not run is on record already: not each of its routes besides.
            RouteState::Dark => told(scene, &row.route, state, Some(why)).await?,
            _ => set(scene, &row.route, state, Some(why)).await?,
        }
    }
    Ok(())
}

/// How the reason begins of a route that the proxy does not have yet.
const NOT_TAKEN: &str = "the proxy does not have it yet";

/// The proxy goes on by an earlier configuration: routes that are not in it wait for a person, and
/// are told so. The others are as before.
pub(super) async fn not_taken(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    routes: &[Assigned],
    why: &str,
) -> Result<(), PassError> {
    let waits = |route: &Route| {
        let told = route.reason.as_ref().is_some_and(|reason| reason.starts_with(NOT_TAKEN));
        route.state == RouteState::Pending || told
    };
    let (waiting, served): (Vec<_>, Vec<_>) =
        routes.iter().cloned().partition(|row| waits(&row.route));
    for row in waiting {
        let reason = format!("{NOT_TAKEN}: {why}");
        told(scene, &row.route, RouteState::Dark, Some(&reason)).await?;
    }
    judge(scene, container, &served).await
}

/// The same of a proxy that could not be made what it is to be, while its earlier container serves.
pub(super) async fn by_an_earlier_proxy(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    routes: &[Assigned],
) -> Result<(), PassError> {
    let proxy = &scene.row.proxy;
    match (proxy.state, &proxy.reason) {
        (ProxyState::Failed, Some(reason)) => {
            not_taken(scene, container, routes, &format!("{reason}; {AGAIN}")).await
        }
        _ => Ok(()),
    }
}

/// Without taking it for a drift.
async fn told(
    scene: &Scene<'_>,
    route: &Route,
    state: RouteState,
    reason: Option<&str>,
) -> Result<(), Error> {
    outcome_of(scene.app, &scene.row.team_id, route, state, reason).await
}

/// The same in a transaction that ends the proxy.
pub(super) async fn lead_nowhere(
    conn: &mut AnyConnection,
    scene: &Scene<'_>,
    reason: &str,
) -> Result<(), Error> {
    let now = Timestamp::now();
    for row in routes_of(conn, &scene.server.server).await? {
        db::route::set_state(conn, &row.route, RouteState::Pending, Some(reason), now).await?;
    }
    Ok(())
}
