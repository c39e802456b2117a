//! How routes are doing: taken by the proxy or not, and whether what they lead to is there.

use portolan_types::{Route, RouteState};
use sqlx::AnyConnection;

use super::{super::PassError, Scene, routes_of, targets::Targets};
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
        let (state, reason) = match targets.why_dark(container, &row.route) {
            None => (RouteState::Live, None),
            Some(reason) => (RouteState::Dark, Some(reason)),
        };
        set(scene, &row.route, state, reason.as_deref()).await?;
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
    outcome_of(scene.app, &scene.row.team_id, route, state, reason).await
}

/// A proxy that is not there serves nothing.
pub(super) async fn without_proxy(scene: &Scene<'_>) -> Result<(), PassError> {
    let mut conn = scene.app.db.acquire().await?;
    let routes = routes_of(&mut conn, &scene.server.server).await?;
    drop(conn);
    for row in routes {
        set(scene, &row.route, RouteState::Pending, Some("the proxy has no container")).await?;
    }
    Ok(())
}

/// The same in a transaction that ends the proxy.
pub(super) async fn lead_nowhere(
    conn: &mut AnyConnection,
    scene: &Scene<'_>,
    reason: &str,
) -> Result<(), Error> {
    for row in routes_of(conn, &scene.server.server).await? {
        db::route::set_state(conn, &row.route, RouteState::Pending, Some(reason)).await?;
    }
    Ok(())
}
