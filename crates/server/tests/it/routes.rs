//! Routes: who answers for an address, and what stands in the way of whom.

use anyhow::{Result, ensure};
use portolan_types::{
    Destination, Event, OperationResult, Page, Preview, ProxyAttachment, Route, RouteState, Www,
};
use serde_json::{Value, json};

use crate::support::{TestApp, story};

fn body(destination: &Destination, host: &str) -> Value {
    json!({ "destination_id": destination.id, "host": host, "target": "web", "port": 8080 })
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

async fn refusal(app: &TestApp, body: Value) -> Result<String> {
    let problem = app.owner.post("/v1/routes", body).await?.problem(409)?;
    Ok(format!("{}: {}", problem.kind.trim_start_matches("/problems/"), problem.detail))
}

story! {
    /// A route is stored with its defaults, changed, listed, searched for and removed.
    async fn a_route_lives(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let web = app.owner.destination(&server, "web").await?;
        let body = body(&web, "Shop.Example.com.");
        let route: Route = app.owner.post("/v1/routes", body).await?.created()?;
        assert_eq!((route.host.as_str(), route.path.as_str()), ("shop.example.com", "/"));
        assert_eq!((route.network.as_str(), route.server_name.as_str()), ("web", "alpha"));
        assert_eq!((route.state, route.options.www), (RouteState::Pending, Www::Keep));

        let path = format!("/v1/routes/{}", route.id);
        let change = json!({ "port": 81, "options": { "https": "off", "body_limit_bytes": 10 } });
        let changed: Route = app.owner.patch(&path, change).await?.ok()?;
        assert_eq!((changed.port.get(), changed.target.as_str()), (81, "web"));
        let refused = app.owner.patch(&path, json!({ "host": "b.example.com" })).await?;
        ensure!(refused.problem(422)?.errors[0].field == "host", "{}", refused.text);

        let list = format!("/v1/routes?destination_id={}&search=SHOP", web.id);
        let page: Page<Route> = app.owner.get(&list).await?.ok()?;
        assert_eq!(page.items, [changed]);
        ensure!(app.owner.delete(&path).await?.status == 204);
        app.owner.get(&path).await?.problem(404)?;
        let events: Page<Event> = app.owner.get("/v1/events?search=route.").await?.ok()?;
        let kinds: Vec<&str> = events.items.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["route.removed", "route.changed", "route.added"]);
    }
}

story! {
    /// A host that no proxy could keep a certificate for is told so before one tries.
    async fn a_host_may_be_too_long_for_a_certificate(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let web = app.owner.destination(&server, "web").await?;
        let long = |length: usize| {
            let label = "a".repeat(49);
            format!("{label}.{label}.{label}.{label}.{}", "b".repeat(length - 200))
        };
        let refused = app.owner.post("/v1/routes", body(&web, &long(231))).await?;
        ensure!(refused.problem(422)?.errors[0].field == "host", "{}", refused.text);
        let redirected = with(body(&web, &long(227)), "options", json!({ "www": "strip" }));
        app.owner.post("/v1/routes", redirected).await?.problem(422)?;
        let plain = with(body(&web, &long(231)), "options", json!({ "https": "off" }));
        let plain: Route = app.owner.post("/v1/routes", plain).await?.created()?;
        let path = format!("/v1/routes/{}", plain.id);
        app.owner.patch(&path, json!({ "options": { "https": "both" } })).await?.problem(422)?;
        app.owner.post("/v1/routes", body(&web, &long(230))).await?.created::<Route>()?;
    }
}

story! {
    /// An address has one owner on a proxy, who is named; a longer path is another address, and so
    /// is the same address on another server.
    async fn an_address_has_one_owner(app) {
        let (alpha, _engine) = app.add_server("alpha").await?;
        let (bravo, _engine) = app.add_server("bravo").await?;
        let (web, db) = (
            app.owner.destination(&alpha, "web").await?,
            app.owner.destination(&alpha, "db").await?,
        );
        let far = app.owner.destination(&bravo, "far").await?;
        app.owner.route(&web, "example.com").await?;
        assert_eq!(
            refusal(app, body(&db, "EXAMPLE.com")).await?,
            "route-exists: `example.com/` is answered by a route to `web:80` on destination \
             `alpha-web` of server `alpha` already",
        );
        let api = with(body(&db, "example.com"), "path", json!("/api/"));
        let api: Route = app.owner.post("/v1/routes", api).await?.created()?;
        assert_eq!(api.path.as_str(), "/api");
        app.owner.route(&far, "example.com").await?;
    }
}

story! {
    /// A redirect of www claims the other host as a whole, whoever comes first.
    async fn redirects_do_not_overlap(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let web = app.owner.destination(&server, "web").await?;
        let www = |host: &str, www: &str| with(body(&web, host), "options", json!({ "www": www }));
        app.owner.post("/v1/routes", www("a.com", "strip")).await?.created::<Route>()?;
        let refused = refusal(app, body(&web, "www.a.com")).await?;
        ensure!(refused.starts_with("route-overlaps: `www.a.com/` overlaps"), "{refused}");
        ensure!(refused.contains("`a.com/`, a route to `web:8080`"), "{refused}");

        let first = app.owner.route(&web, "www.b.com").await?;
        let refused = refusal(app, www("b.com", "strip")).await?;
        ensure!(refused.contains("would take the requests of `www.b.com/`"), "{refused}");
        // Nor by a change.
        let plain: Route = app.owner.post("/v1/routes", body(&web, "b.com")).await?.created()?;
        let change = json!({ "options": { "www": "strip" } });
        app.owner.patch(&format!("/v1/routes/{}", plain.id), change.clone()).await?.problem(409)?;
        app.owner.delete(&format!("/v1/routes/{}", first.id)).await?;
        app.owner.patch(&format!("/v1/routes/{}", plain.id), change).await?.ok::<Route>()?;

        for (host, way) in [("www.c.com", "strip"), ("c.com", "add")] {
            let problem = app.owner.post("/v1/routes", www(host, way)).await?.problem(422)?;
            assert_eq!(problem.errors[0].field, "options.www");
        }
    }
}

story! {
    /// Twenty who ask for one address at once: one gets it.
    async fn a_race_has_one_winner(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let web = app.owner.destination(&server, "web").await?;
        let asked = (0..20).map(|_| app.owner.post("/v1/routes", body(&web, "one.com")));
        let answers = futures_util::future::try_join_all(asked).await?;
        let won = answers.iter().filter(|answer| answer.status == 201).count();
        let lost = answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!((won, lost), (1, 19));
    }
}

story! {
    /// A password is hashed: neither it nor its hash comes back.
    async fn a_password_never_comes_back(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let web = app.owner.destination(&server, "web").await?;
        let auth = json!({ "user": "visitor", "password": "open sesame" });
        let asked = with(body(&web, "a.com"), "basic_auth", auth);
        let answer = app.owner.post("/v1/routes", asked.clone()).await?;
        ensure!(!answer.text.contains("sesame") && !answer.text.contains("$2"), "{}", answer.text);
        let route: Route = answer.created()?;
        assert_eq!(route.user.as_ref().map(portolan_types::RouteUser::as_str), Some("visitor"));
        let change = json!({ "basic_auth": "none" });
        let path = format!("/v1/routes/{}", route.id);
        let open: Route = app.owner.patch(&path, change).await?.ok()?;
        assert_eq!(open.user, None);
        for (user, password) in [("visitor", "short"), ("a:b", "long enough")] {
            let auth = json!({ "user": user, "password": password });
            let asked = with(body(&web, "b.com"), "basic_auth", auth);
            app.owner.post("/v1/routes", asked).await?.problem(422)?;
        }
    }
}

story! {
    /// A destination with routes is neither removed nor closed to the proxy; a forgotten one takes
    /// its routes along, and says which.
    async fn routes_are_in_the_way(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let web = app.owner.destination(&server, "web").await?;
        let route = app.owner.route(&web, "a.com").await?;
        let path = format!("/v1/destinations/{}", web.id);
        for answer in [
            app.owner.delete(&path).await?,
            app.owner.patch(&path, json!({ "proxy": "never" })).await?,
        ] {
            let problem = answer.problem(409)?;
            assert_eq!(problem.kind, "/problems/destination-has-routes");
            assert_eq!(problem.blockers, ["a.com/"]);
        }
        let preview: Preview = app.owner.delete(&format!("{path}?preview=true")).await?.ok()?;
        ensure!(!preview.allowed && preview.refusals[0].code == "destination-has-routes");
        assert_eq!(preview.dark_routes[0].rule, "a.com/");

        app.owner.delete(&format!("/v1/routes/{}", route.id)).await?;
        let closed: Destination = app.owner.patch(&path, json!({ "proxy": "never" })).await?.ok()?;
        assert_eq!(closed.proxy, ProxyAttachment::Never);
        assert_eq!(refusal(app, body(&web, "a.com")).await?.split(':').next(), Some("proxy-kept-off"));
        app.owner.patch(&path, json!({ "proxy": "attach" })).await?.ok::<Destination>()?;
        app.owner.route(&web, "a.com").await?;

        engine.stop();
        app.owner.reachable(server.id.as_str(), portolan_types::Reachability::Unreachable).await?;
        let forgotten: portolan_types::Operation =
            app.owner.delete(&format!("{path}?forget=true")).await?.accepted()?;
        let Some(OperationResult::Forgotten { left_behind }) = forgotten.result else {
            anyhow::bail!("no result: {forgotten:?}");
        };
        assert_eq!(left_behind.routes, ["a.com/"]);
        let page: Page<Route> = app.owner.get("/v1/routes").await?.ok()?;
        ensure!(page.items.is_empty());
    }
}
