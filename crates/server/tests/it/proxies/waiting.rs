//! Routes that their proxy does not take: whoever waits is told why, and what to do.

use anyhow::ensure;
use portolan_server::host::{HostError, fake::Trouble};
use portolan_types::{ProxyState, Route, RouteState};
use serde_json::json;

use super::{NAME, server, succeeded, with_proxy};
use crate::support::story;

story! {
    /// Behind a proxy that could not be made, a route is dark, and says why; when the proxy is
    /// there, it is live.
    async fn behind_a_proxy_that_failed(app) {
        let (server, engine) = server(app).await?;
        let web = app.owner.destination(&server, "web").await?;
        engine.join("web", "web");
        let why = HostError::Docker { status: 500, message: "no space left on device".into() };
        engine.trouble_in("create_volume", Trouble::Refuse(why));
        app.set_proxy(&server, json!({ "kind": "caddy" })).await?;
        app.proxy_is(&server, ProxyState::Failed).await?;
        let body = json!({
            "destination_id": web.id, "host": "shop.example.com", "target": "web", "port": 80,
        });
        let route: Route = app.owner.post("/v1/routes?wait=20", body).await?.created()?;
        assert_eq!(route.state, RouteState::Dark);
        let reason = route.reason.as_deref().unwrap_or_default();
        ensure!(reason.contains("no space left on device"), "{reason}");
        ensure!(reason.contains("`set_proxy`"), "{reason}");
        engine.calm();
        succeeded(&app.proxy_work(&server, "start").await?)?;
        app.route_is(&route, RouteState::Live).await?;
    }
}

story! {
    /// After a failed change the earlier proxy serves on: what it has stays live, and what it does
    /// not have says so, until it is corrected.
    async fn behind_an_earlier_proxy(app) {
        let (server, engine) = with_proxy(app).await?;
        let web = app.owner.destination(&server, "web").await?;
        engine.join("web", "web");
        let before = app.owner.route(&web, "before.example.com").await?;
        app.route_is(&before, RouteState::Live).await?;
        engine.occupy_port(8080, true);
        let set = json!({ "kind": "caddy", "http_port": 8080 });
        app.set_proxy(&server, set.clone()).await?;
        app.proxy_is(&server, ProxyState::Failed).await?;

        let new = app.owner.route(&web, "new.example.com").await?;
        let dark = app.route_is(&new, RouteState::Dark).await?;
        let reason = dark.reason.unwrap_or_default();
        ensure!(reason.starts_with("the proxy does not have it yet: port 8080"), "{reason}");
        app.look(&server).await?;
        app.route_is(&before, RouteState::Live).await?;
        app.route_is(&new, RouteState::Dark).await?;
        engine.crash_container("web");
        app.route_is(&before, RouteState::Dark).await?;
        engine.start_container("web");

        engine.occupy_port(8080, false);
        succeeded(&app.set_proxy(&server, set).await?)?;
        for route in [&before, &new] {
            app.route_is(route, RouteState::Live).await?;
        }
    }
}

story! {
    /// A configuration that the proxy refuses keeps new routes out, and they say so.
    async fn behind_a_refused_configuration(app) {
        let (server, engine) = with_proxy(app).await?;
        let web = app.owner.destination(&server, "web").await?;
        engine.join("web", "web");
        let extra = json!({ "kind": "caddy", "extra": "{\"refuse-me\": 1}" });
        app.set_proxy(&server, extra).await?;
        let route = app.owner.route(&web, "shop.example.com").await?;
        let dark = app.route_is(&route, RouteState::Dark).await?;
        let reason = dark.reason.unwrap_or_default();
        ensure!(reason.contains("unknown field refuse-me"), "{reason}");
        app.look(&server).await?;
        app.route_is(&route, RouteState::Dark).await?;
        succeeded(&app.set_proxy(&server, json!({ "kind": "caddy" })).await?)?;
        app.route_is(&route, RouteState::Live).await?;
    }
}

story! {
    /// Behind a proxy that a person stopped, routes wait, and know for what; one that was lost and
    /// is left to people makes them dark.
    async fn behind_a_proxy_that_does_not_run(app) {
        let (server, engine) = with_proxy(app).await?;
        let web = app.owner.destination(&server, "web").await?;
        engine.join("web", "web");
        let route = app.owner.route(&web, "shop.example.com").await?;
        app.route_is(&route, RouteState::Live).await?;
        app.proxy_work(&server, "stop").await?;
        let waits = app.route_is(&route, RouteState::Pending).await?;
        let reason = waits.reason.unwrap_or_default();
        ensure!(reason.contains("`start_proxy`"), "{reason}");
        succeeded(&app.proxy_work(&server, "start").await?)?;
        app.route_is(&route, RouteState::Live).await?;

        app.owner.patch("/v1/drift-policy", json!({ "policy": "ask" })).await?;
        engine.drop_container(NAME);
        let dark = app.route_is(&route, RouteState::Dark).await?;
        let reason = dark.reason.unwrap_or_default();
        ensure!(reason.contains("`heal_drift "), "{reason}");
    }
}
