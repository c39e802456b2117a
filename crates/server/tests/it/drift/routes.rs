//! Routes whose targets are not there.

use anyhow::{Context, ensure};
use portolan_types::{DriftKind, DriftPolicy, DriftState, RouteState};
use serde_json::json;

use super::has_cause;
use crate::{proxies, support::story};

const KIND: DriftKind = DriftKind::RouteDark;

story! {
    /// A dark route is told, with its cause, and is over when it is live again.
    async fn told_while_it_is_dark(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        let web = app.owner.destination(&server, "web").await?;
        engine.join("web", "web");
        let route = app.owner.route(&web, "shop.example.com").await?;
        app.route_is(&route, RouteState::Live).await?;
        assert_eq!(app.drifts_of(KIND).await?, []);

        engine.crash_container("web");
        let told = app.drift_of(KIND, DriftState::Told).await?;
        assert_eq!(told.message, "container `web` is exited");
        assert_eq!(told.before.get("target").map(String::as_str), Some("web:80"));
        has_cause(&told, "container")?;
        assert_eq!((&told.server_id, told.destination_id.as_ref()), (&server.id, Some(&web.id)));
        app.restart_and_look(&server).await?;
        assert_eq!(app.drifts_of(KIND).await?, std::slice::from_ref(&told));
        let refused = app.owner.post(&format!("/v1/drifts/{}/heal", told.id), json!({})).await?;
        ensure!(refused.problem(409)?.kind.contains("drift-is-not-healed"), "{refused:?}");

        engine.start_container("web");
        let over = app.drift_of(KIND, DriftState::Gone).await?;
        assert_eq!(over.id, told.id);
        over.duration_ms.context("a duration")?;
    }
}

story! {
    /// What is said for everything does not make Portolan start what people run; a route that is
    /// taken away is dark no more.
    async fn never_healed(app) {
        let (server, engine) = proxies::with_proxy(app).await?;
        let web = app.owner.destination(&server, "web").await?;
        let said = app.policy(&web, "heal").await?;
        let of_routes = said.effective.iter().find(|one| one.kind == KIND).context("a policy")?;
        assert_eq!(of_routes.policy, DriftPolicy::Tell);
        let route = app.owner.route(&web, "shop.example.com").await?;
        let told = app.drift_of(KIND, DriftState::Told).await?;
        assert_eq!(told.message, "nothing called `web` is on network `web`");
        ensure!(told.reason.as_ref().is_some_and(|why| why.contains("not Portolan's")), "{told:?}");
        ensure!(app.dismiss(&told).await?.state == DriftState::Dismissed, "{told:?}");
        ensure!(engine.container("web").is_none(), "it was made");
        app.owner.delete(&format!("/v1/routes/{}", route.id)).await?;
        app.drift_of(KIND, DriftState::Gone).await?;
    }
}
